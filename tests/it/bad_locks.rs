//! A lock that does not serve is refused, and the way out is said.

use snapbox::str;

use crate::app::{App, HOST};

#[test]
fn missing() {
    App::with_tool().fails("lock-missing", ["sync", "--locked"]).stderr_eq(str![[r#"
error: there is no `sidecar.lock` beside the manifest
  manifest  [ROOT]/app/sidecar.toml
help: run `cargo sidecar lock` and commit the file that it writes

"#]]);
}

#[test]
fn stale() {
    let app = App::with_synced_tool();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.3\"\n");
    app.fails("lock-stale", ["sync", "--locked"]).stderr_eq(str![[r#"
error: the lock does not answer the manifest for sidecar `tool`
  key       version
  manifest  "^1.3"
  lock      "^1" ([ROOT]/app/sidecar.lock)
help: run `cargo sidecar lock` and commit the file that it writes

"#]]);
    app.fails("lock-stale", ["lock", "--locked"]);
    app.fails("verify-failed", ["verify"]);
}

#[test]
fn too_new() {
    let app = App::with_synced_tool();
    let lock = app.read("sidecar.lock");
    app.write("sidecar.lock", &lock.replace("version = 1\n", "version = 2\n"));
    app.fails("lock-too-new", ["sync"]).stderr_eq(str![[r#"
error: `sidecar.lock` was written by a newer version
  lock      [ROOT]/app/sidecar.lock (version 2)
  readable  up to version 1
help: update `sidecar-fetch` in Cargo.toml, and `cargo install cargo-sidecar`

"#]]);
}

#[test]
fn conflict_markers() {
    let app = App::with_synced_tool();
    let lock = app.read("sidecar.lock");
    app.write(
        "sidecar.lock",
        &lock.replacen("[[asset]]\n", "<<<<<<< HEAD\n[[asset]]\n=======\n>>>>>>> theirs\n", 1),
    );
    app.fails("lock-conflict", ["sync"]).stderr_eq(str![[r#"
error: `sidecar.lock` contains conflict markers of a merge
  at  [ROOT]/app/sidecar.lock:12
help: keep either side (`git checkout --ours "[ROOT]/app/sidecar.lock"`), then run `cargo sidecar lock`

"#]]);
}

#[test]
fn invalid() {
    let app = App::with_synced_tool();
    let lock = app.read("sidecar.lock");
    app.write("sidecar.lock", &lock.replacen("size = ", "size = \"x\" # ", 1));
    app.fails("lock-invalid", ["sync"]).stderr_eq(str![[r#"
error: `sidecar.lock` cannot be read: `asset.size` takes a whole number
  at     [ROOT]/app/sidecar.lock:17:8
  found  a value of type string
help: the file is written by `cargo sidecar lock`; restore it from version control or delete and lock again

"#]]);
}

#[test]
fn a_size_that_was_changed_by_hand() {
    let app = App::with_synced_tool();
    std::fs::remove_file(app.installed("tool")).unwrap();
    app.forget_cache();
    let lock = app.read("sidecar.lock");
    app.write("sidecar.lock", &lock.replace("binary-size = ", "binary-size = 9"));
    app.fails("checksum-mismatch", ["sync"]);
}

#[test]
fn a_target_that_is_not_locked() {
    let app = App::with_synced_tool();
    app.fails("lock-no-target", ["sync", "--target", "riscv64gc-unknown-linux-gnu"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: the lock has nothing for target `riscv64gc-unknown-linux-gnu`
  lock        [ROOT]/app/sidecar.lock
  locked for  aarch64-apple-darwin, aarch64-pc-windows-msvc, aarch64-unknown-linux-gnu, x86_64-apple-darwin, x86_64-pc-windows-msvc, and 1 more
help: add it: `[settings] targets = ["aarch64-apple-darwin", "aarch64-pc-windows-msvc", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", "x86_64-pc-windows-msvc", "x86_64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"]`, then run `cargo sidecar lock`

"#]]);
}

#[test]
fn offline_with_a_cold_cache() {
    let app = App::with_synced_tool();
    app.forget_cache();
    std::fs::remove_file(app.installed("tool")).unwrap();
    let tool = crate::app::asset_name("v1.2.0", &HOST);
    let done = app.fails("offline", ["sync", "--offline"]);
    if HOST.as_str() == "x86_64-unknown-linux-gnu" {
        done.stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: `tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz` is not in the cache, and the network is off
  url         [SERVER]/acme/tool/releases/download/v1.2.0/tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz
  cache       [ROOT]/cache/v1
  offline by  --offline
help: run `cargo sidecar sync` once with a network; it fills the cache

"#]]);
    }
    assert_eq!(app.downloads(&tool), 0);
}

#[test]
fn locking_offline() {
    App::with_tool().fails("offline", ["lock", "--offline"]).stderr_eq(str![[r#"
error: locking sidecar `tool` needs the network, and it is off
  offline by  --offline
help: run the command again with a network; a build from a committed lock needs no API

"#]]);
}
