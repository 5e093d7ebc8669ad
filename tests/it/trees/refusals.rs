//! Archives and locks of which no tree is made, and the largest of which one is.

use sidecar_tests::{library, program, tar_gz, tar_gz_with_links};
use snapbox::str;

use super::{LINUX, LINUX_FILES, MAC, MANIFEST, WINDOWS, app, app_for, app_of, archive, synced, tree};

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
        (tar_gz(&[("d/llama", &bin), ("d/nul.so", &lib)]), "a device on Windows"),
        (tar_gz(&[("d/llama", &bin), ("d/lpt¹.so", &lib)]), "a device on Windows"),
        (tar_gz(&[("d/llama", &bin), ("d/stream:x.so", &lib)]), "not possible on Windows"),
        (tar_gz(&[("d/llama", &bin), ("d/lib./x.so", &lib)]), "not possible on Windows"),
        (tar_gz(&[("d/llama", &bin), ("d/lib /x.so", &lib)]), "not possible on Windows"),
        (tar_gz(&[("d/llama", &bin), ("d/C:/x.so", &lib)]), "not possible on Windows"),
        (tar_gz(&[("d/llama", &bin), ("//server/share/x.so", &lib)]), "absolute"),
        (tar_gz(&[("d/llama", &bin), ("C:x.so", &lib)]), "drive letter"),
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
    let below = |name: &str| name.replacen("d/", "usr/lib/app/binaries/llama/", 1);
    let bundled: Vec<(String, &[u8])> = files.iter().map(|(name, bytes)| (below(name), *bytes)).collect();
    let bundled: Vec<(&str, &[u8])> = bundled.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    std::fs::write(app.path("app.tar.gz"), tar_gz(&bundled)).unwrap();
    app.sidecar(["verify", "--target", LINUX, "--bundle", "app.tar.gz"]).success();
}
