//! `import`: what other tools pin becomes sidecars with the same bytes, or nothing does.

mod refused;

use sidecar_tests::{Fault, Match, ReleaseSpec, Times, blake3, program, sha256, tar_gz};
use snapbox::str;

use crate::app::{App, DESKTOP, HOST, archive, asset_name, file_name, release};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const MAC: &str = "aarch64-apple-darwin";

/// An app without sidecars, with `acme/tool` and `acme/bare` published.
fn app() -> App {
    let app = App::new();
    app.server.release("acme/tool", release("v1.2.0"));
    app.server.release("acme/bare", bare());
    app.write("tauri.conf.json", "{}");
    app.manifest("");
    app
}

fn bare_asset(name: &str) -> Vec<u8> {
    program(if name == "bare-linux" { LINUX } else { MAC }, "v0.9.0")
}

/// A release whose assets carry no digest.
fn bare() -> ReleaseSpec {
    ["bare-linux", "bare-mac"]
        .iter()
        .fold(ReleaseSpec::new("v0.9.0").published_at("2026-01-02T03:04:05Z"), |spec, name| {
            spec.asset_without_digest(*name, bare_asset(name))
        })
}

fn bytes_of(asset: &str) -> Vec<u8> {
    if asset.starts_with("bare") {
        return bare_asset(asset);
    }
    let triple = DESKTOP.iter().find(|triple| asset_name("v1.2.0", triple) == asset).unwrap();
    archive("v1.2.0", triple)
}

/// A file of the fixtures: what stands as `@sha256:NAME@` is that of the asset.
fn fixture(name: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/import");
    let mut text = std::fs::read_to_string(format!("{path}/{name}")).unwrap();
    for (word, value) in [
        ("@sha256:", (|bytes| sha256(bytes)) as fn(&[u8]) -> String),
        ("@blake3:", |bytes| blake3(bytes)),
        ("@size:", |bytes| bytes.len().to_string()),
    ] {
        while let Some(begin) = text.find(word) {
            let end = begin + 1 + text[begin + 1..].find('@').unwrap();
            let filled = value(&bytes_of(&text[begin + word.len()..end]));
            text.replace_range(begin..=end, &filled);
        }
    }
    text
}

fn import(app: &App, name: &str) {
    app.write(name, &fixture(name));
}

#[test]
fn a_dotslash_file_becomes_a_sidecar() {
    let app = app();
    import(&app, "tool");
    app.sidecar(["import", "tool"]).success().stderr_eq(str![[r#"
   Importing tool (tool:4:1)
             not pinned for aarch64-pc-windows-msvc, aarch64-unknown-linux-gnu, x86_64-apple-darwin: chosen from the release
     Locking tool 1.2.0
             aarch64-apple-darwin       tool-v1.2.0-aarch64-apple-darwin.tar.gz            208 B  github-digest
             aarch64-pc-windows-msvc    tool-v1.2.0-aarch64-pc-windows-msvc.zip            282 B  github-digest
             aarch64-unknown-linux-gnu  tool-v1.2.0-aarch64-unknown-linux-gnu.tar.gz       231 B  github-digest
             x86_64-apple-darwin        tool-v1.2.0-x86_64-apple-darwin.tar.gz             209 B  github-digest
             x86_64-pc-windows-msvc     tool-v1.2.0-x86_64-pc-windows-msvc.zip             281 B  github-digest
             x86_64-unknown-linux-gnu   tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz        231 B  github-digest
    Patching tauri.conf.json (externalBin)
        Next cargo sidecar sync

"#]]);
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.tool]
github = "acme/tool"
version = "=1.2.0"

"#]],
    );
    let lock = app.read("sidecar.lock");
    for triple in [LINUX, MAC, "x86_64-pc-windows-msvc"] {
        assert!(lock.contains(&format!("sha256 = \"{}\"", sha256(&archive("v1.2.0", triple)))), "{lock}");
    }
    assert!(app.read("tauri.conf.json").contains("binaries/tool"));
    app.sidecar(["lock"]).success().stderr_eq(str![[r#"
    Finished the lock answers the manifest; nothing was changed

"#]]);
    app.sidecar(["sync"]).success();
    assert_eq!(app.binaries(), [file_name("tool", &HOST)]);
    app.sidecar(["sync", "--locked"]).success();
}

#[test]
fn a_multitool_lock_becomes_sidecars_as_far_as_it_can() {
    let app = app();
    import(&app, "multitool.lock.json");
    app.sidecar(["import", "multitool.lock.json"]).success().stderr_eq(str![[r#"
warning: `elsewhere` is not imported: http://dl.example.com/elsewhere/1.0/elsewhere-linux is neither a release on github.com nor the plain https address of a file (multitool.lock.json:3:3)
   Importing tool (multitool.lock.json:14:3)
             `macos-x86_64` is an installer of macOS, which is not unpacked
             not pinned for aarch64-pc-windows-msvc, aarch64-unknown-linux-gnu, x86_64-apple-darwin, x86_64-pc-windows-msvc: chosen from the release
     Locking tool 1.2.0
             aarch64-apple-darwin       tool-v1.2.0-aarch64-apple-darwin.tar.gz            208 B  github-digest
             aarch64-pc-windows-msvc    tool-v1.2.0-aarch64-pc-windows-msvc.zip            282 B  github-digest
             aarch64-unknown-linux-gnu  tool-v1.2.0-aarch64-unknown-linux-gnu.tar.gz       231 B  github-digest
             x86_64-apple-darwin        tool-v1.2.0-x86_64-apple-darwin.tar.gz             209 B  github-digest
             x86_64-pc-windows-msvc     tool-v1.2.0-x86_64-pc-windows-msvc.zip             281 B  github-digest
             x86_64-unknown-linux-gnu   tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz        231 B  github-digest
    Patching tauri.conf.json (externalBin)
        Next cargo sidecar sync

"#]]);
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.tool]
github = "acme/tool"
version = "=1.2.0"

"#]],
    );
}

#[test]
fn a_mise_lock_becomes_sidecars_as_far_as_it_can() {
    let app = app();
    import(&app, "mise.lock");
    app.sidecar(["import", "mise.lock"]).success().stderr_eq(str![[r#"
   Importing tool (mise.lock:5:9)
             `windows-x64-baseline` is for older CPUs, and a target has one build
             `linux-x64-musl` is for no further target of the manifest
             not pinned for aarch64-pc-windows-msvc: chosen from the release
warning: `node` is not imported: http://nodejs.org/dist/v24.13.0/node-v24.13.0-linux-x64.tar.gz is neither a release on github.com nor the plain https address of a file (mise.lock:17:9)
warning: `rust` is not imported: nothing of it is pinned (mise.lock:26:9)
     Locking tool 1.2.0
             aarch64-apple-darwin       tool-v1.2.0-aarch64-apple-darwin.tar.gz            208 B  github-digest
             aarch64-pc-windows-msvc    tool-v1.2.0-aarch64-pc-windows-msvc.zip            282 B  github-digest
             aarch64-unknown-linux-gnu  tool-v1.2.0-aarch64-unknown-linux-gnu.tar.gz       231 B  github-digest
             x86_64-apple-darwin        tool-v1.2.0-x86_64-apple-darwin.tar.gz             209 B  github-digest
             x86_64-pc-windows-msvc     tool-v1.2.0-x86_64-pc-windows-msvc.zip             281 B  github-digest
             x86_64-unknown-linux-gnu   tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz        231 B  github-digest
    Patching tauri.conf.json (externalBin)
        Next cargo sidecar sync

"#]]);
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.tool]
github = "acme/tool"
version = "=1.2.0"

"#]],
    );
    let done = app.sidecar(["outdated", "tool"]).success();
    assert!(String::from_utf8_lossy(&done.get_output().stderr).contains("newest release"));
}

#[test]
fn blake3_is_verified_and_locked_by_sha256() {
    let app = app();
    import(&app, "bare");
    app.manifest(&format!("[settings]\ntargets = [\"{LINUX}\", \"{MAC}\"]\n"));
    app.sidecar(["import", "bare"]).success().stderr_eq(str![[r#"
   Importing bare (bare:3:1)
             its blake3 was verified; the lock pins the same bytes by sha256
     Locking bare 0.9.0
             aarch64-apple-darwin      bare-mac          62 B  import:bare
             x86_64-unknown-linux-gnu  bare-linux       126 B  import:bare
    Patching tauri.conf.json (externalBin)
        Next cargo sidecar sync

"#]]);
    let lock = app.read("sidecar.lock");
    assert!(
        lock.contains(&sha256(&bare_asset("bare-linux"))) && lock.contains(&sha256(&bare_asset("bare-mac")))
    );
    // Nobody published a checksum: who pinned it vouches for it.
    assert_eq!(lock.matches("provenance = \"import:bare\"").count(), 2, "{lock}");
}

#[test]
fn without_names_the_usual_places_are_looked_through() {
    let app = app();
    import(&app, "mise.lock");
    app.write("bin/bare", &fixture("bare"));
    app.write("bin/other", "#!/bin/sh\n");
    let done = app.sidecar(["import", "--dry-run"]).success();
    done.stderr_eq(str![[r#"
       Found mise.lock, bin/bare
   Importing tool ([ROOT]/app/mise.lock:5:9)
             `windows-x64-baseline` is for older CPUs, and a target has one build
             `linux-x64-musl` is for no further target of the manifest
             not pinned for aarch64-pc-windows-msvc: chosen from the release
warning: `node` is not imported: http://nodejs.org/dist/v24.13.0/node-v24.13.0-linux-x64.tar.gz is neither a release on github.com nor the plain https address of a file ([ROOT]/app/mise.lock:17:9)
warning: `rust` is not imported: nothing of it is pinned ([ROOT]/app/mise.lock:26:9)
   Importing bare ([ROOT]/app/bin/bare:3:1)
             its blake3 was verified; the lock pins the same bytes by sha256
             not pinned for aarch64-pc-windows-msvc, aarch64-unknown-linux-gnu, x86_64-apple-darwin, x86_64-pc-windows-msvc: the release has nothing, and builds for these fail
     Locking bare 0.9.0
             aarch64-apple-darwin      bare-mac          62 B  import:bare
             x86_64-unknown-linux-gnu  bare-linux       126 B  import:bare
     Locking tool 1.2.0
             aarch64-apple-darwin       tool-v1.2.0-aarch64-apple-darwin.tar.gz            208 B  github-digest
             aarch64-pc-windows-msvc    tool-v1.2.0-aarch64-pc-windows-msvc.zip            282 B  github-digest
             aarch64-unknown-linux-gnu  tool-v1.2.0-aarch64-unknown-linux-gnu.tar.gz       231 B  github-digest
             x86_64-apple-darwin        tool-v1.2.0-x86_64-apple-darwin.tar.gz             209 B  github-digest
             x86_64-pc-windows-msvc     tool-v1.2.0-x86_64-pc-windows-msvc.zip             281 B  github-digest
             x86_64-unknown-linux-gnu   tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz        231 B  github-digest
    Finished 2 files and sidecar.lock would change; dry run

"#]]).stdout_eq(str![[r#"
--- a/sidecar.toml
+++ b/sidecar.toml
@@ -0,0 +1,7 @@
+[sidecar.tool]
+github = "acme/tool"
+version = "=1.2.0"
+
+[sidecar.bare]
+github = "acme/bare"
+version = "=0.9.0"
--- a/tauri.conf.json
+++ b/tauri.conf.json
@@ -1 +1,5 @@
-{}
/ No newline at end of file
+{
+  "bundle": {
+    "externalBin": ["binaries/bare", "binaries/tool"]
+  }
+}
/ No newline at end of file

"#]]);
    assert_eq!(app.read("sidecar.toml"), "");
    assert!(!app.path("sidecar.lock").exists());
    app.sidecar(["import", "-q"]).success().stderr_eq("");
    let text = app.read("sidecar.toml");
    assert!(text.contains("[sidecar.tool]") && text.contains("[sidecar.bare]"), "{text}");
}

#[test]
fn machines_are_told_what_became_of_each() {
    let app = app();
    import(&app, "multitool.lock.json");
    let done = app.sidecar(["import", "multitool.lock.json", "--message-format", "json"]).success();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let reason = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        message["reason"].as_str().unwrap().to_owned()
    };
    let reasons: Vec<String> = text.lines().map(reason).collect();
    assert_eq!(reasons, ["imported", "imported", "locked", "patched", "patched"], "{text}");
    assert!(text.contains("\"reason\":\"pinned by multitool.lock.json\""), "{text}");
    assert!(text.contains("\"imported\":false") && text.contains("\"imported\":true"), "{text}");
}

#[test]
fn what_is_a_sidecar_already_is_left_alone() {
    let app = App::with_synced_tool();
    let before = (app.read("sidecar.toml"), app.read("sidecar.lock"));
    import(&app, "tool");
    app.sidecar(["import", "tool"]).success().stderr_eq(str![[r#"
warning: `tool` is not imported: it is a sidecar already, and was left alone (tool:4:1)
    Finished nothing was imported, and nothing was changed

"#]]);
    assert_eq!((app.read("sidecar.toml"), app.read("sidecar.lock")), before);
    app.fails("lock-stale", ["import", "tool", "--locked"]);
}

#[test]
fn an_asset_that_the_rule_would_not_choose_is_named() {
    let app = app();
    let spec = ReleaseSpec::new("v2.0.0").published_at("2026-01-02T03:04:05Z");
    let names = ["odd-2.0.0-linux.bin", "odd-2.0.0-linux-cuda.bin", "odd-2.0.0-macos-arm64.bin"];
    let bytes = |name: &str| program(if name.contains("linux") { LINUX } else { MAC }, name);
    app.server.release("acme/odd", names.iter().fold(spec, |spec, name| spec.asset(*name, bytes(name))));
    let entry = |platform: &str, name: &str| {
        format!(
            "[tools.odd.platforms.{platform}]\nchecksum = \"sha256:{}\"\nurl = \"https://github.com/acme/odd/releases/download/v2.0.0/{name}\"\n",
            sha256(&bytes(name))
        )
    };
    let text = format!(
        "[[tools.odd]]\nversion = \"2.0.0\"\n{}{}",
        entry("linux-x64", names[1]),
        entry("macos-arm64", names[2])
    );
    app.write("mise.lock", &text);
    app.sidecar(["import"]).success();
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.odd]
github = "acme/odd"
version = "=2.0.0"
asset = { x86_64-unknown-linux-gnu = "odd-{version}-linux-cuda.bin" }

"#]],
    );
    app.sidecar(["lock"]).success().stderr_eq(str![[r#"
    Finished the lock answers the manifest; nothing was changed

"#]]);
}

#[test]
fn a_program_that_the_rule_would_not_find_is_named() {
    let app = app();
    let binary = program(LINUX, "helper");
    let asset =
        tar_gz(&[("kit-3/bin/kit", program(LINUX, "kit").as_slice()), ("kit-3/bin/kit-helper", &binary)]);
    app.server.release("acme/kit", ReleaseSpec::new("kit-3").asset("kit-linux-x64.tar.gz", asset.clone()));
    app.write(
        "multitool.lock.json",
        &format!(
            "{{\"kit\": {{\"binaries\": [{{\"kind\": \"archive\", \"os\": \"linux\", \"cpu\": \"x86_64\", \"file\": \"kit-3/bin/kit-helper\", \
             \"sha256\": \"{}\", \"url\": \"https://github.com/acme/kit/releases/download/kit-3/kit-linux-x64.tar.gz\"}}]}}}}",
            sha256(&asset)
        ),
    );
    app.sidecar(["import"]).success();
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.kit]
github = "acme/kit"
tag = "kit-3"
bin = "**/kit-helper{exe}"

"#]],
    );
    let lock = app.read("sidecar.lock");
    assert!(lock.contains(&format!("binary-sha256 = \"{}\"", sha256(&binary))), "{lock}");
}

#[test]
fn an_app_without_a_manifest_gets_one() {
    let app = app();
    std::fs::remove_file(app.path("sidecar.toml")).unwrap();
    import(&app, "tool");
    app.sidecar(["import", "tool"]).success();
    assert!(app.read("sidecar.toml").starts_with("[sidecar.tool]\n"));
    app.write("sidecar.toml", "[settings]\n# mine\nbinaries = \"bin\" # here\n");
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    app.sidecar(["import", "tool"]).success();
    assert!(
        app.read("sidecar.toml")
            .starts_with("[settings]\n# mine\nbinaries = \"bin\" # here\n\n[sidecar.tool]\n")
    );
}

#[test]
fn without_the_api_every_asset_is_named() {
    let app = App::with_synced_tool();
    app.sidecar(["sync", "--all-targets"]).success();
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    app.manifest("");
    import(&app, "tool");
    app.server.clear_requests();
    app.sidecar(["import", "tool", "--offline"]).success().stderr_eq(str![[r#"
   Importing tool (tool:4:1)
             not pinned for aarch64-pc-windows-msvc, aarch64-unknown-linux-gnu, x86_64-apple-darwin: left out
             the API was not asked, so every asset is named
     Locking tool 1.2.0
             aarch64-apple-darwin      tool-v1.2.0-aarch64-apple-darwin.tar.gz           208 B  import:tool
             x86_64-pc-windows-msvc    tool-v1.2.0-x86_64-pc-windows-msvc.zip            281 B  import:tool
             x86_64-unknown-linux-gnu  tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz       231 B  import:tool
        Next cargo sidecar sync

"#]]);
    assert!(app.server.requests().is_empty());
    app.compare(&app.read("sidecar.toml"), str![[r#"
[sidecar.tool]
github = "acme/tool"
version = "=1.2.0"
targets = ["aarch64-apple-darwin", "x86_64-pc-windows-msvc", "x86_64-unknown-linux-gnu"]
asset = { aarch64-apple-darwin = "tool-{tag}-aarch64-apple-darwin.tar.gz", x86_64-pc-windows-msvc = "tool-{tag}-x86_64-pc-windows-msvc.zip", x86_64-unknown-linux-gnu = "tool-{tag}-x86_64-unknown-linux-gnu.tar.gz" }

"#]]);
    let lock = app.read("sidecar.lock");
    assert_eq!(lock.matches("provenance = \"import:tool\"").count(), 3, "{lock}");
    // With the API, what is published is no loss.
    app.sidecar(["update"]).success();
    assert_eq!(app.read("sidecar.lock").matches("provenance = \"github-digest\"").count(), 3);
    app.forget_cache();
    app.manifest("");
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    app.fails("offline", ["import", "tool", "--offline"]);
}

#[test]
fn a_server_that_refuses_more_requests_does_not_stop_an_import() {
    let app = App::with_synced_tool();
    app.sidecar(["sync", "--all-targets"]).success();
    app.manifest("");
    import(&app, "tool");
    app.server.fault(Match::path("/api/v3/"), Fault::RateLimit { reset: 4_102_444_800 }, Times::Always);
    app.sidecar(["import", "tool"]).success();
    assert!(app.read("sidecar.toml").contains("asset = {"));
}

#[test]
fn files_at_other_addresses_become_a_url_source() {
    let app = app();
    let (linux, mac) = (bare_asset("bare-linux"), bare_asset("bare-mac"));
    app.server.serve("/dl/1.0/bare-linux", linux.clone());
    app.server.serve("/dl/1.0/bare-mac", mac.clone());
    let url = app.server.url();
    let binary = |os: &str, cpu: &str, file: &str, bytes: &[u8]| {
        format!(
            r#"{{"kind":"file","url":"{url}/dl/1.0/{file}","sha256":"{}","os":"{os}","cpu":"{cpu}"}}"#,
            sha256(bytes)
        )
    };
    let binaries =
        [binary("linux", "x86_64", "bare-linux", &linux), binary("macos", "arm64", "bare-mac", &mac)];
    app.write("multitool.lock.json", &format!(r#"{{"bare":{{"binaries":[{}]}}}}"#, binaries.join(",")));
    app.sidecar(["import", "multitool.lock.json"]).success();
    app.compare(
        &app.read("sidecar.toml"),
        str![[r#"
[sidecar.bare]

[sidecar.bare.url]
aarch64-apple-darwin = "[SERVER]/dl/1.0/bare-mac"
x86_64-unknown-linux-gnu = "[SERVER]/dl/1.0/bare-linux"

"#]],
    );
    let lock = app.read("sidecar.lock");
    assert!(lock.contains(&sha256(&linux)) && lock.contains(&sha256(&mac)), "{lock}");
    app.sidecar(["lock", "--locked", "--offline"]).success();
    let wrong = app.read("multitool.lock.json").replace(&sha256(&linux), &sha256(b"other"));
    app.write("multitool.lock.json", &wrong);
    app.sidecar(["remove", "bare"]).success();
    app.forget_cache();
    app.fails("checksum-mismatch", ["import", "multitool.lock.json"]);
}
