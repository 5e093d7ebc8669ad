//! `multitool.lock.json` of `rules_multitool`: some tools, each with its binaries.
//! <https://github.com/bazel-contrib/rules_multitool>

use super::found::{Build, Reader, Tool};
use super::origin::{Note, Origin};
use crate::config::{Node, Value};
use crate::error::Error;

/// Whether a JSON document is such a lock: it says so itself, or holds nothing but tools.
pub(super) fn is_lock(root: &Node) -> bool {
    let Value::Object(entries) = &root.value else { return false };
    let says_so =
        root.get("$schema").and_then(Node::as_str).is_some_and(|schema| schema.contains("multitool"));
    let mut tools = entries.iter().filter(|entry| entry.key != "$schema").peekable();
    says_so || (tools.peek().is_some() && tools.all(|entry| entry.node.get("binaries").is_some()))
}

/// The tools of such a lock.
pub(super) fn tools(reader: &Reader<'_>) -> Result<Vec<Tool>, Error> {
    let mut out = Vec::new();
    for (name, at, node) in reader.entries(&reader.file.root, reader.name)? {
        if name == "$schema" {
            continue;
        }
        let mut left_out = Vec::new();
        let mut builds = Vec::new();
        for binary in reader.array(node, "binaries")? {
            builds.extend(build(reader, binary, &mut left_out)?);
        }
        let at = reader.place_of_key(at);
        out.push(Tool { name: name.to_owned(), at, file: reader.name.to_owned(), builds, left_out });
    }
    Ok(out)
}

fn build(reader: &Reader<'_>, binary: &Node, left_out: &mut Vec<Note>) -> Result<Option<Build>, Error> {
    let platform = format!("{}-{}", reader.string(binary, "os")?, reader.string(binary, "cpu")?);
    let digest = reader.need(binary, "sha256")?;
    let at = reader.place(digest);
    let digest = reader.digest(digest, "sha256", reader.string(binary, "sha256")?)?;
    let origin = Origin::of_url(reader.string(binary, "url")?);
    let member = match reader.string(binary, "kind")? {
        "file" => None,
        "archive" => Some(reader.string(binary, "file")?.to_owned()),
        "pkg" => {
            left_out.push(Note(format!("`{platform}` is an installer of macOS, which is not unpacked")));
            return Ok(None);
        }
        other => {
            let kind = reader.need(binary, "kind")?;
            return Err(reader
                .error(kind, format!("`{other}` is no kind of binary that this version knows"))
                .fact("known", "file, archive, pkg"));
        }
    };
    let place = reader.place(binary);
    let Some(triples) = Reader::triples(place, &platform, left_out)? else { return Ok(None) };
    Ok(Some(Build { platform, triples, origin, digest, at, size: None, member }))
}
