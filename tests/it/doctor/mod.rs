//! `doctor`: one healthy app, and a story for each thing that can ail one.

mod app;
mod machine;
mod network;

use std::process::Command;

use snapbox::cmd::OutputAssert;
use snapbox::str;

use crate::app::App;

const CARGO_TOML: &str = r#"[package]
name = "app"
version = "0.1.0"
edition = "2024"

[dependencies]
tauri = "2"
tauri-plugin-shell = "2"

[build-dependencies]
sidecar-fetch = "0.1"
tauri-build = "2"

[features]
llm = []

[workspace]
"#;

const CARGO_LOCK: &str = r#"version = 4

[[package]]
name = "tauri"
version = "2.12.5"

[[package]]
name = "tauri-build"
version = "2.7.4"

[[package]]
name = "tauri-plugin-shell"
version = "2.6.0"
"#;

const CONFIG: &str =
    "{\n  \"identifier\": \"com.acme.app\",\n  \"bundle\": { \"externalBin\": [\"binaries/tool\"] }\n}\n";

const CAPABILITY: &str =
    r#"{ "identifier": "default", "windows": ["main"], "permissions": ["core:default"] }"#;

/// A Tauri app whose one sidecar is locked, configured and installed.
fn healthy() -> App {
    let app = App::with_tool();
    app.write("Cargo.toml", CARGO_TOML);
    app.write("Cargo.lock", CARGO_LOCK);
    app.write("tauri.conf.json", CONFIG);
    app.write("build.rs", "fn main() {\n    sidecar_fetch::build();\n    tauri_build::build()\n}\n");
    app.write("capabilities/default.json", CAPABILITY);
    app.write(".gitignore", "/target/\n/binaries/\n");
    app.sidecar(["sync"]).success();
    app
}

/// What is not as it should be, where nothing of it is a problem.
fn warned(app: &App) -> OutputAssert {
    app.sidecar(["doctor", "--quiet"]).success().stderr_eq("")
}

/// The same, where something of it is.
fn ill(app: &App) -> OutputAssert {
    app.fails("doctor-failed", ["doctor", "--quiet"])
}

/// With a variable set: the whole output of a run, as a person sees it.
fn with(app: &App, vars: &[(&str, &str)]) -> OutputAssert {
    let mut command = app.command(["doctor", "--quiet"]);
    command.envs(vars.iter().copied());
    app.run(command)
}

/// What a run that succeeds says of things that are not simply well.
fn notable(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let notable = text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("ok "));
    notable.collect()
}

#[test]
fn a_healthy_app_is_well() {
    let app = healthy();
    app.sidecar(["doctor"])
        .success()
        .stdout_eq(str![[r#"
          ok toolchain     rustc [..], cargo [..] (1.90 or newer is needed)
          ok manifest      sidecar.toml declares 1 sidecar
          ok target        [..], the target of this machine, is one that is locked
          ok tauri         tauri 2.12.5, tauri-build 2.7.4, tauri-plugin-shell 2.6.0
          ok config        Tauri reads tauri.conf.json
          ok sidecars      the configuration lists what the manifest declares
          ok capability    no sidecar is for JavaScript
          ok names         no sidecar has the name of the app or of a well-known program
          ok build.rs      build.rs calls `sidecar_fetch::build()`
          ok capabilities  capabilities/ is there
          ok ignore        .gitignore names binaries/
          ok build-dir     cargo builds in its target directory
          ok lock          sidecar.lock answers the manifest: 6 files
          ok git           the app is in no git repository
          ok binaries      1 program installed, each for its target
          ok cache         12 files in [ROOT]/cache/v1, [..] kB
          ok cache         12 of the 12 files that the lock pins are cached
          ok network       on
          ok proxy         none is set
          ok certificates  those that the system trusts
          ok token         none; public repositories need none
          ok github        [SERVER]/api/v3 answers: 60 requests per hour, 59 left, resets in 60 min

"#]])
        .stderr_eq(str![[r#"
     Checked 22 things, and all is well

"#]]);
    warned(&app).stdout_eq("");
}

#[test]
fn a_manifest_that_does_not_parse_stops_nothing() {
    let app = healthy();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nverison = \"1\"\n");
    app.write("build.rs", "fn main() { tauri_build::build() }\n");
    ill(&app).stdout_eq(str![[r#"
     problem manifest      unknown key `verison` in `[sidecar.tool]`
                           at     [ROOT]/app/sidecar.toml:3:1
                           known  github, gitlab, forgejo, npm, url, path, checksums, version, tag, tag-prefix, version-from, install-as, bin, layout, resources, features, targets, asset, shell, http, emulation, run
                           help: did you mean `version`?
     problem build.rs      build.rs does not call `sidecar_fetch::build()`
                           help: run `cargo sidecar init`

"#]]).stderr_eq(str![[r#"
error: 2 of 13 checks found a problem
  first  manifest: unknown key `verison` in `[sidecar.tool]`
help: did you mean `version`?

"#]]);
}

#[test]
fn a_feature_that_the_package_has_not() {
    let app = healthy();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nfeatures = [\"lm\"]\n");
    ill(&app).stdout_eq(str![[r#"
     problem manifest      sidecar `tool`: the package has no feature `lm`
                           at        [ROOT]/app/sidecar.toml:1:10
                           features  llm
                           help: did you mean `llm`?
     problem sidecars      the configuration does not list what the manifest declares
                           for       linux, macOS, windows
                           too many  binaries/tool in `bundle.externalBin`
                           help: run `cargo sidecar sync`

"#]]);
}

#[test]
fn a_line_of_json_for_each_check() {
    let app = healthy();
    app.write("build.rs", "fn main() {}\n");
    let done = app.sidecar(["doctor", "--message-format", "json"]).code(1);
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let (checks, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.contains("\"reason\":\"check\""));
    assert_eq!((rest.len(), rest[0].contains("\"code\":\"doctor-failed\"")), (1, true), "{text}");
    let wrong: Vec<&str> = checks.into_iter().filter(|line| !line.contains("\"state\":\"ok\"")).collect();
    app.compare(&wrong.join("\n"), str![[r#"{"facts":[],"found":"build.rs does not call `sidecar_fetch::build()`","help":"run `cargo sidecar init`","name":"build.rs","reason":"check","state":"problem"}"#]]);
}
