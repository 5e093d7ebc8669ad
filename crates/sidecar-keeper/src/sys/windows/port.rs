//! Where a keeper's thread waits: one completion port, to which the job, the leader's end, the console helper and the app
//! each say that there is something to see.
#![expect(unsafe_code, reason = "completion ports and registered waits have no safe counterpart in std")]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::sync::Arc;
use std::time::Duration;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::IO::{
    CreateIoCompletionPort, GetQueuedCompletionStatus, PostQueuedCompletionStatus,
};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEONLYONCE,
};

use super::raw;

/// The message of a job whose last process ended (winnt.h).
const ACTIVE_PROCESS_ZERO: u32 = 4;

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waker {
    /// Nobody, in the time that was given.
    Nobody,
    /// The app sent something, or dropped its end.
    App,
    /// The leader or the console helper ended.
    Ended,
    /// The job's last process ended.
    Empty,
    /// The job, for another reason: a process began or ended.
    Job,
}

/// The keys of those that say something.
const JOB: usize = 1;
const APP: usize = 2;
const ENDED: usize = 3;

#[derive(Debug)]
pub(super) struct Port(OwnedHandle);

impl Port {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: no file is named, so that a port of its own is made; on success the handle is new.
        let port =
            unsafe { raw::owned(CreateIoCompletionPort(INVALID_HANDLE_VALUE, std::ptr::null_mut(), 0, 1))? };
        Ok(Self(port))
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    /// The key under which a job sends its messages.
    pub(super) const fn job_key() -> usize {
        JOB
    }

    /// Wakes who waits. That it fails for want of memory is noticed late, and not never: a keeper looks now and then.
    pub(super) fn wake(&self, waker: Waker) {
        let key = if waker == Waker::App { APP } else { ENDED };
        // SAFETY: the port is open, and there is no overlapped structure.
        unsafe { PostQueuedCompletionStatus(self.handle(), 0, key, std::ptr::null()) };
    }

    /// Waits for the next that says something; for ever without a time.
    pub(super) fn wait(&self, time: Option<Duration>) -> Waker {
        let milliseconds = time.map_or(INFINITE, |time| {
            u32::try_from(time.as_micros().div_ceil(1000)).unwrap_or(INFINITE).min(INFINITE - 1)
        });
        let (mut message, mut key, mut about) = (0, 0, std::ptr::null_mut());
        // SAFETY: the port is open, and what is written to is valid. What `about` points to is never looked at: jobs put
        // the number of a process there.
        let got = unsafe {
            GetQueuedCompletionStatus(
                self.handle(),
                &raw mut message,
                &raw mut key,
                &raw mut about,
                milliseconds,
            )
        };
        if got == 0 { Waker::Nobody } else { judge(key, message) }
    }
}

/// Who it was. A job has many messages, of which one says that it is empty: each other one leaves processes alive.
fn judge(key: usize, message: u32) -> Waker {
    match key {
        JOB if message == ACTIVE_PROCESS_ZERO => Waker::Empty,
        JOB => Waker::Job,
        APP => Waker::App,
        _ => Waker::Ended,
    }
}

/// Says to a port when a process ends, as long as this is kept.
#[derive(Debug)]
pub(super) struct Watched {
    wait: HANDLE,
    /// What the callback is given; dropped behind the wait.
    _port: Arc<Port>,
}

impl Watched {
    /// Watches a process; the handle must stay open as long as this is kept, and needs the right to wait.
    pub(super) fn new(process: BorrowedHandle<'_>, port: &Arc<Port>) -> io::Result<Self> {
        let port = Arc::clone(port);
        let mut wait: HANDLE = std::ptr::null_mut();
        // SAFETY: the context is a port that lives until the wait was taken back, which waits for a callback that runs. `wait` is valid for writing.
        raw::check(unsafe {
            RegisterWaitForSingleObject(
                &raw mut wait,
                process.as_raw_handle(),
                Some(ended),
                Arc::as_ptr(&port).cast(),
                INFINITE,
                WT_EXECUTEONLYONCE,
            )
        })?;
        Ok(Self { wait, _port: port })
    }
}

/// # Safety
/// The context is a [`Port`] that outlives the call.
unsafe extern "system" fn ended(context: *mut std::ffi::c_void, _timed_out: bool) {
    // SAFETY: the caller's promise.
    let port = unsafe { &*context.cast::<Port>() };
    port.wake(Waker::Ended);
}

impl Drop for Watched {
    fn drop(&mut self) {
        // SAFETY: the wait was registered and not taken back yet; with this second argument the call returns when no
        // callback runs any more.
        unsafe { UnregisterWaitEx(self.wait, INVALID_HANDLE_VALUE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_message_of_a_job_says_that_it_is_empty() {
        let empty: Vec<u32> = (0..20).filter(|message| judge(JOB, *message) == Waker::Empty).collect();
        assert_eq!(empty, [4]);
        assert_eq!((judge(JOB, 6), judge(APP, 4), judge(ENDED, 4)), (Waker::Job, Waker::App, Waker::Ended));
    }

    #[test]
    fn wakes_are_kept_until_somebody_waits() {
        let port = Port::new().unwrap();
        assert_eq!(port.wait(Some(Duration::ZERO)), Waker::Nobody);
        port.wake(Waker::App);
        port.wake(Waker::Ended);
        assert_eq!((port.wait(None), port.wait(None)), (Waker::App, Waker::Ended));
    }
}
