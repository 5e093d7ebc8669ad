//! Counting outcomes by group, and the table of them.

use std::collections::BTreeMap;

use serde_json::json;

/// What came of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Right,
    Wrong,
    Refused,
    Missed,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Right, Self::Wrong, Self::Refused, Self::Missed];
}

/// How many rows had each outcome.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally([usize; 4]);

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    pub(super) fn total(self) -> usize {
        self.0.iter().sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "thousands of rows")]
    pub(super) fn percent(self, outcome: Outcome) -> f64 {
        100.0 * self.0[outcome as usize] as f64 / self.total().max(1) as f64
    }

    /// `right 98.7% wrong 0.2% refused 0.6% missed 0.5% (n=1545)`.
    pub(super) fn in_words(self) -> String {
        let [right, wrong, refused, missed] = Outcome::ALL.map(|outcome| self.percent(outcome));
        let total = self.total();
        format!("right {right:.1}% wrong {wrong:.1}% refused {refused:.1}% missed {missed:.1}% (n={total})")
    }
}

/// What the groups are of, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Lists,
    Target,
    Tools,
    Label,
    Format,
    Member,
    Fold,
}

/// The tallies of all groups.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<(Section, String), Tally>);

impl Table {
    pub(super) fn count(&mut self, group: (Section, String), outcome: Outcome) {
        self.0.entry(group).or_default().count(outcome);
    }

    pub(super) fn of(&self, section: Section, name: &str) -> Tally {
        self.0.get(&(section, name.to_owned())).copied().unwrap_or_default()
    }

    /// The table for people.
    pub(super) fn aligned(&self) -> Vec<String> {
        let head =
            format!("{:40} {:>7} {:>7} {:>8} {:>7} {:>6}", "", "right", "wrong", "refused", "missed", "n");
        let line = |((_, name), tally): (&(Section, String), &Tally)| {
            let [right, wrong, refused, missed] = Outcome::ALL.map(|outcome| tally.percent(outcome));
            let total = tally.total();
            format!("{name:40} {right:>6.2}% {wrong:>6.2}% {refused:>7.2}% {missed:>6.2}% {total:>6}")
        };
        std::iter::once(head).chain(self.0.iter().map(line)).collect()
    }

    /// A JSON object a group.
    pub(super) fn json(&self) -> Vec<String> {
        let line = |((_, name), tally): (&(Section, String), &Tally)| {
            let [right, wrong, refused, missed] = tally.0;
            json!({ "group": name, "right": right, "wrong": wrong, "refused": refused, "missed": missed, "n": tally.total() })
                .to_string()
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_its_sections() {
        let mut table = Table::default();
        table.count((Section::Fold, "a".to_owned()), Outcome::Missed);
        table.count((Section::Lists, "z".to_owned()), Outcome::Right);
        table.count((Section::Lists, "z".to_owned()), Outcome::Wrong);
        let lines = table.aligned();
        assert!(lines[1].starts_with("z ") && lines[2].starts_with("a "), "{lines:?}");
        assert_eq!(table.json()[0], r#"{"group":"z","missed":0,"n":2,"refused":0,"right":1,"wrong":1}"#);
        assert_eq!(
            table.of(Section::Lists, "z").in_words(),
            "right 50.0% wrong 50.0% refused 0.0% missed 0.0% (n=2)"
        );
    }
}
