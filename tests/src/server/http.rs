//! HTTP/1.1, as far as a release server needs it: request heads in, answers out.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::ops::Range;

use super::content::Content;

/// A request head may be this long; longer ones close the connection.
const HEAD_LIMIT: u64 = 64 << 10;

/// A request: the head, percent-decoded where names are compared.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// Percent-decoded path.
    pub(super) path: String,
    /// The query as it was sent, without the `?`.
    pub(super) query: String,
    /// Header names in lower case.
    pub(super) headers: BTreeMap<String, String>,
}

impl Request {
    /// Reads the next request and skips its body; `None` where the client closed the connection instead.
    pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = from.by_ref().take(HEAD_LIMIT);
        let Some(line) = line(&mut head)? else { return Ok(None) };
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP request");
        let mut words = line.split(' ');
        let (method, target) = words.next().zip(words.next()).ok_or_else(invalid)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self {
            method: method.to_owned(),
            path: percent_decode(path),
            query: query.to_owned(),
            headers: BTreeMap::new(),
        };
        loop {
            let line = self::line(&mut head)?.ok_or_else(invalid)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(invalid)?;
            request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let body = request.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        io::copy(&mut from.take(body), &mut io::sink())?;
        Ok(Some(request))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The percent-decoded value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| percent_decode(value))
    }

    /// The token of `Authorization: Bearer` (or GitHub's older `token`).
    pub(super) fn bearer(&self) -> Option<&str> {
        let value = self.header("authorization")?;
        value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("token "))
    }

    /// Whether the client will close the connection after this request.
    pub(super) fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// One line without its end; `None` at the end of the stream.
fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Decodes `%XX`; anything else, also a broken escape, stays as it is.
pub(super) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| bytes[at] == b'%');
        out.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Encodes all but RFC 3986's unreserved characters, as github.com does in its download URLs.
pub(super) fn percent_encode(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// An answer before it is written.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Headers that a fault asked for.
    pub(super) extra: Vec<(String, String)>,
    pub(super) content: Content,
    /// The part of `content` that is the body.
    pub(super) part: Range<u64>,
}

impl Answer {
    pub(super) fn new(status: u16, kind: &str, content: impl Into<Content>) -> Self {
        let content = content.into();
        let part = 0..content.length();
        Self { status, headers: Vec::new(), extra: Vec::new(), content, part }.with("content-type", kind)
    }

    /// A redirect, as github.com sends it: no body.
    pub(super) fn redirect(to: impl Into<String>) -> Self {
        Self::new(302, "text/html; charset=utf-8", "").with("location", to)
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Body length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.part.end - self.part.start
    }
}

/// The reason phrase of a status; clients ignore it, people who read a trace do not.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> io::Result<Option<Request>> {
        Request::read(&mut text.as_bytes())
    }

    #[test]
    fn a_request_is_its_decoded_path_raw_query_and_lower_case_headers() {
        let text = "GET /a%2Fb%20c?token=x%26y&name=a%2Bb HTTP/1.1\r\nHost: h\r\nX-Odd:  v \r\n\r\n";
        let request = parse(text).unwrap().unwrap();
        assert_eq!((request.path.as_str(), request.query.as_str()), ("/a/b c", "token=x%26y&name=a%2Bb"));
        assert_eq!(request.header("x-odd"), Some("v"));
        assert_eq!(request.parameter("token").as_deref(), Some("x&y"));
        assert_eq!(request.parameter("name").as_deref(), Some("a+b"));
        assert_eq!(request.parameter("none"), None);
    }

    #[test]
    fn a_request_body_is_skipped_and_the_end_is_no_request() {
        let mut stream = "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nxyzGET /2 HTTP/1.1\r\n\r\n".as_bytes();
        assert_eq!(Request::read(&mut stream).unwrap().unwrap().method, "POST");
        assert_eq!(Request::read(&mut stream).unwrap().unwrap().path, "/2");
        assert!(Request::read(&mut stream).unwrap().is_none());
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(parse("nonsense\r\n\r\n").is_err());
        assert!(parse("GET / HTTP/1.1\r\nno colon\r\n\r\n").is_err());
        assert!(parse("GET / HTTP/1.1\r\nHost: h").is_err());
    }

    #[test]
    fn percent_coding_round_trips() {
        let odd = "app/v1.0+b ü%.tar.gz";
        assert_eq!(percent_encode("v1.0+b/x"), "v1.0%2Bb%2Fx");
        assert_eq!(percent_decode(&percent_encode(odd)), odd);
        assert_eq!(percent_decode("100%zz%4"), "100%zz%4");
    }

    #[test]
    fn both_words_of_an_authorization_are_understood() {
        for word in ["Bearer", "token"] {
            let text = format!("GET / HTTP/1.1\r\nAuthorization: {word} abc\r\n\r\n");
            assert_eq!(parse(&text).unwrap().unwrap().bearer(), Some("abc"));
        }
    }
}
