//! What bad input gets: a typed error, which says what to do, and nothing that was started.

use serde_json::{Value, json};
use sidecar_supervisor::{Error, Kind, State, Supervisor};
use snapbox::{Assert, IntoData, Redactions, str};

use crate::scene::{Scene, misbehave, program, spec, with};

crate::stories![
    a_spec_of_a_newer_version,
    an_unknown_key_names_the_nearest,
    problems_are_told_together,
    an_unknown_sidecar_names_the_nearest,
    a_missing_program_lists_every_path,
    a_program_that_is_not_on_path,
    a_changed_program,
    a_directory_that_is_gone,
    a_placeholder_that_cannot_be_known,
    a_nul_in_an_argument,
    #[cfg(unix)]
    no_permission_to_execute,
    ports_that_are_none,
    what_is_no_spec,
    a_token_that_cannot_be_sent,
    a_data_directory_that_cannot_be,
    what_this_build_cannot_ask,
];

/// Compares what an error prints, on the system whose words and paths it was written with.
fn compare(error: &Error, dir: &std::path::Path, expected: impl IntoData) {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let mut redactions = Redactions::new();
    redactions.insert("[DATA]", dir.canonicalize().unwrap()).unwrap();
    redactions.insert("[DATA]", dir.to_owned()).unwrap();
    redactions.insert("[PROGRAM]", program()).unwrap();
    let exe = std::env::current_exe().unwrap();
    let deps = exe.parent().unwrap();
    redactions.insert("[DEPS]", deps.to_owned()).unwrap();
    redactions.insert("[TARGET]", deps.parent().unwrap().to_owned()).unwrap();
    Assert::new().action_env("SNAPSHOTS").redact_with(redactions).eq(error.to_string(), expected);
}

/// What a spec is refused with.
fn refused(text: &str) -> (Error, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let built = Supervisor::from_json(text, dir.path()).and_then(sidecar_supervisor::Builder::build);
    (built.unwrap_err(), dir)
}

fn refused_run(run: Value) -> (Error, tempfile::TempDir) {
    refused(&spec(&[("it", run)]))
}

/// What a start fails with, without anything having run.
fn unstarted(run: Value) -> (Error, Scene) {
    let scene = Scene::one(with(run, json!({ "restart": "never" })));
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!((scene.it().state(), scene.it().status().pid), (State::Error, None));
    (error, scene)
}

fn a_spec_of_a_newer_version() {
    let (error, dir) = refused(r#"{ "spec": 2, "sidecars": { "it": { "run": { "teleport": true } } } }"#);
    assert_eq!(error.kind(), Kind::SpecTooNew);
    compare(
        &error,
        dir.path(),
        str![[r#"
the spec has version 2; this version reads up to 1
help: build the app with the version of the toolkit that wrote the spec
"#]],
    );
}

fn what_is_no_spec() {
    let (error, dir) = refused("{");
    assert_eq!(error.kind(), Kind::SpecInvalid);
    compare(
        &error,
        dir.path(),
        str!["the spec cannot be read: EOF while parsing an object at line 1 column 1"],
    );
}

fn an_unknown_key_names_the_nearest() {
    let (error, dir) = refused_run(json!({ "prot": "lease" }));
    assert_eq!(error.kind(), Kind::SpecInvalid);
    compare(
        &error,
        dir.path(),
        str![
            "the spec cannot be read: unknown key `sidecars.it.run.prot`; did you mean `port`? at line 1 column 32"
        ],
    );
}

fn problems_are_told_together() {
    let run = json!({ "port": "none", "args": ["{port}", "{token}"], "depends-on": ["other"] });
    let (error, dir) = refused_run(run);
    compare(
        &error,
        dir.path(),
        str![[r#"
the spec has 3 problems
  unknown-dependency     sidecar `it`: `depends-on` names `other`, and there is no such sidecar with a `run` table
  placeholder-not-known  sidecar `it`: `{port}` in `args[0]` cannot be known: the sidecar has no port
  token-exposed          sidecar `it`: `args[1]` would show the secret `{token}` to every program on the machine
"#]],
    );
    let (error, dir) = refused_run(json!({ "port": "none", "health": { "ready": "http:/" } }));
    compare(
        &error,
        dir.path(),
        str!["sidecar `it`: `health.ready` asks `http:/`, and the sidecar has no port"],
    );
    assert!(!dir.path().join("runtime").exists(), "nothing is made for a spec that is refused");
}

fn an_unknown_sidecar_names_the_nearest() {
    let scene = Scene::one(misbehave(&[]));
    compare(
        &scene.supervisor.sidecar("at").unwrap_err(),
        scene.dir.path(),
        str![[r#"
there is no sidecar `at`
help: did you mean `it`?
"#]],
    );
    compare(
        &scene.supervisor.sidecar("database").unwrap_err(),
        scene.dir.path(),
        str![[r#"
there is no sidecar `database`
  known  it
"#]],
    );
}

fn a_missing_program_lists_every_path() {
    let text = r#"{ "spec": 1, "sidecars": { "it": {
        "install": { "install-as": "acme-it", "binaries": "binaries" }, "run": {} } } }"#;
    let dir = tempfile::tempdir().unwrap();
    let builder = Supervisor::from_json(text, dir.path()).unwrap().source_dir(dir.path().join("src-tauri"));
    let supervisor = builder.build().unwrap();
    let error = supervisor.sidecar("it").unwrap().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::ProgramMissing);
    compare(
        &error,
        dir.path(),
        str![[r#"
the program of `it` is not there
  tried  [DEPS]/acme-it
  tried  [TARGET]/acme-it
  tried  [DATA]/src-tauri/binaries/acme-it-x86_64-unknown-linux-gnu
help: run `cargo sidecar sync`; in an installed app, its installation is damaged
"#]],
    );
}

fn a_program_that_is_not_on_path() {
    let (error, scene) = unstarted(json!({ "program": { "on-path": "no-such-program-at-all" } }));
    assert_eq!(error.kind(), Kind::ProgramMissing);
    assert_eq!(error.help_text(), Some("install `no-such-program-at-all`, or add its directory to PATH"));
    drop(scene);
    let (error, scene) = unstarted(json!({ "program": { "path": "tools/it" } }));
    compare(
        &error,
        &scene.dir.path().join("data"),
        str![[r#"
the program of `it` is not there
  tried  [DATA]/tools/it
"#]],
    );
}

fn a_changed_program() {
    let hash = "0".repeat(64);
    let (error, scene) = unstarted(with(misbehave(&[]), json!({ "sha256": hash })));
    assert_eq!(error.kind(), Kind::IntegrityFailure);
    compare(
        &error,
        scene.dir.path(),
        str![[r#"
the program of `it` was changed
  path      [PROGRAM]
  expected  0000000000000000000000000000000000000000000000000000000000000000
  found     [..]
help: install the app again; where a bundler signs the program, leave `sha256` out
"#]],
    );
}

fn a_directory_that_is_gone() {
    let (error, scene) = unstarted(with(misbehave(&[]), json!({ "cwd": "{data_dir}/gone" })));
    assert_eq!(error.kind(), Kind::DirectoryMissing);
    compare(
        &error,
        scene.dir.path(),
        str![[r#"
the working directory of `it` is not there
  path  [DATA]/data/gone
help: make it before the sidecar is started
"#]],
    );
}

fn a_placeholder_that_cannot_be_known() {
    let (error, scene) = unstarted(misbehave(&["--say", "{resource_dir}"]));
    assert_eq!(error.kind(), Kind::PlaceholderUnknown);
    compare(
        &error,
        scene.dir.path(),
        str![[r#"
`{resource_dir}` is not known
  sidecar  it
  key      args[1]
help: name the directory to `Builder::resource_dir`
"#]],
    );
}

fn a_nul_in_an_argument() {
    let (error, dir) = refused_run(misbehave(&["--say", "a\u{0}b"]));
    compare(
        &error,
        dir.path(),
        str!["sidecar `it`: `args[1]` holds a NUL character, which no program can be given"],
    );
    // One that only comes with a value.
    let run = with(misbehave(&["--say", "{mode}"]), json!({ "restart": "never" }));
    let scene = Scene::built(&[("it", run)], |builder, _| builder.mode("a\u{0}b"));
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::BadLaunch);
    compare(
        &error,
        scene.dir.path(),
        str![[r#"
`it` could not be started
  program  [PROGRAM]
  reason   `[PROGRAM]` has NUL in argument 2
"#]],
    );
}

#[cfg(unix)]
fn no_permission_to_execute() {
    use sidecar_supervisor::{ExitReason, Happened};

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("it");
    std::fs::write(&path, "#!/bin/sh\n").unwrap();
    let (error, scene) = unstarted(json!({ "program": { "path": path } }));
    assert_eq!(error.kind(), Kind::LaunchFailed);
    let exit = scene.until(|event| match &event.what {
        Happened::Exited { exit } => Some(exit.reason),
        _ => None,
    });
    assert_eq!(exit, ExitReason::LaunchFailed);
    compare(
        &error,
        dir.path(),
        str![[r#"
`it` could not be started: its program may not be executed
  program      [DATA]/it
  permissions  0644
help: `chmod +x [DATA]/it`
"#]],
    );
}

fn ports_that_are_none() {
    for port in [json!(0), json!(65536), json!(-1), json!("8080"), json!("free")] {
        let (error, _) = refused_run(json!({ "port": port }));
        assert_eq!(error.kind(), Kind::SpecInvalid);
        assert!(error.headline().contains("port"), "{error}");
    }
    let (error, dir) = refused_run(json!({ "port": 65536 }));
    compare(
        &error,
        dir.path(),
        str![[
            r#"the spec cannot be read: `sidecars.it.run.port` takes `"lease"`, `"none"`, a number from 1 to 65535, or a table of `announce`, `regex`, `json`, `file` or `listen-fd`; found `65536` at line 1 column 38"#
        ]],
    );
}

fn a_token_that_cannot_be_sent() {
    let dir = tempfile::tempdir().unwrap();
    let build = |name: &str, token: &str| {
        let builder = Supervisor::from_json(&spec(&[("it", misbehave(&[]))]), dir.path()).unwrap();
        builder.token(name, token).build().unwrap_err()
    };
    let error = build("it", "two words");
    assert_eq!(error.kind(), Kind::TokenInvalid);
    assert!(!error.to_string().contains("two words"));
    compare(
        &error,
        dir.path(),
        str![[r#"
the token of `it` cannot be sent
help: a token has visible ASCII characters only, and no spaces
"#]],
    );
    let error = build("it", "secret7");
    assert_eq!(error.kind(), Kind::TokenInvalid);
    compare(
        &error,
        dir.path(),
        str![[r#"
the token of `it` is too short to be hidden in logs
help: a token has 8 characters at least; without `Builder::token`, each launch has one of 64
"#]],
    );
    assert_eq!(build("at", "token").kind(), Kind::UnknownSidecar);
}

fn a_data_directory_that_cannot_be() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let builder = Supervisor::from_json(&spec(&[("it", misbehave(&[]))]), &file).unwrap();
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    compare(
        &error,
        dir.path(),
        str![[r#"
the directory of this run cannot be made
  system  Not a directory (os error 20)
  path    [DATA]/file/runtime/instances
"#]],
    );
}

fn what_this_build_cannot_ask() {
    let (error, dir) = refused_run(with(misbehave(&[]), json!({ "health": { "live": "grpc" } })));
    assert_eq!(error.kind(), Kind::Unsupported);
    compare(
        &error,
        dir.path(),
        str![[r#"
`health.live` of `it` asks `grpc`, which this build cannot
help: build sidecar-supervisor with the feature `grpc`
"#]],
    );
    let (error, _) = refused_run(with(misbehave(&[]), json!({ "stop": { "request": "grpc:a.B/Stop" } })));
    assert_eq!(error.kind(), Kind::Unsupported);
}
