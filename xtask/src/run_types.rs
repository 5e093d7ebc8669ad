//! `cargo xtask codegen`: what the supervisor serialises, as the TypeScript types of the plugin's package.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use crate::error::Result;
use crate::fsx::{self, Mode};
use crate::run::root;

/// The file that is written.
const TYPES: &str = "crates/tauri-plugin-sidecar/guest-js/types.ts";

const HEAD: &str = "// Made from the Rust types by `cargo xtask codegen`; changes belong there.\n\n";

/// Writes the file anew, where it is not what it should be.
pub(crate) fn run() -> Result<()> {
    if stale().is_none() {
        println!("{TYPES} is fresh");
        return Ok(());
    }
    fsx::publish(&root().join(TYPES), text().as_bytes(), Mode::Plain)?;
    println!("wrote {TYPES}");
    Ok(())
}

/// What is wrong with the file, if anything.
pub(crate) fn stale() -> Option<String> {
    let now = fsx::text_of(&root().join(TYPES)).unwrap_or_default().replace("\r\n", "\n");
    (now != text())
        .then(|| format!("{TYPES} is not what the supervisor serialises; run `cargo xtask codegen`"))
}

fn text() -> String {
    let types = sidecar_supervisor::typescript();
    let lines = types.lines().map(|line| format!("{}\n", line.trim_end()));
    std::iter::once(HEAD.to_owned()).chain(lines).collect()
}
