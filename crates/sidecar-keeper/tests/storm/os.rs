//! What the roles need from the system.
#![expect(unsafe_code, reason = "a misbehaving sidecar forks without executing anything")]

use std::os::fd::{AsRawFd, IntoRawFd};
#[cfg(target_os = "macos")]
use std::process::Command;

#[cfg(target_os = "linux")]
use crate::field::ID;

/// The processes that have this in their arguments or are of this app, without those that have ended.
#[cfg(target_os = "linux")]
pub(crate) fn carrying(marker: &str) -> Vec<u32> {
    let pids = sidecar_keeper::all_processes();
    let of_app = format!("{ID}={marker}\0");
    let carries =
        |pid: &u32| text(*pid, "cmdline").contains(marker) || text(*pid, "environ").contains(&of_app);
    pids.into_iter().filter(carries).collect()
}

#[cfg(target_os = "linux")]
pub(crate) fn described(pid: u32) -> String {
    text(pid, "cmdline")
}

#[cfg(target_os = "linux")]
fn text(pid: u32, file: &str) -> String {
    // What has ended has neither any more.
    std::fs::read(format!("/proc/{pid}/{file}"))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

/// The same by `ps`: zygote and keepers keep the app's arguments here.
#[cfg(target_os = "macos")]
pub(crate) fn carrying(marker: &str) -> Vec<u32> {
    let output = Command::new("/bin/ps").args(["-axww", "-o", "pid=,stat=,command="]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let carries = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let pid = fields.next()?.parse().ok()?;
        (!fields.next()?.starts_with('Z') && line.contains(marker)).then_some(pid)
    };
    text.lines().filter_map(carries).collect()
}

#[cfg(target_os = "macos")]
pub(crate) fn described(pid: u32) -> String {
    let output = Command::new("/bin/ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// What an app must be told to start a sidecar that can be recognised: here its arguments do.
pub(crate) fn settings(_id: &str) -> Vec<String> {
    Vec::new()
}

/// Forks without executing anything, as a worker of an app does. The new process holds what this one has open for a
/// minute, unless it is killed before. Its number.
pub(crate) fn fork_and_linger() -> libc::pid_t {
    // SAFETY: the child only sleeps and ends, which a handler of a signal may do, too.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            libc::sleep(60);
            libc::_exit(0);
        }
        pid
    }
}

/// Kills a survivor.
pub(crate) fn finish(pid: u32) {
    kill(pid, libc::SIGKILL);
}

/// Forks; `true` in the child. Only for programs with one thread.
pub(crate) fn fork() -> bool {
    // SAFETY: the sidecar and its children have one thread.
    match unsafe { libc::fork() } {
        -1 => std::process::exit(99),
        pid => pid == 0,
    }
}

pub(crate) fn setsid() {
    // SAFETY: setsid has no precondition.
    unsafe { libc::setsid() };
}

pub(crate) fn ignore_term() {
    // SAFETY: ignoring runs no code.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
}

/// Waits for ever.
pub(crate) fn pause() -> ! {
    loop {
        // SAFETY: pause has no precondition.
        unsafe { libc::pause() };
    }
}

/// Waits for SIGTERM, which must be blocked before somebody may send it.
pub(crate) fn block_term() -> impl FnOnce() {
    // SAFETY: the set is initialised by sigemptyset, and all pointers outlive the calls.
    let set = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGTERM);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        set
    };
    move || {
        let mut signal = 0;
        // SAFETY: both pointers are valid for the call.
        unsafe { libc::sigwait(&raw const set, &raw mut signal) };
    }
}

/// Sends a signal to a process that the caller started.
pub(crate) fn kill(pid: u32, signal: i32) {
    assert!(pid > 1);
    // SAFETY: kill has no memory precondition.
    unsafe { libc::kill(libc::pid_t::try_from(pid).unwrap(), signal) };
}

/// Leaves a descriptor open that every program this one starts inherits.
pub(crate) fn leak_a_descriptor() {
    let file = std::fs::File::open("/dev/null").unwrap();
    // SAFETY: the command takes one number.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) };
    let _ = file.into_raw_fd();
}

/// Lets go of standard output.
pub(crate) fn null_stdout() {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
    // SAFETY: dup2 takes two numbers; std only borrows number 1.
    unsafe { libc::dup2(null.as_raw_fd(), 1) };
}
