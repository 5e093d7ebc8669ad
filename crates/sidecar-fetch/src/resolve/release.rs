//! A release and its assets, as every forge describes them.

use semver::Version;

use super::integrity::Integrity;
use crate::hash::Sha256;

/// A release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    /// The git tag, as it is.
    pub(crate) tag: String,
    /// The version that the tag spells, where it spells one.
    pub(crate) version: Option<Version>,
    /// The version that the source says in a file of its own, for tags that move and sources without tags.
    pub(crate) said: Option<String>,
    /// When it was published, in RFC 3339. Drafts have none.
    pub(crate) published: Option<String>,
    /// The publisher marked it as a pre-release.
    pub(crate) prerelease: bool,
    /// Not published yet; visible to those who may write only.
    pub(crate) draft: bool,
    /// Neither tag nor assets can be changed any more.
    pub(crate) immutable: bool,
    /// The files, in the forge's order, without uploads that did not finish.
    pub(crate) assets: Vec<Asset>,
    /// The page for people.
    pub(crate) html_url: String,
}

/// A file of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asset {
    /// The file name, unique in its release.
    pub(crate) name: String,
    /// Where anyone can download it.
    pub(crate) url: String,
    /// Where one can download it with a token, for private repositories.
    pub(crate) api_url: String,
    /// In bytes, where the source tells it.
    pub(crate) size: Option<u64>,
    /// What the forge computed when the file was uploaded. It proves what is served, not who made it.
    pub(crate) digest: Option<Sha256>,
    /// What an npm registry says of it.
    pub(crate) integrity: Option<Integrity>,
}

impl Release {
    /// The version as it is locked and printed, where there is one besides the tag.
    pub(crate) fn version_said(&self) -> Option<String> {
        self.said.clone().or_else(|| self.version.as_ref().map(ToString::to_string))
    }

    /// The names of the assets, in the order of [`Release::assets`].
    pub(crate) fn names(&self) -> Vec<&str> {
        self.assets.iter().map(|asset| asset.name.as_str()).collect()
    }

    /// The asset of that name. Forges compare without case in URLs, so an exact match goes before one in other case.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let exact = self.assets.iter().position(|asset| asset.name == name);
        exact.or_else(|| self.assets.iter().position(|asset| asset.name.eq_ignore_ascii_case(name)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A release with these assets, published on 2026-10-01.
    pub(crate) fn release(tag: &str, names: &[&str]) -> Release {
        Release {
            tag: tag.to_owned(),
            version: super::super::version::of_tag(tag),
            published: Some("2026-10-01T00:00:00Z".to_owned()),
            said: None,
            prerelease: false,
            draft: false,
            immutable: false,
            assets: names.iter().map(|name| asset(name)).collect(),
            html_url: format!("https://github.com/acme/tool/releases/tag/{tag}"),
        }
    }

    fn asset(name: &str) -> Asset {
        Asset {
            name: name.to_owned(),
            url: format!("https://github.com/acme/tool/releases/download/v1/{name}"),
            size: Some(1),
            ..Asset::default()
        }
    }

    #[test]
    fn an_asset_is_found_by_its_exact_name_first() {
        let release = release("v1", &["Tool.zip", "tool.zip"]);
        assert_eq!(release.position("tool.zip"), Some(1));
        assert_eq!(release.position("TOOL.ZIP"), Some(0));
        assert_eq!(release.position("tool"), None);
        assert_eq!(release.names(), ["Tool.zip", "tool.zip"]);
    }
}
