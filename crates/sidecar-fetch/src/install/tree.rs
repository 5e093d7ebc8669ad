//! Installing a binary with its companions: `<binaries>/<name>/…`, the files of one target.
//!
//! The directory has no triple in its path, as `bundle.resources` has none. What was written there is on record beside
//! it, in `<binaries>/.<name>.files`: the target, then a path a line. Files on record that are no longer pinned are
//! removed. A file that is neither pinned nor on record is somebody else's: it would be bundled unverified, and removing
//! it is not ours to decide, so it is an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Content, Installer, Mode, Mtime, past};
use crate::error::{Error, Kind, some_of};
use crate::fsx;
use crate::hash::Sha256;
use crate::lock::{PinnedFile, tree};
use crate::target::Target;

/// A directory that holds these files and no others.
#[derive(Debug, Clone)]
pub(crate) struct TreeOf<'a> {
    pub(crate) root: &'a Path,
    pub(crate) target: &'a Target,
    /// The binary last.
    pub(crate) files: Vec<TreeFile<'a>>,
}

/// One file of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeFile<'a> {
    /// Relative to the tree, with `/`.
    pub(crate) path: &'a str,
    pub(crate) content: Content,
    pub(crate) mode: Mode,
}

impl<'a> From<PinnedFile<'a>> for TreeFile<'a> {
    fn from(file: PinnedFile<'a>) -> Self {
        let mode = if file.executable { Mode::Program } else { Mode::Data };
        Self { path: file.path, content: Content { sha256: file.sha256, size: file.size }, mode }
    }
}

/// What may lie in a tree without being part of it: macOS and Windows put it into every directory that was looked at.
const LITTER: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// How a record begins, before the target.
const HEAD: &str = "# Written by sidecar-fetch: the files of ";

/// The record of a tree: beside it, so that it is not bundled.
pub(crate) fn record_of(root: &Path) -> PathBuf {
    let name = fsx::name_of(root);
    root.with_file_name(format!(".{name}.files"))
}

/// What was written into a tree.
#[derive(Debug, Default, PartialEq, Eq)]
struct Record {
    target: String,
    paths: BTreeSet<String>,
}

impl Record {
    /// A record that is not there or not understood says that nothing was written.
    fn read(path: &Path) -> Self {
        let text = fsx::read_if_exists(path).ok().flatten().unwrap_or_default();
        let mut lines = text.lines();
        let Some(target) = lines.next().and_then(|first| first.strip_prefix(HEAD)) else {
            return Self::default();
        };
        let paths = lines.filter(|path| tree::check(path).is_ok()).map(str::to_owned).collect();
        Self { target: target.to_owned(), paths }
    }

    fn of(tree: &TreeOf<'_>) -> Self {
        let paths = tree.files.iter().map(|file| file.path.to_owned()).collect();
        Self { target: tree.target.to_string(), paths }
    }

    fn to_text(&self) -> String {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        format!("{HEAD}{}\n{}\n", self.target, paths.join("\n"))
    }
}

impl TreeOf<'_> {
    /// Whether what lies there was installed for this target, as the record says.
    #[cfg(feature = "resolve")]
    pub(crate) fn is_recorded(&self) -> bool {
        Record::read(&record_of(self.root)).target == self.target.as_str()
    }

    /// The paths that are there and do not belong to the tree.
    pub(crate) fn strays(&self) -> Result<Vec<String>, Error> {
        let own: BTreeSet<&str> = self.files.iter().map(|file| file.path).collect();
        let mut found = files_below(self.root)?;
        found.retain(|path| !own.contains(path.as_str()) && !is_litter(path));
        Ok(found)
    }
}

impl Installer<'_> {
    /// Whether the directory already holds the files of the tree and no others.
    pub(crate) fn is_tree_installed(&self, tree: &TreeOf<'_>) -> Result<bool, Error> {
        for file in &tree.files {
            if !self.is_installed_as(&tree.root.join(file.path), file.content, file.mode)? {
                return Ok(false);
            }
        }
        Ok(Record::read(&record_of(tree.root)) == Record::of(tree) && tree.strays()?.is_empty())
    }

    /// Makes the directory hold the files of the tree, whose bytes were verified and are where `source` says; tells
    /// whether it had to write. Each file appears by rename, the binary last, after all of them were made elsewhere; a
    /// run that is interrupted leaves what the next one completes.
    pub(crate) fn install_tree(
        &self,
        tree: &TreeOf<'_>,
        source: impl Fn(&TreeFile<'_>) -> PathBuf,
    ) -> Result<bool, Error> {
        self.take_turn()?;
        // Runs with another state (a build beside a `sync`) may be at work for another target.
        let key = Sha256::of(tree.root.as_os_str().as_encoded_bytes());
        let _turn = self.cache.get().and_then(|cache| cache.lock(&format!("{key}-tree"), || {}));
        if self.is_tree_installed(tree)? {
            return Ok(false);
        }
        check_paths(tree)?;
        let path = record_of(tree.root);
        let (before, after) = (Record::read(&path), Record::of(tree));
        let strays = tree.strays()?;
        check_owner(tree.root, &strays, &before)?;
        let staged = self.stage(tree, source)?;
        let union = before.paths.union(&after.paths).cloned().collect();
        let moved = self
            .write_record(&path, &Record { target: after.target.clone(), paths: union }, &before)
            .and_then(|()| remove_files(tree.root, strays.iter().map(String::as_str)))
            .and_then(|()| self.place_all(tree, &staged))
            .and_then(|()| self.write_record(&path, &after, &before));
        for (_, staged) in &staged {
            let _ = fsx::remove_file(staged);
        }
        moved.map(|()| true)
    }

    /// Complete copies of the files that are not in their place yet, each beside its file.
    fn stage<'t>(
        &self,
        tree: &'t TreeOf<'_>,
        source: impl Fn(&TreeFile<'_>) -> PathBuf,
    ) -> Result<Vec<(&'t TreeFile<'t>, PathBuf)>, Error> {
        let name = fsx::name_of(tree.root);
        let mut out = Vec::new();
        for (index, file) in tree.files.iter().enumerate() {
            if self.is_installed_as(&tree.root.join(file.path), file.content, file.mode)? {
                continue;
            }
            let staged = self.staging().join(format!("{name}.{}.{index}", std::process::id()));
            self.make(&source(file), &staged, file.mode)?;
            out.push((file, staged));
        }
        Ok(out)
    }

    fn place_all(&self, tree: &TreeOf<'_>, staged: &[(&TreeFile<'_>, PathBuf)]) -> Result<(), Error> {
        let name = fsx::name_of(tree.root);
        // Beside the tree, not in it: an interrupted run must not leave a file there that is not on record.
        let beside = tree.root.with_file_name(format!(".{name}.part"));
        for (file, staged) in staged {
            let dest = tree.root.join(file.path);
            if let Some(parent) = dest.parent() {
                fsx::create_dir_all(parent)?;
            }
            self.place(staged, &dest, &beside, file.content, file.mode)?;
        }
        if self.mtime == Mtime::Past {
            // tauri-build watches the directories of resources. A time that cannot be set costs one more build.
            for directory in directories_of(tree) {
                let _ = fsx::set_modified_of_directory(&directory, past());
            }
        }
        Ok(())
    }

    /// Writes the record where it says something else than before. Its time is current where a build took the directory
    /// from another target: the build script of that target watches it, and has to run again.
    fn write_record(&self, path: &Path, record: &Record, before: &Record) -> Result<(), Error> {
        if *record == Record::read(path) {
            return Ok(());
        }
        let name = fsx::name_of(path);
        let staged = self.staging().join(format!("{name}.{}", std::process::id()));
        fsx::write_atomic(&staged, record.to_text())?;
        let taken_over = !before.target.is_empty() && before.target != record.target;
        let time = if self.mtime == Mtime::Past && !taken_over { past() } else { SystemTime::now() };
        fsx::set_modified(&staged, time)?;
        if let Some(parent) = path.parent() {
            fsx::create_dir_all(parent)?;
        }
        if fsx::try_rename(&staged, path).is_ok() {
            return Ok(());
        }
        let beside = path.with_extension("part");
        let moved = fsx::copy(&staged, &beside)
            .and_then(|_| fsx::set_modified(&beside, time))
            .and_then(|()| fsx::rename(&beside, path));
        let _ = fsx::remove_file(&staged);
        moved
    }
}

/// Removes what was written into a tree, and the directories that are then empty.
#[cfg(any(feature = "resolve", test))]
pub(crate) fn remove_tree(root: &Path) -> Result<(), Error> {
    let path = record_of(root);
    let record = Record::read(&path);
    remove_files(root, record.paths.iter().map(String::as_str))?;
    if !record.target.is_empty() {
        fsx::remove_file(&path)?;
    }
    Ok(())
}

/// The last checks before paths of a lock become files: a lock can be edited.
fn check_paths(tree: &TreeOf<'_>) -> Result<(), Error> {
    let paths = || tree.files.iter().map(|file| file.path);
    // What the host's file system takes for one file is one, whatever the target says.
    let host_folds = cfg!(any(windows, target_os = "macos"));
    let spelled = if host_folds { tree::folded } else { tree::spelling(tree.target) };
    let reason = match tree::clash(paths(), spelled) {
        Some((first, second)) => Some((second, format!("it cannot be installed together with `{first}`"))),
        None => paths().find_map(|path| Some((path, tree::check_windows(path).err()?.to_owned()))),
    };
    let Some((path, reason)) = reason else { return Ok(()) };
    Err(Error::new(Kind::LockInvalid, format!("the companion `{path}` cannot be installed"))
        .fact("reason", reason)
        .help("the lock was changed by hand or by a merge; run `cargo sidecar update`"))
}

/// Refuses a directory that holds files of somebody else.
fn check_owner(root: &Path, strays: &[String], record: &Record) -> Result<(), Error> {
    let foreign: Vec<&String> = strays.iter().filter(|path| !record.paths.contains(*path)).collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let headline = format!("`{}` holds files that are not the sidecar's", root.display());
    Err(Error::new(Kind::Io, headline)
        .fact("files", some_of(foreign))
        .fact(
            "reason",
            "everything in that directory is bundled with the app, and none of these was verified",
        )
        .help("move them elsewhere, or give the sidecar another `install-as`; then run the command again"))
}

/// Removes files of a tree, and then every directory that is empty, the tree's own among them.
fn remove_files<'p>(root: &Path, paths: impl Iterator<Item = &'p str>) -> Result<(), Error> {
    for path in paths {
        // Through a link that somebody put there it would be a file elsewhere.
        if !is_behind_link(root, path) {
            fsx::remove_file(&root.join(path))?;
        }
    }
    fsx::remove_empty_dirs(root)
}

fn is_behind_link(root: &Path, path: &str) -> bool {
    path.match_indices('/').any(|(at, _)| fsx::is_link(&root.join(&path[..at])))
}

/// Every file and link below a directory, relative to it and with `/`, sorted.
fn files_below(root: &Path) -> Result<Vec<String>, Error> {
    let (mut out, mut open) = (Vec::new(), vec![(root.to_owned(), String::new())]);
    while let Some((directory, prefix)) = open.pop() {
        for path in fsx::read_dir(&directory)? {
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_dir() && !fsx::is_link(&path) {
                open.push((path, format!("{name}/")));
            } else {
                out.push(name);
            }
        }
    }
    out.sort();
    Ok(out)
}

fn is_litter(path: &str) -> bool {
    LITTER.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// The tree's directory and those in it, the deepest first.
fn directories_of(tree: &TreeOf<'_>) -> Vec<PathBuf> {
    let above = |file: &TreeFile<'_>| {
        let ends: Vec<usize> = file.path.match_indices('/').map(|(at, _)| at).collect();
        ends.into_iter().map(|end| file.path[..end].to_owned()).collect::<Vec<_>>()
    };
    let inside: BTreeSet<String> = tree.files.iter().flat_map(above).collect();
    inside.iter().rev().map(|path| tree.root.join(path)).chain([tree.root.to_owned()]).collect()
}

#[cfg(test)]
mod tests;
