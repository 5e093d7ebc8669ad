//! What has arrived of a download, on disk between two tries.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::cache::etag_path;
use crate::error::Error;
use crate::fsx;
use crate::hash::{BUFFER, Hasher, Sha256};

type Result<T> = std::result::Result<T, Error>;

/// The bytes that have arrived, their hash so far, and the entity tag of the version that they are of.
///
/// The tag is on disk before the first byte of its version, and the bytes of an older version are gone before that: so
/// whatever is found beside a tag is of that version, whenever the process was killed.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    hasher: Hasher,
    etag: Option<String>,
}

impl Partial {
    /// Opens what an earlier try left and hashes it. Bytes without a strong entity tag do not count: nothing says that
    /// the rest of the file would fit them.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let etag = fsx::read_if_exists(&etag_path(path)).ok().flatten().filter(|etag| is_strong(etag));
        let file = fsx::open_or_create(path)?;
        let mut partial = Self { path: path.to_owned(), file, hasher: Hasher::new(), etag };
        if partial.etag.is_some() {
            partial.hash_file()?;
        }
        Ok(partial)
    }

    fn hash_file(&mut self) -> Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            match self.file.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => self.hasher.update(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(fsx::failed("read", &self.path, &e)),
            }
        }
    }

    /// How many bytes count.
    pub(super) fn length(&self) -> u64 {
        self.hasher.length()
    }

    /// From where to go on, and the tag of the version to go on with.
    pub(super) fn resume(&self) -> Option<(u64, &str)> {
        let etag = self.etag.as_deref()?;
        (self.length() > 0).then_some((self.length(), etag))
    }

    /// Forgets what has arrived; what comes now is of the version `etag`, where that is a strong one.
    pub(super) fn restart(&mut self, etag: Option<&str>) -> Result<()> {
        let failed = |e: io::Error| fsx::failed("truncate", &self.path, &e);
        // Not where it is empty: ext4 writes a file that was truncated to the disk when it is closed, so that those who
        // overwrite files in place lose nothing in a crash. We rename, and need not wait for the disk.
        if self.file.metadata().map_err(failed)?.len() > 0 {
            self.file.set_len(0).map_err(failed)?;
        }
        self.file.rewind().map_err(failed)?;
        self.hasher = Hasher::new();
        self.etag = etag.filter(|etag| is_strong(etag)).map(str::to_owned);
        match &self.etag {
            Some(etag) => fsx::write(&etag_path(&self.path), etag),
            None => fsx::remove_file(&etag_path(&self.path)),
        }
    }

    /// Appends what arrived.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| fsx::failed("write", &self.path, &e))?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// The hash of what has arrived. Closes the file, which stays.
    pub(super) fn finish(self) -> Sha256 {
        self.hasher.finish()
    }
}

/// Removes what has arrived.
pub(super) fn discard(path: &Path) -> Result<()> {
    fsx::remove_file(&etag_path(path))?;
    fsx::remove_file(path)
}

/// Whether an entity tag promises equal bytes (RFC 9110, 8.8.3): quoted, without the `W/` of weak ones. Half-written
/// ones are not quoted.
fn is_strong(etag: &str) -> bool {
    let inner = etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.is_empty() && inner.bytes().all(|c| c.is_ascii_graphic() && c != b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.part");
        (dir, path)
    }

    #[test]
    fn goes_on_where_an_earlier_try_ended() {
        let (_dir, path) = scratch();
        let mut partial = Partial::open(&path).unwrap();
        assert_eq!(partial.resume(), None);
        partial.restart(Some("\"v1\"")).unwrap();
        partial.write(b"hello ").unwrap();
        drop(partial);
        let mut partial = Partial::open(&path).unwrap();
        assert_eq!(partial.resume(), Some((6, "\"v1\"")));
        partial.write(b"world").unwrap();
        assert_eq!(partial.finish(), Sha256::of(b"hello world"));
        assert_eq!(fsx::read_to_string(&path).unwrap(), "hello world");
    }

    #[test]
    fn bytes_without_a_strong_tag_do_not_count() {
        for etag in [None, Some("W/\"weak\""), Some("v1"), Some("\"a\nb\""), Some("\"")] {
            let (_dir, path) = scratch();
            let mut partial = Partial::open(&path).unwrap();
            partial.restart(etag).unwrap();
            partial.write(b"hello").unwrap();
            drop(partial);
            let partial = Partial::open(&path).unwrap();
            assert_eq!((partial.resume(), partial.length()), (None, 0), "{etag:?}");
        }
    }

    #[test]
    fn a_half_written_tag_does_not_count() {
        let (_dir, path) = scratch();
        fsx::write(&path, "hello").unwrap();
        fsx::write(&etag_path(&path), "\"0x8D").unwrap();
        assert_eq!(Partial::open(&path).unwrap().resume(), None);
    }

    #[test]
    fn restart_removes_the_bytes_and_tag_of_the_old_version() {
        let (_dir, path) = scratch();
        let mut partial = Partial::open(&path).unwrap();
        partial.restart(Some("\"v1\"")).unwrap();
        partial.write(b"a long old version").unwrap();
        partial.restart(None).unwrap();
        partial.write(b"new").unwrap();
        assert_eq!(partial.finish(), Sha256::of(b"new"));
        assert_eq!(fsx::read_to_string(&path).unwrap(), "new");
        assert!(!etag_path(&path).exists());
    }

    #[test]
    fn discard_leaves_nothing() {
        let (dir, path) = scratch();
        let mut partial = Partial::open(&path).unwrap();
        partial.restart(Some("\"v1\"")).unwrap();
        drop(partial);
        discard(&path).unwrap();
        assert_eq!(fsx::read_dir(dir.path()).unwrap(), Vec::<PathBuf>::new());
    }
}
