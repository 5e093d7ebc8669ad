//! Which Cargo features a package switches on by itself.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

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
    fn without_a_default_and_without_sense_there_are_none() {
        for text in ["", "[features]\na = []\n", "[features", "features = 1\n"] {
            assert_eq!(on(text), [""; 0], "{text}");
        }
    }
}
