//! The network: on or off, by which proxies, with which token, and what GitHub's API says to it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Check, CheckState, Scene};
use crate::env;
use crate::error::{Error, Kind};
use crate::fetch::address::display_url;
use crate::fetch::client::{Client, Pace};
use crate::fetch::failure::Limits;
use crate::fsx;
use crate::resolve::github::{GitHub, Quota, Token, time_until};
use crate::resolve::repository;

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let offline = scene.project.network.offline_by();
    let mut out = vec![match offline {
        None => Check::ok("network", "on"),
        Some(who) => Check::note("network", "off: nothing is locked or downloaded, builds use the cache")
            .fact("offline by", who),
    }];
    out.push(proxies(env::text));
    out.push(certificates(env::path(env::SSL_CERT_FILE)));
    let token = token(env::text);
    let usable = token.state != CheckState::Problem;
    out.push(token);
    if offline.is_none() {
        out.push(github(usable.then(Token::from_env).flatten()));
    }
    out
}

/// The proxies that the environment names, without what they are told to let us in.
fn proxies(env: impl Fn(&str) -> Option<String>) -> Check {
    let mut out = Check::ok("proxy", "none is set");
    for name in [env::HTTPS_PROXY, env::ALL_PROXY, env::NO_PROXY] {
        // Windows has one variable for both spellings.
        let spellings = [name.to_owned(), name.to_lowercase()];
        let value = spellings.iter().find_map(|name| Some((name, env(name)?)));
        let Some((name, value)) = value else { continue };
        let shown = if name.eq_ignore_ascii_case(env::NO_PROXY) { value } else { host_of(&value).to_owned() };
        out = Check { state: CheckState::Note, found: "the environment names proxies".to_owned(), ..out };
        out = out.fact(name, shown);
    }
    out
}

/// Host and port of a proxy. Whatever stands in front of the last `@` may be a password.
fn host_of(proxy: &str) -> &str {
    let rest = proxy.rsplit('@').next().unwrap_or_default();
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn certificates(file: Option<PathBuf>) -> Check {
    const NAME: &str = "certificates";
    let Some(path) = file else { return Check::ok(NAME, "those that the system trusts") };
    let found = match fsx::metadata(&path) {
        Ok(Some(found)) if found.is_file() && found.len() > 0 => {
            return Check::ok(NAME, format!("those of {}, by {}", path.display(), env::SSL_CERT_FILE));
        }
        Ok(Some(found)) if found.is_file() => "an empty file",
        Ok(Some(_)) => "no file",
        Ok(None) => "nothing",
        Err(error) => return Check::of(NAME, CheckState::Problem, &error),
    };
    Check::problem(NAME, format!("{} leads to {found}, so that no server can be trusted", env::SSL_CERT_FILE))
        .fact("path", path.display())
        .help(format!("unset `{}`, or let it name a file of certificates", env::SSL_CERT_FILE))
}

/// Where the token comes from. Nothing of its value is said.
fn token(env: impl Fn(&str) -> Option<String>) -> Check {
    const NAME: &str = "token";
    let set = [env::GH_TOKEN, env::GITHUB_TOKEN].map(|name| Some((name, env(name)?)));
    let [gh, github] = &set;
    let Some((name, value)) = gh.as_ref().or(github.as_ref()) else {
        return Check::ok(NAME, "none; public repositories need none");
    };
    let again = format!("run `export {name}=\"$(gh auth token)\"`");
    if value.trim().is_empty() {
        return Check::problem(NAME, format!("{name} holds white space and no token"))
            .help(format!("unset `{name}`"));
    }
    if value.trim().contains(|c: char| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
        return Check::problem(NAME, format!("the token in {name} has characters in it that no token has"))
            .fact("such as", "white space, a line break, a control character")
            .help(again);
    }
    if value.trim() != value {
        return Check::warning(NAME, format!("the token in {name} has white space around it"))
            .fact("so", "it is cut off here; other programs send it and are refused")
            .help(again);
    }
    match &set {
        [Some((_, gh)), Some((_, github))] if gh != github => Check::note(
            NAME,
            format!("from {name}; {} holds another one, which is not used", env::GITHUB_TOKEN),
        ),
        _ => Check::ok(NAME, format!("from {name}")),
    }
}

/// Asks the API what it still allows: one request that costs none.
fn github(token: Option<Token>) -> Check {
    const NAME: &str = "github";
    let answer = repository::default_api().and_then(|api| {
        let quota = GitHub::new(&hurried(), token).quota(&api)?;
        Ok((api, quota))
    });
    match answer {
        Ok((api, Some(quota))) => allowance(&display_url(&api), quota, now()),
        Ok((api, None)) => Check::ok(NAME, format!("{} answers and sets no limits", display_url(&api))),
        Err(error) => Check::of(NAME, state_of(&error), &error),
    }
}

/// Without an answer, builds go on with what is locked and cached. A token that is refused stays refused.
fn state_of(error: &Error) -> CheckState {
    match error.kind() {
        Kind::Unauthorized | Kind::InsecureUrl | Kind::BadValue => CheckState::Problem,
        _ => CheckState::Warning,
    }
}

fn allowance(api: &str, quota: Quota, now: i64) -> Check {
    let Quota { limit, remaining, reset } = quota;
    let resets = time_until(reset, now);
    let found = format!("{api} answers: {limit} requests per hour, {remaining} left, resets in {resets}");
    if remaining > 0 {
        return Check::ok("github", found);
    }
    Check::warning("github", found).fact("builds", "a build from a committed lock asks no API").help(format!(
        "wait {resets}, or set another token: `export {}=\"$(gh auth token)\"`",
        env::GITHUB_TOKEN
    ))
}

/// A client for somebody who waits: no pauses between tries, and no patience.
fn hurried() -> Client {
    let limits = Limits { connect: Duration::from_secs(4), stall: Duration::from_secs(10) };
    Client::new(Pace { limits, sleep: Box::new(|_| ()) })
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(vars: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn a_proxy_is_named_without_its_credentials() {
        for proxy in [
            "http://user:p/a@ss@proxy:3128/",
            "user:pass@proxy:3128",
            "socks5://proxy:3128?x#y",
            "proxy:3128",
        ] {
            assert_eq!(host_of(proxy), "proxy:3128", "{proxy}");
        }
        let check = proxies(env(&[("https_proxy", "http://u:secret@p:1"), ("NO_PROXY", "localhost,.corp")]));
        assert_eq!(check.state, CheckState::Note);
        let facts: Vec<_> = check.facts.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(facts, [("https_proxy", "p:1"), ("NO_PROXY", "localhost,.corp")]);
        assert_eq!(proxies(env(&[])).state, CheckState::Ok);
    }

    #[test]
    fn tokens_by_their_source_only() {
        let of = |vars: &[(&str, &str)]| {
            let check = token(env(vars));
            assert!(!format!("{check:?}").contains("ghp"), "{check:?}");
            (check.state, check.found)
        };
        assert_eq!(of(&[]).0, CheckState::Ok);
        assert_eq!(of(&[("GITHUB_TOKEN", "ghp_1")]), (CheckState::Ok, "from GITHUB_TOKEN".to_owned()));
        let both = of(&[("GH_TOKEN", "ghp_1"), ("GITHUB_TOKEN", "ghp_2")]);
        assert_eq!(
            (both.0, both.1.starts_with("from GH_TOKEN; GITHUB_TOKEN holds another")),
            (CheckState::Note, true)
        );
        assert_eq!(of(&[("GH_TOKEN", "ghp_1"), ("GITHUB_TOKEN", "ghp_1")]).0, CheckState::Ok);
        assert_eq!(of(&[("GH_TOKEN", "ghp_1\n")]).0, CheckState::Warning);
        for broken in ["ghp_1 ghp_2", "ghp\n_1", " \n", "ghp_\u{e9}", "ghp\u{1}"] {
            assert_eq!(of(&[("GH_TOKEN", broken)]).0, CheckState::Problem, "{broken:?}");
        }
    }

    #[test]
    fn certificates_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let state = |path: PathBuf| certificates(Some(path)).state;
        assert_eq!(certificates(None).state, CheckState::Ok);
        assert_eq!(state(dir.path().join("none.pem")), CheckState::Problem);
        assert_eq!(state(dir.path().to_owned()), CheckState::Problem);
        fsx::write_atomic(&dir.path().join("empty.pem"), "").unwrap();
        assert_eq!(state(dir.path().join("empty.pem")), CheckState::Problem);
        fsx::write_atomic(&dir.path().join("ca.pem"), "-----BEGIN CERTIFICATE-----").unwrap();
        assert_eq!(state(dir.path().join("ca.pem")), CheckState::Ok);
    }

    #[test]
    fn an_allowance_that_is_used_up_is_a_warning() {
        let quota = |remaining| Quota { limit: 60, remaining, reset: 1_200 };
        let some = allowance("https://api.github.com", quota(12), 0);
        assert_eq!(
            some.found,
            "https://api.github.com answers: 60 requests per hour, 12 left, resets in 20 min"
        );
        assert_eq!(some.state, CheckState::Ok);
        assert_eq!(allowance("https://api.github.com", quota(0), 1_110).state, CheckState::Warning);
    }

    #[test]
    fn no_answer_is_a_warning_and_a_refusal_a_problem() {
        assert_eq!(state_of(&Error::new(Kind::Timeout, "x")), CheckState::Warning);
        assert_eq!(state_of(&Error::new(Kind::RateLimited, "x")), CheckState::Warning);
        assert_eq!(state_of(&Error::new(Kind::Unauthorized, "x")), CheckState::Problem);
    }
}
