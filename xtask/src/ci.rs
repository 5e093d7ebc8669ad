//! What continuous integration runs, on every machine the same.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::fmt::Write as _;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::run::{cargo, step};
use crate::{accuracy, cross, manifests, publish, storm, tauri, tidy, workflows};

/// A part of the whole, and how many seconds it takes on two quiet cores from nothing, with room.
struct Part<'a> {
    name: &'static str,
    budget: u64,
    run: &'a dyn Fn() -> Result<()>,
}

/// Everything. `--setup`: install what the other systems need; `--require cli`, `--require cross`: what must not be left
/// out; `--full`: the long storms, too. A part that fails ends the run, and each says what it took of its time.
pub(crate) fn all(words: &[&str]) -> Result<()> {
    let wish = parse(words)?;
    let (tests, cross) = (|| test(&wish.test), || cross::run(&wish.cross));
    let storms = || storm::run(&["processes", "--long"]);
    let mut parts = vec![
        Part { name: "tests", budget: 1200, run: &tests },
        Part { name: "lints", budget: 420, run: &lints },
        Part { name: "other systems", budget: CROSS, run: &cross },
    ];
    if wish.full {
        parts.push(Part { name: "long storms", budget: 5400, run: &storms });
    }
    let mut account = String::new();
    for Part { name, budget, run } in parts {
        let start = Instant::now();
        let outcome = run();
        let time = start.elapsed().as_secs();
        let over = if time > budget { "  over its budget" } else { "" };
        let _ = writeln!(account, "{name:14} {time:>5} s of {budget:>5} s{over}");
        if outcome.is_err() {
            print!("\n{account}");
            return outcome;
        }
    }
    print!("\n{account}");
    Ok(())
}

/// Seconds for the other systems: none is begun after that.
const CROSS: u64 = 1260;

/// What the parts are told.
#[derive(Debug, PartialEq, Eq)]
struct Wish<'a> {
    test: Vec<&'a str>,
    cross: Vec<&'a str>,
    /// Also what takes an hour.
    full: bool,
}

fn parse<'a>(words: &[&'a str]) -> Result<Wish<'a>> {
    let mut wish = Wish { test: Vec::new(), cross: vec!["--within", "1260"], full: false };
    let mut rest = words;
    loop {
        rest = match rest {
            [] => return Ok(wish),
            ["--setup", rest @ ..] => {
                wish.cross.push("--setup");
                rest
            }
            ["--full", rest @ ..] => {
                wish.full = true;
                rest
            }
            ["--require", "cross", rest @ ..] => {
                wish.cross.push("--require");
                rest
            }
            ["--require", "cli", rest @ ..] => {
                wish.test.extend(["--require", "cli"]);
                rest
            }
            [unknown, ..] => {
                let known = "--lints, --setup, --full, --require cli, --require cross";
                return Err(Error::new(format!("`{unknown}` is none of: {known}")));
            }
        };
    }
}

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
    step(
        "supervisor grpc",
        &mut cargo(&["test", "--quiet", "-p", "sidecar-supervisor", "--features", "grpc"]),
    )?;
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
    let fetch: [&[&str]; 3] = [&["--no-default-features"], &[], &["--features", "resolve"]];
    let fetch = fetch.map(|features| ("sidecar-fetch", features));
    let supervisor: (&str, &[&str]) = ("sidecar-supervisor", &["--all-targets", "--features", "grpc"]);
    for (package, features) in fetch.into_iter().chain([supervisor]) {
        let name = format!("{package} {}", features.join(" "));
        let lint = ["clippy", "--quiet", "-p", package];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_what_concerns_it() {
        let wish = parse(&["--setup", "--require", "cli", "--require", "cross"]).unwrap();
        assert_eq!(wish.test, ["--require", "cli"]);
        assert_eq!(wish.cross, ["--within", &CROSS.to_string(), "--setup", "--require"]);
        assert!(parse(&["--require", "sun"]).is_err() && parse(&["--fast"]).is_err());
    }
}
