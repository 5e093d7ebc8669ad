//! Sidecars that need each other.

use serde_json::{Value, json};
use sidecar_supervisor::{Happened, Kind, State};

use crate::scene::{Scene, misbehave, with};

crate::stories![
    a_stop_of_all_holds_against_a_start_of_all,
    what_is_needed_comes_first_and_goes_last,
    what_needs_one_that_fails_fails_with_it,
    a_restart_is_passed_on_where_it_is_wanted,
    values_of_others_are_put_in,
    who_has_no_run_table_is_not_started_with_the_others,
];

fn serving(more: Value) -> Value {
    with(misbehave(&["--bind", "127.0.0.1:{port}"]), more)
}

fn chain() -> Scene {
    Scene::of(&[
        ("db", serving(json!({ "restart": { "backoff": { "first": "10ms" } } }))),
        ("backend", serving(json!({ "depends-on": [{ "name": "db", "restart-with": true }] }))),
        ("web", serving(json!({ "depends-on": ["backend"] }))),
    ])
}

fn what_is_needed_comes_first_and_goes_last() {
    let scene = chain();
    scene.sidecar("web").start().wait().unwrap();
    let mut ready = Vec::new();
    while ready.len() < 3 {
        ready.push(scene.until(|event| {
            matches!(event.what, Happened::State { state: State::Running }).then(|| event.sidecar.clone())
        }));
    }
    assert_eq!(ready, ["db", "backend", "web"]);
    scene.sidecar("db").stop().wait().unwrap();
    let mut stopped = Vec::new();
    while stopped.len() < 3 {
        stopped.push(scene.until(|event| {
            matches!(event.what, Happened::State { state: State::Stopped }).then(|| event.sidecar.clone())
        }));
    }
    assert_eq!(stopped, ["web", "backend", "db"]);
}

fn what_needs_one_that_fails_fails_with_it() {
    let scene = Scene::of(&[
        ("db", with(misbehave(&["--exit", "1"]), json!({ "restart": "never" }))),
        ("web", serving(json!({ "depends-on": ["db"] }))),
    ]);
    let error = scene.sidecar("web").start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::DependencyFailed);
    assert!(
        error.headline().starts_with("`web` needs `db`, which does not run: `db` exited with code 1"),
        "{error}"
    );
    assert_eq!(scene.sidecar("web").status().run, 0);
}

fn a_restart_is_passed_on_where_it_is_wanted() {
    let scene = chain();
    scene.sidecar("web").start().wait().unwrap();
    let pid = |name: &str| scene.sidecar(name).status().pid;
    let [db, backend, web] = ["db", "backend", "web"].map(pid);
    let process = sidecar_keeper::ProcessId::of(db.unwrap()).unwrap();
    sidecar_keeper::kill_processes(&[process]).unwrap();
    scene.until(|event| {
        (event.sidecar == "backend" && event.run == 2)
            .then_some(())
            .filter(|()| matches!(event.what, Happened::State { state: State::Running }))
    });
    assert!(pid("db") != db && pid("backend") != backend);
    assert_eq!(pid("web"), web);
}

fn values_of_others_are_put_in() {
    let db = serving(json!({}));
    let web = with(
        misbehave(&["--print-env", "DATABASE", "--print-env", "MODE", "--exit-after", "600000"]),
        json!({ "port": "none", "depends-on": ["db"], "env": { "DATABASE": "{db.url}/?port={db.port}", "MODE": "{mode}" } }),
    );
    let scene = Scene::of(&[("db", db), ("web", web)]);
    scene.sidecar("web").start().wait().unwrap();
    let port = scene.sidecar("db").status().address.unwrap().port();
    crate::scene::eventually("both lines", || scene.sidecar("web").tail(5).len() == 2);
    let said = crate::scene::lines(&scene.sidecar("web"));
    let database = format!("env DATABASE=http://127.0.0.1:{port}/?port={port}");
    assert_eq!(said, [database, "env MODE=development".to_owned()]);
}

fn who_has_no_run_table_is_not_started_with_the_others() {
    let scene = Scene::of(&[("db", serving(json!({}))), ("tool", json!({}))]);
    scene.supervisor.start_all().wait().unwrap();
    let states = ["db", "tool"].map(|name| scene.sidecar(name).state());
    assert_eq!(states, [State::Running, State::Idle]);
    // It is not there, as whoever starts it by its name is told.
    assert_eq!(scene.sidecar("tool").start().wait().unwrap_err().kind(), Kind::ProgramMissing);
    scene.supervisor.stop_all().wait().unwrap();
    assert_eq!(scene.sidecar("db").state(), State::Stopped);
    let alone = Scene::of(&[("tool", json!({}))]);
    alone.supervisor.start_all().wait().unwrap();
}

fn a_stop_of_all_holds_against_a_start_of_all() {
    // The one that is needed comes first by its name, so that its stop may come before the other one's wish.
    let scene = Scene::of(&[("adb", serving(json!({}))), ("web", serving(json!({ "depends-on": ["adb"] })))]);
    for _ in 0..30 {
        let started = scene.supervisor.start_all();
        scene.supervisor.stop_all().wait().unwrap();
        let states: Vec<State> = scene.supervisor.sidecars().map(|it| it.state()).collect();
        assert!(states.iter().all(|state| state.is_down()), "{states:?}");
        drop(started);
    }
}
