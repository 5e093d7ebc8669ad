//! Where a sidecar listens.

pub(crate) mod announce;
pub(crate) mod file;
