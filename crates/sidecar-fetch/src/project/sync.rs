//! `sync`: lock if needed, fetch, install, patch the configuration.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::features::Features;
use super::patch::lock_change;
use super::{Project, Relock, local};
use crate::change::FileChange;
use crate::config::plan::Plan;
use crate::error::{Error, Kind, some_of};
use crate::install::{Installer, Mtime};
use crate::lock::Lock;
use crate::manifest::Manifest;
use crate::progress::Event;
use crate::provision::{self, Outcome, Task, Tools};
use crate::target::Target;

/// The targets that a command works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// These triples, as `--target` names them; for the default the caller passes the host's.
    Named(Vec<String>),
    /// `--all-targets`: every target that the manifest locks.
    All,
}

impl Targets {
    /// The target triples to work on by default: those that Tauri's hooks are running for, otherwise the host's as
    /// `rustc -vV` says it.
    ///
    /// # Errors
    /// [`Kind::Usage`] where rustc cannot be run.
    pub fn usual() -> Result<Vec<String>, Error> {
        super::default_targets()
    }
}

/// One file that `sync` looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRow {
    /// The sidecar.
    pub sidecar: String,
    /// Its version, or its tag where that names no version.
    pub version: String,
    /// The target triple.
    pub target: String,
    /// The installed file.
    pub path: PathBuf,
    /// Its size in bytes, with that of its companions.
    pub size: u64,
    /// Whether the file was written; otherwise it was there already.
    pub installed: bool,
    /// Bytes that came over the network for it. Those of a tree for another target than the installed one are only
    /// cached.
    pub transferred: u64,
}

/// What `sync` did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Whether the lock was written.
    pub lock_written: bool,
    /// Every file, by sidecar and target.
    pub rows: Vec<SyncRow>,
    /// The files of Tauri's configuration, and the capability file, that changed.
    pub changed: Vec<FileChange>,
}

/// The targets (`None`: all that are locked) and features of a command.
pub(super) struct Chosen {
    pub(super) targets: Option<Vec<Target>>,
    pub(super) features: BTreeSet<String>,
}

impl Project<'_> {
    /// Brings the installed files in line with the lock, and the lock in line with the manifest first, unless the run
    /// is locked; then Tauri's configuration and the capability file. What is right already is left alone, byte and
    /// time. In a [dry run](Self::dry_run) nothing is fetched or written; the report says what would change.
    ///
    /// # Errors
    /// [`Kind::LockStale`], [`Kind::LockMissing`] or [`Kind::ConfigDrift`] in a locked run; otherwise whatever keeps a
    /// file from being locked, fetched, verified, installed or patched. Files that were right before stay as they were.
    pub fn sync(&self, targets: &Targets, features: &Features) -> Result<SyncReport, Error> {
        let manifest = self.manifest()?;
        // What is wrong with the command line or the configuration should not cost a request, nor change the lock.
        let chosen = self.chosen(targets, features)?;
        let lock = super::lock_as_is(&manifest)?;
        let plan = self.plan(&manifest, &lock, &BTreeSet::new())?;
        if self.locked {
            Lock::read_answering(&manifest)?;
            self.refuse_drift(&plan.changes)?;
        }
        if self.dry_run {
            let lock_written = !lock.drift(&manifest).is_empty() || lock.configured != plan.configured;
            return Ok(SyncReport { lock_written, rows: Vec::new(), changed: plan.changes });
        }
        let lock_written = !self.locked && self.lock_of(&manifest, &Relock::Stale)?.written;
        let lock = Lock::read_answering(&manifest)?;
        let rows = self.install(&manifest, &lock, &chosen)?;
        for changed in local::changed(self.app(), &lock)? {
            self.warn(&format!("{}; {}", changed.found(), changed.help()));
        }
        let lock_written = self.patch(&manifest, lock, &plan)? || lock_written;
        Ok(SyncReport { lock_written, rows, changed: plan.changes })
    }

    fn install(&self, manifest: &Manifest, lock: &Lock, chosen: &Chosen) -> Result<Vec<SyncRow>, Error> {
        let tasks = self.tasks(manifest, lock, chosen)?;
        let installer = Installer::new(&self.state, Mtime::Now, &self.cache);
        let tools = Tools {
            cache: &self.cache,
            installer: &installer,
            network: &self.network,
            reporter: self.reporter,
        };
        let outcomes = provision::provision(&tasks, &tools)?;
        Ok(tasks.iter().zip(outcomes).map(|(task, outcome)| row(task, outcome)).collect())
    }

    /// Writes a plan, and lets the lock remember what is ours now; tells whether the lock changed.
    fn patch(&self, manifest: &Manifest, lock: Lock, plan: &Plan) -> Result<bool, Error> {
        let lock = Lock { configured: plan.configured.clone(), ..lock };
        let of_lock = if self.locked { None } else { lock_change(manifest, &lock)? };
        let changes: Vec<FileChange> = plan.changes.iter().chain(&of_lock).cloned().collect();
        self.apply(&changes)?;
        Ok(of_lock.is_some())
    }

    /// What a command line chose, checked.
    pub(super) fn chosen(&self, targets: &Targets, features: &Features) -> Result<Chosen, Error> {
        let targets = match targets {
            Targets::All => None,
            Targets::Named(names) => Some(names.iter().map(|n| Target::parse(n)).collect::<Result<_, _>>()?),
        };
        Ok(Chosen { targets, features: features.resolve(&self.package.features)? })
    }

    /// The files that belong to the targets and features, each with its pin.
    pub(super) fn tasks<'a>(
        &self,
        manifest: &'a Manifest,
        lock: &'a Lock,
        chosen: &'a Chosen,
    ) -> Result<Vec<Task<'a>>, Error> {
        self.attempts(manifest, lock, chosen).into_iter().collect()
    }

    /// [`tasks`](Self::tasks), with the error of each file that has no pin.
    pub(super) fn attempts<'a>(
        &self,
        manifest: &'a Manifest,
        lock: &'a Lock,
        chosen: &'a Chosen,
    ) -> Vec<Result<Task<'a>, Error>> {
        let mut tasks = Vec::new();
        for sidecar in manifest.sidecars.values().filter(|s| s.is_enabled(&chosen.features)) {
            let Some((_, locked)) = lock.sidecars.get_key_value(&sidecar.name) else {
                tasks.push(Err(not_locked(&sidecar.name)));
                continue;
            };
            let wanted: Vec<&Target> = match &chosen.targets {
                // Everything that the lock has; its gaps were told when it was made.
                None => locked.assets.iter().filter(|(_, pin)| pin.is_some()).map(|(t, _)| t).collect(),
                Some(named) => named.iter().filter(|t| sidecar.is_for(t)).collect(),
            };
            let pinned = |target: &'a Target| {
                let pin = lock.pin(manifest, sidecar, target)?;
                let target = locked.assets.get_key_value(target).map_or(target, |(t, _)| t);
                Ok(Task::new(self.app(), manifest, sidecar, locked, target, pin))
            };
            let (mut found, mut lacking) = (Vec::new(), Vec::new());
            for target in wanted {
                match pinned(target) {
                    Ok(task) => found.push(task),
                    Err(error) => lacking.push(Err(error)),
                }
            }
            match self.one_tree(found) {
                Ok(found) => tasks.extend(found.into_iter().map(Ok)),
                Err(error) => tasks.push(Err(error)),
            }
            tasks.append(&mut lacking);
        }
        tasks
    }

    /// Tells the reporter something the user should know.
    pub(super) fn warn(&self, message: &str) {
        self.reporter.event(&Event::Warning { message });
    }
}

fn not_locked(name: &str) -> Error {
    Error::new(Kind::LockStale, format!("sidecar `{name}` is not in the lock"))
        .fact("missing", some_of([name]))
        .help("run `cargo sidecar lock`")
}

fn row(task: &Task<'_>, outcome: Outcome) -> SyncRow {
    let (installed, transferred) = match outcome {
        Outcome::Unchanged => (false, 0),
        Outcome::Cached { transferred } => (false, transferred),
        Outcome::Installed { transferred } => (true, transferred),
    };
    SyncRow {
        sidecar: task.sidecar.to_owned(),
        version: task.version.to_owned(),
        target: task.target.to_string(),
        path: task.dest.clone(),
        size: task.installed_size(),
        installed,
        transferred,
    }
}
