//! Entries of ours in the lists of the bundle: the base lists what every system needs, an overlay all that its system
//! needs where that is more, with the user's entries in it, for an overlay's array replaces the base's.

use super::Needs;
use crate::config::drift::EXTERNAL_BIN;
use crate::config::files::{ConfigFile, Configs};
use crate::config::node::{Node, Value};
use crate::config::platform::Platform;
use crate::config::wanted::{Owned, Wanted, same};
use crate::error::{Error, Kind};

/// A list that holds entries of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// `bundle.externalBin`
    ExternalBin,
    /// `bundle.resources`: an array, or a map from source to destination
    Resources,
}

/// What stands at a path of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing: an overlay leaves the base's value as it is.
    Unset,
    /// `null`, there or above: an overlay takes the base's value away.
    Null,
    /// An object: an overlay adds to that of the base.
    Map,
    /// An array, or what is an error in its place.
    Array,
}

impl List {
    /// The keys that lead to it, in the spelling that the file has, else that of the base.
    fn path(self, file: &ConfigFile, base: &ConfigFile) -> [&'static str; 2] {
        let key = match self {
            Self::ExternalBin => spelling(file).or_else(|| spelling(base)).unwrap_or(EXTERNAL_BIN[0]),
            Self::Resources => "resources",
        };
        ["bundle", key]
    }

    fn of(self, wanted: &Wanted) -> &[String] {
        match self {
            Self::ExternalBin => &wanted.external_bin,
            Self::Resources => &wanted.resources,
        }
    }
}

/// The spelling of `externalBin` that a file uses. One that is `null` is none, where there is another.
fn spelling(file: &ConfigFile) -> Option<&'static str> {
    let state = |key: &&str| state(&file.root, &["bundle", key]);
    let set = EXTERNAL_BIN.into_iter().find(|key| matches!(state(key), State::Array | State::Map));
    set.or_else(|| {
        let bundle = file.root.get("bundle")?;
        EXTERNAL_BIN.into_iter().find(|key| bundle.get(key).is_some())
    })
}

fn state(root: &Node, path: &[&str]) -> State {
    let mut node = root;
    for key in path {
        match node.get(key) {
            None => return State::Unset,
            Some(found) if found.is_null() => return State::Null,
            Some(found) => node = found,
        }
    }
    if matches!(node.value, Value::Object(_)) { State::Map } else { State::Array }
}

/// Refuses both spellings of `externalBin` in what Tauri sees: serde calls that a duplicate field, and names no place.
pub(super) fn check_spelling(configs: &Configs) -> Result<(), Error> {
    let set = |file: &ConfigFile, key: &str| state(&file.root, &["bundle", key]) == State::Array;
    for file in configs.files() {
        for (here, there) in [(0, 1), (1, 0)].map(|(a, b)| (EXTERNAL_BIN[a], EXTERNAL_BIN[b])) {
            let taken_away = state(&file.root, &["bundle", there]) != State::Unset && !set(file, there);
            let other = if set(file, there) { file } else { &configs.base };
            if set(file, here) && set(other, there) && !taken_away {
                return Err(both_spellings(file, here, other, there));
            }
        }
    }
    Ok(())
}

fn both_spellings(file: &ConfigFile, here: &str, other: &ConfigFile, there: &str) -> Error {
    let place = |file: &ConfigFile, key: &str| {
        let node = file.root.at(&["bundle", key]).unwrap_or(&file.root);
        format!("{} has `{key}`", file.place(node))
    };
    let help = if file.path == other.path {
        format!("move the entries of `{here}` to `{there}`, and remove `{here}`")
    } else {
        format!("write `{there}` in both places")
    };
    Error::new(Kind::ConfigInvalid, format!("`{here}` and `{there}` are one key, and both are set"))
        .fact("first", place(other, there))
        .fact("second", place(file, here))
        .help(help)
}

/// Brings one list of every file in line.
pub(super) fn arrange(configs: &mut Configs, list: List, needs: &Needs<'_>) -> Result<(), Error> {
    let edit = Edit { list, owned: &needs.owned };
    let sets: Vec<&[String]> = needs.wanted.values().map(|wanted| list.of(wanted)).collect();
    let shared: Vec<String> = match sets.split_first() {
        Some((first, rest)) => {
            first.iter().filter(|e| rest.iter().all(|set| set.contains(e))).cloned().collect()
        }
        None => Vec::new(),
    };
    let anywhere: Vec<String> = sets.concat();
    let base = configs.base.clone();
    for platform in Platform::DESKTOP {
        let overlay = configs.overlay(platform).cloned();
        let wanted = needs.wanted.get(&platform).map(|wanted| list.of(wanted));
        let changed = match (wanted, overlay) {
            (Some(wanted), overlay) => edit.overlay(&base, overlay, platform, wanted, &shared)?,
            // The manifest has no target there: what is old goes, nothing comes.
            (None, Some(overlay)) => Some(edit.items(overlay, &base, &anywhere, &[])?),
            (None, None) => None,
        };
        if let Some(file) = changed {
            configs.set_overlay(platform, file);
        }
    }
    configs.base = edit.items(base.clone(), &base, &shared, &shared)?;
    Ok(())
}

struct Edit<'a> {
    list: List,
    owned: &'a Owned,
}

impl Edit<'_> {
    /// The overlay as it should be; `None`: there is none, and none is needed.
    fn overlay(
        &self,
        base: &ConfigFile,
        overlay: Option<ConfigFile>,
        platform: Platform,
        wanted: &[String],
        shared: &[String],
    ) -> Result<Option<ConfigFile>, Error> {
        let more: Vec<String> = wanted.iter().filter(|entry| !shared.contains(entry)).cloned().collect();
        let base_is_map = state(&base.root, &self.list.path(base, base)) == State::Map;
        let found =
            overlay.as_ref().map_or(State::Unset, |file| state(&file.root, &self.list.path(file, base)));
        match (found, overlay) {
            (State::Map, Some(file)) if base_is_map => self.items(file, base, &more, &more).map(Some),
            (State::Array | State::Map, Some(file)) => self.items(file, base, wanted, wanted).map(Some),
            (State::Null, Some(file)) if !wanted.is_empty() => {
                self.items(file, base, wanted, wanted).map(Some)
            }
            (State::Unset, overlay) if !more.is_empty() => {
                self.first(base, overlay, platform, wanted, &more).map(Some)
            }
            (_, overlay) => Ok(overlay),
        }
    }

    /// Sets the list in an overlay that has none.
    fn first(
        &self,
        base: &ConfigFile,
        overlay: Option<ConfigFile>,
        platform: Platform,
        wanted: &[String],
        more: &[String],
    ) -> Result<ConfigFile, Error> {
        let path = self.list.path(overlay.as_ref().unwrap_or(base), base);
        let value = if state(&base.root, &path) == State::Map {
            Node::object(more.iter().map(|entry| (entry.as_str(), Node::new(Value::String(entry.clone())))))
        } else {
            Node::strings(self.full(base, wanted)?)
        };
        let Some(file) = overlay else {
            let root = Node::object([(path[0], Node::object([(path[1], value)]))]);
            let name = base.format.file_name(Some(platform));
            return ConfigFile::created(&base.path.with_file_name(name), &root, base.style());
        };
        if let Value::Object(_) = value.value {
            return file.with_entries(&path, |_| true, &pairs(more));
        }
        file.with_items(&path, |_| true, &self.full(base, wanted)?)
    }

    /// The base's entries as a system with these needs has them.
    fn full(&self, base: &ConfigFile, wanted: &[String]) -> Result<Vec<String>, Error> {
        let found = found(base, &self.list.path(base, base))?;
        let stays = self.stays(&found, wanted);
        let kept = found.iter().filter(|entry| stays(entry)).cloned();
        Ok(kept.chain(lacking(&found, wanted)).collect())
    }

    /// The file without entries of ours that are not in `keep`, and with those of `add` that it lacks.
    fn items(
        &self,
        file: ConfigFile,
        base: &ConfigFile,
        keep: &[String],
        add: &[String],
    ) -> Result<ConfigFile, Error> {
        let path = self.list.path(&file, base);
        if let Some(Value::Object(entries)) = file.root.at(&path).map(|node| &node.value)
            && self.list == List::Resources
        {
            let found: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
            return file.with_entries(&path, self.stays(&found, keep), &pairs(&lacking(&found, add)));
        }
        let found = found(&file, &path)?;
        file.with_items(&path, self.stays(&found, keep), &lacking(&found, add))
    }

    /// What stays in a list: the user's entries, and the first spelling of each of ours that is in `keep`.
    fn stays<'s>(&'s self, found: &'s [String], keep: &'s [String]) -> impl Fn(&str) -> bool + 's {
        move |entry| {
            let is_first = || found.iter().find(|f| stands_for(f, entry)).is_some_and(|first| first == entry);
            !self.owned.has(entry) || (keep.iter().any(|k| same(k, entry)) && is_first())
        }
    }
}

/// What stands in an array of strings; nothing where there is none.
fn found(file: &ConfigFile, path: &[&str]) -> Result<Vec<String>, Error> {
    Ok(file.strings(path)?.into_iter().flatten().map(str::to_owned).collect())
}

/// What is wanted and not there, however it is spelled.
fn lacking(found: &[String], wanted: &[String]) -> Vec<String> {
    wanted.iter().filter(|entry| !found.iter().any(|f| stands_for(f, entry))).cloned().collect()
}

/// Whether what is found serves for an entry of ours: backslashes part a path on Windows only.
fn stands_for(found: &str, entry: &str) -> bool {
    !found.contains('\\') && same(found, entry)
}

/// Entries of a map of resources: to the place that they have as an array.
fn pairs(entries: &[String]) -> Vec<(String, String)> {
    entries.iter().map(|entry| (entry.clone(), entry.clone())).collect()
}
