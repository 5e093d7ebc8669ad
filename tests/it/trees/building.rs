//! A build script that installs a tree, and what it tells Tauri.

use std::process::Command;

use sidecar_tests::{library, program};
use snapbox::str;

use super::{LINUX, LINUX_FILES, MAC, WINDOWS, app, bytes, synced, tree};

#[test]
fn a_build_installs_its_own_target_and_watches_every_file() {
    let app = app();
    app.sidecar(["lock"]).success();
    app.forget_cache();
    app.server.clear_requests();
    for triple in [LINUX, WINDOWS, LINUX] {
        let done = app.run(app.build_script(triple)).success();
        let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
        app.sidecar(["verify", "--target", triple]).success();
        let root = app.path("").canonicalize().unwrap();
        for name in tree(&app).iter().map(|name| format!("llama/{name}")).chain([".llama.files".to_owned()]) {
            let line = format!("cargo::rerun-if-changed={}", root.join("binaries").join(name).display());
            assert!(text.contains(&line), "{line}\n{text}");
        }
    }
    assert_eq!(app.downloads("llama-v1.0.0"), 2, "the third build had both in the cache");
}

#[test]
fn the_constants_lead_to_the_program_among_the_resources() {
    let app = synced();
    app.run(app.build_script(LINUX)).success();
    let text = std::fs::read_to_string(app.path("../out/sidecars.rs")).unwrap();
    app.compare(
        &text,
        str![[r#"
// Written by sidecar-fetch: `include!(concat!(env!("OUT_DIR"), "/sidecars.rs"));`

/// The sidecar `llama`, with the files beside it.
pub mod llama {
    /// In `bundle.resources`.
    pub const CONFIG: &str = "binaries/llama/";
    /// In Rust: `app.path().resolve("binaries/llama/bin/llama", BaseDirectory::Resource)` is the program.
    pub const RUST: &str = "binaries/llama/bin/llama";
    /// `name` in the scope of a capability's shell permission.
    pub const SCOPE: &str = "llama";
    /// The version that is locked.
    pub const VERSION: &str = "1.0.0";
}

"#]],
    );
}

#[test]
fn a_local_build_replaces_the_binary_alone() {
    let app = synced();
    let local = app.path("../local-llama");
    std::fs::write(&local, program(LINUX, "local")).unwrap();
    let mut script = app.build_script(LINUX);
    script.env("SIDECAR_LLAMA_PATH", local.canonicalize().unwrap());
    app.run(script).success();
    assert_eq!(bytes(&app, "bin/llama"), program(LINUX, "local"));
    assert_eq!(bytes(&app, "lib/libggml.so"), library(LINUX, "v1.0.0"));
    app.run(app.build_script(LINUX)).success();
    assert_eq!(bytes(&app, "bin/llama"), program(LINUX, "v1.0.0"));
}

/// What `tauri_build::build()` would see as `bundle.resources`; `None`: what the files say.
fn resources(mut script: Command) -> Option<serde_json::Value> {
    let output = script.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let json = text.lines().find_map(|line| line.strip_prefix("TAURI_CONFIG="))?;
    Some(serde_json::from_str::<serde_json::Value>(json).unwrap()["bundle"]["resources"].clone())
}

#[test]
fn a_build_tells_tauri_about_the_directory() {
    let app = synced();
    app.write("tauri.conf.json", r#"{ "bundle": { "resources": ["own/", "./binaries/llama"] } }"#);
    assert_eq!(resources(app.build_script(LINUX)), None, "it is there, however it is spelled");
    app.write("tauri.conf.json", r#"{ "bundle": { "resources": ["own/"] } }"#);
    assert_eq!(resources(app.build_script(LINUX)), Some(serde_json::json!(["own/", "binaries/llama/"])));
    let mut ships = app.build_script(LINUX);
    ships.env("DEP_TAURI_DEV", "false");
    let failed = app.run(ships).failure();
    assert!(String::from_utf8_lossy(&failed.get_output().stdout).contains("binaries/llama/"));
}

#[test]
fn sync_lists_the_directory_and_remove_takes_it_out() {
    let app = app();
    let before = "{ \"identifier\": \"a.b.c\", \"bundle\": { \"resources\": [\"own/\"] } }\n";
    app.write("tauri.conf.json", before);
    app.sidecar(["sync", "--target", LINUX]).success();
    let text = app.read("tauri.conf.json");
    assert!(text.contains("\"resources\": [\"own/\", \"binaries/llama/\"]"), "{text}");
    assert!(!text.contains("externalBin"), "{text}");
    app.run(app.build_script(LINUX)).success();
    app.sidecar(["remove", "llama"]).success();
    assert_eq!(app.read("tauri.conf.json"), before);
    assert!(app.binaries().is_empty());
}

#[test]
fn a_tree_that_is_not_at_hand_is_left_out_of_the_resources() {
    let app = app();
    app.sidecar(["lock"]).success();
    app.forget_cache();
    app.server.clear_requests();
    app.write("tauri.conf.json", r#"{ "bundle": { "resources": ["own/", "binaries/llama/"] } }"#);
    let script = || {
        let mut script = app.build_script(LINUX);
        script.env("SIDECAR_PLACEHOLDER", "1");
        script
    };
    assert_eq!(resources(script()), Some(serde_json::json!(["own/"])));
    assert!(app.server.requests().is_empty() && app.binaries().is_empty());
    app.sidecar(["sync", "--target", LINUX]).success();
    assert_eq!(resources(script()), None, "it is there now");
    let mut docs = app.build_script(LINUX);
    docs.env("DOCS_RS", "1");
    assert_eq!(resources(docs), Some(serde_json::json!(["own/"])));
}

#[test]
fn a_build_that_has_nothing_to_do_notices_each_of_the_files() {
    let app = synced();
    app.run(app.build_script(LINUX)).success();
    for name in LINUX_FILES {
        std::fs::remove_file(app.path("binaries/llama").join(name)).unwrap();
        app.run(app.build_script(LINUX)).success();
        assert_eq!(tree(&app), LINUX_FILES, "{name}");
    }
    app.sidecar(["sync", "--target", MAC]).success();
    app.run(app.build_script(LINUX)).success();
    app.sidecar(["verify", "--target", LINUX]).success();
}
