//! DotSlash files: one tool each. <https://dotslash-cli.com/docs/dotslash-file/>

use super::found::{Build, Reader, Tool};
use super::origin::{Note, Origin};
use crate::config::Node;
use crate::error::Error;

/// The keys of a platform; another one could change what is meant.
const KEYS: [&str; 9] =
    ["size", "hash", "digest", "format", "path", "providers", "providers_order", "arg0", "readonly"];

/// The tool of a DotSlash file. It is called as the file is, which is what people run.
pub(super) fn tool(reader: &Reader<'_>) -> Result<Vec<Tool>, Error> {
    let root = &reader.file.root;
    let mut left_out = Vec::new();
    let mut builds = Vec::new();
    let platforms = reader.need(root, "platforms")?;
    for (platform, at, node) in reader.entries(platforms, "platforms")? {
        let at = reader.place_of_key(at);
        if let Some((key, _, value)) =
            reader.entries(node, platform)?.iter().find(|(key, ..)| !KEYS.contains(key))
        {
            return Err(reader
                .error(value, format!("`{key}` is no key that this version knows"))
                .fact("known", KEYS.join(", ")));
        }
        let hash = reader.string(node, "hash")?;
        let digest = reader.need(node, "digest")?;
        let digest_at = reader.place(digest);
        let digest = reader.digest(digest, hash, reader.string(node, "digest")?)?;
        let size = reader.size(node, "size")?;
        let is_archive = is_archive(reader, node)?;
        let path = reader.string(node, "path")?;
        let origin = origin(reader, node)?;
        let Some(triples) = Reader::triples(at, platform, &mut left_out)? else { continue };
        let member = is_archive.then(|| path.to_owned());
        builds.push(Build {
            platform: platform.to_owned(),
            triples,
            origin,
            digest,
            at: digest_at,
            size,
            member,
        });
    }
    if builds.is_empty() {
        return Err(reader.error(platforms, "`platforms` is empty"));
    }
    let name = reader.name;
    let name = name.strip_suffix(".dotslash").or_else(|| name.strip_suffix(".exe")).unwrap_or(name);
    let at = reader.place(root);
    Ok(vec![Tool { name: name.to_owned(), at, file: reader.name.to_owned(), builds, left_out }])
}

/// Whether the program is a member of an archive; a file, compressed or not, has a path in the cache only.
fn is_archive(reader: &Reader<'_>, node: &Node) -> Result<bool, Error> {
    const ARCHIVES: [&str; 6] = ["tar", "tar.bz2", "tar.gz", "tar.xz", "tar.zst", "zip"];
    const FILES: [&str; 4] = ["bz2", "gz", "xz", "zst"];
    match reader.optional(node, "format")? {
        None => Ok(false),
        Some(format) if ARCHIVES.contains(&format) => Ok(true),
        Some(format) if FILES.contains(&format) => Ok(false),
        Some(other) => {
            let at = reader.need(node, "format")?;
            let known = [&ARCHIVES[..], &FILES[..]].concat().join(", ");
            Err(reader
                .error(at, format!("`{other}` is no format that this version knows"))
                .fact("known", known))
        }
    }
}

/// The first provider that is a release on GitHub; otherwise the first that can be imported.
fn origin(reader: &Reader<'_>, node: &Node) -> Result<Origin, Error> {
    let providers = reader.array(node, "providers")?;
    let mut first = None;
    for provider in providers {
        let origin = match reader.optional(provider, "type")? {
            None | Some("http") => Origin::of_url(reader.string(provider, "url")?),
            Some("github-release") => {
                let (repository, tag) = (reader.string(provider, "repo")?, reader.string(provider, "tag")?);
                Origin::of_release(repository, tag, reader.string(provider, "name")?)
            }
            Some(other) => Origin::Elsewhere(Note(format!("its provider `{other}` is not known"))),
        };
        if matches!(origin, Origin::GitHub { .. }) {
            return Ok(origin);
        }
        let is_better =
            matches!((&first, &origin), (None, _) | (Some(Origin::Elsewhere(_)), Origin::File { .. }));
        if is_better {
            first = Some(origin);
        }
    }
    first.ok_or_else(|| reader.error(node, "`providers` is empty"))
}
