//! What `sync`, `add` and `remove` change in Tauri's configuration, as data. A function of the files as they are and of
//! what the sidecars need: the same input gives the same changes, and what it made needs none.

mod identifiers;
mod lists;
mod overlays;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::lists::List;
use super::capability::{self, Capability, Plugins};
use super::drift::EXTERNAL_BIN;
use super::files::{ConfigFile, Configs};
use super::platform::Platform;
use super::wanted::{Owned, Wanted};
use crate::change::FileChange;
use crate::error::Error;
use crate::manifest::Manifest;

/// The lists that a plan changes, by the keys that lead to them.
pub(crate) const LISTS: [&[&str]; 4] = [
    &["bundle", EXTERNAL_BIN[0]],
    &["bundle", EXTERNAL_BIN[1]],
    &["bundle", "resources"],
    &capability::LISTED,
];

/// What the configuration is to say.
#[derive(Debug)]
pub(crate) struct Needs<'m> {
    pub(crate) manifest: &'m Manifest,
    /// For each desktop system among the manifest's targets.
    pub(crate) wanted: BTreeMap<Platform, Wanted>,
    pub(crate) owned: Owned,
    pub(crate) plugins: Plugins,
}

/// What is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Files that are to have another text, the base first.
    pub(crate) changes: Vec<FileChange>,
    /// The entries and the overlays that are ours from now on, for the lock.
    pub(crate) configured: BTreeSet<String>,
    /// The capabilities that are ours from now on.
    pub(crate) capability: Option<Capability>,
}

impl<'m> Needs<'m> {
    /// What the committed files say: whatever these features, the default ones, select.
    pub(crate) fn new(
        manifest: &'m Manifest,
        features: &BTreeSet<String>,
        owned: Owned,
        plugins: Plugins,
    ) -> Self {
        let platforms = Platform::desktops_of(&manifest.targets()).into_iter();
        let wanted = platforms.map(|p| (p, Wanted::for_platform(manifest, p, features))).collect();
        Self { manifest, wanted, owned, plugins }
    }

    /// The entries that are ours once the configuration says all this.
    fn entries(&self) -> BTreeSet<String> {
        let all = self.wanted.values().flat_map(|wanted| wanted.external_bin.iter().chain(&wanted.resources));
        all.cloned().collect()
    }
}

/// What is to change in the files of an app so that they say what is needed. `capability` is the text of the file at
/// [`capability::FILE`], where there is one.
///
/// # Errors
/// [`Kind::ConfigInvalid`](crate::Kind::ConfigInvalid) where something else stands in the place of a list.
pub(crate) fn plan(
    app: &Path,
    before: &Configs,
    capability: Option<String>,
    needs: &Needs<'_>,
) -> Result<Plan, Error> {
    let mut after = before.clone();
    lists::check_spelling(before)?;
    let ours = overlays::take(&mut after, &needs.owned);
    lists::arrange(&mut after, List::ExternalBin, needs)?;
    lists::arrange(&mut after, List::Resources, needs)?;
    let written = overlays::put_back(&mut after, before, &ours);
    let spelled = |entry: &str| capability::spellings(&after, entry);
    let granted = capability::wanted(needs.manifest, needs.plugins, &spelled);
    let idle = identifiers::arrange(&mut after, granted.as_ref())?;
    let nothing = || Capability::granting_nothing(idle.iter().map(String::as_str));
    let granted = granted.or_else(|| (!idle.is_empty()).then(nothing));
    let mut changes = changes(before, &after);
    changes.extend(capability_change(app, capability, granted.as_ref()));
    let configured = needs.entries().into_iter().chain(written).collect();
    Ok(Plan { changes, configured, capability: granted })
}

/// What becomes of the capability file: written where it says something else, and removed where it is ours and nothing
/// is to be granted.
fn capability_change(app: &Path, found: Option<String>, wanted: Option<&Capability>) -> Option<FileChange> {
    let path = app.join(capability::FILE);
    match (wanted, &found) {
        (Some(_), found) if capability::agrees(wanted, found.as_deref()) => None,
        (None, Some(text)) if !capability::is_ours(text) => None,
        _ => FileChange::to(path, found, wanted.map(|capability| capability.text.clone())),
    }
}

fn changes(before: &Configs, after: &Configs) -> Vec<FileChange> {
    let text = |path: &Path| before.files().find(|file| file.path == path).map(|file| file.text.clone());
    let change =
        |file: &ConfigFile| FileChange::to(file.path.clone(), text(&file.path), Some(file.text.clone()));
    let gone = before.files().filter(|file| !after.files().any(|kept| kept.path == file.path));
    let removal = |file: &ConfigFile| FileChange::to(file.path.clone(), Some(file.text.clone()), None);
    after.files().filter_map(change).chain(gone.filter_map(removal)).collect()
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod props;
#[cfg(test)]
mod tests;
