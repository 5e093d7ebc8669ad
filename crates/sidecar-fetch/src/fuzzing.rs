//! Doors for the fuzzer, which asks for properties that hold whatever the input is. They exist in its builds only.

use std::str::FromStr;

use crate::resolve::checksum::{self, Scope};
use crate::resolve::choose::{Choice, Listing, Query};
use crate::target::{DESKTOP, Target};

/// Reads a checksum file. A hash that is found stands in the file, or the file is UTF-16.
///
/// # Panics
/// Where a property does not hold.
pub fn checksum_file(input: &[u8]) {
    let of = |scope| checksum::parse(input, "tool-1.0-linux-x64.tar.gz", scope);
    let (alone, listed) = (of(Scope::Asset), of(Scope::Release));
    assert!(listed.is_subset(&alone), "a hash with a name counts in the asset's own file, too");
    let text: String = String::from_utf8_lossy(input).to_lowercase().split([' ', '\0']).collect();
    for hash in alone {
        assert!(text.contains(&hash.to_string()), "{hash} stands nowhere");
    }
}

/// Reads names, one a line, and chooses among them for the desktop's targets, forwards and backwards.
///
/// # Panics
/// Where a property does not hold.
pub fn asset_names(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let names: Vec<&str> = text.lines().collect();
    let backwards: Vec<&str> = names.iter().rev().copied().collect();
    for target in DESKTOP {
        let Ok(target) = Target::from_str(target) else { continue };
        let query = Query { target: &target, tool: "tool", repo: "acme/tool", tag: "v1.0", emulation: true };
        let chosen = |names: &[&str]| match Listing::read(names, &query).choose(&target, true) {
            Choice::Chosen(pick) => Some(names[pick.index].to_owned()),
            Choice::Ambiguous { indices, .. } => {
                assert!(indices.len() > 1 && indices.iter().all(|index| *index < names.len()));
                None
            }
            Choice::None { nearest } => {
                assert!(nearest.iter().all(|index| *index < names.len()));
                None
            }
        };
        assert_eq!(chosen(&names), chosen(&backwards), "the order of the names decides");
    }
}
