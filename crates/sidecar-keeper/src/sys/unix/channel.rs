//! What the app itself needs of the system: its end of the line to a keeper, and descriptors.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Instant;

use super::line::Line;
use super::os;
use super::socket::{self, Waited};

/// What the system calls an open file.
pub(crate) type Descriptor = OwnedFd;

/// The app's end of the line to a keeper.
#[derive(Debug)]
pub(crate) struct Channel(Line);

impl Channel {
    pub(super) fn new(line: Line) -> Self {
        Self(line)
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Sends a packet; `TimedOut` when the keeper does not take it in time.
    pub(crate) fn send(&self, packet: &[u8], with: &[&Descriptor], deadline: Instant) -> io::Result<()> {
        let with: Vec<RawFd> = with.iter().map(|fd| fd.as_raw_fd()).collect();
        loop {
            match self.0.send(packet, &with) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    until(Some(deadline), Waited::to_write(Some(self.0.as_fd())))?;
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        while !self.0.flush()? {
            until(Some(deadline), Waited::to_write(Some(self.0.as_fd())))?;
        }
        Ok(())
    }

    /// Receives a packet; no bytes when the keeper is gone, `TimedOut` when there was none in time.
    pub(crate) fn receive(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            match self.0.receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    until(deadline, Waited::to_read(Some(self.0.as_fd())))?;
                }
                other => return other.map(|(length, _)| length),
            }
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
