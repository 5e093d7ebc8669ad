//! What the server knows, and which answer follows from it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::api::{self, Api};
use super::content::Content;
use super::fault::{self, Fault, Match, Rule, Times};
use super::forges::{Forges, Package};
use super::http::{Answer, Request};
use super::object;
use super::seen::Seen;
use super::spec::{Asset, Release, ReleaseSpec, Repository};

#[derive(Debug)]
pub(super) struct State {
    /// `http://127.0.0.1:PORT`
    pub(super) url: String,
    known: Mutex<Known>,
    rules: Mutex<Vec<Rule>>,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Known {
    repositories: Vec<Repository>,
    /// npm packages by name, each with its versions in the order in which they were published.
    packages: BTreeMap<String, Vec<Package>>,
    /// By path: the content and its hash.
    files: BTreeMap<String, (Content, String)>,
    /// Releases and assets so far; their ids count on from here.
    ids: u64,
    /// API requests so far.
    used: u64,
}

#[derive(Debug, Default)]
struct Log {
    next: u64,
    seen: Vec<(u64, Seen)>,
}

/// A test that panicked while it held a lock must not hide its message behind a second panic.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(super) fn new(url: String) -> Self {
        Self { url, known: Mutex::default(), rules: Mutex::default(), log: Mutex::default() }
    }

    pub(super) fn with_repository(&self, name: &str, change: impl FnOnce(&mut Repository)) {
        let mut known = lock(&self.known);
        change(known.repository(name));
    }

    pub(super) fn publish(&self, repository: &str, spec: ReleaseSpec) {
        // Hashed before the lock is taken: large assets must not stop running answers.
        let hashes: Vec<String> = spec.assets.iter().map(|asset| hash(&asset.content)).collect();
        let mut known = lock(&self.known);
        let id = known.next_id();
        let mut assets = Vec::new();
        for (asset, sha256) in spec.assets.iter().zip(hashes) {
            assets.push(Asset {
                id: known.next_id(),
                name: asset.name.clone(),
                content: asset.content.clone(),
                sha256,
                digest: asset.digest,
            });
        }
        let releases = &mut known.repository(repository).releases;
        releases.retain(|old| old.spec.tag != spec.tag);
        let minute = releases.len();
        let published_at = spec.published_at.clone().unwrap_or_else(|| {
            let (day, hour) = (minute / 1_440 % 28 + 1, minute / 60 % 24);
            format!("2026-01-{day:02}T{hour:02}:{:02}:00Z", minute % 60)
        });
        releases.push(Release { id, spec, published_at, assets });
    }

    pub(super) fn serve(&self, path: &str, content: Content) {
        let sha256 = hash(&content);
        lock(&self.known).files.insert(path.to_owned(), (content, sha256));
    }

    pub(super) fn publish_package(&self, name: &str, version: &str, integrity: Option<String>) {
        let mut known = lock(&self.known);
        let versions = known.packages.entry(name.to_owned()).or_default();
        versions.retain(|package| package.version != version);
        versions.push(Package { version: version.to_owned(), integrity });
    }

    pub(super) fn add_rule(&self, on: Match, fault: Fault, times: Times) {
        lock(&self.rules).push(Rule { on, fault, times });
    }

    pub(super) fn clear_rules(&self) {
        lock(&self.rules).clear();
    }

    /// The fault for a request, counted as used.
    pub(super) fn take_fault(&self, request: &Request) -> Option<Fault> {
        fault::take(&mut lock(&self.rules), request)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        lock(&self.log).seen.iter().map(|(_, seen)| seen.clone()).collect()
    }

    pub(super) fn clear_seen(&self) {
        lock(&self.log).seen.clear();
    }

    /// Notes a request; the ticket is for [`State::sent`].
    pub(super) fn saw(&self, seen: Seen) -> u64 {
        let mut log = lock(&self.log);
        let ticket = log.next;
        log.next += 1;
        log.seen.push((ticket, seen));
        ticket
    }

    /// Corrects how many body bytes were sent.
    pub(super) fn sent(&self, ticket: u64, bytes: u64) {
        if let Some((_, seen)) = lock(&self.log).seen.iter_mut().find(|(id, _)| *id == ticket) {
            seen.bytes_sent = bytes;
        }
    }

    /// The good answer to a request, seen through a fault that changes what is served.
    pub(super) fn answer(&self, request: &Request, fault: Option<&Fault>) -> Answer {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Answer::new(405, "text/plain; charset=utf-8", "").with("allow", "GET, HEAD");
        }
        let mut known = lock(&self.known);
        if let Some(rest) = request.path.strip_prefix(super::API) {
            // Asking what is left costs nothing.
            known.used += u64::from(rest != "/rate_limit");
            let api = Api { url: &self.url, repositories: &known.repositories, used: known.used };
            return api.answer(rest, request);
        }
        let forges = Forges { url: &self.url, repositories: &known.repositories, packages: &known.packages };
        if let Some(answer) = forges.answer(request) {
            return answer;
        }
        let found = known.object(request).or_else(|| known.file(request));
        if let Some((name, content, sha256)) = found {
            drop(known);
            return object_answer(request, &name, content, &sha256, fault);
        }
        let download = known.download(&self.url, request);
        download.unwrap_or_else(|| Answer::new(404, "text/plain; charset=utf-8", "Not Found"))
    }
}

impl Known {
    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        1_000 + self.ids
    }

    fn repository(&mut self, name: &str) -> &mut Repository {
        let at = self.repositories.iter().position(|repository| repository.name == name);
        let at = at.unwrap_or_else(|| {
            self.repositories.push(Repository { name: name.to_owned(), ..Repository::default() });
            self.repositories.len() - 1
        });
        &mut self.repositories[at]
    }

    /// `/objects/{sha256}?token=…&name=…`
    fn object(&self, request: &Request) -> Option<(String, Content, String)> {
        let sha256 = request.path.strip_prefix("/objects/")?;
        let mut assets = self.repositories.iter().flat_map(|r| &r.releases).flat_map(|r| &r.assets);
        let asset = assets.find(|asset| asset.sha256 == sha256).filter(|_| object::is_signed(request))?;
        let name = request.parameter("name").unwrap_or_default();
        Some((name, asset.content.clone(), asset.sha256.clone()))
    }

    fn file(&self, request: &Request) -> Option<(String, Content, String)> {
        let (content, sha256) = self.files.get(&request.path)?;
        Some((request.path.clone(), content.clone(), sha256.clone()))
    }

    /// `/{owner}/{repo}/releases/download/{tag}/{name}`; a tag may have slashes, an asset name never has.
    fn download(&self, url: &str, request: &Request) -> Option<Answer> {
        let (repository, rest) = request.path.strip_prefix('/')?.split_once("/releases/download/")?;
        let (tag, name) = rest.rsplit_once('/')?;
        let repository = api::find(&self.repositories, repository, request).filter(|r| r.token.is_none())?;
        let release = repository.releases.iter().find(|r| r.spec.tag == tag && !r.spec.draft)?;
        let asset = release.assets.iter().find(|asset| asset.name == name)?;
        Some(Answer::redirect(object::url(url, asset)))
    }
}

/// Serves an object, with the faults that are lies about its content, its version or a range of it.
fn object_answer(
    request: &Request,
    name: &str,
    content: Content,
    sha256: &str,
    fault: Option<&Fault>,
) -> Answer {
    let etag = object::etag(sha256);
    match fault {
        Some(Fault::WrongBytes) => {
            object::serve(request, name, &content.corrupted().unwrap_or(content), &etag)
        }
        Some(Fault::Replace(bytes)) => {
            let other = Content::from(bytes.as_slice());
            let etag = object::etag(&hash(&other));
            object::serve(request, name, &other, &etag)
        }
        Some(Fault::Etag(other)) => object::serve(request, name, &content, other),
        Some(Fault::IgnoreRange) => {
            let mut whole = request.clone();
            whole.headers.remove("range");
            object::serve(&whole, name, &content, &etag)
        }
        Some(Fault::WrongContentRange) => {
            let mut answer = object::serve(request, name, &content, &etag);
            let part = answer.part.clone();
            for (_, value) in answer.headers.iter_mut().filter(|(header, _)| *header == "content-range") {
                *value = format!("bytes {}-{}/{}", part.start + 1, part.end, content.length());
            }
            answer
        }
        _ => object::serve(request, name, &content, &etag),
    }
}

fn hash(content: &Content) -> String {
    match content.sha256() {
        Ok(sha256) => sha256,
        Err(error) => panic!("cannot read what is to be served: {error}"),
    }
}
