//! Killing exactly the processes that are meant.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::{os, proc, raw};
use crate::process::ProcessId;

/// How often one round looks again for what was forked while it stopped the others.
const LOOKS: usize = 16;

/// How many processes are kept pinned from stopping to killing: fewer than a process may have files open.
const PINNED: usize = 512;

/// A descriptor that means this very process. `None`: it has ended, whoever has its number now.
///
/// The descriptor pins a process first, then its start time is compared: a number that is used again before or between is
/// noticed, and after that the descriptor still means what was compared.
fn pin(process: ProcessId) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = raw::Pid::try_from(process.pid).ok().filter(|pid| *pid > 1) else { return Ok(None) };
    let pinned = os::open_process(pid)?;
    Ok(pinned.filter(|_| proc::identity(process.pid) == Some(process)))
}

/// Sends a signal to this very process. `false`: it has ended.
fn signal(process: ProcessId, signal: i32) -> io::Result<bool> {
    match pin(process) {
        Ok(Some(pinned)) => os::signal_process(pinned.as_fd(), signal),
        Ok(None) => Ok(false),
        Err(_) => signal_by_number(process, signal),
    }
}

/// The same without a descriptor: before Linux 5.3, where a sandbox forbids it, or when this process has too many files
/// open. Between comparing and sending, the number could be used again: for that, the process would have to be reaped, and
/// all other numbers used, within microseconds.
fn signal_by_number(process: ProcessId, signal: i32) -> io::Result<bool> {
    match raw::Pid::try_from(process.pid) {
        Ok(pid) if pid > 1 && proc::identity(process.pid) == Some(process) => {
            raw::signal_number(pid, signal).map(|()| true)
        }
        _ => Ok(false),
    }
}

/// Kills this very process. `false`: it had ended.
pub(crate) fn kill(process: ProcessId) -> io::Result<bool> {
    if !proc::is_alive(process) {
        return Ok(false);
    }
    signal(process, libc::SIGKILL)
}

/// One round: stops all that `find` finds, until it finds nothing new, so that nobody forks further; then kills them.
/// Returns what was found. One round need not be enough: callers repeat it until nothing is left.
pub(crate) fn kill_round<I: IntoIterator<Item = ProcessId>>(find: &impl Fn() -> I) -> BTreeSet<ProcessId> {
    let mut found = BTreeSet::new();
    let mut pinned = Vec::new();
    let mut unpinned = Vec::new();
    for _ in 0..LOOKS {
        let before = found.len();
        for process in find() {
            if !found.insert(process) {
                continue;
            }
            match pin(process) {
                // One that may not be stopped is tried to be killed below, all the same.
                Ok(Some(pin)) => {
                    let _ = os::signal_process(pin.as_fd(), libc::SIGSTOP);
                    if pinned.len() < PINNED { pinned.push(pin) } else { unpinned.push(process) }
                }
                Ok(None) => {}
                Err(_) => {
                    let _ = signal_by_number(process, libc::SIGSTOP);
                    unpinned.push(process);
                }
            }
        }
        if found.len() == before {
            break;
        }
    }
    for pin in pinned {
        let _ = os::signal_process(pin.as_fd(), libc::SIGKILL);
    }
    for process in unpinned {
        let _ = signal(process, libc::SIGKILL);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    #[test]
    fn another_start_time_is_another_process() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let this = proc::identity(child.id()).unwrap();
        let other = ProcessId { start: this.start - 1, ..this };
        assert!(!signal(other, libc::SIGKILL).unwrap());
        assert!(!signal_by_number(other, libc::SIGKILL).unwrap());
        assert!(signal_by_number(this, libc::SIGCONT).unwrap());
        assert!(child.try_wait().unwrap().is_none());
        assert!(kill(this).unwrap());
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        assert!(!kill(this).unwrap());
    }

    #[test]
    fn groups_and_init_are_never_meant() {
        for pid in [0, 1, u32::MAX, i32::MAX.unsigned_abs() + 1] {
            let start = proc::identity(pid).map_or(0, |process| process.start);
            assert!(!signal(ProcessId { pid, start }, 0).unwrap(), "{pid}");
            assert!(!signal_by_number(ProcessId { pid, start }, 0).unwrap(), "{pid}");
        }
    }
}
