//! The files on this machine: blobs of the cache, and what is installed.

use std::collections::BTreeSet;

use super::unseen::{self, Expected};
use super::{VerifyRow, stand_in};
use crate::cache::Cache;
use crate::error::Error;
use crate::fsx;
use crate::hash::{self, Sha256};
use crate::inspect;
use crate::install;
use crate::project::trees;
use crate::provision::{Spot, Task};

/// What the cache holds of the tasks' downloads and binaries. What it does not hold is no finding: a cache may forget.
pub(super) fn cached(tasks: &[Task<'_>], cache: &Cache) -> Result<Vec<VerifyRow>, Error> {
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    for task in tasks {
        let pin = task.pin;
        let download = (pin.sha256, pin.size, "the download");
        // Of a tree the program is the last, behind what lies beside it.
        let files = pin.inside.iter().flat_map(|inside| inside.files().into_iter().rev().enumerate());
        let files = files
            .map(|(i, file)| (file.sha256, file.size, if i == 0 { "the program" } else { "a companion" }));
        for (sha256, size, what) in std::iter::once(download).chain(files) {
            let path = cache.blob(&sha256);
            let Some(metadata) = fsx::metadata(&path)?.filter(|_| seen.insert(sha256)) else { continue };
            let row = VerifyRow { provenance: String::new(), ..VerifyRow::of_task("cache", task, &path) };
            let row = VerifyRow { detail: what.to_owned(), ..row };
            let row = if !metadata.is_file() {
                row.found("unfit", "not a regular file")
            } else if metadata.len() != size {
                row.found("damaged", format!("{} bytes instead of {size}", metadata.len()))
            } else {
                match hash::of_file(&path)?.0 {
                    found if found == sha256 => row,
                    found => row.found("damaged", instead_of(found, sha256)),
                }
            };
            let mend = if row.is_ok() { "" } else { "cargo sidecar cache prune --all" };
            rows.push(row.mended_by(mend));
        }
    }
    Ok(rows)
}

/// The installed file of each task. Of a tree the files of one target are installed; the others are not to be missed.
pub(super) fn installed(tasks: &[Task<'_>], cache: Option<&Cache>) -> Result<Vec<VerifyRow>, Error> {
    tasks.iter().filter(|task| task.spot != Spot::Cache).map(|task| row(task, cache)).collect()
}

fn row(task: &Task<'_>, cache: Option<&Cache>) -> Result<VerifyRow, Error> {
    let row = VerifyRow::of_task("file", task, &task.dest);
    if let Some(tree) = task.tree() {
        return Ok(match trees::fault(task, &tree)? {
            Some((state, detail)) => row.found(state, detail).mended_by(sync(task)),
            None => VerifyRow { detail: format!("{} files", tree.files.len()), ..row },
        });
    }
    let row = match fsx::metadata(&task.dest)? {
        None => row.found("missing", "it is not installed"),
        Some(metadata) if !metadata.is_file() => row.found("unfit", "not a regular file"),
        Some(metadata) => {
            let (found, _) = hash::of_file(&task.dest)?;
            let expected = match Expected::of(task, cache) {
                Err(error) if !unseen::is_of_machine(&error) => return Ok(row.failed("unfit", &error)),
                expected => expected?,
            };
            let differing = expected.content().filter(|content| content.sha256 != found);
            if let Some(what) = stand_in_for(task, expected, found)? {
                VerifyRow { subject: "placeholder", ..row }.found("stand-in", what)
            } else if let Some(content) = differing {
                row.found("differs", instead_of(found, content.sha256))
            } else if let Err(error) = inspect::check(&task.dest, task.target, task.pin.cpu()) {
                row.found("unfit", error.headline())
            } else if !install::is_executable(&metadata) {
                row.found("unfit", "it has lost its executable mode")
            } else {
                let emulated = task.pin.emulated.then_some("x86-64, emulated");
                let detail: Vec<&str> = emulated.into_iter().chain(expected.told()).collect();
                VerifyRow { detail: detail.join("; "), ..row }
            }
        }
    };
    let mend = if row.is_ok() { String::new() } else { sync(task) };
    Ok(row.mended_by(mend))
}

/// What an installed file says of itself where it is a placeholder: one that has the expected bytes is none.
fn stand_in_for(task: &Task<'_>, expected: Expected, found: Sha256) -> Result<Option<String>, Error> {
    let is_right = expected.content().is_some_and(|content| content.sha256 == found);
    if is_right { Ok(None) } else { stand_in::found(&task.dest, task.target) }
}

/// The command that installs the locked bytes.
fn sync(task: &Task<'_>) -> String {
    format!("cargo sidecar sync --target {}", task.target)
}

/// Two hashes, short.
pub(super) fn instead_of(found: Sha256, expected: Sha256) -> String {
    format!("sha256 {}… instead of {}…", found.short(12), expected.short(12))
}
