use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;

/// Answers from a table by URL, 404 for everything else; remembers what was asked and with which token.
#[derive(Default)]
struct Table {
    answers: BTreeMap<String, Answer>,
    asked: RefCell<Vec<(String, Option<String>)>>,
}

impl Table {
    fn with(mut self, url: &str, status: u16, body: &str, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.answers.insert(url.to_owned(), Answer { status, headers, body: body.as_bytes().to_vec() });
        self
    }

    fn find(&self, repository: &str, request: &Request, token: Option<Token>) -> Result<String, Error> {
        let repository = Repository::parse(repository, None)?;
        GitHub::new(self, token).find(&repository, request, None).map(|release| release.tag)
    }

    fn urls(&self) -> Vec<String> {
        self.asked.borrow().iter().map(|(url, _)| url.clone()).collect()
    }
}

impl Transport for Table {
    fn get(&self, get: Get<'_>) -> Result<Answer, Error> {
        assert!([JSON, BYTES].contains(&get.accept));
        self.asked.borrow_mut().push((get.url.to_owned(), get.bearer.map(str::to_owned)));
        let missing = || Answer { status: 404, ..Answer::default() };
        Ok(self.answers.get(get.url).cloned().unwrap_or_else(missing))
    }
}

const LIST: &str = "https://api.github.com/repos/acme/tool/releases?per_page=100";
const TAG: &str = "https://api.github.com/repos/acme/tool/releases/tags/cli%2Fv1.2";

fn release(tag: &str) -> String {
    format!(r#"{{"tag_name":"{tag}","html_url":"","published_at":"2026-01-01T00:00:00Z","assets":[]}}"#)
}

fn list(tags: &[&str]) -> String {
    let releases: Vec<String> = tags.iter().map(|tag| release(tag)).collect();
    format!("[{}]", releases.join(","))
}

fn latest() -> Request {
    Request::Latest(None)
}

fn exact(tag: &str) -> Request {
    Request::Exact(tag.to_owned())
}

#[test]
fn an_exact_tag_costs_one_request() {
    let table = Table::default().with(TAG, 200, &release("cli/v1.2"), &[]);
    assert_eq!(table.find("acme/tool", &exact("cli/v1.2"), None).unwrap(), "cli/v1.2");
    assert_eq!(table.urls(), [TAG]);
}

#[test]
fn a_missing_tag_and_a_missing_repository_are_told_apart() {
    let table = Table::default().with(LIST, 200, &list(&["v1.2.0", "v1.1.0"]), &[]);
    let error = table.find("acme/tool", &exact("1.2.0"), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no release has the tag `1.2.0`\n  tags      v1.2.0, v1.1.0\n  releases  \
         https://github.com/acme/tool/releases\nhelp: did you mean `v1.2.0`?"
    );
    let none = Table::default();
    assert_eq!(none.find("acme/tool", &exact("1.2.0"), None).unwrap_err().kind(), Kind::RepositoryNotFound);
    assert_eq!(none.find("acme/tool", &latest(), None).unwrap_err().kind(), Kind::RepositoryNotFound);
}

#[test]
fn pages_are_read_until_one_answers() {
    let second = format!("{LIST}&page=2");
    let third = format!("{LIST}&page=3");
    let link = |url: &str| format!(r#"<{url}>; rel="next""#);
    let table = Table::default()
        .with(LIST, 200, &list(&["v3.0.0-rc.1", "v3.0.0-rc.0"]), &[("link", &link(&second))])
        .with(&second, 200, &list(&["v2.1.0", "v2.2.0"]), &[("link", &link(&third))]);
    assert_eq!(table.find("acme/tool", &latest(), None).unwrap(), "v2.2.0");
    assert_eq!(table.urls(), [LIST, second.as_str()]);
}

#[test]
fn the_list_is_bounded() {
    let link = format!(r#"<{LIST}>; rel="next""#);
    let table = Table::default().with(LIST, 200, &list(&["nightly"]), &[("link", &link)]);
    let error = table.find("acme/tool", &latest(), None).unwrap_err();
    assert_eq!(table.urls().len(), super::super::source::PAGES);
    assert!(error.to_string().contains("searched  the latest 10 releases"), "{error}");
}

#[test]
fn the_next_page_is_never_on_another_server() {
    let link = r#"<https://evil.example/repos/acme/tool/releases?page=2>; rel="next""#;
    let table = Table::default().with(LIST, 200, "[]", &[("link", link)]);
    let error = table.find("acme/tool", &latest(), Some(Token::new("GH_TOKEN", "secret"))).unwrap_err();
    assert_eq!(error.kind(), Kind::ApiAnswer);
    assert_eq!(table.urls(), [LIST]);
}

#[test]
fn the_token_goes_to_trusted_apis_only() {
    let token = || Some(Token::new("GH_TOKEN", "secret"));
    let corp = "https://ghe.corp/api/v3/repos/acme/tool/releases?per_page=100";
    let table =
        Table::default().with(LIST, 200, &list(&["v1.0.0"]), &[]).with(corp, 200, &list(&["v1.0.0"]), &[]);
    table.find("acme/tool", &latest(), token()).unwrap();
    table.find("https://ghe.corp/acme/tool", &latest(), token()).unwrap();
    let sent: Vec<Option<String>> = table.asked.borrow().iter().map(|(_, token)| token.clone()).collect();
    assert_eq!(sent, [Some("secret".to_owned()), None]);
    assert!(!format!("{:?}", GitHub::new(&table, token())).contains("secret"));
}

#[test]
fn failures_of_the_server_are_errors() {
    let table = Table::default().with(LIST, 401, "{}", &[]);
    let error = table.find("acme/tool", &latest(), Some(Token::new("GITHUB_TOKEN", "secret"))).unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert!(error.headline().contains("`GITHUB_TOKEN`"), "{error}");
    let table = Table::default().with(TAG, 200, "<!DOCTYPE html>", &[]);
    assert_eq!(table.find("acme/tool", &exact("cli/v1.2"), None).unwrap_err().kind(), Kind::ApiAnswer);
}

#[test]
fn old_tags_never_settle_what_new_ones_leave_open() {
    let second = format!("{LIST}&page=2");
    let link = format!(r#"<{second}>; rel="next""#);
    let table = Table::default()
        .with(LIST, 200, &list(&["cli/v2.0.0", "server/v3.0.0"]), &[("link", &link)])
        .with(&second, 200, &list(&["v0.9.0"]), &[]);
    let error = table.find("acme/tool", &latest(), None).unwrap_err();
    assert!(error.help_text().is_some_and(|help| help.contains("tag-prefix")), "{error}");
    assert_eq!(table.urls(), [LIST]);
}

#[test]
fn a_private_asset_is_asked_for_at_the_api() {
    let asset = |api_url: &str| Asset {
        name: "SHA256SUMS".to_owned(),
        url: "https://github.com/acme/tool/releases/download/v1/SHA256SUMS".to_owned(),
        api_url: api_url.to_owned(),
        size: Some(1),
        ..Asset::default()
    };
    let own = asset("https://api.github.com/repos/acme/tool/releases/assets/1");
    let foreign = asset("https://evil.example/1");
    let repository = Repository::parse("acme/tool", None).unwrap();
    let table =
        Table::default().with(&own.api_url, 200, "sums", &[]).with(&foreign.api_url, 200, "sums", &[]);
    let with = GitHub::new(&table, Some(Token::new("GH_TOKEN", "secret")));
    assert_eq!(with.small_asset(&repository, &own, 9).unwrap(), b"sums");
    assert_eq!(with.small_asset(&repository, &foreign, 9).unwrap_err().kind(), Kind::HttpStatus);
    let without = GitHub::new(&table, None);
    assert_eq!(without.small_asset(&repository, &own, 9).unwrap_err().kind(), Kind::HttpStatus);
    let sent: Vec<String> =
        table.asked.borrow().iter().filter(|(_, t)| t.is_some()).map(|(u, _)| u.clone()).collect();
    assert_eq!(sent, [own.api_url.as_str()]);
}

#[test]
fn what_an_api_still_allows() {
    let url = "https://api.github.com/rate_limit";
    let quota = |status, body: &str| {
        let table = Table::default().with(url, status, body, &[]);
        let found =
            GitHub::new(&table, Some(Token::new("GH_TOKEN", "secret"))).quota("https://api.github.com");
        assert_eq!(*table.asked.borrow(), [(url.to_owned(), Some("secret".to_owned()))]);
        found.map_err(|error| error.kind())
    };
    let body = r#"{"resources":{"core":{"limit":60,"used":48,"remaining":12,"reset":7}},"rate":{}}"#;
    assert_eq!(quota(200, body), Ok(Some(Quota { limit: 60, remaining: 12, reset: 7 })));
    assert_eq!(quota(404, r#"{"message":"Rate limiting is not enabled."}"#), Ok(None));
    assert_eq!(quota(404, "<html>"), Err(Kind::HttpStatus));
    assert_eq!(quota(401, "{}"), Err(Kind::Unauthorized));
    assert_eq!(quota(200, r#"{"resources":{}}"#), Err(Kind::ApiAnswer));
}
