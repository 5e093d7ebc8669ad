//! `layout = "tree"`: a binary and the files that must lie beside it, as the lock pins them.
//!
//! ```text
//! root = "llama-b6900"                      the archive's directory that becomes the tree; not set: its own root
//! member = "llama-b6900/bin/llama-server"   the binary, which is installed as bin/llama-server
//!
//! [asset.companions]
//! "lib/libllama.so" = "<sha256> <bytes> executable link"
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::Inside;
use crate::doc::{Located, Table};
use crate::error::{Error, Kind};
use crate::hash::Sha256;

/// The most companions that one asset may have.
pub(crate) const COMPANIONS: usize = 10_000;

/// The files beside a binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    /// The directory of the archive that holds them all; empty: the archive's own root.
    pub(crate) root: String,
    /// By path relative to `root`, which is where they are installed.
    pub(crate) companions: BTreeMap<String, Companion>,
}

/// One file beside a binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Companion {
    pub(crate) sha256: Sha256,
    /// Bytes.
    pub(crate) size: u64,
    /// Whether it is installed as a program is, 0755, and not as data, 0644.
    pub(crate) executable: bool,
    /// Whether the archive has a link in its place: its bytes are those of another file of the tree.
    pub(crate) link: bool,
}

/// One file that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PinnedFile<'a> {
    /// Where it is installed, relative to its tree.
    pub(crate) path: &'a str,
    /// The member of the archive that holds the bytes; `None`: another file of the tree has them, or the asset itself.
    pub(crate) member: Option<String>,
    pub(crate) sha256: Sha256,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) executable: bool,
}

impl Tree {
    /// The path of the archive's member that a path in the tree stands for.
    pub(crate) fn member(&self, path: &str) -> String {
        if self.root.is_empty() { path.to_owned() } else { format!("{}/{path}", self.root) }
    }
}

impl Companion {
    /// As it stands in the lock.
    #[cfg(any(feature = "resolve", test))]
    pub(super) fn to_text(self) -> String {
        let executable = if self.executable { " executable" } else { "" };
        let link = if self.link { " link" } else { "" };
        format!("{} {}{executable}{link}", self.sha256, self.size)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (sha256, size) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let mut out = Self { sha256, size, executable: false, link: false };
        for word in words {
            match word {
                "executable" => out.executable = true,
                "link" => out.link = true,
                _ => return None,
            }
        }
        Some(out)
    }
}

impl Inside {
    /// Where the binary lies in its tree; `None` where there is no tree.
    pub(crate) fn binary_path(&self) -> Option<&str> {
        let (tree, member) = (self.tree.as_ref()?, self.member.as_deref()?);
        if tree.root.is_empty() {
            return Some(member);
        }
        member.strip_prefix(tree.root.as_str())?.strip_prefix('/')
    }

    /// Everything that is installed, the binary last: what it needs is there before it.
    pub(crate) fn files(&self) -> Vec<PinnedFile<'_>> {
        let mut out = Vec::new();
        if let Some(tree) = &self.tree {
            out.extend(tree.companions.iter().map(|(path, companion)| PinnedFile {
                path,
                member: (!companion.link).then(|| tree.member(path)),
                sha256: companion.sha256,
                size: companion.size,
                executable: companion.executable,
            }));
        }
        out.push(PinnedFile {
            path: self.binary_path().unwrap_or_default(),
            member: self.member.clone(),
            sha256: self.binary.sha256,
            size: self.binary.size,
            executable: true,
        });
        out
    }

    /// Bytes of everything that is installed.
    pub(crate) fn installed_size(&self) -> u64 {
        let companions = self.tree.iter().flat_map(|tree| tree.companions.values());
        companions.fold(self.binary.size, |sum, companion| sum.saturating_add(companion.size))
    }
}

/// Reads the keys of an asset that make it a tree; `member` is that of the binary.
pub(super) fn read(table: &mut Table<'_>, member: Option<&str>) -> Result<Option<Tree>, Error> {
    let root = table.string("root")?;
    let Some(entries) = table.table("companions")? else {
        return match root {
            Some(root) => Err(root.error(Kind::LockInvalid, "a `root` without companions")),
            None => Ok(None),
        };
    };
    let mut companions = BTreeMap::new();
    let at = entries.place();
    for (path, value) in entries.into_entries() {
        check(&path.value).map_err(|why| unusable(&path, why))?;
        let text = value.string()?;
        let companion = Companion::parse(&text.value).ok_or_else(|| {
            text.error(Kind::LockInvalid, "a companion is not written as hash, size and flags")
        })?;
        companions.insert(path.value, companion);
    }
    let tree = Tree { root: root.as_ref().map(|root| root.value.clone()).unwrap_or_default(), companions };
    let invalid = |headline: &str| Error::new(Kind::LockInvalid, headline).fact("at", &at);
    if tree.companions.is_empty() || tree.companions.len() > COMPANIONS {
        return Err(invalid(&format!("a tree has 1 to {COMPANIONS} companions")));
    }
    let binary = member.filter(|member| check(member).is_ok()).and_then(|member| {
        if tree.root.is_empty() { Some(member) } else { member.strip_prefix(&*tree.root)?.strip_prefix('/') }
    });
    if binary.is_none_or(|binary| tree.companions.contains_key(binary)) {
        return Err(invalid("the tree has no place for its binary"));
    }
    Ok(Some(tree))
}

/// Checks that the bytes of each link are those of a file that the archive has.
pub(super) fn check_links(inside: &Inside) -> Result<(), String> {
    let Some(tree) = &inside.tree else { return Ok(()) };
    let files = tree.companions.values().filter(|companion| !companion.link);
    let mut known: BTreeSet<Sha256> = files.map(|companion| companion.sha256).collect();
    known.insert(inside.binary.sha256);
    match tree.companions.iter().find(|(_, companion)| !known.contains(&companion.sha256)) {
        Some((path, _)) => Err(format!("the companion `{path}` is a link to no other file of its tree")),
        None => Ok(()),
    }
}

/// Why a path cannot be that of an installed file: it is relative, in one spelling, and stays below its directory on
/// every system.
pub(crate) fn check(path: &str) -> Result<(), &'static str> {
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("its path is absolute, empty, or leaves the directory");
    }
    if path.contains('\\') || path.contains(char::is_control) {
        return Err("its path contains a backslash or a control character");
    }
    // `C:x`, on Windows a file on another drive.
    if path.as_bytes().get(1) == Some(&b':') {
        return Err("its path starts with a drive letter");
    }
    Ok(())
}

/// Whether a file name is that of a device on Windows, also with an extension. Superscript digits count there:
/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>.
pub(crate) fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³');
    ["con", "conin$", "conout$", "prn", "aux", "nul"].contains(&stem.as_str())
        || port.is_some_and(|n| n.chars().count() == 1 && n.chars().all(is_number))
}

/// Why Windows cannot have a file of that path, or would take it for another one: devices, alternate streams (`a:b`),
/// and dots and spaces at the end, which it drops. This holds for trees of every target, as each can be installed
/// on every host (`sync --all-targets`).
pub(crate) fn check_windows(path: &str) -> Result<(), &'static str> {
    for part in path.split('/') {
        if is_device(part) {
            return Err("its name is that of a device on Windows");
        }
        if part.contains(['<', '>', ':', '"', '|', '?', '*']) || part.ends_with(['.', ' ']) {
            return Err("its name is not possible on Windows");
        }
    }
    Ok(())
}

/// Two of the paths that cannot both be installed: equal ones, and a file where another one needs a directory. With
/// `folded`, case does not count.
pub(crate) fn clash<'a>(
    paths: impl Iterator<Item = &'a str>,
    spelled: impl Fn(&str) -> String,
) -> Option<(&'a str, &'a str)> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for path in paths {
        if let Some(first) = seen.insert(spelled(path), path) {
            return Some((first, path));
        }
    }
    seen.iter().find_map(|(key, path)| {
        let mut above = key.match_indices('/').map(|(at, _)| &key[..at]);
        above.find_map(|directory| Some((*seen.get(directory)?, *path)))
    })
}

/// How paths of a target are compared: on macOS and Windows case does not count.
pub(crate) fn spelling(target: &crate::target::Target) -> fn(&str) -> String {
    if target.is_windows() || target.is_apple() { folded } else { str::to_owned }
}

/// The path as a file system without case would compare it. By way of upper case, as Windows does: `ſ` is an `s` there,
/// and for macOS `ß` is `ss`.
pub(crate) fn folded(path: &str) -> String {
    path.to_uppercase().to_lowercase()
}

/// The deepest directory that holds all paths; empty where they share none.
pub(crate) fn common_directory<'a>(mut paths: impl Iterator<Item = &'a str>) -> &'a str {
    let directory = |path: &'a str| path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let Some(mut root) = paths.next().map(directory) else { return "" };
    for path in paths {
        while !root.is_empty() && path.strip_prefix(root).is_none_or(|rest| !rest.starts_with('/')) {
            root = directory(root);
        }
    }
    root
}

fn unusable(path: &Located<String>, why: &str) -> Error {
    path.error(
        Kind::LockInvalid,
        format!("the companion `{}` cannot be installed", path.value.escape_debug()),
    )
    .fact("reason", why)
}

#[cfg(test)]
mod tests;
