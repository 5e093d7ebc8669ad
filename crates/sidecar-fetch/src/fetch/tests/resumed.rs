//! What is tried again, and goes on where it ended.

use super::*;

#[test]
fn an_interrupted_download_is_resumed() {
    let bench = Bench::new();
    bench.leave(&BODY[..10], Some("\"v1\""));
    let server = Server::start(vec![rest(10)]);
    let fetched = bench.locked(&server.url("/fox")).unwrap();
    bench.assert_complete(&fetched);
    assert_eq!(fetched.transferred, BODY.len() as u64 - 10);
    let request = &server.requests()[0];
    assert!(
        request.contains("range: bytes=10-\r\n") && request.contains("if-range: \"v1\"\r\n"),
        "{request}"
    );
}

#[test]
fn another_version_starts_over_with_the_answer_that_is_there() {
    let bench = Bench::new();
    bench.leave(b"an older version", Some("\"v0\""));
    let server = Server::start(vec![reply(OK, BODY)]);
    let fetched = bench.locked(&server.url("/fox")).unwrap();
    bench.assert_complete(&fetched);
    assert_eq!((fetched.transferred, server.requests().len()), (BODY.len() as u64, 1));
}

#[test]
fn bytes_without_a_tag_are_downloaded_again() {
    let bench = Bench::new();
    bench.leave(&BODY[..10], None);
    let server = Server::start(vec![reply(OK, BODY)]);
    bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
    assert!(!server.requests()[0].contains("range"), "{:?}", server.requests());
}

#[test]
fn a_wrong_range_starts_over_without_a_wait() {
    let wrong = reply("206 Partial Content\netag: \"v1\"\ncontent-range: bytes 0-42/43", BODY);
    let no_such_range = reply("416 Range Not Satisfiable\ncontent-range: bytes */43", b"");
    for answer in [wrong, no_such_range] {
        let bench = Bench::new();
        bench.leave(&BODY[..10], Some("\"v1\""));
        let server = Server::start(vec![answer, reply(OK, BODY)]);
        bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
        assert!(!server.requests()[1].contains("range"), "{:?}", server.requests());
        assert_eq!(*bench.waits.lock().unwrap(), [0]);
    }
}

#[test]
fn corrupt_bytes_of_an_earlier_run_cost_one_more_try() {
    let bench = Bench::new();
    bench.leave(b"corrupted!", Some("\"v1\""));
    let server = Server::start(vec![rest(10), reply(OK, BODY)]);
    bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
}

#[test]
fn a_complete_file_of_an_earlier_run_needs_no_network() {
    let bench = Bench::new();
    bench.leave(BODY, Some("\"v1\""));
    let fetched = bench.locked("http://127.0.0.1:1/fox").unwrap();
    bench.assert_complete(&fetched);
    assert_eq!(fetched.transferred, 0);
}

#[test]
fn a_corrupt_complete_file_is_never_published() {
    for bytes in [vec![b'x'; BODY.len()], vec![b'x'; BODY.len() + 1]] {
        let bench = Bench::new();
        bench.leave(&bytes, Some("\"v1\""));
        let server = Server::start(vec![reply(OK, BODY)]);
        bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
        assert!(!server.requests()[0].contains("range"));
    }
}

#[test]
fn a_cut_body_is_resumed_after_a_wait() {
    let bench = Bench::new();
    let server = Server::start(vec![cut(OK, &BODY[..20], BODY.len()), rest(20)]);
    let fetched = bench.locked(&server.url("/fox")).unwrap();
    bench.assert_complete(&fetched);
    assert_eq!((fetched.transferred, bench.waits()), (BODY.len() as u64, 1));
}

#[test]
fn a_body_that_is_always_cut_is_truncated() {
    let bench = Bench::new();
    let server = Server::start(vec![cut("200 OK", &BODY[..20], BODY.len()); 5]);
    let error = bench.locked(&server.url("/fox")).unwrap_err();
    assert_eq!((error.kind(), bench.waits()), (Kind::Truncated, 4));
    let url = server.url("/fox");
    let expected =
        format!("the download ended early\n  url       {url}\n  received  20 bytes\n  tries     5");
    assert_eq!(error.to_string(), expected);
    assert_eq!(bench.left(), Vec::<PathBuf>::new());
}

#[test]
fn a_body_without_a_length_that_ends_early_is_truncated() {
    let bench = Bench::new();
    let server = Server::start(vec![raw("200 OK", &BODY[..20]), raw(OK, BODY)]);
    bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
    assert_eq!(bench.waits(), 1);
}

#[test]
fn a_chunked_body_that_ends_early_is_tried_again() {
    let bench = Bench::new();
    let chunk = b"a\r\n0123456789\r\n";
    let server = Server::start(vec![raw("200 OK\ntransfer-encoding: chunked", chunk), reply(OK, BODY)]);
    bench.assert_complete(&bench.unknown(&server.url("/fox")).unwrap());
}

#[test]
fn silence_is_a_timeout_that_is_tried_again() {
    let bench = Bench::with_stall(Duration::from_millis(300));
    let head = Reply::Stall(Vec::new());
    let body = stalled(cut(OK, &BODY[..20], BODY.len()));
    let server = Server::start(vec![head, body, rest(20)]);
    bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
    assert_eq!(bench.waits(), 2);
}

#[test]
fn silence_that_stays_is_a_timeout() {
    let bench = Bench::with_stall(Duration::from_millis(50));
    let server = Server::start(vec![Reply::Stall(Vec::new()); 5]);
    let error = bench.locked(&server.url("/fox")).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    let expected = format!(
        "the server did not answer in time\n  url    {}\n  cause  silence for 0.05 s\n  tries  5",
        server.url("/fox")
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_failure_of_the_server_is_tried_again() {
    let bench = Bench::new();
    let server = Server::start(vec![reply("503 Service Unavailable", b"x"), raw("", b""), reply(OK, BODY)]);
    bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
    assert_eq!(bench.waits(), 2);
}

#[test]
fn a_failure_that_stays_names_the_answer() {
    let bench = Bench::new();
    let server = Server::start(vec![reply("503 Service Unavailable", b"x"); 5]);
    let error = bench.locked(&server.url("/fox")).unwrap_err();
    assert_eq!(error.kind(), Kind::HttpStatus);
    assert!(error.to_string().contains("answer  503 Service Unavailable\n  tries   5"), "{error}");
}

#[test]
fn retry_after_is_honoured_up_to_a_minute() {
    let bench = Bench::new();
    let busy = |seconds: u32| reply(&format!("429 Too Many Requests\nretry-after: {seconds}"), b"");
    let server = Server::start(vec![busy(7), busy(60), reply(OK, BODY)]);
    bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
    assert_eq!(*bench.waits.lock().unwrap(), [7, 60]);

    let bench = Bench::new();
    let server = Server::start(vec![busy(61)]);
    let error = bench.locked(&server.url("/fox")).unwrap_err();
    assert_eq!((error.kind(), bench.waits()), (Kind::RateLimited, 0));
    assert!(error.to_string().contains("limit   resets in 61 s ("), "{error}");
}
