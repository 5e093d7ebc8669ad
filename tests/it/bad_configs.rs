//! What is wrong in Tauri's configuration is found before anything is fetched, and pointed at.

use snapbox::str;

use crate::app::App;

/// An app whose configuration has this name and text.
fn app(name: &str, text: &str) -> App {
    let app = App::with_tool();
    app.write(name, text);
    app
}

fn fails(code: &str, name: &str, text: &str) -> snapbox::cmd::OutputAssert {
    let app = app(name, text);
    let done = app.fails(code, ["sync"]);
    assert!(app.server.requests().is_empty(), "a request was made all the same");
    done
}

#[test]
fn json_that_does_not_parse() {
    fails(
        "config-invalid",
        "tauri.conf.json",
        "{\n  \"identifier\": \"com.acme.app\"\n  \"bundle\": {}\n}\n",
    )
    .stderr_eq(str![[r#"
error: `tauri.conf.json` cannot be parsed
  at     [ROOT]/app/tauri.conf.json:3:3
  cause  expected `,` or `}`, found `"`
  line   "bundle": {}

"#]]);
}

#[test]
fn json5_that_does_not_parse() {
    fails("config-invalid", "tauri.conf.json5", "{\n\t// the app\n\tidentifier: 'com.acme.app,\n}\n")
        .stderr_eq(str![[r#"
error: `tauri.conf.json5` cannot be parsed
  at     [ROOT]/app/tauri.conf.json5:3:14
  cause  this string has no end
  line   identifier: 'com.acme.app,

"#]]);
}

#[test]
fn toml_that_does_not_parse() {
    fails("config-invalid", "Tauri.toml", "identifier = \"com.acme.app\"\n[bundle\nactive = true\n")
        .stderr_eq(str![[r#"
error: `Tauri.toml` cannot be parsed
  at     [ROOT]/app/Tauri.toml:2:8
  cause  unclosed table, expected `]`
  line   [bundle

"#]]);
}

#[test]
fn an_overlay_that_does_not_parse() {
    let app = app("tauri.conf.json", "{}");
    app.write("tauri.windows.conf.json", "{ \"bundle\": ");
    app.fails("config-invalid", ["sync"]).stderr_eq(str![[r#"
error: `tauri.windows.conf.json` cannot be parsed
  at     [ROOT]/app/tauri.windows.conf.json:1:13
  cause  expected a value, found the end of the file
  line   { "bundle":

"#]]);
}

#[test]
fn another_type_in_the_place_of_the_list() {
    fails(
        "config-invalid",
        "tauri.conf.json",
        "{\n  \"bundle\": { \"externalBin\": \"binaries/tool\" }\n}\n",
    )
    .stderr_eq(str![[r#"
error: `bundle.externalBin` takes an array of strings
  at     [ROOT]/app/tauri.conf.json:2:30
  found  a string
help: write it as a list: `["…", "…"]`

"#]]);
}

#[test]
fn both_spellings_of_the_key() {
    let app = app("tauri.conf.json", "{\n  \"bundle\": {\n    \"externalBin\": []\n  }\n}\n");
    app.write("tauri.linux.conf.json", "{\n  \"bundle\": { \"external-bin\": [] }\n}\n");
    app.fails("config-invalid", ["sync"]).stderr_eq(str![[r#"
error: `external-bin` and `externalBin` are one key, and both are set
  first   [ROOT]/app/tauri.conf.json:3:20 has `externalBin`
  second  [ROOT]/app/tauri.linux.conf.json:2:31 has `external-bin`
help: write `externalBin` in both places

"#]]);
}

#[test]
fn a_read_only_file() {
    let app = app("tauri.conf.json", "{ \"bundle\": {} }\n");
    let path = app.path("tauri.conf.json");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    app.fails("read-only", ["sync"]).stderr_eq(str![[r#"
error: `tauri.conf.json` is read-only
  file        [ROOT]/app/tauri.conf.json
  left alone  this file, and those that change with it
help: make it writable, then run the command again; `--dry-run` shows what it would change

"#]]);
    assert!(app.server.requests().is_empty());
    app.fails("read-only", ["add", "acme/tool", "--name", "two"]);
    app.sidecar(["sync", "--dry-run"]).success();
}

#[test]
fn a_locked_run_refuses_drift() {
    let app = app("tauri.conf.json", "{\n  \"bundle\": { \"externalBin\": [\"helpers/mine\"] }\n}\n");
    app.sidecar(["sync"]).success();
    let synced = app.read("tauri.conf.json");
    app.sidecar(["sync", "--locked"]).success();
    app.write("tauri.conf.json", "{\n  \"bundle\": { \"externalBin\": [\"helpers/mine\"] }\n}\n");
    app.fails("config-drift", ["sync", "--locked"])
        .stderr_eq(str![[r#"
error: the configuration does not say what the manifest asks for, and this run is locked
  externalBin  [ROOT]/app/tauri.conf.json:2:30 lacks binaries/tool
help: run `cargo sidecar sync` without `--locked`, and commit what it changes

"#]])
        .code(1);
    let mut command = app.command(["sync"]);
    command.env("SIDECAR_LOCKED", "1");
    app.run(command).code(1);
    app.write("tauri.conf.json", &synced);
    app.sidecar(["sync", "--frozen"]).success();
}

#[test]
fn a_locked_run_says_which_entries_and_where() {
    let app = app("tauri.conf.json", "{\n  \"bundle\": { \"externalBin\": [\"binaries/old\"] }\n}\n");
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\ntargets = [\"cfg(windows)\"]\nshell = { spawn = true }\n",
    );
    let cargo_toml = app.read("Cargo.toml");
    app.write("Cargo.toml", &format!("{cargo_toml}\n[dependencies]\ntauri-plugin-shell = \"2\"\n"));
    app.sidecar(["lock"]).success();
    let lock = app.read("sidecar.lock");
    app.write(
        "sidecar.lock",
        &lock.replace("version = 1\n", "version = 1\nconfigured = [\"binaries/old\"]\n"),
    );
    app.fails("config-drift", ["sync", "--locked"]).stderr_eq(str![[r#"
error: the configuration does not say what the manifest asks for, and this run is locked
  externalBin                 [ROOT]/app/tauri.conf.json:2:30 has binaries/old
  externalBin                 [ROOT]/app/tauri.windows.conf.json:1:1 lacks binaries/tool
  capabilities/sidecars.json  is not there
help: run `cargo sidecar sync` without `--locked`, and commit what it changes

"#]]);
}

#[test]
fn no_configuration_to_print() {
    let app = App::with_tool();
    app.fails("usage", ["config", "--target", "x86_64-unknown-linux-gnu"]).stderr_eq(str![[r#"
error: the app has no configuration of Tauri
  looked for  tauri.conf.json, tauri.conf.json5, Tauri.toml
  in          [ROOT]/app
help: name the app's package: `-p PACKAGE`

"#]]);
}
