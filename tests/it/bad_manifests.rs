//! What is wrong in `sidecar.toml` is pointed at.

use snapbox::str;

use crate::app::App;

fn fails(code: &str, manifest: &str) -> snapbox::cmd::OutputAssert {
    let app = App::new();
    app.manifest(manifest);
    app.fails(code, ["lock"])
}

#[test]
fn unknown_key() {
    fails("unknown-key", "[sidecar.tool]\ngithub = \"acme/tool\"\nverison = \"1\"\n").stderr_eq(str![[r#"
error: unknown key `verison` in `[sidecar.tool]`
  at     [ROOT]/app/sidecar.toml:3:1
  known  github, gitlab, forgejo, npm, url, path, checksums, version, tag, tag-prefix, version-from, install-as, bin, layout, resources, features, targets, asset, shell, http, emulation, run
help: did you mean `version`?

"#]]);
}

#[test]
fn run_table() {
    let table = |run: &str| format!("[sidecar.tool]\ngithub = \"acme/tool\"\n\n[sidecar.tool.run]\n{run}\n");
    fails("run-invalid", &table("stdin = \"pipe\"\nport = 0")).stderr_eq(str![[r#"
error: sidecar `tool`: the `run` table cannot be read
  at      [ROOT]/app/sidecar.toml:6:8
  reason  `port` takes `"lease"`, `"none"`, a number from 1 to 65535, or a table of `announce`, `regex`, `json`, `file` or `listen-fd`; found `0`: to let the sidecar choose, write `{ announce = "…{port}" }`; for a free port, `"lease"`

"#]]);
    fails("run-invalid", &table("args = [\"{prot}\"]")).stderr_eq(str![[r#"
error: sidecar `tool`: the `run` table cannot be read
  at      [ROOT]/app/sidecar.toml:5:9
  reason  `args[0]` takes a text, with placeholders such as `{port}` where wanted; found "{prot}": `{prot}` is no placeholder; did you mean `{port}`?

"#]]);
    fails("run-invalid", &table("restrat = \"never\"")).stderr_eq(str![[r#"
error: sidecar `tool`: the `run` table cannot be read
  at      [ROOT]/app/sidecar.toml:5:1
  reason  unknown key `restrat`; did you mean `restart`?

"#]]);
    fails("run-invalid", &table("depends-on = [\"tool\"]")).stderr_eq(str![[r#"
error: sidecar `tool`: it depends on itself
  at       [ROOT]/app/sidecar.toml:4:1
  problem  dependency-cycle

"#]]);
    fails("run-invalid", &table("args = [\"{token}\"]\ncwd = \"{nonce}\"")).stderr_eq(str![[r#"
error: sidecar `tool`: `args[0]` would show the secret `{token}` to every program on the machine
  at       [ROOT]/app/sidecar.toml:4:1
  problem  token-exposed
  also     sidecar `tool`: `{nonce}` in `cwd` cannot be known: no nonce is made
help: hand it over as `token = { env = "VARIABLE" }` or `token = { file = "…" }`

"#]]);
    fails("run-invalid", &table("program = \"tol\"")).stderr_eq(str![[r#"
error: sidecar `tool`: `program` names `tol`, and there is no such sidecar
  at        [ROOT]/app/sidecar.toml:4:1
  sidecars  tool
help: did you mean `tool`?

"#]]);
}

#[test]
fn bad_version() {
    fails("bad-version", "[sidecar.tool]\ngithub = \"acme/tool\"\nversion = \"v1.x.y\"\n").stderr_eq(str![[
        r#"
error: `v1.x.y` is not a version requirement
  at     [ROOT]/app/sidecar.toml:3:11
  cause  unexpected character 'v' while parsing major version number
help: write it as in Cargo.toml, such as `version = "1.4"`; for a tag that is no version use `tag = "…"`

"#
    ]]);
}

#[test]
fn bad_value() {
    fails("bad-value", "[settings]\ntargets = [\"x86_64-linux-gnu\"]\n").stderr_eq(str![[r#"
error: `x86_64-linux-gnu` is not a target triple
  examples  x86_64-unknown-linux-gnu, aarch64-apple-darwin, x86_64-pc-windows-msvc
  at        [ROOT]/app/sidecar.toml:2:12
help: did you mean `x86_64-unknown-linux-gnu`?

"#]]);
}

#[test]
fn unknown_placeholder() {
    fails("unknown-placeholder", "[sidecar.tool]\ngithub = \"acme/tool\"\nbin = \"tool-{verison}{exe}\"\n")
        .stderr_eq(str![[r#"
error: unknown placeholder `{verison}` in `tool-{verison}{exe}`
  known  {version} {tag} {target} {os} {arch} {exe} {name}
  at     [ROOT]/app/sidecar.toml:3:7
help: did you mean `{version}`?

"#]]);
}

#[test]
fn invalid_toml() {
    fails("manifest-invalid", "[sidecar.tool\n").stderr_eq(str![[r#"
error: `sidecar.toml` is not valid TOML
  at     [ROOT]/app/sidecar.toml:1:14
  cause  unclosed table, expected `]`
  line   [sidecar.tool

"#]]);
}

#[test]
fn two_sources() {
    fails("bad-value", "[sidecar.tool]\ngithub = \"acme/tool\"\ngitlab = \"acme/tool\"\n").stderr_eq(str![[
        r#"
error: sidecar `tool` has two sources, `github` and `gitlab`
  at  [ROOT]/app/sidecar.toml:3:10
help: keep one of them

"#
    ]]);
}

#[test]
fn a_table_of_another_version() {
    fails("unsupported", "[library.tool]\nandroid = \"x\"\n").stderr_eq(str![[r#"
error: `[library.*]` is not supported by this version
  at  [ROOT]/app/sidecar.toml:1:2

"#]]);
}

#[test]
fn two_sidecars_with_one_installed_name() {
    fails(
        "name-clash",
        "[sidecar.tool]\ngithub = \"acme/tool\"\n\n[sidecar.other]\ngithub = \"acme/other\"\ninstall-as = \"Tool\"\n",
    )
    .stderr_eq(str![[r#"
error: sidecars `other` and `tool` would be installed under one name
  name    tool
  first   [ROOT]/app/sidecar.toml:4:10
  second  [ROOT]/app/sidecar.toml:1:10
help: give one of them another `install-as`, such as `tool-2`

"#]]);
}

#[test]
fn a_sidecar_named_like_the_package() {
    fails("name-is-package", "[sidecar.app]\ngithub = \"acme/app\"\n").stderr_eq(str![[r#"
error: sidecar `app` has the name of the Cargo package
  at      [ROOT]/app/sidecar.toml:1:10
  reason  both would become `app` beside the app; Tauri refuses that
help: give it another name: `install-as = "app-bin"`

"#]]);
}

#[test]
fn names_that_differ_in_punctuation_only() {
    fails("name-clash", "[sidecar.a-b]\ngithub = \"acme/tool\"\n\n[sidecar.a_b]\ngithub = \"acme/tool\"\n")
        .stderr_eq(str![[r#"
error: sidecars `a-b` and `a_b` have too similar names
  reason  both would be `SIDECAR_A_B_PATH`, and one module in `sidecars.rs`
  first   [ROOT]/app/sidecar.toml:1:10
  second  [ROOT]/app/sidecar.toml:4:10
help: rename one of them in more than `-`, `_`, `.` or case; `install-as` may stay

"#]]);
}

#[test]
fn a_feature_that_the_package_has_not() {
    fails("bad-value", "[sidecar.tool]\ngithub = \"acme/tool\"\nfeatures = [\"lmm\"]\n").stderr_eq(str![[
        r#"
error: sidecar `tool`: the package has no feature `lmm`
  at        [ROOT]/app/sidecar.toml:1:10
  features  llm
help: did you mean `llm`?

"#
    ]]);
}

#[test]
fn no_manifest() {
    let app = App::new();
    app.fails("manifest-missing", ["sync"]).stderr_eq(str![[r#"
error: no package here declares sidecars, and none is a Tauri app
  looked for  sidecar.toml, [package.metadata.sidecar], tauri.conf.json, tauri.conf.json5, Tauri.toml
help: run `cargo sidecar init -p app`

"#]]);
    app.write("tauri.conf.json", "{}");
    app.fails("manifest-missing", ["sync"]).stderr_eq(str![[r#"
error: there is no `sidecar.toml` in `[ROOT]/app`
  also  no [package.metadata.sidecar] in Cargo.toml
help: run `cargo sidecar init` in the app's directory

"#]]);
}

#[test]
fn two_manifests() {
    let app = App::with_tool();
    let cargo_toml = app.read("Cargo.toml");
    app.write(
        "Cargo.toml",
        &format!("{cargo_toml}\n[package.metadata.sidecar.sidecar.tool]\ngithub = \"acme/tool\"\n"),
    );
    app.fails("manifest-twice", ["sync"]).stderr_eq(str![[r#"
error: the sidecars are declared twice
  first   [ROOT]/app/sidecar.toml
  second  [ROOT]/app/Cargo.toml [package.metadata.sidecar]
help: keep one of them

"#]]);
}

#[test]
fn a_name_that_is_not_there() {
    let app = App::with_tool();
    app.fails("unknown-sidecar", ["remove", "tol"]).stderr_eq(str![[r#"
error: there is no sidecar `tol` in the manifest
  manifest  [ROOT]/app/sidecar.toml
  sidecars  tool
help: did you mean `tool`?

"#]]);
}

#[test]
fn a_package_or_feature_that_is_not_there() {
    let app = App::with_tool();
    app.fails("usage", ["list", "-p", "nobody"]).stderr_eq(str![[r#"
error: package `nobody` is not in this workspace
  packages  app

"#]]);
    app.fails("usage", ["sync", "--features", "lmm"]).stderr_eq(str![[r#"
error: the package has no feature `lmm`
  features  llm
help: did you mean `llm`?

"#]]);
}

#[test]
fn a_cargo_toml_that_cargo_refuses() {
    let app = App::with_tool();
    app.write("Cargo.toml", "[package]\n");
    app.fails("cargo-metadata", ["list"]).stderr_eq(str![[r#"
error: `cargo metadata` failed
  cause  failed to parse manifest at `[ROOT]/app/Cargo.toml`

         Caused by:
           missing field `package.name`

"#]]);
}
