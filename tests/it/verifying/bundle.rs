//! `verify --bundle`: what bundlers made of the installed files.

use std::path::{Path, PathBuf};
use std::process::Command;

use sidecar_tests::{program, tar_gz, tar_gz_with_links, zip};
use snapbox::str;

use super::{LINUX, MAC, WINDOWS, app, rows, wrong};
use crate::app::App;

/// Runs `verify --bundle` for a target.
fn bundle(app: &App, target: &str, path: &Path) -> Command {
    app.command(["verify", "--target", target, "--bundle", path.to_str().unwrap()])
}

/// Writes a program into a tree of the app's directory; tells where.
fn put(app: &App, path: &str, bytes: &[u8]) -> PathBuf {
    app.write(path, "");
    let path = app.path(path);
    std::fs::write(&path, bytes).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    path
}

#[test]
fn a_bundle_has_the_locked_bytes_wherever_its_kind_puts_them() {
    let app = app();
    for (target, place) in [
        (LINUX, "out/tool"),
        (LINUX, "out/usr/bin/tool"),
        (LINUX, "out/bundle/deb/app_1_amd64/data/usr/bin/tool"),
        (WINDOWS, "out/tool.exe"),
        (MAC, "out/bundle/macos/App.app/Contents/MacOS/tool"),
        (MAC, "out/Contents/MacOS/tool"),
    ] {
        let _ = std::fs::remove_dir_all(app.path("out"));
        put(&app, place, &program(target, "v1.2.0"));
        let found = rows(bundle(&app, target, &app.path("out")));
        assert_eq!(found[1]["detail"], "the locked bytes", "{place}: {found:?}");
        put(&app, place, &program(target, "v1.2.1"));
        assert_eq!(wrong(bundle(&app, target, &app.path("out"))), ["bundle tool differs"], "{place}");
        put(&app, place, b"");
        assert_eq!(wrong(bundle(&app, target, &app.path("out"))), ["placeholder tool stand-in"], "{place}");
    }
}

#[test]
fn what_was_bundled_before_is_not_what_is_about_to_be() {
    let app = app();
    put(&app, "out/bundle/deb/app/data/usr/bin/tool", &program(LINUX, "v1.1.0"));
    put(&app, "out/deps/app", b"");
    put(&app, "out/tool", &program(LINUX, "v1.2.0"));
    app.run(bundle(&app, LINUX, &app.path("out"))).success();
    std::fs::remove_file(app.path("out/tool")).unwrap();
    assert_eq!(wrong(bundle(&app, LINUX, &app.path("out"))), ["bundle tool missing"]);
    assert_eq!(wrong(bundle(&app, LINUX, &app.path("out/bundle"))), ["bundle tool differs"]);
}

#[test]
fn a_bundle_without_a_sidecar_fails() {
    let app = app();
    put(&app, "out/app", b"the app");
    app.fails("verify-failed", ["verify", "--target", LINUX, "--bundle", "out"])
        .code(1)
        .stdout_eq(str![[r#"
CHECK   STATE    WHAT
lock    ok       sidecar.lock: answers sidecar.toml
bundle  missing  tool 1.2.0 for x86_64-unknown-linux-gnu
                   there is no `tool` beside the program, in usr/bin or in Contents/MacOS
                   out

"#]])
        .stderr_eq(str![[r#"
error: 1 of 2 checks failed
  first  bundle: tool 1.2.0 for x86_64-unknown-linux-gnu
  found  missing: there is no `tool` beside the program, in usr/bin or in Contents/MacOS
  at     out
help: run `cargo sidecar sync`, then build the bundle again

"#]]);
}

#[test]
fn a_bundle_needs_neither_installed_files_nor_a_cache() {
    let app = app();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    app.forget_cache();
    put(&app, "out/tool", &program(LINUX, "v1.2.0"));
    app.run(bundle(&app, LINUX, &app.path("out"))).success().stdout_eq(str![[r#"
CHECK   STATE  WHAT
lock    ok     sidecar.lock: answers sidecar.toml
bundle  ok     tool 1.2.0 for x86_64-unknown-linux-gnu: the locked bytes, github-digest

"#]]);
}

/// A Debian package of these files.
fn deb(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, bytes) in [("debian-binary", b"2.0\n".to_vec()), ("data.tar.gz", tar_gz(files))] {
        let head = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", bytes.len());
        out.extend(head.as_bytes());
        out.extend(&bytes);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

#[test]
fn archives_are_looked_into() {
    let app = app();
    let good = program(LINUX, "v1.2.0");
    let files: [(&str, &[u8]); 3] = [("./usr/", b""), ("./usr/bin/app", b"app"), ("./usr/bin/tool", &good)];
    let package = put(&app, "app.deb", &deb(&files));
    let found = rows(bundle(&app, LINUX, &package));
    assert_eq!(found[1]["state"], "ok", "{found:?}");
    assert!(found[1]["path"].as_str().unwrap().ends_with("app.deb/usr/bin/tool"), "{found:?}");
    let package = put(&app, "app.deb", &deb(&[("./usr/bin/tool", b"#!/bin/sh\n# sidecar-placeholder:1\n")]));
    assert_eq!(wrong(bundle(&app, LINUX, &package)), ["placeholder tool stand-in"]);
    let package = put(&app, "app.deb", &deb(&[("./usr/lib/tool", &good)]));
    assert_eq!(wrong(bundle(&app, LINUX, &package)), ["bundle tool missing"]);
    let mac = program(MAC, "v1.2.0");
    let update = put(&app, "App.app.tar.gz", &tar_gz(&[("App.app/Contents/MacOS/tool", &mac)]));
    app.run(bundle(&app, MAC, &update)).success();
    let portable = put(&app, "app.zip", &zip(&[("tool.exe", &program(WINDOWS, "v1.2.0"))]));
    app.run(bundle(&app, WINDOWS, &portable)).success();
    let state = app.path("target/sidecar/app/verify");
    assert!(!state.exists() || std::fs::read_dir(state).unwrap().next().is_none(), "members are left behind");
}

#[test]
fn hostile_archives_are_refused_and_write_nothing_outside() {
    let app = app();
    let good = program(LINUX, "v1.2.0");
    for (files, part) in [
        (vec![("usr/bin/tool", &*good), ("./usr/bin/tool", b"another")], "more than once"),
        (vec![("../../usr/bin/tool", &*good)], "leaves the archive"),
        (vec![("/usr/bin/tool", &*good)], "absolute"),
    ] {
        for (name, bytes) in [("x.deb", deb(&files)), ("x.tar.gz", tar_gz(&files))] {
            put(&app, name, &bytes);
            let failed = app.fails("archive-unsafe", ["verify", "--target", LINUX, "--bundle", name]);
            let text = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let linked = tar_gz_with_links(&[("usr/lib/other", b"other")], &[("usr/bin/tool", "../lib/other")]);
    let package = put(&app, "x.tar.gz", &linked);
    assert_eq!(wrong(bundle(&app, LINUX, &package)), ["bundle tool missing"], "a link is no program");
    let state = app.path("target/sidecar/app/verify");
    assert!(!state.exists() || std::fs::read_dir(state).unwrap().next().is_none(), "members are left behind");
}

#[test]
fn what_cannot_be_looked_into_says_what_to_do() {
    let app = app();
    put(&app, "App.AppImage", &program(LINUX, "runtime and file system"));
    app.fails("usage", ["verify", "--target", LINUX, "--bundle", "App.AppImage"]).code(2).stderr_eq(str![[
        r#"
error: `App.AppImage` is a bundle that cannot be looked into
  path  App.AppImage
help: unpack it: `./App.AppImage --appimage-extract`, then `--bundle squashfs-root`

"#
    ]]);
    app.fails("usage", ["verify", "--target", LINUX, "--bundle", "nowhere"]).code(2).stderr_eq(str![[r#"
error: there is no such bundle
  path  nowhere
help: name a directory, a .deb, a .tar.gz or a .zip: `cargo sidecar verify --bundle PATH`

"#]]);
    let cut = deb(&[("./usr/bin/tool", &program(LINUX, "v1.2.0"))]);
    put(&app, "app.deb", &cut[..100]);
    app.fails("archive-corrupt", ["verify", "--target", LINUX, "--bundle", "app.deb"]).stderr_eq(str![[r#"
error: `app.deb` is no Debian package
  file   app.deb
  cause  it has no member `data.tar`

"#]]);
}

#[test]
fn a_signature_is_no_difference_where_the_locked_file_is_at_hand() {
    let app = app();
    app.sidecar(["sync", "--target", WINDOWS]).success();
    let signed = put(&app, "out/tool.exe", &signed(program(WINDOWS, "v1.2.0")));
    let found = rows(bundle(&app, WINDOWS, &app.path("out")));
    assert_eq!(found[1]["detail"], "the locked bytes, signed since", "{found:?}");
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    let found = rows(bundle(&app, WINDOWS, &app.path("out")));
    assert!(found[1]["detail"].as_str().unwrap().contains("it is signed; the locked file"), "{found:?}");
    app.sidecar(["sync", "--target", WINDOWS]).success();
    let mut other = std::fs::read(&signed).unwrap();
    let size = other.len();
    other[size - 20] ^= 1;
    put(&app, "out/tool.exe", &other);
    assert_eq!(wrong(bundle(&app, WINDOWS, &app.path("out"))), ["bundle tool differs"]);
}

/// What a signer makes of a Windows program: padding, a table of certificates, its place, a checksum.
fn signed(mut program: Vec<u8>) -> Vec<u8> {
    const OPTIONAL: usize = 0x40 + 24;
    program.resize(program.len().next_multiple_of(8), 0);
    let (start, certificate) = (u32::try_from(program.len()).unwrap(), [7; 16]);
    program.extend(certificate);
    for (at, number) in [(OPTIONAL + 112 + 32, start), (OPTIONAL + 112 + 36, 16), (OPTIONAL + 64, 0x1234)] {
        program[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    program
}
