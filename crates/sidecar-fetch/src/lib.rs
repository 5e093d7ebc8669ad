#![doc = "Provisions prebuilt binaries for Tauri apps."]
#![expect(dead_code, reason = "replaced as the road is connected")]

mod doc;
mod cache;
mod env;
mod error;
#[cfg(feature = "download")]
mod fetch;
mod fsx;
mod hash;
mod install;
mod lock;
mod manifest;
mod offline;
mod progress;
#[cfg(feature = "resolve")]
mod resolve;
mod target;
mod template;
mod inspect;
#[cfg(feature = "download")]
mod unpack;

pub use error::{Error, Kind};
pub use progress::{Event, Reporter, Silent};
