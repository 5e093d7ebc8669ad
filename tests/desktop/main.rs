//! Stories of the Tauri plugin: a real app with Tauri's mock of a window, real capabilities, and real processes.
//!
//! The harness is not the compiler's: keepers are prepared for in the first line of `main`. The sidecars are this program.
#![expect(clippy::unwrap_used, reason = "tests")]

mod app;
mod lifecycle;
mod permissions;
mod sidecar;
mod streams;

use libtest_mimic::{Arguments, Trial};

/// A story: its name, and what happens.
pub(crate) type Story = (&'static str, fn());

/// The stories of a module, by their names.
macro_rules! stories {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {
        /// Every story of this module that this system can play.
        pub(crate) const STORIES: &[$crate::Story] = &[$($(#[$attribute])* (stringify!($name), $name)),*];
    };
}
pub(crate) use stories;

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some(sidecar::WORD) {
        return sidecar::run(args);
    }
    tauri_plugin_sidecar::init_keeper();
    let modules = [
        ("lifecycle", lifecycle::STORIES),
        ("permissions", permissions::STORIES),
        ("streams", streams::STORIES),
    ];
    let trials = modules.iter().flat_map(|(module, stories)| {
        stories.iter().map(move |(name, story)| {
            let story = *story;
            Trial::test(format!("{module}::{name}"), move || {
                story();
                Ok(())
            })
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
