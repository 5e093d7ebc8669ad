//! What a failed exchange means: whether a further try makes sense, and the words for it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use reqwest::Url;
use rustls::CertificateError;

use super::address::display_url;
use crate::error::{Error, Kind};
use crate::{env, fsx};

/// Why a try failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A further try would fail in the same way.
    Final(Error),
    /// A further try may succeed, after the given wait where the server asked for one (or there is nothing to wait
    /// for).
    Passing { error: Error, after: Option<Duration> },
}

/// What is wrong on this side does not pass by asking the server again.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// The limits that a [`Failure`] names when they are exceeded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For a connection, TLS included.
    pub(crate) connect: Duration,
    /// For silence on a connection.
    pub(crate) stall: Duration,
}

/// The meaning of an exchange with `url` that failed before the answer's head was there.
pub(crate) fn of_request(error: &reqwest::Error, url: &Url, limits: Limits) -> Failure {
    if error.is_timeout() {
        return timeout(error.is_connect(), url, limits);
    }
    let chain = Chain(error);
    if let Some(tls) = chain.find::<rustls::Error>() {
        return Failure::Final(tls_error(tls, url));
    }
    let name = url.host_str().unwrap_or_default();
    if error.is_dns() {
        let cause = format!("the name `{name}` is not known ({})", chain.root());
        return Failure::Final(connection("the server cannot be found", url, &cause));
    }
    if error.is_connect() {
        let error = connection("the server cannot be reached", url, &chain.root());
        if let Some(proxy) = proxy(&chain) {
            let help = "check the proxy variables HTTPS_PROXY, ALL_PROXY and NO_PROXY";
            return Failure::Final(error.fact("proxy", proxy).help(help));
        }
        let broke =
            chain.has_io(io::ErrorKind::ConnectionReset) || chain.has_io(io::ErrorKind::UnexpectedEof);
        return if broke { passing(error) } else { Failure::Final(error) };
    }
    if error.is_builder() {
        return Failure::Final(connection("the request cannot be made", url, &chain.root()));
    }
    passing(connection("the connection broke", url, &chain.root()))
}

/// The meaning of a body that could not be read to its end, of which `received` bytes had arrived.
pub(crate) fn of_body(error: &reqwest::Error, url: &Url, limits: Limits, received: u64) -> Failure {
    if error.is_timeout() {
        return timeout(false, url, limits);
    }
    let chain = Chain(error);
    let cut = chain.has_io(io::ErrorKind::UnexpectedEof);
    let (kind, headline) = if cut {
        (Kind::Truncated, "the download ended early")
    } else {
        (Kind::Connection, "the connection broke")
    };
    let error = Error::new(kind, headline)
        .fact("url", display_url(url.as_str()))
        .fact("received", format!("{received} bytes"));
    passing(if cut { error } else { error.fact("cause", chain.root()) })
}

fn passing(error: Error) -> Failure {
    Failure::Passing { error, after: None }
}

fn timeout(connecting: bool, url: &Url, limits: Limits) -> Failure {
    let cause = if connecting {
        format!("no connection within {} s", limits.connect.as_secs_f32())
    } else {
        format!("silence for {} s", limits.stall.as_secs_f32())
    };
    let error = Error::new(Kind::Timeout, "the server did not answer in time");
    passing(error.fact("url", display_url(url.as_str())).fact("cause", cause))
}

fn connection(headline: &str, url: &Url, cause: &str) -> Error {
    Error::new(Kind::Connection, headline).fact("url", display_url(url.as_str())).fact("cause", cause)
}

/// What to do where a certificate is not trusted: the usual reason is a company's proxy that opens TLS.
const TRUST_HELP: &str =
    "if a company proxy opens TLS here, point SSL_CERT_FILE at a PEM file with its CA certificate";

fn tls_error(error: &rustls::Error, url: &Url) -> Error {
    let name = url.host_str().unwrap_or_default();
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            let error = Error::new(Kind::Connection, format!("the certificate of `{name}` is not trusted"))
                .fact("url", display_url(url.as_str()))
                .fact("cause", certificate_words(reason));
            match reason {
                reason if is_about_time(reason) => error.help("check the clock of this machine"),
                CertificateError::UnknownIssuer => error.help(TRUST_HELP),
                _ => error,
            }
        }
        other => connection("no secure connection to the server is possible", url, &other.to_string()),
    }
}

/// Whether the clock of this machine may be the reason.
fn is_about_time(reason: &CertificateError) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(reason, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
}

fn certificate_words(reason: &CertificateError) -> String {
    use CertificateError::{NotValidForName, NotValidForNameContext, Revoked, UnknownIssuer};
    match reason {
        UnknownIssuer => "it was issued by somebody whom this system does not trust".to_owned(),
        NotValidForName | NotValidForNameContext { .. } => "it is for another name".to_owned(),
        Revoked => "it was revoked".to_owned(),
        reason if is_about_time(reason) => "it has expired, or is not valid yet".to_owned(),
        other => other.to_string(),
    }
}

/// The proxy that the exchange went through, with the variable that names it. Known by hyper-util's words for a
/// tunnel that failed, as its type is private.
fn proxy(chain: &Chain<'_>) -> Option<String> {
    if !chain.iter().any(|error| error.to_string().starts_with("tunnel error")) {
        return None;
    }
    let spellings = [env::HTTPS_PROXY, env::ALL_PROXY].map(|name| [name.to_owned(), name.to_lowercase()]);
    let named = |name: &String| Some(format!("{} (from {name})", display_url(&env::text(name)?)));
    let found = spellings.as_flattened().iter().find_map(named);
    Some(found.unwrap_or_else(|| "from the system's settings".to_owned()))
}

/// An error with its sources.
struct Chain<'a>(&'a (dyn StdError + 'static));

impl<'a> Chain<'a> {
    fn iter(&self) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
        std::iter::successors(Some(self.0), |&error| {
            // the source of an `io::Error` is the one of what it wraps, which would be left out
            let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
        })
    }

    fn find<T: StdError + 'static>(&self) -> Option<&'a T> {
        self.iter().find_map(|error| error.downcast_ref())
    }

    /// Whether an `io::Error` of this kind is in the chain, however often it was wrapped.
    fn has_io(&self, kind: io::ErrorKind) -> bool {
        self.iter().filter_map(|error| error.downcast_ref::<io::Error>()).any(|error| error.kind() == kind)
    }

    /// The innermost words.
    fn root(&self) -> String {
        let last = self.iter().last().unwrap_or(self.0);
        match last.downcast_ref::<io::Error>() {
            Some(io) => fsx::plain(io),
            None => last.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testserver::{Reply, Server};
    use super::*;

    fn url() -> Url {
        Url::parse("https://user:secret@example.com/x?sig=secret").unwrap()
    }

    fn certificate(reason: CertificateError) -> String {
        tls_error(&rustls::Error::InvalidCertificate(reason), &url()).to_string()
    }

    #[test]
    fn an_unknown_issuer_gets_the_help_for_company_proxies() {
        let expected = "the certificate of `example.com` is not trusted\n  url    https://example.com/x\n  cause  it was \
                        issued by somebody whom this system does not trust\nhelp: if a company proxy opens TLS here, \
                        point SSL_CERT_FILE at a PEM file with its CA certificate";
        assert_eq!(certificate(CertificateError::UnknownIssuer), expected);
    }

    #[test]
    fn certificates_of_another_time_point_at_the_clock() {
        assert!(certificate(CertificateError::Expired).ends_with("help: check the clock of this machine"));
        assert!(certificate(CertificateError::NotValidYet).contains("it has expired, or is not valid yet"));
    }

    #[test]
    fn other_certificate_errors_are_in_plain_words() {
        assert!(certificate(CertificateError::NotValidForName).contains("cause  it is for another name"));
        assert!(certificate(CertificateError::Revoked).contains("cause  it was revoked"));
    }

    #[test]
    fn a_wrapped_error_is_found_inside_an_io_error() {
        let inner = rustls::Error::HandshakeNotComplete;
        let outer = io::Error::other(io::Error::other(inner));
        assert!(Chain(&outer).find::<rustls::Error>().is_some());
        assert!(Chain(&outer).root().contains("handshake not complete"), "{}", Chain(&outer).root());
    }

    /// A resolver that knows no name.
    struct NoNames;

    impl reqwest::dns::Resolve for NoNames {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async { Err(io::Error::other("name or service not known").into()) })
        }
    }

    /// What becomes of a GET by a client that `change` changes.
    fn get(url: &str, change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Failure {
        let limits = Limits { connect: Duration::from_secs(5), stall: Duration::from_secs(5) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tls =
            rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
        let tls = tls.with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
        let client = change(builder).build().unwrap();
        let error = runtime.block_on(async { client.get(url).send().await.unwrap_err() });
        of_request(&error, &Url::parse(url).unwrap(), limits)
    }

    #[test]
    fn a_name_that_nobody_knows_is_named() {
        let failure =
            get("http://example.invalid/x", |client| client.dns_resolver(std::sync::Arc::new(NoNames)));
        let Failure::Final(error) = failure else { panic!("{failure:?}") };
        let expected = "the server cannot be found\n  url    http://example.invalid/x\n  cause  the name \
                        `example.invalid` is not known (name or service not known)";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_proxy_that_does_not_help_is_named() {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec();
        let script = [vec![], vec![Reply::Raw(refusal)]];
        let causes = ["connection refused", "proxy authorization required"];
        for (script, cause) in script.into_iter().zip(causes) {
            let server = Server::start(script);
            let proxy = reqwest::Proxy::all(server.url("/")).unwrap();
            let failure = get("https://example.invalid/x", |client| client.proxy(proxy));
            let Failure::Final(error) = failure else { panic!("{failure:?}") };
            let text = error.to_string();
            assert!(
                text.starts_with("the server cannot be reached\n  url    https://example.invalid/x"),
                "{text}"
            );
            assert!(text.contains(cause) && text.contains("\n  proxy  "), "{text}");
        }
    }
}
