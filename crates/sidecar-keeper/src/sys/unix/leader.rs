//! From a keeper to the sidecar's leader: fork, prepare, execute.
#![expect(unsafe_code, reason = "the sidecar's descriptors have numbers that something else had")]

use std::ffi::{CStr, CString};
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU8, Ordering};

use super::os;
use super::raw::{self, List, NeverUnwind, Pid};
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

/// Forks the leader, with these descriptors: three streams, then listeners. The pipe gives a [`Failure`], or ends when the
/// program is executed.
///
/// Threads may run: all that needs memory is made before.
pub(super) fn fork(launch: &Described, descriptors: &[OwnedFd]) -> io::Result<(Pid, PipeReader)> {
    let (read, write) = io::pipe()?;
    let (streams, listeners) = descriptors.split_at_checked(3).ok_or(io::ErrorKind::InvalidInput)?;
    let first_free = behind(listeners.len());
    // Copies above all numbers that are given out, so that none is overwritten before it was used.
    let high = |fd: &OwnedFd| raw::copy_above(fd.as_fd(), first_free);
    let number = OwnNumber::default();
    let count = CString::new(format!("LISTEN_FDS={}", listeners.len()))?;
    let mut env: Vec<&CStr> = launch.env.iter().map(CString::as_c_str).collect();
    if !listeners.is_empty() {
        env.retain(|entry| !entry.to_bytes().starts_with(b"LISTEN_"));
        env.push(&count);
    }
    let mut env = List::of(env.into_iter());
    if !listeners.is_empty() {
        env.push(&number.0);
    }
    let sidecar = Sidecar {
        parent: raw::own_pid(),
        report: raw::copy_above(write.as_fd(), first_free)?,
        streams: streams.iter().map(high).collect::<io::Result<_>>()?,
        listeners: listeners.iter().map(high).collect::<io::Result<_>>()?,
        first_free,
        directory: &launch.directory,
        program: &launch.program,
        args: List::of(
            std::iter::once(launch.program.as_c_str()).chain(launch.args.iter().map(CString::as_c_str)),
        ),
        env,
    };
    // SAFETY: `become_sidecar` allocates nothing, and calls nothing but what a handler of a signal may call.
    if let Some(leader) = unsafe { raw::fork_to_execute() }? {
        return Ok((leader, read));
    }
    number.write(std::process::id());
    become_sidecar(&sidecar)
}

/// The variable `LISTEN_PID`, whose value is known in the forked process only, where nothing can be allocated.
#[derive(Debug)]
struct OwnNumber([AtomicU8; Self::NAME.len() + Self::DIGITS + 1]);

impl Default for OwnNumber {
    fn default() -> Self {
        let this = Self([const { AtomicU8::new(0) }; _]);
        this.put(0, Self::NAME);
        this
    }
}

impl OwnNumber {
    const NAME: &'static [u8] = b"LISTEN_PID=";

    /// What the largest number has.
    const DIGITS: usize = 10;

    /// Writes the number behind the name. A NUL stays at the end.
    fn write(&self, number: u32) {
        let mut digits = [0; Self::DIGITS];
        let mut rest = number;
        let mut first = digits.len();
        while first == digits.len() || rest > 0 {
            first -= 1;
            // A remainder of ten is a digit.
            digits[first] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        self.put(Self::NAME.len(), &digits[first..]);
    }

    fn put(&self, at: usize, bytes: &[u8]) {
        for (place, byte) in self.0.iter().skip(at).zip(bytes) {
            place.store(*byte, Ordering::Relaxed);
        }
    }
}

/// All that the forked process needs.
struct Sidecar<'a> {
    parent: Pid,
    report: OwnedFd,
    streams: Vec<OwnedFd>,
    listeners: Vec<OwnedFd>,
    first_free: RawFd,
    directory: &'a CStr,
    program: &'a CStr,
    args: List<'a>,
    env: List<'a>,
}

/// Executes the program, or says why not.
fn become_sidecar(sidecar: &Sidecar<'_>) -> ! {
    let _never = NeverUnwind;
    let failure = match prepare(sidecar) {
        Ok(()) => {
            let errno = raw::execute(sidecar.program, &sidecar.args, &sidecar.env);
            Failure { stage: Stage::Execute, errno }
        }
        Err(failure) => failure,
    };
    raw::write(sidecar.report.as_fd(), &failure.encode());
    raw::exit(127)
}

fn prepare(sidecar: &Sidecar<'_>) -> Result<(), Failure> {
    let failed = Failure::of(Stage::Prepare);
    raw::new_group().map_err(&failed)?;
    os::die_with_parent().map_err(&failed)?;
    if raw::parent_pid() != sidecar.parent {
        // The parent ended before the line above: nobody would end this process.
        raw::exit(127);
    }
    // SAFETY: this process executes a program or exits, and uses nothing until then but what was copied above these
    // numbers: streams, listeners, and the pipe that reports a failure. What its parent owned is never dropped here: the
    // only ways out are exec and _exit.
    unsafe {
        put(&sidecar.streams, 0).map_err(&failed)?;
        put(&sidecar.listeners, FIRST_LISTENER).map_err(&failed)?;
    }
    raw::close_on_exec_from(sidecar.first_free);
    raw::change_directory(sidecar.directory).map_err(Failure::of(Stage::Directory))?;
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
