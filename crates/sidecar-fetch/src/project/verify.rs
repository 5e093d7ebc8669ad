//! `verify`: whether the lock answers the manifest and the installed files are what the lock pins.

use std::path::PathBuf;

use super::features::Features;
use super::{Project, Targets};
use crate::error::Error;
use crate::fsx;
use crate::hash;
use crate::inspect;
use crate::lock::Lock;
use crate::provision::{Spot, Task};

/// What `verify` found of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The bytes are the locked ones, and an executable for the target.
    Ok,
    /// There is no file.
    Missing,
    /// The file's hash is another one.
    Differs {
        /// The hash that the lock pins, 64 hexadecimal digits.
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// The file is not an executable for the target, or has lost its mode; the text says what it is.
    Unfit {
        /// What the file is, in one line.
        reason: String,
    },
}

/// One file that `verify` looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyRow {
    /// The sidecar.
    pub sidecar: String,
    /// Its version, or its tag where that names no version.
    pub version: String,
    /// The target triple.
    pub target: String,
    /// The installed file.
    pub path: PathBuf,
    /// What was found.
    pub finding: Finding,
    /// What vouched for the hash when it was locked: `github-digest`, a checksum file's name, or `download`.
    pub provenance: String,
}

impl Project<'_> {
    /// Checks the lock against the manifest and each installed file against the lock. Every file is read whole: a gate
    /// trusts no stamp. Nothing is changed and the network is not used.
    ///
    /// # Errors
    /// Where manifest or lock cannot be read or do not agree. What is wrong with files is in the rows.
    pub fn verify(&self, targets: &Targets, features: &Features) -> Result<Vec<VerifyRow>, Error> {
        let manifest = self.manifest()?;
        let lock = Lock::read_answering(&manifest)?;
        let tasks = self.tasks(&manifest, &lock, &self.chosen(targets, features)?)?;
        // Of a tree the files of one target are installed; the others are not to be missed.
        tasks.iter().filter(|task| task.spot != Spot::Cache).map(row).collect()
    }
}

fn row(task: &Task<'_>) -> Result<VerifyRow, Error> {
    Ok(VerifyRow {
        sidecar: task.sidecar.to_owned(),
        version: task.version.to_owned(),
        target: task.target.to_string(),
        path: task.dest.clone(),
        finding: finding(task)?,
        provenance: task.pin.provenance.clone(),
    })
}

fn finding(task: &Task<'_>) -> Result<Finding, Error> {
    if let Some(tree) = task.tree() {
        return super::trees::finding(task, &tree);
    }
    let Some(metadata) = fsx::metadata(&task.dest)? else { return Ok(Finding::Missing) };
    if !metadata.is_file() {
        return Ok(Finding::Unfit { reason: "not a regular file".to_owned() });
    }
    let (found, _) = hash::of_file(&task.dest)?;
    if found != task.pin.binary_sha256 {
        let expected = task.pin.binary_sha256.to_string();
        return Ok(Finding::Differs { expected, found: found.to_string() });
    }
    if let Err(error) = inspect::check(&task.dest, task.target) {
        return Ok(Finding::Unfit { reason: error.headline().to_owned() });
    }
    Ok(if crate::install::is_executable(&metadata) {
        Finding::Ok
    } else {
        Finding::Unfit { reason: "it has lost its executable mode".to_owned() }
    })
}
