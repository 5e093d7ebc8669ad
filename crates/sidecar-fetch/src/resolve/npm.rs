//! npm packages as a source of binaries: one package for each platform, as esbuild, Biome and others publish them.
//!
//! The registry's integrity hash is the proof. Documents as in npm's registry API
//! (<https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md>).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use semver::Version;
use serde::Deserialize;
use target_lexicon::Architecture;

use super::integrity::Integrity;
use super::release::{Asset, Release};
use super::repository::{check_secure, shown};
use super::source::{Offer, Source};
use super::version::{self, MinimumAge, Request};
use crate::error::{Error, Kind, some_of};
use crate::fetch::get::{Get, Transport};
use crate::manifest::source::PerTarget;
use crate::target::Target;
use crate::template::Values;

/// The largest document of a package that is read, in bytes; that of a package with a thousand versions has some 10 MB.
const LIMIT: u64 = 128 * 1024 * 1024;

/// The packages of a sidecar on the registries that npm is configured to use.
pub(crate) struct Npm<'a> {
    transport: &'a dyn Transport,
    packages: &'a PerTarget,
    name: &'a str,
    /// The targets that the manifest is for.
    targets: &'a [Target],
    /// The base URL of the registry for a package.
    registry: &'a dyn Fn(&str) -> String,
    read: RefCell<BTreeMap<String, Option<Rc<Package>>>>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    versions: BTreeMap<String, VersionJson>,
    #[serde(default, rename = "dist-tags")]
    tags: BTreeMap<String, String>,
    /// When each version was published; also `created` and `modified`.
    #[serde(default)]
    time: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct VersionJson {
    dist: DistJson,
}

#[derive(Deserialize)]
struct DistJson {
    tarball: String,
    integrity: Option<String>,
}

/// `{os}` and `{arch}` as Node spells them: `process.platform` and `process.arch`.
fn node_words(target: &Target) -> (String, String) {
    let os = match target.os().as_str() {
        "macos" => "darwin".to_owned(),
        "windows" => "win32".to_owned(),
        other => other.to_owned(),
    };
    let arch = match target.architecture() {
        Architecture::X86_64 => "x64".to_owned(),
        Architecture::X86_32(_) => "ia32".to_owned(),
        Architecture::Aarch64(_) => "arm64".to_owned(),
        Architecture::Riscv64(_) => "riscv64".to_owned(),
        Architecture::LoongArch64 => "loong64".to_owned(),
        Architecture::Powerpc64 | Architecture::Powerpc64le => "ppc64".to_owned(),
        _ => target.arch(),
    };
    (os, arch)
}

impl<'a> Npm<'a> {
    pub(crate) fn new(
        transport: &'a dyn Transport,
        packages: &'a PerTarget,
        name: &'a str,
        targets: &'a [Target],
        registry: &'a dyn Fn(&str) -> String,
    ) -> Self {
        Self { transport, packages, name, targets, registry, read: RefCell::default() }
    }

    /// The name of the package for a target.
    fn package_of(&self, target: &Target, version: &str) -> Option<String> {
        let (os, arch) = node_words(target);
        let values = Values { name: self.name, tag: version, version, target };
        self.packages.of(target).map(|template| template.expand_with(&values, &os, &arch))
    }

    /// The document of a package; `None` where the registry has no such package.
    fn document(&self, package: &str) -> Result<Option<Rc<Package>>, Error> {
        if let Some(known) = self.read.borrow().get(package) {
            return Ok(known.clone());
        }
        let base = (self.registry)(package);
        check_secure(&base)?;
        let url = format!("{base}/{}", package.replace('/', "%2f"));
        let answer =
            self.transport.get(Get { url: &url, accept: "application/json", bearer: None, limit: LIMIT })?;
        let found = match answer.status {
            200 => Some(Rc::new(serde_json::from_slice::<Package>(&answer.body).map_err(|cause| {
                Error::new(Kind::ApiAnswer, format!("the npm registry does not describe `{package}`"))
                    .fact("url", shown(&url))
                    .fact("cause", cause)
            })?)),
            404 => None,
            401 | 403 => {
                return Err(Error::new(
                    Kind::Unauthorized,
                    format!("the npm registry does not show `{package}`"),
                )
                .fact("url", shown(&url))
                .fact("status", answer.status)
                .fact("reason", "this version sends no token to npm registries: public packages only"));
            }
            status => {
                return Err(Error::new(Kind::HttpStatus, "the npm registry did not answer the question")
                    .fact("url", shown(&url))
                    .fact("status", status));
            }
        };
        self.read.borrow_mut().insert(package.to_owned(), found.clone());
        Ok(found)
    }

    /// Every version that a package of the sidecar has, as releases without assets: which file a target gets is in its
    /// own package, and a platform that was added or dropped later has only some of the versions.
    fn releases(&self) -> Result<(Vec<Release>, Option<String>), Error> {
        let (mut asked, mut found) = (Vec::new(), BTreeMap::new());
        let mut latest: Option<(Version, String)> = None;
        for target in self.targets {
            let Some(name) = self.package_of(target, "").filter(|name| !asked.contains(name)) else {
                continue;
            };
            if let Some(package) = self.document(&name)? {
                let page = format!("{}/{name}", (self.registry)(&name));
                for release in package.releases(&page) {
                    let known: &mut Release =
                        found.entry(release.tag.clone()).or_insert_with(|| release.clone());
                    // The youngest package decides how old a version is: one of them may have been replaced.
                    known.published = known.published.take().zip(release.published).map(|(a, b)| a.max(b));
                }
                let tagged = package.tags.get("latest").map(|tag| (Version::parse(tag).ok(), tag.clone()));
                latest = latest.max(tagged.and_then(|(version, tag)| Some((version?, tag))));
            }
            asked.push(name);
        }
        if !found.is_empty() {
            return Ok((found.into_values().collect(), latest.map(|(_, tag)| tag)));
        }
        Err(Error::new(Kind::RepositoryNotFound, "the npm registry has no such package")
            .fact("packages", some_of(&asked))
            .help(
                "check the spelling; `{os}` and `{arch}` are Node's words: linux, darwin, win32; x64, arm64",
            ))
    }
}

impl Package {
    fn releases(&self, page: &str) -> impl Iterator<Item = Release> {
        self.versions.keys().map(move |version| Release {
            tag: version.clone(),
            version: version::of_tag(version),
            said: None,
            published: self.time.get(version).and_then(|time| time.as_str()).map(str::to_owned),
            prerelease: Version::parse(version).is_ok_and(|version| !version.pre.is_empty()),
            draft: false,
            // A registry does not take a version twice.
            immutable: true,
            assets: Vec::new(),
            html_url: page.to_owned(),
        })
    }
}

impl Source for Npm<'_> {
    fn project(&self) -> String {
        self.name.to_owned()
    }

    fn find(&self, request: &Request, minimum: Option<MinimumAge>) -> Result<Release, Error> {
        let (releases, latest) = self.releases()?;
        // What the publisher calls the latest goes before the highest number, as with `npm install`.
        if let (Request::Latest(_), Some(latest)) = (request, latest)
            && let Ok(found) = version::pick(&releases, &Request::Exact(latest), minimum)
        {
            return Ok(found.clone());
        }
        version::pick(&releases, request, minimum).cloned()
    }

    fn offer(&self, release: &Release, values: &Values<'_>) -> Result<Offer, Error> {
        let version = &release.tag;
        let Some(name) = self.package_of(values.target, version) else {
            return Ok(Offer::Nothing("the manifest names no package for it".to_owned()));
        };
        let package = self.document(&name)?;
        let Some(found) = package.as_ref().and_then(|package| package.versions.get(version)) else {
            let what = if package.is_some() {
                format!("has no version {version}")
            } else {
                "does not exist".to_owned()
            };
            return Ok(Offer::Nothing(format!("`{name}` {what}")));
        };
        let url = found.dist.tarball.clone();
        check_secure(&url)?;
        let file = super::url::file_name(&url).unwrap_or_else(|| format!("{version}.tgz"));
        let integrity = match found.dist.integrity.as_deref().map(|text| (text, Integrity::parse(text))) {
            // What was published before 2017 may have SHA-1 only, which proves nothing.
            Some((text, None)) if !text.split_whitespace().all(|hash| hash.starts_with("sha1-")) => {
                return Err(Error::new(
                    Kind::ApiAnswer,
                    format!("the integrity hash of `{file}` cannot be read"),
                )
                .fact("found", text.chars().take(120).collect::<String>())
                .fact("expected", "sha512-<base64>"));
            }
            other => other.and_then(|(_, integrity)| integrity),
        };
        let asset = Asset { name: file, url, integrity, ..Asset::default() };
        Ok(Offer::File { asset: Box::new(asset), proof: None, reason: format!("package `{name}`") })
    }

    fn small_asset(&self, asset: &Asset, limit: u64) -> Result<Vec<u8>, Error> {
        super::forge::small_file(self.transport, &asset.url, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Table;
    use super::*;
    use crate::manifest::Manifest;

    const BASE: &str = "https://registry.example";

    fn document(name: &str, versions: &[&str], latest: &str) -> String {
        let all: Vec<String> = versions
            .iter()
            .map(|v| {
                let file = name.rsplit('/').next().unwrap_or(name);
                format!(
                    r#""{v}":{{"name":"{name}","dist":{{"shasum":"00","integrity":"sha512-{}","tarball":"{BASE}/{name}/-/{file}-{v}.tgz"}}}}"#,
                    "A".repeat(86) + "=="
                )
            })
            .collect();
        format!(
            r#"{{"name":"{name}","dist-tags":{{"latest":"{latest}"}},"time":{{"created":"x","1.1.0":"2026-01-01T00:00:00Z"}},"versions":{{{}}}}}"#,
            all.join(",")
        )
    }

    fn with<T>(table: &Table, then: impl FnOnce(&Npm<'_>) -> T) -> T {
        let text = "[sidecar.tool]\nnpm = '@acme/{os}-{arch}'\n".to_owned();
        let manifest = Manifest::parse(std::path::Path::new("sidecar.toml"), text).unwrap();
        let sidecar = &manifest.sidecars["tool"];
        let crate::manifest::Source::Npm(packages) = &sidecar.source else { panic!() };
        let targets = manifest.targets_of(sidecar);
        then(&Npm::new(table, packages, "tool", &targets, &|_| BASE.to_owned()))
    }

    fn table() -> Table {
        let of = |package: &str| format!("{BASE}/{}", package.replace('/', "%2f"));
        Table::default()
            .with(
                &of("@acme/linux-x64"),
                &document("@acme/linux-x64", &["1.0.0", "1.1.0", "2.0.0-rc.1", "1.2.0"], "1.1.0"),
            )
            .with(&of("@acme/win32-x64"), &document("@acme/win32-x64", &["1.0.0"], "1.0.0"))
    }

    #[test]
    fn versions_come_from_all_packages_that_there_are() {
        let find = |request| with(&table(), |npm| npm.find(&request, None).map(|release| release.tag));
        assert_eq!(find(Request::Latest(None)).unwrap(), "1.1.0", "the publisher's latest");
        assert_eq!(find(Request::Requirement("1".parse().unwrap(), None)).unwrap(), "1.2.0");
        assert_eq!(find(Request::Exact("2.0.0-rc.1".into())).unwrap(), "2.0.0-rc.1");
        let error = find(Request::Requirement("3".parse().unwrap(), None)).unwrap_err();
        assert_eq!(error.kind(), Kind::ReleaseNotFound);
        let none = with(&Table::default(), |npm| npm.find(&Request::Latest(None), None)).unwrap_err();
        assert_eq!(none.kind(), Kind::RepositoryNotFound);
        assert!(
            none.to_string().contains("@acme/darwin-arm64, @acme/win32-arm64, @acme/linux-arm64"),
            "{none}"
        );
    }

    #[test]
    fn each_target_gets_the_tarball_of_its_package() {
        let table = table();
        with(&table, |npm| {
            let release = npm.find(&Request::Exact("1.0.0".into()), None).unwrap();
            let offer = |target: &str| {
                let target = target.parse().unwrap();
                npm.offer(&release, &Values { name: "tool", tag: "1.0.0", version: "1.0.0", target: &target })
                    .unwrap()
            };
            let Offer::File { asset, reason, .. } = offer("x86_64-pc-windows-msvc") else { panic!() };
            assert_eq!(
                (asset.name.as_str(), reason.as_str()),
                ("win32-x64-1.0.0.tgz", "package `@acme/win32-x64`")
            );
            assert!(asset.integrity.is_some());
            assert_eq!(
                offer("aarch64-apple-darwin"),
                Offer::Nothing("`@acme/darwin-arm64` does not exist".into())
            );
        });
        with(&table, |npm| {
            let release = npm.find(&Request::Exact("1.1.0".into()), None).unwrap();
            let target = "x86_64-pc-windows-msvc".parse().unwrap();
            let values = Values { name: "tool", tag: "1.1.0", version: "1.1.0", target: &target };
            assert_eq!(
                npm.offer(&release, &values).unwrap(),
                Offer::Nothing("`@acme/win32-x64` has no version 1.1.0".into())
            );
        });
    }

    #[test]
    fn a_document_is_asked_for_once() {
        let table = table();
        with(&table, |npm| {
            for _ in 0..3 {
                npm.find(&Request::Latest(None), None).unwrap();
            }
        });
        let mut asked = table.asked();
        asked.sort();
        let before = asked.len();
        asked.dedup();
        assert_eq!(asked.len(), before);
    }

    #[test]
    fn the_age_of_a_version_counts() {
        let now = "2026-01-02T00:00:00Z".parse().unwrap();
        let minimum = Some(MinimumAge { age: std::time::Duration::from_secs(3 * 86_400), now });
        let error = with(&table(), |npm| npm.find(&Request::Exact("1.1.0".into()), minimum)).unwrap_err();
        assert_eq!(error.kind(), Kind::ReleaseTooYoung);
    }

    #[test]
    fn the_youngest_package_decides_the_age_of_a_version() {
        let of = |package: &str| format!("{BASE}/{}", package.replace('/', "%2f"));
        let young = document("@acme/linux-arm64", &["1.1.0"], "1.1.0").replace("2026-01-01", "2026-06-01");
        let table = table().with(&of("@acme/linux-arm64"), &young);
        let now = "2026-06-02T00:00:00Z".parse().unwrap();
        let minimum = Some(MinimumAge { age: std::time::Duration::from_secs(3 * 86_400), now });
        let error = with(&table, |npm| npm.find(&Request::Exact("1.1.0".into()), minimum)).unwrap_err();
        assert_eq!(error.kind(), Kind::ReleaseTooYoung);
    }
}
