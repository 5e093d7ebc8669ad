//! Which member of an archive is the sidecar: a pure rule that refuses where it would have to guess.
//!
//! Counted over 2,063 curated packages: the tool's name at the root or once anywhere is right for 96 %, a name that
//! also holds platform or version for most of the rest.

use glob::{MatchOptions, Pattern};

use super::platform::{Fit, bare, fit, plain, repeats};
use super::{Entry, EntryKind, fault, files};
use crate::error::{Error, Kind, some_of};
use crate::lock::tree::folded;
use crate::target::Target;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// The name of the tool, without `.exe`.
    pub(crate) tool: &'a str,
    /// The target that it must run on.
    pub(crate) target: &'a Target,
    /// The manifest's `bin`: a glob over whole paths, placeholders filled in. `*` stays within a directory.
    pub(crate) bin: Option<&'a str>,
    /// The asset's file name.
    pub(crate) asset: &'a str,
    /// The release's version, which file and directory names may hold.
    pub(crate) version: &'a str,
}

/// The member that is the sidecar. [`Kind::MemberNotFound`] and [`Kind::MemberAmbiguous`] list what there was.
pub(crate) fn find<'a>(entries: &'a [Entry], wish: &Wish<'_>) -> Result<&'a Entry, Error> {
    let found = match wish.bin {
        Some(bin) => by_pattern(entries, bin)?,
        None => by_rule(entries, wish)?,
    };
    let path = folded(&found.path);
    if entries.iter().filter(|entry| folded(&entry.path) == path).count() > 1 {
        return Err(fault::hostile(&found.path, "it is in the archive more than once"));
    }
    Ok(found)
}

fn by_pattern<'a>(entries: &'a [Entry], bin: &str) -> Result<&'a Entry, Error> {
    let pattern = Pattern::new(bin).map_err(|e| {
        Error::new(Kind::BadValue, format!("`bin = \"{bin}\"` is not a glob pattern")).fact("cause", e.msg)
    })?;
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
    let hits: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::Directory && pattern.matches_with(&entry.path, options))
        .collect();
    let regular: Vec<&Entry> = hits.iter().copied().filter(|hit| hit.kind == EntryKind::File).collect();
    match (&regular[..], &hits[..]) {
        ([one], _) => Ok(one),
        ([], [special, ..]) => Err(not_a_file(special)),
        ([], []) => {
            let error = Error::new(Kind::MemberNotFound, format!("no member of the archive matches `{bin}`"))
                .fact("members", files(entries));
            Err(match elsewhere(entries, bin) {
                Some(path) => error.help(format!("set `bin = \"{path}\"`")),
                None => error,
            })
        }
        (several, _) => Err(ambiguous(format!("several members of the archive match `{bin}`"), several)),
    }
}

/// The one file that has the pattern's file name in another place.
fn elsewhere(entries: &[Entry], bin: &str) -> Option<String> {
    let name = Pattern::new(base(bin)).ok()?;
    let mut hits =
        entries.iter().filter(|entry| entry.kind == EntryKind::File && name.matches(base(&entry.path)));
    let first = hits.next()?;
    hits.next().is_none().then(|| fault::shown(&first.path))
}

fn by_rule<'a>(entries: &'a [Entry], wish: &Wish<'_>) -> Result<&'a Entry, Error> {
    let names = Names::of(wish);
    let candidates: Vec<Candidate<'a>> =
        entries.iter().filter_map(|entry| Candidate::of(entry, &names)).collect();
    let stages: [&dyn Fn(&Candidate<'_>) -> bool; 5] = [
        &|c| c.stem == wish.tool,
        &|c| plain(c.stem) == names.tool,
        &|c| c.says == names.tool,
        &|c| c.stem == names.stem,
        &|c| !names.asset.is_empty() && c.says == names.asset,
    ];
    // What Windows runs ends in `.exe`; only where no such file has the name, one without ending may be a program.
    let windows = wish.target.is_windows();
    for ending in if windows { &[true, false][..] } else { &[false] } {
        for stage in stages {
            let fits = |c: &&Candidate<'_>| is_exe(&c.entry.path) == *ending && stage(c);
            let hits: Vec<&Candidate<'a>> = candidates.iter().filter(fits).collect();
            if !hits.is_empty() {
                return best(hits, &names);
            }
        }
    }
    if let Some(link) = entries.iter().find(|e| e.kind != EntryKind::File && is_named(e, &names)) {
        return Err(not_a_file(link));
    }
    if let Some(near) = entries.iter().find(|entry| is_near(entry, &names)) {
        let headline = format!("the archive holds no program `{}` for `{}`", wish.tool, wish.target);
        return Err(Error::new(Kind::MemberNotFound, headline)
            .fact("nearest", fault::shown(&near.path))
            .help("name the member in the manifest: `bin = \"<PATH>\"`"));
    }
    only_executable(entries, &candidates, &names)
}

/// Whether a file that is no candidate has the name: it is for another platform, or a batch file for Windows. Then the
/// only executable beside it (the Dart runtime beside `sass.bat`) is something else.
fn is_near(entry: &Entry, names: &Names<'_>) -> bool {
    let name = base(&entry.path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let has_name = |name| {
        let says = bare(name, names.wish.version);
        says == names.tool || (!says.is_empty() && says == names.asset)
    };
    entry.kind == EntryKind::File
        && !is_companion(&entry.path, entry.executable)
        && (has_name(name) || has_name(stem))
}

/// The names that the rule compares with, worked out once.
struct Names<'a> {
    wish: &'a Wish<'a>,
    /// The tool, as [`plain`] spells it.
    tool: String,
    /// What the asset's name says besides platform and version.
    asset: String,
    /// The asset's name without its ending.
    stem: &'a str,
    /// The asset is for another platform, as the manifest may want it.
    translated: bool,
}

impl<'a> Names<'a> {
    fn of(wish: &'a Wish<'a>) -> Self {
        let stem = strip_exe(super::format::stem(wish.asset));
        let translated = fit(stem, wish.target) == Fit::Contradicts;
        Self { wish, tool: plain(wish.tool), asset: bare(stem, wish.version), stem, translated }
    }
}

/// A file that may be the sidecar.
struct Candidate<'a> {
    entry: &'a Entry,
    /// The file name without `.exe`.
    stem: &'a str,
    /// What the file name says besides platform and version.
    says: String,
    /// What its directories and its name say about the target.
    fit: Fit,
}

impl<'a> Candidate<'a> {
    fn of(entry: &'a Entry, names: &Names<'_>) -> Option<Self> {
        let name = base(&entry.path);
        let target = names.wish.target;
        if entry.kind != EntryKind::File
            || is_companion(&entry.path, entry.executable)
            || (is_exe(name) && !target.is_windows())
        {
            return None;
        }
        let directory = &entry.path[..entry.path.len() - name.len()];
        // A directory that repeats the asset's name says no more than the choice of the asset did.
        let directory = directory.replacen(names.stem, "", 1);
        // So it is with a build that the target translates: what is within says the same as the asset.
        let fit_of = |name: &str| match fit(name, target) {
            Fit::Contradicts if names.translated && repeats(name, names.stem) => Fit::Partly,
            fit => fit,
        };
        let fit = match (fit_of(&directory), fit_of(name)) {
            (Fit::Contradicts, _) | (_, Fit::Contradicts) => return None,
            (a, b) => a.max(b),
        };
        Some(Self { entry, stem: strip_exe(name), says: bare(strip_exe(name), names.wish.version), fit })
    }
}

/// The best of several files of one name: each question only decides where the answers differ.
fn best<'a>(mut hits: Vec<&Candidate<'a>>, names: &Names<'_>) -> Result<&'a Entry, Error> {
    keep(&mut hits, |c| usize::from(!c.entry.executable));
    keep(&mut hits, |c| c.entry.path.matches('/').count().min(1));
    keep(&mut hits, |c| Fit::Fully as usize - c.fit as usize);
    keep(&mut hits, |c| usize::from(!c.entry.path.split('/').rev().skip(1).any(|dir| dir == "bin")));
    keep(&mut hits, |c| c.entry.path.matches('/').count());
    match &hits[..] {
        [one] => Ok(one.entry),
        several => {
            let several: Vec<&Entry> = several.iter().map(|c| c.entry).collect();
            Err(ambiguous(format!("several members of the archive could be `{}`", names.wish.tool), &several))
        }
    }
}

/// Keeps the hits with the lowest rank.
fn keep<'a>(hits: &mut Vec<&Candidate<'a>>, rank: impl Fn(&Candidate<'a>) -> usize) {
    if let Some(lowest) = hits.iter().map(|c| rank(c)).min() {
        hits.retain(|c| rank(c) == lowest);
    }
}

/// The only file that may be executed, whatever its name. Beside a program, scripts are its helpers.
fn only_executable<'a>(
    entries: &[Entry],
    candidates: &[Candidate<'a>],
    names: &Names<'_>,
) -> Result<&'a Entry, Error> {
    // Archives made on Windows have no mode bits at all; there a file without an ending may be a program.
    let modes = entries.iter().any(|e| e.kind == EntryKind::File && e.executable);
    let unix = !names.wish.target.is_windows();
    let may_run =
        |c: &&Candidate<'_>| c.entry.executable || (unix && !modes && !base(&c.entry.path).contains('.'));
    let mut programs: Vec<&Entry> = candidates.iter().filter(may_run).map(|c| c.entry).collect();
    if !unix {
        programs.retain(|entry| is_exe(&entry.path));
    }
    if programs.iter().any(|entry| !is_script(&entry.path)) {
        programs.retain(|entry| !is_script(&entry.path));
    }
    match &programs[..] {
        [one] => Ok(one),
        [] => Err(Error::new(
            Kind::MemberNotFound,
            format!("the archive holds no program `{}`", names.wish.tool),
        )
        .fact("members", files(entries))
        .help("name the member in the manifest: `bin = \"<PATH>\"`")),
        several => {
            Err(ambiguous(format!("no member of the archive is named `{}`", names.wish.tool), several))
        }
    }
}

fn ambiguous(headline: String, several: &[&Entry]) -> Error {
    let mut paths: Vec<String> = several.iter().map(|entry| fault::shown(&entry.path)).collect();
    paths.sort_unstable();
    let help = paths.first().map(|first| format!("name one in the manifest, such as `bin = \"{first}\"`"));
    Error::new(Kind::MemberAmbiguous, headline)
        .fact("members", some_of(&paths))
        .help(help.unwrap_or_default())
}

fn not_a_file(entry: &Entry) -> Error {
    let shown = fault::shown(&entry.path);
    Error::new(Kind::MemberNotFound, format!("the member `{shown}` is {}", entry.kind.words()))
        .help("name the file itself in the manifest: `bin = \"<PATH>\"`")
}

fn is_named(entry: &Entry, names: &Names<'_>) -> bool {
    entry.kind != EntryKind::Directory && plain(strip_exe(base(&entry.path))) == names.tool
}

/// Whether a file goes along with a program without being one: documentation, completions, metadata, libraries.
pub(super) fn is_companion(path: &str, executable: bool) -> bool {
    const DIRECTORIES: [&str; 14] = [
        "__macosx",
        "complete",
        "completion",
        "completions",
        "autocomplete",
        "man",
        "man1",
        "doc",
        "docs",
        "include",
        "licenses",
        "license",
        "contrib",
        "examples",
    ];
    const ENDINGS: [&str; 50] = [
        "md", "txt", "rst", "html", "adoc", "pdf", "bash", "fish", "zsh", "elv", "nu", "ps1", "psm1", "json",
        "toml", "yaml", "yml", "xml", "ini", "conf", "cfg", "sig", "asc", "pem", "sha256", "sha512", "sbom",
        "spdx", "so", "dylib", "dll", "a", "lib", "h", "hpp", "pc", "pdb", "dsym", "d", "debug", "service",
        "desktop", "png", "svg", "ico", "icns", "gz", "plist", "cmake", "py",
    ];
    const NAMES: [&str; 9] =
        ["license", "licence", "copying", "notice", "readme", "changelog", "changes", "authors", "version"];
    let lower = path.to_ascii_lowercase();
    let (directory, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let man_page =
        matches!(ending.as_bytes(), [b'1'..=b'9']) && !stem.ends_with(|c: char| c.is_ascii_digit());
    directory.split('/').any(|part| DIRECTORIES.contains(&part))
        || name.starts_with(['.', '_'])
        || man_page
        || ENDINGS.contains(&ending)
        || name.contains(".so.")
        || NAMES.contains(&stem)
        // `LICENSE-MIT`, but not the program `license-checker`.
        || (!executable && NAMES.iter().any(|n| stem.strip_prefix(n).is_some_and(|rest| rest.starts_with('-'))))
}

/// Whether a file needs an interpreter, by its ending.
fn is_script(path: &str) -> bool {
    const ENDINGS: [&str; 12] =
        ["sh", "bat", "cmd", "command", "js", "mjs", "jar", "lua", "pl", "rb", "tcl", "vbs"];
    let ending = base(path).rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// The last part of a path.
fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_exe(name: &str) -> bool {
    strip_exe(name).len() < name.len()
}

/// A name without `.exe`, in whatever case.
fn strip_exe(name: &str) -> &str {
    let at = name.len().saturating_sub(4);
    match name.get(at..) {
        Some(end) if end.eq_ignore_ascii_case(".exe") => &name[..at],
        _ => name,
    }
}
