//! The handle itself, in this process: what it tells, what it refuses, what it costs.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sidecar_keeper::{COOKIE, Event, Keeper, Kind, Launch, PortLease, Stdio, listeners};

use crate::cases::Setup;
use crate::field::{LIMIT, carrying, figures, gone, unique};

pub(crate) fn sidecar(marker: &str) -> Launch {
    Launch::new(std::env::current_exe().unwrap()).args(["sidecar", &format!("--marker={marker}")])
}

pub(crate) fn last_event(keeper: &Keeper) -> Vec<Event> {
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

/// Starts a sidecar, and gives the lines that it prints up to `up`.
pub(crate) fn start(launch: Launch) -> (Keeper, Vec<String>) {
    let mut keeper = Keeper::spawn(launch.stdout(Stdio::Piped)).unwrap();
    let output = BufReader::new(keeper.stdout.as_mut().unwrap());
    let lines = output.lines().map(Result::unwrap).take_while(|line| line != "up").collect();
    (keeper, lines)
}

pub(crate) fn handle(_: &Setup) {
    let marker = unique();
    let (keeper, _) = start(sidecar(&marker).arg("--daemonize=1"));
    assert_eq!(keeper.next_event(Some(Duration::ZERO)).unwrap(), None);
    assert!(keeper.leader().is_alive() && keeper.process().descendants().contains(&keeper.leader()));
    keeper.signal(libc::SIGUSR1).unwrap();
    match keeper.next_event(Some(LIMIT)).unwrap() {
        Some(Event::Exited(status)) => assert_eq!(status.signal(), Some(libc::SIGUSR1)),
        other => panic!("{other:?}"),
    }
    assert_eq!(carrying(&marker).len(), 1, "a signal is for the leader alone");
    keeper.kill().unwrap();
    assert_eq!(last_event(&keeper), [Event::TreeEmpty]);
    assert_eq!(keeper.next_event(None).unwrap(), None, "nothing comes after the last event");
    assert_eq!(keeper.kill().map_err(|error| error.kind()), Err(Kind::KeeperLost));
    // From a thread that ends, and from many at once: the sidecar does not depend on the thread.
    let threads: Vec<_> = (0..16)
        .map(|_| {
            std::thread::spawn({
                let launch = sidecar(&marker).arg("--fork=1");
                move || start(launch).0
            })
        })
        .collect();
    let keepers: Vec<Keeper> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(keepers[0].next_event(Some(Duration::from_millis(200))).unwrap(), None);
    assert_eq!(carrying(&marker).len(), 32, "none ended with its thread");
    drop(keepers);
    gone(&marker, Instant::now(), LIMIT);
    // Dropping the handle ends the tree.
    let (keeper, _) = start(sidecar(&marker).arg("--daemonize=1"));
    drop(keeper);
    gone(&marker, Instant::now(), LIMIT);
    // The port of a sidecar, from the lease to the proof.
    let lease = PortLease::any([127, 0, 0, 1].into()).unwrap();
    let listener = TcpListener::bind(lease.address()).unwrap();
    let port = lease.port();
    let (keeper, _) = start(sidecar(&marker).listener(listener));
    drop(lease);
    let tree: Vec<u32> = keeper.process().descendants().iter().map(|process| process.pid).collect();
    let found = listeners(port, &tree).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].owners, [keeper.leader().pid]);
}

pub(crate) fn launches(_: &Setup) {
    let failure = |launch: Launch| {
        let error = Keeper::spawn(launch).unwrap_err();
        let step = error.facts().find(|(key, _)| *key == "step").map(|(_, step)| step.to_owned());
        (error.kind(), error.raw_os_error(), step.unwrap_or_default())
    };
    let refused = |errno, step: &str| (Kind::LaunchFailed, Some(errno), step.to_owned());
    assert_eq!(failure(Launch::new("/no/such")), refused(libc::ENOENT, "executing the program"));
    assert_eq!(failure(Launch::new("/etc/passwd")), refused(libc::EACCES, "executing the program"));
    let nowhere = sidecar("x").directory("/no/such");
    assert_eq!(failure(nowhere), refused(libc::ENOENT, "changing to the working directory"));
    let long = sidecar("x").arg("x".repeat(200 << 10));
    assert_eq!(failure(long), refused(libc::E2BIG, "executing the program"));
    assert_eq!(failure(sidecar("x\0")).0, Kind::BadLaunch);

    let marker = unique();
    let launch = sidecar(&marker).args(["--environment", "--directory"]).directory("/usr");
    let (keeper, lines) = start(launch.env_clear().env("A", "1"));
    assert!(lines[0].starts_with(&format!("environment A=1,{COOKIE}=")), "{lines:?}");
    assert_eq!(lines[1], "directory /usr");
    drop(keeper);
    // More than one packet holds.
    let (keeper, _) =
        start(sidecar(&marker).args((0..8).map(|i| format!("--marker={}", "x".repeat(100_000 + i)))));
    drop(keeper);
    let sockets: [OwnedFd; 2] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap().into());
    let launch = sidecar(&marker).args(["--descriptors", "--environment"]).env_clear();
    let (keeper, lines) = start(sockets.into_iter().fold(launch, Launch::listener));
    assert_eq!(lines[0], "descriptors [0, 1, 2, 3, 4]");
    let pid = keeper.leader().pid;
    assert!(lines[1].starts_with(&format!("environment LISTEN_FDS=2,LISTEN_PID={pid},")), "{lines:?}");
    drop(keeper);
    gone(&marker, Instant::now(), LIMIT);
}

fn entries(dir: impl AsRef<Path>) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

pub(crate) fn many_launches(setup: &Setup) {
    let marker = unique();
    let once = || {
        let (keeper, _) = start(sidecar(&marker).arg("--fork=1"));
        keeper.stop(Duration::from_secs(10)).unwrap();
        last_event(&keeper);
        keeper.process()
    };
    once();
    let before = (entries("/proc/self/fd"), entries("/proc/self/task"));
    let keepers: Vec<_> = (0..setup.rounds(50)).map(|_| once()).collect();
    // What earlier cases left may still be on its way out.
    let after = (entries("/proc/self/fd"), entries("/proc/self/task"));
    assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} {after:?}");
    gone(&marker, Instant::now(), LIMIT);
    for keeper in keepers {
        let deadline = Instant::now() + LIMIT;
        while sidecar_keeper::ProcessId::of(keeper.pid) == Some(keeper) {
            assert!(Instant::now() < deadline, "a zombie is left");
            std::thread::yield_now();
        }
    }
}

/// A number of kB, or without unit, of a file in `/proc`.
fn number(path: &str, key: &str) -> u64 {
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

pub(crate) fn cost(setup: &Setup) {
    let marker = unique();
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..setup.rounds(50) {
        let begin = Instant::now();
        let keeper = Keeper::spawn(sidecar(&marker)).unwrap();
        ours.push(begin.elapsed());
        drop(keeper);
        let begin = Instant::now();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["sidecar"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        plain.push(begin.elapsed());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    println!("  spawn with keeper {}", figures(&mut ours));
    println!("  spawn plain       {}", figures(&mut plain));
    let (keeper, _) = start(sidecar(&marker));
    let pid = keeper.process().pid;
    let rollup = format!("/proc/{pid}/smaps_rollup");
    let private = number(&rollup, "Private_Clean") + number(&rollup, "Private_Dirty");
    let status = format!("/proc/{pid}/status");
    let switches =
        || number(&status, "voluntary_ctxt_switches") + number(&status, "nonvoluntary_ctxt_switches");
    // It may still be on its way to sleep in the first of these.
    let still = || {
        let before = switches();
        assert_eq!(keeper.next_event(Some(Duration::from_millis(500))).unwrap(), None);
        switches() - before
    };
    let woken = (0..3).map(|_| still()).find(|woken| *woken == 0).unwrap_or(u64::MAX);
    println!(
        "  fact keeper: {private} kB of its own (aim 300), woken {woken} times in 0.5 s of nothing (aim 0)"
    );
    assert!(private < 300, "{private} kB");
    assert_eq!(woken, 0);
    drop(keeper);
    gone(&marker, Instant::now(), LIMIT);
}
