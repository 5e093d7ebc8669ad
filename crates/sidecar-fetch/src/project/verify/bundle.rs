//! Whether the sidecars are in a bundle, with the locked bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::unseen::{self, Expected};
use super::{VerifyRow, deb, files, signature, stand_in};
use crate::cache::Cache;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::hash;
use crate::install::{self, Content};
use crate::provision::{Sink, Spot, Task};
use crate::unpack::{Archive, EntryKind, Extract, Format, MEMBER};

/// Where bundlers put the sidecars, relative to what they pack; on Windows and in cargo's directory beside the program.
const PLACES: [&str; 2] = ["usr/bin", "Contents/MacOS"];

/// How deep below the directory that was named a place may lie: `bundle/deb/<app>/data/usr/bin`.
const DEPTH: usize = 6;

/// What cargo's profile directory has. The app is in it, and below it what was bundled some time before.
const OF_CARGO: [&str; 3] = [".cargo-lock", ".fingerprint", "deps"];

/// What looking into a bundle needs.
pub(super) struct Look<'a> {
    /// The app directory: a tree lies in the bundle as it lies there.
    pub(super) app: &'a Path,
    /// The installed name of each sidecar.
    pub(super) names: BTreeMap<&'a str, &'a str>,
    /// Where the locked bytes may be, to compare without signatures.
    pub(super) cache: Option<&'a Cache>,
    /// A directory of ours for members of archives.
    pub(super) scratch: PathBuf,
}

/// A file of a bundle.
struct Found {
    file: PathBuf,
    /// Where it is, for people: in an archive there is no such path.
    shown: PathBuf,
    executable: bool,
}

impl Look<'_> {
    /// A row for each task, or several where the bundle has the file in several places.
    pub(super) fn rows(&self, bundle: &Path, tasks: &[Task<'_>]) -> Result<Vec<VerifyRow>, Error> {
        let Some(metadata) = fsx::metadata(bundle)? else {
            return Err(Error::new(Kind::Usage, "there is no such bundle")
                .fact("path", bundle.display())
                .help(
                    "name a directory, a .deb, a .tar.gz or a .zip: `cargo sidecar verify --bundle PATH`",
                ));
        };
        if metadata.is_dir() {
            let mut places = vec![bundle.to_owned()];
            if !OF_CARGO.iter().any(|name| bundle.join(name).exists()) {
                places_below(bundle, DEPTH, &mut places)?;
            }
            let roots = self.tree_roots(bundle, tasks)?;
            return self.compared(bundle, tasks, |wanted| match wanted {
                Wanted::Program(name) => in_directories(&places, name),
                Wanted::Resource(path) => in_directories(&roots, path),
            });
        }
        let scratch = self.scratch.join(std::process::id().to_string());
        let rows = self.unpacked(bundle, &scratch, tasks).and_then(|found| {
            self.compared(bundle, tasks, |wanted| in_archive(bundle, &scratch, &found, wanted))
        });
        fsx::remove_dir_all(&scratch)?;
        rows
    }

    fn compared(
        &self,
        bundle: &Path,
        tasks: &[Task<'_>],
        find: impl Fn(Wanted<'_>) -> Result<Vec<Found>, Error>,
    ) -> Result<Vec<VerifyRow>, Error> {
        let mut rows = Vec::new();
        // A bundle holds the files of one target of a tree.
        for task in tasks.iter().filter(|task| task.spot != Spot::Cache) {
            if let Some(paths) = self.in_tree(task) {
                rows.push(tree(task, bundle, &paths, &find)?);
                continue;
            }
            let name = self.name_of(task);
            let found = find(Wanted::Program(&name))?;
            if found.is_empty() {
                let detail =
                    format!("there is no `{name}` beside the program, in usr/bin or in Contents/MacOS");
                rows.push(
                    VerifyRow::of_task("bundle", task, bundle).found("missing", detail).mended_by(MEND),
                );
            }
            for file in found {
                let row = VerifyRow::of_task("bundle", task, &file.shown);
                rows.push(self.compare(task, &file, row)?);
            }
        }
        Ok(rows)
    }

    /// The paths of a tree's files among the app's resources.
    fn in_tree(&self, task: &Task<'_>) -> Option<Vec<String>> {
        let tree = task.tree()?;
        let root = tree.root.strip_prefix(self.app).unwrap_or(tree.root);
        let root = root.to_string_lossy().replace('\\', "/");
        Some(tree.files.iter().map(|file| format!("{root}/{}", file.path)).collect())
    }

    /// The directories of resources below `bundle`: those in which some tree lies.
    fn tree_roots(&self, bundle: &Path, tasks: &[Task<'_>]) -> Result<Vec<PathBuf>, Error> {
        let trees: Vec<String> =
            tasks.iter().filter_map(|task| self.in_tree(task)?.into_iter().next()).collect();
        let mut roots = Vec::new();
        let mut open = vec![(bundle.to_owned(), DEPTH)];
        while let Some((dir, depth)) = open.pop().filter(|_| !trees.is_empty()) {
            if depth > 0 && !OF_CARGO.iter().any(|name| dir.join(name).exists()) {
                open.extend(directories(&dir)?.into_iter().map(|below| (below, depth - 1)));
            }
            if trees.iter().any(|path| dir.join(path).is_file()) {
                roots.push(dir);
            }
        }
        Ok(roots)
    }

    /// The name of a sidecar's file in a bundle.
    fn name_of(&self, task: &Task<'_>) -> String {
        let name = self.names.get(task.sidecar).copied().unwrap_or(task.sidecar);
        format!("{name}{}", task.target.exe_suffix())
    }

    fn compare(&self, task: &Task<'_>, found: &Found, row: VerifyRow) -> Result<VerifyRow, Error> {
        let (sha256, _) = hash::of_file(&found.file)?;
        let expected = match Expected::of(task, self.cache) {
            Err(error) if !unseen::is_of_machine(&error) => return Ok(row.failed("unfit", &error)),
            expected => expected?,
        };
        let content = expected.content();
        let detail = |what: &str| {
            let told = expected.told().map(|told| format!("; {told}"));
            format!("{what}{}", told.unwrap_or_default())
        };
        if content.is_some_and(|content| content.sha256 == sha256) {
            return Ok(if found.executable || task.target.is_windows() {
                VerifyRow { detail: detail("the locked bytes"), ..row }
            } else {
                row.found("unfit", "it has lost its executable mode").mended_by(MEND)
            });
        }
        if let Some(what) = stand_in::found(&found.file, task.target)? {
            return Ok(VerifyRow { subject: "placeholder", ..row }.found("stand-in", what).mended_by(MEND));
        }
        let Some(content) = content else {
            let detail = "the lock has no hash of the program, and the download, to compare it with, is not in the cache";
            let sync = format!("cargo sidecar sync --target {}", task.target);
            return Ok(row.found("unproven", detail).mended_by(sync));
        };
        let differs = files::instead_of(sha256, content.sha256);
        match self.locked_file(task, content)? {
            Some(locked) if signature::compare(&locked, &found.file)? == signature::Likeness::SameCode => {
                Ok(VerifyRow { detail: detail("the locked bytes, signed since"), ..row })
            }
            None if signature::is_signed(&found.file)? => {
                let unknown =
                    "it is signed; the locked file, to compare it without signatures, is not on this machine";
                let sync = format!("cargo sidecar sync --target {}", task.target);
                Ok(row.found("differs", format!("{differs}\n{unknown}")).mended_by(sync))
            }
            _ => Ok(row.found("differs", differs).mended_by(MEND)),
        }
    }

    /// A file with the locked bytes: of the cache, or the installed one.
    fn locked_file(&self, task: &Task<'_>, content: Content) -> Result<Option<PathBuf>, Error> {
        let cached = self.cache.map(|cache| cache.blob(&content.sha256));
        for path in cached.into_iter().chain([task.dest.clone()]) {
            let is_file = fsx::metadata(&path)?.is_some_and(|metadata| metadata.is_file());
            if is_file && hash::of_file(&path)?.0 == content.sha256 {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Copies the members that are the tasks' files into `scratch`; their paths, and whether they are executable.
    fn unpacked(
        &self,
        bundle: &Path,
        scratch: &Path,
        tasks: &[Task<'_>],
    ) -> Result<Vec<(String, bool)>, Error> {
        let (file, name) = if deb::is(bundle)? {
            let name = deb::data(bundle, scratch)?;
            (scratch.join(&name), name)
        } else {
            (bundle.to_owned(), fsx::name_of(bundle))
        };
        let archive = Archive::open(&file, &name).map_err(|_| closed(bundle))?;
        if matches!(archive.format(), Format::Raw | Format::Single(_)) {
            return Err(closed(bundle));
        }
        let names: Vec<String> =
            tasks.iter().filter(|task| !task.is_tree()).map(|task| self.name_of(task)).collect();
        let paths: Vec<String> = tasks.iter().filter_map(|task| self.in_tree(task)).flatten().collect();
        let is_wanted = |member: &str| {
            names.iter().any(|name| is_at(member, name)) || paths.iter().any(|path| is_below(member, path))
        };
        let mut wanted = archive.list()?;
        wanted.retain(|entry| entry.kind == EntryKind::File && is_wanted(&entry.path));
        let mut sinks: Vec<Sink> =
            wanted.iter().map(|entry| Sink::new(scratch.join("files").join(&entry.path))).collect();
        let mut members: Vec<Extract<'_>> = wanted
            .iter()
            .zip(&mut sinks)
            .map(|(entry, sink)| Extract { path: &entry.path, limit: MEMBER, sink })
            .collect();
        archive.extract(&mut members)?;
        Ok(wanted.into_iter().map(|entry| (entry.path, entry.executable)).collect())
    }
}

/// What is looked for in a bundle.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// A program by its name, where bundlers put programs.
    Program(&'a str),
    /// A file by its path among the app's resources.
    Resource(&'a str),
}

/// The row of a tree: its first file that is not the locked one decides. Bundlers sign no resources.
fn tree(
    task: &Task<'_>,
    bundle: &Path,
    paths: &[String],
    find: &impl Fn(Wanted<'_>) -> Result<Vec<Found>, Error>,
) -> Result<VerifyRow, Error> {
    let row = VerifyRow::of_task("bundle", task, bundle);
    for (file, path) in task.files().iter().zip(paths) {
        let found = find(Wanted::Resource(path))?;
        if found.is_empty() {
            let detail = format!("there is no `{path}` among the resources");
            return Ok(row.found("missing", detail).mended_by(MEND));
        }
        for copy in found {
            let (sha256, _) = hash::of_file(&copy.file)?;
            if sha256 != file.sha256 {
                let row = VerifyRow::of_task("bundle", task, &copy.shown);
                return Ok(row.found("differs", files::instead_of(sha256, file.sha256)).mended_by(MEND));
            }
        }
    }
    Ok(VerifyRow { detail: format!("the locked bytes of {} files", paths.len()), ..row })
}

/// What mends a bundle.
const MEND: &str = "cargo sidecar sync, then build the bundle again";

/// The error for a file that is no archive of ours to read.
fn closed(bundle: &Path) -> Error {
    let name = fsx::name_of(bundle);
    let ending = bundle.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let help = match &*ending {
        "appimage" => format!("unpack it: `./{name} --appimage-extract`, then `--bundle squashfs-root`"),
        "rpm" => format!("unpack it: `rpm2cpio {name} | cpio -idm -D unpacked`, then `--bundle unpacked`"),
        "dmg" => "mount it, then name the .app in it".to_owned(),
        "msi" | "exe" => "install it, then name the directory of the installed program".to_owned(),
        _ => "name a directory, a .deb, a .tar.gz or a .zip".to_owned(),
    };
    Error::new(Kind::Usage, format!("`{name}` is a bundle that cannot be looked into"))
        .fact("path", bundle.display())
        .help(help)
}

/// The directories below `dir` in which bundlers put programs.
fn places_below(dir: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<(), Error> {
    for path in directories(dir)? {
        if PLACES.iter().any(|place| path.ends_with(place)) {
            out.push(path);
        } else if depth > 1 {
            places_below(&path, depth - 1, out)?;
        }
    }
    Ok(())
}

/// The directories in a directory, without links and hidden ones.
fn directories(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut out = fsx::read_dir(dir)?;
    out.retain(|path| {
        let name = fsx::name_of(path);
        !fsx::is_link(path) && path.is_dir() && !name.starts_with('.')
    });
    Ok(out)
}

fn in_directories(places: &[PathBuf], name: &str) -> Result<Vec<Found>, Error> {
    let mut out = Vec::new();
    for place in places {
        let file = place.join(name);
        if let Some(metadata) = fsx::metadata(&file)?.filter(std::fs::Metadata::is_file) {
            let executable = install::is_executable(&metadata);
            out.push(Found { shown: file.clone(), file, executable });
        }
    }
    Ok(out)
}

#[expect(clippy::unnecessary_wraps, reason = "the signature is that of in_directories")]
fn in_archive(
    bundle: &Path,
    scratch: &Path,
    members: &[(String, bool)],
    wanted: Wanted<'_>,
) -> Result<Vec<Found>, Error> {
    let members = members.iter().filter(|(path, _)| match wanted {
        Wanted::Program(name) => is_at(path, name),
        Wanted::Resource(wanted) => is_below(path, wanted),
    });
    let found = |(path, executable): &(String, bool)| Found {
        file: scratch.join("files").join(path),
        shown: bundle.join(path),
        executable: *executable,
    };
    Ok(members.map(found).collect())
}

/// Whether a member is the file of that path, below whatever directory holds the resources.
fn is_below(member: &str, path: &str) -> bool {
    member.strip_suffix(path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Whether a member is the file of that name in one of the places.
fn is_at(member: &str, name: &str) -> bool {
    let Some(directory) = member.strip_suffix(name) else { return false };
    let Some(directory) = directory.strip_suffix('/') else { return directory.is_empty() };
    PLACES.iter().any(|place| Path::new(directory).ends_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_counts_where_bundlers_put_programs() {
        assert!(is_at("tool", "tool"));
        assert!(is_at("usr/bin/tool", "tool"));
        assert!(is_at("My App.app/Contents/MacOS/tool", "tool"));
        for other in ["usr/bin/footool", "usr/lib/tool", "usr/bin/tool/x", "src/usr/bin2/tool", "footool"] {
            assert!(!is_at(other, "tool"), "{other}");
        }
    }

    #[test]
    fn places_are_found_in_what_bundlers_leave() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "bundle/macos/App.app/Contents/MacOS",
            "bundle/deb/app_1_amd64/data/usr/bin",
            ".git/usr/bin",
            "bundle/a/b/c/d/usr/bin",
        ] {
            fsx::create_dir_all(&dir.path().join(path)).unwrap();
        }
        let mut found = Vec::new();
        places_below(dir.path(), DEPTH, &mut found).unwrap();
        let found: Vec<_> = found.iter().map(|p| p.strip_prefix(dir.path()).unwrap().to_owned()).collect();
        let expected =
            ["bundle/deb/app_1_amd64/data/usr/bin", "bundle/macos/App.app/Contents/MacOS"].map(PathBuf::from);
        assert_eq!(found, expected);
    }

    #[test]
    fn what_cannot_be_looked_into_says_how_to_open_it() {
        let help = |name: &str| closed(Path::new(name)).help_text().unwrap_or_default().to_owned();
        assert!(help("a/App.AppImage").contains("./App.AppImage --appimage-extract"));
        assert!(help("app.rpm").contains("rpm2cpio app.rpm"));
        assert!(help("App.dmg").contains("mount"));
        assert!(help("setup.exe").contains("install it"));
        assert!(help("x.bin").contains(".deb"));
    }
}
