//! What sidecars say and are told: output, input, a program run once.

use serde_json::json;
use sidecar_supervisor::{Entry, ExitReason, Kind, Stream};

use crate::scene::{PATIENCE, Scene, eventually, lines, misbehave, with};

crate::stories![
    both_streams_are_kept_and_written,
    what_is_not_text_is_kept_readable,
    a_follower_that_lags_is_told_so,
    input_is_written_and_ended,
    without_input_nothing_is_written,
    input_that_has_ended_is_not_input_that_is_missing,
    a_program_is_run_once,
    #[cfg(unix)]
    a_program_that_does_not_end_is_killed,
    more_output_than_is_kept_is_cut,
    a_program_that_is_run_once_leaves_the_sidecar_alone,
];

fn portless(flags: &[&str]) -> serde_json::Value {
    with(misbehave(flags), json!({ "port": "none" }))
}

fn both_streams_are_kept_and_written() {
    let scene = Scene::one(portless(&["--say", "one", "--say-on-stderr", "two", "--exit-after", "600000"]));
    let mut follower = scene.it().follow(0);
    scene.it().start().wait().unwrap();
    let mut said = Vec::new();
    while said.len() < 2 {
        match follower.wait(PATIENCE) {
            Some(Entry::Line(line)) => said.push((line.stream, line.text)),
            other => panic!("{other:?}"),
        }
    }
    said.sort_by_key(|(stream, _)| *stream == Stream::Stderr);
    assert_eq!(said, [(Stream::Stdout, "one".to_owned()), (Stream::Stderr, "two".to_owned())]);
    let log = scene.dir.path().join("data/logs/it.log");
    eventually("the log file", || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.contains("one") && text.contains("two")
    });
}

fn what_is_not_text_is_kept_readable() {
    let scene = Scene::one(portless(&["--binary", "--exit-after", "600000"]));
    scene.it().start().wait().unwrap();
    eventually("a line with a sign for what is no text", || {
        lines(&scene.it()).iter().any(|line| line.contains('\u{fffd}'))
    });
}

fn a_follower_that_lags_is_told_so() {
    let run = portless(&["--flood", "2000000", "--exit-after", "600000"]);
    let scene = Scene::one(with(run, json!({ "logs": { "memory": "64KiB", "line": "1KiB" } })));
    let mut follower = scene.it().follow(0);
    scene.it().start().wait().unwrap();
    eventually("its last line", || scene.it().tail(1).last().is_some_and(|line| line.seq == 24_999));
    let Some(Entry::Missed(missed)) = follower.wait(PATIENCE) else { panic!("nothing was missed") };
    assert!(missed > 10_000, "{missed}");
    let Some(Entry::Line(line)) = follower.wait(PATIENCE) else { panic!("no line") };
    assert!(line.seq >= missed);
}

fn input_is_written_and_ended() {
    let scene = Scene::one(with(portless(&["--echo-stdin"]), json!({ "stdin": "pipe" })));
    scene.it().start().wait().unwrap();
    scene.it().write_stdin("first\n").wait().unwrap();
    scene.it().write_stdin(*b"second\xff\n").wait().unwrap();
    eventually("the echo", || lines(&scene.it()).len() == 2);
    assert_eq!(lines(&scene.it()), ["first", "second\u{fffd}"]);
    scene.it().close_stdin().wait().unwrap();
    // It ends with its input, which is a success.
    scene.until_state("it", sidecar_supervisor::State::Stopped);
    assert_eq!(scene.it().write_stdin("late").wait().unwrap_err().kind(), Kind::NotRunning);
}

fn without_input_nothing_is_written() {
    let scene = Scene::one(portless(&["--exit-after", "600000"]));
    assert_eq!(scene.it().write_stdin("early").wait().unwrap_err().kind(), Kind::NotRunning);
    scene.it().start().wait().unwrap();
    assert_eq!(scene.it().write_stdin("text").wait().unwrap_err().kind(), Kind::StdinClosed);
    assert_eq!(scene.it().close_stdin().wait().unwrap_err().kind(), Kind::StdinClosed);
}

fn input_that_has_ended_is_not_input_that_is_missing() {
    let without = portless(&["--exit-after", "600000"]);
    let scene = Scene::of(&[("piped", with(without.clone(), json!({ "stdin": "pipe" }))), ("it", without)]);
    scene.supervisor.start_all().wait().unwrap();
    let error = scene.it().write_stdin("text").wait().unwrap_err();
    assert_eq!(error.headline(), "`it` has no input");
    assert_eq!(error.help_text(), Some("write `stdin = \"pipe\"` into its `run` table"));
    let piped = scene.sidecar("piped");
    piped.close_stdin().wait().unwrap();
    for error in [piped.write_stdin("text").wait().unwrap_err(), piped.close_stdin().wait().unwrap_err()] {
        assert_eq!(error.kind(), Kind::StdinClosed);
        assert_eq!(error.headline(), "the input of `piped` has ended");
    }
}

fn a_program_is_run_once() {
    let scene = Scene::one(misbehave(&["--bind", "127.0.0.1:{port}"]));
    let captured = scene.it().output(["--echo-stdin"], "text", PATIENCE).wait().unwrap();
    assert_eq!((captured.stdout.as_slice(), captured.exit.reason), (&b"text"[..], ExitReason::Clean));
    let flags = ["--say", "a", "--say-on-stderr", "b", "--exit", "5"];
    let captured = scene.it().output(flags, "", PATIENCE).wait().unwrap();
    assert_eq!((captured.stdout.as_slice(), captured.stderr.as_slice()), (&b"a\n"[..], &b"b\n"[..]));
    assert_eq!((captured.exit.code, captured.cut), (Some(5), false));
    // It is the program, and not the sidecar.
    assert_eq!(scene.it().status().run, 0);
}

#[cfg(unix)]
fn a_program_that_does_not_end_is_killed() {
    let scene = Scene::one(portless(&[]));
    let flags = ["--ignore-term", "--setsid", "2", "--say-on-stderr", "waiting", "--exit-after", "600000"];
    let error = scene.it().output(flags, "", std::time::Duration::from_millis(500)).wait().unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    assert_eq!(error.log_tail(), ["waiting"]);
}

fn more_output_than_is_kept_is_cut() {
    let scene = Scene::one(portless(&[]));
    let captured = scene.it().output(["--flood", "20000000", "--exit", "0"], "", PATIENCE).wait().unwrap();
    assert_eq!((captured.stdout.len(), captured.cut), (16 << 20, true));
}

fn a_program_that_is_run_once_leaves_the_sidecar_alone() {
    let run = with(
        misbehave(&["--bind", "127.0.0.1:{port}", "--http", "--token-file", "{instance_dir}/token"]),
        json!({
            "env": { "PORT": "{port}", "MODE": "{mode}" },
            "token": { "file": "{instance_dir}/token" },
            "health": { "ready": "http:/health" }
        }),
    );
    let scene = Scene::one(run);
    scene.it().start().wait().unwrap();
    let flags = ["--print-env", "PORT", "--print-env", "MODE", "--exit", "0"];
    let captured = scene.it().output(flags, "", PATIENCE).wait().unwrap();
    assert_eq!(String::from_utf8_lossy(&captured.stdout), "env PORT is not set\nenv MODE=development\n");
    let token = scene.it().token().unwrap();
    let instances = scene.dir.path().join("data/runtime/instances");
    let mut files = std::fs::read_dir(instances).unwrap().map(|entry| entry.unwrap().path().join("token"));
    let file = files.find(|path| path.exists()).unwrap();
    assert_eq!(std::fs::read_to_string(file).unwrap(), token);
}
