//! Tauri's configuration: reading it as Tauri does, saying what must be in it, changing nothing but that.
//!
//! `read`: text to [`Node`]s that know their place (JSON, JSON5, TOML). `files`: the base and its platform overlays.
//! `wanted`: what the sidecars need there. `drift`: how the effective configuration differs from that.
//! `capability`: the file that lets JavaScript reach them, and what else lies beside it.
//! `edit`: a change of a file's text that keeps every other byte. `plan`: what `sync` changes, as data.

pub(crate) mod capability;
mod drift;
#[cfg(feature = "resolve")]
mod edit;
#[cfg(test)]
mod effective;
mod files;
mod json5;
mod node;
#[cfg(feature = "resolve")]
pub(crate) mod plan;
mod platform;
#[cfg(test)]
mod samples;
mod toml;
mod wanted;

pub(crate) use drift::{Difference, Drift, external_bin};
#[cfg(feature = "resolve")]
pub(crate) use files::json_fault;
pub(crate) use files::{ConfigFile, Configs, Deciding, Format};
pub(crate) use node::{Node, Value};
pub(crate) use platform::Platform;
pub(crate) use toml::as_json;
pub(crate) use wanted::{Owned, Wanted, normalized};
