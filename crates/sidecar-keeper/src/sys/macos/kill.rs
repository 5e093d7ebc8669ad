//! Killing exactly the processes that are meant. No descriptor means a process here: identities are compared before a signal
//! is sent, and once more while the process is stopped.

use std::collections::BTreeSet;
use std::io;

use super::{proc, raw};
use crate::process::ProcessId;

/// How often one round looks again for what was forked while it stopped the others.
const LOOKS: usize = 16;

/// Sends a signal to this very process. `false`: it has ended.
///
/// Between comparing and sending, its number could be used again: for that, the process would have to be reaped, and all
/// other numbers used, within microseconds.
fn signal(process: ProcessId, signal: i32) -> io::Result<bool> {
    match raw::Pid::try_from(process.pid) {
        Ok(pid) if pid > 1 && proc::is(process) => match raw::signal_number(pid, signal) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(false),
            other => other.map(|()| true),
        },
        _ => Ok(false),
    }
}

/// Kills this very process. `false`: it had ended.
pub(crate) fn kill(process: ProcessId) -> io::Result<bool> {
    signal(process, libc::SIGKILL)
}

/// Stops this very process; one that turns out to be another goes on.
fn stop(process: ProcessId) {
    if let (Ok(true), Ok(pid)) = (signal(process, libc::SIGSTOP), raw::Pid::try_from(process.pid))
        && !proc::is(process)
    {
        let _ = raw::signal_number(pid, libc::SIGCONT);
    }
}

/// One round: stops all that `find` finds, until it finds nothing new, so that nobody forks further; then kills them.
/// Returns what was found. One round need not be enough: callers repeat it until nothing is left.
pub(crate) fn kill_round<I: IntoIterator<Item = ProcessId>>(find: &impl Fn() -> I) -> BTreeSet<ProcessId> {
    let mut found = BTreeSet::new();
    for _ in 0..LOOKS {
        let before = found.len();
        for process in find() {
            if found.insert(process) {
                stop(process);
            }
        }
        if found.len() == before {
            break;
        }
    }
    for process in &found {
        let _ = signal(*process, libc::SIGKILL);
    }
    found
}
