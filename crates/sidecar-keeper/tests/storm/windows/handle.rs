//! The handle itself, in this process: what it tells, what it refuses, what it costs.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::time::{Duration, Instant};

use sidecar_keeper::{COOKIE, Event, Keeper, Kind, Launch, ProcessId, Stdio, Unasked};

use super::Setup;
use crate::field::{LIMIT, carrying, figures, gone, unique};
use crate::os;

fn sidecar(marker: &str) -> Launch {
    Launch::new(os::program(marker)).arg("sidecar")
}

fn events(keeper: &Keeper) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = keeper.next_event(Some(LIMIT)).unwrap().unwrap();
        let last = matches!(event, Event::TreeEmpty | Event::KeeperLost(_));
        events.push(event);
        if last {
            return events;
        }
    }
}

/// The exit code in the first event, which is the leader's end.
fn code(event: &Event) -> i32 {
    match event {
        Event::Exited(status) => status.code().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Starts a sidecar, and gives the lines that it prints up to `up`.
fn start(launch: Launch) -> (Keeper, Vec<String>) {
    let mut keeper = Keeper::spawn(launch.stdout(Stdio::Piped)).unwrap();
    let output = BufReader::new(keeper.stdout.as_mut().unwrap());
    let lines = output.lines().map(Result::unwrap).take_while(|line| line != "up").collect();
    (keeper, lines)
}

pub(super) fn handle(_: &Setup) {
    let marker = unique();
    let (keeper, _) = start(sidecar(&marker).arg("--orphan"));
    assert_eq!(keeper.next_event(Some(Duration::ZERO)).unwrap(), None);
    let tree = keeper.tree();
    assert!(keeper.leader().is_alive() && tree.contains(&keeper.leader()), "{tree:?}");
    assert!(carrying(&marker).iter().all(|pid| tree.iter().any(|process| process.pid == *pid)), "{tree:?}");
    let usage = keeper.usage().unwrap();
    assert!(usage.processes >= 2, "{usage:?}");
    assert!(usage.memory > 100_000, "{usage:?}");
    assert_eq!(keeper.signal(15).map_err(|error| error.kind()), Err(Kind::Unsupported));
    assert_eq!(sidecar_keeper::kill_processes(&[keeper.leader()]).unwrap(), 1);
    assert_eq!(code(&keeper.next_event(Some(LIMIT)).unwrap().unwrap()), 1);
    assert_eq!(carrying(&marker).len(), 1, "the orphan runs on");
    keeper.kill().unwrap();
    assert_eq!(events(&keeper), [Event::TreeEmpty]);
    assert_eq!((keeper.tree(), keeper.usage()), (Vec::new(), None));
    assert_eq!(keeper.next_event(None).unwrap(), None, "nothing comes after the last event");
    assert_eq!(keeper.kill().map_err(|error| error.kind()), Err(Kind::KeeperLost));
    // Past the keeper, which tells the end all the same.
    let (keeper, _) = start(sidecar(&marker).arg("--orphan"));
    keeper.kill_past_keeper().unwrap();
    let told = events(&keeper);
    assert!(matches!(told[..], [Event::Exited(_), Event::TreeEmpty]), "{told:?}");
    assert_eq!(carrying(&marker), [0; 0]);
    keeper.kill_past_keeper().unwrap();
    // From threads that end, and many at once: the sidecar does not depend on the thread.
    let marker = unique();
    let program = os::program(&marker);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let launch = Launch::new(&program).args(["sidecar", "--children=1"]);
            std::thread::spawn(move || start(launch).0)
        })
        .collect();
    let keepers: Vec<Keeper> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(keepers[0].next_event(Some(Duration::from_millis(200))).unwrap(), None);
    assert_eq!(carrying(&marker).len(), 16, "none ended with its thread");
    let trees: Vec<_> = keepers.iter().map(Keeper::tree).collect();
    let leaders =
        |tree: &[ProcessId]| keepers.iter().filter(|keeper| tree.contains(&keeper.leader())).count();
    assert!(
        trees.iter().all(|tree| tree.len() >= 2 && leaders(tree) == 1),
        "each tree is its own: {trees:?}"
    );
    // Dropping the handles ends the trees.
    drop(keepers);
    gone(&marker, Instant::now(), LIMIT);
    // Standard input, written and closed, reaches a program; what it prints comes back.
    let cmd = std::path::Path::new(&std::env::var("SystemRoot").unwrap()).join("System32/cmd.exe");
    let launch = Launch::new(cmd).args(["/d", "/q", "/c", "set /p X= & echo words& exit 5"]);
    let launch = launch.stdin(Stdio::Piped).stdout(Stdio::Piped).stderr(Stdio::Inherit);
    let mut keeper = Keeper::spawn(launch).unwrap();
    std::io::Write::write_all(&mut keeper.stdin.take().unwrap(), b"1\r\n").unwrap();
    let mut words = String::new();
    // It ends only when nobody has the other end any more: neither the keeper nor this process keeps a copy.
    keeper.stdout.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!(words.trim(), "words");
    assert_eq!(code(&events(&keeper)[0]), 5);
}

pub(super) fn launches(_: &Setup) {
    let failure = |launch: Launch| {
        let error = Keeper::spawn(launch).unwrap_err();
        let step = error.facts().find(|(key, _)| *key == "step").map(|(_, step)| step.to_owned());
        (error.kind(), error.raw_os_error(), step.unwrap_or_default())
    };
    let refused = |number, step: &str| (Kind::LaunchFailed, Some(number), step.to_owned());
    let marker = unique();
    assert_eq!(failure(Launch::new("C:\\no\\such.exe")), refused(3, "executing the program"));
    let missing = std::env::temp_dir().join("no-such-program");
    assert_eq!(failure(Launch::new(missing)), refused(2, "executing the program"));
    let nowhere = sidecar(&marker).directory("C:\\no\\such");
    assert_eq!(failure(nowhere), refused(267, "changing to the working directory"));
    let long = sidecar(&marker).arg("x".repeat(40_000));
    assert_eq!(failure(long), refused(206, "executing the program"));
    assert_eq!(failure(sidecar(&marker).arg("x\0")).0, Kind::BadLaunch);
    assert_eq!(failure(Launch::new("C:\\tool.CMD")).0, Kind::BadLaunch);
    let handle = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(failure(sidecar(&marker).listener(handle)).0, Kind::Unsupported);

    // Arguments come as they were given; `.exe` may be left out.
    let odd = ["", "a b", "q\"uo\"te", "back\\slash\\", "tail \\\\", "%PATH% & | ^ <>", "ü\u{1f980}"];
    let program = os::program(&marker).with_extension("");
    let (keeper, lines) =
        start(Launch::new(program).args(["sidecar", "--arguments"]).args(odd.map(String::from)));
    assert_eq!(lines, [format!("arguments {:?}", [&["--arguments"], &odd[..]].concat())]);
    drop(keeper);
    // The environment holds what is said, names without regard to capitals, and what Windows needs.
    let dir = tempfile::tempdir().unwrap();
    let launch = sidecar(&marker).args(["--environment", "--directory"]).directory(dir.path());
    let (keeper, lines) = start(launch.env_clear().env("storm_a", "1").env("STORM_A", "2=3"));
    let variables: Vec<&str> = lines[0].trim_start_matches("environment ").split(',').collect();
    assert!(variables.contains(&"STORM_A=2=3") && !variables.contains(&"storm_a=1"), "{lines:?}");
    assert!(variables.iter().any(|variable| variable.starts_with(&format!("{COOKIE}="))), "{lines:?}");
    assert!(variables.iter().any(|variable| variable.starts_with("SystemRoot=")), "{lines:?}");
    assert_eq!(lines[1], format!("directory {}", dir.path().display()));
    drop(keeper);
    // Only the three streams are inherited, also where the app has more that could be.
    let number = os::leak_a_handle();
    let (keeper, lines) = start(sidecar(&marker).arg(format!("--handle={number}")));
    assert_eq!(lines, ["handle false"]);
    drop(keeper);
    gone(&marker, Instant::now(), LIMIT);
}

/// A program with windows has no console, so that nobody asks it, and nobody waits for it.
pub(super) fn windowed(_: &Setup) {
    let marker = unique();
    let launch = Launch::new(os::windowed_program(&marker)).args(["sidecar", "--children=1"]);
    let (keeper, _) = start(launch);
    let start = Instant::now();
    keeper.stop(Duration::from_secs(60)).unwrap();
    let events = events(&keeper);
    assert_eq!(events[0], Event::Unasked(Unasked::Windowed));
    assert_eq!((code(&events[1]), &events[2..]), (1, &[Event::TreeEmpty][..]));
    assert!(start.elapsed() < LIMIT, "no grace is wasted");
    gone(&marker, start, LIMIT);
}

pub(super) fn many_launches(setup: &Setup) {
    let marker = unique();
    let once = || {
        let (keeper, _) = start(sidecar(&marker).arg("--children=1"));
        keeper.kill().unwrap();
        events(&keeper);
    };
    (0..3).for_each(|_| once());
    let before = os::handles();
    (0..setup.rounds(20)).for_each(|_| once());
    // Threads that have told their last event may still be on their way out.
    let deadline = Instant::now() + LIMIT;
    while os::handles() > before + 2 {
        assert!(Instant::now() < deadline, "{before} handles before, {} after", os::handles());
        std::thread::yield_now();
    }
    gone(&marker, Instant::now(), LIMIT);
}

pub(super) fn cost(setup: &Setup) {
    let marker = unique();
    let program = os::program(&marker);
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..setup.rounds(20) {
        let begin = Instant::now();
        let keeper = Keeper::spawn(Launch::new(&program).arg("sidecar")).unwrap();
        ours.push(begin.elapsed());
        drop(keeper);
        let begin = Instant::now();
        let mut child =
            Command::new(&program).arg("sidecar").stdout(std::process::Stdio::null()).spawn().unwrap();
        plain.push(begin.elapsed());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    println!("  spawn with keeper {}", figures(&mut ours));
    println!("  spawn plain       {}", figures(&mut plain));
    gone(&marker, Instant::now(), LIMIT);
}
