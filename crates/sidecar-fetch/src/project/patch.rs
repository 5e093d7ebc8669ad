//! Tauri's configuration and the capability file, in step with the manifest.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Features, Project};
use crate::change::{self, FileChange};
use crate::config::capability::{self, Plugins};
use crate::config::plan::{self, Needs, Plan};
use crate::config::{Configs, Owned, Platform};
use crate::error::{Error, Kind};
use crate::fsx;
use crate::lock::Lock;
use crate::manifest::Manifest;

impl Project<'_> {
    /// What is to change in the configuration so that it says what the manifest asks for; nothing where the app has no
    /// configuration of Tauri. `gone`: names of sidecars that are being removed, whose entries are ours still.
    pub(super) fn plan(
        &self,
        manifest: &Manifest,
        lock: &Lock,
        gone: &BTreeSet<String>,
    ) -> Result<Plan, Error> {
        let Some(configs) = Configs::read(self.app(), &Platform::DESKTOP)? else {
            return Ok(Plan { changes: Vec::new(), configured: lock.configured.clone(), capability: None });
        };
        let features = Features::default().resolve(&self.package.features)?;
        let needs = Needs::new(manifest, &features, Owned::of(manifest, lock).with(gone), self.plugins());
        let found = fsx::read_if_exists(&self.app().join(capability::FILE))?;
        let plan = plan::plan(self.app(), &configs, found, &needs)?;
        capability::check(self.app(), plan.capability.as_ref(), &configs)?;
        if !self.dry_run {
            plan.changes.iter().try_for_each(FileChange::check)?;
        }
        for warning in capability::lacking(manifest, needs.plugins) {
            self.warn(&warning);
        }
        Ok(plan)
    }

    pub(super) fn plugins(&self) -> Plugins {
        let has = |name| self.package.depends_on(name);
        Plugins { shell: has("tauri-plugin-shell"), http: has("tauri-plugin-http") }
    }

    /// Refuses changes in a run that is locked: what is committed must say it all.
    pub(super) fn refuse_drift(&self, changes: &[FileChange]) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let error = Error::new(
            Kind::ConfigDrift,
            "the configuration does not say what the manifest asks for, and this run is locked",
        );
        let error = changes.iter().fold(error, |error, change| drift(error, change, self.app()));
        Err(error.help("run `cargo sidecar sync` without `--locked`, and commit what it changes"))
    }

    /// Writes changes that were prepared before: all of them or, where one file cannot be written, none.
    ///
    /// # Errors
    /// [`Kind::ReadOnly`], [`Kind::FileChanged`] where a file is not what it was, and what keeps a file from being
    /// written.
    pub fn apply(&self, changes: &[FileChange]) -> Result<(), Error> {
        change::apply(changes, &self.state)
    }
}

/// The change that gives the file of a lock its text; `None` where it says that already.
pub(super) fn lock_change(manifest: &Manifest, lock: &Lock) -> Result<Option<FileChange>, Error> {
    let path = manifest.lock_path();
    let (before, after) = (fsx::read_if_exists(&path)?, lock.to_text());
    if before.as_deref().map(|text| text.replace("\r\n", "\n")).as_deref() == Some(&*after) {
        return Ok(None);
    }
    Ok(FileChange::to(path, before, Some(after)))
}

/// Adds what one file lacks to an error, with the place.
fn drift(error: Error, change: &FileChange, app: &Path) -> Error {
    let file = change.path.strip_prefix(app).unwrap_or(&change.path).display().to_string();
    let lists = change.lists();
    if lists.is_empty() {
        let what = match (&change.before, &change.after) {
            (None, _) => "is not there",
            (_, None) => "is there, and nothing is to be granted",
            _ => "says something else",
        };
        return error.fact(file, what);
    }
    lists.into_iter().fold(error, |error, list| {
        let said = |what: &str, entries: &[String]| match entries {
            [] => None,
            entries => Some(format!("{what} {}", entries.join(", "))),
        };
        let said: Vec<String> =
            [said("lacks", &list.added), said("has", &list.removed)].into_iter().flatten().collect();
        error.fact(list.key, format!("{} {}", list.at, said.join("; ")))
    })
}
