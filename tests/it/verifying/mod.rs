//! `verify`: the gate for CI and for hooks of the Tauri command.

mod bundle;

use std::path::Path;
use std::process::Command;

use snapbox::str;

use crate::app::{App, HOST, file_name};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-msvc";
const MAC: &str = "aarch64-apple-darwin";

/// An app of Tauri whose configuration lists its one sidecar, which is installed for Linux.
fn app() -> App {
    let app = App::with_tool();
    app.write("tauri.conf.json", &config(r#""binaries/tool""#));
    app.sidecar(["sync", "--target", LINUX]).success();
    app
}

fn config(entries: &str) -> String {
    format!("{{\n  \"identifier\": \"com.acme.app\",\n  \"bundle\": {{ \"externalBin\": [{entries}] }}\n}}\n")
}

/// The rows of a run as JSON.
fn rows(mut command: Command) -> Vec<serde_json::Value> {
    let output = command.args(["--message-format", "json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Subject, name and state of what is wrong.
fn wrong(command: Command) -> Vec<String> {
    let rows = rows(command).into_iter().filter(|row| row["reason"] == "verified" && row["state"] != "ok");
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.map(|row| ["subject", "name", "state"].map(|key| text(&row, key)).join(" ")).collect()
}

fn verify(app: &App, more: &[&str]) -> Command {
    app.command(["verify", "--target", LINUX].into_iter().chain(more.iter().copied()))
}

#[test]
fn what_is_right_is_a_line_each() {
    let app = app();
    app.run(verify(&app, &[])).success().stdout_eq(str![[r#"
CHECK        STATE  WHAT
lock         ok     sidecar.lock: answers sidecar.toml
cache        ok     2 cached files for x86_64-unknown-linux-gnu
file         ok     tool 1.2.0 for x86_64-unknown-linux-gnu: github-digest
config       ok     tauri.conf.json for x86_64-unknown-linux-gnu: lists what the manifest asks for
placeholder  ok     externalBin: 1 entry, no stand-in

"#]]);
}

#[test]
fn verbose_shows_every_file_and_who_vouched_for_it() {
    let app = app();
    app.run(verify(&app, &["-v"])).success().stdout_eq(str![[r#"
CHECK        STATE  WHAT
lock         ok     sidecar.lock: answers sidecar.toml
cache        ok     tool 1.2.0 for x86_64-unknown-linux-gnu: the download
cache        ok     tool 1.2.0 for x86_64-unknown-linux-gnu: the program
file         ok     tool 1.2.0 for x86_64-unknown-linux-gnu: github-digest
config       ok     tauri.conf.json for x86_64-unknown-linux-gnu: lists what the manifest asks for
placeholder  ok     externalBin: 1 entry, no stand-in

"#]]);
}

#[test]
fn a_message_says_what_it_is_about() {
    let app = app();
    let rows = rows(verify(&app, &[]));
    let subjects: Vec<&str> = rows.iter().filter_map(|row| row["subject"].as_str()).collect();
    assert_eq!(subjects, ["lock", "cache", "cache", "file", "config", "placeholder"]);
    let file = &rows[3];
    assert_eq!(
        (&file["sidecar"], &file["version"], &file["target"], &file["state"]),
        (&"tool".into(), &"1.2.0".into(), &LINUX.into(), &"ok".into())
    );
    assert_eq!((&file["provenance"], &file["mend"]), (&"github-digest".into(), &serde_json::Value::Null));
    assert_eq!(rows[0]["sidecar"], serde_json::Value::Null);
}

#[test]
fn a_stale_lock_is_a_finding_and_the_rest_is_looked_at() {
    let app = app();
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.3\"\n[sidecar.new]\ngithub = \"acme/tool\"\n",
    );
    std::fs::remove_file(app.path(&format!("binaries/{}", file_name("tool", LINUX)))).unwrap();
    assert_eq!(
        wrong(verify(&app, &[])),
        [
            "lock sidecar.lock stale",
            "lock sidecar.lock stale",
            "file tool missing",
            "config tauri.conf.json differs"
        ]
    );
    app.fails("verify-failed", ["verify", "--target", LINUX])
        .code(1)
        .stderr_eq(str![[r#"
error: 4 of 7 checks failed
  first  lock: sidecar.lock
  found  stale: the lock does not answer the manifest for sidecar `new`
  at     [ROOT]/app/sidecar.lock
help: run `cargo sidecar lock`

"#]])
        .stdout_eq(str![[r#"
CHECK        STATE    WHAT
lock         stale    sidecar.lock
                        the lock does not answer the manifest for sidecar `new`
                        manifest: has it
                        [ROOT]/app/sidecar.lock
lock         stale    sidecar.lock
                        the lock does not answer the manifest for sidecar `tool`
                        key: version
                        manifest: "^1.3"
                        [ROOT]/app/sidecar.lock
cache        ok       2 cached files for x86_64-unknown-linux-gnu
file         missing  tool 1.2.0 for x86_64-unknown-linux-gnu
                        it is not installed
                        [ROOT]/app/binaries/tool-x86_64-unknown-linux-gnu
config       differs  tauri.conf.json for x86_64-unknown-linux-gnu
                        externalBin does not list binaries/new
                        [ROOT]/app/tauri.conf.json:3:30
placeholder  ok       externalBin: 1 entry, no stand-in

"#]]);
}

#[test]
fn no_lock_and_one_that_cannot_be_read_are_findings() {
    let app = app();
    let lock = app.read("sidecar.lock");
    app.write("sidecar.lock", &lock.replace("version = 1\n", "version = 2\n"));
    assert_eq!(wrong(verify(&app, &[])), ["lock sidecar.lock unreadable"]);
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    app.fails("verify-failed", ["verify", "--target", LINUX]).stderr_eq(str![[r#"
error: 1 of 3 checks failed
  first  lock: sidecar.lock
  found  missing: there is no lock beside the manifest
  at     [ROOT]/app/sidecar.lock
help: run `cargo sidecar lock`

"#]]);
}

#[test]
fn a_target_that_has_nothing_is_a_finding() {
    let app = app();
    let command = app.command(["verify", "--target", "riscv64gc-unknown-linux-gnu"]);
    assert_eq!(wrong(command), ["lock sidecar.lock incomplete"]);
}

#[test]
fn damaged_blobs_of_the_cache_are_found() {
    let app = app();
    damage(&app.cache(), |bytes| *bytes.last_mut().unwrap() ^= 1);
    assert_eq!(wrong(verify(&app, &[])), ["cache tool damaged", "cache tool damaged"]);
    damage(&app.cache(), |bytes| bytes.push(0));
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 2 of 6 checks failed
  first  cache: tool 1.2.0 for x86_64-unknown-linux-gnu
  found  damaged: 232 bytes instead of 231
  at     [ROOT]/cache/v1/blobs/dc/dcf548e2402150d6de77757c78d610251965cd9a09ee79b1ae902863a6a4e411
help: run `cargo sidecar cache prune --all`

"#]]);
    app.sidecar(["cache", "prune", "--all"]).success();
    app.run(verify(&app, &[])).success();
}

/// Changes every blob below a directory.
fn damage(dir: &Path, change: impl Fn(&mut Vec<u8>) + Copy) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path, change);
        } else if path.to_string_lossy().contains("blobs") {
            let mut bytes = std::fs::read(&path).unwrap();
            change(&mut bytes);
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn a_config_that_does_not_list_a_sidecar_is_found_with_its_place() {
    let app = app();
    app.write("tauri.conf.json", &config(r#""binaries/mine""#));
    app.fails("verify-failed", ["verify", "--target", LINUX])
        .code(1)
        .stderr_eq(str![[r#"
error: 1 of 6 checks failed
  first  config: tauri.conf.json for x86_64-unknown-linux-gnu
  found  differs: externalBin does not list binaries/tool
  at     [ROOT]/app/tauri.conf.json:3:30
help: run `cargo sidecar sync`

"#]])
        .stdout_eq(str![[r#"
CHECK        STATE    WHAT
lock         ok       sidecar.lock: answers sidecar.toml
cache        ok       2 cached files for x86_64-unknown-linux-gnu
file         ok       tool 1.2.0 for x86_64-unknown-linux-gnu: github-digest
config       differs  tauri.conf.json for x86_64-unknown-linux-gnu
                        externalBin does not list binaries/tool
                        [ROOT]/app/tauri.conf.json:3:30
placeholder  ok       externalBin: 1 entry, no stand-in

"#]]);
}

#[test]
fn the_overlay_of_the_targets_platform_counts() {
    let app = app();
    app.write("tauri.linux.conf.json", r#"{ "bundle": { "externalBin": ["./binaries/tool"] } }"#);
    app.write("tauri.conf.json", &config(""));
    app.run(verify(&app, &[])).success();
    app.write("tauri.linux.conf.json", r#"{ "bundle": { "externalBin": null } }"#);
    app.write("tauri.conf.json", &config(r#""binaries/tool""#));
    let found = rows(verify(&app, &[]));
    let config = found.iter().find(|row| row["subject"] == "config").unwrap();
    assert!(config["path"].as_str().unwrap().ends_with("tauri.linux.conf.json"), "{config}");
    assert_eq!(
        config["detail"].as_str().unwrap().lines().next(),
        Some("externalBin does not list binaries/tool")
    );
}

#[test]
fn what_the_tauri_command_merges_counts() {
    let app = app();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nfeatures = [\"llm\"]\n");
    app.write("tauri.conf.json", &config(""));
    app.sidecar(["lock"]).success();
    app.run(verify(&app, &[])).success();
    let found = rows(verify(&app, &["--features", "llm"]));
    let config = found.iter().find(|row| row["subject"] == "config").unwrap();
    let mend =
        "tauri build --config \"$(cargo sidecar config --features llm --target x86_64-unknown-linux-gnu)\"";
    assert_eq!(config["mend"], mend);
    let merged = r#"{"bundle":{"externalBin":["binaries/tool"]}}"#;
    let with = |config: &str, flags: &[&str]| {
        let mut command = verify(&app, flags);
        command.env("TAURI_CONFIG", config);
        wrong(command)
    };
    assert_eq!(with(merged, &["--features", "llm"]), [""; 0]);
    assert_eq!(with(merged, &[]), ["config TAURI_CONFIG differs"]);
    assert_eq!(with("{", &[]), ["config Tauri's configuration unreadable"]);
}

#[test]
fn a_config_that_does_not_parse_is_a_finding_with_its_place() {
    let app = app();
    app.write("tauri.conf.json", "{\n  \"bundle\": [\n");
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 1 of 5 checks failed
  first  config: Tauri's configuration
  found  unreadable: `tauri.conf.json` cannot be parsed
  at     [ROOT]/app/tauri.conf.json:3:1

"#]]);
    app.write("tauri.conf.json", r#"{ "bundle": { "externalBin": "binaries/tool" } }"#);
    assert_eq!(wrong(verify(&app, &[])), ["config Tauri's configuration unreadable"]);
}

#[test]
fn what_stands_in_for_a_program_is_found() {
    let app = app();
    let installed = app.path(&format!("binaries/{}", file_name("tool", LINUX)));
    for stand_in in ["", "not built yet\n", "#!/bin/sh\n# sidecar-placeholder:1\nexit 97\n"] {
        std::fs::write(&installed, stand_in).unwrap();
        assert_eq!(wrong(verify(&app, &[])), ["placeholder tool stand-in"], "{stand_in}");
    }
    app.sidecar(["sync", "--target", LINUX]).success();
    app.write("tauri.conf.json", &config(r#""binaries/tool", "bin/mine""#));
    app.write(&format!("bin/{}", file_name("mine", LINUX)), "");
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 1 of 6 checks failed
  first  placeholder: bin/mine for x86_64-unknown-linux-gnu
  found  stand-in: an empty file stands in for the program
  at     [ROOT]/app/bin/mine-x86_64-unknown-linux-gnu
help: build or fetch `bin/mine`

"#]]);
    app.write(&format!("bin/{}", file_name("mine", LINUX)), "#!/bin/sh\nexec mine\n");
    app.run(verify(&app, &[])).success();
}

#[test]
fn the_hosts_target_is_the_default() {
    let app = App::with_synced_tool();
    let found = rows(app.command(["verify"]));
    assert_eq!(found.iter().find(|row| row["subject"] == "file").unwrap()["target"], HOST.as_str());
}

/// An app whose JavaScript may run the sidecar.
fn scripted() -> App {
    let app = App::with_tool();
    let cargo = app.read("Cargo.toml");
    app.write(
        "Cargo.toml",
        &format!("{cargo}\n[dependencies]\ntauri-plugin-shell = {{ path = \"shell\" }}\n"),
    );
    app.write(
        "shell/Cargo.toml",
        "[package]\nname = \"tauri-plugin-shell\"\nversion = \"2.6.0\"\nedition = \"2024\"\n",
    );
    app.write("shell/src/lib.rs", "");
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nshell = { execute = true }\n");
    app.write("tauri.conf.json", &config(""));
    app.sidecar(["sync", "--target", LINUX]).success();
    app
}

#[test]
fn the_capability_file_is_what_the_manifest_asks_for() {
    let app = scripted();
    let found = rows(verify(&app, &[]));
    let row = found.iter().find(|row| row["subject"] == "capability").unwrap();
    assert_eq!((&row["name"], &row["state"]), (&"capabilities/sidecars.json".into(), &"ok".into()), "{row}");
    let text = app.read("capabilities/sidecars.json");
    app.write("capabilities/sidecars.json", &text.replace("allow-execute", "allow-spawn"));
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 1 of 7 checks failed
  first  capability: capabilities/sidecars.json
  found  differs: it grants something else than the manifest asks for
  at     [ROOT]/app/capabilities/sidecars.json
help: run `cargo sidecar sync`

"#]]);
    app.write("capabilities/sidecars.json", "{ \"identifier\": \"mine\", \"permissions\": [] }\n");
    assert_eq!(wrong(verify(&app, &[])), ["capability capabilities/sidecars.json foreign"]);
    app.write("capabilities/sidecars.json", &text);
    app.write("capabilities/other.json", "{ \"identifier\": \"sidecars\", \"permissions\": [] }\n");
    assert_eq!(wrong(verify(&app, &[])), ["capability capabilities/sidecars.json refused"]);
    std::fs::remove_file(app.path("capabilities/other.json")).unwrap();
    std::fs::remove_file(app.path("capabilities/sidecars.json")).unwrap();
    assert_eq!(wrong(verify(&app, &[])), ["capability capabilities/sidecars.json missing"]);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n");
    app.write("capabilities/sidecars.json", &text);
    assert_eq!(wrong(verify(&app, &[])), ["capability capabilities/sidecars.json differs"]);
}

#[test]
fn a_list_of_capabilities_has_to_name_ours() {
    let app = scripted();
    let listed = r#"{ "identifier": "com.acme.app", "app": { "security": { "capabilities": ["main"] } },
  "bundle": { "externalBin": ["binaries/tool"] } }"#;
    app.write("tauri.conf.json", listed);
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 1 of 7 checks failed
  first  capability: tauri.conf.json
  found  differs: app.security.capabilities does not list sidecars
  at     [ROOT]/app/tauri.conf.json:1:72
help: run `cargo sidecar sync`

"#]]);
}
