//! What the user wants: `sidecar.toml`, or the same keys in `[package.metadata.sidecar]`.

mod layout;
mod parse;
mod run;
mod shell;
pub(crate) mod source;

#[cfg(feature = "resolve")]
pub(crate) mod edit;
#[cfg(feature = "resolve")]
pub(crate) mod recipe;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use layout::Layout;
#[cfg(feature = "resolve")]
pub(crate) use parse::duration;
pub(crate) use run::RunTable;
pub(crate) use shell::{Arg, Args, Shell, in_scope};
pub(crate) use source::Source;

use crate::doc::Place;
use crate::error::{Error, Kind, some_of};
use crate::fsx;
use crate::target::{DESKTOP, Target, TargetPattern};
use crate::template::Template;

/// Name of the manifest, beside the app's `Cargo.toml`.
pub(crate) const FILE: &str = "sidecar.toml";

/// A manifest that parsed: every name, target, version and template in it is well-formed.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// `sidecar.toml` or `Cargo.toml`.
    pub(crate) path: PathBuf,
    pub(crate) settings: Settings,
    /// By name.
    pub(crate) sidecars: BTreeMap<String, Sidecar>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `None`: [`DESKTOP`] is attempted, and a gap is no error.
    pub(crate) targets: Option<Vec<Target>>,
    /// Where the binaries go, relative to the app directory.
    pub(crate) binaries: String,
    /// Labels of the webview windows that the capability file serves.
    pub(crate) windows: Vec<String>,
    /// Releases younger than this are not locked.
    pub(crate) minimum_age: Option<Duration>,
    /// What [`Sidecar::emulation`] is where its own table does not say.
    pub(crate) emulation: Option<bool>,
}

/// One `[sidecar.<name>]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sidecar {
    pub(crate) name: String,
    /// Where the table begins.
    pub(crate) at: Place,
    /// Where its releases come from.
    pub(crate) source: Source,
    pub(crate) wanted: Wanted,
    /// What stands before the version in the tags of a repository with several tools.
    pub(crate) tag_prefix: Option<String>,
    /// Where the version is read: for a tag that moves, the asset that holds it; for a source without a list of
    /// releases, a file.
    pub(crate) version_from: Option<Template>,
    /// Glob of the member that is the binary.
    pub(crate) bin: Option<Template>,
    /// Whether the binary is installed alone.
    pub(crate) layout: Layout,
    /// Name without triple and suffix under which the binary is installed.
    pub(crate) install_as: String,
    /// Only when one of these Cargo features is on; empty: always.
    pub(crate) features: Vec<String>,
    /// Only for these targets; empty: for all.
    pub(crate) targets: Vec<TargetPattern>,
    /// Assets named by hand, exact triples first.
    pub(crate) assets: Vec<(TargetPattern, Template)>,
    /// What JavaScript may do with it through tauri-plugin-shell.
    pub(crate) shell: Option<Shell>,
    /// Whether JavaScript may reach it on loopback through tauri-plugin-http.
    pub(crate) http: bool,
    /// Whether a build for x86-64 will do where the system translates it, as the sidecar's table or the settings say.
    pub(crate) emulation: Option<bool>,
    /// How the supervisor runs it; `None`: nothing is said about that.
    pub(crate) run: Option<RunTable>,
}

/// Which release is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The highest version that is not a pre-release.
    Latest,
    /// The highest version that answers a semver requirement.
    Requirement(semver::VersionReq),
    /// The release of one tag.
    Tag(String),
    /// This version, of a source that has no list of releases.
    Version(String),
}

impl Manifest {
    /// Reads the manifest of the package in `app`.
    pub(crate) fn read(app: &Path) -> Result<Self, Error> {
        Self::read_if_exists(app)?.ok_or_else(|| {
            Error::new(Kind::ManifestMissing, format!("there is no `{FILE}` in `{}`", app.display()))
                .fact("also", "no [package.metadata.sidecar] in Cargo.toml")
                .help("run `cargo sidecar init` in the app's directory")
        })
    }

    /// Like [`read`](Self::read), but `None` where the package has no manifest.
    pub(crate) fn read_if_exists(app: &Path) -> Result<Option<Self>, Error> {
        let (own, cargo) = (app.join(FILE), app.join("Cargo.toml"));
        let own_text = fsx::read_if_exists(&own)?;
        let cargo_text = fsx::read_if_exists(&cargo)?.unwrap_or_default();
        // Only a Cargo.toml that mentions the table is parsed: cargo itself judges the rest of that file.
        let metadata =
            if cargo_text.contains("sidecar") { parse::metadata(&cargo, cargo_text)? } else { None };
        match (own_text, metadata) {
            (Some(_), Some(_)) => Err(Error::new(Kind::ManifestTwice, "the sidecars are declared twice")
                .fact("first", own.display())
                .fact("second", format!("{} [package.metadata.sidecar]", cargo.display()))
                .help("keep one of them")),
            (Some(text), None) => parse::manifest(&own, text).map(Some),
            (None, found) => Ok(found),
        }
    }

    /// Parses the text that the manifest at `path` has or is about to have.
    #[cfg(any(feature = "resolve", test))]
    pub(crate) fn parse(path: &Path, text: String) -> Result<Self, Error> {
        if path.file_name().is_some_and(|name| name == FILE) {
            return parse::manifest(path, text);
        }
        parse::metadata(path, text)?
            .ok_or_else(|| Error::new(Kind::ManifestMissing, "Cargo.toml declares no sidecars"))
    }

    /// How a sidecar stands in `bundle.externalBin`, and in JavaScript: `binaries/name`. For a tree, its directory.
    pub(crate) fn entry_of(&self, sidecar: &Sidecar) -> String {
        format!("{}/{}", self.settings.binaries, sidecar.install_as)
    }

    /// Where the lock lies: beside the manifest.
    pub(crate) fn lock_path(&self) -> PathBuf {
        self.path.with_file_name(crate::lock::FILE)
    }

    /// The sidecar of that name, or an error that lists what there is.
    pub(crate) fn sidecar(&self, name: &str) -> Result<&Sidecar, Error> {
        self.sidecars.get(name).ok_or_else(|| {
            let error =
                Error::new(Kind::UnknownSidecar, format!("there is no sidecar `{name}` in the manifest"))
                    .fact("manifest", self.path.display())
                    .fact("sidecars", some_of(self.sidecars.keys()));
            match crate::error::nearest(name, self.sidecars.keys().map(String::as_str)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }

    /// The sidecars that a build with these Cargo features takes.
    pub(crate) fn enabled<'m>(&'m self, features: &'m BTreeSet<String>) -> impl Iterator<Item = &'m Sidecar> {
        self.sidecars.values().filter(move |s| s.is_enabled(features))
    }

    /// Whether a target without an asset is an error: only where the manifest names its targets.
    pub(crate) fn is_mandatory(&self) -> bool {
        self.settings.targets.is_some()
    }

    /// The targets that the manifest is for: those of its settings, or those that are attempted without.
    pub(crate) fn targets(&self) -> Vec<Target> {
        match &self.settings.targets {
            Some(targets) => targets.clone(),
            None => DESKTOP.iter().filter_map(|name| name.parse().ok()).collect(),
        }
    }

    /// The targets that a sidecar is locked for.
    pub(crate) fn targets_of(&self, sidecar: &Sidecar) -> Vec<Target> {
        let mut all = self.targets();
        all.retain(|target| sidecar.is_for(target));
        all.sort();
        all.dedup();
        all
    }

    /// Tauri's build refuses a sidecar with the name of the package; this says so with the line to change.
    pub(crate) fn check_package_name(&self, package: &str) -> Result<(), Error> {
        match self.sidecars.values().find(|s| s.install_as == package && !s.is_tree()) {
            None => Ok(()),
            Some(s) => Err(Error::new(
                Kind::NameIsPackage,
                format!("sidecar `{}` has the name of the Cargo package", s.name),
            )
            .fact("at", &s.at)
            .fact("reason", format!("both would become `{package}` beside the app; Tauri refuses that"))
            .help(format!(
                "give it another name: `install-as = \"{package}-{}\"`",
                if s.name == package { "bin" } else { &s.name }
            ))),
        }
    }
}

impl Sidecar {
    pub(crate) fn is_enabled(&self, features: &BTreeSet<String>) -> bool {
        self.features.is_empty() || self.features.iter().any(|f| features.contains(f))
    }

    /// Whether companions are installed with the binary, as resources of the app.
    pub(crate) fn is_tree(&self) -> bool {
        matches!(self.layout, Layout::Tree { .. })
    }

    /// Whether the sidecar is wanted for a target.
    pub(crate) fn is_for(&self, target: &Target) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|p| p.matches(target))
    }

    /// Whether a target without a native build gets one for x86-64, where its system translates that.
    pub(crate) fn may_be_emulated(&self) -> bool {
        self.emulation.unwrap_or(true)
    }

    /// The asset named by hand for a target: an exact triple goes before a `cfg`.
    pub(crate) fn asset_for(&self, target: &Target) -> Option<&Template> {
        self.assets.iter().find(|(pattern, _)| pattern.matches(target)).map(|(_, template)| template)
    }

    /// What the lock must have answered, key by key: when one of these changes, the lock is stale. Needs no network.
    pub(crate) fn request(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        self.source.request(&mut out);
        match &self.wanted {
            Wanted::Latest => out.insert("version".into(), "*".into()),
            Wanted::Requirement(requirement) => out.insert("version".into(), requirement.to_string()),
            Wanted::Tag(tag) => out.insert("tag".into(), tag.clone()),
            Wanted::Version(version) => out.insert("version".into(), version.clone()),
        };
        if let Some(from) = &self.version_from {
            out.insert("version-from".into(), from.source().to_owned());
        }
        if let Some(prefix) = &self.tag_prefix {
            out.insert("tag-prefix".into(), prefix.clone());
        }
        if let Some(bin) = &self.bin {
            out.insert("bin".into(), bin.source().to_owned());
        }
        if let Some(resources) = self.layout.request() {
            out.insert("layout".into(), "tree".into());
            out.insert("resources".into(), resources);
        }
        if let Some(emulation) = self.emulation {
            out.insert("emulation".into(), emulation.to_string());
        }
        for (pattern, template) in &self.assets {
            out.insert(format!("asset.{pattern}"), template.source().to_owned());
        }
        out
    }
}
