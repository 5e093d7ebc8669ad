//! Any lines are read as the names of a release's assets, for each of the desktop's targets.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sidecar_fetch::fuzzing::asset_names(input));
