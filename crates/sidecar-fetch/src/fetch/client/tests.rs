use super::super::testserver::{Reply, Server, cut, raw, redirect, reply};
use super::*;

fn client() -> Client {
    let limits = Limits { connect: Duration::from_secs(20), stall: Duration::from_secs(20) };
    Client::new(Pace { limits, sleep: Box::new(|_| ()) })
}

fn get(url: &str, limit: u64) -> Get<'_> {
    Get { url, accept: "application/json", bearer: Some("SECRET"), limit }
}

#[test]
fn every_status_is_an_answer_with_headers_and_body() {
    for head in ["200 OK", "404 Not Found", "403 Forbidden", "304 Not Modified"] {
        let body: &[u8] = if head.starts_with("304") { b"" } else { b"{}" };
        let server = Server::start(vec![reply(&format!("{head}\nX-Twice: a\nX-Twice: b"), body)]);
        let answer = client().get(get(&server.url("/x"), 100)).unwrap();
        assert_eq!(answer.status.to_string(), head[..3]);
        assert_eq!((answer.header("x-twice"), &*answer.body), (Some("a, b"), body));
        let request = &server.requests()[0];
        assert!(request.contains("accept: application/json\r\n"), "{request}");
        assert!(request.contains("authorization: bearer secret\r\n"), "{request}");
    }
}

#[test]
fn failures_of_the_server_are_tried_again_and_then_are_the_answer() {
    let failed = || reply("502 Bad Gateway", b"x");
    let server = Server::start(vec![failed(), reply("200 OK", b"{}")]);
    assert_eq!(client().get(get(&server.url("/x"), 100)).unwrap().status, 200);
    let server = Server::start(vec![failed(); 5]);
    assert_eq!(client().get(get(&server.url("/x"), 100)).unwrap().status, 502);
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn a_transport_failure_after_a_refusal_is_an_error() {
    let mut script = vec![reply("502 Bad Gateway", b"x")];
    script.extend(vec![Reply::Raw(Vec::new()); 4]);
    let server = Server::start(script);
    let error = client().get(get(&server.url("/x"), 100)).unwrap_err();
    assert_eq!(error.kind(), Kind::Connection);
}

#[test]
fn a_long_wait_is_for_the_caller_to_explain() {
    let server = Server::start(vec![reply("429 Too Many Requests\nretry-after: 3600", b"")]);
    let answer = client().get(get(&server.url("/x"), 100)).unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("3600")));
}

#[test]
fn an_answer_beyond_the_limit_is_refused() {
    for answer in [cut("200 OK", b"", 101), raw("200 OK", &[b'x'; 101])] {
        let server = Server::start(vec![answer]);
        let error = client().get(get(&server.url("/x?secret"), 100)).unwrap_err();
        assert_eq!(error.kind(), Kind::TooLong);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn a_relative_redirect_is_followed() {
    let server = Server::start(vec![redirect("../y?z=1"), reply("200 OK", b"{}")]);
    assert_eq!(client().get(get(&server.url("/a/b/c"), 100)).unwrap().status, 200);
    assert!(server.requests()[1].starts_with("get /a/y?z=1 "), "{:?}", server.requests());
}

#[test]
fn a_refused_handshake_is_a_connection_error_without_retries() {
    // a TLS record: alert, fatal, handshake_failure
    let server = Server::start(vec![Reply::Stall(vec![0x15, 3, 3, 0, 2, 2, 40])]);
    let url = server.url("/x").replace("http:", "https:");
    let error = client().get(get(&url, 100)).unwrap_err();
    assert_eq!(error.kind(), Kind::Connection);
    assert!(
        error.headline().contains("no secure connection") && !error.to_string().contains("tries"),
        "{error}"
    );
}

#[test]
fn works_on_a_thread_of_another_runtime() {
    let server = Server::start(vec![reply("200 OK", b"{}")]);
    let (client, url) = (client(), server.url("/x"));
    let runtime = Builder::new_current_thread().build().unwrap();
    let status = runtime.block_on(async {
        let answer = client.get(get(&url, 100)).unwrap();
        drop(client);
        answer.status
    });
    assert_eq!(status, 200);
}

#[test]
fn a_connection_that_breaks_in_the_handshake_is_tried_again() {
    let server = Server::start(vec![Reply::Raw(Vec::new()); 5]);
    let error = client().get(get(&server.url("/x").replace("http:", "https:"), 100)).unwrap_err();
    assert_eq!(error.kind(), Kind::Connection);
    assert!(error.to_string().ends_with("tries  5"), "{error}");
}

#[test]
fn silence_in_the_handshake_is_a_connect_timeout() {
    let server = Server::start(vec![Reply::Stall(Vec::new()); 5]);
    let limits = Limits { connect: Duration::from_millis(50), stall: Duration::from_secs(60) };
    let client = Client::new(Pace { limits, sleep: Box::new(|_| ()) });
    let error = client.get(get(&server.url("/x").replace("http:", "https:"), 100)).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    assert!(error.to_string().ends_with("cause  no connection within 0.05 s\n  tries  5"), "{error}");
}

#[test]
fn a_connection_is_used_again() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let server = Server::start(vec![Reply::KeepAlive(vec![answer.to_vec(), answer.to_vec()])]);
    let client = client();
    for _ in 0..2 {
        assert_eq!(client.get(get(&server.url("/x"), 100)).unwrap().status, 200);
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_replaced() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let server = Server::start(vec![Reply::Raw(answer.to_vec()); 3]);
    let client = client();
    for _ in 0..3 {
        assert_eq!(client.get(get(&server.url("/x"), 100)).unwrap().status, 200);
    }
}
