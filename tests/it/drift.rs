//! Tauri's configuration against the sidecars of a build: what is forgiven, where, and what tauri-build is told.

use std::process::{Command, Output};

use snapbox::str;

use crate::app::{App, HOST};

/// An app whose sidecar is installed, with a configuration.
fn app(config: &str) -> App {
    let app = App::with_synced_tool();
    app.write("tauri.conf.json", config);
    app
}

const AGREES: &str = r#"{ "bundle": { "externalBin": ["binaries/tool"] } }"#;
const LACKS: &str = "{\n  \"bundle\": {\n    \"externalBin\": [\"bin/own\"]\n  }\n}\n";

/// What a build is, in the words of its environment.
const DEVELOPMENT: &[(&str, &str)] = &[("DEP_TAURI_DEV", "true")];
const SHIPS: &[(&str, &str)] = &[("DEP_TAURI_DEV", "false")];
const CI: &[(&str, &str)] = &[("DEP_TAURI_DEV", "true"), ("CI", "true")];
const LOCKED: &[(&str, &str)] = &[("SIDECAR_LOCKED", "1")];

fn script(app: &App, environment: &[(&str, &str)]) -> Command {
    let mut script = app.build_script(&HOST);
    script.envs(environment.iter().copied());
    script
}

fn lines<'t>(text: &'t str, prefix: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.strip_prefix(prefix)).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Warnings, what tauri-build sees, and what the macros see, of a build that succeeds.
fn told(mut script: Command) -> (Vec<String>, Option<String>, Option<String>) {
    let output = script.output().unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    let all = |prefix: &str| -> Vec<String> { lines(&text, prefix).into_iter().map(str::to_owned).collect() };
    let one = |prefix: &str| {
        let mut found = all(prefix);
        assert!(found.len() < 2, "{text}");
        found.pop()
    };
    (all("cargo::warning="), one("TAURI_CONFIG="), one("cargo::rustc-env=TAURI_CONFIG="))
}

/// The error of a build that fails.
fn error(mut script: Command) -> String {
    let output = script.output().unwrap();
    assert!(!output.status.success(), "{}", text(&output));
    lines(&text(&output), "cargo::error=").join("\n")
}

#[test]
fn a_configuration_that_agrees_is_left_alone_everywhere() {
    for config in [AGREES, r#"{ "bundle": { "external-bin": ["bin/own", "./binaries/tool"] } }"#] {
        let app = app(config);
        for environment in [DEVELOPMENT, SHIPS, CI, LOCKED] {
            assert_eq!(told(script(&app, environment)), (vec![], None, None), "{environment:?}");
        }
    }
}

#[test]
fn without_a_configuration_there_is_nothing_to_check() {
    let app = App::with_synced_tool();
    assert_eq!(told(script(&app, SHIPS)), (vec![], None, None));
}

#[test]
fn development_goes_on_with_what_is_missing() {
    let app = app(LACKS);
    for environment in [DEVELOPMENT, &[]] {
        let (warnings, tauri_build, macros) = told(script(&app, environment));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("missing: binaries/tool") && warnings[0].contains("cargo sidecar sync"));
        assert_eq!(tauri_build.as_deref(), Some(r#"{"bundle":{"externalBin":["bin/own","binaries/tool"]}}"#));
        assert_eq!(tauri_build, macros);
    }
}

#[test]
fn a_build_that_ships_does_not() {
    let app = app(LACKS);
    app.compare(
        &error(script(&app, SHIPS)),
        str![[r#"
`tauri.conf.json` does not agree with the sidecars
  at       [ROOT]/app/tauri.conf.json:3:20
  missing  `binaries/tool`
  reason   the bundler reads these files, whatever a build script does
help: run `cargo sidecar sync` and commit what it changes
"#]],
    );
}

#[test]
fn neither_does_one_in_ci_nor_one_that_is_locked() {
    let app = app(LACKS);
    for (environment, variable) in [(CI, "CI"), (LOCKED, "SIDECAR_LOCKED")] {
        let error = error(script(&app, environment));
        assert!(
            error.contains(&format!("`{variable}` is set")) && error.contains("cargo sidecar sync"),
            "{error}"
        );
    }
}

#[test]
fn what_is_ours_and_no_longer_wanted_is_drift_and_what_is_the_users_stays() {
    let app = App::with_tool();
    let elsewhere = if cfg!(windows) { "cfg(unix)" } else { "cfg(windows)" };
    app.manifest(&format!("[sidecar.tool]\ngithub = \"acme/tool\"\ntargets = [\"{elsewhere}\"]\n"));
    app.sidecar(["lock"]).success();
    app.write("tauri.conf.json", r#"{"bundle":{"externalBin":["a","./binaries/tool","b"]}}"#);
    let (warnings, tauri_build, _) = told(script(&app, DEVELOPMENT));
    assert!(warnings[0].contains("extra: ./binaries/tool"), "{warnings:?}");
    assert_eq!(tauri_build.as_deref(), Some(r#"{"bundle":{"externalBin":["a","b"]}}"#));
}

#[test]
fn other_features_are_silent_in_development_and_name_the_command_where_it_ships() {
    let app = App::with_tool();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nfeatures = [\"llm\"]\n");
    app.sidecar(["sync"]).success();
    app.write("tauri.conf.json", r#"{ "bundle": { "externalBin": [] } }"#);
    let build = |environment: &[(&str, &str)]| {
        let mut script = script(&app, environment);
        script.env("CARGO_FEATURE_LLM", "1");
        script
    };
    let expected = Some(r#"{"bundle":{"externalBin":["binaries/tool"]}}"#.to_owned());
    for environment in [DEVELOPMENT, CI, LOCKED] {
        assert_eq!(told(build(environment)), (vec![], expected.clone(), expected.clone()));
    }
    let error = error(build(SHIPS));
    let command =
        format!("tauri build --config \"$(cargo sidecar config --features llm --target {})\"", *HOST);
    assert!(error.contains(&command), "{error}");

    let mut told_by_the_command = build(SHIPS);
    told_by_the_command.env("TAURI_CONFIG", expected.as_deref().unwrap());
    assert_eq!(told(told_by_the_command), (vec![], expected, None));
    assert_eq!(told(script(&app, SHIPS)), (vec![], None, None), "the default features need nothing");
}

#[test]
fn a_default_feature_that_is_off_is_asked_for_by_name() {
    let app = App::with_tool();
    let cargo_toml = app.read("Cargo.toml").replace("llm = []", "default = [\"llm\"]\nllm = []");
    app.write("Cargo.toml", &cargo_toml);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nfeatures = [\"llm\"]\n");
    app.sidecar(["sync"]).success();
    app.write("tauri.conf.json", AGREES);
    let error = error(script(&app, SHIPS));
    assert!(error.contains("cargo sidecar config --no-default-features --target"), "{error}");
    let (warnings, tauri_build, _) = told(script(&app, CI));
    assert_eq!((warnings.len(), tauri_build.as_deref()), (0, Some(r#"{"bundle":{"externalBin":[]}}"#)));
}

#[test]
fn the_overlay_of_the_platform_decides_where_it_has_the_list() {
    let app = app(AGREES);
    let platform = if cfg!(windows) {
        "windows"
    } else if cfg!(target_os = "macos") {
        "macos"
    } else {
        "linux"
    };
    app.write(&format!("tauri.{platform}.conf.json"), r#"{ "bundle": { "externalBin": [] } }"#);
    let error = error(script(&app, SHIPS));
    assert!(error.contains(&format!("tauri.{platform}.conf.json:1:30")), "{error}");
    app.write(&format!("tauri.{platform}.conf.json"), r#"{ "bundle": { "active": true } }"#);
    assert_eq!(told(script(&app, SHIPS)), (vec![], None, None));
}

#[test]
fn what_tauri_config_says_besides_stays_also_nulls() {
    let app = app(LACKS);
    let mut script = script(&app, DEVELOPMENT);
    script.env("TAURI_CONFIG", r#"{"identifier":null,"bundle":{"active":false,"externalBin":[]}}"#);
    let (_, tauri_build, macros) = told(script);
    let expected = r#"{"identifier":null,"bundle":{"active":false,"externalBin":["binaries/tool"]}}"#;
    assert_eq!((tauri_build.as_deref(), macros.as_deref()), (Some(expected), Some(expected)));
}

#[test]
fn the_key_is_spelled_as_the_files_spell_it() {
    let app = app(r#"{ "bundle": { "external-bin": [] } }"#);
    let (_, tauri_build, _) = told(script(&app, DEVELOPMENT));
    assert_eq!(tauri_build.as_deref(), Some(r#"{"bundle":{"external-bin":["binaries/tool"]}}"#));
}

#[test]
fn the_other_formats_are_read_as_well() {
    for (name, config) in [
        ("tauri.conf.json5", "// own\n{ bundle: { externalBin: ['binaries/tool',], }, }"),
        ("Tauri.toml", "[bundle]\nexternalBin = [\"binaries/tool\"]\n"),
    ] {
        let app = App::with_synced_tool();
        app.write(name, config);
        assert_eq!(told(script(&app, SHIPS)), (vec![], None, None), "{name}");
        app.write(name, &config.replace("binaries/tool", "own"));
        assert!(error(script(&app, SHIPS)).contains(&format!("{name}:")), "{name}");
    }
}

#[test]
fn mobile_needs_no_configuration() {
    let app = app(r#"{ "bundle": { "externalBin": ["own", "binaries/tool"] } }"#);
    for triple in ["aarch64-linux-android", "aarch64-apple-ios"] {
        let mut script = app.build_script(triple);
        script.envs(SHIPS.iter().copied());
        let (warnings, tauri_build, macros) = told(script);
        assert_eq!(warnings.len(), 0);
        assert_eq!(tauri_build.as_deref(), Some(r#"{"bundle":{"externalBin":null}}"#));
        assert_eq!(tauri_build, macros);
    }
    app.write("tauri.conf.json", r#"{ "bundle": {} }"#);
    assert_eq!(told(app.build_script("aarch64-linux-android")), (vec![], None, None));
}

#[test]
fn a_configuration_that_cannot_be_read_is_told_with_its_place() {
    let app = app("{\n  \"bundle\": { \"externalBin\": \"tool\" }\n}\n");
    let wrong_type = error(script(&app, DEVELOPMENT));
    assert!(wrong_type.contains("tauri.conf.json:2:30") && wrong_type.contains("a string"), "{wrong_type}");
    app.write("tauri.conf.json", AGREES);
    let mut given = script(&app, DEVELOPMENT);
    given.env("TAURI_CONFIG", "{ \"bundle\": ");
    let broken = error(given);
    assert!(broken.contains("`TAURI_CONFIG` cannot be parsed"), "{broken}");
}

#[test]
fn nothing_is_ever_written() {
    let app = app(LACKS);
    let before = app.read("tauri.conf.json");
    told(script(&app, DEVELOPMENT));
    error(script(&app, SHIPS));
    assert_eq!(app.read("tauri.conf.json"), before);
    assert!(!app.path("capabilities").exists());
}

const PLUGIN: (&str, &str) = ("DEP_TAURI_PLUGIN_SHELL_PERMISSION_FILES_PATH", "somewhere");

/// What `sync` writes for `shell = { spawn = true }`.
const CAPABILITY: &str = r#"{
  "$schema": "../gen/schemas/desktop-schema.json",
  "identifier": "sidecars",
  "description": "Written by `cargo sidecar sync`: what JavaScript may do with sidecars. Change the manifest, not this file.",
  "windows": ["main"],
  "platforms": ["linux", "macOS", "windows"],
  "permissions": [
    { "identifier": "shell:allow-spawn", "allow": [{ "name": "binaries/tool", "sidecar": true }] }
  ]
}
"#;

/// An app whose sidecar JavaScript may start, and that depends on the plugin for it.
fn with_shell() -> App {
    let app = app(AGREES);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nshell = { spawn = true }\n");
    app
}

fn with_plugin(app: &App, environment: &[(&str, &str)]) -> Command {
    let mut script = script(app, environment);
    script.env(PLUGIN.0, PLUGIN.1);
    script
}

#[test]
fn a_capability_file_that_agrees_is_fine_everywhere() {
    let app = with_shell();
    app.write("capabilities/sidecars.json", CAPABILITY);
    for environment in [DEVELOPMENT, SHIPS, CI, LOCKED] {
        assert_eq!(told(with_plugin(&app, environment)), (vec![], None, None), "{environment:?}");
    }
}

#[test]
fn without_the_plugin_none_is_needed() {
    let app = with_shell();
    assert_eq!(told(script(&app, SHIPS)), (vec![], None, None));
    let mut other_system = app.build_script("aarch64-linux-android");
    other_system.env(PLUGIN.0, PLUGIN.1).env("DEP_TAURI_DEV", "false");
    assert!(told(other_system).0.is_empty(), "a phone has no sidecars");
}

#[test]
fn a_capability_file_that_is_missing_or_says_something_else_is_drift() {
    let app = with_shell();
    app.compare(
        &error(with_plugin(&app, SHIPS)),
        str![[r#"
`capabilities/sidecars.json` does not agree with the manifest
  at      [ROOT]/app/capabilities/sidecars.json
  found   it does not exist
  reason  JavaScript could not call all sidecars in what ships
help: run `cargo sidecar sync` and commit what it changes
"#]],
    );
    for changed in [CAPABILITY.replace("spawn", "execute"), CAPABILITY.replace("binaries/tool", "bin/tool")] {
        app.write("capabilities/sidecars.json", &changed);
        for environment in [SHIPS, CI, LOCKED] {
            let error = error(with_plugin(&app, environment));
            assert!(error.contains("it says something else"), "{error}");
        }
        let (warnings, tauri_build, _) = told(with_plugin(&app, DEVELOPMENT));
        assert!(warnings.len() == 1 && warnings[0].contains("JavaScript"), "{warnings:?}");
        assert_eq!(tauri_build, None);
    }
    assert!(app.read("capabilities/sidecars.json").contains("bin/tool"), "it is never written");
}

#[test]
fn a_capability_that_nobody_asks_for_is_drift() {
    let app = app(AGREES);
    app.write("capabilities/sidecars.json", CAPABILITY);
    let error = error(with_plugin(&app, SHIPS));
    assert!(error.contains("it grants what the manifest does not ask for"), "{error}");
}

#[test]
fn names_are_spelled_as_in_any_overlay_of_a_desktop() {
    let app = with_shell();
    app.write("capabilities/sidecars.json", CAPABILITY);
    app.write("tauri.windows.conf.json", r#"{ "bundle": { "externalBin": ["./binaries/tool"] } }"#);
    app.write("tauri.macos.conf.json", r#"{ "bundle": { "externalBin": ["./binaries/tool"] } }"#);
    app.write("tauri.linux.conf.json", r#"{ "bundle": { "externalBin": ["./binaries/tool"] } }"#);
    let error = error(with_plugin(&app, SHIPS));
    assert!(error.contains("it says something else"), "both spellings belong there: {error}");
}

#[test]
fn a_list_of_capabilities_has_to_name_ours() {
    let app = with_shell();
    app.write("capabilities/sidecars.json", CAPABILITY);
    let config = |list: &str| {
        format!(
            "{{ \"app\": {{ \"security\": {{ \"capabilities\": {list} }} }},\n  \"bundle\": {{ \"externalBin\": \
             [\"binaries/tool\"] }} }}"
        )
    };
    for list in ["[]", "[\"default\", \"sidecars\"]"] {
        app.write("tauri.conf.json", &config(list));
        assert_eq!(told(with_plugin(&app, SHIPS)), (vec![], None, None), "{list}");
    }
    app.write("tauri.conf.json", &config("[\"default\"]"));
    app.compare(
        &error(with_plugin(&app, CI)),
        str![[r#"
`app.security.capabilities` does not list the capability of the sidecars
  at      [ROOT]/app/tauri.conf.json:1:42
  found   it lacks `sidecars`
  reason  `CI` is set; else this build would go on with a warning
help: run `cargo sidecar sync` and commit what it changes
"#]],
    );
    assert_eq!(told(with_plugin(&app, DEVELOPMENT)).0.len(), 1);
}
