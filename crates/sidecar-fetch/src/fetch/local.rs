//! A file of this machine instead of a download: copied into the cache, and verified as a download is.

use std::path::Path;

use super::{Download, Fetched};
use crate::cache::Cache;
use crate::error::{Error, Kind};
use crate::{fsx, hash};

/// Copies the file `from` into the cache, or takes what the cache has of it. The URL of `wanted` is for messages only.
pub(crate) fn copy(cache: &Cache, from: &Path, wanted: &Download<'_>) -> Result<Fetched, Error> {
    if let Some(sha256) = wanted.sha256
        && let Some((path, size)) = cache.find(sha256, wanted.size)
    {
        return Ok(Fetched { sha256: *sha256, size, path, transferred: 0 });
    }
    let found = fsx::metadata(from)?;
    if let (Some(found), Some(size)) = (&found, wanted.size.filter(|_| wanted.sha256.is_some()))
        && found.is_file()
        && found.len() != size
    {
        return Err(Error::new(Kind::ChecksumMismatch, "the local file does not match the lock")
            .fact("file", from.display())
            .fact("expected", format!("{size} bytes"))
            .fact("received", format!("{} bytes", found.len())));
    }
    if found.is_none_or(|found| !found.is_file()) {
        return Err(Error::new(Kind::Io, format!("there is no file `{}`", from.display()))
            .fact("reason", "the manifest takes this sidecar from a local path")
            .help("build it first"));
    }
    let key = hash::Sha256::of(from.as_os_str().as_encoded_bytes()).to_string();
    let guard = cache.lock(&key, || {})?;
    if let Some(parent) = guard.partial().parent() {
        fsx::create_dir_all(parent)?;
    }
    fsx::copy(from, guard.partial())?;
    // Hashed in the cache: the original may change at any moment.
    let (sha256, size) = hash::of_file(guard.partial())?;
    if let Some(expected) = wanted.sha256.filter(|expected| **expected != sha256) {
        fsx::remove_file(guard.partial())?;
        let at = wanted.expected_at.map(|at| format!("  ({at})")).unwrap_or_default();
        return Err(Error::new(Kind::ChecksumMismatch, "the local file does not match the lock")
            .fact("file", from.display())
            .fact("expected", format!("sha256 {expected}{at}"))
            .fact("received", format!("sha256 {sha256}  ({size} bytes)")));
    }
    let path = cache.publish(guard.partial(), &sha256)?;
    Ok(Fetched { sha256, size, path, transferred: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_copied_once_and_compared_with_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path().join("cache")).unwrap();
        let file = dir.path().join("tool");
        fsx::write(&file, "one").unwrap();
        let first = copy(&cache, &file, &Download::default()).unwrap();
        assert_eq!((first.sha256, first.size), (hash::Sha256::of(b"one"), 3));
        fsx::write(&file, "two").unwrap();
        let pinned = Download { sha256: Some(&first.sha256), size: Some(3), ..Download::default() };
        assert_eq!(copy(&cache, &file, &pinned).unwrap().path, first.path, "the cache has what is pinned");
        fsx::remove_file(&first.path).unwrap();
        let error = copy(&cache, &file, &pinned).unwrap_err();
        assert_eq!(error.kind(), Kind::ChecksumMismatch);
        fsx::remove_file(&file).unwrap();
        assert_eq!(copy(&cache, &file, &pinned).unwrap_err().kind(), Kind::Io);
    }
}
