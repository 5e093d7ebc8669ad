//! `verify`: the gate. Lock, cache, installed files, configuration, capability and bundle against what the manifest
//! asks for, as rows of one kind: what is wrong in one place keeps nobody from hearing of the others.

mod bundle;
mod capability;
mod config;
mod deb;
mod files;
mod pins;
mod signature;
mod stand_in;
mod unseen;

use std::path::{Path, PathBuf};

use super::features::Features;
use super::{Project, Targets};
use crate::error::Error;
use crate::provision::Task;

/// One thing that `verify` looked at, and what it found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyRow {
    /// What kind of thing: `lock`, `cache`, `file` (installed), `config`, `capability`, `placeholder` or `bundle`.
    pub subject: &'static str,
    /// The sidecar; where the row is about none, the file or directory.
    pub name: String,
    /// The sidecar's version, or its tag where that names no version; empty where the row is about none.
    pub version: String,
    /// The target triple; empty where the row is about all.
    pub target: String,
    /// Where it is.
    pub path: PathBuf,
    /// `file:line:column` of what is wrong in a text; empty where the whole file is meant.
    pub place: String,
    /// `ok`, or in one word what is wrong.
    pub state: &'static str,
    /// What is wrong, or what was compared; may have several lines.
    pub detail: String,
    /// What vouched for the hash when it was locked: `github-digest`, a checksum file's name, or `download`.
    pub provenance: String,
    /// The one step that mends it; empty where there is nothing to mend, or no such step is known.
    pub mend: String,
}

impl VerifyRow {
    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.state == OK
    }

    fn about(subject: &'static str, name: impl Into<String>, path: &Path) -> Self {
        Self { subject, name: name.into(), path: path.to_owned(), state: OK, ..Self::default() }
    }

    fn of_task(subject: &'static str, task: &Task<'_>, path: &Path) -> Self {
        Self {
            version: task.version.to_owned(),
            target: task.target.to_string(),
            provenance: task.pin.provenance.clone(),
            ..Self::about(subject, task.sidecar, path)
        }
    }

    fn found(self, state: &'static str, detail: impl Into<String>) -> Self {
        Self { state, detail: detail.into(), ..self }
    }

    fn mended_by(self, mend: impl Into<String>) -> Self {
        Self { mend: mend.into(), ..self }
    }

    /// The row of what an error says: the headline, then a fact a line.
    fn failed(self, state: &'static str, error: &Error) -> Self {
        let place = error.facts().find(|(key, _)| *key == "at").map(|(_, place)| place.to_owned());
        let facts = error.facts().filter(|(key, _)| *key != "at");
        let detail =
            facts.fold(error.headline().to_owned(), |text, (key, value)| format!("{text}\n{key}: {value}"));
        let mend = error.help_text().unwrap_or_default().to_owned();
        Self { place: place.unwrap_or_default(), state, detail, mend, ..self }
    }
}

/// The state of what is as it should be.
const OK: &str = "ok";

impl Project<'_> {
    /// Checks what a checkout is about to build: the lock against the manifest, cached and installed files against the
    /// lock, Tauri's configuration and the capability file against what the sidecars need. Every file is read whole:
    /// a gate trusts no stamp. Nothing is changed and the network is not used. Where the lock does not say what is in an
    /// asset, the program is compared with the cached download, and a row says what was not checked.
    ///
    /// # Errors
    /// Where the manifest cannot be read, the command line asks for what does not exist, or a file cannot be read. All
    /// else that is wrong is in the rows.
    pub fn verify(&self, targets: &Targets, features: &Features) -> Result<Vec<VerifyRow>, Error> {
        let manifest = self.manifest()?;
        let chosen = self.chosen(targets, features)?;
        let (lock, mut rows) = pins::lock(&manifest)?;
        let tasks = pins::tasks(self.attempts(&manifest, &lock, &chosen), &mut rows);
        // Where no home directory can hold a cache, nothing wrong is in it.
        let cache = self.cache.get().ok();
        if let Some(cache) = cache {
            rows.extend(files::cached(&tasks, cache)?);
        }
        rows.extend(files::installed(&tasks, cache)?);
        let app = config::App { package: &self.package, manifest: &manifest, lock: &lock };
        rows.extend(app.rows(&chosen)?);
        rows.extend(self.capability_rows(&manifest, &lock)?);
        Ok(rows)
    }

    /// Checks a bundle that was built, or is about to be packed, instead of the checkout: each sidecar of the targets
    /// and features is in it under its installed name, with the locked bytes. `bundle` is a directory (an app, an
    /// `AppDir`, cargo's profile directory, what an installer unpacked) or an archive (`.deb`, `.tar.gz`, `.zip`).
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify), and where `bundle` is nothing that can be looked into.
    pub fn verify_bundle(
        &self,
        targets: &Targets,
        features: &Features,
        bundle: &Path,
    ) -> Result<Vec<VerifyRow>, Error> {
        let manifest = self.manifest()?;
        let chosen = self.chosen(targets, features)?;
        let (lock, mut rows) = pins::lock(&manifest)?;
        let tasks = pins::tasks(self.attempts(&manifest, &lock, &chosen), &mut rows);
        let names = manifest.sidecars.values().map(|s| (s.name.as_str(), s.install_as.as_str())).collect();
        let within = bundle::Look {
            app: self.app(),
            names,
            cache: self.cache.get().ok(),
            scratch: self.state.join("verify"),
        };
        rows.extend(within.rows(bundle, &tasks)?);
        Ok(rows)
    }
}
