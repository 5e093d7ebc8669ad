//! The corpus of `tests/fixtures/configs`: what `sync` makes of configurations as apps have them.
#![expect(clippy::disallowed_methods, reason = "fixtures are read as they are")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

/// Files of an app by their path below it.
type Tree = BTreeMap<String, String>;

/// A case: its name, the manifest, what was configured before.
struct Case {
    path: PathBuf,
    manifest: Manifest,
    configured: BTreeSet<String>,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/configs");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_dir());
    paths.sort();
    paths.into_iter().map(case).collect()
}

fn case(path: PathBuf) -> Case {
    let manifest = path.join("sidecar.toml");
    let manifest = Manifest::parse(&manifest, std::fs::read_to_string(&manifest).unwrap()).unwrap();
    let configured = std::fs::read_to_string(path.join("configured")).unwrap_or_default();
    Case { path, manifest, configured: configured.lines().map(str::to_owned).collect() }
}

impl Case {
    fn name(&self) -> String {
        self.path.file_name().unwrap().to_string_lossy().into_owned()
    }

    fn tree(&self, side: &str) -> Tree {
        let mut out = Tree::new();
        let root = self.path.join(side);
        let mut open = vec![root.clone()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                    out.insert(name, std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        out
    }
}

fn needs<'m>(manifest: &'m Manifest, configured: &BTreeSet<String>) -> Needs<'m> {
    let owned = Owned::new(manifest, configured);
    Needs::new(manifest, &BTreeSet::new(), owned, Plugins { shell: true, http: true })
}

/// The files after the changes, and what is ours in them.
fn planned(tree: &Tree, needs: &Needs<'_>) -> (Tree, BTreeSet<String>) {
    let plan = plan(Path::new(""), &configs(tree), tree.get(capability::FILE).cloned(), needs).unwrap();
    let mut tree = tree.clone();
    for change in plan.changes {
        let path = change.path.to_string_lossy().replace('\\', "/");
        assert_eq!(change.before, tree.remove(&path));
        tree.extend(change.after.map(|text| (path, text)));
    }
    (tree, plan.configured)
}

fn configs(tree: &Tree) -> Configs {
    use crate::config::files::Format;
    let first = |platform| {
        let names = Format::ALL.map(|format| format.file_name(platform));
        let name = names.into_iter().find(|name| tree.contains_key(name))?;
        Some(ConfigFile::parse(Path::new(&name), tree[&name].clone()).unwrap())
    };
    let overlays = Platform::DESKTOP.into_iter().filter_map(|p| Some((p, first(Some(p))?)));
    Configs { base: first(None).unwrap(), overlays: overlays.collect() }
}

/// What Tauri sees in both lists.
fn listed(configs: &Configs, platform: Platform) -> Vec<String> {
    let effective = configs.effective(platform, None);
    let lists = [crate::config::external_bin(&effective), crate::config::drift::resources(&effective)];
    lists.concat().into_iter().map(str::to_owned).collect()
}

#[test]
fn each_configuration_becomes_what_is_written_down() {
    let (mut wrong, renew) = (Vec::new(), std::env::var("SNAPSHOTS").is_ok_and(|v| v == "overwrite"));
    for case in cases() {
        let (after, _) = planned(&case.tree("before"), &needs(&case.manifest, &case.configured));
        if after == case.tree("after") {
            continue;
        }
        if renew {
            let root = case.path.join("after");
            let _ = std::fs::remove_dir_all(&root);
            for (name, text) in &after {
                std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
                std::fs::write(root.join(name), text).unwrap();
            }
        } else {
            wrong.push(format!("== {}\n{after:#?}", case.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_many_of_them() {
    assert!(cases().len() >= 100);
}

#[test]
fn a_second_run_changes_nothing() {
    for case in cases() {
        let (once, configured) = planned(&case.tree("before"), &needs(&case.manifest, &case.configured));
        let (twice, again) = planned(&once, &needs(&case.manifest, &configured));
        assert_eq!(twice, once, "{}", case.name());
        assert_eq!(again, configured, "{}", case.name());
    }
}

#[test]
fn every_system_sees_what_it_needs_and_the_users_entries() {
    for case in cases() {
        let wanted = needs(&case.manifest, &case.configured);
        let before = configs(&case.tree("before"));
        let after = configs(&planned(&case.tree("before"), &wanted).0);
        for (platform, list) in &wanted.wanted {
            let effective = after.effective(*platform, None);
            let drift = crate::config::Drift::of(&effective, list, &wanted.owned);
            assert!(drift.is_empty(), "{}: {platform:?}: {drift:?}", case.name());
            let users = |configs: &Configs| -> Vec<String> {
                listed(configs, *platform).into_iter().filter(|entry| !wanted.owned.has(entry)).collect()
            };
            assert_eq!(users(&after), users(&before), "{}: {platform:?}", case.name());
        }
    }
}

#[test]
fn removing_every_sidecar_leaves_nothing_of_ours() {
    for case in cases() {
        let (synced, configured) = planned(&case.tree("before"), &needs(&case.manifest, &case.configured));
        let nothing = Manifest::parse(Path::new("sidecar.toml"), String::new()).unwrap();
        let (after, left) = planned(&synced, &needs(&nothing, &configured));
        assert_eq!(left, BTreeSet::new());
        let configs = configs(&after);
        let owned = Owned::new(&case.manifest, &configured);
        for platform in Platform::DESKTOP {
            let listed = listed(&configs, platform);
            assert!(!listed.iter().any(|entry| owned.has(entry)), "{}: {listed:?}", case.name());
        }
        let capability = after.get(capability::FILE);
        assert!(capability.is_none_or(|text| !text.contains("allow")), "{}: {capability:?}", case.name());
    }
}
