//! From pins to installed files: what `build()` and `sync` both do, right of the lock.
//!
//! Installed already? Otherwise: cached binary, or cached asset, or download; verify, unpack, verify, install.

#[cfg(feature = "download")]
mod look;
mod memory;
#[cfg(feature = "download")]
mod obtain;
#[cfg(not(feature = "download"))]
#[path = "cached_only.rs"]
mod obtain;
mod task;

use std::collections::BTreeMap;

use crate::cache::{Cache, LazyCache};
use crate::error::{Error, Kind, public_url};
use crate::hash;
use crate::inspect;
use crate::install::{Content, Installer};
use crate::progress::Reporter;

#[cfg(feature = "resolve")]
pub(crate) use look::peek;
#[cfg(feature = "resolve")]
pub(crate) use obtain::{ApiToken, Sink, unpack_into};
pub(crate) use obtain::{Network, in_parallel};
pub(crate) use task::{Spot, Task};

/// How many assets are fetched at once: enough to fill a line with small files, and what one host gladly serves.
pub(crate) const PARALLEL: usize = 8;

/// What became of a [`Task`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The file was already there.
    Unchanged,
    /// The file was installed; so many bytes came over the network for it.
    Installed { transferred: u64 },
    /// The cache was filled, as the task said; so many bytes came over the network.
    Cached { transferred: u64 },
}

/// What provisioning works with.
pub(crate) struct Tools<'a> {
    pub(crate) cache: &'a LazyCache,
    pub(crate) installer: &'a Installer<'a>,
    pub(crate) network: &'a Network,
    pub(crate) reporter: &'a dyn Reporter,
}

impl std::fmt::Debug for Tools<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools")
            .field("cache", self.cache)
            .field("network", self.network)
            .finish_non_exhaustive()
    }
}

/// Installs every task's file; the outcomes are in the order of the tasks. On an error the other files are installed
/// all the same, and the first error in task order is returned.
pub(crate) fn provision(tasks: &[Task<'_>], tools: &Tools<'_>) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = vec![Outcome::Unchanged; tasks.len()];
    // One archive may hold several sidecars: it is fetched and read once.
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (i, task) in tasks.iter().enumerate() {
        if !is_done(task, tools).map_err(|e| task.blame(e))? {
            groups.entry(task.pin.sha256).or_default().push(i);
        }
    }
    // Large ones first: the run is then not left waiting for one that began last.
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(tasks[group[0]].pin.size));
    let done = in_parallel(PARALLEL, groups, |group| {
        let members: Vec<&Task<'_>> = group.iter().map(|&i| &tasks[i]).collect();
        (install_group(&members, tools), group)
    });
    let mut failed: Option<(usize, Error)> = None;
    for (result, group) in done {
        match result {
            Ok(found) => group.iter().zip(found).for_each(|(&i, outcome)| outcomes[i] = outcome),
            Err(error) if failed.as_ref().is_none_or(|(first, _)| group[0] < *first) => {
                failed = Some((group[0], error));
            }
            Err(_) => {}
        }
    }
    tools.installer.save();
    failed.map_or(Ok(outcomes), |(_, error)| Err(error))
}

/// Whether nothing is to be done for a task.
fn is_done(task: &Task<'_>, tools: &Tools<'_>) -> Result<bool, Error> {
    // What the cache is needed for, if it is, will say why it cannot be used.
    if task.inside().is_none()
        && let Ok(cache) = tools.cache.get()
    {
        task.recall(cache);
    }
    match (&task.spot, task.tree()) {
        (_, Some(tree)) => tools.installer.is_tree_installed(&tree),
        (Spot::Cache, _) => {
            let cache = tools.cache.get()?;
            let has = |content: &Content| cache.has(&content.sha256, Some(content.size));
            Ok(task.contents().is_some_and(|contents| contents.iter().all(has)))
        }
        _ => match task.content() {
            Some(content) => tools.installer.is_installed(&task.dest, content),
            None => Ok(false),
        },
    }
}

/// Installs the files of one asset.
fn install_group(tasks: &[&Task<'_>], tools: &Tools<'_>) -> Result<Vec<Outcome>, Error> {
    let cache = tools.cache.get()?;
    let mut missing = Vec::new();
    for &task in tasks {
        if !is_cached(task, cache).map_err(|e| task.blame(e))? {
            missing.push(task);
        }
    }
    let transferred = match missing.first() {
        Some(first) => obtain::obtain(&missing, tools).map_err(|e| first.blame(e))?,
        None => 0,
    };
    let mut out = Vec::new();
    for &task in tasks {
        let wrote = install(task, tools.installer, cache).map_err(|e| task.blame(e))?;
        out.push(match (&task.spot, wrote) {
            (Spot::Cache, _) => Outcome::Cached { transferred },
            (_, true) => Outcome::Installed { transferred },
            (_, false) => Outcome::Unchanged,
        });
    }
    Ok(out)
}

/// Installs what a task says, out of the cache; tells whether something had to be written.
fn install(task: &Task<'_>, installer: &Installer<'_>, cache: &Cache) -> Result<bool, Error> {
    let blob = |content: &Content| cache.blob(&content.sha256);
    let Some(binary) = task.content() else { return Err(unseen(task)) };
    if task.pin.inside.is_none() {
        inspect::check(&blob(&binary), task.target, task.pin.cpu())?;
    }
    match (&task.spot, task.tree()) {
        (_, Some(tree)) => installer.install_tree(&tree, |file| {
            if file.content == binary { task.source(&binary, blob) } else { blob(&file.content) }
        }),
        (Spot::Cache, _) => Ok(false),
        _ => installer.install(&task.source(&binary, blob), &task.dest, binary),
    }
}

/// Whether the cache holds all that a task installs, and the lock or this build's only source says that it is that.
fn is_cached(task: &Task<'_>, cache: &Cache) -> Result<bool, Error> {
    let is_said = task.pin.inside.is_some() || obtain::TRUSTS_MEMORY;
    let Some(contents) = task.contents().filter(|_| is_said) else { return Ok(false) };
    for content in contents {
        if !is_intact(content, cache)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the cache holds the right bytes: what another run or another program left there is hashed once before it is
/// installed. A damaged blob is removed, so that it is made anew.
fn is_intact(content: Content, cache: &Cache) -> Result<bool, Error> {
    if !cache.has(&content.sha256, Some(content.size)) {
        return Ok(false);
    }
    let blob = cache.blob(&content.sha256);
    let intact = hash::of_file(&blob)?.0 == content.sha256;
    if !intact {
        crate::fsx::remove_file(&blob)?;
    }
    Ok(intact)
}

/// It is not known what is in an asset.
fn unseen(task: &Task<'_>) -> Error {
    Error::new(Kind::MemberNotFound, format!("nobody has looked into `{}` yet", task.pin.asset))
        .help("run `cargo sidecar sync`, which does")
}

/// Something must be fetched and the network is off.
fn offline(task: &Task<'_>, cache: &Cache, who: &str) -> Error {
    Error::new(Kind::Offline, format!("`{}` is not in the cache, and the network is off", task.pin.asset))
        .fact("url", public_url(&task.pin.url))
        .fact("cache", cache.directory().display())
        .fact("offline by", who)
        .help("run `cargo sidecar sync` once with a network; it fills the cache")
}

#[cfg(test)]
mod tests;
