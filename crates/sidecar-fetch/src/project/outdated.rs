//! `outdated`: which newer releases there are, allowed by the manifest and at all.

use semver::Version;

use super::Project;
use crate::error::{Error, Kind};
use crate::lock::Locked;
use crate::manifest::{Manifest, Sidecar, Wanted};
use crate::progress::Event;
use crate::resolve::release::Release;
use crate::resolve::version::{MinimumAge, of_tag, span};

/// What `outdated` found about one sidecar. Versions are tags where these name no version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutdatedRow {
    /// The sidecar.
    pub sidecar: String,
    /// What is locked; `None`: nothing yet.
    pub locked: Option<String>,
    /// The newest release that the manifest allows, which `update` would lock; `None`: all of them are too young.
    pub allowed: Option<String>,
    /// The newest release at all; `None`: the tags of the source name no versions, or all of them are too young.
    pub latest: Option<String>,
    /// A newer release that is younger than `minimum-age`.
    pub held_back: Option<HeldBack>,
    /// Whether something newer than what is locked can be taken, or nothing is locked.
    pub is_outdated: bool,
}

/// A release that is too young.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// Its version, or tag where that names no version.
    pub version: String,
    /// When it was published, RFC 3339.
    pub published: Option<String>,
    /// How long ago that is, for people: `5 h 12 min`.
    pub age: String,
    /// The age that it needs, for people: `3 d`.
    pub minimum_age: String,
}

/// The newest release of a request, and a newer one that is too young.
#[derive(Debug, Default)]
struct Newest {
    found: Option<Named>,
    held_back: Option<(Named, HeldBack)>,
}

/// A release, as it is compared and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    tag: String,
    version: Option<Version>,
}

impl Named {
    fn text(&self) -> String {
        self.version.as_ref().map_or_else(|| self.tag.clone(), ToString::to_string)
    }

    /// Whether this is newer than what is locked; what names no version is neither newer nor older.
    fn is_newer(&self, locked: &Self) -> bool {
        matches!((&self.version, &locked.version), (Some(new), Some(old)) if new > old)
    }
}

impl From<&Release> for Named {
    fn from(release: &Release) -> Self {
        Self { tag: release.tag.clone(), version: release.version.clone() }
    }
}

impl From<&Locked> for Named {
    fn from(locked: &Locked) -> Self {
        let version = locked.version.as_deref().and_then(|version| Version::parse(version).ok());
        Self { tag: locked.tag.clone(), version }
    }
}

impl Project<'_> {
    /// Asks which releases are newer than what is locked: for these sidecars, or for all where none is named. Nothing is
    /// downloaded or written.
    ///
    /// # Errors
    /// [`Kind::UnknownSidecar`](crate::Kind::UnknownSidecar), [`Kind::Offline`](crate::Kind::Offline), and what keeps a
    /// source from answering.
    pub fn outdated(&self, names: &[String]) -> Result<Vec<OutdatedRow>, Error> {
        let manifest = self.manifest()?;
        let chosen: Vec<&Sidecar> =
            names.iter().map(|name| manifest.sidecar(name)).collect::<Result<_, _>>()?;
        let sidecars = if chosen.is_empty() { manifest.sidecars.values().collect() } else { chosen };
        let lock = super::lock_as_is(&manifest)?;
        let mut rows = Vec::new();
        for sidecar in sidecars {
            self.need_source(sidecar, "looking for newer releases of")?;
            self.reporter.event(&Event::Step { verb: "Checking", what: &sidecar.name });
            let locked = lock.sidecars.get(&sidecar.name).map(Named::from);
            let asked = self.newest_two(&manifest, sidecar);
            let (allowed, latest) = asked.map_err(|e| e.of_sidecar(&sidecar.name, None))?;
            rows.push(row(sidecar, locked, allowed, latest));
        }
        Ok(rows)
    }

    /// The newest release that the manifest allows, and the newest at all.
    fn newest_two(&self, manifest: &Manifest, sidecar: &Sidecar) -> Result<(Newest, Newest), Error> {
        let minimum = self.oldest_allowed(manifest);
        let allowed = match &sidecar.wanted {
            // One release is asked for, whatever else there is.
            Wanted::Tag(tag) | Wanted::Version(tag) => {
                let found = Some(Named { tag: tag.clone(), version: of_tag(tag) });
                Newest { found, held_back: None }
            }
            _ => self.newest_within(manifest, sidecar, minimum)?,
        };
        if !sidecar.source.lists_releases() && sidecar.wanted != Wanted::Latest {
            return Ok((allowed, Newest::default()));
        }
        if sidecar.wanted == Wanted::Latest {
            let latest = Newest { found: allowed.found.clone(), held_back: None };
            return Ok((allowed, latest));
        }
        let any = Sidecar { wanted: Wanted::Latest, ..sidecar.clone() };
        let latest = match self.newest_within(manifest, &any, minimum) {
            Ok(latest) => latest,
            // Tags that are no versions, and those of several programs, have no newest one.
            Err(error) if error.kind() == Kind::ReleaseNotFound => Newest::default(),
            Err(error) => return Err(error),
        };
        Ok((allowed, latest))
    }

    fn newest_within(
        &self,
        manifest: &Manifest,
        sidecar: &Sidecar,
        minimum: Option<MinimumAge>,
    ) -> Result<Newest, Error> {
        let newest = self.release_of_age(manifest, sidecar, None, None)?;
        let Some(minimum) = minimum.filter(|minimum| !minimum.allows(&newest)) else {
            return Ok(Newest { found: Some(Named::from(&newest)), held_back: None });
        };
        let named = Named::from(&newest);
        let held_back = HeldBack {
            version: named.text(),
            age: minimum.age_of(&newest).map_or_else(|| "of an unknown age".to_owned(), span),
            published: newest.published,
            minimum_age: span(minimum.age),
        };
        let found = match self.release_of_age(manifest, sidecar, None, Some(minimum)) {
            Ok(older) => Some(Named::from(&older)),
            Err(error) if error.kind() == Kind::ReleaseTooYoung => None,
            Err(error) => return Err(error),
        };
        Ok(Newest { found, held_back: Some((named, held_back)) })
    }
}

fn row(sidecar: &Sidecar, locked: Option<Named>, allowed: Newest, latest: Newest) -> OutdatedRow {
    let is_newer = |named: &Named| locked.as_ref().is_none_or(|locked| named.is_newer(locked));
    let is_outdated = [&allowed.found, &latest.found].into_iter().flatten().any(is_newer);
    let held_back =
        [allowed.held_back, latest.held_back].into_iter().flatten().find(|(named, _)| is_newer(named));
    let text = |named: Option<Named>| named.as_ref().map(Named::text);
    OutdatedRow {
        sidecar: sidecar.name.clone(),
        allowed: text(allowed.found),
        latest: text(latest.found),
        held_back: held_back.map(|(_, held_back)| held_back),
        is_outdated,
        locked: text(locked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(tag: &str) -> Named {
        Named { tag: tag.to_owned(), version: of_tag(tag) }
    }

    #[test]
    fn newer_is_a_matter_of_versions() {
        for (new, old, newer) in [
            ("v1.10.0", "v1.9.0", true),
            ("v1.9.0", "v1.9.0", false),
            ("v1.8.0", "v1.9.0", false),
            ("v2.0.0", "nightly", false),
            ("nightly", "v1.0.0", false),
            ("b6901", "b6900", true),
        ] {
            assert_eq!(named(new).is_newer(&named(old)), newer, "{new} {old}");
        }
    }
}
