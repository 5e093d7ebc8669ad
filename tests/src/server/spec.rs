//! What is published: repositories, releases, assets.

use super::content::Content;

/// A release to publish.
///
/// Without further calls it is published, neither draft nor prerelease, mutable, a minute after the one before it, and
/// its assets carry a digest.
#[derive(Debug, Clone)]
pub struct ReleaseSpec {
    pub(super) tag: String,
    pub(super) draft: bool,
    pub(super) prerelease: bool,
    pub(super) immutable: bool,
    pub(super) published_at: Option<String>,
    pub(super) assets: Vec<AssetSpec>,
}

#[derive(Debug, Clone)]
pub(super) struct AssetSpec {
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) digest: bool,
}

impl ReleaseSpec {
    /// A release with this tag and no assets.
    pub fn new(tag: impl Into<String>) -> Self {
        Self {
            tag: tag.into(),
            draft: false,
            prerelease: false,
            immutable: false,
            published_at: None,
            assets: Vec::new(),
        }
    }

    /// Adds an asset.
    #[must_use]
    pub fn asset(self, name: impl Into<String>, content: impl Into<Content>) -> Self {
        self.with_asset(name.into(), content.into(), true)
    }

    /// Adds an asset whose `digest` is null, as GitHub has it for uploads before June 2025.
    #[must_use]
    pub fn asset_without_digest(self, name: impl Into<String>, content: impl Into<Content>) -> Self {
        self.with_asset(name.into(), content.into(), false)
    }

    fn with_asset(mut self, name: String, content: Content, digest: bool) -> Self {
        self.assets.push(AssetSpec { name, content, digest });
        self
    }

    /// Makes it a draft: hidden from requests without a token.
    #[must_use]
    pub fn draft(mut self) -> Self {
        self.draft = true;
        self
    }

    /// Makes it a prerelease: never `latest`.
    #[must_use]
    pub fn prerelease(mut self) -> Self {
        self.prerelease = true;
        self
    }

    /// Makes it immutable, which the API tells.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Sets the time of publication, such as `2026-01-02T03:04:05Z`.
    #[must_use]
    pub fn published_at(mut self, time: impl Into<String>) -> Self {
        self.published_at = Some(time.into());
        self
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether it is a prerelease.
    pub(super) fn is_prerelease(&self) -> bool {
        self.prerelease
    }

    /// The names of the assets with their content, in the order in which they were added.
    pub fn assets(&self) -> impl Iterator<Item = (&str, &Content)> {
        self.assets.iter().map(|asset| (asset.name.as_str(), &asset.content))
    }
}

/// A repository with its releases, in the order in which they were published.
#[derive(Debug, Default)]
pub(super) struct Repository {
    /// `owner/name`.
    pub(super) name: String,
    /// The token that a private repository wants.
    pub(super) token: Option<String>,
    pub(super) releases: Vec<Release>,
}

#[derive(Debug)]
pub(super) struct Release {
    pub(super) id: u64,
    pub(super) spec: ReleaseSpec,
    pub(super) published_at: String,
    pub(super) assets: Vec<Asset>,
}

#[derive(Debug)]
pub(super) struct Asset {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) sha256: String,
    pub(super) digest: bool,
}

impl Repository {
    /// The releases as the API lists them: newest first, drafts only for those who may see them.
    pub(super) fn listed(&self, with_drafts: bool) -> Vec<&Release> {
        let mut out: Vec<_> = self.releases.iter().filter(|r| with_drafts || !r.spec.draft).collect();
        out.sort_by(|a, b| (&b.published_at, b.id).cmp(&(&a.published_at, a.id)));
        out
    }
}
