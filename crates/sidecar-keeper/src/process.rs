//! Which process is meant: a number that is used again is no identity, number and start time are.

use crate::error::{Error, Kind, Result};
use crate::sys;

/// A process, by its number and its start time: a later process with the same number is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId {
    /// The number that the system gave.
    pub pid: u32,
    /// When it started, in the system's unit since boot (Linux: clock ticks; macOS: the number that the system gives to no
    /// other process until it restarts); on Windows since 1601, in units of 100 ns.
    pub start: u64,
}

impl ProcessId {
    /// The process that has this number now; `None` when there is none.
    pub fn of(pid: u32) -> Option<Self> {
        sys::identity(pid)
    }

    /// Whether this very process still exists (one that ended and was not yet reaped by its parent counts as gone).
    pub fn is_alive(self) -> bool {
        sys::is_alive(self)
    }

    /// The name of its program, for people; `None` when it is gone or cannot be seen.
    pub fn name(self) -> Option<String> {
        sys::name(self.pid).filter(|_| self.is_alive())
    }

    /// Every process below this one, in no particular order.
    pub fn descendants(self) -> Vec<Self> {
        sys::descendants(self.pid)
    }
}

/// Kills exactly these processes: one whose number now belongs to another process is left alone. Returns how many there
/// were to kill.
///
/// # Errors
/// `io` when the system refuses to kill one of them (the others are still killed), `unsupported` where this crate cannot
/// tell processes apart.
pub fn kill_processes(processes: &[ProcessId]) -> Result<usize> {
    let mut killed = 0;
    let mut failed = None;
    for process in processes {
        match sys::kill(*process) {
            Ok(true) => killed += 1,
            Ok(false) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
                return Err(Error::new(Kind::Unsupported, "processes cannot be told apart on this system"));
            }
            Err(error) => failed = Some((*process, error)),
        }
    }
    match failed {
        None => Ok(killed),
        Some((process, error)) => {
            Err(Error::io(Kind::Io, format!("process {} could not be killed", process.pid), &error))
        }
    }
}
