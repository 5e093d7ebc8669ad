//! npm, and the package that it publishes: the JavaScript side of the Tauri plugin.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::fsx;
use crate::run::root;

/// The directory of the package, beside the plugin's crate.
pub(crate) fn directory() -> PathBuf {
    root().join("crates/tauri-plugin-sidecar")
}

/// `npm`, which is a script on Windows.
pub(crate) fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// What package.json says of the package, and package-lock.json agrees to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Manifest {
    /// Reads both files.
    pub(crate) fn read() -> Result<Self> {
        let json = |name: &str| {
            let bytes = fsx::read(&directory().join(name))?;
            serde_json::from_slice(&bytes).map_err(Error::because(format!("{name} is no JSON")))
        };
        Self::of(&json("package.json")?, &json("package-lock.json")?)
    }

    fn of(package: &Value, lock: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        if name.is_empty() || version.is_empty() {
            return Err(Error::new("package.json names no package and version"));
        }
        for locked in [lock, &lock["packages"][""]] {
            let (other, locked) = (text(&locked["name"]), text(&locked["version"]));
            if (&other, &locked) != (&name, &version) {
                let said =
                    format!("package-lock.json is of {other} {locked}, package.json of {name} {version}");
                return Err(Error::new(format!("{said}; `npm install --package-lock-only` mends it")));
            }
        }
        Ok(Self { name, version })
    }
}

/// Why the package's tools cannot be installed here; `None` when they are.
///
/// That nothing can be had from a registry is no failure of the code; all else that `npm ci` says is an error.
pub(crate) fn install(directory: &Path) -> Result<Option<String>> {
    let mut command = npm();
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]);
    let Ok(done) = command.current_dir(directory).output() else {
        return Ok(Some("npm is not here; install Node.js".to_owned()));
    };
    if done.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    match unreachable(&text) {
        Some(code) => Ok(Some(format!("npm reaches no registry ({code}); give it one"))),
        None => Err(Error::new(format!("npm ci failed ({})\n{text}", done.status))),
    }
}

/// The code by which npm says that it does not reach a registry.
fn unreachable(text: &str) -> Option<&str> {
    const CODES: [&str; 8] = [
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "ENOTCACHED",
        "ENOTFOUND",
        "ETIMEDOUT",
    ];
    // `npm error code ENOTFOUND`; older ones write `npm ERR! code`.
    let code = text.lines().find_map(|line| line.split_once(" code ").map(|(_, code)| code.trim()))?;
    CODES.contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_lock_is_of_the_same_version() {
        let of = |version: &str| json!({ "name": "x-api", "version": version });
        let lock = |outer: &str, inner: &str| json!({ "name": "x-api", "version": outer, "packages": { "": of(inner), "node_modules/y": of("9.9.9") } });
        let read = Manifest::of(&of("1.2.3"), &lock("1.2.3", "1.2.3")).unwrap();
        assert_eq!(read, Manifest { name: "x-api".to_owned(), version: "1.2.3".to_owned() });
        for stale in [lock("1.2.2", "1.2.3"), lock("1.2.3", "1.2.2"), json!({})] {
            let error = Manifest::of(&of("1.2.3"), &stale).unwrap_err().to_string();
            assert!(error.contains("npm install --package-lock-only"), "{error}");
        }
        assert!(Manifest::of(&json!({ "name": "x-api" }), &lock("1.2.3", "1.2.3")).is_err());
    }

    #[test]
    fn only_a_registry_out_of_reach_is_no_failure() {
        assert_eq!(unreachable("npm error code ENOTFOUND\nnpm error errno"), Some("ENOTFOUND"));
        assert_eq!(unreachable("npm ERR! code EAI_AGAIN\n"), Some("EAI_AGAIN"));
        assert_eq!(unreachable("npm error code EUSAGE\nnpm error `npm ci` can only install"), None);
        assert_eq!(unreachable("npm error code EINTEGRITY\n"), None);
        assert_eq!(unreachable("killed"), None);
    }
}
