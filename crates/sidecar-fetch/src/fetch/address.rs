//! URLs: which ones may be used, and how they are printed.

use std::net::{Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::error::{Error, Kind, public_url};

/// Parses a URL that may be used: https, or http to this machine.
pub(crate) fn parse(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|e| {
        Error::new(Kind::BadValue, "the URL cannot be read").fact("url", display_url(text)).fact("cause", e)
    })?;
    if is_secure(&url) { Ok(url) } else { Err(insecure(&url)) }
}

/// Whether a URL may be used: https, or http to this machine.
pub(crate) fn is_secure(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Whether the host is this machine: 127.0.0.0/8, `::1` or `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match v6 {
        Some(v6) => v6.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback()),
        None => host == "localhost" || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback()),
    }
}

/// The error for a URL that may not be used.
pub(crate) fn insecure(url: &Url) -> Error {
    Error::new(
        Kind::InsecureUrl,
        format!("`{}` URLs are not used, except http to this machine", url.scheme()),
    )
    .fact("url", display_url(url.as_str()))
    .help("use the https:// address")
}

/// A URL as it may be printed: without credentials, query and fragment, which may hold secrets. Text that is no URL
/// is cut in the same places.
pub(crate) fn display_url(text: &str) -> String {
    if let Ok(mut url) = Url::parse(text)
        && url.has_host()
    {
        // they fail only for URLs that cannot have credentials
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        return url.into();
    }
    public_url(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_may_be_used() {
        let allowed = [
            "https://example.com/x",
            "https://10.0.0.1/x",
            "http://127.0.0.1:80/x",
            "http://127.9.9.9/x",
            "http://[::1]:1234/x",
            "http://localhost/x",
            "http://LOCALHOST/x",
        ];
        for url in allowed {
            assert!(parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let refused = [
            "http://example.com/x",
            "http://127.0.0.1.example.com/x",
            "http://localhost.example.com/x",
            "http://127.0.0.1@example.com/x",
            "http://[::2]/x",
            "http://0.0.0.0/x",
            "ftp://localhost/x",
            "file:///etc/passwd",
        ];
        for url in refused {
            assert_eq!(parse(url).unwrap_err().kind(), Kind::InsecureUrl, "{url}");
        }
    }

    #[test]
    fn text_that_is_no_url_is_printed_without_secrets() {
        let error = parse("https://user:secret@:99999/x?token=secret").unwrap_err();
        assert_eq!(error.kind(), Kind::BadValue);
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn neither_credentials_nor_queries_are_printed() {
        assert_eq!(
            display_url("https://user:secret@example.com/a/b?sig=secret#part"),
            "https://example.com/a/b"
        );
        assert_eq!(display_url("https://token@example.com:8443/a"), "https://example.com:8443/a");
        assert_eq!(display_url("no url?x=secret"), "no url");
        assert_eq!(display_url("https://a:secret@exa mple/p@th?x"), "https://exa mple/p@th");
    }

    proptest::proptest! {
        #[test]
        fn a_secret_never_shows(host in "[a-z]{1,9}(:[0-9]{1,6})?", path in "(/[a-z@%]{0,5}){0,3}") {
            for url in [format!("https://u:SECRET@{host}{path}?k=SECRET"), format!("//SECRET@{host}{path}#SECRET")] {
                proptest::prop_assert!(!display_url(&url).contains("SECRET"), "{url}");
            }
        }
    }
}
