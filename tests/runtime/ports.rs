//! Ports: held, announced, inherited, fixed; and the proof that they are the sidecar's own.

use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};
use sidecar_supervisor::{Happened, Kind, State};

use crate::scene::{Scene, lines, misbehave, with};

crate::stories![
    a_lease_is_free_and_its_own,
    many_at_once_get_ports_of_their_own,
    a_port_is_announced_anywhere,
    the_first_valid_announcement_counts,
    a_port_is_read_from_a_file,
    #[cfg(unix)]
    a_socket_is_inherited,
    #[cfg(unix)]
    clients_of_an_inherited_socket_wait_through_a_restart,
    a_fixed_port_that_is_taken_names_its_owner,
    ipv6_where_the_spec_says_so,
    on_all_addresses_it_never_becomes_ready,
    on_all_addresses_with_another_port_it_never_becomes_ready,
    one_that_may_be_reached_from_elsewhere_says_so,
    one_that_listens_elsewhere_is_told_where,
    an_announced_port_of_somebody_else_never_becomes_ready,
    one_that_never_announces_says_so,
    an_announcement_on_all_addresses_is_refused,
    a_check_waits_for_a_good_answer,
    another_nonce_is_not_ready,
    the_right_nonce_is,
];

fn bound(port: &str) -> Value {
    misbehave(&["--bind", &format!("127.0.0.1:{port}"), "--http"])
}

fn address(scene: &Scene) -> SocketAddr {
    scene.it().status().address.unwrap()
}

fn a_lease_is_free_and_its_own() {
    let scene = Scene::one(bound("{port}"));
    scene.it().start().wait().unwrap();
    let address = address(&scene);
    assert_eq!(address.ip().to_string(), "127.0.0.1");
    TcpStream::connect(address).unwrap();
    scene.it().stop().wait().unwrap();
    // Stopped means that the port is free, too.
    TcpListener::bind(address).unwrap();
}

fn many_at_once_get_ports_of_their_own() {
    let names: Vec<String> = (0..16).map(|n| format!("s{n}")).collect();
    let sidecars: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), bound("{port}"))).collect();
    let scene = Scene::of(&sidecars);
    scene.supervisor.start_all().wait().unwrap();
    let mut ports: Vec<u16> =
        scene.supervisor.sidecars().map(|it| it.status().address.unwrap().port()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 16);
    assert!(scene.supervisor.sidecars().all(|it| it.status().run == 1));
}

/// A sidecar that chooses its port.
fn announcing(flags: &[&str], port: Value) -> Value {
    let flags = [&["--bind", "127.0.0.1:0"], flags].concat();
    with(misbehave(&flags), json!({ "port": port }))
}

fn a_port_is_announced_anywhere() {
    let prefix = json!({ "announce": "BACKEND_PORT:{port}" });
    for (flags, port) in [
        (vec!["--announce", "BACKEND_PORT:{port}"], prefix.clone()),
        (vec!["--announce", "[info] BACKEND_PORT:{port} (pid 1)", "--announce-on", "stderr"], prefix.clone()),
        (vec!["--announce", "BACKEND_PORT:{port}", "--announce-bytes"], prefix.clone()),
        (vec!["--announce", "BACKEND_PORT:{port}", "--announce-after", "200"], prefix),
        (
            vec!["--announce", "listening at {host}:{port}"],
            json!({ "regex": "at (?<host>[0-9.]+):(?<port>[0-9]+)" }),
        ),
        (
            vec!["--announce", r#"{"msg":"Waiting for connections","attr":{"port":{port}}}"#],
            json!({ "json": "/attr/port" }),
        ),
    ] {
        let flags: Vec<String> = flags.iter().map(|flag| escape(flag)).collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let scene = Scene::one(with(announcing(&flags, port), json!({ "restart": "never" })));
        let started = scene.it().start().wait();
        assert!(started.is_ok(), "{flags:?}: {started:?} {:?}", lines(&scene.it()));
        TcpStream::connect(address(&scene)).unwrap();
    }
}

/// The placeholders are the misbehaving sidecar's here, not the supervisor's.
fn escape(flag: &str) -> String {
    flag.replace('{', "{{").replace('}', "}}")
}

fn the_first_valid_announcement_counts() {
    let flags: Vec<String> = [
        "--announce",
        "PORT:65536",
        "--announce",
        "PORT:0",
        "--announce",
        "PORT:{port}",
        "--announce",
        "PORT:9",
    ]
    .iter()
    .map(|flag| escape(flag))
    .collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let scene = Scene::one(announcing(&flags, json!({ "announce": "PORT:{port}" })));
    scene.it().start().wait().unwrap();
    TcpStream::connect(address(&scene)).unwrap();
    let again = scene.until(|event| match event.what {
        Happened::PortAgain { port } => Some(port),
        _ => None,
    });
    assert_eq!(again, 9);
}

fn a_port_is_read_from_a_file() {
    let flags = ["--announce-file", "{instance_dir}/port.json", "--announce", r#"{{"port":{{port}}}}"#];
    let place = json!({ "file": "{instance_dir}/port.json", "json": "/port" });
    let scene = Scene::one(announcing(&flags, place));
    scene.it().start().wait().unwrap();
    let first = address(&scene);
    TcpStream::connect(first).unwrap();
    // The file of the run before says nothing about the next one.
    scene.it().restart().wait().unwrap();
    assert_ne!(address(&scene), first);
    TcpStream::connect(address(&scene)).unwrap();
}

#[cfg(unix)]
fn a_socket_is_inherited() {
    let run = with(misbehave(&["--listen-fds", "--http"]), json!({ "port": { "listen-fd": true } }));
    let scene = Scene::one(with(run, json!({ "health": { "ready": "http:/health" } })));
    scene.it().start().wait().unwrap();
    TcpStream::connect(address(&scene)).unwrap();
}

#[cfg(unix)]
fn clients_of_an_inherited_socket_wait_through_a_restart() {
    use std::io::{Read, Write};
    let run = with(misbehave(&["--listen-fds", "--http"]), json!({ "port": { "listen-fd": true } }));
    let scene = Scene::one(with(run, json!({ "health": { "ready": "http:/health" } })));
    scene.it().start().wait().unwrap();
    let before = address(&scene);
    scene.it().stop().wait().unwrap();
    let mut client = TcpStream::connect(before).unwrap();
    client.set_read_timeout(Some(crate::scene::PATIENCE)).unwrap();
    client.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    scene.it().start().wait().unwrap();
    assert_eq!(address(&scene), before);
    let mut answer = [0; 12];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

fn a_fixed_port_that_is_taken_names_its_owner() {
    let somebody = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = somebody.local_addr().unwrap().port();
    let fixed = with(bound("{port}"), json!({ "port": port, "restart": "never" }));
    let scene = Scene::one(fixed);
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::PortTaken);
    let owner = error.facts().find(|(key, _)| *key == "owner").unwrap().1.to_owned();
    assert!(owner.starts_with("runtime-") && owner.contains(&std::process::id().to_string()), "{owner}");
    drop(somebody);
    scene.it().start().wait().unwrap();
    assert_eq!(address(&scene).port(), port);
}

fn ipv6_where_the_spec_says_so() {
    let scene = Scene::one(with(misbehave(&["--bind", "[::1]:{port}", "--http"]), json!({ "host": "::1" })));
    scene.it().start().wait().unwrap();
    assert_eq!(scene.it().url(), Some(format!("http://[::1]:{}", address(&scene).port())));
}

fn on_all_addresses_it_never_becomes_ready() {
    for (bind, host) in [("0.0.0.0:{port}", "127.0.0.1"), ("[::]:{port}", "::1")] {
        let scene = Scene::one(with(misbehave(&["--bind", bind, "--http"]), json!({ "host": host })));
        let error = scene.it().start().wait().unwrap_err();
        assert_eq!(error.kind(), Kind::NotLoopback, "{error}");
        assert!(!scene.states("it").contains(&State::Running));
        assert_eq!(scene.it().status().run, 1, "another run would bring the same");
    }
}

fn on_all_addresses_with_another_port_it_never_becomes_ready() {
    let flags = ["--bind", "127.0.0.1:{port}", "--http", "--bind-also"];
    let run = |also: &'static str| misbehave(&[&flags[..], &[also]].concat());
    let error = Scene::one(run("0.0.0.0:0")).it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::NotLoopback, "{error}");
    // Another one on loopback is its own business; so is everything of one without a port.
    Scene::one(run("127.0.0.1:0")).it().start().wait().unwrap();
    let portless = with(misbehave(&["--bind-also", "0.0.0.0:0"]), json!({ "port": "none" }));
    Scene::one(portless).it().start().wait().unwrap();
}

fn one_that_may_be_reached_from_elsewhere_says_so() {
    let other = misbehave(&["--bind", "127.0.0.1:{port}", "--http", "--bind-also", "0.0.0.0:0"]);
    Scene::one(with(other, json!({ "expose": "other-ports" }))).it().start().wait().unwrap();
    let all = || misbehave(&["--bind", "0.0.0.0:{port}", "--http"]);
    let scene = Scene::one(with(all(), json!({ "expose": "all", "health": { "ready": "http:/health" } })));
    scene.it().start().wait().unwrap();
    assert!(address(&scene).ip().is_loopback());
    // Other ports are not this one, and the error says what would allow it.
    let error = Scene::one(with(all(), json!({ "expose": "other-ports" }))).it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::NotLoopback, "{error}");
    assert!(error.help_text().unwrap().contains("`expose = \"all\"`"), "{error}");
    let announces = misbehave(&["--bind", "0.0.0.0:0", "--announce", "at {{host}}:{{port}}"]);
    let run = with(announces, json!({ "port": { "announce": "at {host}:{port}" } }));
    let scene = Scene::one(with(run, json!({ "expose": "all" })));
    scene.it().start().wait().unwrap();
    assert!(address(&scene).ip().is_loopback());
}

fn one_that_listens_elsewhere_is_told_where() {
    let flags = ["--bind", "127.0.0.1:0", "--http", "--say", "port option ignored"];
    let run = with(misbehave(&flags), json!({ "restart": "never", "health": { "ready-within": "1s" } }));
    let error = Scene::one(run).it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::NotReady, "{error}");
    assert_eq!(error.log_tail(), ["port option ignored"]);
    let at = error.facts().filter(|(key, _)| *key == "listens on").map(|(_, value)| value.to_owned());
    let [at] = <[String; 1]>::try_from(at.collect::<Vec<_>>()).unwrap();
    assert!(at.starts_with("127.0.0.1:"), "{error}");
    // Where it should be, nothing is told of that.
    let flags = ["--bind", "127.0.0.1:{port}", "--http", "--status", "503", "--say", "no database"];
    let health = json!({ "ready": "http:/health", "ready-within": "1s" });
    let run = with(misbehave(&flags), json!({ "restart": "never", "health": health }));
    let error = Scene::one(run).it().start().wait().unwrap_err();
    assert_eq!(error.log_tail(), ["no database"]);
    assert!(error.facts().all(|(key, _)| key != "listens on"), "{error}");
}

fn an_announced_port_of_somebody_else_never_becomes_ready() {
    let somebody = TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("PORT:{}", somebody.local_addr().unwrap().port());
    let run = announcing(&["--announce", &line], json!({ "announce": "PORT:{port}" }));
    let scene = Scene::one(with(run, json!({ "restart": "never" })));
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::ForeignListener, "{error}");
    assert!(error.facts().any(|(key, value)| key == "owner" && value.starts_with("runtime-")), "{error}");
    assert!(!scene.states("it").contains(&State::Running));
}

fn one_that_never_announces_says_so() {
    let run = announcing(&["--announce", "PORT:65536"], json!({ "announce": "PORT:{port}" }));
    let health = json!({ "restart": "never", "health": { "ready-within": "500ms" } });
    let scene = Scene::one(with(run, health));
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::AnnouncementInvalid, "{error}");
    assert!(error.to_string().contains("announced `65536`, which is no port"), "{error}");
}

fn an_announcement_on_all_addresses_is_refused() {
    let run = announcing(&["--announce", "at 0.0.0.0:9"], json!({ "announce": "at {host}:{port}" }));
    let error = Scene::one(run).it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::NotLoopback, "{error}");
}

fn a_check_waits_for_a_good_answer() {
    let run = with(
        misbehave(&["--bind", "127.0.0.1:{port}", "--http", "--status", "503"]),
        json!({ "restart": "never", "health": { "ready": "http:/health", "ready-within": "700ms" } }),
    );
    let error = Scene::one(run).it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::NotReady, "{error}");
    assert!(error.to_string().contains("GET /health answered 503"), "{error}");
    let line = with(
        misbehave(&["--bind", "127.0.0.1:{port}", "--say", "warming up", "--say", "ready to serve"]),
        json!({ "health": { "ready": "line:ready to" } }),
    );
    let scene = Scene::one(line);
    scene.it().start().wait().unwrap();
    assert_eq!(lines(&scene.it()), ["warming up", "ready to serve"]);
}

fn nonce(flags: &[&str]) -> Value {
    let flags = [&["--bind", "127.0.0.1:{port}", "--http"], flags].concat();
    let health = json!({ "ready": "http:/health", "ready-within": "2s" });
    with(misbehave(&flags), json!({ "identity": "nonce", "restart": "never", "health": health }))
}

fn another_nonce_is_not_ready() {
    let scene = Scene::one(nonce(&["--wrong-nonce"]));
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::ForeignAnswer, "{error}");
    assert!(error.to_string().contains("another `X-Sidecar-Nonce`"), "{error}");
}

fn the_right_nonce_is() {
    Scene::one(nonce(&[])).it().start().wait().unwrap();
}
