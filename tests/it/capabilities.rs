//! What `shell` and `http` say, and the capabilities that they become.

use snapbox::str;

use crate::app::App;

#[test]
fn a_validator_that_is_no_regular_expression() {
    let app = App::new();
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\nshell = { spawn = true, args = [\"--port\", { validator = \"([0-9]+\" }] }\n",
    );
    app.fails("bad-regex", ["lock"]).stderr_eq(str![[r#"
error: the validator `([0-9]+` is not a regular expression
  at     [ROOT]/app/sidecar.toml:3:57
  cause  regex parse error:
             ([0-9]+
             ^
         error: unclosed group
help: write it as Rust's `regex` reads it, without look-around and back-references: https://docs.rs/regex/#syntax

"#]]);
}

/// An app with the shell plugin, whose manifest asks for a permission of it, and these files besides.
fn app_with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> App {
    let app = App::with_tool();
    let cargo = app.read("Cargo.toml");
    app.write(
        "Cargo.toml",
        &cargo.replace("[features]", "[dependencies]\ntauri-plugin-shell = \"2\"\n\n[features]"),
    );
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nshell = { spawn = true }\n");
    app.write("tauri.conf.json", "{\n  \"identifier\": \"com.example.app\"\n}\n");
    for (name, text) in files {
        app.write(name, text);
    }
    app
}

/// Runs a `sync` that must fail, without a request.
fn fails<'a>(code: &str, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> snapbox::cmd::OutputAssert {
    let app = app_with(files);
    let done = app.fails(code, ["sync"]);
    assert!(app.server.requests().is_empty());
    done
}

#[test]
fn a_capability_with_a_comment() {
    fails(
        "capability-invalid",
        [(
            "capabilities/main.json",
            "{\n  // for the window\n  \"identifier\": \"main\",\n  \"permissions\": []\n}\n",
        )],
    )
    .stderr_eq(str![[r#"
error: `main.json` cannot be parsed
  at     [ROOT]/app/capabilities/main.json:2:3
  cause  key must be a string
  line   // for the window
help: Tauri reads capabilities as plain JSON: no comments, no comma after the last value, no byte order mark

"#]]);
}

#[test]
fn a_platform_in_lower_case() {
    fails(
        "capability-invalid",
        [(
            "capabilities/mac.toml",
            "identifier = \"mac\"\nplatforms = [\"linux\", \"macos\"]\npermissions = []\n",
        )],
    )
    .stderr_eq(str![[r#"
error: capability `mac`: unknown platform `macos`
  at     [ROOT]/app/capabilities/mac.toml:2:23
  known  linux, macOS, windows, android, iOS
help: did you mean `macOS`?

"#]]);
}

#[test]
fn a_capability_file_of_somebody_else() {
    fails(
        "capability-foreign",
        [("capabilities/sidecars.json", "{ \"identifier\": \"mine\", \"permissions\": [] }\n")],
    )
    .stderr_eq(str![[r#"
error: `capabilities/sidecars.json` is not ours to overwrite
  path    [ROOT]/app/capabilities/sidecars.json
  reason  it does not carry the description that `cargo sidecar sync` writes
help: give it another name: `mv "[ROOT]/app/capabilities/sidecars.json" "[ROOT]/app/capabilities/own-sidecars.json"`

"#]]);
}

#[test]
fn an_identifier_that_is_taken() {
    fails(
        "identifier-clash",
        [("capabilities/main.json", "[{ \"identifier\": \"sidecars\", \"permissions\": [] }]\n")],
    )
    .stderr_eq(str![[r#"
error: the identifier `sidecars` is used by another capability
  at    [ROOT]/app/capabilities/main.json:1:18
  ours  capabilities/sidecars.json
help: give the other one a name of its own, also where `app.security.capabilities` lists it

"#]]);
}

#[test]
fn a_permission_that_is_misspelt() {
    let lock = "[[package]]\nname = \"tauri-plugin-shell\"\nversion = \"2.6.0\"\nsource = \"registry\"\n";
    let acl = r#"{"shell":{"permissions":{"allow-open":{},"allow-spawn":{}},"permission_sets":{}}}"#;
    fails(
        "unknown-permission",
        [
            ("Cargo.lock", lock),
            ("gen/schemas/acl-manifests.json", acl),
            (
                "capabilities/main.json",
                "{\n  \"identifier\": \"main\",\n  \"permissions\": [\"shell:alow-open\"]\n}\n",
            ),
        ],
    )
    .stderr_eq(str![[r#"
error: there is no permission `shell:alow-open`
  at     [ROOT]/app/capabilities/main.json:3:19
  known  shell:default, shell:allow-open, shell:allow-spawn
help: did you mean `shell:allow-open`?

"#]]);
}

#[test]
fn sync_writes_the_capability_once_and_takes_it_away() {
    let app = app_with([]);
    app.sidecar(["sync"]).success();
    let first = app.read("capabilities/sidecars.json");
    app.compare(&first, str![[r#"
{
  "$schema": "../gen/schemas/desktop-schema.json",
  "identifier": "sidecars",
  "description": "Written by `cargo sidecar sync`: what JavaScript may do with sidecars. Change the manifest, not this file.",
  "windows": ["main"],
  "platforms": ["linux", "macOS", "windows"],
  "permissions": [
    {
      "identifier": "shell:allow-spawn",
      "allow": [
        {
          "name": "binaries/tool",
          "sidecar": true
        }
      ]
    }
  ]
}

"#]]);
    // As git checks it out on Windows.
    let with_crlf = first.replace('\n', "\r\n");
    app.write("capabilities/sidecars.json", &with_crlf);
    app.sidecar(["sync"]).success();
    assert_eq!(app.read("capabilities/sidecars.json"), with_crlf);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n");
    app.sidecar(["sync"]).success();
    assert!(!app.path("capabilities/sidecars.json").exists());
}

#[test]
fn a_scope_is_spelled_as_the_configuration_spells_the_entry() {
    let config =
        "{ \"identifier\": \"com.example.app\", \"bundle\": { \"externalBin\": [\"./binaries/tool\"] } }\n";
    let app = app_with([("tauri.conf.json", config)]);
    app.sidecar(["sync"]).success();
    assert_eq!(app.read("tauri.conf.json"), config);
    let capability = app.read("capabilities/sidecars.json");
    assert!(capability.contains("\"name\": \"./binaries/tool\","), "{capability}");
}

#[test]
fn a_plugin_that_is_missing_is_told() {
    let app = app_with([]);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nhttp = true\n");
    app.sidecar(["sync"]).success().stderr_eq(str![[r#"
warning: `http` of sidecar `tool` has no effect: tauri-plugin-http is not a dependency (`cargo add tauri-plugin-http`)
    Patching tauri.conf.json (externalBin)
   Installed tool 1.2.0 for x86_64-unknown-linux-gnu (126 B)
    Finished 1 file, 1 installed, 0 up to date

"#]]);
    assert!(!app.path("capabilities").exists());
}
