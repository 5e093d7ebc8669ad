//! Processes by number and start time, and who started whom.
#![expect(unsafe_code, reason = "the list of all processes has no safe counterpart in std")]

use std::collections::BTreeSet;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::Threading::{
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE,
};

use super::raw;
use crate::env;
use crate::ledger::World;
use crate::process::ProcessId;

pub(crate) fn identity(pid: u32) -> Option<ProcessId> {
    let process = raw::open(pid, PROCESS_QUERY_LIMITED_INFORMATION).ok()?;
    Some(ProcessId { pid, start: raw::times(process.as_handle()).ok()?.start })
}

pub(crate) fn is_alive(process: ProcessId) -> bool {
    match raw::open(process.pid, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE) {
        Ok(handle) => is(process, &handle) && !raw::has_ended(handle.as_handle()),
        // What cannot be opened for another reason may well be alive.
        Err(error) => !is_nobody(&error),
    }
}

/// Whether this handle is of that process. What cannot be read may well be.
fn is(process: ProcessId, handle: &OwnedHandle) -> bool {
    raw::times(handle.as_handle()).map_or(true, |times| times.start == process.start)
}

/// Whether no process has the number.
fn is_nobody(error: &io::Error) -> bool {
    error.raw_os_error().map(i32::cast_unsigned) == Some(ERROR_INVALID_PARAMETER)
}

/// Number and parent's number of every process. A parent may be long gone, and its number be another's.
fn table() -> Vec<(u32, u32)> {
    look(|entry| Some((entry.th32ProcessID, entry.th32ParentProcessID)))
}

/// The file name of its program.
pub(crate) fn name(pid: u32) -> Option<String> {
    let names = look(|entry| {
        let name = entry.szExeFile.split(|unit| *unit == 0).next().unwrap_or_default();
        (entry.th32ProcessID == pid).then(|| String::from_utf16_lossy(name))
    });
    names.into_iter().next()
}

/// What is wanted of every process.
fn look<T>(of: impl Fn(&PROCESSENTRY32W) -> Option<T>) -> Vec<T> {
    let mut entry = PROCESSENTRY32W {
        dwSize: u32::try_from(size_of::<PROCESSENTRY32W>()).unwrap_or(u32::MAX),
        ..PROCESSENTRY32W::default()
    };
    let mut out = Vec::new();
    // SAFETY: the snapshot is a new handle, or the value that stands for failure. `entry` names its own size and is valid
    // for writing as long as the calls take.
    unsafe {
        let snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
        if snapshot == INVALID_HANDLE_VALUE {
            return out;
        }
        let Ok(snapshot) = raw::owned(snapshot) else { return out };
        let mut more = Process32FirstW(snapshot.as_raw_handle(), &raw mut entry);
        while more != 0 {
            out.extend(of(&entry));
            more = Process32NextW(snapshot.as_raw_handle(), &raw mut entry);
        }
    }
    out
}

pub(crate) fn all_processes() -> Vec<u32> {
    table().into_iter().map(|(pid, _)| pid).filter(|pid| *pid > 0).collect()
}

/// Every process below `root`, as far as each was started by one that still runs. A sidecar's tree is its job, which
/// misses none.
pub(crate) fn descendants(root: u32) -> Vec<ProcessId> {
    identity(root).map_or_else(Vec::new, |root| {
        let mut found = walk(root, &table(), identity);
        found.retain(|process| process.is_alive());
        found
    })
}

/// What is below `root` in a table. A child is never older than its parent: where it is, the number was used again.
fn walk(
    root: ProcessId,
    table: &[(u32, u32)],
    identity: impl Fn(u32) -> Option<ProcessId>,
) -> Vec<ProcessId> {
    let mut seen = BTreeSet::from([root.pid]);
    let mut queue = vec![root];
    let mut out = Vec::new();
    while let Some(parent) = queue.pop() {
        for (pid, _) in table.iter().filter(|(_, number)| *number == parent.pid) {
            let Some(child) = identity(*pid).filter(|child| child.start >= parent.start) else { continue };
            if seen.insert(child.pid) {
                out.push(child);
                queue.push(child);
            }
        }
    }
    out
}

/// None, ever: the job of a sidecar ends with the app, so that nobody is left to be recognised by a variable.
pub(crate) fn with_cookie(_cookie: &str) -> Vec<ProcessId> {
    Vec::new()
}

/// Where numbers and start times of processes mean something. Start times are absolute here, so that neither boots nor
/// clocks have to be told apart: a process of another boot is simply dead.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it cannot always be told")]
pub(crate) fn world() -> Option<World> {
    let machine = env::var(env::COMPUTER).unwrap_or_default().to_string_lossy().into_owned();
    Some(World { machine, boot: "any".to_owned(), space: "windows".to_owned() })
}

/// Owners are no numbers here.
pub(crate) fn user() -> u32 {
    0
}

/// Kills a process, unless its number is another's by now; whether there was somebody to kill.
pub(crate) fn kill(process: ProcessId) -> io::Result<bool> {
    let rights = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE | PROCESS_TERMINATE;
    let handle = match raw::open(process.pid, rights) {
        Ok(handle) => handle,
        Err(error) if is_nobody(&error) || !is_alive(process) => return Ok(false),
        Err(error) => return Err(error),
    };
    if raw::times(handle.as_handle())?.start != process.start || raw::has_ended(handle.as_handle()) {
        return Ok(false);
    }
    match raw::terminate(handle.as_handle()) {
        // One that is just ending refuses.
        Err(error) if !raw::has_ended(handle.as_handle()) => Err(error),
        _ => Ok(true),
    }
}

/// Kills what is found; who that was.
pub(crate) fn kill_round<I: IntoIterator<Item = ProcessId>>(find: &impl Fn() -> I) -> BTreeSet<ProcessId> {
    let found: BTreeSet<ProcessId> = find().into_iter().collect();
    for process in &found {
        // What cannot be killed now is found again.
        let _ = kill(*process);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn this_process_is_itself_and_alive() {
        let this = identity(std::process::id()).unwrap();
        assert!(is_alive(this) && all_processes().contains(&this.pid));
        assert!(!is_alive(ProcessId { start: this.start + 1, ..this }));
        assert!(!is_alive(ProcessId { pid: u32::MAX - 3, start: 1 }));
        assert_eq!(identity(u32::MAX - 3), None);
        assert!(
            !kill(ProcessId { start: this.start + 1, ..this }).unwrap(),
            "another start time is another process"
        );
    }

    #[test]
    fn the_walk_follows_parents_that_are_older() {
        let starts = [(1, 10), (2, 20), (3, 30), (4, 5), (5, 40), (6, 50)];
        let identity = |pid: u32| {
            let (pid, start) = starts.iter().find(|(number, _)| *number == pid)?;
            Some(ProcessId { pid: *pid, start: *start })
        };
        // Four names one as its parent and is older: its parent was another. Five is below it. Six does not exist.
        let table = [(2, 1), (3, 2), (4, 1), (5, 4), (1, 3), (7, 2), (6, 9)];
        let mut found: Vec<u32> =
            walk(identity(1).unwrap(), &table, identity).iter().map(|process| process.pid).collect();
        found.sort_unstable();
        assert_eq!(found, [2, 3]);
    }

    #[test]
    fn a_child_is_found_and_killed_and_then_gone() {
        let mut child = Command::new("cmd.exe")
            .args(["/d", "/c", "pause"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let wanted = identity(child.id()).unwrap();
        assert!(descendants(std::process::id()).contains(&wanted));
        assert!(kill(wanted).unwrap());
        assert_eq!(child.wait().unwrap().code(), Some(1));
        assert!(!is_alive(wanted) && !kill(wanted).unwrap());
        assert!(!descendants(std::process::id()).contains(&wanted));
    }
}
