//! `cargo xtask accuracy`: how often the chooser picks what curated registries picked.
//!
//! A pick that the label accepts is right, another one wrong; a tie is refused, and no answer where there is one is
//! missed. No answer is right where the label has none, or has only a build that the target would have to translate.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sidecar_fetch::Explanation;

use crate::error::{Error, Result};
use crate::fsx;
use crate::run::root;

/// The releases and labels that the repository carries: those whose list of assets is complete.
const FIXTURES: &str = "tests/fixtures/accuracy";

/// What the committed labels must reach, in percent of right picks and of wrong ones. Raised when it is passed, never
/// lowered.
const FLOOR: (f64, f64) = (99.0, 0.33);

/// How many parts the repositories are split into, to see whether the rules were bent to some of them.
const FOLDS: u64 = 5;

#[derive(Debug, Default)]
struct Options {
    releases: Option<PathBuf>,
    expected: Option<PathBuf>,
    disputed: Option<PathBuf>,
    json: bool,
    wrong: bool,
}

/// What came of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Right,
    Wrong,
    Refused,
    Missed,
}

/// How many rows had each outcome.
#[derive(Debug, Clone, Copy, Default)]
struct Tally([usize; 4]);

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    fn total(self) -> usize {
        self.0.iter().sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "thousands of rows")]
    fn percent(self, outcome: Outcome) -> f64 {
        100.0 * self.0[outcome as usize] as f64 / self.total().max(1) as f64
    }
}

/// Scores the rows; fails where the committed labels are answered worse than the floor.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let options = parse(words)?;
    let own = options.releases.is_none() && options.expected.is_none();
    let file = |given: &Option<PathBuf>, name: &str| {
        given.clone().unwrap_or_else(|| root().join(FIXTURES).join(name))
    };
    let releases = releases(&file(&options.releases, "releases.jsonl"))?;
    let rows = lines(&file(&options.expected, "expected.jsonl"))?;
    let disputed = disputed(&file(&options.disputed, "disputed.txt"))?;
    let tools = tools(&rows);
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for row in &rows {
        let told = answer(row, &releases)?;
        let outcome = score(row, &told);
        for group in groups(row, &tools) {
            tallies.entry(group).or_default().count(outcome);
        }
        if options.wrong && outcome != Outcome::Right {
            explain(row, &told, outcome, &disputed);
        }
    }
    print(&tallies, options.json);
    let complete = tallies.get("complete").copied().unwrap_or_default();
    println!(
        "complete: right {:.1}% wrong {:.1}% refused {:.1}% missed {:.1}% (n={})",
        complete.percent(Outcome::Right),
        complete.percent(Outcome::Wrong),
        complete.percent(Outcome::Refused),
        complete.percent(Outcome::Missed),
        complete.total(),
    );
    let (right, wrong) = (complete.percent(Outcome::Right), complete.percent(Outcome::Wrong));
    if own && (right < FLOOR.0 || wrong > FLOOR.1) {
        return Err(Error::new(format!(
            "the chooser got worse: {right:.2}% right (floor {}), {wrong:.2}% wrong (ceiling {})",
            FLOOR.0, FLOOR.1
        )));
    }
    Ok(())
}

fn parse(words: &[&str]) -> Result<Options> {
    let mut out = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut file = || {
            let next = words.next().ok_or_else(|| Error::new(format!("`{word}` takes a file")))?;
            Ok::<_, Error>(Some(PathBuf::from(next)))
        };
        match *word {
            "--releases" => out.releases = file()?,
            "--expected" => out.expected = file()?,
            "--disputed" => out.disputed = file()?,
            "--json" => out.json = true,
            "--wrong" => out.wrong = true,
            unknown => return Err(Error::new(format!("`{unknown}` is not an option of accuracy"))),
        }
    }
    Ok(out)
}

fn lines(path: &Path) -> Result<Vec<Value>> {
    let text = fsx::read(path)?;
    let parse = |(i, line): (usize, &str)| {
        serde_json::from_str(line).map_err(Error::because(format!("{}:{}", path.display(), i + 1)))
    };
    String::from_utf8_lossy(&text).lines().enumerate().map(parse).collect()
}

/// The names of each release, by repository and tag.
fn releases(path: &Path) -> Result<BTreeMap<(String, String), Vec<String>>> {
    let mut out = BTreeMap::new();
    for line in lines(path)? {
        let names = line["assets"].as_array().into_iter().flatten();
        let names = names.filter_map(Value::as_str).map(str::to_owned).collect();
        out.insert((text(&line, "repo").to_owned(), text(&line, "tag").to_owned()), names);
    }
    Ok(out)
}

/// Rows that we judge mislabelled, `repo tag tool triple: reason` a line. They count like all others.
fn disputed(path: &Path) -> Result<BTreeMap<String, String>> {
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let text = fsx::read(path)?;
    let text = String::from_utf8_lossy(&text);
    let entries = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    Ok(entries.map(|(row, reason)| (row.to_owned(), reason.to_owned())).collect())
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn tools(rows: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        out.entry(text(row, "repo").to_owned()).or_default().insert(text(row, "tool").to_owned());
    }
    out
}

fn answer(row: &Value, releases: &BTreeMap<(String, String), Vec<String>>) -> Result<Explanation> {
    let key = (text(row, "repo").to_owned(), text(row, "tag").to_owned());
    let names = releases.get(&key).ok_or_else(|| Error::new(format!("no release {} {}", key.0, key.1)))?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    sidecar_fetch::explain(&names, text(row, "tool"), &key.0, &key.1, text(row, "triple"), false)
        .map_err(Error::because("a row of the labels"))
}

fn score(row: &Value, told: &Explanation) -> Outcome {
    let accepts = |name: &String| {
        let mut right = row["acceptable"].as_array().into_iter().flatten().filter_map(Value::as_str);
        right.any(|accepted| accepted.eq_ignore_ascii_case(name))
    };
    match told.picks.as_slice() {
        [] if row["asset"].is_null() || row["null_ok_if_native_only"] == true => Outcome::Right,
        [] => Outcome::Missed,
        [pick] if accepts(pick) => Outcome::Right,
        [_] => Outcome::Wrong,
        _ => Outcome::Refused,
    }
}

/// The lines of the table that a row counts in.
fn groups(row: &Value, tools: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let repo = text(row, "repo");
    let several = tools.get(repo).is_some_and(|tools| tools.len() > 1);
    let mut out = vec![
        "all".to_owned(),
        if row["list_complete"] == true { "complete" } else { "assembled" }.to_owned(),
        if several { "several tools" } else { "one tool" }.to_owned(),
        format!("target {}", text(row, "triple")),
        format!("fold {} of {FOLDS}", fold(repo) + 1),
    ];
    for feature in ["emulated", "arch_unstated", "bare_arm", "emulation_possible"] {
        if row[feature] == true {
            out.push(format!("label {}", feature.replace('_', " ")));
        }
    }
    if let Some(format) = row["format"].as_str() {
        out.push(format!("format {format}"));
    }
    out
}

/// FNV-1a of the repository's name: the same split on every machine.
fn fold(repo: &str) -> u64 {
    let hash = repo.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % FOLDS
}

fn explain(row: &Value, told: &Explanation, outcome: Outcome, disputed: &BTreeMap<String, String>) {
    let key = ["repo", "tag", "tool", "triple"].map(|key| text(row, key)).join(" ");
    println!("{outcome:?}: {key}");
    println!("  label  {}", row["acceptable"]);
    println!("  picks  {}", json!(told.picks));
    println!("  rule   {}", told.rule);
    if let Some(reason) = disputed.get(&key) {
        println!("  disputed: {reason}");
    }
    for asset in &told.assets {
        println!("    {:60} {:30} {}", asset.name, asset.words, asset.verdict);
    }
}

fn print(tallies: &BTreeMap<String, Tally>, json: bool) {
    if !json {
        println!("{:40} {:>7} {:>7} {:>8} {:>7} {:>6}", "", "right", "wrong", "refused", "missed", "n");
    }
    for (group, tally) in tallies {
        let [right, wrong, refused, missed] =
            [Outcome::Right, Outcome::Wrong, Outcome::Refused, Outcome::Missed].map(|o| tally.percent(o));
        if json {
            let [r, w, t, m] = tally.0;
            println!(
                "{}",
                json!({ "group": group, "right": r, "wrong": w, "refused": t, "missed": m, "n": tally.total() })
            );
        } else {
            println!(
                "{group:40} {right:>6.2}% {wrong:>6.2}% {refused:>7.2}% {missed:>6.2}% {:>6}",
                tally.total()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(picks: &[&str]) -> Explanation {
        Explanation {
            picks: picks.iter().map(|p| (*p).to_owned()).collect(),
            rule: String::new(),
            assets: Vec::new(),
        }
    }

    #[test]
    fn picks_are_scored_as_the_labels_say() {
        let row = json!({ "asset": "a", "acceptable": ["a", "B"] });
        let of = |picks: &[&str]| score(&row, &told(picks));
        assert_eq!(
            [of(&["a"]), of(&["b"]), of(&["c"]), of(&["a", "c"]), of(&[])],
            [Outcome::Right, Outcome::Right, Outcome::Wrong, Outcome::Refused, Outcome::Missed]
        );
        let native = json!({ "asset": "a", "acceptable": ["a"], "null_ok_if_native_only": true });
        assert_eq!(score(&native, &told(&[])), Outcome::Right);
        let none = json!({ "asset": null, "acceptable": [] });
        assert_eq!([score(&none, &told(&[])), score(&none, &told(&["a"]))], [Outcome::Right, Outcome::Wrong]);
    }

    #[test]
    fn repositories_are_spread_over_all_folds_the_same_way_everywhere() {
        let mut sizes = vec![0; usize::try_from(FOLDS).unwrap()];
        for n in 0..1000 {
            sizes[usize::try_from(fold(&format!("owner-{n}/tool-{n}"))).unwrap()] += 1;
        }
        assert!(sizes.iter().all(|size| (150..250).contains(size)), "{sizes:?}");
        // The offset basis of FNV-1a itself.
        assert_eq!(fold(""), 0xcbf2_9ce4_8422_2325 % FOLDS);
    }
}
