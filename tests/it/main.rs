//! The road as users walk it: `cargo sidecar` and build scripts against a release server that misbehaves on demand.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on panics")]

mod app;

mod adding;
mod bad_answers;
mod bad_configs;
mod bad_files;
mod bad_locks;
mod bad_manifests;
mod building;
mod capabilities;
mod doctor;
mod drift;
mod embedding;
mod emulation;
mod explaining;
mod importing;
mod in_the_way;
mod init;
mod many;
mod no_download;
mod outdated;
mod output;
mod overlays;
mod patching;
mod placeholders;
mod proofs;
mod recipes;
mod relocking;
mod replaying;
mod secrets;
mod sources;
mod starting;
mod syncing;
mod trees;
mod updating;
mod verifying;
