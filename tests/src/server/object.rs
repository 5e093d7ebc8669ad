//! The bytes of assets: URLs with a secret in the query, strong `ETag`s, ranges.

use std::ops::Range;

use super::content::Content;
use super::http::{Answer, Request, percent_encode};
use super::spec::Asset;

/// The secret that a redirect puts into the query, as GitHub's storage has signatures there. It must reach the server,
/// and must never reach a printed URL or a lock.
const TOKEN: &str = "secret";

/// All objects claim to be from this moment.
const LAST_MODIFIED: &str = "Fri, 02 Jan 2026 03:04:05 GMT";

/// Where a download redirects to.
pub(super) fn url(base: &str, asset: &Asset) -> String {
    format!("{base}/objects/{}?token={TOKEN}&name={}", asset.sha256, percent_encode(&asset.name))
}

/// Whether the request still has the query that the redirect gave it.
pub(super) fn is_signed(request: &Request) -> bool {
    request.parameter("token").as_deref() == Some(TOKEN)
}

/// The strong `ETag` of content with this hash.
pub(super) fn etag(sha256: &str) -> String {
    format!("\"0x{}\"", &sha256[..16])
}

/// What GitHub guesses for a file name.
pub(super) fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("gz" | "tgz") => "application/gzip",
        Some("xz") => "application/x-xz",
        Some("zip") => "application/zip",
        Some("json") => "application/json",
        Some("sha256" | "txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Serves content with ranges (RFC 9110, section 14) and `If-Range` (section 13.1.5).
pub(super) fn serve(request: &Request, name: &str, content: &Content, etag: &str) -> Answer {
    let length = content.length();
    let whole = Answer::new(200, content_type(name), content.clone())
        .with("etag", etag)
        .with("last-modified", LAST_MODIFIED)
        .with("accept-ranges", "bytes");
    let current = request.header("if-range").is_none_or(|known| known == etag || known == LAST_MODIFIED);
    let asked = request.header("range").filter(|_| request.method == "GET" && current);
    match asked.and_then(|range| parse_range(range, length)) {
        None => whole,
        Some(Ok(part)) => {
            let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            Answer { status: 206, part, ..whole }.with("content-range", range)
        }
        Some(Err(Unsatisfiable)) => Answer::new(416, "text/plain; charset=utf-8", "")
            .with("content-range", format!("bytes */{length}")),
    }
}

/// A range that is understood, but begins past the end.
#[derive(Debug, PartialEq, Eq)]
struct Unsatisfiable;

/// One byte range. `None` for what a server may ignore: other units, several ranges, nonsense.
fn parse_range(header: &str, length: u64) -> Option<Result<Range<u64>, Unsatisfiable>> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let range = if first.is_empty() {
        let suffix: u64 = last.parse().ok()?;
        length.saturating_sub(suffix)..length
    } else {
        let first: u64 = first.parse().ok()?;
        let end = if last.is_empty() { length } else { last.parse::<u64>().ok()?.saturating_add(1) };
        if end <= first && !last.is_empty() {
            return None;
        }
        first..end.min(length)
    };
    Some(if range.start < range.end { Ok(range) } else { Err(Unsatisfiable) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let ok = |range: Range<u64>| Some(Ok(range));
        assert_eq!(parse_range("bytes=0-0", 10), ok(0..1));
        assert_eq!(parse_range("bytes=4-", 10), ok(4..10));
        assert_eq!(parse_range("bytes=4-99", 10), ok(4..10));
        assert_eq!(parse_range("bytes=-3", 10), ok(7..10));
        assert_eq!(parse_range("bytes=-30", 10), ok(0..10));
        assert_eq!(parse_range("bytes=10-", 10), Some(Err(Unsatisfiable)));
        assert_eq!(parse_range("bytes=12-13", 10), Some(Err(Unsatisfiable)));
        assert_eq!(parse_range("bytes=-0", 10), Some(Err(Unsatisfiable)));
    }

    #[test]
    fn what_may_be_ignored_is_ignored() {
        for header in ["bytes=0-1,3-4", "lines=1-2", "bytes=5-4", "bytes=a-b", "bytes=", "bytes"] {
            assert_eq!(parse_range(header, 10), None, "{header}");
        }
    }

    #[test]
    fn types_follow_the_last_suffix() {
        assert_eq!(content_type("a-1.2.tar.gz"), "application/gzip");
        assert_eq!(content_type("tool-linux-amd64"), "application/octet-stream");
    }
}
