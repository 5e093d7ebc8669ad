use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use super::super::tests::{answering, peer, request_head, serve, serve_on, soon};
use super::*;
use crate::secret::Secret;

fn shortly() -> Instant {
    Instant::now() + Duration::from_millis(300)
}

fn reason(result: Result<Answer, Failure>) -> Reason {
    result.unwrap_err().reason()
}

#[test]
fn the_request_is_complete() {
    let (address, requests) = answering("HTTP/1.1 200 OK\r\n\r\n");
    let peer = Peer { token: Some(Secret::new("t0ken")), ..peer(address) };
    get(&peer, "/health?full=1", soon()).unwrap();
    let expected = format!(
        "GET /health?full=1 HTTP/1.1\r\nHost: {address}\r\nUser-Agent: sidecar-supervisor/{}\r\nAccept: */*\r\n\
         Connection: close\r\nAuthorization: Bearer t0ken\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(requests.recv().unwrap(), expected);
}

#[test]
fn ipv6_stands_in_brackets() {
    let (tell, told) = mpsc::channel();
    let address = serve_on("::1", move |mut stream| {
        let _ = tell.send(request_head(&mut stream));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    });
    assert_eq!(get(&peer(address), "/", soon()).unwrap().status, 200);
    let host = format!("\r\nHost: [::1]:{}\r\n", address.port());
    assert!(told.recv().unwrap().contains(&host));
}

#[test]
fn nothing_gets_into_the_request_that_is_no_path() {
    let peer = peer(serve(drop));
    for path in ["", "health", "/a b", "/\r\nX: y", "/ü", "/\0"] {
        assert_eq!(reason(get(&peer, path, soon())), Reason::BadRequest, "{path:?}");
    }
}

#[test]
fn answers_of_all_kinds_are_read() {
    for (answer, status) in [
        ("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nok", 200),
        ("HTTP/1.1 200\r\n\r\n", 200),
        ("HTTP/1.1 200 OK\nServer: old\n\n", 200),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 200),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 200),
        ("HTTP/1.1 404 N\u{f6}\r\n\r\n", 404),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 X\r\n\r\n",
            204,
        ),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 101),
    ] {
        let (address, _requests) = answering(answer);
        assert_eq!(get(&peer(address), "/", soon()).unwrap().status, status, "{answer}");
    }
}

#[test]
fn the_body_does_not_matter_but_is_taken() {
    // A server that sees its connection reset logs that; so it must see an end.
    let (tell, told) = mpsc::channel();
    let address = serve(move |mut stream| {
        request_head(&mut stream);
        let body = "x".repeat(20_000);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let sent = stream.write_all(format!("{head}{body}").as_bytes());
        let _ = tell.send((sent.is_ok(), stream.read(&mut [0]).map_err(|e| e.kind())));
    });
    assert_eq!(get(&peer(address), "/", soon()).unwrap().status, 200);
    assert_eq!(told.recv().unwrap(), (true, Ok(0)));
}

#[test]
fn an_endless_body_ends_nothing() {
    for pause in [Duration::ZERO, Duration::from_millis(30)] {
        let address = serve(move |mut stream| {
            request_head(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while stream.write_all(b"1\r\nx\r\n").is_ok() {
                thread::sleep(pause);
            }
        });
        assert_eq!(get(&peer(address), "/", soon()).unwrap().status, 200);
    }
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    let visits = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&visits);
    let other = serve(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
    });
    let (address, _requests) = answering(format!("HTTP/1.1 302 Found\r\nLocation: http://{other}/\r\n\r\n"));
    let peer = Peer { token: Some(Secret::new("t0ken")), ..peer(address) };
    assert_eq!(get(&peer, "/", soon()).unwrap().status, 302);
    // One connection at a time: had there been another one before this, it would have been counted.
    TcpStream::connect(other).unwrap().read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(visits.load(Ordering::SeqCst), 1);
}

#[test]
fn a_peer_that_never_answers_is_left_at_the_deadline() {
    let address = serve(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let failure = get(&peer(address), "/", shortly()).unwrap_err();
    assert_eq!(failure.to_string(), "no answer within 300ms");
    assert_eq!(failure.reason(), Reason::TimedOut);
}

#[test]
fn a_slow_drip_is_left_at_the_deadline() {
    for text in ["HTTP/1.1 200 OK\r\n", "X-A: b\r\n"] {
        let address = serve(move |mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            for byte in text.bytes().cycle() {
                if stream.write_all(&[byte]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        let begin = Instant::now();
        assert_eq!(reason(get(&peer(address), "/", shortly())), Reason::TimedOut);
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn endless_headers_are_not_read_to_their_end() {
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let (tell, told) = mpsc::channel();
    let address = serve(move |mut stream| {
        let line = [b'a'; 1024];
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        while count.load(Ordering::SeqCst) < 1 << 30 && stream.write_all(&line).is_ok() {
            count.fetch_add(1024, Ordering::SeqCst);
        }
        let _ = tell.send(());
    });
    let failure = get(&peer(address), "/", soon()).unwrap_err();
    assert_eq!(failure.to_string(), "the head of the answer has more than 65536 bytes");
    told.recv().unwrap();
    // What the system buffers on top.
    assert!(sent.load(Ordering::SeqCst) < 64 << 20);
}

#[test]
fn what_is_no_http_is_told_at_once() {
    for (answer, told) in [
        (&b"SSH-2.0-OpenSSH_9\r\n"[..], "the answer is no HTTP: `SSH-2.0-OpenSSH_9`"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "it answers with TLS: plain HTTP is asked for"),
        (b"HTTP/1.1 abc\r\n\r\n", "the answer is no HTTP: invalid response status"),
        (b"HTTP/3 200 OK\r\n\r\n", "the answer is no HTTP: invalid HTTP version"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "the answer is no HTTP: invalid header name"),
        (b"\0\xff\x1b[2J", "the answer is no HTTP: `\u{fffd}\u{fffd}\u{fffd}[2J`"),
    ] {
        let answer = answer.to_vec();
        // It stays open: the answer alone must tell.
        let address = serve(move |mut stream| {
            let _ = stream.write_all(&answer);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let failure = get(&peer(address), "/", soon()).unwrap_err();
        assert_eq!((failure.reason(), failure.to_string().as_str()), (Reason::Protocol, told));
    }
    let (address, _requests) =
        answering(format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(HEADERS + 1)));
    let failure = get(&peer(address), "/", soon()).unwrap_err();
    assert_eq!(failure.to_string(), "the answer is no HTTP: it has more than 128 header lines");
}

#[test]
fn a_connection_that_is_closed_is_told() {
    assert_eq!(reason(get(&peer(serve(drop)), "/", soon())), Reason::Closed);
    let (address, _requests) = answering("HTTP/1.1 200 OK\r\nServer: x");
    let failure = get(&peer(address), "/", soon()).unwrap_err();
    assert_eq!(failure.to_string(), "the connection was closed within the answer");
}

#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, "http://127.0.0.1:1");
    }
    let test = "client::http::tests::the_request_is_complete";
    let output = command.args(["--exact", test]).env_remove("NO_PROXY").output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 passed"));
}
