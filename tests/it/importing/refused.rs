//! What `import` refuses, with the place in the file; nothing is written then.

use sidecar_tests::{ReleaseSpec, blake3, program, sha256};
use snapbox::str;

use super::{LINUX, MAC, app, bare_asset, fixture, import};
use crate::app::{archive, asset_name};

#[test]
fn a_pin_that_does_not_match_is_told_and_nothing_is_written() {
    let app = app();
    let right = sha256(&archive("v1.2.0", LINUX));
    let wrong = format!("{}{}", if right.starts_with('0') { "1" } else { "0" }, &right[1..]);
    app.write("mise.lock", &fixture("mise.lock").replacen(&right, &wrong, 1));
    let text = app.fails("checksum-mismatch", ["import"]).get_output().stderr.clone();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("mise.lock:10:38") && text.contains("github-digest"), "{text}");
    let text = fixture("tool").replacen("\"size\": ", "\"size\": 1", 1);
    app.write("tool", &text);
    app.fails("checksum-mismatch", ["import", "tool"]).stderr_eq(str![[r#"
error: sidecar `tool` v1.2.0: `tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz` is not what was pinned
  pinned          sha256 [..] (tool:10:17)
  pinned size     1231 bytes
  published size  231 bytes
help: find out which of the two is right before you change the pin: the publisher may have replaced the file

"#]]);
    let blake = blake3(&bare_asset("bare-mac"));
    app.write("bare", &fixture("bare").replace(&blake, &blake.chars().rev().collect::<String>()));
    let text = app.fails("checksum-mismatch", ["import", "bare"]).get_output().stderr.clone();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("bare:16:17") && text.contains(&format!("received  blake3 {blake}")), "{text}");
    assert_eq!(app.read("sidecar.toml"), "");
}

#[test]
fn a_pin_of_what_nobody_published_is_checked_by_the_bytes() {
    let app = app();
    let blake = blake3(&bare_asset("bare-linux"));
    let right =
        fixture("bare").replace(&blake, &sha256(&bare_asset("bare-linux"))).replacen("blake3", "sha256", 1);
    app.write("bare", &right.replace(&sha256(&bare_asset("bare-linux")), &"0".repeat(64)));
    app.fails("checksum-mismatch", ["import", "bare"]).stderr_eq(str![[r#"
error: sidecar `bare` v0.9.0: `bare-linux` is not what was pinned
  pinned    sha256 0000000000000000000000000000000000000000000000000000000000000000 (bare:9:17)
  url       [SERVER]/acme/bare/releases/download/v0.9.0/bare-linux
  received  sha256 52b32c…95cc  (126 bytes; deleted, nothing was installed)
help: find out which of the two is right before you change the pin: the publisher may have replaced the file

"#]]);
    app.write("bare", &right);
    app.sidecar(["import", "bare"]).success();
    assert_eq!(app.read("sidecar.lock").matches("provenance = \"import:bare\"").count(), 2);
    // A newer release without checksums is no loss: nobody had published one.
    let newer = ReleaseSpec::new("v0.9.1").asset_without_digest("bare-linux", program(LINUX, "v0.9.1"));
    app.server.release("acme/bare", newer.asset_without_digest("bare-mac", program(MAC, "v0.9.1")));
    app.manifest(&app.read("sidecar.toml").replace("=0.9.0", "0.9"));
    app.sidecar(["update"]).success();
    assert!(app.read("sidecar.lock").contains("provenance = \"download\""));
}

#[test]
fn a_name_that_the_manifest_cannot_have_is_told() {
    let app = app();
    app.write("app", &fixture("tool"));
    app.write("a tool", &fixture("tool"));
    let done = app.sidecar(["import", "app", "a tool"]).success();
    done.stderr_eq(str![[r#"
warning: `app` is not imported: sidecar `app` has the name of the Cargo package (app:4:1)
warning: `a tool` is not imported: `a tool` cannot be a sidecar name (a tool:4:1)
    Finished nothing was imported, and nothing was changed

"#]]);
    assert_eq!(app.read("sidecar.toml"), "");
}

#[test]
fn a_pin_for_another_target_than_it_says_is_refused() {
    let app = app();
    let (linux, mac) = (asset_name("v1.2.0", LINUX), asset_name("v1.2.0", MAC));
    let text = fixture("mise.lock")
        .replace(&linux, &mac)
        .replace(&sha256(&archive("v1.2.0", LINUX)), &sha256(&archive("v1.2.0", MAC)));
    app.write("mise.lock", &text);
    let text = app.fails("wrong-target", ["import"]).get_output().stderr.clone();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("pinned") && text.contains("mise.lock:"), "{text}");
}

#[test]
fn a_release_that_is_gone_is_an_error() {
    let app = app();
    app.write("tool", &fixture("tool").replace("v1.2.0", "v1.1.9"));
    app.fails("release-not-found", ["import", "tool"]);
    app.write("tool", &fixture("tool").replace("acme/tool", "acme/nobody"));
    app.fails("repository-not-found", ["import", "tool"]);
    let name = asset_name("v1.2.0", LINUX);
    app.write("tool", &fixture("tool").replace(&name, &name.replace(".tar.gz", ".tgz")));
    app.fails("asset-not-found", ["import", "tool"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: the release has no asset named `tool-v1.2.0-x86_64-unknown-linux-gnu.tgz`
  release  [SERVER]/acme/tool/releases/tag/v1.2.0
help: did you mean `tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz`?

"#]]);
}

#[test]
fn two_tools_of_one_name_are_refused() {
    let app = app();
    import(&app, "tool");
    import(&app, "mise.lock");
    app.fails("name-clash", ["import", "tool", "mise.lock"]).stderr_eq(str![[r#"
error: two tools are called `tool`
  first   tool:4:1
  second  mise.lock:5:9
help: import one file after the other, or take one of them out

"#]]);
}

#[test]
fn what_cannot_be_read_says_where() {
    let app = app();
    let dotslash = fixture("tool");
    let mise = fixture("mise.lock");
    let multitool = fixture("multitool.lock.json");
    let digest = sha256(&archive("v1.2.0", LINUX));
    for (name, text, place) in [
        ("cut", dotslash[..400].to_owned(), "cut:14:4"),
        ("cut.json", multitool[..600].to_owned(), "cut.json:"),
        ("platform", dotslash.replace("linux-x86_64", "beos-x86_64"), "platform:7:5"),
        ("hash", dotslash.replacen("\"sha256\"", "\"md5\"", 1), "hash:10:17"),
        ("short", dotslash.replace(&digest, "abc"), "short:10:17"),
        ("key", dotslash.replacen("\"format\": ", "\"frmat\": ", 1), "key:11:16"),
        ("no-digest", dotslash.replacen("\"digest\"", "\"comment\"", 1), "no-digest:10:"),
        ("new.lock", mise.replace("lockfile_version = 3", "lockfile_version = 4"), "new.lock:3:20"),
        ("bare.lock", mise.replace(&format!("checksum = \"sha256:{digest}\", "), ""), "bare.lock:10:"),
        ("odd.lock", mise.replace(&format!("sha256:{digest}"), &digest), "odd.lock:10:38"),
        ("sha1.lock", mise.replace(&format!("sha256:{digest}"), "sha1:00"), "sha1.lock:10:38"),
        ("os.json", multitool.replace("\"linux\"", "\"beos\""), "os.json:5:7"),
        ("kind.json", multitool.replace("\"archive\"", "\"archives\""), "kind.json:17:17"),
        ("type.json", multitool.replace("\"cpu\": \"arm64\"", "\"cpu\": 64"), "type.json:30:16"),
        ("format", dotslash.replacen("\"tar.gz\"", "\"rar\"", 1), "format:11:17"),
        ("none", "hello\n".to_owned(), "none"),
        ("none.json", "{\"a\": 1}".to_owned(), "none.json"),
    ] {
        app.write(name, &text);
        let text = app.fails("import-invalid", ["import", name]).get_output().stderr.clone();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(place), "{place}: {text}");
    }
    app.fails("import-invalid", ["import", "platform"]).stderr_eq(str![[r#"
error: `beos-x86_64` is no platform that is known
  at     platform:7:5
  known  linux-x86_64, linux-aarch64, macos-x86_64, macos-aarch64, windows-x86_64, and 1 more
help: did you mean `macos-x86_64`?

"#]]);
    app.fails("import-invalid", ["import", "cut"]).stderr_eq(str![[r#"
error: `cut` cannot be parsed
  at     cut:14:4
  cause  expected a value or `]`, found the end of the file

"#]]);
    app.fails("import-invalid", ["import", "new.lock"]).stderr_eq(str![[r#"
error: `new.lock` was written by a newer version of mise
  at        new.lock:3:20
  format    4
  readable  up to format 3
help: update cargo-sidecar: `cargo install cargo-sidecar`

"#]]);
    app.fails("import-invalid", ["import", "none"]).stderr_eq(str![[r#"
error: `none` is no file that can be imported
  file   none
  known  DotSlash files (first line `#!/usr/bin/env dotslash`), `multitool.lock.json`, `mise.lock`

"#]]);
    app.fails("io", ["import", "not-there"]);
}

#[test]
fn nothing_to_import_lists_the_places() {
    let app = app();
    app.fails("usage", ["import"]).stderr_eq(str![[r#"
error: there is nothing to import in the app's directory
  directory   [ROOT]/app
  looked for  `mise.lock`, `.config/mise.lock`, `multitool.lock.json`, `tools/multitool.lock.json`, and DotSlash files there and in bin, scripts, tools
help: name the files: `cargo sidecar import FILE…`

"#]]);
}
