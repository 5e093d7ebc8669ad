//! Tauri's configuration in a build: whether it agrees with the sidecars, and what tauri-build is told instead where it
//! does not.
//!
//! The bundler reads the committed files before cargo runs, so nothing that a build script does reaches it: in a build
//! that ships, files that disagree are an error. In development only tauri-build and the macros read the configuration,
//! and both take what `TAURI_CONFIG` says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::script::{Lines, Script, Stage};
use crate::config::{
    ConfigFile, Configs, Deciding, Difference, Drift, Node, Owned, Platform, Value, Wanted, external_bin,
    normalized,
};
use crate::error::{Error, Kind, some_of};
use crate::manifest::Manifest;
use crate::{features, fsx};

/// The configuration as this build sees it.
#[derive(Debug)]
pub(super) struct Tauri {
    configs: Configs,
    platform: Platform,
    /// What `TAURI_CONFIG` says.
    given: Option<ConfigFile>,
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
        let given = ConfigFile::from_env()?;
        let files = std::iter::once(&configs.base).chain(configs.overlay(platform)).chain(&given);
        files.into_iter().try_for_each(ConfigFile::check_external_bin)?;
        let effective = configs.effective(platform, given.as_ref().map(|file| &file.root));
        Ok(Some(Self { configs, platform, given, effective }))
    }

    pub(super) fn configs(&self) -> &Configs {
        &self.configs
    }

    pub(super) fn effective(&self) -> &Node {
        &self.effective
    }

    /// What `TAURI_CONFIG` says.
    pub(super) fn given(&self) -> Option<&ConfigFile> {
        self.given.as_ref()
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
                .help(format!("run `{}`", bundling(script, needs, &defaults)))),
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
                    self.deciding(&drift).name(),
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

    fn deciding(&self, drift: &Drift) -> Deciding<'_> {
        self.configs.deciding(self.platform, self.given.as_ref(), drift.keys())
    }

    fn drift_error(&self, drift: &Drift, reason: &str) -> Error {
        let deciding = self.deciding(drift);
        let error =
            Error::new(Kind::ConfigDrift, format!("`{}` does not agree with the sidecars", deciding.name()))
                .fact("at", deciding.place());
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

    /// What `TAURI_CONFIG` must say for this build; `None`: what it says already. `placeholders`: files that stand in
    /// for entries, without the triple that Tauri appends.
    pub(super) fn told(&self, needs: &Needs<'_>, placeholders: &BTreeMap<String, PathBuf>) -> Option<Told> {
        let drift = Drift::of(&self.effective, &needs.wanted, &needs.owned);
        let mobile = !self.platform.is_desktop();
        let in_the_way = mobile && !external_bin(&self.effective).is_empty();
        if drift.is_empty() && placeholders.is_empty() && !in_the_way {
            return None;
        }
        let binaries = drift.external_bin.applied_to(&external_bin(&self.effective));
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
        let given = self.given.as_ref().map(|file| file.root.clone());
        let mut out = given.unwrap_or_else(|| Node::object::<String>([]));
        out.merge_patch(&drift.patch(&self.effective, external_bin));
        out.to_json()
    }
}

/// What mends it.
pub(super) const SYNC: &str = "run `cargo sidecar sync` and commit what it changes";

/// The command that bundles what this build needs. Features that no sidecar waits for make no difference.
fn bundling(script: &Script, needs: &Needs<'_>, defaults: &BTreeSet<String>) -> String {
    let declared = needs.manifest.sidecars.values().flat_map(|sidecar| &sidecar.features);
    let defaults = declared.filter(|name| defaults.contains(*name)).cloned().collect();
    features::bundling(&needs.features, &defaults, &script.target)
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
