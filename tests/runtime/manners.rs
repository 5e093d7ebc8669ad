//! Where things lie, whose they are, and what is left of them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sidecar_supervisor::{Kind, State, Supervisor};

#[cfg(unix)]
use crate::scene::lines;
use crate::scene::{Scene, misbehave, spec, with};

crate::stories![
    one_that_ends_at_once_was_ready,
    #[cfg(target_os = "linux")]
    a_stop_request_ends_with_the_run,
    nothing_is_left_of_an_app_that_ended,
    instances_that_share_a_directory_have_token_files_of_their_own,
    a_token_file_of_somebody_else_stays,
    // Elsewhere so large a file has all its bytes.
    #[cfg(unix)]
    a_stop_does_not_wait_for_a_hash,
    a_directory_of_this_run_that_was_removed_is_made_anew,
    a_program_that_is_a_directory_is_told,
    #[cfg(unix)]
    a_directory_that_is_no_text_is_told,
    #[cfg(unix)]
    a_data_directory_that_is_a_link_to_nothing_is_told,
    #[cfg(unix)]
    directories_are_what_they_were_when_the_supervisor_was_built,
];

fn portless(flags: &[&str]) -> Value {
    with(misbehave(flags), json!({ "port": "none" }))
}

/// Stays, and asks for the secret in this file.
fn with_token_file(file: &str, seen_as: &str) -> Value {
    with(
        misbehave(&["--bind", "127.0.0.1:{port}", "--http", "--token-file", seen_as]),
        json!({ "token": { "file": file }, "health": { "ready": "http:/health" } }),
    )
}

/// The directories of the instances that run.
fn instances(data: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(data.join("runtime/instances")).unwrap();
    all.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

fn instances_that_share_a_directory_have_token_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(&[("it", with_token_file("token", "{instance_dir}/token"))]);
    let build = || Supervisor::from_json(&spec, dir.path()).unwrap().build().unwrap();
    let [one, two] = [build(), build()];
    one.start_all().wait().unwrap();
    two.start_all().wait().unwrap();
    let tokens = || -> Vec<String> {
        let files = instances(dir.path()).into_iter().map(|dir| dir.join("token"));
        files.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
    };
    let its = |supervisor: &Supervisor| supervisor.sidecar("it").unwrap().token().unwrap();
    let (first, second) = (its(&one), its(&two));
    assert!(tokens().len() == 2 && tokens().contains(&first) && tokens().contains(&second));
    one.stop_all().wait().unwrap();
    assert_eq!(tokens(), [second]);
    two.stop_all().wait().unwrap();
    assert_eq!(tokens(), [""; 0]);
}

fn a_token_file_of_somebody_else_stays() {
    // One that all instances have in common, as its path is absolute.
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(&[("it", with_token_file("{data_dir}/token", "{data_dir}/token"))]);
    let build = || Supervisor::from_json(&spec, dir.path()).unwrap().build().unwrap();
    let [one, two] = [build(), build()];
    one.start_all().wait().unwrap();
    two.start_all().wait().unwrap();
    one.stop_all().wait().unwrap();
    let file = dir.path().join("token");
    assert_eq!(std::fs::read_to_string(&file).ok(), two.sidecar("it").unwrap().token());
    two.stop_all().wait().unwrap();
    assert!(!file.exists());
}

#[cfg(unix)]
fn a_stop_does_not_wait_for_a_hash() {
    let dir = tempfile::tempdir().unwrap();
    // Reading all of it would take much longer than a story.
    let program = dir.path().join("program");
    std::fs::File::create(&program).unwrap().set_len(1 << 40).unwrap();
    let scene = Scene::one(json!({ "program": { "path": program }, "sha256": "0".repeat(64) }));
    let started = scene.it().start();
    scene.until_state("it", State::Starting);
    scene.it().stop().wait().unwrap();
    started.wait().unwrap_err();
    assert_eq!(scene.it().state(), State::Stopped);
    // Nor does that of a program that is run once.
    let once = scene.it().output([""; 0], "", std::time::Duration::from_secs(600));
    scene.it().stop().wait().unwrap();
    assert_eq!(once.wait().unwrap_err().kind(), Kind::Cancelled);
}

fn a_directory_of_this_run_that_was_removed_is_made_anew() {
    let scene = Scene::one(with_token_file("token", "{instance_dir}/token"));
    let [dir] = <[_; 1]>::try_from(instances(&scene.dir.path().join("data"))).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    scene.it().start().wait().unwrap();
    assert!(dir.join("token").is_file());
}

fn a_program_that_is_a_directory_is_told() {
    let scene = Scene::one(json!({ "program": { "path": "{data_dir}" }, "port": "none" }));
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::ProgramMissing);
    assert_eq!(error.headline(), "the program of `it` is a directory");
}

#[cfg(unix)]
fn a_directory_that_is_no_text_is_told() {
    use std::os::unix::ffi::OsStrExt;

    let scene =
        Scene::built(&[("it", portless(&["--say", "{resource_dir}", "--exit", "0"]))], |builder, dir| {
            builder.resource_dir(dir.join(std::ffi::OsStr::from_bytes(b"caf\xe9")))
        });
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::PlaceholderUnknown);
    assert_eq!(error.headline(), "`{resource_dir}` is no text: the directory's name is not UTF-8");
    assert!(error.facts().any(|(key, value)| key == "directory" && value.contains("caf")), "{error}");
}

#[cfg(unix)]
fn a_data_directory_that_is_a_link_to_nothing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("data");
    std::os::unix::fs::symlink(dir.path().join("nowhere"), &link).unwrap();
    let error = Supervisor::from_json(&spec(&[]), &link).unwrap().build().unwrap_err();
    assert_eq!(error.headline(), "the data directory is a link to nothing");
    // One that leads somewhere is fine.
    std::fs::create_dir(dir.path().join("nowhere")).unwrap();
    Supervisor::from_json(&spec(&[]), &link).unwrap().build().unwrap();
}

#[cfg(unix)]
fn directories_are_what_they_were_when_the_supervisor_was_built() {
    let run = portless(&["--say", "{resource_dir}", "--exit-after", "600000"]);
    let scene = Scene::built(&[("it", run)], |builder, _| builder.resource_dir("resources"));
    scene.it().start().wait().unwrap();
    crate::scene::eventually("the line", || !lines(&scene.it()).is_empty());
    let expected = std::env::current_dir().unwrap().join("resources");
    assert_eq!(lines(&scene.it()), [expected.to_str().unwrap()]);
}

fn one_that_ends_at_once_was_ready() {
    let scene = Scene::one(portless(&["--exit", "0"]));
    for run in 1..=100 {
        scene.it().start().wait().unwrap();
        scene.until_state("it", State::Stopped);
        assert_eq!(scene.it().status().run, run, "it was not started again");
    }
}

#[cfg(target_os = "linux")]
fn a_stop_request_ends_with_the_run() {
    let run = with(
        portless(&["--exit-after", "500"]),
        json!({ "stdin": "pipe", "stop": { "request": "jsonrpc:shutdown", "request-grace": "600s" } }),
    );
    let scene = Scene::of(&[("asked", run)]);
    let asking = || {
        let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let mut names = threads.filter_map(|it| std::fs::read_to_string(it.path().join("comm")).ok());
        names.any(|name| name.trim() == "stop asked")
    };
    let it = scene.sidecar("asked");
    it.start().wait().unwrap();
    // It is asked, does not answer, and ends.
    it.stop().wait().unwrap();
    crate::scene::eventually("nobody waits for its answer", || !asking());
}

fn nothing_is_left_of_an_app_that_ended() {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(&[("a", portless(&["--exit-after", "600000"])), ("b", portless(&[]))]);
    let end = || {
        let supervisor = Supervisor::from_json(&spec, dir.path()).unwrap().build().unwrap();
        supervisor.start_all().wait().unwrap();
        supervisor.stop_all().wait().unwrap();
        drop(supervisor);
        std::fs::read_dir(dir.path().join("runtime/instances")).unwrap().next().is_none()
    };
    // The wait has an end, which a machine that is busy may reach.
    let clean = (0..20).filter(|_| end()).count();
    assert!(clean > 10, "{clean} of 20");
}
