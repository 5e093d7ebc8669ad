//! The JSON Schema: fresh, and of the same mind as the reader.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use sidecar_spec::{Run, Spec, run_schema, spec_schema};
use snapbox::{assert_data_eq, file};

use crate::messages::WRONG;
use crate::run;

fn text(schema: &Value) -> String {
    serde_json::to_string_pretty(schema).unwrap() + "\n"
}

fn compile(schema: Value) -> (Schemas, SchemaIndex) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema.json", schema).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    (schemas, index)
}

fn json(toml: &str) -> Value {
    let table: toml::Table = toml::from_str(toml).unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn the_committed_ones_are_fresh() {
    assert_data_eq!(text(&run_schema()), file!["../../schema/run.schema.json": Text].raw());
    assert_data_eq!(text(&spec_schema()), file!["../../schema/sidecar-spec.schema.json": Text].raw());
}

#[test]
fn it_takes_what_the_reader_takes_and_what_is_written() {
    let (of_run, index) = compile(run_schema());
    let (of_spec, spec_index) = compile(spec_schema());
    for example in [include_str!("examples/full.toml"), include_str!("examples/small.toml"), ""] {
        let run = run(example);
        of_run.validate(&json(example), index).unwrap();
        of_run.validate(&serde_json::to_value(&run).unwrap(), index).unwrap();
        let spec = serde_json::from_str(&Spec::new([("a", run)]).to_json().unwrap()).unwrap();
        of_spec.validate(&spec, spec_index).unwrap();
    }
}

/// What a schema cannot say: where a placeholder or an expression is wrong, and which numbers are too large.
const BEYOND: &[&str] = &[
    "port = { announce = '{port}', regex = '(?<port>.)' }",
    "port = { regex = 'port=([0-9]+)' }",
    "port = { regex = 'port=(' }",
    "args = ['--port={prot}']",
    "args = ['{\"a\": 1}']",
    "args = ['{db.prot}']",
    "args = ['{port']",
    "args = ['{version}']",
    "health = { ready = 'http://127.0.0.1/health' }",
    "health = { live = 'line:(' }",
    "restart = { within = '99999999999999999h' }",
];

#[test]
fn it_refuses_what_the_reader_refuses() {
    let (schemas, index) = compile(run_schema());
    for wrong in WRONG {
        let refused = schemas.validate(&json(wrong), index).is_err();
        assert!(refused || BEYOND.contains(wrong), "the schema takes `{wrong}`");
        assert!(toml::from_str::<Run>(wrong).is_err());
    }
}
