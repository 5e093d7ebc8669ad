//! What a publisher says the SHA-256 of an asset is: the forge's digest and the checksum files beside the asset.

mod files;
mod inner;
mod json;
mod text;

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::dist_manifest::{self, DistManifest};
use super::release::{Asset, Release};
use crate::error::{Error, Kind};
use crate::hash::Sha256;

pub(crate) use self::files::{Candidate, Scope, candidates};
pub(crate) use self::inner::{Claim, claim};
pub(crate) use self::text::parse;

/// The largest checksum file that is read, in bytes: ten thousand lines, where real ones have a few hundred.
pub(crate) const LIMIT: u64 = 1024 * 1024;
/// How many checksum files of one kind are asked for an asset, where a release has one for each system.
const FILES: usize = 4;

/// A checksum that was published, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) sha256: Sha256,
    /// `github-digest`, or the name of the file: `SHA256SUMS`, `tool.zip.sha256`.
    pub(crate) source: String,
}

/// What is published about an asset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Evidence {
    /// What the asset's hash should be.
    pub(crate) proof: Option<Proof>,
    /// What a checksum file says instead, while the forge or the build says what `proof` has.
    pub(crate) doubt: Option<Proof>,
    /// What the asset's own file says of a file with another name, which may be the binary.
    pub(crate) hint: Option<Proof>,
}

impl Proof {
    /// Whether it stands in a checksum file, which people make and get wrong, and not in what a forge or a build says.
    pub(crate) fn is_of_a_file(&self) -> bool {
        ![DIGEST, dist_manifest::FILE].contains(&self.source.as_str())
    }
}

impl Evidence {
    /// Where the hash that was seen is written down, for the lock; an error where a checksum file speaks of neither the
    /// asset nor the binary within.
    pub(crate) fn provenance(&self, asset: &str, seen: &Sha256, binary: &Sha256) -> Result<String, Error> {
        let of_binary = |proof: &Proof| format!("{} (of the binary within)", proof.source);
        let stated = |proof: &Proof| claim(&proof.sha256, seen, binary);
        match (&self.proof, &self.doubt) {
            (None, _) => {
                let hint = self.hint.as_ref().filter(|hint| stated(hint) == Claim::Binary);
                Ok(hint.map_or_else(|| "download".to_owned(), of_binary))
            }
            (Some(proof), Some(doubt)) if stated(doubt) == Claim::Neither => {
                Err(disagree(asset, &[proof.clone(), doubt.clone()]))
            }
            (Some(proof), Some(doubt)) => Ok(format!("{}, {}", proof.source, of_binary(doubt))),
            (Some(proof), None) if stated(proof) == Claim::Binary => Ok(of_binary(proof)),
            (Some(proof), None) => Ok(proof.source.clone()),
        }
    }
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

    /// What is published about an asset of the release; nothing for about half of all: they have no checksum file, and
    /// assets from before June 2025 have no digest.
    ///
    /// The digest, cargo-dist's manifest, the asset's own file and the release's file must agree, where there are several
    /// ([`Kind::ChecksumDisagree`]); but where only the checksum files contradict what the forge serves, they may be of the
    /// binary within, which [`Evidence::provenance`] tells. A file that does not list the asset says nothing about it.
    pub(crate) fn evidence(&self, asset: &Asset) -> Result<Evidence, Error> {
        let digest = asset.digest.map(|sha256| Proof { sha256, source: DIGEST.to_owned() });
        let listed = self.dist.and_then(|dist| dist.sha256(&asset.name));
        let listed = listed.map(|sha256| Proof { sha256, source: dist_manifest::FILE.to_owned() });
        let mut proofs: Vec<Proof> = digest.into_iter().chain(listed).collect();
        let (of_the_asset, mut hint) = (proofs.len(), None);
        let names = self.release.names();
        let candidates = candidates(&asset.name, &names);
        for scope in [Scope::Asset, Scope::Release] {
            for candidate in candidates.iter().filter(|candidate| candidate.scope == scope).take(FILES) {
                let found = self.listed(asset, *candidate)?;
                if !found.is_empty() {
                    proofs.extend(found);
                    break;
                }
                if scope == Scope::Asset && hint.is_none() {
                    hint = self.lone(candidate.name);
                }
            }
        }
        let other = |proof: &&Proof| proof.sha256 != proofs[0].sha256;
        let Some(doubt) = proofs.iter().find(other) else {
            return Ok(Evidence { proof: proofs.into_iter().next(), doubt: None, hint });
        };
        let files = &proofs[of_the_asset..];
        let only_files = of_the_asset > 0
            && proofs[..of_the_asset].iter().all(|proof| proof.sha256 == proofs[0].sha256)
            && files.iter().all(|proof| proof.sha256 == doubt.sha256);
        if !only_files {
            return Err(disagree(&asset.name, &proofs));
        }
        let doubt = Some(doubt.clone());
        Ok(Evidence { proof: proofs.into_iter().next(), doubt, hint })
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

    /// The only hash in a file that was read.
    fn lone(&self, name: &str) -> Option<Proof> {
        let sha256 = text::lone(self.files.borrow().get(name)?)?;
        Some(Proof { sha256, source: name.to_owned() })
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

    fn hash(of: &str) -> Sha256 {
        Sha256::of(of.as_bytes())
    }

    /// The proof of an asset that holds no binary which could explain a doubt.
    fn undisputed(checksums: &Checksums<'_>, asset: &Asset) -> Result<Option<Proof>, Error> {
        let evidence = checksums.evidence(asset)?;
        let seen = evidence.proof.as_ref().map_or_else(|| hash("download"), |proof| proof.sha256);
        evidence.provenance(&asset.name, &seen, &seen)?;
        Ok(evidence.proof)
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
        let proof = undisputed(&Checksums::new(&release, None, &fetch), &release.assets[0])?;
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
    fn a_file_that_doubts_the_forge_may_be_of_the_binary_within() {
        let (asset, binary, other) = (hash("a"), hash("binary"), hash("other"));
        let mut release = release("v1", &["a.zip", "a.zip.sha256"]);
        release.assets[0].digest = Some(asset);
        let fetch = |_: &Asset| Ok(binary.to_string().into_bytes());
        let checksums = Checksums::new(&release, None, &fetch);
        let evidence = checksums.evidence(&release.assets[0]).unwrap();
        assert_eq!(
            evidence.provenance("a.zip", &asset, &binary).unwrap(),
            "github-digest, a.zip.sha256 (of the binary within)"
        );
        let error = evidence.provenance("a.zip", &asset, &other).unwrap_err();
        assert_eq!(error.kind(), Kind::ChecksumDisagree);
        let alone = Evidence { proof: evidence.doubt, ..Evidence::default() };
        assert_eq!(
            alone.provenance("a.zip", &asset, &binary).unwrap(),
            "a.zip.sha256 (of the binary within)"
        );
        assert_eq!(alone.provenance("a.zip", &binary, &binary).unwrap(), "a.zip.sha256");
        assert_eq!(Evidence::default().provenance("a.zip", &asset, &binary).unwrap(), "download");
    }

    #[test]
    fn the_assets_own_file_may_name_the_binary_instead() {
        let release = release("v1", &["a.zip", "a.sha256sum"]);
        let fetch = |_: &Asset| Ok(format!("{}  tool\n", hash("binary")).into_bytes());
        let evidence = Checksums::new(&release, None, &fetch).evidence(&release.assets[0]).unwrap();
        let of = |binary| evidence.provenance("a.zip", &hash("a"), &hash(binary)).unwrap();
        assert_eq!(of("binary"), "a.sha256sum (of the binary within)");
        assert_eq!(of("another"), "download");
    }

    #[test]
    fn the_manifest_of_cargo_dist_is_a_source() {
        let body = format!(r#"{{"artifacts": {{"a.zip": {{"checksums": {{"sha256": "{}"}}}}}}}}"#, hash("a"));
        let dist = DistManifest::parse(body.as_bytes()).unwrap();
        let mut release = release("v1", &["a.zip"]);
        let fetch = |_: &Asset| Ok(Vec::new());
        let of =
            |release: &Release| undisputed(&Checksums::new(release, Some(&dist), &fetch), &release.assets[0]);
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
            assert_eq!(checksums.evidence(asset).unwrap(), Evidence::default());
        }
        assert_eq!(count.get(), 1);
    }
}
