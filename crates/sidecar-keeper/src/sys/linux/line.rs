//! The line between app, zygote and keeper: a pair of sockets that keeps packets apart and tells when the other side is
//! gone.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use super::socket;

/// One end.
#[derive(Debug)]
pub(crate) struct Line(OwnedFd);

impl From<OwnedFd> for Line {
    fn from(end: OwnedFd) -> Self {
        Self(end)
    }
}

impl From<Line> for OwnedFd {
    fn from(line: Line) -> Self {
        line.0
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Line {
    /// Two connected ends.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = socket::pair(libc::SOCK_SEQPACKET)?;
        Ok((Self(ours), theirs))
    }

    /// Whether this is an end of such a pair.
    pub(super) fn is_end(fd: BorrowedFd<'_>) -> bool {
        socket::kind(fd) == Some(libc::SOCK_SEQPACKET)
    }

    /// Nothing has to be done for a socket that is on its way.
    #[expect(clippy::unused_self, reason = "other systems must keep it")]
    pub(super) fn hold(&self, theirs: OwnedFd) {
        drop(theirs);
    }

    /// Sends a packet without waiting: `WouldBlock` when the other side does not keep up.
    pub(super) fn send(&self, packet: &[u8], with: &[RawFd]) -> io::Result<()> {
        socket::send(self.as_fd(), packet, with).map(drop)
    }

    /// Receives a packet without waiting, and the descriptors that came along. No bytes: the other side is closed.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        socket::receive(self.as_fd(), buffer)
    }

    /// Sends what is left of a packet; whether nothing is. A packet goes in one piece.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems have something left")]
    pub(super) fn flush(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// Whether a part of a packet waits for room.
    #[expect(clippy::unused_self, reason = "on other systems it may")]
    pub(super) fn is_behind(&self) -> bool {
        false
    }
}
