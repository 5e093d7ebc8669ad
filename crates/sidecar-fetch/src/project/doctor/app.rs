//! What the app directory must have beside its configuration: the line in build.rs, `capabilities/`, ignore rules.

use super::{Check, CheckState, Scene};
use crate::config::{ConfigFile, Platform};
use crate::error::Error;
use crate::fsx;

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let mut out =
        vec![build_script(scene).unwrap_or_else(|e| Check::of("build.rs", CheckState::Problem, &e))];
    out.extend(build_dependency(scene));
    out.extend(capabilities(scene));
    out.extend(ignored(scene).unwrap_or_else(|e| Some(Check::of("ignore", CheckState::Problem, &e))));
    out.push(build_dir(scene));
    out
}

/// What a build script does for the sidecars.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Missing,
    /// On this line, from 1, behind the call into tauri-build on that one.
    Behind(usize, usize),
    There,
}

/// Finds our call and Tauri's in the text of a build script; comments do not count.
fn line(text: &str) -> Line {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    let position = |call: &dyn Fn(&str) -> bool| text.lines().position(|line| call(&code(line)));
    let tauri =
        position(&|line| line.contains("tauri_build::build(") || line.contains("tauri_build::try_build("));
    let Some(ours) = position(&|line| line.contains("sidecar_fetch::")) else { return Line::Missing };
    match tauri {
        Some(tauri) if tauri < ours => Line::Behind(ours + 1, tauri + 1),
        // `{ tauri_build::build(); sidecar_fetch::build() }`
        Some(tauri) if tauri == ours => {
            let line = text.lines().nth(ours).map(code).unwrap_or_default();
            if line.find("tauri_build::") < line.find("sidecar_fetch::") {
                Line::Behind(ours + 1, tauri + 1)
            } else {
                Line::There
            }
        }
        _ => Line::There,
    }
}

fn build_script(scene: &Scene<'_>) -> Result<Check, Error> {
    const NAME: &str = "build.rs";
    let cargo_toml = ConfigFile::read(&scene.app().join("Cargo.toml"))?;
    let named = cargo_toml.as_ref().and_then(|file| file.root.at(&["package", "build"])?.as_str());
    let path = scene.app().join(named.unwrap_or("build.rs"));
    let Some(text) = fsx::read_if_exists(&path)? else {
        return Ok(Check::problem(
            NAME,
            "the package has no build script, so nothing is installed by a build",
        )
        .help("run `cargo sidecar init`"));
    };
    let shown = scene.shown(&path);
    Ok(match line(&text) {
        Line::There => Check::ok(NAME, format!("{shown} calls `sidecar_fetch::build()`")),
        Line::Missing => Check::problem(NAME, format!("{shown} does not call `sidecar_fetch::build()`"))
            .help("run `cargo sidecar init`"),
        Line::Behind(ours, tauri) => Check::problem(
            NAME,
            format!("{shown} calls `sidecar_fetch::build()` behind tauri-build, which needs the files"),
        )
        .fact("at", format!("{}:{ours}", path.display()))
        .fact("tauri-build", format!("{}:{tauri}", path.display()))
        .help("move `sidecar_fetch::build();` above the call of tauri-build"),
    })
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
    let listed = listed.at(&["app", "security", "capabilities"]).and_then(|list| list.as_array());
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
fn ignored(scene: &Scene<'_>) -> Result<Option<Check>, Error> {
    let Some(manifest) = scene.manifest.as_ref().filter(|_| scene.is_tauri_app()) else { return Ok(None) };
    let binaries = &manifest.settings.binaries;
    for file in [".gitignore", ".taurignore"] {
        let text = fsx::read_if_exists(&scene.app().join(file))?.unwrap_or_default();
        if names(&text, binaries) {
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

/// Whether an ignore file has a rule for a directory, in one of the usual spellings.
fn names(text: &str, directory: &str) -> bool {
    let bare = directory.trim_matches('/');
    let rule = |line: &str| line.trim().trim_end_matches('*').trim_matches('/') == bare;
    text.lines().any(rule)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_must_come_before_tauris() {
        assert_eq!(
            line("fn main() {\n    sidecar_fetch::build();\n    tauri_build::build()\n}\n"),
            Line::There
        );
        assert_eq!(
            line("fn main() {\n    tauri_build::build();\n    sidecar_fetch::build();\n}\n"),
            Line::Behind(3, 2)
        );
        assert_eq!(line("fn main() { tauri_build::build(); sidecar_fetch::build() }"), Line::Behind(1, 1));
        assert_eq!(line("fn main() { sidecar_fetch::build(); tauri_build::build() }"), Line::There);
        assert_eq!(line("// sidecar_fetch::build();\nfn main() { tauri_build::build() }"), Line::Missing);
        assert_eq!(line("fn main() { sidecar_fetch::try_build().unwrap() }"), Line::There);
    }

    #[test]
    fn spellings_of_an_ignore_rule() {
        for text in ["binaries", "/binaries/", "target\n/binaries/*\n", "binaries/**", " binaries/ "] {
            assert!(names(text, "binaries"), "{text}");
        }
        for text in ["", "# binaries", "!binaries", "binaries/x", "my-binaries"] {
            assert!(!names(text, "binaries"), "{text}");
        }
    }
}
