//! What came of the checks, and how it is printed.

use std::fmt::Write as _;

/// What came of one recipe for one target; the worst of several releases counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    /// The recipe is not for this target, which has no asset either.
    LeftOut,
    /// There is no asset, as recorded.
    None,
    /// The right asset is picked.
    Ok,
    /// Anything else.
    Wrong,
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) repository: String,
    /// The release that was looked at, where it is not a recorded one.
    pub(super) tag: Option<String>,
    /// In the order of the targets.
    pub(super) cells: Vec<Cell>,
}

/// Everything that a run found.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// The columns, in the order of [`sidecar_fetch::Recipe::TARGETS`].
const COLUMNS: [(&str, &str); 6] = [
    ("x86_64-unknown-linux-gnu", "linux-x64"),
    ("aarch64-unknown-linux-gnu", "linux-arm64"),
    ("x86_64-apple-darwin", "macos-x64"),
    ("aarch64-apple-darwin", "macos-arm64"),
    ("x86_64-pc-windows-msvc", "windows-x64"),
    ("aarch64-pc-windows-msvc", "windows-arm64"),
];

impl Cell {
    fn word(self) -> &'static str {
        match self {
            Self::LeftOut => "-",
            Self::None => "none",
            Self::Ok => "ok",
            Self::Wrong => "WRONG",
        }
    }
}

impl Report {
    /// The table, what is wrong, what is worth a look, and the counts.
    pub(super) fn text(&self) -> String {
        let mut out = self.table();
        for (word, lines) in [("wrong", &self.problems), ("warning", &self.warnings)] {
            for line in lines {
                let _ = writeln!(out, "{word}: {}", line.replace('\n', "\n  "));
            }
        }
        let count =
            |cell| self.rows.iter().flat_map(|row| &row.cells).filter(|found| **found == cell).count();
        let _ = writeln!(
            out,
            "recipes {}: ok {}, none {}, WRONG {}; {} wrong in all, {} warnings",
            self.rows.len(),
            count(Cell::Ok),
            count(Cell::None) + count(Cell::LeftOut),
            count(Cell::Wrong),
            self.problems.len(),
            self.warnings.len(),
        );
        out
    }

    fn table(&self) -> String {
        let mut head = vec!["recipe", "repository"];
        let tagged = self.rows.iter().any(|row| row.tag.is_some());
        head.extend(tagged.then_some("tag"));
        head.extend(COLUMNS.map(|(_, column)| column));
        let mut lines: Vec<Vec<&str>> = vec![head];
        for row in &self.rows {
            let mut line = vec![row.name.as_str(), row.repository.as_str()];
            line.extend(tagged.then(|| row.tag.as_deref().unwrap_or("?")));
            line.extend(COLUMNS.iter().map(|(target, _)| {
                let at = sidecar_fetch::Recipe::TARGETS.iter().position(|known| known == target);
                at.and_then(|at| row.cells.get(at)).map_or("?", |cell| cell.word())
            }));
            lines.push(line);
        }
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
        let mut out = String::new();
        for line in &lines {
            let padded: Vec<String> =
                line.iter().zip(&widths).map(|(cell, w)| format!("{cell:w$}")).collect();
            out.push_str(padded.join("  ").trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use sidecar_fetch::Recipe;

    use super::*;

    #[test]
    fn columns_are_aligned_and_the_last_line_counts() {
        let row = |name: &str, cell| Row {
            name: name.into(),
            repository: "o/r".into(),
            tag: None,
            cells: vec![cell; 6],
        };
        let report = Report {
            rows: vec![row("a", Cell::Ok), row("longer", Cell::Wrong)],
            problems: vec!["one\ntwo".into()],
            warnings: vec![],
        };
        assert_eq!(
            report.text(),
            "recipe  repository  linux-x64  linux-arm64  macos-x64  macos-arm64  windows-x64  windows-arm64\n\
             a       o/r         ok         ok           ok         ok           ok           ok\n\
             longer  o/r         WRONG      WRONG        WRONG      WRONG        WRONG        WRONG\n\
             wrong: one\n  two\n\
             recipes 2: ok 6, none 0, WRONG 6; 1 wrong in all, 0 warnings\n"
        );
    }

    #[test]
    fn every_target_has_a_column() {
        assert!(Recipe::TARGETS.iter().all(|target| COLUMNS.iter().any(|(known, _)| known == target)));
    }
}
