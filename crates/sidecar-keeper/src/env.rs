//! The environment variables of this crate, each once.

use std::ffi::OsString;

/// Set for every sidecar: a random value that its whole tree inherits. What is left over after keeper and app were
/// killed together is recognised by it.
pub const COOKIE: &str = "SIDECAR_KEEPER_COOKIE";

/// Set, together with the first argument of that name, for a re-executed program that is to be the zygote.
pub(crate) const ZYGOTE: &str = "SIDECAR_KEEPER_ZYGOTE";

/// The value of a variable.
pub(crate) fn var(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads variables")]
    std::env::var_os(name)
}
