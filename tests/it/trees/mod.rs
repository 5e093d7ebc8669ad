//! `layout = "tree"`: a binary and its companions stay together.

mod building;
mod refusals;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sidecar_tests::{ReleaseSpec, library, program, tar_gz, tar_gz_with_links, zip, zip_with_links};
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
    let lock = app.read("sidecar.lock");
    // One with links and a directory of its own, one without either.
    let shapes: Vec<&str> = lock.split("[[asset]]").filter(|part| !part.contains("apple")).collect();
    app.compare(
        &shapes.join("[[asset]]"),
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
fn a_sidecar_that_becomes_a_tree_and_back() {
    let app = synced();
    app.manifest(&MANIFEST.replace("layout", "#").replace("resources", "#"));
    app.sidecar(["sync", "--target", LINUX]).success();
    assert!(app.binaries().contains(&format!("llama-{LINUX}")));
    app.manifest(MANIFEST);
    app.sidecar(["sync", "--target", LINUX]).success();
    app.sidecar(["verify", "--target", LINUX]).success();
}

/// A run that is killed while it fetches leaves no file in the app; the next run completes it.
#[cfg(unix)]
#[test]
fn a_run_that_is_killed_is_completed_by_the_next() {
    let app = app();
    app.sidecar(["lock"]).success();
    app.forget_cache();
    app.server.fault(
        sidecar_tests::Match::asset("llama-v1.0.0-x86_64-unknown-linux-gnu.tar.gz"),
        sidecar_tests::Fault::StallAfter(10),
        1,
    );
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
