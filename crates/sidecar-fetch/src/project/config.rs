//! `config`: what `tauri build --config` takes, so that another choice of features reaches build script and bundler.

use std::collections::BTreeSet;

use super::patch::owned;
use super::{Features, Project};
use crate::config::{
    Configs, Difference, Drift, EXTERNAL_BIN, Node, Owned, Platform, Value, Wanted, external_bin, resources,
};
use crate::error::{Error, Kind};
use crate::target::Target;

impl Project<'_> {
    /// The part of Tauri's configuration that lists the sidecars of a target with these features, the user's entries
    /// included: one line of JSON for `tauri build --config`.
    ///
    /// # Errors
    /// [`Kind::Usage`] where the app has no configuration of Tauri; [`Kind::ConfigInvalid`] where it does not parse.
    pub fn config(&self, target: &str, features: &Features) -> Result<String, Error> {
        let manifest = self.manifest()?;
        let target = Target::parse(target)?;
        let features = features.resolve(&self.package.features)?;
        let platform = Platform::of(&target);
        let Some(configs) = Configs::read(self.app(), &[platform])? else {
            return Err(Error::new(Kind::Usage, "the app has no configuration of Tauri")
                .fact("looked for", "tauri.conf.json, tauri.conf.json5, Tauri.toml")
                .fact("in", self.app().display())
                .help("name the app's package: `-p PACKAGE`"));
        };
        let lock = super::lock_as_is(&manifest)?;
        let owned = owned(&manifest, &lock, &BTreeSet::new());
        let wanted = Wanted::for_target(&manifest, &target, &features);
        Ok(narrowed(&configs.effective(platform, None), &wanted, &owned).to_json())
    }
}

/// The lists of an effective configuration with what is wanted, as a patch of it.
fn narrowed(effective: &Node, wanted: &Wanted, owned: &Owned) -> Node {
    let drift = Drift::of(effective, wanted, owned);
    let spelled = |key: &&str| effective.at(&["bundle", key]).is_some();
    let key = EXTERNAL_BIN.into_iter().find(spelled).unwrap_or(EXTERNAL_BIN[0]);
    let mut bundle = vec![(key, list(&external_bin(effective), &drift.external_bin))];
    if !drift.resources.is_empty() {
        let is_map =
            effective.at(&["bundle", "resources"]).is_some_and(|node| matches!(node.value, Value::Object(_)));
        let found = resources(effective);
        bundle
            .push(("resources", if is_map { map(&drift.resources) } else { list(&found, &drift.resources) }));
    }
    Node::object([("bundle", Node::object(bundle))])
}

fn list(found: &[&str], difference: &Difference) -> Node {
    let kept = found.iter().filter(|entry| !difference.extra.iter().any(|extra| extra == *entry));
    Node::strings(kept.map(|entry| (*entry).to_owned()).chain(difference.missing.iter().cloned()))
}

/// A map is merged key by key, and `null` takes one away.
fn map(difference: &Difference) -> Node {
    let gone = difference.extra.iter().map(|entry| (entry.clone(), Node::new(Value::Null)));
    let come = difference.missing.iter();
    Node::object(gone.chain(come.map(|entry| (entry.clone(), Node::new(Value::String(entry.clone()))))))
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
        narrowed(&file.root, &wanted, &owned).to_json()
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
