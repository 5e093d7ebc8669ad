//! Downloading what was chosen, and looking inside: what the lock says was seen.

use std::collections::BTreeMap;

use super::release::{Chosen, Pick};
use super::{Project, Wanted};
use crate::error::{Error, Kind, public_url};
use crate::fetch::{Download, Fetched};
use crate::hash::Sha256;
use crate::inspect::{self, Cpu};
use crate::install::Content;
use crate::lock::tree::{self, Companion, Tree};
use crate::lock::{Inside, Lock, Pin};
use crate::manifest::{Layout, Sidecar};
use crate::provision::unpack_into;
use crate::resolve::checksum::Proof;
use crate::resolve::integrity;
use crate::target::Target;
use crate::template::Values;
use crate::unpack::companions::{self, Selected};
use crate::unpack::member::{self, Wish};
use crate::unpack::{Archive, Entry, Format, MEMBER};

impl Project<'_> {
    /// The pin of a pick that has an asset.
    pub(super) fn pin(&self, pick: &Pick<'_>, chosen: &Chosen) -> Result<Pin, Error> {
        let Chosen { asset, private, .. } = chosen;
        let api_url = private.then_some(asset.api_url.as_str());
        if self.no_download {
            return unseen(chosen, &pick.target);
        }
        let told = Told { asset: &asset.name, member: chosen.member.as_deref(), emulated: chosen.emulated };
        let (fetched, (inside, emulated), provenance) = self.fetch_proven(pick, chosen, told, api_url)?;
        Ok(Pin {
            asset: asset.name.clone(),
            url: asset.url.clone(),
            api_url: api_url.map(str::to_owned),
            size: fetched.size,
            sha256: fetched.sha256,
            provenance,
            emulated,
            inside: Some(inside),
            line: 0,
        })
    }

    /// What is in an asset, checked to be for the target, and whether the target's system translates it.
    pub(super) fn seen(
        &self,
        pick: &Pick<'_>,
        told: Told<'_>,
        fetched: &Fetched,
    ) -> Result<(Inside, bool), Error> {
        let mut inside = self.look_inside(pick, told, fetched)?;
        let blame = |e: Error, member: &str| e.fact("asset", told.asset).fact("member", member);
        let cpu = if pick.sidecar.may_be_emulated() { Cpu::OrTranslated } else { Cpu::Native };
        let facts = inspect::check(&self.cache.get()?.blob(&inside.binary.sha256), &pick.target, cpu)
            .map_err(|e| blame(e, inside.member.as_deref().unwrap_or("the asset itself")))?;
        // The header decides, whatever the name said: only what has no native code is translated.
        let emulated = inspect::is_translated(&facts, &pick.target);
        let cpu = if emulated { cpu } else { Cpu::Native };
        let mut glibc = facts.glibc;
        for (path, companion) in inside.tree.iter_mut().flat_map(|tree| &mut tree.companions) {
            let blob = self.cache.get()?.blob(&companion.sha256);
            let found = inspect::check_companion(&blob, &pick.target, cpu)
                .map_err(|e| blame(e, path).help("write patterns that leave it out of `resources`"))?;
            // An archive without modes does not say so.
            companion.executable |= found.is_some();
            glibc = glibc.max(found.and_then(|facts| facts.glibc));
        }
        inside.glibc = glibc.map(|version| version.to_string());
        Ok((inside, emulated))
    }

    /// Refuses to lock a tree without a download: which files it has, only the archive tells.
    pub(super) fn check_no_tree(&self, sidecar: &Sidecar) -> Result<(), Error> {
        if !self.no_download || !sidecar.is_tree() {
            return Ok(());
        }
        let headline = "`layout = \"tree\"` cannot be locked without a download";
        Err(Error::new(Kind::Unsupported, headline)
            .fact("at", &sidecar.at)
            .fact("reason", "which files a tree has, only its archive tells")
            .help("run it without `--no-download`")
            .of_sidecar(&sidecar.name, None))
    }

    /// Says which of the targets that were resolved got a build that their system translates.
    pub(super) fn tell_emulated(&self, wanted: &Wanted<'_>, lock: &Lock) {
        let name = &wanted.sidecar.name;
        let Some(locked) = lock.sidecars.get(name) else { return };
        let is_emulated =
            |target: &&Target| matches!(locked.assets.get(*target), Some(Some(pin)) if pin.emulated);
        let targets: Vec<&str> = wanted.targets.iter().filter(is_emulated).map(Target::as_str).collect();
        if !targets.is_empty() {
            self.warn(&format!(
                "sidecar `{name}` {} has no native build for {}; its build for x86-64 is locked there, which the \
                 system emulates; `emulation = false` refuses it",
                locked.version_text(),
                targets.join(", ")
            ));
        }
    }

    /// Downloads what was chosen and looks inside; where the hash of what came is written down.
    ///
    /// A checksum file may be of the binary within, which is known only when that is unpacked. So a file that is not what
    /// one says is looked into as one that nothing is said of, and refused where its binary is not what was meant either.
    fn fetch_proven(
        &self,
        pick: &Pick<'_>,
        chosen: &Chosen,
        told: Told<'_>,
        api_url: Option<&str>,
    ) -> Result<(Fetched, (Inside, bool), String), Error> {
        let Chosen { asset, evidence, .. } = chosen;
        let proof = evidence.proof.as_ref();
        let (url, bearer) = self.network.address(&asset.url, api_url);
        let wanted = Download {
            label: &asset.name,
            url,
            accept: Some("application/octet-stream"),
            bearer,
            sha256: proof.map(|p| &p.sha256),
            size: asset.size,
            expected_at: proof.map(|p| p.source.as_str()),
        };
        let fetch = |wanted| self.network.fetch(self.cache.get()?, wanted, self.reporter);
        let (fetched, refused) = match fetch(&wanted) {
            Err(e) if e.kind() == Kind::ChecksumMismatch && proof.is_some_and(Proof::is_of_a_file) => {
                let unproven = Download { sha256: None, expected_at: None, ..wanted };
                match fetch(&unproven) {
                    Ok(fetched) => (fetched, Some(e)),
                    Err(_) => return Err(e),
                }
            }
            fetched => (fetched?, None),
        };
        if let Some(integrity) = &asset.integrity {
            integrity.check(&fetched.path, &asset.name)?;
        }
        let is_proven = |inside: &Inside| proof.is_some_and(|proof| proof.sha256 == inside.binary.sha256);
        let seen = match (self.seen(pick, told, &fetched), refused) {
            (Ok(seen), None) => seen,
            (Ok(seen), Some(_)) if is_proven(&seen.0) => seen,
            (_, Some(refused)) => return Err(refused),
            (Err(e), None) => return Err(e),
        };
        let provenance = match asset.integrity {
            Some(_) => integrity::PROVENANCE.to_owned(),
            None => evidence.provenance(&asset.name, &fetched.sha256, &seen.0.binary.sha256)?,
        };
        Ok((fetched, seen, provenance))
    }

    /// Finds the binary in the asset, and its companions where it is a tree, and unpacks them into the cache.
    fn look_inside(&self, pick: &Pick<'_>, told: Told<'_>, fetched: &Fetched) -> Result<Inside, Error> {
        let asset = told.asset;
        let archive = Archive::open(&fetched.path, asset)?;
        if archive.format() == Format::Raw {
            if pick.sidecar.is_tree() {
                return Err(alone(asset));
            }
            let binary = Content { sha256: fetched.sha256, size: fetched.size };
            return Ok(Inside { member: None, binary, glibc: None, tree: None });
        }
        let entries = archive.list()?;
        let (binary, built_for) = binary(pick, told, &entries)?;
        let companions = match &pick.sidecar.layout {
            Layout::File => Vec::new(),
            Layout::Tree { .. } if matches!(archive.format(), Format::Single(_)) => return Err(alone(asset)),
            Layout::Tree { resources } => {
                let values = values(pick, &built_for);
                let patterns: Vec<String> =
                    resources.iter().map(|template| template.expand(&values)).collect();
                companions::select(&entries, &binary, &patterns, &pick.target)
                    .map_err(|e| e.fact("asset", asset))?
            }
        };
        let mut members: Vec<(&str, u64)> = vec![(&binary, MEMBER)];
        let files = companions.iter().filter(|found| found.path == found.source);
        members.extend(files.map(|found| (found.path.as_str(), MEMBER)));
        let cache = self.cache.get()?;
        let _turn = cache.lock(&format!("{}-unpack", fetched.sha256), || {})?;
        let unpacked = unpack_into(cache, fetched, asset, &members)?;
        let bytes: BTreeMap<&str, (Sha256, u64)> =
            members.iter().map(|(path, _)| *path).zip(unpacked).collect();
        let (sha256, size) = bytes[binary.as_str()];
        let tree = pick.sidecar.is_tree().then(|| tree_of(&binary, &companions, &bytes));
        Ok(Inside { member: Some(binary), binary: Content { sha256, size }, glibc: None, tree })
    }
}

/// What is said of an asset before it is looked into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    /// Its name.
    pub(super) asset: &'a str,
    /// A pattern of the member that is the binary, where the release has one.
    pub(super) member: Option<&'a str>,
    /// Whether it is for x86-64, which the target's system translates.
    pub(super) emulated: bool,
}

/// The pin of an asset that is not downloaded: what is published of it.
fn unseen(chosen: &Chosen, target: &Target) -> Result<Pin, Error> {
    let Chosen { asset, evidence, private, .. } = chosen;
    let (Some(proof), Some(size)) = (&evidence.proof, asset.size) else {
        return Err(Error::new(Kind::NoProof, format!("nothing vouches for `{}`", asset.name))
            .fact("url", public_url(&asset.url))
            .fact("target", target)
            .fact(
                "reason",
                "its size and a SHA-256 of it must be published: by the API, or in a checksum file",
            )
            .help("run it without `--no-download`: the asset is then downloaded, and hashed, once"));
    };
    // What else is published could be of the binary within, at which nobody looks here: then it is a contradiction.
    let provenance = evidence.provenance(&asset.name, &proof.sha256, &proof.sha256)?;
    Ok(Pin {
        asset: asset.name.clone(),
        url: asset.url.clone(),
        api_url: private.then(|| asset.api_url.clone()),
        size,
        sha256: proof.sha256,
        provenance,
        emulated: chosen.emulated,
        inside: None,
        line: 0,
    })
}

/// What placeholders stand for in an asset that was built for a target.
fn values<'a>(pick: &'a Pick<'_>, built_for: &'a Target) -> Values<'a> {
    Values { name: &pick.sidecar.name, tag: &pick.tag, version: &pick.version, target: built_for }
}

/// The path of the member that is the binary, and the target that it is built for: where an asset does not say that it
/// is for x86-64, and holds nothing for the target, it may still be.
fn binary(pick: &Pick<'_>, told: Told<'_>, entries: &[Entry]) -> Result<(String, Target), Error> {
    let translated = pick.target.translated().filter(|_| pick.sidecar.may_be_emulated());
    let find = |built_for: Target| Ok((member_for(&built_for, pick, told, entries)?, built_for));
    match translated {
        Some(translated) if told.emulated => find(translated),
        None => find(pick.target.clone()),
        Some(translated) => find(pick.target.clone()).or_else(|native: Error| {
            let absent = native.kind() == Kind::MemberNotFound;
            if absent { find(translated).map_err(|_| native) } else { Err(native) }
        }),
    }
}

fn member_for(
    built_for: &Target,
    pick: &Pick<'_>,
    told: Told<'_>,
    entries: &[Entry],
) -> Result<String, Error> {
    let sidecar = pick.sidecar;
    let glob = sidecar.bin.as_ref().map(|template| template.expand(&values(pick, built_for)));
    let wish =
        |bin| Wish { tool: &sidecar.name, target: built_for, bin, asset: told.asset, version: &pick.version };
    // The release's own map beats the rule, and the manifest beats both.
    let found = match (&glob, told.member) {
        (Some(glob), _) => member::find(entries, &wish(Some(glob)))?,
        (None, Some(told)) => match member::find(entries, &wish(Some(told))) {
            Ok(found) => found,
            Err(_) => member::find(entries, &wish(None))?,
        },
        (None, None) => member::find(entries, &wish(None))?,
    };
    Ok(found.path.clone())
}

/// The tree that a binary and its companions make: where they lie to one another in the archive, they stay.
fn tree_of(binary: &str, companions: &[Selected], bytes: &BTreeMap<&str, (Sha256, u64)>) -> Tree {
    let paths = companions.iter().map(|found| found.path.as_str()).chain([binary]);
    let root = tree::common_directory(paths);
    let relative =
        |path: &str| path.strip_prefix(root).map_or(path, |rest| rest.trim_start_matches('/')).to_owned();
    let companion = |found: &Selected| {
        let (sha256, size) = bytes[found.source.as_str()];
        let link = found.path != found.source;
        (relative(&found.path), Companion { sha256, size, executable: found.executable, link })
    };
    Tree { root: root.to_owned(), companions: companions.iter().map(companion).collect() }
}

/// A tree was asked for, and the asset is one file.
fn alone(asset: &str) -> Error {
    Error::new(Kind::MemberNotFound, "the asset is one file, and a tree needs companions")
        .fact("asset", asset)
        .help(
            "leave out `layout` and `resources`, or name an archive with `asset = { \"<triple>\" = \"…\" }`",
        )
}
