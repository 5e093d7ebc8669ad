//! Linux: zygote, keepers, `/proc`.

mod keep;
mod kill;
mod leader;
mod net;
mod proc;
mod raw;
mod socket;
mod start;
mod title;
mod zygote;

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Instant;

use socket::Waited;

use crate::process::ProcessId;
use crate::usage::Usage;

pub(crate) use kill::{kill, kill_round};
pub(crate) use net::{lease, listeners};
pub(crate) use proc::{all_processes, descendants, identity, is_alive, random, with_cookie, world};
pub(crate) use raw::user;
pub(crate) use start::{init, open_keeper, scope};

/// What the system calls an open file.
pub(crate) type Descriptor = OwnedFd;

/// The app's end of the line to a keeper.
#[derive(Debug)]
pub(crate) struct Channel(OwnedFd);

impl Channel {
    /// Sends a packet; `TimedOut` when the keeper does not take it in time.
    pub(crate) fn send(&self, packet: &[u8], with: &[&Descriptor], deadline: Instant) -> io::Result<()> {
        let with: Vec<RawFd> = with.iter().map(|fd| fd.as_raw_fd()).collect();
        loop {
            match socket::send(self.0.as_fd(), packet, &with) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    until(Some(deadline), Waited::to_write(Some(self.0.as_fd())))?;
                }
                other => return other,
            }
        }
    }

    /// Every process below the keeper.
    #[expect(clippy::unused_self, reason = "elsewhere the tree is not what is below a process")]
    pub(crate) fn tree(&self, keeper: ProcessId) -> Vec<ProcessId> {
        if keeper.is_alive() { descendants(keeper.pid) } else { Vec::new() }
    }

    /// What they use; `None` when the keeper is gone.
    #[expect(clippy::unused_self, reason = "elsewhere the tree is not what is below a process")]
    pub(crate) fn usage(&self, keeper: ProcessId) -> Option<Usage> {
        keeper.is_alive().then(|| proc::usage(keeper.pid)).flatten()
    }

    /// Receives a packet; no bytes when the keeper is gone, `TimedOut` when there was none in time.
    pub(crate) fn receive(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            match socket::receive(self.0.as_fd(), buffer) {
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
