//! What GitLab and Forgejo have in common: an API that lists releases as pages of JSON, asked without a token.

use reqwest::Url;
use serde::de::DeserializeOwned;

use super::release::Asset;
use super::repository::{check_secure, shown};
use crate::error::{Error, Kind};
use crate::fetch::get::{Answer, Get, Transport};

/// The largest answer that is read, in bytes.
const LIMIT: u64 = 64 * 1024 * 1024;

/// An API and one project on it.
pub(super) struct Forge<'a> {
    pub(super) transport: &'a dyn Transport,
    /// What people call it: `GitLab`.
    pub(super) name: &'static str,
    /// The project's path: `owner/name`.
    pub(super) path: String,
    /// The project's page.
    pub(super) web: String,
    /// Base URL of the project's API, without a slash at its end.
    pub(super) api: String,
}

/// The host and the path that a manifest's value means; `default` is the host of a path without one.
pub(super) fn locate(text: &str, default: &str) -> Result<(String, String), Error> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("{default}/{text}") };
    check_secure(&whole)?;
    let unreadable = || Error::new(Kind::BadValue, "the URL cannot be read").fact("url", shown(&whole));
    let url = Url::parse(&whole).map_err(|_| unreadable())?;
    let path = url.path().trim_matches('/');
    Ok((url.origin().ascii_serialization(), path.strip_suffix(".git").unwrap_or(path).to_owned()))
}

impl Forge<'_> {
    /// The answer, or `None` for a 404. Every other failure is an error.
    pub(super) fn get(&self, url: &str) -> Result<Option<Answer>, Error> {
        let get = Get { url, accept: "application/json", bearer: None, limit: LIMIT };
        let answer = self.transport.get(get)?;
        match answer.status {
            200 => Ok(Some(answer)),
            404 => Ok(None),
            status => Err(self.refused(status, url)),
        }
    }

    fn refused(&self, status: u16, url: &str) -> Error {
        let name = self.name;
        let error = match status {
            401 | 403 => Error::new(Kind::Unauthorized, format!("{name} does not show this to everyone"))
                .fact("reason", format!("this version sends no token to {name}: public projects only")),
            429 => Error::new(Kind::RateLimited, format!("{name} allows no more requests for now"))
                .help("wait a few minutes; builds from a committed sidecar.lock do not ask this API"),
            _ => Error::new(Kind::HttpStatus, format!("the {name} API did not answer the question")),
        };
        error.fact("url", shown(url)).fact("status", status)
    }

    /// Reads an answer.
    pub(super) fn parse<T: DeserializeOwned>(&self, body: &[u8], url: &str) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|cause| {
            Error::new(Kind::ApiAnswer, format!("the answer is not what the {} API describes", self.name))
                .fact("url", shown(url))
                .fact("cause", cause)
        })
    }

    /// The error for a project that is not there; a forge says the same of one that not everyone may see.
    pub(super) fn missing(&self) -> Error {
        let headline = format!("the {} project `{}` does not exist, or is not public", self.name, self.path);
        Error::new(Kind::RepositoryNotFound, headline)
            .fact("project", &self.web)
            .help("check the spelling; this version reads public projects only")
    }

    /// The contents of a small public file.
    pub(super) fn small(&self, asset: &Asset, limit: u64) -> Result<Vec<u8>, Error> {
        small_file(self.transport, &asset.url, limit)
    }
}

/// The next page that a `Link` header names, if it is on the same server.
pub(super) fn next(asked: &str, answer: &Answer) -> Result<Option<String>, Error> {
    let next = answer.header("link").and_then(super::github::next_page);
    next.map(|next| super::github::next_of(asked, next).map(str::to_owned)).transpose()
}

/// The contents of a small public file.
pub(super) fn small_file(transport: &dyn Transport, url: &str, limit: u64) -> Result<Vec<u8>, Error> {
    check_secure(url)?;
    let answer = transport.get(Get { url, accept: "*/*", bearer: None, limit })?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(Error::new(Kind::HttpStatus, "the server did not send the file")
            .fact("url", shown(url))
            .fact("status", status)),
    }
}

/// Refuses names that neither git nor a forge allows, and those of assets that no file can have: they would be printed,
/// and become parts of paths.
pub(super) fn check_names<'n>(
    assets: impl Iterator<Item = &'n str> + Clone,
    tag: &'n str,
    page: &str,
) -> Result<(), Error> {
    if let Some(odd) = assets.clone().chain([tag]).find(|name| name.contains(char::is_control)) {
        return Err(Error::new(
            Kind::ApiAnswer,
            "the server names a tag or an asset with control characters",
        )
        .fact("name", odd)
        .fact("release", shown(page))
        .fact("reason", "neither git nor a forge allows them"));
    }
    let mut assets = assets;
    let is_path = |name: &&str| name.contains(['/', '\\']) || matches!(*name, "" | "." | "..");
    let Some(path) = assets.find(is_path) else { return Ok(()) };
    Err(Error::new(Kind::ApiAnswer, "the server names an asset as no file can be named")
        .fact("name", format!("`{path}`"))
        .fact("release", shown(page)))
}
