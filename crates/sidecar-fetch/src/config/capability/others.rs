//! The capabilities beside ours, found and read as Tauri does, and what it would refuse in them. A build would say so
//! as well, after minutes and without the line.
//!
//! Source: tauri-utils `acl/build.rs` (`parse_capabilities`) and `acl/capability.rs`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::permissions::Known;
use super::{Capability, FILE, LISTED, is_ours};
use crate::config::files::json_fault;
use crate::config::{ConfigFile, Configs, Format, Node, Platform, Value};
use crate::error::{Error, Kind, nearest};
use crate::fsx;

/// How deep files are looked for: a link to a directory above is no way without an end.
const DEPTH: usize = 8;

/// Checks every other capability of an app: files below `capabilities/`, and those inside of the configuration.
///
/// # Errors
/// Each with the place: [`Kind::CapabilityForeign`] where ours would overwrite a file that is not ours,
/// [`Kind::IdentifierClash`] where another has an identifier of ours, [`Kind::CapabilityInvalid`] and
/// [`Kind::UnknownPermission`] where Tauri's build would fail.
pub(crate) fn check(app: &Path, ours: Option<&Capability>, configs: &Configs) -> Result<(), Error> {
    let check = Check { ours, known: Known::read(app), applying: applying(configs) };
    let own = app.join(FILE);
    for path in files(&app.join("capabilities"), DEPTH)? {
        let text = fsx::read_to_string(&path)?;
        if path == own && is_ours(&text) {
            continue;
        }
        if path == own && ours.is_some() {
            return Err(foreign(&path));
        }
        let file = parse(&path, text)?;
        for capability in capabilities(&file)? {
            let identifier = check.capability(&file, capability)?;
            // One that is not listed is parsed, and not looked at any further.
            if check.applying.as_ref().is_none_or(|list| list.contains(identifier)) {
                check.permissions(&file, capability)?;
            }
        }
    }
    for file in configs.files() {
        let listed = file.root.at(&LISTED).and_then(Node::as_array).unwrap_or_default();
        for capability in listed.iter().filter(|entry| matches!(entry.value, Value::Object(_))) {
            check.capability(file, capability)?;
            check.permissions(file, capability)?;
        }
    }
    Ok(())
}

/// The capability files in a directory and `depth` levels of those below: `capabilities/**/*` with these endings,
/// without the schemas that old versions of Tauri wrote there.
fn files(directory: &Path, depth: usize) -> Result<Vec<PathBuf>, Error> {
    let mut out = Vec::new();
    for path in fsx::read_dir(directory)? {
        let ending = path.extension().and_then(|ending| ending.to_str());
        if fsx::metadata(&path)?.is_some_and(|found| found.is_dir()) {
            out.extend(if depth == 0 { Vec::new() } else { files(&path, depth - 1)? });
        } else if matches!(ending, Some("json" | "json5" | "toml")) && !directory.ends_with("schemas") {
            out.push(path);
        }
    }
    Ok(out)
}

fn foreign(path: &Path) -> Error {
    let own = path.with_file_name("own-sidecars.json");
    Error::new(Kind::CapabilityForeign, format!("`{FILE}` is not ours to overwrite"))
        .fact("path", path.display())
        .fact("reason", "it does not carry the description that `cargo sidecar sync` writes")
        .help(format!("give it another name: `mv \"{}\" \"{}\"`", path.display(), own.display()))
}

/// Parses a file as strictly as Tauri does.
fn parse(path: &Path, text: String) -> Result<ConfigFile, Error> {
    let file = ConfigFile::parse_or(Kind::CapabilityInvalid, path, text)?;
    if file.format != Format::Json {
        return Ok(file);
    }
    match json_fault(&file.text) {
        None => Ok(file),
        Some(fault) => Err(fault.into_error(Kind::CapabilityInvalid, path, &file.text).help(
            "Tauri reads capabilities as plain JSON: no comments, no comma after the last value, no byte order mark",
        )),
    }
}

/// The capabilities of a file: itself, a list, or a list by name.
fn capabilities(file: &ConfigFile) -> Result<Vec<&Node>, Error> {
    let named = file.root.get("capabilities");
    let found = named.unwrap_or(&file.root);
    match &found.value {
        Value::Array(items) => Ok(items.iter().collect()),
        Value::Object(_) if named.is_none() => Ok(vec![found]),
        _ => {
            Err(invalid(file, found, "a file takes one capability or a list of them")
                .fact("found", found.kind()))
        }
    }
}

/// The identifiers that a configuration lists; `None`: all capabilities apply, at least on one system.
fn applying(configs: &Configs) -> Option<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    let overlays = configs.overlays.iter().filter_map(|(_, file)| file.root.at(&LISTED));
    for list in std::iter::once(configs.base.root.at(&LISTED)?).chain(overlays) {
        let items = list.as_array().filter(|items| !items.is_empty())?;
        out.extend(items.iter().filter_map(Node::as_str).map(str::to_owned));
    }
    Some(out)
}

fn invalid(file: &ConfigFile, at: &Node, headline: impl Into<String>) -> Error {
    Error::new(Kind::CapabilityInvalid, headline).fact("at", file.place(at))
}

/// What the capabilities are compared with.
struct Check<'a> {
    ours: Option<&'a Capability>,
    known: Option<Known>,
    applying: Option<BTreeSet<String>>,
}

impl Check<'_> {
    /// Checks the form of a capability and tells its identifier.
    fn capability<'n>(&self, file: &ConfigFile, capability: &'n Node) -> Result<&'n str, Error> {
        let Some(node) = capability.get("identifier") else {
            return Err(invalid(file, capability, "a capability has no `identifier`"));
        };
        let identifier = node.as_str().ok_or_else(|| {
            invalid(file, node, "`identifier` of a capability takes a string").fact("found", node.kind())
        })?;
        self.identifier(file, node, identifier)?;
        platforms(file, capability, identifier)?;
        let permissions = capability.get("permissions");
        let Some(list) = permissions.and_then(Node::as_array) else {
            let headline = format!("capability `{identifier}` has no list of `permissions`");
            return Err(invalid(file, permissions.unwrap_or(node), headline));
        };
        let Some(odd) = list.iter().find(|permission| name(permission).is_none()) else {
            return Ok(identifier);
        };
        let headline =
            format!("capability `{identifier}`: a permission is a name, or an object with `identifier`");
        Err(invalid(file, odd, headline).fact("found", odd.kind()))
    }

    /// Checks that the permissions of a capability exist, as far as the last build tells.
    fn permissions(&self, file: &ConfigFile, capability: &Node) -> Result<(), Error> {
        let Some(known) = &self.known else { return Ok(()) };
        let permissions = capability.get("permissions").and_then(Node::as_array).unwrap_or_default();
        for permission in permissions {
            known.check(name(permission).unwrap_or_default(), &|| file.place(permission))?;
        }
        Ok(())
    }

    fn identifier(&self, file: &ConfigFile, node: &Node, identifier: &str) -> Result<(), Error> {
        let is_taken = |ours: &Capability| ours.identifiers.iter().any(|(taken, _)| taken == identifier);
        if !self.ours.is_some_and(is_taken) {
            return Ok(());
        }
        let headline = format!("the identifier `{identifier}` is used by another capability");
        Err(Error::new(Kind::IdentifierClash, headline)
            .fact("at", file.place(node))
            .fact("ours", FILE)
            .help("give the other one a name of its own, also where `app.security.capabilities` lists it"))
    }
}

/// The name of a permission, with or without a scope.
fn name(permission: &Node) -> Option<&str> {
    permission.as_str().or_else(|| permission.get("identifier")?.as_str())
}

/// The systems of a capability in Tauri's spelling, where the case counts.
fn platforms(file: &ConfigFile, capability: &Node, identifier: &str) -> Result<(), Error> {
    let Some(list) = capability.get("platforms").filter(|list| !list.is_null()) else { return Ok(()) };
    let wrong = |node: &Node| {
        invalid(file, node, format!("capability `{identifier}`: `platforms` takes an array of strings"))
            .fact("found", node.kind())
    };
    let known = Platform::ALL.map(Platform::in_capabilities);
    for node in list.as_array().ok_or_else(|| wrong(list))? {
        let name = node.as_str().ok_or_else(|| wrong(node))?;
        if known.contains(&name) {
            continue;
        }
        let error = invalid(file, node, format!("capability `{identifier}`: unknown platform `{name}`"))
            .fact("known", known.join(", "));
        let same = known.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        return Err(match same.or_else(|| nearest(name, known)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
