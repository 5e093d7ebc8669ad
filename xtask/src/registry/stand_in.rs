//! A tiny program in the place of one that could not be fetched.

use std::path::Path;
use std::process::Command;

use super::{Binary, Program, exe, host};
use crate::error::{Error, Result};
use crate::fsx;

const SOURCE: &str = r#"fn main() {
    println!("{} {} (stand-in)", env!("STAND_IN_NAME"), env!("STAND_IN_VERSION"));
}
"#;

/// Builds the stand-in for this machine with the `rustc` that runs this workspace.
pub(super) fn build(dir: &Path, program: &Program) -> Result<Binary> {
    let (dir, target) = (dir.join("stand-in"), host());
    let source = dir.join("main.rs");
    fsx::publish(&source, SOURCE.as_bytes(), fsx::Mode::Plain)?;
    let path = dir.join(format!("{}-{}{}", program.name, program.version, exe(target)));
    let rustc = crate::env::text("RUSTC").unwrap_or_else(|| "rustc".to_owned());
    let output = Command::new(&rustc)
        .args(["--edition", "2024", "-C", "opt-level=s", "-C", "strip=symbols", "-o"])
        .args([&path, &source])
        .env("STAND_IN_NAME", program.name)
        .env("STAND_IN_VERSION", program.version)
        .output()
        .map_err(Error::because(format!("cannot run `{rustc}`")))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("cannot build a stand-in for {}: {text}", program.name)));
    }
    Ok(Binary { name: program.name, version: program.version, target, path, stand_in: true })
}
