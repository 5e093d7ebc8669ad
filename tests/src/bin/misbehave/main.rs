//! A sidecar that does what sidecars do at their worst. `misbehave --help` lists what.
//!
//! Whatever the order of its flags, it does things in this one: it waits (`--delay`), shows what it was given, makes its
//! tree of processes, listens, announces, speaks, floods, and ends or stays. It knows nothing of keepers.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a program that misbehaves, and panics where it cannot"
)]

mod announce;
mod end;
mod flags;
mod output;
mod serve;
#[cfg(unix)]
#[path = "unix.rs"]
mod sys;
#[cfg(not(unix))]
#[path = "absent.rs"]
mod sys;
mod tree;

use std::time::Duration;

use flags::Flags;

fn main() {
    let flags = match Flags::parse(std::env::args().skip(1)) {
        Ok(flags) => flags,
        Err(problem) => {
            eprintln!("misbehave: {problem}");
            std::process::exit(64);
        }
    };
    if flags.has("--help") {
        return print!("{}", flags::help());
    }
    std::thread::sleep(Duration::from_millis(flags.number("--delay").unwrap_or(0)));
    show(&flags);
    if flags.has("--ignore-term") {
        sys::ignore_term();
    }
    tree::grow(&flags);
    // From here on there may be threads, and nothing is forked.
    let wait_for_term = flags.text("--last-words").map(|path| (path.to_owned(), sys::block_term()));
    if let Some((path, wait_for_term)) = wait_for_term {
        std::thread::spawn(move || {
            wait_for_term();
            end::last_words(&path)
        });
    }
    let _other = serve::bind_also(&flags);
    let listener = serve::bind(&flags);
    let address = listener.as_ref().map(|listener| listener.local_addr().unwrap());
    if let Some(listener) = listener {
        serve::begin(&flags, listener);
    }
    announce::announce(&flags, address);
    output::speak(&flags);
    end::end(&flags)
}

/// What it was given, before it opens anything itself.
fn show(flags: &Flags) {
    if flags.has("--print-fds") {
        println!("fds {}", sys::descriptors());
    }
    for name in flags.all("--print-env") {
        match std::env::var_os(name) {
            Some(value) => println!("env {name}={}", value.display()),
            None => println!("env {name} is not set"),
        }
    }
    if flags.has("--print-cwd") {
        println!("cwd {}", std::env::current_dir().unwrap().display());
    }
    if flags.has("--print-pid") {
        println!("pid {}", std::process::id());
    }
}
