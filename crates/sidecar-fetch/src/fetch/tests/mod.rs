//! Downloads from a scripted server.

mod refused;
mod resumed;

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use super::address::display_url;
use super::client::Pace;
use super::failure::Limits;
use super::parallel::parallel;
use super::testserver::{Reply, Server, cut, raw, redirect, reply, stalled};
use super::*;
use crate::Kind;
use crate::cache::etag_path;
use crate::fsx;
use crate::progress::Silent;

const BODY: &[u8] = b"the quick brown fox jumps over the lazy dog";
const OK: &str = "200 OK\netag: \"v1\"";

/// A cache, a client that does not wait, and the waits that it would have made.
struct Bench {
    _dir: tempfile::TempDir,
    cache: Cache,
    client: Client,
    waits: Arc<Mutex<Vec<u64>>>,
    sha256: Sha256,
}

impl Bench {
    fn new() -> Self {
        Self::with_stall(Duration::from_secs(20))
    }

    /// With a client that takes silence for a broken line after `stall`.
    fn with_stall(stall: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let waits = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&waits);
        let sleep = Box::new(move |wait: Duration| record.lock().unwrap().push(wait.as_secs()));
        let limits = Limits { connect: Duration::from_secs(20), stall };
        Self {
            cache: Cache::at(dir.path()).unwrap(),
            client: Client::new(Pace { limits, sleep }),
            waits,
            sha256: Sha256::of(BODY),
            _dir: dir,
        }
    }

    fn waits(&self) -> usize {
        self.waits.lock().unwrap().len()
    }

    /// Downloads what the lock pins: `BODY`.
    fn locked(&self, url: &str) -> Result<Fetched, Error> {
        self.fetch(&self.pinned(url))
    }

    /// Downloads what nothing is known of.
    fn unknown(&self, url: &str) -> Result<Fetched, Error> {
        self.fetch(&Download { label: "fox", url, ..Download::default() })
    }

    fn fetch(&self, wanted: &Download<'_>) -> Result<Fetched, Error> {
        fetch(&self.client, &self.cache, wanted, &Silent, 1)
    }

    fn pinned<'a>(&'a self, url: &'a str) -> Download<'a> {
        let size = Some(BODY.len() as u64);
        let expected_at = Some("sidecar.lock:14");
        Download { label: "fox", url, sha256: Some(&self.sha256), size, expected_at, ..Download::default() }
    }

    /// Leaves what a killed run would leave.
    fn leave(&self, bytes: &[u8], etag: Option<&str>) {
        let path = self.partial();
        fsx::write_atomic(&path, std::str::from_utf8(bytes).unwrap()).unwrap();
        if let Some(etag) = etag {
            fsx::write(&etag_path(&path), etag).unwrap();
        }
    }

    fn partial(&self) -> PathBuf {
        self.cache.directory().join("tmp").join(format!("{}.part", self.sha256))
    }

    /// What is left in the cache beside blobs and locks.
    fn left(&self) -> Vec<PathBuf> {
        fsx::read_dir(&self.cache.directory().join("tmp")).unwrap()
    }

    #[track_caller]
    fn assert_complete(&self, fetched: &Fetched) {
        assert_eq!((fetched.sha256, fetched.size), (self.sha256, BODY.len() as u64));
        assert_eq!(fsx::read(&fetched.path).unwrap(), BODY);
        assert_eq!(fetched.path, self.cache.blob(&self.sha256));
        assert_eq!(self.left(), Vec::<PathBuf>::new());
    }
}

/// An answer to a range request from `from` on.
fn rest(from: usize) -> Reply {
    let total = BODY.len();
    let head =
        format!("206 Partial Content\netag: \"v1\"\ncontent-range: bytes {from}-{}/{total}", total - 1);
    reply(&head, &BODY[from..])
}

/// Writes down what it is told.
#[derive(Default)]
struct Protocol(Mutex<Vec<String>>);

impl Reporter for Protocol {
    fn event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::Begin { id, label, size, received } => format!("begin {id} {label} {size:?} {received}"),
            Event::Advance { id, bytes } => format!("advance {id} {bytes}"),
            Event::Retry { id, reason, .. } => format!("retry {id} {reason}"),
            Event::End { id } => format!("end {id}"),
            other => format!("{other:?}"),
        });
    }
}

#[test]
fn a_download_is_published_and_then_comes_from_the_cache() {
    let bench = Bench::new();
    let server = Server::start(vec![reply(OK, BODY)]);
    let fetched = bench.locked(&server.url("/fox")).unwrap();
    bench.assert_complete(&fetched);
    assert_eq!(fetched.transferred, BODY.len() as u64);
    // the server's port is closed by now
    let again = bench.locked(&server.url("/fox")).unwrap();
    assert_eq!(again, Fetched { transferred: 0, ..fetched });
    assert!(server.requests()[0].contains("user-agent: sidecar-fetch/"), "{:?}", server.requests());
}

#[test]
fn a_download_without_a_known_hash_says_its_hash() {
    let bench = Bench::new();
    for answer in [reply(OK, BODY), raw("200 OK", BODY)] {
        let server = Server::start(vec![answer]);
        bench.assert_complete(&bench.unknown(&server.url("/fox")).unwrap());
    }
}

#[test]
fn contenders_download_once() {
    let bench = Bench::new();
    // a second connection would be refused
    let server = Server::start(vec![reply(OK, BODY)]);
    let url = server.url("/fox");
    let start = Barrier::new(16);
    let fetched = parallel(16, vec![(); 16], |()| {
        // a cache and client of its own each, as in another process
        let (cache, client) = (Cache::at(bench.cache.directory()).unwrap(), Client::default());
        start.wait();
        fetch(&client, &cache, &bench.pinned(&url), &Silent, 1).unwrap()
    });
    assert_eq!(fetched.iter().map(|fetched| fetched.transferred).sum::<u64>(), BODY.len() as u64);
    for fetched in &fetched {
        bench.assert_complete(fetched);
    }
}

#[test]
fn progress_is_told_across_tries() {
    let bench = Bench::new();
    let server = Server::start(vec![cut(OK, &BODY[..20], BODY.len()), rest(20)]);
    let protocol = Protocol::default();
    let url = server.url("/fox");
    fetch(&bench.client, &bench.cache, &bench.pinned(&url), &protocol, 7).unwrap();
    let expected = [
        "begin 7 fox Some(43) 0",
        "advance 7 20",
        "retry 7 the download ended early",
        "begin 7 fox Some(43) 20",
        "advance 7 23",
        "end 7",
    ];
    assert_eq!(protocol.0.into_inner().unwrap(), expected);
}
