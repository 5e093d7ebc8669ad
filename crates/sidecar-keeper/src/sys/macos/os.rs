//! What this kernel does for a process in its own way, or does not do.
#![expect(unsafe_code, reason = "flags of descriptors have no safe counterpart in std")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::ptr;

use super::raw::check;
use crate::scope::{Missing, Scope};

/// What a keeper promises: it follows its tree.
pub(super) const SCOPE: Scope = Scope::Followed;

/// What is promised without a keeper: nobody tells a process here that its parent ended.
pub(super) fn without_keeper(missing: Missing) -> Scope {
    Scope::Nothing(missing)
}

/// A directory is opened only to find files in it.
pub(super) const DIRECTORY: libc::c_int = libc::O_DIRECTORY;

/// Nothing is waited for. That a closed other side is an error and no signal is a setting of each socket.
pub(super) const SEND: libc::c_int = libc::MSG_DONTWAIT;

/// Nothing is waited for.
pub(super) const RECEIVE: libc::c_int = libc::MSG_DONTWAIT;

/// Sockets are not closed on exec from the start.
pub(super) const SOCKET: libc::c_int = 0;

/// Closes a new descriptor on exec. Between the call that made it and this one another thread of the app may fork and
/// execute; keepers do not depend on it, as they close what they do not know.
pub(super) fn settle(descriptor: &OwnedFd) {
    // SAFETY: the command takes one number.
    unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
}

/// Makes a closed other side an error of this socket and no signal.
pub(super) fn quieten(socket: &OwnedFd) {
    let on: libc::c_int = 1;
    // SAFETY: the option takes the four bytes of `on`, which outlives the call.
    unsafe {
        let value = ptr::from_ref(&on).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_NOSIGPIPE, value, 4);
    }
}

/// Nothing of the kind is known here: the zygote kills what a killed keeper leaves.
#[expect(clippy::unnecessary_wraps, reason = "other systems can do it, and may fail")]
pub(super) fn die_with_parent() -> io::Result<()> {
    Ok(())
}

/// There is no such call.
///
/// # Safety
/// Closes nothing.
pub(super) unsafe fn close_range(_first: RawFd, _last: RawFd) -> bool {
    false
}

/// There is no such call.
pub(super) fn close_on_exec_from(_first: RawFd) -> bool {
    false
}

/// The code or signal with which a child ended.
pub(super) fn child_status(info: &libc::siginfo_t) -> i32 {
    info.si_status
}

/// This program, by its path: another file may have been put there.
pub(super) fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// A copy of the reading end of a pipe from which reading never waits. The flag belongs to the opening: nobody else reads
/// from it, as the app is dead.
pub(super) fn reopen_to_drain(pipe: &OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: the command takes no argument.
    let flags = check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_GETFL) })?;
    // SAFETY: the command takes one number.
    check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) })?;
    pipe.as_fd().try_clone_to_owned()
}
