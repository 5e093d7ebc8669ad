//! Locks between processes: whoever holds a key's lock is the only one that downloads it.

use std::fs::{File, Metadata, TryLockError};
use std::hash::BuildHasher as _;
use std::io;
use std::path::{Path, PathBuf};

use super::{Cache, Result};
use crate::fsx;

/// The right to download one key, until it is dropped (or the process ends, however it does).
#[derive(Debug)]
pub(crate) struct Guard {
    /// The locked file; `None` on a file system without locks.
    lock: Option<File>,
    partial: PathBuf,
}

impl Cache {
    /// Takes the lock of `key`, and waits for it where somebody else holds it; `waiting` is called before that.
    ///
    /// On a file system without locks this returns at once, with a [`Guard::partial`] that nobody else uses.
    pub(crate) fn lock(&self, key: &str, waiting: impl FnOnce()) -> Result<Guard> {
        let mut waiting = Some(waiting);
        self.acquire(key, |file| match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                if let Some(tell) = waiting.take() {
                    tell();
                }
                file.lock()
            }
            Err(TryLockError::Error(e)) => Err(e),
            Ok(()) => Ok(()),
        })
    }

    /// Takes the lock of `key` unless somebody else holds it.
    pub(super) fn try_lock(&self, key: &str) -> Option<Guard> {
        let mut busy = false;
        let guard = self.acquire(key, |file| match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                busy = true;
                Ok(())
            }
            Err(TryLockError::Error(e)) => Err(e),
            Ok(()) => Ok(()),
        });
        guard.ok().filter(|_| !busy)
    }

    /// Opens the lock file and calls `take` on it until the locked file is the one of that name: [`Guard::retire`] may
    /// have removed it while we waited.
    fn acquire(&self, key: &str, mut take: impl FnMut(&File) -> io::Result<()>) -> Result<Guard> {
        let path = self.lock_path(key);
        loop {
            let file = fsx::open_lock(&path).map_err(|e| self.unusable(&e))?;
            match take(&file) {
                Ok(()) if is_at(&file, &path) => {
                    return Ok(Guard { lock: Some(file), partial: self.partial(key) });
                }
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // no locks here (some network file systems): go on without, with a file of our own
                Err(_) => {
                    let own = std::hash::RandomState::new().hash_one(key);
                    return Ok(Guard { lock: None, partial: self.partial(&format!("{key}.{own:016x}")) });
                }
            }
        }
    }

    pub(super) fn lock_path(&self, key: &str) -> PathBuf {
        let shard = key.get(..2).unwrap_or(key);
        self.root.join("locks").join(shard).join(format!("{key}.lock"))
    }

    /// Where what has arrived of `key` is kept: the same path in every run, so that an interrupted download is resumed
    /// or overwritten, and nothing piles up.
    pub(super) fn partial(&self, key: &str) -> PathBuf {
        self.root.join("tmp").join(format!("{key}.part"))
    }
}

impl Guard {
    /// The file to download into. Nobody else writes to it while this guard lives.
    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Whether the lock is really held; not so on a file system without locks.
    pub(super) fn is_held(&self) -> bool {
        self.lock.is_some()
    }

    /// Removes the lock file itself, together with the lock.
    pub(super) fn retire(self, cache: &Cache, key: &str) {
        let path = cache.lock_path(key);
        if cfg!(windows) {
            // fails, and may, where somebody has opened it in the meantime
            drop(self);
            let _ = fsx::remove_file(&path);
        } else if self.is_held() {
            // whoever waits for it sees that the file is gone, and opens a new one
            let _ = fsx::remove_file(&path);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(file) = &self.lock {
            // closing does the same, but on Windows only "eventually"
            let _ = file.unlock();
        } else {
            let _ = fsx::remove_file(&self.partial);
            let _ = fsx::remove_file(&super::etag_path(&self.partial));
        }
    }
}

/// Whether `file` is what `path` names now.
fn is_at(file: &File, path: &Path) -> bool {
    let named = fsx::metadata(path).ok().flatten();
    named.is_some_and(|named| file.metadata().is_ok_and(|held| identity(&held) == identity(&named)))
}

/// Device and inode.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Always the same: elsewhere a lock file cannot be removed while it is open (see [`fsx::open_lock`]).
#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn cache() -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path()).unwrap();
        (dir, cache)
    }

    #[test]
    fn one_holder_at_a_time_and_waiting_is_told() {
        let (_dir, cache) = cache();
        let (inside, told) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let start = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    let tell = || {
                        told.fetch_add(1, Ordering::SeqCst);
                    };
                    let guard = cache.lock("abc", tell).unwrap();
                    assert!(guard.is_held());
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert!(told.load(Ordering::SeqCst) < 8);
    }

    #[test]
    fn a_held_key_cannot_be_tried_while_others_can() {
        let (_dir, cache) = cache();
        let guard = cache.lock("abc", || ()).unwrap();
        assert!(cache.try_lock("abc").is_none());
        assert!(cache.try_lock("abd").is_some());
        drop(guard);
        assert!(cache.try_lock("abc").is_some());
    }

    #[test]
    fn whoever_waits_for_a_retired_lock_gets_the_new_file() {
        let (_dir, cache) = cache();
        let guard = cache.lock("abc", || ()).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| cache.lock("abc", move || tell.send(()).unwrap()).unwrap());
            told.recv().unwrap();
            guard.retire(&cache, "abc");
            let held = waiter.join().unwrap();
            assert!(held.is_held() && cache.try_lock("abc").is_none());
        });
    }

    #[test]
    fn the_partial_file_has_the_same_path_in_every_run() {
        let (_dir, cache) = cache();
        let first = cache.lock("abc", || ()).unwrap().partial().to_owned();
        assert_eq!(cache.lock("abc", || ()).unwrap().partial(), first);
        assert_eq!(first, cache.directory().join("tmp").join("abc.part"));
    }

    #[test]
    fn without_locks_each_guard_has_a_file_of_its_own() {
        let (_dir, cache) = cache();
        let unsupported = || cache.acquire("abc", |_| Err(io::ErrorKind::Unsupported.into())).unwrap();
        let (first, second) = (unsupported(), unsupported());
        assert!(!first.is_held());
        assert_ne!(first.partial(), second.partial());
        let path = first.partial().to_owned();
        fsx::open_or_create(&path).unwrap();
        drop(first);
        assert!(fsx::metadata(&path).unwrap().is_none());
    }
}
