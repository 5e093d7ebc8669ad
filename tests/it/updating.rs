//! `update`: what changed for every target, what of it is refused, and `--dry-run`, `--precise`, `--minimum-age`.

use sidecar_tests::{Fault, Match, ReleaseSpec, Times, program, program_for_glibc};
use snapbox::str;

use crate::app::{App, DESKTOP, archive, asset_name, release};

const LINUX: &str = "x86_64-unknown-linux-gnu";

/// A release of bare binaries for Linux and macOS, which needs a glibc version there.
fn small(tag: &str, glibc: Option<&str>) -> ReleaseSpec {
    let linux = match glibc {
        Some(version) => program_for_glibc(LINUX, version, tag),
        None => program(LINUX, tag),
    };
    ReleaseSpec::new(tag)
        .published_at("2026-01-02T03:04:05Z")
        .asset("tool-linux-amd64", linux)
        .asset("tool-macos-arm64", program("aarch64-apple-darwin", tag))
}

/// An app that is locked to version 1.0.0 of [`small`], for its two targets.
fn locked(first: ReleaseSpec) -> App {
    let app = App::new();
    app.server.release("acme/tool", first);
    app.manifest(&format!(
        "[settings]\ntargets = [\"{LINUX}\", \"aarch64-apple-darwin\"]\n\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n"
    ));
    app.sidecar(["lock"]).success();
    app
}

fn without_digest(tag: &str) -> ReleaseSpec {
    ReleaseSpec::new(tag)
        .published_at("2026-01-03T03:04:05Z")
        .asset_without_digest("tool-linux-amd64", program(LINUX, tag))
        .asset("tool-macos-arm64", program("aarch64-apple-darwin", tag))
}

#[test]
fn what_changed_is_told_for_every_target() {
    let app = locked(small("v1.0.0", Some("2.17")));
    let before = app.read("sidecar.lock");
    assert!(before.contains("glibc = \"2.17\""), "{before}");
    app.server.release("acme/tool", small("v1.1.0", Some("2.31")));
    app.sidecar(["update", "--dry-run"]).success().stderr_eq(str![[r#"
warning: sidecar `tool` 1.1.0: needs glibc 2.31 on x86_64-unknown-linux-gnu, 1.0.0 needed 2.17; it does not start on older systems
    Updating tool 1.0.0 -> 1.1.0
             aarch64-apple-darwin      62 B   sha256 ae9bf4dd6885 -> 5efe1e453fee  tool-macos-arm64; github-digest
             x86_64-unknown-linux-gnu  290 B  sha256 98f3ae37f368 -> 38ee97b713d9  tool-linux-amd64; glibc 2.17 -> 2.31; github-digest
    Finished sidecar.lock would change; dry run

"#]]);
    assert_eq!(app.read("sidecar.lock"), before);
    app.sidecar(["update", "tool"]).success().stderr_eq(str![[r#"
warning: sidecar `tool` 1.1.0: needs glibc 2.31 on x86_64-unknown-linux-gnu, 1.0.0 needed 2.17; it does not start on older systems
    Updating tool 1.0.0 -> 1.1.0
             aarch64-apple-darwin      62 B   sha256 ae9bf4dd6885 -> 5efe1e453fee  tool-macos-arm64; github-digest
             x86_64-unknown-linux-gnu  290 B  sha256 98f3ae37f368 -> 38ee97b713d9  tool-linux-amd64; glibc 2.17 -> 2.31; github-digest

"#]]);
    let text = app.read("sidecar.lock");
    assert!(text.contains("tag = \"v1.1.0\"") && text.contains("glibc = \"2.31\""), "{text}");
    app.sidecar(["update", "-n"]).success().stderr_eq(str![[r#"
    Finished nothing would change; dry run

"#]]);
}

#[test]
fn machines_are_told_all_of_it() {
    let app = locked(small("v1.0.0", Some("2.17")));
    app.server.release("acme/tool", small("v1.1.0", Some("2.31")));
    let done = app.sidecar(["update", "--dry-run", "--message-format", "json"]).success();
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let row = text.lines().find(|line| line.contains("\"reason\":\"locked\"")).unwrap();
    for part in [
        "\"from\":\"1.0.0\"",
        "\"glibc_raised\":true",
        "\"glibc\":\"2.17\"",
        "\"glibc\":\"2.31\"",
        "\"proof_lost\":false",
        "\"provenance\":\"github-digest\"",
    ] {
        assert!(row.contains(part), "{part}: {row}");
    }
    assert!(text.contains("\"reason\":\"dry-run\"") && text.contains("\"lock\":true"), "{text}");
}

#[test]
fn a_proof_is_not_lost_in_silence() {
    let app = locked(small("v1.0.0", None));
    app.server.release("acme/tool", without_digest("v1.1.0"));
    app.fails("proof-lost", ["update"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.1.0: nothing vouches for the new assets, and something did for those before
  targets  x86_64-unknown-linux-gnu
  before   github-digest
  now      download: the bytes would be taken at their word
help: ask the publisher for checksums; if you trust the files without: `cargo sidecar update tool --allow-proof-loss`

"#]]);
    app.fails("proof-lost", ["update", "--dry-run"]);
    app.sidecar(["update", "--allow-proof-loss"]).success().stderr_eq(str![[r#"
warning: sidecar `tool` 1.1.0: nothing vouches for what is pinned for x86_64-unknown-linux-gnu; it was published with checksums before
    Updating tool 1.0.0 -> 1.1.0
             aarch64-apple-darwin      62 B   sha256 ae9bf4dd6885 -> 5efe1e453fee  tool-macos-arm64; github-digest
             x86_64-unknown-linux-gnu  126 B  sha256 6abe1efeeb2e -> ece183edcc8c  tool-linux-amd64; github-digest -> download; proof lost

"#]]);
    let text = app.read("sidecar.lock");
    assert!(text.contains("provenance = \"download\""), "{text}");
    // Gaining one is no matter.
    app.server.release("acme/tool", small("v1.2.0", None));
    app.sidecar(["update"]).success();
    assert!(!app.read("sidecar.lock").contains("\"download\""));
}

#[test]
fn a_lock_after_a_change_of_the_manifest_loses_no_proof_either() {
    let app = locked(small("v1.0.0", None));
    app.server.release("acme/tool", without_digest("v1.0.0"));
    let manifest = app.read("sidecar.toml");
    // The same asset, published anew without its digest.
    app.manifest(&format!("{manifest}bin = \"tool{{exe}}\"\n"));
    app.sidecar(["lock"]).success();
    let text = app.read("sidecar.lock");
    assert!(!text.contains("\"download\""), "the bytes are the same, and were proven: {text}");
    app.server.release("acme/tool", without_digest("v2.0.0"));
    app.manifest(&manifest.replace("\"1\"", "\"2\""));
    app.fails("proof-lost", ["lock"]);
    app.fails("proof-lost", ["sync"]);
    app.sidecar(["lock", "--allow-proof-loss"]).success();
}

#[test]
fn another_source_is_the_choice_of_whoever_wrote_it() {
    let app = locked(small("v1.0.0", None));
    app.server.release("other/tool", without_digest("v1.0.1"));
    app.manifest(&app.read("sidecar.toml").replace("acme/tool", "other/tool"));
    app.sidecar(["lock"]).success().stderr_eq(str![[r#"
warning: sidecar `tool` 1.0.1: nothing vouches for what is pinned for x86_64-unknown-linux-gnu; it was published with checksums before
    Updating tool 1.0.0 -> 1.0.1

"#]]);
}

#[test]
fn a_file_that_was_replaced_is_told() {
    let app = locked(small("v1.0.0", None));
    let again = ReleaseSpec::new("v1.0.0")
        .published_at("2026-01-02T03:04:05Z")
        .asset("tool-linux-amd64", program(LINUX, "another build"))
        .asset("tool-macos-arm64", program("aarch64-apple-darwin", "v1.0.0"));
    app.server.release("acme/tool", again);
    app.sidecar(["update"]).success().stderr_eq(str![[r#"
warning: sidecar `tool` 1.0.0: the publisher replaced tool-linux-amd64 after it was locked, under the same tag
     Locking tool 1.0.0 anew
             x86_64-unknown-linux-gnu  126 B -> 133 B  sha256 6abe1efeeb2e -> ea5033c8e087  tool-linux-amd64; github-digest

"#]]);
}

#[test]
fn a_target_that_is_lost_is_refused_where_it_is_mandatory() {
    let app = locked(small("v1.0.0", None));
    let mac = program("aarch64-apple-darwin", "v1.1.0");
    app.server.release("acme/tool", ReleaseSpec::new("v1.1.0").asset("tool-macos-arm64", mac));
    app.fails("asset-not-found", ["update"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.1.0: no release asset fits target `x86_64-unknown-linux-gnu`
  release  [SERVER]/acme/tool/releases/tag/v1.1.0
  nearest  tool-macos-arm64
help: name it in the manifest: `asset = { "x86_64-unknown-linux-gnu" = "<NAME>" }`

"#]]);
}

#[test]
fn a_target_that_is_lost_is_told_where_it_was_attempted() {
    let app = App::with_tool();
    app.manifest("[settings]\nemulation = false\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n");
    app.sidecar(["sync"]).success();
    let gone = "aarch64-pc-windows-msvc";
    let spec = DESKTOP
        .iter()
        .filter(|triple| **triple != gone)
        .fold(ReleaseSpec::new("v1.3.0").published_at("2026-02-02T03:04:05Z"), |spec, triple| {
            spec.asset(asset_name("v1.3.0", triple), archive("v1.3.0", triple))
        });
    app.server.release("acme/tool", spec);
    let done = app.sidecar(["update"]).success();
    let text = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    let told = format!(
        "sidecar `tool` 1.3.0: the release has nothing for {gone} any more; 1.2.0 had {}",
        asset_name("v1.2.0", gone)
    );
    assert!(text.contains(&told), "{text}");
    assert!(text.contains(&format!("lost: {}", asset_name("v1.2.0", gone))), "{text}");
    app.server.release("acme/tool", release("v1.4.0"));
    let done = app.sidecar(["update"]).success();
    let text = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    assert!(text.contains(&format!("gained: {}", asset_name("v1.4.0", gone))), "{text}");
}

#[test]
fn a_precise_version_is_locked_and_stays() {
    let app = App::with_synced_tool();
    for tag in ["v1.1.0", "v1.3.0", "v1.4.0"] {
        app.server.release("acme/tool", release(tag));
    }
    let first = |args: &[&str]| {
        let done = app.sidecar(args.iter().copied()).success();
        let text = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(first(&["update", "tool", "--precise", "1.3.0"]), "    Updating tool 1.2.0 -> 1.3.0");
    // What still answers stays, as with cargo.
    assert_eq!(first(&["lock"]), "    Finished the lock answers the manifest; nothing was changed");
    assert_eq!(first(&["update", "tool", "--precise", "v1.1.0"]), " Downgrading tool 1.3.0 -> 1.1.0");
    assert_eq!(
        first(&["update", "tool", "--precise", "1.1.0"]),
        "    Finished the lock has that release already; nothing was changed"
    );
    assert_eq!(first(&["update", "tool"]), "    Updating tool 1.1.0 -> 1.4.0");
}

#[test]
fn what_the_manifest_does_not_ask_for_is_not_precise() {
    let app = App::with_synced_tool();
    app.server.release("acme/tool", release("v2.0.0"));
    app.fails("release-not-found", ["update", "tool", "--precise", "2.0.0"]).stderr_eq(str![[r#"
error: sidecar `tool`: release `v2.0.0` is not one that the manifest asks for
  manifest  version = "^1", at [ROOT]/app/sidecar.toml:1:10
help: let the manifest ask for it first: change `version` or `tag`, then run `cargo sidecar lock`

"#]]);
    app.fails("release-not-found", ["update", "tool", "--precise", "1.9.9"]).stderr_eq(str![[r#"
error: sidecar `tool`: no release answers the version requirement `=1.9.9`
  tags      v2.0.0, v1.2.0
  releases  https://github.com/acme/tool/releases

"#]]);
    app.fails("release-not-found", ["update", "tool", "--precise", "1.2"]).stderr_eq(str![[r#"
error: sidecar `tool`: no release has the tag `1.2`
  tags      v2.0.0, v1.2.0
  releases  https://github.com/acme/tool/releases
help: did you mean `v1.2.0`?

"#]]);
    app.fails("unknown-sidecar", ["update", "tol", "--precise", "1.2.0"]);
    app.fails("lock-stale", ["update", "tool", "--precise", "1.2.0", "--locked"]);
    app.fails("usage", ["update", "tool", "other", "--precise", "1.2.0"]).stderr_eq(str![[r#"
error: `--precise` takes the name of one sidecar
help: update the others in a run of their own

"#]]);
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\ntag = \"v1.2.0\"\n");
    app.sidecar(["lock"]).success();
    app.fails("release-not-found", ["update", "tool", "--precise", "v2.0.0"]).stderr_eq(str![[r#"
error: sidecar `tool`: release `v2.0.0` is not one that the manifest asks for
  manifest  tag = "v1.2.0", at [ROOT]/app/sidecar.toml:1:10
help: let the manifest ask for it first: change `version` or `tag`, then run `cargo sidecar lock`

"#]]);
}

#[test]
fn the_command_line_beats_the_age_of_the_settings() {
    let app = App::with_synced_tool();
    app.server.release("acme/tool", release("v1.3.0").published_at("2999-01-01T00:00:00Z"));
    app.manifest(
        "[settings]\nminimum-age = \"3d\"\n\n[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1\"\n",
    );
    app.sidecar(["update"]).success();
    assert!(app.read("sidecar.lock").contains("tag = \"v1.2.0\""));
    app.fails("release-too-young", ["update", "tool", "--precise", "1.3.0"]);
    app.sidecar(["update", "--minimum-age", "0"]).success();
    assert!(app.read("sidecar.lock").contains("tag = \"v1.3.0\""));
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"1.3\"\n");
    app.fails("release-too-young", ["update", "--minimum-age", "12h"]);
    app.fails("release-too-young", ["add", "acme/tool@1.3", "--name", "other", "--minimum-age", "12h"]);
    app.fails("bad-value", ["update", "--minimum-age", "3 fortnights"]).stderr_eq(str![[r#"
error: `3 fortnights` is not a duration
  flag  --minimum-age
help: write a whole number and a unit: `90s`, `30m`, `12h`, `3d`, `2w`

"#]]);
    app.fails("bad-value", ["lock", "--minimum-age", "soon"]);
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    app.fails("release-too-young", ["lock", "--minimum-age", "1w"]);
}

#[test]
fn an_update_that_breaks_leaves_the_lock() {
    let app = App::with_synced_tool();
    app.server.release("acme/tool", release("v1.3.0"));
    app.server.fault(Match::asset(asset_name("v1.3.0", LINUX)), Fault::CutAfter(9), Times::Always);
    app.fails("truncated", ["update"]);
}
