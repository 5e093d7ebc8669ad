//! The file operations of this crate, each once.
#![expect(clippy::disallowed_methods, reason = "the one place that calls std::fs")]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
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

/// A file that only the user may read, to be appended to, with its size and whether its last line has no end. A link in
/// its place, or anything else that is no file of its own, is refused.
pub(crate) fn append_private(path: &Path) -> io::Result<(File, u64, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // FILE_FLAG_OPEN_REPARSE_POINT: opens a link itself.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, 0x0020_0000);
    let mut file = match fs::symlink_metadata(path) {
        // A new file is never made behind a link.
        Err(error) if error.kind() == io::ErrorKind::NotFound => options.create_new(true).open(path)?,
        Err(error) => return Err(error),
        Ok(found) if !found.is_file() => return Err(not_a_file()),
        Ok(found) => {
            let file = options.open(path)?;
            if !is_same(&found, &file.metadata()?) {
                return Err(not_a_file());
            }
            file
        }
    };
    let size = file.metadata()?.len();
    let mut last = [b'\n'];
    if size > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok((file, size, last != *b"\n"))
}

fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "there is something that is no file of its own")
}

/// Whether what was found under a name is what was opened: in between, it may have become a link.
#[cfg(unix)]
fn is_same(found: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino(), 1) == (opened.dev(), opened.ino(), opened.nlink())
}

#[cfg(windows)]
fn is_same(_: &fs::Metadata, opened: &fs::Metadata) -> bool {
    opened.is_file()
}

/// Locks a file, which is made, until it is dropped; `None` where somebody has it.
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let (file, ..) = append_private(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        // Some network file systems have no locks. Homes on them are rare, and two apps at once on them rarer.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(Some(file)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What lies at a path, behind links.
pub(crate) fn metadata(path: &Path) -> io::Result<fs::Metadata> {
    fs::metadata(path)
}

/// Whether it is a link to what is not there.
pub(crate) fn is_link_to_nothing(path: &Path) -> bool {
    let link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    link && matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// The path without links.
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Renames a file; one that has the new name is replaced.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
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

/// Removes a file; that there was none is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
