//! `init`: everything an app needs to be provisioned, as a list of steps. What is there already stays as it is, so that
//! running it again changes nothing.

pub(super) mod build_script;
pub(super) mod cargo_toml;
mod hooks;
pub(super) mod ignored;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::build_script::{CALL, Script};
use self::cargo_toml::CargoToml;
use super::{Package, Project};
use crate::change::FileChange;
use crate::config::{Configs, Format, Platform};
use crate::error::Error;
use crate::fsx;
use crate::manifest::{FILE, Manifest};

/// One thing that an app needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitStep {
    /// A file to create or change.
    Change {
        /// What for, in one line.
        what: String,
        /// The file and its text.
        change: FileChange,
        /// Whether it is done where nobody is asked.
        wanted: bool,
    },
    /// It is there already.
    Done {
        /// The file that has it.
        path: PathBuf,
        /// What it has.
        what: String,
    },
    /// A person has to do it: what, in one line.
    ByHand {
        /// What to do.
        what: String,
    },
}

/// The manifest that a new app gets: the keys most people want, as comments.
const TEMPLATE: &str = "\
# Programs that ship with this app. `cargo sidecar add OWNER/REPO` writes entries; `cargo sidecar sync` installs them.

[settings]
# Without this, Linux, macOS and Windows on x86-64 and arm64 are attempted; named here, each is mandatory.
# targets = [\"x86_64-unknown-linux-gnu\", \"aarch64-apple-darwin\", \"x86_64-pc-windows-msvc\"]
";

/// Our package, as a dependency.
const OURS: &str = "sidecar-fetch";
const TAURI_BUILD: &str = "tauri-build";

impl Project<'_> {
    /// What this app needs to be prepared: the manifest, the build-dependency, the line in the build script, ignore
    /// rules for the binaries (which also keep `tauri dev` from watching them), and Tauri's hooks, which are wanted only
    /// where `hooks` says so: who builds without the subcommand would be stopped by them. Nothing is written.
    ///
    /// # Errors
    /// Where a file cannot be read or parsed.
    pub fn init_steps(&self, hooks: bool) -> Result<Vec<InitStep>, Error> {
        steps(&self.package, hooks)
    }
}

fn steps(package: &Package, hooks: bool) -> Result<Vec<InitStep>, Error> {
    let app = package.directory.as_path();
    let configs = Configs::read(app, &Platform::DESKTOP)?;
    let cargo_toml = CargoToml::read(&app.join("Cargo.toml"))?;
    let script = cargo_toml.build_script();
    let (manifest, manifest_step) = manifest(app)?;
    let mut out = vec![manifest_step];
    if let Some(script) = &script {
        out.push(build_script(&app.join(script), configs.is_some())?);
        let needs_tauri = configs.as_ref().filter(|_| is_new(&out)).map(|configs| configs.base.format);
        out.insert(1, dependencies(package, cargo_toml, needs_tauri)?);
    } else {
        let what = format!("Cargo.toml says `build = false`; without a build script nobody calls `{CALL}`");
        out.push(InitStep::ByHand { what });
    }
    let binaries = manifest.settings.binaries.as_str();
    for (file, why) in [
        (".gitignore", "what is installed is not committed"),
        (".taurignore", "`tauri dev` does not watch what is installed"),
    ] {
        let before = fsx::read_if_exists(&app.join(file))?;
        let after = ignored::with_rule(before.as_deref().unwrap_or_default(), binaries);
        out.push(step(app.join(file), before, after, why));
    }
    if let Some(configs) = &configs {
        out.extend(hooks::steps(configs, hooks)?);
    }
    Ok(out)
}

/// A wanted change, or that there is none.
fn step(path: PathBuf, before: Option<String>, after: Option<String>, what: &str) -> InitStep {
    let what = what.to_owned();
    match after.and_then(|after| FileChange::to(path.clone(), before, Some(after))) {
        Some(change) => InitStep::Change { what, change, wanted: true },
        None => InitStep::Done { path, what },
    }
}

/// Whether the last step creates its file.
fn is_new(steps: &[InitStep]) -> bool {
    matches!(steps.last(), Some(InitStep::Change { change, .. }) if change.before.is_none())
}

/// The manifest that the app has or gets.
fn manifest(app: &Path) -> Result<(Manifest, InitStep), Error> {
    let what = "the sidecars of this app";
    if let Some(manifest) = Manifest::read_if_exists(app)? {
        let path = manifest.path.clone();
        return Ok((manifest, InitStep::Done { path, what: what.to_owned() }));
    }
    let path = app.join(FILE);
    let manifest = Manifest::parse(&path, TEMPLATE.to_owned())?;
    Ok((manifest, step(path, None, Some(TEMPLATE.to_owned()), what)))
}

/// The call in the build script.
fn build_script(path: &Path, tauri: bool) -> Result<InitStep, Error> {
    let what = format!("calls `{CALL}`");
    let Some(before) = fsx::read_if_exists(path)? else {
        return Ok(step(path.to_owned(), None, Some(build_script::new(tauri)), &what));
    };
    Ok(match build_script::with_call(&before) {
        Script::HasIt => InitStep::Done { path: path.to_owned(), what },
        Script::Changed(after) => step(path.to_owned(), Some(before), Some(after), &what),
        Script::Unclear(why) => {
            let name = fsx::name_of(path);
            InitStep::ByHand { what: format!("{name}: {why}") }
        }
    })
}

/// What the build script depends on: us, and where it is a new one that calls it, `tauri-build` for a configuration of
/// this format.
fn dependencies(package: &Package, file: CargoToml, tauri: Option<Format>) -> Result<InitStep, Error> {
    let path = package.directory.join("Cargo.toml");
    let workspace = workspace_root(package)?;
    let inherits = |name: &str| workspace.as_ref().unwrap_or(&file).has_workspace_dependency(name);
    let (ours, theirs) = (inherits(OURS), inherits(TAURI_BUILD));
    let (major_minor, _) =
        env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap_or((env!("CARGO_PKG_VERSION"), ""));
    let mut lacking = vec![(OURS, ours, format!("{major_minor:?}"))];
    lacking.extend(tauri.map(|format| (TAURI_BUILD, theirs, tauri_build(format))));
    let before = file.text().to_owned();
    let (mut file, mut added) = (file, Vec::new());
    for (name, inherited, value) in lacking {
        let declared = package.dependencies.iter().any(|d| d.build && d.name == name);
        if !declared && !file.has_build_dependency(name) {
            let value = if inherited { "{ workspace = true }" } else { &value };
            file = file.with_build_dependency(name, value)?;
            added.push(format!("{name} = {value}"));
        }
    }
    let what = if added.is_empty() { OURS.to_owned() } else { added.join(", ") };
    Ok(step(path, Some(before), Some(file.text().to_owned()), &format!("build-dependency {what}")))
}

/// The `Cargo.toml` of the workspace, where that is another file than the app's.
fn workspace_root(package: &Package) -> Result<Option<CargoToml>, Error> {
    let path = package.workspace.join("Cargo.toml");
    if package.workspace.as_os_str().is_empty() || package.workspace == package.directory {
        return Ok(None);
    }
    fsx::metadata(&path)?.map(|_| CargoToml::read(&path)).transpose()
}

/// `tauri-build` as a dependency that reads the format.
fn tauri_build(format: Format) -> String {
    match format {
        Format::Json => "\"2\"",
        Format::Json5 => "{ version = \"2\", features = [\"config-json5\"] }",
        Format::Toml => "{ version = \"2\", features = [\"config-toml\"] }",
    }
    .to_owned()
}
