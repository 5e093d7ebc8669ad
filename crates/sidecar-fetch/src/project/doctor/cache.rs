//! The cache: usable, and what it holds of this lock.

use std::collections::BTreeMap;

use super::{Check, CheckState, Scene, counted};
use crate::cache::Cache;
use crate::error::Error;
use crate::fsx;
use crate::hash::{self, Sha256};
use crate::lock::{Inside, Pin};

const NAME: &str = "cache";

/// More than this is not read in a check that people wait for, in bytes.
const HASHED: u64 = 200 * 1024 * 1024;

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    match cache(scene) {
        Ok(rows) => rows,
        Err(error) => vec![Check::of(NAME, CheckState::Problem, &error)],
    }
}

fn cache(scene: &Scene<'_>) -> Result<Vec<Check>, Error> {
    let cache = scene.project.cache.get()?;
    let usage = cache.usage()?;
    let held = format!(
        "{} in {}, {}",
        counted(usize::try_from(usage.blobs).unwrap_or(usize::MAX), "file"),
        cache.directory().display(),
        megabytes(usage.bytes)
    );
    let mut out = vec![match writable(cache) {
        Ok(()) => Check::ok(NAME, held),
        Err(error) => Check::of(NAME, CheckState::Warning, &cache.unusable(&error)),
    }];
    let wanted = wanted(scene);
    if wanted.is_empty() {
        return Ok(out);
    }
    out.extend(held_of(cache, &wanted, HASHED));
    Ok(out)
}

/// How many of the wanted files are there, and which of them are damaged; more than `limit` bytes are not read.
fn held_of(cache: &Cache, wanted: &BTreeMap<Sha256, u64>, limit: u64) -> Vec<Check> {
    let (mut there, mut bytes) = (Vec::new(), 0);
    for (sha256, size) in wanted {
        let Ok(Some(found)) = fsx::metadata(&cache.blob(sha256)) else { continue };
        there.push(sha256);
        // One of another size is damaged, and quickly found to be.
        bytes += found.len().min(*size);
    }
    let of =
        format!("{} of the {} that the lock pins are cached", there.len(), counted(wanted.len(), "file"));
    if bytes > limit {
        let found =
            format!("{of}; {} are too much to read now, `cargo sidecar verify` does", megabytes(bytes));
        return vec![Check::ok(NAME, found)];
    }
    let mut out = vec![Check::ok(NAME, of)];
    for sha256 in there.into_iter().filter(|sha256| !is_sound(cache, sha256)) {
        let path = cache.blob(sha256);
        let check = Check::warning(NAME, "a cached file has other bytes than its name says");
        out.push(
            check
                .fact("file", path.display())
                .help(format!("run `rm \"{}\"`; it is fetched again", path.display())),
        );
    }
    out
}

/// The files that the lock pins for the cache: the assets and what is installed of them, with their sizes.
fn wanted(scene: &Scene<'_>) -> BTreeMap<Sha256, u64> {
    let pins = scene.lock.sidecars.values().flat_map(|locked| locked.assets.values().flatten());
    let files = |pin: &Pin| {
        let files = pin.inside.iter().flat_map(Inside::files);
        files.map(|file| (file.sha256, file.size)).collect::<Vec<_>>()
    };
    pins.flat_map(|pin| files(pin).into_iter().chain([(pin.sha256, pin.size)])).collect()
}

fn is_sound(cache: &Cache, sha256: &Sha256) -> bool {
    hash::of_file(&cache.blob(sha256)).is_ok_and(|(found, _)| found == *sha256)
}

/// Whether a download could be put there: tried, as nothing else tells for sure.
fn writable(cache: &Cache) -> Result<(), Error> {
    let probe = cache.directory().join(format!("probe-{}", std::process::id()));
    fsx::create(&probe)?;
    fsx::remove_file(&probe)
}

/// A size for people.
fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{} MB", bytes.div_ceil(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_cache_is_writable_is_tried_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path().join("cache")).unwrap();
        let before = fsx::read_dir(cache.directory()).unwrap();
        assert!(writable(&cache).is_ok());
        assert_eq!(fsx::read_dir(cache.directory()).unwrap(), before);
        fsx::try_rename(cache.directory(), &dir.path().join("moved")).unwrap();
        fsx::write_atomic(cache.directory(), "a file in its place").unwrap();
        assert!(writable(&cache).is_err());
    }

    #[test]
    fn only_what_is_quickly_read_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path()).unwrap();
        let (sound, damaged, gone) = (Sha256::of(b"sound"), Sha256::of(b"damaged"), Sha256::of(b"gone"));
        fsx::write_atomic(&cache.blob(&sound), "sound").unwrap();
        fsx::write_atomic(&cache.blob(&damaged), "other").unwrap();
        let wanted = BTreeMap::from([(sound, 5), (damaged, 7), (gone, 4)]);
        let rows = held_of(&cache, &wanted, 10);
        assert_eq!(rows[0].found, "2 of the 3 files that the lock pins are cached");
        assert_eq!((rows.len(), rows[1].state), (2, CheckState::Warning));
        assert_eq!(rows[1].facts[0].1, cache.blob(&damaged).display().to_string());
        let unread = held_of(&cache, &wanted, 9);
        assert_eq!(
            (unread.len(), unread[0].found.contains("`cargo sidecar verify`")),
            (1, true),
            "{unread:?}"
        );
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(
            [0, 1, 999_001, 1_000_000, 1_000_001].map(megabytes),
            ["0 kB", "1 kB", "1000 kB", "1 MB", "2 MB"]
        );
    }
}
