//! `verify`: the gate for CI and for hooks of the Tauri command.

use std::path::{Path, PathBuf};
use std::process::Command;

use sidecar_tests::{program, tar_gz, zip};
use snapbox::str;

use crate::app::{App, HOST, file_name};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-msvc";
const MAC: &str = "aarch64-apple-darwin";

/// An app of Tauri whose configuration lists its one sidecar, which is installed for Linux.
fn app() -> App {
    let app = App::with_tool();
    app.write("tauri.conf.json", &config(r#""binaries/tool""#));
    app.sidecar(["sync", "--target", LINUX]).success();
    app
}

fn config(entries: &str) -> String {
    format!("{{\n  \"identifier\": \"com.acme.app\",\n  \"bundle\": {{ \"externalBin\": [{entries}] }}\n}}\n")
}

/// The rows of a run as JSON.
fn rows(mut command: Command) -> Vec<serde_json::Value> {
    let output = command.args(["--message-format", "json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Subject, name and state of what is wrong.
fn wrong(command: Command) -> Vec<String> {
    let rows = rows(command).into_iter().filter(|row| row["reason"] == "verified" && row["state"] != "ok");
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.map(|row| ["subject", "name", "state"].map(|key| text(&row, key)).join(" ")).collect()
}

fn verify(app: &App, more: &[&str]) -> Command {
    app.command(["verify", "--target", LINUX].into_iter().chain(more.iter().copied()))
}

#[test]
fn what_is_right_is_a_line_each() {
    let app = app();
    app.run(verify(&app, &[])).success().stdout_eq(str![[r#"
CHECK        STATE  WHAT
lock         ok     sidecar.lock: answers sidecar.toml
cache        ok     2 cached files for x86_64-unknown-linux-gnu
file         ok     tool 1.2.0 for x86_64-unknown-linux-gnu: github-digest
config       ok     tauri.conf.json for x86_64-unknown-linux-gnu: lists what the manifest asks for
placeholder  ok     externalBin: 1 entry, no stand-in

"#]]);
}

#[test]
fn verbose_shows_every_file_and_who_vouched_for_it() {
    let app = app();
    app.run(verify(&app, &["-v"])).success().stdout_eq(str![[r#"
CHECK        STATE  WHAT
lock         ok     sidecar.lock: answers sidecar.toml
cache        ok     tool 1.2.0 for x86_64-unknown-linux-gnu: the download
cache        ok     tool 1.2.0 for x86_64-unknown-linux-gnu: the program
file         ok     tool 1.2.0 for x86_64-unknown-linux-gnu: github-digest
config       ok     tauri.conf.json for x86_64-unknown-linux-gnu: lists what the manifest asks for
placeholder  ok     externalBin: 1 entry, no stand-in

"#]]);
}

#[test]
fn a_message_says_what_it_is_about() {
    let app = app();
    let rows = rows(verify(&app, &[]));
    let subjects: Vec<&str> = rows.iter().filter_map(|row| row["subject"].as_str()).collect();
    assert_eq!(subjects, ["lock", "cache", "cache", "file", "config", "placeholder"]);
    let file = &rows[3];
    assert_eq!(
        (&file["sidecar"], &file["version"], &file["target"], &file["state"]),
        (&"tool".into(), &"1.2.0".into(), &LINUX.into(), &"ok".into())
    );
    assert_eq!((&file["provenance"], &file["mend"]), (&"github-digest".into(), &serde_json::Value::Null));
    assert_eq!(rows[0]["sidecar"], serde_json::Value::Null);
}

#[test]
fn a_stale_lock_is_a_finding_and_the_rest_is_looked_at() {
    let app = app();
    app.manifest(
        "[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.3\"\n[sidecar.new]\ngithub = \"acme/tool\"\n",
    );
    std::fs::remove_file(app.path(&format!("binaries/{}", file_name("tool", LINUX)))).unwrap();
    assert_eq!(
        wrong(verify(&app, &[])),
        [
            "lock sidecar.lock stale",
            "lock sidecar.lock stale",
            "file tool missing",
            "config tauri.conf.json differs"
        ]
    );
    app.fails("verify-failed", ["verify", "--target", LINUX])
        .code(1)
        .stderr_eq(str![[r#"
error: 4 of 7 checks failed
  first  lock: sidecar.lock
  found  stale: the lock does not answer the manifest for sidecar `new`
  at     [ROOT]/app/sidecar.lock
help: run `cargo sidecar lock`

"#]])
        .stdout_eq(str![[r#"
CHECK        STATE    WHAT
lock         stale    sidecar.lock
                        the lock does not answer the manifest for sidecar `new`
                        manifest: has it
                        [ROOT]/app/sidecar.lock
lock         stale    sidecar.lock
                        the lock does not answer the manifest for sidecar `tool`
                        key: version
                        manifest: "^1.3"
                        [ROOT]/app/sidecar.lock
cache        ok       2 cached files for x86_64-unknown-linux-gnu
file         missing  tool 1.2.0 for x86_64-unknown-linux-gnu
                        it is not installed
                        [ROOT]/app/binaries/tool-x86_64-unknown-linux-gnu
config       differs  tauri.conf.json for x86_64-unknown-linux-gnu
                        externalBin does not list binaries/new
                        [ROOT]/app/tauri.conf.json:3:30
placeholder  ok       externalBin: 1 entry, no stand-in

"#]]);
}

#[test]
fn no_lock_and_one_that_cannot_be_read_are_findings() {
    let app = app();
    let lock = app.read("sidecar.lock");
    app.write("sidecar.lock", &lock.replace("version = 1\n", "version = 2\n"));
    assert_eq!(wrong(verify(&app, &[])), ["lock sidecar.lock unreadable"]);
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    app.fails("verify-failed", ["verify", "--target", LINUX]).stderr_eq(str![[r#"
error: 1 of 3 checks failed
  first  lock: sidecar.lock
  found  missing: there is no lock beside the manifest
  at     [ROOT]/app/sidecar.lock
help: run `cargo sidecar lock`

"#]]);
}

#[test]
fn a_target_that_has_nothing_is_a_finding() {
    let app = app();
    let command = app.command(["verify", "--target", "riscv64gc-unknown-linux-gnu"]);
    assert_eq!(wrong(command), ["lock sidecar.lock incomplete"]);
}

#[test]
fn damaged_blobs_of_the_cache_are_found() {
    let app = app();
    damage(&app.cache(), |bytes| *bytes.last_mut().unwrap() ^= 1);
    assert_eq!(wrong(verify(&app, &[])), ["cache tool damaged", "cache tool damaged"]);
    damage(&app.cache(), |bytes| bytes.push(0));
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 2 of 6 checks failed
  first  cache: tool 1.2.0 for x86_64-unknown-linux-gnu
  found  damaged: 232 bytes instead of 231
  at     [ROOT]/cache/v1/blobs/dc/dcf548e2402150d6de77757c78d610251965cd9a09ee79b1ae902863a6a4e411
help: run `cargo sidecar cache prune --all`

"#]]);
    app.sidecar(["cache", "prune", "--all"]).success();
    app.run(verify(&app, &[])).success();
}

/// Changes every blob below a directory.
fn damage(dir: &Path, change: impl Fn(&mut Vec<u8>) + Copy) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path, change);
        } else if path.to_string_lossy().contains("blobs") {
            let mut bytes = std::fs::read(&path).unwrap();
            change(&mut bytes);
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn a_config_that_does_not_list_a_sidecar_is_found_with_its_place() {
    let app = app();
    app.write("tauri.conf.json", &config(r#""binaries/mine""#));
    app.fails("verify-failed", ["verify", "--target", LINUX])
        .code(1)
        .stderr_eq(str![[r#"
error: 1 of 6 checks failed
  first  config: tauri.conf.json for x86_64-unknown-linux-gnu
  found  differs: externalBin does not list binaries/tool
  at     [ROOT]/app/tauri.conf.json:3:30
help: run `cargo sidecar sync`

"#]])
        .stdout_eq(str![[r#"
CHECK        STATE    WHAT
lock         ok       sidecar.lock: answers sidecar.toml
cache        ok       2 cached files for x86_64-unknown-linux-gnu
file         ok       tool 1.2.0 for x86_64-unknown-linux-gnu: github-digest
config       differs  tauri.conf.json for x86_64-unknown-linux-gnu
                        externalBin does not list binaries/tool
                        [ROOT]/app/tauri.conf.json:3:30
placeholder  ok       externalBin: 1 entry, no stand-in

"#]]);
}

#[test]
fn the_overlay_of_the_targets_platform_counts() {
    let app = app();
    app.write("tauri.linux.conf.json", r#"{ "bundle": { "externalBin": ["./binaries/tool"] } }"#);
    app.write("tauri.conf.json", &config(""));
    app.run(verify(&app, &[])).success();
    app.write("tauri.linux.conf.json", r#"{ "bundle": { "externalBin": null } }"#);
    app.write("tauri.conf.json", &config(r#""binaries/tool""#));
    let found = rows(verify(&app, &[]));
    let config = found.iter().find(|row| row["subject"] == "config").unwrap();
    assert!(config["path"].as_str().unwrap().ends_with("tauri.linux.conf.json"), "{config}");
    assert_eq!(
        config["detail"].as_str().unwrap().lines().next(),
        Some("externalBin does not list binaries/tool")
    );
}

#[test]
fn what_the_tauri_command_merges_counts() {
    let app = app();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nfeatures = [\"llm\"]\n");
    app.write("tauri.conf.json", &config(""));
    app.sidecar(["lock"]).success();
    app.run(verify(&app, &[])).success();
    let found = rows(verify(&app, &["--features", "llm"]));
    let config = found.iter().find(|row| row["subject"] == "config").unwrap();
    let mend =
        "tauri build --config \"$(cargo sidecar config --features llm --target x86_64-unknown-linux-gnu)\"";
    assert_eq!(config["mend"], mend);
    let merged = r#"{"bundle":{"externalBin":["binaries/tool"]}}"#;
    let with = |config: &str, flags: &[&str]| {
        let mut command = verify(&app, flags);
        command.env("TAURI_CONFIG", config);
        wrong(command)
    };
    assert_eq!(with(merged, &["--features", "llm"]), [""; 0]);
    assert_eq!(with(merged, &[]), ["config TAURI_CONFIG differs"]);
    assert_eq!(with("{", &[]), ["config Tauri's configuration unreadable"]);
}

#[test]
fn a_config_that_does_not_parse_is_a_finding_with_its_place() {
    let app = app();
    app.write("tauri.conf.json", "{\n  \"bundle\": [\n");
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 1 of 5 checks failed
  first  config: Tauri's configuration
  found  unreadable: `tauri.conf.json` cannot be parsed
  at     [ROOT]/app/tauri.conf.json:3:1

"#]]);
    app.write("tauri.conf.json", r#"{ "bundle": { "externalBin": "binaries/tool" } }"#);
    assert_eq!(wrong(verify(&app, &[])), ["config Tauri's configuration unreadable"]);
}

#[test]
fn what_stands_in_for_a_program_is_found() {
    let app = app();
    let installed = app.path(&format!("binaries/{}", file_name("tool", LINUX)));
    for stand_in in ["", "not built yet\n", "#!/bin/sh\n# sidecar-placeholder:1\nexit 97\n"] {
        std::fs::write(&installed, stand_in).unwrap();
        assert_eq!(wrong(verify(&app, &[])), ["placeholder tool stand-in"], "{stand_in}");
    }
    app.sidecar(["sync", "--target", LINUX]).success();
    app.write("tauri.conf.json", &config(r#""binaries/tool", "bin/mine""#));
    app.write(&format!("bin/{}", file_name("mine", LINUX)), "");
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 1 of 6 checks failed
  first  placeholder: bin/mine for x86_64-unknown-linux-gnu
  found  stand-in: an empty file stands in for the program
  at     [ROOT]/app/bin/mine-x86_64-unknown-linux-gnu
help: build or fetch `bin/mine`

"#]]);
    app.write(&format!("bin/{}", file_name("mine", LINUX)), "#!/bin/sh\nexec mine\n");
    app.run(verify(&app, &[])).success();
}

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

#[test]
fn the_hosts_target_is_the_default() {
    let app = App::with_synced_tool();
    let found = rows(app.command(["verify"]));
    assert_eq!(found.iter().find(|row| row["subject"] == "file").unwrap()["target"], HOST.as_str());
}

/// An app whose JavaScript may run the sidecar.
fn scripted() -> App {
    let app = App::with_tool();
    let cargo = app.read("Cargo.toml");
    app.write(
        "Cargo.toml",
        &format!("{cargo}\n[dependencies]\ntauri-plugin-shell = {{ path = \"shell\" }}\n"),
    );
    app.write(
        "shell/Cargo.toml",
        "[package]\nname = \"tauri-plugin-shell\"\nversion = \"2.6.0\"\nedition = \"2024\"\n",
    );
    app.write("shell/src/lib.rs", "");
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nshell = { execute = true }\n");
    app.write("tauri.conf.json", &config(""));
    app.sidecar(["sync", "--target", LINUX]).success();
    app
}

#[test]
fn the_capability_file_is_what_the_manifest_asks_for() {
    let app = scripted();
    let found = rows(verify(&app, &[]));
    let row = found.iter().find(|row| row["subject"] == "capability").unwrap();
    assert_eq!((&row["name"], &row["state"]), (&"capabilities/sidecars.json".into(), &"ok".into()), "{row}");
    let text = app.read("capabilities/sidecars.json");
    app.write("capabilities/sidecars.json", &text.replace("allow-execute", "allow-spawn"));
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 1 of 7 checks failed
  first  capability: capabilities/sidecars.json
  found  differs: it grants something else than the manifest asks for
  at     [ROOT]/app/capabilities/sidecars.json
help: run `cargo sidecar sync`

"#]]);
    app.write("capabilities/sidecars.json", "{ \"identifier\": \"mine\", \"permissions\": [] }\n");
    assert_eq!(wrong(verify(&app, &[])), ["capability capabilities/sidecars.json foreign"]);
    app.write("capabilities/sidecars.json", &text);
    app.write("capabilities/other.json", "{ \"identifier\": \"sidecars\", \"permissions\": [] }\n");
    assert_eq!(wrong(verify(&app, &[])), ["capability capabilities/sidecars.json refused"]);
    std::fs::remove_file(app.path("capabilities/other.json")).unwrap();
    std::fs::remove_file(app.path("capabilities/sidecars.json")).unwrap();
    assert_eq!(wrong(verify(&app, &[])), ["capability capabilities/sidecars.json missing"]);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n");
    app.write("capabilities/sidecars.json", &text);
    assert_eq!(wrong(verify(&app, &[])), ["capability capabilities/sidecars.json differs"]);
}

#[test]
fn a_list_of_capabilities_has_to_name_ours() {
    let app = scripted();
    let listed = r#"{ "identifier": "com.acme.app", "app": { "security": { "capabilities": ["main"] } },
  "bundle": { "externalBin": ["binaries/tool"] } }"#;
    app.write("tauri.conf.json", listed);
    app.fails("verify-failed", ["verify", "--target", LINUX]).code(1).stderr_eq(str![[r#"
error: 1 of 7 checks failed
  first  capability: tauri.conf.json
  found  differs: app.security.capabilities does not list sidecars
  at     [ROOT]/app/tauri.conf.json:1:72
help: run `cargo sidecar sync`

"#]]);
}
