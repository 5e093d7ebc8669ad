//! Looking into an asset whose pin does not say what is in it, as it was locked without a download: the member is found
//! by rule and must be a program for the target.

use std::path::Path;

use super::obtain::unpack_into;
use super::{Task, memory};
use crate::cache::Cache;
use crate::error::{Error, Kind};
use crate::fetch::Fetched;
use crate::inspect;
use crate::install::Content;
use crate::lock::{self, Inside};
use crate::unpack::member::{self, Wish};
use crate::unpack::{Archive, Entry, Format, MEMBER};

/// Finds the binary of `task` in its verified asset, unpacks it into the cache, and lets the task and the cache
/// remember what was found. The caller holds the asset's turn to unpack.
pub(super) fn look(task: &Task<'_>, fetched: &Fetched, cache: &Cache) -> Result<(), Error> {
    let asset = &task.pin.asset;
    let (member, binary) = match found(task, &fetched.path)? {
        None => (None, Content { sha256: fetched.sha256, size: fetched.size }),
        Some(entry) => {
            let unpacked = unpack_into(cache, fetched, asset, &[(&entry.path, MEMBER)])?;
            let binary = unpacked.first().map(|(sha256, size)| Content { sha256: *sha256, size: *size });
            let binary = binary.ok_or_else(|| Error::new(Kind::MemberNotFound, "nothing was unpacked"))?;
            (Some(entry.path), binary)
        }
    };
    inspect::check(&cache.blob(&binary.sha256), task.target, task.pin.cpu())
        .map_err(|e| advised(e.fact("member", member.as_deref().unwrap_or("the asset itself")), task))?;
    let inside = Inside { member, binary, glibc: None, tree: None };
    memory::remember(task, cache, &inside);
    task.saw(inside);
    Ok(())
}

/// The member that [`look`] would install, and its bytes, without writing anything. `asset`: the verified file.
#[cfg(feature = "resolve")]
pub(crate) fn peek(task: &Task<'_>, asset: &Path) -> Result<Inside, Error> {
    let Some(entry) = found(task, asset)? else {
        let binary = Content { sha256: task.pin.sha256, size: task.pin.size };
        return Ok(Inside { member: None, binary, glibc: None, tree: None });
    };
    let mut hasher = crate::hash::Hasher::new();
    let mut wanted = [crate::unpack::Extract { path: &entry.path, limit: MEMBER, sink: &mut hasher }];
    Archive::open(asset, &task.pin.asset)?.extract(&mut wanted)?;
    let size = hasher.length();
    let binary = Content { sha256: hasher.finish(), size };
    Ok(Inside { member: Some(entry.path), binary, glibc: None, tree: None })
}

/// The member that is the binary; `None`: the asset is.
fn found(task: &Task<'_>, path: &Path) -> Result<Option<Entry>, Error> {
    let asset = &task.pin.asset;
    let archive = Archive::open(path, asset)?;
    if archive.format() == Format::Raw {
        return Ok(None);
    }
    let entries = archive.list()?;
    let target = task.built_for();
    let (tool, bin, version) = (task.sidecar, task.bin.as_deref(), task.version);
    let wish = Wish { tool, target: &target, bin, asset, version };
    member::find(&entries, &wish).cloned().map(Some).map_err(|e| advised(e, task))
}

/// What a person can do about an asset that turns out to be unfit only now.
fn advised(error: Error, task: &Task<'_>) -> Error {
    let Task { target, pin, .. } = task;
    let then = "then run `cargo sidecar lock`";
    let help = match (error.kind(), error.help_text()) {
        (Kind::MemberNotFound | Kind::MemberAmbiguous | Kind::BadValue, Some(help)) => {
            format!("{help}, {then}")
        }
        _ => format!(
            "name the right member in the manifest, `bin = \"<PATH>\"`, or another asset, `asset = {{ \"{target}\" = \
             \"<NAME>\" }}`, {then}"
        ),
    };
    let error = error.fact("asset", &pin.asset);
    let error = match pin.line {
        0 => error,
        line => error.fact("locked at", format!("{}:{line}, without a download", lock::FILE)),
    };
    error.help(help)
}
