//! Other Unix systems: nothing yet. Everything says so, nothing pretends.

/// What the system calls an open file.
pub(crate) type Descriptor = std::os::fd::OwnedFd;

/// The status that a keeper reports.
pub(crate) fn exit_status(status: i32) -> std::process::ExitStatus {
    std::os::unix::process::ExitStatusExt::from_raw(status)
}

#[path = "absent.rs"]
mod absent;

pub(crate) use absent::*;
