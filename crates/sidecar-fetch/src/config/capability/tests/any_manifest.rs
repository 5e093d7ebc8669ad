//! For any manifest: the file parses, and says what the manifest says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value as Json;

use super::as_plugins_read_it::Entry;
use super::{BOTH, Plugins, with};
use crate::config::Platform;

/// One sidecar of a made-up manifest.
#[derive(Debug, Clone)]
struct Sidecar {
    grants: [bool; 4],
    args: Option<Vec<String>>,
    http: bool,
    targets: Targets,
}

/// What a `targets` key says, and the platforms that this is.
type Targets = (&'static str, &'static [Platform]);

const KEYS: [&str; 4] = ["execute", "spawn", "kill", "stdin-write"];

const TARGETS: [Targets; 5] = [
    ("", &Platform::DESKTOP),
    ("targets = ['cfg(unix)']", &[Platform::Linux, Platform::MacOs]),
    ("targets = ['cfg(windows)']", &[Platform::Windows]),
    ("targets = ['aarch64-apple-darwin', 'x86_64-unknown-linux-gnu']", &[Platform::Linux, Platform::MacOs]),
    ("targets = ['aarch64-linux-android']", &[]),
];

fn sidecar() -> impl Strategy<Value = Sidecar> {
    let arg = "[ -~\u{e9}\n]{0,8}";
    let args = proptest::option::of(proptest::collection::vec(arg, 0..3));
    (any::<[bool; 4]>(), args, any::<bool>(), proptest::sample::select(TARGETS.to_vec()))
        .prop_map(|(grants, args, http, targets)| Sidecar { grants, args, http, targets })
}

fn manifest(sidecars: &[Sidecar]) -> String {
    let table = |(i, sidecar): (usize, &Sidecar)| {
        let grants: Vec<String> =
            KEYS.iter().zip(sidecar.grants).map(|(key, on)| format!("{key} = {on}")).collect();
        let args = sidecar.args.as_ref().map_or("true".to_owned(), |args| {
            // What JSON writes is a string of TOML, too.
            serde_json::to_string(args).unwrap()
        });
        format!(
            "[sidecar.s{i}]\ngithub = 'acme/s{i}'\n{}\nhttp = {}\nshell = {{ {}, args = {args} }}\n",
            sidecar.targets.0,
            sidecar.http,
            grants.join(", "),
        )
    };
    sidecars.iter().enumerate().map(table).collect()
}

/// What a file grants on a platform: permission to the entries of its scope.
fn granted(text: &str, platform: Platform) -> BTreeMap<String, Vec<Json>> {
    let file: Json = serde_json::from_str(text).unwrap();
    let capabilities = file.get("capabilities").and_then(Json::as_array).cloned().unwrap_or(vec![file]);
    let mut out = BTreeMap::<String, Vec<Json>>::new();
    for capability in capabilities {
        let platforms = capability["platforms"].as_array().unwrap().clone();
        if !platforms.contains(&Json::from(platform.in_capabilities())) {
            continue;
        }
        for permission in capability["permissions"].as_array().unwrap() {
            let identifier = permission.get("identifier").unwrap_or(permission).as_str().unwrap();
            let scope = permission.get("allow").and_then(Json::as_array).cloned().unwrap_or_default();
            out.entry(identifier.to_owned()).or_default().extend(scope);
        }
    }
    out
}

proptest! {
    #[test]
    fn the_file_says_what_the_manifest_says(sidecars in proptest::collection::vec(sidecar(), 0..5)) {
        let found = with(&manifest(&sidecars), BOTH);
        let text = found.as_ref().map_or("{\"capabilities\":[]}", |found| &found.text);
        for platform in Platform::DESKTOP {
            let granted = granted(text, platform);
            let here: Vec<(usize, &Sidecar)> =
                sidecars.iter().enumerate().filter(|(_, s)| s.targets.1.contains(&platform)).collect();
            for (at, key) in KEYS.iter().enumerate() {
                let asked: Vec<_> = here.iter().filter(|(_, s)| s.grants[at]).collect();
                let permission = granted.get(&format!("shell:allow-{key}"));
                prop_assert_eq!(permission.is_some(), !asked.is_empty(), "{} on {:?}", key, platform);
                if at > 1 {
                    continue;
                }
                let mut entries: Vec<Entry> =
                    permission.into_iter().flatten().map(|entry| Entry::read(entry).unwrap()).collect();
                entries.sort_by(|a, b| a.name.cmp(&b.name));
                prop_assert_eq!(entries.len(), asked.len());
                for (entry, (i, sidecar)) in entries.iter().zip(asked) {
                    prop_assert_eq!(&entry.name, &format!("binaries/s{i}"));
                    let expected = sidecar.args.clone().unwrap_or(vec!["any".to_owned()]);
                    prop_assert_eq!(entry.prepare(&["any"]), Ok(expected));
                }
            }
            let asked = here.iter().any(|(_, s)| s.http);
            prop_assert_eq!(granted.contains_key("http:default"), asked);
            let urls: BTreeSet<String> =
                granted.get("http:allow-fetch").into_iter().flatten().map(|url| url["url"].to_string()).collect();
            prop_assert_eq!(urls.len(), if asked { 2 } else { 0 });
        }
    }

    #[test]
    fn plugins_that_are_missing_are_not_mentioned(
        sidecars in proptest::collection::vec(sidecar(), 0..4), shell: bool, http: bool,
    ) {
        let found = with(&manifest(&sidecars), Plugins { shell, http });
        let text = found.map(|found| found.text).unwrap_or_default();
        prop_assert!(shell || !text.contains("shell:"));
        prop_assert!(http || !text.contains("http:allow"));
    }
}
