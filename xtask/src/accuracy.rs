//! `cargo xtask accuracy`: how often the chooser picks what curated registries picked, and the member chooser the file
//! in the archive.
//!
//! A pick that the label accepts is right, another one wrong; a tie is refused, and no answer where there is one is
//! missed. No answer is right where the label has none, or has only a build that the target would have to translate.
//! `--wrong` lists every row that is not right, with what was read from each name. The lines of the table that begin with
//! `members` are of the [`members`].
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod members;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sidecar_fetch::Explanation;

use self::members::{Answer, Members};
use self::table::{Outcome, Section, Table};
use crate::error::{Error, Result};
use crate::fsx;
use crate::run::root;

/// The releases and labels that the repository carries: those whose list of assets is complete.
const FIXTURES: &str = "tests/fixtures/accuracy";

/// What the committed labels must reach, in percent: the group, at least so many right, at most so many wrong. Raised
/// when it is passed, never lowered.
const FLOORS: [(Section, &str, f64, f64); 3] = [
    (Section::Lists, "complete", 99.09, 0.33),
    (Section::Tools, "several tools", 100.0, 0.0),
    (Section::Member, "members", 99.5, 0.0),
];

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
    let (tools, members) = (tools(&rows), Members::new(&rows));
    let mut table = Table::default();
    for row in &rows {
        let told = answer(row, &releases)?;
        let outcome = score(row, &told);
        for group in groups(row, &tools) {
            table.count(group, outcome);
        }
        if options.wrong && outcome != Outcome::Right {
            explain(row, &told, outcome, &disputed);
        }
        let Some(answer) = members.ask(row) else { continue };
        for group in member_groups(row) {
            table.count((Section::Member, group), answer.outcome);
        }
        if options.wrong && answer.outcome != Outcome::Right {
            explain_member(row, &answer);
        }
    }
    for line in if options.json { table.json() } else { table.aligned() } {
        println!("{line}");
    }
    println!("complete: {}", table.of(Section::Lists, "complete").in_words());
    if own { floors(&table) } else { Ok(()) }
}

fn floors(table: &Table) -> Result<()> {
    for (section, name, floor, ceiling) in FLOORS {
        let tally = table.of(section, name);
        let (right, wrong) = (tally.percent(Outcome::Right), tally.percent(Outcome::Wrong));
        if right < floor || wrong > ceiling {
            return Err(Error::new(format!(
                "{name}: the choice got worse: {right:.2}% right (floor {floor}), {wrong:.2}% wrong (ceiling {ceiling})"
            )));
        }
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

/// A release, as the labels speak of it.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) repo: String,
    pub(crate) tag: String,
    pub(crate) names: Vec<String>,
}

/// The releases that the repository carries.
pub(crate) fn committed() -> Result<Vec<Release>> {
    read_releases(&root().join(FIXTURES).join("releases.jsonl"))
}

fn read_releases(path: &Path) -> Result<Vec<Release>> {
    let release = |line: &Value| {
        let names = line["assets"].as_array().into_iter().flatten();
        let names = names.filter_map(Value::as_str).map(str::to_owned).collect();
        Release { repo: text(line, "repo").to_owned(), tag: text(line, "tag").to_owned(), names }
    };
    Ok(lines(path)?.iter().map(release).collect())
}

/// The names of each release, by repository and tag.
fn releases(path: &Path) -> Result<BTreeMap<(String, String), Vec<String>>> {
    let releases = read_releases(path)?;
    Ok(releases.into_iter().map(|release| ((release.repo, release.tag), release.names)).collect())
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
fn groups(row: &Value, tools: &BTreeMap<String, BTreeSet<String>>) -> Vec<(Section, String)> {
    let repo = text(row, "repo");
    let several = row["multi_tool_repo"] == true || tools.get(repo).is_some_and(|tools| tools.len() > 1);
    let mut out = vec![
        (Section::Lists, "all".to_owned()),
        (Section::Lists, if row["list_complete"] == true { "complete" } else { "assembled" }.to_owned()),
        (Section::Target, format!("target {}", text(row, "triple"))),
        (Section::Tools, if several { "several tools" } else { "one tool" }.to_owned()),
        (Section::Fold, format!("fold {} of {FOLDS}", fnv(repo) % FOLDS + 1)),
    ];
    for feature in ["emulated", "arch_unstated", "bare_arm", "emulation_possible"] {
        if row[feature] == true {
            out.push((Section::Label, format!("label {}", feature.replace('_', " "))));
        }
    }
    if row["asset"].is_null() {
        out.push((Section::Label, "label nothing fits".to_owned()));
    }
    if let Some(format) = row["format"].as_str() {
        out.push((Section::Format, format!("format {format}")));
    }
    out
}

/// The lines that the member of a row counts in.
fn member_groups(row: &Value) -> Vec<String> {
    let path = text(row, "path_in_archive").replace('\\', "/");
    let name = path.rsplit('/').next().unwrap_or(&path);
    let stem = name.strip_suffix(".exe").unwrap_or(name);
    let named = if stem.eq_ignore_ascii_case(text(row, "tool")) { "as the tool" } else { "otherwise" };
    let place = if path.contains('/') { "in a directory" } else { "at the root" };
    vec!["members".to_owned(), format!("members named {named}"), format!("members {place}")]
}

/// FNV-1a: the same number on every machine.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn explain_member(row: &Value, answer: &Answer) {
    let key = ["repo", "tag", "tool", "triple", "asset"].map(|key| text(row, key)).join(" ");
    println!("{:?} member: {key}", answer.outcome);
    println!("  label  {}", row["path_in_archive"]);
    println!("  says   {}", answer.said.replace('\n', "\n         "));
    let files: Vec<&str> =
        answer.files.iter().filter(|(_, run)| *run).map(|(path, _)| path.as_str()).collect();
    println!("  may be executed  {}", files.join(" "));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(picks: &[&str]) -> Explanation {
        Explanation {
            picks: picks.iter().map(|p| (*p).to_owned()).collect(),
            rule: String::new(),
            emulated: false,
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
            sizes[usize::try_from(fnv(&format!("owner-{n}/tool-{n}")) % FOLDS).unwrap()] += 1;
        }
        assert!(sizes.iter().all(|size| (150..250).contains(size)), "{sizes:?}");
        // The offset basis of FNV-1a itself.
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
    }
}
