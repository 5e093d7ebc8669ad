//! Files of `path` sources that are not what the lock pins any more: somebody built them anew.

use std::collections::BTreeSet;
use std::path::Path;

use crate::env;
use crate::error::Error;
use crate::fetch::LOCAL;
use crate::lock::Lock;
use crate::{fsx, hash};

/// A file that changed after it was locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) sidecar: String,
    /// Relative to the app, as the manifest names it.
    pub(super) file: String,
}

impl Changed {
    /// What was found, in one line.
    pub(super) fn found(&self) -> String {
        let Self { sidecar, file } = self;
        format!(
            "sidecar `{sidecar}`: {file} is not the file that was locked, which is installed all the same"
        )
    }

    /// What can be done.
    pub(super) fn help(&self) -> String {
        let (name, variable) = (&self.sidecar, env::local_override(&self.sidecar));
        format!("run `cargo sidecar update {name}` to take it; while you develop it, set {variable} to it")
    }
}

/// All of them, each once. A file that is not there is none: what was locked is in the cache, or an error there.
pub(super) fn changed(app: &Path, lock: &Lock) -> Result<Vec<Changed>, Error> {
    let (mut out, mut seen) = (Vec::new(), BTreeSet::new());
    for (sidecar, locked) in &lock.sidecars {
        for pin in locked.assets.values().flatten() {
            let Some(file) = pin.url.strip_prefix(LOCAL) else { continue };
            // One file may serve several targets.
            if !seen.insert((sidecar, file)) {
                continue;
            }
            let path = app.join(file);
            let Some(now) = fsx::metadata(&path)? else { continue };
            if now.len() != pin.size || hash::of_file(&path)?.0 != pin.sha256 {
                out.push(Changed { sidecar: sidecar.clone(), file: file.to_owned() });
            }
        }
    }
    Ok(out)
}
