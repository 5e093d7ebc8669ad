//! Our capabilities in `app.security.capabilities`: where that lists some, only those that it lists apply.

use std::collections::BTreeSet;

use super::Capability;
use crate::config::capability::LISTED;
use crate::config::files::{ConfigFile, Configs};
use crate::config::node::Node;
use crate::config::platform::Platform;
use crate::error::Error;

/// Brings the lists of the base and of the overlays in line. An empty list stays: it means that every capability
/// applies. So that none becomes empty, which would grant more than before, the last entry of a list stays or becomes
/// one of ours that grants nothing there; the result names those that no capability of `granted` has.
pub(super) fn arrange(
    configs: &mut Configs,
    granted: Option<&Capability>,
) -> Result<BTreeSet<String>, Error> {
    let mut idle = BTreeSet::new();
    configs.base = list(configs.base.clone(), granted, None, &mut idle)?;
    for (platform, file) in &mut configs.overlays {
        *file = list(file.clone(), granted, Some(*platform), &mut idle)?;
    }
    Ok(idle)
}

fn list(
    file: ConfigFile,
    granted: Option<&Capability>,
    platform: Option<Platform>,
    idle: &mut BTreeSet<String>,
) -> Result<ConfigFile, Error> {
    let Some(items) = file.root.at(&LISTED).and_then(Node::as_array).filter(|items| !items.is_empty()) else {
        return Ok(file);
    };
    let strangers = items.iter().filter(|item| item.as_str().is_none_or(|id| !is_ours(id))).count();
    let found: Vec<&str> = items.iter().filter_map(Node::as_str).filter(|id| is_ours(id)).collect();
    let mut wanted = identifiers(granted, platform);
    if strangers == 0 && wanted.is_empty() {
        wanted = identifiers(granted, None);
    }
    if strangers == 0 && wanted.is_empty() {
        idle.extend(found.into_iter().map(str::to_owned));
        return Ok(file);
    }
    let missing: Vec<String> = wanted.iter().filter(|w| !found.contains(&w.as_str())).cloned().collect();
    file.with_items(&LISTED, |id| !is_ours(id) || wanted.iter().any(|w| w == id), &missing)
}

/// The capabilities that apply on a platform; `None`: on any.
fn identifiers(granted: Option<&Capability>, platform: Option<Platform>) -> Vec<String> {
    let all = granted.into_iter().flat_map(|capability| &capability.identifiers);
    let fits = |on: &[Platform]| on.is_empty() || platform.is_none_or(|platform| on.contains(&platform));
    all.filter(|(_, on)| fits(on)).map(|(identifier, _)| identifier.clone()).collect()
}

/// `sidecars`, or that with the names of systems behind it: what capability files of ours use. No other capability may.
fn is_ours(identifier: &str) -> bool {
    let Some(rest) = identifier.strip_prefix("sidecars") else { return false };
    let names = || Platform::ALL.into_iter().map(Platform::in_file_names);
    rest.is_empty()
        || rest
            .strip_prefix('-')
            .is_some_and(|rest| rest.split('-').all(|word| names().any(|name| name == word)))
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn identifiers_of_ours_are_known_by_their_form() {
        assert!(["sidecars", "sidecars-linux", "sidecars-linux-macos"].into_iter().all(is_ours));
        assert!(
            !["sidecar", "sidecars-", "sidecars-mine", "my-sidecars", "sidecars-linux-mine"]
                .into_iter()
                .any(is_ours)
        );
    }
}
