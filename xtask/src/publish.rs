//! `cargo xtask publish-order`: what is published, in the order in which one needs the other: crates, and the package for
//! npm.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use serde_json::Value;

use crate::error::{Error, Result};
use crate::npm::Manifest;
use crate::run::metadata;

/// The one list: what comes later may depend on what comes earlier. Names that are not in the workspace are passed over.
const ORDER: [&str; 7] = [
    "sidecar-spec",
    "sidecar-keeper",
    "sidecar-fetch",
    "sidecar-supervisor",
    "tauri-plugin-sidecar",
    "tauri-plugin-sidecar-api",
    "cargo-sidecar",
];

/// Where something is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Registry {
    Crates,
    Npm,
}

/// A crate of the workspace that is published, or the package for npm.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    registry: Registry,
    name: String,
    version: String,
    /// The names of what it is compiled with, tests aside.
    needs: Vec<String>,
}

/// Prints `crate <name> <version>` of each, or `npm …`, one a line. `--tag v1.2.3`: every version must be that one.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let tag = match words {
        [] => None,
        ["--tag", tag] => Some(*tag),
        _ => return Err(Error::new("usage: cargo xtask publish-order [--tag v<version>]")),
    };
    for Package { registry, name, version, .. } in ordered(&listed()?, tag)? {
        let registry = match registry {
            Registry::Crates => "crate",
            Registry::Npm => "npm",
        };
        println!("{registry} {name} {version}");
    }
    Ok(())
}

/// The version that all share.
pub(crate) fn version() -> Result<String> {
    let packages = ordered(&listed()?, None)?;
    packages.first().map(|package| package.version.clone()).ok_or_else(|| Error::new("nothing is published"))
}

/// Checks the list against the workspace; the error says what does not agree.
pub(crate) fn check() -> Result<()> {
    ordered(&listed()?, None).map(drop)
}

/// All that is published.
fn listed() -> Result<Vec<Package>> {
    let metadata = metadata()?;
    let crates = metadata["packages"].as_array().into_iter().flatten().filter_map(published);
    Ok(crates.chain([of_npm(Manifest::read()?)]).collect())
}

/// The package for npm speaks to the plugin of its version, so it comes after that.
fn of_npm(Manifest { name, version }: Manifest) -> Package {
    Package { registry: Registry::Npm, name, version, needs: vec!["tauri-plugin-sidecar".to_owned()] }
}

/// A package of `cargo metadata`; `None` for one with `publish = false`.
fn published(package: &Value) -> Option<Package> {
    if package["publish"].as_array().is_some_and(Vec::is_empty) {
        return None;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    let needs =
        dependencies.filter(|dependency| dependency["kind"] != "dev").map(|d| text(&d["name"])).collect();
    let (name, version) = (text(&package["name"]), text(&package["version"]));
    Some(Package { registry: Registry::Crates, name, version, needs })
}

/// The packages in order: all listed, of one version, each after what it needs.
fn ordered(packages: &[Package], tag: Option<&str>) -> Result<Vec<Package>> {
    let place = |name: &str| ORDER.iter().position(|listed| *listed == name);
    let mut out = packages.to_vec();
    out.sort_by_key(|package| place(&package.name));
    let mut wrong = Vec::new();
    for package in &out {
        let Package { name, version, needs, .. } = package;
        let Some(own) = place(name) else {
            wrong.push(format!("`{name}` would be published, but has no place in the order"));
            continue;
        };
        if *version != out[0].version {
            wrong.push(format!("`{name}` has version {version}, `{}` has {}", out[0].name, out[0].version));
        }
        if tag.is_some_and(|tag| tag.strip_prefix('v') != Some(version)) {
            wrong.push(format!("`{name}` has version {version}, and the tag is {}", tag.unwrap_or_default()));
        }
        for needed in needs.iter().filter(|needed| place(needed).is_some_and(|place| place >= own)) {
            wrong.push(format!("`{name}` needs `{needed}`, which is published after it"));
        }
    }
    if wrong.is_empty() {
        Ok(out)
    } else {
        Err(Error::new(format!("cannot publish:\n  {}", wrong.join("\n  "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, needs: &[&str]) -> Package {
        let needs = needs.iter().map(|&need| need.to_owned()).collect();
        Package { registry: Registry::Crates, name: name.to_owned(), version: version.to_owned(), needs }
    }

    #[test]
    fn crates_come_after_what_they_need() {
        let packages = [
            package("cargo-sidecar", "1.0.0", &["sidecar-fetch", "clap"]),
            package("sidecar-fetch", "1.0.0", &[]),
        ];
        let names: Vec<String> =
            ordered(&packages, Some("v1.0.0")).unwrap().into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["sidecar-fetch", "cargo-sidecar"]);
    }

    #[test]
    fn what_does_not_agree_is_named() {
        let refused = |packages: &[Package], tag: Option<&str>, part: &str| {
            let error = ordered(packages, tag).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        let fetch = package("sidecar-fetch", "1.0.0", &[]);
        refused(
            &[fetch.clone(), package("cargo-sidecar", "1.0.1", &[])],
            None,
            "`cargo-sidecar` has version 1.0.1",
        );
        refused(std::slice::from_ref(&fetch), Some("v1.0.1"), "the tag is v1.0.1");
        refused(std::slice::from_ref(&fetch), Some("1.0.0"), "the tag is 1.0.0");
        refused(&[package("new-crate", "1.0.0", &[])], None, "`new-crate` would be published");
        let upwards = package("sidecar-fetch", "1.0.0", &["cargo-sidecar"]);
        refused(&[upwards, package("cargo-sidecar", "1.0.0", &[])], None, "which is published after it");
    }

    #[test]
    fn the_package_for_npm_has_the_version_of_the_crates_and_comes_after_the_plugin() {
        let plugin = package("tauri-plugin-sidecar", "1.0.0", &[]);
        let npm = |version: &str| {
            of_npm(Manifest { name: "tauri-plugin-sidecar-api".to_owned(), version: version.to_owned() })
        };
        let registries: Vec<Registry> = ordered(&[npm("1.0.0"), plugin.clone()], Some("v1.0.0"))
            .unwrap()
            .into_iter()
            .map(|package| package.registry)
            .collect();
        assert_eq!(registries, [Registry::Crates, Registry::Npm]);
        let error = ordered(&[plugin, npm("1.0.1")], None).unwrap_err().to_string();
        assert!(error.contains("`tauri-plugin-sidecar-api` has version 1.0.1"), "{error}");
    }

    #[test]
    fn the_workspace_agrees_with_the_list() {
        let names: Vec<String> =
            ordered(&listed().unwrap(), None).unwrap().into_iter().map(|p| p.name).collect();
        assert!(
            names.ends_with(&["cargo-sidecar".to_owned()]) && names.contains(&"sidecar-fetch".to_owned())
        );
        assert!(!names.contains(&"xtask".to_owned()));
    }
}
