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

/// `SIDECAR_<NAME>_PATH`: another program for that sidecar, in builds with debug assertions only. Letters are upper case,
/// and all that is no letter and no digit is `_`.
pub(crate) fn program(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("SIDECAR_{name}_PATH")
}

/// The value of a variable.
pub(crate) fn var(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads variables")]
    std::env::var_os(name)
}
