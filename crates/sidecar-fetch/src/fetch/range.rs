//! Whether an answer goes on where an earlier try ended (RFC 9110, 14).

use super::status::Headers;

/// How the body of an answer continues what is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It is the rest; where known, with how long the whole is.
    Append(Option<u64>),
    /// It is the whole.
    Over,
    /// It is neither: ask again, for the whole.
    Again,
}

/// How the body of an answer continues what is there, of which `sent` was said in the request; `None` where it is not a
/// file at all.
pub(super) fn start(status: u16, head: &Headers, sent: Option<(u64, &str)>) -> Option<Start> {
    match (status, sent) {
        (200, _) => Some(Start::Over),
        (206, Some((from, etag))) => {
            let same_version = head.get("etag").is_none_or(|answered| answered == etag);
            let rest = head.get("content-range").and_then(|range| rest_from(range, from));
            Some(rest.filter(|_| same_version).unwrap_or(Start::Again))
        }
        (416, Some(_)) => Some(Start::Again),
        _ => None,
    }
}

/// What `bytes 5-9/10` is, where that range is all from `from` on; a total of `*` is not known.
fn rest_from(content_range: &str, from: u64) -> Option<Start> {
    let (range, total) = content_range.strip_prefix("bytes ")?.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = if total == "*" { None } else { Some(total.parse::<u64>().ok()?) };
    let to_the_end = total.is_none_or(|total| last.checked_add(1) == Some(total));
    (first == from && last >= first && to_the_end).then_some(Start::Append(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&str, &str)]) -> Headers {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_the_rest_of_the_same_version_is_appended() {
        let sent = Some((5, "\"v1\""));
        let range = |range: &str| head(&[("content-range", range), ("etag", "\"v1\"")]);
        assert_eq!(start(206, &range("bytes 5-9/10"), sent), Some(Start::Append(Some(10))));
        assert_eq!(start(206, &range("bytes 5-9/*"), sent), Some(Start::Append(None)));
        for wrong in
            ["bytes 4-9/10", "bytes 5-8/10", "bytes 0-9/10", "bytes 5-4/5", "items 5-9/10", "5-9/10", ""]
        {
            assert_eq!(start(206, &range(wrong), sent), Some(Start::Again), "{wrong}");
        }
        let other = head(&[("content-range", "bytes 5-9/10"), ("etag", "\"v2\"")]);
        assert_eq!(start(206, &other, sent), Some(Start::Again));
        assert_eq!(start(206, &head(&[]), sent), Some(Start::Again));
    }

    #[test]
    fn other_answers_start_over_or_bring_no_file() {
        assert_eq!(start(200, &head(&[]), Some((5, "\"v1\""))), Some(Start::Over));
        assert_eq!(start(200, &head(&[]), None), Some(Start::Over));
        assert_eq!(start(416, &head(&[]), Some((5, "\"v1\""))), Some(Start::Again));
        for status in [204, 206, 302, 404, 416, 503] {
            assert_eq!(start(status, &head(&[("content-range", "bytes 0-9/10")]), None), None, "{status}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_content_range_makes_it_panic(text in ".{0,30}", from: u64, last: u64, total: u64) {
            let _ = rest_from(&text, from);
            let _ = rest_from(&format!("bytes {from}-{last}/{total}"), from);
        }
    }
}
