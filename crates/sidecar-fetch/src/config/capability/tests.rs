use std::path::Path;

use super::*;

mod any_manifest;
mod as_plugins_read_it;

const BOTH: Plugins = Plugins { shell: true, http: true };

/// The sidecar `tool` with these keys.
fn tool(keys: &str) -> String {
    format!("[sidecar.tool]\ngithub = 'acme/tool'\n{keys}\n")
}

fn manifest(text: &str) -> Manifest {
    Manifest::parse(Path::new("sidecar.toml"), text.to_owned()).unwrap()
}

fn with(text: &str, plugins: Plugins) -> Option<Capability> {
    wanted(&manifest(text), plugins, &|_| Vec::new())
}

fn text(manifest: &str) -> String {
    with(manifest, BOTH).unwrap().text
}

#[test]
fn one_capability_grants_what_the_sidecars_ask_for() {
    let manifest = tool(
        "shell = { spawn = true, kill = true, args = ['--port', { validator = '\\d+|x' }, { validator = '^a', raw = true \
         }] }\nhttp = true",
    );
    let found = with(&manifest, BOTH).unwrap();
    assert_eq!(found.identifiers, [("sidecars".to_owned(), vec![])]);
    assert_eq!(found.text, ONE);
}

#[test]
fn sidecars_of_some_systems_get_a_capability_of_their_own() {
    let manifest = r"
        [settings]
        windows = ['main', 'tools']
        [sidecar.z]
        github = 'acme/z'
        shell = { execute = true, args = true }
        targets = ['cfg(unix)']
        [sidecar.b]
        github = 'acme/b'
        shell = { execute = true, stdin-write = true }
        [sidecar.a]
        github = 'acme/a'
        install-as = 'my-a'
        shell = { execute = true }
        [sidecar.w]
        github = 'acme/w'
        http = true
        targets = ['x86_64-pc-windows-msvc']
    ";
    let found = with(manifest, Plugins { shell: true, http: false }).unwrap();
    assert_eq!(
        found.identifiers,
        [
            ("sidecars".to_owned(), vec![]),
            ("sidecars-linux-macos".to_owned(), vec![Platform::Linux, Platform::MacOs])
        ]
    );
    assert_eq!(found.text, SEVERAL);
    let ids = |plugins| with(manifest, plugins).unwrap().identifiers;
    assert_eq!(ids(BOTH)[2], ("sidecars-windows".to_owned(), vec![Platform::Windows]));
    assert_eq!(
        ids(Plugins { shell: false, http: true }),
        [("sidecars-windows".to_owned(), vec![Platform::Windows])]
    );
}

#[test]
fn the_systems_are_those_of_the_manifest() {
    let settings = |targets: &str| format!("[settings]\ntargets = [{targets}]\n{}", tool("http = true"));
    let found = with(&settings("'x86_64-unknown-linux-gnu', 'aarch64-linux-android'"), BOTH).unwrap();
    assert_eq!(found.identifiers, [("sidecars".to_owned(), vec![])]);
    assert!(found.text.contains("\"platforms\": [\"linux\"],"), "{}", found.text);
    assert_eq!(with(&settings("'aarch64-linux-android', 'aarch64-apple-ios'"), BOTH), None);
}

#[test]
fn nothing_to_grant_is_no_file() {
    for keys in ["", "shell = {}", "shell = { args = true }", "http = false"] {
        assert_eq!(with(&tool(keys), BOTH), None, "{keys}");
    }
    let asked = tool("shell = { spawn = true }\nhttp = true");
    assert_eq!(with(&asked, Plugins { shell: false, http: false }), None);
    let found = with(&asked, Plugins { shell: false, http: true }).unwrap().text;
    assert!(found.contains("http:default") && !found.contains("shell"), "{found}");
}

#[test]
fn a_scope_names_every_spelling_of_the_configuration() {
    let spelled = |entry: &str| vec![format!("./{entry}"), entry.to_owned(), format!("./{entry}")];
    let found = wanted(&manifest(&tool("shell = { spawn = true }")), BOTH, &spelled).unwrap().text;
    assert_eq!(found.matches("\"name\": \"./binaries/tool\"").count(), 1, "{found}");
    assert_eq!(found.matches("\"name\": \"binaries/tool\"").count(), 1, "{found}");
}

#[test]
fn spellings_come_from_the_base_and_the_overlays_of_desktops() {
    let file = |name: &str, entry: &str| {
        let text = format!(r#"{{"bundle":{{"externalBin":["other","{entry}"]}}}}"#);
        super::super::ConfigFile::parse(Path::new(name), text).unwrap()
    };
    let configs = Configs {
        base: file("tauri.conf.json", "binaries/tool"),
        overlays: vec![
            (Platform::Linux, file("tauri.linux.conf.json", "./binaries/tool")),
            (Platform::Android, file("tauri.android.conf.json", "binaries//tool")),
        ],
    };
    assert_eq!(spellings(&configs, "binaries/tool"), ["./binaries/tool", "binaries/tool"]);
    assert!(spellings(&configs, "binaries/x").is_empty());
}

#[test]
fn a_file_agrees_whatever_its_white_space() {
    let capability = with(&tool("http = true"), BOTH).unwrap();
    let wanted = Some(&capability);
    let minified = text::dense(&capability.text);
    for same in [&capability.text, &capability.text.replace('\n', "\r\n"), &minified] {
        assert!(agrees(wanted, Some(same)), "{same}");
        assert!(is_ours(same));
    }
    let commented = format!("// mine\n{}", capability.text);
    let other = capability.text.replace("\"main\"", "\"main \"");
    for other in [None, Some("{}"), Some(commented.as_str()), Some(other.as_str())] {
        assert!(!agrees(wanted, other), "{other:?}");
    }
}

#[test]
fn a_file_that_is_not_wanted_may_stay_where_it_grants_nothing() {
    let granting = text(&tool("http = true"));
    assert!(!agrees(None, Some(&granting)));
    assert!(agrees(None, None) && agrees(None, Some("{\"permissions\": [\"x\"]}")));
    let empty = Capability::granting_nothing(["sidecars-linux", "sidecars", "sidecars"]);
    assert_eq!(empty.identifiers, [("sidecars".to_owned(), vec![]), ("sidecars-linux".to_owned(), vec![])]);
    assert!(agrees(None, Some(&empty.text)) && is_ours(&empty.text), "{}", empty.text);
    let half = empty.text.replacen("[]", "[ \"shell:default\" ]", 3);
    assert!(!agrees(None, Some(&half)), "{half}");
}

#[cfg(feature = "resolve")]
#[test]
fn what_no_plugin_gives_is_told() {
    let manifest = manifest(&tool("shell = { spawn = true }\nhttp = true"));
    let told = |shell, http| lacking(&manifest, Plugins { shell, http });
    assert_eq!(
        told(false, true),
        [
            "`shell` of sidecar `tool` has no effect: tauri-plugin-shell is not a dependency (`cargo add tauri-plugin-shell`)"
        ]
    );
    assert_eq!(told(false, false).len(), 2);
    assert!(told(true, true).is_empty());
}

/// The file of [`one_capability_grants_what_the_sidecars_ask_for`].
const ONE: &str = r#"{
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
          "sidecar": true,
          "args": [
            "--port",
            {
              "validator": "(?:\\d+|x)"
            },
            {
              "validator": "^a",
              "raw": true
            }
          ]
        }
      ]
    },
    "shell:allow-kill",
    "http:default",
    {
      "identifier": "http:allow-fetch",
      "allow": [
        {
          "url": "http://127.0.0.1:*"
        },
        {
          "url": "http://localhost:*"
        }
      ]
    }
  ]
}
"#;

/// The file of [`sidecars_of_some_systems_get_a_capability_of_their_own`].
const SEVERAL: &str = r#"{
  "$schema": "../gen/schemas/desktop-schema.json",
  "capabilities": [
    {
      "identifier": "sidecars",
      "description": "Written by `cargo sidecar sync`: what JavaScript may do with sidecars. Change the manifest, not this file.",
      "windows": ["main", "tools"],
      "platforms": ["linux", "macOS", "windows"],
      "permissions": [
        {
          "identifier": "shell:allow-execute",
          "allow": [
            {
              "name": "binaries/my-a",
              "sidecar": true
            },
            {
              "name": "binaries/b",
              "sidecar": true
            }
          ]
        },
        "shell:allow-stdin-write"
      ]
    },
    {
      "identifier": "sidecars-linux-macos",
      "description": "Written by `cargo sidecar sync`: what JavaScript may do with sidecars. Change the manifest, not this file.",
      "windows": ["main", "tools"],
      "platforms": ["linux", "macOS"],
      "permissions": [
        {
          "identifier": "shell:allow-execute",
          "allow": [
            {
              "name": "binaries/z",
              "sidecar": true,
              "args": true
            }
          ]
        }
      ]
    }
  ]
}
"#;
