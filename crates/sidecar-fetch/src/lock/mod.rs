//! What the user got: `sidecar.lock`. Committed; a build reproduces it and nothing else.

mod parse;
pub(crate) mod tree;
#[cfg(any(feature = "resolve", test))]
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::{Error, Kind, some_of};
use crate::fsx;
use crate::hash::Sha256;
use crate::inspect::Cpu;
use crate::install::Content;
use crate::manifest::{Manifest, Sidecar, Source, Wanted};
use crate::target::Target;

pub(crate) use tree::{PinnedFile, Tree};

/// Name of the lock, beside the manifest.
pub(crate) const FILE: &str = "sidecar.lock";

/// The format that this version reads and writes.
pub(crate) const VERSION: u64 = 1;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lock {
    /// The entries that `sync` wrote into Tauri's configuration: what is ours there, also after a name has changed.
    pub(crate) configured: BTreeSet<String>,
    /// By name.
    pub(crate) sidecars: BTreeMap<String, Locked>,
}

/// One sidecar as it was resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Locked {
    /// [`Sidecar::request`] at the time of locking.
    pub(crate) request: BTreeMap<String, String>,
    pub(crate) tag: String,
    /// The version that the tag names, where it names one.
    pub(crate) version: Option<String>,
    /// When the release was published, RFC 3339.
    pub(crate) published: Option<String>,
    /// What each target gets; `None`: the release has nothing for it.
    pub(crate) assets: BTreeMap<Target, Option<Pin>>,
}

/// One asset, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    /// File name of the asset.
    pub(crate) asset: String,
    pub(crate) url: String,
    /// Where a private asset is downloaded with a token.
    pub(crate) api_url: Option<String>,
    /// Bytes of the asset.
    pub(crate) size: u64,
    pub(crate) sha256: Sha256,
    /// What vouched for the hash when it was locked: `github-digest`, the checksum file's name, `import:` and the
    /// name of another tool's lock, or `download` where nobody did and the downloaded bytes were taken at their word.
    pub(crate) provenance: String,
    /// Whether it is a build for x86-64, which the target's system translates.
    pub(crate) emulated: bool,
    /// What was seen in it; `None` where it was locked without being downloaded.
    pub(crate) inside: Option<Inside>,
    /// Line of `sha256` in the file, from 1, for errors; 0 for a pin that was just made.
    pub(crate) line: usize,
}

/// What only the bytes of an asset tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Path in the archive; `None` where the asset is the binary itself.
    pub(crate) member: Option<String>,
    pub(crate) binary: Content,
    /// The newest glibc version that the binary and its companions need, such as `2.31`.
    pub(crate) glibc: Option<String>,
    /// The files beside the binary, where the manifest says `layout = "tree"`.
    pub(crate) tree: Option<Tree>,
}

impl Pin {
    /// Where the binary lies in its tree; `None` where there is no tree.
    pub(crate) fn binary_path(&self) -> Option<&str> {
        self.inside.as_ref()?.binary_path()
    }

    /// Whose programs it may be.
    pub(crate) fn cpu(&self) -> Cpu {
        if self.emulated { Cpu::OrTranslated } else { Cpu::Native }
    }
}

impl Locked {
    /// Whether the release that is locked is one that the manifest still asks for, whatever else changed.
    pub(crate) fn still_answers(&self, sidecar: &Sidecar) -> bool {
        let request = sidecar.request();
        let same = |key: &str| request.get(key) == self.request.get(key);
        let version = self.version.as_deref().and_then(|v| semver::Version::parse(v).ok());
        let keys: BTreeSet<&String> = request.keys().chain(self.request.keys()).collect();
        keys.into_iter().filter(|key| Source::owns(key)).all(|key| same(key))
            && same("tag-prefix")
            && same("version-from")
            && match &sidecar.wanted {
                Wanted::Tag(tag) | Wanted::Version(tag) => *tag == self.tag,
                Wanted::Requirement(requirement) => version.is_some_and(|v| requirement.matches(&v)),
                Wanted::Latest => true,
            }
    }

    /// The version for messages: `7.1`, or the tag.
    pub(crate) fn version_text(&self) -> &str {
        self.version.as_deref().unwrap_or(&self.tag)
    }

    /// The same without the places in the file, to compare what was read with what was just made.
    #[cfg(any(feature = "resolve", test))]
    pub(crate) fn without_lines(mut self) -> Self {
        self.assets.values_mut().flatten().for_each(|pin| pin.line = 0);
        self
    }
}

impl Pin {
    /// The same without its place in the file.
    #[cfg(feature = "resolve")]
    pub(crate) fn without_line(self) -> Self {
        Self { line: 0, ..self }
    }
}

impl Lock {
    /// Reads a lock; `None` where there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Error> {
        fsx::read_if_exists(path)?.map(|text| parse::lock(path, text)).transpose()
    }

    /// Reads the lock of a manifest and checks that it answers it. A manifest without sidecars needs none: an app that
    /// was just prepared must build.
    pub(crate) fn read_answering(manifest: &Manifest) -> Result<Self, Error> {
        let path = manifest.lock_path();
        let lock = match Self::read(&path)? {
            Some(lock) => lock,
            None if manifest.sidecars.is_empty() => Self::default(),
            None => {
                let headline = format!("there is no `{FILE}` beside the manifest");
                return Err(Error::new(Kind::LockMissing, headline)
                    .fact("manifest", manifest.path.display())
                    .help("run `cargo sidecar lock` and commit the file that it writes"));
            }
        };
        match lock.drift(manifest).into_iter().next() {
            None => Ok(lock),
            Some(first) => Err(first.into_error(&path)),
        }
    }

    /// Every way in which the lock does not answer the manifest. Empty: it does.
    pub(crate) fn drift(&self, manifest: &Manifest) -> Vec<Drift> {
        let mut out = Vec::new();
        for sidecar in manifest.sidecars.values() {
            out.extend(self.drift_of(manifest, sidecar));
        }
        let gone = self.sidecars.keys().filter(|name| !manifest.sidecars.contains_key(*name));
        out.extend(gone.map(|name| Drift { sidecar: name.clone(), what: Change::Removed }));
        out
    }

    /// How the lock fails to answer one sidecar, if it does.
    pub(crate) fn drift_of(&self, manifest: &Manifest, sidecar: &Sidecar) -> Option<Drift> {
        let drift = |what| Some(Drift { sidecar: sidecar.name.clone(), what });
        let Some(locked) = self.sidecars.get(&sidecar.name) else { return drift(Change::Added) };
        let request = sidecar.request();
        let keys = request.keys().chain(locked.request.keys());
        if let Some(key) = keys.into_iter().find(|key| request.get(*key) != locked.request.get(*key)) {
            let (now, then) = (request.get(key).cloned(), locked.request.get(key).cloned());
            return drift(Change::Request { key: key.clone(), now, then });
        }
        let wanted = manifest.targets_of(sidecar);
        if let Some(target) = wanted.iter().find(|t| !locked.assets.contains_key(t)) {
            return drift(Change::TargetAdded(target.clone()));
        }
        if manifest.is_mandatory()
            && let Some(target) = wanted.iter().find(|t| locked.assets[*t].is_none())
        {
            return drift(Change::TargetMandatory(target.clone()));
        }
        let gone = locked.assets.keys().find(|t| !wanted.contains(t))?;
        drift(Change::TargetRemoved(gone.clone()))
    }

    /// The pin of a sidecar for a target, or the error that says why there is none.
    pub(crate) fn pin(&self, manifest: &Manifest, sidecar: &Sidecar, target: &Target) -> Result<&Pin, Error> {
        let locked = self.sidecars.get(&sidecar.name);
        let assets = locked.map(|l| &l.assets);
        if let Some(pin) = assets.and_then(|a| a.get(target)).and_then(Option::as_ref) {
            return Ok(pin);
        }
        let missing = assets.is_some_and(|a| a.contains_key(target));
        let have = assets.into_iter().flatten().filter(|(_, pin)| pin.is_some()).map(|(t, _)| t.as_str());
        let error = if missing {
            Error::new(Kind::LockNoTarget, format!("the release has nothing for target `{target}`"))
                .fact("release", locked.map_or("", |l| &l.tag))
                .fact("locked for", some_of(have))
                .help(format!(
                    "name an asset with `asset = {{ \"{target}\" = \"…\" }}`, or leave the target out with `targets = […]`"
                ))
        } else {
            let mut targets: Vec<_> =
                manifest.targets_of(sidecar).iter().map(|t| format!("\"{t}\"")).collect();
            targets.push(format!("\"{target}\""));
            Error::new(Kind::LockNoTarget, format!("the lock has nothing for target `{target}`"))
                .fact("lock", manifest.lock_path().display())
                .fact("locked for", some_of(have))
                .help(format!(
                    "add it: `[settings] targets = [{}]`, then run `cargo sidecar lock`",
                    targets.join(", ")
                ))
        };
        Err(error.of_sidecar(&sidecar.name, locked.map(Locked::version_text)))
    }
}

/// One way in which a lock does not answer its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) sidecar: String,
    pub(crate) what: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The manifest has a sidecar that the lock has not.
    Added,
    /// The lock has a sidecar that the manifest has not.
    Removed,
    /// A key of the request changed.
    Request {
        key: String,
        now: Option<String>,
        then: Option<String>,
    },
    TargetAdded(Target),
    /// The manifest now names its targets, and the lock records that one has nothing.
    TargetMandatory(Target),
    TargetRemoved(Target),
}

impl Drift {
    pub(crate) fn into_error(self, lock: &Path) -> Error {
        let Self { sidecar, what } = self;
        let shown = |value: Option<String>| value.map_or("not set".to_owned(), |v| format!("\"{v}\""));
        let error = Error::new(
            Kind::LockStale,
            format!("the lock does not answer the manifest for sidecar `{sidecar}`"),
        );
        let error = match what {
            Change::Added => {
                error.fact("manifest", "has it").fact("lock", format!("{}, does not", lock.display()))
            }
            Change::Removed => {
                error.fact("manifest", "does not have it").fact("lock", format!("{}, does", lock.display()))
            }
            Change::Request { key, now, then } => error
                .fact("key", key)
                .fact("manifest", shown(now))
                .fact("lock", format!("{} ({})", shown(then), lock.display())),
            Change::TargetAdded(target) | Change::TargetMandatory(target) => error
                .fact("manifest", format!("wants target {target}"))
                .fact("lock", format!("{}, has nothing for it", lock.display())),
            Change::TargetRemoved(target) => error
                .fact("manifest", format!("does not want target {target}"))
                .fact("lock", format!("{}, has it", lock.display())),
        };
        error.help("run `cargo sidecar lock` and commit the file that it writes")
    }
}
