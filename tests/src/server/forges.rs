//! The other APIs of the same repositories: GitLab's, Forgejo's and that of an npm registry, in the shape of their
//! documentation.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::api::json_answer;
use super::content::Content;
use super::http::{Answer, Request, percent_encode};
use super::spec::{Release, Repository};

/// What the APIs answer from.
pub(super) struct Forges<'a> {
    /// `http://127.0.0.1:PORT`
    pub(super) url: &'a str,
    pub(super) repositories: &'a [Repository],
    pub(super) packages: &'a BTreeMap<String, Vec<Package>>,
}

/// A version of an npm package.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) version: String,
    pub(super) integrity: Option<String>,
}

/// Where an npm registry's packages are.
pub(super) const NPM: &str = "/npm";

impl Forges<'_> {
    /// The answer to a path of one of the APIs; `None` where it belongs to none of them.
    pub(super) fn answer(&self, request: &Request) -> Option<Answer> {
        let path = request.path.as_str();
        if let Some(rest) = path.strip_prefix("/api/v4/projects/") {
            return Some(self.gitlab(rest, request).unwrap_or_else(|| missing("404 Project Not Found")));
        }
        if let Some(rest) = path.strip_prefix("/api/v1/repos/") {
            return Some(
                self.forgejo(rest, request).unwrap_or_else(|| missing("The target couldn't be found.")),
            );
        }
        let rest = path.strip_prefix(NPM)?.strip_prefix('/')?;
        // Tarballs are files of their own, and so is every other document that is served there.
        self.npm(rest)
    }

    fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|repository| repository.name == name && repository.token.is_none())
    }

    /// `{path}/releases`, `{path}/releases/{tag}`; the project's path is one encoded segment and was decoded.
    fn gitlab(&self, rest: &str, request: &Request) -> Option<Answer> {
        let (name, rest) = rest.split_once("/releases")?;
        let repository = self.repository(name)?;
        let listed = repository.listed(false);
        let json = |release: &Release| self.gitlab_release(name, release);
        if let Some(tag) = rest.strip_prefix('/') {
            return listed
                .into_iter()
                .find(|release| release.spec.tag() == tag)
                .map(|r| json_answer(&json(r)));
        }
        let base = format!("{}/api/v4/projects/{}/releases", self.url, percent_encode(name));
        Some(page(&listed, request, "per_page", &base, &json))
    }

    fn gitlab_release(&self, name: &str, release: &Release) -> Value {
        let tag = percent_encode(release.spec.tag());
        let link = |asset: &super::spec::Asset| {
            let url = format!("{}/{name}/releases/download/{tag}/{}", self.url, percent_encode(&asset.name));
            json!({ "id": asset.id, "name": asset.name, "url": url, "direct_asset_url": url, "link_type": "other" })
        };
        let links: Vec<Value> = release.assets.iter().map(link).collect();
        json!({
            "tag_name": release.spec.tag(),
            "name": release.spec.tag(),
            "description": "",
            "created_at": release.published_at,
            "released_at": release.published_at,
            "upcoming_release": false,
            "assets": { "count": links.len(), "sources": [], "links": links },
            "_links": { "self": format!("{}/{name}/-/releases/{tag}", self.url) },
        })
    }

    /// `{owner}/{name}/releases`, `{owner}/{name}/releases/tags/{tag}`.
    fn forgejo(&self, rest: &str, request: &Request) -> Option<Answer> {
        let (name, rest) = rest.split_once("/releases")?;
        let repository = self.repository(name)?;
        let listed = repository.listed(false);
        let json = |release: &Release| self.forgejo_release(name, release);
        if let Some(tag) = rest.strip_prefix("/tags/") {
            return listed
                .into_iter()
                .find(|release| release.spec.tag() == tag)
                .map(|r| json_answer(&json(r)));
        }
        let base = format!("{}/api/v1/repos/{name}/releases", self.url);
        Some(page(&listed, request, "limit", &base, &json))
    }

    fn forgejo_release(&self, name: &str, release: &Release) -> Value {
        let tag = percent_encode(release.spec.tag());
        let asset = |asset: &super::spec::Asset| {
            json!({
                "id": asset.id,
                "name": asset.name,
                "size": asset.content.length(),
                "download_count": 0,
                "created_at": release.published_at,
                "uuid": format!("00000000-0000-0000-0000-{:012}", asset.id),
                "browser_download_url":
                    format!("{}/{name}/releases/download/{tag}/{}", self.url, percent_encode(&asset.name)),
                "type": "attachment",
            })
        };
        json!({
            "id": release.id,
            "tag_name": release.spec.tag(),
            "html_url": format!("{}/{name}/releases/tag/{tag}", self.url),
            "draft": false,
            "prerelease": release.spec.is_prerelease(),
            "created_at": release.published_at,
            "published_at": release.published_at,
            "assets": release.assets.iter().map(asset).collect::<Vec<_>>(),
        })
    }

    fn npm(&self, name: &str) -> Option<Answer> {
        let versions = self.packages.get(name)?;
        let entry = |package: &Package| {
            let tarball = format!("{}{}", self.url, tarball(name, &package.version));
            let dist =
                json!({ "shasum": "0".repeat(40), "integrity": package.integrity, "tarball": tarball });
            let json = json!({ "name": name, "version": package.version, "dist": dist });
            (package.version.clone(), json)
        };
        let times = versions.iter().enumerate();
        let times = times.map(|(n, package)| {
            (package.version.clone(), format!("2026-01-01T00:{:02}:00.000Z", n % 60).into())
        });
        Some(json_answer(&json!({
            "name": name,
            "dist-tags": { "latest": versions.last().map(|package| &package.version) },
            "versions": versions.iter().map(entry).collect::<serde_json::Map<_, _>>(),
            "time": times.collect::<serde_json::Map<String, Value>>(),
        })))
    }
}

/// The path of a package's file.
pub(super) fn tarball(name: &str, version: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    format!("{NPM}/{name}/-/{file}-{version}.tgz")
}

/// The integrity hash of content, as a registry gives it.
pub(super) fn integrity(content: &Content) -> std::io::Result<String> {
    content.sha512().map(|hash| format!("sha512-{}", STANDARD.encode(hash)))
}

fn missing(message: &str) -> Answer {
    Answer { status: 404, ..json_answer(&json!({ "message": message })) }
}

/// One page of releases, with the `Link` header that leads to the next.
fn page(
    listed: &[&Release],
    request: &Request,
    size_key: &str,
    base: &str,
    json: &dyn Fn(&Release) -> Value,
) -> Answer {
    let number = |name: &str| request.parameter(name).and_then(|n| n.parse::<usize>().ok());
    let (size, page) = (number(size_key).unwrap_or(20).clamp(1, 100), number("page").unwrap_or(1).max(1));
    let shown = listed.iter().skip((page - 1) * size).take(size).map(|release| json(release));
    let answer = json_answer(&shown.collect::<Vec<Value>>().into());
    if page * size >= listed.len() {
        return answer;
    }
    answer.with("link", format!("<{base}?{size_key}={size}&page={}>; rel=\"next\"", page + 1))
}
