//! Which permissions there are: what the last build wrote down for editors and the Tauri command.
//!
//! The file is a witness, not a judge: a plugin that changed since may have more permissions, and `sync`, which runs
//! before the build, must not stand in the way of the build that would write them down. So it counts only for plugins
//! that come from a registry or git, and only while `Cargo.lock` is not younger.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::doc::Place;
use crate::error::{Error, Kind, nearest, some_of};
use crate::fsx;

/// The file that tauri-build writes, below the app's directory.
const FILE: &str = "gen/schemas/acl-manifests.json";

/// The permissions of the plugins that are sure.
#[derive(Debug)]
pub(super) struct Known {
    /// Names by plugin: `allow-open` of `shell`.
    plugins: BTreeMap<String, Vec<String>>,
}

impl Known {
    /// Reads the file of an app; `None` where there is none that can be read, or where it may be out of date.
    pub(super) fn read(app: &Path) -> Option<Self> {
        let path = app.join(FILE);
        let written = modified(&path)?;
        let (lock, locked) = app.ancestors().find_map(|directory| {
            let lock = directory.join("Cargo.lock");
            modified(&lock).map(|locked| (lock, locked))
        })?;
        if locked > written {
            return None;
        }
        // Another version of Tauri may write it differently: then nothing is known.
        let manifests = serde_json::from_str(&fsx::read_to_string(&path).ok()?).ok()?;
        Some(Self::new(&manifests, &fsx::read_to_string(&lock).ok()?))
    }

    fn new(manifests: &Json, lock: &str) -> Self {
        let mut plugins = BTreeMap::new();
        for (plugin, manifest) in manifests.as_object().into_iter().flatten() {
            let package = match plugin.split(':').next() {
                Some("core") => "tauri".to_owned(),
                _ => format!("tauri-plugin-{plugin}"),
            };
            if !is_from_elsewhere(lock, &package) {
                continue;
            }
            // The build takes every plugin to have a default.
            let mut names = vec!["default".to_owned()];
            for list in ["permissions", "permission_sets"] {
                names.extend(manifest[list].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
            }
            plugins.insert(plugin.clone(), names);
        }
        Self { plugins }
    }

    /// Whether a permission exists, for all that is known.
    pub(super) fn check(&self, permission: &str, at: &dyn Fn() -> Place) -> Result<(), Error> {
        let Some((plugin, name)) = permission.rsplit_once(':') else { return Ok(()) };
        let Some(names) = self.plugins.get(plugin).filter(|names| names.iter().all(|known| known != name))
        else {
            return Ok(());
        };
        let error = Error::new(Kind::UnknownPermission, format!("there is no permission `{permission}`"))
            .fact("at", at())
            .fact("known", some_of(names.iter().map(|name| format!("{plugin}:{name}"))));
        Err(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean `{plugin}:{near}`?")),
            None => error,
        })
    }
}

/// Whether a package of the lock comes from a registry or git in all its versions: packages of the workspace change
/// without a change to the lock.
fn is_from_elsewhere(lock: &str, package: &str) -> bool {
    let head = format!("name = \"{package}\"");
    let mut versions =
        lock.split("[[package]]").filter(|entry| entry.lines().any(|line| line == head)).peekable();
    versions.peek().is_some() && versions.all(|entry| entry.contains("\nsource = "))
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fsx::metadata(path).ok()??.modified().ok()
}
