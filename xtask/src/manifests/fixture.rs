//! What was recorded of a program's releases: the names of their assets, and which one is right for each target.

use std::collections::BTreeMap;

use serde_json::Value;
use sidecar_fetch::Recipe;

use crate::error::{Error, Result};

/// The releases of one program.
#[derive(Debug)]
pub(super) struct Fixture {
    pub(super) repository: String,
    pub(super) releases: Vec<Release>,
}

/// A release as it was recorded.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) tag: String,
    pub(super) assets: Vec<String>,
    /// For each of [`Recipe::TARGETS`], the right asset; `None`: there is none.
    pub(super) expected: BTreeMap<String, Option<String>>,
}

impl Fixture {
    /// Parses `{ repository, releases: [{ tag, complete, assets, expected }] }`. `complete` says whether the names are
    /// all that the release has; it is for the reader.
    pub(super) fn parse(path: &str, text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(Error::because(path))?;
        let releases = value["releases"].as_array().ok_or_else(|| lacks(path, "releases"))?;
        Ok(Self {
            repository: string(path, &value, "repository")?,
            releases: releases.iter().map(|release| Release::of(path, release)).collect::<Result<_>>()?,
        })
    }
}

impl Release {
    fn of(path: &str, value: &Value) -> Result<Self> {
        let tag = string(path, value, "tag")?;
        let names = value["assets"].as_array().ok_or_else(|| lacks(path, "assets"))?;
        let assets: Vec<String> = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let mut expected = BTreeMap::new();
        for target in Recipe::TARGETS {
            let name = match &value["expected"][target] {
                Value::Null if value["expected"].get(target).is_some() => None,
                Value::String(name) if assets.contains(name) => Some(name.clone()),
                Value::String(name) => {
                    let what = format!("{path}: `{tag}` expects `{name}` and has no such asset");
                    return Err(Error::new(what));
                }
                _ => return Err(lacks(path, &format!("expected.{target} of `{tag}`"))),
            };
            expected.insert(target.to_owned(), name);
        }
        Ok(Self { tag, assets, expected })
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.assets.iter().map(String::as_str).collect()
    }
}

fn string(path: &str, value: &Value, key: &str) -> Result<String> {
    value[key].as_str().map(str::to_owned).ok_or_else(|| lacks(path, key))
}

fn lacks(path: &str, key: &str) -> Error {
    Error::new(format!("{path}: `{key}` is missing, or of another type"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A release with these names, where `right` is expected for Linux on x86-64 and nothing elsewhere.
    pub(in crate::manifests) fn release(names: &[&str], right: Option<&str>) -> Release {
        let of = |target: &str| if target == "x86_64-unknown-linux-gnu" { right } else { None };
        let expected = Recipe::TARGETS.map(|target| (target.to_owned(), of(target).map(str::to_owned)));
        let assets = names.iter().map(|name| (*name).to_owned()).collect();
        Release { tag: "v1".to_owned(), assets, expected: expected.into() }
    }

    #[test]
    fn every_target_must_be_recorded_and_every_expected_name_be_there() {
        let of = |expected: &str| {
            let release = format!(r#"{{"tag": "v1", "assets": ["a"], "expected": {expected}}}"#);
            Fixture::parse("x.json", &format!(r#"{{"repository": "o/r", "releases": [{release}]}}"#))
        };
        let all = |name: &str| Recipe::TARGETS.map(|target| format!("\"{target}\": {name}")).join(", ");
        assert!(of(&format!("{{{}}}", all("null"))).is_ok() && of(&format!("{{{}}}", all("\"a\""))).is_ok());
        let error = of(&format!("{{{}}}", all("\"b\""))).unwrap_err().to_string();
        assert_eq!(error, "x.json: `v1` expects `b` and has no such asset");
        let error = of("{}").unwrap_err().to_string();
        assert!(error.starts_with("x.json: `expected.aarch64-apple-darwin of `v1`` is missing"), "{error}");
        assert!(Fixture::parse("x.json", "{").unwrap_err().to_string().starts_with("x.json: "));
    }
}
