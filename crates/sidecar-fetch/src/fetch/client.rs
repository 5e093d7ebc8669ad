//! The HTTP client.
//!
//! reqwest is driven on the thread that downloads, by a small runtime of its own: its `blocking` client would pass the
//! bytes of all downloads through one thread, and its debug build makes a runtime for each read.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, IF_RANGE, LOCATION, RANGE};
use reqwest::{Response, Url};
use rustls::ClientConfig;
use rustls_platform_verifier::Verifier;
use tokio::runtime::{Builder, Handle, Runtime};

use super::address;
use super::failure::{self, Failure, Limits};
use super::get::{Answer, Get, Transport};
use super::retry::with_retries;
use super::status::{self, Headers, error_for};
use crate::error::{Error, Kind};

/// How many redirects are followed. GitHub needs one, a mirror in front of it two.
const REDIRECTS: usize = 5;

/// A server that does not answer a connection attempt in this time is not there.
const CONNECT: Duration = Duration::from_secs(12);

/// Silence for this long is a broken line. There is no limit for a whole download: large files on slow lines are fine.
const STALL: Duration = Duration::from_secs(30);

const USER_AGENT: &str = concat!("sidecar-fetch/", env!("CARGO_PKG_VERSION"));

/// How patient a [`Client`] is. Tests have less time.
pub(crate) struct Pace {
    pub(crate) limits: Limits,
    /// Waits between two tries.
    pub(crate) sleep: Box<dyn Fn(Duration) + Send + Sync>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { limits: Limits { connect: CONNECT, stall: STALL }, sleep: Box::new(std::thread::sleep) }
    }
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pace").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// An HTTP client for any number of threads.
///
/// Trusts what the system trusts (`SSL_CERT_FILE` included), goes through the system's proxies (not for this machine),
/// follows redirects to https and to this machine, and sends tokens to the origin of the first URL only. Costs nothing
/// until it is used for the first time.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(crate) pace: Pace,
    idle: Mutex<Idle>,
}

/// What threads share: connections are reused where a worker is.
#[derive(Debug, Default)]
struct Idle {
    tls: Option<ClientConfig>,
    workers: Vec<Worker>,
}

impl Client {
    /// A client with another pace, for tests and for people who wait for an answer.
    #[cfg(any(feature = "resolve", test))]
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, idle: Mutex::default() }
    }

    /// Calls `work` with a worker that nobody else uses meanwhile.
    ///
    /// # Errors
    ///
    /// [`Kind::Connection`] where the system trusts no certificate at all, or gives no resources.
    pub(crate) fn on_worker<R: Send>(&self, work: impl FnOnce(&Worker) -> R + Send) -> Result<R, Error> {
        let here = || {
            let worker = self.worker()?;
            let result = work(&worker);
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).workers.push(worker);
            Ok(result)
        };
        if Handle::try_current().is_err() {
            return here();
        }
        // a runtime must not be driven on a thread of another one, such as the main thread of an async xtask
        std::thread::scope(|scope| scope.spawn(here).join().unwrap_or_else(|panic| resume_unwind(panic)))
    }

    fn worker(&self) -> Result<Worker, Error> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = idle.workers.pop() {
            return Ok(worker);
        }
        let tls = match &idle.tls {
            Some(tls) => tls,
            None => idle.tls.insert(trust_the_system()?),
        };
        Worker::new(tls, self.pace.limits)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner));
        for worker in idle.workers {
            // does not wait for a name server that never answers
            worker.runtime.shutdown_background();
        }
    }
}

impl Transport for Client {
    fn get(&self, get: Get<'_>) -> Result<Answer, Error> {
        let url = address::parse(get.url)?;
        let ask = Ask { accept: Some(get.accept), bearer: get.bearer, range: None };
        self.on_worker(|worker| {
            // after the last try, the refusal itself is the answer
            let mut refused = None;
            let done = with_retries(
                &self.pace.sleep,
                |_, _| (),
                || {
                    refused = None;
                    let answer = worker.answer(&url, ask, get.limit)?;
                    if !status::may_pass(answer.status) {
                        return Ok(answer);
                    }
                    let error = error_for(answer.status, &answer.headers, get.url);
                    let after = status::wait_asked(&answer.headers, SystemTime::now());
                    refused = Some(answer);
                    Err(Failure::Passing { error, after })
                },
            );
            done.or_else(|error| refused.ok_or(error))
        })?
    }
}

/// TLS by ring, without a default for the whole process: that is the application's to choose.
fn trust_the_system() -> Result<ClientConfig, Error> {
    let failed = |e: rustls::Error| {
        let cause = e.to_string();
        Error::new(Kind::Connection, "this system has no trusted certificates for https")
            .fact("cause", cause.trim_start_matches("unexpected error: "))
            .help("install the system's CA certificates (often the package `ca-certificates`), or set SSL_CERT_FILE")
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(Arc::clone(&provider)).map_err(failed)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// What one thread at a time uses to exchange requests and answers.
#[derive(Debug)]
pub(crate) struct Worker {
    runtime: Runtime,
    /// For the world, through the system's proxies.
    outside: reqwest::Client,
    /// For this machine, where no proxy makes sense.
    loopback: reqwest::Client,
    limits: Limits,
}

/// What is said in a request beside its URL.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) accept: Option<&'a str>,
    pub(crate) bearer: Option<&'a str>,
    /// Only from this byte on, if the version is still the one with this entity tag.
    pub(crate) range: Option<(u64, &'a str)>,
}

impl Worker {
    fn new(tls: &ClientConfig, limits: Limits) -> Result<Self, Error> {
        let failed = |cause: String| {
            Error::new(Kind::Connection, "the HTTP client cannot be started").fact("cause", cause)
        };
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|e| failed(e.to_string()))?;
        let builder = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(USER_AGENT)
                .connect_timeout(limits.connect)
                .read_timeout(limits.stall)
                // redirects and retries are ours; the rest is off, also where another crate turns on the feature
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .http1_only()
                .no_gzip()
                .no_brotli()
                .no_deflate()
                .no_zstd()
        };
        let outside = builder().build().map_err(|e| failed(e.to_string()))?;
        let loopback = builder().no_proxy().build().map_err(|e| failed(e.to_string()))?;
        Ok(Self { runtime, outside, loopback, limits })
    }

    /// Sends a GET and follows its redirects; any other status is an answer.
    pub(crate) fn send(&self, url: &Url, mut ask: Ask<'_>) -> Result<Response, Failure> {
        let mut at = url.clone();
        for _ in 0..=REDIRECTS {
            let client = if address::is_loopback(&at) { &self.loopback } else { &self.outside };
            let request = client.get(at.clone()).headers(headers_of(ask)?);
            let answer = self.runtime.block_on(async { request.send().await });
            let answer = answer.map_err(|e| failure::of_request(&e, &at, self.limits))?;
            let Some(next) = redirect(&answer, &at) else { return Ok(answer) };
            if !address::is_secure(&next) {
                let error =
                    address::insecure(&next).fact("redirected from", address::display_url(url.as_str()));
                return Err(Failure::Final(error));
            }
            if next.origin() != at.origin() {
                ask.bearer = None;
            }
            at = next;
        }
        let error = Error::new(Kind::HttpStatus, format!("the server redirects more than {REDIRECTS} times"))
            .fact("url", address::display_url(url.as_str()))
            .fact("last", address::display_url(at.as_str()));
        Err(Failure::Final(error))
    }

    /// Hands the body to `take`, piece by piece, as it arrives.
    pub(crate) fn read(
        &self,
        mut answer: Response,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let url = answer.url().clone();
        let mut received: u64 = 0;
        self.runtime.block_on(async {
            loop {
                let chunk = answer.chunk().await;
                match chunk.map_err(|e| failure::of_body(&e, &url, self.limits, received))? {
                    Some(chunk) => {
                        received += chunk.len() as u64;
                        take(&chunk)?;
                    }
                    None => return Ok(()),
                }
            }
        })
    }

    /// One small answer, whole.
    fn answer(&self, url: &Url, ask: Ask<'_>, limit: u64) -> Result<Answer, Failure> {
        let response = self.send(url, ask)?;
        let (status, headers) = (response.status().as_u16(), headers(response.headers()));
        let too_long = || {
            Error::new(Kind::TooLong, format!("the server's answer is longer than {limit} bytes"))
                .fact("url", address::display_url(url.as_str()))
        };
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(Failure::Final(too_long()));
        }
        let mut body = Vec::new();
        self.read(response, |chunk| {
            body.extend_from_slice(chunk);
            if body.len() as u64 > limit { Err(Failure::Final(too_long())) } else { Ok(()) }
        })?;
        Ok(Answer { status, headers, body })
    }
}

/// Header fields by lower-case names; those that occur twice are joined, as HTTP allows.
pub(crate) fn headers(map: &HeaderMap) -> Headers {
    let mut out = Headers::new();
    for (name, value) in map {
        let value = String::from_utf8_lossy(value.as_bytes());
        out.entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    out
}

/// Where an answer that was given at `at` redirects to; `None` for other answers, and where it leads nowhere.
fn redirect(answer: &Response, at: &Url) -> Option<Url> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    at.join(answer.headers().get(LOCATION)?.to_str().ok()?).ok()
}

fn headers_of(ask: Ask<'_>) -> Result<HeaderMap, Failure> {
    // the value is not in the message: it may be a token
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| {
            let headline = "a token or header has characters that HTTP does not allow";
            Failure::Final(Error::new(Kind::Usage, headline).help("look for line breaks in the token"))
        })
    };
    let mut map = HeaderMap::new();
    if let Some(accept) = ask.accept {
        map.insert(ACCEPT, value(accept)?);
    }
    if let Some(bearer) = ask.bearer {
        let mut bearer = value(&format!("Bearer {bearer}"))?;
        bearer.set_sensitive(true);
        map.insert(AUTHORIZATION, bearer);
    }
    if let Some((from, etag)) = ask.range {
        map.insert(RANGE, value(&format!("bytes={from}-"))?);
        map.insert(IF_RANGE, value(etag)?);
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
