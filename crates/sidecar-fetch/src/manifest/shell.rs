//! `shell = { … }`: what JavaScript may do with a sidecar through tauri-plugin-shell.

use crate::doc::Place;

/// What a sidecar's `shell` table grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shell {
    /// `Command.execute()`: run it to its end.
    pub(crate) execute: bool,
    /// `Command.spawn()`: start it.
    pub(crate) spawn: bool,
    /// `Child.kill()`.
    pub(crate) kill: bool,
    /// `Child.write()`.
    pub(crate) stdin_write: bool,
    pub(crate) args: Args,
}

/// The arguments that JavaScript may give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Args {
    /// None.
    #[default]
    None,
    /// Any.
    Any,
    /// These, one for one.
    List(Vec<Arg>),
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arg {
    /// This text.
    Fixed(String),
    /// Any text that the regular expression matches, as a whole unless `raw`.
    Validator { regex: String, raw: bool, at: Place },
}
