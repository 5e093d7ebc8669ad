//! Downloading what was chosen, and looking inside: what the lock says was seen.

use super::Project;
use super::release::{Chosen, Pick};
use crate::error::Error;
use crate::fetch::{Download, Fetched};
use crate::hash::Sha256;
use crate::inspect;
use crate::lock::Pin;
use crate::provision::unpack_into;
use crate::template::Values;
use crate::unpack::member::{self, Wish};
use crate::unpack::{Archive, Format, MEMBER};

impl Project<'_> {
    /// The pin of a pick that has an asset.
    pub(super) fn pin(&self, pick: &Pick<'_>, chosen: &Chosen) -> Result<Pin, Error> {
        let Chosen { asset, proof, private, .. } = chosen;
        let api_url = private.then_some(asset.api_url.as_str());
        let (url, bearer) = self.network.address(&asset.url, api_url);
        let wanted = Download {
            label: &asset.name,
            url,
            accept: Some("application/octet-stream"),
            bearer,
            sha256: proof.as_ref().map(|p| &p.sha256),
            size: Some(asset.size),
            expected_at: proof.as_ref().map(|p| p.source.as_str()),
        };
        let fetched = self.network.fetch(self.cache.get()?, &wanted, self.reporter)?;
        let (member, sha256, size) = self.look_inside(pick, chosen, &fetched)?;
        let facts = inspect::check(&self.cache.get()?.blob(&sha256), &pick.target).map_err(|e| {
            e.fact("asset", &asset.name).fact("member", member.as_deref().unwrap_or("the asset itself"))
        })?;
        Ok(Pin {
            asset: asset.name.clone(),
            url: asset.url.clone(),
            api_url: api_url.map(str::to_owned),
            size: fetched.size,
            sha256: fetched.sha256,
            provenance: proof.as_ref().map_or("download", |p| p.source.as_str()).to_owned(),
            member,
            binary_size: size,
            binary_sha256: sha256,
            glibc: facts.glibc.map(|version| version.to_string()),
            line: 0,
        })
    }

    /// Finds the binary in the asset and unpacks it into the cache.
    fn look_inside(
        &self,
        pick: &Pick<'_>,
        chosen: &Chosen,
        fetched: &Fetched,
    ) -> Result<(Option<String>, Sha256, u64), Error> {
        let archive = Archive::open(&fetched.path, &chosen.asset.name)?;
        if archive.format() == Format::Raw {
            return Ok((None, fetched.sha256, fetched.size));
        }
        let sidecar = pick.sidecar;
        let values =
            Values { name: &sidecar.name, tag: &pick.tag, version: &pick.version, target: &pick.target };
        let glob = sidecar.bin.as_ref().map(|template| template.expand(&values));
        let entries = archive.list()?;
        let wish = |bin| Wish {
            tool: &sidecar.name,
            target: &pick.target,
            bin,
            asset: &chosen.asset.name,
            version: &pick.version,
        };
        // The release's own map beats the rule, and the manifest beats both.
        let found = match (&glob, &chosen.member) {
            (Some(glob), _) => member::find(&entries, &wish(Some(glob)))?,
            (None, Some(told)) => match member::find(&entries, &wish(Some(told))) {
                Ok(found) => found,
                Err(_) => member::find(&entries, &wish(None))?,
            },
            (None, None) => member::find(&entries, &wish(None))?,
        };
        let path = found.path.clone();
        let cache = self.cache.get()?;
        let _turn = cache.lock(&format!("{}-unpack", fetched.sha256), || {})?;
        let unpacked = unpack_into(cache, fetched, &chosen.asset.name, &[(&path, MEMBER)])?;
        let (sha256, size) = unpacked[0];
        Ok((Some(path), sha256, size))
    }
}
