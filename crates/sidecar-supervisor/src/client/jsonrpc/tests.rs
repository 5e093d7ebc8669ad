use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::super::tests::{peer, serve, serve_on, soon};
use super::*;

/// Answers each call with this, where `ID` stands for its id.
fn answering(answer: &str) -> SocketAddr {
    let answer = answer.to_owned();
    serve(move |mut stream| {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        let call: Value = serde_json::from_str(&line).unwrap();
        let _ = stream.write_all(answer.replace("ID", &call["id"].to_string()).as_bytes());
        // It stays open: the answer alone must do.
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

fn told(address: SocketAddr) -> (Reason, String) {
    let failure = call(&peer(address), "ping", soon()).unwrap_err();
    (failure.reason(), failure.to_string())
}

#[test]
fn a_call_is_one_line() {
    let mut calls = Calls::default();
    let (_, line) = calls.call("system.ping");
    assert_eq!(line, "{\"id\":\"sidecar-supervisor-1\",\"jsonrpc\":\"2.0\",\"method\":\"system.ping\"}\n");
    let (_, line) = calls.call("a\"\n");
    assert_eq!((line.matches('\n').count(), line.ends_with('\n')), (1, true));
}

#[test]
fn answers_come_in_any_order_and_among_output() {
    let mut calls = Calls::default();
    let [(a, _), (b, _), (c, _)] = ["a", "b", "c"].map(|method| calls.call(method));
    let id = |Id(number): Id| format!("\"id\":\"sidecar-supervisor-{number}\"");
    for line in [
        "",
        "ready",
        "sidecar-supervisor-1",
        "{\"id\":1,\"result\":true}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"log\",\"params\":[\"sidecar-supervisor-1\"]}",
        "{\"id\":\"sidecar-supervisor-1\",\"method\":\"x\"}",
        "{\"id\":\"sidecar-supervisor-4\",\"result\":1}",
        "{\"id\":\"sidecar-supervisor-x\",\"result\":1}",
        "{\"id\":\"sidecar-supervisor-1\",\"result\":",
        "[{\"id\":\"sidecar-supervisor-1\",\"result\":1}]",
    ] {
        assert_eq!(calls.line(line), Taken::Output, "{line}");
    }
    let failure = Failure::new(Reason::CallError, "`c` answered error -32601: Method not found");
    let line = format!("{{{},\"error\":{{\"code\":-32601,\"message\":\"Method not found\"}}}}", id(c));
    assert_eq!(calls.line(&line), Taken::Answer(c, Err(failure)));
    assert_eq!(calls.line(&format!(" {{{},\"result\":null}}\r", id(a))), Taken::Answer(a, Ok(())));
    assert_eq!(calls.line(&format!("{{{},\"result\":1}}", id(a))), Taken::Late);
    calls.give_up(b);
    assert_eq!(calls.line(&format!("{{{},\"result\":1}}", id(b))), Taken::Late);
}

#[test]
fn an_answer_says_one_of_both() {
    for (rest, expected) in [
        ("\"result\":{}", Ok(())),
        ("\"result\":1,\"error\":null", Ok(())),
        ("\"x\":1", Err("the answer to `m` has no result and no error")),
        ("\"error\":null", Err("the answer to `m` has no result and no error")),
        ("\"error\":{\"code\":5}", Err("`m` answered error 5")),
        ("\"error\":\"no\\n\"", Err("`m` answered an error: \"no\\n\"")),
        ("\"result\":1,\"error\":{\"code\":5}", Err("`m` answered error 5")),
    ] {
        let mut calls = Calls::default();
        calls.call("m");
        let Taken::Answer(_, answer) = calls.line(&format!("{{\"id\":\"sidecar-supervisor-1\",{rest}}}"))
        else {
            panic!("{rest}")
        };
        assert_eq!(answer.map_err(|failure| failure.to_string()), expected.map_err(str::to_owned), "{rest}");
    }
}

#[test]
fn an_answer_on_the_port_is_found_however_it_is_written() {
    for answer in [
        "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":\"pong\"}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":\"pong\"}",
        "{\n  \"id\": ID,\n  \"result\": null\n}\r\n",
        "{\"method\":\"log\"}\n{\"id\":7,\"error\":{\"code\":1}}\n{\"id\":ID,\"result\":{}}{\"more\":",
    ] {
        call(&peer(answering(answer)), "ping", soon())
            .unwrap_or_else(|failure| panic!("{answer}: {failure}"));
    }
    let address = serve_on("::1", |mut stream| {
        stream.write_all(b"{\"id\":\"sidecar-supervisor-1\",\"result\":1}").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    call(&peer(address), "ping", soon()).unwrap();
}

#[test]
fn an_answer_in_pieces_is_put_together() {
    let address = serve(|mut stream| {
        for byte in b"{\"a\":{}}\n{\"id\":\"sidecar-supervisor-1\",\"result\":{\"a\":{}}}" {
            stream.write_all(&[*byte]).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
        let _ = stream.read_to_end(&mut Vec::new());
    });
    call(&peer(address), "ping", soon()).unwrap();
}

#[test]
fn what_is_no_good_answer_is_told_at_once() {
    for (answer, reason, text) in [
        (
            "{\"id\":ID,\"error\":{\"code\":1,\"message\":\"no\"}}",
            Reason::CallError,
            "`ping` answered error 1: no",
        ),
        (
            "{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"Parse error\"}}",
            Reason::CallError,
            "`ping` answered error -32700: Parse error",
        ),
        ("+PONG\r\n", Reason::Protocol, "the answer is no JSON-RPC: `+PONG`"),
        ("{nonsense}", Reason::Protocol, "the answer is no JSON-RPC: `{nonsense}`"),
        (
            "HTTP/1.1 400 Bad Request\r\n\r\n",
            Reason::Protocol,
            "the answer is HTTP: JSON-RPC is asked for in lines, without HTTP around it",
        ),
        (
            "Content-Length: 20\r\n\r\n{\"id\":ID,\"result\":1}",
            Reason::Protocol,
            "the answer is framed with `Content-Length`: JSON-RPC is asked for in lines",
        ),
    ] {
        assert_eq!(told(answering(answer)), (reason, text.to_owned()));
    }
}

#[test]
fn a_huge_answer_is_not_read_to_its_end() {
    let address = serve(|mut stream| {
        let _ = stream.write_all(b"{\"id\":\"sidecar-supervisor-1\",\"result\":\"");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let text = "more than 1048576 bytes, and no answer to `ping` among them";
    assert_eq!(told(address), (Reason::Protocol, text.to_owned()));
    let address = serve(|mut stream| while stream.write_all(b"{\"method\":\"log\"}\n").is_ok() {});
    assert_eq!(told(address).0, Reason::Protocol);
}

#[test]
fn silence_and_a_closed_connection_are_told() {
    assert_eq!(told(serve(drop)).0, Reason::Closed);
    let address = serve(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let deadline = Instant::now() + Duration::from_millis(200);
    let failure = call(&peer(address), "ping", deadline).unwrap_err();
    assert_eq!(failure.to_string(), "no answer within 200ms");
}

proptest! {
    #[test]
    fn no_line_panics(line in r#"(\{|\}|\[|\]|"|:|,|id|"sidecar-supervisor-[0-9]{1,25}"|"result"|"error"|\PC){0,30}"#) {
        let mut calls = Calls::default();
        calls.call("m");
        calls.line(&line);
        let mut bytes = line.into_bytes();
        answer_in(&mut bytes, &mut calls, "m");
    }
}
