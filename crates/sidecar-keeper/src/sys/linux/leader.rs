//! From a keeper to the sidecar's leader: fork, prepare, execute.
#![expect(unsafe_code, reason = "the sidecar's descriptors have numbers that something else had")]

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::raw::{self, NeverUnwind, Pid};
use crate::launch::Described;
use crate::protocol::Stage;

/// What `LISTEN_FDS` counts from.
const FIRST_LISTENER: RawFd = 3;

/// The first number behind so many listeners, of which there are few.
fn behind(listeners: usize) -> RawFd {
    RawFd::try_from(listeners).map_or(RawFd::MAX, |count| FIRST_LISTENER.saturating_add(count))
}

/// Where a launch failed, and the error number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) stage: Stage,
    pub(super) errno: i32,
}

impl Failure {
    fn of(stage: Stage) -> impl Fn(io::Error) -> Self {
        move |error| Self { stage, errno: error.raw_os_error().unwrap_or(libc::EIO) }
    }

    fn encode(self) -> [u8; 5] {
        let [a, b, c, d] = self.errno.to_le_bytes();
        [self.stage.number(), a, b, c, d]
    }

    /// What the leader reported before it ended; `None` when it reported nothing, as it runs the program.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (stage, errno) = bytes.split_first()?;
        Some(Self { stage: Stage::of(*stage), errno: i32::from_le_bytes(errno.try_into().ok()?) })
    }
}

/// Forks the leader, with these descriptors: three streams, then listeners. The pipe gives a [`Failure`], or ends when the program is executed.
///
/// The keeper has one thread, so that its child may do all that a process may.
pub(super) fn fork(launch: &Described, descriptors: &[OwnedFd]) -> io::Result<(Pid, PipeReader)> {
    let (read, write) = io::pipe()?;
    let keeper = raw::own_pid();
    if let Some(leader) = raw::fork()? {
        return Ok((leader, read));
    }
    let _never = NeverUnwind;
    let report = raw::copy_above(write.as_fd(), behind(launch.listeners));
    let failure = match &report {
        Ok(_) => become_sidecar(launch, descriptors, keeper),
        Err(_) => Failure { stage: Stage::Prepare, errno: libc::EMFILE },
    };
    raw::write(report.as_ref().map_or(write.as_fd(), AsFd::as_fd), &failure.encode());
    raw::exit(127)
}

/// Returns only when it fails.
fn become_sidecar(launch: &Described, descriptors: &[OwnedFd], keeper: Pid) -> Failure {
    match prepare(launch, descriptors, keeper) {
        Ok(()) => {}
        Err(failure) => return failure,
    }
    let mut env = launch.env.clone();
    if launch.listeners > 0 {
        env.retain(|entry| !entry.to_bytes().starts_with(b"LISTEN_"));
        let ours = [format!("LISTEN_FDS={}", launch.listeners), format!("LISTEN_PID={}", raw::own_pid())];
        env.extend(ours.into_iter().filter_map(|entry| std::ffi::CString::new(entry).ok()));
    }
    let errno = raw::execute(&launch.program, &launch.args, &env);
    Failure { stage: Stage::Execute, errno }
}

fn prepare(launch: &Described, descriptors: &[OwnedFd], keeper: Pid) -> Result<(), Failure> {
    let failed = Failure::of(Stage::Prepare);
    raw::new_group().map_err(&failed)?;
    raw::die_with_parent().map_err(&failed)?;
    if raw::parent_pid() != keeper {
        // The keeper ended before the line above: nobody would end this process.
        raw::exit(127);
    }
    let (streams, listeners) =
        descriptors.split_at_checked(3).ok_or(Failure { stage: Stage::Prepare, errno: libc::EBADF })?;
    let first_free = behind(listeners.len());
    // Copies above all numbers that are given out below, so that none is overwritten before it was used.
    let high = |fd: &OwnedFd| raw::copy_above(fd.as_fd(), first_free).map_err(&failed);
    let streams = streams.iter().map(high).collect::<Result<Vec<_>, _>>()?;
    let listeners = listeners.iter().map(high).collect::<Result<Vec<_>, _>>()?;
    // SAFETY: this process executes a program or exits, and uses nothing until then but what was copied above these
    // numbers: streams, listeners, and the pipe that reports a failure. What the keeper owned is never dropped here: the
    // only ways out are exec and _exit.
    unsafe {
        put(&streams, 0).map_err(&failed)?;
        put(&listeners, FIRST_LISTENER).map_err(&failed)?;
    }
    raw::close_on_exec_from(first_free);
    raw::change_directory(&launch.directory).map_err(Failure::of(Stage::Directory))?;
    raw::reset_signals();
    Ok(())
}

/// Puts descriptors at `first` and following.
///
/// # Safety
/// This process uses nothing of these numbers any more.
unsafe fn put(descriptors: &[OwnedFd], first: RawFd) -> io::Result<()> {
    for (number, descriptor) in (first..).zip(descriptors) {
        // SAFETY: the caller's promise.
        unsafe { raw::put_at(descriptor.as_raw_fd(), number)? };
    }
    Ok(())
}

/// Opens the reading end of a pipe again, so that reading from it never waits: the flag belongs to the opening, which the
/// app shares, and not to the pipe.
pub(super) fn reopen_to_drain(pipe: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    let file = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    Ok(file.into())
}
