//! The package for npm, as npm itself would pack it, but with bytes that depend on its files alone, and with the licences,
//! which lie at the top of the workspace.

use std::path::Path;

use serde_json::Value;

use super::archive::{self, Member};
use super::{Asset, DOCUMENTS, Holds, asset, publish_asset};
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::npm::{self, Manifest, npm};
use crate::run::{output, root};

/// What the build makes.
const BUILT: &str = "dist-js";

/// `<package>-<version>.tgz`, as npm names it.
pub(super) fn asset_name() -> Result<String> {
    let Manifest { name, version } = Manifest::read()?;
    Ok(format!("{name}-{version}.tgz"))
}

/// Builds and packs, or says why that is not possible here. Two builds must not differ.
pub(super) fn pack() -> Result<std::result::Result<Asset, String>> {
    let directory = npm::directory();
    if let Some(why) = npm::install(&directory)? {
        return Ok(Err(why));
    }
    let build = || {
        output("npm run build", npm().args(["run", "build"]).current_dir(&directory))?;
        members(&directory)
    };
    let (first, members) = (build()?, build()?);
    if first != members {
        return Err(Error::new("npm run build makes other files each time"));
    }
    let wrong = wrong(&members, &listed_by_npm(&directory)?);
    if !wrong.is_empty() {
        return Err(Error::new(format!("the package is not what it should be:\n  {}", wrong.join("\n  "))));
    }
    let (name, bytes) = (asset_name()?, archive::tar_gz("package", members)?);
    publish_asset(&name, &bytes)?;
    Ok(Ok(asset(name, &bytes, Holds::Package)))
}

/// The files of the package.
fn members(directory: &Path) -> Result<Vec<Member>> {
    let mut members =
        vec![("package.json".to_owned(), fsx::read(&directory.join("package.json"))?, Mode::Plain)];
    for document in DOCUMENTS {
        let from = if document == "README.md" { directory.to_owned() } else { root() };
        members.push((document.to_owned(), fsx::read(&from.join(document))?, Mode::Plain));
    }
    for file in fsx::entries(&directory.join(BUILT)) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        members.push((format!("{BUILT}/{name}"), fsx::read(&file)?, Mode::Plain));
    }
    Ok(members)
}

/// The paths that npm would pack, by package.json's `files`.
fn listed_by_npm(directory: &Path) -> Result<Vec<String>> {
    let mut command = npm();
    command.args(["pack", "--dry-run", "--json", "--ignore-scripts"]).current_dir(directory);
    let (text, _) = output("npm pack", &mut command)?;
    let packed: Value = serde_json::from_str(&text).map_err(Error::because("npm pack"))?;
    let files = packed[0]["files"].as_array().into_iter().flatten();
    Ok(files.filter_map(|file| Some(file["path"].as_str()?.to_owned())).collect())
}

/// What is wrong with a list of files: it is what npm would pack and the licences, and has all that package.json leads to.
fn wrong(members: &[Member], listed: &[String]) -> Vec<String> {
    let has = |name: &str| members.iter().any(|(path, ..)| path == name);
    let mut wrong = Vec::new();
    for (path, bytes, _) in members {
        let built = path.strip_prefix(&format!("{BUILT}/"));
        let expected = built.map_or(path == "package.json" || DOCUMENTS.contains(&path.as_str()), |name| {
            [".js", ".cjs", ".d.ts", ".d.cts"].iter().any(|ending| name.ends_with(ending))
        });
        if !expected {
            wrong.push(format!("{path} does not belong there"));
        }
        if !path.starts_with("LICENSE") && !listed.contains(path) {
            wrong.push(format!("npm would leave {path} out: see `files` in package.json"));
        }
        if path == "package.json" {
            let manifest: Value = serde_json::from_slice(bytes).unwrap_or_default();
            let absent = leads_to(&manifest).into_iter().filter(|path| !has(path));
            wrong.extend(absent.map(|path| format!("package.json leads to {path}, which is not there")));
        }
    }
    let extra = listed.iter().filter(|path| !has(path));
    wrong.extend(extra.map(|path| format!("npm would pack {path}: see `files` in package.json")));
    wrong.extend(DOCUMENTS.iter().filter(|name| !has(name)).map(|name| format!("{name} is missing")));
    wrong
}

/// The files that package.json leads to: those of `main`, `module`, `types`, and of every condition of `exports`.
fn leads_to(manifest: &Value) -> Vec<String> {
    fn paths(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::String(path) => out.push(path.trim_start_matches("./").to_owned()),
            Value::Object(conditions) => conditions.values().for_each(|value| paths(value, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    for key in ["main", "module", "types", "exports"] {
        paths(&manifest[key], &mut out);
    }
    out.sort();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"{ "main": "./dist-js/index.cjs", "exports": { ".": { "import": { "default": "./dist-js/index.js" } } } }"#;

    fn members() -> Vec<Member> {
        let member = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec(), Mode::Plain);
        let plain = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "dist-js/index.js", "dist-js/index.cjs"];
        plain.iter().map(|path| member(path, "")).chain([member("package.json", MANIFEST)]).collect()
    }

    fn listed() -> Vec<String> {
        let paths = members().into_iter().map(|(path, ..)| path);
        paths.filter(|path| !path.starts_with("LICENSE")).collect()
    }

    #[test]
    fn the_package_has_what_it_leads_to_and_nothing_else() {
        assert_eq!(wrong(&members(), &listed()), [""; 0]);
        for absent in ["dist-js/index.js", "dist-js/index.cjs", "LICENSE-MIT", "README.md"] {
            let members: Vec<Member> = members().into_iter().filter(|(path, ..)| path != absent).collect();
            let wrong = wrong(&members, &listed());
            assert!(!wrong.is_empty() && wrong.iter().all(|line| line.contains(absent)), "{wrong:?}");
        }
        for extra in ["guest-js/index.ts", "dist-js/index.ts.map", ".npmrc"] {
            let mut members = members();
            members.push((extra.to_owned(), Vec::new(), Mode::Plain));
            let listed = [listed(), vec![extra.to_owned()]].concat();
            assert_eq!(wrong(&members, &listed), [format!("{extra} does not belong there")]);
        }
    }

    #[test]
    fn what_npm_would_pack_is_compared() {
        let more = [listed(), vec!["api-iife.js".to_owned()]].concat();
        assert!(wrong(&members(), &more)[0].starts_with("npm would pack api-iife.js"));
        let fewer: Vec<String> = listed().into_iter().filter(|path| path != "README.md").collect();
        assert!(wrong(&members(), &fewer)[0].starts_with("npm would leave README.md out"));
    }

    #[test]
    fn every_condition_leads_to_a_file() {
        assert_eq!(
            leads_to(&serde_json::from_str(MANIFEST).unwrap()),
            ["dist-js/index.cjs", "dist-js/index.js"]
        );
    }
}
