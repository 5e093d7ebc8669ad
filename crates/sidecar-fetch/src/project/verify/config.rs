//! Whether Tauri's configuration lists what the sidecars need, as the Tauri command will see it.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::Package;
use super::super::features::Features;
use super::super::sync::Chosen;
use super::{VerifyRow, stand_in};
use crate::config::{ConfigFile, Configs, Drift, Node, Owned, Platform, Wanted, external_bin};
use crate::error::Error;
use crate::features;
use crate::fsx;
use crate::lock::Lock;
use crate::manifest::Manifest;
use crate::target::Target;

/// An app whose configuration is looked at.
pub(super) struct App<'a> {
    pub(super) package: &'a Package,
    pub(super) manifest: &'a Manifest,
    pub(super) lock: &'a Lock,
}

/// Its configuration, read.
struct Read {
    configs: Configs,
    /// What the Tauri command merges over the files: it exports that to the hooks it runs.
    from_env: Option<ConfigFile>,
}

impl App<'_> {
    /// A row for each target, and what stands in for programs; none where the app has no configuration of Tauri.
    pub(super) fn rows(&self, chosen: &Chosen) -> Result<Vec<VerifyRow>, Error> {
        let app = &self.package.directory;
        let read = match Read::of(app) {
            Ok(Some(read)) => read,
            Ok(None) => return Ok(Vec::new()),
            Err(error) => {
                let row = VerifyRow::about("config", "Tauri's configuration", app);
                return Ok(vec![row.failed("unreadable", &error)]);
            }
        };
        let default = Features::default().resolve(&self.package.features)?;
        let mut rows = Vec::new();
        let (mut entries, mut stand_ins) = (0, Vec::new());
        for target in self.targets(chosen) {
            let effective = read.effective(Platform::of(&target));
            rows.push(self.agrees(&read, &effective, &target, &chosen.features, &default));
            let own = external_bin(&effective);
            entries += own.len();
            stand_ins.extend(self.stand_ins(&own, &target)?);
        }
        if stand_ins.is_empty() {
            let noun = if entries == 1 { "entry" } else { "entries" };
            let detail = format!("{entries} {noun}, no stand-in");
            let row =
                VerifyRow::about("placeholder", "externalBin", &app.join(&self.manifest.settings.binaries));
            stand_ins.push(VerifyRow { detail, ..row });
        }
        rows.extend(stand_ins);
        Ok(rows)
    }

    /// The targets that sidecars are for.
    fn targets(&self, chosen: &Chosen) -> Vec<Target> {
        let all = || self.manifest.sidecars.values().flat_map(|s| self.manifest.targets_of(s));
        let mut targets = chosen.targets.clone().unwrap_or_else(|| {
            let all: BTreeSet<Target> = all().collect();
            all.into_iter().collect()
        });
        targets.retain(|target| Platform::of(target).is_desktop());
        targets
    }

    fn agrees(
        &self,
        read: &Read,
        effective: &Node,
        target: &Target,
        features: &BTreeSet<String>,
        default: &BTreeSet<String>,
    ) -> VerifyRow {
        let platform = Platform::of(target);
        let owned = Owned::of(self.manifest, self.lock);
        let of_platform = |features| Wanted::for_platform(self.manifest, platform, features);
        let drift = Drift::of(effective, &Wanted::for_target(self.manifest, target, features), &owned);
        let deciding = read.configs.deciding(platform, read.from_env.as_ref(), drift.keys());
        let row = VerifyRow::about("config", deciding.name(), &deciding.file.path);
        let row = VerifyRow { target: target.to_string(), ..row };
        // Files are for all architectures of a platform; `build()` narrows them to the one that is built.
        if drift.is_empty() || Drift::of(effective, &of_platform(features), &owned).is_empty() {
            return VerifyRow { detail: "lists what the manifest asks for".to_owned(), ..row };
        }
        let committed = Drift::of(effective, &of_platform(default), &owned).is_empty();
        let mend = if committed { features::bundling(features, default, target) } else { SYNC.to_owned() };
        let row = VerifyRow { place: deciding.place(), ..row };
        row.found("differs", differences(&drift)).mended_by(mend)
    }

    /// Files of the user's own entries that are no programs; those of ours are compared with the lock.
    fn stand_ins(&self, entries: &[&str], target: &Target) -> Result<Vec<VerifyRow>, Error> {
        let owned = Owned::of(self.manifest, self.lock);
        let mut rows = Vec::new();
        for entry in entries.iter().filter(|entry| !owned.has(entry)) {
            let path = self.package.directory.join(target.file_name(entry));
            let is_file = fsx::metadata(&path)?.is_some_and(|metadata| metadata.is_file());
            if let Some(what) = if is_file { stand_in::found(&path, target)? } else { None } {
                let row = VerifyRow::about("placeholder", *entry, &path);
                let row = VerifyRow { target: target.to_string(), ..row };
                rows.push(row.found("stand-in", what).mended_by(format!("build or fetch `{entry}`")));
            }
        }
        Ok(rows)
    }
}

/// What brings the committed files in line.
const SYNC: &str = "cargo sidecar sync";

/// What is missing and what is too much, a list a line.
fn differences(drift: &Drift) -> String {
    let lists = [("externalBin", &drift.external_bin), ("resources", &drift.resources)];
    let mut lines = Vec::new();
    for (key, difference) in lists {
        for (words, entries) in [("does not list", &difference.missing), ("still lists", &difference.extra)] {
            if !entries.is_empty() {
                lines.push(format!("{key} {words} {}", entries.join(", ")));
            }
        }
    }
    lines.join("\n")
}

impl Read {
    fn of(app: &Path) -> Result<Option<Self>, Error> {
        let Some(configs) = Configs::read(app, &Platform::DESKTOP)? else { return Ok(None) };
        let from_env = ConfigFile::from_env()?;
        configs.files().chain(&from_env).try_for_each(ConfigFile::check_external_bin)?;
        Ok(Some(Self { configs, from_env }))
    }

    fn effective(&self, platform: Platform) -> Node {
        self.configs.effective(platform, self.from_env.as_ref().map(|file| &file.root))
    }
}
