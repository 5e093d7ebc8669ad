//! What the server does wrong, to which requests, and how often.

use super::http::Request;

/// Which requests a [`Fault`] is for.
#[derive(Debug, Clone)]
pub struct Match(What);

#[derive(Debug, Clone)]
enum What {
    Any,
    Path(String),
    Api(String),
    Download(String),
    Asset(String),
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self(What::Any)
    }

    /// Requests whose percent-decoded path contains `part`.
    pub fn path(part: impl Into<String>) -> Self {
        Self(What::Path(part.into()))
    }

    /// API requests whose percent-decoded path after `/api/v3` contains `part`; the empty part is in all of them.
    pub fn api(part: impl Into<String>) -> Self {
        Self(What::Api(part.into()))
    }

    /// The first step of a download, `/{owner}/{repo}/releases/download/{tag}/{name}`, which answers with a redirect.
    pub fn download(name: impl Into<String>) -> Self {
        Self(What::Download(name.into()))
    }

    /// The last step of a download: the bytes of the asset with exactly this name.
    pub fn asset(name: impl Into<String>) -> Self {
        Self(What::Asset(name.into()))
    }

    pub(super) fn hits(&self, request: &Request) -> bool {
        match &self.0 {
            What::Any => true,
            What::Path(part) => request.path.contains(part.as_str()),
            What::Api(part) => {
                request.path.strip_prefix(super::API).is_some_and(|rest| rest.contains(part.as_str()))
            }
            What::Download(name) => {
                request.path.contains("/releases/download/")
                    && request.path.rsplit('/').next() == Some(name.as_str())
            }
            What::Asset(name) => {
                request.path.starts_with("/objects/") && request.parameter("name").as_ref() == Some(name)
            }
        }
    }
}

/// How often a [`Fault`] happens before the server behaves again. A number converts into [`Times::Next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// For the next so many matching requests.
    Next(u32),
    /// For every matching request.
    Always,
}

impl From<u32> for Times {
    fn from(times: u32) -> Self {
        Self::Next(times)
    }
}

/// One way to misbehave.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub enum Fault {
    /// Answers with this status, these headers and this body instead.
    Status {
        /// The status code.
        code: u16,
        /// Headers besides `Content-Length`.
        headers: Vec<(String, String)>,
        /// The whole body.
        body: String,
    },
    /// GitHub's 403 of an exhausted quota: `x-ratelimit-remaining: 0`, and when it ends.
    RateLimit {
        /// End of the limit, in seconds since 1970.
        reset: u64,
    },
    /// An HTML page with status 200, as github.com has served in the place of assets.
    Html,
    /// A redirect to this URL.
    Redirect(String),
    /// Redirects that never end.
    RedirectLoop,
    /// Closes the connection with a TCP reset before any answer.
    Reset,
    /// Announces the whole length, sends this many bytes of the body, then closes the connection.
    CutAfter(u64),
    /// Adds this to the true `Content-Length`, sends the true body, then closes the connection.
    LengthOffBy(i64),
    /// Sends this many bytes of the body, then nothing more until
    /// [`release_stalls`](super::ReleaseServer::release_stalls) or the end of the server.
    StallAfter(u64),
    /// Sends the body at this speed.
    Slow {
        /// Bytes per second; at least 1.
        bytes_per_second: u64,
    },
    /// Sends the body in chunks, without `Content-Length`.
    Chunked,
    /// A body of the right length with one wrong byte.
    WrongBytes,
    /// Other content under the same URL, well served.
    Replace(Vec<u8>),
    /// Answers a range request with 200 and everything.
    IgnoreRange,
    /// Answers a range request with a `Content-Range` that is one byte off.
    WrongContentRange,
    /// Serves the same bytes under another `ETag`.
    Etag(String),
    /// Closes the connection after a good answer that did not announce it.
    CloseAfter,
}

impl Fault {
    /// A bare status with neither headers nor a body.
    pub fn status(code: u16) -> Self {
        Self::Status { code, headers: Vec::new(), body: String::new() }
    }

    /// A status with one header, such as 503 with `Retry-After`.
    pub fn status_with(code: u16, header: &str, value: &str) -> Self {
        Self::Status { code, headers: vec![(header.to_owned(), value.to_owned())], body: String::new() }
    }
}

/// A fault that was asked for. The first rule that hits and is not used up is applied.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) on: Match,
    pub(super) fault: Fault,
    pub(super) times: Times,
}

/// Takes the fault for a request out of the rules, and counts it.
pub(super) fn take(rules: &mut [Rule], request: &Request) -> Option<Fault> {
    let rule = rules.iter_mut().find(|rule| rule.times != Times::Next(0) && rule.on.hits(request))?;
    if let Times::Next(left) = &mut rule.times {
        *left -= 1;
    }
    Some(rule.fault.clone())
}
