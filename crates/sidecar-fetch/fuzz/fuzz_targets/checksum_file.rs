//! Any bytes are read as a checksum file, and what is found was written there.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sidecar_fetch::fuzzing::checksum_file(input));
