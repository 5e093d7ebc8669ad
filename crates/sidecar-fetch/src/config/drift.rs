//! How the effective configuration differs from what the sidecars need.

use std::collections::BTreeSet;

use super::node::{Node, Value};
use super::wanted::{Owned, Wanted, normalized};

/// The difference in one list of the configuration. Empty: it agrees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Wanted, and not there.
    pub(crate) missing: Vec<String>,
    /// There, ours, and not wanted, as the configuration spells it.
    pub(crate) extra: Vec<String>,
}

impl Difference {
    pub(crate) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }

    /// A list without what is too much and with what is missing; the rest as it is spelled.
    pub(crate) fn applied_to(&self, found: &[&str]) -> Vec<String> {
        let kept = found.iter().filter(|entry| !self.extra.iter().any(|extra| extra == *entry));
        kept.map(|entry| (*entry).to_owned()).chain(self.missing.iter().cloned()).collect()
    }

    /// The same for a map from sources to places, as a patch of it.
    fn map_patch(&self) -> Node {
        let gone = self.extra.iter().map(|entry| (entry.clone(), Node::new(Value::Null)));
        let come = self.missing.iter();
        let come = come.map(|entry| (entry.clone(), Node::new(Value::String(entry.clone()))));
        Node::object(gone.chain(come))
    }
}

/// The difference between an effective configuration and what is wanted in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) external_bin: Difference,
    pub(crate) resources: Difference,
}

impl Drift {
    pub(crate) fn of(effective: &Node, wanted: &Wanted, owned: &Owned) -> Self {
        Self {
            external_bin: difference(&external_bin(effective), &wanted.external_bin, owned),
            resources: difference(&resources(effective), &wanted.resources, owned),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.external_bin.is_empty() && self.resources.is_empty()
    }

    /// The spellings of the key of the list that differs, of the first where both or none do.
    pub(crate) fn keys(&self) -> &'static [&'static str] {
        if self.external_bin.is_empty() && !self.resources.is_empty() {
            &["resources"]
        } else {
            &EXTERNAL_BIN
        }
    }

    /// What makes an effective configuration say what is wanted, as Tauri merges it, with this in the place of
    /// `bundle.externalBin`.
    pub(crate) fn patch(&self, effective: &Node, external_bin: Node) -> Node {
        let spelled = |key: &&str| effective.at(&["bundle", key]).is_some();
        let key = EXTERNAL_BIN.into_iter().find(spelled).unwrap_or(EXTERNAL_BIN[0]);
        let mut lists = vec![(key, external_bin)];
        if !self.resources.is_empty() {
            let found = effective.at(&["bundle", "resources"]);
            let is_map = found.is_some_and(|found| matches!(found.value, Value::Object(_)));
            let list = || Node::strings(self.resources.applied_to(&resources(effective)));
            lists.push(("resources", if is_map { self.resources.map_patch() } else { list() }));
        }
        Node::object([("bundle", Node::object(lists))])
    }
}

/// Both spellings of the key that serde accepts.
pub(crate) const EXTERNAL_BIN: [&str; 2] = ["externalBin", "external-bin"];

/// The entries of `bundle.externalBin`, whichever way the key is spelled.
pub(crate) fn external_bin(effective: &Node) -> Vec<&str> {
    let bundle = effective.get("bundle");
    let node = bundle.and_then(|bundle| EXTERNAL_BIN.iter().find_map(|key| bundle.get(key)));
    node.and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str).collect()
}

/// The source paths of `bundle.resources`: a list, or the keys of a map.
pub(crate) fn resources(effective: &Node) -> Vec<&str> {
    match effective.at(&["bundle", "resources"]).map(|node| &node.value) {
        Some(Value::Array(items)) => items.iter().filter_map(Node::as_str).collect(),
        Some(Value::Object(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn difference(found: &[&str], wanted: &[String], owned: &Owned) -> Difference {
    // Each entry is normalized once: build scripts run unoptimised.
    let normal: BTreeSet<String> = found.iter().map(|entry| normalized(entry)).collect();
    let wanted_set: BTreeSet<String> = wanted.iter().map(|entry| normalized(entry)).collect();
    let has = |entry: &String| normal.contains(&normalized(entry));
    let is_wanted = |entry: &str| wanted_set.contains(&normalized(entry));
    let extra = found.iter().filter(|entry| owned.has(entry) && !is_wanted(entry));
    Difference {
        missing: wanted.iter().filter(|entry| !has(entry)).cloned().collect(),
        extra: extra.map(|entry| (*entry).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::ConfigFile;
    use crate::manifest::Manifest;

    fn narrowed_to(base: &str, external_bin: &[&str], resources: &[&str]) -> String {
        let manifest = Manifest::parse(Path::new("sidecar.toml"), String::new()).unwrap();
        let owned = Owned::new(&manifest, &["binaries/a".to_owned(), "binaries/b".to_owned()]);
        let all = |of: &[&str]| of.iter().map(|entry| (*entry).to_owned()).collect();
        let wanted = Wanted { external_bin: all(external_bin), resources: all(resources) };
        let file = ConfigFile::parse(Path::new("tauri.conf.json"), base.to_owned()).unwrap();
        let drift = Drift::of(&file.root, &wanted, &owned);
        let list = Node::strings(drift.external_bin.applied_to(&super::external_bin(&file.root)));
        drift.patch(&file.root, list).to_json()
    }

    #[test]
    fn the_users_entries_and_what_is_wanted() {
        assert_eq!(narrowed_to("{}", &["binaries/a"], &[]), r#"{"bundle":{"externalBin":["binaries/a"]}}"#);
        let base = r#"{"bundle":{"external-bin":["./binaries/a","helpers/x","binaries/b"]}}"#;
        assert_eq!(
            narrowed_to(base, &["binaries/a"], &[]),
            r#"{"bundle":{"external-bin":["./binaries/a","helpers/x"]}}"#
        );
        assert_eq!(narrowed_to(base, &[], &[]), r#"{"bundle":{"external-bin":["helpers/x"]}}"#);
    }

    #[test]
    fn resources_where_ours_differ() {
        let base = r#"{"bundle":{"resources":["data/*","binaries/a/"]}}"#;
        assert_eq!(
            narrowed_to(base, &[], &["binaries/b/"]),
            r#"{"bundle":{"externalBin":[],"resources":["data/*","binaries/b/"]}}"#
        );
        let base = r#"{"bundle":{"resources":{"data/x":"x","binaries/a/":"a/"}}}"#;
        assert_eq!(
            narrowed_to(base, &[], &["binaries/b/"]),
            r#"{"bundle":{"externalBin":[],"resources":{"binaries/a/":null,"binaries/b/":"binaries/b/"}}}"#
        );
        assert_eq!(narrowed_to(base, &[], &["binaries/a/"]), r#"{"bundle":{"externalBin":[]}}"#);
    }
}
