//! Which release, and which of its assets for each target.

use super::{Project, Wanted};
use crate::error::{Error, Kind};
use crate::lock::Locked;
use crate::manifest::{self, Manifest, Sidecar};
use crate::resolve::checksum::{self, Checksums, Evidence};
use crate::resolve::choose::Query;
use crate::resolve::dist_manifest::{self, DistManifest};
use crate::resolve::github::{GitHub, Token};
use crate::resolve::pick::pick;
use crate::resolve::release::{Asset, Release};
use crate::resolve::repository::Repository;
use crate::resolve::version::{MinimumAge, Request};
use crate::target::Target;
use crate::template::Values;

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
    pub(super) evidence: Evidence,
    /// Whether it can be downloaded with a token only.
    pub(super) private: bool,
}

impl Project<'_> {
    /// The release that a sidecar is locked to, and a pick for each of its open targets.
    pub(super) fn choose<'a>(
        &self,
        manifest: &Manifest,
        wanted: &Wanted<'a>,
    ) -> Result<(Locked, Vec<Pick<'a>>), Error> {
        let sidecar = wanted.sidecar;
        let (repository, release) = self.release(manifest, sidecar, wanted.tag.as_deref())?;
        let github = GitHub::new(self.network.client(), Token::from_env());
        let private = github.is_private(&repository)?;
        let dist = match release.position(dist_manifest::FILE).map(|i| &release.assets[i]) {
            Some(file) if file.size <= dist_manifest::LIMIT => {
                DistManifest::parse(&github.small_asset(&repository, file, dist_manifest::LIMIT)?)
            }
            _ => None,
        };
        let small = |asset: &Asset| github.small_asset(&repository, asset, checksum::LIMIT);
        let checksums = Checksums::new(&release, dist.as_ref(), &small);
        let full_name = format!("{}/{}", repository.owner, repository.name);
        let locked = Locked {
            request: sidecar.request(),
            tag: release.tag.clone(),
            version: release.version.as_ref().map(ToString::to_string),
            published: release.published.clone(),
            ..Locked::default()
        };
        let version = locked.version_text().to_owned();
        let mut picks = Vec::new();
        for target in &wanted.targets {
            let values = Values { name: &sidecar.name, tag: &release.tag, version: &version, target };
            let overridden = sidecar.asset_for(target).map(|template| template.expand(&values));
            let query =
                Query { target, tool: &sidecar.name, repo: &full_name, tag: &release.tag, emulation: false };
            let (asset, reason) = match pick(&release, dist.as_ref(), &query, overridden.as_deref()) {
                Ok(picked) => {
                    let asset = release.assets[picked.asset].clone();
                    let evidence = checksums.evidence(&asset)?;
                    (Some(Chosen { asset, member: picked.member, evidence, private }), picked.reason)
                }
                // A gap on a target that is only attempted; one that was named by hand is a mistake.
                Err(e)
                    if e.kind() == Kind::AssetNotFound
                        && !manifest.is_mandatory()
                        && overridden.is_none() =>
                {
                    (None, String::new())
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
        self.need_network(&format!("adding sidecar `{}`", sidecar.name))?;
        let (_, release) =
            self.release(manifest, sidecar, None).map_err(|e| e.of_sidecar(&sidecar.name, None))?;
        Ok((release.tag, release.version.map(|v| v.to_string())))
    }

    /// Asks the source. `tag`: the release that is locked already and kept.
    pub(in crate::project) fn release(
        &self,
        manifest: &Manifest,
        sidecar: &Sidecar,
        tag: Option<&str>,
    ) -> Result<(Repository, Release), Error> {
        let api = crate::env::text(crate::env::GITHUB_API);
        let repository = Repository::parse(&sidecar.github, api.as_deref())?;
        let prefix = sidecar.tag_prefix.clone();
        let request = match (tag, &sidecar.wanted) {
            (Some(tag), _) => Request::Exact(tag.to_owned()),
            (None, manifest::Wanted::Tag(tag)) => Request::Exact(tag.clone()),
            (None, manifest::Wanted::Requirement(requirement)) => {
                Request::Requirement(requirement.clone(), prefix)
            }
            (None, manifest::Wanted::Latest) => Request::Latest(prefix),
        };
        let minimum =
            manifest.settings.minimum_age.map(|age| MinimumAge { age, now: jiff::Timestamp::now() });
        let github = GitHub::new(self.network.client(), Token::from_env());
        let release = github.find(&repository, &request, minimum.filter(|_| tag.is_none()))?;
        Ok((repository, release))
    }
}
