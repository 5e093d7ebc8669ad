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
