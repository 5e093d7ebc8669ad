//! Placeholders: where they stand in, that none can ship, and that they are told from programs.

use std::process::Command;

use snapbox::str;

use crate::app::{App, HOST, file_name, names_in};

const CONFIG: &str = r#"{ "bundle": { "externalBin": ["own", "./binaries/tool"] } }"#;

/// An app that is locked and has neither cache nor installed files.
fn locked() -> App {
    let app = App::with_synced_tool();
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    app.write("tauri.conf.json", CONFIG);
    app
}

fn script(app: &App) -> Command {
    let mut script = app.build_script(&HOST);
    script.env("SIDECAR_PLACEHOLDER", "1");
    script
}

/// What the script prints when it succeeds.
fn built(mut script: Command) -> String {
    let output = script.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

fn warnings(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("cargo::warning=")).collect()
}

fn placeholder(app: &App) -> std::path::PathBuf {
    app.path(&format!("../out/placeholders/{}", file_name("tool", &HOST)))
}

#[test]
fn one_stands_in_where_nothing_is_at_hand_and_no_network_is_used() {
    let app = locked();
    let text = built(script(&app));
    assert!(app.server.requests().is_empty());
    assert!(app.binaries().is_empty(), "none may ever be where a bundler looks");
    let warnings = warnings(&text);
    assert!(warnings.len() == 1 && warnings[0].contains("`tool` is a placeholder"), "{text}");
    let binaries = app.path("binaries").canonicalize().unwrap();
    assert!(text.contains(&format!("cargo::rerun-if-changed={}\n", binaries.display())), "{text}");
    assert!(placeholder(&app).is_file());
    if cfg!(unix) {
        let age = std::fs::metadata(binaries).unwrap().modified().unwrap().elapsed().unwrap();
        assert!(
            age > std::time::Duration::from_secs(86_400),
            "a new directory would make cargo run it twice"
        );
    }
}

#[test]
fn tauri_build_finds_it_and_the_macros_see_the_name() {
    let app = locked();
    let text = built(script(&app));
    let seen = text.lines().find_map(|line| line.strip_prefix("TAURI_CONFIG=")).unwrap();
    let config: serde_json::Value = serde_json::from_str(seen).unwrap();
    let entries = config["bundle"]["externalBin"].as_array().unwrap();
    assert_eq!((entries.len(), entries[0].as_str()), (2, Some("own")));
    // as tauri-utils makes a path of an entry
    let suffix = file_name("", &HOST);
    let path = format!("{}{suffix}", entries[1].as_str().unwrap());
    assert!(std::path::Path::new(&path).is_file(), "{path}");
    assert!(!text.contains("cargo::rustc-env=TAURI_CONFIG"), "the configuration names it already: {text}");

    app.write("tauri.conf.json", r#"{ "bundle": {} }"#);
    let text = built(script(&app));
    assert!(
        text.contains(r#"cargo::rustc-env=TAURI_CONFIG={"bundle":{"externalBin":["binaries/tool"]}}"#),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn it_says_what_it_is() {
    let app = locked();
    built(script(&app));
    let done = Command::new(placeholder(&app)).output().unwrap();
    assert_eq!(done.status.code(), Some(97));
    app.compare(
        &String::from_utf8(done.stderr).unwrap(),
        str![[r#"
`tool` 1.2.0 is a placeholder, because the program was not at hand when the app was built.
Run `cargo sidecar sync` with a network, then build the app again.

"#]],
    );
}

#[test]
fn what_is_installed_or_cached_is_installed_as_always() {
    let app = App::with_synced_tool();
    app.write("tauri.conf.json", CONFIG);
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    let text = built(script(&app));
    assert_eq!((warnings(&text).len(), app.binaries().len()), (0, 1), "from the cache");
    app.forget_cache();
    let text = built(script(&app));
    assert_eq!((warnings(&text).len(), app.binaries().len()), (0, 1), "installed already");
    assert!(!placeholder(&app).exists());
}

#[test]
fn a_later_sync_ends_it() {
    let app = locked();
    built(script(&app));
    app.sidecar(["sync", "--locked"]).success();
    let text = built(script(&app));
    assert_eq!(warnings(&text).len(), 0);
    assert!(!text.contains("placeholders"), "{text}");
}

#[test]
fn without_a_lock_and_with_one_that_answers_less_it_stands_in() {
    let app = App::with_tool();
    app.write("tauri.conf.json", CONFIG);
    assert_eq!(warnings(&built(script(&app))).len(), 1);
    assert!(placeholder(&app).is_file());
    let constants = std::fs::read_to_string(app.path("../out/sidecars.rs")).unwrap();
    assert!(constants.contains("pub const VERSION: &str = \"unlocked\";"), "{constants}");

    app.sidecar(["sync"]).success();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"2\"\n");
    assert_eq!(warnings(&built(script(&app))).len(), 1, "the lock is stale");
    assert!(!app.build_script(&HOST).status().unwrap().success(), "without the variable that is an error");
}

#[test]
fn none_stands_in_where_a_build_ships() {
    let app = locked();
    let mut ships = script(&app);
    ships.env("DEP_TAURI_DEV", "false");
    let done = app.run(ships).failure();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("cargo::error=")).collect();
    app.compare(
        &errors.join("\n"),
        str![[r#"
cargo::error=placeholders are not for builds that ship
cargo::error=  variable  SIDECAR_PLACEHOLDER=1
cargo::error=  reason    the Tauri command makes a bundle of this build
cargo::error=help: unset `SIDECAR_PLACEHOLDER`, and run `cargo sidecar sync` once with a network
"#]],
    );
    let mut release = script(&app);
    release.env("PROFILE", "release");
    assert!(!release.status().unwrap().success());
    assert!(!placeholder(&app).exists());
}

#[test]
fn docs_rs_needs_neither_lock_nor_network() {
    let app = App::with_tool();
    app.write("tauri.conf.json", "{ \"bundle\": {} }");
    for profile in ["debug", "release"] {
        let mut script = app.build_script(&HOST);
        script.env("DOCS_RS", "1").env("PROFILE", profile);
        let text = built(script);
        assert_eq!(warnings(&text).len(), 0, "{text}");
        assert!(text.contains("placeholders"), "{text}");
    }
    assert!(placeholder(&app).is_file() && app.binaries().is_empty() && app.server.requests().is_empty());
    app.write("sidecar.lock", "no lock at all");
    let mut script = app.build_script(&HOST);
    script.env("DOCS_RS", "1");
    built(script);
}

#[test]
fn another_system_gets_a_program_for_it() {
    let app = locked();
    let mut script = app.build_script("x86_64-pc-windows-msvc");
    script.env("SIDECAR_PLACEHOLDER", "1");
    built(script);
    let names = names_in(&app.path("../out/placeholders"));
    assert_eq!(names, ["tool-x86_64-pc-windows-msvc.exe"]);
    let bytes = std::fs::read(app.path("../out/placeholders").join(&names[0])).unwrap();
    assert!(bytes.starts_with(b"MZ"));
}
