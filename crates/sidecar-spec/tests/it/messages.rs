//! What is said about values that cannot be right: the key, what was found, what the key takes.

use std::fmt::Write as _;

use sidecar_spec::{Run, Spec};
use snapbox::{assert_data_eq, file};

/// `run` tables in TOML, none of which can be read.
pub(crate) const WRONG: &[&str] = &[
    "helth = {}",
    "working-directory = '/tmp'",
    "health = { raedy = 'tcp' }",
    "restart = { backoff = { frist = '1s' } }",
    "port = true",
    "port = 0",
    "port = 65536",
    "port = -1",
    "port = '8080'",
    "port = 'lese'",
    "port = 1979-05-27",
    "port = []",
    "port = {}",
    "port = { announce = 'PORT' }",
    "port = { announce = '{port}', regex = '(?<port>.)' }",
    "port = { announce = 'P:{port}', json = '/port' }",
    "port = { regex = 'port=([0-9]+)' }",
    "port = { regex = 'port=(' }",
    "port = { json = 'attr.port' }",
    "port = { json = '/port', line = 2 }",
    "port = { file = 'x', line = 0 }",
    "port = { file = 'x', line = 1, json = '/port' }",
    "port = { listen-fd = false }",
    "host = '0.0.0.0'",
    "host = 'localhost'",
    "expose = 'everything'",
    "program = { path = 'a', on-path = 'b' }",
    "program = {}",
    "program = 1",
    "args = '--port'",
    "args = ['--port', 8080]",
    "args = ['--port={prot}']",
    "args = ['{\"a\": 1}']",
    "args = ['{db.prot}']",
    "args = ['{port']",
    "args = ['{version}']",
    "env = { PORT = 8080 }",
    "env = ['PORT=1']",
    "cwd = 1.5",
    "stdin = 'piped'",
    "stdin = true",
    "health = 'http:/health'",
    "health = { ready = 'htp:/health' }",
    "health = { ready = 'http://127.0.0.1/health' }",
    "health = { live = 'line:(' }",
    "health = { live = 'exec:true' }",
    "health = { live = { every = '5s' } }",
    "health = { live = { check = 'tcp', failures = -1 } }",
    "health = { ready-within = 30 }",
    "depends-on = 'db'",
    "depends-on = ['a', 1]",
    "depends-on = [{ restart-with = true }]",
    "depends-on = [{ name = 'db', restart = true }]",
    "restart = 'sometimes'",
    "restart = 'on-fail'",
    "restart = false",
    "restart = { max = '6' }",
    "restart = { within = '90' }",
    "restart = { within = '90 parsecs' }",
    "restart = { within = '99999999999999999h' }",
    "stop = 'TERM'",
    "stop = { request = 'htpp:/stop' }",
    "stop = { request = 'grpc:Stop' }",
    "stop = { signal = 'SIGTERM' }",
    "stop = { signal = 'KILL' }",
    "success-codes = 0",
    "success-codes = ['0']",
    "permanent-codes = [4294967296]",
    "logs = { memory = '64MB' }",
    "logs = { memory = 65536 }",
    "limits = { cpu = 1.5 }",
    "limits = { cpu = '0%' }",
    "limits = { memory = '1.5GiB' }",
    "sha256 = 'abc'",
    "sha256 = 'zz'",
    "identity = 'none'",
    "token = 'TOKEN'",
    "token = { env = 'A', file = 'b' }",
];

#[test]
fn every_wrong_value_is_answered_in_words() {
    let mut out = String::new();
    for text in WRONG {
        let error = toml::from_str::<Run>(text).expect_err(text);
        writeln!(out, "{text}\n    {}\n", error.message()).unwrap();
    }
    assert_data_eq!(out, file!["messages.txt"].raw());
}

#[test]
fn toml_points_at_the_key_and_the_value() {
    let told = |text: &str| toml::from_str::<Run>(text).unwrap_err();
    let (key, value) = ("stdin = 'pipe'\nhelth = {}\n", "stdin = 'pipe'\nport = true\n");
    assert_eq!(&key[told(key).span().unwrap()], "helth");
    assert_eq!(&value[told(value).span().unwrap()], "true");
    let nested = "[restart.backoff]\nfirst = '1 parsec'\n";
    assert_eq!(&nested[told(nested).span().unwrap()], "'1 parsec'");
}

#[test]
fn json_names_the_sidecar_and_the_line() {
    let mut out = String::new();
    for text in [
        "",
        "[]",
        "{}",
        "{\"spec\": 0}",
        "{\"spec\": \"1\"}",
        "{\"spec\": 1,\n \"sidecar\": {}}",
        "{\"spec\": 1, \"sidecars\": []}",
        "{\"spec\": 1, \"sidecars\": {\"db\": {\"run\": {\n  \"args\": [\"a\", null]}}}}",
        "{\"spec\": 1, \"sidecars\": {\"db\": {\"run\": {\"port\": 0}}}}",
        "{\"spec\": 1, \"sidecars\": {\"db\": {\"run\": {\"port\": 65536}}}}",
        "{\"spec\": 1, \"sidecars\": {\"db\": {\"run\": {\"port\": 1, \"port\": 2}}}}",
        "{\"spec\": 1, \"sidecars\": {\"db\": {}, \"db\": {}}}",
        "{\"spec\": 1, \"sidecars\": {\"db\": {\"install\": {\"version\": \"1\"}}}}",
        "{\"spec\": 1, \"spec\": 1}",
    ] {
        let error = Spec::from_json(text).expect_err(text);
        writeln!(out, "{text}\n    {}: {error}\n", error.kind().code()).unwrap();
    }
    assert_data_eq!(out, file!["json.txt"].raw());
}
