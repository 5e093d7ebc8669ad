//! What is promised in this process, said honestly.

use std::fmt;

use crate::sys;

/// How much of a sidecar's tree ends with the app.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of it, also processes that left their session or their parent. With the grace of
    /// [`Launch::on_app_death`](crate::Launch::on_app_death) on Linux; at once on Windows.
    WholeTree,
    /// Nothing, as there is no keeper, for this reason. [`Keeper::spawn`](crate::Keeper::spawn) fails.
    Nothing(Missing),
}

/// Why there is no keeper.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// [`init`] was not called.
    Init,
    /// This crate has no keeper for this system yet.
    System,
    /// `/proc` is not mounted or does not show this process.
    Proc,
    /// Threads ran already when [`init`] was called, and ran again in the re-executed program: something starts them
    /// before `main`.
    Threads,
    /// A call to the system failed with this error number.
    Failed(i32),
    /// The zygote ended or did not answer.
    Zygote,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("init() was not called"),
            Self::System => f.write_str("there is no keeper for this system yet"),
            Self::Proc => f.write_str("/proc is not there"),
            Self::Threads => f.write_str("threads run before main"),
            Self::Failed(errno) => write!(f, "{}", std::io::Error::from_raw_os_error(*errno)),
            Self::Zygote => f.write_str("the zygote ended or did not answer"),
        }
    }
}

/// Why a sidecar was not asked to end, and was killed at once.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// [`init`] was not called in this process, so that there is nobody who could ask.
    Init,
    /// It is no program for a console, and the keeper knows no other way to ask.
    Windowed,
    /// The system refused with this error number.
    Failed(i32),
}

impl fmt::Display for Unasked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("init() was not called"),
            Self::Windowed => f.write_str("it is no program for a console"),
            Self::Failed(number) => write!(f, "{}", std::io::Error::from_raw_os_error(*number)),
        }
    }
}

/// Prepares for keepers. **Call it as the first line of `main`**, before anything starts a thread, opens a window or
/// writes a file.
///
/// On Linux it forks a small process, the zygote, which forks a keeper per sidecar later: a fork of a process with threads
/// would not be safe, so it must come first. Where threads run already, the program is executed once more as the zygote
/// (which takes as long as the program needs to load); that process calls this function too, and never returns from it.
///
/// On Windows it executes nothing. [`Keeper::stop`](crate::Keeper::stop) executes the program once more, to ask a sidecar
/// to end; that process calls this function too, and never returns from it. Without it a sidecar still ends with the app,
/// and cannot be asked.
///
/// It never fails; what came of it is returned, and later told by [`containment_scope`]. Later calls do nothing.
pub fn init() -> Scope {
    sys::init()
}

/// What is promised in this process.
pub fn containment_scope() -> Scope {
    sys::scope()
}
