//! Files that are not what they should be: nothing of them is installed.

use sidecar_tests::{ReleaseSpec, program, tar_gz};
use snapbox::str;

use crate::app::App;

const LINUX: &str = "x86_64-unknown-linux-gnu";

/// An app that wants one asset for one target, made of these bytes.
fn app(asset: &str, bytes: Vec<u8>) -> App {
    let app = App::new();
    app.server.release("acme/tool", ReleaseSpec::new("v1.0.0").asset(asset, bytes));
    app.manifest(&format!("[settings]\ntargets = [\"{LINUX}\"]\n[sidecar.tool]\ngithub = \"acme/tool\"\n"));
    app
}

#[test]
fn corrupt_archive() {
    let mut bytes = tar_gz(&[("tool", &program(LINUX, &"x".repeat(4096)))]);
    bytes.truncate(bytes.len() / 2);
    app("tool-linux-x86_64.tar.gz", bytes).fails("archive-corrupt", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.0.0: the archive is damaged
  cause    it ends too early
  after    tool
  archive  tool-linux-x86_64.tar.gz
  at byte  93

"#]]);
}

#[test]
fn path_traversal() {
    let bytes = tar_gz(&[("tool", &program(LINUX, "x")), ("../../.bashrc", b"evil")]);
    app("tool-linux-x86_64.tar.gz", bytes).fails("archive-unsafe", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.0.0: the archive is not safe to unpack
  entry    ../../.bashrc
  cause    its path leaves the archive through `..`
  archive  tool-linux-x86_64.tar.gz

"#]]);
}

#[test]
fn bomb() {
    let bytes = sidecar_tests::gzip(&vec![0; 600 << 20]);
    app("tool-linux-x86_64.gz", bytes).fails("archive-too-large", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.0.0: the archive expands beyond the limit
  cause    more than 512 MiB of data
  archive  tool-linux-x86_64.gz

"#]]);
}

#[test]
fn wrong_architecture() {
    let bytes = tar_gz(&[("tool", &program("aarch64-unknown-linux-gnu", "x"))]);
    app("tool-linux-x86_64.tar.gz", bytes).fails("wrong-target", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.0.0: the file is not a program for `x86_64-unknown-linux-gnu`
  file      [ROOT]/cache/v1/blobs/40/40768e21d7e7dfb705565a812a6267c64402e3729d25f6b02cf0044bb09ac34d
  expected  an ELF program for linux (x86_64)
  found     an ELF program (aarch64)
  reason    it is for another architecture
  asset     tool-linux-x86_64.tar.gz
  member    tool

"#]]);
}

#[test]
fn missing_member() {
    let bytes = tar_gz(&[("README.md", b"read me"), ("lib/libtool.so", b"x")]);
    let app = app("tool-linux-x86_64.tar.gz", bytes);
    app.fails("member-not-found", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.0.0: the archive holds no program `tool`
  members  README.md, lib/libtool.so
help: name the member in the manifest: `bin = "<PATH>"`

"#]]);
}

#[test]
fn members_that_fit_equally() {
    let (a, b) = (program(LINUX, "a"), program(LINUX, "b"));
    let app = app("tool-linux-x86_64.tar.gz", tar_gz(&[("toolctl", &a), ("toold", &b)]));
    app.fails("member-ambiguous", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.0.0: no member of the archive is named `tool`
  members  toolctl, toold
help: name one in the manifest, such as `bin = "toolctl"`

"#]]);
    app.manifest(&format!("{}bin = \"toold\"\n", app.read("sidecar.toml")));
    app.sidecar(["lock"]).success();
}

#[test]
fn a_cache_that_cannot_be_used() {
    let app = app("tool-linux-x86_64", program(LINUX, "x"));
    std::fs::write(app.cache(), "not a directory").unwrap();
    app.fails("cache", ["lock"]).stderr_eq(str![[r#"
error: sidecar `tool` 1.0.0: the cache directory cannot be used
  cache  [ROOT]/cache/v1
  cause  cannot create the directory `[ROOT]/cache/v1`: not a directory
help: set SIDECAR_CACHE_DIR to a directory with free space that you can write to

"#]]);
}

#[test]
fn a_manifest_that_cannot_be_read() {
    let app = app("tool-linux-x86_64", program(LINUX, "x"));
    std::fs::remove_file(app.path("sidecar.toml")).unwrap();
    std::fs::create_dir(app.path("sidecar.toml")).unwrap();
    app.fails("io", ["lock"]).stderr_eq(str![[r#"
error: cannot read `[ROOT]/app/sidecar.toml`
  cause  is a directory
help: something else is in its place; rename or remove that, then run the command again

"#]]);
}
