//! Asking a program to end: what `Ctrl+Break` does at a console.
//!
//! A console sends to those that share it, and each sidecar has one of its own, without a window. So this program is
//! executed once more as a helper without a console, which joins the sidecar's, sends, and ends. (The app cannot do it
//! itself: it would have to leave its own console, with all its threads.)
#![expect(unsafe_code, reason = "consoles have no safe counterpart in std")]

use std::io;
use std::os::windows::io::AsHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::ERROR_TIMEOUT;
use windows_sys::Win32::System::Console::{
    AttachConsole, CTRL_BREAK_EVENT, FreeConsole, GenerateConsoleCtrlEvent,
};
use windows_sys::Win32::System::Threading::{CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS};

use super::port::{Port, Watched};
use super::start::Leader;
use super::{number, raw};
use crate::env;
use crate::scope::Unasked;

/// How long the helper may take: a program with many libraries on a slow disk, which a scanner looks at first.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether [`init`] was called: without it, this program executed once more would be a second app.
static CALLED: AtomicBool = AtomicBool::new(false);

/// Never returns in a process that was executed as the helper.
pub(super) fn init() {
    if let Some(leader) = meant_as_helper() {
        std::process::exit(send(leader).map_or_else(|error| number(&error), |()| 0));
    }
    CALLED.store(true, Ordering::Release);
}

/// The leader that is meant, where variable and argument say that this process is the helper.
fn meant_as_helper() -> Option<u32> {
    env::var(env::CONSOLE)?;
    let mut args = std::env::args_os().skip(1);
    if args.next()? != env::CONSOLE {
        return None;
    }
    // Nobody has number zero: sending to it fails, and this process is still not the app.
    Some(args.next().and_then(|pid| pid.to_str()?.parse().ok()).unwrap_or(0))
}

/// Joins the leader's console and sends to its group, which has its number.
fn send(leader: u32) -> io::Result<()> {
    // SAFETY: three calls that take numbers; this process has one thread, which uses no console.
    unsafe {
        // It has none, or one that is in the way.
        FreeConsole();
        raw::check(AttachConsole(leader))?;
        raw::check(GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, leader))
    }
}

/// A helper that is at it.
#[derive(Debug)]
pub(super) struct Asking {
    // Before the process that it watches.
    _watched: Watched,
    helper: Child,
    until: Instant,
}

impl Asking {
    /// Begins to ask the leader. It must not be reaped yet, so that its number is its own.
    pub(super) fn begin(leader: &Leader, port: &Arc<Port>) -> Result<Self, Unasked> {
        if !leader.console {
            return Err(Unasked::Windowed);
        }
        if !CALLED.load(Ordering::Acquire) {
            return Err(Unasked::Init);
        }
        Self::execute(leader.id.pid, port).map_err(|error| Unasked::Failed(number(&error)))
    }

    fn execute(leader: u32, port: &Arc<Port>) -> io::Result<Self> {
        let mut helper = Command::new(std::env::current_exe()?)
            .args([env::CONSOLE, &leader.to_string()])
            .env(env::CONSOLE, "1")
            .creation_flags(DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        match Watched::new(helper.as_handle(), port) {
            Ok(watched) => Ok(Self { _watched: watched, helper, until: Instant::now() + PATIENCE }),
            Err(error) => {
                let _ = helper.kill();
                Err(error)
            }
        }
    }

    /// When it must be looked at, at the latest.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// What came of it; `None` while it is at it.
    pub(super) fn outcome(&mut self) -> Option<Result<(), Unasked>> {
        match self.helper.try_wait() {
            Ok(None) if Instant::now() < self.until => None,
            Ok(None) => {
                let _ = self.helper.kill();
                Some(Err(Unasked::Failed(ERROR_TIMEOUT.cast_signed())))
            }
            Ok(Some(status)) if status.success() => Some(Ok(())),
            Ok(Some(status)) => Some(Err(Unasked::Failed(status.code().unwrap_or_default()))),
            Err(error) => Some(Err(Unasked::Failed(number(&error)))),
        }
    }
}
