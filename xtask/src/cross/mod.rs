//! `cargo xtask cross`: the other systems, compiled and tried on a Debian machine.
//!
//! Windows programs are built with MinGW and run under wine; macOS is type-checked; arm64 Linux runs under qemu. What needs
//! a webview is type-checked for macOS, and runs under wine where `--full` asks for it. All three systems need a compiler that matches the source of the standard library, which Debian's `rustc-web` and
//! `rust-web-src` are; rustup's toolchain cannot be used, as it has no library for these targets here.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod build;
mod run;
mod setup;
mod summary;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use build::Crates;
use summary::{Outcome, Why};

use crate::error::{Error, Result};
use crate::setup as debian;

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
    fn budget(self, full: bool) -> Duration {
        Duration::from_secs(match self {
            Self::Windows if full => 780,
            Self::Windows | Self::Arm64 => 480,
            Self::MacOs => 600,
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
    /// Also what takes long: the plugin under wine.
    full: bool,
    /// No further system is begun after that time.
    within: Option<Duration>,
}

/// Seconds for all systems.
pub(crate) fn budget(full: bool) -> u64 {
    ALL.iter().map(|system| system.budget(full).as_secs()).sum()
}

/// The packages that all systems need and this machine does not have.
pub(crate) fn packages() -> Vec<&'static str> {
    ALL.into_iter().flat_map(setup::missing).collect()
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
        let packages = wish.systems.iter().copied().flat_map(setup::missing).collect();
        if wish.require { debian::install(packages)? } else { debian::try_install(packages) }
    }
    let (start, mut rows) = (Instant::now(), Vec::new());
    for system in &wish.systems {
        let over = wish.within.filter(|limit| start.elapsed() >= *limit);
        let missing = setup::missing(*system);
        let outcome = if let Some(limit) = over {
            Outcome::not_tried(format!("the {} s are over that it was given", limit.as_secs()))
        } else if missing.is_empty() {
            try_system(*system, wish.full)
        } else {
            let (name, packages) = (system.name(), missing.join(" "));
            Outcome::not_tried(format!("apt-get install {packages} (or cargo xtask cross --setup {name})"))
        };
        rows.push((*system, outcome));
    }
    print!("{}", summary::text(&rows, wish.full));
    summary::judge(&rows, wish.require)
}

fn parse(words: &[&str]) -> Result<Wish> {
    const USAGE: &str = "windows, macos, arm64; --setup, --require, --full, --within SECONDS";
    let mut wish = Wish::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--setup" => wish.setup = true,
            "--require" => wish.require = true,
            "--full" => wish.full = true,
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
fn try_system(system: System, full: bool) -> Outcome {
    let mut outcome = Outcome::default();
    for triple in system.triples() {
        println!("\n== {triple}");
        let tried = try_crates(system, triple, Crates::Plain, &mut outcome)
            .and_then(|()| try_desktop(system, triple, full, &mut outcome));
        if let Err(error) = tried {
            println!("{error}");
            outcome.failed += 1;
            let first = error.to_string().lines().next().unwrap_or_default().to_owned();
            outcome.leave_out(&format!("the rest of {triple}"), 0, first, Why::Missing);
        }
    }
    outcome
}

/// What needs a webview, as far as that can be had for a system.
fn try_desktop(system: System, triple: &str, full: bool, outcome: &mut Outcome) -> Result<()> {
    let (reason, why) = match system {
        System::Windows if !full => ("compiling it takes minutes: only with --full", Why::NotAsked),
        System::Arm64 => {
            ("GTK and WebKit for arm64 are not here; the workflows run it on arm64", Why::Impossible)
        }
        _ => return try_crates(system, triple, Crates::Desktop, outcome),
    };
    outcome.leave_out("the Tauri plugin", 0, reason, why);
    Ok(())
}

fn try_crates(system: System, triple: &str, crates: Crates, outcome: &mut Outcome) -> Result<()> {
    let what = if crates == Crates::Desktop { " of the plugin" } else { "" };
    let start = Instant::now();
    if system == System::MacOs {
        let warnings = build::check(triple, crates);
        outcome.parts.push((format!("clippy{what} for {triple}"), start.elapsed()));
        outcome.warnings += warnings?;
        let reason = "nothing here runs programs for macOS; its code is type-checked, with clippy";
        outcome.leave_out("every test", 0, reason, Why::Impossible);
        return Ok(());
    }
    let built = build::tests(triple, crates);
    outcome.parts.push((format!("build{what} for {triple}"), start.elapsed()));
    let built = built?;
    outcome.warnings += built.warnings;
    outcome.programs.extend(built.programs);
    let start = Instant::now();
    let ran = run::tests(system, &built.tests, outcome);
    outcome.parts.push((format!("tests{what}"), start.elapsed()));
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
            full: false,
            within: Some(Duration::from_secs(90)),
        };
        assert_eq!(wish, expected);
        assert!(parse(&["--full", "windows"]).unwrap().full);
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
