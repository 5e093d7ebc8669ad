//! What it needs from Unix.
#![expect(unsafe_code, reason = "a misbehaving sidecar forks without executing anything")]

use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::Duration;

/// Forks; `true` in the child. Only while there is one thread.
pub(crate) fn fork() -> bool {
    // SAFETY: nothing has started a thread yet, and none of this program's children does.
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

/// Waits for ever, as a process that was forked.
pub(crate) fn pause() -> ! {
    loop {
        // SAFETY: pause has no precondition.
        unsafe { libc::pause() };
    }
}

pub(crate) fn sleep_for_ever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Blocks SIGTERM, in threads to come too. What is returned waits for it.
pub(crate) fn block_term() -> impl FnOnce() + Send + 'static {
    // SAFETY: the set is initialised by sigemptyset, and all pointers outlive the calls.
    let set = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGTERM);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        set
    };
    move || {
        let mut signal = 0;
        // SAFETY: both pointers are valid for the call.
        unsafe { libc::sigwait(&raw const set, &raw mut signal) };
    }
}

/// Raises SIGSEGV as a wild pointer would.
pub(crate) fn segv() -> ! {
    // SAFETY: the default action, which ends the process, is restored first; std has a handler for stack overflows.
    unsafe {
        libc::signal(libc::SIGSEGV, libc::SIG_DFL);
        libc::raise(libc::SIGSEGV);
    }
    sleep_for_ever()
}

pub(crate) fn stop() {
    // SAFETY: raise has no precondition.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// Lets go of standard output and error.
pub(crate) fn let_go_of_output() {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
    for number in [1, 2] {
        // SAFETY: dup2 takes two numbers; std only borrows 1 and 2.
        unsafe { libc::dup2(null.as_raw_fd(), number) };
    }
}

/// Descriptor 3, where it was handed over to this process.
pub(crate) fn inherited() -> Option<TcpListener> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    if number("LISTEN_PID")? != std::process::id() || number("LISTEN_FDS")? < 1 {
        return None;
    }
    // SAFETY: the variables say that 3 was opened for this process, and nothing else here owns it.
    Some(unsafe { TcpListener::from_raw_fd(3) })
}

/// The numbers of its open descriptors.
pub(crate) fn descriptors() -> String {
    let dir = if std::path::Path::new("/proc/self/fd").exists() { "/proc/self/fd" } else { "/dev/fd" };
    let mut numbers: Vec<i32> = std::fs::read_dir(dir)
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    // The one that listed them is closed by now.
    // SAFETY: F_GETFD only looks.
    numbers.retain(|number| unsafe { libc::fcntl(*number, libc::F_GETFD) } != -1);
    numbers.sort_unstable();
    format!("{numbers:?}")
}
