//! What a program must be whose pin does not say it, as it was locked without a download: what can be found out on this
//! machine, and what cannot.

use crate::cache::Cache;
use crate::error::{Error, Kind};
use crate::hash;
use crate::install::Content;
use crate::provision::{Task, peek};

/// The bytes that a program must have, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The lock.
    Locked(Content),
    /// The locked download, which is in the cache and was read just now.
    InDownload(Content),
    /// An earlier run, which read the download; it is not in the cache any more.
    Remembered(Content),
    /// Nobody here.
    Unknown,
}

impl Expected {
    /// What can be found out about a task's program.
    pub(super) fn of(task: &Task<'_>, cache: Option<&Cache>) -> Result<Self, Error> {
        if let Some(inside) = &task.pin.inside {
            return Ok(Self::Locked(inside.binary));
        }
        let Some(cache) = cache else { return Ok(Self::Unknown) };
        let asset = cache.blob(&task.pin.sha256);
        // What is damaged has a row of its own.
        if matches!(hash::of_file(&asset), Ok(found) if found == (task.pin.sha256, task.pin.size)) {
            return Ok(Self::InDownload(peek(task, &asset)?.binary));
        }
        task.recall(cache);
        Ok(task.content().map_or(Self::Unknown, Self::Remembered))
    }

    pub(super) fn content(self) -> Option<Content> {
        match self {
            Self::Locked(content) | Self::InDownload(content) | Self::Remembered(content) => Some(content),
            Self::Unknown => None,
        }
    }

    /// What was compared, where the lock does not say it all.
    pub(super) fn told(self) -> Option<&'static str> {
        match self {
            Self::Locked(_) => None,
            Self::InDownload(_) => {
                Some("compared with the locked download, as the lock has no hash of the program")
            }
            Self::Remembered(_) => Some(
                "compared with what was taken out of the download once; the lock has no hash of the program, and the \
                 download is not in the cache",
            ),
            Self::Unknown => Some(
                "only its header was checked; the lock has no hash of the program, and the download is not in the cache",
            ),
        }
    }
}

/// Whether an error is about this machine and not about what was found.
pub(super) fn is_of_machine(error: &Error) -> bool {
    matches!(error.kind(), Kind::Io | Kind::Cache)
}
