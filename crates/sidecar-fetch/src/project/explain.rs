//! `explain`: why this asset, for each target.

use super::Project;
use crate::error::Error;
use crate::resolve::choose::{self, Explanation, Query};
use crate::resolve::source::Offer;
use crate::target::Target;

/// Explains the choice among the `names` of a release's assets, from the names alone: no network, no manifest. `tool` is
/// the program as its executable is called, `repo` is `owner/name`, `target` a triple. With `emulation`, a build for
/// x86-64 will do where the system translates it (macOS and Windows on arm64); the rule says so.
///
/// # Errors
/// [`Kind::BadValue`](crate::Kind::BadValue) for a text that is no target triple.
pub fn explain(
    names: &[&str],
    tool: &str,
    repo: &str,
    tag: &str,
    target: &str,
    emulation: bool,
) -> Result<Explanation, Error> {
    let target = Target::parse(target)?;
    Ok(choose::explain(names, &Query { target: &target, tool, repo, tag, emulation }))
}

impl Project<'_> {
    /// Asks for the release that a sidecar is locked to (or would be) and explains the choice for each of its targets,
    /// or for `targets` where some are named.
    ///
    /// # Errors
    /// [`Kind::UnknownSidecar`](crate::Kind::UnknownSidecar), and whatever keeps the release from being asked for.
    pub fn explain(&self, name: &str, targets: &[String]) -> Result<Vec<(String, Explanation)>, Error> {
        let manifest = self.manifest()?;
        let sidecar = manifest.sidecar(name)?;
        let asked = targets.iter().map(|t| Target::parse(t)).collect::<Result<Vec<_>, _>>()?;
        let targets = if asked.is_empty() { manifest.targets_of(sidecar) } else { asked };
        self.need_source(sidecar, "explaining the choice for")?;
        let lock = super::lock_as_is(&manifest)?;
        let tag = lock.sidecars.get(name).filter(|l| l.still_answers(sidecar)).map(|l| l.tag.as_str());
        let found = self.offers(&manifest, sidecar, tag, &targets).map_err(|e| e.of_sidecar(name, None))?;
        let emulation = sidecar.may_be_emulated();
        let told = |(target, offer): (Target, Offer)| {
            let among = |names: &[&str]| {
                let (repo, tag) = (&found.project, &found.release.tag);
                choose::explain(names, &Query { target: &target, tool: name, repo, tag, emulation })
            };
            let explanation = match offer {
                Offer::Choice => among(&found.release.names()),
                Offer::Among(assets) => {
                    among(&assets.iter().map(|asset| asset.name.as_str()).collect::<Vec<_>>())
                }
                Offer::File { asset, reason, .. } => {
                    Explanation { picks: vec![asset.name], rule: reason, emulated: false, assets: Vec::new() }
                }
                Offer::Nothing(rule) => {
                    Explanation { picks: Vec::new(), rule, emulated: false, assets: Vec::new() }
                }
            };
            (target.to_string(), explanation)
        };
        Ok(targets.into_iter().zip(found.each).map(told).collect())
    }
}
