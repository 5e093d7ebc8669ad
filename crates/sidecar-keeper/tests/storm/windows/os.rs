//! What the roles need from the system.
#![expect(unsafe_code, reason = "names of processes, jobs and consoles have no counterpart in std")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::{GetHandleInformation, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, FreeConsole, SetConsoleCtrlHandler};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::JobObjects::{AssignProcessToJobObject, CreateJobObjectW};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessHandleCount};

/// Where the programs of this run lie.
fn dir() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("sidecar-storm-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

pub(crate) fn clean() {
    let _ = std::fs::remove_dir_all(dir());
}

/// This program under another name, by which its processes are recognised.
pub(crate) fn program(id: &str) -> PathBuf {
    let path = dir().join(format!("{id}.exe"));
    // A copy, as a link may be shown by the name of the file that it is.
    if !path.exists() {
        std::fs::copy(std::env::current_exe().unwrap(), &path).unwrap();
    }
    path
}

/// The same, made to say that it is a program with windows.
pub(crate) fn windowed_program(id: &str) -> PathBuf {
    let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let headers = usize::try_from(u32::from_le_bytes(bytes[60..64].try_into().unwrap())).unwrap();
    let subsystem = headers + 24 + 68;
    assert_eq!(bytes[subsystem..subsystem + 2], [3, 0], "this program is for a console");
    bytes[subsystem] = 2;
    let path = dir().join(format!("{id}.exe"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What an app must be told to start a sidecar that can be recognised.
pub(crate) fn settings(id: &str) -> Vec<String> {
    vec![format!("program={}", program(id).display())]
}

/// The processes of the program with this name.
pub(crate) fn carrying(marker: &str) -> Vec<u32> {
    let wanted = format!("{}.exe", marker.trim_start_matches("car:"));
    let mut out = Vec::new();
    each_process(|pid, name| {
        if name.eq_ignore_ascii_case(&wanted) {
            out.push(pid);
        }
    });
    out
}

pub(crate) fn described(pid: u32) -> String {
    let mut out = String::new();
    each_process(|other, name| {
        if other == pid {
            out.push_str(name);
        }
    });
    out
}

fn each_process(mut tell: impl FnMut(u32, &str)) {
    let mut entry = PROCESSENTRY32W {
        dwSize: u32::try_from(size_of::<PROCESSENTRY32W>()).unwrap(),
        ..PROCESSENTRY32W::default()
    };
    // SAFETY: the snapshot is a new handle. `entry` names its own size and is valid for writing.
    unsafe {
        let snapshot = OwnedHandle::from_raw_handle(CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0));
        let mut more = Process32FirstW(snapshot.as_raw_handle(), &raw mut entry);
        while more != 0 {
            let end = entry.szExeFile.iter().position(|unit| *unit == 0).unwrap_or(0);
            let name = String::from_utf16_lossy(&entry.szExeFile[..end]);
            // Some give the path along.
            let name = Path::new(&name).file_name().unwrap_or_default().to_string_lossy().into_owned();
            tell(entry.th32ProcessID, &name);
            more = Process32NextW(snapshot.as_raw_handle(), &raw mut entry);
        }
    }
}

/// Kills a process that the caller started.
pub(crate) fn finish(pid: u32) {
    if let Some(process) = sidecar_keeper::ProcessId::of(pid) {
        let _ = sidecar_keeper::kill_processes(&[process]);
    }
}

/// Puts this process into a job of its own, as a terminal or a build tool does.
pub(crate) fn enter_a_job() {
    // SAFETY: a job without name and attributes; the pseudo handle of this process is always valid. The job stays open.
    unsafe {
        let job = CreateJobObjectW(std::ptr::null(), std::ptr::null());
        assert!(!job.is_null() && AssignProcessToJobObject(job, GetCurrentProcess()) != 0);
    }
}

/// Opens a file that every program this one starts would inherit. Returns its number.
pub(crate) fn leak_a_handle() -> usize {
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    // SAFETY: the handle is open.
    let set = unsafe { SetHandleInformation(file.as_raw_handle(), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) };
    assert_ne!(set, 0);
    let number = file.as_raw_handle().addr();
    std::mem::forget(file);
    number
}

/// Whether this process has a handle with that number.
pub(crate) fn has_handle(number: usize) -> bool {
    let mut flags = 0;
    // SAFETY: a number that is no handle is refused; `flags` is valid for writing.
    unsafe { GetHandleInformation(std::ptr::without_provenance_mut(number), &raw mut flags) != 0 }
}

/// Leaves the console, which then sends nothing to this process.
pub(crate) fn leave_the_console() {
    // SAFETY: the call has no precondition.
    unsafe { FreeConsole() };
}

/// How many handles this process has.
pub(crate) fn handles() -> u32 {
    let mut count = 0;
    // SAFETY: the pseudo handle of this process is always valid, and `count` is valid for writing.
    assert!(unsafe { GetProcessHandleCount(GetCurrentProcess(), &raw mut count) } != 0);
    count
}

/// Calls what is given when the console sends `Ctrl+Break`, which ends this process otherwise.
pub(crate) fn on_break(done: fn()) {
    static DONE: std::sync::OnceLock<fn()> = std::sync::OnceLock::new();
    unsafe extern "system" fn handler(event: u32) -> i32 {
        if event == CTRL_BREAK_EVENT
            && let Some(done) = DONE.get()
        {
            done();
        }
        1
    }
    DONE.set(done).unwrap();
    // SAFETY: the handler is a function that lives for ever.
    assert!(unsafe { SetConsoleCtrlHandler(Some(handler), 1) } != 0);
}
