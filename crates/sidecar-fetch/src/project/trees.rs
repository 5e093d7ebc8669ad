//! Sidecars that are directories: which target's files are installed, and whether they are the pinned ones.

use super::{Project, default_targets};
use crate::env;
use crate::error::Error;
use crate::fsx;
use crate::hash;
use crate::inspect;
use crate::install::{Mode, TreeOf, is_executable};
use crate::provision::Task;

impl Project<'_> {
    /// The directory of a tree holds the files of one target: that of Tauri's hook or the host, where it is among the
    /// chosen ones, and otherwise the first of them. The files of the others are kept in the cache.
    pub(super) fn one_tree<'a>(&self, mut tasks: Vec<Task<'a>>) -> Result<Vec<Task<'a>>, Error> {
        if tasks.len() < 2 || !tasks.iter().all(Task::is_tree) {
            return Ok(tasks);
        }
        let usual = default_targets()?;
        let kept = tasks.iter().position(|task| usual.iter().any(|name| name == task.target.as_str()));
        let kept = kept.unwrap_or(0);
        let universal = env::text(env::TAURI_ENV_TARGET_TRIPLE).is_some_and(|t| t.starts_with("universal-"));
        if universal && tasks.iter().any(|task| task.pin.sha256 != tasks[kept].pin.sha256) {
            let Task { sidecar, target, .. } = &tasks[kept];
            self.warn(&format!(
                "sidecar `{sidecar}` is a tree, which holds the files of one target: the universal app gets those \
                 for {target}"
            ));
        }
        for (index, task) in tasks.iter_mut().enumerate() {
            if index != kept {
                *task = task.clone().cached_only();
            }
        }
        Ok(tasks)
    }
}

/// What is wrong with an installed tree: the state and the detail of the first file that is not as it should be.
pub(super) fn fault(task: &Task<'_>, tree: &TreeOf<'_>) -> Result<Option<(&'static str, String)>, Error> {
    for file in tree.files.iter().rev() {
        let path = tree.root.join(file.path);
        let fault = |state: &'static str, what: &str| Ok(Some((state, format!("{}: {what}", file.path))));
        let Some(metadata) = fsx::metadata(&path)? else { return fault("missing", "it is not installed") };
        if !metadata.is_file() {
            return fault("unfit", "not a regular file");
        }
        let (found, _) = hash::of_file(&path)?;
        if found != file.content.sha256 {
            let (found, expected) = (found.short(12), file.content.sha256.short(12));
            return fault("differs", &format!("sha256 {found}… instead of {expected}…"));
        }
        if file.mode == Mode::Program && !is_executable(&metadata) {
            return fault("unfit", "it has lost its executable mode");
        }
        let checked = if path == task.dest {
            inspect::check(&path, task.target, task.pin.cpu()).map(drop)
        } else {
            inspect::check_companion(&path, task.target, task.pin.cpu()).map(drop)
        };
        if let Err(error) = checked {
            return fault("unfit", error.headline());
        }
    }
    let strays = tree.strays()?;
    Ok(strays.first().map(|stray| ("unfit", format!("`{stray}` does not belong to it"))))
}
