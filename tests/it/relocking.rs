//! `update`, `add` and `remove` again and again: the lock changes for a reason, and says it.

use snapbox::str;

use crate::app::{App, release};

#[test]
fn an_update_without_news_says_so() {
    let app = App::with_synced_tool();
    let before = app.read("sidecar.lock");
    app.sidecar(["update"]).success().stderr_eq(str![[r#"
    Finished the lock has the newest releases that the manifest allows

"#]]);
    app.sidecar(["update", "--message-format", "json"]).success().stdout_eq("");
    assert_eq!(app.read("sidecar.lock"), before);
}

#[test]
fn a_lock_that_only_looks_different_is_put_right() {
    let app = App::with_synced_tool();
    let before = app.read("sidecar.lock");
    app.write("sidecar.lock", &format!("{before}# a note\n"));
    app.sidecar(["lock"]).success().stderr_eq(str![[r#"
    Finished the lock was written anew; it says the same as before

"#]]);
    assert_eq!(app.read("sidecar.lock"), before);
}

#[test]
fn a_locked_run_neither_updates_nor_removes() {
    let app = App::with_synced_tool();
    app.fails("lock-stale", ["update", "--locked"]).stderr_eq(str![[r#"
error: updating sidecars changes the lock, and this run is locked
help: run it without `--locked` and `--frozen`, and without `SIDECAR_LOCKED`

"#]]);
    app.fails("lock-stale", ["remove", "tool", "--frozen"]);
}

#[test]
fn a_name_given_twice_is_removed_once() {
    let app = App::with_synced_tool();
    app.sidecar(["remove", "tool", "tool"]).success();
    assert_eq!(app.read("sidecar.toml"), "");
}

#[test]
fn the_manifest_in_cargo_toml_is_named_as_such() {
    let app = App::with_tool();
    let text = app.read("Cargo.toml");
    std::fs::remove_file(app.path("sidecar.toml")).unwrap();
    app.write(
        "Cargo.toml",
        &format!("{text}\n[package.metadata.sidecar.sidecar.tool]\ngithub = \"acme/tool\"\n"),
    );
    app.sidecar(["sync"]).success();
    app.sidecar(["remove", "tool"]).success().stderr_eq(str![[r#"
    Removing tool from Cargo.toml and the lock

"#]]);
    app.sidecar(["sync"]).success();
    let done = app.sidecar(["add", "acme/tool", "--message-format", "json"]).success();
    assert!(String::from_utf8_lossy(&done.get_output().stdout).contains("\"to\":\"1.2.0\""));
    let done = app.sidecar(["remove", "tool", "--message-format", "json"]).success();
    assert!(String::from_utf8_lossy(&done.get_output().stdout).contains("\"reason\":\"removed\""));
}

#[test]
fn a_release_that_still_answers_stays_when_the_entry_changes() {
    let app = App::with_synced_tool();
    app.server.release("acme/tool", release("v1.3.0"));
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.1\"\nbin = \"**/tool{exe}\"\n");
    app.sidecar(["lock"]).success();
    assert!(app.read("sidecar.lock").contains("tag = \"v1.2.0\""), "`lock` is no `update`");
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.3\"\n");
    app.sidecar(["lock"]).success();
    assert!(app.read("sidecar.lock").contains("tag = \"v1.3.0\""));
}
