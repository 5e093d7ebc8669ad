//! Where there is no Unix: flags that need it end the program.

use std::net::TcpListener;
use std::time::Duration;

fn absent(what: &str) -> ! {
    eprintln!("misbehave: {what} needs Unix");
    std::process::exit(65);
}

pub(crate) fn fork() -> bool {
    absent("forking")
}

pub(crate) fn setsid() {
    absent("a session")
}

/// There is no such signal: it cannot be obeyed either.
pub(crate) fn ignore_term() {}

pub(crate) fn pause() -> ! {
    sleep_for_ever()
}

pub(crate) fn sleep_for_ever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

pub(crate) fn block_term() -> impl FnOnce() + Send + 'static {
    || absent("SIGTERM")
}

pub(crate) fn segv() -> ! {
    absent("SIGSEGV")
}

pub(crate) fn stop() {
    absent("SIGSTOP")
}

pub(crate) fn let_go_of_output() {
    absent("forking")
}

pub(crate) fn inherited() -> Option<TcpListener> {
    absent("LISTEN_FDS")
}

pub(crate) fn descriptors() -> String {
    absent("listing descriptors")
}
