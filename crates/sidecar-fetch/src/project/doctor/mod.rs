//! `doctor`: everything that an app with sidecars depends on, looked at one thing after the other. Nothing of it is
//! changed, and nothing stops the checks: what cannot be read is a finding itself, and the others go on.

mod app;
mod binaries;
mod cache;
mod capability;
mod config;
mod locked;
mod names;
mod network;
mod runtime;
mod tauri;
mod toolchain;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Project;
use super::features::{self, Features};
use super::host;
use crate::config::Configs;
use crate::error::Error;
use crate::lock::Lock;
use crate::manifest::Manifest;
use crate::progress::Event;
use crate::target::Target;

/// How much it matters what a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// It works, and something about it will cost time or surprise somebody.
    Warning,
    /// It will not work.
    Problem,
}

impl CheckState {
    /// The state in one word: `ok`, `note`, `warning`, `problem`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One thing that `doctor` looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, such as `lock`; several findings about one thing share it.
    pub name: &'static str,
    /// How much it matters.
    pub state: CheckState,
    /// What was found, in one line.
    pub found: String,
    /// The facts behind it, as (key, value) pairs.
    pub facts: Vec<(String, String)>,
    /// The one step that can be done now, where one is known.
    pub help: Option<String>,
}

impl Check {
    fn new(name: &'static str, state: CheckState, found: impl Into<String>) -> Self {
        Self { name, state, found: found.into(), facts: Vec::new(), help: None }
    }

    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Ok, found)
    }

    fn note(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Note, found)
    }

    fn warning(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Warning, found)
    }

    fn problem(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckState::Problem, found)
    }

    /// What an error says, as a finding.
    fn of(name: &'static str, state: CheckState, error: &Error) -> Self {
        Self {
            name,
            state,
            found: error.headline().to_owned(),
            facts: error.facts().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            help: error.help_text().map(str::to_owned),
        }
    }

    fn fact(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.facts.push((key.to_owned(), value.to_string()));
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What the checks look at. Parts that cannot be read are missing, and their findings have been noted.
struct Scene<'p> {
    project: &'p Project<'p>,
    /// The triple that this machine builds for.
    host: Option<Target>,
    manifest: Option<Manifest>,
    /// As it is; an empty one where there is none.
    lock: Lock,
    configs: Option<Configs>,
    /// What reading the configuration found.
    files: Vec<Check>,
    /// The Cargo features that are on by default.
    features: BTreeSet<String>,
}

/// A family of checks.
type Step = fn(&Scene<'_>) -> Vec<Check>;

impl Scene<'_> {
    fn app(&self) -> &Path {
        self.project.app()
    }

    /// Whether the package is a Tauri app, by its dependencies or by a configuration file.
    fn is_tauri_app(&self) -> bool {
        self.configs.is_some() || self.project.package.depends_on("tauri")
    }

    /// A path as a person in the app directory writes it.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.app()).unwrap_or(path).display().to_string()
    }

    /// cargo's target directory.
    fn target_directory(&self) -> PathBuf {
        // The state is `sidecar/<package>` in there.
        self.project.state.ancestors().nth(2).map(Path::to_owned).unwrap_or_default()
    }
}

impl Project<'_> {
    /// Looks at everything that an app with sidecars depends on: toolchain, Tauri, configuration, names, build script,
    /// what runs them, installed files, lock, cache, network and token. Each finding says what to do. Nothing of the app is changed; where
    /// the network is on, the API is asked once what it still allows.
    pub fn doctor(&self) -> Vec<Check> {
        let (toolchain, host) = toolchain::check();
        let mut out = vec![toolchain];
        let manifest = Manifest::read(self.app())
            .map_err(|error| out.push(Check::of("manifest", CheckState::Problem, &error)))
            .ok();
        let (configs, files) = config::read(self.app(), &self.package);
        let features = Features::default().resolve(&self.package.features).unwrap_or_default();
        let lock = manifest.as_ref().and_then(|m| super::lock_as_is(m).ok()).unwrap_or_default();
        let scene = Scene { project: self, host, manifest, lock, configs, files, features };
        let steps: [(&str, Step); 12] = [
            ("the manifest", declared),
            ("the target", toolchain::target),
            ("Tauri's versions", tauri::check),
            ("the configuration", config::check),
            ("the capability", capability::check),
            ("names", names::check),
            ("the build script", app::check),
            ("what runs them", runtime::check),
            ("the lock", locked::check),
            ("installed files", binaries::check),
            ("the cache", cache::check),
            ("the network", network::check),
        ];
        for (what, step) in steps {
            self.reporter.event(&Event::Step { verb: "Checking", what });
            out.extend(step(&scene));
        }
        out
    }
}

/// Whether the manifest declares something, waits for features that the package has, and has `run` tables that fit together.
fn declared(scene: &Scene<'_>) -> Vec<Check> {
    const NAME: &str = "manifest";
    let Some(manifest) = &scene.manifest else { return Vec::new() };
    let file = scene.shown(&manifest.path);
    let agrees = features::check(manifest, &scene.project.package.features);
    vec![match (agrees.and_then(|()| manifest.check_runs()), manifest.sidecars.len()) {
        (Err(error), _) => Check::of(NAME, CheckState::Problem, &error),
        (_, 0) => Check::note(NAME, format!("{file} declares no sidecars yet"))
            .help("run `cargo sidecar add OWNER/REPO`"),
        (_, count) => Check::ok(NAME, format!("{file} declares {}", counted(count, "sidecar"))),
    }]
}

/// `1 file`, `3 files`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
