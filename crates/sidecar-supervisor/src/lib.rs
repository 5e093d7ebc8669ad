//! Runs the sidecars of a desktop app: starts them, proves that they are ready, keeps their output, starts them again, and
//! stops them so that nothing is left.

mod diagnose;
mod env;
mod error;
mod exit;
mod fsx;
mod output;
mod secret;

pub use error::{Error, Kind, Result};
pub use exit::{Exit, ExitReason};
pub use output::{Entry, Follower, Line, Stream};
