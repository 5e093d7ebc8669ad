//! What the server does wrong on demand.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::{ASSET, BYTES, Client, REPO, api, get, object, server};
use crate::{Fault, Match, Times};

#[test]
fn a_fault_happens_as_often_as_asked_and_to_what_it_matches() {
    let server = server();
    let url = object(&server);
    server.clear_requests();
    server.fault(Match::asset(ASSET), Fault::status_with(503, "retry-after", "7"), 2);
    let mut client = Client::of(&server);
    assert_eq!(client.get(&server.download_url(REPO, "v1.2.3", ASSET), &[]).status, 302);
    let refused = client.get(&url, &[]);
    assert_eq!((refused.status, refused.header("retry-after")), (503, "7"));
    assert_eq!(client.get(&url, &[]).status, 503);
    assert_eq!(client.get(&url, &[]).status, 200);
    let statuses: Vec<u16> = server.requests().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [302, 503, 503, 200]);

    server.fault(Match::any(), Fault::status(500), Times::Always);
    assert_eq!((client.get(&url, &[]).status, api(&server, REPO).status), (500, 500));
    server.clear_faults();
    server.fault(Match::download(ASSET), Fault::status(404), 1);
    server.fault(Match::api("/releases"), Fault::status(502), 1);
    assert_eq!((client.get(&url, &[]).status, api(&server, REPO).status), (200, 200));
    assert_eq!(api(&server, "acme/tool/releases").status, 502);
    assert_eq!(get(&server, &server.download_url(REPO, "v1.2.3", ASSET), &[]).status, 404);
}

#[test]
fn a_used_up_quota_tells_when_it_ends() {
    let server = server();
    server.fault(Match::api(""), Fault::RateLimit { reset: 1_800_000_000 }, 1);
    let reply = api(&server, REPO);
    assert_eq!((reply.status, reply.header("x-ratelimit-remaining")), (403, "0"));
    assert_eq!(reply.header("x-ratelimit-reset"), "1800000000");
    assert!(reply.json()["message"].as_str().unwrap().starts_with("API rate limit exceeded"));
}

#[test]
fn bodies_can_be_cut_and_lengths_can_lie() {
    let server = server();
    let url = object(&server);
    server.fault(Match::asset(ASSET), Fault::CutAfter(5), 1);
    server.fault(Match::asset(ASSET), Fault::LengthOffBy(4), 1);
    server.fault(Match::asset(ASSET), Fault::LengthOffBy(-4), 1);
    let cut = get(&server, &url, &[]);
    assert_eq!((cut.header("content-length"), cut.body.as_slice()), ("16", &BYTES[..5]));
    assert_eq!(cut.broken, Some(io::ErrorKind::UnexpectedEof));
    let long = get(&server, &url, &[]);
    assert_eq!((long.header("content-length"), long.body.as_slice()), ("20", BYTES));
    assert!(long.broken.is_some());
    let mut client = Client::of(&server);
    let short = client.get(&url, &[]);
    assert_eq!((short.header("content-length"), short.body.as_slice()), ("12", &BYTES[..12]));
    let mut rest = Vec::new();
    client.0.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, &BYTES[12..]);
}

#[test]
fn a_stalled_body_waits_until_it_is_released_or_the_server_ends() {
    let server = server();
    let url = object(&server);
    server.fault(Match::asset(ASSET), Fault::StallAfter(6), 2);
    let mut client = Client::of(&server);
    let stalled = |client: &mut Client| {
        client.send("GET", &url, &[]);
        assert_eq!(client.head().unwrap().header("content-length"), "16");
        let mut first = [0; 6];
        client.0.read_exact(&mut first).unwrap();
        assert_eq!(first, BYTES[..6]);
    };
    stalled(&mut client);
    // The stall begins a moment after its last byte arrives, so release until the rest is there.
    client.0.get_ref().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut rest = Vec::new();
    while rest.len() < 10 {
        server.release_stalls();
        let _ = client.0.by_ref().take(10 - rest.len() as u64).read_to_end(&mut rest);
    }
    assert_eq!(rest, &BYTES[6..]);
    client.0.get_ref().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stalled(&mut client);
    drop(server);
    assert_eq!(client.0.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn a_reset_is_a_reset() {
    let server = server();
    server.fault(Match::any(), Fault::Reset, 1);
    let mut client = Client::of(&server);
    client.send("GET", &server.api_url(), &[]);
    let error = client.reply("GET").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(server.requests()[0].status, 0);
}

#[test]
fn redirects_can_lead_astray_or_never_end() {
    let server = server();
    server.fault(Match::download(ASSET), Fault::Redirect("https://elsewhere.example/x".into()), 1);
    server.fault(Match::download(ASSET), Fault::RedirectLoop, Times::Always);
    let mut url = server.download_url(REPO, "v1.2.3", ASSET);
    let mut client = Client::of(&server);
    assert_eq!(client.get(&url, &[]).header("location"), "https://elsewhere.example/x");
    for _ in 0..30 {
        let reply = client.get(&url, &[]);
        assert_eq!(reply.status, 302);
        url = reply.header("location").to_owned();
    }
}

#[test]
fn ranges_and_versions_can_be_lies() {
    let server = server();
    let url = object(&server);
    let on = || Match::asset(ASSET);
    let range = [("Range", "bytes=4-")];
    server.fault(on(), Fault::IgnoreRange, 1);
    server.fault(on(), Fault::WrongContentRange, 1);
    server.fault(on(), Fault::Etag("\"new\"".into()), 1);
    server.fault(on(), Fault::WrongBytes, 1);
    server.fault(on(), Fault::Replace(b"replaced".to_vec()), 1);
    server.fault(on(), Fault::Html, 1);
    let mut client = Client::of(&server);
    let ignored = client.get(&url, &range);
    assert_eq!((ignored.status, ignored.body.as_slice()), (200, BYTES));
    let wrong = client.get(&url, &range);
    assert_eq!((wrong.status, wrong.header("content-range")), (206, "bytes 5-16/16"));
    let changed = client.get(&url, &[range[0], ("If-Range", ignored.header("etag"))]);
    assert_eq!((changed.status, changed.header("etag")), (200, "\"new\""));
    let corrupt = client.get(&url, &[]).body;
    assert!(corrupt.len() == BYTES.len() && corrupt[0] != BYTES[0] && corrupt[1..] == BYTES[1..]);
    assert_eq!(client.get(&url, &[]).body, b"replaced");
    let page = client.get(&url, &[]);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
}

#[test]
fn bodies_come_slowly_in_chunks_or_on_a_connection_that_ends() {
    let server = server();
    let url = object(&server);
    server.fault(Match::asset(ASSET), Fault::Slow { bytes_per_second: 80 }, 1);
    server.fault(Match::asset(ASSET), Fault::Chunked, 1);
    server.fault(Match::asset(ASSET), Fault::CloseAfter, 1);
    let mut client = Client::of(&server);
    let begin = Instant::now();
    assert_eq!(client.get(&url, &[]).body, BYTES);
    assert!(begin.elapsed() >= Duration::from_millis(150), "{:?}", begin.elapsed());
    let chunked = client.get(&url, &[]);
    assert_eq!((chunked.header("content-length"), chunked.body.as_slice()), ("", BYTES));
    let closing = client.get(&url, &[]);
    assert_eq!((closing.header("connection"), closing.body.as_slice()), ("", BYTES));
    assert_eq!(client.0.read(&mut [0; 1]).unwrap(), 0);
}
