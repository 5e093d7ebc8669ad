//! `cargo xtask desktop`: the Tauri plugin, its package for JavaScript, and the example in a window. They need what not every
//! machine has: the system's webview to compile against, Node.js, a screen that is none.

mod libraries;
mod package;
mod plugin;
mod window;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::run::{LeftOut, metadata};
use crate::setup;

/// One of the things that are tried.
struct Part {
    name: &'static str,
    /// Makes ready, and says in one line what to install where that is not possible; `None` when it is.
    missing: fn() -> Result<Option<String>>,
    run: fn() -> Result<()>,
}

/// Every part, in the order in which they are tried.
const PARTS: [Part; 3] = [
    Part { name: "plugin", missing: || Ok(libraries::missing()), run: plugin::test },
    Part { name: "package", missing: package::missing, run: package::test },
    Part { name: "window", missing: window::missing, run: window::test },
];

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish<'a> {
    parts: Vec<&'a str>,
    setup: bool,
    require: bool,
}

/// Runs the parts that are named, or all of them.
pub(crate) fn run(words: &[&str], left_out: &mut LeftOut) -> Result<()> {
    let wish = parse(words)?;
    if wish.setup && wish.require {
        setup::install(packages())?;
    } else if wish.setup {
        setup::try_install(packages());
    }
    for part in PARTS.iter().filter(|part| wish.parts.is_empty() || wish.parts.contains(&part.name)) {
        match (part.missing)()? {
            None => (part.run)()?,
            Some(why) => left_out.unless(wish.require, &format!("desktop: {}", part.name), why)?,
        }
    }
    Ok(())
}

fn parse<'a>(words: &[&'a str]) -> Result<Wish<'a>> {
    let mut wish = Wish::default();
    for word in words {
        match *word {
            "--setup" => wish.setup = true,
            "--require" => wish.require = true,
            name if PARTS.iter().any(|part| part.name == name) => wish.parts.push(name),
            unknown => {
                let parts = PARTS.map(|part| part.name).join(", ");
                return Err(Error::new(format!("`{unknown}` is none of: {parts}; --setup, --require")));
            }
        }
    }
    Ok(wish)
}

/// Clippy and rustdoc, told of `--require` as `run` is.
pub(crate) fn lints(words: &[&str], left_out: &mut LeftOut) -> Result<()> {
    match libraries::missing() {
        None => plugin::lints(),
        Some(why) => left_out.unless(parse(words)?.require, "desktop: lints", why),
    }
}

/// What to install to compile an app; `None` where nothing is missing.
pub(crate) fn missing() -> Option<String> {
    libraries::missing()
}

/// The packages that all of it needs on Debian and this machine does not have.
pub(crate) fn packages() -> Vec<&'static str> {
    if cfg!(target_os = "linux") { libraries::packages() } else { Vec::new() }
}

/// The crates that need a webview: the members that `cargo build` at the top passes over.
pub(crate) fn crates() -> Result<Vec<String>> {
    let crates = passed_over(&metadata()?);
    if crates.is_empty() { Err(Error::new("every member is a default member")) } else { Ok(crates) }
}

fn passed_over(metadata: &Value) -> Vec<String> {
    let ids = |key: &str| metadata[key].as_array().cloned().unwrap_or_default();
    let (members, defaults) = (ids("workspace_members"), ids("workspace_default_members"));
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| members.contains(&package["id"]) && !defaults.contains(&package["id"]))
        .filter_map(|package| Some(package["name"].as_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_parts_and_flags() {
        let expected = Wish { parts: vec!["package"], setup: false, require: true };
        assert_eq!(parse(&["package", "--require"]).unwrap(), expected);
        assert_eq!(parse(&[]).unwrap(), Wish::default());
        assert!(parse(&["phone"]).unwrap_err().to_string().contains("plugin, package"));
    }

    #[test]
    fn a_member_that_is_no_default_member_needs_a_webview() {
        let metadata = json!({
            "packages": [{ "id": "1", "name": "a" }, { "id": "2", "name": "b" }, { "id": "3", "name": "other" }],
            "workspace_members": ["1", "2"],
            "workspace_default_members": ["1"],
        });
        assert_eq!(passed_over(&metadata), ["b"]);
        let crates = crates().unwrap();
        assert!(crates.contains(&"tauri-plugin-sidecar".to_owned()), "{crates:?}");
        assert!(!crates.contains(&"sidecar-supervisor".to_owned()), "{crates:?}");
    }
}
