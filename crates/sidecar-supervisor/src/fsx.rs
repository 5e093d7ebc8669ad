//! The file operations of this crate, each once.
#![expect(clippy::disallowed_methods, reason = "the one place that calls std::fs")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Makes a directory, and those above it.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

/// Makes a directory that only the user may enter.
pub(crate) fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// A new file that only the user may read; one that is there, or a link in its place, is removed first.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    remove(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The bytes of a file, at most `limit` of them.
pub(crate) fn head(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a program's file cannot be replaced, as something runs it or looks at it. Only Windows keeps files so.
pub(crate) fn is_in_use(path: &Path) -> bool {
    cfg!(windows) && path.exists() && OpenOptions::new().write(true).open(path).is_err()
}

/// Opens a file to read.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The names in a directory; none where it cannot be read.
pub(crate) fn names(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries.flatten().map(|entry| entry.file_name().into()).collect()
}

/// Removes a directory with all that is in it; that there was none is fine.
pub(crate) fn remove_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Gives a file another name.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Removes a file; that there was none is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
