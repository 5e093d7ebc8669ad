//! Everything below this process, which adopts the orphans of its tree: so that "no children" proves that nothing is left.
#![expect(unsafe_code, reason = "signalfd has no safe counterpart in std")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use super::raw::{self, check};
use super::{kill, os, proc};
use crate::process::ProcessId;

/// The tree of a keeper or of the zygote.
#[derive(Debug)]
pub(super) struct Tree {
    /// Can be read when a child has ended.
    signals: OwnedFd,
}

impl Tree {
    /// Begins to adopt. Call it before anything is forked.
    pub(super) fn new() -> io::Result<Self> {
        os::adopt_orphans()?;
        Ok(Self { signals: child_signals()? })
    }

    /// Can be read when something happened that [`Tree::note`] must see.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }

    /// Sees what happened. Who ended is told by waitpid.
    pub(super) fn note(&self) {
        let _ = raw::read(self.signals.as_fd(), &mut [0; 1024]);
    }

    /// Finds members by this cookie, too: nothing that the kernel does not tell.
    #[expect(clippy::unused_self, reason = "other systems need it")]
    pub(super) fn recognise(&self, _cookie: String) {}

    /// All of it.
    #[expect(clippy::unused_self, reason = "other systems remember what they saw")]
    pub(super) fn processes(&self) -> Vec<ProcessId> {
        proc::descendants(std::process::id())
    }

    /// All of it but these children and what is below them.
    #[expect(clippy::unused_self, reason = "other systems remember what they saw")]
    pub(super) fn beside(&self, children: &[u32]) -> Vec<ProcessId> {
        proc::below(&[std::process::id()], children)
    }

    /// Whether there may be more than children: no, they all are, sooner or later.
    #[expect(clippy::unused_self, reason = "on other systems there are some")]
    pub(super) fn has_strays(&self) -> bool {
        false
    }
}

/// A descriptor that can be read when this very process has ended, reaped or not; `None` when it has been reaped. An error
/// where the system cannot tell: before Linux 5.3, where a sandbox forbids it, and of the first process of a container, with
/// which all others end.
pub(super) fn end_of(process: ProcessId) -> io::Result<Option<OwnedFd>> {
    if process.pid == 1 {
        return Err(io::ErrorKind::Unsupported.into());
    }
    kill::pin(process)
}

/// Blocks SIGCHLD alone, and gives a descriptor that can be read when a child has ended.
fn child_signals() -> io::Result<OwnedFd> {
    raw::by_default(libc::SIGCHLD);
    let set = raw::set_mask(&[libc::SIGCHLD]);
    // SAFETY: `set` is initialised and outlives the call.
    let fd = check(unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) })?;
    // SAFETY: on success it is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
