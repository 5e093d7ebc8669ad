//! What pages follow.

use serde_json::{Value, json};

use crate::app::{Page, Scene, this};

crate::stories![
    lines_come_in_batches_and_in_order,
    a_page_that_is_slow_is_told_how_much_it_missed,
    events_come_as_they_happen,
    a_stream_is_its_page_s_own,
    closing_ends_who_waits,
];

/// Takes entries until one holds, and returns all of them.
fn until(page: &Page, id: &Value, done: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut all = Vec::new();
    while !all.last().is_some_and(&done) {
        let next = page.ask("next", json!({ "id": id }));
        let next = next.as_array().unwrap_or_else(|| panic!("it ended after {all:?}"));
        assert!(!next.is_empty() && next.len() <= 256, "{} at once", next.len());
        all.extend(next.iter().cloned());
    }
    all
}

fn lines_come_in_batches_and_in_order() {
    let scene = Scene::of(&[("count", this(&["count", "1000"]))]);
    let page = scene.window("main");
    let id = page.ask("follow", json!({ "name": "count", "lines": 0 }));
    page.ask("start", json!({ "name": "count" }));
    let lines = until(&page, &id, |entry| entry["line"]["text"] == "line 1000");
    let texts: Vec<&str> = lines.iter().map(|entry| entry["line"]["text"].as_str().unwrap()).collect();
    let expected: Vec<String> = (1..=1000).map(|number| format!("line {number}")).collect();
    assert_eq!(texts, expected);
    // From the last lines on, and no further back.
    let id = page.ask("follow", json!({ "name": "count", "lines": 2 }));
    let last = until(&page, &id, |entry| entry["line"]["text"] == "line 1000");
    assert_eq!(last.len(), 2);
}

fn a_page_that_is_slow_is_told_how_much_it_missed() {
    let mut run = this(&["count", "20000"]);
    run["logs"] = json!({ "memory": "64KiB" });
    let scene = Scene::of(&[("slow", run)]);
    let page = scene.window("main");
    let id = page.ask("follow", json!({ "name": "slow", "lines": 0 }));
    page.ask("start", json!({ "name": "slow" }));
    crate::app::eventually("the last line", || {
        page.ask("tail", json!({ "name": "slow", "lines": 1 }))[0]["text"] == "line 20000"
    });
    let told = until(&page, &id, |entry| entry["line"]["text"] == "line 20000");
    let missed: u64 = told.iter().filter_map(|entry| entry["missed"].as_u64()).sum();
    let lines = told.iter().filter(|entry| entry["line"].is_object()).count() as u64;
    assert!(told[0]["missed"].is_u64() && missed > 0, "{:?}", told[0]);
    assert_eq!(missed + lines, 20_000);
}

fn events_come_as_they_happen() {
    let scene = Scene::of(&[("echo", this(&["echo"])), ("other", this(&["echo"]))]);
    let page = scene.window("main");
    let one = page.ask("events", json!({ "name": "echo" }));
    let all = page.ask("events", json!({ "name": null }));
    page.ask("start", json!({ "name": "other" }));
    page.ask("start", json!({ "name": "echo" }));
    page.ask("stop", json!({ "name": "echo" }));
    let told = until(&page, &one, |told| told["event"]["state"] == "stopped");
    assert!(told.iter().all(|told| told["event"]["sidecar"] == "echo"), "{told:?}");
    let states: Vec<&str> = told.iter().filter_map(|told| told["event"]["state"].as_str()).collect();
    assert_eq!(states, ["starting", "running", "stopping", "stopped"]);
    let kinds: Vec<&str> = told.iter().filter_map(|told| told["event"]["event"].as_str()).collect();
    assert!(kinds.contains(&"launched") && kinds.contains(&"exited"), "{kinds:?}");
    let told = until(&page, &all, |told| told["event"]["state"] == "stopped");
    assert!(told.iter().any(|told| told["event"]["sidecar"] == "other"));
}

fn a_stream_is_its_page_s_own() {
    let scene = Scene::of(&[("echo", this(&["echo"]))]);
    let (main, second) = (scene.window("main"), scene.window("second"));
    let id = main.ask("follow", json!({ "name": "echo", "lines": 0 }));
    // Another page neither reads nor closes it.
    assert_eq!(second.ask("next", json!({ "id": id })), Value::Null);
    second.ask("close", json!({ "id": id }));
    main.ask("start", json!({ "name": "echo" }));
    main.send("write_stdin", b"hello\n".to_vec().into(), &[("sidecar", "echo")]).unwrap();
    let lines = until(&main, &id, |_| true);
    assert_eq!(lines[0]["line"]["text"], "heard hello");
}

fn closing_ends_who_waits() {
    let scene = Scene::of(&[("echo", this(&["echo"]))]);
    let page = scene.window("main");
    let id = page.ask("events", json!({ "name": null }));
    let waits = {
        let (page, id) = (page.clone(), id.clone());
        std::thread::spawn(move || page.ask("next", json!({ "id": id })))
    };
    page.ask("close", json!({ "id": id }));
    assert_eq!(waits.join().unwrap(), Value::Null);
    // It is gone, and closing it again is no harm.
    page.ask("close", json!({ "id": id }));
    assert_eq!(page.ask("next", json!({ "id": id })), Value::Null);
}
