//! Storms: apps that die at any moment, and sidecars that misbehave. Nothing may survive, ever.
//!
//! One program in three roles: it runs the cases, it is the app of a case, and it is the sidecar of that app. More rounds:
//! `cargo test -p sidecar-keeper --test storm -- --rounds=1000 [NAME…]`.
#![cfg_attr(
    any(target_os = "linux", target_os = "macos", windows),
    expect(
        clippy::print_stdout,
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test, in all its roles"
    )
)]
#![cfg_attr(
    not(any(target_os = "linux", target_os = "macos", windows)),
    expect(clippy::unwrap_used, reason = "a test")
)]

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod app;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod bare;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod cases;
#[cfg(windows)]
#[path = "windows/cases.rs"]
mod cases;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod field;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod handle;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod library;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod meddled;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod misbehave;
#[cfg(windows)]
#[path = "windows/misbehave.rs"]
mod misbehave;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod os;
#[cfg(windows)]
#[path = "windows/os.rs"]
mod os;

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        // The sidecar knows nothing of keepers.
        Some("sidecar") => misbehave::run(&args[1..]),
        Some("app") => {
            os::leak_a_descriptor();
            sidecar_keeper::init();
            app::run(&args[1..]);
        }
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        Some(library::ROLE) => {
            sidecar_keeper::init();
            app::run(&args[1..]);
        }
        // Nobody calls init.
        Some("bare-app") => app::run(&args[1..]),
        Some("bare") => bare::handle(),
        Some("app-with-threads") => {
            let running = std::thread::spawn(std::thread::park);
            sidecar_keeper::init();
            app::run(&args[1..]);
            running.thread().unpark();
        }
        _ => {
            sidecar_keeper::init();
            cases::run(&args);
        }
    }
}

#[cfg(windows)]
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        // The sidecar knows nothing of keepers.
        Some("sidecar") => misbehave::run(&args[1..]),
        Some("app") => {
            sidecar_keeper::init();
            app::run(&args[1..]);
        }
        // An app that forgot something.
        Some("app-without-init") => app::run(&args[1..]),
        // An app that is itself in a job.
        Some("app-in-job") => {
            os::enter_a_job();
            sidecar_keeper::init();
            app::run(&args[1..]);
        }
        _ => {
            sidecar_keeper::init();
            cases::run(&args);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn main() {
    use sidecar_keeper::{Keeper, Kind, Launch, Missing, Scope};
    assert_eq!(sidecar_keeper::init(), Scope::Nothing(Missing::System));
    assert_eq!(Keeper::spawn(Launch::new("a")).unwrap_err().kind(), Kind::Unsupported);
}
