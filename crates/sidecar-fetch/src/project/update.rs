//! What a new lock changes against the one before, target by target, and which of that is refused.

use std::collections::BTreeSet;

use super::Project;
use super::locking::{LockedAsset, Relock};
use crate::error::{Error, Kind, some_of};
use crate::fetch::LOCAL;
use crate::lock::{Lock, Locked, Pin};
use crate::manifest::{Manifest, Sidecar, Source, Wanted};
use crate::resolve::version::MinimumAge;
use crate::target::Target;

/// The provenance of a pin that nobody vouched for.
pub(super) const DOWNLOAD: &str = "download";
/// What the provenance of an imported pin begins with, where nobody published a checksum.
pub(super) const IMPORT: &str = "import:";

/// What became of a sidecar's asset for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetChange {
    /// The target triple.
    pub target: String,
    /// What was locked before; `None`: the target is gained.
    pub from: Option<LockedAsset>,
    /// What is locked now; `None`: the target is lost, or not asked for any more.
    pub to: Option<LockedAsset>,
}

impl AssetChange {
    /// The glibc versions that were and are needed, where the new one is higher. One that was not known, or not needed,
    /// is `None`.
    pub fn glibc_raised(&self) -> Option<(Option<&str>, &str)> {
        let (from, to) = (self.from.as_ref()?, self.to.as_ref()?);
        let (old, new) = (from.glibc.as_deref(), to.glibc.as_deref()?);
        (old.map(numbers) < Some(numbers(new))).then_some((old, new))
    }

    /// Whether somebody vouched for the asset before, and nobody does now.
    pub fn is_proof_lost(&self) -> bool {
        let proven = |asset: &Option<LockedAsset>| asset.as_ref().map(|asset| is_proof(&asset.provenance));
        proven(&self.from) == Some(true) && proven(&self.to) == Some(false)
    }
}

/// The targets whose pin differs between two locks of one sidecar; none where it is new or gone.
pub(super) fn changes(before: Option<&Locked>, after: Option<&Locked>) -> Vec<AssetChange> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let targets: BTreeSet<&Target> = before.assets.keys().chain(after.assets.keys()).collect();
    let change = |target: &Target| {
        let (from, to) = (pin(before, target), pin(after, target));
        let same = match (from, to) {
            (Some(from), Some(to)) => from.clone().without_line() == to.clone().without_line(),
            (from, to) => from.is_none() && to.is_none(),
        };
        let asset = |pin: Option<&Pin>| pin.map(|pin| LockedAsset::of(target, pin));
        (!same).then(|| AssetChange { target: target.to_string(), from: asset(from), to: asset(to) })
    };
    targets.into_iter().filter_map(change).collect()
}

/// The bytes that were proven are proven still: where the same bytes are pinned again, and nobody vouches for them now,
/// what vouched for them before does.
pub(super) fn keep_proofs(before: &Lock, after: &mut Lock) {
    for (name, locked) in &mut after.sidecars {
        let Some(before) = before.sidecars.get(name) else { continue };
        for (target, new) in &mut locked.assets {
            if let (Some(old), Some(new)) = (pin(before, target), new)
                && old.sha256 == new.sha256
                && is_proof(&old.provenance)
                && !is_proof(&new.provenance)
            {
                new.provenance.clone_from(&old.provenance);
            }
        }
    }
}

impl Project<'_> {
    /// How old a release must be: by the command line, otherwise by the manifest.
    pub(super) fn oldest_allowed(&self, manifest: &Manifest) -> Option<MinimumAge> {
        let age = self.minimum_age.or(manifest.settings.minimum_age).filter(|age| !age.is_zero())?;
        Some(MinimumAge { age, now: jiff::Timestamp::now() })
    }

    /// The sidecar and the tag that [`Relock::Precise`] means.
    pub(super) fn precise<'w>(
        &self,
        manifest: &Manifest,
        which: &'w Relock,
    ) -> Result<Option<(&'w str, String)>, Error> {
        let Relock::Precise { name, version } = which else { return Ok(None) };
        let sidecar = manifest.sidecar(name)?;
        if !sidecar.source.lists_releases() {
            let key = sidecar.source.key();
            return Err(Error::new(Kind::Usage, format!("`{key}` has no list of versions to choose from"))
                .fact("at", &sidecar.at)
                .help(format!("write `version = \"{version}\"` into the manifest"))
                .of_sidecar(name, None));
        }
        self.need_source(sidecar, "updating")?;
        let find = |wanted| {
            let exactly = Sidecar { wanted, ..sidecar.clone() };
            self.release_of_age(manifest, &exactly, None, self.oldest_allowed(manifest))
        };
        let by_tag = || find(Wanted::Tag(version.clone()));
        let found =
            match semver::Version::parse(version).ok().and_then(|_| format!("={version}").parse().ok()) {
                Some(exact) => find(Wanted::Requirement(exact)).or_else(|error| match error.kind() {
                    // A tag can look like a version and be read as another one.
                    Kind::ReleaseNotFound => by_tag().map_err(|_| error),
                    _ => Err(error),
                }),
                None => by_tag(),
            };
        let release = found.map_err(|e| e.of_sidecar(name, None))?;
        let allowed = match &sidecar.wanted {
            Wanted::Latest => true,
            Wanted::Tag(tag) | Wanted::Version(tag) => *tag == release.tag,
            Wanted::Requirement(requirement) => {
                release.version.as_ref().is_some_and(|version| requirement.matches(version))
            }
        };
        if allowed {
            return Ok(Some((name, release.tag)));
        }
        let request = sidecar.request();
        let asked = ["version", "tag"].into_iter().find_map(|key| Some((key, request.get(key)?)));
        let asked = asked.map(|(key, value)| format!("{key} = \"{value}\"")).unwrap_or_default();
        Err(Error::new(
            Kind::ReleaseNotFound,
            format!("release `{}` is not one that the manifest asks for", release.tag),
        )
        .fact("manifest", format!("{asked}, at {}", sidecar.at))
        .help("let the manifest ask for it first: change `version` or `tag`, then run `cargo sidecar lock`")
        .of_sidecar(name, None))
    }

    /// Refuses a lock that silently loses proofs, and warns of what else got worse.
    pub(super) fn judge(&self, before: &Lock, after: &Lock) -> Result<(), Error> {
        for (name, new) in &after.sidecars {
            let Some(old) = before.sidecars.get(name) else { continue };
            let changes = changes(Some(old), Some(new));
            let lost: Vec<&AssetChange> = changes.iter().filter(|change| change.is_proof_lost()).collect();
            if !lost.is_empty() && is_same_source(old, new) && !self.allow_proof_loss {
                return Err(proof_lost(name, new, &lost));
            }
            if !lost.is_empty() {
                let targets = lost.iter().map(|change| change.target.as_str());
                self.warn(&format!(
                    "sidecar `{name}` {}: nothing vouches for what is pinned for {}; it was published with checksums before",
                    new.version_text(),
                    some_of(targets)
                ));
            }
            for change in &changes {
                for warning in worse(change, old, new) {
                    self.warn(&format!("sidecar `{name}` {}: {warning}", new.version_text()));
                }
            }
        }
        Ok(())
    }
}

/// What a user should know of a change that is allowed.
fn worse(change: &AssetChange, old: &Locked, new: &Locked) -> Vec<String> {
    let mut out = Vec::new();
    let target = &change.target;
    if let Some((from, to)) = change.glibc_raised() {
        let before =
            from.map_or("none was needed".to_owned(), |from| format!("{} needed {from}", old.version_text()));
        out.push(format!("needs glibc {to} on {target}, {before}; it does not start on older systems"));
    }
    let is_asked = new.assets.keys().any(|asked| asked.as_str() == target);
    match (&change.from, &change.to) {
        (Some(from), None) if is_asked => {
            out.push(format!(
                "the release has nothing for {target} any more; {} had {}",
                old.version_text(),
                from.name
            ));
        }
        (Some(from), Some(to)) if old.tag == new.tag && from.name == to.name && from.sha256 != to.sha256 => {
            // One's own file is expected to change.
            let is_own =
                new.assets.values().flatten().any(|pin| pin.asset == to.name && pin.url.starts_with(LOCAL));
            if !is_own {
                out.push(format!(
                    "the publisher replaced {} after it was locked, under the same tag",
                    to.name
                ));
            }
        }
        _ => {}
    }
    out
}

fn proof_lost(name: &str, new: &Locked, lost: &[&AssetChange]) -> Error {
    let before = lost.iter().filter_map(|change| change.from.as_ref());
    let sources: BTreeSet<&str> = before.map(|asset| asset.provenance.as_str()).collect();
    Error::new(Kind::ProofLost, "nothing vouches for the new assets, and something did for those before")
        .fact("targets", some_of(lost.iter().map(|change| change.target.as_str())))
        .fact("before", some_of(sources))
        .fact("now", "download: the bytes would be taken at their word")
        .help(format!(
            "ask the publisher for checksums; if you trust the files without: `cargo sidecar update {name} \
             --allow-proof-loss`"
        ))
        .of_sidecar(name, Some(new.version_text()))
}

/// Whether what was published by one publisher is compared with what the same one publishes. A person who writes another
/// source into the manifest has chosen whom to trust.
fn is_same_source(old: &Locked, new: &Locked) -> bool {
    let source = |locked: &Locked| -> Vec<(String, String)> {
        let keys = locked.request.iter().filter(|(key, _)| Source::owns(key));
        keys.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    source(old) == source(new)
}

/// Whether a provenance names something that was published; an import repeats what somebody else downloaded once.
fn is_proof(provenance: &str) -> bool {
    provenance != DOWNLOAD && !provenance.starts_with(IMPORT)
}

fn pin<'l>(locked: &'l Locked, target: &Target) -> Option<&'l Pin> {
    locked.assets.get(target)?.as_ref()
}

/// The numbers of `2.31`, to compare.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(provenance: &str, glibc: Option<&str>) -> LockedAsset {
        LockedAsset {
            emulated: false,
            target: "x86_64-unknown-linux-gnu".into(),
            name: "tool.zip".into(),
            size: 1,
            provenance: provenance.into(),
            sha256: "00".into(),
            glibc: glibc.map(str::to_owned),
            reason: String::new(),
        }
    }

    fn change(from: Option<LockedAsset>, to: Option<LockedAsset>) -> AssetChange {
        AssetChange { target: "x86_64-unknown-linux-gnu".into(), from, to }
    }

    #[test]
    fn a_glibc_floor_is_compared_as_numbers() {
        let raised = |from: Option<&str>, to: Option<&str>| {
            let change = change(Some(asset("download", from)), Some(asset("download", to)));
            change.glibc_raised().map(|(from, to)| (from.map(str::to_owned), to.to_owned()))
        };
        assert_eq!(raised(Some("2.17"), Some("2.31")), Some((Some("2.17".into()), "2.31".into())));
        assert_eq!(raised(Some("2.9"), Some("2.17")).unwrap().1, "2.17");
        assert_eq!(raised(None, Some("2.17")), Some((None, "2.17".into())));
        for (from, to) in
            [(Some("2.31"), Some("2.9")), (Some("2.31"), Some("2.31")), (Some("2.31"), None), (None, None)]
        {
            assert_eq!(raised(from, to), None, "{from:?} {to:?}");
        }
    }

    #[test]
    fn a_proof_is_lost_where_something_published_becomes_a_download() {
        let lost =
            |from: &str, to: &str| change(Some(asset(from, None)), Some(asset(to, None))).is_proof_lost();
        assert!(lost("github-digest", "download") && lost("SHA256SUMS", "download"));
        assert!(!lost("download", "download") && !lost("download", "github-digest"));
        assert!(!lost("import:mise.lock", "download") && !lost("github-digest", "SHA256SUMS"));
        assert!(!change(Some(asset("github-digest", None)), None).is_proof_lost());
        assert!(!change(None, Some(asset("download", None))).is_proof_lost());
    }

    fn locked(request: &[(&str, &str)], provenance: &str, sha256: &[u8]) -> Lock {
        let sha256 = crate::hash::Sha256::of(sha256);
        let pin = Pin {
            emulated: false,
            asset: "tool".into(),
            url: "https://example.com/tool".into(),
            api_url: None,
            size: 1,
            sha256,
            provenance: provenance.into(),
            inside: None,
            line: 3,
        };
        let target: Target = "x86_64-unknown-linux-gnu".parse().unwrap();
        let request = request.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let locked = Locked { request, assets: [(target, Some(pin))].into(), ..Locked::default() };
        Lock { sidecars: [("tool".to_owned(), locked)].into(), ..Lock::default() }
    }

    #[test]
    fn the_same_bytes_keep_their_proof() {
        let before = locked(&[], "github-digest", b"a");
        for (bytes, kept) in [(b"a", "github-digest"), (b"b", "download")] {
            let mut after = locked(&[], "download", bytes);
            keep_proofs(&before, &mut after);
            let found = changes(before.sidecars.get("tool"), after.sidecars.get("tool"));
            let now = after.sidecars["tool"].assets.values().next().unwrap().as_ref().unwrap();
            assert_eq!((now.provenance.as_str(), found.is_empty()), (kept, kept == "github-digest"));
        }
    }

    #[test]
    fn another_source_is_another_publisher() {
        let of = |request: &[(&str, &str)]| locked(request, "download", b"a").sidecars["tool"].clone();
        let old = of(&[("github", "a/b"), ("version", "^1")]);
        assert!(is_same_source(
            &old,
            &of(&[("github", "a/b"), ("tag", "v2"), ("asset.cfg(unix)", "x"), ("bin", "y")])
        ));
        assert!(!is_same_source(&old, &of(&[("github", "a/c"), ("version", "^1")])));
        assert!(!is_same_source(&old, &of(&[("gitlab", "a/b"), ("version", "^1")])));
    }
}
