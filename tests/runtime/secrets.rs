//! Secrets: every launch has its own, its sidecar gets it, and nobody else sees it.

use serde_json::json;

#[cfg(unix)]
use crate::scene::lines;
use crate::scene::{Scene, misbehave, with};

crate::stories![
    a_token_reaches_the_sidecar_and_its_probes,
    every_launch_has_its_own_token,
    the_app_may_choose_the_token,
    #[cfg(unix)]
    a_token_in_a_file_is_the_users_alone,
    #[cfg(unix)]
    a_token_is_nowhere_to_be_seen,
];

const READY: &str = "http:/health";

fn with_token(flags: &[&str], token: serde_json::Value) -> serde_json::Value {
    let flags = [&["--bind", "127.0.0.1:{port}", "--http"], flags].concat();
    with(misbehave(&flags), json!({ "token": token, "health": { "ready": READY } }))
}

fn a_token_reaches_the_sidecar_and_its_probes() {
    let scene = Scene::one(with_token(&["--token-env", "TOKEN"], json!({ "env": "TOKEN" })));
    scene.it().start().wait().unwrap();
    let token = scene.it().token().unwrap();
    assert_eq!(token.len(), 64);
    assert!(token.bytes().all(|b| b.is_ascii_hexdigit()));
}

fn every_launch_has_its_own_token() {
    let scene = Scene::one(with_token(&["--token-env", "TOKEN"], json!({ "env": "TOKEN" })));
    scene.it().start().wait().unwrap();
    let first = scene.it().token();
    scene.it().restart().wait().unwrap();
    assert_ne!(scene.it().token(), first);
    scene.it().stop().wait().unwrap();
    assert_eq!(scene.it().token(), None);
}

fn the_app_may_choose_the_token() {
    let run = with_token(&["--token-env", "TOKEN"], json!({ "env": "TOKEN" }));
    let scene = Scene::built(&[("it", run)], |builder, _| builder.token("it", "chosen-by-the-app"));
    scene.it().start().wait().unwrap();
    assert_eq!(scene.it().token().as_deref(), Some("chosen-by-the-app"));
}

#[cfg(unix)]
fn a_token_in_a_file_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;

    let file = json!({ "file": "{instance_dir}/token" });
    let scene = Scene::one(with_token(&["--token-file", "{instance_dir}/token"], file));
    scene.it().start().wait().unwrap();
    let instances = scene.dir.path().join("data/runtime/instances");
    let find = || {
        let all = std::fs::read_dir(&instances).unwrap().map(|entry| entry.unwrap().path().join("token"));
        all.filter(|path| path.exists()).collect::<Vec<_>>()
    };
    let [path] = <[_; 1]>::try_from(find()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), scene.it().token().unwrap());
    scene.it().stop().wait().unwrap();
    assert_eq!(find(), Vec::<std::path::PathBuf>::new());
}

#[cfg(unix)]
fn a_token_is_nowhere_to_be_seen() {
    // A sidecar that prints its own environment.
    let run = with_token(&["--token-env", "TOKEN", "--print-env", "TOKEN"], json!({ "env": "TOKEN" }));
    let scene = Scene::one(run);
    scene.it().start().wait().unwrap();
    let token = scene.it().token().unwrap();
    assert_eq!(lines(&scene.it()), ["env TOKEN=[hidden]"]);
    let shown = format!("{:?} {:?} {:?}", scene.supervisor, scene.it(), scene.it().status());
    assert!(!shown.contains(&token));
    let pid = scene.it().status().pid.unwrap();
    let arguments = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(arguments.contains("--token-env") && !arguments.contains(&token));
    scene.it().stop().wait().unwrap();
    let log = std::fs::read_to_string(scene.dir.path().join("data/logs/it.log")).unwrap();
    assert!(log.contains("[hidden]") && !log.contains(&token), "{log}");
}
