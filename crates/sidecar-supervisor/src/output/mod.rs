//! What a sidecar writes: the last lines in memory, everything in files, and all of it to whoever follows.
//!
//! Reading comes first. A thread per pipe reads until the pipe ends, whatever becomes of those who want the lines: the
//! memory is a ring bounded in bytes, followers have a place in it and no queue, and files are written by a thread of
//! their own. So a sidecar never waits for its output to be taken.

mod backlog;
mod files;
mod follow;
mod polish;
mod read;
mod ring;
mod shared;
mod split;
#[cfg(test)]
mod tests;
mod write;

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use sidecar_spec::Logs;

pub use self::follow::Follower;
pub(crate) use self::polish::SHORTEST;
pub(crate) use self::read::Reading;
use self::shared::{Shared, Tap};
use crate::secret::Secret;

/// Where a sidecar wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "OutputStream"))]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error. The supervisor's own remarks come here too, behind `[supervisor]`.
    Stderr,
}

/// A line that a sidecar wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// Counts the lines of both streams, from 0, over all restarts of the sidecar. An open line has the number that it
    /// would get if it ended now, so another one may get it.
    pub seq: u64,
    /// Where it was written.
    pub stream: Stream,
    /// Without its end. What is not UTF-8, and NUL, is U+FFFD; of a line that was written over with `\r`, the last state;
    /// the sidecar's secrets are `[hidden]`; escape sequences are as they were written.
    pub text: String,
    /// It was longer than `logs.line` and is cut.
    pub cut: bool,
    /// It has not ended yet, such as a prompt. Only in a tail.
    pub open: bool,
    /// When it was read, in milliseconds since 1970.
    pub at: u64,
}

/// What a follower is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The next line.
    Line(Line),
    /// So many lines went by while the follower was busy, and are gone.
    Missed(u64),
}

/// What the names of a sidecar's log files begin with. Without dots: `db.1` would be one of `db`'s rotated files.
pub(crate) fn stem(name: &str) -> String {
    name.replace('.', "_")
}

/// Whether a tap wants more lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The next one, too.
    On,
    /// It is done.
    Done,
}

/// The output of one sidecar, over all of its restarts. When it is dropped, followers end and the files are closed.
#[derive(Debug)]
pub(crate) struct Output {
    shared: Arc<Shared>,
}

impl Output {
    /// Output within these limits, and with files in this directory.
    pub(crate) fn new(name: &str, limits: &Logs, dir: Option<&Path>) -> Arc<Self> {
        Arc::new(Self { shared: Shared::new(name, limits, dir) })
    }

    /// Reads a pipe until its end. Errors where the system starts no thread.
    pub(crate) fn read(&self, stream: Stream, pipe: impl Read + Send + 'static) -> io::Result<Reading> {
        write::start(&self.shared);
        read::start(&self.shared, stream, pipe)
    }

    /// The last `lines` lines, the oldest first; those that have not ended come last.
    pub(crate) fn tail(&self, lines: usize) -> Vec<Line> {
        self.shared.tail(lines)
    }

    /// Calls `tap` with every line that ends from now on, until it is done. It is called in the reading thread, so the
    /// sidecar waits for it, and it must not add a tap. One that panics is not called again.
    pub(crate) fn tap(&self, tap: Tap) {
        self.shared.tap(tap);
    }

    /// Follows the lines, beginning with the last `lines` that have ended.
    pub(crate) fn follow_from(&self, lines: usize) -> Follower {
        Follower::new(&self.shared, lines)
    }

    /// Replaces a secret in all lines that are read from now on, where it has at least 8 bytes. The last 16 secrets are
    /// looked for.
    pub(crate) fn hide(&self, secret: &Secret) {
        self.shared.lock().hide(secret.reveal());
    }

    /// From now on, JSON objects with this word on standard output are answers to the supervisor: taps see them, and they
    /// are no output.
    pub(crate) fn set_apart(&self, word: &'static str) {
        self.shared.lock().sink.answers = Some(word);
    }

    /// Waits until all lines are in the log file, or lost; says whether that was in time.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.shared.wait(timeout, |state| state.is_written().then_some(())).is_some()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.shared.close();
    }
}
