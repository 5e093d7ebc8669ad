//! Apps that never called `init`: the keeper is a thread of the app, and the scope says what that means.

use std::process::Command;
use std::time::{Duration, Instant};

use sidecar_keeper::{Event, Keeper, Kind, Launch, Ledger, Missing, ProcessId, Scope, containment_scope};

use crate::cases::Setup;
use crate::field::{Field, LIMIT, carrying, figures, gone, unique};
use crate::handle::{last_event, sidecar, start};
use crate::os;

/// This process called `init`: another one runs the cases.
pub(crate) fn without_init(_: &Setup) {
    let status = Command::new(std::env::current_exe().unwrap()).arg("bare").status().unwrap();
    assert!(status.success(), "{status}");
}

/// What the other process runs.
pub(crate) fn handle() {
    assert_eq!(containment_scope(), Scope::Leader(Missing::Init));
    let this = ProcessId::of(std::process::id()).unwrap();
    launches();
    lives_longer_than_its_thread();
    let marker = unique();
    // A tree that ignores TERM, and daemons that left session and parent.
    let (keeper, _) = start(sidecar(&marker).args(["--ignore-term", "--tree", "--daemonize=2"]));
    assert_eq!((keeper.process(), carrying(&marker).len()), (this, 48));
    keeper.query().unwrap();
    match keeper.next_event(Some(LIMIT)).unwrap() {
        Some(Event::Tree(tree, false)) => assert_eq!(tree.len(), 48),
        other => panic!("{other:?}"),
    }
    assert_eq!(keeper.tree().len(), 48);
    let usage = keeper.usage().unwrap();
    assert!(usage.processes == 48 && usage.memory > 0);
    let asked = Instant::now();
    keeper.stop(Duration::from_millis(100)).unwrap();
    let events = last_event(&keeper);
    assert!(matches!(events[..], [Event::Exited(_), Event::TreeEmpty]), "{events:?}");
    assert!(asked.elapsed() >= Duration::from_millis(100), "the grace is granted");
    assert_eq!(carrying(&marker), [0; 0], "empty is empty");
    assert_eq!(keeper.next_event(None).unwrap(), None);
    assert_eq!(keeper.kill().map_err(|error| error.kind()), Err(Kind::KeeperLost));
    assert_eq!(keeper.usage(), None);
    exit_is_told_before_the_tree_is_empty(&marker);
    // Without a keeper process the tree is killed from here; a keeper that is a thread tells the end.
    let (keeper, _) = start(sidecar(&marker).args(["--ignore-term", "--daemonize=2"]));
    keeper.kill_past_keeper().unwrap();
    let events = last_event(&keeper);
    assert!(matches!(events[..], [Event::Exited(_), Event::TreeEmpty]), "{events:?}");
    gone(&marker, Instant::now(), LIMIT);
    keeper.kill_past_keeper().unwrap();
    // Dropping the handle ends the tree, and the remains can be killed without a keeper.
    drop(start(sidecar(&marker).arg("--daemonize=2")));
    gone(&marker, Instant::now(), LIMIT);
    let (keeper, _) = start(sidecar(&marker).arg("--daemonize=2"));
    assert_eq!(keeper.kill_remains(LIMIT).unwrap(), 3);
    assert_eq!(last_event(&keeper).last(), Some(&Event::TreeEmpty));
    gone(&marker, Instant::now(), LIMIT);
}

fn launches() {
    let failure = |launch: Launch| {
        let error = Keeper::spawn(launch).unwrap_err();
        (error.kind(), error.raw_os_error())
    };
    assert_eq!(failure(Launch::new("/no/such")), (Kind::LaunchFailed, Some(libc::ENOENT)));
    assert_eq!(failure(sidecar("x").directory("/no/such")), (Kind::LaunchFailed, Some(libc::ENOENT)));
    let marker = unique();
    let sockets = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let launch = sidecar(&marker).args(["--descriptors", "--environment"]).env_clear();
    let (keeper, lines) = start(sockets.into_iter().fold(launch, Launch::listener));
    assert_eq!(lines[0], "descriptors [0, 1, 2, 3, 4]");
    let wanted = format!("environment LISTEN_FDS=2,LISTEN_PID={},", keeper.leader().pid);
    assert!(lines[1].starts_with(&wanted), "{lines:?}");
    // More threads and children of the app than those of the sidecar are none of its business.
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["sidecar"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(keeper.tree(), [keeper.leader()]);
    keeper.kill().unwrap();
    last_event(&keeper);
    assert!(other.try_wait().unwrap().is_none(), "another child of the app is left alone");
    other.kill().unwrap();
    other.wait().unwrap();
}

/// A leader dies with the thread that forked it: that must not be the one that called.
fn lives_longer_than_its_thread() {
    let marker = unique();
    let keeper = std::thread::spawn({
        let launch = sidecar(&marker).arg("--fork=1");
        move || start(launch).0
    });
    let keeper = keeper.join().unwrap();
    assert_eq!(keeper.next_event(Some(Duration::from_millis(500))).unwrap(), None);
    assert!(keeper.leader().is_alive() && carrying(&marker).len() == 2);
    // Many at once.
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let launch = sidecar(&marker);
            std::thread::spawn(move || start(launch).0)
        })
        .collect();
    let keepers: Vec<Keeper> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(keepers[0].next_event(Some(Duration::from_millis(200))).unwrap(), None);
    assert_eq!(carrying(&marker).len(), 18, "none ended with its thread");
    drop((keeper, keepers));
    gone(&marker, Instant::now(), LIMIT);
}

fn exit_is_told_before_the_tree_is_empty(marker: &str) {
    let (keeper, _) = start(sidecar(marker).args(["--fork=1", "--daemonize=1", "--exit-after=3"]));
    match keeper.next_event(Some(LIMIT)).unwrap() {
        Some(Event::Exited(status)) => assert_eq!(status.code(), Some(3)),
        other => panic!("{other:?}"),
    }
    assert_eq!(keeper.next_event(Some(Duration::from_millis(200))).unwrap(), None, "its children run");
    assert_eq!(carrying(marker).len(), 2);
    keeper.signal(libc::SIGKILL).unwrap();
    assert_eq!(keeper.next_event(Some(Duration::from_millis(50))).unwrap(), None);
    // The group's number is still the sidecar's own.
    keeper.kill().unwrap();
    assert_eq!(last_event(&keeper), [Event::TreeEmpty]);
    gone(marker, Instant::now(), LIMIT);
    // What ends by itself is noticed, too.
    let (keeper, _) = start(sidecar(marker).args(["--fork=1", "--exit-after=0"]));
    assert!(matches!(keeper.next_event(Some(LIMIT)).unwrap(), Some(Event::Exited(_))));
    let left = carrying(marker);
    assert_eq!(left.len(), 1);
    os::kill(left[0], libc::SIGKILL);
    assert_eq!(last_event(&keeper), [Event::TreeEmpty]);
}

/// The leader dies with the app, and the next launch ends the rest.
pub(crate) fn app_killed(setup: &Setup) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = format!("ledger={}", dir.path().display());
    let mut series = Vec::new();
    for round in 0..setup.rounds(5) {
        let mut field = Field::up_as("bare-app", &[&ledger], &["--daemonize=2", "--tree"]);
        assert!(field.seen.contains(&"scope Leader(Init)".to_owned()), "{:?}", field.seen);
        let leader = ProcessId::of(field.leader).unwrap();
        let start = Instant::now();
        match round % 3 {
            0 => os::kill(field.app.id(), libc::SIGKILL),
            1 => drop(field.tell("exit 0")),
            _ => drop(field.tell("abort")),
        }
        field.app.wait().unwrap();
        while leader.is_alive() {
            assert!(start.elapsed() < LIMIT, "the leader lives");
            std::thread::yield_now();
        }
        series.push(start.elapsed());
        let swept = Ledger::open(dir.path()).unwrap().sweep().unwrap();
        assert_eq!((swept.ended, swept.living, swept.ending), (1, 0, 0), "{swept:?}");
        gone(&field.id, start, LIMIT);
    }
    println!("  the leader is gone {}", figures(&mut series));
}
