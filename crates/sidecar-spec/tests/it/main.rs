//! What the crate promises, through its public doors.
#![expect(clippy::unwrap_used, reason = "a test that panics tells where")]

mod check;
mod forms;
mod messages;
mod round_trip;
mod schema;
mod version;

use sidecar_spec::Run;

/// A `run` table that must be read.
fn run(toml: &str) -> Run {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"))
}
