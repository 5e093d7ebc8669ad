//! What came of the systems: gathered while they are tried, told at the end, and judged.

use std::fmt::Write as _;
use std::time::Duration;

use super::System;
use crate::error::{Error, Result};

/// Why something did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Nothing here can run it, whatever is installed. It runs elsewhere, and the reason says where.
    Impossible,
    /// It takes long, and nobody asked for it.
    NotAsked,
    /// It would run, but a program is missing, time is over, or what comes before it failed.
    Missing,
}

/// Something that did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) what: String,
    /// How many tests that are; 0 where nobody can tell.
    pub(super) tests: usize,
    pub(super) reason: String,
    pub(super) why: Why,
}

/// What came of a system.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Warnings of the compiler in this workspace's crates.
    pub(super) warnings: usize,
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) left_out: Vec<LeftOut>,
    /// Name and size in bytes of the programs that were built.
    pub(super) programs: Vec<(String, u64)>,
    /// What was done, and how long it took.
    pub(super) parts: Vec<(String, Duration)>,
}

impl Outcome {
    /// Nothing ran, for a reason that can be mended.
    pub(super) fn not_tried(reason: String) -> Self {
        let mut outcome = Self::default();
        outcome.leave_out("everything", 0, reason, Why::Missing);
        outcome
    }

    pub(super) fn leave_out(&mut self, what: &str, tests: usize, reason: impl Into<String>, why: Why) {
        let left_out = LeftOut { what: what.to_owned(), tests, reason: reason.into(), why };
        if !self.left_out.contains(&left_out) {
            self.left_out.push(left_out);
        }
    }

    fn time(&self) -> Duration {
        self.parts.iter().map(|(_, time)| *time).sum()
    }
}

/// One system's line: what came of it.
pub(super) type Row = (System, Outcome);

/// A table of the systems, then the parts with their times, the sizes, and everything that did not run.
pub(super) fn text(rows: &[Row], full: bool) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", text.trim_end());
    };
    line(format!(
        "\n{:8} {:>6} {:>6} {:>6} {:>8} {:>8} {:>7} {:>7}",
        "system", "run", "passed", "failed", "not run", "warnings", "time", "budget"
    ));
    for (system, outcome) in rows {
        let Outcome { passed, failed, warnings, .. } = outcome;
        let not_run: usize = outcome.left_out.iter().map(|left_out| left_out.tests).sum();
        let (time, budget) = (outcome.time().as_secs(), system.budget(full).as_secs());
        line(format!(
            "{:8} {:>6} {passed:>6} {failed:>6} {not_run:>8} {warnings:>8} {time:>5} s {budget:>5} s{}",
            system.name(),
            passed + failed,
            if time > budget { "  over its budget" } else { "" }
        ));
    }
    for (system, outcome) in rows {
        let name = system.name();
        for (part, time) in &outcome.parts {
            line(format!("{name}: {part}: {} s", time.as_secs()));
        }
        for (program, size) in &outcome.programs {
            line(format!("{name}: {program} is {:.1} MiB", mib(*size)));
        }
        for left_out in &outcome.left_out {
            let LeftOut { what, tests, reason, .. } = left_out;
            let tests = if *tests > 1 { format!(" ({tests} tests)") } else { String::new() };
            line(format!("{name}: did not run: {what}{tests}: {reason}"));
        }
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Nothing failed, nothing warned; with `require`, nothing is left out that could have run.
pub(super) fn judge(rows: &[Row], require: bool) -> Result<()> {
    let mut wrong = Vec::new();
    for (system, outcome) in rows {
        let (name, failed, warnings) = (system.name(), outcome.failed, outcome.warnings);
        if failed > 0 || warnings > 0 {
            wrong.push(format!("{name}: {failed} failed, {warnings} warnings"));
        }
        let missing = outcome.left_out.iter().filter(|left_out| require && left_out.why == Why::Missing);
        wrong.extend(
            missing.map(|left_out| format!("{name}: {} did not run: {}", left_out.what, left_out.reason)),
        );
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::new(wrong.join("\n  "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_and_a_warning_are_errors_and_what_did_not_run_is_when_it_is_required() {
        let rows = |outcome| [(System::Windows, outcome)];
        assert!(judge(&rows(Outcome { passed: 3, ..Outcome::default() }), true).is_ok());
        assert!(judge(&rows(Outcome { failed: 1, ..Outcome::default() }), false).is_err());
        assert!(judge(&rows(Outcome { warnings: 1, ..Outcome::default() }), false).is_err());
        let missing = || rows(Outcome::not_tried("needs wine64".to_owned()));
        assert!(judge(&missing(), false).is_ok());
        let told = judge(&missing(), true).unwrap_err().to_string();
        assert_eq!(told, "windows: everything did not run: needs wine64");
    }

    #[test]
    fn what_nobody_asked_for_is_told_and_no_error() {
        let mut outcome = Outcome::default();
        outcome.leave_out("the plugin", 0, "only with --full", Why::NotAsked);
        let rows = [(System::Windows, outcome)];
        assert!(judge(&rows, true).is_ok());
        let text = text(&rows, false);
        assert!(text.contains("windows: did not run: the plugin: only with --full"), "{text}");
    }

    #[test]
    fn what_nothing_here_can_run_is_told_and_no_error() {
        let mut outcome = Outcome { passed: 300, ..Outcome::default() };
        outcome.leave_out("it (test)", 120, "needs binfmt", Why::Impossible);
        outcome.leave_out("it (test)", 120, "needs binfmt", Why::Impossible);
        outcome.parts.push(("build".to_owned(), Duration::from_secs(4000)));
        let rows = [(System::Arm64, outcome)];
        assert!(judge(&rows, true).is_ok());
        let text = text(&rows, false);
        assert!(text.contains("arm64       300    300      0      120        0  4000 s"), "{text}");
        assert!(text.contains("over its budget") && text.contains("arm64: build: 4000 s"), "{text}");
        assert_eq!(
            text.matches("arm64: did not run: it (test) (120 tests): needs binfmt").count(),
            1,
            "{text}"
        );
    }
}
