//! `cargo xtask codegen`: the schema of the `run` table, as a part of the schema of `sidecar.toml`.
//!
//! Editors are given one file, so a reference to another one would lead nowhere. What stands in front of the generated
//! part is written by hand and stays as it is.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::run::root;

/// The schema that holds it.
const SCHEMA: &str = "crates/sidecar-fetch/schema/sidecar.schema.json";

/// Where the generated part begins: the last entries of `$defs`.
const BEGIN: &str = ",\n    \"run\": {";

/// Writes the file anew, where it is not what it should be.
pub(crate) fn run() -> Result<()> {
    let now = text_now();
    let text = with_run(&now, sidecar_spec::run_schema())?;
    if text == now {
        println!("{SCHEMA} is fresh");
        return Ok(());
    }
    fsx::publish(&root().join(SCHEMA), text.as_bytes(), Mode::Plain)?;
    println!("wrote {SCHEMA}");
    Ok(())
}

/// What is wrong with the file, if anything.
pub(crate) fn stale() -> Option<String> {
    let now = text_now();
    match with_run(&now, sidecar_spec::run_schema()) {
        Err(error) => Some(error.to_string()),
        Ok(text) if text == now => None,
        Ok(_) => Some(format!("{SCHEMA} is not what sidecar-spec says of `run`; run `cargo xtask codegen`")),
    }
}

fn text_now() -> String {
    fsx::text_of(&root().join(SCHEMA)).unwrap_or_default().replace("\r\n", "\n")
}

/// The text of the schema with the generated part, whether or not it had one.
fn with_run(now: &str, mut run: Value) -> Result<String> {
    let wrong = |what: &str| Error::new(format!("{SCHEMA}: {what}"));
    let head = match now.split_once(BEGIN) {
        Some((head, _)) => head,
        None => {
            now.trim_end().strip_suffix("\n  }\n}").ok_or_else(|| wrong("`$defs` is not its last key"))?
        }
    };
    let table = run.as_object_mut().ok_or_else(|| wrong("the schema of `run` is no table"))?;
    table.remove("$schema");
    table.remove("title");
    let parts: BTreeMap<String, Value> = match table.remove("$defs") {
        Some(Value::Object(parts)) => parts.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    let mut text = head.to_owned();
    for (name, part) in std::iter::once(("run".to_owned(), run)).chain(parts) {
        if head.contains(&format!("\n    \"{name}\": ")) {
            return Err(wrong(&format!("`{name}` is written by hand and generated")));
        }
        let part = serde_json::to_string_pretty(&part).map_err(|error| wrong(&error.to_string()))?;
        let entry = format!(",\n    \"{name}\": {}", part.replace('\n', "\n    "));
        text.push_str(&entry);
    }
    text.push_str("\n  }\n}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BY_HAND: &str = "{\n  \"$defs\": {\n    \"x\": {}\n  }\n}\n";

    #[test]
    fn what_is_written_by_hand_stays_and_the_rest_is_replaced() {
        let first = json!({ "$schema": "s", "type": "object", "$defs": { "Old": {} } });
        let second = json!({ "type": "object", "$defs": { "A": {}, "B": { "type": "string" } } });
        let once = with_run(BY_HAND, first).unwrap();
        let twice = with_run(&once, second.clone()).unwrap();
        let read: Value = serde_json::from_str(&twice).unwrap();
        let parts = json!({ "x": {}, "run": { "type": "object" }, "A": {}, "B": { "type": "string" } });
        assert_eq!(read, json!({ "$defs": parts }));
        assert_eq!(with_run(&twice, second).unwrap(), twice);
    }

    #[test]
    fn one_name_for_two_parts_is_refused() {
        assert!(with_run(BY_HAND, json!({ "$defs": { "x": {} } })).is_err());
        assert!(with_run("{}\n", json!({})).is_err());
    }

    /// Every `$ref` in a schema.
    fn references(value: &Value) -> Vec<String> {
        match value {
            Value::Object(table) => {
                let own = table.get("$ref").and_then(Value::as_str).map(str::to_owned);
                own.into_iter().chain(table.values().flat_map(references)).collect()
            }
            Value::Array(items) => items.iter().flat_map(references).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let schema: Value = serde_json::from_str(&text_now()).unwrap();
        let references = references(&schema);
        assert!(references.iter().any(|reference| reference == "#/$defs/run"));
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(schema.pointer(pointer).is_some(), "{reference}");
        }
    }
}
