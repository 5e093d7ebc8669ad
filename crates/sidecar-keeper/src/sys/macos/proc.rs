//! What the kernel says about processes: `proc_pidinfo` and sysctl to values.
#![expect(unsafe_code, reason = "proc_pidinfo and sysctl have no safe counterpart in std")]

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::fmt::Write;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use super::lineage::Row;
use super::read;
use crate::fsx;
use crate::ledger::World;
use crate::process::ProcessId;
use crate::usage::Usage;

/// `PROC_PIDUNIQIDENTIFIERINFO` and `PROC_PIDFDSOCKETINFO` of `sys/proc_info.h`, which libc does not have.
const UNIQUE: libc::c_int = 17;
const FD_SOCKET: libc::c_int = 3;

/// `struct proc_uniqidentifierinfo`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Unique {
    program: [u8; 16],
    /// Of this very process; never used again until the machine restarts.
    id: u64,
    /// Of the process that forked it, also when that has ended.
    forked_by: u64,
    versions: [i32; 2],
    reserved: [u64; 2],
}

/// What the kernel fills in: numbers and bytes, of which every pattern is valid.
trait Plain {}
impl Plain for Unique {}
impl Plain for libc::proc_bsdshortinfo {}
impl Plain for libc::proc_taskinfo {}
const _: () = assert!(size_of::<Unique>() == 56);

/// What a flavour tells about a process. With `zombies` also about one that ended and was not reaped, where it can.
fn info<T: Plain>(pid: u32, flavour: libc::c_int, zombies: u64) -> io::Result<T> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let size = libc::c_int::try_from(size_of::<T>()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut out = MaybeUninit::<T>::zeroed();
    // SAFETY: `out` is valid for `size` bytes and outlives the call.
    let written = unsafe { libc::proc_pidinfo(pid, flavour, zombies, out.as_mut_ptr().cast(), size) };
    match written {
        // SAFETY: it was filled with zeros, then by the kernel, and every pattern of a `Plain` type is valid.
        written if written == size => Ok(unsafe { out.assume_init() }),
        written if written <= 0 => Err(io::Error::last_os_error()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// A list of values that the kernel fills in, from a call that takes a buffer and its length in bytes and returns how many
/// bytes it wrote (or would write, without a buffer).
fn list<T: Copy + Default>(call: impl Fn(*mut libc::c_void, libc::c_int) -> libc::c_int) -> Vec<T> {
    /// More may be there by the time of the second call.
    const MORE: usize = 64;
    let Ok(bytes) = usize::try_from(call(ptr::null_mut(), 0)) else { return Vec::new() };
    let mut out = vec![T::default(); bytes / size_of::<T>() + MORE];
    let Ok(size) = libc::c_int::try_from(size_of_val(out.as_slice())) else { return Vec::new() };
    let written = usize::try_from(call(out.as_mut_ptr().cast(), size)).unwrap_or(0);
    out.truncate(written / size_of::<T>());
    out
}

/// A process, as a look at all of them shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) row: Row,
    parent: u32,
    group: u32,
}

impl Found {
    fn process(&self) -> ProcessId {
        ProcessId { pid: self.row.pid, start: self.row.unique }
    }
}

/// Everybody, also those who have ended and were not reaped.
pub(super) fn table() -> Vec<Found> {
    /// `SZOMB` of `sys/proc.h`.
    const ENDED: u32 = 5;
    let of = |pid| {
        let unique: Unique = info(pid, UNIQUE, 1).ok()?;
        let short: libc::proc_bsdshortinfo = info(pid, libc::PROC_PIDT_SHORTBSDINFO, 1).ok()?;
        let ended = short.pbsi_status == ENDED;
        let row = Row { pid, unique: unique.id, forked_by: unique.forked_by, ended };
        Some(Found { row, parent: short.pbsi_ppid, group: short.pbsi_pgid })
    };
    all_processes().into_iter().filter_map(of).collect()
}

/// The file name of its program.
pub(crate) fn name(pid: u32) -> Option<String> {
    let pid = libc::c_int::try_from(pid).ok()?;
    let mut path = vec![0_u8; usize::try_from(libc::PROC_PIDPATHINFO_MAXSIZE).ok()?];
    let size = u32::try_from(path.len()).ok()?;
    // SAFETY: `path` is valid for `size` bytes and outlives the call.
    let length = unsafe { libc::proc_pidpath(pid, path.as_mut_ptr().cast(), size) };
    path.truncate(usize::try_from(length).ok().filter(|length| *length > 0)?);
    let path = String::from_utf8_lossy(&path);
    path.rsplit('/').next().map(str::to_owned)
}

/// The process that has this number, also when it has ended and was not reaped.
pub(crate) fn identity(pid: u32) -> Option<ProcessId> {
    info(pid, UNIQUE, 1).ok().map(|unique: Unique| ProcessId { pid, start: unique.id })
}

/// Whether its number is this very process's, and it has not ended.
pub(super) fn is(process: ProcessId) -> bool {
    info(process.pid, UNIQUE, 0).is_ok_and(|unique: Unique| unique.id == process.start)
}

pub(crate) fn is_alive(process: ProcessId) -> bool {
    match info::<Unique>(process.pid, UNIQUE, 0) {
        Ok(unique) => unique.id == process.start,
        // What cannot be read for another reason may well be alive.
        Err(error) => error.raw_os_error() != Some(libc::ESRCH),
    }
}

pub(crate) fn all_processes() -> Vec<u32> {
    // SAFETY: the buffer is valid for the bytes that it is said to have, or null and none.
    let count = |buffer, size| unsafe { libc::proc_listallpids(buffer, size) };
    let width = libc::c_int::try_from(size_of::<libc::pid_t>()).unwrap_or(4);
    // This call counts processes, not bytes.
    let pids: Vec<libc::pid_t> = list(|buffer, size| count(buffer, size).saturating_mul(width));
    pids.into_iter().filter_map(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0).collect()
}

/// Every process below `root`: by its parent, and by who forked it as far as that lives.
pub(crate) fn descendants(root: u32) -> Vec<ProcessId> {
    let table = table();
    let root_unique = identity(root).map(|root| root.start);
    let (mut pids, mut uniques) = (BTreeSet::from([root]), BTreeSet::from_iter(root_unique));
    let mut out = Vec::new();
    loop {
        let before = out.len();
        for found in &table {
            let row = &found.row;
            let below = pids.contains(&found.parent) || uniques.contains(&row.forked_by);
            if below && Some(row.unique) != root_unique && uniques.insert(row.unique) {
                pids.insert(row.pid);
                out.push(found);
            }
        }
        if out.len() == before {
            return out.iter().filter(|found| !found.row.ended).map(|found| found.process()).collect();
        }
    }
}

/// The processes of a group.
pub(super) fn of_group(group: u32) -> Vec<ProcessId> {
    table().iter().filter(|found| found.group == group && !found.row.ended).map(Found::process).collect()
}

/// Whether this thread is the only one.
pub(super) fn is_alone() -> Option<bool> {
    let task: libc::proc_taskinfo = info(std::process::id(), libc::PROC_PIDTASKINFO, 0).ok()?;
    Some(task.pti_threadnum == 1)
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct OpenFile {
    number: RawFd,
    kind: u32,
}
const _: () = assert!(size_of::<OpenFile>() == size_of::<libc::proc_fdinfo>());

fn open_files(pid: libc::pid_t) -> Vec<OpenFile> {
    // SAFETY: the buffer is valid for the bytes that it is said to have, or null and none.
    list(|buffer, size| unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDLISTFDS, 0, buffer, size) })
}

/// The descriptors of this process.
pub(super) fn open_descriptors() -> Vec<RawFd> {
    let this = libc::pid_t::try_from(std::process::id()).unwrap_or(0);
    open_files(this).iter().map(|file| file.number).collect()
}

/// What the kernel tells about each socket that a process has open.
pub(super) fn sockets(pid: u32) -> Vec<[u8; read::SOCKET]> {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return Vec::new() };
    let of = |file: &OpenFile| {
        let mut out = [0; read::SOCKET];
        let size = libc::c_int::try_from(out.len()).ok()?;
        // SAFETY: `out` is valid for `size` bytes and outlives the call.
        let written =
            unsafe { libc::proc_pidfdinfo(pid, file.number, FD_SOCKET, out.as_mut_ptr().cast(), size) };
        (written == size).then_some(out)
    };
    let files = open_files(pid);
    files.iter().filter(|file| file.kind == libc::PROX_FDTYPE_SOCKET.unsigned_abs()).filter_map(of).collect()
}

/// Arguments and environment of a process, as it was executed; none of one that is another user's.
fn arguments(pid: u32) -> Option<Vec<u8>> {
    let mut name = [libc::CTL_KERN, libc::KERN_PROCARGS2, libc::c_int::try_from(pid).ok()?];
    let mut size = 0;
    // SAFETY: the name has three parts; without a buffer the call writes the size alone.
    let sized =
        unsafe { libc::sysctl(name.as_mut_ptr(), 3, ptr::null_mut(), &raw mut size, ptr::null_mut(), 0) };
    if sized != 0 {
        return None;
    }
    let mut out = vec![0; size];
    // SAFETY: the name has three parts, `out` is valid for `size` bytes, and both outlive the call.
    let filled = unsafe {
        libc::sysctl(name.as_mut_ptr(), 3, out.as_mut_ptr().cast(), &raw mut size, ptr::null_mut(), 0)
    };
    out.truncate(size);
    (filled == 0).then_some(out)
}

/// Every process whose environment, as it was when it was executed, has this cookie.
pub(crate) fn with_cookie(cookie: &str) -> Vec<ProcessId> {
    let wanted = format!("{}={cookie}", crate::env::COOKIE);
    let has = |pid: u32| {
        arguments(pid).is_some_and(|all| read::environment(&all).any(|entry| entry == wanted.as_bytes()))
    };
    // The identity is read before the environment: a number that is used again between does not match when it is killed.
    let candidates = all_processes().into_iter().filter_map(identity);
    candidates.filter(|process| has(process.pid) && is(*process)).collect()
}

/// A text that the system has under this name.
fn named(name: &CStr) -> Option<String> {
    let mut out = [0_u8; 128];
    let mut size = out.len();
    // SAFETY: the name ends with NUL, `out` is valid for `size` bytes, and all outlive the call.
    let result = unsafe {
        libc::sysctlbyname(name.as_ptr(), out.as_mut_ptr().cast(), &raw mut size, ptr::null_mut(), 0)
    };
    let text = CStr::from_bytes_until_nul(out.get(..size)?).ok()?.to_str().ok()?;
    (result == 0).then(|| text.to_owned())
}

/// Machine and boot; there is one namespace of processes.
pub(crate) fn world() -> Option<World> {
    let mut uuid = [0; 16];
    let at_once = libc::timespec { tv_sec: 1, tv_nsec: 0 };
    // SAFETY: `uuid` has the 16 bytes that are written, and both outlive the call.
    let known = unsafe { libc::gethostuuid(uuid.as_mut_ptr(), &raw const at_once) } == 0;
    let mut machine = String::new();
    if known {
        for byte in uuid {
            let _ = write!(machine, "{byte:02x}");
        }
    }
    Some(World { machine, boot: named(c"kern.bootsessionuuid")?, space: "macos".to_owned() })
}

/// 128 random bits.
pub(crate) fn random() -> io::Result<[u8; 16]> {
    let bytes = fsx::head("/dev/urandom", 16)?;
    bytes.try_into().map_err(|_| io::ErrorKind::UnexpectedEof.into())
}

/// What a process used: itself, and what it reaped, in the kernel's unit of time.
fn used(pid: u32) -> Option<libc::rusage_info_v2> {
    let pid = libc::pid_t::try_from(pid).ok()?;
    let mut out = MaybeUninit::<libc::rusage_info_v2>::zeroed();
    // SAFETY: the flavour fills this structure in, which outlives the call; it has numbers and bytes alone.
    unsafe {
        let result = libc::proc_pid_rusage(pid, libc::RUSAGE_INFO_V2, out.as_mut_ptr().cast());
        (result == 0).then(|| out.assume_init())
    }
}

/// What all below `root` use, with what `root` reaped.
pub(crate) fn usage(root: u32) -> Option<Usage> {
    let root_used = used(root)?;
    let reaped = root_used.ri_child_user_time.saturating_add(root_used.ri_child_system_time);
    let mut usage = usage_of(&descendants(root));
    usage.cpu += duration(reaped);
    Some(usage)
}

/// What these processes use, with what they reaped.
pub(crate) fn usage_of(processes: &[ProcessId]) -> Usage {
    let mut out = Usage::default();
    for used in processes.iter().filter(|process| is(**process)).filter_map(|process| used(process.pid)) {
        let times =
            [used.ri_user_time, used.ri_system_time, used.ri_child_user_time, used.ri_child_system_time];
        out.cpu += duration(times.iter().fold(0, |sum, time| sum.saturating_add(*time)));
        out.memory = out.memory.saturating_add(used.ri_resident_size);
        out.processes += 1;
    }
    out
}

/// `struct mach_timebase_info`: so many nanoseconds are so many units of the kernel's time.
#[repr(C)]
struct Unit {
    nanos: u32,
    per: u32,
}

unsafe extern "C" {
    // libc has it deprecated.
    fn mach_timebase_info(unit: *mut Unit) -> libc::c_int;
}

/// The kernel's unit of time as a duration.
fn duration(time: u64) -> Duration {
    let mut unit = Unit { nanos: 1, per: 1 };
    // SAFETY: `unit` is what the call fills in, and outlives it.
    unsafe { mach_timebase_info(&raw mut unit) };
    let nanos = u128::from(time) * u128::from(unit.nanos) / u128::from(unit.per.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
