//! What cannot work together is found without running it.

use std::fmt::Write as _;

use sidecar_spec::{Problem, ProblemKind, Run, Spec};
use snapbox::{assert_data_eq, file};

use crate::run;

/// A spec from `run` tables by name, each name in front of its table.
fn spec(tables: &[(&str, &str)]) -> Spec {
    Spec::new(tables.iter().map(|(name, table)| (*name, run(table))))
}

/// `run` tables by name.
type Tables = &'static [(&'static str, &'static str)];

/// What is wrong with some tables, by its codes.
const CASES: &[(Tables, &[&str])] = &[
    (&[("a b", "")], &["sidecar-name"]),
    (&[("a", "program = 'bin/a'")], &["program-name"]),
    (&[("a", "program = { on-path = './a' }")], &["program-name"]),
    (&[("a", "program = { path = '' }")], &["program-name"]),
    (&[("a", "depends-on = ['pocketbse']"), ("pocketbase", "")], &["unknown-dependency"]),
    (&[("a", "depends-on = ['x-rays']"), ("db", ""), ("mail", "")], &["unknown-dependency"]),
    (&[("a", "depends-on = ['x-rays']")], &["unknown-dependency"]),
    (&[("a", "depends-on = ['b', 'b']"), ("b", "")], &["dependency-twice"]),
    (&[("a", "depends-on = ['a']")], &["dependency-cycle"]),
    (
        &[
            ("a", "depends-on = ['d']"),
            ("b", "depends-on = ['c']"),
            ("c", "depends-on = ['d']"),
            ("d", "depends-on = ['b']"),
        ],
        &["dependency-cycle"],
    ),
    (
        &[
            ("a", "depends-on = ['b']"),
            ("b", "depends-on = ['a']"),
            ("x", "depends-on = ['y']"),
            ("y", "depends-on = ['x']"),
        ],
        &["dependency-cycle", "dependency-cycle"],
    ),
    (&[("a", "args = ['{port}']\nport = 'none'")], &["placeholder-not-known"]),
    (&[("a", "args = ['{port}']\nport = { announce = 'P:{port}' }")], &["placeholder-not-known"]),
    (&[("a", "cwd = '{nonce}'")], &["placeholder-not-known"]),
    (&[("a", "env = { DB = '{db.url}' }"), ("db", "")], &["placeholder-not-known"]),
    (&[("a", "args = ['{bd.port}']\ndepends-on = ['db']"), ("db", "")], &["placeholder-not-known"]),
    (&[("a", "args = ['{a.port}']")], &["placeholder-not-known"]),
    (&[("a", "args = ['{a.url}']")], &["placeholder-not-known"]),
    (
        &[("a", "args = ['{db.port}']\ndepends-on = ['db']"), ("db", "port = 'none'")],
        &["placeholder-not-known"],
    ),
    (&[("a", "args = ['-t', '{token}']")], &["token-exposed"]),
    (&[("a", "token = { file = '/tmp/{token}' }")], &["token-exposed"]),
    (&[("a", "args = [\"a\\u0000b\"]")], &["nul-character"]),
    (&[("a", "program = { on-path = \"a\\u0000\" }")], &["nul-character"]),
    (&[("a", "env = { '' = 'x', 'A=B' = 'y' }")], &["env-name", "env-name"]),
    (&[("a", "token = { env = '' }")], &["env-name"]),
    (&[("a", "env = { PATH = 'x', Path = 'y' }")], &["env-twice"]),
    (&[("a", "env = { TOKEN = 'x' }\ntoken = { env = 'TOKEN' }")], &["env-twice"]),
    (&[("a", "env = { LISTEN_FDS = '1' }\nport = { listen-fd = true }")], &["env-twice"]),
    (&[("a", "restart = { max = 0 }")], &["restart-window"]),
    (&[("a", "restart = { within = '0s' }")], &["restart-window"]),
    (&[("a", "restart = { stable-after = '0s' }")], &["restart-window"]),
    (&[("a", "restart = { backoff = { factor = 0 } }")], &["restart-window"]),
    (&[("a", "restart = { backoff = { jitter = 101 } }")], &["restart-window"]),
    (&[("a", "restart = { backoff = { first = '6s' } }")], &["restart-window"]),
    (&[("a", "restart = { backoff = { first = '20s', max = '5m' } }")], &["restart-window"]),
    (&[("a", "restart = { within = '14s' }")], &["restart-window"]),
    (&[("a", "health = { ready-within = '0s' }")], &["zero"]),
    (
        &[("a", "health = { live = { check = 'tcp', every = '0s', timeout = '0s', failures = 0 } }")],
        &["zero", "zero", "zero"],
    ),
    (&[("a", "logs = { memory = '0B', line = '0B', file = '0B' }")], &["zero", "zero", "zero"]),
    (&[("a", "limits = { memory = '0B' }")], &["zero"]),
    (
        &[("a", "port = 'none'\nhealth = { ready = 'http:/x', live = 'tcp' }")],
        &["port-needed", "port-needed"],
    ),
    (&[("a", "port = 'none'\nstop = { request = 'http:/x' }")], &["port-needed"]),
    (&[("a", "port = 'none'\nhealth = { ready = 'jsonrpc:ping' }")], &["stdin-needed"]),
    (&[("a", "stop = { request = 'close-stdin' }")], &["stdin-needed"]),
    (&[("a", "port = 'none'\nstop = { request = 'jsonrpc:stop' }")], &["stdin-needed"]),
    (&[("a", "health = { live = 'line:ok' }")], &["line-once"]),
    (&[("a", "identity = 'nonce'")], &["nonce-unasked"]),
    (
        &[("a", "identity = 'nonce'\nhealth = { ready = 'grpc' }\nenv = { SIDECAR_NONCE = 'x' }")],
        &["env-twice"],
    ),
    (&[("a", "permanent-codes = [0, 78]")], &["exit-code-twice"]),
    (&[("a", "logs = { memory = '1KiB' }")], &["log-limits"]),
];

fn describe(problem: &Problem) -> String {
    let help = problem.help.as_ref().map(|help| format!("\n    help: {help}")).unwrap_or_default();
    format!("    {} at `{}`: {problem}{help}", problem.kind, problem.key)
}

#[test]
fn each_problem_has_its_code_and_its_words() {
    let mut out = String::new();
    for (tables, codes) in CASES {
        let problems = spec(tables).check();
        let found: Vec<&str> = problems.iter().map(|problem| problem.kind.code()).collect();
        assert_eq!(&found, codes, "{tables:?}: {problems:#?}");
        for (name, table) in *tables {
            writeln!(out, "[{name}] {}", table.replace('\n', "; ")).unwrap();
        }
        for problem in &problems {
            writeln!(out, "{}", describe(problem)).unwrap();
        }
        out.push('\n');
    }
    assert_data_eq!(out, file!["problems.txt"].raw());
}

#[test]
fn every_kind_of_problem_has_a_case() {
    for kind in ProblemKind::ALL {
        assert!(CASES.iter().any(|(_, codes)| codes.contains(&kind.code())), "no case for `{kind}`");
    }
}

#[test]
fn what_works_has_no_problems() {
    let full = include_str!("examples/full.toml");
    let fine = [
        ("llama", full),
        ("pocketbase", "port = { announce = 'at {host}:{port}' }\nargs = ['{host}', '{name}', '{mode}']"),
        ("redis", "port = 6379\nargs = ['--port', '{port}']\nstop = { signal = 'INT' }"),
        (
            "worker",
            "port = 'none'\nstdin = 'pipe'\nhealth = { live = 'jsonrpc:ping' }\nstop = { request = 'close-stdin' }",
        ),
        ("once", "restart = { when = 'never', max = 0 }\nhealth = { ready = 'line:done' }\nport = 'none'"),
        (
            "web",
            "port = { listen-fd = true }\nargs = ['{port}', '{redis.port}']\ndepends-on = ['redis', 'worker']",
        ),
    ];
    assert_eq!(spec(&fine).check(), []);
    assert_eq!(Spec::new([("a", Run::default())]).check(), []);
}

#[test]
fn ten_thousand_sidecars_in_a_row_are_no_deep_recursion() {
    let name = |index: usize| format!("s{index:05}");
    let mut chain: Vec<(String, Run)> = (0..10_000).map(|index| (name(index), Run::default())).collect();
    for (index, (_, run)) in chain.iter_mut().enumerate() {
        run.depends_on = vec![sidecar_spec::Dependency::on(name((index + 1) % 10_000))];
    }
    let problems = Spec::new(chain).check();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].kind, ProblemKind::DependencyCycle);
}
