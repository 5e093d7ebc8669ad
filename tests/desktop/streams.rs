//! What pages follow.

use serde_json::{Value, json};

use crate::app::{Scene, Stream, eventually, this};

crate::stories![
    lines_come_in_batches_and_in_order,
    a_page_that_is_slow_is_told_how_much_it_missed,
    events_come_as_they_happen,
    nothing_is_sent_that_the_page_does_not_ask_for,
    a_page_that_comes_late_hears_what_was,
    a_stream_is_its_page_s_own,
    what_is_closed_sends_nothing,
];

/// Takes entries until one holds, and returns all of them.
fn until(stream: &mut Stream, done: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut all = Vec::new();
    while !all.last().is_some_and(&done) {
        let next = stream.next();
        let next = next.as_array().unwrap_or_else(|| panic!("it ended after {all:?}"));
        assert!(!next.is_empty() && next.len() <= 256, "{} at once", next.len());
        all.extend(next.iter().cloned());
    }
    all
}

fn lines_come_in_batches_and_in_order() {
    let scene = Scene::of(&[("count", this(&["count", "1000"]))]);
    let page = scene.window("main");
    let mut stream = page.open("follow", json!({ "name": "count", "lines": 0 }));
    page.ask("start", json!({ "name": "count" }));
    let lines = until(&mut stream, |entry| entry["line"]["text"] == "line 1000");
    let texts: Vec<&str> = lines.iter().map(|entry| entry["line"]["text"].as_str().unwrap()).collect();
    let expected: Vec<String> = (1..=1000).map(|number| format!("line {number}")).collect();
    assert_eq!(texts, expected);
    // From the last lines on, and no further back.
    let mut stream = page.open("follow", json!({ "name": "count", "lines": 2 }));
    let last = until(&mut stream, |entry| entry["line"]["text"] == "line 1000");
    assert_eq!(last.len(), 2);
}

fn a_page_that_is_slow_is_told_how_much_it_missed() {
    let mut run = this(&["count", "20000"]);
    run["logs"] = json!({ "memory": "64KiB" });
    let scene = Scene::of(&[("slow", run)]);
    let page = scene.window("main");
    let mut stream = page.open("follow", json!({ "name": "slow", "lines": 0 }));
    page.ask("start", json!({ "name": "slow" }));
    eventually("the last line", || {
        page.ask("tail", json!({ "name": "slow", "lines": 1 }))[0]["text"] == "line 20000"
    });
    let told = until(&mut stream, |entry| entry["line"]["text"] == "line 20000");
    let missed: u64 = told.iter().filter_map(|entry| entry["missed"].as_u64()).sum();
    let lines = told.iter().filter(|entry| entry["line"].is_object()).count() as u64;
    assert!(missed > 0);
    assert_eq!(missed + lines, 20_000);
}

fn events_come_as_they_happen() {
    let scene = Scene::of(&[("echo", this(&["echo"])), ("other", this(&["echo"]))]);
    let page = scene.window("main");
    let mut one = page.open("events", json!({ "name": "echo" }));
    let mut all = page.open("events", json!({}));
    page.ask("start", json!({ "name": "other" }));
    page.ask("start", json!({ "name": "echo" }));
    page.ask("stop", json!({ "name": "echo" }));
    let told = until(&mut one, |told| told["event"]["state"] == "stopped");
    assert!(told.iter().all(|told| told["event"]["sidecar"] == "echo"), "{told:?}");
    let states: Vec<&str> = told.iter().filter_map(|told| told["event"]["state"].as_str()).collect();
    assert_eq!(states, ["starting", "running", "stopping", "stopped"]);
    let kinds: Vec<&str> = told.iter().filter_map(|told| told["event"]["event"].as_str()).collect();
    assert!(kinds.contains(&"launched") && kinds.contains(&"exited"), "{kinds:?}");
    let told = until(&mut all, |told| told["event"]["state"] == "stopped");
    assert!(told.iter().any(|told| told["event"]["sidecar"] == "other"));
}

fn nothing_is_sent_that_the_page_does_not_ask_for() {
    let scene = Scene::of(&[("echo", this(&["echo"]))]);
    let page = scene.window("main");
    let mut stream = page.open("events", json!({}));
    page.ask("start", json!({ "name": "echo" }));
    stream.next();
    page.ask("stop", json!({ "name": "echo" }));
    page.ask("start", json!({ "name": "echo" }));
    assert_eq!(stream.sent(), 1);
    let rest = until(&mut stream, |told| told["event"]["state"] == "running" && told["event"]["run"] == 2);
    assert!(rest.len() > 3, "{rest:?}");
}

fn a_page_that_comes_late_hears_what_was() {
    let scene = Scene::of(&[("echo", this(&["echo"])), ("hidden", this(&["echo"]))]);
    let page = scene.window("main");
    page.ask("start", json!({ "name": "hidden" }));
    page.ask("start", json!({ "name": "echo" }));
    page.ask("stop", json!({ "name": "hidden" }));
    let mut stream = page.open("events", json!({ "name": "echo", "tail": 2 }));
    let past = stream.next();
    let kinds: Vec<&str> =
        past.as_array().unwrap().iter().map(|t| t["event"]["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["launched", "state"], "{past}");
    page.ask("stop", json!({ "name": "echo" }));
    assert_eq!(stream.next()[0]["event"]["state"], "stopping");
    // Of what is denied nothing is told, then as now.
    let mut all = scene.window("scoped").open("events", json!({ "tail": 1000 }));
    let past = all.next();
    assert!(past.as_array().unwrap().iter().all(|told| told["event"]["sidecar"] == "echo"), "{past}");
}

fn a_stream_is_its_page_s_own() {
    let scene = Scene::of(&[("echo", this(&["echo"]))]);
    let (main, second) = (scene.window("main"), scene.window("second"));
    let mut stream = main.open("follow", json!({ "name": "echo", "lines": 0 }));
    main.ask("start", json!({ "name": "echo" }));
    let write = |text: &str| {
        main.send("write_stdin", text.as_bytes().to_vec().into(), &[("sidecar", "echo")]).unwrap();
    };
    write("one\n");
    assert_eq!(stream.next()[0]["line"]["text"], "heard one");
    // Another page neither asks for more nor closes it.
    second.ask("next", json!({ "id": stream.id }));
    second.ask("close", json!({ "id": stream.id }));
    write("two\n");
    eventually("the second line", || {
        main.ask("tail", json!({ "name": "echo", "lines": 9 })).as_array().unwrap().len() == 2
    });
    assert_eq!(stream.sent(), 1);
    assert_eq!(stream.next()[0]["line"]["text"], "heard two");
}

fn what_is_closed_sends_nothing() {
    let scene = Scene::of(&[("echo", this(&["echo"]))]);
    let page = scene.window("main");
    let (stream, mut other) = (page.open("events", json!({})), page.open("events", json!({})));
    page.ask("close", json!({ "id": stream.id }));
    page.ask("start", json!({ "name": "echo" }));
    until(&mut other, |told| told["event"]["state"] == "running");
    assert_eq!(stream.sent(), 0);
    // Twice is once, and asking it for more is no harm.
    page.ask("close", json!({ "id": stream.id }));
    page.ask("next", json!({ "id": stream.id }));
}
