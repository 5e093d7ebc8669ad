//! The cases. Names in brackets are those of the test table.

use std::time::{Duration, Instant};

use sidecar_keeper::{Ledger, Scope, containment_scope};

use crate::field::{Field, LIMIT, carrying, figures, gone};
use crate::os;

#[path = "handle.rs"]
mod handle;

/// What sidecars look like: a name, the flags of the sidecar, and how many processes that is.
const SHAPES: [(&str, &[&str], usize); 6] = [
    ("alone", &[], 1),
    ("10 grandchildren", &["--child=--children=10"], 12),
    ("orphans", &["--orphan", "--orphan"], 3),
    ("holder of the output", &["--orphan", "--holder"], 3),
    ("storm of orphans", &["--storm=100"], 1),
    ("flood", &["--children=1", "--flood"], 2),
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

const CASES: [Case; 17] = [
    ("t1_app_killed_when_up", app_killed_when_up),
    ("t1_app_in_a_job_killed_when_up", app_in_a_job_killed),
    ("t2_app_killed_while_starting", app_killed_while_starting),
    ("t3_app_ends_otherwise", app_ends_otherwise),
    ("t5_nothing_is_left_to_sweep", nothing_is_left_to_sweep),
    ("t7_tree_killed", tree_killed),
    ("t18_empty_is_told_when_the_tree_is_empty", empty_is_empty),
    ("t19_exit_is_told_while_output_is_held", exit_is_told_while_output_is_held),
    ("nobody_leaves_the_job", nobody_leaves_the_job),
    ("a_windowed_program_is_not_waited_for", handle::windowed),
    ("without_init_nobody_is_asked", without_init),
    ("what_the_console_refuses_is_told", refused_by_the_console),
    ("t28_ctrl_break_reaches_a_program_for_a_console", ctrl_break),
    ("handle", handle::handle),
    ("launches", handle::launches),
    ("t23_many_launches_leave_nothing", handle::many_launches),
    ("t27_cost", handle::cost),
];

pub(crate) fn run(args: &[String]) {
    let mut setup = Setup { rounds: None, seed: 1 };
    let (mut wanted, mut skipped, mut lists) = (Vec::new(), Vec::new(), false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.split_once('=').unwrap_or((arg, "")) {
            ("--rounds", rounds) => setup.rounds = Some(rounds.parse().unwrap()),
            ("--seed", seed) => setup.seed = seed.parse().unwrap(),
            ("--skip", _) => skipped.extend(args.next()),
            ("--format", _) => drop(args.next()),
            ("--list", _) => lists = true,
            (flag, _) if flag.starts_with('-') => {}
            _ => wanted.push(arg),
        }
    }
    let matches = |name: &str, words: &[&String]| words.iter().any(|word| name.contains(word.as_str()));
    let cases: Vec<Case> = CASES
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || matches(name, &wanted))
        .filter(|(name, _)| !matches(name, &skipped))
        .collect();
    if lists {
        return cases.iter().for_each(|(name, _)| println!("{name}: test"));
    }
    assert_eq!(containment_scope(), Scope::WholeTree);
    for (name, case) in &cases {
        println!("case {name}");
        case(&setup);
    }
    os::clean();
    println!("storm: no survivors\n");
    println!("test result: ok. {} passed; 0 failed; 0 ignored;", cases.len());
}

fn app_killed_when_up(setup: &Setup) {
    for (shape, flags, count) in SHAPES {
        let mut series: Vec<Duration> = (0..setup.rounds(5)).map(|_| killed("app", flags, count)).collect();
        println!("  {shape}: gone {}", figures(&mut series));
    }
}

/// How long it takes until nothing is left of an app that is killed with a sidecar of at least so many processes.
fn killed(role: &str, flags: &[&str], count: usize) -> Duration {
    let mut field = Field::up_as(role, &[], flags);
    assert!(field.seen.contains(&"scope WholeTree".to_owned()), "{:?}", field.seen);
    let before = carrying(&field.id);
    assert!(before.len() >= count, "{flags:?}: {before:?}");
    field.kill_app()
}

fn app_in_a_job_killed(setup: &Setup) {
    let flags = ["--child=--children=10", "--orphan"];
    let mut series: Vec<Duration> = (0..setup.rounds(5)).map(|_| killed("app-in-job", &flags, 13)).collect();
    println!("  gone {}", figures(&mut series));
}

/// Instants are spread over the whole start, as long as it takes on a slow machine.
fn app_killed_while_starting(setup: &Setup) {
    let mut state = setup.seed | 1;
    let mut series = Vec::new();
    println!("  --seed={}", setup.seed);
    for round in 0..setup.rounds(20) {
        // xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let until = Instant::now() + Duration::from_micros(state % 200_000);
        let flags: &[&str] = if round % 2 == 0 { &["--orphan"] } else { &["--storm=20"] };
        let mut field = Field::begin("app", &[], flags);
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
        series.push(field.kill_app());
    }
    println!("  gone {}", figures(&mut series));
}

fn app_ends_otherwise(_: &Setup) {
    for end in ["abort", "exit 0", "exit 3", "panic"] {
        // The grace cannot be granted by an app that is gone.
        let mut field = Field::up(&["grace=60000"], &["--orphan", "--children=1"]);
        let start = field.tell(end);
        // One that panics in its only other thread is still told to exit.
        field.app.wait().unwrap();
        let took = gone(&field.id, start, LIMIT);
        println!("  {end}: gone after {took:?}");
    }
}

fn nothing_is_left_to_sweep(setup: &Setup) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = format!("ledger={}", dir.path().display());
    let second = Field::up(&[&ledger], &["--orphan"]);
    for _ in 0..setup.rounds(3) {
        let mut field = Field::up(&[&ledger], &["--orphan", "--children=2"]);
        field.kill_app();
        let swept = Ledger::open(dir.path()).unwrap().sweep().unwrap();
        assert_eq!((swept.living, swept.ended, swept.killed, swept.ignored), (1, 1, 0, 0), "{swept:?}");
    }
    assert_eq!(carrying(&second.id).len(), 2, "a living instance is left alone");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

fn tree_killed(setup: &Setup) {
    let mut series = Vec::new();
    for _ in 0..setup.rounds(5) {
        let mut field = Field::up(&[], &["--child=--children=10", "--orphan"]);
        field.tell("usage");
        at_least(13, &field.line("usage ").1);
        field.tell("query");
        at_least(13, &field.line("tree ").1);
        let start = field.tell("kill");
        assert_eq!(field.line("exited ").1, "exit code: 1");
        let (when, _) = field.line("empty");
        assert_eq!(carrying(&field.id), [0; 0], "empty is empty");
        series.push(when - start);
    }
    println!("  killed {}", figures(&mut series));
}

/// A tree may hold one more: the process that is the hidden console.
fn at_least(count: usize, told: &str) {
    let number: usize = told.split(' ').next().unwrap().parse().unwrap();
    assert!(number == count || number == count + 1, "{told}");
}

/// The leader ends by itself and leaves others: those run on until they are killed.
fn empty_is_empty(setup: &Setup) {
    for _ in 0..setup.rounds(5) {
        let mut field = Field::up(&[], &["--orphan", "--child=--children=2", "--exit-after=0"]);
        assert_eq!(field.line("exited ").1, "exit code: 0");
        field.tell("query");
        at_least(4, &field.line("tree ").1);
        assert_eq!(carrying(&field.id).len(), 4);
        assert!(!field.seen.contains(&"empty".to_owned()), "{:?}", field.seen);
        // Nobody is left who could be asked, so that no grace is waited for.
        field.tell("stop 60000");
        field.line("empty");
        assert_eq!(carrying(&field.id), [0; 0], "empty is empty");
    }
    // A tree that ends by itself is empty, too.
    let mut field = Field::up(&[], &["--exit-after=3221225477"]);
    assert_eq!(field.line("exited ").1, "exit code: 0xc0000005");
    field.line("empty");
}

fn exit_is_told_while_output_is_held(setup: &Setup) {
    for _ in 0..setup.rounds(5) {
        let mut field = Field::up(&[], &["--holder", "--exit-after=3"]);
        assert_eq!(field.line("exited ").1, "exit code: 3");
        assert_eq!(carrying(&field.id).len(), 1, "its child still runs, and holds the output");
        field.kill_app();
    }
}

fn nobody_leaves_the_job(_: &Setup) {
    const ERROR_ACCESS_DENIED: i32 = 5;
    let mut field = Field::begin("app", &[], &["--breakaway"]);
    assert_eq!(field.line("breakaway ").1, format!("{:?}", Some(ERROR_ACCESS_DENIED)));
    field.line("up");
    field.kill_app();
}

/// Stops a sidecar with a grace that nobody would wait for; what was told, and how it ended.
fn stopped(role: &str, flags: &[&str]) -> (String, String) {
    let mut field = Field::up_as(role, &[], flags);
    let start = field.tell("stop 60000");
    let status = field.line("exited ").1;
    let (when, _) = field.line("empty");
    assert!(when - start < LIMIT, "no grace is wasted");
    assert_eq!(carrying(&field.id), [0; 0], "empty is empty");
    let told = field.seen.iter().find_map(|line| line.strip_prefix("unasked "));
    (told.unwrap_or_default().to_owned(), status)
}

fn without_init(_: &Setup) {
    let told = stopped("app-without-init", &["--last-words", "--children=1"]);
    assert_eq!(told, ("Init".to_owned(), "exit code: 1".to_owned()));
}

fn refused_by_the_console(_: &Setup) {
    let (unasked, status) = stopped("app", &["--no-console", "--children=1"]);
    assert!(unasked.starts_with("Failed("), "{unasked}");
    assert_eq!(status, "exit code: 1");
    println!("  told {unasked}");
}

fn ctrl_break(_: &Setup) {
    // A program that hears it has its last words; one that does not is ended by it.
    let told = stopped("app", &["--last-words", "--orphan"]);
    assert_eq!(told, (String::new(), "exit code: 7".to_owned()));
    let told = stopped("app", &["--children=1"]);
    assert_eq!(told, (String::new(), "exit code: 0xc000013a".to_owned()));
}
