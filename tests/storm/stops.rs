//! Stops that must mean stopped.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::cases::Setup;
use crate::field::{CAR, Scene};
use crate::look::{carrying, kill, tell};
use crate::shape::quiet;

pub(crate) fn tree_that_still_forks_stopped(setup: &Setup) {
    for (name, tree) in [("storm of 400 daemons", "--storm=400"), ("worm", "--worm=5000")] {
        let mut series = Vec::new();
        for _ in 0..setup.rounds(3) {
            let mut field = Scene::with(quiet(), &[tree, "--say=up"]).ready();
            let (start, when) = field.stop(CAR);
            assert_eq!(
                carrying(&format!("--marker={}", field.id)),
                [0; 0],
                "stopped means that nothing is left"
            );
            series.push(when - start);
            field.kill_app();
        }
        tell(name, &mut series);
    }
}

pub(crate) fn stubborn_tree_stopped(setup: &Setup) {
    let grace = Duration::from_millis(100);
    let mut series = Vec::new();
    for _ in 0..setup.rounds(3) {
        let mut run = quiet();
        run["stop"] = json!({ "grace": "100ms" });
        let mut field = Scene::with(run, &["--ignore-term", "--tree=2x6", "--say=up"]).ready();
        let start = field.tell(&format!("stop {CAR}"));
        let blockers = |event: &serde_json::Value| {
            (event["event"] == "stop-blocked").then(|| event["processes"].as_array().unwrap().len())
        };
        let (_, blockers) = field.event("stop-blocked", blockers);
        assert!(blockers > 0, "who blocks is told");
        let (when, _) = field.line(&format!("stopped {CAR}"));
        assert_eq!(carrying(&format!("--marker={}", field.id)), [0; 0], "stopped means that nothing is left");
        let took = when - start;
        assert!(took >= grace, "the grace is granted: {took:?}");
        series.push(took.saturating_sub(grace));
        field.kill_app();
    }
    tell("killed, after the grace", &mut series);
}

/// The first process ends when it is asked to, its children do not.
pub(crate) fn stopped_means_tree_empty(setup: &Setup) {
    let mut series = Vec::new();
    for _ in 0..setup.rounds(3) {
        let scene = Scene::new();
        let words = format!("--last-words={}", scene.path("words").display());
        let mut run = quiet();
        run["stop"] = json!({ "grace": "20s" });
        let flags = ["--ignore-term", "--fork=2", "--daemonize=1", "--say=up", &words];
        let run = scene.misbehaving(run, &flags);
        let mut field = scene.sidecar(CAR, &run).ready();
        let (start, when) = field.stop(CAR);
        assert_eq!(carrying(&format!("--marker={}", field.id)), [0; 0], "stopped means that nothing is left");
        assert!(field.path("words").exists(), "the first process was asked");
        assert!(when - start < Duration::from_secs(10), "the rest of the grace is not waited for");
        series.push(when - start);
        field.kill_app();
    }
    tell("", &mut series);
}

/// A grandchild holds the output of a first process that is gone: its end is told at once all the same.
pub(crate) fn exit_is_told_while_output_is_held(setup: &Setup) {
    let mut series = Vec::new();
    for _ in 0..setup.rounds(3) {
        let flags = ["--fork=1", "--hold-stdout-by-grandchild", "--say=up"];
        let mut field = Scene::with(quiet(), &flags).ready();
        let leader = field.leader(CAR);
        let start = Instant::now();
        kill(leader);
        let exited = |event: &serde_json::Value| (event["event"] == "exited").then_some(());
        series.push(field.event("exited", exited).0 - start);
        field.kill_app();
    }
    tell("told", &mut series);
}
