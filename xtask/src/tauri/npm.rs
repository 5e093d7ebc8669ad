//! The Tauri command, from the npm registry.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fsx;
use crate::npm::npm;

/// The newest of the generation that is tested.
const PACKAGE: &str = "@tauri-apps/cli@2";

/// The program, installed where it is not there yet. The error says in one line what to install.
pub(super) fn tauri() -> Result<PathBuf> {
    let directory = fsx::target_dir().join("tauri-cli");
    let program = directory.join("node_modules/.bin").join(if cfg!(windows) { "tauri.cmd" } else { "tauri" });
    if !program.is_file() {
        install(&directory)?;
    }
    Ok(program)
}

fn install(directory: &Path) -> Result<()> {
    fsx::create_dir_all(directory)?;
    let output = npm()
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
        .arg(directory)
        .arg(PACKAGE)
        .output()
        .map_err(|_| Error::new("`npm` is not here; install Node.js to check against the Tauri command"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let cause = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    Err(Error::new(format!("npm cannot install {PACKAGE} ({}); give it a registry", cause.trim())))
}
