//! What only this kernel can do for a process.
#![expect(unsafe_code, reason = "prctl, pidfd and close_range have no safe counterpart in std")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::ptr;

use super::raw::{Pid, check};
use crate::scope::{Missing, Scope};

/// What a keeper promises: it adopts each orphan of its tree.
pub(super) const SCOPE: Scope = Scope::WholeTree;

/// What is promised without a keeper: a leader dies with the thread that forked it. Without `/proc` nothing can be told
/// from anything else.
pub(super) fn without_keeper(missing: Missing) -> Scope {
    match missing {
        Missing::Proc => Scope::Nothing(missing),
        _ => Scope::Leader(missing),
    }
}

/// The code or signal with which a child ended.
pub(super) fn child_status(info: &libc::siginfo_t) -> i32 {
    // SAFETY: every bit pattern is a number; the caller has it from waitid, which fills it in for a child.
    unsafe { info.si_status() }
}

/// A directory is opened only to find files in it.
pub(super) const DIRECTORY: libc::c_int = libc::O_DIRECTORY | libc::O_PATH;

/// Nothing is waited for, and a closed other side is an error and no signal.
pub(super) const SEND: libc::c_int = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;

/// Nothing is waited for, and what comes along is closed on exec.
pub(super) const RECEIVE: libc::c_int = libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT;

/// Sockets are closed on exec from the start.
pub(super) const SOCKET: libc::c_int = libc::SOCK_CLOEXEC;

/// What [`SOCKET`] and [`RECEIVE`] did not do for a new descriptor: nothing.
pub(super) fn settle(_descriptor: &OwnedFd) {}

/// What [`SEND`] asks for each time.
pub(super) fn quieten(_socket: &OwnedFd) {}

/// A descriptor that means this process, also when its number is used again. `None`: there is no such process.
pub(super) fn open_process(pid: Pid) -> io::Result<Option<OwnedFd>> {
    // SAFETY: pidfd_open takes two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match RawFd::try_from(fd) {
        // SAFETY: on success it is a new descriptor that nobody else owns. The system sets close-on-exec.
        Ok(fd) if fd >= 0 => Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) })),
        _ => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
            error => Err(error),
        },
    }
}

/// Sends a signal to the process that a descriptor means. `false`: it has ended.
pub(super) fn signal_process(process: BorrowedFd<'_>, signal: i32) -> io::Result<bool> {
    let info: *const libc::siginfo_t = ptr::null();
    // SAFETY: without siginfo the system fills it in as kill does.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal, info, 0) };
    match result {
        0 => Ok(true),
        _ => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(false),
            error => Err(error),
        },
    }
}

/// Makes orphans below this process its own children.
pub(super) fn adopt_orphans() -> io::Result<()> {
    // SAFETY: the option takes one number.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1 as libc::c_ulong) }).map(drop)
}

/// Kills this process when the thread that forked it ends.
pub(super) fn die_with_parent() -> io::Result<()> {
    // SAFETY: the option takes one number.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong) }).map(drop)
}

/// Closes every descriptor from `first` to `last`; `false` where the system does not know how.
///
/// # Safety
/// Nothing in this process uses any of them any more.
pub(super) unsafe fn close_range(first: RawFd, last: RawFd) -> bool {
    // SAFETY: close_range takes three numbers; the caller answers for the descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) == 0 }
}

/// Closes every descriptor from `first` on, when a program is executed; `false` where the system does not know how.
pub(super) fn close_on_exec_from(first: RawFd) -> bool {
    // Not in every libc: `CLOSE_RANGE_CLOEXEC`, since Linux 5.11.
    const ON_EXEC: libc::c_uint = 1 << 2;
    // SAFETY: close_range takes three numbers, and closes nothing now.
    unsafe { libc::syscall(libc::SYS_close_range, first, RawFd::MAX, ON_EXEC) == 0 }
}

/// This very program, also when its file was replaced.
#[expect(clippy::unnecessary_wraps, reason = "other systems may not know")]
pub(super) fn own_program() -> io::Result<PathBuf> {
    Ok("/proc/self/exe".into())
}

/// Opens the reading end of a pipe again, so that reading from it never waits: the flag belongs to the opening, which
/// others may share, and not to the pipe.
pub(super) fn reopen_to_drain(pipe: &OwnedFd) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    let file = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    Ok(file.into())
}

/// How many clock ticks a second has, for times in `/proc`.
pub(super) fn ticks_per_second() -> u64 {
    // SAFETY: sysconf takes a number.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).ok().filter(|ticks| *ticks > 0).unwrap_or(100)
}

/// How many bytes a page of memory has.
pub(super) fn page_size() -> u64 {
    // SAFETY: sysconf takes a number.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}
