//! Checksums in JSON, in the shapes that are published: an object from names to hashes, names to objects with a hash, or a
//! list of objects with a name and a hash each, at whatever depth.

use serde_json::{Map, Value};

use crate::hash::Sha256;

/// Keys of an object that tell the file it speaks of.
const NAMES: [&str; 8] = ["name", "filename", "file_name", "file", "path", "asset", "artifact", "url"];

/// Keys of an object that tell its hash; the value must be one of SHA-256.
const HASHES: [&str; 8] =
    ["sha256", "sha-256", "sha2-256", "sha256sum", "checksum", "hash", "digest", "shasum"];

/// A hash, and the name of its file.
pub(super) type Entry = (Sha256, Option<String>);

/// What a text says, if it is JSON and no signature: those are JSON as well, and hold hashes of something else.
pub(super) fn entries(text: &str) -> Option<Vec<Entry>> {
    let text = text.trim_start();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let value = serde_json::from_str(text).ok()?;
    let mut out = Vec::new();
    if !is_signature(&value) {
        walk(&value, None, &mut out);
    }
    Some(out)
}

/// Sigstore bundles, DSSE envelopes, in-toto statements, and documents of parts (SBOMs).
fn is_signature(value: &Value) -> bool {
    const KEYS: [&str; 8] = [
        "mediaType",
        "payloadType",
        "messageSignature",
        "dsseEnvelope",
        "_type",
        "predicateType",
        "bomFormat",
        "spdxVersion",
    ];
    KEYS.iter().any(|key| value.get(key).is_some())
}

/// `name`: what the key says under which `value` stands. The reader of JSON limits the depth.
fn walk(value: &Value, name: Option<&str>, out: &mut Vec<Entry>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, None, out)),
        Value::Object(object) => {
            let own = text_at(object, &NAMES);
            for (key, value) in object {
                let is_hash = HASHES.iter().any(|known| key.eq_ignore_ascii_case(known));
                match value {
                    // An object that is named by no key of it is named by the key above, or is the asset's own file.
                    Value::String(text) if is_hash => {
                        out.extend(hash(text).map(|hash| (hash, own.or(name).map(str::to_owned))));
                    }
                    Value::String(text) => out.extend(hash(text).map(|hash| (hash, Some(key.clone())))),
                    // `{ "sha256": { "tool.zip": "…" } }`, `{ "name": "tool.zip", "hashes": { "sha256": "…" } }`.
                    _ if is_hash => walk(value, own.or(name), out),
                    _ => walk(value, Some(own.unwrap_or(key)), out),
                }
            }
        }
        _ => {}
    }
}

fn text_at<'v>(object: &'v Map<String, Value>, keys: &[&str]) -> Option<&'v str> {
    keys.iter().find_map(|key| object.get(*key)?.as_str())
}

/// A hash as hexadecimal digits, alone or as `sha256:…`.
fn hash(text: &str) -> Option<Sha256> {
    text.trim().strip_prefix("sha256:").unwrap_or(text.trim()).parse().ok()
}
