//! The app's `Cargo.toml`: which build script it has, and our build-dependency in it.

use std::path::Path;

use crate::config::{ConfigFile, Value};
use crate::doc::Document;
use crate::error::{Error, Kind};
use crate::fsx;

const TABLE: &str = "build-dependencies";

/// A `Cargo.toml` that parsed.
#[derive(Debug)]
pub(in crate::project) struct CargoToml(ConfigFile);

impl CargoToml {
    pub(in crate::project) fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(path, fsx::read_to_string(path)?)
    }

    fn parse(path: &Path, text: String) -> Result<Self, Error> {
        Document::new(path, text.clone()).parse(Kind::ManifestInvalid)?;
        ConfigFile::parse(path, text).map(Self)
    }

    pub(super) fn text(&self) -> &str {
        &self.0.text
    }

    /// The build script, relative to the package; `None` where the package says that it has none.
    pub(in crate::project) fn build_script(&self) -> Option<String> {
        match self.0.root.at(&["package", "build"]).map(|node| &node.value) {
            Some(Value::Bool(false)) => None,
            Some(Value::String(path)) => Some(path.clone()),
            _ => Some("build.rs".to_owned()),
        }
    }

    /// Whether `[build-dependencies]` has the key; tables for a target are not looked at.
    pub(super) fn has_build_dependency(&self, name: &str) -> bool {
        self.0.root.at(&[TABLE, name]).is_some()
    }

    /// Whether packages of this workspace can inherit the dependency.
    pub(super) fn has_workspace_dependency(&self, name: &str) -> bool {
        self.0.root.at(&["workspace", "dependencies", name]).is_some()
    }

    /// The file with a build-dependency; `value` is TOML.
    pub(super) fn with_build_dependency(self, name: &str, value: &str) -> Result<Self, Error> {
        // The edit writes strings. Anything else takes the place of one.
        let file = self.0.with_string(&[TABLE, name], "")?;
        let Some(node) = file.root.at(&[TABLE, name]) else { return Ok(Self(file)) };
        let mut text = file.text.clone();
        text.replace_range(node.span.clone(), value);
        ConfigFile::parse(&file.path, text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, value: &str) -> String {
        let file = CargoToml::parse(Path::new("Cargo.toml"), text.to_owned()).unwrap();
        file.with_build_dependency("sidecar-fetch", value).unwrap().text().to_owned()
    }

    #[test]
    fn the_dependency_takes_the_form_of_its_neighbours() {
        let value = "\"0.1\"";
        for (before, after) in [
            (
                "[package]\nname = \"a\" # mine\n\n[build-dependencies]\ntauri-build = \"2\" # keep\n\n[features]\n",
                "[package]\nname = \"a\" # mine\n\n[build-dependencies]\ntauri-build = \"2\" # keep\nsidecar-fetch = \"0.1\"\n\n[features]\n",
            ),
            (
                "build-dependencies = { tauri-build = \"2\" }\n",
                "build-dependencies = { tauri-build = \"2\", sidecar-fetch = \"0.1\" }\n",
            ),
            (
                "[build-dependencies]\r\ntauri-build = { version = \"2\" }\r\n",
                "[build-dependencies]\r\ntauri-build = { version = \"2\" }\r\nsidecar-fetch = \"0.1\"\r\n",
            ),
            (
                "[build-dependencies]\ntauri-build = \"2\"",
                "[build-dependencies]\ntauri-build = \"2\"\nsidecar-fetch = \"0.1\"",
            ),
        ] {
            assert_eq!(with(before, value), after);
        }
    }

    #[test]
    fn whatever_the_shape_cargo_reads_the_dependency_from_it() {
        for before in [
            "",
            "[package]\nname = \"a\"",
            "[build-dependencies.tauri-build]\nversion = \"2\"\nfeatures = []\n",
            "build-dependencies.tauri-build = \"2\"\n[package]\nname = \"a\"\n",
            "[target.'cfg(unix)'.build-dependencies]\ncc = \"1\"\n",
            "[build-dependencies]\n[package]\nname = \"a\"\n",
            "[build-dependencies]\ntauri-build.workspace = true\n\n[build-dependencies.cc]\nversion = \"1\"\n",
        ] {
            for value in ["\"0.1\"", "{ workspace = true }"] {
                let after = with(before, value);
                let parsed: toml_edit::DocumentMut = after.parse().unwrap();
                let found = &parsed["build-dependencies"]["sidecar-fetch"];
                assert_eq!(found.to_string().trim(), value, "{before}\nbecame\n{after}");
                for line in before.lines() {
                    assert!(after.lines().any(|kept| kept == line), "{before}\nbecame\n{after}");
                }
            }
        }
    }

    #[test]
    fn what_is_there_is_seen() {
        let parse = |text: &str| CargoToml::parse(Path::new("Cargo.toml"), text.to_owned()).unwrap();
        let file = parse(
            "[package]\nbuild = \"src/build.rs\"\n[build-dependencies]\nsidecar-fetch = { path = \"x\" }\n[workspace.dependencies]\ntauri-build = \"2\"\n",
        );
        assert!(file.has_build_dependency("sidecar-fetch") && !file.has_build_dependency("tauri-build"));
        assert!(
            file.has_workspace_dependency("tauri-build") && !file.has_workspace_dependency("sidecar-fetch")
        );
        assert_eq!(file.build_script().as_deref(), Some("src/build.rs"));
        assert_eq!(parse("package.build = false").build_script(), None);
        assert_eq!(parse("package.build = true").build_script().as_deref(), Some("build.rs"));
    }

    #[test]
    fn what_is_no_toml_is_pointed_at() {
        let error = CargoToml::parse(Path::new("Cargo.toml"), "[package]\nname = \n".into()).unwrap_err();
        assert_eq!(error.kind(), Kind::ManifestInvalid);
        assert!(error.to_string().contains("Cargo.toml:2:"), "{error}");
    }
}
