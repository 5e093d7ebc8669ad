//! What continuous integration runs, on every machine the same.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::fmt::Write as _;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::run::{LeftOut, cargo, step};
use crate::{accuracy, cross, desktop, manifests, publish, setup, storm, tauri, tidy, workflows};

/// A part of the whole, and how many seconds it takes on two quiet cores from nothing, with room.
struct Part<'a> {
    name: &'static str,
    budget: u64,
    run: &'a dyn Fn(&mut LeftOut) -> Result<()>,
}

/// Everything. `--setup`: install what the desktop and the other systems need; `--require cli`, `--require desktop`,
/// `--require cross`: what must not be left out; `--full`: the long storms, and the desktop under wine, too. A part that
/// fails ends the run, and each says what it took of its time.
pub(crate) fn all(words: &[&str]) -> Result<()> {
    let wish = parse(words)?;
    let install = |_: &mut LeftOut| {
        setup::try_install([desktop::packages(), cross::packages()].concat());
        Ok(())
    };
    let tests = |left_out: &mut LeftOut| plain_tests(&wish, left_out);
    let desktop = |left_out: &mut LeftOut| desktop::run(&wish.desktop(), left_out);
    let lints = |left_out: &mut LeftOut| all_lints(&wish, left_out);
    let budget = cross::budget(wish.full);
    let cross = |_: &mut LeftOut| cross::run(&wish.cross(&budget.to_string()));
    let storms = |_: &mut LeftOut| storm::run(&["processes", "--long"]);
    let mut parts = vec![
        Part { name: "tests", budget: 1200, run: &tests },
        Part { name: "desktop", budget: 600, run: &desktop },
        Part { name: "lints", budget: 420, run: &lints },
        Part { name: "other systems", budget, run: &cross },
    ];
    if wish.setup {
        parts.insert(0, Part { name: "setup", budget: 300, run: &install });
    }
    let mut left_out = LeftOut::default();
    if wish.full {
        parts.push(Part { name: "long storms", budget: 5400, run: &storms });
    } else {
        left_out.note("long storms", "they take an hour: only with --full");
    }
    let (account, outcome) = account(&parts, &mut left_out);
    print!("\n{account}{}", left_out.text());
    outcome
}

/// Runs the parts up to the first that fails. One line for each, with its time and budget, also for those that did not run.
fn account(parts: &[Part<'_>], left_out: &mut LeftOut) -> (String, Result<()>) {
    let (mut text, mut outcome) = (String::new(), Ok(()));
    for Part { name, budget, run } in parts {
        if outcome.is_err() {
            let _ = writeln!(text, "{name:14}     - s of {budget:>5} s  did not run");
            continue;
        }
        let start = Instant::now();
        outcome = run(left_out);
        let time = start.elapsed().as_secs();
        let failed = if outcome.is_err() { "  failed" } else { "" };
        let over = if time > *budget { "  over its budget" } else { "" };
        let _ = writeln!(text, "{name:14} {time:>5} s of {budget:>5} s{failed}{over}");
    }
    (text, outcome)
}

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    /// Install what is missing.
    setup: bool,
    /// Also what takes an hour.
    full: bool,
    /// What must not be left out.
    required: Vec<Optional>,
}

/// What is left out where its tools are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Optional {
    Cli,
    Desktop,
    Cross,
}

impl Wish {
    fn requires(&self, part: Optional) -> bool {
        self.required.contains(&part)
    }

    /// What the real Tauri is told.
    fn tauri(&self) -> Vec<&'static str> {
        if self.requires(Optional::Cli) { vec!["--require", "cli"] } else { Vec::new() }
    }

    fn desktop(&self) -> Vec<&'static str> {
        if self.requires(Optional::Desktop) { vec!["--require"] } else { Vec::new() }
    }

    fn cross<'a>(&self, seconds: &'a str) -> Vec<&'a str> {
        let mut words = vec!["--within", seconds];
        words.extend(self.full.then_some("--full"));
        words.extend(self.requires(Optional::Cross).then_some("--require"));
        words
    }
}

fn parse(words: &[&str]) -> Result<Wish> {
    let mut wish = Wish::default();
    let mut rest = words;
    loop {
        rest = match rest {
            [] => return Ok(wish),
            ["--setup", rest @ ..] => {
                wish.setup = true;
                rest
            }
            ["--full", rest @ ..] => {
                wish.full = true;
                rest
            }
            ["--require", name @ ("cli" | "desktop" | "cross"), rest @ ..] => {
                wish.required.push(match *name {
                    "cli" => Optional::Cli,
                    "desktop" => Optional::Desktop,
                    _ => Optional::Cross,
                });
                rest
            }
            [unknown, ..] => {
                let known = "--setup, --full, --require cli, --require desktop, --require cross";
                return Err(Error::new(format!("`{unknown}` is none of: {known}")));
            }
        };
    }
}

/// The wish of a command that takes `--require` for these alone.
fn parse_only(words: &[&str], known: &[Optional]) -> Result<Wish> {
    let wish = parse(words)?;
    if wish.setup || wish.full || wish.required.iter().any(|part| !known.contains(part)) {
        return Err(Error::new(format!("only `ci` takes all of `{}`", words.join(" "))));
    }
    Ok(wish)
}

/// Every test. The demo is one: its account is compared with a committed snapshot. `--require cli`, `--require desktop`:
/// what must not be left out where its tools are missing.
pub(crate) fn test(words: &[&str]) -> Result<()> {
    let wish = parse_only(words, &[Optional::Cli, Optional::Desktop])?;
    let mut left_out = LeftOut::default();
    plain_tests(&wish, &mut left_out)?;
    desktop::run(&wish.desktop(), &mut left_out)?;
    print!("\n{}", left_out.text());
    Ok(())
}

/// The tests that need no more than crates.io; members that need a webview are no default members.
fn plain_tests(wish: &Wish, left_out: &mut LeftOut) -> Result<()> {
    step("tests", &mut cargo(&["test", "--quiet"]))?;
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
    tauri::run(&wish.tauri(), left_out)?;
    tidy::check()
}

/// Everything but the tests. `--require desktop`: also of what needs a webview.
pub(crate) fn lints(words: &[&str]) -> Result<()> {
    let wish = parse_only(words, &[Optional::Desktop])?;
    let mut left_out = LeftOut::default();
    all_lints(&wish, &mut left_out)?;
    print!("\n{}", left_out.text());
    Ok(())
}

fn all_lints(wish: &Wish, left_out: &mut LeftOut) -> Result<()> {
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    step("lints", &mut cargo(&["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]))?;
    let fetch: [&[&str]; 3] = [&["--no-default-features"], &[], &["--features", "resolve"]];
    let fetch = fetch.map(|features| ("sidecar-fetch", features));
    let supervisor: (&str, &[&str]) = ("sidecar-supervisor", &["--all-targets", "--features", "grpc"]);
    for (package, features) in fetch.into_iter().chain([supervisor]) {
        let name = format!("{package} {}", features.join(" "));
        let lint = ["clippy", "--quiet", "-p", package];
        let args: Vec<&str> = lint.iter().chain(features).chain(&["--", "-D", "warnings"]).copied().collect();
        step(name.trim(), &mut cargo(&args))?;
    }
    step("documentation", cargo(&["doc", "--quiet", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    desktop::lints(&wish.desktop(), left_out)?;
    deny(left_out)?;
    workflows::check(left_out)?;
    publish::check()?;
    tidy::check()
}

/// Licences, sources and banned crates, by deny.toml. Advisories need a database that the workflows fetch.
fn deny(left_out: &mut LeftOut) -> Result<()> {
    if !cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        left_out.note("cargo deny", "`cargo install cargo-deny` brings it");
        return Ok(());
    }
    // Not offline: the crates of other systems are read, too, and cargo has downloaded no more than it compiles.
    step("cargo deny", &mut cargo(&["deny", "check", "bans", "licenses", "sources"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_what_concerns_it() {
        let words = ["--setup", "--require", "cli", "--require", "cross", "--full", "--require", "desktop"];
        let wish = parse(&words).unwrap();
        assert_eq!(wish.tauri(), ["--require", "cli"]);
        assert_eq!(wish.desktop(), ["--require"]);
        assert_eq!(wish.cross("9"), ["--within", "9", "--full", "--require"]);
        let wish = parse(&["--require", "desktop"]).unwrap();
        assert!(wish.tauri().is_empty() && wish.cross("9") == ["--within", "9"]);
        assert!(parse(&["--require", "sun"]).is_err() && parse(&["--fast"]).is_err());
    }

    #[test]
    fn what_comes_after_a_failure_is_named_as_well() {
        let fine = |_: &mut LeftOut| Ok(());
        let broken = |_: &mut LeftOut| Err(Error::new("broken"));
        let part = |name, run| Part { name, budget: 60, run };
        let parts = [
            part("one", &fine as &dyn Fn(&mut LeftOut) -> Result<()>),
            part("two", &broken),
            part("three", &fine),
        ];
        let (text, outcome) = account(&parts, &mut LeftOut::default());
        assert_eq!(outcome.unwrap_err().to_string(), "broken");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "one                0 s of    60 s");
        assert_eq!(lines[1], "two                0 s of    60 s  failed");
        assert_eq!(lines[2], "three              - s of    60 s  did not run");
    }

    #[test]
    fn tests_and_lints_refuse_what_they_do_not_have() {
        let known = [Optional::Cli, Optional::Desktop];
        assert!(parse_only(&["--require", "cli", "--require", "desktop"], &known).is_ok());
        for words in [&["--require", "cross"][..], &["--setup"], &["--full"]] {
            assert!(parse_only(words, &known).is_err(), "{words:?}");
        }
    }
}
