//! macOS and Windows on arm64 without a native build: the one for x86-64, marked wherever it is spoken of.

use sidecar_tests::{ReleaseSpec, program, tar_gz, zip};
use snapbox::str;

use crate::app::{App, DESKTOP, archive, asset_name, release};

const ARM_WINDOWS: &str = "aarch64-pc-windows-msvc";
const X64_WINDOWS: &str = "x86_64-pc-windows-msvc";
const ARM_MAC: &str = "aarch64-apple-darwin";
const X64_MAC: &str = "x86_64-apple-darwin";
const ARM_LINUX: &str = "aarch64-unknown-linux-gnu";

/// A release that has builds for x86-64 only.
fn intel_only(tag: &str) -> ReleaseSpec {
    let intel = DESKTOP.iter().filter(|triple| triple.starts_with("x86_64"));
    let spec = ReleaseSpec::new(tag).published_at("2026-01-02T03:04:05Z");
    intel.fold(spec, |spec, triple| spec.asset(asset_name(tag, triple), archive(tag, triple)))
}

fn app() -> App {
    let app = App::new();
    app.server.release("acme/tool", intel_only("v1.2.0"));
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n");
    app
}

/// The `[[asset]]` of a target in the lock.
fn asset(app: &App, triple: &str) -> String {
    let lock = app.read("sidecar.lock");
    let wanted = format!("target = \"{triple}\"\n");
    lock.split("[[asset]]\n").find(|part| part.contains(&wanted)).unwrap().to_owned()
}

#[test]
fn what_has_no_native_build_gets_the_one_for_x86_64_and_says_so() {
    let app = app();
    app.sidecar(["lock", "--verbose"]).success().stderr_eq(str![[r#"
   Resolving tool
     Locking downloading and inspecting the chosen assets
...
warning: sidecar `tool` 1.2.0 has nothing for aarch64-unknown-linux-gnu; builds for these fail until `asset` names one, or `targets` leaves them out
warning: sidecar `tool` 1.2.0 has no native build for aarch64-apple-darwin, aarch64-pc-windows-msvc; its build for x86-64 is locked there, which the system emulates; `emulation = false` refuses it
     Locking tool 1.2.0
             aarch64-apple-darwin      tool-v1.2.0-x86_64-apple-darwin.tar.gz            209 B  github-digest  (x86-64, emulated)  names the platform in its own words, for x86-64, which the system translates, the only one that fits
             aarch64-pc-windows-msvc   tool-v1.2.0-x86_64-pc-windows-msvc.zip            281 B  github-digest  (x86-64, emulated)  names the platform in its own words, for x86-64, which the system translates, the only one that fits
             x86_64-apple-darwin       tool-v1.2.0-x86_64-apple-darwin.tar.gz            209 B  github-digest  names the target, the only one that fits
             x86_64-pc-windows-msvc    tool-v1.2.0-x86_64-pc-windows-msvc.zip            281 B  github-digest  names the target, the only one that fits
             x86_64-unknown-linux-gnu  tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz       231 B  github-digest  names the target, the only one that fits

"#]]);
    for triple in [ARM_MAC, ARM_WINDOWS] {
        assert!(asset(&app, triple).contains("\nemulated = true\n"), "{}", asset(&app, triple));
    }
    for triple in [X64_MAC, X64_WINDOWS] {
        assert!(!asset(&app, triple).contains("emulated"), "{}", asset(&app, triple));
    }
    assert!(asset(&app, ARM_LINUX).contains("missing = true"), "Linux translates nothing");
    app.sidecar(["list", "--verbose"])
        .success()
        .stdout_eq(str![[r#"
NAME  LOCKED  TARGETS           FEATURES  SOURCE
tool  1.2.0   5/6 (2 emulated)            acme/tool

"#]])
        .stderr_eq(str![[r#"
    Emulated tool for aarch64-apple-darwin, aarch64-pc-windows-msvc (x86-64, emulated)
     Missing tool has nothing for aarch64-unknown-linux-gnu

"#]]);
    app.sidecar(["explain", "tool", "--target", ARM_WINDOWS]).success().stdout_eq(str![[r#"
aarch64-pc-windows-msvc: tool-v1.2.0-x86_64-pc-windows-msvc.zip (x86-64, emulated) (names the platform in its own words, for x86-64, which the system translates, the only one that fits)
  ASSET                                        WORDS                VERDICT
  tool-v1.2.0-x86_64-apple-darwin.tar.gz       macOS x86-64         for macOS
  tool-v1.2.0-x86_64-pc-windows-msvc.zip       Windows x86-64 msvc  chosen
  tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz  Linux x86-64 gnu     for Linux

"#]]);
    let done = app.sidecar(["list", "--message-format", "json"]).success();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(text.contains("\"emulated\":[\"aarch64-apple-darwin\",\"aarch64-pc-windows-msvc\"]"), "{text}");
}

#[test]
fn add_shows_it_beside_the_asset() {
    let app = app();
    app.manifest("[settings]\ntargets = [\"aarch64-apple-darwin\", \"x86_64-apple-darwin\"]\n");
    app.sidecar(["add", "acme/tool"]).success().stderr_eq(str![[r#"
warning: sidecar `tool` 1.2.0 has no native build for aarch64-apple-darwin; its build for x86-64 is locked there, which the system emulates; `emulation = false` refuses it
     Locking tool 1.2.0
             aarch64-apple-darwin  tool-v1.2.0-x86_64-apple-darwin.tar.gz       209 B  github-digest  (x86-64, emulated)
             x86_64-apple-darwin   tool-v1.2.0-x86_64-apple-darwin.tar.gz       209 B  github-digest
        Next cargo sidecar sync

"#]]);
}

#[test]
fn builds_sync_verify_and_doctor_take_it_for_its_target() {
    let app = app();
    app.sidecar(["sync", "--target", ARM_WINDOWS, "--target", ARM_MAC]).success();
    app.run(app.build_script(ARM_WINDOWS)).success();
    app.run(app.build_script(ARM_MAC)).success();
    let path = app.path(&format!("binaries/tool-{ARM_WINDOWS}.exe"));
    assert_eq!(std::fs::read(path).unwrap(), program(X64_WINDOWS, "v1.2.0"));
    let done = app.sidecar(["verify", "--target", ARM_MAC]);
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(text.contains("tool 1.2.0 for aarch64-apple-darwin: x86-64, emulated, github-digest"), "{text}");
    let done = app.sidecar(["doctor"]);
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(text.contains("sidecar `tool` has no native build for aarch64-apple-darwin, aarch64"), "{text}");
    assert!(!text.contains("wrong-target") && !text.contains("is not a program"), "{text}");
}

#[test]
fn without_its_mark_the_program_is_refused() {
    let app = app();
    app.sidecar(["sync", "--target", ARM_WINDOWS]).success();
    let lock = app.read("sidecar.lock");
    app.write("sidecar.lock", &lock.replace("emulated = true\n", ""));
    let done = app.sidecar(["verify", "--target", ARM_WINDOWS]).failure();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(text.contains("the file is not a program for `aarch64-pc-windows-msvc`"), "{text}");
    // A mark where nothing is translated is a lock that nobody wrote.
    app.write(
        "sidecar.lock",
        &lock.replacen(
            "provenance = \"github-digest\"\nmember",
            "provenance = \"github-digest\"\nemulated = true\nmember",
            9,
        ),
    );
    app.fails("lock-invalid", ["sync"]);
}

#[test]
fn a_local_build_must_be_native() {
    let app = app();
    app.sidecar(["lock"]).success();
    std::fs::write(app.path("mine.exe"), program(X64_WINDOWS, "mine")).unwrap();
    let mut build = app.build_script(ARM_WINDOWS);
    build.env("SIDECAR_TOOL_PATH", app.path("mine.exe"));
    let done = app.run(build).failure();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(text.contains("the file is not a program for `aarch64-pc-windows-msvc`"), "{text}");
}

#[test]
fn it_is_turned_off_for_all_or_for_one_and_the_lock_follows() {
    let app = app();
    app.sidecar(["lock"]).success();
    app.manifest(
        "[settings]\nemulation = false\n\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n",
    );
    app.fails("lock-stale", ["sync", "--locked"]).stderr_eq(str![[r#"
error: the lock does not answer the manifest for sidecar `tool`
  key       emulation
  manifest  "false"
  lock      not set ([ROOT]/app/sidecar.lock)
help: run `cargo sidecar lock` and commit the file that it writes

"#]]);
    app.sidecar(["lock"]).success();
    for triple in [ARM_MAC, ARM_WINDOWS] {
        assert!(asset(&app, triple).contains("missing = true"), "{}", asset(&app, triple));
    }
    // The sidecar's own key goes first.
    app.manifest(
        "[settings]\nemulation = false\n\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nemulation = true\n",
    );
    app.sidecar(["lock"]).success();
    assert!(asset(&app, ARM_MAC).contains("emulated = true"));
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nemulation = false\n");
    app.sidecar(["lock"]).success();
    assert!(asset(&app, ARM_MAC).contains("missing = true"));
}

#[test]
fn a_native_build_takes_its_place_as_soon_as_there_is_one() {
    let app = app();
    app.sidecar(["lock"]).success();
    // Published later for the release that is locked.
    let late = intel_only("v1.2.0").asset(asset_name("v1.2.0", ARM_MAC), archive("v1.2.0", ARM_MAC));
    app.server.release("acme/tool", late);
    app.sidecar(["lock"]).success();
    assert!(asset(&app, ARM_MAC).contains("emulated = true"), "`lock` is no `update`");
    app.sidecar(["update"]).success();
    assert!(asset(&app, ARM_MAC).contains(&asset_name("v1.2.0", ARM_MAC)));
    assert!(!asset(&app, ARM_MAC).contains("emulated") && asset(&app, ARM_WINDOWS).contains("emulated"));
    app.server.release("acme/tool", release("v1.3.0"));
    app.sidecar(["update"]).success();
    assert!(!app.read("sidecar.lock").contains("emulated"));
}

/// A release whose names for macOS and Windows say no architecture.
fn untold() -> ReleaseSpec {
    ReleaseSpec::new("v1.2.0")
        .asset("tool-macos.tar.gz", tar_gz(&[("tool", &program(X64_MAC, "1"))]))
        .asset("tool-windows.zip", zip(&[("x64/tool.exe", &program(X64_WINDOWS, "1"))]))
}

#[test]
fn where_the_name_says_nothing_the_header_decides() {
    let app = App::new();
    app.server.release("acme/tool", untold());
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n");
    app.sidecar(["lock"]).success();
    for triple in [ARM_MAC, ARM_WINDOWS] {
        assert!(asset(&app, triple).contains("\nemulated = true\n"), "{}", asset(&app, triple));
    }
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\nemulation = false\ntargets = [\"cfg(unix)\"]\n");
    let done = app.sidecar(["lock"]).success();
    let text = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    assert!(text.contains("nothing for aarch64-apple-darwin: the file is not a program for"), "{text}");
    assert!(asset(&app, ARM_MAC).contains("missing = true"));
}

#[test]
fn a_universal_program_under_a_name_for_x86_64_is_native() {
    let app = App::new();
    let arm = program(ARM_MAC, "1");
    let name = "tool-macos-x64.tar.gz";
    app.server.release("acme/tool", ReleaseSpec::new("v1.2.0").asset(name, tar_gz(&[("tool", &arm)])));
    app.manifest(
        "[settings]\ntargets = [\"aarch64-apple-darwin\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\n",
    );
    app.sidecar(["lock"]).success();
    assert!(!asset(&app, ARM_MAC).contains("emulated"), "{}", asset(&app, ARM_MAC));
}

#[test]
fn the_releases_own_map_serves_it_as_well() {
    let app = App::new();
    let map = r#"{"artifacts": {"full.zip": {"name": "full.zip", "kind": "executable-zip",
        "target_triples": ["x86_64-pc-windows-msvc"],
        "assets": [{"name": "tool", "path": "tool.exe", "kind": "executable"}]}}}"#;
    let bytes = zip(&[("tool.exe", &program(X64_WINDOWS, "1")), ("other.exe", b"MZ")]);
    app.server.release(
        "acme/tool",
        ReleaseSpec::new("v1.2.0")
            .asset("full.zip", bytes)
            .asset("dist-manifest.json", map.as_bytes().to_vec()),
    );
    app.manifest(
        "[settings]\ntargets = [\"aarch64-pc-windows-msvc\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\n",
    );
    app.sidecar(["lock"]).success();
    assert!(
        asset(&app, ARM_WINDOWS).contains("name = \"full.zip\"")
            && asset(&app, ARM_WINDOWS).contains("emulated")
    );
}
