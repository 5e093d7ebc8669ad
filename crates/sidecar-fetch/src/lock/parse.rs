//! From text to [`Lock`].

use std::collections::BTreeMap;
use std::path::Path;

use super::{FILE, Inside, Lock, Locked, Pin, VERSION, tree};
use crate::doc::{Document, Located, Table};
use crate::error::{Error, Kind};
use crate::hash::Sha256;
use crate::install::Content;
use crate::target::Target;

pub(super) fn lock(path: &Path, text: String) -> Result<Lock, Error> {
    let text = if text.contains('\r') { text.replace("\r\n", "\n") } else { text };
    if let Some(line) = text.lines().position(|l| l.starts_with("<<<<<<<") || l.starts_with(">>>>>>>")) {
        return Err(Error::new(Kind::LockConflict, format!("`{FILE}` contains conflict markers of a merge"))
            .fact("at", format!("{}:{}", path.display(), line + 1))
            .help(format!(
                "keep either side (`git checkout --ours \"{}\"`), then run `cargo sidecar lock`",
                path.display()
            )));
    }
    let document = Document::new(path, text);
    let mut root = document.parse(Kind::LockInvalid)?;
    match root.integer("version").map_err(|e| as_invalid(&e))? {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => {
            return Err(Error::new(Kind::LockTooNew, format!("`{FILE}` was written by a newer version"))
                .fact("lock", format!("{} (version {newer})", path.display()))
                .fact("readable", format!("up to version {VERSION}"))
                .help("update `sidecar-fetch` in Cargo.toml, and `cargo install cargo-sidecar`"));
        }
        _ => {
            return Err(root
                .error(Kind::LockInvalid, format!("`{FILE}` does not say `version = {VERSION}`"))
                .help(RELOCK));
        }
    }
    read(root).map_err(|e| as_invalid(&e))
}

const RELOCK: &str =
    "the file is written by `cargo sidecar lock`; restore it from version control or delete and lock again";

/// Whatever is wrong in a file that only the tool writes is an invalid lock.
fn as_invalid(error: &Error) -> Error {
    let base = Error::new(Kind::LockInvalid, format!("`{FILE}` cannot be read: {}", error.headline()));
    error.facts().fold(base, |e, (key, value)| e.fact(key.to_owned(), value)).help(RELOCK)
}

fn read(mut root: Table<'_>) -> Result<Lock, Error> {
    let configured = root.strings("configured")?.unwrap_or_default();
    let mut out =
        Lock { configured: configured.into_iter().map(|entry| entry.value).collect(), ..Lock::default() };
    for table in root.tables("sidecar")? {
        let (name, locked) = sidecar(table)?;
        if out.sidecars.insert(name.value.clone(), locked).is_some() {
            return Err(name.error(Kind::LockInvalid, format!("`{}` is in it twice", name.value)));
        }
    }
    for table in root.tables("asset")? {
        let at = table.place();
        let (name, target, pin) = asset(table)?;
        let Some(locked) = out.sidecars.get_mut(&name) else {
            return Err(Error::new(Kind::LockInvalid, format!("an asset of `{name}`, which is not in it"))
                .fact("at", at));
        };
        if let Some(file) = pin.as_ref().and_then(|pin| pin.url.strip_prefix("file:")) {
            check_local(file, locked).map_err(|e| e.fact("at", at.clone()))?;
        }
        let is_tree = |pin: &Pin| pin.inside.as_ref().is_some_and(|inside| inside.tree.is_some());
        if pin.as_ref().is_some_and(|pin| is_tree(pin) != locked.request.contains_key("layout")) {
            return Err(Error::new(
                Kind::LockInvalid,
                format!("an asset of `{name}` has another layout than it"),
            )
            .fact("at", at));
        }
        if locked.assets.insert(target, pin).is_some() {
            return Err(Error::new(Kind::LockInvalid, format!("two assets of `{name}` for one target"))
                .fact("at", at));
        }
    }
    root.finish()?;
    Ok(out)
}

/// A lock takes files of this machine for a `path` source only, and only relative to the app: whoever can change a lock
/// must not make a build read anything else.
fn check_local(file: &str, locked: &Locked) -> Result<(), Error> {
    let is_from_path = locked.request.keys().any(|key| key == "path" || key.starts_with("path."));
    let is_absolute = file.starts_with('/') || file.contains(['\\', ':', '\0']);
    let headline = match (is_from_path, file.is_empty() || is_absolute) {
        (true, false) => return Ok(()),
        (true, true) => "a local file that is not relative to the app",
        (false, _) => "a local file for a source that is none",
    };
    Err(Error::new(Kind::LockInvalid, headline).fact("file", file))
}

fn sidecar(mut table: Table<'_>) -> Result<(Located<String>, Locked), Error> {
    let name = need(table.string("name")?, &table, "name")?;
    let mut request = BTreeMap::new();
    if let Some(entries) = table.table("request")? {
        for (key, value) in entries.into_entries() {
            request.insert(key.value, value.string()?.value);
        }
    }
    let locked = Locked {
        request,
        tag: need(table.string("tag")?, &table, "tag")?.value,
        version: table.string("version")?.map(|v| v.value),
        published: table.string("published")?.map(|v| v.value),
        assets: BTreeMap::new(),
    };
    table.finish()?;
    Ok((name, locked))
}

fn asset(mut table: Table<'_>) -> Result<(String, Target, Option<Pin>), Error> {
    let sidecar = need(table.string("sidecar")?, &table, "sidecar")?.value;
    let target = need(table.string("target")?, &table, "target")?;
    let target = Target::parse(&target.value).map_err(|e| e.fact("at", &target.at))?;
    if table.boolean("missing")? == Some(true) {
        table.finish()?;
        return Ok((sidecar, target, None));
    }
    let sha256 = need(table.string("sha256")?, &table, "sha256")?;
    let line = sha256.at.line;
    let emulated = table.boolean("emulated")? == Some(true);
    if emulated && target.translated().is_none() {
        let headline =
            format!("an asset of `{sidecar}` is emulated, and the system of `{target}` translates nothing");
        return Err(sha256.error(Kind::LockInvalid, headline));
    }
    let pin = Pin {
        asset: need(table.string("name")?, &table, "name")?.value,
        url: need(table.string("url")?, &table, "url")?.value,
        api_url: table.string("api-url")?.map(|v| v.value),
        size: need(table.integer("size")?, &table, "size")?,
        sha256: digest(&sha256)?,
        provenance: need(table.string("provenance")?, &table, "provenance")?.value,
        emulated,
        inside: inside(&mut table)?,
        line,
    };
    if let Some(inside) = &pin.inside {
        let (itself, binary) = (Content { sha256: pin.sha256, size: pin.size }, inside.binary);
        if inside.member.is_none() && itself != binary {
            let headline = format!(
                "the asset of `{sidecar}` has no member, and yet another hash or size than its binary"
            );
            return Err(sha256.error(Kind::LockInvalid, headline));
        }
        tree::check_links(inside).map_err(|headline| sha256.error(Kind::LockInvalid, headline))?;
    }
    table.finish()?;
    Ok((sidecar, target, Some(pin)))
}

/// What was seen in the asset: all of it, or nothing, where it was locked without a download.
fn inside(table: &mut Table<'_>) -> Result<Option<Inside>, Error> {
    let member = table.string("member")?.map(|v| v.value);
    let (size, sha256) = (table.integer("binary-size")?, table.string("binary-sha256")?);
    let glibc = table.string("glibc")?.map(|v| v.value);
    let tree = tree::read(table, member.as_deref())?;
    let (size, sha256) = match (size, sha256) {
        (Some(size), Some(sha256)) => (size, sha256),
        (None, None) => {
            let rest =
                [("member", member.is_some()), ("glibc", glibc.is_some()), ("companions", tree.is_some())];
            return match rest.into_iter().find(|(_, is_there)| *is_there) {
                Some((key, _)) => Err(half(table, key, "binary-sha256")),
                None => Ok(None),
            };
        }
        (Some(_), None) => return Err(half(table, "binary-size", "binary-sha256")),
        (None, Some(_)) => return Err(half(table, "binary-sha256", "binary-size")),
    };
    let binary = Content { sha256: digest(&sha256)?, size };
    Ok(Some(Inside { member, binary, glibc, tree }))
}

fn half(table: &Table<'_>, key: &str, lacking: &str) -> Error {
    table.error(Kind::LockInvalid, format!("`{key}` without `{lacking}`"))
}

fn need<T>(value: Option<T>, table: &Table<'_>, key: &str) -> Result<T, Error> {
    value.ok_or_else(|| table.error(Kind::LockInvalid, format!("`{key}` is missing")))
}

fn digest(text: &Located<String>) -> Result<Sha256, Error> {
    text.value
        .parse()
        .map_err(|()| text.error(Kind::LockInvalid, format!("`{}` is not a SHA-256", text.value)))
}
