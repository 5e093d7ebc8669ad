//! The cases. Names in brackets are those of the test table.

use std::time::{Duration, Instant};

use sidecar_keeper::{Ledger, Scope, containment_scope};

use crate::field::{Field, LIMIT, carrying, figures, gone};
use crate::os;

/// What sidecars look like: a name, and the flags of the sidecar.
const SHAPES: [(&str, &[&str]); 9] = [
    ("alone", &[]),
    ("two children", &["--fork=2"]),
    ("child with a session", &["--setsid"]),
    ("daemons", &["--daemonize=2"]),
    ("46 processes", &["--tree"]),
    ("46 that ignore TERM", &["--ignore-term", "--tree"]),
    ("storm of daemons", &["--storm=400"]),
    ("worm", &["--worm=5000"]),
    ("flood", &["--fork=1", "--flood"]),
];

/// What the command line asks for.
pub(crate) struct Setup {
    rounds: Option<u32>,
    seed: u64,
}

impl Setup {
    pub(crate) fn rounds(&self, default: u32) -> u32 {
        self.rounds.unwrap_or(default)
    }
}

type Case = (&'static str, fn(&Setup));

const CASES: [Case; 9] = [
    ("t1_app_killed_when_up", app_killed_when_up),
    ("t2_app_killed_while_starting", app_killed_while_starting),
    ("t3_app_ends_otherwise_and_last_words_are_heard", app_ends_otherwise),
    ("last_words_are_kept", last_words_are_kept),
    ("ending_is_left_to_the_keeper", ending_is_left_to_the_keeper),
    ("t7_stubborn_tree_stopped", stubborn_tree_stopped),
    ("t18_stopped_means_tree_empty", stopped_means_tree_empty),
    ("t19_exit_is_told_while_output_is_held", exit_is_told_while_output_is_held),
    ("t21_forged_ledger", forged_ledger),
];

/// What looks into `/proc`, or at what Linux alone promises.
const OF_LINUX: &[Case] = &[
    ("app_that_forked_is_killed", crate::meddled::app_that_forked_is_killed),
    ("app_of_a_stopped_keeper_is_killed", crate::meddled::app_of_a_stopped_keeper_is_killed),
    ("stopped_keeper_is_killed", crate::meddled::stopped_keeper_is_killed),
    ("t4_keeper_killed", keeper_killed),
    ("t4_keeper_and_zygote_killed", keeper_and_zygote_killed),
    ("killed_zygote_is_replaced", killed_zygote_is_replaced),
    ("t5_all_killed_then_swept", all_killed_then_swept),
    ("t25_only_three_descriptors", only_three_descriptors),
    ("threads_before_init", threads_before_init),
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    ("thread_before_main", crate::library::thread_before_main),
    ("app_killed_by_name", app_killed_by_name),
    ("without_init", crate::bare::without_init),
    ("t1_app_killed_without_init", crate::bare::app_killed),
    ("handle", crate::handle::handle),
    ("launches", crate::handle::launches),
    ("t23_many_launches_leave_nothing", crate::handle::many_launches),
    ("t27_cost", crate::handle::cost),
];

/// What is promised after `init`.
const PROMISED: Scope = if cfg!(target_os = "linux") { Scope::WholeTree } else { Scope::Followed };

fn cases() -> impl Iterator<Item = Case> {
    let of_linux = if cfg!(target_os = "linux") { OF_LINUX } else { &[] };
    CASES.iter().chain(of_linux).copied()
}

pub(crate) fn run(args: &[String]) {
    assert_eq!(containment_scope(), PROMISED);
    let value = |flag: &str| args.iter().find_map(|arg| arg.strip_prefix(flag)?.parse::<u64>().ok());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let setup = Setup {
        rounds: value("--rounds=").and_then(|rounds| u32::try_from(rounds).ok()),
        seed: value("--seed=").unwrap_or(now.as_secs()),
    };
    if args.iter().any(|arg| arg == "--list") {
        for (name, _) in cases() {
            println!("{name}: test");
        }
        return;
    }
    let names: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    for (name, case) in cases() {
        if names.is_empty() || names.iter().any(|wanted| name.contains(wanted.as_str())) {
            println!("case {name}");
            case(&setup);
        }
    }
    println!("storm: no survivors");
}

fn app_killed_when_up(setup: &Setup) {
    for (shape, flags) in SHAPES {
        let mut series: Vec<Duration> =
            (0..setup.rounds(5)).map(|_| Field::up(&[], flags).kill_app()).collect();
        println!("  {shape}: gone {}", figures(&mut series));
    }
}

/// Instants are spread over the whole start: within 5 ms after the app was executed, as long as it takes on a fast machine,
/// and within 25.
fn app_killed_while_starting(setup: &Setup) {
    let mut state = setup.seed | 1;
    let mut series = Vec::new();
    println!("  --seed={}", setup.seed);
    for round in 0..setup.rounds(20) {
        // xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let until =
            Instant::now() + Duration::from_micros(state % if round % 4 < 2 { 5_000 } else { 25_000 });
        let flags: &[&str] = if round % 2 == 0 { &["--daemonize=2"] } else { &["--storm=50"] };
        let mut field = Field::begin("app", &[], flags);
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
        series.push(field.kill_app());
    }
    println!("  gone {}", figures(&mut series));
}

/// Whether programs that this one starts ignore a signal, as after `nohup` or `&` in a script. Linux tells.
fn is_ignored(signal: &str) -> bool {
    let number = ["HUP", "INT"].iter().position(|name| *name == signal);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0").trim();
    number.is_some_and(|number| u64::from_str_radix(mask, 16).unwrap() >> number & 1 == 1)
}

fn app_ends_otherwise(setup: &Setup) {
    let dir = tempfile::tempdir().unwrap();
    for end in ["abort", "exit 0", "exit 3", "panic", "TERM", "HUP", "INT"] {
        if is_ignored(end) {
            println!("  left out SIG{end}: it is ignored here, as after nohup");
            continue;
        }
        let mut series = Vec::new();
        for round in 0..setup.rounds(1) {
            let path = dir.path().join(format!("{}-{round}", end.replace(' ', "-")));
            let words = format!("--last-words={}", path.display());
            let mut field = Field::up(&["grace=10000", "deaf"], &["--daemonize=1", &words]);
            let start = match end {
                "TERM" | "HUP" | "INT" => {
                    let signal = [libc::SIGTERM, libc::SIGHUP, libc::SIGINT]["THI".find(&end[..1]).unwrap()];
                    os::kill(field.app.id(), signal);
                    Instant::now()
                }
                command => field.tell(command),
            };
            field.app.wait().unwrap();
            series.push(gone(&field.id, start, LIMIT));
            assert!(path.exists(), "{end}: the sidecar could not finish");
        }
        println!("  {end}: gone {}", figures(&mut series));
    }
}

fn keeper_killed(setup: &Setup) {
    let (mut told, mut series) = (Vec::new(), Vec::new());
    for round in 0..setup.rounds(10) {
        let flags: &[&str] = if round % 2 == 0 { &["--daemonize=2"] } else { &["--tree"] };
        let mut field = Field::up(&[], flags);
        let start = Instant::now();
        os::kill(field.keeper, libc::SIGKILL);
        told.push(field.line("lost").0 - start);
        series.push(gone(&field.sidecar(), start, LIMIT));
        assert!(field.app.try_wait().unwrap().is_none(), "the app lives on");
        field.tell("remains");
        assert_eq!(field.line("killed ").1, "0", "the zygote left nothing");
        field.kill_app();
    }
    println!("  told {}", figures(&mut told));
    println!("  gone {}", figures(&mut series));
}

/// What a sidecar says after the app was killed, and what the app had not read, is in the file.
fn last_words_are_kept(setup: &Setup) {
    for round in 0..setup.rounds(5) {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let (words, done) = (format!("words={}", at("log")), format!("--last-words={}", at("done")));
        let settings: &[&str] =
            if round % 2 == 0 { &[&words, "grace=10000"] } else { &[&words, "grace=10000", "deaf"] };
        let mut field = Field::up(settings, &["--daemonize=1", &done]);
        field.kill_app();
        let log = std::fs::read(at("log")).unwrap();
        let said = log.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        assert!(log.starts_with(b"["), "what is left out is told");
        assert_eq!((log.len() - said, &log[log.len() - 8..]), (64 << 10, b".goodbye".as_slice()));
    }
    let dir = tempfile::tempdir().unwrap();
    let words = format!("words={}", dir.path().join("log").display());
    // A sidecar that is killed at once has said nothing that was not read; one that is stopped has an app that reads.
    Field::up(&[&words], &["--daemonize=1"]).kill_app();
    let mut field = Field::up(&[&words], &["--fork=1"]);
    field.tell("stop 10000");
    field.line("empty");
    field.kill_app();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing said, nothing made");
    // What was said before, and never read.
    let mut field = Field::up(&[&words, "deaf"], &["--fork=1", "--flood"]);
    let deadline = Instant::now() + LIMIT;
    while cfg!(target_os = "linux") && stat_field(field.leader, 0) != "S" {
        assert!(Instant::now() < deadline, "the pipe is never full");
        std::thread::yield_now();
    }
    field.kill_app();
    let log = std::fs::read(dir.path().join("log")).unwrap();
    assert!(
        log.len() > 4096 && log.windows(80).any(|line| line == [b"x".repeat(79), b"\n".to_vec()].concat())
    );
}

/// The zygote of an app, by its parent: it is no child of the app, but the parent of its keeper.
pub(crate) fn zygote_of(field: &Field) -> u32 {
    let zygote = parent_of(field.keeper);
    assert!(carrying(&field.id).contains(&zygote));
    zygote
}

fn parent_of(pid: u32) -> u32 {
    stat_field(pid, 1).parse().unwrap()
}

/// A field of `/proc/<pid>/stat`, counted from behind the name.
pub(crate) fn stat_field(pid: u32, field: usize) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_ascii_whitespace().nth(field).unwrap().to_owned()
}

fn keeper_and_zygote_killed(setup: &Setup) {
    for _ in 0..setup.rounds(5) {
        let mut field = Field::up(&[], &["--daemonize=2", "--fork=2"]);
        let zygote = zygote_of(&field);
        os::kill(zygote, libc::SIGKILL);
        os::kill(field.keeper, libc::SIGKILL);
        field.line("lost");
        let start = field.tell("remains");
        field.line("killed ");
        gone(&field.sidecar(), start, LIMIT);
    }
}

/// An app whose zygote was killed starts a second sidecar: it has a whole zygote again.
fn killed_zygote_is_replaced(setup: &Setup) {
    for _ in 0..setup.rounds(5) {
        let mut field = Field::up(&[], &["--daemonize=2"]);
        let first = (zygote_of(&field), field.keeper);
        os::kill(first.0, libc::SIGKILL);
        gone_as_process(first.0);
        field.tell("scope");
        assert_eq!(field.line("now ").1, "Leader(Zygote)");
        field.tell("again");
        field.pids();
        let second = zygote_of(&field);
        assert!(second != first.0 && field.keeper != first.1);
        field.tell("scope");
        assert_eq!(field.line("now ").1, "WholeTree");
        // It does what the first one did: what a killed keeper leaves is killed.
        let sidecar = field.sidecar();
        assert_eq!(carrying(&sidecar).len(), 6);
        os::kill(field.keeper, libc::SIGKILL);
        let deadline = Instant::now() + LIMIT;
        while carrying(&sidecar).len() > 3 {
            assert!(Instant::now() < deadline, "the tree of the killed keeper lives");
        }
        field.kill_app();
    }
}

fn all_killed_then_swept(setup: &Setup) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = format!("ledger={}", dir.path().display());
    let second = Field::up(&[&ledger], &["--daemonize=1"]);
    let mut series = Vec::new();
    for _ in 0..setup.rounds(5) {
        let mut field = Field::up(&[&ledger], &["--daemonize=2", "--tree"]);
        let zygote = zygote_of(&field);
        for pid in [zygote, field.keeper, field.app.id()] {
            os::kill(pid, libc::SIGKILL);
        }
        field.app.wait().unwrap();
        // The keeper's end is seen when it was reaped by whoever adopted it.
        gone_as_process(field.keeper);
        let start = Instant::now();
        let swept = Ledger::open(dir.path()).unwrap().sweep().unwrap();
        series.push(gone(&field.id, start, LIMIT));
        assert_eq!((swept.living, swept.ended, swept.ending), (1, 1, 0), "{swept:?}");
        assert!(swept.killed >= 2, "{swept:?}");
    }
    assert!(carrying(&second.sidecar()).len() >= 2, "a living instance is left alone");
    println!("  gone {}", figures(&mut series));
}

/// A relaunch while the keeper of the last instance grants its sidecar the grace.
fn ending_is_left_to_the_keeper(_: &Setup) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = format!("ledger={}", dir.path().display());
    let mut field = Field::up(&[&ledger, "grace=1000"], &["--ignore-term", "--daemonize=1"]);
    let start = Instant::now();
    field.app.kill().unwrap();
    field.app.wait().unwrap();
    let sweep = || Ledger::open(dir.path()).unwrap().sweep().unwrap();
    let swept = sweep();
    assert_eq!((swept.ending, swept.ended, swept.killed), (1, 0, 0), "{swept:?}");
    let took = gone(&field.id, start, LIMIT);
    assert!(took >= Duration::from_secs(1), "the grace is granted: {took:?}");
    let swept = sweep();
    assert_eq!((swept.ending, swept.ended, swept.killed), (0, 1, 0), "{swept:?}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left of the entry");
}

pub(crate) fn gone_as_process(pid: u32) {
    let deadline = Instant::now() + LIMIT;
    while sidecar_keeper::ProcessId::of(pid).is_some_and(sidecar_keeper::ProcessId::is_alive) {
        assert!(Instant::now() < deadline, "{pid} lives");
        std::thread::yield_now();
    }
}

fn stubborn_tree_stopped(setup: &Setup) {
    let mut series = Vec::new();
    for _ in 0..setup.rounds(5) {
        let mut field = Field::up(&[], &["--ignore-term", "--tree"]);
        field.tell("usage");
        assert_eq!(field.line("usage ").1, "46");
        field.tell("query");
        assert_eq!(field.line("tree ").1, "46 false");
        let start = field.tell("stop 100");
        let (when, _) = field.line("empty");
        assert_eq!(carrying(&field.sidecar()), [0; 0], "empty is empty");
        let took = when - start;
        assert!(took >= Duration::from_millis(100), "the grace is granted: {took:?}");
        assert!(took < Duration::from_millis(1100), "{took:?}");
        series.push(took.saturating_sub(Duration::from_millis(100)));
    }
    println!("  killed, after the grace, {}", figures(&mut series));
}

fn stopped_means_tree_empty(setup: &Setup) {
    for _ in 0..setup.rounds(5) {
        let dir = tempfile::tempdir().unwrap();
        let words = format!("--last-words={}", dir.path().join("words").display());
        let mut field = Field::up(&[], &["--ignore-term", "--fork=2", "--daemonize=1", &words]);
        let start = field.tell("stop 10000");
        assert_eq!(field.line("exited ").1, "exit status: 0");
        let (when, _) = field.line("empty");
        assert_eq!(carrying(&field.sidecar()), [0; 0], "empty is empty");
        assert!(when - start < Duration::from_secs(5), "the rest of the grace is not waited for");
        assert!(dir.path().join("words").exists());
    }
}

fn exit_is_told_while_output_is_held(setup: &Setup) {
    let mut series = Vec::new();
    for _ in 0..setup.rounds(10) {
        let mut field = Field::up(&[], &["--hold-stdout", "--fork=1"]);
        let start = Instant::now();
        os::kill(field.leader, libc::SIGKILL);
        let (when, status) = field.line("exited ");
        series.push(when - start);
        assert_eq!(status, "signal: 9 (SIGKILL)");
        assert_eq!(carrying(&field.sidecar()).len(), 1, "its child still runs, and holds the output");
        field.kill_app();
    }
    let mut field = Field::up(&[], &["--hold-stdout", "--fork=1", "--exit-after=3"]);
    assert_eq!(field.line("exited ").1, "exit status: 3");
    field.tell("kill");
    field.line("empty");
    println!("  told {}", figures(&mut series));
}

fn forged_ledger(setup: &Setup) {
    let forged: usize = (0..setup.rounds(1)).map(|_| forge_and_sweep()).sum();
    println!("  fact forged entries: {forged}, foreign processes killed: 0");
}

/// How many entries were forged.
fn forge_and_sweep() -> usize {
    let dir = tempfile::tempdir().unwrap();
    let ledger = format!("ledger={}", dir.path().display());
    let living = Field::up(&[&ledger], &["--daemonize=1"]);
    let victim = Field::up(&[], &["--fork=1"]);
    let name = std::fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    let genuine = std::fs::read_to_string(&name).unwrap();
    let dead = genuine
        .lines()
        .map(
            |line| {
                if line.starts_with("owner ") { "owner 2147483646 1\n".into() } else { format!("{line}\n") }
            },
        )
        .collect::<String>();
    let put =
        |cookie: &str, text: &str| std::fs::write(dir.path().join(format!("{cookie}.keeper")), text).unwrap();
    let own = genuine.lines().nth(1).unwrap().strip_prefix("cookie ").unwrap().to_owned();
    let other = "f".repeat(32);
    // Its owner is dead and its keeper a victim's process, with a start time that is not the victim's.
    let keeper = |pid: u32| {
        let line = dead.lines().find(|line| line.starts_with("keeper ")).unwrap();
        dead.replace(line, &format!("keeper {pid} 1")).replace(&own, &other)
    };
    put(&other, &keeper(victim.leader));
    // The cookie of a living sidecar under a name that is not its own; nonsense; cut at each byte.
    put(&"1".repeat(32), &dead);
    put("nonsense", "kill 1");
    for end in 0..dead.len() {
        put(&format!("{end:032x}"), &dead.replace(&own, &format!("{end:032x}"))[..end]);
    }
    std::os::unix::fs::symlink(&name, dir.path().join(format!("{}.keeper", "2".repeat(32)))).unwrap();
    let swept = Ledger::open(dir.path()).unwrap().sweep().unwrap();
    assert_eq!((swept.living, swept.killed, swept.ended), (1, 0, 1), "{swept:?}");
    assert_eq!(swept.ignored, dead.len() + 3, "{swept:?}");
    for field in [&living, &victim] {
        assert_eq!(carrying(&field.sidecar()).len(), 2, "nobody was killed");
    }
    dead.len() + 4
}

fn only_three_descriptors(setup: &Setup) {
    for _ in 0..setup.rounds(1) {
        // The app holds one that every program inherits, since before its first line.
        let mut field = Field::begin("app", &[], &["--descriptors"]);
        assert_eq!(field.line("descriptors ").1, "[0, 1, 2]");
        field.line("up");
        field.kill_app();
    }
}

/// Who kills the app by its name kills the app alone, where the kernel lets a process hide its arguments.
fn app_killed_by_name(_: &Setup) {
    for role in ["app", "app-with-threads"] {
        let mut field = Field::up_as(role, &[], &["--daemonize=2"]);
        let command_line = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
        for (pid, name) in [(zygote_of(&field), "sidecar-zygote"), (field.keeper, "sidecar-keeper")] {
            assert_eq!(std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap().trim_end(), name);
            let shown = command_line(pid);
            if shown != format!("{name}\0") {
                println!("  {name} shows the app's arguments here: {shown:?}");
            }
        }
        assert!(command_line(field.app.id()).contains(&field.id), "the app's own stay");
        field.kill_app();
    }
}

fn threads_before_init(setup: &Setup) {
    let mut series = Vec::new();
    for _ in 0..setup.rounds(5) {
        let mut field = Field::up_as("app-with-threads", &[], &["--daemonize=2"]);
        assert!(field.seen.contains(&"scope WholeTree".to_owned()), "{:?}", field.seen);
        zygote_of(&field);
        series.push(field.kill_app());
    }
    println!("  gone {}", figures(&mut series));
}
