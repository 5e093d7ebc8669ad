//! Where a GitHub repository is: on github.com or on an Enterprise server.

use std::fmt;

use reqwest::Url;

use crate::env;
use crate::error::{Error, Kind};
use crate::fetch::address;

pub(super) use crate::fetch::address::display_url as shown;

/// github.com's API.
const GITHUB_API: &str = "https://api.github.com";

/// Base URL of the API that knows `owner/name`: github.com's, or the one that the environment names instead.
///
/// Fails with [`Kind::InsecureUrl`] or [`Kind::BadValue`] where the variable holds something else than an address to use.
pub(crate) fn default_api() -> Result<String, Error> {
    let Some(base) = env::text(env::GITHUB_API) else { return Ok(GITHUB_API.to_owned()) };
    check_secure(&base).map_err(|error| error.fact("variable", env::GITHUB_API))?;
    Ok(base.trim_end_matches('/').to_owned())
}

/// A repository and the API that knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    /// Base URL of the API, without a slash at its end.
    pub(crate) api: String,
    /// The user or organisation.
    pub(crate) owner: String,
    /// The name in the owner's namespace.
    pub(crate) name: String,
    /// The page for people, without a slash at its end.
    pub(crate) web: String,
    /// Whether the user's token may be sent to `api`. A manifest can name any host, and whoever can change it must not
    /// receive the token: it is for GitHub's own hosts, and for the API that the user's environment names.
    pub(crate) trusted: bool,
}

impl Repository {
    /// Parses `owner/name`, or the URL of a repository on github.com or an Enterprise server. `github_api` stands in for
    /// github.com's API (the variable `SIDECAR_GITHUB_API`).
    ///
    /// Fails with [`Kind::BadValue`] for anything else, and with [`Kind::InsecureUrl`] for plain http to another machine.
    pub(crate) fn parse(text: &str, github_api: Option<&str>) -> Result<Self, Error> {
        if let Some(base) = github_api {
            check_secure(base).map_err(|error| error.fact("variable", env::GITHUB_API))?;
        }
        let github_api = github_api.map(|base| base.trim_end_matches('/'));
        if !text.contains("://") {
            let (owner, name) = owner_and_name(text).ok_or_else(|| unreadable(text))?;
            return Ok(Self::on_github(owner, name, github_api));
        }
        check_secure(text)?;
        let url = Url::parse(text).map_err(|_| unreadable(text))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(unreadable(text));
        }
        let (owner, name) = owner_and_name(url.path().trim_matches('/')).ok_or_else(|| unreadable(text))?;
        let host = url.host_str().unwrap_or_default();
        if matches!(host, "github.com" | "www.github.com") {
            return Ok(Self::on_github(owner, name, github_api));
        }
        let origin = url.origin().ascii_serialization();
        // GitHub's own hosting of Enterprise has its API on a host of its own, servers have it under a path.
        let cloud = is_cloud(&url);
        let api = if cloud { format!("https://api.{host}") } else { format!("{origin}/api/v3") };
        let trusted = cloud || github_api == Some(api.as_str());
        let web = format!("{origin}/{owner}/{name}");
        Ok(Self { api, owner: owner.to_owned(), name: name.to_owned(), web, trusted })
    }

    fn on_github(owner: &str, name: &str, github_api: Option<&str>) -> Self {
        Self {
            api: github_api.unwrap_or(GITHUB_API).to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            web: format!("https://github.com/{owner}/{name}"),
            trusted: true,
        }
    }

    /// The API's description of the repository.
    pub(crate) fn url(&self) -> String {
        format!("{}/repos/{}/{}", self.api, self.owner, self.name)
    }

    /// The API's list of releases, newest first, a hundred (the most there are) a page.
    pub(crate) fn releases_url(&self) -> String {
        format!("{}/repos/{}/{}/releases?per_page=100", self.api, self.owner, self.name)
    }

    /// The API's description of the release of a tag.
    pub(crate) fn tag_url(&self, tag: &str) -> String {
        format!("{}/repos/{}/{}/releases/tags/{}", self.api, self.owner, self.name, percent_encoded(tag))
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// GitHub's names are letters, digits, `-`, `_` and `.`; `.git` at the end is how git spells the repository.
fn owner_and_name(text: &str) -> Option<(&str, &str)> {
    let (owner, name) = text.split_once('/')?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    let is_name = |part: &str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !matches!(part, "" | "." | "..") && part.bytes().all(known)
    };
    (is_name(owner) && is_name(name)).then_some((owner, name))
}

/// The text itself is not printed where it may hold credentials.
fn unreadable(text: &str) -> Error {
    let shown = if text.contains(['@', '?']) { String::new() } else { format!("`{text}` ") };
    let headline = format!("{shown}is not a GitHub repository");
    let headline = if shown.is_empty() { format!("the URL {headline}") } else { headline };
    Error::new(Kind::BadValue, headline)
        .help("write it as `OWNER/REPO`, or as the URL of its page without anything behind it")
}

/// Refuses URLs other than https, or http to this machine.
pub(super) fn check_secure(text: &str) -> Result<(), Error> {
    address::parse(text).map(drop)
}

/// Whether the user's token may be sent to a URL of an API: GitHub's own hosts, and the one that the environment names.
pub(crate) fn is_trusted_api(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let named = env::text(env::GITHUB_API).and_then(|base| Url::parse(&base).ok());
    let github = Url::parse(GITHUB_API).ok();
    let host = url.host_str().unwrap_or_default();
    let cloud = host.starts_with("api.") && is_cloud(&url);
    cloud || [named, github].into_iter().flatten().any(|api| api.origin() == url.origin())
}

/// GitHub's own hosting of Enterprise.
fn is_cloud(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host.ends_with(".ghe.com"))
        && url.port().is_none()
        && url.scheme() == "https"
}

/// A tag as one segment of a path: everything but unreserved characters (RFC 3986, 2.3) is escaped, `/` too.
pub(super) fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // writing to a String cannot fail
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Repository, Error> {
        Repository::parse(text, None)
    }

    #[test]
    fn a_lock_cannot_send_the_token_anywhere() {
        assert!(is_trusted_api("https://api.github.com/repos/o/r/releases/assets/1"));
        assert!(is_trusted_api("https://api.acme.ghe.com/repos/o/r/releases/assets/1"));
        for url in [
            "https://evil.example/x",
            "http://api.github.com/x",
            "https://api.evil-ghe.com/x",
            "https://api.github.com:444/x",
        ] {
            assert!(!is_trusted_api(url), "{url}");
        }
    }

    #[test]
    fn the_spellings_of_a_repository_agree() {
        let repository = parse("ggml-org/llama.cpp").unwrap();
        for text in [
            "https://github.com/ggml-org/llama.cpp",
            "https://github.com/ggml-org/llama.cpp/",
            "https://www.github.com/ggml-org/llama.cpp.git",
        ] {
            assert_eq!(parse(text).unwrap(), repository, "{text}");
        }
        assert_eq!(repository.to_string(), "ggml-org/llama.cpp");
        assert_eq!(repository.web, "https://github.com/ggml-org/llama.cpp");
        assert_eq!(
            repository.releases_url(),
            "https://api.github.com/repos/ggml-org/llama.cpp/releases?per_page=100"
        );
    }

    #[test]
    fn enterprise_has_its_own_api_which_gets_no_token_unless_the_user_names_it() {
        let corp = parse("https://ghe.corp/team/tool").unwrap();
        assert_eq!((corp.api.as_str(), corp.trusted), ("https://ghe.corp/api/v3", false));
        assert_eq!(corp.web, "https://ghe.corp/team/tool");
        let named =
            Repository::parse("https://ghe.corp/team/tool", Some("https://ghe.corp/api/v3/")).unwrap();
        assert!(named.trusted);
        let cloud = parse("https://acme.ghe.com/team/tool").unwrap();
        assert_eq!((cloud.api.as_str(), cloud.trusted), ("https://api.acme.ghe.com", true));
        assert!(!parse("https://evil-ghe.com/team/tool").unwrap().trusted);
    }

    #[test]
    fn the_api_of_github_can_be_replaced() {
        let local = Repository::parse("acme/tool", Some("http://127.0.0.1:8080/")).unwrap();
        assert_eq!(local.tag_url("v1"), "http://127.0.0.1:8080/repos/acme/tool/releases/tags/v1");
        assert!(local.trusted);
        let error = Repository::parse("acme/tool", Some("http://example.com")).unwrap_err();
        assert_eq!(error.kind(), Kind::InsecureUrl);
        assert!(error.to_string().contains("SIDECAR_GITHUB_API"), "{error}");
    }

    #[test]
    fn a_tag_is_one_segment() {
        let url = parse("a/b").unwrap().tag_url("cli/v1.2+k3s ü");
        assert_eq!(url, "https://api.github.com/repos/a/b/releases/tags/cli%2Fv1.2%2Bk3s%20%C3%BC");
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        for text in
            ["", "tool", "a/b/c", "a/..", "a b/c", "https://github.com/a", "https://github.com/a/b/releases"]
        {
            assert_eq!(parse(text).unwrap_err().kind(), Kind::BadValue, "{text}");
        }
        for text in ["http://github.com/a/b", "ftp://github.com/a/b", "http://localhost.example.com/a/b"] {
            assert_eq!(parse(text).unwrap_err().kind(), Kind::InsecureUrl, "{text}");
        }
        assert!(parse("http://[::1]:80/a/b").is_ok() && parse("http://localhost/a/b").is_ok());
    }

    #[test]
    fn credentials_and_queries_are_never_printed() {
        for text in [
            "https://user:secret@github.com/a/b",
            "http://user:secret@example.com/a/b",
            "https://github.com/a/b?secret",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert_eq!(shown("https://u:p@host/x?y#z"), "https://host/x");
    }
}
