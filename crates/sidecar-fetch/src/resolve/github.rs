//! Asks a GitHub API for releases.

mod answer;
mod failure;

use std::fmt;

use jiff::Timestamp;
use reqwest::Url;

use super::release::{Asset, Release};
use super::repository::{Repository, shown};
use super::source::{Source, search};
use super::version::{self, MinimumAge, Request};
use crate::env;
use crate::error::{Error, Kind};
use crate::fetch::get::{Answer, Get, Transport};

pub(crate) use answer::Quota;
pub(super) use answer::next_page;
pub(crate) use failure::time_until;

/// GitHub's media type for its JSON.
const JSON: &str = "application/vnd.github+json";
/// What is asked for an asset's bytes: the API would describe the asset otherwise.
const BYTES: &str = "application/octet-stream";
/// The largest answer that is read, in bytes. A page of a hundred releases with thirty assets each has about 7 MB.
const LIMIT: u64 = 64 * 1024 * 1024;

/// A token and the variable that it comes from. Its value is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    variable: &'static str,
    value: String,
}

impl Token {
    /// The token that the environment variable `variable` holds.
    pub(crate) fn new(variable: &'static str, value: impl Into<String>) -> Self {
        Self { variable, value: value.into() }
    }

    /// The token of the environment: `GH_TOKEN`, else `GITHUB_TOKEN`, as the `gh` command reads them.
    pub(crate) fn from_env() -> Option<Self> {
        let read = |variable| Some(Self::new(variable, env::text(variable)?.trim()));
        read(env::GH_TOKEN).or_else(|| read(env::GITHUB_TOKEN))
    }
}

impl Token {
    /// The token itself, for the downloads of private assets.
    pub(crate) fn into_value(self) -> String {
        self.value
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// A GitHub API, as far as releases go.
pub(crate) struct GitHub<'a> {
    transport: &'a dyn Transport,
    token: Option<Token>,
}

impl fmt::Debug for GitHub<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub").field("token", &self.token).finish_non_exhaustive()
    }
}

impl<'a> GitHub<'a> {
    /// An API that is asked over `transport`; `token` is sent to trusted repositories' APIs only.
    pub(crate) fn new(transport: &'a dyn Transport, token: Option<Token>) -> Self {
        Self { transport, token }
    }

    /// The release that answers a request. An exact tag costs one request; everything else reads the list of releases,
    /// newest first, up to the page that brings an answer.
    ///
    /// Fails with [`Kind::RepositoryNotFound`], [`Kind::ReleaseNotFound`] or [`Kind::ReleaseTooYoung`], besides what a
    /// server can do.
    pub(crate) fn find(
        &self,
        repository: &Repository,
        request: &Request,
        minimum: Option<MinimumAge>,
    ) -> Result<Release, Error> {
        let found = match request {
            Request::Exact(tag) => self.by_tag(repository, tag, minimum),
            Request::Requirement(..) | Request::Latest(_) => self.by_version(repository, request, minimum),
        };
        found.map_err(|error| match error.kind() {
            Kind::ReleaseNotFound | Kind::ReleaseTooYoung => {
                error.fact("releases", format!("{}/releases", repository.web))
            }
            _ => error,
        })
    }

    fn by_tag(
        &self,
        repository: &Repository,
        tag: &str,
        minimum: Option<MinimumAge>,
    ) -> Result<Release, Error> {
        let url = repository.tag_url(tag);
        if let Some(answer) = self.get(repository, &url)? {
            let request = Request::Exact(tag.to_owned());
            let release = answer::release(&answer.body, &url)?;
            return version::pick(&[release], &request, minimum).cloned();
        }
        // The same 404 stands for a tag and for a repository that is not there; the list tells them apart.
        let url = repository.releases_url();
        let answer = self.get(repository, &url)?.ok_or_else(|| self.no_repository(repository))?;
        Err(version::no_tag(tag, &answer::releases(&answer.body, &url)?))
    }

    fn by_version(
        &self,
        repository: &Repository,
        request: &Request,
        minimum: Option<MinimumAge>,
    ) -> Result<Release, Error> {
        search(repository.releases_url(), request, minimum, &|url| {
            let answer = self.get(repository, url)?.ok_or_else(|| self.no_repository(repository))?;
            let releases = answer::releases(&answer.body, url)?;
            let next = answer.header("link").and_then(answer::next_page);
            let next = next.map(|next| next_of(url, next).map(str::to_owned)).transpose()?;
            Ok((releases, next))
        })
    }

    /// The contents of a small asset, such as a checksum file. Assets of private repositories are not at their public
    /// address; they are asked for at the API's, with the token.
    pub(crate) fn small_asset(
        &self,
        repository: &Repository,
        asset: &Asset,
        limit: u64,
    ) -> Result<Vec<u8>, Error> {
        let get = |url, bearer| self.transport.get(Get { url, accept: BYTES, bearer, limit });
        let mut answer = get(&asset.url, None)?;
        let mut asked = asset.url.as_str();
        let token = self.token_for(repository).filter(|_| is_same_origin(&repository.api, &asset.api_url));
        if let (404, Some(token)) = (answer.status, token) {
            asked = &asset.api_url;
            answer = get(asked, Some(token.value.as_str()))?;
        }
        match answer.status {
            200 => Ok(answer.body),
            _ => Err(failure::of_status(&answer, asked, token, Timestamp::now())),
        }
    }

    /// Whether the repository's assets can be downloaded with a token only. Without a token it was reached as a public
    /// one, and no request is made.
    pub(crate) fn is_private(&self, repository: &Repository) -> Result<bool, Error> {
        if self.token_for(repository).is_none() {
            return Ok(false);
        }
        let url = repository.url();
        let answer = self.get(repository, &url)?.ok_or_else(|| self.no_repository(repository))?;
        answer::is_private(&answer.body, &url)
    }

    /// What the API at the base URL `api` still allows in this hour; `None` where its server sets no limits. Costs
    /// nothing of it. The caller knows that the token may be sent there.
    pub(crate) fn quota(&self, api: &str) -> Result<Option<Quota>, Error> {
        let url = format!("{api}/rate_limit");
        let bearer = self.token.as_ref().map(|token| token.value.as_str());
        let answer = self.transport.get(Get { url: &url, accept: JSON, bearer, limit: LIMIT })?;
        match answer.status {
            200 => answer::quota(&answer.body, &url).map(Some),
            // An Enterprise server says so where its limits are off; another 404 is no API at all.
            404 if String::from_utf8_lossy(&answer.body).contains("Rate limiting is not enabled") => Ok(None),
            _ => Err(failure::of_status(&answer, &url, self.token.as_ref(), Timestamp::now())),
        }
    }

    /// The answer, or `None` for a 404. Every other failure is an error.
    fn get(&self, repository: &Repository, url: &str) -> Result<Option<Answer>, Error> {
        let token = self.token_for(repository);
        let bearer = token.map(|token| token.value.as_str());
        let answer = self.transport.get(Get { url, accept: JSON, bearer, limit: LIMIT })?;
        match answer.status {
            200 => Ok(Some(answer)),
            404 => Ok(None),
            _ => Err(failure::of_status(&answer, url, token, Timestamp::now())),
        }
    }

    fn token_for(&self, repository: &Repository) -> Option<&Token> {
        self.token.as_ref().filter(|_| repository.trusted)
    }

    fn no_repository(&self, repository: &Repository) -> Error {
        failure::no_repository(repository, self.token_for(repository), self.token.as_ref())
    }
}

/// One repository of a GitHub API, as a source of releases.
#[derive(Debug)]
pub(crate) struct OnGitHub<'a> {
    pub(crate) github: GitHub<'a>,
    pub(crate) repository: Repository,
}

impl Source for OnGitHub<'_> {
    fn project(&self) -> String {
        self.repository.to_string()
    }

    fn find(&self, request: &Request, minimum: Option<MinimumAge>) -> Result<Release, Error> {
        self.github.find(&self.repository, request, minimum)
    }

    fn small_asset(&self, asset: &Asset, limit: u64) -> Result<Vec<u8>, Error> {
        self.github.small_asset(&self.repository, asset, limit)
    }

    fn is_private(&self) -> Result<bool, Error> {
        self.github.is_private(&self.repository)
    }
}

/// The next page, if it is on the same server: the token goes there.
pub(super) fn next_of<'a>(url: &str, next: &'a str) -> Result<&'a str, Error> {
    if is_same_origin(url, next) {
        return Ok(next);
    }
    Err(Error::new(Kind::ApiAnswer, "the API continues its list on another server")
        .fact("url", shown(url))
        .fact("next page", shown(next)))
}

/// Whether two URLs have scheme, host and port in common.
fn is_same_origin(a: &str, b: &str) -> bool {
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    origin(a).is_some_and(|a| Some(a) == origin(b))
}

#[cfg(test)]
mod tests;
