//! What cargo tells a build script, and what the script tells cargo.
#![expect(clippy::print_stdout, reason = "`cargo::` lines on stdout are how a build script speaks")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::env;
use crate::error::{Error, Kind};
use crate::target::Target;

/// The part of cargo's environment that provisioning depends on.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// The app directory: that of the package being built.
    pub(super) app: PathBuf,
    pub(super) package: String,
    pub(super) out: PathBuf,
    pub(super) target: Target,
    /// Names of enabled Cargo features as cargo spells them for scripts: upper case, `_` for `-`.
    features: BTreeSet<String>,
    /// Whether the profile descends from `release`.
    pub(super) release: bool,
    /// What becomes of the build.
    pub(super) stage: Stage,
    /// Whether docs.rs builds this, which has no network and bundles nothing.
    pub(super) docs_rs: bool,
    /// Whether placeholders may stand in for sidecars that cannot be had.
    pub(super) placeholder: bool,
}

/// What becomes of a build, and so how much is forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is run here and now.
    Development,
    /// It is run here, but a person is not there or wants no surprises, as this variable says.
    Checked(&'static str),
    /// The Tauri command makes a bundle of it.
    Ships,
}

impl Stage {
    /// By what `tauri` says of the build, whether this is a CI service, and whether all must be as it is locked.
    fn of(tauri_dev: Option<&str>, ci: Option<&str>, locked: bool) -> Self {
        if tauri_dev == Some("false") {
            Self::Ships
        } else if locked {
            Self::Checked(env::LOCKED)
        } else if ci.is_some_and(|value| !matches!(value, "0" | "false")) {
            Self::Checked(env::CI)
        } else {
            Self::Development
        }
    }
}

impl Script {
    /// Reads the environment that cargo gives every build script.
    pub(super) fn from_cargo() -> Result<Self, Error> {
        let need = |name: &'static str| {
            env::text(name).ok_or_else(|| {
                Error::new(Kind::Usage, format!("`{name}` is not set"))
                    .fact("reason", "sidecar_fetch::build() works in a build script, where cargo sets it")
                    .help("call it from build.rs; elsewhere run `cargo sidecar sync`")
            })
        };
        let (tauri_dev, ci) = (env::text(env::DEP_TAURI_DEV), env::text(env::CI));
        Ok(Self {
            app: PathBuf::from(need(env::CARGO_MANIFEST_DIR)?),
            package: need(env::CARGO_PKG_NAME)?,
            out: PathBuf::from(need(env::OUT_DIR)?),
            target: Target::parse(&need(env::TARGET)?)?,
            features: env::features(),
            release: need(env::PROFILE)? == "release",
            stage: Stage::of(tauri_dev.as_deref(), ci.as_deref(), env::flag(env::LOCKED)),
            docs_rs: env::text(env::DOCS_RS).is_some(),
            placeholder: env::flag(env::PLACEHOLDER),
        })
    }

    /// The features among `names` that are on, in the manifest's spelling.
    pub(super) fn enabled<'a>(&self, names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let is_on = |name: &&str| self.features.contains(&name.to_ascii_uppercase().replace('-', "_"));
        names.filter(is_on).map(str::to_owned).collect()
    }
}

/// The lines for cargo, kept until the run ends: a later run with nothing to do says the same again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines(String);

impl Lines {
    /// Lines that an earlier run said.
    pub(super) fn again(text: String) -> Self {
        Self(text)
    }

    /// Asks cargo to run the script again when this file changes. A file that does not exist would make it run in every
    /// build, so only existing ones count.
    pub(super) fn rerun_if_changed(&mut self, path: &Path) {
        if path.exists() {
            self.say("rerun-if-changed", path.display());
        }
    }

    pub(super) fn rerun_if_env_changed(&mut self, name: &str) {
        self.say("rerun-if-env-changed", name);
    }

    pub(super) fn warning(&mut self, message: &str) {
        self.say("warning", message);
    }

    /// Sets a variable for the compiler, and so for the macros of the package.
    pub(super) fn rustc_env(&mut self, name: &str, value: &str) {
        self.say("rustc-env", format_args!("{name}={value}"));
    }

    /// The error as cargo prints it: a line each, so that facts stay under their headline.
    pub(super) fn error(&mut self, error: &Error) {
        for line in error.to_string().lines() {
            self.say("error", line);
        }
    }

    fn say(&mut self, what: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "cargo::{what}={value}");
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Says everything to cargo.
    pub(super) fn print(&self) {
        print!("{}", self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_is_told_by_tauri_alone() {
        assert_eq!(Stage::of(Some("false"), Some("true"), true), Stage::Ships);
        assert_eq!(Stage::of(Some("true"), None, false), Stage::Development);
        assert_eq!(Stage::of(None, None, false), Stage::Development);
    }

    #[test]
    fn a_checked_build_knows_by_which_variable() {
        assert_eq!(Stage::of(None, Some("true"), false), Stage::Checked("CI"));
        assert_eq!(Stage::of(Some("true"), Some("1"), true), Stage::Checked("SIDECAR_LOCKED"));
        assert_eq!(Stage::of(None, Some("false"), false), Stage::Development);
    }

    #[test]
    fn a_line_for_each_line_of_an_error() {
        let mut lines = Lines::default();
        lines.error(&Error::new(Kind::Io, "no").fact("at", "x").help("do"));
        lines.rustc_env("A", "b");
        lines.rerun_if_changed(Path::new("/no/such/file"));
        assert_eq!(
            lines.text(),
            "cargo::error=no\ncargo::error=  at  x\ncargo::error=help: do\ncargo::rustc-env=A=b\n"
        );
    }
}
