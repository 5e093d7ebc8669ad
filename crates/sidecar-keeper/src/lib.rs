//! Owns the whole process tree of a sidecar, so that nothing outlives the app.
//!
//! A program that a desktop app starts has children, and they have children; some of them leave their session or their
//! parent. When the app crashes, none of the usual means reaches them all. Here, every sidecar has a **keeper**: a small
//! process between the app and the sidecar, which adopts each orphan of the tree and kills until nothing is left, when it
//! is told to or when the app is gone.
//!
//! ```no_run
//! use std::time::Duration;
//! use sidecar_keeper::{Event, Keeper, Launch, Stdio};
//!
//! fn main() -> Result<(), sidecar_keeper::Error> {
//!     sidecar_keeper::init(); // the first line of main
//!     let launch = Launch::new("/usr/bin/redis-server").stdout(Stdio::Piped).on_app_death(Duration::from_secs(5));
//!     let keeper = Keeper::spawn(launch)?;
//!     keeper.stop(Duration::from_secs(3))?;
//!     loop {
//!         match keeper.next_event(None)? {
//!             Some(Event::Exited(status)) => assert!(status.success()),
//!             Some(Event::TreeEmpty) => return Ok(()),
//!             _ => {}
//!         }
//!     }
//! }
//! ```
//!
//! # What is promised
//!
//! On Linux, once [`containment_scope`] says [`Scope::WholeTree`]: when the app ends, in whatever way, the whole tree
//! ends, also what started a session of its own or forked twice. When a keeper is killed, the zygote that forked it does
//! the same; when app, keeper and zygote are killed together, the leader dies at once and [`Ledger::sweep`] ends the rest
//! at the next launch, as far as it kept the variable [`COOKIE`] in its environment.
//!
//! The app is the process that called [`init`], by number and start time. What it forks without executing a program holds
//! copies of all that it has open, and delays nothing: zygote and keepers watch that very process as well (where the system
//! can tell, on Linux since 5.3; before, and where a sandbox forbids it, the tree ends with the last of those copies). The
//! forked process itself is the app's own affair and is left alone. An app that forks to the background and ends does so
//! before it calls [`init`]: what was started before ends with the process that ended.
//!
//! A keeper that somebody stopped (SIGSTOP) does nothing while it is stopped. When the app ends, the zygote lets it go on; while
//! the app lives, [`Keeper::kill_past_keeper`] ends the tree without it. When keeper and zygote both are stopped, the tree
//! stays until one of them goes on.
//!
//! Where [`init`] was never called on Linux there are no keeper processes: the program cannot be executed again without starting a
//! second app. [`Keeper::spawn`] works all the same, with a thread for a keeper, and the scope says [`Scope::Leader`]: the
//! leader dies with the app, the rest at the next sweep; while the app lives, a stop ends what can be found.
//!
//! Out of reach: what other services start on a sidecar's behalf (`systemd-run`, D-Bus, `docker run`, cron), and programs
//! that change to another user.
//!
//! On Windows, where `containment_scope` says the same: each sidecar starts in a job of its own, whose only handle the app
//! holds, so that the system ends the whole tree when the app ends, in whatever way. Nothing is left for a ledger to sweep,
//! and nobody is left to grant the grace of [`Launch::on_app_death`]: an app that dies takes its sidecars along at once.
//! Out of reach there: what services start (Task Scheduler, WMI, the shell on a program's behalf), and a process that a
//! program starts as the child of a process elsewhere.
//!
//! On macOS the scope is [`Scope::Followed`]: zygote and keepers are the same, but orphans go to launchd there, so that a
//! keeper follows its tree instead of adopting it. What is forked and left alone between two looks, and gave up the variable
//! [`COOKIE`], can escape; a process whose number was used again is told apart and left alone. Ports cannot be held
//! ([`PortLease`]), and listeners of other users are not seen. It is experimental: it did not run on a Mac yet. Without [`init`]
//! nothing ends with the app, and the scope is [`Scope::Nothing`].
#![cfg_attr(
    not(any(target_os = "linux", target_os = "macos", windows)),
    expect(dead_code, reason = "the keeper's side of the protocol is for systems that have keepers")
)]

mod env;
mod error;
mod fsx;
mod inside;
mod keeper;
mod launch;
mod ledger;
mod port;
mod process;
mod protocol;
mod scope;
mod sys;
mod usage;

pub use env::COOKIE;
pub use error::{Error, Kind, Result};
pub use keeper::{Event, Keeper};
pub use launch::{Launch, Stdio};
pub use ledger::{Ledger, Swept};
pub use port::{Listener, PortLease, all_listeners, all_processes, listeners};
pub use process::{ProcessId, kill_processes};
pub use scope::{Missing, Scope, Unasked, containment_scope, init};
pub use usage::Usage;
