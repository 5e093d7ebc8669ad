//! Files at addresses that the manifest builds itself, for publishers without releases on a forge.

use std::cell::RefCell;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::checksum::{self, Proof, Scope};
use super::forge::small_file;
use super::release::{Asset, Release};
use super::repository::{check_secure, shown};
use super::source::{Offer, Source};
use super::version::{self, MinimumAge, Request};
use crate::error::{Error, Kind, some_of};
use crate::fetch::get::Transport;
use crate::manifest::source::PerTarget;
use crate::template::{Template, Values};

/// The largest document that is searched for a version, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;

/// What stands for the version where nothing names one.
pub(crate) const UNVERSIONED: &str = "unversioned";

/// The addresses of a sidecar.
pub(crate) struct Addresses<'a> {
    transport: &'a dyn Transport,
    files: &'a PerTarget,
    checksums: Option<&'a Template>,
    version_from: Option<&'a Template>,
    read: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl<'a> Addresses<'a> {
    pub(crate) fn new(
        transport: &'a dyn Transport,
        files: &'a PerTarget,
        checksums: Option<&'a Template>,
        version_from: Option<&'a Template>,
    ) -> Self {
        Self { transport, files, checksums, version_from, read: RefCell::default() }
    }

    /// What the list of hashes says about a file.
    fn proof(&self, name: &str, values: &Values<'_>) -> Result<Option<Proof>, Error> {
        let Some(template) = self.checksums else { return Ok(None) };
        let url = template.expand(values);
        if !self.read.borrow().contains_key(&url) {
            let body = small_file(self.transport, &url, checksum::LIMIT)?;
            self.read.borrow_mut().insert(url.clone(), body);
        }
        let list = file_name(&url).unwrap_or_else(|| "checksums".to_owned());
        // A proof that is named like the absence of one, or like another kind, would be taken for that.
        let is_reserved = ["download", "github-digest", "npm-integrity"].contains(&list.as_str());
        let source = if is_reserved || list.starts_with("import:") {
            format!("checksums {list}")
        } else {
            list.clone()
        };
        let scope = if list.starts_with(name) { Scope::Asset } else { Scope::Release };
        let read = self.read.borrow();
        let found = read.get(&url).map(|body| checksum::parse(body, name, scope)).unwrap_or_default();
        let mut hashes = found.into_iter();
        match (hashes.next(), hashes.next()) {
            (Some(sha256), None) => Ok(Some(Proof { sha256, source })),
            (Some(_), Some(_)) => Err(Error::new(
                Kind::ChecksumDisagree,
                format!("the published checksums of `{name}` disagree"),
            )
            .fact("checksums", shown(&url))),
            // Who names a list wants the file to be in it.
            (None, _) => Err(Error::new(Kind::AssetNotFound, format!("the checksums do not list `{name}`"))
                .fact("reason", format!("{} does not list `{name}`", shown(&url)))
                .help("correct the address in `checksums`, or leave the key out")),
        }
    }
}

impl Source for Addresses<'_> {
    fn project(&self) -> String {
        String::new()
    }

    fn find(&self, request: &Request, _: Option<MinimumAge>) -> Result<Release, Error> {
        let version = match (request, self.version_from) {
            (Request::Exact(version), _) => version.clone(),
            (_, Some(from)) => {
                let address = from.source();
                let (url, pointer) = address.split_once('#').map_or((address, None), |(u, p)| (u, Some(p)));
                let body = small_file(self.transport, url, LIMIT)?;
                version_in(&body, pointer).map_err(|e| e.fact("version-from", shown(url)))?
            }
            _ => UNVERSIONED.to_owned(),
        };
        Ok(named(version, ""))
    }

    fn offer(&self, release: &Release, values: &Values<'_>) -> Result<Offer, Error> {
        let Some(template) = self.files.of(values.target) else {
            return Ok(Offer::Nothing("the manifest has no address for it".to_owned()));
        };
        let url = template.expand(values);
        check_secure(&url)?;
        let name = file_name(&url).ok_or_else(|| {
            Error::new(Kind::BadValue, "the address does not end with the name of a file")
                .fact("url", shown(&url))
                .fact("version", &release.tag)
        })?;
        let proof = self.proof(&name, values)?;
        let reason = "the address that the manifest names".to_owned();
        Ok(Offer::File { asset: Box::new(Asset { name, url, ..Asset::default() }), proof, reason })
    }

    fn small_asset(&self, asset: &Asset, limit: u64) -> Result<Vec<u8>, Error> {
        small_file(self.transport, &asset.url, limit)
    }
}

/// A release of which nothing is known but its version.
pub(super) fn named(version: String, page: &str) -> Release {
    Release {
        version: version::of_tag(&version),
        said: Some(version.clone()),
        tag: version,
        published: None,
        prerelease: false,
        draft: false,
        immutable: false,
        assets: Vec::new(),
        html_url: page.to_owned(),
    }
}

/// The version that a file says: its first line, or what a JSON pointer (RFC 6901) leads to. A `v` in front of a digit is
/// no part of it, as addresses write their own.
pub(crate) fn version_in(body: &[u8], pointer: Option<&str>) -> Result<String, Error> {
    let text = match pointer {
        None => String::from_utf8_lossy(body).trim_start_matches('\u{feff}').trim().to_owned(),
        Some(pointer) => {
            let json: serde_json::Value = serde_json::from_slice(body).map_err(|cause| {
                Error::new(Kind::ApiAnswer, "the document that holds the version is not JSON")
                    .fact("cause", cause)
            })?;
            match json.pointer(&percent_decode_str(pointer).decode_utf8_lossy()) {
                Some(serde_json::Value::String(text)) => text.trim().to_owned(),
                Some(serde_json::Value::Number(number)) => number.to_string(),
                other => {
                    let what = if other.is_some() { "does not lead to a text" } else { "leads nowhere" };
                    let error = Error::new(Kind::ApiAnswer, format!("the JSON pointer `{pointer}` {what}"));
                    let keys = json.as_object().map(|object| some_of(object.keys()));
                    return Err(error
                        .fact("document", keys.unwrap_or_else(|| "has no keys at its top".to_owned()))
                        .help("write it as in RFC 6901, such as `#/latest/version` or `#/0/name`"));
                }
            }
        }
    };
    let bare = text.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let version = bare.unwrap_or(&text);
    let known = |c: char| c.is_ascii_alphanumeric() || "-._+~".contains(c);
    if version.is_empty() || version.len() > 100 || !version.chars().all(known) || version.starts_with('.') {
        let begin: String = version.chars().take(60).collect();
        return Err(Error::new(
            Kind::ApiAnswer,
            "the file that should hold the version holds something else",
        )
        .fact("found", format!("`{begin}`"))
        .fact("expected", "letters, digits, `-`, `.`, `_`, `+` and `~`, at most 100"));
    }
    Ok(version.to_owned())
}

/// The last part of an address's path, percent-decoded; `None` where it ends with a slash or is no file name.
pub(crate) fn file_name(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let rest = path.split_once("://").map_or(path, |(_, rest)| rest);
    let last = rest.split_once('/')?.1.rsplit('/').next()?;
    let name = percent_decode_str(last).decode_utf8_lossy().into_owned();
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\');
    (!name.is_empty() && name != "." && name != ".." && !name.contains(odd)).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::Table;
    use super::*;
    use crate::hash::Sha256;
    use crate::manifest::{Manifest, Source as Declared};

    fn with<T>(keys: &str, table: &Table, then: impl FnOnce(&Addresses<'_>) -> T) -> T {
        let manifest =
            Manifest::parse(std::path::Path::new("sidecar.toml"), format!("[sidecar.tool]\n{keys}\n"))
                .unwrap();
        let sidecar = &manifest.sidecars["tool"];
        let Declared::Url { addresses, checksums } = &sidecar.source else { panic!() };
        then(&Addresses::new(table, addresses, checksums.as_ref(), sidecar.version_from.as_ref()))
    }

    fn offer(source: &Addresses<'_>, target: &str) -> Result<Offer, Error> {
        let release = source.find(&Request::Exact("1.2".into()), None)?;
        let target = target.parse().unwrap();
        source.offer(&release, &Values { name: "tool", tag: "1.2", version: "1.2", target: &target })
    }

    #[test]
    fn the_address_of_a_target_names_the_file() {
        let keys = "url = { 'cfg(unix)' = 'https://h.example/{version}/tool%20{os}-{arch}.tgz?x=y' }\nversion = '1.2'";
        with(keys, &Table::default(), |source| {
            let Offer::File { asset, proof, .. } = offer(source, "x86_64-apple-darwin").unwrap() else {
                panic!()
            };
            assert_eq!(asset.name, "tool macos-x86_64.tgz");
            assert_eq!(asset.url, "https://h.example/1.2/tool%20macos-x86_64.tgz?x=y");
            assert_eq!(proof, None);
            assert!(matches!(offer(source, "x86_64-pc-windows-msvc").unwrap(), Offer::Nothing(_)));
        });
        with("url = 'https://h.example/{version}/'\nversion = '1.2'", &Table::default(), |source| {
            assert_eq!(offer(source, "x86_64-apple-darwin").unwrap_err().kind(), Kind::BadValue);
        });
        with("url = 'http://h.example/{version}'\nversion = '1.2'", &Table::default(), |source| {
            assert_eq!(offer(source, "x86_64-apple-darwin").unwrap_err().kind(), Kind::InsecureUrl);
        });
    }

    #[test]
    fn a_list_of_hashes_proves_what_it_lists() {
        let hash = Sha256::of(b"x");
        let keys = "url = 'https://h.example/tool-{os}'\nversion = '1.2'\nchecksums = 'https://h.example/{version}/SUMS'";
        let table = Table::default().with("https://h.example/1.2/SUMS", &format!("{hash}  tool-linux\n"));
        with(keys, &table, |source| {
            let Offer::File { proof, .. } = offer(source, "x86_64-unknown-linux-gnu").unwrap() else {
                panic!()
            };
            assert_eq!(proof, Some(Proof { sha256: hash, source: "SUMS".into() }));
            let error = offer(source, "x86_64-apple-darwin").unwrap_err();
            assert!(error.to_string().contains("do not list `tool-macos`"), "{error}");
        });
        assert_eq!(table.asked().len(), 1);
    }

    #[test]
    fn the_version_is_read_from_a_file_or_a_json_document() {
        let table = Table::default()
            .with("https://h.example/v.txt", "v1.19.30\n")
            .with("https://h.example/i.json", r#"{"a/b":[{"version":"2.0"}],"n":7}"#);
        let find = |from: &str| {
            with(&format!("url = 'https://h.example/x'\nversion-from = '{from}'"), &table, |source| {
                source.find(&Request::Latest(None), None).map(|release| release.tag)
            })
        };
        assert_eq!(find("https://h.example/v.txt").unwrap(), "1.19.30");
        assert_eq!(find("https://h.example/i.json#/a~1b/0/version").unwrap(), "2.0");
        assert_eq!(find("https://h.example/i.json#/n").unwrap(), "7");
        for (from, part) in [
            ("https://h.example/i.json#/x", "leads nowhere"),
            ("https://h.example/i.json#/a~1b", "does not lead to a text"),
            ("https://h.example/i.json", "holds something else"),
            ("https://h.example/v.txt#/x", "is not JSON"),
            ("https://h.example/none", "did not send the file"),
        ] {
            let error = find(from).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        with("url = 'https://h.example/x'", &table, |source| {
            assert_eq!(source.find(&Request::Latest(None), None).unwrap().tag, UNVERSIONED);
        });
    }

    #[test]
    fn a_version_that_would_leave_its_place_is_refused() {
        for text in ["", "../x", "a/b", "1 2", "<html>", "1\u{1b}[2K", &"9".repeat(200)] {
            assert!(version_in(text.as_bytes(), None).is_err(), "{text}");
        }
        assert_eq!(version_in("\u{feff}alpha-abc1\r\n".as_bytes(), None).unwrap(), "alpha-abc1");
    }

    proptest! {
        #[test]
        fn any_address_and_any_file_are_read(url in "\\PC{0,60}", body in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(name) = file_name(&url) {
                prop_assert!(!name.contains('/') && !name.contains('\\') && name != "..");
            }
            let _ = version_in(&body, None);
            let _ = version_in(&body, Some(&url));
        }
    }
}
