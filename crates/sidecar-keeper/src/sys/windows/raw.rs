//! Calls that several modules need, each safe.
#![expect(unsafe_code, reason = "std opens no process by its number and tells no time of one")]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, FILETIME, HANDLE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Security::Cryptography::ProcessPrng;
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetExitCodeProcess, GetProcessTimes, OpenProcess, PROCESS_ACCESS_RIGHTS,
    TerminateProcess, WaitForSingleObject,
};

/// The exit code of what is killed: the one that `taskkill /F` and std give.
pub(super) const KILLED: u32 = 1;

/// The result of a call that says zero for failure.
pub(super) fn check(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A handle that a call returned, null for failure.
///
/// # Safety
/// It is null, or new and owned by nobody else.
pub(super) unsafe fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Opens the process that has this number now.
pub(super) fn open(pid: u32, rights: PROCESS_ACCESS_RIGHTS) -> io::Result<OwnedHandle> {
    // SAFETY: three numbers; on success the handle is new.
    unsafe { owned(OpenProcess(rights, 0, pid)) }
}

/// When a process began, and how long it ran on processors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// In units of 100 ns since 1601: two processes with the same number differ in it, also across restarts.
    pub(super) start: u64,
    pub(super) cpu: Duration,
}

pub(super) fn times(process: BorrowedHandle<'_>) -> io::Result<Times> {
    let [mut start, mut end, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is open, and the four times are valid for writing.
    check(unsafe {
        GetProcessTimes(process.as_raw_handle(), &raw mut start, &raw mut end, &raw mut kernel, &raw mut user)
    })?;
    let units = |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    Ok(Times { start: units(start), cpu: duration(units(kernel).saturating_add(units(user))) })
}

/// A duration in the system's units of 100 ns.
pub(super) fn duration(units: u64) -> Duration {
    Duration::from_nanos(units.saturating_mul(100))
}

/// Whether a process ended. The handle needs the right to wait.
pub(super) fn has_ended(process: BorrowedHandle<'_>) -> bool {
    // SAFETY: the handle is open; waiting for no time returns at once.
    unsafe { WaitForSingleObject(process.as_raw_handle(), 0) == WAIT_OBJECT_0 }
}

/// The exit code of a process that ended.
pub(super) fn exit_code(process: BorrowedHandle<'_>) -> io::Result<u32> {
    let mut code = 0;
    // SAFETY: the handle is open, and `code` is valid for writing.
    check(unsafe { GetExitCodeProcess(process.as_raw_handle(), &raw mut code) })?;
    Ok(code)
}

pub(super) fn terminate(process: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: the handle is open; a process of another kind than this one has no memory that could be harmed.
    check(unsafe { TerminateProcess(process.as_raw_handle(), KILLED) })
}

/// Bytes in memory.
pub(super) fn memory(process: BorrowedHandle<'_>) -> io::Result<u64> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = u32::try_from(size_of_val(&counters)).unwrap_or(u32::MAX);
    // SAFETY: `counters` is valid for the bytes that are named, and the handle is open.
    check(unsafe { K32GetProcessMemoryInfo(process.as_raw_handle(), &raw mut counters, size) })?;
    Ok(counters.WorkingSetSize as u64)
}

/// A copy that children inherit, when they are told to.
pub(super) fn inheritable(handle: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    let mut copy: HANDLE = std::ptr::null_mut();
    // SAFETY: both process handles are this process's own, `handle` is open, and `copy` is valid for writing. On success
    // it is a new handle that nobody else owns.
    unsafe {
        let this = GetCurrentProcess();
        check(DuplicateHandle(
            this,
            handle.as_raw_handle(),
            this,
            &raw mut copy,
            0,
            1,
            DUPLICATE_SAME_ACCESS,
        ))?;
        owned(copy)
    }
}

/// 128 random bits.
pub(crate) fn random() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    // SAFETY: `bytes` is valid for as many bytes as are named.
    check(unsafe { ProcessPrng(bytes.as_mut_ptr(), bytes.len()) })?;
    Ok(bytes)
}
