//! What is published about a file, and what it turns out to be of.

use sidecar_tests::{ReleaseSpec, program, sha256, tar_gz};

use crate::app::App;

const LINUX: &str = "x86_64-unknown-linux-gnu";
const ASSET: &str = "tool-linux-x64.tar.gz";

fn app(spec: ReleaseSpec) -> App {
    let app = App::new();
    app.server.release("acme/tool", spec);
    app.manifest(&format!("[settings]\ntargets = [\"{LINUX}\"]\n[sidecar.tool]\ngithub = \"acme/tool\"\n"));
    app
}

#[test]
fn a_checksum_of_the_binary_within_is_a_proof() {
    let binary = program(LINUX, "tool");
    let packed = tar_gz(&[("tool", &binary)]);
    let list = format!("{} *./dist/{ASSET}\r\n", sha256(&binary).to_uppercase());
    let spec = ReleaseSpec::new("v1.2.0").asset_without_digest(ASSET, packed.clone());
    let app = app(spec.asset("tool_1.2.0_checksums.txt", list.clone().into_bytes()));
    app.sidecar(["lock"]).success();
    let lock = app.read("sidecar.lock");
    assert!(lock.contains("provenance = \"tool_1.2.0_checksums.txt (of the binary within)\""), "{lock}");
    assert!(lock.contains(&format!("sha256 = \"{}\"", sha256(&packed))), "{lock}");
}

#[test]
fn a_checksum_of_neither_is_none() {
    let packed = tar_gz(&[("tool", &program(LINUX, "tool"))]);
    let list = format!("{}  {ASSET}\n", sha256(b"something else"));
    let spec = ReleaseSpec::new("v1.2.0").asset_without_digest(ASSET, packed);
    let app = app(spec.asset("SHA256SUMS", list.into_bytes()));
    app.fails("checksum-mismatch", ["lock"]);
    assert!(!app.path("sidecar.lock").exists());
}

#[test]
fn a_file_of_the_binary_within_does_not_contradict_the_forge() {
    let binary = program(LINUX, "tool");
    let spec = ReleaseSpec::new("v1.2.0").asset(ASSET, tar_gz(&[("tool", &binary)]));
    let app = app(spec.asset("tool-linux-x64.sha256", sha256(&binary).into_bytes()));
    app.sidecar(["lock"]).success();
    let lock = app.read("sidecar.lock");
    let told = "provenance = \"github-digest, tool-linux-x64.sha256 (of the binary within)\"";
    assert!(lock.contains(told), "{lock}");
}

#[test]
fn without_a_download_what_could_be_of_the_binary_is_a_contradiction() {
    let binary = program(LINUX, "tool");
    let spec = ReleaseSpec::new("v1.2.0").asset(ASSET, tar_gz(&[("tool", &binary)]));
    let app = app(spec.asset("tool-linux-x64.sha256", sha256(&binary).into_bytes()));
    app.fails("checksum-disagree", ["lock", "--no-download"]);
}
