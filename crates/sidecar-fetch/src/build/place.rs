//! Putting the files of a build where Tauri and the app look for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::inputs::Done;
use super::script::{Lines, Script, Stage};
use super::{copies, local};
use crate::cache::LazyCache;
use crate::error::{Error, Kind};
use crate::install::{Content, Installer, Mtime, past};
use crate::lock::{Lock, Locked, Pin};
use crate::manifest::{Manifest, Sidecar};
use crate::progress::Silent;
use crate::provision::{self, Network, Task, Tools};
use crate::{env, fsx, hash, offline, placeholder};

/// What is placed, and what was.
#[derive(Debug)]
pub(super) struct Placing<'a> {
    script: &'a Script,
    manifest: &'a Manifest,
    /// `None`: there is none that can be read, and placeholders may stand in.
    lock: Option<&'a Lock>,
    installer: Installer<'a>,
    cache: &'a LazyCache,
    /// What the app is to find under which name.
    placed: Vec<(&'a str, PathBuf, Content)>,
    /// By the entry in the configuration; without the triple that Tauri appends.
    placeholders: BTreeMap<String, PathBuf>,
    /// Names of the sidecars that placeholders stand in for.
    missing: Vec<&'a str>,
    /// Entries of trees that are not there. Nothing stands in for a directory of resources: the build does without.
    left_out: Vec<String>,
}

impl<'a> Placing<'a> {
    pub(super) fn new(
        script: &'a Script,
        manifest: &'a Manifest,
        lock: Option<&'a Lock>,
        cache: &'a LazyCache,
    ) -> Self {
        let installer = Installer::new(&script.out, Mtime::Past, cache);
        let (placed, placeholders, missing) = (Vec::new(), BTreeMap::new(), Vec::new());
        let left_out = Vec::new();
        Self { script, manifest, lock, installer, cache, placed, placeholders, missing, left_out }
    }

    /// Places the sidecars that are for this target and these features.
    pub(super) fn run(
        &mut self,
        features: &'a BTreeSet<String>,
        lines: &mut Lines,
        done: &mut Done,
    ) -> Result<(), Error> {
        let mut tasks = Vec::new();
        for sidecar in self.manifest.enabled(features).filter(|s| s.is_for(&self.script.target)) {
            if self.script.docs_rs {
                self.stand_in(sidecar)?;
            } else if let Some(local) = local::build_of(sidecar, &self.script.target, self.script.release)? {
                tasks.extend(self.install_local(sidecar, &local, lines)?);
                done.stood_in = true;
            } else if self.script.placeholder {
                self.install_or_stand_in(sidecar, lines, done)?;
            } else if let Some(lock) = self.lock {
                let pin = lock.pin(self.manifest, sidecar, &self.script.target)?;
                tasks.push((sidecar, self.task(sidecar, &lock.sidecars[&sidecar.name], pin)));
            }
        }
        self.install(tasks, lines, done)?;
        done.stood_in |= !self.placeholders.is_empty() || !self.left_out.is_empty();
        self.tell_missing(lines)?;
        self.copy_beside_the_app(lines, done)?;
        done.files.extend(self.placed.iter().map(|(_, path, _)| path.clone()));
        self.installer.save();
        Ok(())
    }

    /// The placeholders that were made, by the entry in the configuration.
    pub(super) fn placeholders(&self) -> &BTreeMap<String, PathBuf> {
        &self.placeholders
    }

    /// The entries in `bundle.resources` of trees that this build does without.
    pub(super) fn left_out(&self) -> &[String] {
        &self.left_out
    }

    fn dest(&self, sidecar: &Sidecar) -> PathBuf {
        let binaries = self.script.app.join(&self.manifest.settings.binaries);
        binaries.join(self.script.target.file_name(&sidecar.install_as))
    }

    fn task(&self, sidecar: &'a Sidecar, locked: &'a Locked, pin: &'a Pin) -> Task<'a> {
        let Script { app, target, .. } = self.script;
        Task::new(app, self.manifest, sidecar, locked, target, pin)
    }

    /// What a task put where it says.
    fn keep(&mut self, sidecar: &'a Sidecar, task: Task<'a>, lines: &mut Lines, done: &mut Done) {
        let watched = task.watched();
        // A file that is removed or replaced by hand is put back by the next build.
        for path in &watched {
            lines.rerun_if_changed(path);
        }
        if task.is_tree() {
            done.files.extend(watched);
        } else if let Some(content) = task.content() {
            self.placed.push((&sidecar.install_as, task.dest, content));
        }
    }

    /// Installs what is pinned, as many as possible at once.
    fn install(
        &mut self,
        tasks: Vec<(&'a Sidecar, Task<'a>)>,
        lines: &mut Lines,
        done: &mut Done,
    ) -> Result<(), Error> {
        let app = self.script.app.clone();
        let network = Network::when_needed(move || offline::is_offline(&app)).of_app(&self.script.app);
        let (sidecars, tasks): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
        let result = provision::provision(&tasks, &self.tools(&network));
        // Also after an error: the script runs again once the files are there.
        for (sidecar, task) in sidecars.into_iter().zip(tasks) {
            self.keep(sidecar, task, lines, done);
        }
        result.map(drop)
    }

    fn tools<'t>(&'t self, network: &'t Network) -> Tools<'t> {
        Tools { cache: self.cache, installer: &self.installer, network, reporter: &Silent }
    }

    fn install_local(
        &mut self,
        sidecar: &'a Sidecar,
        local: &Path,
        lines: &mut Lines,
    ) -> Result<Option<(&'a Sidecar, Task<'a>)>, Error> {
        lines.rerun_if_changed(local);
        lines.warning(&format!("sidecar `{}` is a local build: {}", sidecar.name, local.display()));
        let (sha256, size) = hash::of_file(local)?;
        let content = Content { sha256, size };
        if let Some(lock) = self.lock.filter(|_| sidecar.is_tree()) {
            let pin = lock.pin(self.manifest, sidecar, &self.script.target)?;
            let task = self.task(sidecar, &lock.sidecars[&sidecar.name], pin);
            return Ok(Some((sidecar, task.with_local(local.to_owned(), content))));
        }
        let dest = self.dest(sidecar);
        self.installer.install(local, &dest, content)?;
        lines.rerun_if_changed(&dest);
        self.placed.push((&sidecar.install_as, dest, content));
        Ok(None)
    }

    /// Installs what the lock pins where that takes no network; makes a placeholder for the rest.
    fn install_or_stand_in(
        &mut self,
        sidecar: &'a Sidecar,
        lines: &mut Lines,
        done: &mut Done,
    ) -> Result<(), Error> {
        let Some((locked, pin)) = self.pinned(sidecar) else { return self.stand_in(sidecar) };
        let task = self.task(sidecar, locked, pin);
        let network = Network::when_needed(|| Some(env::PLACEHOLDER.to_owned())).of_app(&self.script.app);
        match provision::provision(std::slice::from_ref(&task), &self.tools(&network)) {
            Ok(_) => {
                self.keep(sidecar, task, lines, done);
                Ok(())
            }
            Err(error) if error.kind() == Kind::Offline => self.stand_in(sidecar),
            Err(error) => Err(error),
        }
    }

    /// The pin of a sidecar, where the lock answers the manifest for it.
    fn pinned(&self, sidecar: &Sidecar) -> Option<(&'a Locked, &'a Pin)> {
        let lock = self.lock.filter(|lock| lock.drift_of(self.manifest, sidecar).is_none())?;
        let pin = lock.pin(self.manifest, sidecar, &self.script.target).ok()?;
        Some((&lock.sidecars[&sidecar.name], pin))
    }

    /// Makes a placeholder in `OUT_DIR`, where no bundler looks.
    fn stand_in(&mut self, sidecar: &'a Sidecar) -> Result<(), Error> {
        if sidecar.is_tree() {
            self.left_out.push(format!("{}/", self.manifest.entry_of(sidecar)));
            return Ok(());
        }
        let target = &self.script.target;
        let version = self.lock.and_then(|lock| lock.sidecars.get(&sidecar.name)).map(Locked::version_text);
        let entry = self.script.out.join("placeholders").join(&sidecar.install_as);
        let path = entry.with_file_name(target.file_name(&sidecar.install_as));
        let content = self.installer.put(&placeholder::of(target, &sidecar.name, version), &path)?;
        self.placeholders.insert(self.manifest.entry_of(sidecar), entry);
        self.placed.push((&sidecar.install_as, path, content));
        self.missing.push(&sidecar.name);
        Ok(())
    }

    /// Says which placeholders there are, and watches for the files that they stand in for.
    fn tell_missing(&self, lines: &mut Lines) -> Result<(), Error> {
        if self.missing.is_empty() && self.left_out.is_empty() || self.script.docs_rs {
            return Ok(());
        }
        for entry in &self.left_out {
            lines.warning(&format!(
                "`{entry}` is left out of the app's resources, because `{}` is set; run `cargo sidecar sync` with a \
                 network",
                env::PLACEHOLDER
            ));
        }
        self.tell_placeholders(lines);
        let binaries = self.script.app.join(&self.manifest.settings.binaries);
        if !binaries.exists() {
            fsx::create_dir_all(&binaries)?;
            // A current time would cost a second build. Where the system sets none for directories, it does.
            let _ = fsx::set_modified_of_directory(&binaries, past());
        }
        lines.rerun_if_changed(&binaries);
        Ok(())
    }

    fn tell_placeholders(&self, lines: &mut Lines) {
        if self.missing.is_empty() {
            return;
        }
        let names: Vec<_> = self.missing.iter().map(|name| format!("`{name}`")).collect();
        let (verb, noun) = if names.len() == 1 { ("is", "a placeholder") } else { ("are", "placeholders") };
        lines.warning(&format!(
            "{} {verb} {noun}, because `{}` is set; run `cargo sidecar sync` with a network",
            names.join(", "),
            env::PLACEHOLDER
        ));
    }

    /// Where cargo puts the app elsewhere than tauri-build thinks, the sidecars go there, too.
    fn copy_beside_the_app(&self, lines: &mut Lines, done: &mut Done) -> Result<(), Error> {
        let suffix = self.script.target.exe_suffix();
        if let Some(dir) = copies::app_dir(self.script) {
            for (name, source, content) in &self.placed {
                let dest = dir.join(format!("{name}{suffix}"));
                if cfg!(windows) && !self.installer.is_installed(&dest, *content)? {
                    copies::make_way(&dest);
                }
                self.installer.install(source, &dest, *content)?;
                lines.rerun_if_changed(&dest);
                done.files.push(dest);
            }
        }
        if cfg!(windows)
            && let Some(dir) = copies::profile_dir(&self.script.out)
        {
            done.copies.extend(self.placed.iter().map(|(name, ..)| dir.join(format!("{name}{suffix}"))));
        }
        Ok(())
    }
}

/// Refuses placeholders where they could end up on other people's machines.
pub(super) fn check_placeholders(script: &Script) -> Result<(), Error> {
    let why = match script.stage {
        _ if !script.placeholder || script.docs_rs => return Ok(()),
        Stage::Ships => "the Tauri command makes a bundle of this build",
        _ if script.release => "this is a release build",
        _ => return Ok(()),
    };
    Err(Error::new(Kind::PlaceholderRefused, "placeholders are not for builds that ship")
        .fact("variable", format!("{}=1", env::PLACEHOLDER))
        .fact("reason", why)
        .help(format!("unset `{}`, and run `cargo sidecar sync` once with a network", env::PLACEHOLDER)))
}
