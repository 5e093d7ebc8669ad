//! From the start of the app to its end.

use serde_json::{Value, json};
use tauri::Manager;
use tauri_plugin_sidecar::{Builder, SidecarExt, supervisor::State};

use crate::app::{Scene, context, copied, eventually, lives, server, this};

crate::stories![
    sidecars_start_with_the_app_and_a_page_waits_for_them,
    nothing_starts_where_it_is_to_be_started_by_hand,
    a_page_starts_restarts_and_stops,
    all_at_once,
    one_that_crashes_is_started_again,
    one_that_fails_says_why_to_whoever_waits,
    a_page_does_not_wait_longer_than_it_wants,
    a_page_writes_to_a_sidecar,
    an_update_stops_everything_until_it_is_given_up,
    what_is_sent_twice_is_written_once,
    nothing_is_left_when_the_app_has_ended,
    nothing_is_left_where_no_event_tells_of_the_end,
    a_page_that_closes_what_the_app_keeps_ends_no_sidecar,
    rust_code_holds_the_same_sidecars,
    a_spec_that_does_not_fit_keeps_the_app_from_starting,
];

fn state(status: &Value) -> &str {
    status["state"].as_str().unwrap()
}

fn sidecars_start_with_the_app_and_a_page_waits_for_them() {
    let scene = Scene::built(&[("web", server())], |builder| builder);
    let page = scene.window("main");
    let status = page.ask("ready", json!({ "name": "web" }));
    assert_eq!((state(&status), &status["run"]), ("running", &json!(1)));
    assert_eq!(status["url"], format!("http://{}", status["address"].as_str().unwrap()));
    assert_eq!(page.ask("list", json!({})), json!([status]));
    assert!(page.ask("usage", json!({ "name": "web" }))["processes"].as_u64().is_none_or(|count| count >= 1));
}

fn nothing_starts_where_it_is_to_be_started_by_hand() {
    let scene = Scene::of(&[("web", server())]);
    let page = scene.window("main");
    assert_eq!(state(&page.ask("status", json!({ "name": "web" }))), "idle");
    // Who waits hears at once that nobody starts it.
    assert_eq!(page.refused("ready", json!({ "name": "web" }))["code"], "not-running");
}

fn a_page_starts_restarts_and_stops() {
    let scene = Scene::of(&[("web", server())]);
    let page = scene.window("main");
    let name = || json!({ "name": "web" });
    let first = page.ask("start", name());
    assert_eq!(state(&first), "running");
    let second = page.ask("restart", name());
    assert_eq!((state(&second), &second["run"]), ("running", &json!(2)));
    assert!(!lives(first["pid"].as_u64().unwrap()));
    let stopped = page.ask("stop", name());
    assert_eq!((state(&stopped), &stopped["pid"], &stopped["url"]), ("stopped", &Value::Null, &Value::Null));
    assert!(!lives(second["pid"].as_u64().unwrap()));
}

fn all_at_once() {
    let scene = Scene::of(&[("a", server()), ("b", server())]);
    let page = scene.window("main");
    page.ask("start_all", json!({}));
    let list = page.ask("list", json!({}));
    assert!(list.as_array().unwrap().iter().all(|status| state(status) == "running"), "{list}");
    page.ask("stop_all", json!({}));
    let list = page.ask("list", json!({}));
    assert!(list.as_array().unwrap().iter().all(|status| state(status) == "stopped"), "{list}");
}

fn one_that_crashes_is_started_again() {
    let scene = Scene::of(&[("web", server())]);
    let page = scene.window("main");
    let first = page.ask("start", json!({ "name": "web" }));
    let mut stream = std::net::TcpStream::connect(first["address"].as_str().unwrap()).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /crash HTTP/1.1\r\n\r\n").unwrap();
    eventually("the second run", || {
        let status = page.ask("status", json!({ "name": "web" }));
        status["run"] == 2 && state(&status) == "running"
    });
    let again = page.ask("ready", json!({ "name": "web" }));
    assert_eq!(again["restarts"], 1);
}

fn one_that_fails_says_why_to_whoever_waits() {
    let missing = json!({ "program": { "path": "/nowhere/at-all" }, "port": "none" });
    let scene = Scene::of(&[("gone", missing)]);
    let page = scene.window("main");
    let error = page.refused("start", json!({ "name": "gone" }));
    assert_eq!(error["code"], "program-missing", "{error}");
    assert!(error["message"].is_string() && error["facts"].is_array() && error["log"].is_array(), "{error}");
    assert_eq!(page.refused("ready", json!({ "name": "gone" })), error);
    let status = page.ask("status", json!({ "name": "gone" }));
    assert_eq!((state(&status), &status["error"]), ("error", &error));
}

fn a_page_does_not_wait_longer_than_it_wants() {
    let mut deaf = this(&["count", "0"]);
    deaf["port"] = json!("lease");
    deaf["health"] = json!({ "ready": "tcp" });
    let mut failing = this(&["no such kind"]);
    failing["restart"] = json!({ "backoff": { "first": "10s", "max": "10s" } });
    let scene = Scene::built(&[("deaf", deaf), ("failing", failing)], |builder| builder);
    let page = scene.window("main");
    let error = page.refused("ready", json!({ "name": "deaf", "timeout": 50 }));
    assert_eq!((error["code"].as_str(), &error["facts"]), (Some("timeout"), &json!([["state", "starting"]])));
    // It says why it failed last.
    eventually("its failure", || state(&page.ask("status", json!({ "name": "failing" }))) == "restarting");
    let error = page.refused("ready", json!({ "name": "failing", "timeout": 50 }));
    assert_eq!(error["facts"][1][0], "last failure", "{error:#}");
    assert!(error["log"].to_string().contains("no such kind is no kind of sidecar"), "{error:#}");
}

fn a_page_writes_to_a_sidecar() {
    let scene = Scene::of(&[("echo", this(&["echo"]))]);
    let page = scene.window("main");
    page.ask("start", json!({ "name": "echo" }));
    let write = |bytes: &[u8]| page.send("write_stdin", bytes.to_vec().into(), &[("sidecar", "echo")]);
    write("grüße\n".as_bytes()).unwrap();
    // Webviews without a way for bytes send them as numbers.
    page.send("write_stdin", json!([111, 107, 10]).into(), &[("sidecar", "echo")]).unwrap();
    eventually("the echo", || {
        let lines = page.ask("tail", json!({ "name": "echo", "lines": 10 }));
        let texts: Vec<&str> =
            lines.as_array().unwrap().iter().map(|l| l["text"].as_str().unwrap()).collect();
        texts == ["heard grüße", "heard ok"]
    });
    let error = page.send("write_stdin", json!("text").into(), &[("sidecar", "echo")]).unwrap_err();
    assert_eq!(error["code"], "bad-input");
    let error = page.send("write_stdin", vec![1].into(), &[]).unwrap_err();
    assert_eq!(error["code"], "bad-input");
    // Its input ends, and so does it.
    page.ask("close_stdin", json!({ "name": "echo" }));
    eventually("its end", || state(&page.ask("status", json!({ "name": "echo" }))) == "stopped");
    assert_eq!(write(b"x").unwrap_err()["code"], "not-running");
}

fn what_is_sent_twice_is_written_once() {
    let scene = Scene::of(&[("echo", this(&["echo"]))]);
    let page = scene.window("main");
    page.ask("start", json!({ "name": "echo" }));
    for call in ["a", "a", "b"] {
        let headers = [("sidecar", "echo"), ("sidecar-call", call)];
        page.send("write_stdin", format!("{call}\n").into_bytes().into(), &headers).unwrap();
    }
    page.ask("close_stdin", json!({ "name": "echo" }));
    eventually("its end", || state(&page.ask("status", json!({ "name": "echo" }))) == "stopped");
    let lines = page.ask("tail", json!({ "name": "echo", "lines": 9 }));
    let texts: Vec<&str> = lines.as_array().unwrap().iter().map(|l| l["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["heard a", "heard b"]);
}

fn a_page_that_closes_what_the_app_keeps_ends_no_sidecar() {
    let scene = Scene::built(&[("web", server())], |builder| builder);
    let pid = scene.window("main").ask("ready", json!({ "name": "web" }))["pid"].as_u64().unwrap();
    // What `plugin:resources|close` does, with every number.
    let kept: Vec<u32> = scene.handle.resources_table().names().map(|(number, _)| number).collect();
    assert!(!kept.is_empty());
    for number in kept {
        scene.handle.resources_table().close(number).unwrap();
    }
    assert!(lives(pid));
    scene.supervisor().sidecar("web").unwrap().restart().wait().unwrap();
}

/// Where the main thread restarts the app, Tauri only lets go of what it keeps.
fn nothing_is_left_where_no_event_tells_of_the_end() {
    let scene = Scene::built(&[("web", server())], |builder| builder);
    let pid = scene.window("main").ask("ready", json!({ "name": "web" }))["pid"].as_u64().unwrap();
    scene.handle.cleanup_before_exit();
    assert!(!lives(pid));
    // Nothing starts it again on the way out.
    let error = scene.supervisor().sidecar("web").unwrap().start().wait().unwrap_err();
    assert_eq!(error.kind().code(), "updating");
}

fn an_update_stops_everything_until_it_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::of(&[("web", copied(server(), dir.path()))]);
    let page = scene.window("main");
    page.ask("start", json!({ "name": "web" }));
    page.ask("prepare_for_update", json!({}));
    assert_eq!(state(&page.ask("status", json!({ "name": "web" }))), "stopped");
    assert_eq!(page.refused("start", json!({ "name": "web" }))["code"], "updating");
    page.ask("resume", json!({}));
    page.ask("start", json!({ "name": "web" }));
}

fn nothing_is_left_when_the_app_has_ended() {
    let mut scene = Scene::built(&[("web", server()), ("echo", this(&["echo"]))], |builder| builder);
    let page = scene.window("main");
    let pids: Vec<u64> = ["web", "echo"]
        .map(|name| page.ask("ready", json!({ "name": name }))["pid"].as_u64().unwrap())
        .to_vec();
    assert!(pids.iter().all(|pid| lives(*pid)));
    scene.end(&page);
    assert!(!pids.iter().any(|pid| lives(*pid)));
    assert!(scene.supervisor().sidecars().all(|sidecar| sidecar.state() == State::Stopped));
}

fn rust_code_holds_the_same_sidecars() {
    let scene = Scene::of(&[("web", server())]);
    scene.handle.sidecar("web").unwrap().start().wait().unwrap();
    assert_eq!(state(&scene.window("viewer").ask("status", json!({ "name": "web" }))), "running");
    assert!(scene.handle.sidecar("wep").unwrap_err().to_string().contains("did you mean `web`?"));
}

fn a_spec_that_does_not_fit_keeps_the_app_from_starting() {
    let builder = Builder::from_json(r#"{"spec":1,"sidecars":{"a":{"run":{"depends-on":["b"]}}}}"#);
    let app = tauri::test::mock_builder().plugin(builder.data_dir(std::env::temp_dir()).build());
    let error = app.build(context()).unwrap_err().to_string();
    assert!(error.contains("sidecar") && error.contains("`b`"), "{error}");
}
