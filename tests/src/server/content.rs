//! Bytes that are served: from memory or from a file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes to serve. Cloning is cheap.
///
/// Anything that is bytes converts into it; a [`PathBuf`] or `&Path` is read from disk while it is served, and must
/// not change meanwhile.
#[derive(Debug, Clone)]
pub struct Content(Source);

#[derive(Debug, Clone)]
enum Source {
    Memory(Arc<[u8]>),
    File { path: Arc<Path>, length: u64 },
}

impl Content {
    /// Bytes in a file, which is opened when it is served.
    ///
    /// # Panics
    ///
    /// Where the file does not exist: a test that serves it is wrong.
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let length = match path.metadata() {
            Ok(found) => found.len(),
            Err(error) => panic!("cannot serve `{}`: {error}", path.display()),
        };
        Self(Source::File { path: path.into(), length })
    }

    /// Length in bytes.
    pub fn length(&self) -> u64 {
        match &self.0 {
            Source::Memory(bytes) => bytes.len() as u64,
            Source::File { length, .. } => *length,
        }
    }

    /// All bytes, read into memory.
    pub fn bytes(&self) -> io::Result<Arc<[u8]>> {
        match &self.0 {
            Source::Memory(bytes) => Ok(Arc::clone(bytes)),
            Source::File { path, length } => {
                let mut bytes = Vec::with_capacity(usize::try_from(*length).unwrap_or_default());
                File::open(path)?.read_to_end(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }

    /// SHA-256 as 64 lower-case hexadecimal digits.
    pub(super) fn sha256(&self) -> io::Result<String> {
        let mut digits = String::with_capacity(64);
        for byte in self.digest(&ring::digest::SHA256)?.as_ref() {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
        }
        Ok(digits)
    }

    /// SHA-512, 64 bytes.
    pub(super) fn sha512(&self) -> io::Result<Vec<u8>> {
        Ok(self.digest(&ring::digest::SHA512)?.as_ref().to_vec())
    }

    fn digest(&self, algorithm: &'static ring::digest::Algorithm) -> io::Result<ring::digest::Digest> {
        let mut context = ring::digest::Context::new(algorithm);
        match &self.0 {
            Source::Memory(bytes) => context.update(bytes),
            Source::File { path, .. } => {
                let mut file = File::open(path)?;
                let mut buffer = vec![0; 1 << 20];
                loop {
                    match file.read(&mut buffer)? {
                        0 => break,
                        n => context.update(&buffer[..n]),
                    }
                }
            }
        }
        Ok(context.finish())
    }

    /// Opens a part of the content for writing it to a socket.
    pub(super) fn open(&self, range: Range<u64>) -> io::Result<Reader> {
        match &self.0 {
            Source::Memory(bytes) => Ok(Reader::Memory { bytes: Arc::clone(bytes), at: index(range.start)? }),
            Source::File { path, .. } => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(range.start))?;
                Ok(Reader::File(file))
            }
        }
    }

    /// The same length with the first byte changed.
    pub(super) fn corrupted(&self) -> io::Result<Self> {
        let mut bytes = self.bytes()?.to_vec();
        if let Some(first) = bytes.first_mut() {
            *first = !*first;
        }
        Ok(bytes.into())
    }
}

/// A position in a [`Content`].
pub(super) enum Reader {
    Memory { bytes: Arc<[u8]>, at: usize },
    File(File),
}

impl Reader {
    /// Writes the next `length` bytes; what `write` takes is counted by its return value, which may be short at the
    /// end of the content.
    pub(super) fn write_to(&mut self, out: &mut impl io::Write, length: u64) -> io::Result<u64> {
        match self {
            Self::Memory { bytes, at } => {
                let end = at.saturating_add(index(length)?).min(bytes.len());
                out.write_all(&bytes[*at..end])?;
                let written = (end - *at) as u64;
                *at = end;
                Ok(written)
            }
            // `io::copy` from a file to a socket is `sendfile` on Linux: no copy through this process.
            Self::File(file) => io::copy(&mut file.take(length), out),
        }
    }
}

fn index(length: u64) -> io::Result<usize> {
    usize::try_from(length).map_err(io::Error::other)
}

impl From<Arc<[u8]>> for Content {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self(Source::Memory(bytes))
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Source::Memory(bytes.into()))
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Self(Source::Memory(bytes.into()))
    }
}

impl<const N: usize> From<&[u8; N]> for Content {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<PathBuf> for Content {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<&Path> for Content {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}
