//! HTTP to registries, configured as sidecar-fetch is: rustls with ring, the platform's trust, proxies.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use reqwest::blocking::{Client, ClientBuilder};
use reqwest::{Certificate, Url};
use ring::digest;

use crate::error::{Error, Result};

/// Longest body: the largest program here has 15 MB packed.
const LIMIT: u64 = 200 << 20;
/// How long a connection may take; a newcomer without network waits for it once per registry.
const CONNECT: Duration = Duration::from_secs(8);
/// How long one answer may take in total.
const TOTAL: Duration = Duration::from_secs(180);

/// A client for registries.
#[derive(Debug)]
pub(super) struct Http(Client);

impl Http {
    pub(super) fn new() -> Result<Self> {
        Self::build(Client::builder())
    }

    /// For loopback in tests, which a configured proxy would not find.
    #[cfg(test)]
    pub(super) fn direct() -> Self {
        Self::build(Client::builder().no_proxy()).unwrap()
    }

    fn build(builder: ClientBuilder) -> Result<Self> {
        // Fails where a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = builder
            .user_agent(concat!("sidecar-fetch-xtask/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(TOTAL);
        // The platform verifier reads it by itself on Linux only.
        if let Some(file) = crate::env::text("SSL_CERT_FILE") {
            let pem = crate::fsx::read(Path::new(&file))?;
            let what = Error::because(format!("SSL_CERT_FILE `{file}` has no certificates"));
            builder = builder.tls_certs_merge(Certificate::from_pem_bundle(&pem).map_err(what)?);
        }
        builder.build().map(Self).map_err(Error::because("cannot set up HTTPS"))
    }

    /// The body of a GET, its media type, and the address that answered after redirects.
    pub(super) fn get(&self, url: &str, accept: &str) -> Result<(Vec<u8>, String, Url)> {
        let shown = shown(url);
        let failed = |error: reqwest::Error| Error::new(format!("{shown}: {}", causes(&error.without_url())));
        let response = self.0.get(url).header("accept", accept).send().map_err(failed)?;
        let response = response.error_for_status().map_err(failed)?;
        let kind = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let (kind, from) = (kind.unwrap_or_default().to_owned(), response.url().clone());
        let mut body = Vec::new();
        response.take(LIMIT + 1).read_to_end(&mut body).map_err(Error::because(&shown))?;
        if body.len() as u64 > LIMIT {
            return Err(Error::new(format!("{shown}: the answer is too long")));
        }
        Ok((body, kind, from))
    }
}

/// A URL without credentials, query and fragment.
fn shown(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return "a URL that cannot be read".to_owned() };
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.set_query(None);
    parsed.set_fragment(None);
    parsed.into()
}

/// An error with its causes: reqwest's own words ("error sending request") say little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A digest that a registry publishes for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Published {
    /// npm's `dist.integrity`: `sha512-<base64>`.
    Integrity(String),
    /// A Python index's SHA-256 in hexadecimal digits.
    Sha256(String),
}

impl Published {
    pub(super) fn matches(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Integrity(text) => {
                let sum = digest::digest(&digest::SHA512, bytes);
                let sum = base64::engine::general_purpose::STANDARD.encode(sum);
                // There may be several, separated by spaces; only the strong one counts.
                text.split(' ').any(|part| part.strip_prefix("sha512-") == Some(sum.as_str()))
            }
            Self::Sha256(hex) => crate::pack::sha256(bytes).eq_ignore_ascii_case(hex),
        }
    }
}

#[cfg(test)]
mod tests {
    use sidecar_tests::{Fault, Match, ReleaseServer};

    use super::*;

    #[test]
    fn published_digests_are_checked() {
        let integrity = "sha1-x sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==";
        assert!(Published::Integrity(integrity.into()).matches(b"hello"));
        assert!(!Published::Integrity(integrity.into()).matches(b"hullo"));
        assert!(!Published::Integrity("sha1-x".into()).matches(b"hello"));
        let sha256 = "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824";
        assert!(Published::Sha256(sha256.into()).matches(b"hello"));
        assert!(!Published::Sha256(sha256.into()).matches(b""));
    }

    #[test]
    fn an_answer_comes_with_its_type_and_address() {
        let server = ReleaseServer::start();
        server.serve("/there/x.json", "{}");
        server.fault(Match::path("/here"), Fault::Redirect(format!("{}/there/x.json", server.url())), 1);
        let (body, kind, from) = Http::direct().get(&format!("{}/here", server.url()), "*/*").unwrap();
        assert_eq!(
            (body.as_slice(), kind.as_str(), from.path()),
            (b"{}".as_slice(), "application/json", "/there/x.json")
        );
    }

    #[test]
    fn a_failure_names_the_url_without_its_secrets() {
        let server = ReleaseServer::start();
        let url = server.url().replace("http://", "http://me:pass@") + "/none?token=hidden";
        let error = Http::direct().get(&url, "*/*").unwrap_err().to_string();
        assert!(error.contains("/none: ") && error.contains("404"), "{error}");
        assert!(!error.contains("pass") && !error.contains("hidden"), "{error}");
    }
}
