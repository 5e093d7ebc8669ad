//! What is known of files without reading them: a stamp vouches for a file's hash while its identity stays the same.
//!
//! Hashing 100 MB costs a build script seconds, so bytes that were hashed once are not hashed again.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::fsx;
use crate::hash::Sha256;

/// Stamps of one state directory, by path.
#[derive(Debug)]
pub(crate) struct Stamps {
    file: PathBuf,
    known: BTreeMap<PathBuf, (Identity, Sha256)>,
    changed: bool,
}

/// Changes whenever the file's bytes change: length, modification time, and on Unix the change time and inode, which
/// no tool sets back. Times in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    length: u64,
    modified: i128,
    changed: i128,
    inode: u64,
}

impl Stamps {
    /// Reads the stamps; a file that is not there or not understood vouches for nothing.
    pub(crate) fn load(file: &Path) -> Self {
        let text = fsx::read_if_exists(file).ok().flatten().unwrap_or_default();
        let known = text.lines().filter_map(line).collect();
        Self { file: file.to_owned(), known, changed: false }
    }

    /// The hash of `path`, where a stamp still vouches for it.
    pub(crate) fn sha256_of(&self, path: &Path, metadata: &Metadata) -> Option<Sha256> {
        let (identity, sha256) = self.known.get(path)?;
        (*identity == Identity::of(metadata)).then_some(*sha256)
    }

    pub(crate) fn record(&mut self, path: &Path, metadata: &Metadata, sha256: Sha256) {
        let entry = (Identity::of(metadata), sha256);
        self.changed |= self.known.insert(path.to_owned(), entry) != Some(entry);
    }

    /// Writes the stamps where they changed. A failure costs time later and is no error now.
    pub(crate) fn save(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let mut text = String::new();
        for (path, (id, sha256)) in &self.known {
            let Some(path) = path.to_str().filter(|p| !p.contains('\n')) else { continue };
            let _ = writeln!(text, "{sha256} {id} {path}");
        }
        let _ = fsx::write_atomic(&self.file, &text);
    }
}

fn line(line: &str) -> Option<(PathBuf, (Identity, Sha256))> {
    let mut words = line.splitn(6, ' ');
    let sha256 = words.next()?.parse().ok()?;
    let length = words.next()?.parse().ok()?;
    let modified = words.next()?.parse().ok()?;
    let changed = words.next()?.parse().ok()?;
    let inode = words.next()?.parse().ok()?;
    Some((PathBuf::from(words.next()?), (Identity { length, modified, changed, inode }, sha256)))
}

/// Four numbers.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.length, self.modified, self.changed, self.inode)
    }
}

impl Identity {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self {
            length: metadata.len(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let nanos = |time: std::io::Result<std::time::SystemTime>| {
            let since = time.ok().and_then(|t| t.duration_since(std::time::SystemTime::UNIX_EPOCH).ok());
            since.and_then(|d| i128::try_from(d.as_nanos()).ok()).unwrap_or(0)
        };
        Self {
            length: metadata.len(),
            modified: nanos(metadata.modified()),
            changed: nanos(metadata.created()),
            inode: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_saving_and_ends_with_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let (file, stamps) = (dir.path().join("a file"), dir.path().join("stamp"));
        fsx::write_atomic(&file, "one").unwrap();
        let metadata = fsx::metadata(&file).unwrap().unwrap();
        let mut first = Stamps::load(&stamps);
        first.record(&file, &metadata, Sha256::of(b"one"));
        first.save();
        assert_eq!(Stamps::load(&stamps).sha256_of(&file, &metadata), Some(Sha256::of(b"one")));
        fsx::write_atomic(&file, "two").unwrap();
        let metadata = fsx::metadata(&file).unwrap().unwrap();
        assert_eq!(Stamps::load(&stamps).sha256_of(&file, &metadata), None);
    }

    #[test]
    fn a_damaged_stamp_file_vouches_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let stamps = dir.path().join("stamp");
        fsx::write_atomic(&stamps, "not a stamp\n\u{0}\n").unwrap();
        assert!(Stamps::load(&stamps).known.is_empty());
    }
}
