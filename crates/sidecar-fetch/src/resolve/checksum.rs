//! What a publisher says the SHA-256 of an asset is: the forge's digest and the checksum files beside the asset.

mod text;

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::dist_manifest::{self, DistManifest};
use super::release::{Asset, Release};
use crate::error::{Error, Kind};
use crate::hash::Sha256;

pub(crate) use self::text::parse;

/// The largest checksum file that is read, in bytes: ten thousand lines, where real ones have a few hundred.
pub(crate) const LIMIT: u64 = 1024 * 1024;
/// How many checksum files of one kind are asked for an asset, where a release has one for each system.
const FILES: usize = 4;

/// Endings of files that belong to one asset: `<asset>.sha256`.
const PER_ASSET: [&str; 4] = [".sha256", ".sha256sum", ".sha256.txt", ".sha256sum.txt"];

/// Ends of names of files for all assets, compared without separators and without `.txt`: `SHA256SUMS`, `sha256.sum`,
/// `tool_1.2_checksums.txt`, `checksums-sha256.txt`, `SHASUMS256.txt`, `hashes.sha256`. Those that name the algorithm
/// are asked first.
const COMBINED: [&str; 9] = [
    "sha256sums",
    "sha256sum",
    "sha256",
    "shasums256",
    "sha2256sums",
    "checksums",
    "checksum",
    "shasums",
    "hashes",
];
/// How many of [`COMBINED`] name the algorithm.
const NAMED: usize = 5;

/// Words of files that hold other algorithms, compared as [`COMBINED`] is.
const OTHER_ALGORITHMS: [&str; 9] =
    ["sha512", "sha384", "sha224", "sha1", "md5", "blake", "b3sum", "b2sum", "rmd160"];

/// What a checksum file speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The one asset that it is named after; the hash may stand there alone.
    Asset,
    /// Every asset that it lists by name.
    Release,
}

/// A file that may hold the checksum of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate<'a> {
    /// The name of the file.
    pub(crate) name: &'a str,
    pub(crate) scope: Scope,
}

/// The files among `names` that may hold the SHA-256 of `asset`, the likeliest first.
pub(crate) fn candidates<'a>(asset: &str, names: &[&'a str]) -> Vec<Candidate<'a>> {
    let mut found: Vec<(Scope, usize, &str)> = Vec::new();
    for name in names {
        if let Some(rank) = per_asset(asset, name) {
            found.push((Scope::Asset, rank, name));
        } else if let Some(rank) = combined(asset, name, names) {
            found.push((Scope::Release, rank, name));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(scope, _, name)| Candidate { name, scope }).collect()
}

fn per_asset(asset: &str, name: &str) -> Option<usize> {
    let (head, end) = (name.get(..asset.len())?, name.get(asset.len()..)?);
    let rank = PER_ASSET.iter().position(|known| end.eq_ignore_ascii_case(known))?;
    head.eq_ignore_ascii_case(asset).then_some(rank)
}

fn combined(asset: &str, name: &str, names: &[&str]) -> Option<usize> {
    let lower = name.to_ascii_lowercase();
    let plain = lower.strip_suffix(".txt").unwrap_or(&lower);
    let word: String = plain.chars().filter(char::is_ascii_alphanumeric).collect();
    if OTHER_ALGORITHMS.iter().any(|other| word.contains(other)) {
        return None;
    }
    let end = COMBINED.iter().position(|end| word.ends_with(end))?;
    // `foo-linux.sha256` belongs to the assets that begin like it; with one for another asset nothing is to be found.
    let stem = PER_ASSET.iter().find_map(|end| lower.strip_suffix(end));
    let begins = |asset: &str| stem.is_some_and(|stem| asset.to_ascii_lowercase().starts_with(stem));
    let is_of_others = names.iter().any(|other| *other != name && begins(other)) && !begins(asset);
    (!is_of_others).then_some(usize::from(end >= NAMED))
}

/// A checksum that was published, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) sha256: Sha256,
    /// `github-digest`, or the name of the file: `SHA256SUMS`, `tool.zip.sha256`.
    pub(crate) source: String,
}

/// The name of the forge's own digest as a source.
pub(crate) const DIGEST: &str = "github-digest";

/// Downloads a small asset: the caller's network, or a table in tests.
pub(crate) type Fetch<'a> = &'a dyn Fn(&Asset) -> Result<Vec<u8>, Error>;

/// The published checksums of a release. Each file is downloaded once, whatever the number of targets.
pub(crate) struct Checksums<'a> {
    release: &'a Release,
    dist: Option<&'a DistManifest>,
    fetch: Fetch<'a>,
    files: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl std::fmt::Debug for Checksums<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checksums").field("release", &self.release.tag).finish_non_exhaustive()
    }
}

impl<'a> Checksums<'a> {
    /// The checksums of `release`; `fetch` downloads its small assets.
    pub(crate) fn new(release: &'a Release, dist: Option<&'a DistManifest>, fetch: Fetch<'a>) -> Self {
        Self { release, dist, fetch, files: RefCell::default() }
    }

    /// What is published about an asset of the release, or `None`: about half of all releases have no checksum file,
    /// and assets from before June 2025 have no digest.
    ///
    /// The digest, cargo-dist's manifest, the asset's own file and the release's file must agree, where there are several
    /// ([`Kind::ChecksumDisagree`]). A file that does not list the asset says nothing about it.
    pub(crate) fn proof(&self, asset: &Asset) -> Result<Option<Proof>, Error> {
        let digest = asset.digest.map(|sha256| Proof { sha256, source: DIGEST.to_owned() });
        let listed = self.dist.and_then(|dist| dist.sha256(&asset.name));
        let listed = listed.map(|sha256| Proof { sha256, source: dist_manifest::FILE.to_owned() });
        let mut proofs: Vec<Proof> = digest.into_iter().chain(listed).collect();
        let names = self.release.names();
        let candidates = candidates(&asset.name, &names);
        for scope in [Scope::Asset, Scope::Release] {
            for candidate in candidates.iter().filter(|candidate| candidate.scope == scope).take(FILES) {
                let found = self.listed(asset, *candidate)?;
                if !found.is_empty() {
                    proofs.extend(found);
                    break;
                }
            }
        }
        if proofs.iter().any(|proof| proof.sha256 != proofs[0].sha256) {
            return Err(disagree(&asset.name, &proofs));
        }
        Ok(proofs.into_iter().next())
    }

    /// What one file says about the asset; several hashes where it contradicts itself.
    fn listed(&self, asset: &Asset, candidate: Candidate<'_>) -> Result<Vec<Proof>, Error> {
        let Some(file) = self.release.assets.iter().find(|file| file.name == candidate.name) else {
            return Ok(Vec::new());
        };
        if file.size.is_some_and(|size| size > LIMIT) {
            return Ok(Vec::new());
        }
        if !self.files.borrow().contains_key(&file.name) {
            let body = (self.fetch)(file)?;
            self.files.borrow_mut().insert(file.name.clone(), body);
        }
        let files = self.files.borrow();
        let hashes =
            files.get(&file.name).map(|body| parse(body, &asset.name, candidate.scope)).unwrap_or_default();
        Ok(hashes.into_iter().map(|sha256| Proof { sha256, source: file.name.clone() }).collect())
    }
}

fn disagree(asset: &str, proofs: &[Proof]) -> Error {
    let error = Error::new(Kind::ChecksumDisagree, format!("the published checksums of `{asset}` disagree"));
    proofs
        .iter()
        .fold(error, |error, proof| error.fact(proof.source.clone(), format!("sha256 {}", proof.sha256)))
}

#[cfg(test)]
mod tests {
    use super::super::release::tests::release;
    use super::*;

    fn found(asset: &str, names: &[&str]) -> Vec<(String, Scope)> {
        candidates(asset, names).into_iter().map(|c| (c.name.to_owned(), c.scope)).collect()
    }

    #[test]
    fn the_assets_own_file_goes_before_the_releases() {
        let names = [
            "checksums.txt",
            "a.zip.sha256sum",
            "SHA256SUMS",
            "a.zip",
            "A.zip.sha256",
            "a.zip.sha512",
            "a.zip.sha256.asc",
        ];
        let own = |name: &str| (name.to_owned(), Scope::Asset);
        let all = |name: &str| (name.to_owned(), Scope::Release);
        assert_eq!(
            found("a.zip", &names),
            [own("A.zip.sha256"), own("a.zip.sha256sum"), all("SHA256SUMS"), all("checksums.txt")]
        );
    }

    #[test]
    fn names_of_the_field() {
        for name in [
            "SHA256SUMS",
            "sha256.sum",
            "sha256sum.txt",
            "tool_1.2.0_checksums.txt",
            "tool_1.2.0_SHA256SUMS",
            "SHASUMS256.txt",
            "SHA2-256SUMS",
            "checksums.sha256",
            "checksums-sha256.txt",
            "hashes.sha256",
            "cmake-4.0-SHA-256.txt",
            "shasums",
            "CHECKSUM",
            "sha256.txt",
            "release-v1.2.sha256",
        ] {
            assert_eq!(found("a.zip", &["a.zip", name]).len(), 1, "{name}");
        }
        for name in [
            "SHA512SUMS",
            "md5sums.txt",
            "checksums.txt.sig",
            "checksums.txt.pem",
            "SHASUMS256.txt.asc",
            "tool.zip",
            "checksums_rmd160.txt",
            "B3SUMS",
            "sha256sums.txt.sigstore.json",
            "checksums_hashes_order",
        ] {
            assert_eq!(found("a.zip", &["a.zip", name]), [], "{name}");
        }
    }

    #[test]
    fn a_file_of_another_asset_is_left_alone() {
        let names =
            ["a-linux.tar.gz", "a-mac.tar.gz", "a-mac.tar.gz.sha256", "a-linux.sha256", "a-mac.sha256"];
        assert_eq!(found("a-linux.tar.gz", &names), [("a-linux.sha256".to_owned(), Scope::Release)]);
    }

    fn hash(of: &str) -> Sha256 {
        Sha256::of(of.as_bytes())
    }

    /// Proves `a.zip` of a release whose files have these contents.
    fn proof(digest: Option<Sha256>, files: &[(&str, String)]) -> Result<Option<(Sha256, String)>, Error> {
        let names: Vec<&str> =
            ["a.zip", "b.zip"].into_iter().chain(files.iter().map(|(name, _)| *name)).collect();
        let mut release = release("v1", &names);
        release.assets[0].digest = digest;
        let fetch = |asset: &Asset| {
            let (_, body) = files.iter().find(|(name, _)| *name == asset.name).unwrap();
            Ok(body.clone().into_bytes())
        };
        let proof = Checksums::new(&release, None, &fetch).proof(&release.assets[0])?;
        Ok(proof.map(|proof| (proof.sha256, proof.source)))
    }

    #[test]
    fn any_one_source_proves() {
        let right = hash("a");
        assert_eq!(proof(Some(right), &[]).unwrap(), Some((right, DIGEST.to_owned())));
        let own = [("a.zip.sha256", right.to_string())];
        assert_eq!(proof(None, &own).unwrap(), Some((right, "a.zip.sha256".to_owned())));
        let all = [("SHA256SUMS", format!("{}  b.zip\n{right}  a.zip\n", hash("b")))];
        assert_eq!(proof(None, &all).unwrap(), Some((right, "SHA256SUMS".to_owned())));
        assert_eq!(
            proof(Some(right), &[own[0].clone(), all[0].clone()]).unwrap(),
            Some((right, DIGEST.to_owned()))
        );
        assert_eq!(proof(None, &[]).unwrap(), None);
    }

    #[test]
    fn a_file_that_does_not_list_the_asset_says_nothing() {
        let other =
            [("a.zip.sha256", format!("{}  a", hash("inner"))), ("SHA256SUMS", hash("x").to_string())];
        assert_eq!(proof(None, &other).unwrap(), None);
        let mac = ("tool-mac-checksums.txt", format!("{}  b.zip", hash("b")));
        let linux = ("tool-unix-checksums.txt", format!("{}  a.zip", hash("a")));
        assert_eq!(proof(None, &[mac, linux]).unwrap().unwrap().1, "tool-unix-checksums.txt");
    }

    #[test]
    fn sources_that_disagree_are_listed() {
        let error = proof(Some(hash("a")), &[("SHA256SUMS", format!("{}  a.zip", hash("b")))]).unwrap_err();
        assert_eq!(error.kind(), Kind::ChecksumDisagree);
        assert_eq!(
            error.to_string(),
            format!(
                "the published checksums of `a.zip` disagree\n  github-digest  sha256 {}\n  SHA256SUMS     sha256 {}",
                hash("a"),
                hash("b")
            )
        );
        let twice = [("SHA256SUMS", format!("{}  a.zip\n{}  a.zip", hash("a"), hash("b")))];
        assert_eq!(proof(None, &twice).unwrap_err().kind(), Kind::ChecksumDisagree);
    }

    #[test]
    fn the_manifest_of_cargo_dist_is_a_source() {
        let body = format!(r#"{{"artifacts": {{"a.zip": {{"checksums": {{"sha256": "{}"}}}}}}}}"#, hash("a"));
        let dist = DistManifest::parse(body.as_bytes()).unwrap();
        let mut release = release("v1", &["a.zip"]);
        let fetch = |_: &Asset| Ok(Vec::new());
        let of = |release: &Release| Checksums::new(release, Some(&dist), &fetch).proof(&release.assets[0]);
        assert_eq!(of(&release).unwrap().unwrap().source, "dist-manifest.json");
        release.assets[0].digest = Some(hash("b"));
        assert_eq!(of(&release).unwrap_err().kind(), Kind::ChecksumDisagree);
    }

    #[test]
    fn a_file_is_downloaded_once_and_never_a_large_one() {
        let mut release = release("v1", &["a.zip", "b.zip", "SHA256SUMS", "checksums.txt"]);
        release.assets[3].size = Some(LIMIT + 1);
        let count = std::cell::Cell::new(0);
        let fetch = |_: &Asset| {
            count.set(count.get() + 1);
            Ok(Vec::new())
        };
        let checksums = Checksums::new(&release, None, &fetch);
        for asset in &release.assets[..2] {
            assert_eq!(checksums.proof(asset).unwrap(), None);
        }
        assert_eq!(count.get(), 1);
    }
}
