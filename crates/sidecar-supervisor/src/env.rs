//! The environment variables of this crate, each once.

use std::ffi::OsString;

/// Set for a sidecar with `identity = "nonce"`: what it answers in the header [`NONCE_HEADER`].
pub const NONCE: &str = "SIDECAR_NONCE";

/// The header in which a sidecar answers its nonce.
pub const NONCE_HEADER: &str = "X-Sidecar-Nonce";

/// Where Windows lies.
pub(crate) const SYSTEM_ROOT: &str = "SystemRoot";

/// Where programs are looked for that are named without a path.
pub(crate) const PATH: &str = "PATH";

/// The value of a variable.
pub(crate) fn var(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads variables")]
    std::env::var_os(name)
}
