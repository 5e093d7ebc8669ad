//! Small servers, good and hostile, and what [`ask`] and [`request`] make of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;

/// Long enough that no busy machine misses it.
pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// Handles connections one after the other, on a free port of this host.
pub(super) fn serve_on(host: &str, mut with: impl FnMut(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(16).flatten() {
            with(stream);
        }
    });
    address
}

pub(super) fn serve(with: impl FnMut(TcpStream) + Send + 'static) -> SocketAddr {
    serve_on("127.0.0.1", with)
}

/// Reads one request, sends the answer, and tells the request.
pub(super) fn answering(answer: impl Into<Vec<u8>>) -> (SocketAddr, mpsc::Receiver<String>) {
    let answer = answer.into();
    let (tell, told) = mpsc::channel();
    let address = serve(move |mut stream| {
        let _ = tell.send(request_head(&mut stream));
        let _ = stream.write_all(&answer);
    });
    (address, told)
}

pub(super) fn request_head(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

pub(super) fn peer(address: SocketAddr) -> Peer {
    Peer { address, token: None, nonce: None, over: Cancel::default() }
}

fn check(text: &str) -> Check {
    text.parse().unwrap()
}

fn told(result: Result<(), Failure>) -> (Reason, String) {
    let failure = result.unwrap_err();
    (failure.reason(), failure.to_string())
}

#[test]
fn only_2xx_is_well() {
    for (status, expected) in [(200, None), (204, None), (299, None), (302, Some(302)), (503, Some(503))] {
        let (address, _requests) = answering(format!("HTTP/1.1 {status} X\r\n\r\n"));
        let answer = ask(&check("http:/health"), &peer(address), soon());
        match expected {
            None => answer.unwrap(),
            Some(status) => {
                assert_eq!(told(answer), (Reason::Status, format!("GET /health answered {status}")));
            }
        }
    }
}

#[test]
fn a_good_answer_needs_the_nonce_where_there_is_one() {
    let nonce = Some(Secret::new("n1"));
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\nx-sidecar-NONCE:  n1 \r\n\r\n", None),
        ("HTTP/1.1 200 OK\r\n\r\n", Some(Reason::Foreign)),
        ("HTTP/1.1 200 OK\r\nX-Sidecar-Nonce: n2\r\n\r\n", Some(Reason::Foreign)),
        ("HTTP/1.1 200 OK\r\nX-Sidecar-Nonce: n1\r\nX-Sidecar-Nonce: n2\r\n\r\n", Some(Reason::Foreign)),
        ("HTTP/1.1 200 OK\r\nX-Sidecar-Nonce: n11\r\n\r\n", Some(Reason::Foreign)),
        ("HTTP/1.1 503 X\r\nX-Sidecar-Nonce: n2\r\n\r\n", Some(Reason::Foreign)),
        ("HTTP/1.1 503 X\r\n\r\n", Some(Reason::Status)),
    ] {
        let (address, _requests) = answering(answer);
        let peer = Peer { nonce: nonce.clone(), ..peer(address) };
        let reason = ask(&check("http:/"), &peer, soon()).err().map(|failure| failure.reason());
        assert_eq!(reason, expected, "{answer}");
    }
}

#[test]
fn tcp_is_well_where_somebody_accepts() {
    let address = serve(drop);
    ask(&check("tcp"), &peer(address), soon()).unwrap();
}

#[test]
fn what_is_not_asked_on_a_port_is_told() {
    let peer = peer(serve(drop));
    let answer = ask(&check("process"), &peer, soon());
    assert_eq!(
        told(answer),
        (Reason::Unsupported, "`process` is nothing that this build asks on a port".into())
    );
    let answer = request(&"close-stdin".parse().unwrap(), &peer, soon());
    assert_eq!(
        told(answer),
        (Reason::Unsupported, "`close-stdin` is nothing that this build asks on a port".into())
    );
}

#[cfg(not(feature = "grpc"))]
#[test]
fn a_build_without_grpc_says_so() {
    let peer = peer(serve(drop));
    const { assert!(!GRPC) };
    for answer in [
        ask(&check("grpc"), &peer, soon()),
        request(&"grpc:acme.Backend/Stop".parse().unwrap(), &peer, soon()),
    ] {
        assert_eq!(told(answer).0, Reason::Unsupported);
    }
}

#[test]
fn a_stop_is_posted_and_may_end_the_answer() {
    let stop: StopRequest = "http:/shutdown".parse().unwrap();
    let (address, requests) = answering("HTTP/1.1 202 Accepted\r\n\r\n");
    request(&stop, &peer(address), soon()).unwrap();
    let posted = requests.recv().unwrap();
    assert!(posted.starts_with("POST /shutdown HTTP/1.1\r\n"), "{posted}");
    assert!(posted.contains("\r\nContent-Length: 0\r\n"), "{posted}");

    let (address, _requests) = answering("");
    request(&stop, &peer(address), soon()).unwrap();
    let (address, _requests) = answering("HTTP/1.1 404 X\r\n\r\n");
    let answer = request(&stop, &peer(address), soon());
    assert_eq!(told(answer), (Reason::Status, "POST /shutdown answered 404".into()));
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(told(request(&stop, &peer(gone), soon())).0, Reason::Refused);
}

#[test]
fn json_rpc_is_asked_and_told_on_the_port() {
    let ok = "{\"id\":\"sidecar-supervisor-1\",\"result\":1}\n";
    let error = "{\"id\":\"sidecar-supervisor-1\",\"error\":{\"code\":7}}\n";
    let answering = |answer: &'static str| {
        peer(serve(move |mut stream| {
            let mut call = String::new();
            BufReader::new(&stream).read_line(&mut call).unwrap();
            let _ = stream.write_all(answer.as_bytes());
        }))
    };
    let stop: StopRequest = "jsonrpc:shutdown".parse().unwrap();
    ask(&check("jsonrpc:ping"), &answering(ok), soon()).unwrap();
    request(&stop, &answering(ok), soon()).unwrap();
    let failure = ask(&check("jsonrpc:ping"), &answering(error), soon());
    assert_eq!(told(failure), (Reason::CallError, "`ping` answered error 7".into()));
    assert_eq!(told(request(&stop, &answering(error), soon())).0, Reason::CallError);
    // One that stops at once answers nothing.
    request(&stop, &answering(""), soon()).unwrap();
}

#[test]
fn secrets_are_shown_by_nobody() {
    let secret = Some(Secret::new("s3cret"));
    let peer = Peer { token: secret.clone(), nonce: secret, ..peer(([127, 0, 0, 1], 1).into()) };
    assert!(!format!("{peer:?}").contains("s3cret"));
    let refused = Peer { token: Some(Secret::new("s3cret\r\n")), ..peer };
    let failure = ask(&check("http:/"), &refused, soon()).unwrap_err();
    assert_eq!(failure.reason(), Reason::BadRequest);
    assert!(!format!("{failure:?} {failure}").contains("s3cret"));
}

#[test]
fn a_request_ends_with_the_run() {
    // Nobody accepts, and the socket stays open, as one that the app hands over does.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = peer(listener.local_addr().unwrap());
    let over = peer.over.clone();
    let asking = std::thread::spawn(move || {
        let late = Instant::now() + Duration::from_secs(3600);
        let http = request(&"http:/shutdown".parse().unwrap(), &peer, late);
        (http, request(&"jsonrpc:shutdown".parse().unwrap(), &peer, late))
    });
    std::thread::sleep(Duration::from_millis(20));
    over.cancel();
    assert_eq!(asking.join().unwrap(), (Ok(()), Ok(())));
}
