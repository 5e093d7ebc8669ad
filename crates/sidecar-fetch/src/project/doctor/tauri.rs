//! Versions of Tauri and its plugins: what Cargo.lock has, and whether the JavaScript half fits.

use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};

use super::{Check, CheckState, Scene};
use crate::config::{ConfigFile, Node};
use crate::doc::Document;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::project::Package;

const NAME: &str = "tauri";

/// What is named, where it is a dependency.
const CRATES: [&str; 4] = ["tauri", "tauri-build", "tauri-plugin-shell", "tauri-plugin-http"];

/// Plugins with a JavaScript half: the crate, and the npm package that must go with it.
const HALVES: [(&str, &str); 3] = [
    ("tauri-plugin-shell", "@tauri-apps/plugin-shell"),
    ("tauri-plugin-http", "@tauri-apps/plugin-http"),
    ("tauri-plugin-sidecar", "tauri-plugin-sidecar-api"),
];

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let package = &scene.project.package;
    if !package.depends_on("tauri") {
        return vec![Check::note(NAME, format!("`{}` does not depend on tauri", package.name))];
    }
    let path = package.workspace.join("Cargo.lock");
    let locked = match fsx::read_if_exists(&path).and_then(|text| text.map(|t| locked(&path, t)).transpose())
    {
        Ok(Some(locked)) => locked,
        Ok(None) => {
            return vec![
                Check::note(NAME, "there is no Cargo.lock yet, so nobody knows which versions are built")
                    .help("run `cargo generate-lockfile`"),
            ];
        }
        Err(error) => return vec![Check::of(NAME, CheckState::Problem, &error)],
    };
    let found: Vec<(&str, &Version)> =
        CRATES.iter().filter_map(|name| Some((*name, version_of(package, &locked, name)?))).collect();
    let mut out = vec![versions(&found)];
    let halves: Vec<(&str, &Version)> =
        HALVES.iter().filter_map(|(name, _)| Some((*name, version_of(package, &locked, name)?))).collect();
    match npm(scene, &halves) {
        Ok(rows) => out.extend(rows),
        Err(error) => out.push(Check::of("npm", CheckState::Warning, &error)),
    }
    out
}

fn versions(found: &[(&str, &Version)]) -> Check {
    let text: Vec<String> = found.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let text = text.join(", ");
    match found.iter().find(|(_, version)| version.major < 2) {
        None if found.is_empty() => {
            Check::note(NAME, "Cargo.lock does not have tauri yet").help("run `cargo generate-lockfile`")
        }
        None => Check::ok(NAME, text),
        Some((name, version)) => {
            Check::problem(NAME, format!("{name} {version} is Tauri 1, whose configuration is another one"))
                .fact("found", text)
                .help("run `cargo tauri migrate`")
        }
    }
}

/// The names and versions of a Cargo.lock.
fn locked(path: &Path, text: String) -> Result<Vec<(String, Version)>, Error> {
    let document = Document::new(path, text);
    let mut out = Vec::new();
    for mut entry in document.parse(Kind::ConfigInvalid)?.tables("package")? {
        let (name, version) = (entry.string("name")?, entry.string("version")?);
        if let (Some(name), Some(version)) = (name, version)
            && let Ok(version) = version.value.parse()
        {
            out.push((name.value, version));
        }
    }
    Ok(out)
}

/// The version that a package gets of a crate: of several the one that its requirement allows.
fn version_of<'l>(package: &Package, locked: &'l [(String, Version)], name: &str) -> Option<&'l Version> {
    let declared = package.dependencies.iter().find(|d| d.name == name)?;
    let requirement: VersionReq = declared.requirement.parse().unwrap_or_default();
    let all = || locked.iter().filter(|(found, _)| found == name).map(|(_, version)| version);
    all().filter(|version| requirement.matches(version)).max().or_else(|| all().max())
}

/// The JavaScript halves of the plugins, where there is a package.json that names them.
fn npm(scene: &Scene<'_>, found: &[(&str, &Version)]) -> Result<Vec<Check>, Error> {
    let package = &scene.project.package;
    let Some(path) = package_json(&package.directory, &package.workspace)? else { return Ok(Vec::new()) };
    let Some(file) = ConfigFile::read(&path)? else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for (name, half) in HALVES {
        let version = found.iter().find(|(found, _)| *found == name).map(|(_, version)| *version);
        let (Some(version), Some(wanted)) = (version, wanted(&file.root, half)) else { continue };
        let installed = path.with_file_name("node_modules").join(half).join("package.json");
        let installed =
            ConfigFile::read(&installed)?.and_then(|f| Some(f.root.get("version")?.as_str()?.to_owned()));
        let fits = match &installed {
            Some(installed) => installed.parse().is_ok_and(|i: Version| goes_with(&i, version)),
            None => allows(wanted, version),
        };
        let other = installed.as_deref().unwrap_or(wanted);
        out.push(if fits {
            Check::ok("npm", format!("{half} {other} goes with {name} {version}"))
        } else {
            Check::warning("npm", format!("{half} {other} is not made for {name} {version}"))
                .fact("at", path.display())
                .help(format!("run `npm install {half}@{}.{}`", version.major, version.minor))
        });
    }
    Ok(out)
}

/// The closest package.json: in the app directory or above it, up to the directory that holds the workspace.
fn package_json(app: &Path, workspace: &Path) -> Result<Option<PathBuf>, Error> {
    let end = workspace.parent().unwrap_or(workspace);
    for directory in app.ancestors().take_while(|directory| directory.starts_with(end)) {
        let path = directory.join("package.json");
        if fsx::metadata(&path)?.is_some() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// What a package.json asks for of a package.
fn wanted<'n>(root: &'n Node, name: &str) -> Option<&'n str> {
    ["dependencies", "devDependencies"].iter().find_map(|table| root.at(&[table, name])?.as_str())
}

/// Tauri promises that both halves of a plugin fit where major and minor are equal.
fn goes_with(half: &Version, version: &Version) -> bool {
    (half.major, half.minor) == (version.major, version.minor)
}

/// Whether npm may install a version that goes with `version`. What is no range of versions (`latest`, a path) may be
/// anything.
fn allows(range: &str, version: &Version) -> bool {
    if let Ok(exact) = range.trim_start_matches(['=', 'v']).parse::<Version>() {
        return goes_with(&exact, version);
    }
    let newest = Version::new(version.major, version.minor, u64::MAX);
    range.parse().map_or(true, |range: VersionReq| range.matches(&newest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Dependency;

    #[test]
    fn npms_ranges() {
        let version = Version::new(2, 6, 1);
        for fits in ["^2", "^2.2.0", "~2.6.0", "2.6.0", "latest", "workspace:*", ">=2.0.0", "*"] {
            assert!(allows(fits, &version), "{fits}");
        }
        for other in ["^1.0.0", "~2.5.1", "2.5.0", "=2.7.0", "^3"] {
            assert!(!allows(other, &version), "{other}");
        }
    }

    #[test]
    fn of_two_locked_versions_the_one_that_is_asked_for() {
        let text = "[[package]]\nname = \"tauri\"\nversion = \"2.12.5\"\n\n[[package]]\nname = \"tauri\"\nversion = \"1.8.0\"\n";
        let locked = locked(Path::new("Cargo.lock"), text.to_owned()).unwrap();
        let package = |requirement: &str| Package {
            dependencies: vec![Dependency {
                name: "tauri".into(),
                requirement: requirement.into(),
                ..Dependency::default()
            }],
            ..Package::default()
        };
        assert_eq!(version_of(&package("^1"), &locked, "tauri"), Some(&Version::new(1, 8, 0)));
        assert_eq!(version_of(&package("^2"), &locked, "tauri"), Some(&Version::new(2, 12, 5)));
        assert_eq!(version_of(&package("^3"), &locked, "tauri"), Some(&Version::new(2, 12, 5)));
        assert_eq!(version_of(&package("^2"), &locked, "tauri-build"), None);
    }

    #[test]
    fn a_package_json_of_a_stranger_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let (repo, app) = (dir.path().join("repo"), dir.path().join("repo/apps/x/src-tauri"));
        fsx::write_atomic(&dir.path().join("package.json"), "{}").unwrap();
        assert_eq!(package_json(&app, &repo.join("apps")).unwrap(), None);
        fsx::write_atomic(&repo.join("package.json"), "{}").unwrap();
        assert_eq!(package_json(&app, &repo.join("apps")).unwrap(), Some(repo.join("package.json")));
        fsx::write_atomic(&repo.join("apps/x/package.json"), "{}").unwrap();
        assert_eq!(package_json(&app, &app).unwrap(), Some(repo.join("apps/x/package.json")));
    }
}
