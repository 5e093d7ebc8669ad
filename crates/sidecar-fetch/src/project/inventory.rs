//! `list`: what the manifest declares and the lock pins.

use super::Project;
use crate::error::Error;
use crate::lock::Lock;

/// One sidecar of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// The sidecar.
    pub sidecar: String,
    /// The source as the manifest writes it.
    pub source: String,
    /// The locked version, or tag where that names no version; `None`: not locked.
    pub version: Option<String>,
    /// When the locked release was published, RFC 3339.
    pub published: Option<String>,
    /// The targets that have an asset.
    pub targets: Vec<String>,
    /// Those of them whose asset is a build for x86-64, which the target's system translates.
    pub emulated: Vec<String>,
    /// The targets for which the release has nothing.
    pub missing: Vec<String>,
    /// Cargo features that switch it on; empty: always on.
    pub features: Vec<String>,
    /// Whether the lock answers the manifest for this sidecar.
    pub up_to_date: bool,
}

impl Project<'_> {
    /// The sidecars of the manifest, by name.
    ///
    /// # Errors
    /// Where manifest or lock cannot be read.
    pub fn list(&self) -> Result<Vec<ListRow>, Error> {
        let manifest = self.manifest()?;
        let lock: Lock = super::lock_as_is(&manifest)?;
        let row = |sidecar: &crate::manifest::Sidecar| {
            let locked = lock.sidecars.get(&sidecar.name);
            let targets = |present: bool| {
                let assets = locked.into_iter().flat_map(|l| &l.assets);
                assets.filter(|(_, pin)| pin.is_some() == present).map(|(t, _)| t.to_string()).collect()
            };
            let assets = locked.into_iter().flat_map(|l| &l.assets);
            let emulated = assets.filter(|(_, pin)| pin.as_ref().is_some_and(|pin| pin.emulated));
            ListRow {
                sidecar: sidecar.name.clone(),
                source: sidecar.source.to_string(),
                version: locked.map(|l| l.version_text().to_owned()),
                published: locked.and_then(|l| l.published.clone()),
                targets: targets(true),
                emulated: emulated.map(|(target, _)| target.to_string()).collect(),
                missing: targets(false),
                features: sidecar.features.clone(),
                up_to_date: lock.drift_of(&manifest, sidecar).is_none(),
            }
        };
        Ok(manifest.sidecars.values().map(row).collect())
    }
}
