//! What runs the sidecars that say how they run.

use super::{Check, CheckState, Scene};
use crate::error::Error;
use crate::fsx;
use crate::project::init::build_script;

const NAME: &str = "run";

/// What can run them: the crate, and the call that its `main` begins with.
const RUNNERS: [(&str, &str); 2] = [
    ("tauri-plugin-sidecar", "tauri_plugin_sidecar::init_keeper()"),
    ("sidecar-supervisor", "sidecar_supervisor::init()"),
];

/// Where that call may stand; an app whose program begins elsewhere is not judged.
const BEGINNINGS: [&str; 2] = ["src/main.rs", "src/lib.rs"];

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let Some(manifest) = &scene.manifest else { return Vec::new() };
    let all = manifest.sidecars.iter().filter(|(_, sidecar)| sidecar.run.is_some());
    let names: Vec<String> = all.map(|(name, _)| format!("`{name}`")).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let names = names.join(", ");
    let package = &scene.project.package;
    let Some((runner, call)) = RUNNERS.iter().find(|(name, _)| package.depends_on(name)) else {
        let found = format!("nothing here runs what says how it runs: {names}");
        return vec![
            Check::note(NAME, found).help("add tauri-plugin-sidecar to the app, or sidecar-supervisor"),
        ];
    };
    vec![begins(scene, runner, call, &names).unwrap_or_else(|e| Check::of(NAME, CheckState::Problem, &e))]
}

/// Whether the app's `main` prepares for keepers.
fn begins(scene: &Scene<'_>, runner: &str, call: &str, names: &str) -> Result<Check, Error> {
    let mut seen = Vec::new();
    for file in BEGINNINGS {
        let Some(text) = fsx::read_if_exists(&scene.app().join(file))? else { continue };
        // In whatever way it is imported.
        let word = call.trim_end_matches("()").rsplit("::").next().unwrap_or(call);
        if build_script::has_word(&text, word) {
            return Ok(Check::ok(NAME, format!("{runner} runs {names}")));
        }
        seen.push(file);
    }
    let Some(first) = seen.first() else {
        return Ok(Check::ok(NAME, format!("{runner} runs {names}")));
    };
    let found =
        format!("{first} does not call `{call}`: what sidecars start can outlive an app that crashes");
    Ok(Check::warning(NAME, found).help(format!("write `{call};` in the first line of `main`")))
}
