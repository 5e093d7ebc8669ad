//! JSON Schema of the types whose forms serde does not know: those that take more than one type.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::health::{Probe, ProbeTable};
use crate::run::DependencyTable;
use crate::{
    Announcement, Check, Dependency, ExitCode, JsonPointer, Pattern, Port, Program, RestartWhen, Run, Spec,
    Template, Token,
};

/// JSON Schema (2020-12) of the `run` table of `sidecar.toml`.
pub fn run_schema() -> serde_json::Value {
    described::<Run>("run table of sidecar.toml")
}

/// JSON Schema (2020-12) of `sidecar-spec.json`.
pub fn spec_schema() -> serde_json::Value {
    described::<Spec>("sidecar-spec.json")
}

fn described<T: JsonSchema>(title: &str) -> serde_json::Value {
    let mut schema = schemars::SchemaGenerator::default().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.into()
}

/// A `restart` table may also be the word for its `when`.
pub(crate) fn or_restart_when(schema: &mut Schema) {
    let description = schema.remove("description");
    let table = std::mem::take(schema);
    let words: Vec<&str> = RestartWhen::ALL.iter().map(|word| word.as_str()).collect();
    *schema = json_schema!({ "anyOf": [{ "enum": words }, table] });
    if let Some(description) = description {
        schema.insert("description".to_owned(), description);
    }
}

/// A table of these keys, all of which it must have but the optional ones.
fn table(needed: &[(&str, Schema)], optional: &[(&str, Schema)]) -> Schema {
    let entry = |(key, schema): &(&str, Schema)| ((*key).to_owned(), schema.clone().into());
    let properties: serde_json::Map<String, serde_json::Value> =
        needed.iter().chain(optional).map(entry).collect();
    let required: Vec<&str> = needed.iter().map(|(key, _)| *key).collect();
    json_schema!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    })
}

macro_rules! schema {
    ($type:ident, $generator:ident => $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema!(Program, generator => {
    let path = table(&[("path", generator.subschema_for::<Template>())], &[]);
    let on_path = table(&[("on-path", json_schema!({ "type": "string" }))], &[]);
    json_schema!({
        "description": "The name of a sidecar, a file, or the name of a file on PATH.",
        "anyOf": [{ "type": "string" }, path, on_path]
    })
});

schema!(Token, generator => {
    let env = table(&[("env", json_schema!({ "type": "string" }))], &[]);
    let file = table(&[("file", generator.subschema_for::<Template>())], &[]);
    json_schema!({
        "description": "An environment variable, or a file that only the user may read.",
        "anyOf": [env, file]
    })
});

schema!(Dependency, generator => {
    let full = generator.subschema_for::<DependencyTable>();
    json_schema!({ "description": "A sidecar's name, or more about it.", "anyOf": [{ "type": "string" }, full] })
});

schema!(Probe, generator => {
    let (check, full) = (generator.subschema_for::<Check>(), generator.subschema_for::<ProbeTable>());
    json_schema!({ "description": "A question that is asked again and again.", "anyOf": [check, full] })
});

schema!(ExitCode, _generator => json_schema!({
    "type": "integer",
    "minimum": i32::MIN,
    "maximum": u32::MAX
}));

schema!(Port, generator => {
    let number = json_schema!({ "type": "integer", "minimum": 1, "maximum": 65535 });
    let line = json_schema!({ "type": "integer", "minimum": 1, "maximum": 65535, "default": 1 });
    let (json, regex) = (generator.subschema_for::<JsonPointer>(), generator.subschema_for::<Pattern>());
    let file = ("file", generator.subschema_for::<Template>());
    let announce = generator.subschema_for::<Announcement>();
    json_schema!({
        "description": "lease: a free port, kept until the sidecar has it. none. A number. Or how the sidecar tells it.",
        "anyOf": [
            { "enum": ["lease", "none"] },
            number,
            table(&[("announce", announce)], &[]),
            table(&[("regex", regex.clone())], &[]),
            table(&[("json", json.clone())], &[]),
            table(std::slice::from_ref(&file), &[("line", line)]),
            table(&[file.clone(), ("json", json)], &[]),
            table(&[file, ("regex", regex)], &[]),
            table(&[("listen-fd", json_schema!({ "const": true }))], &[])
        ]
    })
});
