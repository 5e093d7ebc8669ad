//! Getting bytes over HTTP: what the lock pins ([`fetch`]), and the small answers of APIs ([`get::Transport`]).
//!
//! One try is in [`transfer`], what is on disk between two tries in [`partial`], what may be tried again in
//! [`failure`] and [`retry`], and the words for every answer that is not a success in [`status`].

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod failure;
pub(crate) mod get;
pub(crate) mod local;
pub(crate) mod parallel;
mod partial;
mod range;
pub(crate) mod retry;
pub(crate) mod status;
#[cfg(test)]
mod testserver;
mod transfer;

use std::path::PathBuf;

use crate::cache::Cache;
use crate::error::Error;
use crate::hash::Sha256;
use crate::progress::{Event, Reporter};

use client::Client;
use transfer::Transfer;

/// How the URL of a file on this machine begins in a lock; what follows is relative to the app's directory, so that the
/// lock means the same on another machine.
pub(crate) const LOCAL: &str = "file:";

/// What to download.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Download<'a> {
    /// What progress calls it: the asset's name.
    pub(crate) label: &'a str,
    /// https, or http to this machine.
    pub(crate) url: &'a str,
    /// The `Accept` header, for APIs that answer with a description unless asked for the bytes.
    pub(crate) accept: Option<&'a str>,
    /// A token for `Authorization: Bearer`, sent to the origin of `url` only.
    pub(crate) bearer: Option<&'a str>,
    /// The hash of the right file, where it is known.
    pub(crate) sha256: Option<&'a Sha256>,
    /// The size of the right file, where it is known.
    pub(crate) size: Option<u64>,
    /// Where `sha256` and `size` are written down, such as `sidecar.lock:14`; for messages.
    pub(crate) expected_at: Option<&'a str>,
}

/// A download that is complete and, where its hash was known, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
    /// The file in the cache.
    pub(crate) path: PathBuf,
    /// Bytes that came over the network for it now; 0 where it was in the cache.
    pub(crate) transferred: u64,
}

/// Gives the file from the cache, or downloads it into the cache.
///
/// No network where the hash is known and the blob is there. Otherwise one process at a time downloads it (the others
/// wait, and find it), resumes what an earlier run left, and tries again what may pass. Progress is reported under
/// `id`.
///
/// # Errors
///
/// The network kinds (exit code 6); [`ChecksumMismatch`](crate::Kind::ChecksumMismatch),
/// [`Truncated`](crate::Kind::Truncated) and [`TooLong`](crate::Kind::TooLong) for a file that is not the one that is
/// expected, which is deleted then; [`Cache`](crate::Kind::Cache).
pub(crate) fn fetch(
    client: &Client,
    cache: &Cache,
    wanted: &Download<'_>,
    reporter: &dyn Reporter,
    id: u64,
) -> Result<Fetched, Error> {
    let cached = || {
        let sha256 = *wanted.sha256?;
        let (path, size) = cache.find(&sha256, wanted.size)?;
        Some(Fetched { sha256, size, path, transferred: 0 })
    };
    if let Some(fetched) = cached() {
        return Ok(fetched);
    }
    let url = address::parse(wanted.url)?;
    let key = wanted.sha256.copied().unwrap_or_else(|| Sha256::of(wanted.url.as_bytes())).to_string();
    let guard = cache.lock(&key, || {
        let what = format!("for another download of {}", wanted.label);
        reporter.event(&Event::Step { verb: "Waiting", what: &what });
    })?;
    // whoever held the lock may have been here for the same file
    if let Some(fetched) = cached() {
        return Ok(fetched);
    }
    let mut transfer = Transfer::new(cache, wanted, url, &guard, reporter, id);
    let (sha256, size) = client.on_worker(|worker| transfer.run(worker, &client.pace))??;
    let transferred = transfer.transferred();
    let path = cache.publish(guard.partial(), &sha256)?;
    let _ = crate::fsx::remove_file(&crate::cache::etag_path(guard.partial()));
    Ok(Fetched { sha256, size, path, transferred })
}

#[cfg(test)]
mod tests;
