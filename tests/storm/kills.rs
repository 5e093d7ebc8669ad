//! Apps, keepers and all of them that are killed.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use sidecar_keeper::ProcessId;

use crate::cases::Setup;
use crate::field::{CAR, Field, Scene};
use crate::look::{carrying, ended, gone, is_ignored, kill, parent, signal, tell, until};
use crate::programs::find;
use crate::shape::{SERVES, TREES, quiet, server};

pub(crate) fn app_killed_when_ready(setup: &Setup) {
    for (name, tree) in TREES {
        let flags = [&SERVES[..], tree].concat();
        let mut series: Vec<Duration> =
            (0..setup.rounds(2)).map(|_| Scene::with(server(), &flags).ready().kill_app()).collect();
        tell(name, &mut series);
    }
}

/// Instants are spread over the whole start: half of them lie within a few milliseconds after the app was executed, where
/// it starts its keeper and its sidecar, half within the time until that is ready.
pub(crate) fn app_killed_while_starting(setup: &Setup) {
    let mut random = setup.random();
    let mut series = Vec::new();
    for round in 0..setup.rounds(12) {
        let tree: &[&str] = if round % 2 == 0 { &["--daemonize=2"] } else { &["--storm=50"] };
        let flags = [&SERVES[..], tree].concat();
        let within = if round % 4 < 2 { 8_000 } else { 30_000 };
        let scene = Scene::with(server(), &flags).setting("go");
        let begin = Instant::now();
        let mut field = scene.begin();
        let until = begin + Duration::from_micros(random.below(within));
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(left);
        }
        series.push(field.kill_app());
    }
    tell("", &mut series);
}

/// However the app ends, its sidecar is asked to end first, can say so with nobody there to read it, and then nothing is
/// left.
pub(crate) fn app_ends_otherwise(setup: &Setup) {
    for end in ["abort", "segv", "panic", "exit 0", "exit 3", "return", "close", "TERM", "HUP", "INT"] {
        if is_ignored(end) {
            println!("  left out SIG{end}: it is ignored here, as after nohup");
            continue;
        }
        let mut series: Vec<Duration> = (0..setup.rounds(1))
            .map(|_| {
                let mut field = finishes().begin();
                field.start(CAR);
                let took = end_app(&mut field, end);
                assert!(field.path("words").exists(), "{end}: the sidecar could not finish");
                took
            })
            .collect();
        tell(end, &mut series);
    }
    if find("script").is_none() {
        return println!("  left out a closed terminal: apt-get install bsdutils");
    }
    let mut series: Vec<Duration> = (0..setup.rounds(1)).map(|_| close_terminal()).collect();
    tell("closed terminal", &mut series);
}

/// An app whose sidecar writes a file when it is asked to end, and has time for that.
fn finishes() -> Scene {
    let scene = Scene::new();
    let words = format!("--last-words={}", scene.path("words").display());
    let mut run = quiet();
    run["stop"] = json!({ "app-death-grace": "10s" });
    let run = scene.misbehaving(run, &["--daemonize=1", "--say=up", &words]);
    scene.sidecar(CAR, &run)
}

/// The terminal that the app runs in is closed, at which the system sends SIGHUP, and writing to it fails.
fn close_terminal() -> Duration {
    let mut terminal = Command::new("sh");
    terminal
        .args(["-c", "exec script --quiet --command \"$0 $*\" /dev/null"])
        .arg(std::env::current_exe().unwrap());
    let mut field = finishes().begin_by(terminal);
    field.start(CAR);
    // What is killed is the terminal.
    let took = field.kill_app();
    assert!(field.path("words").exists(), "closed terminal: the sidecar could not finish");
    took
}

/// Ends the app: how long it took until nothing of it and its sidecar was left.
fn end_app(field: &mut Field, how: &str) -> Duration {
    let start = Instant::now();
    match how {
        "close" => return field.close_app(),
        name if name.chars().all(char::is_uppercase) => signal(field.app.id(), name),
        command => drop(field.tell(command)),
    }
    field.app.wait().unwrap();
    gone(&field.id, start)
}

/// The app hears of it, the tree ends without its keeper, and the sidecar is started again.
pub(crate) fn keeper_killed(setup: &Setup) {
    let (mut told, mut series) = (Vec::new(), Vec::new());
    for round in 0..setup.rounds(4) {
        let mut run = server();
        run["restart"] = json!({ "when": "on-failure", "backoff": { "first": "1ms" } });
        let tree: &[&str] = if round % 2 == 0 { &["--daemonize=2"] } else { &["--tree=2x6"] };
        let mut field = Scene::with(run, &[&SERVES[..], tree].concat()).ready();
        let leader = field.leader(CAR);
        let keeper = ProcessId::of(parent(leader)).unwrap();
        let tree = keeper.descendants();
        let start = Instant::now();
        kill(keeper.pid);
        let (when, ()) = field.event("keeper-lost", |event| (event["event"] == "keeper-lost").then_some(()));
        told.push(when - start);
        series.push(ended(&tree, start));
        let running = |event: &serde_json::Value| (event["state"] == "running").then_some(());
        field.event("running again", running);
        assert_ne!(field.leader(CAR), leader);
        field.kill_app();
    }
    tell("told", &mut told);
    tell("gone", &mut series);
}

/// App, keeper and zygote at once: what is left ends when the app is started again, and another instance of it, which
/// lives, is left alone.
pub(crate) fn all_killed_then_relaunched(setup: &Setup) {
    let other = Scene::with(quiet(), &["--daemonize=1", "--say=up"]);
    let data = other.path("data");
    let mut other = other.ready();
    let living = carrying(&format!("--marker={}", other.id)).len();
    let mut series = Vec::new();
    for _ in 0..setup.rounds(3) {
        let flags = ["--daemonize=2", "--tree=2x6", "--say=up"];
        let mut field = Scene::with(quiet(), &flags).data(data.clone()).ready();
        kill_all(&mut field);
        let start = Instant::now();
        let again = Scene::with(quiet(), &["--say=up"]).data(data.clone());
        let mut again = again.ready();
        series.push(gone(&field.id, start));
        again.kill_app();
    }
    assert_eq!(carrying(&format!("--marker={}", other.id)).len(), living, "a living instance is left alone");
    other.kill_app();
    tell("gone after the relaunch", &mut series);
}

/// Kills everything that could end the tree. The zygote first: it would do it for the keeper.
fn kill_all(field: &mut Field) {
    let keeper = field.keeper(CAR);
    let pids = [parent(keeper), keeper, field.app.id()].map(|pid| ProcessId::of(pid).unwrap());
    for process in pids {
        kill(process.pid);
    }
    field.app.wait().unwrap();
    // Their end is seen when whoever adopted them has reaped them.
    until("app, keeper and zygote are gone", || !pids.iter().any(|process| process.is_alive()));
}
