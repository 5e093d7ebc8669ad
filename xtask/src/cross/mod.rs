//! `cargo xtask cross`: the other systems, compiled and tried on a Debian machine.
//!
//! Windows programs are built with MinGW and run under wine; macOS is type-checked; arm64 Linux runs under qemu. All
//! three need a compiler that matches the source of the standard library, which Debian's `rustc-web` and
//! `rust-web-src` are; rustup's toolchain cannot be used, as it has no library for these targets here.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod build;
mod run;
mod setup;

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A system that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Windows,
    MacOs,
    Arm64,
}

/// Every system, in the order in which they are tried.
const ALL: [System; 3] = [System::Windows, System::MacOs, System::Arm64];

impl System {
    fn parse(word: &str) -> Option<Self> {
        ALL.into_iter().find(|system| system.name() == word)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::MacOs => "macos",
            Self::Arm64 => "arm64",
        }
    }

    fn triples(self) -> &'static [&'static str] {
        match self {
            Self::Windows => &["x86_64-pc-windows-gnu"],
            Self::MacOs => &["aarch64-apple-darwin", "x86_64-apple-darwin"],
            Self::Arm64 => &["aarch64-unknown-linux-gnu"],
        }
    }
}

/// What came of a system.
#[derive(Debug, Default)]
struct Outcome {
    /// Warnings of the compiler in this workspace's crates.
    warnings: usize,
    passed: usize,
    failed: usize,
    /// What did not run, each with the reason.
    left_out: Vec<String>,
    /// Name and size in bytes of the programs that were built.
    programs: Vec<(String, u64)>,
}

/// Tries the systems that are named, or all of them.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (mut systems, mut install, mut require) = (Vec::new(), false, false);
    for word in words {
        match *word {
            "--setup" => install = true,
            "--require" => require = true,
            name => systems.push(System::parse(name).ok_or_else(|| {
                Error::new(format!("`{name}` is not a system: windows, macos, arm64; or --setup, --require"))
            })?),
        }
    }
    let systems = if systems.is_empty() { ALL.to_vec() } else { systems };
    if install {
        setup::install(&systems)?;
    }
    let mut rows = Vec::new();
    for system in systems {
        let start = Instant::now();
        let outcome = match setup::missing(system) {
            // What one system fails at keeps nobody from hearing of the others.
            missing if missing.is_empty() => try_system(system).unwrap_or_else(|error| Outcome {
                failed: 1,
                left_out: vec![format!("what comes after: {error}")],
                ..Outcome::default()
            }),
            missing => Outcome {
                left_out: vec![format!("everything: needs the packages {}", missing.join(" "))],
                ..Outcome::default()
            },
        };
        rows.push((system, outcome, start.elapsed()));
    }
    print(&rows);
    judge(&rows, require)
}

fn try_system(system: System) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for triple in system.triples() {
        println!("\n== {triple}");
        if system == System::MacOs {
            outcome.warnings += build::check(triple)?;
            continue;
        }
        let built = build::tests(triple)?;
        outcome.warnings += built.warnings;
        outcome.programs.extend(built.programs);
        run::tests(system, &built.tests, &mut outcome)?;
    }
    if system == System::MacOs {
        outcome
            .left_out
            .push("every test: nothing here runs programs for macOS; type-checked with clippy".to_owned());
    }
    Ok(outcome)
}

fn print(rows: &[(System, Outcome, Duration)]) {
    println!("\n{:8} {:>6} {:>6} {:>8} {:>7}", "system", "passed", "failed", "warnings", "time");
    for (system, outcome, time) in rows {
        println!(
            "{:8} {:>6} {:>6} {:>8} {:>5} s",
            system.name(),
            outcome.passed,
            outcome.failed,
            outcome.warnings,
            time.as_secs()
        );
    }
    for (system, outcome, _) in rows {
        for (name, size) in &outcome.programs {
            println!("{}: {name} is {:.1} MiB", system.name(), mib(*size));
        }
        for reason in &outcome.left_out {
            println!("{}: left out: {reason}", system.name());
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Nothing failed, nothing warned; with `require`, every system was tried.
fn judge(rows: &[(System, Outcome, Duration)], require: bool) -> Result<()> {
    for (system, outcome, _) in rows {
        let name = system.name();
        if outcome.failed > 0 || outcome.warnings > 0 {
            let (failed, warnings) = (outcome.failed, outcome.warnings);
            return Err(Error::new(format!("{name}: {failed} tests failed, {warnings} warnings")));
        }
        if require && outcome.left_out.iter().any(|reason| reason.starts_with("everything")) {
            return Err(Error::new(format!("{name} was not tried: cargo xtask cross --setup {name}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_name() {
        assert!(ALL.iter().all(|system| System::parse(system.name()) == Some(*system)));
        assert_eq!(System::parse("solaris"), None);
        assert!(run(&["solaris"]).is_err());
    }

    #[test]
    fn a_failure_and_a_warning_are_errors_and_a_part_that_did_not_run_is_when_it_is_required() {
        let rows = |outcome| [(System::Windows, outcome, Duration::ZERO)];
        assert!(judge(&rows(Outcome { passed: 3, ..Outcome::default() }), true).is_ok());
        assert!(judge(&rows(Outcome { failed: 1, ..Outcome::default() }), false).is_err());
        assert!(judge(&rows(Outcome { warnings: 1, ..Outcome::default() }), false).is_err());
        let left_out = || Outcome { left_out: vec!["everything: x".into()], ..Outcome::default() };
        assert!(judge(&rows(left_out()), false).is_ok() && judge(&rows(left_out()), true).is_err());
    }
}
