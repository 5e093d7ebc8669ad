//! What is refused, and how it is said.

use super::*;

#[test]
fn a_body_beyond_the_known_size_is_cut_off() {
    let bench = Bench::new();
    let server = Server::start(vec![raw("200 OK", &BODY.repeat(2))]);
    let error = bench.locked(&server.url("/fox")).unwrap_err();
    assert_eq!((error.kind(), bench.waits()), (Kind::TooLong, 0));
    assert!(error.to_string().contains("43 bytes  (sidecar.lock:14)"), "{error}");
    assert_eq!(bench.left(), Vec::<PathBuf>::new());
    assert!(!bench.cache.has(&bench.sha256, None));
}

#[test]
fn another_length_than_the_lock_says_is_refused_before_the_body() {
    for (length, kind) in [(42, Kind::Truncated), (44, Kind::TooLong)] {
        let bench = Bench::new();
        // a body would never come
        let server = Server::start(vec![stalled(cut("200 OK\ncontent-type: text/html", b"", length))]);
        let error = bench.locked(&server.url("/fox")).unwrap_err();
        assert_eq!((error.kind(), bench.waits()), (kind, 0));
        let text = error.to_string();
        assert!(text.contains("expected  43 bytes  (sidecar.lock:14)"), "{text}");
        assert!(text.contains(&format!("received  {length} bytes")) && text.contains("web page"), "{text}");
    }
}

#[test]
fn checksum_mismatch_leaves_no_file() {
    let bench = Bench::new();
    let wrong = BODY.to_ascii_uppercase();
    let server = Server::start(vec![reply(OK, &wrong)]);
    let url = server.url("/fox?token=secret");
    let error = bench.locked(&url).unwrap_err();
    assert_eq!((error.kind(), bench.waits()), (Kind::ChecksumMismatch, 0));
    let expected = format!(
        "the downloaded file does not match the lock\n  url       {}\n  expected  sha256 05c6e0…0bec  \
         (sidecar.lock:14)\n  received  sha256 {}…{}  (43 bytes; deleted, nothing was installed)",
        server.url("/fox"),
        Sha256::of(&wrong).short(6),
        &Sha256::of(&wrong).to_string()[60..],
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(bench.left(), Vec::<PathBuf>::new());
    assert_eq!(bench.cache.usage().unwrap().blobs, 0);
}

#[test]
fn a_web_page_is_not_taken_for_a_file() {
    let bench = Bench::new();
    let page = || reply("200 OK\ncontent-type: text/html; charset=utf-8", BODY);
    let server = Server::scripted(|url| vec![redirect(&format!("{url}/login?return=x")), page(), page()]);
    let error = bench.unknown(&server.url("/fox")).unwrap_err();
    assert_eq!(error.kind(), Kind::ApiAnswer);
    let expected = format!(
        "the server sent a web page instead of the file\n  url       {}\n  redirect  {}",
        server.url("/fox"),
        server.url("/login")
    );
    assert_eq!(error.to_string(), expected);
    // one that is asked for is a file
    bench.assert_complete(&bench.unknown(&server.url("/fox.html")).unwrap());
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    let limited = "403 Forbidden\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 32503680000";
    let answers = [
        ("404 Not Found", Kind::HttpStatus),
        ("403 Forbidden", Kind::Unauthorized),
        ("401 Unauthorized", Kind::Unauthorized),
        (limited, Kind::RateLimited),
        ("302 Found", Kind::HttpStatus),
        ("206 Partial Content", Kind::HttpStatus),
    ];
    for (head, kind) in answers {
        let bench = Bench::new();
        let server = Server::start(vec![reply(head, b"")]);
        let error = bench.locked(&server.url("/fox")).unwrap_err();
        assert_eq!((error.kind(), bench.waits()), (kind, 0), "{error}");
        assert_eq!(bench.left(), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_closed_port_is_named_without_a_retry() {
    let bench = Bench::new();
    let port = Server::start(vec![]).port();
    let url = format!("http://127.0.0.1:{port}/fox");
    let error = bench.locked(&url).unwrap_err();
    let expected = format!("the server cannot be reached\n  url    {url}\n  cause  connection refused");
    assert_eq!((error.to_string(), bench.waits()), (expected, 0));
}

#[test]
fn five_redirects_are_followed_and_six_are_not() {
    let bench = Bench::new();
    let server = Server::scripted(|url| {
        let hop = |n: u32| redirect(&format!("{url}/{n}"));
        let mut script: Vec<_> = (1..=5).map(hop).collect();
        script.push(reply(OK, BODY));
        script.extend((1..=6).map(hop));
        script
    });
    bench.assert_complete(&bench.locked(&server.url("/fox")).unwrap());
    let error = bench.unknown(&server.url("/fox")).unwrap_err();
    assert_eq!(error.kind(), Kind::HttpStatus);
    assert!(error.headline().contains("more than 5 times"), "{error}");
}

#[test]
fn a_redirect_to_plain_http_is_refused() {
    let bench = Bench::new();
    let server = Server::start(vec![redirect("http://example.com/fox?token=secret")]);
    let error = bench.locked(&server.url("/fox")).unwrap_err();
    let expected = format!(
        "`http` URLs are not used, except http to this machine\n  url              http://example.com/fox\n  \
         redirected from  {}\nhelp: use the https:// address",
        server.url("/fox")
    );
    assert_eq!((error.kind(), error.to_string()), (Kind::InsecureUrl, expected));
}

#[test]
fn an_insecure_url_is_refused_before_anything_else() {
    let bench = Bench::new();
    let error = bench.locked("http://example.com/fox").unwrap_err();
    assert_eq!(error.kind(), Kind::InsecureUrl);
    assert_eq!(fsx::read_dir(&bench.cache.directory().join("locks")).unwrap(), Vec::<PathBuf>::new());
}

#[test]
fn a_token_is_not_sent_to_another_origin() {
    let bench = Bench::new();
    let elsewhere = Server::scripted(|url| vec![redirect(&format!("{url}/x")), reply(OK, BODY)]);
    let other_host = format!("http://localhost:{}/fox", elsewhere.port());
    let home = Server::scripted(|url| vec![redirect(&format!("{url}/same")), redirect(&other_host)]);
    let url = home.url("/fox");
    let accept = Some("application/octet-stream");
    let wanted = Download { bearer: Some("SECRET"), accept, ..bench.pinned(&url) };
    bench.assert_complete(&bench.fetch(&wanted).unwrap());
    for request in home.requests() {
        assert!(request.contains("authorization: bearer secret"), "{request}");
    }
    assert_eq!(elsewhere.requests().len(), 2);
    for request in elsewhere.requests() {
        assert!(!request.contains("secret") && !request.contains("referer"), "{request}");
        assert!(request.contains("accept: application/octet-stream"), "{request}");
    }
}

#[test]
fn a_token_with_a_line_break_is_refused_and_not_shown() {
    let bench = Bench::new();
    let wanted = Download { bearer: Some("SECRET\nx"), ..bench.pinned("http://127.0.0.1:1/fox") };
    let error = bench.fetch(&wanted).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    assert!(!error.to_string().contains("SECRET"), "{error}");
}

#[test]
fn an_unusable_cache_is_named() {
    let bench = Bench::new();
    fsx::write(&bench.cache.directory().join("tmp"), "in the way").unwrap();
    let server = Server::start(vec![reply(OK, BODY)]);
    let error = bench.locked(&server.url("/fox")).unwrap_err();
    assert_eq!(error.kind(), Kind::Cache);
    assert!(error.help_text().unwrap().contains("SIDECAR_CACHE_DIR"), "{error}");
}

#[test]
fn errors_never_show_a_query() {
    let bench = Bench::new();
    let server =
        Server::scripted(|url| vec![redirect(&format!("{url}/x?sig=secret")), reply("404 Not Found", b"")]);
    let url = server.url("/fox?sig=secret").replace("127.0.0.1", "user:secret@127.0.0.1");
    let error = bench.locked(&url).unwrap_err().to_string();
    assert!(error.contains(&display_url(&url)) && !error.contains("secret"), "{error}");
}
