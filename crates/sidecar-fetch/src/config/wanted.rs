//! What the sidecars of a manifest need in the configuration, and which of its entries are ours.

use std::collections::BTreeSet;

use super::platform::Platform;
use crate::lock::Lock;
use crate::manifest::{Manifest, Sidecar};
use crate::target::Target;

/// The entries that belong into `bundle.externalBin` and `bundle.resources`, in the order of the sidecars' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) external_bin: Vec<String>,
    pub(crate) resources: Vec<String>,
}

impl Wanted {
    /// For the build of one target with these features on.
    pub(crate) fn for_target(manifest: &Manifest, target: &Target, features: &BTreeSet<String>) -> Self {
        Self::of(manifest, features, |sidecar| Platform::of(target).is_desktop() && sidecar.is_for(target))
    }

    /// For a platform, whatever the architecture: what stands in committed files.
    pub(crate) fn for_platform(manifest: &Manifest, platform: Platform, features: &BTreeSet<String>) -> Self {
        Self::of(manifest, features, |sidecar| {
            manifest.targets_of(sidecar).iter().any(|target| Platform::of(target) == platform)
        })
    }

    fn of(manifest: &Manifest, features: &BTreeSet<String>, is_for: impl Fn(&Sidecar) -> bool) -> Self {
        let mut out = Self::default();
        for sidecar in manifest.enabled(features).filter(|sidecar| is_for(sidecar)) {
            let entry = manifest.entry_of(sidecar);
            if sidecar.is_tree() {
                out.resources.push(format!("{entry}/"));
            } else {
                out.external_bin.push(entry);
            }
        }
        out
    }
}

/// Which entries of a configuration are ours: those of the manifest's sidecars, and those that an earlier `sync` wrote,
/// as the lock remembers. All else is the user's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owned(BTreeSet<String>);

impl Owned {
    /// As a lock remembers: what an earlier run wrote, and sidecars that were locked and are not declared any more.
    pub(crate) fn of(manifest: &Manifest, lock: &Lock) -> Self {
        let gone = lock.sidecars.keys().filter(|name| !manifest.sidecars.contains_key(*name));
        let gone: Vec<String> = gone.map(|name| format!("{}/{name}", manifest.settings.binaries)).collect();
        Self::new(manifest, lock.configured.iter().chain(&gone))
    }

    /// With entries that are about to go.
    #[cfg(feature = "resolve")]
    pub(crate) fn with<'a>(mut self, entries: impl IntoIterator<Item = &'a String>) -> Self {
        self.0.extend(entries.into_iter().map(|entry| normalized(entry)));
        self
    }

    pub(crate) fn new<'a>(manifest: &Manifest, configured: impl IntoIterator<Item = &'a String>) -> Self {
        let declared = manifest.sidecars.values().map(|sidecar| manifest.entry_of(sidecar));
        let configured = configured.into_iter().map(|entry| normalized(entry));
        Self(declared.chain(configured).collect())
    }

    /// Whether an entry is ours, however it is spelled.
    pub(crate) fn has(&self, entry: &str) -> bool {
        self.0.contains(&normalized(entry))
    }
}

/// Whether two entries name one thing.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a == b || normalized(a) == normalized(b)
}

/// A path of the configuration in one spelling: `./binaries/x/` and `binaries\x` are `binaries/x`.
pub(crate) fn normalized(entry: &str) -> String {
    let parts = entry.split(['/', '\\']).filter(|part| !matches!(*part, "" | "."));
    let path = parts.collect::<Vec<_>>().join("/");
    if entry.starts_with('/') { format!("/{path}") } else { path }
}
