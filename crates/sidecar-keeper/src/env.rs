//! The environment variables of this crate, each once.

use std::ffi::{OsStr, OsString};

/// Set for every sidecar: a random value that its whole tree inherits. What is left over after keeper and app were
/// killed together is recognised by it.
pub const COOKIE: &str = "SIDECAR_KEEPER_COOKIE";

/// Set, together with the first argument of that name, for a re-executed program that is to be the zygote: the number and
/// the start time of the app.
#[cfg(not(windows))]
pub(crate) const ZYGOTE: &str = "SIDECAR_KEEPER_ZYGOTE";

/// Set, together with the first argument of that name, for a re-executed program that is to ask a sidecar to end.
#[cfg(windows)]
pub(crate) const CONSOLE: &str = "SIDECAR_KEEPER_CONSOLE";

/// Where Windows is, without which its libraries do not work.
#[cfg(windows)]
pub(crate) const SYSTEM_ROOT: &str = "SystemRoot";

/// The name of this machine, which Windows sets.
#[cfg(windows)]
pub(crate) const COMPUTER: &str = "COMPUTERNAME";

/// Whether these are names of one variable: Windows does not tell capitals apart.
pub(crate) fn is_same(one: &OsStr, other: &OsStr) -> bool {
    if cfg!(windows) { one.eq_ignore_ascii_case(other) } else { one == other }
}

/// The value of a variable.
pub(crate) fn var(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads variables")]
    std::env::var_os(name)
}
