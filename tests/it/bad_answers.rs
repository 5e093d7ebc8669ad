//! What a server can do wrong, and what a person reads then.

use sidecar_tests::{Fault, Match, ReleaseSpec, Times, program};
use snapbox::str;

use crate::app::{App, DESKTOP, HOST, archive, asset_name, release};

/// An app that is locked but has neither cache nor installed files, so that `sync` must download.
fn cold() -> App {
    let app = App::with_synced_tool();
    app.forget_cache();
    std::fs::remove_dir_all(app.path("binaries")).unwrap();
    app
}

fn host_asset() -> String {
    asset_name("v1.2.0", &HOST)
}

#[test]
fn missing_repository() {
    let app = App::new();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tol\"\n");
    app.fails("repository-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: the repository `acme/tol` does not exist, or is not visible
  repository  https://github.com/acme/tol
help: check the spelling; if it is private, put a token into `GITHUB_TOKEN`

"#]]);
}

#[test]
fn missing_tag() {
    let app = App::with_tool();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\ntag = \"v1.2.1\"\n");
    app.fails("release-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: no release has the tag `v1.2.1`
  tags      v1.2.0
  releases  https://github.com/acme/tool/releases
help: did you mean `v1.2.0`?

"#]]);
}

#[test]
fn no_version_answers() {
    let app = App::with_tool();
    app.manifest("[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"2\"\n");
    app.fails("release-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: no release answers the version requirement `^2`
  tags      v1.2.0
  releases  https://github.com/acme/tool/releases

"#]]);
}

#[test]
fn a_release_that_is_too_young() {
    let app = App::with_tool();
    app.server.release("acme/tool", release("v1.2.0").published_at("2999-01-01T00:00:00Z"));
    app.manifest("[settings]\nminimum-age = \"3d\"\n[sidecar.tool]\ngithub = \"acme/tool\"\n");
    app.fails("release-too-young", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: release `v1.2.0` is younger than `minimum-age` allows
  published    2999-01-01T00:00:00Z, 0 min ago
  minimum-age  3 d
  old enough   none
  releases     https://github.com/acme/tool/releases
help: wait until it is old enough; `--minimum-age 0` allows it for one run of `lock`, `update` or `add`

"#]]);
}

#[test]
fn missing_asset() {
    let app = App::with_tool();
    app.manifest(
        "[settings]\ntargets = [\"aarch64-unknown-linux-musl\"]\n[sidecar.tool]\ngithub = \"acme/tool\"\n",
    );
    app.fails("asset-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: no release asset fits target `aarch64-unknown-linux-musl`
  release  [SERVER]/acme/tool/releases/tag/v1.2.0
  nearest  tool-v1.2.0-aarch64-unknown-linux-gnu.tar.gz, tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz, tool-v1.2.0-aarch64-apple-darwin.tar.gz, tool-v1.2.0-aarch64-pc-windows-msvc.zip, tool-v1.2.0-x86_64-apple-darwin.tar.gz, and 1 more
help: name it in the manifest: `asset = { "aarch64-unknown-linux-musl" = "<NAME>" }`

"#]]);
}

#[test]
fn a_tie() {
    let app = App::new();
    let spec = DESKTOP.iter().fold(ReleaseSpec::new("v1.0.0"), |spec, triple| {
        let exe = if triple.contains("windows") { ".exe" } else { "" };
        spec.asset(format!("lint-{triple}{exe}"), program(triple, "a"))
            .asset(format!("format-{triple}{exe}"), program(triple, "b"))
    });
    app.server.release("acme/suite", spec);
    app.manifest("");
    app.fails("asset-ambiguous", ["add", "acme/suite"]).stderr_eq(str![[r#"
error: sidecar `suite` 1.0.0: 2 release assets fit target `aarch64-apple-darwin` equally well
...
help: name the assets: `--target <TRIPLE> --asset <NAME>`, or for all at once, such as `--target 'cfg(all())' --asset 'tool-{version}-{target}{exe}'`

"#]]);
    app.sidecar(["add", "acme/suite", "--target", "cfg(all())", "--asset", "lint-{target}{exe}"]).success();
    std::fs::remove_file(app.path("sidecar.lock")).unwrap();
    app.manifest("[sidecar.suite]\ngithub = \"acme/suite\"\n");
    app.fails("asset-ambiguous", ["lock"]).stderr_eq(str![[r#"
error: sidecar `suite` 1.0.0: 2 release assets fit target `aarch64-apple-darwin` equally well
  release  [SERVER]/acme/suite/releases/tag/v1.0.0
  assets   lint-aarch64-apple-darwin
           format-aarch64-apple-darwin
  why      these differ in more than the platform: format, lint
help: name the right one in the manifest: `asset = { "aarch64-apple-darwin" = "lint-aarch64-apple-darwin" }`

"#]]);
}

#[test]
fn checksum_mismatch() {
    let app = cold();
    app.server.fault(Match::asset(host_asset()), Fault::WrongBytes, Times::Always);
    let done = app.fails("checksum-mismatch", ["sync"]);
    if HOST.as_str() == "x86_64-unknown-linux-gnu" {
        done.stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: the downloaded file does not match the lock
  url       [SERVER]/acme/tool/releases/download/v1.2.0/tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz
  expected  sha256 dcf548…e411  (sidecar.lock:78)
  received  sha256 27d0c2…5d28  (231 bytes; deleted, nothing was installed)
help: if the publisher replaced the file and you trust it, run `cargo sidecar update tool`

"#]]);
    }
    assert!(app.binaries().is_empty(), "a mismatch leaves no file");
}

#[test]
fn published_checksums_that_disagree() {
    let app = App::new();
    let name = asset_name("v1.2.0", "x86_64-unknown-linux-gnu");
    let wrong = format!("{}  {name}\n", "0".repeat(64));
    let spec = ReleaseSpec::new("v1.2.0").asset(name.clone(), archive("v1.2.0", "x86_64-unknown-linux-gnu"));
    app.server.release("acme/tool", spec.asset("SHA256SUMS", wrong.into_bytes()));
    app.manifest(
        "[settings]\ntargets = [\"x86_64-unknown-linux-gnu\"]\n[sidecar.tool]\ngithub = \"acme/tool\"\n",
    );
    app.fails("checksum-disagree", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: the published checksums of `tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz` disagree
  github-digest  sha256 dcf548e2402150d6de77757c78d610251965cd9a09ee79b1ae902863a6a4e411
  SHA256SUMS     sha256 0000000000000000000000000000000000000000000000000000000000000000

"#]]);
}

#[test]
fn truncated_body() {
    let app = cold();
    app.server.fault(Match::asset(host_asset()), Fault::LengthOffBy(-1), Times::Always);
    let done = app.fails("truncated", ["sync"]);
    if HOST.as_str() == "x86_64-unknown-linux-gnu" {
        done.stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: the file on the server is shorter than the lock says
  url       [SERVER]/acme/tool/releases/download/v1.2.0/tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz
  expected  231 bytes  (sidecar.lock:78)
  received  230 bytes  (nothing was downloaded)
  redirect  [SERVER]/objects/dcf548e2402150d6de77757c78d610251965cd9a09ee79b1ae902863a6a4e411
help: if the publisher replaced the file and you trust it, run `cargo sidecar update tool`

"#]]);
    }
}

#[test]
fn body_too_long() {
    let app = cold();
    app.server.fault(Match::asset(host_asset()), Fault::LengthOffBy(1), Times::Always);
    let done = app.fails("too-long", ["sync"]);
    if HOST.as_str() == "x86_64-unknown-linux-gnu" {
        done.stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: the file on the server is longer than the lock says
  url       [SERVER]/acme/tool/releases/download/v1.2.0/tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz
  expected  231 bytes  (sidecar.lock:78)
  received  232 bytes  (nothing was downloaded)
  redirect  [SERVER]/objects/dcf548e2402150d6de77757c78d610251965cd9a09ee79b1ae902863a6a4e411
help: if the publisher replaced the file and you trust it, run `cargo sidecar update tool`

"#]]);
    }
}

#[test]
fn an_asset_that_is_gone() {
    let app = cold();
    app.server.fault(Match::download(host_asset()), Fault::status(404), Times::Always);
    let done = app.fails("http-status", ["sync"]);
    if HOST.as_str() == "x86_64-unknown-linux-gnu" {
        done.stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: the server does not have this file
  url     [SERVER]/acme/tool/releases/download/v1.2.0/tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz
  answer  404 Not Found
help: if the publisher removed the release, run `cargo sidecar update tool`

"#]]);
    }
}

#[test]
fn rate_limit() {
    let app = App::with_tool();
    app.server.fault(Match::api("acme/tool"), Fault::RateLimit { reset: 4_102_444_800 }, Times::Always);
    app.fails("rate-limited", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: GitHub allows no more requests for now
  url     [SERVER]/api/v3/repos/acme/tool/releases
  limit   60 requests an hour
  resets  in [..] min (2100-01-01T00:00:00Z)
  builds  only locking asks this API; a build from a committed sidecar.lock does not
help: put any GitHub token into `GITHUB_TOKEN`: that raises the limit

"#]]);
}

#[test]
fn a_token_that_is_refused() {
    let app = App::with_tool();
    app.server.fault(Match::api("acme/tool"), Fault::status(401), Times::Always);
    let mut command = app.command(["lock"]);
    command.env("GH_TOKEN", "secret-token");
    let done = app.run(command).failure();
    assert_eq!(done.get_output().status.code(), Some(6));
    let text = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(text.contains("GH_TOKEN") && !text.contains("secret-token"), "{text}");
    app.fails("unauthorized", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: GitHub wants a token
  url     [SERVER]/api/v3/repos/acme/tool/releases
  status  401
help: put a token that can read the repository into `GITHUB_TOKEN`

"#]]);
}

#[test]
fn an_api_that_answers_nonsense() {
    let app = App::with_tool();
    app.server.fault(Match::api("acme/tool"), Fault::Html, Times::Always);
    app.fails("api-answer", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool`: the answer is not what the GitHub API describes
  url    [SERVER]/api/v3/repos/acme/tool/releases
  cause  expected value at line 1 column 1

"#]]);
}

#[test]
fn nobody_answers() {
    let app = cold();
    let lock = app.read("sidecar.lock");
    // A port of loopback that nobody listens on: the lock stays valid, the connection does not come about.
    app.write("sidecar.lock", &lock.replace(app.server.url(), "http://127.0.0.1:9"));
    let done = app.fails("connection", ["sync"]);
    if HOST.as_str() == "x86_64-unknown-linux-gnu" {
        done.stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: the server cannot be reached
  url    http://127.0.0.1:9/acme/tool/releases/download/v1.2.0/tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz
  cause  connection refused

"#]]);
    }
}

#[test]
fn a_url_that_is_not_https() {
    let app = cold();
    let lock = app.read("sidecar.lock");
    app.write("sidecar.lock", &lock.replace(app.server.url(), "http://releases.example"));
    let done = app.fails("insecure-url", ["sync"]);
    if HOST.as_str() == "x86_64-unknown-linux-gnu" {
        done.stderr_eq(str![[r#"
error: sidecar `tool` 1.2.0: `http` URLs are not used, except http to this machine
  url  http://releases.example/acme/tool/releases/download/v1.2.0/tool-v1.2.0-x86_64-unknown-linux-gnu.tar.gz
help: use the https:// address

"#]]);
    }
}
