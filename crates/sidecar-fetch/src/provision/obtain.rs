//! Getting binaries into the cache: fetch the asset, unpack the members, check each against the lock.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Task, Tools, look, offline};
use crate::cache::Cache;
use crate::error::{Error, Kind, public_url};
use crate::fetch::client::Client;
use crate::fetch::{self, Download, Fetched};
use crate::fsx;
use crate::hash::{self, Hasher, Sha256};
use crate::lock::Inside;
use crate::progress::Reporter;
use crate::unpack::{Archive, Extract};

pub(crate) use crate::fetch::parallel::parallel as in_parallel;

/// Whether a memory is taken for what is in an asset. The asset is at hand, or can be had, and is looked into again.
pub(super) const TRUSTS_MEMORY: bool = false;

/// A token for private assets, and which URLs may see it: a lock can name any host, and whoever can change a lock must
/// not receive the token.
#[derive(Clone)]
pub(crate) struct ApiToken {
    pub(crate) value: String,
    pub(crate) trusts: fn(&str) -> bool,
}

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiToken")
    }
}

/// Finds out who turned the network off.
type OfflineBy = Box<dyn FnOnce() -> Option<String> + Send>;

/// The network, or who said that there is none.
#[derive(Debug)]
pub(crate) struct Network {
    offline_by: LazyLock<Option<String>, OfflineBy>,
    token: Option<ApiToken>,
    /// What local files are named relative to.
    app: PathBuf,
    client: Client,
    transfers: AtomicU64,
}

impl Network {
    /// `offline_by`: who turned the network off; `token`: for private assets, in subcommands only.
    #[cfg(feature = "resolve")]
    pub(crate) fn new(offline_by: Option<String>, token: Option<ApiToken>) -> Self {
        Self { token, ..Self::when_needed(move || offline_by) }
    }

    /// A network of which nobody asks whether it is off before something must be fetched: to know that, cargo's
    /// configuration files have to be read.
    pub(crate) fn when_needed(offline_by: impl FnOnce() -> Option<String> + Send + 'static) -> Self {
        let offline_by = LazyLock::new(Box::new(offline_by) as OfflineBy);
        let app = PathBuf::new();
        Self { offline_by, token: None, app, client: Client::default(), transfers: AtomicU64::new(1) }
    }

    /// With the directory that local files are named relative to: the app's.
    #[must_use]
    pub(crate) fn of_app(self, app: &Path) -> Self {
        Self { app: app.to_owned(), ..self }
    }

    /// Who turned the network off, if it is.
    pub(crate) fn offline_by(&self) -> Option<&str> {
        self.offline_by.as_deref()
    }

    /// The client. It costs nothing until it is used: reading the system's certificates takes tens of milliseconds that
    /// a warm run does not have.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Fetches one asset into the cache. A blob that was there already is hashed again before it is trusted, since
    /// what follows will parse it; a damaged one is removed and fetched anew.
    pub(crate) fn fetch(
        &self,
        cache: &Cache,
        wanted: &Download<'_>,
        reporter: &dyn Reporter,
    ) -> Result<Fetched, Error> {
        let id = self.transfers.fetch_add(1, Ordering::Relaxed);
        let fetch = || match wanted.url.strip_prefix(fetch::LOCAL) {
            Some(relative) => fetch::local::copy(cache, &self.app.join(relative), wanted),
            None => fetch::fetch(self.client(), cache, wanted, reporter, id),
        };
        let fetched = fetch()?;
        if fetched.transferred > 0 || hash::of_file(&fetched.path)?.0 == fetched.sha256 {
            return Ok(fetched);
        }
        fsx::remove_file(&fetched.path)?;
        fetch()
    }

    /// Refuses to ask for a private asset without a token that may be sent to its API: the answer would be a 404 that
    /// explains nothing.
    fn may_ask(&self, api_url: &str, asset: &str) -> Result<(), Error> {
        let error = match &self.token {
            Some(token) if (token.trusts)(api_url) => return Ok(()),
            Some(_) => {
                let headline = format!("`{asset}` is private, and the token is not for its server");
                Error::new(Kind::Unauthorized, headline)
                    .fact("reason", "a token goes to GitHub, and to the API that SIDECAR_GITHUB_API names")
                    .help("if you trust that server, set SIDECAR_GITHUB_API to its API, such as https://<host>/api/v3")
            }
            None => Error::new(Kind::Unauthorized, format!("`{asset}` is private, and no token is at hand"))
                .fact("reason", "build scripts read no tokens; subcommands read GH_TOKEN or GITHUB_TOKEN")
                .help("run `cargo sidecar sync` with a token; the build then takes the file from the cache"),
        };
        Err(error.fact("url", public_url(api_url)))
    }

    /// Where and with what an asset is downloaded: a private one by the API, with the token.
    pub(crate) fn address<'a>(
        &'a self,
        url: &'a str,
        api_url: Option<&'a str>,
    ) -> (&'a str, Option<&'a str>) {
        match (api_url, &self.token) {
            (Some(api), Some(token)) if (token.trusts)(api) => (api, Some(&token.value)),
            _ => (url, None),
        }
    }
}

/// Brings the binaries of `tasks`, all from one asset, into the cache; returns the bytes that came over the network.
pub(super) fn obtain(tasks: &[&Task<'_>], tools: &Tools<'_>) -> Result<u64, Error> {
    let Some(first) = tasks.first() else { return Ok(0) };
    let pin = first.pin;
    let cache = tools.cache.get()?;
    if !cache.has(&pin.sha256, Some(pin.size)) && !pin.url.starts_with(fetch::LOCAL) {
        if let Some(who) = tools.network.offline_by() {
            return Err(offline(first, cache, who));
        }
        if let Some(api_url) = &pin.api_url {
            tools.network.may_ask(api_url, &pin.asset)?;
        }
    }
    let (url, bearer) = tools.network.address(&pin.url, pin.api_url.as_deref());
    let at = (pin.line > 0).then(|| format!("{}:{}", crate::lock::FILE, pin.line));
    let wanted = Download {
        label: &pin.asset,
        accept: Some("application/octet-stream"),
        url,
        bearer,
        sha256: Some(&pin.sha256),
        size: Some(pin.size),
        expected_at: at.as_deref(),
    };
    let fetched = tools
        .network
        .fetch(cache, &wanted, tools.reporter)
        .map_err(|e| mended(e, first.sidecar, bearer.is_some()))?;
    unpack(tasks, &fetched, cache)?;
    Ok(fetched.transferred)
}

/// What a person can do: where the file on the server is no longer the one that was locked, only a person can decide
/// whether to trust the new one.
fn mended(error: Error, sidecar: &str, private: bool) -> Error {
    let update = format!("run `cargo sidecar update {sidecar}`");
    match error.kind() {
        Kind::ChecksumMismatch if error.facts().any(|(key, _)| key == "file") => {
            error.help(format!("if you built it anew, {update} and commit the lock"))
        }
        Kind::ChecksumMismatch | Kind::Truncated | Kind::TooLong => {
            error.help(format!("if the publisher replaced the file and you trust it, {update}"))
        }
        // GitHub does not tell what a token may not see from what is not there.
        Kind::HttpStatus if private => error.help(
            "the repository is private; check that the token in `GH_TOKEN` or `GITHUB_TOKEN` may read it",
        ),
        Kind::HttpStatus
            if error.facts().any(|(_, value)| value.starts_with("404") || value.starts_with("410")) =>
        {
            error.help(format!("if the publisher removed the release, {update}"))
        }
        _ => error,
    }
}

/// Unpacks the members that the lock names from their verified asset, and compares each with its pin.
fn unpack(tasks: &[&Task<'_>], fetched: &Fetched, cache: &Cache) -> Result<(), Error> {
    // One process unpacks, the others find its result.
    let _turn = cache.lock(&format!("{}-unpack", fetched.sha256), || {})?;
    for task in tasks.iter().filter(|task| task.pin.inside.is_none()) {
        look::look(task, fetched, cache)?;
    }
    let files = tasks.iter().filter_map(|task| task.pin.inside.as_ref()).flat_map(Inside::files);
    let absent = files.filter(|file| !cache.has(&file.sha256, Some(file.size)));
    // One member may serve several files: a universal macOS program, or two sidecars of one name.
    let mut wanted: BTreeMap<String, Vec<(Sha256, u64)>> = BTreeMap::new();
    for file in absent {
        if let Some(member) = file.member {
            wanted.entry(member).or_default().push((file.sha256, file.size));
        }
    }
    let members: Vec<(&str, u64)> = wanted
        .iter()
        .map(|(member, pins)| (member.as_str(), pins.iter().map(|(_, size)| *size).max().unwrap_or(0)))
        .collect();
    let Some(asset) = tasks.first().map(|task| task.pin.asset.as_str()).filter(|_| !members.is_empty())
    else {
        return Ok(());
    };
    let unpacked = unpack_into(cache, fetched, asset, &members)?;
    for ((member, pins), found) in wanted.iter().zip(unpacked) {
        if let Some(pinned) = pins.iter().find(|pinned| **pinned != found) {
            return Err(differs(member, asset, *pinned, found));
        }
    }
    Ok(())
}

fn differs(member: &str, asset: &str, pinned: (Sha256, u64), found: (Sha256, u64)) -> Error {
    Error::new(Kind::ChecksumMismatch, format!("`{member}` in `{asset}` does not match the lock"))
        .fact("expected", format!("sha256 {} ({} bytes)", pinned.0, pinned.1))
        .fact("received", format!("sha256 {} ({} bytes; nothing was installed)", found.0, found.1))
        .help("the asset itself is right, so the lock was changed by hand or by a merge; run `cargo sidecar update`")
}

/// Unpacks members of a verified asset into the cache, each under the hash of its bytes; `members` are paths with the
/// most bytes that each may have. The caller holds the asset's turn to unpack.
pub(crate) fn unpack_into(
    cache: &Cache,
    fetched: &Fetched,
    asset: &str,
    members: &[(&str, u64)],
) -> Result<Vec<(Sha256, u64)>, Error> {
    let guard = cache.lock(&format!("{}-member", fetched.sha256), || {})?;
    let part = |index: usize| guard.partial().with_extension(format!("{index}.part"));
    let mut sinks: Vec<Sink> = (0..members.len()).map(|index| Sink::new(part(index))).collect();
    let mut wanted: Vec<Extract<'_>> = sinks
        .iter_mut()
        .zip(members)
        .map(|(sink, (path, limit))| Extract { path, limit: *limit, sink })
        .collect();
    let done = Archive::open(&fetched.path, asset)?.extract(&mut wanted);
    if done.is_err() {
        for sink in &sinks {
            let _ = fsx::remove_file(&sink.path);
        }
    }
    done?;
    let mut out = Vec::new();
    for sink in sinks {
        let size = sink.hasher.length();
        let sha256 = sink.hasher.finish();
        cache.publish(&sink.path, &sha256)?;
        out.push((sha256, size));
    }
    Ok(out)
}

/// A file that is hashed while it is written. It is open from its first byte until it is flushed: a tree has more files
/// than a process may have open.
#[derive(Debug)]
pub(crate) struct Sink {
    path: PathBuf,
    file: Option<File>,
    hasher: Hasher,
}

impl Sink {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: None, hasher: Hasher::new() }
    }

    fn open(&mut self) -> std::io::Result<&mut File> {
        if self.file.is_none() {
            let file = fsx::create(&self.path).map_err(|e| std::io::Error::other(e.headline().to_owned()))?;
            return Ok(self.file.insert(file));
        }
        self.file.as_mut().ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.open()?.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    /// The file is complete.
    fn flush(&mut self) -> std::io::Result<()> {
        self.open()?;
        self.file = None;
        Ok(())
    }
}
