//! Everything below this process, which adopts the orphans of its tree: so that "no children" proves that nothing is left.
#![expect(unsafe_code, reason = "signalfd has no safe counterpart in std")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use super::raw::{self, check};
use super::{os, proc};
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
///
/// The number is pinned first, and compared then. What cannot be compared, as another user's process may be hidden, may
/// well be the one that is meant.
pub(super) fn end_of(process: ProcessId) -> io::Result<Option<OwnedFd>> {
    let pid =
        raw::Pid::try_from(process.pid).ok().filter(|pid| *pid > 1).ok_or(io::ErrorKind::Unsupported)?;
    let pinned = os::open_process(pid)?;
    Ok(pinned.filter(|_| proc::identity(process.pid).is_none_or(|now| now == process)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::system::socket::{self, Waited};
    use std::process::{Command, Stdio};

    #[test]
    fn the_end_of_exactly_one_process_is_told() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let this = proc::identity(child.id()).unwrap();
        let end = end_of(this).unwrap().unwrap();
        let told = |end: &OwnedFd, patience: i32| {
            let mut waited = [Waited::to_read(Some(end.as_fd()))];
            socket::wait(&mut waited, patience);
            waited[0].is_there()
        };
        assert!(!told(&end, 0), "it runs");
        let earlier = ProcessId { start: this.start - 1, ..this };
        assert!(end_of(earlier).unwrap().is_none(), "its number is another's now");
        child.kill().unwrap();
        assert!(told(&end, 10_000), "ended, and not reaped");
        assert!(told(&end_of(this).unwrap().unwrap(), 0), "also when it is watched too late");
        child.wait().unwrap();
        assert!(told(&end, 0), "reaped");
        assert!(end_of(this).unwrap().is_none());
        assert!(end_of(ProcessId { pid: 1, start: 0 }).is_err(), "it cannot end before this one");
    }
}
