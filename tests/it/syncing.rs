//! `lock`, `sync`, `verify`, `list`, `update`, `cache`: the everyday.

use sidecar_tests::program;
use snapbox::str;

use crate::app::{App, DESKTOP, HOST, asset_name, file_name, names_in, release};

#[test]
fn the_first_sync_locks_and_installs_for_the_host() {
    let app = App::with_tool();
    app.sidecar(["sync"]).success();
    assert_eq!(app.binaries(), [file_name("tool", &HOST)]);
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.2.0"));
    assert_eq!(
        app.read("sidecar.lock").matches("[[asset]]").count(),
        DESKTOP.len(),
        "all targets are locked"
    );
}

#[test]
fn the_lock_is_as_the_snapshot_says() {
    let app = App::with_tool();
    app.manifest("[settings]\ntargets = [\"x86_64-unknown-linux-gnu\"]\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n");
    app.sidecar(["lock"]).success().stderr_eq(str![[r#"
     Locking tool 1.2.0

"#]]);
    app.compare(
        &app.read("sidecar.lock"),
        str![[r##"
# Written by `cargo sidecar lock`. Commit it; do not edit it.
version = 1

[[sidecar]]
name = "tool"
request.github = "acme/tool"
request.version = "^1"
tag = "v1.2.0"
version = "1.2.0"
published = "2026-01-02T03:04:05Z"

[[asset]]
sidecar = "tool"
target = "x86_64-unknown-linux-gnu"
name = "tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz"
url = "[SERVER]/acme/tool/releases/download/v1.2.0/tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz"
size = 231
sha256 = "dcf548e2402150d6de77757c78d610251965cd9a09ee79b1ae902863a6a4e411"
provenance = "github-digest"
member = "tool-v1.2.0-x86_64-unknown-linux-gnu/tool"
binary-size = 126
binary-sha256 = "2eda0e40a078104674f09f36684a4ca6c3fce0b451cdbba2fdfe8c1d0dcb33e0"

"##]],
    );
}

#[test]
fn a_second_sync_changes_nothing_and_says_so() {
    let app = App::with_synced_tool();
    let before = std::fs::metadata(app.installed("tool")).unwrap().modified().unwrap();
    let lock = std::fs::metadata(app.path("sidecar.lock")).unwrap().modified().unwrap();
    app.sidecar(["sync"]).success().stdout_eq("").stderr_eq(str![[r#"
    Finished 1 file is up to date; nothing was changed

"#]]);
    assert!(app.server.requests().is_empty());
    assert_eq!(std::fs::metadata(app.installed("tool")).unwrap().modified().unwrap(), before);
    assert_eq!(std::fs::metadata(app.path("sidecar.lock")).unwrap().modified().unwrap(), lock);
}

#[test]
fn every_target_with_one_flag() {
    let app = App::with_synced_tool();
    app.sidecar(["sync", "--all-targets", "--locked"]).success();
    let mut expected: Vec<String> = DESKTOP.iter().map(|t| file_name("tool", t)).collect();
    expected.sort();
    assert_eq!(app.binaries(), expected);
    app.sidecar(["verify", "--all-targets"]).success().stdout_eq(str![[r#"
CHECK  STATE  WHAT
lock   ok     sidecar.lock: answers sidecar.toml
cache  ok     12 cached files for 6 targets
file   ok     6 installed files for 6 targets: github-digest

"#]]);
}

#[test]
fn json_has_a_message_a_line() {
    let app = App::with_synced_tool();
    let done = app.sidecar(["sync", "--message-format", "json"]).success().stderr_eq("");
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let message: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(message["reason"], "synced");
    assert_eq!(message["installed"], false);
    assert_eq!(message["version"], "1.2.0");
}

#[test]
fn verify_finds_a_changed_a_missing_and_a_foreign_file() {
    let app = App::with_synced_tool();
    let mut bytes = std::fs::read(app.installed("tool")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(app.installed("tool"), &bytes).unwrap();
    let done = app.sidecar(["verify"]).code(1);
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert!(text.contains("differs") && text.contains("instead of"), "{text}");
    app.fails("verify-failed", ["verify"]).code(1);
    std::fs::remove_file(app.installed("tool")).unwrap();
    let done = app.sidecar(["verify"]).code(1);
    assert!(String::from_utf8_lossy(&done.get_output().stdout).contains("missing"));
    app.sidecar(["sync", "--locked", "--offline"]).success();
    app.sidecar(["verify"]).success();
}

#[test]
fn update_moves_within_the_requirement_and_lock_does_not() {
    let app = App::with_synced_tool();
    app.server.release("acme/tool", release("v1.3.0"));
    app.server.release("acme/tool", release("v2.0.0"));
    app.server.release("acme/tool", release("v1.4.0-rc.1").prerelease());
    app.server.release("acme/tool", release("v1.5.0").draft());
    let before = app.read("sidecar.lock");
    app.sidecar(["lock"]).success();
    assert_eq!(app.read("sidecar.lock"), before, "what is locked stays locked");
    app.sidecar(["update"]).success().stderr_eq(str![[r#"
    Updating tool 1.2.0 -> 1.3.0
...
             x86_64-unknown-linux-gnu   [..]  tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz -> tool-v1.3.0-x86_64-unknown-linux-gnu.tar.gz; github-digest

"#]]);
    assert!(app.read("sidecar.lock").contains("tag = \"v1.3.0\""));
    app.sidecar(["sync"]).success();
    assert_eq!(std::fs::read(app.installed("tool")).unwrap(), program(&HOST, "v1.3.0"));
}

#[test]
fn a_gap_is_locked_as_missing_and_warned_about() {
    let app = App::with_tool();
    let spec = sidecar_tests::ReleaseSpec::new("v1.9.0").asset(
        asset_name("v1.9.0", "x86_64-unknown-linux-gnu"),
        crate::app::archive("v1.9.0", "x86_64-unknown-linux-gnu"),
    );
    app.server.release("acme/tool", spec);
    app.sidecar(["lock"]).success().stderr_eq(str![[r#"
warning: sidecar `tool` 1.9.0 has nothing for aarch64-apple-darwin, aarch64-pc-windows-msvc, aarch64-unknown-linux-gnu, x86_64-apple-darwin, x86_64-pc-windows-msvc; builds for these fail until `asset` names one, or `targets` leaves them out
     Locking tool 1.9.0

"#]]);
    assert_eq!(app.read("sidecar.lock").matches("missing = true").count(), 5);
    app.server.clear_requests();
    app.sidecar(["lock"]).success();
    assert!(app.server.requests().is_empty(), "a gap is not asked for again");
    app.fails("lock-no-target", ["sync", "--target", "aarch64-apple-darwin"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.9.0: the release has nothing for target `aarch64-apple-darwin`
  release     v1.9.0
  locked for  x86_64-unknown-linux-gnu
help: name an asset with `asset = { "aarch64-apple-darwin" = "…" }`, or leave the target out with `targets = […]`

"#]]);
}

#[test]
fn list_shows_what_is_locked() {
    let app = App::with_synced_tool();
    app.sidecar(["list"]).success().stdout_eq(str![[r#"
NAME  LOCKED  TARGETS  FEATURES  SOURCE
tool  1.2.0   6/6                acme/tool

"#]]);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.1\"\n\n[sidecar.other]\ngithub = \"acme/other\"\n");
    app.sidecar(["list"]).success().stdout_eq(str![[r#"
NAME   LOCKED         TARGETS  FEATURES  SOURCE
other  not locked     0/0                acme/other
tool   1.2.0 (stale)  6/6                acme/tool

"#]]);
}

#[test]
fn the_cache_can_be_measured_and_emptied() {
    let app = App::with_synced_tool();
    let done = app.sidecar(["cache", "dir"]).success();
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert!(text.trim().starts_with(app.cache().to_str().unwrap()), "{text}");
    app.sidecar(["cache", "prune"]).success().stderr_eq("     Removed 0 files, 0 B\n");
    app.sidecar(["cache", "prune", "--all"]).success();
    app.sidecar(["cache", "size"]).success().stdout_eq(str![[r#"
CACHE                 SIZE
0 files               0 B
unfinished downloads  0 B

"#]]);
    app.sidecar(["sync"]).success();
}

#[test]
fn the_schema_and_completions_are_printed() {
    let app = App::new();
    let done = app.sidecar(["schema"]).success();
    let schema: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(schema["title"], "sidecar.toml");
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let done = app.sidecar(["completions", shell]).success();
        assert!(String::from_utf8_lossy(&done.get_output().stdout).contains("all-targets"), "{shell}");
    }
}

#[test]
fn private_releases_are_fetched_with_a_token_that_goes_to_the_api_only() {
    let app = App::with_tool();
    app.server.private("acme/tool", "secret-token");
    app.fails("repository-not-found", ["sync"]);
    app.server.clear_requests();
    let mut command = app.command(["sync"]);
    command.env("GH_TOKEN", "secret-token");
    app.run(command).success();
    // The storage behind the API has the same origin here; that a token is not taken to another one is tested with the
    // client.
    for seen in app.server.requests() {
        let sent = seen.header("authorization").is_some();
        assert!(!sent || !seen.path.contains("/releases/download/"), "the token went to {}", seen.path);
    }
    assert!(!app.read("sidecar.lock").contains("secret"));
    assert!(app.read("sidecar.lock").contains("api-url = "));
}

#[test]
fn temporary_files_stay_out_of_the_app_directory() {
    let app = App::with_synced_tool();
    assert_eq!(names_in(&app.path("binaries")).len(), 1);
    assert_eq!(
        names_in(&app.path("")),
        ["Cargo.lock", "Cargo.toml", "binaries", "sidecar.lock", "sidecar.toml", "src", "target"]
            .into_iter()
            .filter(|n| app.path(n).exists())
            .collect::<Vec<_>>()
    );
}

#[test]
fn several_apps_are_told_apart() {
    let app = App::new();
    app.server.release("acme/tool", release("v1.2.0"));
    app.write("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n");
    for name in ["one", "two"] {
        app.write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n"),
        );
        app.write(&format!("{name}/src/lib.rs"), "");
        app.write(&format!("{name}/sidecar.toml"), "[sidecar.tool]\ngithub = \"acme/tool\"\n");
    }
    app.sidecar(["lock"]).success().stderr_eq(str![[r#"
     Package one
     Locking tool 1.2.0
     Package two
     Locking tool 1.2.0

"#]]);
    assert_eq!(app.read("one/sidecar.lock"), app.read("two/sidecar.lock"));
    app.fails("usage", ["add", "acme/other"]).stderr_eq(str![[r#"
error: several packages of this workspace fit
  packages  one, two
help: name one: `-p one`

"#]]);
}

#[test]
fn one_member_that_is_installed_twice_is_unpacked_once() {
    let app = App::with_tool();
    let entry = |name: &str| {
        format!("[sidecar.{name}]\ngithub = \"acme/tool\"\nversion = \"1\"\nbin = \"**/tool{{exe}}\"\n")
    };
    app.manifest(&format!("{}{}", entry("first"), entry("second")));
    app.sidecar(["lock"]).success();
    app.forget_cache();
    app.server.clear_requests();
    app.sidecar(["sync", "--locked"]).success();
    assert_eq!(app.binaries(), [file_name("first", &HOST), file_name("second", &HOST)]);
    assert_eq!(
        std::fs::read(app.installed("first")).unwrap(),
        std::fs::read(app.installed("second")).unwrap()
    );
    assert_eq!(app.downloads(&asset_name("v1.2.0", &HOST)), 1);
}
