//! Stories of the supervisor: real processes, which the misbehaving sidecar is.
//!
//! The harness is not the compiler's: `init()` must be the first line of `main`.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, clippy::needless_pass_by_value, reason = "tests")]

mod lifecycle;
mod manners;
mod once;
mod ports;
mod refusals;
mod scene;
mod secrets;
mod speech;
mod together;

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
    sidecar_supervisor::init();
    let modules = [
        ("lifecycle", lifecycle::STORIES),
        ("manners", manners::STORIES),
        ("once", once::STORIES),
        ("ports", ports::STORIES),
        ("refusals", refusals::STORIES),
        ("secrets", secrets::STORIES),
        ("speech", speech::STORIES),
        ("together", together::STORIES),
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
