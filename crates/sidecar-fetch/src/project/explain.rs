//! `explain`: why this asset, for each target.

use super::Project;
use crate::env;
use crate::error::Error;
use crate::resolve::choose::{self, Explanation, Query};
use crate::resolve::repository::Repository;
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
        self.need_network(&format!("explaining the choice for `{name}`"))?;
        let lock = super::lock_as_is(&manifest)?;
        let tag = lock.sidecars.get(name).filter(|l| l.still_answers(sidecar)).map(|l| l.tag.as_str());
        let (_, release) = self.release(&manifest, sidecar, tag).map_err(|e| e.of_sidecar(name, None))?;
        let repository = Repository::parse(&sidecar.github, env::text(env::GITHUB_API).as_deref())?;
        let repo = format!("{}/{}", repository.owner, repository.name);
        let names = release.names();
        let told = |target: Target| {
            let emulation = sidecar.may_be_emulated();
            let query = Query { target: &target, tool: name, repo: &repo, tag: &release.tag, emulation };
            (target.to_string(), choose::explain(&names, &query))
        };
        Ok(targets.into_iter().map(told).collect())
    }
}
