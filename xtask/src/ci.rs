//! What continuous integration runs, on every machine the same.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use crate::error::Result;
use crate::run::{cargo, step};
use crate::{accuracy, manifests, publish, tauri, tidy, workflows};

/// Every test. The demo is one: its account is compared with a committed snapshot. `require`: what must not be left out
/// where its tools are missing.
pub(crate) fn test(require: &[&str]) -> Result<()> {
    step("tests", &mut cargo(&["test", "--workspace", "--quiet"]))?;
    step(
        "tests without the network code",
        &mut cargo(&["test", "--quiet", "-p", "sidecar-fetch", "--no-default-features", "--lib"]),
    )?;
    accuracy::run(&[])?;
    manifests::run(&[])?;
    step("demo", &mut cargo(&["run", "--quiet", "--package", "xtask", "--", "demo", "--check"]))?;
    tauri::run(require)?;
    tidy::check()
}

/// Everything but the tests.
pub(crate) fn lints() -> Result<()> {
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    step(
        "lints",
        &mut cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    )?;
    for features in [&["--no-default-features"][..], &[], &["--features", "resolve"]] {
        let name = format!("sidecar-fetch {}", features.join(" "));
        let lint = ["clippy", "--quiet", "-p", "sidecar-fetch"];
        let args: Vec<&str> = lint.iter().chain(features).chain(&["--", "-D", "warnings"]).copied().collect();
        step(name.trim(), &mut cargo(&args))?;
    }
    step(
        "documentation",
        cargo(&["doc", "--quiet", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    deny()?;
    workflows::check()?;
    publish::check()?;
    tidy::check()
}

/// Licences, sources and banned crates, by deny.toml. Advisories need a database that the workflows fetch.
fn deny() -> Result<()> {
    if !cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        println!("\n== cargo deny: left out; `cargo install cargo-deny` brings it");
        return Ok(());
    }
    step("cargo deny", &mut cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]))
}
