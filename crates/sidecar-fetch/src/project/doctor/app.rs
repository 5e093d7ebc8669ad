//! What the app directory must have beside its configuration: the line in build.rs, `capabilities/`, ignore rules.

use super::{Check, CheckState, Scene};
use crate::config::capability::LISTED;
use crate::config::{Node, Platform};
use crate::error::Error;
use crate::fsx;
use crate::project::init::cargo_toml::CargoToml;
use crate::project::init::{build_script, ignored};

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let mut out = vec![script(scene).unwrap_or_else(|e| Check::of("build.rs", CheckState::Problem, &e))];
    out.extend(build_dependency(scene));
    out.extend(capabilities(scene));
    out.extend(ignore_rule(scene).unwrap_or_else(|e| Some(Check::of("ignore", CheckState::Problem, &e))));
    out.push(build_dir(scene));
    out
}

fn script(scene: &Scene<'_>) -> Result<Check, Error> {
    const NAME: &str = "build.rs";
    let Some(script) = CargoToml::read(&scene.app().join("Cargo.toml"))?.build_script() else {
        let found = "Cargo.toml says `build = false`, so nothing is installed by a build";
        return Ok(Check::problem(NAME, found).help("remove that line, then run `cargo sidecar init`"));
    };
    let path = scene.app().join(script);
    let Some(text) = fsx::read_if_exists(&path)? else {
        return Ok(Check::problem(
            NAME,
            "the package has no build script, so nothing is installed by a build",
        )
        .help("run `cargo sidecar init`"));
    };
    let shown = scene.shown(&path);
    if !build_script::has_call(&text) {
        return Ok(Check::problem(NAME, format!("{shown} does not call `sidecar_fetch::build()`"))
            .help("run `cargo sidecar init`"));
    }
    let Some([ours, tauri]) = build_script::too_late(&text) else {
        return Ok(Check::ok(NAME, format!("{shown} calls `sidecar_fetch::build()`")));
    };
    let found = format!("{shown} calls `sidecar_fetch::build()` behind tauri-build, which needs the files");
    Ok(Check::problem(NAME, found)
        .fact("at", format!("{}:{ours}", path.display()))
        .fact("tauri-build", format!("{}:{tauri}", path.display()))
        .help("move `sidecar_fetch::build();` above the call of tauri-build"))
}

fn build_dependency(scene: &Scene<'_>) -> Option<Check> {
    let package = &scene.project.package;
    if package.dependencies.iter().any(|d| d.build && d.name == "sidecar-fetch") {
        return None;
    }
    Some(
        Check::problem("build.rs", "sidecar-fetch is not among the build-dependencies")
            .help("run `cargo sidecar init`"),
    )
}

/// tauri-build watches `capabilities/`; for cargo a file that is not there has always changed.
fn capabilities(scene: &Scene<'_>) -> Option<Check> {
    const NAME: &str = "capabilities";
    let configs = scene.configs.as_ref()?;
    let path = scene.app().join("capabilities");
    if matches!(fsx::metadata(&path), Ok(Some(found)) if found.is_dir()) {
        return Some(Check::ok(NAME, "capabilities/ is there"));
    }
    let platform = scene.host.as_ref().map_or(Platform::Linux, Platform::of);
    let listed = configs.effective(platform, None);
    let listed = listed.at(&LISTED).and_then(Node::as_array);
    if listed.is_some_and(|list| !list.is_empty()) {
        return Some(Check::ok(NAME, "the configuration names its capabilities"));
    }
    Some(
        Check::warning(NAME, "there is no capabilities/, so that every build runs build.rs again")
            .fact(
                "reason",
                "tauri-build watches it, and for cargo a path that is not there has always changed",
            )
            .fact(
                "such as",
                r#"{ "identifier": "default", "windows": ["main"], "permissions": ["core:default"] }"#,
            )
            .help(format!("run `mkdir \"{}\"`", path.display())),
    )
}

/// Whether `tauri dev` passes over the binaries: it watches what no ignore file names, and builds again.
fn ignore_rule(scene: &Scene<'_>) -> Result<Option<Check>, Error> {
    let Some(manifest) = scene.manifest.as_ref().filter(|_| scene.is_tauri_app()) else { return Ok(None) };
    let binaries = &manifest.settings.binaries;
    for file in [".gitignore", ".taurignore"] {
        let text = fsx::read_if_exists(&scene.app().join(file))?.unwrap_or_default();
        if ignored::with_rule(&text, binaries).is_none() {
            return Ok(Some(Check::ok("ignore", format!("{file} names {binaries}/"))));
        }
    }
    if super::locked::git_ignores(scene.app(), binaries) {
        return Ok(Some(Check::ok("ignore", format!("git ignores {binaries}/"))));
    }
    let found = format!(
        "neither .gitignore nor .taurignore names {binaries}/: `tauri dev` builds again when a file there changes"
    );
    Ok(Some(Check::warning("ignore", found).help("run `cargo sidecar init`")))
}

/// With a directory of its own for intermediate files, tauri-build copies sidecars into that.
fn build_dir(scene: &Scene<'_>) -> Check {
    let Some(apart) = &scene.project.package.build_directory else {
        return Check::ok("build-dir", "cargo builds in its target directory");
    };
    let found =
        "cargo builds in a directory apart, and tauri-build copies sidecars there instead of beside the app";
    Check::note("build-dir", found)
        .fact("build-dir", apart.display())
        .fact("so", "`sidecar_fetch::build()` puts them where the app looks as well")
}
