//! Threads that start sidecars and end: the kernel's own signal for a parent's death goes by the thread.

use std::time::Duration;

use crate::cases::Setup;
use crate::field::Scene;
use crate::look::file;
use crate::shape::quiet;

/// The ways, as the app knows them.
const WAYS: [&str; 6] = ["main", "short", "async", "blocking", "in-place", "dropped"];

/// In the long form a round is a second, and tokio keeps idle threads for 10 s, as it does by itself; in the short form,
/// for one.
pub(crate) fn started_from_threads_that_end(setup: &Setup) {
    let seconds = setup.rounds(3);
    let keep_alive = if seconds > 15 { 10 } else { 1 };
    let mut scene = Scene::new().setting(&format!("keep-alive={keep_alive}"));
    for way in WAYS {
        let run = scene.misbehaving(quiet(), &["--daemonize=1", "--say=up"]);
        scene = scene.sidecar(way, &run);
    }
    let mut field = scene.begin();
    let mut leaders = Vec::new();
    for way in WAYS {
        field.tell(&format!("start-from-{way} {way}"));
        field.line(&format!("ready {way} "));
        leaders.push((way, field.leader(way)));
    }
    // What would end them is a timer of that many seconds.
    std::thread::sleep(Duration::from_secs(seconds.into()));
    for (way, leader) in leaders {
        assert!(file(leader, "cmdline").contains(&field.id), "started from {way}: dead after {seconds} s");
        assert_eq!(field.leader(way), leader, "started from {way}: started again");
    }
    println!("  fact sidecars started from {}: alive after {seconds} s", WAYS.join(", "));
    field.kill_app();
}
