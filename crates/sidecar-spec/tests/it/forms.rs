//! Every form that a key takes, from TOML as from JSON.

use sidecar_spec::{Check, Host, Port, PortPlace, Program, RestartWhen, Run, Span, Stage, Template, Token};

use crate::run;

/// What both formats give for a value of one key.
fn both(key: &str, value: &str) -> Run {
    let from_toml = run(&format!("{key} = {value}"));
    let table: toml::Table = toml::from_str(&format!("{key} = {value}")).unwrap();
    let json = serde_json::to_string(&table).unwrap();
    let from_json: Run = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(from_toml, from_json, "{key} = {value}");
    from_toml
}

#[test]
fn an_empty_table_is_every_default() {
    let run = run("");
    assert_eq!(run, Run::default());
    assert_eq!((run.port, run.host), (Port::Lease, Host::V4));
    assert_eq!((run.restart.max, run.restart.within), (6, Span::from_secs(90)));
    assert_eq!(run.restart.stable_after, Span::from_secs(60));
    assert_eq!(run.restart.backoff.first, Span::from_millis(500));
    assert_eq!((run.restart.backoff.max, run.restart.backoff.jitter), (Span::from_secs(5), 20));
    assert_eq!(run.success_codes, [0.into()]);
    assert_eq!(run.health.ready_within, Span::from_secs(30));
    assert!(run.stop.app_death_grace.is_zero());
}

#[test]
fn a_program_is_a_name_a_file_or_on_the_path() {
    assert_eq!(both("program", "'llama'").program, Some(Program::Provisioned("llama".into())));
    assert_eq!(both("program", "{ on-path = 'node' }").program, Some(Program::OnPath("node".into())));
    let path: Template = "{resource_dir}/x".parse().unwrap();
    assert_eq!(both("program", "{ path = '{resource_dir}/x' }").program, Some(Program::Path(path)));
}

#[test]
fn a_port_is_given_or_told() {
    assert_eq!(both("port", "'none'").port, Port::None);
    assert!(matches!(both("port", "65535").port, Port::Fixed(port) if port.get() == 65535));
    assert!(matches!(both("port", "{ announce = 'BACKEND_PORT:{port}' }").port, Port::Announce(_)));
    assert!(matches!(both("port", "{ regex = 'port (?<port>[0-9]+)' }").port, Port::Regex(_)));
    assert!(matches!(both("port", "{ json = '/attr/port' }").port, Port::Json(_)));
    assert_eq!(both("port", "{ listen-fd = true }").port, Port::ListenFd);
    let place = |value: &str| match both("port", value).port {
        Port::File(file) => file.place,
        other => panic!("{other:?}"),
    };
    assert!(matches!(place("{ file = 'DevToolsActivePort' }"), PortPlace::Line(line) if line.get() == 1));
    assert!(
        matches!(place("{ file = 'postmaster.pid', line = 4 }"), PortPlace::Line(line) if line.get() == 4)
    );
    assert!(matches!(place("{ file = 'api.json', json = '/port' }"), PortPlace::Json(_)));
    assert!(matches!(place("{ file = 'api.conf', regex = 'p=(?<port>.*)' }"), PortPlace::Regex(_)));
}

#[test]
fn a_probe_takes_the_times_of_its_place() {
    let health = both("health", "{ ready = 'tcp', live = { check = 'process', timeout = '1s' } }").health;
    let (ready, live) = (health.ready.unwrap(), health.live.unwrap());
    assert_eq!((ready.every(Stage::Ready), ready.failures(Stage::Ready)), (Span::from_secs(5), 2));
    assert_eq!((live.every(Stage::Live), live.failures(Stage::Live)), (Span::from_secs(10), 3));
    assert_eq!((ready.timeout(), live.timeout()), (Span::from_secs(2), Span::from_secs(1)));
    assert_eq!(ready.check, Check::Tcp);
}

#[test]
fn short_and_long_forms_mean_the_same() {
    assert_eq!(both("restart", "'never'"), both("restart", "{ when = 'never' }"));
    assert_eq!(both("restart", "'always'").restart.when, RestartWhen::Always);
    assert_eq!(both("depends-on", "['db']"), both("depends-on", "[{ name = 'db' }]"));
    assert!(both("depends-on", "[{ name = 'db', restart-with = true }]").depends_on[0].restart_with);
    assert_eq!(both("health", "{ ready = 'tcp' }"), both("health", "{ ready = { check = 'tcp' } }"));
}

#[test]
fn a_secret_goes_into_a_variable_or_a_file() {
    assert_eq!(both("token", "{ env = 'TOKEN' }").token, Some(Token::Env("TOKEN".into())));
    assert!(matches!(both("token", "{ file = '{instance_dir}/token' }").token, Some(Token::File(_))));
}

#[test]
fn the_whole_table_is_read_alike_from_both_formats() {
    for text in [include_str!("examples/full.toml"), include_str!("examples/small.toml")] {
        let table: toml::Table = toml::from_str(text).unwrap();
        let json = serde_json::to_value(&table).unwrap();
        assert_eq!(run(text), serde_json::from_value::<Run>(json).unwrap());
    }
}
