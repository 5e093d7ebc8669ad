//! Locks that were made without a download: what was seen before is kept, and what nobody has seen is looked into when
//! there is time for it.

use std::collections::BTreeMap;

use super::pin::Told;
use super::release::Pick;
use super::{Project, Reasons, Wanted};
use crate::error::{Error, Kind};
use crate::fetch::Download;
use crate::lock::{FILE, Inside, Lock, Pin};
use crate::manifest::Manifest;
use crate::progress::Event;
use crate::provision::{self, PARALLEL};

/// What becomes of pins that were made without a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project) enum Unseen {
    /// They stay as they are.
    Kept,
    /// Their assets are downloaded, where there is a network, and looked into: `cargo sidecar lock`.
    LookedInto,
}

/// Puts into new pins without a download what an earlier lock says of the same bytes for the same request: a lock never
/// silently loses a proof.
pub(super) fn keep_seen(before: &Lock, after: &mut Lock) {
    for (name, locked) in &mut after.sidecars {
        let Some(earlier) = before.sidecars.get(name).filter(|l| l.request == locked.request) else {
            continue;
        };
        for (target, pin) in &mut locked.assets {
            let (Some(pin), Some(Some(known))) = (pin, earlier.assets.get(target)) else { continue };
            if pin.inside.is_none() && (&pin.asset, pin.sha256) == (&known.asset, known.sha256) {
                (pin.inside, pin.emulated) = (known.inside.clone(), known.emulated);
            }
        }
    }
}

impl Project<'_> {
    /// Looks into the assets of pins that do not say what is in them: those that are cached, and with a network all.
    /// No API is asked, as the lock says where each asset is and what its bytes are.
    pub(super) fn look_into_unseen(&self, manifest: &Manifest, lock: &mut Lock) -> Result<(), Error> {
        let online = self.network.offline_by().is_none();
        let is_cached =
            |pin: &Pin| self.cache.get().is_ok_and(|cache| cache.has(&pin.sha256, Some(pin.size)));
        let at_hand = |pin: &Pin| online || is_cached(pin);
        let mut open = Vec::new();
        for sidecar in manifest.sidecars.values() {
            let Some(locked) = lock.sidecars.get(&sidecar.name) else { continue };
            for (target, pin) in &locked.assets {
                let Some(pin) = pin.as_ref().filter(|pin| pin.inside.is_none() && at_hand(pin)) else {
                    continue;
                };
                let (tag, version) = (locked.tag.clone(), locked.version_text().to_owned());
                let target = target.clone();
                let pick = Pick { sidecar, target, tag, version, asset: None, reason: String::new() };
                open.push((pick, pin.clone()));
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let what = "downloading and inspecting what was locked without a download";
        self.reporter.event(&Event::Step { verb: "Locking", what });
        let done = provision::in_parallel(PARALLEL, open, |(pick, pin)| (self.look_into(&pick, &pin), pick));
        let mut answers: BTreeMap<&str, Wanted<'_>> = BTreeMap::new();
        for (seen, pick) in done {
            let Some(locked) = lock.sidecars.get_mut(&pick.sidecar.name) else { continue };
            let seen = match seen {
                // The lock answers the manifest as it is: what a network that does not work keeps open stays so.
                Err(error) if error.kind().exit_code() == Kind::Offline.exit_code() => {
                    let name = &pick.sidecar.name;
                    self.warn(&format!(
                        "what is in the asset of sidecar `{name}` stays unknown: {}",
                        error.headline()
                    ));
                    continue;
                }
                Err(error) if error.kind() == Kind::WrongTarget && !manifest.is_mandatory() => {
                    self.tell_gap(&pick, &error);
                    None
                }
                other => Some(other.map_err(|e| e.of_sidecar(&pick.sidecar.name, Some(&pick.version)))?),
            };
            let pin = locked.assets.get_mut(&pick.target);
            match (seen, pin) {
                (Some((inside, emulated)), Some(Some(pin))) => {
                    (pin.inside, pin.emulated) = (Some(inside), emulated);
                }
                (None, Some(pin)) => *pin = None,
                _ => {}
            }
            let of_sidecar = || Wanted { sidecar: pick.sidecar, tag: None, targets: Vec::new() };
            answers.entry(&pick.sidecar.name).or_insert_with(of_sidecar).targets.push(pick.target);
        }
        for wanted in answers.values() {
            self.check_not_empty(wanted, lock, &Reasons::new())?;
            self.tell_emulated(wanted, lock);
        }
        Ok(())
    }

    fn look_into(&self, pick: &Pick<'_>, pin: &Pin) -> Result<(Inside, bool), Error> {
        let (url, bearer) = self.network.address(&pin.url, pin.api_url.as_deref());
        let at = format!("{FILE}:{}", pin.line);
        let wanted = Download {
            label: &pin.asset,
            url,
            accept: Some("application/octet-stream"),
            bearer,
            sha256: Some(&pin.sha256),
            size: Some(pin.size),
            expected_at: (pin.line > 0).then_some(at.as_str()),
        };
        let fetched = self.network.fetch(self.cache.get()?, &wanted, self.reporter)?;
        self.seen(pick, Told { asset: &pin.asset, member: None, emulated: pin.emulated }, &fetched)
    }

    /// A publisher's mistake on a target that is only attempted is a gap, not the end.
    pub(super) fn tell_gap(&self, pick: &Pick<'_>, error: &Error) {
        let Pick { sidecar, target, .. } = pick;
        let name = &sidecar.name;
        self.warn(&format!("sidecar `{name}` has nothing for {target}: {}", error.headline()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Sha256;
    use crate::install::Content;
    use crate::lock::Locked;
    use crate::target::Target;

    fn lock(asset: &str, bin: &str, inside: Option<Inside>) -> Lock {
        let pin = Pin {
            asset: asset.into(),
            url: "u".into(),
            api_url: None,
            size: 1,
            sha256: Sha256::of(asset.as_bytes()),
            provenance: "p".into(),
            emulated: false,
            inside,
            line: 0,
        };
        let target: Target = "x86_64-apple-darwin".parse().unwrap();
        let request = BTreeMap::from([("bin".to_owned(), bin.to_owned())]);
        let assets = BTreeMap::from([(target, Some(pin))]);
        let locked = Locked { request, assets, ..Locked::default() };
        Lock { sidecars: BTreeMap::from([("tool".to_owned(), locked)]), ..Lock::default() }
    }

    #[test]
    fn what_was_seen_of_the_same_bytes_is_kept_for_the_same_request_only() {
        let binary = Content { sha256: Sha256::of(b"x"), size: 1 };
        let inside = Inside { member: Some("tool".into()), binary, glibc: None, tree: None };
        let before = lock("a.zip", "tool", Some(inside));
        for (asset, bin, kept) in
            [("a.zip", "tool", true), ("b.zip", "tool", false), ("a.zip", "other", false)]
        {
            let mut after = lock(asset, bin, None);
            keep_seen(&before, &mut after);
            let kept_now = after.sidecars["tool"].assets.values().flatten().all(|pin| pin.inside.is_some());
            assert_eq!(kept_now, kept, "{asset} {bin}");
        }
    }
}
