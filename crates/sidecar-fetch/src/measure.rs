//! Doors for the project's own measurements: what is decided without network and files, asked in bulk. No part of the
//! API; it may change in any version.

use crate::error::Error;
use crate::resolve::choose::{Choice, Listing, Query};
use crate::target::Target;
use crate::unpack::member::{self, Wish};
use crate::unpack::{Entry, EntryKind};

/// The place of the chosen name for each of the targets, from names that are read once; `None` where nothing fits or
/// several tie.
///
/// # Errors
/// [`Kind::BadValue`](crate::Kind::BadValue) for a text that is no target triple.
pub fn choices(
    names: &[&str],
    tool: &str,
    repo: &str,
    tag: &str,
    targets: &[&str],
) -> Result<Vec<Option<usize>>, Error> {
    let targets = targets.iter().map(|t| Target::parse(t)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = targets.first() else { return Ok(Vec::new()) };
    let listing = Listing::read(names, &Query { target: first, tool, repo, tag, emulation: false });
    let chosen = |target: &Target| match listing.choose(target, false) {
        Choice::Chosen(pick) => Some(pick.index),
        Choice::Ambiguous { .. } | Choice::None { .. } => None,
    };
    Ok(targets.iter().map(chosen).collect())
}

/// The path of the member that would be taken from an archive with these files; each has a path, and whether it may be
/// executed.
///
/// # Errors
/// [`Kind::MemberNotFound`](crate::Kind::MemberNotFound) and
/// [`Kind::MemberAmbiguous`](crate::Kind::MemberAmbiguous).
pub fn member(
    files: &[(String, bool)],
    tool: &str,
    target: &str,
    asset: &str,
    version: &str,
) -> Result<String, Error> {
    let target = Target::parse(target)?;
    let entry = |(path, executable): &(String, bool)| Entry {
        path: path.clone(),
        size: Some(1),
        kind: EntryKind::File,
        executable: *executable,
        leads_to: None,
    };
    let entries: Vec<Entry> = files.iter().map(entry).collect();
    let wish = Wish { tool, target: &target, bin: None, asset, version };
    member::find(&entries, &wish).map(|found| found.path.clone())
}
