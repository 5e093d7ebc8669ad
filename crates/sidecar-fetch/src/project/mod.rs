//! The authoring half: what `cargo sidecar` and xtasks do with an app. Subcommands author, builds reproduce.

mod add;
mod apps;
mod config;
mod doctor;
mod explain;
mod features;
mod host;
mod import;
mod init;
mod inventory;
mod local;
mod locking;
mod outdated;
mod patch;
mod recipes;
mod sync;
mod trees;
mod update;
mod verify;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use add::AddRequest;
pub use apps::{Dependency, Package};
pub use doctor::{Check, CheckState};
pub use explain::explain;
pub use features::Features;
use host::{default_targets, locate_cargo_toml};
pub use import::{ImportReport, ImportRow};
pub use init::InitStep;
pub use inventory::ListRow;
pub use locking::{LockReport, LockedAsset, LockedRow, Relock};
pub use outdated::{HeldBack, OutdatedRow};
pub use sync::{SyncReport, SyncRow, Targets};
pub use update::AssetChange;
pub use verify::VerifyRow;

use crate::cache::LazyCache;
use crate::env;
use crate::error::{Error, Kind};
use crate::lock::Lock;
use crate::manifest::Manifest;
use crate::offline;
use crate::progress::Reporter;
use crate::provision::{ApiToken, Network};
use crate::resolve::github::Token;
use crate::resolve::repository;

/// An app and the circumstances of a run: the door to everything that subcommands do.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the run, set by its own method")]
pub struct Project<'r> {
    package: Package,
    /// A directory of ours in the target directory.
    state: PathBuf,
    locked: bool,
    dry_run: bool,
    /// What `--minimum-age` says instead of the manifest's settings; zero: releases may be of any age.
    minimum_age: Option<Duration>,
    allow_proof_loss: bool,
    no_download: bool,
    network: Network,
    cache: LazyCache,
    reporter: &'r dyn Reporter,
}

impl std::fmt::Debug for Project<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project")
            .field("package", &self.package)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl<'r> Project<'r> {
    /// The JSON Schema of `sidecar.toml`.
    pub const SCHEMA: &'static str = include_str!("../../schema/sidecar.schema.json");

    /// Opens the app of a package. `target_directory` is cargo's, for temporary files and stamps. `locked` and
    /// `offline` come from the command line; the environment and cargo's configuration can switch them on as well.
    pub fn open(
        package: Package,
        target_directory: &Path,
        locked: bool,
        offline: bool,
        reporter: &'r dyn Reporter,
    ) -> Self {
        let offline_by =
            if offline { Some("--offline".to_owned()) } else { offline::is_offline(&package.directory) };
        let token = Token::from_env()
            .map(|token| ApiToken { value: token.into_value(), trusts: repository::is_trusted_api });
        Self {
            state: target_directory.join("sidecar").join(&package.name),
            locked: locked || env::flag(env::LOCKED),
            dry_run: false,
            no_download: false,
            minimum_age: None,
            allow_proof_loss: false,
            network: Network::new(offline_by, token).of_app(&package.directory),
            package,
            cache: LazyCache::default(),
            reporter,
        }
    }

    /// Whether the run writes nothing: `sync`, `add`, `remove`, `import` and an update then say what they would change.
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// How old a release must be at least, for this run instead of `settings.minimum-age`: `3d`, `12h`; `0` for any age.
    ///
    /// # Errors
    /// [`Kind::BadValue`](crate::Kind::BadValue) for what is no duration.
    pub fn minimum_age(self, text: &str) -> Result<Self, Error> {
        let age = if text == "0" { Ok(Duration::ZERO) } else { crate::manifest::duration(text) };
        let age = age.map_err(|error| error.fact("flag", "--minimum-age"))?;
        Ok(Self { minimum_age: Some(age), ..self })
    }

    /// Whether a new lock may pin without a published checksum what the lock before it pinned with one.
    #[must_use]
    pub fn allow_proof_loss(self, allow: bool) -> Self {
        Self { allow_proof_loss: allow, ..self }
    }

    /// Whether `lock` and `add` download no asset: they pin the hash that is published and the size that the API states,
    /// and leave out of the lock what only the bytes tell. What builds install of such an asset they find out
    /// themselves.
    #[must_use]
    pub fn no_download(self, no_download: bool) -> Self {
        Self { no_download, ..self }
    }

    /// The app's directory, with its `Cargo.toml` and Tauri's configuration.
    pub fn directory(&self) -> &Path {
        self.app()
    }

    /// Where the manifest of this app lies.
    ///
    /// # Errors
    /// Those of reading the manifest.
    pub fn manifest_path(&self) -> Result<PathBuf, Error> {
        self.manifest().map(|m| m.path)
    }

    /// The name of the app's package.
    pub fn name(&self) -> &str {
        &self.package.name
    }

    fn app(&self) -> &Path {
        &self.package.directory
    }

    fn manifest(&self) -> Result<Manifest, Error> {
        let manifest = Manifest::read(self.app())?;
        self.check(&manifest)?;
        Ok(manifest)
    }

    /// What a manifest and its package must agree on.
    fn check(&self, manifest: &Manifest) -> Result<(), Error> {
        manifest.check_package_name(&self.package.name)?;
        manifest.check_runs()?;
        features::check(manifest, &self.package.features)
    }

    /// Refuses what would change the lock in a run that must leave it alone.
    fn may_change_lock(&self, what: &str) -> Result<(), Error> {
        if !self.locked {
            return Ok(());
        }
        Err(Error::new(Kind::LockStale, format!("{what} changes the lock, and this run is locked"))
            .help("run it without `--locked` and `--frozen`, and without `SIDECAR_LOCKED`"))
    }

    fn need_network(&self, what: &str) -> Result<(), Error> {
        match self.network.offline_by() {
            None => Ok(()),
            Some(who) => Err(Error::new(Kind::Offline, format!("{what} needs the network, and it is off"))
                .fact("offline by", who)
                .help("run the command again with a network; a build from a committed lock needs no API")),
        }
    }
}

/// The lock as it is; an empty one where there is none.
fn lock_as_is(manifest: &Manifest) -> Result<Lock, Error> {
    Lock::read(&manifest.lock_path()).map(Option::unwrap_or_default)
}
