//! `std::fs`, wrapped once: each failure names the verb and the path.
#![expect(clippy::disallowed_methods, reason = "this is the one place that may call them")]

use std::borrow::Cow;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, Kind};

type Result<T> = std::result::Result<T, Error>;

/// The error for a file system operation that failed: ``cannot <verb> `<path>` ``.
pub(crate) fn failed(verb: &str, path: &Path, error: &io::Error) -> Error {
    let out = Error::new(Kind::Io, format!("cannot {verb} `{}`", path.display())).fact("cause", plain(error));
    match error.kind() {
        io::ErrorKind::StorageFull => out.help("free some disk space, then run the command again"),
        io::ErrorKind::PermissionDenied => {
            out.help("give your user access to that path, then run the command again")
        }
        io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            out.help("something else is in its place; rename or remove that, then run the command again")
        }
        io::ErrorKind::ReadOnlyFilesystem => out.help("the file system is read-only; mount it writable"),
        _ => out,
    }
}

/// The words of an `io::Error` without Rust's "(os error 2)", which helps nobody who has the words.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    // Windows ends its sentences with a full stop.
    text.split(" (os error").next().unwrap_or(&text).trim_end_matches('.').to_lowercase()
}

#[cfg(any(feature = "resolve", test))]
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| failed("read", path, &e))
}

/// The bytes of a file; `None` where it cannot be read, for whatever reason.
pub(crate) fn bytes_of(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

/// The last part of a path, for people.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

pub(crate) fn read_to_string(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| failed("read", path, &e))
}

/// Like [`read_to_string`], but `None` where the file does not exist.
pub(crate) fn read_if_exists(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed("read", path, &e)),
    }
}

pub(crate) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| failed("open", path, &e))
}

/// Creates or truncates a file, with its parent directories.
pub(crate) fn create(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        create_dir_all(parent)?;
    }
    File::create(path).map_err(|e| failed("create", path, &e))
}

/// Opens a file to read and write it, creating it (with its parent directories) where it does not exist. What it holds
/// stays.
pub(crate) fn open_or_create(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        create_dir_all(parent)?;
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(|e| failed("create", path, &e))
}

/// Like [`open_or_create`], for a file that is only ever locked. On Windows it cannot be removed while somebody has
/// it open, so that two processes never hold locks on two files of one name.
pub(crate) fn open_lock(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        create_dir_all(parent)?;
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt as _;
        // FILE_SHARE_READ | FILE_SHARE_WRITE: all but FILE_SHARE_DELETE
        options.share_mode(1 | 2);
    }
    options.open(path).map_err(|e| failed("create", path, &e))
}

/// Writes a small file in place. For files whose readers can tell a half-written one.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| failed("write", path, &e))
}

/// Sets when a file was last modified.
pub(crate) fn set_modified(path: &Path, time: std::time::SystemTime) -> Result<()> {
    let file = File::options().write(true).open(path).map_err(|e| failed("open", path, &e))?;
    file.set_modified(time).map_err(|e| failed("set the time of", path, &e))
}

pub(crate) fn create_dir_all(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| failed("create the directory", path, &e))
}

/// The metadata of what `path` leads to, or `None` where nothing is there.
pub(crate) fn metadata(path: &Path) -> Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(failed("look at", path, &e)),
    }
}

pub(crate) fn set_permissions(path: &Path, permissions: fs::Permissions) -> Result<()> {
    fs::set_permissions(path, permissions).map_err(|e| failed("set the mode of", path, &e))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<u64> {
    fs::copy(from, to).map_err(|e| failed("copy to", to, &e).fact("from", from.display()))
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| failed("move into place", to, &e).fact("from", from.display()))
}

/// `rename` with the plain `io::Error`, for callers that have another way.
pub(crate) fn try_rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// [`try_rename`] over what may be a running program. Windows replaces no such file but lets it be renamed: there it
/// goes to `aside`, where it can be removed when it has ended.
pub(crate) fn try_replace(from: &Path, to: &Path, aside: &Path) -> io::Result<()> {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    match fs::rename(from, to) {
        Err(e) if cfg!(windows) && matches!(e.raw_os_error(), Some(ACCESS_DENIED | SHARING_VIOLATION)) => {
            fs::rename(to, aside).map_err(|_| e)?;
            // Without its successor the old file is better than none.
            fs::rename(from, to).inspect_err(|_| drop(fs::rename(aside, to)))
        }
        done => done,
    }
}

/// Whether the path itself is a symbolic link.
pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// Removes the directories that hold nothing, or only such directories; links are not followed.
pub(crate) fn remove_empty_dirs(root: &Path) -> Result<()> {
    for path in read_dir(root)? {
        if path.is_dir() && !is_link(&path) {
            remove_empty_dirs(&path)?;
        }
    }
    if !root.is_dir() || is_link(root) || !read_dir(root)?.is_empty() {
        return Ok(());
    }
    match fs::remove_dir(root) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove the directory", root, &e)),
        _ => Ok(()),
    }
}

/// Sets when a directory was last modified, where the system lets a directory be opened.
pub(crate) fn set_modified_of_directory(path: &Path, time: std::time::SystemTime) -> Result<()> {
    let directory = open(path)?;
    directory.set_modified(time).map_err(|e| failed("set the time of", path, &e))
}

/// Removes a file; one that is not there is as good as removed.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, &e)),
        _ => Ok(()),
    }
}

/// Removes a directory with all that is in it; one that is not there is as good as removed.
#[cfg(feature = "resolve")]
pub(crate) fn remove_dir_all(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, &e)),
        _ => Ok(()),
    }
}

/// The entries of a directory, sorted by name; none where the directory does not exist.
pub(crate) fn read_dir(path: &Path) -> Result<Vec<PathBuf>> {
    let listing = match fs::read_dir(path) {
        Ok(listing) => listing,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed("list", path, &e)),
    };
    let mut out = Vec::new();
    for entry in listing {
        out.push(entry.map_err(|e| failed("list", path, &e))?.path());
    }
    out.sort();
    Ok(out)
}

/// Writes a small file whole: temporary file in the same directory, then rename. Not for the app directory while
/// `tauri dev` may watch it. (The tempfile crate would cost a build script 3.8 CPU seconds for these lines.)
pub(crate) fn write_atomic(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let path = &*behind_link(path);
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_dir_all(parent)?;
    let name = name_of(path);
    let (process, count) = (std::process::id(), TEMPORARY.fetch_add(1, Ordering::Relaxed));
    let temp = parent.join(format!(".{name}.{process}-{count}"));
    fs::write(&temp, text).map_err(|e| failed("write", path, &e))?;
    if let Ok(metadata) = fs::metadata(path) {
        let _ = fs::set_permissions(&temp, metadata.permissions());
    }
    let renamed = fs::rename(&temp, path).map_err(|e| failed("write", path, &e));
    if renamed.is_err() {
        let _ = fs::remove_file(&temp);
    }
    renamed
}

/// The file that a symbolic link leads to, so that the file is written and the link stays; other paths as they are.
fn behind_link(path: &Path) -> Cow<'_, Path> {
    if !is_link(path) {
        return Cow::Borrowed(path);
    }
    fs::canonicalize(path).map_or(Cow::Borrowed(path), Cow::Owned)
}

/// The user whom files that this process creates belong to: what the system says of one.
#[cfg(unix)]
pub(crate) fn owner_of_new_files() -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let count = TEMPORARY.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!(".sidecar-owner-{}-{count}", std::process::id()));
    let created = File::create_new(&path).and_then(|file| file.metadata());
    let _ = fs::remove_file(&path);
    created.ok().map(|metadata| metadata.uid())
}

/// Tells the temporary files of one process apart.
static TEMPORARY: AtomicU32 = AtomicU32::new(0);

/// [`write_atomic`] for files in the app directory, which `tauri dev` watches: the temporary file is made in `staging`
/// where that is on the same file system.
#[cfg(feature = "resolve")]
pub(crate) fn write_atomic_by(staging: &Path, path: &Path, text: &str) -> Result<()> {
    let staged = stage(staging, path, text)?;
    publish(&staged, path, text)
}

/// Writes the text that `path` is about to have into a temporary file in `staging`, with the mode of the file that is
/// there.
#[cfg(feature = "resolve")]
pub(crate) fn stage(staging: &Path, path: &Path, text: &str) -> Result<PathBuf> {
    let name = name_of(path);
    let (process, count) = (std::process::id(), TEMPORARY.fetch_add(1, Ordering::Relaxed));
    let staged = staging.join(format!("{name}.{process}-{count}"));
    write_atomic(&staged, text)?;
    if let Ok(metadata) = fs::metadata(path) {
        let _ = fs::set_permissions(&staged, metadata.permissions());
    }
    Ok(staged)
}

/// Moves a staged file to its place. A symbolic link there stays, and its file is replaced.
#[cfg(feature = "resolve")]
pub(crate) fn publish(staged: &Path, path: &Path, text: &str) -> Result<()> {
    let path = &*behind_link(path);
    if let Some(parent) = path.parent() {
        create_dir_all(parent)?;
    }
    if fs::rename(staged, path).is_ok() {
        return Ok(());
    }
    remove_file(staged)?;
    write_atomic(path, text)
}

/// Writes only where the bytes differ, so that mtimes change for a reason; tells whether it wrote.
pub(crate) fn write_if_changed(path: &Path, text: &str) -> Result<bool> {
    if read_if_exists(path).ok().flatten().as_deref() == Some(text) {
        return Ok(false);
    }
    write_atomic(path, text).map(|()| true)
}
