//! The errors that reading an archive ends in. They don't know the archive's name: [`Archive`](super::Archive) adds it.

use std::fmt;
use std::io;

use crate::error::{Error, Kind};
use crate::fsx;

/// An archive or compressed stream that contradicts its own format.
pub(super) fn corrupt(cause: impl fmt::Display) -> Error {
    Error::new(Kind::ArchiveCorrupt, "the archive is damaged").fact("cause", cause)
}

/// An archive that holds what no honest archive holds; all of it is refused.
pub(super) fn hostile(entry: &str, why: impl fmt::Display) -> Error {
    Error::new(Kind::ArchiveUnsafe, "the archive is not safe to unpack")
        .fact("entry", shown(entry))
        .fact("cause", why)
}

/// An archive that expands beyond a limit.
pub(super) fn too_large(why: impl fmt::Display) -> Error {
    Error::new(Kind::ArchiveTooLarge, "the archive expands beyond the limit").fact("cause", why)
}

/// An archive that is well-formed, of a kind that this version does not read.
pub(super) fn unsupported(why: impl fmt::Display) -> Error {
    Error::new(Kind::Unsupported, "the archive cannot be unpacked").fact("cause", why)
}

/// The error for a failed read: of the stream's data, or of the file below it.
pub(super) fn read(error: &io::Error) -> Error {
    if error.get_ref().and_then(|inner| inner.downcast_ref::<Bomb>()).is_some() {
        too_large(error)
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        corrupt("it ends too early")
    } else if error.raw_os_error().is_some() {
        Error::new(Kind::Io, "the archive cannot be read").fact("cause", fsx::plain(error))
    } else {
        corrupt(fsx::plain(error))
    }
}

/// A stream that expanded beyond the ceiling; travels inside an [`io::Error`].
#[derive(Debug)]
pub(super) struct Bomb {
    /// The ceiling, in bytes.
    pub(super) ceiling: u64,
}

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} MiB of data", self.ceiling >> 20)
    }
}

impl std::error::Error for Bomb {}

/// A path of an archive as it may be printed: control characters escaped, at most 200 characters.
pub(super) fn shown(path: &str) -> String {
    let mut out: String = path.chars().take(200).flat_map(char::escape_debug).collect();
    if path.chars().nth(200).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_error_tells_damage_from_bombs_and_disks() {
        let kinds = [
            (io::Error::other(Bomb { ceiling: 1 << 29 }), Kind::ArchiveTooLarge),
            (io::Error::from(io::ErrorKind::UnexpectedEof), Kind::ArchiveCorrupt),
            (io::Error::other("bad block"), Kind::ArchiveCorrupt),
            (io::Error::from_raw_os_error(5), Kind::Io),
        ];
        for (error, kind) in kinds {
            assert_eq!(read(&error).kind(), kind, "{error}");
        }
        assert!(read(&io::Error::other(Bomb { ceiling: 1 << 29 })).to_string().contains("more than 512 MiB"));
    }

    #[test]
    fn escape_sequences_of_a_path_do_not_reach_the_terminal() {
        let error = hostile("a\u{1b}[31m\n", "x").to_string();
        assert!(error.contains("a\\u{1b}[31m\\n"), "{error}");
        assert_eq!(shown(&"x".repeat(300)).chars().count(), 201);
    }
}
