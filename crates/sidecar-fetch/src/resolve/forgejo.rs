//! Releases on Forgejo and Gitea: on Codeberg, or on any host that the manifest names.
//!
//! The API has GitHub's shape, without hashes (<https://codeberg.org/api/swagger>, `repoListReleases`).

use serde::Deserialize;

use super::forge::{self, Forge};
use super::release::{Asset, Release};
use super::repository::{check_secure, percent_encoded};
use super::source::{Page, Source, search};
use super::version::{self, MinimumAge, Request};
use crate::error::Error;
use crate::fetch::get::Transport;

/// Where a repository without a host is.
const HOST: &str = "https://codeberg.org";

/// The most releases a page that servers give in their default configuration (`MAX_RESPONSE_ITEMS`).
const PER_PAGE: usize = 50;

/// A repository on a server of Forgejo or Gitea.
pub(crate) struct Forgejo<'a>(Forge<'a>);

#[derive(Deserialize)]
struct ReleaseJson {
    tag_name: String,
    html_url: String,
    published_at: Option<String>,
    #[serde(default)]
    prerelease: bool,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    assets: Vec<AssetJson>,
}

#[derive(Deserialize)]
struct AssetJson {
    name: String,
    size: u64,
    browser_download_url: String,
}

impl<'a> Forgejo<'a> {
    /// The repository that the manifest's value means.
    pub(crate) fn new(transport: &'a dyn Transport, text: &str) -> Result<Self, Error> {
        let (origin, path) = forge::locate(text, HOST)?;
        let api = format!("{origin}/api/v1/repos/{path}");
        let web = format!("{origin}/{path}");
        Ok(Self(Forge { transport, name: "Forgejo", path, web, api }))
    }

    fn releases_url(&self) -> String {
        format!("{}/releases?limit={PER_PAGE}", self.0.api)
    }

    fn page(&self, url: &str) -> Result<Page, Error> {
        let answer = self.0.get(url)?.ok_or_else(|| self.0.missing())?;
        let listed: Vec<ReleaseJson> = self.0.parse(&answer.body, url)?;
        let releases = listed.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok((releases, forge::next(url, &answer)?))
    }
}

fn read(json: ReleaseJson) -> Result<Release, Error> {
    let names = json.assets.iter().map(|asset| asset.name.as_str());
    forge::check_names(names, &json.tag_name, &json.html_url)?;
    let asset = |asset: AssetJson| {
        check_secure(&asset.browser_download_url)?;
        let (name, url) = (asset.name, asset.browser_download_url);
        Ok(Asset { name, url, size: Some(asset.size), ..Asset::default() })
    };
    Ok(Release {
        version: version::of_tag(&json.tag_name),
        said: None,
        assets: json.assets.into_iter().map(asset).collect::<Result<_, Error>>()?,
        tag: json.tag_name,
        published: json.published_at,
        prerelease: json.prerelease,
        draft: json.draft,
        immutable: false,
        html_url: json.html_url,
    })
}

impl Source for Forgejo<'_> {
    fn project(&self) -> String {
        self.0.path.clone()
    }

    fn find(&self, request: &Request, minimum: Option<MinimumAge>) -> Result<Release, Error> {
        if let Request::Exact(tag) = request {
            let url = format!("{}/releases/tags/{}", self.0.api, percent_encoded(tag));
            if let Some(answer) = self.0.get(&url)? {
                let release = read(self.0.parse(&answer.body, &url)?)?;
                return version::pick(&[release], request, minimum).cloned();
            }
            // The same 404 stands for a tag and for a repository that is not there; the list tells them apart.
            let (releases, _) = self.page(&self.releases_url())?;
            return Err(version::no_tag(tag, &releases).fact("releases", format!("{}/releases", self.0.web)));
        }
        search(self.releases_url(), request, minimum, &|url| self.page(url))
    }

    fn small_asset(&self, asset: &Asset, limit: u64) -> Result<Vec<u8>, Error> {
        self.0.small(asset, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::*;
    use crate::error::Kind;

    const API: &str = "https://codeberg.org/api/v1/repos/o/tool";

    fn body(tag: &str) -> String {
        format!(
            r#"{{"id":1,"tag_name":"{tag}","html_url":"https://codeberg.org/o/tool/releases/tag/{tag}","draft":false,"prerelease":false,
            "published_at":"2026-01-02T03:04:05Z","assets":[{{"id":1,"name":"tool-linux-amd64","size":3,"uuid":"x",
            "browser_download_url":"https://codeberg.org/o/tool/releases/download/{tag}/tool-linux-amd64"}}]}}"#
        )
    }

    #[test]
    fn releases_are_found_by_tag_and_by_version() {
        let list = format!("{API}/releases?limit=50");
        let table = Table::default().with(&format!("{API}/releases/tags/v1%2Fx"), &body("v1/x")).with(
            &list,
            &format!(
                "[{},{}]",
                body("v2.1"),
                body("v2.0").replace("\"prerelease\":false", "\"prerelease\":true")
            ),
        );
        let forgejo = Forgejo::new(&table, "o/tool").unwrap();
        let release = forgejo.find(&Request::Exact("v1/x".into()), None).unwrap();
        assert_eq!((release.names(), release.assets[0].size), (vec!["tool-linux-amd64"], Some(3)));
        assert_eq!(forgejo.find(&Request::Latest(None), None).unwrap().tag, "v2.1");
        let error = forgejo.find(&Request::Exact("2.1".into()), None).unwrap_err();
        assert_eq!((error.kind(), error.help_text()), (Kind::ReleaseNotFound, Some("did you mean `v2.1`?")));
    }

    #[test]
    fn any_host_can_be_named() {
        let table = Table::default();
        let forgejo = Forgejo::new(&table, "https://git.example:8443/team/tool.git").unwrap();
        let error = forgejo.find(&Request::Latest(None), None).unwrap_err();
        assert_eq!(error.kind(), Kind::RepositoryNotFound);
        assert_eq!(table.asked(), ["https://git.example:8443/api/v1/repos/team/tool/releases?limit=50"]);
    }

    #[test]
    fn a_list_that_goes_on_elsewhere_is_refused() {
        let list = format!("{API}/releases?limit=50");
        let table = Table::default().with_next(&list, "[]", "https://evil.example/next");
        let error = Forgejo::new(&table, "o/tool").unwrap().find(&Request::Latest(None), None).unwrap_err();
        assert_eq!(error.kind(), Kind::ApiAnswer);
    }
}
