//! `lock` and `update`: ask the source, choose, download, look inside, pin.

use std::collections::{BTreeMap, BTreeSet};

use super::Project;
use super::patch::lock_change;
use super::update::{self, AssetChange};
use crate::change::FileChange;
use crate::error::{Error, Kind};
use crate::lock::{Change, Lock, Locked, Pin};
use crate::manifest::{Manifest, Sidecar};
use crate::progress::Event;
use crate::provision::{self, PARALLEL};
use crate::target::Target;

mod complete;
mod imported;
mod pin;
pub(super) mod release;

pub(super) use self::complete::Unseen;

pub(super) use imported::{Given, Imported};

/// Which sidecars are resolved anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relock {
    /// Those whose entry in the manifest changed since they were locked.
    Stale,
    /// These, and the stale ones; none named: all.
    Named(Vec<String>),
    /// This one, to exactly this version or tag, and the stale ones.
    Precise {
        /// The sidecar.
        name: String,
        /// A version, or a tag as it is.
        version: String,
    },
}

/// What a target was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedAsset {
    /// The target triple.
    pub target: String,
    /// The asset's file name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What vouches for its hash: `github-digest`, a checksum file's name, `import:` and the file that pinned it, or
    /// `download`.
    pub provenance: String,
    /// Whether it is a build for x86-64, which the target's system translates.
    pub emulated: bool,
    /// Its SHA-256, as 64 hexadecimal digits.
    pub sha256: String,
    /// The newest glibc version that it needs, such as `2.31`; `None`: none, or it is not known.
    pub glibc: Option<String>,
    /// Why this asset was chosen, in one line; empty for one that was locked before.
    pub reason: String,
}

/// A sidecar whose lock changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRow {
    /// The sidecar.
    pub sidecar: String,
    /// Its entry in Tauri's `bundle.externalBin`, such as `binaries/pocketbase`; empty for one that was removed, and for
    /// a tree, which is no program to Tauri but a directory of resources.
    pub external_bin: String,
    /// The version that was locked before; `None`: it is new.
    pub from: Option<String>,
    /// The version that is locked now; `None`: it was removed.
    pub to: Option<String>,
    /// The assets that are locked now, by target.
    pub assets: Vec<LockedAsset>,
    /// The targets for which the release has nothing.
    pub missing: Vec<String>,
    /// What changed against the lock before, by target; nothing for a sidecar that is new or gone.
    pub changes: Vec<AssetChange>,
}

/// What `lock` did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockReport {
    /// Whether the lock was written, or would be, in a dry run; otherwise it was right already.
    pub written: bool,
    /// The sidecars whose lock changed, by name.
    pub rows: Vec<LockedRow>,
    /// What else changed with it: the manifest first, then Tauri's configuration, where a sidecar was added.
    pub changed: Vec<FileChange>,
}

impl LockedRow {
    /// Whether an older version is locked than before.
    pub fn is_downgrade(&self) -> bool {
        let version = |text: &Option<String>| semver::Version::parse(text.as_deref()?).ok();
        matches!((version(&self.from), version(&self.to)), (Some(from), Some(to)) if to < from)
    }
}

impl LockedAsset {
    /// What the lock says of a target, without a reason.
    pub(super) fn of(target: &Target, pin: &Pin) -> Self {
        Self {
            target: target.to_string(),
            name: pin.asset.clone(),
            size: pin.size,
            provenance: pin.provenance.clone(),
            sha256: pin.sha256.to_string(),
            glibc: pin.inside.as_ref().and_then(|inside| inside.glibc.clone()),
            emulated: pin.emulated,
            reason: String::new(),
        }
    }
}

impl Project<'_> {
    /// Brings the lock in line with the manifest. What is locked and still asked for stays as it is, unless it is to be
    /// updated; a lock that is right already is not touched and needs no network. In a [dry run](Self::dry_run) the chosen
    /// assets are downloaded into the cache and inspected, and the lock is not written.
    ///
    /// # Errors
    /// Whatever keeps a sidecar from being resolved, chosen, fetched or verified; the lock then stays as it was. In a
    /// locked run, [`Kind::LockStale`](crate::Kind::LockStale) where the lock would change.
    pub fn lock(&self, which: &Relock) -> Result<LockReport, Error> {
        let manifest = self.manifest()?;
        if *which != Relock::Stale {
            self.may_change_lock("updating sidecars")?;
        }
        if self.locked {
            return Lock::read_answering(&manifest).map(|_| LockReport::default());
        }
        let is_plain = *which == Relock::Stale && !self.no_download;
        self.written(&manifest, which, if is_plain { Unseen::LookedInto } else { Unseen::Kept })
    }

    pub(super) fn lock_of(&self, manifest: &Manifest, which: &Relock) -> Result<LockReport, Error> {
        self.written(manifest, which, Unseen::Kept)
    }

    fn written(&self, manifest: &Manifest, which: &Relock, unseen: Unseen) -> Result<LockReport, Error> {
        let (lock, report) = self.relocked(manifest, which, unseen)?;
        let change = lock_change(manifest, &lock)?;
        if !self.dry_run {
            self.apply(change.as_slice())?;
        }
        Ok(LockReport { written: change.is_some(), ..report })
    }

    /// The lock as it should be, with a report that says it was not written.
    pub(super) fn relocked(
        &self,
        manifest: &Manifest,
        which: &Relock,
        unseen: Unseen,
    ) -> Result<(Lock, LockReport), Error> {
        let before = super::lock_as_is(manifest)?;
        self.relocked_from(manifest, &before, &before, which, unseen)
    }

    /// [`relocked`](Self::relocked) with a lock that has more than the one before, such as what was imported.
    pub(super) fn relocked_from(
        &self,
        manifest: &Manifest,
        before: &Lock,
        start: &Lock,
        which: &Relock,
        unseen: Unseen,
    ) -> Result<(Lock, LockReport), Error> {
        let (mut after, reasons) = self.relock(manifest, start, which)?;
        complete::keep_seen(before, &mut after);
        if unseen == Unseen::LookedInto {
            self.look_into_unseen(manifest, &mut after)?;
        }
        update::keep_proofs(before, &mut after);
        self.judge(before, &after)?;
        let rows = rows(manifest, before, &after, &reasons);
        Ok((after, LockReport { rows, ..LockReport::default() }))
    }

    /// The lock as it should be, and why each new asset was chosen.
    fn relock(&self, manifest: &Manifest, before: &Lock, which: &Relock) -> Result<(Lock, Reasons), Error> {
        let precise = self.precise(manifest, which)?;
        let mut renewed: Vec<&str> = precise.iter().map(|(name, _)| *name).collect();
        if let Relock::Named(names) = which {
            for name in names {
                renewed.push(&manifest.sidecar(name)?.name);
            }
            if names.is_empty() {
                renewed.extend(manifest.sidecars.keys().map(String::as_str));
            }
        }
        let mut after = Lock { configured: before.configured.clone(), ..Lock::default() };
        let mut wanted = Vec::new();
        for sidecar in manifest.sidecars.values() {
            let drift = before.drift_of(manifest, sidecar).map(|d| d.what);
            let renew = renewed.contains(&sidecar.name.as_str());
            let kept = before.sidecars.get(&sidecar.name).filter(|_| {
                // A change of targets keeps what is pinned; any other change asks for the assets again.
                !renew && !matches!(drift, Some(Change::Added | Change::Removed | Change::Request { .. }))
            });
            let mut locked = kept.cloned().unwrap_or_default();
            let targets = manifest.targets_of(sidecar);
            locked.assets.retain(|target, _| targets.contains(target));
            let gap_matters = manifest.is_mandatory();
            let open = targets.into_iter().filter(|t| match locked.assets.get(t) {
                Some(found) => found.is_none() && gap_matters,
                None => true,
            });
            let open: Vec<Target> = open.collect();
            if !open.is_empty() {
                // As with cargo, a release that still answers stays; `update` moves on.
                let release =
                    before.sidecars.get(&sidecar.name).filter(|l| !renew && l.still_answers(sidecar));
                let precise = precise.as_ref().filter(|(name, _)| *name == sidecar.name);
                let tag = precise.map(|(_, tag)| tag.clone()).or_else(|| release.map(|l| l.tag.clone()));
                wanted.push(Wanted { sidecar, tag, targets: open });
            }
            after.sidecars.insert(sidecar.name.clone(), locked);
        }
        let reasons = self.resolve_all(manifest, &wanted, &mut after)?;
        Ok((after, reasons))
    }

    /// Resolves releases and chooses assets one sidecar after the other, then downloads and inspects all of them in
    /// parallel.
    fn resolve_all(
        &self,
        manifest: &Manifest,
        wanted: &[Wanted<'_>],
        lock: &mut Lock,
    ) -> Result<Reasons, Error> {
        let mut picks = Vec::new();
        for wanted in wanted {
            self.need_source(wanted.sidecar, "locking")?;
            self.check_no_tree(wanted.sidecar)?;
            self.reporter.event(&Event::Step { verb: "Resolving", what: &wanted.sidecar.name });
            let (locked, found) = self
                .choose(manifest, wanted)
                .map_err(|e| e.of_sidecar(&wanted.sidecar.name, wanted.tag.as_deref()))?;
            let entry = lock.sidecars.entry(wanted.sidecar.name.clone()).or_default();
            let assets = std::mem::take(&mut entry.assets);
            *entry = Locked { assets, ..locked };
            picks.extend(found);
        }
        if !picks.is_empty() && !self.no_download {
            let what = "downloading and inspecting the chosen assets";
            self.reporter.event(&Event::Step { verb: "Locking", what });
        }
        let mut reasons = Reasons::new();
        let done = provision::in_parallel(PARALLEL, picks, |pick| {
            let pin = pick.asset.as_ref().map(|chosen| self.pin(&pick, chosen)).transpose();
            (pick, pin)
        });
        for (pick, pin) in done {
            let locked = lock.sidecars.entry(pick.sidecar.name.clone()).or_default();
            let pin = match pin {
                Err(error) if is_gap(&pick, &error) && !manifest.is_mandatory() => {
                    self.tell_gap(&pick, &error);
                    None
                }
                other => other.map_err(|e| e.of_sidecar(&pick.sidecar.name, Some(locked.version_text())))?,
            };
            reasons.insert((pick.sidecar.name.clone(), pick.target.clone()), pick.reason);
            locked.assets.insert(pick.target, pin);
        }
        for wanted in wanted {
            self.check_not_empty(wanted, lock, &reasons)?;
            self.tell_emulated(wanted, lock);
        }
        Ok(reasons)
    }

    /// A sidecar without any asset would be a lock that says nothing.
    fn check_not_empty(&self, wanted: &Wanted<'_>, lock: &Lock, reasons: &Reasons) -> Result<(), Error> {
        let name = &wanted.sidecar.name;
        let Some(locked) = lock.sidecars.get(name) else { return Ok(()) };
        if locked.assets.values().any(Option::is_some) {
            let missing: Vec<&str> =
                locked.assets.iter().filter(|(_, p)| p.is_none()).map(|(t, _)| t.as_str()).collect();
            if !missing.is_empty() {
                self.warn(&format!(
                    "sidecar `{name}` {} has nothing for {}; builds for these fail until `asset` names one, or `targets` \
                     leaves them out",
                    locked.version_text(),
                    missing.join(", ")
                ));
            }
            return Ok(());
        }
        if !wanted.sidecar.source.is_forge() {
            let of_this = reasons.iter().filter(|((of, _), why)| of == name && !why.is_empty());
            let why: BTreeSet<&String> = of_this.map(|(_, why)| why).collect();
            return Err(Error::new(Kind::AssetNotFound, "the source has nothing for any target")
                .fact("at", &wanted.sidecar.at)
                .fact("reasons", crate::error::some_of(why))
                .of_sidecar(name, Some(locked.version_text())));
        }
        Err(Error::new(Kind::AssetNotFound, "no asset of the release fits any target")
            .fact("targets", crate::error::some_of(locked.assets.keys().map(Target::as_str)))
            .help("name the assets with `asset = { \"<triple>\" = \"…\" }`")
            .of_sidecar(name, Some(locked.version_text())))
    }
}

/// A sidecar whose lock has open targets.
struct Wanted<'a> {
    sidecar: &'a Sidecar,
    /// The release that is locked already, where it is kept.
    tag: Option<String>,
    targets: Vec<Target>,
}

/// Whether a target has nothing rather than something broken: a publisher's mistake, or an address made for it where
/// there is no file.
fn is_gap(pick: &release::Pick<'_>, error: &Error) -> bool {
    let absent = || error.facts().any(|(key, value)| key == "answer" && value.starts_with("404"));
    let made = matches!(pick.sidecar.source, crate::manifest::Source::Url { .. });
    error.kind() == Kind::WrongTarget || (made && error.kind() == Kind::HttpStatus && absent())
}

type Reasons = BTreeMap<(String, Target), String>;

/// The differences between two locks, for people.
fn rows(manifest: &Manifest, before: &Lock, after: &Lock, reasons: &Reasons) -> Vec<LockedRow> {
    let mut names: Vec<&String> = before.sidecars.keys().chain(after.sidecars.keys()).collect();
    names.sort();
    names.dedup();
    let shown = |lock: &Lock, name: &str| lock.sidecars.get(name).cloned().map(Locked::without_lines);
    let changed = names.into_iter().filter(|name| shown(before, name) != shown(after, name));
    changed
        .map(|name| {
            let version = |lock: &Lock| lock.sidecars.get(name).map(|l| l.version_text().to_owned());
            let now = after.sidecars.get(name).into_iter().flat_map(|l| &l.assets);
            let asset = |(target, pin): (&Target, &Pin)| LockedAsset {
                reason: reasons.get(&(name.clone(), target.clone())).cloned().unwrap_or_default(),
                ..LockedAsset::of(target, pin)
            };
            let declared = manifest.sidecars.get(name).filter(|sidecar| !sidecar.is_tree());
            let external_bin = declared.map(|sidecar| manifest.entry_of(sidecar));
            LockedRow {
                sidecar: name.clone(),
                external_bin: external_bin.unwrap_or_default(),
                from: version(before),
                to: version(after),
                assets: now.clone().filter_map(|(t, pin)| pin.as_ref().map(|pin| asset((t, pin)))).collect(),
                missing: now.filter(|(_, pin)| pin.is_none()).map(|(t, _)| t.to_string()).collect(),
                changes: update::changes(before.sidecars.get(name), after.sidecars.get(name)),
            }
        })
        .collect()
}
