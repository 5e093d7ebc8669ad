//! `--no-download`: a lock by what is published alone, and what builds, `sync`, `verify` and a later `lock` make of it.

use std::path::PathBuf;
use std::process::Command;

use sidecar_tests::{ReleaseSpec, program, tar_gz};
use snapbox::str;

use crate::app::{App, DESKTOP, HOST, archive, asset_name, names_in};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-msvc";

/// An app that is locked without a download.
fn app() -> App {
    let app = App::with_tool();
    app.sidecar(["lock", "--no-download"]).success();
    app
}

/// An app with one archive for Linux, locked without a download.
fn app_of(archive: Vec<u8>) -> App {
    let app = App::new();
    app.server.release("acme/tool", ReleaseSpec::new("v1.2.0").asset("tool-linux-x64.tar.gz", archive));
    app.manifest(&format!("[settings]\ntargets = [\"{LINUX}\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\n"));
    app.sidecar(["lock", "--no-download"]).success();
    app
}

/// How many assets were asked for.
fn downloads(app: &App) -> usize {
    app.server.requests().iter().filter(|seen| seen.path.starts_with("/objects/")).count()
}

fn stdout(app: &App, command: Command) -> String {
    String::from_utf8(app.run(command).get_output().stdout.clone()).unwrap()
}

/// Every file of a kind in the cache.
fn cached(app: &App, kind: &str) -> Vec<PathBuf> {
    let root = app.cache().join("v1").join(kind);
    let shards = names_in(&root).into_iter().map(|shard| root.join(shard));
    shards.flat_map(|shard| names_in(&shard).into_iter().map(move |name| shard.join(name))).collect()
}

/// The SHA-256 of an asset, as the release server states it.
fn digest_of(bytes: &[u8]) -> String {
    let app = app_of(bytes.to_vec());
    let lock = app.read("sidecar.lock");
    let line = lock.lines().find_map(|line| line.strip_prefix("sha256 = \"")).unwrap();
    line[..64].to_owned()
}

/// The lines that begin with a word.
fn lines(text: &str, word: &str) -> String {
    text.split_inclusive('\n').filter(|line| line.starts_with(word)).collect()
}

/// What a build script says is wrong.
fn errors(app: &App, command: Command) -> String {
    lines(&stdout(app, command), "cargo::error=")
}

#[test]
fn the_lock_has_what_is_published_and_nothing_was_downloaded() {
    let app = App::with_tool();
    app.sidecar(["lock", "--no-download"]).success().stderr_eq(str![[r#"
     Locking tool 1.2.0

"#]]);
    assert_eq!(downloads(&app), 0);
    let lock = app.read("sidecar.lock");
    let sizes = lock.lines().filter(|line| line.starts_with("size = ")).count();
    assert_eq!((sizes, lock.matches("provenance = \"github-digest\"").count()), (6, 6), "{lock}");
    for key in ["member", "binary-size", "binary-sha256", "glibc"] {
        assert!(!lock.contains(&format!("\n{key} = ")), "{key}: {lock}");
    }
    // It answers the manifest, needs no network, and is not written again.
    app.sidecar(["lock", "--no-download", "--offline"]).success();
    app.sidecar(["lock", "--locked", "--offline"]).success();
    app.sidecar(["lock", "--offline"]).success();
    assert_eq!(app.read("sidecar.lock"), lock);
}

#[test]
fn add_takes_it_too() {
    let app = App::with_tool();
    app.manifest("");
    app.sidecar(["add", "acme/tool", "--no-download"]).success();
    assert_eq!(downloads(&app), 0);
    assert!(!app.read("sidecar.lock").contains("binary-sha256"));
    assert!(app.read("sidecar.toml").contains("acme/tool"));
}

#[test]
fn a_checksum_file_is_a_proof_as_well() {
    let app = App::new();
    let bytes = archive("v1", LINUX);
    let sums = format!("{}  tool-linux-x64.tar.gz\n", digest_of(&bytes));
    let spec = ReleaseSpec::new("v1.0.0").asset_without_digest("tool-linux-x64.tar.gz", bytes);
    app.server.release("acme/tool", spec.asset("SHA256SUMS", sums.into_bytes()));
    app.manifest(&format!("[settings]\ntargets = [\"{LINUX}\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\n"));
    app.sidecar(["lock", "--no-download"]).success();
    assert_eq!(app.downloads("tool-linux-x64"), 0);
    assert!(app.read("sidecar.lock").contains("provenance = \"SHA256SUMS\""), "{}", app.read("sidecar.lock"));
    app.sidecar(["sync", "--target", LINUX]).success();
    assert_eq!(std::fs::read(app.path(&format!("binaries/tool-{LINUX}"))).unwrap(), program(LINUX, "v1"));
}

#[test]
fn an_asset_that_nobody_vouches_for_is_refused() {
    let app = App::new();
    let spec = ReleaseSpec::new("v1.0.0");
    app.server.release("acme/tool", spec.asset_without_digest("tool-linux-x64.tar.gz", archive("v1", LINUX)));
    app.manifest(&format!("[settings]\ntargets = [\"{LINUX}\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\n"));
    app.fails("no-proof", ["lock", "--no-download"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.0.0: nothing vouches for `tool-linux-x64.tar.gz`
  url     [SERVER]/acme/tool/releases/download/v1.0.0/tool-linux-x64.tar.gz
  target  x86_64-unknown-linux-gnu
  reason  its size and a SHA-256 of it must be published: by the API, or in a checksum file
help: run it without `--no-download`: the asset is then downloaded, and hashed, once

"#]]);
    app.sidecar(["lock"]).success();
}

#[test]
fn a_tree_needs_its_archive() {
    let app = App::with_tool();
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\nlayout = \"tree\"\nresources = [\"**/README.md\"]\n",
    );
    app.fails("unsupported", ["lock", "--no-download"]).stderr_eq(str![[r#"
error: sidecar `tool`: `layout = "tree"` cannot be locked without a download
  at      [ROOT]/app/sidecar.toml:1:10
  reason  which files a tree has, only its archive tells
help: run it without `--no-download`

"#]]);
}

#[test]
fn a_build_looks_inside_once() {
    let app = app();
    app.server.clear_requests();
    app.run(app.build_script(LINUX)).success();
    assert_eq!(app.downloads(&asset_name("v1.2.0", LINUX)), 1);
    assert_eq!(downloads(&app), 1, "one target, one download");
    let installed = app.path(&format!("binaries/tool-{LINUX}"));
    assert_eq!(std::fs::read(&installed).unwrap(), program(LINUX, "v1.2.0"));
    // Nothing is left to do: not even the cache is needed.
    app.forget_cache();
    assert!(!app.run(app.build_script(LINUX)).success().get_output().stdout.is_empty());
    assert!(!app.cache().exists());
}

#[test]
fn a_warm_cache_serves_builds_without_a_network() {
    let app = app();
    app.run(app.build_script(LINUX)).success();
    let installed = app.path(&format!("binaries/tool-{LINUX}"));
    let offline = |out: &str| {
        let mut build = app.build_script(LINUX);
        std::fs::create_dir_all(app.path(out)).unwrap();
        build.env("SIDECAR_OFFLINE", "1").env("OUT_DIR", app.path(out));
        build
    };
    // Another OUT_DIR knows nothing; the file is installed from the asset again.
    std::fs::remove_file(&installed).unwrap();
    app.run(offline("target/out2")).success();
    assert_eq!(std::fs::read(&installed).unwrap(), program(LINUX, "v1.2.0"));
    // What is remembered tells that the installed file is right, also where the asset was pruned.
    let wanted = digest_of(&archive("v1.2.0", LINUX));
    let asset = cached(&app, "blobs").into_iter().find(|path| path.ends_with(&wanted)).unwrap();
    std::fs::remove_file(asset).unwrap();
    app.run(offline("target/out3")).success();
    // What is to be installed anew comes out of the asset, and nowhere else.
    std::fs::remove_file(&installed).unwrap();
    let text = stdout(&app, offline("target/out4"));
    assert!(text.contains("is not in the cache, and the network is off"), "{text}");
}

#[test]
fn a_memory_that_was_tampered_with_installs_nothing() {
    let app = app();
    app.run(app.build_script(LINUX)).success();
    let installed = app.path(&format!("binaries/tool-{LINUX}"));
    let evil = program(LINUX, "evil");
    let name = digest_of(&evil);
    std::fs::create_dir_all(app.cache().join("v1/blobs").join(&name[..2])).unwrap();
    std::fs::write(app.cache().join("v1/blobs").join(&name[..2]).join(&name), &evil).unwrap();
    let memories = cached(&app, "seen");
    assert_eq!(memories.len(), 1, "{memories:?}");
    std::fs::write(&memories[0], format!("sidecar-fetch saw 1\n{name} {}\ntool\n", evil.len())).unwrap();
    std::fs::remove_file(&installed).unwrap();
    app.run(app.build_script(LINUX)).success();
    assert_eq!(std::fs::read(&installed).unwrap(), program(LINUX, "v1.2.0"));
    assert!(!std::fs::read_to_string(&memories[0]).unwrap().contains(&name), "it is put right");
    // Noise is no memory.
    std::fs::write(&memories[0], "\0").unwrap();
    app.sidecar(["sync", "--target", LINUX]).success();
    assert!(std::fs::read_to_string(&memories[0]).unwrap().starts_with("sidecar-fetch saw 1\n"));
}

#[test]
fn sync_installs_every_target_and_then_nothing() {
    let app = app();
    let lock = app.read("sidecar.lock");
    app.sidecar(["sync", "--all-targets"]).success();
    assert_eq!(app.binaries().len(), DESKTOP.len());
    app.server.clear_requests();
    app.sidecar(["sync", "--all-targets"]).success().stderr_eq(str![[r#"
    Finished 6 files are up to date; nothing was changed

"#]]);
    assert_eq!(downloads(&app), 0);
    assert_eq!(app.read("sidecar.lock"), lock, "`sync` looks inside, and leaves the lock alone");
    app.sidecar(["remove", "tool"]).success();
    assert!(app.binaries().is_empty(), "{:?}", app.binaries());
}

#[test]
fn a_plain_lock_fills_in_what_it_sees() {
    let app = app();
    let before = app.read("sidecar.lock");
    app.server.clear_requests();
    app.sidecar(["lock"]).success().stderr_eq(str![[r#"
     Locking tool 1.2.0 anew

"#]]);
    let api = app.server.requests().iter().filter(|seen| seen.path.contains("/repos/")).count();
    assert_eq!((api, downloads(&app)), (0, 6), "the lock says where the assets are");
    let full = App::with_tool();
    full.sidecar(["lock"]).success();
    let same_server = |text: String, app: &App| text.replace(app.server.url(), "");
    assert_eq!(same_server(app.read("sidecar.lock"), &app), same_server(full.read("sidecar.lock"), &full));
    // Nothing that was seen is lost again, whatever is locked without a download afterwards.
    let after = app.read("sidecar.lock");
    assert_ne!(before, after);
    app.sidecar(["lock", "--no-download"]).success();
    assert_eq!(app.read("sidecar.lock"), after);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.2\"\n");
    app.sidecar(["lock", "--no-download"]).success();
    assert!(!app.read("sidecar.lock").contains("binary-sha256"), "another request is another question");
}

#[test]
fn what_is_cached_completes_a_lock_without_a_network() {
    let app = app_of(archive("v1", LINUX));
    app.sidecar(["sync", "--target", LINUX]).success();
    app.server.clear_requests();
    app.sidecar(["lock", "--offline"]).success();
    assert!(app.server.requests().is_empty());
    let lock = app.read("sidecar.lock");
    assert!(
        lock.contains(&format!("member = \"tool-v1-{LINUX}/tool\"\n")) && lock.contains("binary-sha256"),
        "{lock}"
    );
    app.sidecar(["sync", "--target", LINUX, "--locked", "--offline"]).success();
    app.sidecar(["verify", "--target", LINUX]).success();
}

#[test]
fn two_sidecars_of_one_archive_are_both_found() {
    let [one, two] = ["one", "two"].map(|name| program(LINUX, name));
    let app = app_of(tar_gz(&[("one", &one), ("two", &two)]));
    app.manifest(&format!(
        "[settings]\ntargets = [\"{LINUX}\"]\n\n[sidecar.one]\ngithub = \"acme/tool\"\nbin = \"one\"\n\n[sidecar.two]\ngithub = \
         \"acme/tool\"\nbin = \"t*{{exe}}\"\n"
    ));
    app.sidecar(["lock", "--no-download"]).success();
    app.run(app.build_script(LINUX)).success();
    assert_eq!(std::fs::read(app.path(&format!("binaries/one-{LINUX}"))).unwrap(), one);
    assert_eq!(std::fs::read(app.path(&format!("binaries/two-{LINUX}"))).unwrap(), two);
    assert_eq!(downloads(&app), 1);
}

#[test]
fn a_lock_that_cannot_be_completed_stays() {
    let app = app();
    let lock = app.read("sidecar.lock");
    app.server.fault(sidecar_tests::Match::path("/objects/"), sidecar_tests::Fault::status(503), 1000);
    let done = app.sidecar(["lock"]).success();
    let text = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    assert!(text.contains("what is in the asset of sidecar `tool` stays unknown"), "{text}");
    assert_eq!(app.read("sidecar.lock"), lock);
}

#[test]
fn completing_finds_what_is_for_another_target() {
    let app = App::new();
    let wrong = tar_gz(&[("tool", &program("aarch64-unknown-linux-gnu", "1"))]);
    let spec = ReleaseSpec::new("v1.2.0").asset("tool-linux-x64.tar.gz", wrong);
    app.server.release("acme/tool", spec.asset(asset_name("v1", WINDOWS), archive("v1", WINDOWS)));
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\n");
    app.sidecar(["lock", "--no-download"]).success();
    app.sidecar(["lock"]).success();
    let lock = app.read("sidecar.lock");
    let asset = |triple: &str| {
        let wanted = format!("target = \"{triple}\"\n");
        lock.split("[[asset]]\n").find(|part| part.contains(&wanted)).unwrap()
    };
    assert!(asset(LINUX).contains("missing = true"), "{lock}");
    assert!(asset(WINDOWS).contains("binary-sha256"), "{lock}");
    assert!(asset("aarch64-pc-windows-msvc").contains("emulated = true"), "{lock}");
}

#[test]
fn what_was_published_anew_is_refused() {
    let app = app_of(archive("v1", LINUX));
    let spec = ReleaseSpec::new("v1.2.0").asset("tool-linux-x64.tar.gz", archive("v2", LINUX));
    app.server.release("acme/tool", spec);
    let text = errors(&app, app.build_script(LINUX));
    app.compare(
        &text,
        str![[r#"
cargo::error=sidecar `tool` 1.2.0: the downloaded file does not match the lock
cargo::error=  url       [SERVER]/acme/tool/releases/download/v1.2.0/tool-linux-x64.tar.gz
cargo::error=  expected  sha256 06a6ba…3b65  (sidecar.lock:18)
cargo::error=  received  sha256 683fd2…58ea  (226 bytes; deleted, nothing was installed)
cargo::error=help: if the publisher replaced the file and you trust it, run `cargo sidecar update tool`

"#]],
    );
    assert!(app.binaries().is_empty());
    app.fails("checksum-mismatch", ["sync", "--target", LINUX]);
}

#[test]
fn a_member_that_is_for_another_target_is_refused_by_builds() {
    let app = app_of(tar_gz(&[("tool", &program("aarch64-unknown-linux-gnu", "1"))]));
    let text = errors(&app, app.build_script(LINUX));
    app.compare(&text, str![[r#"
cargo::error=sidecar `tool` 1.2.0: the file is not a program for `x86_64-unknown-linux-gnu`
cargo::error=  file       [ROOT]/cache/v1/blobs/9b/9b8a0fdf08a562144e632592a5c2e5a66b310bf606024de78cce7f19753a8e3c
cargo::error=  expected   an ELF program for linux (x86_64)
cargo::error=  found      an ELF program (aarch64)
cargo::error=  reason     it is for another architecture
cargo::error=  member     tool
cargo::error=  asset      tool-linux-x64.tar.gz
cargo::error=  locked at  sidecar.lock:18, without a download
cargo::error=help: name the right member in the manifest, `bin = "<PATH>"`, or another asset, `asset = { "x86_64-unknown-linux-gnu" = "<NAME>" }`, then run `cargo sidecar lock`

"#]]);
    assert!(app.binaries().is_empty());
    app.fails("wrong-target", ["sync", "--target", LINUX]);
}

#[test]
fn two_members_that_could_be_it_name_the_key() {
    let bytes = program(LINUX, "1");
    let app = app_of(tar_gz(&[("a/tool", &bytes), ("b/tool", &bytes)]));
    let text = errors(&app, app.build_script(LINUX));
    app.compare(
        &text,
        str![[r#"
cargo::error=sidecar `tool` 1.2.0: several members of the archive could be `tool`
cargo::error=  members    a/tool, b/tool
cargo::error=  asset      tool-linux-x64.tar.gz
cargo::error=  locked at  sidecar.lock:18, without a download
cargo::error=help: name one in the manifest, such as `bin = "a/tool"`, then run `cargo sidecar lock`

"#]],
    );
    app.fails("member-ambiguous", ["sync", "--target", LINUX]);
    // As it says.
    app.manifest(&format!(
        "[settings]\ntargets = [\"{LINUX}\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\nbin = \"a/tool\"\n"
    ));
    app.sidecar(["lock", "--no-download"]).success();
    app.run(app.build_script(LINUX)).success();
    assert_eq!(app.binaries(), [format!("tool-{LINUX}")]);
}

#[test]
fn an_emulated_build_is_marked_by_its_name_and_proven_by_the_build() {
    let app = App::new();
    app.server.release(
        "acme/tool",
        ReleaseSpec::new("v1.2.0").asset(asset_name("v1", WINDOWS), archive("v1", WINDOWS)),
    );
    app.manifest(
        "[settings]\ntargets = [\"aarch64-pc-windows-msvc\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\n",
    );
    app.sidecar(["lock", "--no-download"]).success();
    assert!(app.read("sidecar.lock").contains("emulated = true"));
    app.run(app.build_script("aarch64-pc-windows-msvc")).success();
    assert_eq!(app.binaries(), ["tool-aarch64-pc-windows-msvc.exe"]);
    // Without the mark it is refused, though an earlier build remembers it.
    std::fs::remove_file(app.path("binaries/tool-aarch64-pc-windows-msvc.exe")).unwrap();
    app.write("sidecar.lock", &app.read("sidecar.lock").replace("emulated = true\n", ""));
    app.fails("wrong-target", ["sync", "--target", "aarch64-pc-windows-msvc"]);
}

#[test]
fn verify_says_what_it_compared() {
    let app = app();
    let file = |app: &App| lines(&stdout(app, app.command(["verify", "--target", LINUX])), "file ");
    app.compare(
        &file(&app),
        str![[r#"
file   missing  tool 1.2.0 for x86_64-unknown-linux-gnu

"#]],
    );
    app.sidecar(["sync", "--target", LINUX]).success();
    app.compare(&file(&app), str![[r#"
file   ok     tool 1.2.0 for x86_64-unknown-linux-gnu: compared with the locked download, as the lock has no hash of the program, github-digest

"#]]);
    let installed = app.path(&format!("binaries/tool-{LINUX}"));
    std::fs::write(&installed, program(LINUX, "evil")).unwrap();
    app.compare(
        &file(&app),
        str![[r#"
file   differs  tool 1.2.0 for x86_64-unknown-linux-gnu

"#]],
    );
    // The asset is gone; what was taken out of it is remembered.
    for blob in cached(&app, "blobs") {
        std::fs::remove_file(blob).unwrap();
    }
    app.compare(
        &file(&app),
        str![[r#"
file   differs  tool 1.2.0 for x86_64-unknown-linux-gnu

"#]],
    );
    std::fs::write(&installed, program(LINUX, "v1.2.0")).unwrap();
    app.compare(&file(&app), str![[r#"
file   ok     tool 1.2.0 for x86_64-unknown-linux-gnu: compared with what was taken out of the download once; the lock has no hash of the program, and the download is not in the cache, github-digest

"#]]);
    app.forget_cache();
    app.compare(&file(&app), str![[r#"
file   ok     tool 1.2.0 for x86_64-unknown-linux-gnu: only its header was checked; the lock has no hash of the program, and the download is not in the cache, github-digest

"#]]);
    std::fs::write(&installed, program("aarch64-apple-darwin", "v1.2.0")).unwrap();
    app.compare(
        &file(&app),
        str![[r#"
file   unfit  tool 1.2.0 for x86_64-unknown-linux-gnu

"#]],
    );
}

#[test]
fn a_bundle_is_compared_with_the_download_or_not_proven() {
    let app = app();
    app.sidecar(["sync", "--target", LINUX]).success();
    app.write("bundle/usr/bin/app", "");
    let copy = app.path("bundle/usr/bin/tool");
    std::fs::copy(app.path(&format!("binaries/tool-{LINUX}")), &copy).unwrap();
    let verify = |app: &App| stdout(app, app.command(["verify", "--target", LINUX, "--bundle", "bundle"]));
    app.compare(&verify(&app), str![[r#"
CHECK   STATE  WHAT
lock    ok     sidecar.lock: answers sidecar.toml
bundle  ok     tool 1.2.0 for x86_64-unknown-linux-gnu: the locked bytes; compared with the locked download, as the lock has no hash of the program, github-digest

"#]]);
    app.forget_cache();
    app.compare(&verify(&app), str![[r#"
CHECK   STATE     WHAT
lock    ok        sidecar.lock: answers sidecar.toml
bundle  unproven  tool 1.2.0 for x86_64-unknown-linux-gnu
                    the lock has no hash of the program, and the download, to compare it with, is not in the cache
                    bundle/usr/bin/tool

"#]]);
    app.fails("verify-failed", ["verify", "--target", LINUX, "--bundle", "bundle"]);
}

#[test]
fn doctor_and_list_take_it() {
    let app = app();
    app.sidecar(["sync"]).success();
    assert!(app.installed("tool").exists(), "{}", *HOST);
    let text = stdout(&app, app.command(["doctor"]));
    assert!(text.contains("1 program installed, each for its target"), "{text}");
    assert!(text.contains("what is in 6 assets is not in the lock"), "{text}");
    app.sidecar(["list"]).success();
    app.sidecar(["lock"]).success();
    assert!(!stdout(&app, app.command(["doctor"])).contains("is not in the lock"));
}
