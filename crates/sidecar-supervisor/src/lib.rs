#![doc = include_str!("../README.md")]

mod actor;
mod app;
mod cancel;
mod capture;
mod client;
mod diagnose;
mod embed;
mod env;
mod error;
mod event;
mod exit;
mod fsx;
mod instance;
mod launch;
mod machine;
mod output;
mod port;
mod reply;
mod run;
mod secret;
mod sidecar;
mod stop;
mod supervisor;
#[cfg(feature = "typescript")]
mod typescript;

pub use capture::Captured;
pub use env::{NONCE, NONCE_HEADER};
pub use error::{Error, Kind, Result};
pub use event::{Blocker, Event, Events, Happened, Told};
pub use exit::{Exit, ExitReason};
pub use machine::State;
pub use output::{Entry, Follower, Line, Stream};
pub use reply::Reply;
pub use sidecar::{Sidecar, Status, Usage};
pub use sidecar_keeper::{Missing, Scope, Swept, containment_scope, init};
pub use supervisor::{Builder, Supervisor};
#[cfg(feature = "typescript")]
pub use typescript::typescript;
pub use {sidecar_spec as spec, sidecar_spec::Spec};
