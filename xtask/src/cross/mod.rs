//! `cargo xtask cross`: the other systems, compiled and tried on a Debian machine.
//!
//! Windows programs are built with MinGW and run under wine; macOS is type-checked; arm64 Linux runs under qemu. All
//! three need a compiler that matches the source of the standard library, which Debian's `rustc-web` and
//! `rust-web-src` are; rustup's toolchain cannot be used, as it has no library for these targets here.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod build;
mod run;
mod setup;
mod summary;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use summary::{Outcome, Why};

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

    /// How long it takes on two quiet cores from nothing, with room.
    fn budget(self) -> Duration {
        Duration::from_secs(match self {
            Self::Windows | Self::Arm64 => 480,
            Self::MacOs => 420,
        })
    }

    fn triples(self) -> &'static [&'static str] {
        match self {
            Self::Windows => &["x86_64-pc-windows-gnu"],
            Self::MacOs => &["aarch64-apple-darwin", "x86_64-apple-darwin"],
            Self::Arm64 => &["aarch64-unknown-linux-gnu"],
        }
    }
}

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    systems: Vec<System>,
    /// Install what is missing.
    setup: bool,
    /// What could run and does not is an error.
    require: bool,
    /// No further system is begun after that time.
    within: Option<Duration>,
}

/// The packages that building programs for a triple needs and this machine does not have; `None` where programs for it
/// cannot be built here at all.
pub(crate) fn missing_for(triple: &str) -> Option<Vec<&'static str>> {
    let runs = [System::Windows, System::Arm64].into_iter().find(|system| system.triples().contains(&triple));
    // Elsewhere these packages are named otherwise, or the target is no other system.
    runs.filter(|_| cfg!(all(target_os = "linux", target_arch = "x86_64"))).map(setup::missing)
}

/// `cargo build` for a triple, and the target directory that it builds into.
pub(crate) fn cargo_build(triple: &str) -> (Command, PathBuf) {
    (build::cargo("build", triple), build::target_dir())
}

/// Tries the systems that are named, or all of them.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let wish = parse(words)?;
    if wish.setup {
        let start = Instant::now();
        match setup::install(&wish.systems) {
            Ok(0) => println!("setup: nothing is missing"),
            Ok(installed) => println!("setup: {installed} packages, {} s", start.elapsed().as_secs()),
            Err(error) if wish.require => return Err(error),
            // No network is not a failure of the code; what cannot run for it is told below.
            Err(error) => println!("setup: {error}"),
        }
    }
    let (start, mut rows) = (Instant::now(), Vec::new());
    for system in &wish.systems {
        let over = wish.within.filter(|limit| start.elapsed() >= *limit);
        let missing = setup::missing(*system);
        let outcome = if let Some(limit) = over {
            Outcome::not_tried(format!("the {} s are over that it was given", limit.as_secs()))
        } else if missing.is_empty() {
            try_system(*system)
        } else {
            let (name, packages) = (system.name(), missing.join(" "));
            Outcome::not_tried(format!("apt-get install {packages} (or cargo xtask cross --setup {name})"))
        };
        rows.push((*system, outcome));
    }
    print!("{}", summary::text(&rows));
    summary::judge(&rows, wish.require)
}

fn parse(words: &[&str]) -> Result<Wish> {
    const USAGE: &str = "windows, macos, arm64; --setup, --require, --within SECONDS";
    let mut wish = Wish::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--setup" => wish.setup = true,
            "--require" => wish.require = true,
            "--within" => {
                let seconds = words.next().and_then(|seconds| seconds.parse().ok());
                let seconds = seconds.ok_or_else(|| Error::new("--within takes a number of seconds"))?;
                wish.within = Some(Duration::from_secs(seconds));
            }
            name => match System::parse(name) {
                Some(system) => wish.systems.push(system),
                None => return Err(Error::new(format!("`{name}` is none of: {USAGE}"))),
            },
        }
    }
    if wish.systems.is_empty() {
        wish.systems = ALL.to_vec();
    }
    Ok(wish)
}

/// Builds and runs. What one system fails at keeps nobody from hearing of the others.
fn try_system(system: System) -> Outcome {
    let mut outcome = Outcome::default();
    for triple in system.triples() {
        println!("\n== {triple}");
        if let Err(error) = try_triple(system, triple, &mut outcome) {
            println!("{error}");
            outcome.failed += 1;
            let first = error.to_string().lines().next().unwrap_or_default().to_owned();
            outcome.leave_out(&format!("the rest of {triple}"), 0, first, Why::Missing);
        }
    }
    outcome
}

fn try_triple(system: System, triple: &str, outcome: &mut Outcome) -> Result<()> {
    let start = Instant::now();
    if system == System::MacOs {
        let warnings = build::check(triple);
        outcome.parts.push((format!("clippy for {triple}"), start.elapsed()));
        outcome.warnings += warnings?;
        let reason = "nothing here runs programs for macOS; its code is type-checked, with clippy";
        outcome.leave_out("every test", 0, reason, Why::Impossible);
        return Ok(());
    }
    let built = build::tests(triple);
    outcome.parts.push((format!("build for {triple}"), start.elapsed()));
    let built = built?;
    outcome.warnings += built.warnings;
    outcome.programs.extend(built.programs);
    let start = Instant::now();
    let ran = run::tests(system, &built.tests, outcome);
    outcome.parts.push(("tests".to_owned(), start.elapsed()));
    ran
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_systems_and_flags() {
        assert!(ALL.iter().all(|system| System::parse(system.name()) == Some(*system)));
        assert_eq!(parse(&[]).unwrap().systems, ALL);
        let wish = parse(&["arm64", "--require", "--within", "90"]).unwrap();
        let expected = Wish {
            systems: vec![System::Arm64],
            setup: false,
            require: true,
            within: Some(Duration::from_secs(90)),
        };
        assert_eq!(wish, expected);
        assert!(parse(&["solaris"]).unwrap_err().to_string().contains("windows, macos, arm64"));
        assert!(parse(&["--within", "soon"]).is_err() && parse(&["--within"]).is_err());
    }

    #[test]
    fn programs_are_built_for_what_has_a_linker_here() {
        assert!(missing_for("aarch64-apple-darwin").is_none());
        assert!(missing_for("x86_64-pc-windows-msvc").is_none());
        let is_here = cfg!(all(target_os = "linux", target_arch = "x86_64"));
        assert_eq!(missing_for("x86_64-pc-windows-gnu").is_some(), is_here);
    }
}
