#![doc = "Provisions prebuilt binaries for Tauri apps."]
#![expect(dead_code, reason = "replaced as the road is connected")]

mod env;
mod error;
#[cfg(feature = "download")]
mod fetch;
mod fsx;
mod hash;
mod progress;
mod target;

pub use error::{Error, Kind};
pub use progress::{Event, Reporter, Silent};
