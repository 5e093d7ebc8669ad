//! One table of everything, for the terminal and for the repository, and what is to be said of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::plan::{Case, Program, TOLD};
use super::program::Outcome;
use super::told::{Series, Told, survivors};
use crate::bench::figure::{aligned, markdown};
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::run::{output, root};

const HEAD: [&str; 10] =
    ["test", "of", "what", "rounds", "survivors", "p50", "p99", "max", "aim (p99)", "verdict"];

/// What the long form leaves in the repository.
const KEPT: &str = "crates/sidecar-supervisor/docs/storm.md";

type Row = [String; HEAD.len()];

/// Everything that the cases told.
#[derive(Debug)]
pub(super) struct Account {
    seed: u64,
    /// Where it was measured, and of what: as it was before the first case.
    machine: Machine,
    rows: Vec<Row>,
    facts: Vec<String>,
    left_out: Vec<String>,
    failures: Vec<String>,
}

impl Account {
    pub(super) fn new(seed: u64) -> Result<Self> {
        Ok(Self::of(seed, Machine::this()?))
    }

    fn of(seed: u64, machine: Machine) -> Self {
        let (rows, facts) = (Vec::new(), Vec::new());
        Self { seed, machine, rows, facts, left_out: Vec::new(), failures: Vec::new() }
    }

    pub(super) fn add(&mut self, case: &Case, rounds: Option<u32>, outcome: Outcome) {
        let failed = outcome.failure.as_deref();
        let series = |told: &Told| match told {
            Told::Series(series) => Some(series_row(case, series, failed)),
            _ => None,
        };
        let rows: Vec<_> = outcome.told.iter().filter_map(series).collect();
        if rows.is_empty() || failed.is_some() {
            let rounds = rounds.map_or_else(|| "short".to_owned(), |rounds| rounds.to_string());
            self.rows.push(row(case, "", rounds, None, failed));
        }
        self.rows.extend(rows);
        for told in outcome.told {
            match told {
                Told::Fact { label, value } => self.facts.push(format!("{} {label}: {value}", case.id)),
                Told::LeftOut { what, reason } => {
                    self.left_out.push(format!("{} {what}: {reason}", case.id));
                }
                Told::Series(_) => {}
            }
        }
        self.failures.extend(outcome.failure.map(|failure| {
            let first: Vec<&str> = failure.lines().take(4).collect();
            format!("{} {}: {}", case.id, case.name, first.join(" | "))
        }));
    }

    pub(super) fn text(&self) -> String {
        let mut out = aligned(&self.table());
        for (head, lines) in self.lists() {
            let _ = writeln!(out, "\n{head}");
            out.extend(lines.iter().map(|line| format!("  {line}\n")));
        }
        let _ = writeln!(out, "\nseed {}", self.seed);
        out
    }

    fn table(&self) -> Vec<Vec<&str>> {
        let rows = self.rows.iter().map(|row| row.iter().map(String::as_str).collect());
        std::iter::once(HEAD.to_vec()).chain(rows).collect()
    }

    fn lists(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        let lists =
            [("also looked at:", &self.facts), ("did not run:", &self.left_out), ("failed:", &self.failures)];
        lists.into_iter().map(|(head, lines)| (head, lines.as_slice())).filter(|(_, lines)| !lines.is_empty())
    }

    /// Writes the table into the repository. There is no date in it: the commit says when.
    pub(super) fn commit(&self) -> Result<PathBuf> {
        let path = root().join(KEPT);
        fsx::publish(&path, self.markdown(&load()).as_bytes(), Mode::Plain)?;
        Ok(path)
    }

    fn markdown(&self, load_after: &str) -> String {
        let Machine { commit, kernel, cores, load } = &self.machine;
        let mut out = format!(
            "# The long storm\n\nWritten by `cargo xtask storm processes --long`: each row is a case, played \
             so many times (T8, T9, T27: seconds). After a kill, every process of the machine is looked at until none of \
             the app and its sidecar is left: times are until the first of three looks that found nothing, in \
             milliseconds.\n\n\
             Commit {commit}, seed {}, Linux {kernel}, {cores} cores. So many processes wanted one of them, on average, \
             in the minute before the storm and in its last minute: {load} and {load_after}.\n\n{}",
            self.seed,
            markdown(&self.table())
        );
        for (head, lines) in self.lists() {
            let _ = writeln!(out, "\n{head}\n");
            out.extend(lines.iter().map(|line| format!("- {line}\n")));
        }
        out
    }

    /// Nothing survived and nothing failed; with `require`, nothing was left out.
    pub(super) fn judge(&self, require: bool) -> Result<()> {
        let missing: &[String] = if require { &self.left_out } else { &[] };
        let wrong: Vec<&str> = self.failures.iter().chain(missing).map(String::as_str).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!("the storm left something (seed {})\n  {}", self.seed, wrong.join("\n  "))))
    }
}

fn series_row(case: &Case, series: &Series, failed: Option<&str>) -> Row {
    let times = [series.p50, series.p99, series.max];
    row(case, &series.label, series.rounds.to_string(), Some(times), failed)
}

fn row(case: &Case, label: &str, rounds: String, times: Option<[f64; 3]>, failed: Option<&str>) -> Row {
    let of = match case.program {
        Program::Keeper => "keeper",
        Program::Supervisor => "supervisor",
    };
    let what = if label.is_empty() { case.about.to_owned() } else { format!("{}: {label}", case.about) };
    let left = failed.map_or(Some(0), survivors).map_or_else(|| "?".to_owned(), |left| left.to_string());
    let [p50, p99, max] = times.map_or([const { String::new() }; 3], |times| times.map(ms));
    // Telling is quicker than killing.
    let aim = if label.ends_with("told") { TOLD } else { case.aim };
    let (aim, met) = match (aim, times) {
        (Some(aim), Some([_, p99, _])) => (ms(aim), p99 <= aim),
        _ => (String::new(), true),
    };
    let verdict = match (failed, met) {
        (Some(_), _) => "FAILED",
        (None, false) => "MISSED",
        (None, true) => "met",
    };
    [case.id.to_owned(), of.to_owned(), what, rounds, left, p50, p99, max, aim, verdict.to_owned()]
}

/// The average of the last minute.
fn load() -> String {
    let text = fsx::text_of(Path::new("/proc/loadavg")).unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn ms(time: f64) -> String {
    format!("{time:.1}")
}

/// Where it was measured.
#[derive(Debug)]
struct Machine {
    commit: String,
    kernel: String,
    cores: usize,
    /// How busy it was before.
    load: String,
}

impl Machine {
    fn this() -> Result<Self> {
        let git = |args: &[&str]| {
            let mut command = std::process::Command::new("git");
            output("git", command.args(args).current_dir(root())).map(|(out, _)| out.trim().to_owned())
        };
        let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
        let commit = git(&["rev-parse", "--short=12", "HEAD"])? + if changed { " with changes" } else { "" };
        let kernel = fsx::text_of(Path::new("/proc/sys/kernel/osrelease")).unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        Ok(Self { commit, kernel: kernel.trim().to_owned(), cores, load: load() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::PLAN;
    use super::*;

    fn series(label: &str, p99: f64) -> Told {
        Told::Series(Series { label: label.to_owned(), rounds: 9, p50: 1.0, p99, max: 300.0 })
    }

    fn account(outcome: Outcome) -> Account {
        let machine =
            Machine { commit: "c".to_owned(), kernel: "k".to_owned(), cores: 2, load: "0.5".to_owned() };
        let mut account = Account::of(7, machine);
        account.add(&PLAN[0], Some(9), outcome);
        account
    }

    #[test]
    fn an_aim_is_for_the_99th_percentile() {
        let account =
            account(Outcome { told: vec![series("alone", 250.0), series("worm", 251.0)], failure: None });
        let verdicts: Vec<&str> = account.rows.iter().map(|row| row[9].as_str()).collect();
        assert_eq!(verdicts, ["met", "MISSED"]);
        assert!(account.judge(true).is_ok());
    }

    #[test]
    fn survivors_fail_the_storm_and_are_counted() {
        let failure = Some("exit status: 101\n3 survivors after 20s:".to_owned());
        let account = account(Outcome { told: Vec::new(), failure });
        assert_eq!((account.rows[0][4].as_str(), account.rows[0][9].as_str()), ("3", "FAILED"));
        assert!(account.judge(false).unwrap_err().to_string().contains("(seed 7)"));
    }

    #[test]
    fn what_did_not_run_is_named_and_fails_only_where_it_is_required() {
        let gap =
            Told::LeftOut { what: "nginx".to_owned(), reason: "apt-get install nginx-light".to_owned() };
        let account = account(Outcome { told: vec![gap], failure: None });
        assert!(account.judge(false).is_ok() && account.judge(true).is_err());
        for text in [account.text(), account.markdown("0.7")] {
            assert!(text.contains("did not run:") && text.contains("T1 nginx: apt-get install nginx-light"));
        }
    }
}
