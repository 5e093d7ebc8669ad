//! What GitHub's API answers: releases as JSON, pages as `Link` headers. Unknown fields are ignored.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::forge::check_names;
use super::super::release::{Asset, Release};
use super::super::repository::{check_secure, shown};
use super::super::version;
use crate::error::{Error, Kind};
use crate::hash::Sha256;

#[derive(Deserialize)]
struct ReleaseJson {
    tag_name: String,
    html_url: String,
    published_at: Option<String>,
    #[serde(default)]
    prerelease: bool,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    immutable: bool,
    assets: Vec<AssetJson>,
}

#[derive(Deserialize)]
struct AssetJson {
    name: String,
    url: String,
    browser_download_url: String,
    size: u64,
    digest: Option<String>,
    state: Option<String>,
}

/// One release.
pub(super) fn release(body: &[u8], url: &str) -> Result<Release, Error> {
    read(parse::<ReleaseJson>(body, url)?)
}

/// Whether a repository is private.
pub(super) fn is_private(body: &[u8], url: &str) -> Result<bool, Error> {
    #[derive(Deserialize)]
    struct RepositoryJson {
        private: bool,
    }
    parse::<RepositoryJson>(body, url).map(|repository| repository.private)
}

/// How many requests an API still answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Quota {
    /// Requests an hour.
    pub(crate) limit: u32,
    /// Those that are left.
    pub(crate) remaining: u32,
    /// When all are allowed again, in seconds since 1970.
    pub(crate) reset: i64,
}

/// The quota of ordinary requests.
pub(super) fn quota(body: &[u8], url: &str) -> Result<Quota, Error> {
    #[derive(Deserialize)]
    struct LimitsJson {
        resources: ResourcesJson,
    }
    #[derive(Deserialize)]
    struct ResourcesJson {
        core: Quota,
    }
    parse::<LimitsJson>(body, url).map(|limits| limits.resources.core)
}

/// A page of releases.
pub(super) fn releases(body: &[u8], url: &str) -> Result<Vec<Release>, Error> {
    parse::<Vec<ReleaseJson>>(body, url)?.into_iter().map(read).collect()
}

fn parse<T: DeserializeOwned>(body: &[u8], url: &str) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|cause| {
        Error::new(Kind::ApiAnswer, "the answer is not what the GitHub API describes")
            .fact("url", shown(url))
            .fact("cause", cause)
    })
}

fn read(json: ReleaseJson) -> Result<Release, Error> {
    let names = json.assets.iter().map(|asset| asset.name.as_str());
    check_names(names, &json.tag_name, &json.html_url)?;
    // An upload that did not finish is listed with another state, and cannot be downloaded.
    let uploaded =
        json.assets.into_iter().filter(|asset| asset.state.as_deref().is_none_or(|s| s == "uploaded"));
    let assets = uploaded.map(|asset| {
        check_secure(&asset.browser_download_url)?;
        Ok(Asset {
            name: asset.name,
            url: asset.browser_download_url,
            api_url: asset.url,
            size: Some(asset.size),
            digest: asset.digest.as_deref().and_then(sha256),
            integrity: None,
        })
    });
    Ok(Release {
        version: version::of_tag(&json.tag_name),
        said: None,
        assets: assets.collect::<Result<_, Error>>()?,
        tag: json.tag_name,
        published: json.published_at,
        prerelease: json.prerelease,
        draft: json.draft,
        immutable: json.immutable,
        html_url: json.html_url,
    })
}

/// The digest of `sha256:<hex>`. Assets from before June 2025 have none, and another algorithm counts as none.
fn sha256(digest: &str) -> Option<Sha256> {
    digest.strip_prefix("sha256:")?.parse().ok()
}

/// The next page's URL in a `Link` header (RFC 8288): `<https://…>; rel="next", <https://…>; rel="last"`.
pub(in crate::resolve) fn next_page(link: &str) -> Option<&str> {
    link.split(',').find_map(|part| {
        let (url, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = |parameter: &str| matches!(parameter.trim(), "rel=\"next\"" | "rel=next");
        parameters.split(';').any(is_next).then_some(url)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://api.github.com/repos/acme/tool/releases?per_page=100";

    #[test]
    fn a_release_is_read_and_unknown_fields_are_ignored() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let body = format!(
            r#"{{"tag_name":"v1.2.3","html_url":"https://github.com/acme/tool/releases/tag/v1.2.3","id":1,
                "published_at":"2026-01-01T00:00:00Z","immutable":true,"author":{{"login":"x"}},"assets":[
                {{"name":"a","url":"https://api.github.com/1","browser_download_url":"https://github.com/a","size":3,
                  "digest":"sha256:{hash}","state":"uploaded"}},
                {{"name":"b","url":"","browser_download_url":"https://github.com/b","size":0,"digest":null,"state":"starter"}},
                {{"name":"c","url":"","browser_download_url":"https://github.com/c","size":0,"digest":"sha512:00"}}]}}"#
        );
        let release = release(body.as_bytes(), URL).unwrap();
        assert_eq!(release.names(), ["a", "c"]);
        assert_eq!((release.immutable, release.prerelease, release.draft), (true, false, false));
        assert_eq!(release.version, Some(semver::Version::new(1, 2, 3)));
        assert_eq!(release.assets[0].digest, Some(hash.parse().unwrap()));
        assert_eq!((release.assets[0].size, release.assets[1].digest), (Some(3), None));
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = releases(br#"[{"html_url":"","assets":[]}]"#, URL).unwrap_err();
        assert_eq!(error.kind(), Kind::ApiAnswer);
        let text = error.to_string();
        assert!(text.contains("missing field `tag_name`") && !text.contains("per_page"), "{text}");
        assert_eq!(release(b"<html>", URL).unwrap_err().kind(), Kind::ApiAnswer);
    }

    #[test]
    fn an_asset_that_is_served_in_the_clear_is_refused() {
        let body = br#"{"tag_name":"v1","html_url":"","assets":[
            {"name":"a","url":"","browser_download_url":"http://example.com/a","size":1}]}"#;
        assert_eq!(release(body, URL).unwrap_err().kind(), Kind::InsecureUrl);
    }

    #[test]
    fn names_with_control_characters_are_refused() {
        for (tag, name) in [("v1\\u001b[2K", "a"), ("v1", "a\\u0007"), ("v1\\n", "a")] {
            let body = format!(
                r#"{{"tag_name":"{tag}","html_url":"","assets":[{{"name":"{name}","url":"","browser_download_url":"https://github.com/a","size":1}}]}}"#
            );
            let error = release(body.as_bytes(), URL).unwrap_err();
            assert_eq!(error.kind(), Kind::ApiAnswer);
            assert!(!error.to_string().contains('\x1b'), "{error:?}");
        }
    }

    #[test]
    fn what_is_no_text_or_no_size_is_no_answer() {
        let with = |name: &[u8], size: &str| {
            let head = br#"{"tag_name":"v1","html_url":"","assets":[{"name":""#;
            let tail =
                format!(r#"","url":"","browser_download_url":"https://github.com/a","size":{size}}}]}}"#);
            [head, name, tail.as_bytes()].concat()
        };
        assert!(release(&with(b"a", "1"), URL).is_ok());
        for (name, size) in
            [(&b"a\xff\xfe"[..], "1"), (b"\\ud800", "1"), (b"a", "-1"), (b"a", "1e30"), (b"a", "\"1\"")]
        {
            let error = release(&with(name, size), URL).unwrap_err();
            assert_eq!(error.kind(), Kind::ApiAnswer, "{}", String::from_utf8_lossy(name));
            assert!(error.to_string().contains("line 1 column"), "{error}");
        }
    }

    #[test]
    fn names_that_are_no_file_names_are_refused() {
        for name in ["", ".", "..", "a/b", "../a", "a\\\\b"] {
            let body = format!(
                r#"{{"tag_name":"v1","html_url":"","assets":[{{"name":"{name}","url":"","browser_download_url":"https://github.com/a","size":1}}]}}"#
            );
            assert_eq!(release(body.as_bytes(), URL).unwrap_err().kind(), Kind::ApiAnswer, "{name}");
        }
    }

    #[test]
    fn the_next_page_is_found() {
        let link = r#"<https://api/x?page=1>; rel="prev", <https://api/x?page=3>; rel="next", <https://api/x?page=9>; rel="last""#;
        assert_eq!(next_page(link), Some("https://api/x?page=3"));
        assert_eq!(next_page(r#"<https://api/x?page=1>; rel="first""#), None);
        assert_eq!(next_page("rel=\"next\""), None);
    }
}
