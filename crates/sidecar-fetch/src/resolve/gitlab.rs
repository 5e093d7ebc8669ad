//! GitLab's releases: on gitlab.com, or on any host that the manifest names.
//!
//! A release there has links rather than files: a label and an address each, without size or hash
//! (<https://docs.gitlab.com/api/releases/>).

use serde::Deserialize;

use super::forge::{self, Forge};
use super::release::{Asset, Release};
use super::repository::{check_secure, percent_encoded};
use super::source::{Page, Source, search};
use super::version::{self, MinimumAge, Request};
use crate::error::Error;
use crate::fetch::get::Transport;

/// Where a project without a host is.
const HOST: &str = "https://gitlab.com";

/// A project on a GitLab server.
pub(crate) struct GitLab<'a>(Forge<'a>);

#[derive(Deserialize)]
struct ReleaseJson {
    tag_name: String,
    released_at: Option<String>,
    #[serde(default)]
    upcoming_release: bool,
    #[serde(default)]
    assets: AssetsJson,
    #[serde(default, rename = "_links")]
    links: LinksJson,
}

#[derive(Deserialize, Default)]
struct AssetsJson {
    #[serde(default)]
    links: Vec<LinkJson>,
}

#[derive(Deserialize)]
struct LinkJson {
    name: String,
    url: String,
    direct_asset_url: Option<String>,
}

#[derive(Deserialize, Default)]
struct LinksJson {
    #[serde(rename = "self")]
    page: Option<String>,
}

impl<'a> GitLab<'a> {
    /// The project that the manifest's value means.
    pub(crate) fn new(transport: &'a dyn Transport, text: &str) -> Result<Self, Error> {
        let (origin, path) = forge::locate(text, HOST)?;
        let api = format!("{origin}/api/v4/projects/{}", percent_encoded(&path));
        let web = format!("{origin}/{path}");
        Ok(Self(Forge { transport, name: "GitLab", path, web, api }))
    }

    fn releases_url(&self) -> String {
        format!("{}/releases?per_page=100", self.0.api)
    }

    fn page(&self, url: &str) -> Result<Page, Error> {
        let answer = self.0.get(url)?.ok_or_else(|| self.0.missing())?;
        let listed: Vec<ReleaseJson> = self.0.parse(&answer.body, url)?;
        let releases = listed.into_iter().map(|json| self.read(json)).collect::<Result<_, _>>()?;
        Ok((releases, forge::next(url, &answer)?))
    }

    fn read(&self, json: ReleaseJson) -> Result<Release, Error> {
        let page = json.links.page.unwrap_or_else(|| format!("{}/-/releases", self.0.web));
        let assets: Vec<Asset> = json.assets.links.into_iter().map(asset).collect::<Result<_, Error>>()?;
        let names = assets.iter().map(|asset| asset.name.as_str());
        forge::check_names(names, &json.tag_name, &page)?;
        Ok(Release {
            version: version::of_tag(&json.tag_name),
            said: None,
            tag: json.tag_name,
            published: json.released_at,
            prerelease: false,
            // Not published yet, only announced.
            draft: json.upcoming_release,
            immutable: false,
            assets,
            html_url: page,
        })
    }
}

/// A link as an asset. Its label is a file name with most publishers; a text for people has spaces or slashes, and then
/// the address ends with the name.
fn asset(link: LinkJson) -> Result<Asset, Error> {
    let url = link.direct_asset_url.unwrap_or(link.url);
    check_secure(&url)?;
    let name = if link.name.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '\\')) {
        super::url::file_name(&url).filter(|name| name != "download").unwrap_or(link.name)
    } else {
        link.name
    };
    Ok(Asset { name, url, ..Asset::default() })
}

impl Source for GitLab<'_> {
    fn project(&self) -> String {
        self.0.path.clone()
    }

    fn find(&self, request: &Request, minimum: Option<MinimumAge>) -> Result<Release, Error> {
        if let Request::Exact(tag) = request {
            let url = format!("{}/releases/{}", self.0.api, percent_encoded(tag));
            if let Some(answer) = self.0.get(&url)? {
                let release = self.read(self.0.parse(&answer.body, &url)?)?;
                return version::pick(&[release], request, minimum).cloned();
            }
            // The same 404 stands for a tag and for a project that is not there; the list tells them apart.
            let (releases, _) = self.page(&self.releases_url())?;
            return Err(
                version::no_tag(tag, &releases).fact("releases", format!("{}/-/releases", self.0.web))
            );
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

    const API: &str = "https://gitlab.com/api/v4/projects/group%2Fsub%2Ftool";

    fn body(tag: &str) -> String {
        format!(
            r#"{{"tag_name":"{tag}","released_at":"2026-01-02T03:04:05.000Z","_links":{{"self":"https://gitlab.com/group/sub/tool/-/releases/{tag}"}},
            "assets":{{"count":3,"sources":[],"links":[
              {{"id":1,"name":"tool-linux-amd64.tar.gz","url":"https://gitlab.com/p/1/download"}},
              {{"id":2,"name":"Windows, 64 bit","url":"https://x.example/a","direct_asset_url":"https://gitlab.com/d/tool%20win.zip"}}]}}}}"#
        )
    }

    #[test]
    fn an_exact_tag_is_asked_for_and_links_become_assets() {
        let table = Table::default().with(&format!("{API}/releases/v1.2"), &body("v1.2"));
        let gitlab = GitLab::new(&table, "group/sub/tool").unwrap();
        let release = gitlab.find(&Request::Exact("v1.2".into()), None).unwrap();
        assert_eq!(release.names(), ["tool-linux-amd64.tar.gz", "tool win.zip"]);
        assert_eq!(release.assets[1].url, "https://gitlab.com/d/tool%20win.zip");
        assert_eq!((release.assets[0].size, release.assets[0].digest), (None, None));
        assert_eq!(release.html_url, "https://gitlab.com/group/sub/tool/-/releases/v1.2");
        assert_eq!(gitlab.project(), "group/sub/tool");
    }

    #[test]
    fn the_list_is_read_page_by_page() {
        let first = format!("{API}/releases?per_page=100");
        let second = format!("{API}/releases?page=2");
        let upcoming = body("v3.0").replace("\"tag_name\"", "\"upcoming_release\":true,\"tag_name\"");
        let table = Table::default()
            .with_next(&first, &format!("[{upcoming},{}]", body("v2.0")), &second)
            .with(&second, &format!("[{}]", body("v1.9")));
        let gitlab = GitLab::new(&table, "group/sub/tool").unwrap();
        let find = |request| gitlab.find(&request, None).map(|release| release.tag);
        assert_eq!(find(Request::Latest(None)).unwrap(), "v2.0");
        assert_eq!(find(Request::Requirement("1".parse().unwrap(), None)).unwrap(), "v1.9");
        assert_eq!(table.asked(), [first.clone(), first, second]);
    }

    #[test]
    fn what_is_not_there_or_not_shown_is_said() {
        let list = format!("{API}/releases?per_page=100");
        let table = Table::default().with(&list, &format!("[{}]", body("v2.0")));
        let gitlab = GitLab::new(&table, "https://gitlab.com/group/sub/tool.git").unwrap();
        let error = gitlab.find(&Request::Exact("2.0".into()), None).unwrap_err();
        assert_eq!((error.kind(), error.help_text()), (Kind::ReleaseNotFound, Some("did you mean `v2.0`?")));
        let gone = Table::default();
        let error = GitLab::new(&gone, "a/b").unwrap().find(&Request::Latest(None), None).unwrap_err();
        assert_eq!(error.kind(), Kind::RepositoryNotFound);
        let closed = Table::default().with_status(&list, 403, "");
        let error = GitLab::new(&closed, "group/sub/tool").unwrap().find(&Request::Latest(None), None);
        assert_eq!(error.unwrap_err().kind(), Kind::Unauthorized);
        let odd = Table::default().with(&list, "{}");
        let error = GitLab::new(&odd, "group/sub/tool").unwrap().find(&Request::Latest(None), None);
        assert_eq!(error.unwrap_err().kind(), Kind::ApiAnswer);
        assert_eq!(
            GitLab::new(&odd, "http://gitlab.example/a/b").err().map(|e| e.kind()),
            Some(Kind::InsecureUrl)
        );
    }

    #[test]
    fn a_link_in_the_clear_and_a_name_with_control_characters_are_refused() {
        for (from, to, kind) in [
            ("https://gitlab.com/p/1", "http://gitlab.com/p/1", Kind::InsecureUrl),
            ("tool-linux-amd64", "tool\\u001b[2K", Kind::ApiAnswer),
        ] {
            let table = Table::default().with(&format!("{API}/releases/v1"), &body("v1").replace(from, to));
            let gitlab = GitLab::new(&table, "group/sub/tool").unwrap();
            assert_eq!(gitlab.find(&Request::Exact("v1".into()), None).unwrap_err().kind(), kind);
        }
    }
}
