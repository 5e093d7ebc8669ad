//! Archives as they could be around the members that the labels name. There are no listings of the real ones, so what
//! is beside a label's path is made up, the same on every run: documentation, completions and manual pages with the
//! program's name, macOS' shadow files, now and then an installer script, and the programs of the release that the labels
//! place in the same asset.
//!
//! What this proves: that the rules find a curated path by its name, directories and modes among the files that usually
//! lie beside it. What it does not: that nothing else lies there. Single compressed files are left out, as they have one
//! member.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::table::Outcome;
use super::{fnv, text};

/// Endings of assets that have several members.
const ARCHIVES: [&str; 9] =
    [".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tar.bz2", ".tbz", ".tar", ".zip"];

/// Repository, tag, triple and asset.
type Key = (String, String, String, String);

/// The paths that the labels name, by asset.
#[derive(Debug)]
pub(super) struct Members(BTreeMap<Key, BTreeSet<String>>);

/// What the chooser said about a row's archive.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    /// The path that was found, or the error.
    pub(super) said: String,
    /// The listing it was asked about.
    pub(super) files: Vec<(String, bool)>,
}

fn key(row: &Value) -> Key {
    let of = |name| text(row, name).to_owned();
    (of("repo"), of("tag"), of("triple"), of("asset"))
}

/// The label's path with `/`, where the asset is an archive and the label has one.
fn labelled(row: &Value) -> Option<String> {
    let asset = text(row, "asset").to_ascii_lowercase();
    let path = row["path_in_archive"].as_str()?.replace('\\', "/");
    (ARCHIVES.iter().any(|ending| asset.ends_with(ending)) && !path.contains('*')).then_some(path)
}

impl Members {
    pub(super) fn new(rows: &[Value]) -> Self {
        let mut out: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
        for row in rows {
            if let Some(path) = labelled(row) {
                out.entry(key(row)).or_default().insert(path);
            }
        }
        Self(out)
    }

    /// Asks the member chooser about the archive of a row; `None` where its label names no member.
    pub(super) fn ask(&self, row: &Value) -> Option<Answer> {
        let path = labelled(row)?;
        let files = self.listing(row, &path);
        let tag = text(row, "tag");
        let version = tag.find(|c: char| c.is_ascii_digit()).map_or(tag, |at| &tag[at..]);
        let found = sidecar_fetch::measure::member(
            &files,
            text(row, "tool"),
            text(row, "triple"),
            text(row, "asset"),
            version,
        );
        let (outcome, said) = match found {
            Ok(found) if found == path => (Outcome::Right, found),
            Ok(found) => (Outcome::Wrong, found),
            Err(error) if error.kind() == sidecar_fetch::Kind::MemberAmbiguous => {
                (Outcome::Refused, error.to_string())
            }
            Err(error) => (Outcome::Missed, error.to_string()),
        };
        Some(Answer { outcome, said, files })
    }

    fn listing(&self, row: &Value, path: &str) -> Vec<(String, bool)> {
        let windows = text(row, "triple").contains("windows");
        // An archive that was made on Windows has no modes: what ends in `.exe` may be executed.
        let may_run = |path: &str| !windows || path.to_ascii_lowercase().ends_with(".exe");
        let beside = self.0.get(&key(row)).into_iter().flatten().map(String::as_str);
        let programs: BTreeSet<&str> = beside.chain([path]).collect();
        let mut files: Vec<(String, bool)> =
            programs.into_iter().map(|path| (path.to_owned(), may_run(path))).collect();
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.strip_suffix(".exe").unwrap_or(name);
        let inside = |directory: &str, name: &str| match directory {
            "" => name.to_owned(),
            directory => format!("{directory}/{name}"),
        };
        let top = path.split_once('/').map_or("", |(top, _)| top);
        for name in [
            "README.md".to_owned(),
            "LICENSE".to_owned(),
            "CHANGELOG.md".to_owned(),
            format!("completions/{stem}.bash"),
            format!("completions/{stem}.fish"),
            format!("completions/_{stem}"),
            format!("complete/{stem}"),
            format!("man/man1/{stem}.1"),
            format!("doc/{stem}.1"),
        ] {
            files.push((inside(top, &name), false));
        }
        if text(row, "triple").contains("apple") {
            files.push((inside(directory, &format!("._{name}")), true));
            files.push((inside("__MACOSX", &format!("._{name}")), true));
        }
        // One project in four delivers a script that installs.
        if !windows && fnv(text(row, "repo")).is_multiple_of(4) {
            files.push((inside(top, "install.sh"), true));
        }
        files.sort();
        files
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(tool: &str, asset: &str, path: &str) -> Value {
        json!({ "repo": "o/kit", "tag": "v1.0", "tool": tool, "triple": "x86_64-unknown-linux-gnu", "asset": asset,
            "path_in_archive": path })
    }

    #[test]
    fn a_listing_has_the_other_programs_of_the_asset_and_their_papers() {
        let rows = [
            row("a", "kit-linux.tar.gz", "kit/a"),
            row("b", "kit-linux.tar.gz", "kit/b"),
            row("c", "c.zip", "c"),
        ];
        let members = Members::new(&rows);
        let answer = members.ask(&rows[0]).unwrap();
        for path in ["kit/a", "kit/b", "kit/complete/a", "kit/man/man1/a.1", "kit/LICENSE"] {
            assert!(answer.files.iter().any(|(file, _)| file == path), "{path} in {:?}", answer.files);
        }
        assert!(answer.files.iter().all(|(path, _)| path.starts_with("kit/")));
        assert_eq!((answer.outcome, answer.said.as_str()), (Outcome::Right, "kit/a"));
    }

    #[test]
    fn a_raw_asset_and_a_single_compressed_file_have_no_members_to_choose_from() {
        for (asset, path) in [("tool-linux", json!(null)), ("tool-linux.gz", json!("tool-linux"))] {
            let mut row = row("tool", asset, "");
            row["path_in_archive"] = path;
            assert!(Members::new(&[row.clone()]).ask(&row).is_none(), "{asset}");
        }
    }
}
