//! Which Cargo features a package switches on by itself.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use crate::target::Target;

/// The features of `queue` with all that they switch on in turn. `dep:x`, `x/feature` and `x?/feature` switch
/// dependencies, not features of this package.
pub(crate) fn closure(table: &BTreeMap<String, Vec<String>>, mut queue: Vec<String>) -> BTreeSet<String> {
    let mut on = BTreeSet::new();
    while let Some(name) = queue.pop() {
        if name.contains([':', '/']) || !on.insert(name.clone()) {
            continue;
        }
        queue.extend(table.get(&name).into_iter().flatten().cloned());
    }
    on
}

/// The features that a build takes where nobody says anything, by the text of the package's Cargo.toml. Of a text that
/// does not parse none: cargo itself judges that file.
pub(crate) fn defaults(cargo_toml: &str) -> BTreeSet<String> {
    let table = table(cargo_toml).unwrap_or_default();
    let queue = table.contains_key("default").then(|| "default".to_owned());
    closure(&table, queue.into_iter().collect())
}

/// The command that bundles what these features need instead of the default ones, `defaults`. Both sets are full: with
/// what the features switch on in turn.
pub(crate) fn bundling(on: &BTreeSet<String>, defaults: &BTreeSet<String>, target: &Target) -> String {
    let no_default = !defaults.is_subset(on);
    let named: Vec<&str> =
        on.iter().filter(|name| no_default || !defaults.contains(*name)).map(String::as_str).collect();
    let no_default = if no_default { " --no-default-features" } else { "" };
    let named = if named.is_empty() { String::new() } else { format!(" --features {}", named.join(",")) };
    format!("tauri build --config \"$(cargo sidecar config{no_default}{named} --target {target})\"")
}

fn table(cargo_toml: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let root = DeTable::parse(cargo_toml.trim_start_matches('\u{feff}')).ok()?;
    let DeValue::Table(features) = root.get_ref().get("features")?.get_ref() else { return None };
    let names = |value: &DeValue<'_>| match value {
        DeValue::Array(items) => {
            items.iter().filter_map(|item| item.get_ref().as_str()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    Some(features.iter().map(|(key, value)| (key.get_ref().to_string(), names(value.get_ref()))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> Vec<String> {
        defaults(text).into_iter().collect()
    }

    #[test]
    fn defaults_switch_on_others_in_turn() {
        let text = "[features]\ndefault = [\"a\", \"dep:x\", \"y/z\"]\na = [\"b\"]\nb = [\"a\"]\nc = []\n";
        assert_eq!(on(text), ["a", "b", "default"]);
    }

    #[test]
    fn an_optional_dependency_is_a_feature_without_a_line() {
        assert_eq!(on("[features]\ndefault = [\"serde\"]\n"), ["default", "serde"]);
    }

    #[test]
    fn another_set_of_features_is_bundled_through_the_command_line() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let target = "x86_64-unknown-linux-gnu".parse().unwrap();
        let flags = |on: &[&str], defaults: &[&str]| {
            let command = bundling(&set(on), &set(defaults), &target);
            let (_, flags) = command.split_once("config").unwrap().1.split_once("config").unwrap();
            flags.strip_suffix(" --target x86_64-unknown-linux-gnu)\"").unwrap().to_owned()
        };
        assert_eq!(flags(&["default", "a", "b", "c"], &["default", "a"]), " --features b,c");
        assert_eq!(flags(&["b"], &["default", "a"]), " --no-default-features --features b");
        assert_eq!(
            flags(&["a"], &["default", "a", "b"]),
            " --no-default-features --features a",
            "a default that stays on has to be named, too"
        );
        assert_eq!(flags(&[], &["default", "a"]), " --no-default-features");
    }

    #[test]
    fn without_a_default_and_without_sense_there_are_none() {
        for text in ["", "[features]\na = []\n", "[features", "features = 1\n"] {
            assert_eq!(on(text), [""; 0], "{text}");
        }
    }
}
