//! What a status that is not a success means, in one place for downloads and APIs.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{StatusCode, Url};

use super::address::display_url;
use crate::error::{Error, Kind};

/// Header fields by their lower-case names, as in [`Answer`](super::get::Answer).
pub(crate) type Headers = BTreeMap<String, String>;

/// Whether the same request may succeed a little later: time-outs, too many requests, and failures of the server.
pub(crate) fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// The error for an answer that is not a success. The `url` is the one that was asked for.
pub(crate) fn error_for(status: u16, headers: &Headers, url: &str) -> Error {
    error_at(status, headers, url, SystemTime::now())
}

/// [`error_for`] at the time `now`.
fn error_at(status: u16, headers: &Headers, url: &str, now: SystemTime) -> Error {
    if is_rate_limit(status, headers) {
        return rate_limited(status, headers, url, now);
    }
    let (kind, headline, help) = match status {
        300..=399 => (Kind::HttpStatus, "the server redirects to nowhere", None),
        401 => (Kind::Unauthorized, "the server wants credentials", None),
        403 => (Kind::Unauthorized, "the server refuses access", None),
        404 | 410 => (Kind::HttpStatus, "the server does not have this file", None),
        407 => (
            Kind::HttpStatus,
            "the proxy wants credentials",
            Some("put them into the proxy variable: HTTPS_PROXY=http://<user>:<password>@<host>:<port>"),
        ),
        500..=599 => (Kind::HttpStatus, "the server failed", None),
        _ => (Kind::HttpStatus, "the server did not send the file", None),
    };
    let error = Error::new(kind, headline).fact("url", display_url(url)).fact("answer", words(status));
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

fn is_rate_limit(status: u16, headers: &Headers) -> bool {
    let none_left = headers.get("x-ratelimit-remaining").is_some_and(|left| left.trim() == "0");
    // GitHub's secondary limits answer 403 with Retry-After and requests left
    status == 429 || status == 403 && (none_left || headers.contains_key("retry-after"))
}

fn rate_limited(status: u16, headers: &Headers, url: &str, now: SystemTime) -> Error {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let who = host.map_or_else(|| "the server".to_owned(), |host| format!("`{host}`"));
    let error = Error::new(Kind::RateLimited, format!("{who} allows no more requests for now"))
        .fact("url", display_url(url))
        .fact("answer", words(status));
    match wait_asked(headers, now) {
        Some(wait) => error.fact("limit", resets(wait, now)),
        None => error,
    }
}

/// `503 Service Unavailable`.
fn words(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

/// How long the server asks to wait: `Retry-After` (seconds or a date), or until `X-RateLimit-Reset` (seconds since
/// 1970) where no request is left.
pub(crate) fn wait_asked(headers: &Headers, now: SystemTime) -> Option<Duration> {
    let until = |time: SystemTime| time.duration_since(now).unwrap_or_default();
    let at = |seconds: u64| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    if let Some(after) = headers.get("retry-after").map(|after| after.trim()) {
        return match after.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => Some(until(at(http_date(after)?)?)),
        };
    }
    if headers.get("x-ratelimit-remaining")?.trim() != "0" {
        return None;
    }
    headers.get("x-ratelimit-reset")?.trim().parse().ok().and_then(at).map(until)
}

/// `resets in 12 min (14:05 UTC)`.
fn resets(wait: Duration, now: SystemTime) -> String {
    let seconds = wait.as_secs();
    let rest = match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    };
    let since_1970 = now.checked_add(wait).and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let minutes = since_1970.unwrap_or_default().as_secs() / 60 % (24 * 60);
    format!("resets in {rest} ({:02}:{:02} UTC)", minutes / 60, minutes % 60)
}

/// Seconds since 1970 of a date as HTTP writes it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`. The two obsolete
/// forms are not read.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_weekday, text) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = text.split(' ').collect::<Vec<_>>()[..] else { return None };
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let [hours, minutes, seconds] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let time: [u64; 3] = [hours.parse().ok()?, minutes.parse().ok()?, seconds.parse().ok()?];
    if !(1..=31).contains(&day)
        || !(1970..=9999).contains(&year)
        || time[0] > 23
        || time[1] > 59
        || time[2] > 60
    {
        return None;
    }
    // days of the civil calendar, with years that begin in March: then the leap day is the last one
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let since_1970 = days.checked_sub(719_468)?;
    Some(((since_1970 * 24 + time[0]) * 60 + time[1]) * 60 + time[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://user:secret@api.example.com/repos/x?token=secret";

    fn headers(fields: &[(&str, &str)]) -> Headers {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// 2026-11-20 13:53 UTC.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_795_182_780)
    }

    fn error(status: u16, fields: &[(&str, &str)]) -> Error {
        error_at(status, &headers(fields), URL, now())
    }

    #[test]
    fn each_status_has_its_kind() {
        let kinds = [
            (302, Kind::HttpStatus),
            (400, Kind::HttpStatus),
            (401, Kind::Unauthorized),
            (403, Kind::Unauthorized),
            (404, Kind::HttpStatus),
            (407, Kind::HttpStatus),
            (429, Kind::RateLimited),
            (503, Kind::HttpStatus),
        ];
        for (status, kind) in kinds {
            assert_eq!(error(status, &[]).kind(), kind, "{status}");
        }
    }

    #[test]
    fn an_error_names_url_and_answer_without_secrets() {
        let expected = "the server does not have this file\n  url     https://api.example.com/repos/x\n  answer  404 \
                        Not Found";
        assert_eq!(error(404, &[]).to_string(), expected);
        assert!(error(599, &[]).to_string().ends_with("answer  599"));
    }

    #[test]
    fn a_spent_rate_limit_says_when_it_resets() {
        let fields = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795183500")];
        let expected = "`api.example.com` allows no more requests for now\n  url     \
                        https://api.example.com/repos/x\n  answer  403 Forbidden\n  limit   resets in 12 min (14:05 \
                        UTC)";
        assert_eq!(error(403, &fields).to_string(), expected);
        assert_eq!(error(429, &fields).kind(), Kind::RateLimited);
    }

    #[test]
    fn a_secondary_rate_limit_is_one_too() {
        let error = error(403, &[("x-ratelimit-remaining", "42"), ("retry-after", "60")]);
        assert_eq!(error.kind(), Kind::RateLimited);
        assert!(error.to_string().contains("resets in 60 s (13:54 UTC)"), "{error}");
    }

    #[test]
    fn requests_left_mean_that_access_is_refused() {
        assert_eq!(error(403, &[("x-ratelimit-remaining", "42")]).kind(), Kind::Unauthorized);
        assert!(!error(429, &[]).to_string().contains("limit  "));
    }

    #[test]
    fn only_what_may_pass_may_pass() {
        assert!([408, 425, 429, 500, 502, 503, 504].into_iter().all(may_pass));
        assert!(![200, 304, 400, 401, 403, 404, 407, 410, 416].into_iter().any(may_pass));
    }

    #[test]
    fn waits_are_seconds_dates_or_the_reset() {
        let asked = |fields: &[(&str, &str)]| wait_asked(&headers(fields), now()).map(|wait| wait.as_secs());
        assert_eq!(asked(&[("retry-after", "7")]), Some(7));
        assert_eq!(asked(&[("retry-after", "Fri, 20 Nov 2026 13:53:30 GMT")]), Some(30));
        assert_eq!(asked(&[("retry-after", "Fri, 20 Nov 2020 13:53:30 GMT")]), Some(0));
        assert_eq!(asked(&[("retry-after", "soon")]), None);
        assert_eq!(asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795182790")]), Some(10));
        assert_eq!(asked(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1795182790")]), None);
        assert_eq!(
            asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "18446744073709551615")]),
            None
        );
        assert_eq!(asked(&[]), None);
    }

    #[test]
    fn resets_are_rounded_up() {
        let texts = [(5, "5 s"), (91, "2 min"), (5400, "90 min"), (5401, "2 h")];
        for (seconds, text) in texts {
            let resets = resets(Duration::from_secs(seconds), now());
            assert!(resets.starts_with(&format!("resets in {text} (")), "{resets}");
        }
    }

    #[test]
    fn dates_are_read() {
        // RFC 9110, 5.6.7
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:00:00 GMT",
            "Sun, 00 Nov 1994 1:1:1 GMT",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_it_panic(after in ".{0,40}", reset in "[0-9]{0,25}") {
            let fields = [("retry-after", &*after), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &*reset)];
            for fields in [&fields[..], &fields[1..]] {
                let _ = error_at(429, &headers(fields), URL, now());
            }
        }
    }
}
