//! Whole archives, honest and hostile, built in memory.

mod fuzz;
mod member;
mod streams;
mod tar;
mod zip;

use std::io::Write as _;
use std::path::PathBuf;

use super::*;

/// A file with these bytes, removed when dropped, and the name it pretends to have.
pub(super) struct Asset {
    file: tempfile::NamedTempFile,
    name: String,
}

pub(super) fn asset(name: &str, bytes: &[u8]) -> Asset {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    Asset { file, name: name.to_owned() }
}

impl Asset {
    fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    pub(super) fn list(&self) -> Result<Vec<Entry>, Error> {
        Archive::open(&self.path(), &self.name)?.list()
    }

    pub(super) fn format(&self) -> Format {
        Archive::open(&self.path(), &self.name).unwrap().format()
    }

    pub(super) fn get(&self, member: &str) -> Result<Vec<u8>, Error> {
        self.get_limited(member, u64::MAX)
    }

    pub(super) fn get_limited(&self, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        Archive::open(&self.path(), &self.name)?.extract(&mut [Extract { path, limit, sink: &mut bytes }])?;
        Ok(bytes)
    }

    /// The paths of the files.
    pub(super) fn paths(&self) -> Vec<String> {
        self.list().unwrap().into_iter().filter(|e| e.kind == EntryKind::File).map(|e| e.path).collect()
    }
}

/// Asserts that an operation failed so, and that its message holds `text`.
#[track_caller]
pub(super) fn fails<T: std::fmt::Debug>(result: Result<T, Error>, kind: Kind, text: &str) {
    let error = result.unwrap_err();
    assert!(error.kind() == kind && error.to_string().contains(text), "{}: {error}", error.kind());
}

/// Bytes that don't compress to nothing: text with structure.
pub(super) fn sample(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        [b"mov ", b"call", b"ret\n", b"\0\0\0\x01"][state as usize >> 30]
    };
    std::iter::from_fn(|| Some(next())).flatten().copied().take(length).collect()
}
