//! Overlays that are ours as a whole: `sync` wrote them, and they say nothing but our lists.
//!
//! Such a file holds the base's entries of the user beside ours, as its array replaces the base's. It is made anew each
//! time, so that what the user adds to the base reaches it, and goes when the systems do not differ any more.

use crate::config::drift::EXTERNAL_BIN;
use crate::config::files::{ConfigFile, Configs};
use crate::config::node::{Entry, Node, Value};
use crate::config::platform::Platform;
use crate::config::wanted::Owned;
use crate::fsx;

/// Takes the overlays that are ours out of the way; the platforms that had one.
pub(super) fn take(configs: &mut Configs, owned: &Owned) -> Vec<Platform> {
    let is_ours = |file: &ConfigFile| {
        owned.has(&fsx::name_of(&file.path)) && says_only_lists(&file.root) && is_as_written(file)
    };
    let ours: Vec<Platform> =
        Platform::DESKTOP.into_iter().filter(|p| configs.overlay(*p).is_some_and(is_ours)).collect();
    for platform in &ours {
        configs.take_overlay(*platform);
    }
    ours
}

/// Keeps the text of an overlay that says the same as before. Tells the names of those that are ours from now on: what
/// was made anew, and what was not there.
pub(super) fn put_back(configs: &mut Configs, before: &Configs, ours: &[Platform]) -> Vec<String> {
    let mut names = Vec::new();
    for platform in Platform::DESKTOP {
        let Some(file) = configs.overlay(platform) else { continue };
        let found = before.overlay(platform);
        if found.is_some() && !ours.contains(&platform) {
            continue;
        }
        names.push(fsx::name_of(&file.path));
        let same = found.filter(|old| old.path == file.path && sorted(&old.root) == sorted(&file.root));
        if let Some(old) = same.cloned() {
            configs.set_overlay(platform, old);
        }
    }
    names
}

/// What an overlay lists. Its order is that of the time when the base had all entries; it does not matter.
fn sorted(root: &Node) -> Vec<(String, Vec<String>)> {
    let Some(Value::Object(lists)) = root.get("bundle").map(|bundle| &bundle.value) else {
        return Vec::new();
    };
    let list = |entry: &Entry| {
        let mut items: Vec<String> = match &entry.node.value {
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            _ => vec![entry.node.to_json()],
        };
        items.sort_unstable();
        (entry.key.clone(), items)
    };
    lists.iter().map(list).collect()
}

/// Whether nothing is set but the lists that we write.
fn says_only_lists(root: &Node) -> bool {
    let is_list = |entry: &Entry| EXTERNAL_BIN.contains(&&*entry.key) || entry.key == "resources";
    let Value::Object(top) = &root.value else { return false };
    let [Entry { key, node, .. }] = top.as_slice() else { return false };
    matches!(&node.value, Value::Object(lists) if key == "bundle" && lists.iter().all(is_list))
}

/// Whether the text is as we write it. A comment, or another form, makes a file the user's.
fn is_as_written(file: &ConfigFile) -> bool {
    ConfigFile::created(&file.path, &file.root, file.style()).is_ok_and(|made| made.text == file.text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn file(text: &str) -> ConfigFile {
        ConfigFile::parse(Path::new("tauri.linux.conf.json"), text.to_owned()).unwrap()
    }

    #[test]
    fn a_file_with_anything_else_is_the_users() {
        let ours = "{\n  \"bundle\": {\n    \"externalBin\": [\"x\", \"binaries/tool\"]\n  }\n}\n";
        assert!(says_only_lists(&file(ours).root) && is_as_written(&file(ours)));
        for text in [
            "{}",
            "[]",
            "{\"bundle\": {\"externalBin\": [], \"active\": true}}",
            "{\"bundle\": {\"externalBin\": []}, \"app\": {}}",
        ] {
            assert!(!says_only_lists(&file(text).root), "{text}");
        }
        assert!(!is_as_written(&file(&ours.replacen('{', "{ // mine", 1))));
        assert!(!is_as_written(&file(&ours.replace("\n    ", " "))));
    }
}
