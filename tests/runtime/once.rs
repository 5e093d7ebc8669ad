//! A program that is run once ends with its sidecar, before an update, and with the supervisor.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use sidecar_supervisor::{Captured, Kind, Reply};

use crate::scene::{PATIENCE, Scene, eventually, misbehave};

crate::stories![
    a_stop_ends_what_is_run_once,
    a_stop_leaves_that_of_other_sidecars_alone,
    an_update_waits_for_what_is_run_once,
    what_is_run_once_ends_with_the_supervisor,
];

/// Much longer than a story.
const LONG: Duration = Duration::from_secs(600);

/// A program that is run once and stays, with its port. It lives as long as somebody listens there.
fn stays(scene: &Scene, name: &str) -> (Reply<Captured>, u16) {
    let file = scene.dir.path().join(format!("{name}.port"));
    let path = file.to_str().unwrap();
    let flags =
        ["--bind", "127.0.0.1:0", "--announce", "{port}", "--announce-file", path, "--exit-after", "600000"];
    let reply = scene.sidecar(name).output(flags, "", LONG);
    eventually("its port", || port(&file).is_some());
    let port = port(&file).unwrap();
    assert!(listens(port));
    (reply, port)
}

fn port(file: &Path) -> Option<u16> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn a_stop_ends_what_is_run_once() {
    let scene = Scene::one(misbehave(&[]));
    let (reply, port) = stays(&scene, "it");
    scene.it().stop().wait().unwrap();
    assert!(!listens(port));
    assert_eq!(reply.wait().unwrap_err().kind(), Kind::Cancelled);
    // Also one that has not begun.
    let reply = scene.it().output(["--exit-after", "600000"], "", LONG);
    scene.supervisor.stop_all().wait().unwrap();
    assert_eq!(reply.wait().unwrap_err().kind(), Kind::Cancelled);
    // And only those that were there.
    scene.it().output(["--exit", "0"], "", PATIENCE).wait().unwrap();
}

fn a_stop_leaves_that_of_other_sidecars_alone() {
    let scene = Scene::of(&[("a", misbehave(&[])), ("b", misbehave(&[]))]);
    let [(a, at), (b, bt)] = ["a", "b"].map(|name| stays(&scene, name));
    scene.sidecar("a").stop().wait().unwrap();
    assert!(!listens(at) && listens(bt));
    scene.supervisor.stop_all().wait().unwrap();
    assert!(!listens(bt));
    assert!([a, b].into_iter().all(|it| it.wait().unwrap_err().kind() == Kind::Cancelled));
}

fn an_update_waits_for_what_is_run_once() {
    let scene = Scene::one(misbehave(&[]));
    let (reply, port) = stays(&scene, "it");
    scene.supervisor.prepare_for_update().wait().unwrap();
    assert!(!listens(port));
    assert_eq!(reply.wait().unwrap_err().kind(), Kind::Updating);
    scene.supervisor.resume();
    scene.it().output(["--exit", "0"], "", PATIENCE).wait().unwrap();
}

fn what_is_run_once_ends_with_the_supervisor() {
    let dir = tempfile::tempdir().unwrap();
    let spec = crate::scene::spec(&[("it", misbehave(&[]))]);
    let supervisor = sidecar_supervisor::Supervisor::from_json(&spec, dir.path()).unwrap().build().unwrap();
    let reply = supervisor.sidecar("it").unwrap().output(["--exit-after", "600000"], "", LONG);
    drop(supervisor);
    assert_eq!(reply.wait().unwrap_err().kind(), Kind::Cancelled);
}
