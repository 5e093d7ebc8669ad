//! What a well-behaved server answers.

use std::io::{Read, Write};

use serde_json::Value;

use super::{ASSET, BYTES, Client, REPO, Reply, api, get, object, server};
use crate::{Fault, Match, ReleaseServer, ReleaseSpec};

#[test]
fn a_release_has_the_documented_shape() {
    let server = server();
    server.release("acme/other", ReleaseSpec::new("app/v1").immutable().asset_without_digest("a+b.zip", "x"));
    let release = api(&server, "acme/tool/releases/tags/v1.2.3").json();
    let asset = &release["assets"][0];
    assert_eq!(release["tag_name"], "v1.2.3");
    assert_eq!(
        (&release["draft"], &release["prerelease"], &release["immutable"]),
        (&false.into(), &false.into(), &false.into())
    );
    assert_eq!(release["published_at"], "2026-01-01T00:00:00Z");
    assert_eq!(release["html_url"], format!("{}/acme/tool/releases/tag/v1.2.3", server.url()));
    assert_eq!(
        (&asset["name"], &asset["size"], &asset["state"]),
        (&ASSET.into(), &16.into(), &"uploaded".into())
    );
    assert_eq!(asset["digest"], "sha256:9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f");
    assert_eq!(asset["browser_download_url"], server.download_url(REPO, "v1.2.3", ASSET));

    let other = api(&server, "acme/other/releases/tags/app%2Fv1").json();
    assert_eq!(other["immutable"], true);
    assert_eq!(other["assets"][0]["digest"], Value::Null);
    let url = other["assets"][0]["browser_download_url"].as_str().unwrap();
    assert!(url.ends_with("/acme/other/releases/download/app%2Fv1/a%2Bb.zip"), "{url}");
    assert_eq!(get(&server, url, &[]).status, 302);
}

#[test]
fn the_list_has_pages_with_links_and_the_newest_first() {
    let server = ReleaseServer::start();
    for patch in 0..5 {
        server.release(REPO, ReleaseSpec::new(format!("v1.0.{patch}")));
    }
    let tags = |reply: &Reply| -> Vec<String> {
        let json = reply.json();
        json.as_array().unwrap().iter().map(|r| r["tag_name"].as_str().unwrap().to_owned()).collect()
    };
    let first = api(&server, "acme/tool/releases?per_page=2&page=1");
    assert_eq!(tags(&first), ["v1.0.4", "v1.0.3"]);
    let base = format!("{}/repos/acme/tool/releases?per_page=2", server.api_url());
    assert_eq!(first.header("link"), format!("<{base}&page=2>; rel=\"next\", <{base}&page=3>; rel=\"last\""));
    let last = api(&server, "acme/tool/releases?per_page=2&page=3");
    assert_eq!(tags(&last), ["v1.0.0"]);
    assert!(last.header("link").contains("rel=\"prev\"") && !last.header("link").contains("rel=\"next\""));
    assert_eq!(api(&server, "acme/tool/releases").header("link"), "");
}

#[test]
fn latest_is_neither_draft_nor_prerelease_but_the_newest() {
    let server = ReleaseServer::start();
    server.repository(REPO);
    assert_eq!(api(&server, "acme/tool/releases/latest").status, 404);
    assert_eq!(api(&server, "acme/tool/releases").json(), Value::Array(vec![]));
    server.release(REPO, ReleaseSpec::new("v1").published_at("2026-03-01T00:00:00Z"));
    server.release(REPO, ReleaseSpec::new("v0.9.1").published_at("2026-02-01T00:00:00Z"));
    server.release(REPO, ReleaseSpec::new("v2-rc.1").prerelease().published_at("2026-04-01T00:00:00Z"));
    server.release(REPO, ReleaseSpec::new("v3").draft());
    assert_eq!(api(&server, "acme/tool/releases/latest").json()["tag_name"], "v1");
    assert_eq!(api(&server, "acme/tool/releases").json().as_array().unwrap().len(), 3);
    assert_eq!(api(&server, "acme/tool/releases/tags/v3").status, 404);
    let seen = get(
        &server,
        &format!("{}/repos/{REPO}/releases", server.api_url()),
        &[("Authorization", "Bearer t")],
    );
    assert_eq!(seen.json().as_array().unwrap().len(), 4);
}

#[test]
fn asking_what_is_left_costs_nothing() {
    let server = server();
    let left =
        || get(&server, &format!("{}/rate_limit", server.api_url()), &[]).json()["resources"]["core"].clone();
    assert_eq!(
        (&left()["limit"], &left()["remaining"], &left()["used"]),
        (&60.into(), &60.into(), &0.into())
    );
    api(&server, "acme/tool/releases");
    assert_eq!((&left()["remaining"], &left()["used"]), (&59.into(), &1.into()));
    assert!(left()["reset"].as_u64().is_some());
}

#[test]
fn what_is_not_there_is_a_404_in_json_with_rate_limit_headers() {
    let server = server();
    for path in ["no/body", "acme/tool/releases/tags/v9", "acme/tool/releases/assets/1", "acme/tool/nonsense"]
    {
        let reply = api(&server, path);
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.json()["message"], "Not Found");
        assert_eq!(reply.header("x-ratelimit-limit"), "60");
        assert!(reply.header("x-ratelimit-remaining").parse::<u32>().unwrap() < 60);
    }
    assert_eq!(api(&server, "ACME/Tool").json()["full_name"], REPO);
}

#[test]
fn a_download_is_a_redirect_to_bytes_behind_a_secret_query() {
    let server = server();
    let url = object(&server);
    assert!(url.contains("?token=secret&name=tool-linux-amd64"), "{url}");
    let reply = get(&server, &url, &[]);
    assert_eq!((reply.status, reply.body.as_slice()), (200, BYTES));
    assert_eq!(reply.header("accept-ranges"), "bytes");
    assert!(reply.header("etag").starts_with('"'));
    assert_eq!(get(&server, url.split('?').next().unwrap(), &[]).status, 404);
}

#[test]
fn an_asset_is_reached_by_its_id_as_json_or_as_bytes() {
    let server = server();
    let asset = api(&server, "acme/tool/releases/latest").json()["assets"][0].clone();
    let url = asset["url"].as_str().unwrap();
    assert_eq!(get(&server, url, &[("Accept", "application/vnd.github+json")]).json(), asset);
    let redirect = get(&server, url, &[("Accept", "application/octet-stream")]);
    assert_eq!((redirect.status, redirect.header("location")), (302, object(&server).as_str()));
}

#[test]
fn ranges_resume_only_what_is_unchanged() {
    let server = server();
    let url = object(&server);
    let mut client = Client::of(&server);
    let etag = client.get(&url, &[]).header("etag").to_owned();
    let part = client.get(&url, &[("Range", "bytes=10-"), ("If-Range", &etag)]);
    assert_eq!((part.status, part.body.as_slice()), (206, &BYTES[10..]));
    assert_eq!(part.header("content-range"), "bytes 10-15/16");
    let stale = client.get(&url, &[("Range", "bytes=10-"), ("If-Range", "\"old\"")]);
    assert_eq!((stale.status, stale.body.as_slice()), (200, BYTES));
    let beyond = client.get(&url, &[("Range", "bytes=16-")]);
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */16"));
    let seen = server.requests();
    let resumed = seen.iter().find(|r| r.status == 206).unwrap();
    assert_eq!(
        (resumed.range.as_deref(), resumed.if_range.as_deref()),
        (Some("bytes=10-"), Some(etag.as_str()))
    );
    assert_eq!(resumed.bytes_sent, 6);
}

#[test]
fn a_head_request_has_the_length_and_no_body() {
    let server = server();
    let url = object(&server);
    let mut client = Client::of(&server);
    client.send("HEAD", &url, &[]);
    let reply = client.reply("HEAD").unwrap();
    assert_eq!((reply.status, reply.header("content-length")), (200, "16"));
    assert_eq!(client.get(&url, &[]).body, BYTES);
    client.send("DELETE", &url, &[]);
    assert_eq!(client.reply("DELETE").unwrap().status, 405);
}

#[test]
fn a_private_repository_does_not_exist_without_its_token() {
    let server = server();
    server.private(REPO, "hunter2");
    let url = format!("{}/repos/{REPO}/releases/latest", server.api_url());
    assert_eq!(get(&server, &url, &[]).status, 404);
    assert_eq!(get(&server, &url, &[("Authorization", "Bearer wrong")]).status, 404);
    let token = ("Authorization", "Bearer hunter2");
    let release = get(&server, &url, &[token]);
    assert_eq!((release.status, release.header("x-ratelimit-limit")), (200, "5000"));
    assert_eq!(get(&server, &server.download_url(REPO, "v1.2.3", ASSET), &[token]).status, 404);
    let asset = release.json()["assets"][0]["url"].as_str().unwrap().to_owned();
    let redirect = get(&server, &asset, &[token, ("Accept", "application/octet-stream")]);
    assert_eq!(get(&server, redirect.header("location"), &[]).body, BYTES);
    assert_eq!(server.requests()[2].header("authorization"), Some("Bearer hunter2"));
}

#[test]
fn files_of_other_sources_are_served_with_ranges() {
    let server = ReleaseServer::start();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("big.bin");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
    server.serve("/dl/1.2/tool a.tar.gz", path.as_path());
    let url = format!("{}/dl/1.2/tool%20a.tar.gz", server.url());
    let whole = get(&server, &url, &[]);
    assert_eq!((whole.status, whole.header("content-type")), (200, "application/gzip"));
    assert!(whole.body == bytes);
    assert!(get(&server, &url, &[("Range", "bytes=2999990-")]).body == bytes[2_999_990..]);
    server.fault(Match::path("/dl/"), Fault::WrongBytes, 1);
    let wrong = get(&server, &url, &[]).body;
    assert!(wrong.len() == bytes.len() && wrong != bytes);
}

#[test]
fn an_asset_that_was_replaced_has_another_hash_under_the_same_url() {
    let server = server();
    let before = object(&server);
    server.release(REPO, ReleaseSpec::new("v1.2.3").asset(ASSET, "other"));
    assert_ne!(object(&server), before);
    assert_eq!(api(&server, "acme/tool/releases").json().as_array().unwrap().len(), 1);
    assert_eq!(get(&server, &object(&server), &[]).body, b"other");
}

#[test]
fn several_connections_are_served_at_once() {
    let server = ReleaseServer::start();
    let bytes: Vec<u8> = (0..4_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    server.release(REPO, ReleaseSpec::new("v1.2.3").asset(ASSET, bytes.clone()));
    let url = object(&server);
    // Both heads are read before either body is: one connection alone would stand still here.
    let mut clients = [Client::of(&server), Client::of(&server)];
    for client in &mut clients {
        client.send("GET", &url, &[]);
        assert_eq!(client.head().unwrap().status, 200);
    }
    for client in clients.iter_mut().rev() {
        let mut body = vec![0; bytes.len()];
        client.0.read_exact(&mut body).unwrap();
        assert!(body == bytes);
    }
    let sent: Vec<u64> = server.requests().iter().filter(|r| r.status == 200).map(|r| r.bytes_sent).collect();
    assert_eq!(sent, [4_000_000, 4_000_000]);
}
