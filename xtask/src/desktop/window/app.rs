//! The example, built.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use serde_json::json;

use crate::error::{Error, Result};
use crate::fsx;
use crate::run::{cargo, root};

/// What its window may do beside what its own capability says: be closed as by its button.
const CLOSE: &str = "core:window:allow-close";

/// The program.
pub(super) fn program() -> PathBuf {
    fsx::target_dir().join("debug/dashboard")
}

/// Builds it. Why it cannot be had, in one line, where the network is what is missing.
pub(super) fn build() -> Result<Option<String>> {
    println!("\n== the example is built; the first time, all of Tauri with it");
    let start = Instant::now();
    let output = command().output().map_err(Error::because("cannot run cargo"))?;
    println!("== the example: {:.1} s", start.elapsed().as_secs_f32());
    if output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    match unreachable(&text) {
        Some(line) => Ok(Some(format!("{line}; give it a network, once"))),
        None => Err(Error::new(format!("the example does not build ({})\n{text}", output.status))),
    }
}

fn command() -> Command {
    let capability = json!({ "identifier": "driven", "windows": ["main"], "permissions": [CLOSE] });
    let config = json!({ "app": { "security": { "capabilities": ["dashboard", capability] } } });
    let mut command = cargo(&["build", "--quiet", "--locked"]);
    command
        .current_dir(root().join("crates/tauri-plugin-sidecar/examples/dashboard"))
        .env("CARGO_TARGET_DIR", fsx::target_dir())
        .env("TAURI_CONFIG", config.to_string());
    command
}

/// The line by which cargo or the build script says that it reaches nobody.
fn unreachable(text: &str) -> Option<&str> {
    const SIGNS: [&str; 4] = [
        "failed to download",
        "--offline was specified",
        "the server cannot be reached",
        "the network is off",
    ];
    let line = text.lines().find(|line| SIGNS.iter().any(|sign| line.contains(sign)))?;
    // cargo says whose build script it was.
    let line = line.trim().trim_start_matches("error: ");
    Some(line.split_once("@0.1.0: ").map_or(line, |(_, said)| said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_a_network_is_no_failure() {
        let of_cargo = "error: failed to get `tauri`\n\nCaused by:\n  failed to download from `https://x`\n";
        assert_eq!(unreachable(of_cargo), Some("failed to download from `https://x`"));
        let of_build_rs = "error: dashboard@0.1.0: sidecar `preview` 1.2.3: the server cannot be reached\n";
        assert_eq!(unreachable(of_build_rs), Some("sidecar `preview` 1.2.3: the server cannot be reached"));
        assert_eq!(unreachable("error[E0425]: cannot find value `x`"), None);
    }
}
