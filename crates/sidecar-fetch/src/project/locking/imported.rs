//! Locking what another tool pinned: the same assets, checked against what is published and against the bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::release::{Chosen, Pick};
use super::{Project, Wanted};
use crate::error::{Error, Kind};
use crate::fetch::Download;
use crate::lock::{Locked, Pin};
use crate::manifest::{Manifest, Sidecar};
use crate::project::import::Digest;
use crate::project::update::{DOWNLOAD, IMPORT};
use crate::provision::{PARALLEL, in_parallel};
use crate::resolve::checksum::{Evidence, Proof};
use crate::resolve::release::Asset;
use crate::resolve::version::of_tag;
use crate::target::Target;

/// What another tool pinned for a target.
#[derive(Debug, Clone)]
pub(in crate::project) struct Given {
    pub(in crate::project) asset: String,
    pub(in crate::project) url: String,
    pub(in crate::project) size: Option<u64>,
    pub(in crate::project) digest: Digest,
    /// Where the digest stands, and the name of that file.
    pub(in crate::project) at: String,
    pub(in crate::project) file: String,
}

/// What came of it.
#[derive(Debug)]
pub(in crate::project) enum Imported {
    Locked(Locked),
    /// For these targets another asset would be chosen: the manifest has to name the one that was pinned.
    Others(BTreeSet<Target>),
}

impl Project<'_> {
    /// Locks a sidecar to what was given for its targets, from the release of `tag`. What the release has for further
    /// targets is locked with it; nothing is locked for the targets of `gaps`.
    pub(in crate::project) fn lock_given(
        &self,
        manifest: &Manifest,
        sidecar: &Sidecar,
        tag: &str,
        given: &BTreeMap<Target, Given>,
        gaps: &BTreeSet<Target>,
    ) -> Result<Imported, Error> {
        let mut targets = manifest.targets_of(sidecar);
        targets.retain(|target| !gaps.contains(target));
        let wanted = Wanted { sidecar, tag: Some(tag.to_owned()), targets };
        let (locked, mut picks) = self.choose(manifest, &wanted)?;
        let differs = |pick: &&Pick<'_>| {
            let given = given.get(&pick.target);
            given.is_some_and(|given| {
                pick.asset.as_ref().is_none_or(|chosen| chosen.asset.name != given.asset)
            })
        };
        let others: BTreeSet<Target> = picks.iter().filter(differs).map(|pick| pick.target.clone()).collect();
        if !others.is_empty() {
            return Ok(Imported::Others(others));
        }
        for pick in &mut picks {
            if let (Some(given), Some(chosen)) = (given.get(&pick.target), &mut pick.asset) {
                agree(given, chosen)?;
            }
        }
        let mut locked = self.pin_given(manifest, locked, picks, given)?;
        locked.assets.extend(gaps.iter().map(|target| (target.clone(), None)));
        Ok(Imported::Locked(locked))
    }

    /// [`lock_given`](Self::lock_given) without asking for the release: what was given is all that is known.
    pub(in crate::project) fn lock_given_unasked(
        &self,
        manifest: &Manifest,
        sidecar: &Sidecar,
        tag: &str,
        given: &BTreeMap<Target, Given>,
    ) -> Result<Locked, Error> {
        let version = of_tag(tag).map(|version| version.to_string());
        let locked = Locked { request: sidecar.request(), tag: tag.to_owned(), version, ..Locked::default() };
        let mut picks = Vec::new();
        for (target, given) in given {
            let size = self.size_of(given)?;
            let asset = Asset {
                name: given.asset.clone(),
                url: given.url.clone(),
                size: Some(size),
                ..Asset::default()
            };
            let evidence = Evidence::default();
            let mut chosen = Chosen { asset, member: None, emulated: false, evidence, private: false };
            agree(given, &mut chosen)?;
            picks.push(Pick {
                sidecar,
                target: target.clone(),
                tag: tag.to_owned(),
                version: locked.version_text().to_owned(),
                asset: Some(chosen),
                reason: String::new(),
            });
        }
        self.pin_given(manifest, locked, picks, given)
    }

    /// The size of the bytes that were pinned, which are in the cache then.
    fn size_of(&self, given: &Given) -> Result<u64, Error> {
        let sha256 = given.digest.sha256();
        let cache = self.cache.get()?;
        if !sha256.is_some_and(|sha256| cache.has(&sha256, given.size)) {
            self.need_network(&format!("downloading {}", given.asset))?;
        }
        let wanted = Download {
            label: &given.asset,
            url: &given.url,
            sha256: sha256.as_ref(),
            size: given.size,
            expected_at: Some(&given.at),
            ..Download::default()
        };
        let fetched = self.network.fetch(cache, &wanted, self.reporter);
        Ok(fetched.map_err(|error| of_pin(error, given))?.size)
    }

    fn pin_given(
        &self,
        manifest: &Manifest,
        mut locked: Locked,
        picks: Vec<Pick<'_>>,
        given: &BTreeMap<Target, Given>,
    ) -> Result<Locked, Error> {
        let done = in_parallel(PARALLEL, picks, |pick| {
            let pin = pick.asset.as_ref().map(|chosen| self.pin(&pick, chosen)).transpose();
            (pick.target, pin)
        });
        for (target, pin) in done {
            let given = given.get(&target);
            let pin = match (pin, given) {
                (Ok(Some(pin)), Some(given)) => Some(self.as_given(pin, given)?),
                (Err(error), Some(given)) => return Err(of_pin(error, given)),
                // What nobody asked for is a gap where it does not fit.
                (Err(error), None) if error.kind() == Kind::WrongTarget && !manifest.is_mandatory() => None,
                (pin, _) => pin?,
            };
            locked.assets.insert(target, pin);
        }
        Ok(locked)
    }

    /// The pin, where its bytes have the digest that was given.
    fn as_given(&self, mut pin: Pin, given: &Given) -> Result<Pin, Error> {
        let found = given.digest.of_file(&self.cache.get()?.blob(&pin.sha256))?;
        if found != given.digest {
            return Err(mismatch(given)
                .fact("received", format!("{found} ({} bytes)", pin.size))
                .fact("url", &pin.url));
        }
        // Nothing was published: whoever pinned it is who vouches for it.
        if [DOWNLOAD, given.at.as_str()].contains(&pin.provenance.as_str()) {
            pin.provenance = format!("{IMPORT}{}", given.file);
        }
        Ok(pin)
    }
}

/// Refuses what was given where the release says something else, and lets the download be checked by it.
fn agree(given: &Given, chosen: &mut Chosen) -> Result<(), Error> {
    if let Some(size) =
        given.size.filter(|size| chosen.asset.size.is_some_and(|published| *size != published))
    {
        return Err(mismatch(given)
            .fact("pinned size", format!("{size} bytes"))
            .fact("published size", format!("{} bytes", chosen.asset.size.unwrap_or_default())));
    }
    let published = chosen.evidence.proof.as_ref().map(|proof| Digest::Sha256(proof.sha256));
    match (published, given.digest) {
        (Some(published @ Digest::Sha256(_)), Digest::Sha256(_)) if published != given.digest => {
            let source = chosen.evidence.proof.as_ref().map_or("", |proof| proof.source.as_str());
            Err(mismatch(given).fact("published", format!("{published} ({source})")))
        }
        (None, Digest::Sha256(sha256)) => {
            chosen.evidence.proof = Some(Proof { sha256, source: given.at.clone() });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An error of a download that was checked by a pin, in words for who wrote the pin.
fn of_pin(error: Error, given: &Given) -> Error {
    let is_by_pin = error.facts().any(|(key, value)| key == "expected" && value.contains(&given.at));
    if error.kind() != Kind::ChecksumMismatch || !is_by_pin {
        return error.fact("pinned", &given.at);
    }
    let kept = error.facts().filter(|(key, _)| ["received", "url"].contains(key));
    kept.fold(mismatch(given), |error, (key, value)| error.fact(key.to_owned(), value))
}

fn mismatch(given: &Given) -> Error {
    Error::new(Kind::ChecksumMismatch, format!("`{}` is not what was pinned", given.asset))
        .fact("pinned", format!("{} ({})", given.digest, given.at))
        .help("find out which of the two is right before you change the pin: the publisher may have replaced the file")
}
