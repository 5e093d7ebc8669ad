//! The file operations of this crate, each once.
#![expect(clippy::disallowed_methods, reason = "the one place that calls std::fs")]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The bytes of a file, at most `limit` of them.
pub(crate) fn head(path: impl AsRef<Path>, limit: u64) -> io::Result<Vec<u8>> {
    // Files of the system tell no size, and are mostly short: one read, and one that finds the end.
    let mut bytes = Vec::with_capacity(2048);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of a file of the system, which may be large but is not endless.
#[cfg(target_os = "linux")]
pub(crate) fn text(path: impl AsRef<Path>) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&head(path, 64 << 20)?).into_owned())
}

/// The names in a directory; none where it cannot be read.
pub(crate) fn names(dir: impl AsRef<Path>) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries.flatten().map(|entry| entry.file_name().into()).collect()
}

/// Where a symbolic link points.
#[cfg(target_os = "linux")]
pub(crate) fn link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    fs::read_link(path)
}

/// Makes a directory, and those above it.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

/// Writes a file so that a reader sees all of it or none of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    File::create(&part)?.write_all(bytes)?;
    fs::rename(&part, path)
}

/// Removes a file; that there was none is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether this is a regular file (a symbolic link is none), and which user owns it.
#[cfg(unix)]
pub(crate) fn regular_file_owner(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|meta| meta.uid())
}

/// Whether this is a regular file; Windows has no owner that is a number.
#[cfg(not(unix))]
pub(crate) fn regular_file_owner(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|_| 0)
}
