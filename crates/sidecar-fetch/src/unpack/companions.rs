//! Which members of an archive are installed beside the binary: a pure choice by the manifest's patterns.
//!
//! Links are common among libraries (`libx.so` leads to `libx.so.1`). A tree has none, as Windows and some bundlers
//! cannot: what a link leads to is installed in its place as well.

use std::collections::{BTreeMap, BTreeSet};

use glob::{MatchOptions, Pattern};

use super::{Entry, EntryKind, fault, files, path};
use crate::error::{Error, Kind, some_of};
use crate::lock::tree::{self, COMPANIONS};
use crate::target::Target;

/// How many links may lead to one another: Linux follows as many.
const HOPS: usize = 40;

/// A member that goes with the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selected {
    /// Its path in the archive.
    pub(crate) path: String,
    /// The member that holds the bytes: itself, or what it is a link to.
    pub(crate) source: String,
    /// Whether the archive marks it as executable.
    pub(crate) executable: bool,
}

/// The companions that the patterns take, by path; placeholders are filled in, and `*` stays within a directory. The
/// binary itself is none of them.
pub(crate) fn select(
    entries: &[Entry],
    binary: &str,
    patterns: &[String],
    target: &Target,
) -> Result<Vec<Selected>, Error> {
    let matchers: Vec<Pattern> = patterns.iter().map(|text| parse(text)).collect::<Result<_, _>>()?;
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
    let is_wanted = |entry: &&Entry| {
        entry.kind != EntryKind::Directory
            && entry.path != binary
            && matchers.iter().any(|pattern| pattern.matches_with(&entry.path, options))
    };
    let wanted: Vec<&Entry> = entries.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(Error::new(Kind::MemberNotFound, "no member of the archive matches `resources`")
            .fact("resources", some_of(patterns))
            .fact("members", files(entries))
            .help("change the patterns, or leave the target out with `targets = […]`"));
    }
    if wanted.len() > COMPANIONS {
        let why = format!("`resources` takes {} members; a tree has at most {COMPANIONS}", wanted.len());
        return Err(fault::too_large(why).help("write narrower patterns"));
    }
    check_places(&wanted, binary, target)?;
    let tree = Links::of(entries);
    let taken: BTreeSet<&str> = wanted.iter().map(|entry| entry.path.as_str()).chain([binary]).collect();
    let mut out = Vec::new();
    for entry in wanted {
        let source = tree.follow(entry)?;
        if !taken.contains(source.path.as_str()) {
            let headline =
                format!("the companion `{}` is a link to a file that no pattern takes", shown(entry));
            return Err(Error::new(Kind::MemberNotFound, headline)
                .fact("leads to", shown(source))
                .help(format!("add a pattern to `resources`, such as `{}`", shown(source))));
        }
        let (path, source, executable) = (entry.path.clone(), source.path.clone(), source.executable);
        out.push(Selected { path, source, executable });
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(out)
}

fn parse(text: &str) -> Result<Pattern, Error> {
    Pattern::new(text).map_err(|e| {
        Error::new(Kind::BadValue, format!("`{text}` in `resources` is not a glob pattern"))
            .fact("cause", e.msg)
    })
}

/// Refuses members that could not be installed, or would be installed in one place.
fn check_places(wanted: &[&Entry], binary: &str, target: &Target) -> Result<(), Error> {
    for path in wanted.iter().map(|entry| entry.path.as_str()).chain([binary]) {
        let checked = tree::check(path).and_then(|()| tree::check_windows(path));
        checked.map_err(|why| {
            fault::hostile(path, why).help("write patterns that leave it out of `resources`")
        })?;
    }
    let paths = wanted.iter().map(|entry| entry.path.as_str()).chain([binary]);
    match tree::clash(paths, tree::spelling(target)) {
        None => Ok(()),
        Some((first, second)) if first == second => {
            Err(fault::hostile(first, "it is in the archive more than once"))
        }
        Some((first, second)) => Err(fault::hostile(
            second,
            format_args!("it cannot be installed together with `{}`", fault::shown(first)),
        )),
    }
}

fn shown(entry: &Entry) -> String {
    fault::shown(&entry.path)
}

/// The entries of an archive, to follow links in.
struct Links<'a>(BTreeMap<&'a str, &'a Entry>);

impl<'a> Links<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        Self(entries.iter().map(|entry| (entry.path.as_str(), entry)).collect())
    }

    /// The regular file that an entry is or leads to.
    fn follow(&self, from: &'a Entry) -> Result<&'a Entry, Error> {
        let not_found = |headline| Err(Error::new(Kind::MemberNotFound, headline));
        let mut entry = from;
        for _ in 0..HOPS {
            match entry.kind {
                EntryKind::File => return Ok(entry),
                EntryKind::Link => {}
                EntryKind::Directory => {
                    return not_found(format!("the companion `{}` is a link to a directory", shown(from)))
                        .map_err(|e| e.help("take the files of the directory itself with `resources`"));
                }
                other => {
                    let headline = format!("the companion `{}` is {}", shown(entry), other.words());
                    return not_found(headline);
                }
            }
            let Some(to) = entry.leads_to.as_deref() else {
                return Err(fault::hostile(&entry.path, "it is a link that leads out of the archive"));
            };
            let Some(next) = self.at(to) else {
                let headline = format!("the companion `{}` is a link that leads nowhere", shown(from));
                return not_found(headline).map_err(|e| e.fact("leads to", fault::shown(to)));
            };
            entry = next;
        }
        Err(fault::hostile(&from.path, "it is a link that leads to itself"))
    }

    /// The entry of a path, also where one of its directories is a link.
    fn at(&self, to: &str) -> Option<&'a Entry> {
        let mut to = to.to_owned();
        for _ in 0..HOPS {
            if let Some(entry) = self.0.get(to.as_str()) {
                return Some(entry);
            }
            let mut above = to.match_indices('/').map(|(at, _)| to.split_at(at));
            let (link, rest) = above.find_map(|(directory, rest)| {
                let entry = self.0.get(directory).filter(|entry| entry.kind == EntryKind::Link)?;
                Some((entry.leads_to.as_deref()?, rest))
            })?;
            to = path::clean(&format!("{link}{rest}")).ok()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &str = "x86_64-unknown-linux-gnu";
    const WINDOWS: &str = "x86_64-pc-windows-msvc";

    /// `a`: a file; `a/`: a directory; `a -> b`: a link to the archive's path `b`, to outside where that is empty.
    fn entries(texts: &[&str]) -> Vec<Entry> {
        let entry = |text: &&str| {
            let (path, leads_to) = text.split_once(" -> ").unwrap_or((text, ""));
            let kind = match path {
                _ if text.contains(" -> ") => EntryKind::Link,
                _ if path.ends_with('/') => EntryKind::Directory,
                _ if path.starts_with('@') => EntryKind::Sparse,
                _ => EntryKind::File,
            };
            let leads_to = Some(leads_to.to_owned()).filter(|to| !to.is_empty());
            let path = path.trim_end_matches('/').to_owned();
            Entry { executable: path.contains(".so"), path, size: Some(1), kind, leads_to }
        };
        texts.iter().map(entry).collect()
    }

    fn selected(texts: &[&str], patterns: &[&str], target: &str) -> Result<Vec<(String, String)>, Error> {
        let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
        let found = select(&entries(texts), "d/tool", &patterns, &target.parse().unwrap())?;
        Ok(found.into_iter().map(|found| (found.path, found.source)).collect())
    }

    #[track_caller]
    fn refused(texts: &[&str], target: &str, kind: Kind, part: &str) {
        let error = selected(texts, &["**/*"], target).unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(part), "{}: {error}", error.kind());
    }

    #[test]
    fn patterns_take_files_and_links_and_never_the_binary() {
        let all =
            ["d/", "d/tool", "d/lib/", "d/lib/a.so -> d/lib/a.so.1", "d/lib/a.so.1", "d/README", "b.so"];
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            selected(&all, &["**/*.so*", "**/*.dll"], LINUX).unwrap(),
            [pair("b.so", "b.so"), pair("d/lib/a.so", "d/lib/a.so.1"), pair("d/lib/a.so.1", "d/lib/a.so.1"),]
        );
        assert_eq!(selected(&all, &["d/*"], LINUX).unwrap(), [pair("d/README", "d/README")]);
        let same = ["d/tool", "d/also -> d/tool"];
        assert_eq!(selected(&same, &["d/*"], LINUX).unwrap(), [pair("d/also", "d/tool")]);
    }

    #[test]
    fn links_are_followed_through_links_and_linked_directories() {
        let all =
            ["d/tool", "d/lib64 -> d/lib", "d/lib/x.so.1", "d/y.so -> d/z.so", "d/z.so -> d/lib64/x.so.1"];
        let found = selected(&all, &["**/*.so*"], LINUX).unwrap();
        assert!(found.iter().all(|(_, source)| source == "d/lib/x.so.1"), "{found:?}");
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn the_archives_own_mode_counts_also_behind_a_link() {
        let found = select(
            &entries(&["d/tool", "d/x -> d/x.so", "d/x.so", "d/data"]),
            "d/tool",
            &["d/*".to_owned()],
            &LINUX.parse().unwrap(),
        );
        let executable: Vec<bool> = found.unwrap().iter().map(|found| found.executable).collect();
        assert_eq!(executable, [false, true, true]);
    }

    #[test]
    fn what_matches_nothing_tells_the_patterns_and_what_there_is() {
        let error = selected(&["d/tool", "d/lib/"], &["**/*.so", "d/lib"], LINUX).unwrap_err();
        assert_eq!(error.kind(), Kind::MemberNotFound);
        let text = error.to_string();
        assert!(text.contains("**/*.so, d/lib") && text.contains("members    d/tool"), "{text}");
    }

    #[test]
    fn links_that_lead_away_or_nowhere_are_refused() {
        refused(&["d/tool", "d/x -> "], LINUX, Kind::ArchiveUnsafe, "leads out of the archive");
        refused(&["d/tool", "d/x -> d/y"], LINUX, Kind::MemberNotFound, "leads nowhere");
        refused(&["d/tool", "d/x -> d/x"], LINUX, Kind::ArchiveUnsafe, "leads to itself");
        refused(&["d/tool", "d/x -> d/y", "d/y -> d/x"], LINUX, Kind::ArchiveUnsafe, "leads to itself");
        refused(&["d/tool", "d/l -> d/l/l", "d/x -> d/l/y"], LINUX, Kind::MemberNotFound, "leads nowhere");
        refused(&["d/tool", "d/lib/", "d/x -> d/lib"], LINUX, Kind::MemberNotFound, "link to a directory");
        refused(&["d/tool", "@sparse"], LINUX, Kind::MemberNotFound, "a sparse file");
        let all = ["d/tool", "d/a.so -> d/a.so.1", "d/a.so.1"];
        let error = selected(&all, &["**/*.so"], LINUX).unwrap_err().to_string();
        assert!(error.contains("no pattern takes") && error.contains("such as `d/a.so.1`"), "{error}");
    }

    #[test]
    fn two_members_of_one_place_are_refused() {
        refused(&["d/tool", "d/x", "d/x"], LINUX, Kind::ArchiveUnsafe, "more than once");
        refused(&["d/tool", "d/tool/x"], LINUX, Kind::ArchiveUnsafe, "together with `d/tool`");
        refused(&["d/tool", "d/X.dll", "d/x.dll"], WINDOWS, Kind::ArchiveUnsafe, "together with `d/X.dll`");
        refused(&["d/tool", "d/Tool"], "aarch64-apple-darwin", Kind::ArchiveUnsafe, "together with");
        assert_eq!(selected(&["d/tool", "d/X.so", "d/x.so"], &["**/*"], LINUX).unwrap().len(), 2);
    }

    #[test]
    fn names_that_some_system_cannot_have_are_refused_for_every_target() {
        for target in [WINDOWS, LINUX, "aarch64-apple-darwin"] {
            refused(&["d/tool", "d/nul.so"], target, Kind::ArchiveUnsafe, "a device on Windows");
            refused(&["d/tool", "d/COM¹"], target, Kind::ArchiveUnsafe, "a device on Windows");
            refused(&["d/tool", "d/a:b"], target, Kind::ArchiveUnsafe, "not possible on Windows");
            refused(&["d/tool", "d/lib /a"], target, Kind::ArchiveUnsafe, "not possible on Windows");
            refused(&["d/tool", "d/a."], target, Kind::ArchiveUnsafe, "not possible on Windows");
            refused(&["d/tool", "d/a\\b"], target, Kind::ArchiveUnsafe, "backslash");
        }
    }

    #[test]
    fn the_binarys_own_place_is_judged_too() {
        let patterns = ["**/*.so".to_owned()];
        let target = LINUX.parse().unwrap();
        let refused = select(&entries(&["aux/tool", "aux.so"]), "aux/tool", &patterns, &target).unwrap_err();
        assert_eq!(refused.kind(), Kind::ArchiveUnsafe);
        let refused = select(&entries(&["d/tool.", "x.so"]), "d/tool.", &patterns, &target).unwrap_err();
        assert!(refused.to_string().contains("d/tool."), "{refused}");
    }

    #[test]
    fn ten_thousand_companions_are_the_limit() {
        let names: Vec<String> = (0..=COMPANIONS).map(|n| format!("d/{n}")).collect();
        let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
        refused(&all, LINUX, Kind::ArchiveTooLarge, "takes 10001 members");
        all.pop();
        assert_eq!(selected(&all, &["**/*"], LINUX).unwrap().len(), COMPANIONS);
    }
}
