//! Which release, and which of its assets for each target.

use super::{Project, Wanted};
use crate::env;
use crate::error::{Error, Kind};
use crate::lock::Locked;
use crate::manifest::{self, Manifest, Sidecar};
use crate::resolve::checksum::{self, Checksums, Evidence};
use crate::resolve::choose::Query;
use crate::resolve::dist_manifest::{self, DistManifest};
use crate::resolve::forgejo::Forgejo;
use crate::resolve::github::{GitHub, OnGitHub, Token};
use crate::resolve::gitlab::GitLab;
use crate::resolve::local::Local;
use crate::resolve::npm::Npm;
use crate::resolve::npmrc::npm_registry;
use crate::resolve::pick::{Picked, pick};
use crate::resolve::release::{Asset, Release};
use crate::resolve::repository::Repository;
use crate::resolve::source::{Offer, Source};
use crate::resolve::url::{Addresses, version_in};
use crate::resolve::version::{MinimumAge, Request};
use crate::target::Target;
use crate::template::Values;

/// The largest asset that is read for a version, in bytes.
const VERSION_FILE: u64 = 1024 * 1024;

/// The asset that was chosen for a target; or none, where the release has nothing for it.
pub(super) struct Pick<'a> {
    pub(super) sidecar: &'a Sidecar,
    pub(super) target: Target,
    pub(super) tag: String,
    pub(super) version: String,
    pub(super) asset: Option<Chosen>,
    pub(super) reason: String,
}

/// A chosen asset and what is known of it before it is downloaded.
pub(super) struct Chosen {
    pub(super) asset: Asset,
    /// The member that the release's own map names.
    pub(super) member: Option<String>,
    /// Whether it is said to be for x86-64, which the target's system translates.
    pub(super) emulated: bool,
    pub(super) evidence: Evidence,
    /// Whether it can be downloaded with a token only.
    pub(super) private: bool,
}

/// What a source has for some targets.
pub(in crate::project) struct Offers {
    /// What [`Source::project`] says.
    pub(in crate::project) project: String,
    pub(in crate::project) release: Release,
    /// In the order of the targets.
    pub(in crate::project) each: Vec<Offer>,
}

/// A release with what was published beside its assets.
struct Found<'a> {
    source: &'a dyn Source,
    release: &'a Release,
    dist: Option<&'a DistManifest>,
    /// Each file of them is read once, for all targets.
    checksums: Checksums<'a>,
    private: bool,
}

impl Found<'_> {
    /// The asset for a target, and why; an error of [`Kind::AssetNotFound`] where there is none.
    fn pick(&self, sidecar: &Sidecar, values: &Values<'_>) -> Result<(Chosen, String), Error> {
        match self.source.offer(self.release, values)? {
            Offer::File { asset, proof, reason } => {
                let evidence = Evidence { proof, ..Evidence::default() };
                Ok((
                    Chosen { asset: *asset, member: None, emulated: false, evidence, private: false },
                    reason,
                ))
            }
            Offer::Nothing(why) => Err(Error::new(
                Kind::AssetNotFound,
                format!("the source has nothing for target `{}`", values.target),
            )
            .fact("reason", why)),
            Offer::Choice => self.pick_among(self.release, &self.checksums, sidecar, values),
            Offer::Among(assets) => {
                let release = Release { assets, ..self.release.clone() };
                let small = |asset: &Asset| self.source.small_asset(asset, checksum::LIMIT);
                self.pick_among(&release, &Checksums::new(&release, None, &small), sidecar, values)
            }
        }
    }

    fn pick_among(
        &self,
        release: &Release,
        checksums: &Checksums<'_>,
        sidecar: &Sidecar,
        values: &Values<'_>,
    ) -> Result<(Chosen, String), Error> {
        let project = self.source.project();
        let overridden = sidecar.asset_for(values.target).map(|template| template.expand(values));
        let query = Query {
            target: values.target,
            tool: &sidecar.name,
            repo: &project,
            tag: &release.tag,
            emulation: sidecar.may_be_emulated(),
        };
        let picked = pick(release, self.dist, &query, overridden.as_deref())?;
        let asset = release.assets[picked.asset].clone();
        let evidence = checksums.evidence(&asset)?;
        let Picked { member, emulated, reason, .. } = picked;
        Ok((Chosen { asset, member, emulated, evidence, private: self.private }, reason))
    }
}

impl Project<'_> {
    /// The release that a sidecar is locked to, and a pick for each of its open targets.
    pub(super) fn choose<'a>(
        &self,
        manifest: &Manifest,
        wanted: &Wanted<'a>,
    ) -> Result<(Locked, Vec<Pick<'a>>), Error> {
        let sidecar = wanted.sidecar;
        let targets = manifest.targets_of(sidecar);
        let registry = |package: &str| npm_registry(self.app(), package);
        let source = self.source(sidecar, &targets, &registry)?;
        let release = find(&*source, sidecar, wanted.tag.as_deref(), self.oldest_allowed(manifest))?;
        let private = source.is_private()?;
        let dist = match release.position(dist_manifest::FILE).map(|i| &release.assets[i]) {
            Some(file) if file.size.is_none_or(|size| size <= dist_manifest::LIMIT) => {
                DistManifest::parse(&source.small_asset(file, dist_manifest::LIMIT)?)
            }
            _ => None,
        };
        let locked = Locked {
            request: sidecar.request(),
            tag: release.tag.clone(),
            version: release.version_said(),
            published: release.published.clone(),
            ..Locked::default()
        };
        let version = locked.version_text().to_owned();
        let small = |asset: &Asset| source.small_asset(asset, checksum::LIMIT);
        let checksums = Checksums::new(&release, dist.as_ref(), &small);
        let found = Found { source: &*source, release: &release, dist: dist.as_ref(), checksums, private };
        let mut picks = Vec::new();
        for target in &wanted.targets {
            let values = Values { name: &sidecar.name, tag: &release.tag, version: &version, target };
            let is_named = sidecar.asset_for(target).is_some();
            let (asset, reason) = match found.pick(sidecar, &values) {
                Ok((chosen, reason)) => (Some(chosen), reason),
                // A gap on a target that is only attempted; one that was named by hand is a mistake.
                Err(e) if e.kind() == Kind::AssetNotFound && !manifest.is_mandatory() && !is_named => {
                    let why = e.facts().find(|(key, _)| *key == "reason").map(|(_, why)| why.to_owned());
                    (None, why.unwrap_or_default())
                }
                Err(e) => {
                    return Err(e.of_sidecar(&sidecar.name, Some(&version)));
                }
            };
            let (tag, version) = (release.tag.clone(), version.clone());
            picks.push(Pick { sidecar, target: target.clone(), tag, version, asset, reason });
        }
        Ok((locked, picks))
    }

    /// The tag, and the version that it names, of the newest release that a sidecar's entry allows.
    pub(in crate::project) fn newest(
        &self,
        manifest: &Manifest,
        sidecar: &Sidecar,
    ) -> Result<(String, Option<String>), Error> {
        self.need_source(sidecar, "adding")?;
        let found = self.release_of_age(manifest, sidecar, None, self.oldest_allowed(manifest));
        let release = found.map_err(|e| e.of_sidecar(&sidecar.name, None))?;
        Ok((release.tag, release.version.map(|v| v.to_string())))
    }

    /// The release of `tag`, or else the one that a sidecar's entry asks for, with a limit of age of the caller's.
    pub(in crate::project) fn release_of_age(
        &self,
        manifest: &Manifest,
        sidecar: &Sidecar,
        tag: Option<&str>,
        minimum: Option<MinimumAge>,
    ) -> Result<Release, Error> {
        let targets = manifest.targets_of(sidecar);
        let registry = |package: &str| npm_registry(self.app(), package);
        let source = self.source(sidecar, &targets, &registry)?;
        find(&*source, sidecar, tag, minimum)
    }

    /// What the source offers for each of `targets`. `tag`: the release that is locked already and kept.
    pub(in crate::project) fn offers(
        &self,
        manifest: &Manifest,
        sidecar: &Sidecar,
        tag: Option<&str>,
        targets: &[Target],
    ) -> Result<Offers, Error> {
        let all = manifest.targets_of(sidecar);
        let registry = |package: &str| npm_registry(self.app(), package);
        let source = self.source(sidecar, &all, &registry)?;
        let release = find(&*source, sidecar, tag, self.oldest_allowed(manifest))?;
        let version = release.version_said().unwrap_or_else(|| release.tag.clone());
        let offer = |target: &Target| {
            let values = Values { name: &sidecar.name, tag: &release.tag, version: &version, target };
            source.offer(&release, &values)
        };
        let each = targets.iter().map(offer).collect::<Result<_, _>>()?;
        Ok(Offers { project: source.project(), each, release })
    }

    /// Refuses to go on where a sidecar's source is on the network, and the network is off.
    pub(in crate::project) fn need_source(&self, sidecar: &Sidecar, doing: &str) -> Result<(), Error> {
        match sidecar.source {
            manifest::Source::Path(_) => Ok(()),
            _ => self.need_network(&format!("{doing} sidecar `{}`", sidecar.name)),
        }
    }

    /// The source that a sidecar's entry names.
    fn source<'s>(
        &'s self,
        sidecar: &'s Sidecar,
        targets: &'s [Target],
        registry: &'s dyn Fn(&str) -> String,
    ) -> Result<Box<dyn Source + 's>, Error> {
        let client = self.network.client();
        let version_from = sidecar.version_from.as_ref();
        Ok(match &sidecar.source {
            manifest::Source::GitHub(text) => {
                let repository = Repository::parse(text, env::text(env::GITHUB_API).as_deref())?;
                Box::new(OnGitHub { github: GitHub::new(client, Token::from_env()), repository })
            }
            manifest::Source::GitLab(text) => Box::new(GitLab::new(client, text)?),
            manifest::Source::Forgejo(text) => Box::new(Forgejo::new(client, text)?),
            manifest::Source::Npm(packages) => {
                Box::new(Npm::new(client, packages, &sidecar.name, targets, registry))
            }
            manifest::Source::Url { addresses, checksums } => {
                Box::new(Addresses::new(client, addresses, checksums.as_ref(), version_from))
            }
            manifest::Source::Path(paths) => {
                Box::new(Local { app: self.app(), paths, version_from, name: &sidecar.name })
            }
        })
    }
}

/// Asks the source. `tag`: the release that is locked already and kept.
fn find(
    source: &dyn Source,
    sidecar: &Sidecar,
    tag: Option<&str>,
    minimum: Option<MinimumAge>,
) -> Result<Release, Error> {
    let prefix = sidecar.tag_prefix.clone();
    let request = match (tag, &sidecar.wanted) {
        (Some(tag), _) => Request::Exact(tag.to_owned()),
        (None, manifest::Wanted::Tag(tag) | manifest::Wanted::Version(tag)) => Request::Exact(tag.clone()),
        (None, manifest::Wanted::Requirement(requirement)) => {
            Request::Requirement(requirement.clone(), prefix)
        }
        (None, manifest::Wanted::Latest) => Request::Latest(prefix),
    };
    let mut release = source.find(&request, minimum.filter(|_| tag.is_none()))?;
    if sidecar.source.is_forge()
        && let Some(from) = &sidecar.version_from
    {
        let name = from.source();
        let at = release.position(name).ok_or_else(|| {
            Error::new(Kind::AssetNotFound, format!("the release has no asset named `{name}`"))
                .fact("release", &release.html_url)
                .fact("assets", crate::error::some_of(release.names()))
                .help("`version-from` names the asset whose text is the version")
        })?;
        let body = source.small_asset(&release.assets[at], VERSION_FILE)?;
        release.said = Some(version_in(&body, None).map_err(|e| e.fact("version-from", name))?);
    }
    Ok(release)
}
