//! `std::fs`, wrapped once: each failure names the verb and the path.
#![expect(clippy::disallowed_methods, reason = "this is the one place that may call them")]

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

fn failed(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    Error::because(format!("cannot {verb} `{}`", path.display()))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(failed("read", path))
}

pub(crate) fn open(path: &Path) -> Result<fs::File> {
    fs::File::open(path).map_err(failed("open", path))
}

/// Opens a file to write at its end; it is made, with its directories, where it is not there.
pub(crate) fn append(path: &Path) -> Result<fs::File> {
    create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::File::options().create(true).append(true).open(path).map_err(failed("open", path))
}

/// The text of a file that may be missing or unreadable, as configuration files may be.
pub(crate) fn text_of(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

pub(crate) fn create_dir_all(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(failed("create the directory", path))
}

/// The entries of a directory, sorted; none where it cannot be read.
pub(crate) fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    out.sort();
    out
}

/// Removes a directory with all that is in it; one that is not there is as good as removed.
pub(crate) fn remove_dir_all(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(e)),
        _ => Ok(()),
    }
}

/// Removes a file; one that is not there is as good as removed.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(e)),
        _ => Ok(()),
    }
}

/// Copies a file.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<u64> {
    fs::copy(from, to).map_err(failed("copy to", to))
}

/// Writes a file whole, with its directories: nobody sees half of it, also after a crash. Executable where asked.
pub(crate) fn publish(path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    create_dir_all(parent)?;
    let mut temp = tempfile::NamedTempFile::new_in(parent).map_err(failed("create a file in", parent))?;
    temp.write_all(bytes).map_err(failed("write", path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if mode == Mode::Executable { 0o755 } else { 0o644 };
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(mode)).map_err(failed("write", path))?;
    }
    #[cfg(not(unix))]
    let _ = mode;
    temp.persist(path).map_err(|error| failed("write", path)(error.error))?;
    Ok(())
}

/// Whether a file is a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Executable,
}

/// The target directory of the workspace.
pub(crate) fn target_dir() -> PathBuf {
    let set = crate::env::text("CARGO_TARGET_DIR").map(PathBuf::from);
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target");
    set.and_then(|dir| std::path::absolute(dir).ok()).unwrap_or(default)
}
