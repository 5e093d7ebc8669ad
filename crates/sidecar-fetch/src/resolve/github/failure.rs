//! What a status that is not a success means, and what can be done about it.

use jiff::Timestamp;

use super::Token;
use crate::env;
use crate::error::{Error, Kind};
use crate::fetch::get::Answer;
use crate::resolve::repository::{Repository, shown};

/// What a build that only needs the lock is told.
const LOCKED_BUILDS: &str = "only locking asks this API; a build from a committed sidecar.lock does not";

/// The error for an answer that is neither a success nor a 404, at the time `now`.
pub(super) fn of_status(answer: &Answer, url: &str, token: Option<&Token>, now: Timestamp) -> Error {
    let none_left = answer.header("x-ratelimit-remaining").is_some_and(|left| left.trim() == "0");
    // GitHub's secondary limits answer 403 with Retry-After, and with requests left.
    let limited = none_left || answer.header("retry-after").is_some();
    let error = match (answer.status, token) {
        (429, _) => return rate_limited(answer, url, token, now),
        (403, _) if limited => return rate_limited(answer, url, token, now),
        (401, Some(token)) => {
            let variable = token.variable;
            Error::new(Kind::Unauthorized, format!("GitHub does not accept the token in `{variable}`"))
                .help(format!("renew the token, or unset `{variable}`: public repositories need none"))
        }
        (401 | 403, None) => Error::new(Kind::Unauthorized, "GitHub wants a token")
            .help(format!("put a token that can read the repository into `{}`", env::GITHUB_TOKEN)),
        (403, Some(token)) => Error::new(
            Kind::Unauthorized,
            format!("GitHub refuses access with the token in `{}`", token.variable),
        ),
        _ => Error::new(Kind::HttpStatus, "the GitHub API did not answer the question"),
    };
    let error = error.fact("url", shown(url)).fact("status", answer.status);
    match message(&answer.body) {
        Some(message) => error.fact("answer", message),
        None => error,
    }
}

fn rate_limited(answer: &Answer, url: &str, token: Option<&Token>, now: Timestamp) -> Error {
    let mut error =
        Error::new(Kind::RateLimited, "GitHub allows no more requests for now").fact("url", shown(url));
    if let Some(limit) = answer.header("x-ratelimit-limit").and_then(|limit| limit.trim().parse::<u32>().ok())
    {
        error = error.fact("limit", format!("{limit} requests an hour"));
    }
    if let Some(reset) = reset(answer, now) {
        let wait = time_until(reset.as_second(), now.as_second());
        error = error.fact("resets", format!("in {wait} ({reset})"));
    }
    let error = error.fact("builds", LOCKED_BUILDS);
    match token {
        None => {
            error.help(format!("put any GitHub token into `{}`: that raises the limit", env::GITHUB_TOKEN))
        }
        Some(token) => error
            .help(format!("wait for the reset, or use another token than the one in `{}`", token.variable)),
    }
}

/// The time between two moments, in seconds since 1970, for people: `90 s`, `20 min`.
pub(crate) fn time_until(then: i64, now: i64) -> String {
    let wait = then.saturating_sub(now).max(0);
    if wait < 120 { format!("{wait} s") } else { format!("{} min", (wait + 59) / 60) }
}

/// When requests are allowed again: `Retry-After` in seconds, or `X-RateLimit-Reset` in seconds since 1970.
fn reset(answer: &Answer, now: Timestamp) -> Option<Timestamp> {
    let number = |name: &str| answer.header(name)?.trim().parse::<i64>().ok();
    let after = number("retry-after").and_then(|seconds| now.as_second().checked_add(seconds));
    Timestamp::from_second(after.or_else(|| number("x-ratelimit-reset"))?).ok()
}

/// The `message` of an error's JSON, on one line and at most 200 characters long.
fn message(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let words: Vec<&str> = json.get("message")?.as_str()?.split_whitespace().collect();
    let text: String = words.join(" ").chars().filter(|c| !c.is_control()).take(200).collect();
    (!text.is_empty()).then_some(text)
}

/// The error for a repository that the API does not know. GitHub answers 404 for private ones, too.
pub(super) fn no_repository(repository: &Repository, token: Option<&Token>, unsent: Option<&Token>) -> Error {
    let error = Error::new(
        Kind::RepositoryNotFound,
        format!("the repository `{repository}` does not exist, or is not visible"),
    )
    .fact("repository", &repository.web);
    error.help(match (token, unsent) {
        (Some(token), _) => format!(
            "check the spelling; if it is private, give the token in `{}` read access",
            token.variable
        ),
        (None, Some(token)) => format!(
            "check the spelling; if it is private, set `{}={}`, so that the token in `{}` is sent there",
            env::GITHUB_API,
            repository.api,
            token.variable
        ),
        (None, None) => {
            format!("check the spelling; if it is private, put a token into `{}`", env::GITHUB_TOKEN)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://api.github.com/repos/acme/tool/releases?per_page=100";

    fn error(status: u16, headers: &[(&str, &str)], body: &str, token: bool) -> Error {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
        let token = token.then(|| Token::new("GH_TOKEN", "ghp_secret"));
        of_status(&answer, URL, token.as_ref(), "2026-11-20T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_rate_limit_says_when_it_ends_and_how_to_get_around_it() {
        let headers = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-limit", "60"),
            ("x-ratelimit-reset", "1795176300"),
        ];
        assert_eq!(
            error(403, &headers, "", false).to_string(),
            "GitHub allows no more requests for now\n  url     https://api.github.com/repos/acme/tool/releases\n  \
             limit   60 requests an hour\n  resets  in 5 min (2026-11-20T12:05:00Z)\n  builds  only locking asks this \
             API; a build from a committed sidecar.lock does not\nhelp: put any GitHub token into `GITHUB_TOKEN`: that \
             raises the limit"
        );
        let secondary = error(403, &[("retry-after", "30")], "", true);
        assert_eq!(secondary.kind(), Kind::RateLimited);
        assert!(secondary.to_string().contains("resets  in 30 s (2026-11-20T12:00:30Z)"), "{secondary}");
        assert!(secondary.help_text().unwrap().contains("GH_TOKEN"));
        assert_eq!(error(429, &[("x-ratelimit-reset", "x")], "", false).kind(), Kind::RateLimited);
    }

    #[test]
    fn a_refused_token_is_named_by_its_variable_only() {
        let bad = error(401, &[], r#"{"message":"Bad credentials"}"#, true);
        assert_eq!(bad.kind(), Kind::Unauthorized);
        assert_eq!(
            bad.to_string(),
            "GitHub does not accept the token in `GH_TOKEN`\n  url     https://api.github.com/repos/acme/tool/releases\n  \
             status  401\n  answer  Bad credentials\nhelp: renew the token, or unset `GH_TOKEN`: public repositories need none"
        );
        for error in [bad, error(403, &[], "", true), error(403, &[("x-ratelimit-remaining", "0")], "", true)]
        {
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert!(error(401, &[], "", false).help_text().unwrap().contains("GITHUB_TOKEN"));
    }

    #[test]
    fn other_answers_are_shown_on_one_line() {
        let error = error(502, &[], r#"{"message":"bad\n gate\u001bway"}"#, false);
        assert_eq!(error.kind(), Kind::HttpStatus);
        assert!(error.to_string().ends_with("status  502\n  answer  bad gateway"), "{error}");
        assert_eq!(message(b"<html>"), None);
    }

    #[test]
    fn a_repository_that_is_not_visible_says_which_token_would_help() {
        let repository = Repository::parse("https://ghe.corp/a/b", None).unwrap();
        let token = Token::new("GH_TOKEN", "x");
        let help = |token, unsent| no_repository(&repository, token, unsent).help_text().unwrap().to_owned();
        assert!(help(Some(&token), None).ends_with("give the token in `GH_TOKEN` read access"));
        assert!(help(None, Some(&token)).contains("`SIDECAR_GITHUB_API=https://ghe.corp/api/v3`"));
        assert!(help(None, None).ends_with("put a token into `GITHUB_TOKEN`"));
    }
}
