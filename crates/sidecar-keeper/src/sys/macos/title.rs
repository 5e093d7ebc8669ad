//! The name that a debugger and a sampler see. What `ps`, `killall` and `pkill` see is the name of the executed file, which
//! a process cannot change here: zygote and keepers ignore the signal that those send unless they are told otherwise.
#![expect(unsafe_code, reason = "naming a thread has no safe counterpart in std")]

use std::ffi::CStr;

/// Names the only thread of this process.
pub(super) fn set(name: &CStr) {
    // SAFETY: the name ends with NUL and outlives the call.
    unsafe { libc::pthread_setname_np(name.as_ptr()) };
}
