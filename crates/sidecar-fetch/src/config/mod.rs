//! Tauri's configuration: reading it as Tauri does, saying what must be in it, changing nothing but that.
//!
//! `read`: text to [`Node`]s that know their place (JSON, JSON5, TOML). `files`: the base and its platform overlays.
//! `wanted`: what the sidecars need there. `drift`: how the effective configuration differs from that.
//! `edit` and `plan`: what `sync` changes, as data.

mod drift;
mod files;
mod json5;
mod node;
mod platform;
mod toml;
mod wanted;

pub(crate) use drift::Drift;
pub(crate) use files::{ConfigFile, Configs, Format};
pub(crate) use node::{Entry, Node, Value};
pub(crate) use platform::Platform;
pub(crate) use wanted::{Owned, Wanted, normalized};
