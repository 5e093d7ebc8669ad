//! The `cargo sidecar` subcommand.
fn main() {}
