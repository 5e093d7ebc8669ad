//! `layout = "tree"`: a binary and its companions stay together.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use sidecar_tests::{
    Fault, Match, ReleaseSpec, library, program, tar_gz, tar_gz_with_links, zip, zip_with_links,
};
use snapbox::str;

use crate::app::{App, HOST, names_in};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-msvc";
const MAC: &str = "aarch64-apple-darwin";

/// The directory of the archives for Linux and macOS.
fn asset_name(tag: &str, triple: &str) -> String {
    format!("llama-{tag}-{triple}.{}", if triple == WINDOWS { "zip" } else { "tar.gz" })
}

/// A release as llama.cpp makes them: programs, libraries of which some are links, and data.
fn archive(tag: &str, triple: &str) -> Vec<u8> {
    let (binary, library) = (program(triple, tag), library(triple, tag));
    let dir = format!("llama-{tag}");
    match triple {
        WINDOWS => zip(&[("llama.exe", &binary), ("ggml.dll", &library), ("data/words.txt", b"words")]),
        MAC => {
            let (bin, lib) = (format!("{dir}/bin/llama"), format!("{dir}/lib/libggml.0.dylib"));
            let link = format!("{dir}/lib/libggml.dylib");
            zip_with_links(&[(&bin, &binary), (&lib, &library)], &[(&link, "libggml.0.dylib")])
        }
        _ => {
            let [bin, lib, text] =
                ["bin/llama", "lib/libggml.so.0.1", "README"].map(|p| format!("{dir}/{p}"));
            let links = ["libggml.so.0", "libggml.so"].map(|name| format!("{dir}/lib/{name}"));
            tar_gz_with_links(
                &[(&bin, &binary), (&lib, &library), (&text, b"read me")],
                &[(&links[0], "libggml.so.0.1"), (&links[1], "libggml.so.0")],
            )
        }
    }
}

fn release(tag: &str) -> ReleaseSpec {
    [LINUX, WINDOWS].iter().fold(
        ReleaseSpec::new(tag).asset(format!("llama-{tag}-{MAC}.zip"), archive(tag, MAC)),
        |spec, triple| spec.asset(asset_name(tag, triple), archive(tag, triple)),
    )
}

const MANIFEST: &str = r#"[settings]
targets = ["aarch64-apple-darwin", "x86_64-pc-windows-msvc", "x86_64-unknown-linux-gnu"]

[sidecar.llama]
github = "acme/llama"
version = "1"
layout = "tree"
resources = ["**/*.so*", "**/*.dll", "**/*.dylib", "data/**/*"]
"#;

/// An app that wants `acme/llama` as a tree, for three targets.
fn app() -> App {
    let app = App::new();
    app.server.release("acme/llama", release("v1.0.0"));
    app.manifest(MANIFEST);
    app
}

fn synced() -> App {
    let app = app();
    app.sidecar(["sync", "--target", LINUX]).success();
    app.server.clear_requests();
    app
}

/// An app that wants one tree for Linux out of this archive.
fn app_of(bytes: Vec<u8>, resources: &str) -> App {
    app_for(LINUX, "llama.tar.gz", bytes, resources)
}

fn app_for(triple: &str, asset: &str, bytes: Vec<u8>, resources: &str) -> App {
    let app = App::new();
    app.server.release("acme/llama", ReleaseSpec::new("v1.0.0").asset(asset, bytes));
    app.manifest(&format!(
        "[settings]\ntargets = [\"{triple}\"]\n[sidecar.llama]\ngithub = \"acme/llama\"\nasset = {{ \"cfg(all())\" = \"{asset}\" }}\n\
         layout = \"tree\"\nresources = {resources}\n"
    ));
    app
}

/// Every file below the tree, relative to it.
fn tree(app: &App) -> Vec<String> {
    fn walk(dir: &Path, prefix: &str, out: &mut Vec<String>) {
        for name in names_in(dir) {
            let path = dir.join(&name);
            assert!(!path.is_symlink(), "a tree has no links");
            if path.is_dir() {
                walk(&path, &format!("{prefix}{name}/"), out);
            } else {
                out.push(format!("{prefix}{name}"));
            }
        }
    }
    let mut out = Vec::new();
    walk(&app.path("binaries/llama"), "", &mut out);
    out
}

fn bytes(app: &App, name: &str) -> Vec<u8> {
    std::fs::read(app.path("binaries/llama").join(name)).unwrap()
}

fn times(app: &App) -> Vec<(PathBuf, SystemTime)> {
    let files = tree(app).into_iter().map(|name| app.path("binaries/llama").join(name));
    let files = files.chain([app.path("binaries/.llama.files"), app.path("sidecar.lock")]);
    files.map(|path| (path.clone(), std::fs::metadata(path).unwrap().modified().unwrap())).collect()
}

fn stdout(done: &snapbox::cmd::OutputAssert) -> String {
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

const LINUX_FILES: [&str; 4] = ["bin/llama", "lib/libggml.so", "lib/libggml.so.0", "lib/libggml.so.0.1"];

#[test]
fn the_tree_of_one_target_is_installed_with_links_as_copies() {
    let app = synced();
    assert_eq!(tree(&app), LINUX_FILES);
    assert_eq!(bytes(&app, "bin/llama"), program(LINUX, "v1.0.0"));
    for name in &LINUX_FILES[1..] {
        assert_eq!(bytes(&app, name), library(LINUX, "v1.0.0"), "{name}");
    }
    assert_eq!(app.binaries(), [".llama.files", "llama"], "no file with a triple");
    app.sidecar(["verify", "--target", LINUX]).success().stdout_eq(str![[r#"
CHECK  STATE  WHAT
lock   ok     sidecar.lock: answers sidecar.toml
cache  ok     3 cached files for x86_64-unknown-linux-gnu
file   ok     llama 1.0.0 for x86_64-unknown-linux-gnu: 4 files, github-digest

"#]]);
}

#[test]
fn a_bundle_holds_the_whole_tree_among_its_resources() {
    let app = synced();
    let put = |place: &str| {
        for name in LINUX_FILES {
            let to = app.path(place).join("binaries/llama").join(name);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, bytes(&app, name)).unwrap();
        }
    };
    let verify = |app: &App| app.sidecar(["verify", "--target", LINUX, "--bundle", "out"]);
    std::fs::create_dir_all(app.path("out")).unwrap();
    let text = stdout(&verify(&app).failure());
    assert!(text.contains("there is no `binaries/llama/lib/libggml.so` among the resources"), "{text}");
    put("out/usr/lib/My App");
    verify(&app).success();
    std::fs::write(app.path("out/usr/lib/My App/binaries/llama/lib/libggml.so.0"), "other").unwrap();
    let text = stdout(&verify(&app).failure());
    assert!(text.contains("differs") && text.contains("libggml.so.0"), "{text}");
}

#[test]
fn the_lock_has_a_line_for_each_companion() {
    let app = app();
    app.sidecar(["lock"]).success();
    app.compare(
        &app.read("sidecar.lock"),
        str![[r##"
# Written by `cargo sidecar lock`. Commit it; do not edit it.
version = 1

[[sidecar]]
name = "llama"
request.github = "acme/llama"
request.layout = "tree"
request.resources = "**/*.so* | **/*.dll | **/*.dylib | data/**/*"
request.version = "^1"
tag = "v1.0.0"
version = "1.0.0"
published = "2026-01-01T00:00:00Z"

[[asset]]
sidecar = "llama"
target = "aarch64-apple-darwin"
name = "llama-v1.0.0-aarch64-apple-darwin.zip"
url = "[SERVER]/acme/llama/releases/download/v1.0.0/llama-v1.0.0-aarch64-apple-darwin.zip"
size = 509
sha256 = "845fb4b643a8d5ff40a4e7d0f61d124fe070a838b7fde604fffdb077a5027b9f"
provenance = "github-digest"
root = "llama-v1.0.0"
member = "llama-v1.0.0/bin/llama"
binary-size = 62
binary-sha256 = "ae9bf4dd6885c942ef0c4c723164054f370e3fa039f248d6ff62c9cddb7c3338"

[asset.companions]
"lib/libggml.0.dylib" = "3d6ddbbc06e4948229c5e0f889998af32f22bd7f4515bf992a90d8b9120b646c 62 executable"
"lib/libggml.dylib" = "3d6ddbbc06e4948229c5e0f889998af32f22bd7f4515bf992a90d8b9120b646c 62 executable link"

[[asset]]
sidecar = "llama"
target = "x86_64-pc-windows-msvc"
name = "llama-v1.0.0-x86_64-pc-windows-msvc.zip"
url = "[SERVER]/acme/llama/releases/download/v1.0.0/llama-v1.0.0-x86_64-pc-windows-msvc.zip"
size = 447
sha256 = "5823e34df39dc245e4dd0b1cc893902bc775c48739c2734257ac6ef915135abc"
provenance = "github-digest"
member = "llama.exe"
binary-size = 334
binary-sha256 = "4c49cd09b53b499a4349188a74ab3d75ca527e12e05ddbd7e10198155d494ecb"

[asset.companions]
"data/words.txt" = "dba36bffa5cab0f922d087a3aeb179f9d4e745df40b323e1b1471402848c8a3e 5"
"ggml.dll" = "444f54a046a2708ea4aa03d7fc9123c40ca226500eb66f437f4e2f9bf1807542 334 executable"

[[asset]]
sidecar = "llama"
target = "x86_64-unknown-linux-gnu"
name = "llama-v1.0.0-x86_64-unknown-linux-gnu.tar.gz"
url = "[SERVER]/acme/llama/releases/download/v1.0.0/llama-v1.0.0-x86_64-unknown-linux-gnu.tar.gz"
size = 339
sha256 = "5756b10c518ad6652b07531b80b44826d56451fe88a0345d35ce4d997f884c48"
provenance = "github-digest"
root = "llama-v1.0.0"
member = "llama-v1.0.0/bin/llama"
binary-size = 126
binary-sha256 = "6abe1efeeb2e2fbbf6dfa27424de000aa42c7347567c95d9fa9dc11e253e7b14"

[asset.companions]
"lib/libggml.so" = "8664d83240cbcef5ac2755c0a58159fab2e51dff671b18ee8129af804a603bc5 126 executable link"
"lib/libggml.so.0" = "8664d83240cbcef5ac2755c0a58159fab2e51dff671b18ee8129af804a603bc5 126 executable link"
"lib/libggml.so.0.1" = "8664d83240cbcef5ac2755c0a58159fab2e51dff671b18ee8129af804a603bc5 126 executable"

"##]],
    );
}

#[test]
fn a_second_run_changes_nothing() {
    let app = synced();
    let before = times(&app);
    app.sidecar(["sync", "--target", LINUX]).success().stderr_eq(str![[r#"
    Finished 1 file is up to date; nothing was changed

"#]]);
    assert!(app.server.requests().is_empty());
    app.run(app.build_script(LINUX)).success();
    assert_eq!(times(&app), before);
}

#[test]
fn each_target_has_the_shape_of_its_archive() {
    let app = app();
    app.sidecar(["sync", "--target", WINDOWS]).success();
    assert_eq!(tree(&app), ["data/words.txt", "ggml.dll", "llama.exe"]);
    app.sidecar(["sync", "--target", MAC]).success();
    assert_eq!(tree(&app), ["bin/llama", "lib/libggml.0.dylib", "lib/libggml.dylib"]);
    assert_eq!(bytes(&app, "lib/libggml.dylib"), library(MAC, "v1.0.0"));
    app.sidecar(["verify", "--target", MAC]).success();
    app.sidecar(["verify", "--target", LINUX]).code(1);
}

#[cfg(unix)]
#[test]
fn programs_and_libraries_are_executable_and_data_is_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |app: &App, name: &str| {
        std::fs::metadata(app.path("binaries/llama").join(name)).unwrap().permissions().mode() & 0o777
    };
    let app = app();
    // Neither of these archives marks anything as executable.
    app.sidecar(["sync", "--target", WINDOWS]).success();
    assert_eq!(
        ["llama.exe", "ggml.dll", "data/words.txt"].map(|name| mode(&app, name)),
        [0o755, 0o755, 0o644]
    );
    app.sidecar(["sync", "--target", MAC]).success();
    assert_eq!(["bin/llama", "lib/libggml.dylib"].map(|name| mode(&app, name)), [0o755; 2]);
}

#[test]
fn all_targets_are_cached_and_the_hosts_is_installed() {
    let app = app();
    app.sidecar(["sync", "--all-targets"]).success();
    let installed = [LINUX, MAC, WINDOWS].into_iter().find(|triple| *triple == *HOST);
    app.sidecar(["verify", "--target", installed.unwrap_or(MAC)]).success();
    app.sidecar(["verify", "--all-targets"]).success();
    app.server.clear_requests();
    for triple in [MAC, WINDOWS, LINUX] {
        app.sidecar(["sync", "--target", triple, "--offline"]).success();
        app.sidecar(["verify", "--target", triple]).success();
    }
    app.sidecar(["sync", "--target", WINDOWS, "--target", MAC, "--offline"]).success();
    app.sidecar(["verify", "--target", WINDOWS]).success();
}

#[test]
fn what_is_only_cached_is_said() {
    let app = app();
    app.sidecar(["lock"]).success();
    app.forget_cache();
    let mut command = app.command(["sync", "--target", LINUX, "--target", WINDOWS]);
    command.env("TAURI_ENV_TARGET_TRIPLE", WINDOWS);
    app.run(command).success().stderr_eq(str![[r#"
      Cached llama 1.0.0 for x86_64-unknown-linux-gnu (504 B)
   Installed llama 1.0.0 for x86_64-pc-windows-msvc (673 B)
    Finished 2 files, 1 installed, 1 up to date

"#]]);
    assert!(tree(&app).contains(&"llama.exe".to_owned()), "the hook's target");
}

#[test]
fn a_universal_app_is_warned() {
    let app = App::new();
    let intel = "x86_64-apple-darwin";
    let spec = [MAC, intel].iter().fold(ReleaseSpec::new("v1.0.0"), |spec, triple| {
        let files: [(&str, &[u8]); 2] =
            [("llama", &program(triple, "x")), ("libggml.dylib", &library(triple, "x"))];
        spec.asset(format!("llama-{triple}.tar.gz"), tar_gz(&files))
    });
    app.server.release("acme/llama", spec);
    app.manifest(&MANIFEST.replace(WINDOWS, intel).replace(&format!(", \"{LINUX}\""), ""));
    let mut command = app.command(["sync"]);
    command.env("TAURI_ENV_TARGET_TRIPLE", "universal-apple-darwin");
    app.run(command).success().stderr_eq(str![[r#"
warning: sidecar `llama` is a tree, which holds the files of one target: the universal app gets those for aarch64-apple-darwin
   Installed llama 1.0.0 for aarch64-apple-darwin (114 B)
    Finished 2 files, 1 installed, 1 up to date

"#]]);
}

#[test]
fn an_update_removes_old_companions() {
    let app = synced();
    let (bin, lib) = (program(LINUX, "v1.1.0"), library(LINUX, "v1.1.0"));
    let files: [(&str, &[u8]); 2] = [("new/bin/llama", &bin), ("new/lib/libggml.so.1", &lib)];
    let spec = release("v1.1.0").asset("llama-new.tar.gz", tar_gz(&files));
    app.server.release("acme/llama", spec);
    app.manifest(&format!("{MANIFEST}asset = {{ \"{LINUX}\" = \"llama-new.tar.gz\" }}\n"));
    app.sidecar(["update"]).success();
    app.sidecar(["verify", "--target", LINUX]).code(1);
    app.sidecar(["sync", "--target", LINUX]).success();
    assert_eq!(tree(&app), ["bin/llama", "lib/libggml.so.1"]);
    app.sidecar(["verify", "--target", LINUX]).success();
}

#[test]
fn a_change_of_the_patterns_makes_the_lock_stale() {
    let app = synced();
    app.manifest(&MANIFEST.replace("\"data/**/*\"", "\"**/*.txt\""));
    app.fails("lock-stale", ["sync", "--locked"]).stderr_eq(str![[r#"
error: the lock does not answer the manifest for sidecar `llama`
  key       resources
  manifest  "**/*.so* | **/*.dll | **/*.dylib | **/*.txt"
  lock      "**/*.so* | **/*.dll | **/*.dylib | data/**/*" ([ROOT]/app/sidecar.lock)
help: run `cargo sidecar lock` and commit the file that it writes

"#]]);
    app.manifest(&MANIFEST.replace("\"data/**/*\"]", "\"**/README\"]"));
    app.sidecar(["sync", "--target", LINUX]).success();
    assert!(tree(&app).contains(&"README".to_owned()));
}

#[test]
fn verify_finds_what_was_changed_removed_or_added() {
    let app = synced();
    let says = |part: &str| {
        let done = app.sidecar(["verify", "--target", LINUX]).code(1);
        let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
        assert!(text.contains(part), "{part}: {text}");
    };
    let lib = app.path("binaries/llama/lib/libggml.so.0.1");
    std::fs::write(&lib, "x").unwrap();
    says("differs");
    std::fs::remove_file(&lib).unwrap();
    says("missing");
    app.sidecar(["sync", "--target", LINUX, "--offline", "--locked"]).success();
    app.sidecar(["verify", "--target", LINUX]).success();
    std::fs::write(app.path("binaries/llama/lib/extra.so"), "x").unwrap();
    says("`lib/extra.so` does not belong to it");
}

#[test]
fn files_of_somebody_else_are_never_bundled_nor_removed() {
    let app = app();
    app.sidecar(["lock"]).success();
    app.write("binaries/llama/notes.txt", "mine");
    app.fails("io", ["sync", "--target", LINUX]).stderr_eq(str![[r#"
error: sidecar `llama` 1.0.0: `[ROOT]/app/binaries/llama` holds files that are not the sidecar's
  files   notes.txt
  reason  everything in that directory is bundled with the app, and none of these was verified
help: move them elsewhere, or give the sidecar another `install-as`; then run the command again

"#]]);
    let failed = app.run(app.build_script(LINUX)).failure();
    assert!(String::from_utf8_lossy(&failed.get_output().stdout).contains("notes.txt"));
    assert_eq!(tree(&app), ["notes.txt"]);
}

#[test]
fn remove_takes_the_whole_tree() {
    let app = synced();
    app.sidecar(["remove", "llama"]).success();
    assert_eq!(app.binaries(), [""; 0]);
    assert!(!app.read("sidecar.lock").contains("llama"));
}

#[test]
fn add_writes_the_two_keys() {
    let app = App::new();
    app.server.release("acme/llama", release("v1.0.0"));
    app.manifest("[settings]\ntargets = [\"x86_64-unknown-linux-gnu\"]\n");
    app.sidecar(["add", "acme/llama", "--resources", "**/*.so*", "--resources", "**/README"]).success();
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[settings]
targets = ["x86_64-unknown-linux-gnu"]

[sidecar.llama]
github = "acme/llama"
version = "1.0.0"
layout = "tree"
resources = ["**/*.so*", "**/README"]

"#]],
    );
    app.sidecar(["sync", "--target", LINUX]).success();
    assert_eq!(tree(&app).len(), 5);
    app.sidecar(["list"]).success().stdout_eq(str![[r#"
NAME   LOCKED  TARGETS  FEATURES  SOURCE
llama  1.0.0   1/1                acme/llama

"#]]);
}

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

#[test]
fn a_sidecar_that_becomes_a_tree_and_back() {
    let app = synced();
    app.manifest(&MANIFEST.replace("layout", "#").replace("resources", "#"));
    app.sidecar(["sync", "--target", LINUX]).success();
    assert!(app.binaries().contains(&format!("llama-{LINUX}")));
    app.manifest(MANIFEST);
    app.sidecar(["sync", "--target", LINUX]).success();
    app.sidecar(["verify", "--target", LINUX]).success();
}

#[test]
fn a_companion_that_does_not_match_the_lock_is_not_installed() {
    let app = synced();
    let lock = app.read("sidecar.lock");
    let line = lock.lines().find(|line| line.starts_with("\"lib/libggml.so.0.1\"")).unwrap();
    let other = line.replacen(&line[24..34], "0123456789", 1);
    let text = lock.replace(line, &other).replace(&line[24..88], &other[24..88]);
    app.write("sidecar.lock", &text);
    app.fails("checksum-mismatch", ["sync", "--target", LINUX]).stderr_eq(str![[r#"
error: sidecar `llama` 1.0.0: `llama-v1.0.0/lib/libggml.so.0.1` in `llama-v1.0.0-x86_64-unknown-linux-gnu.tar.gz` does not match the lock
  expected  sha256 0123456789cbcef5ac2755c0a58159fab2e51dff671b18ee8129af804a603bc5 (126 bytes)
  received  sha256 8664d83240cbcef5ac2755c0a58159fab2e51dff671b18ee8129af804a603bc5 (126 bytes; nothing was installed)
help: the asset itself is right, so the lock was changed by hand or by a merge; run `cargo sidecar update`

"#]]);
    app.sidecar(["verify", "--target", LINUX]).code(1);
    assert_eq!(tree(&app), LINUX_FILES, "what was right before stays");
}

#[test]
fn javascript_cannot_start_a_tree_yet() {
    let app = app();
    app.manifest(&format!("{MANIFEST}shell = {{ execute = true }}\n"));
    app.fails("unsupported", ["lock"]).stderr_eq(str![[r#"
error: `shell` of a tree is not supported by this version
  at      [ROOT]/app/sidecar.toml:9:9
  reason  the program lies among the app's resources, elsewhere for each target
help: start it in Rust: `sidecars.rs` in OUT_DIR has its path below the resource directory as `RUST`

"#]]);
    app.manifest(&format!("{MANIFEST}http = true\n"));
    app.sidecar(["lock"]).success();
}

#[test]
fn nothing_matches() {
    let app = app_of(archive("v1.0.0", LINUX), "[\"**/*.dll\", \"{name}/*.so\"]");
    app.fails("member-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `llama` 1.0.0: no member of the archive matches `resources`
  resources  **/*.dll, llama/*.so
  members    llama-v1.0.0/bin/llama, llama-v1.0.0/lib/libggml.so.0.1, llama-v1.0.0/README
  asset      llama.tar.gz
help: change the patterns, or leave the target out with `targets = […]`

"#]]);
}

#[test]
fn a_single_file_is_no_tree() {
    app_for(LINUX, "llama-linux-x86_64", program(LINUX, "x"), "[\"*\"]")
        .fails("member-not-found", ["lock"])
        .stderr_eq(str![[r#"
error: sidecar `llama` 1.0.0: the asset is one file, and a tree needs companions
  asset  llama-linux-x86_64
help: leave out `layout` and `resources`, or name an archive with `asset = { "<triple>" = "…" }`

"#]]);
}

#[test]
fn a_library_for_another_processor() {
    let (bin, lib) = (program(LINUX, "x"), library("aarch64-unknown-linux-gnu", "x"));
    app_of(tar_gz(&[("llama", &bin), ("libggml.so", &lib)]), "[\"*.so\"]")
        .fails("wrong-target", ["lock"])
        .stderr_eq(str![[r#"
error: sidecar `llama` 1.0.0: a companion is not for `x86_64-unknown-linux-gnu`
  file      [ROOT]/cache/v1/blobs/06/06ecf9b50b0e35ddd81db360f05386c7bc0742784db09c4d74a66189e35c61f5
  expected  x86_64
  found     an ELF library (aarch64)
  reason    it is for another architecture
  asset     llama.tar.gz
  member    libggml.so
help: write patterns that leave it out of `resources`

"#]]);
}

#[test]
fn hostile_companions_are_refused() {
    let (bin, lib) = (program(LINUX, "x"), library(LINUX, "x"));
    let linked = |to: &str| tar_gz_with_links(&[("d/llama", &bin)], &[("d/x.so", to)]);
    for (bytes, part) in [
        (tar_gz(&[("d/llama", &bin), ("../x.so", &lib)]), "leaves the archive"),
        (tar_gz(&[("d/llama", &bin), ("/x.so", &lib)]), "absolute"),
        (tar_gz(&[("d/llama", &bin), ("d/x.so", &lib), ("d/x.so", b"two")]), "more than once"),
        (tar_gz(&[("d/llama", &bin), ("d/x.so", &lib), ("d/x.so/y.so", &lib)]), "together with"),
        (linked("/etc/passwd"), "leads out of the archive"),
        (linked("../../etc/passwd"), "leads out of the archive"),
        (linked("x.so"), "leads to itself"),
    ] {
        let app = app_of(bytes, "[\"**/*.so\"]");
        let failed = app.fails("archive-unsafe", ["sync", "--target", LINUX]);
        let text = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
        assert!(text.contains(part), "{part}: {text}");
        assert!(!app.path("binaries").exists() && !app.path("sidecar.lock").exists());
    }
}

#[test]
fn case_does_not_tell_files_apart_on_windows_and_macos() {
    for (triple, expected) in [(WINDOWS, false), (MAC, false), (LINUX, true)] {
        let (bin, lib) = (program(triple, "x"), library(triple, "x"));
        let name = if triple == WINDOWS { "llama.exe" } else { "llama" };
        let files: [(&str, &[u8]); 3] = [(name, &bin), ("lib/x.bin", &lib), ("lib/X.bin", b"two")];
        let app = app_for(triple, "llama.tar.gz", tar_gz(&files), "[\"lib/*\"]");
        if expected {
            app.sidecar(["lock"]).success();
        } else {
            app.fails("archive-unsafe", ["lock"]);
        }
    }
}

#[test]
fn more_companions_than_a_tree_may_have() {
    let bin = program(LINUX, "x");
    let names: Vec<String> = (0..=10_000).map(|n| format!("d/{n}.so")).collect();
    let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    files.push(("d/llama", &bin));
    app_of(tar_gz(&files), "[\"**/*.so\"]").fails("archive-too-large", ["lock"]).stderr_eq(str![[r#"
error: sidecar `llama` 1.0.0: the archive expands beyond the limit
  cause  `resources` takes 10001 members; a tree has at most 10000
  asset  llama.tar.gz
help: write narrower patterns

"#]]);
}

#[test]
fn a_thousand_companions_fit_into_few_open_files() {
    let bin = program(LINUX, "x");
    let names: Vec<String> = (0..1500).map(|n| format!("d/{n}.txt")).collect();
    let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    files.push(("d/llama", &bin));
    let app = app_of(tar_gz(&files), "[\"**/*.txt\"]");
    app.sidecar(["sync", "--target", LINUX]).success();
    assert_eq!(tree(&app).len(), 1501);
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    app.run(app.build_script(LINUX)).success();
    assert_eq!(tree(&app).len(), 1501);
}

/// A run that is killed while it fetches leaves no file in the app; the next run completes it.
#[cfg(unix)]
#[test]
fn a_run_that_is_killed_is_completed_by_the_next() {
    let app = app();
    app.sidecar(["lock"]).success();
    app.forget_cache();
    app.server.fault(Match::asset("llama-v1.0.0-x86_64-unknown-linux-gnu.tar.gz"), Fault::StallAfter(10), 1);
    let mut running = app.command(["sync", "--target", LINUX]).spawn().unwrap();
    while app.downloads("llama-v1.0.0") == 0 {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it asked");
        std::thread::yield_now();
    }
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(tree(&app), [""; 0]);
    app.sidecar(["sync", "--target", LINUX]).success();
    app.sidecar(["verify", "--target", LINUX]).success();
}

/// Killed between two of its files: some are of the new version, some of the old.
#[test]
fn a_tree_of_two_versions_is_mended() {
    let app = synced();
    let old = library(LINUX, "v1.0.0");
    app.server.release("acme/llama", release("v1.1.0"));
    app.sidecar(["update"]).success();
    app.sidecar(["sync", "--target", LINUX]).success();
    std::fs::write(app.path("binaries/llama/lib/libggml.so"), &old).unwrap();
    std::fs::remove_file(app.path("binaries/llama/bin/llama")).unwrap();
    app.run(app.build_script(LINUX)).success();
    app.sidecar(["verify", "--target", LINUX]).success();
    assert_eq!(tree(&app), LINUX_FILES);
}
