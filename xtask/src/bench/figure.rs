//! What a measurement found: figures, their aims, and the tables that show them.

/// What a figure counts, and with how many decimals it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit(&'static str, usize);

pub(super) const SECONDS: Unit = Unit("s", 2);
pub(super) const CPU_SECONDS: Unit = Unit("CPU s", 1);
pub(super) const MILLISECONDS: Unit = Unit("ms", 1);
pub(super) const MICROSECONDS: Unit = Unit("µs", 0);
/// 1,000,000 bytes.
pub(super) const MEGABYTES: Unit = Unit("MB", 1);
/// As `/proc` counts: 1024 bytes.
pub(super) const KILOBYTES: Unit = Unit("kB", 0);
pub(super) const COUNT: Unit = Unit("", 0);
pub(super) const MB_PER_SECOND: Unit = Unit("MB/s", 0);
pub(super) const PER_SECOND: Unit = Unit("/s", 0);
pub(super) const TIMES: Unit = Unit("x", 2);

impl Unit {
    pub(super) fn show(self, value: f64) -> String {
        format!("{value:.*} {}", self.1, self.0).trim_end().to_owned()
    }
}

/// One line of a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    /// What was measured.
    pub(super) what: String,
    /// The figure with its unit.
    pub(super) value: String,
    /// What it should be; empty where there is no aim.
    pub(super) aim: String,
    pub(super) verdict: Verdict,
}

/// Whether a figure is what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Met,
    Missed,
    /// It was not measured; the figure says why.
    NotRun,
    /// There is no aim.
    Told,
}

impl Verdict {
    fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::NotRun => "not run",
            Self::Told => "",
        }
    }
}

impl Figure {
    /// A figure without an aim.
    pub(super) fn told(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into(), aim: String::new(), verdict: Verdict::Told }
    }

    /// A figure that should be at most `aim`.
    pub(super) fn at_most(what: impl Into<String>, value: f64, aim: f64, unit: Unit) -> Self {
        let verdict = if value <= aim { Verdict::Met } else { Verdict::Missed };
        let aim = format!("<= {}", unit.show(aim));
        Self { what: what.into(), value: unit.show(value), aim, verdict }
    }

    /// A figure that should be at least `aim`.
    pub(super) fn at_least(what: impl Into<String>, value: f64, aim: f64, unit: Unit) -> Self {
        let verdict = if value >= aim { Verdict::Met } else { Verdict::Missed };
        let aim = format!(">= {}", unit.show(aim));
        Self { what: what.into(), value: unit.show(value), aim, verdict }
    }

    /// A count that must be exactly so.
    pub(super) fn exactly(what: impl Into<String>, value: usize, aim: usize) -> Self {
        let verdict = if value == aim { Verdict::Met } else { Verdict::Missed };
        Self { what: what.into(), value: value.to_string(), aim: aim.to_string(), verdict }
    }

    /// What could not be measured, and why.
    pub(super) fn not_run(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), value: why.into(), aim: String::new(), verdict: Verdict::NotRun }
    }

    /// The cells of its row.
    pub(super) fn cells(&self) -> [&str; 4] {
        [&self.what, &self.value, &self.aim, self.verdict.words()]
    }
}

/// Rows in columns; the first is the head.
pub(crate) fn aligned(rows: &[Vec<&str>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// The same rows as a Markdown table.
pub(crate) fn markdown(rows: &[Vec<&str>]) -> String {
    let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        out.push_str(&line(row));
        if at == 0 {
            out.push_str(&line(&vec!["---"; row.len()]));
        }
    }
    out
}

/// What several rounds took, in one unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The smallest: what the work takes when nothing disturbs it.
    pub(super) fn best(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    /// The one in the middle; of an even number the upper one.
    pub(super) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// `1.52 s (median 1.60)`
    pub(super) fn show(&self, unit: Unit) -> String {
        format!("{} (median {:.*})", unit.show(self.best()), unit.1, self.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_met_up_to_its_value() {
        assert_eq!(Figure::at_most("x", 3.0, 3.0, TIMES).cells(), ["x", "3.00 x", "<= 3.00 x", "met"]);
        assert_eq!(Figure::at_most("x", 3.1, 3.0, SECONDS).verdict, Verdict::Missed);
        assert_eq!(Figure::at_most("x", f64::NAN, 3.0, SECONDS).verdict, Verdict::Missed);
        assert_eq!(Figure::exactly("x", 19, 20).cells(), ["x", "19", "20", "MISSED"]);
        assert_eq!(Figure::not_run("x", "no curl").cells(), ["x", "no curl", "", "not run"]);
        assert_eq!(Figure::told("x", MB_PER_SECOND.show(4.4)).cells(), ["x", "4 MB/s", "", ""]);
    }

    #[test]
    fn best_and_median_do_not_depend_on_the_order() {
        let mut samples = Samples::default();
        for value in [3.0, 1.0, 2.0] {
            samples.push(value);
        }
        assert_eq!(samples.show(SECONDS), "1.00 s (median 2.00)");
        assert!(Samples::default().median().is_nan());
    }

    #[test]
    fn tables_are_aligned_by_characters() {
        let rows = [vec!["a", "b"], vec!["·×·", "c"]];
        assert_eq!(aligned(&rows), "a    b\n·×·  c\n");
        assert_eq!(markdown(&rows), "| a | b |\n| --- | --- |\n| ·×· | c |\n");
    }
}
