//! The name and arguments that `ps`, `killall` and `pkill -f` see: who kills the app by its name must not hit what cleans
//! up after it.
#![expect(unsafe_code, reason = "prctl has no safe counterpart in std")]

use std::ffi::CStr;

use super::proc;

/// Not in every libc: since Linux 3.18.
const PR_SET_MM: libc::c_int = 35;
const PR_SET_MM_MAP: libc::c_ulong = 14;

/// The kernel's `struct prctl_mm_map`: where the parts of a process lie, for its own information.
#[repr(C)]
struct Map {
    start_code: u64,
    end_code: u64,
    start_data: u64,
    end_data: u64,
    start_brk: u64,
    brk: u64,
    start_stack: u64,
    arg_start: u64,
    arg_end: u64,
    env_start: u64,
    env_end: u64,
    auxv: u64,
    auxv_size: u32,
    exe_fd: u32,
}

/// Names this process, at most 15 bytes of it for `killall`, and makes the name its only argument where the kernel lets it
/// (it must be built with `CONFIG_CHECKPOINT_RESTORE`, as distributions do).
pub(super) fn set(name: &CStr) {
    // SAFETY: the name ends with NUL, the system copies at most 16 bytes of it.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    // The kernel shows arguments that lie in anonymous memory only, which a constant of the program does not.
    let Some(map) = map(Box::leak(name.to_owned().into_boxed_c_str())) else { return };
    // SAFETY: `map` is what the kernel expects and outlives the call. Nothing in this process's memory changes, only what
    // the kernel shows in /proc: it checks all fields, and the new ones mean a string that lives as long as the program.
    unsafe { libc::prctl(PR_SET_MM, PR_SET_MM_MAP, &raw const map, size_of::<Map>(), 0 as libc::c_ulong) };
}

/// All as it is, with `name` for the arguments.
fn map(name: &'static CStr) -> Option<Map> {
    let places = proc::places()?;
    // SAFETY: brk(0) changes nothing, it tells where the heap ends. The kernel is asked, as the libc may not know.
    let brk = unsafe { libc::syscall(libc::SYS_brk, 0) };
    let arg_start = name.as_ptr().addr() as u64;
    Some(Map {
        start_code: places.code.0,
        end_code: places.code.1,
        start_data: places.data.0,
        end_data: places.data.1,
        start_brk: places.heap,
        brk: u64::try_from(brk).ok()?,
        start_stack: places.stack,
        arg_start,
        arg_end: arg_start + name.to_bytes_with_nul().len() as u64,
        env_start: places.environment.0,
        env_end: places.environment.1,
        // None: they stay.
        auxv: 0,
        auxv_size: 0,
        exe_fd: u32::MAX,
    })
}
