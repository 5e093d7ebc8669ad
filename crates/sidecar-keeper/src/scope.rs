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
    /// All of it that its keeper saw: on macOS, where orphans go to launchd, a keeper follows its tree by the number of who
    /// forked each process, also through sessions and forks of forks. What is forked and left alone faster than it looks may
    /// escape. It is experimental: it was compiled and reviewed, and did not run on a Mac yet.
    Followed,
    /// The leader alone, which is killed at once: for this reason there are no keeper processes, and when the app has ended
    /// nobody is left to end the rest. What kept the variable [`COOKIE`](crate::COOKIE) ends at the next launch, by
    /// [`Ledger::sweep`](crate::Ledger::sweep).
    ///
    /// While the app lives, [`Keeper::stop`](crate::Keeper::stop) and [`Keeper::kill`](crate::Keeper::kill) end what can be
    /// found: the leader's process group, what kept the cookie, and what is below those.
    Leader(Missing),
    /// Nothing, for this reason. Where it is [`Missing::System`] or [`Missing::Proc`],
    /// [`Keeper::spawn`](crate::Keeper::spawn) fails.
    Nothing(Missing),
}

/// Why there are no keeper processes.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// [`init`] was not called.
    Init,
    /// This crate has no keeper for this system yet.
    System,
    /// `/proc` is not mounted or does not show this process; on macOS, the kernel does not tell processes or boots apart.
    Proc,
    /// Threads ran already when [`init`] was called, and ran again in the re-executed program: something of the
    /// app starts them before. Those that libraries start when they are loaded do not count where glibc is.
    Threads,
    /// A call to the system failed with this error number.
    Failed(i32),
    /// The zygote ended or did not answer. [`Keeper::spawn`](crate::Keeper::spawn) replaces one that ended; until then a
    /// sidecar that runs still ends with the app, unless its keeper is killed as well.
    Zygote,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("init() was not called"),
            Self::System => f.write_str("there is no keeper for this system yet"),
            Self::Proc => f.write_str("/proc is not there"),
            Self::Threads => f.write_str("the app's own threads run before init()"),
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
/// On Linux and macOS it forks a small process, the zygote, which forks a keeper per sidecar later: a fork of a process
/// with threads of the app would not be safe, so it must come first. (Threads that a library started when it was loaded, as
/// WebKitGTK does, are no harm where glibc is.) Where the app has threads already, the program is executed once more as the
/// zygote, which takes as long as the program needs to load; that process calls this function too, and never returns from
/// it.
///
/// There an app that does not call it can start sidecars, too, but not all of a sidecar then ends with the app:
/// [`Scope::Leader`], and nothing on macOS.
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
