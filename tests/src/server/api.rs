//! GitHub's REST API for releases, in the shape of its documentation (version 2022-11-28).

use serde_json::{Value, json};

use super::http::{Answer, Request, percent_encode};
use super::object;
use super::spec::{Asset, Release, Repository};

/// What the API answers with; the state is read only.
pub(super) struct Api<'a> {
    /// `http://127.0.0.1:PORT`
    pub(super) url: &'a str,
    pub(super) repositories: &'a [Repository],
    /// How many API requests were answered so far, for the rate limit headers.
    pub(super) used: u64,
}

impl Api<'_> {
    /// Answers `path`, which is what follows `/api/v3`.
    pub(super) fn answer(&self, path: &str, request: &Request) -> Answer {
        // GitHub's limits: 60 an hour without a token, 5,000 with one. They are told here, not enforced.
        let limit: u64 = if request.bearer().is_some() { 5_000 } else { 60 };
        let remaining = limit.saturating_sub(self.used);
        let answer = if path == "/rate_limit" {
            self.rate_limit(limit, remaining)
        } else {
            self.route(path, request).unwrap_or_else(not_found)
        };
        answer
            .with("x-ratelimit-limit", limit.to_string())
            .with("x-ratelimit-remaining", remaining.to_string())
            .with("x-ratelimit-used", self.used.to_string())
            .with("x-ratelimit-reset", super::in_an_hour().to_string())
            .with("x-ratelimit-resource", "core")
            .with("x-github-api-version-selected", "2022-11-28")
    }

    fn rate_limit(&self, limit: u64, remaining: u64) -> Answer {
        let reset = super::in_an_hour();
        let rate = json!({ "limit": limit, "used": self.used, "remaining": remaining, "reset": reset });
        json_answer(&json!({ "resources": { "core": rate.clone() }, "rate": rate }))
    }

    fn route(&self, path: &str, request: &Request) -> Option<Answer> {
        let mut parts = path.strip_prefix("/repos/")?.splitn(3, '/');
        let name = format!("{}/{}", parts.next()?, parts.next()?);
        let repository = find(self.repositories, &name, request)?;
        let rest = parts.next().unwrap_or("");
        let drafts = request.bearer().is_some();
        let one = |release: &Release| json_answer(&self.release(&repository.name, release));
        match rest {
            "" => Some(json_answer(&self.repository(repository))),
            "releases" => Some(self.page(repository, request)),
            "releases/latest" => {
                let latest = repository.listed(false).into_iter().find(|r| !r.spec.prerelease);
                latest.map(one)
            }
            _ => {
                if let Some(tag) = rest.strip_prefix("releases/tags/") {
                    let tagged = repository.listed(false).into_iter().find(|r| r.spec.tag == tag);
                    return tagged.map(one);
                }
                if let Some(id) = rest.strip_prefix("releases/assets/") {
                    return self.asset_by_id(repository, id.parse().ok()?, request);
                }
                let id: u64 = rest.strip_prefix("releases/")?.parse().ok()?;
                repository.listed(drafts).into_iter().find(|r| r.id == id).map(one)
            }
        }
    }

    /// One page of releases, with the `Link` header that leads to the others.
    fn page(&self, repository: &Repository, request: &Request) -> Answer {
        let number = |name: &str| request.parameter(name).and_then(|n| n.parse::<usize>().ok());
        let per_page = number("per_page").unwrap_or(30).clamp(1, 100);
        let page = number("page").unwrap_or(1).max(1);
        let releases = repository.listed(request.bearer().is_some());
        let last = releases.len().div_ceil(per_page).max(1);
        let shown = releases.into_iter().skip((page - 1) * per_page).take(per_page);
        let shown: Vec<Value> = shown.map(|release| self.release(&repository.name, release)).collect();
        let link = |page: usize, rel: &str| {
            let base = format!("{}{}/repos/{}/releases", self.url, super::API, repository.name);
            format!("<{base}?per_page={per_page}&page={page}>; rel=\"{rel}\"")
        };
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < last {
            links.extend([link(page + 1, "next"), link(last, "last")]);
        }
        let answer = json_answer(&shown.into());
        if links.is_empty() { answer } else { answer.with("link", links.join(", ")) }
    }

    /// An asset's description, or with `Accept: application/octet-stream` the way to its bytes.
    fn asset_by_id(&self, repository: &Repository, id: u64, request: &Request) -> Option<Answer> {
        let releases = repository.listed(request.bearer().is_some());
        let asset = releases.into_iter().find_map(|r| {
            let asset = r.assets.iter().find(|asset| asset.id == id)?;
            Some((r, asset))
        });
        let (release, asset) = asset?;
        if request.header("accept").is_some_and(|accept| accept.contains("application/octet-stream")) {
            return Some(Answer::redirect(object::url(self.url, asset)));
        }
        Some(json_answer(&self.asset(&repository.name, release, asset)))
    }

    fn repository(&self, repository: &Repository) -> Value {
        let (owner, name) = repository.name.split_once('/').unwrap_or_default();
        json!({
            "id": 1,
            "name": name,
            "full_name": repository.name,
            "private": repository.token.is_some(),
            "owner": { "login": owner, "type": "Organization" },
            "html_url": format!("{}/{}", self.url, repository.name),
            "url": self.api(&repository.name, ""),
            "default_branch": "main",
            "archived": false,
        })
    }

    fn release(&self, name: &str, release: &Release) -> Value {
        let spec = &release.spec;
        let assets: Vec<_> = release.assets.iter().map(|asset| self.asset(name, release, asset)).collect();
        let own = format!("/releases/{}", release.id);
        json!({
            "url": self.api(name, &own),
            "assets_url": self.api(name, &format!("{own}/assets")),
            "html_url": format!("{}/{name}/releases/tag/{}", self.url, percent_encode(&spec.tag)),
            "id": release.id,
            "tag_name": spec.tag,
            "target_commitish": "main",
            "name": spec.tag,
            "draft": spec.draft,
            "immutable": spec.immutable,
            "prerelease": spec.prerelease,
            "created_at": release.published_at,
            "updated_at": release.published_at,
            "published_at": if spec.draft { Value::Null } else { release.published_at.as_str().into() },
            "author": author(),
            "tarball_url": self.api(name, &format!("/tarball/{}", spec.tag)),
            "zipball_url": self.api(name, &format!("/zipball/{}", spec.tag)),
            "body": "",
            "assets": assets,
        })
    }

    fn asset(&self, name: &str, release: &Release, asset: &Asset) -> Value {
        let digest = asset.digest.then(|| format!("sha256:{}", asset.sha256));
        json!({
            "url": self.api(name, &format!("/releases/assets/{}", asset.id)),
            "id": asset.id,
            "name": asset.name,
            "label": "",
            "uploader": author(),
            "content_type": object::content_type(&asset.name),
            "state": "uploaded",
            "size": asset.content.length(),
            "digest": digest,
            "download_count": 0,
            "created_at": release.published_at,
            "updated_at": release.published_at,
            "browser_download_url": format!(
                "{}/{name}/releases/download/{}/{}",
                self.url,
                percent_encode(&release.spec.tag),
                percent_encode(&asset.name),
            ),
        })
    }

    fn api(&self, name: &str, rest: &str) -> String {
        format!("{}{}/repos/{name}{rest}", self.url, super::API)
    }
}

/// The repository, where the request may see it. GitHub's names are not case sensitive.
pub(super) fn find<'a>(all: &'a [Repository], name: &str, request: &Request) -> Option<&'a Repository> {
    let found = all.iter().find(|repository| repository.name.eq_ignore_ascii_case(name))?;
    (found.token.is_none() || found.token.as_deref() == request.bearer()).then_some(found)
}

fn author() -> Value {
    json!({ "login": "releaser", "id": 1, "type": "User", "site_admin": false })
}

pub(super) fn json_answer(value: &Value) -> Answer {
    Answer::new(200, "application/json; charset=utf-8", value.to_string())
}

/// GitHub's 404, which is also its answer to those who may not see what there is.
pub(super) fn not_found() -> Answer {
    let body = json!({
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest/releases/releases#get-a-release",
        "status": "404",
    });
    Answer { status: 404, ..json_answer(&body) }
}

/// GitHub's 403 for a quota that is used up until `reset` (seconds since 1970).
pub(super) fn rate_limited(reset: u64) -> Answer {
    let body = json!({
        "message": "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a \
                    higher rate limit. Check out the documentation for more details.)",
        "documentation_url": "https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting",
    });
    Answer { status: 403, ..json_answer(&body) }
        .with("x-ratelimit-limit", "60")
        .with("x-ratelimit-remaining", "0")
        .with("x-ratelimit-used", "60")
        .with("x-ratelimit-reset", reset.to_string())
        .with("x-ratelimit-resource", "core")
}
