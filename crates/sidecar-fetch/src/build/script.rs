//! What cargo tells a build script, and what the script tells cargo.
#![expect(clippy::print_stdout, reason = "`cargo::` lines on stdout are how a build script speaks")]

use std::collections::BTreeSet;
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
        Ok(Self {
            app: PathBuf::from(need(env::CARGO_MANIFEST_DIR)?),
            package: need(env::CARGO_PKG_NAME)?,
            out: PathBuf::from(need(env::OUT_DIR)?),
            target: Target::parse(&need(env::TARGET)?)?,
            features: env::features(),
            release: need(env::PROFILE)? == "release",
        })
    }

    /// The features among `names` that are on, in the manifest's spelling.
    pub(super) fn enabled<'a>(&self, names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let is_on = |name: &&str| self.features.contains(&name.to_ascii_uppercase().replace('-', "_"));
        names.filter(is_on).map(str::to_owned).collect()
    }
}

/// Asks cargo to run the script again when one of these files changes. A file that does not exist would make it run in
/// every build, so only existing ones count.
pub(super) fn rerun_if_changed(path: &Path) {
    if path.exists() {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

pub(super) fn rerun_if_env_changed(name: &str) {
    println!("cargo::rerun-if-env-changed={name}");
}

pub(super) fn warning(message: &str) {
    println!("cargo::warning={message}");
}

/// The error as cargo prints it: a line each, so that facts stay under their headline.
pub(super) fn error(error: &Error) {
    for line in error.to_string().lines() {
        println!("cargo::error={line}");
    }
}
