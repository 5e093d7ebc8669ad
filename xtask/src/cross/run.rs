//! Running test programs of another system: wine for Windows, qemu for arm64.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Outcome, System, build, setup};
use crate::error::{Error, Result};

/// Test programs that cannot do their work there, and why. What they test runs on Linux.
const PROGRAMS: [(System, &str, &str); 2] = [
    (System::Windows, "it (test)", "its stories run cargo and rustc, which are no Windows programs here"),
    (System::Arm64, "it (test)", "its stories start programs for arm64, which needs binfmt"),
];

/// Tests that cannot pass there, and why.
const TESTS: [(System, &str, &str); 1] = [(
    System::Windows,
    "install::tests::changed_bytes_of_the_same_length_are_noticed",
    "wine keeps no creation time, which tells a replaced file from the old one",
)];

/// Runs the test programs and counts.
pub(super) fn tests(system: System, programs: &[(String, PathBuf)], outcome: &mut Outcome) -> Result<()> {
    let prefix = build::target_dir().join("wine");
    if system == System::Windows {
        setup::wine_prefix(&prefix)?;
    }
    for (name, path) in programs {
        if let Some((_, _, reason)) = PROGRAMS.iter().find(|(s, n, _)| *s == system && n == name) {
            outcome.left_out.push(format!("{name}: {reason}"));
            continue;
        }
        let mut command = runner(system, path, &prefix);
        for (_, test, reason) in TESTS.iter().filter(|(s, ..)| *s == system) {
            command.args(["--skip", test]);
            let line = format!("{test}: {reason}");
            if !outcome.left_out.contains(&line) {
                outcome.left_out.push(line);
            }
        }
        let done = command.output().map_err(Error::because(format!("{name} cannot be run")))?;
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let (passed, failed) = counts(&text);
        println!("{name}: {passed} passed, {failed} failed");
        if !done.status.success() {
            println!("{text}{}", String::from_utf8_lossy(&done.stderr));
        }
        outcome.passed += passed;
        // A program that died has no counts and failed all the same.
        outcome.failed += failed.max(usize::from(!done.status.success()));
    }
    Ok(())
}

fn runner(system: System, path: &Path, prefix: &Path) -> Command {
    let mut command = Command::new(if system == System::Windows { setup::WINE } else { setup::QEMU });
    if system == System::Arm64 {
        command.args(["-L", "/usr/aarch64-linux-gnu"]);
    }
    command.arg(path).env("WINEPREFIX", prefix).env("WINEDEBUG", "-all").env("RUST_BACKTRACE", "0");
    // As cargo runs tests: in the directory of their package.
    command.current_dir(package(path));
    command
}

/// The directory of the package that a test program is of, by its name: tests look for their fixtures there.
fn package(path: &Path) -> PathBuf {
    let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = file.rsplit_once('-').map_or(file.as_str(), |(name, _)| name).replace('_', "-");
    let crates = crate::run::root().join("crates").join(&name);
    if crates.is_dir() { crates } else { crate::run::root().join("tests") }
}

/// Passed and failed tests, as the harness sums them up.
fn counts(text: &str) -> (usize, usize) {
    let lines = text.lines().filter(|line| line.starts_with("test result: "));
    let number = |line: &str, what: &str| {
        let before = line.split(what).next().unwrap_or_default().trim_end();
        before.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    lines.fold((0, 0), |(passed, failed), line| {
        (passed + number(line, " passed"), failed + number(line, " failed"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_the_harness_is_read() {
        let text = "running 3 tests\ntest result: FAILED. 347 passed; 3 failed; 0 ignored; 0 measured\n";
        assert_eq!(counts(text), (347, 3));
        assert_eq!(counts("crashed"), (0, 0));
    }
}
