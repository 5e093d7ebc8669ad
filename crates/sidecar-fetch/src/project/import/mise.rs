//! `mise.lock`: the versions of tools, each with its platforms. <https://mise.jdx.dev/dev-tools/mise-lock-reference.html>

use super::found::{Build, Reader, Tool};
use super::origin::{Note, Origin};
use crate::config::Node;
use crate::error::Error;

/// The newest format that is known; before the third one the file does not say which it is.
const VERSION: u64 = 3;

/// The tools of such a lock, one for each locked version.
pub(super) fn tools(reader: &Reader<'_>) -> Result<Vec<Tool>, Error> {
    let root = &reader.file.root;
    if let Some(version) = reader.size(root, "lockfile_version")?.filter(|version| *version > VERSION) {
        let node = reader.need(root, "lockfile_version")?;
        return Err(reader
            .error(node, format!("`{}` was written by a newer version of mise", reader.name))
            .fact("format", version)
            .fact("readable", format!("up to format {VERSION}"))
            .help("update cargo-sidecar: `cargo install cargo-sidecar`"));
    }
    let mut out = Vec::new();
    for (key, at, node) in reader.entries(reader.need(root, "tools")?, "tools")? {
        let versions = match node.as_array() {
            Some(versions) => versions,
            // The first format had one version for each tool.
            None => std::slice::from_ref(node),
        };
        for version in versions {
            let at = if versions.len() > 1 { version.span.start } else { at };
            out.push(tool(reader, key, at, version)?);
        }
    }
    Ok(out)
}

fn tool(reader: &Reader<'_>, key: &str, at: usize, node: &Node) -> Result<Tool, Error> {
    let mut builds = Vec::new();
    let mut left_out = Vec::new();
    for (platform, at, node) in platforms(reader, node)? {
        let place = reader.place_of_key(at);
        let Some(url) = reader.optional(node, "url")? else {
            left_out.push(Note(format!("`{platform}` has no URL")));
            continue;
        };
        let origin = Origin::of_url(url);
        if let (Origin::Elsewhere(note), None) = (&origin, node.get("checksum")) {
            left_out.push(note.clone());
            continue;
        }
        let checksum = reader.need(node, "checksum")?;
        let text = reader.string(node, "checksum")?;
        let (algorithm, digits) = text.split_once(':').ok_or_else(|| {
            reader.error(checksum, format!("`{text}` does not say which kind of digest it is"))
        })?;
        let digest = reader.digest(checksum, algorithm, digits)?;
        let size = reader.size(node, "size")?;
        let Some(triples) = Reader::triples(place, platform, &mut left_out)? else { continue };
        builds.push(Build {
            platform: platform.to_owned(),
            triples,
            origin,
            digest,
            at: reader.place(checksum),
            size,
            member: None,
        });
    }
    let at = reader.place_of_key(at);
    Ok(Tool { name: name_of(key).to_owned(), at, file: reader.name.to_owned(), builds, left_out })
}

/// The platforms of a version, in both spellings: a table `platforms`, and keys that begin so.
fn platforms<'n>(reader: &Reader<'_>, node: &'n Node) -> Result<Vec<(&'n str, usize, &'n Node)>, Error> {
    let mut out = Vec::new();
    for (key, at, value) in reader.entries(node, "tools")? {
        if let Some(platform) = key.strip_prefix("platforms.") {
            out.push((platform, at, value));
        } else if key == "platforms" {
            out.extend(reader.entries(value, "platforms")?);
        }
    }
    Ok(out)
}

/// `aqua:BurntSushi/ripgrep[exe=rg]` is `ripgrep`.
fn name_of(key: &str) -> &str {
    let key = key.split('[').next().unwrap_or(key);
    key.rsplit([':', '/']).next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_called_as_its_last_part() {
        for (key, name) in [
            ("ripgrep", "ripgrep"),
            ("aqua:BurntSushi/ripgrep", "ripgrep"),
            ("ubi:a/b[exe=c]", "b"),
            ("npm:@scope/x", "x"),
        ] {
            assert_eq!(name_of(key), name);
        }
    }
}
