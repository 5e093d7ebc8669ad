//! Promises that hold for any lists, overlays and needs.

use proptest::prelude::*;

use super::*;
use crate::config::drift::resources;
use crate::config::{Drift, Node, Value, external_bin, normalized};

/// Entries as they may stand in a list: the user's, ours in several spellings, and one that was ours.
const ENTRIES: [&str; 9] = [
    "helpers/x",
    "./helpers/y",
    "binaries/mine",
    "binaries/a",
    "./binaries/a",
    "binaries/b",
    "binaries//b",
    "binaries/c",
    "binaries/old",
];

const OURS: [&str; 3] = ["binaries/a", "binaries/b", "binaries/c"];

/// A value of a list; `None`: the key is not set. The user's entries and ours, no entry twice.
fn list(map: bool) -> impl Strategy<Value = Option<Node>> {
    let entries = || prop::sample::subsequence(&ENTRIES[..], 0..5).prop_shuffle();
    let array = entries().prop_map(|items| Some(Node::strings(items)));
    let itself = |item: &'static str| (item, Node::new(Value::String(item.to_owned())));
    let object = entries().prop_map(move |items| Some(Node::object(items.into_iter().map(itself))));
    let weight = u32::from(map) * 3;
    prop_oneof![2 => Just(None), 1 => Just(Some(Node::new(Value::Null))), 4 => array, weight => object]
}

/// The text of a file with these lists.
fn text(external_bin: Option<Node>, resources: Option<Node>) -> String {
    let bundle = [("externalBin", external_bin), ("resources", resources)];
    let bundle = bundle.into_iter().filter_map(|(key, node)| Some((key, node?)));
    Node::object([("bundle", Node::object(bundle))]).to_json()
}

fn file() -> impl Strategy<Value = String> {
    (list(false), list(true)).prop_map(|(external_bin, resources)| text(external_bin, resources))
}

fn configs() -> impl Strategy<Value = Configs> {
    (file(), prop::collection::btree_map(prop::sample::select(&Platform::DESKTOP[..]), file(), 0..3))
        .prop_map(|(base, overlays)| {
            let parse = |name: String, text| ConfigFile::parse(Path::new(&name), text).unwrap();
            let overlay = |(platform, text): (Platform, _)| {
                (platform, parse(crate::config::Format::Json.file_name(Some(platform)), text))
            };
            let overlays = overlays.into_iter().map(overlay).collect();
            Configs { base: parse("tauri.conf.json".to_owned(), base), overlays }
        })
}

fn wanted() -> impl Strategy<Value = BTreeMap<Platform, Wanted>> {
    let some = || prop::sample::subsequence(&OURS[..], 0..4);
    let some = move || some().prop_map(|items| items.into_iter().map(str::to_owned).collect());
    let one = (some(), some()).prop_map(|(external_bin, resources)| Wanted { external_bin, resources });
    prop::collection::btree_map(prop::sample::select(&Platform::DESKTOP[..]), one, 1..4)
}

fn applied(before: &Configs, plan: &Plan) -> Configs {
    let mut out = before.clone();
    for change in &plan.changes {
        let file = ConfigFile::parse(&change.path, change.after.clone().unwrap()).unwrap();
        let is_of = |p: &Platform| Path::new(&crate::config::Format::Json.file_name(Some(*p))) == change.path;
        match Platform::DESKTOP.into_iter().find(is_of) {
            Some(platform) => out.set_overlay(platform, file),
            None => out.base = file,
        }
    }
    out
}

/// The user's entries in both lists.
fn users(configs: &Configs, platform: Platform, owned: &Owned) -> Vec<String> {
    let effective = configs.effective(platform, None);
    let lists = [external_bin(&effective), resources(&effective)].concat();
    lists.into_iter().filter(|entry| !owned.has(entry)).map(normalized).collect()
}

proptest! {
    #[test]
    fn every_system_gets_what_it_needs_and_keeps_the_users(before in configs(), wanted in wanted()) {
        let manifest = Manifest::parse(Path::new("sidecar.toml"), String::new()).unwrap();
        let ours = OURS.into_iter().chain(["binaries/old"]).map(str::to_owned).collect::<Vec<_>>();
        let owned = Owned::new(&manifest, &ours);
        let plugins = Plugins { shell: false, http: false };
        let needs = Needs { manifest: &manifest, wanted, owned, plugins };
        let done = plan(Path::new(""), &before, None, &needs).unwrap();
        let after = applied(&before, &done);
        for (platform, wanted) in &needs.wanted {
            let effective = after.effective(*platform, None);
            let drift = Drift::of(&effective, wanted, &needs.owned);
            prop_assert!(drift.is_empty(), "{platform:?}: {drift:?}\n{}", effective.to_json());
            prop_assert_eq!(users(&after, *platform, &needs.owned), users(&before, *platform, &needs.owned));
        }
        prop_assert_eq!(plan(Path::new(""), &after, None, &needs).unwrap().changes, []);
    }
}
