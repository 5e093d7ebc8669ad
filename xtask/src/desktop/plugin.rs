//! The crates that are compiled against a webview. Their tests use Tauri's mock of one, so that they need no screen.

use crate::error::Result;
use crate::run::{cargo, step};

/// Their tests.
pub(super) fn test() -> Result<()> {
    step("tests of the plugin", cargo(&["test", "--quiet"]).args(packages()?))
}

/// Clippy and rustdoc, with every feature.
pub(super) fn lints() -> Result<()> {
    let packages = packages()?;
    let mut clippy = cargo(&["clippy", "--quiet", "--all-targets", "--all-features"]);
    step("lints of the plugin", clippy.args(&packages).args(["--", "-D", "warnings"]))?;
    let mut doc = cargo(&["doc", "--quiet", "--no-deps", "--all-features"]);
    step("documentation of the plugin", doc.args(&packages).env("RUSTDOCFLAGS", "-D warnings"))
}

/// `-p <crate>` for each.
fn packages() -> Result<Vec<String>> {
    let crates = super::crates()?.into_iter();
    Ok(crates.flat_map(|name| ["-p".to_owned(), name]).collect())
}
