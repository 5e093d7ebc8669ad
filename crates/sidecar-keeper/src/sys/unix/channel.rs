//! What the app itself needs of the system: its end of the line to a keeper, and descriptors.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Instant;

use super::group::Sidecar;
use super::line::Line;
use super::socket::{self, Waited};
use super::{kill, os, proc};
use crate::inside::AppEnd;
use crate::process::ProcessId;
use crate::usage::Usage;

/// What the system calls an open file.
pub(crate) type Descriptor = OwnedFd;

/// The app's end of the line to a keeper.
#[derive(Debug)]
pub(crate) enum Channel {
    /// To a keeper process.
    Process(Line),
    /// To a keeper that is a thread of this process.
    Thread(AppEnd, Arc<Sidecar>),
}

impl Channel {
    /// Sends a packet; `TimedOut` when the keeper does not take it in time.
    pub(crate) fn send(&self, packet: &[u8], with: &[&Descriptor], deadline: Instant) -> io::Result<()> {
        match self {
            Self::Process(line) => send(line, packet, with, deadline),
            Self::Thread(end, _) => end.send(packet, with, deadline),
        }
    }

    /// Receives a packet; no bytes when the keeper is gone, `TimedOut` when there was none in time.
    pub(crate) fn receive(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        match self {
            Self::Process(line) => receive(line, buffer, deadline),
            Self::Thread(end, _) => end.receive(buffer, deadline),
        }
    }

    /// Every process of the tree; none when the keeper is gone.
    pub(crate) fn tree(&self, keeper: ProcessId) -> Vec<ProcessId> {
        match self {
            Self::Process(_) if keeper.is_alive() => proc::descendants(keeper.pid),
            Self::Process(_) => Vec::new(),
            Self::Thread(_, sidecar) => sidecar.tree(),
        }
    }

    /// Kills the keeper, whose tree the zygote kills then, or what a thread keeps.
    pub(crate) fn kill_past_keeper(&self, keeper: ProcessId) -> io::Result<()> {
        match self {
            Self::Process(_) => kill::kill(keeper).map(drop),
            Self::Thread(_, sidecar) => {
                kill::kill_round(&|| sidecar.tree());
                Ok(())
            }
        }
    }

    /// What they use; `None` when the keeper is gone.
    pub(crate) fn usage(&self, keeper: ProcessId) -> Option<Usage> {
        match self {
            Self::Process(_) => keeper.is_alive().then(|| proc::usage(keeper.pid)).flatten(),
            Self::Thread(_, sidecar) => sidecar.usage(),
        }
    }
}

/// Sends a packet; `TimedOut` when the other side does not take it in time.
pub(super) fn send(line: &Line, packet: &[u8], with: &[&Descriptor], deadline: Instant) -> io::Result<()> {
    let with: Vec<RawFd> = with.iter().map(|fd| fd.as_raw_fd()).collect();
    let room = || until(Some(deadline), Waited::to_write(Some(line.as_fd())));
    loop {
        match line.send(packet, &with) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => room()?,
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    while !line.flush()? {
        room()?;
    }
    Ok(())
}

/// Receives a packet; no bytes when the other side is gone, `TimedOut` when there was none in time.
pub(super) fn receive(line: &Line, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
    loop {
        match line.receive(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                until(deadline, Waited::to_read(Some(line.as_fd())))?;
            }
            other => return other.map(|(length, _)| length),
        }
    }
}

/// Waits once; `TimedOut` when the deadline has passed.
fn until(deadline: Option<Instant>, waited: Waited) -> io::Result<()> {
    let milliseconds = match deadline {
        None => -1,
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
        }
    };
    socket::wait(&mut [waited], milliseconds);
    Ok(())
}

/// A directory, to make a file in it later; its path does not matter any more.
pub(crate) fn directory(path: &Path) -> io::Result<Option<Descriptor>> {
    let mut options = std::fs::OpenOptions::new();
    let directory = options.read(true).custom_flags(os::DIRECTORY).open(path)?;
    Ok(Some(directory.into()))
}

/// The null device.
pub(crate) fn null_device() -> io::Result<Descriptor> {
    Ok(std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?.into())
}

/// A copy of the app's own stream.
pub(crate) fn own_stream(number: u8) -> io::Result<Descriptor> {
    match number {
        0 => io::stdin().as_fd().try_clone_to_owned(),
        1 => io::stdout().as_fd().try_clone_to_owned(),
        _ => io::stderr().as_fd().try_clone_to_owned(),
    }
}

/// The status that a keeper reports.
pub(crate) fn exit_status(status: i32) -> ExitStatus {
    ExitStatus::from_raw(status)
}
