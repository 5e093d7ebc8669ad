//! What stands between the machine and GitHub, and what is said about it.

use sidecar_tests::{Fault, Match, Times};
use snapbox::str;

use super::{healthy, notable, warned, with};

#[test]
fn the_network_and_who_may_use_it() {
    let app = healthy();
    app.server.clear_requests();
    let mut command = app.command(["doctor", "--offline"]);
    command.env("HTTPS_PROXY", "http://user:secret@proxy.corp:3128").env("GH_TOKEN", "ghp_secret");
    app.compare(
        &notable(command),
        str![[r#"
        note network       off: nothing is locked or downloaded, builds use the cache
                           offline by  --offline
        note proxy         the environment names proxies
                           HTTPS_PROXY  proxy.corp:3128

"#]],
    );
    assert!(app.server.requests().is_empty());
    with(&app, &[("SSL_CERT_FILE", "/nowhere/ca.pem")]).code(1).stdout_eq(str![[r#"
     problem certificates  SSL_CERT_FILE leads to nothing, so that no server can be trusted
                           path  /nowhere/ca.pem
                           help: unset `SSL_CERT_FILE`, or let it name a file of certificates

"#]]);
    with(&app, &[("GH_TOKEN", "ghp_a ghp_b")])
        .code(1)
        .stdout_eq(str![[r#"
     problem token         the token in GH_TOKEN has characters in it that no token has
                           such as  white space, a line break, a control character
                           help: run `export GH_TOKEN="$(gh auth token)"`

"#]])
        .stderr_eq(str![[r#"
error: 1 of 22 checks found a problem
  first  token: the token in GH_TOKEN has characters in it that no token has
help: run `export GH_TOKEN="$(gh auth token)"`

"#]]);
    with(&app, &[("SIDECAR_GITHUB_API", "http://api.corp")]).code(1).stdout_eq(str![[r#"
     problem github        `http` URLs are not used, except http to this machine
                           url       http://api.corp/
                           variable  SIDECAR_GITHUB_API
                           help: use the https:// address

"#]]);
    with(&app, &[("SIDECAR_GITHUB_API", "http://127.0.0.1:9/")]).success().stdout_eq(str![[r#"
     warning github        the server cannot be reached
                           url    http://127.0.0.1:9/rate_limit
                           cause  connection refused

"#]]);
}

#[test]
fn what_github_says() {
    let app = healthy();
    app.server.clear_requests();
    app.server.fault(Match::api("/rate_limit"), Fault::status(401), Times::Always);
    with(&app, &[("GH_TOKEN", "ghp_old")]).code(1).stdout_eq(str![[r#"
     problem github        GitHub does not accept the token in `GH_TOKEN`
                           url     [SERVER]/api/v3/rate_limit
                           status  401
                           help: renew the token, or unset `GH_TOKEN`: public repositories need none

"#]]);
    let asked = app.server.requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    app.server.clear_faults();
    let body = r#"{"message":"Rate limiting is not enabled."}"#.to_owned();
    app.server.fault(Match::api("/rate_limit"), Fault::Status { code: 404, headers: Vec::new(), body }, 1);
    warned(&app).stdout_eq("");
    app.server.fault(Match::api("/rate_limit"), Fault::status(404), 1);
    warned(&app).stdout_eq(str![[r#"
     warning github        the GitHub API did not answer the question
                           url     [SERVER]/api/v3/rate_limit
                           status  404

"#]]);
    let body = r#"{"resources":{"core":{"limit":60,"remaining":0,"reset":1}}}"#.to_owned();
    app.server.fault(Match::api("/rate_limit"), Fault::Status { code: 200, headers: Vec::new(), body }, 1);
    warned(&app).stdout_eq(str![[r#"
     warning github        [SERVER]/api/v3 answers: 60 requests per hour, 0 left, resets in 0 s
                           builds  a build from a committed lock asks no API
                           help: wait 0 s, or set another token: `export GITHUB_TOKEN="$(gh auth token)"`

"#]]);
}

#[test]
fn secrets_do_not_leave_the_environment() {
    let app = healthy();
    let secrets = [
        ("GH_TOKEN", "ghp_secret\n"),
        ("GITHUB_TOKEN", "ghp_secret two"),
        ("HTTPS_PROXY", "http://user:ghp_secret@127.0.0.1:9"),
        ("all_proxy", "user:ghp_secret/x@127.0.0.1:9"),
        ("SIDECAR_GITHUB_API", "https://user:ghp_secret@127.0.0.1:9/?x=ghp_secret"),
    ];
    let answering = app.server.api_url().replace("http://", "http://user:ghp_secret@");
    let answering = [("SIDECAR_GITHUB_API", answering.as_str())];
    for args in [&["doctor"][..], &["doctor", "-v"], &["doctor", "--message-format", "json"]] {
        // Each alone as well: what is wrong with one can hide another.
        for vars in [&secrets[..], &secrets[..1], &secrets[1..2], &secrets[4..], &answering] {
            let mut command = app.command(args.iter().copied());
            command.envs(vars.iter().copied());
            let output = command.output().unwrap();
            let text = [&output.stdout[..], &output.stderr[..]].concat();
            let text = String::from_utf8_lossy(&text);
            assert!(text.contains("GH_TOKEN") || text.contains("GITHUB_TOKEN") || vars.len() == 1, "{text}");
            assert!(!text.contains("ghp_secret"), "{text}");
        }
    }
}
