//! Storms on the supervisor: apps that die at any moment, sidecars that misbehave, and real programs. Nothing may survive.
//!
//! One program in two roles: it runs the cases, and it is the app of a case. More rounds:
//! `cargo xtask storm processes`, or `cargo test -p sidecar-tests --test storm -- --rounds=1000 [NAME…]`.
#![cfg_attr(
    target_os = "linux",
    expect(
        clippy::print_stdout,
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test, in both its roles"
    )
)]

#[cfg(target_os = "linux")]
mod app;
#[cfg(target_os = "linux")]
mod cases;
#[cfg(target_os = "linux")]
mod field;
#[cfg(target_os = "linux")]
mod floods;
#[cfg(target_os = "linux")]
mod kills;
#[cfg(target_os = "linux")]
mod lasting;
#[cfg(target_os = "linux")]
mod look;
#[cfg(target_os = "linux")]
mod ports;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod shape;
#[cfg(target_os = "linux")]
mod stops;
#[cfg(target_os = "linux")]
mod threads;

#[cfg(target_os = "linux")]
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("app") => app::run(&args[1..]),
        _ => cases::run(&args),
    }
}

/// Whole trees are owned on Linux so far; there the storm runs.
#[cfg(not(target_os = "linux"))]
fn main() {}
