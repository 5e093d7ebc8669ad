//! `capabilities/sidecars.json`: what JavaScript may do with the sidecars, as the manifest says it.
//!
//! The file is ours as a whole. It names the systems that its sidecars are for: a build for a phone would otherwise
//! refuse permissions of plugins that are dependencies on desktops only.

#[cfg(feature = "resolve")]
mod others;
#[cfg(feature = "resolve")]
mod permissions;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use super::drift::external_bin;
use super::{Configs, Node, Platform, Value, normalized};
use crate::manifest::{Arg, Args, Manifest, Shell, Sidecar, in_scope};

#[cfg(feature = "resolve")]
pub(crate) use others::check;

/// The file, below the app's directory.
pub(crate) const FILE: &str = "capabilities/sidecars.json";

/// Where a configuration names the capabilities that apply, and defines some. An empty list, as none, lets every file
/// apply.
pub(crate) const LISTED: [&str; 3] = ["app", "security", "capabilities"];

/// What every description of ours begins with. A file without it is not ours.
const MARK: &str = "Written by `cargo sidecar sync`";

/// The loopback hosts that sidecars answer on, with every port and path. The plugin's patterns are those of the URL
/// standard: a host that only begins or ends like one of these is another host.
const LOOPBACK: [&str; 2] = ["http://127.0.0.1:*", "http://localhost:*"];

/// Which plugins the app depends on: permissions are written only for those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plugins {
    pub(crate) shell: bool,
    pub(crate) http: bool,
}

/// The capability file as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capability {
    /// The whole file.
    pub(crate) text: String,
    /// The capabilities in it. Without platforms: for all that the manifest's targets are of.
    pub(crate) identifiers: Vec<(String, Vec<Platform>)>,
}

impl Capability {
    /// Capabilities without permissions, for a configuration that lists ours and nothing else: an empty list there
    /// would let every capability apply.
    pub(crate) fn granting_nothing<'a>(identifiers: impl IntoIterator<Item = &'a str>) -> Self {
        let identifiers: BTreeSet<&str> = identifiers.into_iter().collect();
        let objects = identifiers.iter().map(|identifier| capability(identifier, &[], &[], Vec::new()));
        let text = file(objects.collect());
        Self { text, identifiers: identifiers.into_iter().map(|id| (id.to_owned(), Vec::new())).collect() }
    }

    /// The identifiers that a build for `platform` needs and that the list of its configuration lacks.
    pub(crate) fn unlisted(&self, effective: &Node, platform: Platform) -> Vec<&str> {
        let listed = effective.at(&LISTED).and_then(Node::as_array).filter(|list| !list.is_empty());
        let Some(listed) = listed else { return Vec::new() };
        let here = self.identifiers.iter().filter(|(_, on)| on.is_empty() || on.contains(&platform));
        let is_listed = |name: &str| listed.iter().any(|item| item.as_str() == Some(name));
        here.map(|(name, _)| name.as_str()).filter(|name| !is_listed(name)).collect()
    }
}

/// What the capability file must say; `None`: there is nothing to grant. One entry per sidecar, whatever the features:
/// a capability cannot be switched by a feature, and an entry without a program grants nothing.
///
/// `spelled` tells how an entry stands in the configuration (`./binaries/x`): the plugin compares the scope's name with
/// that. Where it is not there, it will stand as the manifest spells it.
pub(crate) fn wanted(
    manifest: &Manifest,
    plugins: Plugins,
    spelled: &dyn Fn(&str) -> Vec<String>,
) -> Option<Capability> {
    let everywhere = Platform::desktops_of(&manifest.targets());
    let mut groups: BTreeMap<Vec<Platform>, Vec<&Sidecar>> = BTreeMap::new();
    for sidecar in manifest.sidecars.values() {
        let platforms = Platform::desktops_of(&manifest.targets_of(sidecar));
        if !platforms.is_empty()
            && (plugins.shell && shell_of(sidecar).is_some() || plugins.http && sidecar.http)
        {
            groups.entry(platforms).or_default().push(sidecar);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(platforms, _)| *platforms != everywhere);
    let (mut objects, mut identifiers) = (Vec::new(), Vec::new());
    for (platforms, sidecars) in groups {
        let partial = if platforms == everywhere { Vec::new() } else { platforms.clone() };
        let identifier = identifier(&partial);
        let granted = permissions(manifest, &sidecars, plugins, spelled);
        objects.push(capability(&identifier, &manifest.settings.windows, &platforms, granted));
        identifiers.push((identifier, partial));
    }
    (!objects.is_empty()).then(|| Capability { text: file(objects), identifiers })
}

/// Whether a capability file is ours: it carries our description.
pub(crate) fn is_ours(text: &str) -> bool {
    text.contains(MARK)
}

/// Whether the file says what is wanted. White space between values does not count: editors and git change it. A file
/// that is not wanted, and not ours or without permissions, is fine.
pub(crate) fn agrees(wanted: Option<&Capability>, found: Option<&str>) -> bool {
    match (wanted, found) {
        // By lines first: in a build script the other comparison takes 10 ms for a long file.
        (Some(wanted), Some(found)) => {
            found.lines().eq(wanted.text.lines()) || text::dense(found) == text::dense(&wanted.text)
        }
        (Some(_), None) => false,
        (None, None) => true,
        (None, Some(found)) => !is_ours(found) || !grants(found),
    }
}

/// Whether a capability file has permissions.
fn grants(text: &str) -> bool {
    let dense = text::dense(text);
    dense.split(r#""permissions":["#).skip(1).any(|permissions| !permissions.starts_with(']'))
}

/// How an entry is spelled in `bundle.externalBin` of the base and of the overlays of desktops, for [`wanted`]. Both
/// `sync` and a build must ask with all of these files, or they would expect different texts.
pub(crate) fn spellings(configs: &Configs, entry: &str) -> Vec<String> {
    // doctor reads those of phones as well
    let overlays = configs.overlays.iter().filter(|(platform, _)| platform.is_desktop());
    let files = std::iter::once(&configs.base).chain(overlays.map(|(_, file)| file));
    let listed = files.flat_map(|file| external_bin(&file.root));
    // Most entries are told apart by the name: to normalize each for each sidecar costs a build script milliseconds.
    let name = entry.rsplit('/').next().unwrap_or(entry);
    let found: BTreeSet<&str> =
        listed.filter(|found| found.contains(name) && normalized(found) == entry).collect();
    found.into_iter().map(str::to_owned).collect()
}

/// What the manifest asks for and no plugin gives, one line each.
#[cfg(feature = "resolve")]
pub(crate) fn lacking(manifest: &Manifest, plugins: Plugins) -> Vec<String> {
    let mut out = Vec::new();
    for sidecar in manifest.sidecars.values() {
        let asked =
            [("shell", shell_of(sidecar).is_some(), plugins.shell), ("http", sidecar.http, plugins.http)];
        for (plugin, _, _) in asked.into_iter().filter(|(_, is_asked, is_there)| *is_asked && !is_there) {
            out.push(format!(
                "`{plugin}` of sidecar `{}` has no effect: tauri-plugin-{plugin} is not a dependency (`cargo add \
                 tauri-plugin-{plugin}`)",
                sidecar.name
            ));
        }
    }
    out
}

/// `sidecars`, or `sidecars-linux-macos` where they are not for all systems.
fn identifier(platforms: &[Platform]) -> String {
    let names = platforms.iter().map(|platform| platform.in_file_names());
    std::iter::once("sidecars").chain(names).collect::<Vec<_>>().join("-")
}

fn shell_of(sidecar: &Sidecar) -> Option<&Shell> {
    sidecar.shell.as_ref().filter(|shell| shell.grants())
}

/// Whether a table grants one of the plugin's commands.
type Granted = fn(&Shell) -> bool;

/// The permissions of one capability. `kill` and `stdin-write` know no scope: they reach what JavaScript started.
fn permissions(
    manifest: &Manifest,
    sidecars: &[&Sidecar],
    plugins: Plugins,
    spelled: &dyn Fn(&str) -> Vec<String>,
) -> Vec<Node> {
    let mut out = Vec::new();
    let shells: Vec<(&Sidecar, &Shell)> = sidecars
        .iter()
        .filter(|_| plugins.shell)
        .filter_map(|sidecar| Some((*sidecar, shell_of(sidecar)?)))
        .collect();
    let scoped: [(&str, Granted); 2] = [("execute", |s| s.execute), ("spawn", |s| s.spawn)];
    for (command, is_granted) in scoped {
        let granted = shells.iter().filter(|(_, shell)| is_granted(shell));
        let entries: Vec<Node> = granted
            .flat_map(|(sidecar, shell)| entries(&manifest.entry_of(sidecar), shell, spelled))
            .collect();
        if !entries.is_empty() {
            out.push(extended(&format!("shell:allow-{command}"), entries));
        }
    }
    let plain: [(&str, Granted); 2] = [("kill", |s| s.kill), ("stdin-write", |s| s.stdin_write)];
    for (command, is_granted) in plain {
        if shells.iter().any(|(_, shell)| is_granted(shell)) {
            out.push(string(format!("shell:allow-{command}")));
        }
    }
    if plugins.http && sidecars.iter().any(|sidecar| sidecar.http) {
        out.push(string("http:default"));
        let urls = LOOPBACK.map(|url| Node::object([("url", string(url))]));
        out.push(extended("http:allow-fetch", urls.into()));
    }
    out
}

/// The entries of the shell plugin's scope for one sidecar, one per spelling.
fn entries(entry: &str, shell: &Shell, spelled: &dyn Fn(&str) -> Vec<String>) -> Vec<Node> {
    let mut names: BTreeSet<String> = spelled(entry).into_iter().collect();
    if names.is_empty() {
        names.insert(entry.to_owned());
    }
    let entry = |name: String| {
        let mut fields = vec![("name", string(name)), ("sidecar", Node::new(Value::Bool(true)))];
        fields.extend(arguments(&shell.args).map(|args| ("args", args)));
        Node::object(fields)
    };
    names.into_iter().map(entry).collect()
}

/// The arguments as the scope takes them; without the key it takes none.
fn arguments(args: &Args) -> Option<Node> {
    let argument = |arg: &Arg| match arg {
        Arg::Fixed(text) => string(text),
        Arg::Validator { regex, raw, .. } => {
            let mut fields = vec![("validator", string(in_scope(regex, *raw)))];
            if *raw {
                fields.push(("raw", Node::new(Value::Bool(true))));
            }
            Node::object(fields)
        }
    };
    match args {
        Args::None => None,
        Args::Any => Some(Node::new(Value::Bool(true))),
        Args::List(list) => Some(Node::new(Value::Array(list.iter().map(argument).collect()))),
    }
}

fn extended(identifier: &str, allow: Vec<Node>) -> Node {
    Node::object([("identifier", string(identifier)), ("allow", Node::new(Value::Array(allow)))])
}

fn capability(identifier: &str, windows: &[String], platforms: &[Platform], permissions: Vec<Node>) -> Node {
    let description =
        format!("{MARK}: what JavaScript may do with sidecars. Change the manifest, not this file.");
    let mut fields = vec![
        ("identifier", string(identifier)),
        ("description", string(description)),
        ("windows", Node::strings(windows)),
    ];
    if !platforms.is_empty() {
        fields.push(("platforms", Node::strings(platforms.iter().map(|p| p.in_capabilities()))));
    }
    fields.push(("permissions", Node::new(Value::Array(permissions))));
    Node::object(fields)
}

/// One capability stands alone, several in a list. The schema is the one that Tauri's template names; the build writes
/// it.
fn file(mut capabilities: Vec<Node>) -> String {
    let schema = ("$schema".to_owned(), string("../gen/schemas/desktop-schema.json"));
    let mut root = Node::object([schema]);
    let Value::Object(entries) = &mut root.value else { return String::new() };
    if capabilities.len() == 1
        && let Some(Node { value: Value::Object(fields), .. }) = capabilities.pop()
    {
        entries.extend(fields);
    } else if let Value::Object(list) =
        Node::object([("capabilities", Node::new(Value::Array(capabilities)))]).value
    {
        entries.extend(list);
    }
    text::pretty(&root)
}

fn string(text: impl Into<String>) -> Node {
    Node::new(Value::String(text.into()))
}

#[cfg(test)]
mod tests;
