//! Tauri's configuration in a build: whether it agrees with the sidecars, and what tauri-build is told instead where it
//! does not.
//!
//! The bundler reads the committed files before cargo runs, so nothing that a build script does reaches it: in a build
//! that ships, files that disagree are an error. In development only tauri-build and the macros read the configuration,
//! and both take what `TAURI_CONFIG` says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::script::{Lines, Script, Stage};
use crate::config::{
    ConfigFile, Configs, Difference, Drift, EXTERNAL_BIN, Entry, Node, Owned, Platform, Value, Wanted,
    external_bin, normalized, resources,
};
use crate::error::{Error, Kind, some_of};
use crate::manifest::Manifest;
use crate::{env, features, fsx};

/// The configuration as this build sees it.
#[derive(Debug)]
pub(super) struct Tauri {
    configs: Configs,
    platform: Platform,
    /// What `TAURI_CONFIG` says.
    given: Option<Node>,
    effective: Node,
}

/// What the sidecars need in the configuration of this build.
#[derive(Debug)]
pub(super) struct Needs<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) wanted: Wanted,
    pub(super) owned: Owned,
    /// Features of the manifest that are on.
    pub(super) features: BTreeSet<String>,
}

/// The values of `TAURI_CONFIG` from now on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// For tauri-build, which copies files: placeholders stand there by their paths.
    pub(super) tauri_build: String,
    /// For the macros, which need names; `None` where the configuration says the same.
    pub(super) macros: Option<String>,
}

impl Tauri {
    /// Reads the configuration, for `others` beside the platform that is built for; `None` where the package's directory
    /// holds none.
    pub(super) fn read(script: &Script, others: &[Platform]) -> Result<Option<Self>, Error> {
        let platform = Platform::of(&script.target);
        let mut platforms = vec![platform];
        platforms.extend(others.iter().filter(|other| **other != platform));
        let Some(configs) = Configs::read(&script.app, &platforms)? else { return Ok(None) };
        let given = env::text(env::TAURI_CONFIG)
            .map(|text| ConfigFile::parse(Path::new(env::TAURI_CONFIG), text))
            .transpose()?;
        for file in [Some(&configs.base), configs.overlay(platform), given.as_ref()].into_iter().flatten() {
            for key in EXTERNAL_BIN {
                file.strings(&["bundle", key])?;
            }
        }
        let given = given.map(|file| file.root);
        let effective = configs.effective(platform, given.as_ref());
        Ok(Some(Self { configs, platform, given, effective }))
    }

    pub(super) fn configs(&self) -> &Configs {
        &self.configs
    }

    pub(super) fn effective(&self) -> &Node {
        &self.effective
    }

    /// Compares the configuration with what is needed.
    ///
    /// # Errors
    /// [`Kind::ConfigDrift`] where nothing may be forgiven; elsewhere a warning goes to `lines`, and none where only
    /// the features or the architecture are others than those that the committed files are for.
    pub(super) fn judge(&self, script: &Script, needs: &Needs<'_>, lines: &mut Lines) -> Result<(), Error> {
        let drift = Drift::of(&self.effective, &needs.wanted, &needs.owned);
        if drift.is_empty() || script.docs_rs || !self.platform.is_desktop() {
            return Ok(());
        }
        let cargo_toml = fsx::read_to_string(&script.app.join("Cargo.toml")).unwrap_or_default();
        let defaults = features::defaults(&cargo_toml);
        let narrow = self.answers_defaults(needs, &defaults);
        match script.stage {
            Stage::Ships if narrow => Err(self
                .drift_error(
                    &drift,
                    "the committed files are for the default features, and for every architecture",
                )
                .help(format!(
                    "run `tauri build --config \"$(cargo sidecar config{})\"`",
                    flags(script, needs, &defaults)
                ))),
            _ if narrow => Ok(()),
            Stage::Ships => Err(self
                .drift_error(&drift, "the bundler reads these files, whatever a build script does")
                .help(SYNC)),
            Stage::Checked(variable) => Err(self
                .drift_error(
                    &drift,
                    &format!("`{variable}` is set; else this build would go on with a warning"),
                )
                .help(SYNC)),
            Stage::Development => {
                lines.warning(&format!(
                    "`{}` does not agree with the sidecars ({}); this build goes on as if it did, a bundle will not: \
                     run `cargo sidecar sync`",
                    self.name(),
                    words(&drift)
                ));
                Ok(())
            }
        }
    }

    /// Whether the committed files say what the default features need on this platform.
    fn answers_defaults(&self, needs: &Needs<'_>, defaults: &BTreeSet<String>) -> bool {
        let committed = self.configs.effective(self.platform, None);
        let wanted = Wanted::for_platform(needs.manifest, self.platform, defaults);
        Drift::of(&committed, &wanted, &needs.owned).is_empty()
    }

    fn drift_error(&self, drift: &Drift, reason: &str) -> Error {
        let error =
            Error::new(Kind::ConfigDrift, format!("`{}` does not agree with the sidecars", self.name()))
                .fact("at", self.place());
        let all = |part: fn(&Difference) -> &Vec<String>| -> Vec<String> {
            [&drift.external_bin, &drift.resources]
                .into_iter()
                .flat_map(part)
                .map(|entry| format!("`{entry}`"))
                .collect()
        };
        let (missing, extra) = (all(|d| &d.missing), all(|d| &d.extra));
        let error = if missing.is_empty() { error } else { error.fact("missing", some_of(missing)) };
        let error = if extra.is_empty() { error } else { error.fact("extra", some_of(extra)) };
        error.fact("reason", reason)
    }

    /// The file that decides, and the list in it as far as there is one.
    fn list(&self) -> (&ConfigFile, Option<&Node>) {
        let in_file = |file: &'_ ConfigFile| -> Option<Node> {
            EXTERNAL_BIN.iter().find_map(|key| file.root.at(&["bundle", key]).cloned())
        };
        let overlay = self.configs.overlay(self.platform).filter(|file| in_file(file).is_some());
        let file = overlay.unwrap_or(&self.configs.base);
        let list = EXTERNAL_BIN.iter().find_map(|key| file.root.at(&["bundle", key]));
        (file, list.or_else(|| file.root.get("bundle")))
    }

    fn place(&self) -> String {
        match self.list() {
            (file, Some(node)) => file.place(node).to_string(),
            (file, None) => file.path.display().to_string(),
        }
    }

    fn name(&self) -> String {
        let path = &self.list().0.path;
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }

    /// What `TAURI_CONFIG` must say for this build; `None`: what it says already. `placeholders`: files that stand in
    /// for entries, without the triple that Tauri appends.
    pub(super) fn told(&self, needs: &Needs<'_>, placeholders: &BTreeMap<String, PathBuf>) -> Option<Told> {
        let drift = Drift::of(&self.effective, &needs.wanted, &needs.owned);
        let mobile = !self.platform.is_desktop();
        let in_the_way = mobile && !external_bin(&self.effective).is_empty();
        if drift.is_empty() && placeholders.is_empty() && !in_the_way {
            return None;
        }
        let binaries = replaced(&external_bin(&self.effective), &drift.external_bin);
        let for_macros = if mobile { Node::new(Value::Null) } else { Node::strings(&binaries) };
        let macros = self.with(for_macros, &drift);
        let stand_ins = binaries.iter().map(|entry| match placeholders.get(&normalized(entry)) {
            Some(path) => path.display().to_string(),
            None => entry.clone(),
        });
        let tauri_build = if placeholders.is_empty() {
            macros.clone()
        } else {
            self.with(Node::strings(stand_ins), &drift)
        };
        let macros = (in_the_way || !drift.is_empty()).then_some(macros);
        Some(Told { tauri_build, macros })
    }

    /// `TAURI_CONFIG` with other lists in it. Nulls that it holds stay: they delete what the files say.
    fn with(&self, external_bin: Node, drift: &Drift) -> String {
        let mut out = self.given.clone().unwrap_or_else(|| Node::object::<String>([]));
        let spelled = |key: &&&str| self.effective.at(&["bundle", key]).is_some();
        let key = EXTERNAL_BIN.iter().find(spelled).unwrap_or(&EXTERNAL_BIN[0]);
        set(&mut out, &["bundle", key], external_bin);
        if !drift.resources.is_empty() {
            set_resources(&mut out, &self.effective, &drift.resources);
        }
        out.to_json()
    }
}

/// What mends it.
pub(super) const SYNC: &str = "run `cargo sidecar sync` and commit what it changes";

/// The flags that ask for this build's configuration.
fn flags(script: &Script, needs: &Needs<'_>, defaults: &BTreeSet<String>) -> String {
    let declared = needs.manifest.sidecars.values().flat_map(|sidecar| &sidecar.features);
    let off = declared.clone().any(|name| defaults.contains(name) && !needs.features.contains(name));
    let named: Vec<&str> =
        needs.features.iter().filter(|name| off || !defaults.contains(*name)).map(String::as_str).collect();
    let mut out = String::new();
    if off {
        out.push_str(" --no-default-features");
    }
    if !named.is_empty() {
        let _ = write!(out, " --features {}", named.join(","));
    }
    let _ = write!(out, " --target {}", script.target);
    out
}

/// The difference in one line.
fn words(drift: &Drift) -> String {
    let part = |what: &str, entries: Vec<&String>| {
        (!entries.is_empty()).then(|| format!("{what}: {}", some_of(entries)))
    };
    let missing = drift.external_bin.missing.iter().chain(&drift.resources.missing).collect();
    let extra = drift.external_bin.extra.iter().chain(&drift.resources.extra).collect();
    [part("missing", missing), part("extra", extra)].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// A list without what is too much and with what is missing; the rest as it is spelled.
fn replaced(found: &[&str], difference: &Difference) -> Vec<String> {
    let kept =
        found.iter().map(|entry| (*entry).to_owned()).filter(|entry| !difference.extra.contains(entry));
    kept.chain(difference.missing.iter().cloned()).collect()
}

/// The same for resources, which may be a map from paths to where they go.
fn set_resources(out: &mut Node, effective: &Node, difference: &Difference) {
    let is_map = matches!(effective.at(&["bundle", "resources"]), Some(Node { value: Value::Object(_), .. }));
    if !is_map {
        set(out, &["bundle", "resources"], Node::strings(replaced(&resources(effective), difference)));
        return;
    }
    for entry in &difference.extra {
        set(out, &["bundle", "resources", entry], Node::new(Value::Null));
    }
    for entry in &difference.missing {
        set(out, &["bundle", "resources", entry], Node::new(Value::String(entry.clone())));
    }
}

/// Sets a value at a path of keys.
fn set(node: &mut Node, path: &[&str], value: Node) {
    let [key, rest @ ..] = path else {
        *node = value;
        return;
    };
    if !matches!(node.value, Value::Object(_)) {
        *node = Node::object::<String>([]);
    }
    let Value::Object(entries) = &mut node.value else { return };
    let at = entries.iter().rposition(|entry| entry.key == *key).unwrap_or_else(|| {
        entries.push(Entry { key: (*key).to_owned(), key_span: 0..0, node: Node::new(Value::Null) });
        entries.len() - 1
    });
    set(&mut entries[at].node, rest, value);
}
