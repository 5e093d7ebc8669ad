//! What a window may do, as its capability says.

use serde_json::{Value, json};

use crate::app::{Scene, server, this};

crate::stories![
    a_window_without_a_capability_may_do_nothing,
    one_that_may_look_may_do_nothing_else,
    a_scope_names_sidecars,
    what_is_denied_is_not_seen,
    what_is_denied_is_told_by_nobody,
    whoever_may_not_name_all_may_not_command_all,
    a_token_needs_its_own_permission,
    an_unknown_name_is_told_with_the_nearest,
];

/// The codes of Tauri's own refusals are texts.
fn refused_by_tauri(error: &Value) -> bool {
    error.as_str().is_some_and(|text| text.contains("not allowed"))
}

fn a_window_without_a_capability_may_do_nothing() {
    let scene = Scene::of(&[("web", server())]);
    let page = scene.window("stranger");
    for (command, arguments) in
        [("list", json!({})), ("status", json!({ "name": "web" })), ("stop_all", json!({}))]
    {
        let error = page.refused(command, arguments);
        assert!(refused_by_tauri(&error), "{error}");
    }
}

fn one_that_may_look_may_do_nothing_else() {
    let scene = Scene::of(&[("web", server())]);
    let page = scene.window("viewer");
    page.ask("list", json!({}));
    page.open("events", json!({}));
    let name = || json!({ "name": "web" });
    for command in ["start", "stop", "restart", "token", "close_stdin"] {
        assert!(refused_by_tauri(&page.refused(command, name())), "{command}");
    }
    for command in ["start_all", "stop_all", "prepare_for_update", "resume"] {
        assert!(refused_by_tauri(&page.refused(command, json!({}))), "{command}");
    }
    for command in ["tail", "follow"] {
        let arguments = json!({ "name": "web", "lines": 1, "channel": "__CHANNEL__:0" });
        assert!(refused_by_tauri(&page.refused(command, arguments)), "{command}");
    }
}

fn a_scope_names_sidecars() {
    let scene = Scene::of(&[("echo", this(&["echo"])), ("web", server())]);
    let page = scene.window("scoped");
    page.ask("start", json!({ "name": "echo" }));
    let error = page.refused("start", json!({ "name": "web" }));
    assert_eq!((&error["code"], &error["facts"]), (&json!("not-allowed"), &json!([["allowed", "echo"]])));
    assert!(error["help"].as_str().unwrap().contains("`allow`"));
    // Whether there is one of that name is not told.
    assert_eq!(page.refused("start", json!({ "name": "nobody" }))["code"], "not-allowed");
    page.ask("stop", json!({ "name": "echo" }));
}

fn what_is_denied_is_not_seen() {
    let scene = Scene::of(&[("echo", this(&["echo"])), ("hidden", this(&["echo"]))]);
    let page = scene.window("scoped");
    let list = page.ask("list", json!({}));
    let names: Vec<&Value> = list.as_array().unwrap().iter().map(|status| &status["name"]).collect();
    assert_eq!(names, ["echo"]);
    assert_eq!(page.refused("status", json!({ "name": "hidden" }))["code"], "not-allowed");
    let error = page.refused("events", json!({ "name": "hidden", "channel": "__CHANNEL__:0" }));
    assert_eq!(error["code"], "not-allowed");
    // Nor in the events of all.
    let mut stream = page.open("events", json!({}));
    scene.supervisor().sidecar("hidden").unwrap().start().wait().unwrap();
    scene.supervisor().sidecar("echo").unwrap().start().wait().unwrap();
    let told = stream.next();
    let about: Vec<&Value> = told.as_array().unwrap().iter().map(|told| &told["event"]["sidecar"]).collect();
    assert!(!about.is_empty() && about.iter().all(|name| *name == "echo"), "{told}");
}

fn what_is_denied_is_told_by_nobody() {
    let mut echo = this(&["echo"]);
    echo["depends-on"] = json!(["hidden"]);
    let mut hidden = this(&["the secret of hidden"]);
    hidden["restart"] = json!("never");
    hidden["health"] = json!({ "ready": "line:up" });
    let scene = Scene::of(&[("echo", echo), ("hidden", hidden)]);
    let page = scene.window("scoped");
    let mut events = page.open("events", json!({}));
    let error = page.refused("start", json!({ "name": "echo" }));
    assert_eq!(error["code"], "dependency-failed");
    let status = page.ask("status", json!({ "name": "echo" }));
    let told = events.next();
    for text in [&error, &status, &told, &page.refused("status", json!({ "name": "hiden" }))] {
        assert!(!text.to_string().contains("hidden"), "{text:#}");
    }
    // Who may see all is told all.
    let error = scene.window("main").refused("start", json!({ "name": "echo" }));
    assert!(error.to_string().contains("the secret of hidden"), "{error:#}");
}

fn whoever_may_not_name_all_may_not_command_all() {
    let scene = Scene::of(&[("echo", this(&["echo"])), ("web", server())]);
    let page = scene.window("scoped");
    for command in ["start_all", "stop_all"] {
        assert_eq!(page.refused(command, json!({}))["code"], "not-allowed");
    }
    assert!(scene.supervisor().sidecars().all(|sidecar| sidecar.state().is_down()));
}

fn a_token_needs_its_own_permission() {
    let mut secret = this(&["echo"]);
    secret["token"] = json!({ "env": "API_TOKEN" });
    let scene = Scene::built(&[("api", secret)], |builder| builder.token("api", "open-sesame"));
    let page = scene.window("main");
    page.ask("ready", json!({ "name": "api" }));
    assert_eq!(page.ask("token", json!({ "name": "api" })), "open-sesame");
    assert!(refused_by_tauri(&scene.window("viewer").refused("token", json!({ "name": "api" }))));
    page.ask("stop", json!({ "name": "api" }));
    assert_eq!(page.ask("token", json!({ "name": "api" })), Value::Null);
}

fn an_unknown_name_is_told_with_the_nearest() {
    let scene = Scene::of(&[("pocketbase", server())]);
    let error = scene.window("main").refused("status", json!({ "name": "pocketbas" }));
    assert_eq!(
        (&error["code"], &error["help"]),
        (&json!("unknown-sidecar"), &json!("did you mean `pocketbase`?"))
    );
}
