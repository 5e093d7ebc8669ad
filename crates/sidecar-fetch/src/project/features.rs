//! Which Cargo features are on, as cargo itself would decide it for one package.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Kind, nearest, some_of};
use crate::features::closure;
use crate::manifest::Manifest;

/// The feature flags of a command line, in cargo's words.
#[derive(Debug, Clone, Default)]
pub struct Features {
    /// `--features`: names, each item may hold several, separated by commas or spaces.
    pub named: Vec<String>,
    /// `--all-features`.
    pub all: bool,
    /// `--no-default-features`.
    pub no_default: bool,
}

impl Features {
    /// The features that are on, with all that they switch on in turn.
    pub(crate) fn resolve(&self, table: &BTreeMap<String, Vec<String>>) -> Result<BTreeSet<String>, Error> {
        let mut queue: Vec<String> = Vec::new();
        if self.all {
            queue.extend(table.keys().cloned());
        }
        if !self.no_default && table.contains_key("default") {
            queue.push("default".to_owned());
        }
        let named = self.named.iter().flat_map(|item| item.split([',', ' '])).filter(|name| !name.is_empty());
        for name in named {
            if !table.contains_key(name) {
                let error = Error::new(Kind::Usage, format!("the package has no feature `{name}`"))
                    .fact("features", some_of(table.keys()));
                return Err(match nearest(name, table.keys().map(String::as_str)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
            queue.push(name.to_owned());
        }
        let mut on = closure(table, queue);
        on.retain(|name| table.contains_key(name));
        Ok(on)
    }
}

/// Refuses a manifest that waits for a feature which the package has not: its sidecar would never be installed, and
/// nobody would say why.
pub(super) fn check(manifest: &Manifest, table: &BTreeMap<String, Vec<String>>) -> Result<(), Error> {
    let asked = manifest.sidecars.values().flat_map(|s| s.features.iter().map(move |feature| (s, feature)));
    let Some((sidecar, feature)) = asked.into_iter().find(|(_, f)| !table.contains_key(*f)) else {
        return Ok(());
    };
    let error = Error::new(Kind::BadValue, format!("the package has no feature `{feature}`"))
        .fact("at", &sidecar.at)
        .fact("features", some_of(table.keys()))
        .of_sidecar(&sidecar.name, None);
    Err(match nearest(feature, table.keys().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("add `{feature} = []` to `[features]` in Cargo.toml")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(features: &Features) -> Vec<String> {
        let table = [("default", &["a"][..]), ("a", &["b", "dep:x", "y/z"]), ("b", &[]), ("c", &["a"])];
        let table = table
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.iter().map(|s| (*s).to_owned()).collect()))
            .collect();
        features.resolve(&table).map_or_else(|e| vec![e.to_string()], |on| on.into_iter().collect())
    }

    #[test]
    fn follows_cargos_rules() {
        let base = Features::default();
        assert_eq!(on(&base), ["a", "b", "default"]);
        assert_eq!(on(&Features { no_default: true, ..base.clone() }), [""; 0]);
        assert_eq!(
            on(&Features { no_default: true, named: vec!["c,b".into()], ..base.clone() }),
            ["a", "b", "c"]
        );
        assert_eq!(on(&Features { all: true, no_default: true, ..base.clone() }).len(), 4);
        assert!(on(&Features { named: vec!["dd".into()], ..base })[0].contains("no feature `dd`"));
    }
}
