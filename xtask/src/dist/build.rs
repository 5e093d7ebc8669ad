//! The program in the profile `ship`: by the toolchain at hand for this system, by that of `cross` for others.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{MINGW, PROGRAM};
use crate::error::Result;
use crate::registry::exe;
use crate::run::{cargo, root, step};
use crate::{cross, env, fsx};

/// How a triple is built here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Road {
    /// By the toolchain that builds this task.
    Native,
    /// By the compiler that `cargo xtask cross` uses.
    Cross,
}

/// How to build for a triple on `host`, or why that is not possible.
pub(super) fn road(triple: &str, host: &str) -> std::result::Result<Road, String> {
    if triple == host {
        return Ok(Road::Native);
    }
    match cross::missing_for(triple) {
        Some(missing) if missing.is_empty() => Ok(Road::Cross),
        Some(missing) => {
            Err(format!("needs the packages {} (`cargo xtask cross --setup`)", missing.join(" ")))
        }
        None if triple.contains("apple") => Err("needs a Mac".to_owned()),
        None if triple == "x86_64-pc-windows-msvc" => Err(format!("needs Windows; {MINGW} stands in for it")),
        None => Err(format!("needs a machine that is {triple}")),
    }
}

/// Builds, and returns where the program lies.
pub(super) fn program(triple: &str, road: Road) -> Result<PathBuf> {
    let (mut command, target_dir) = match road {
        Road::Native => native(triple),
        Road::Cross => cross::cargo_build(triple),
    };
    command.args(["--locked", "--quiet", "--profile", "ship", "--package", PROGRAM]);
    command.env("CARGO_ENCODED_RUSTFLAGS", remapped(&cargo_home(), &root()));
    step(&format!("{PROGRAM} for {triple}"), &mut command)?;
    Ok(target_dir.join(triple).join("ship").join(format!("{PROGRAM}{}", exe(triple))))
}

fn native(triple: &str) -> (Command, PathBuf) {
    let mut command = cargo(&["build", "--target", triple]);
    let target_dir = fsx::target_dir();
    command.env("CARGO_TARGET_DIR", &target_dir);
    (command, target_dir)
}

fn cargo_home() -> PathBuf {
    let home =
        || env::text("HOME").or_else(|| env::text("USERPROFILE")).map(|home| Path::new(&home).join(".cargo"));
    env::text("CARGO_HOME").map(PathBuf::from).or_else(home).unwrap_or_default()
}

/// Flags that keep this machine's directories out of the program: what panics say of places would else hold them.
fn remapped(cargo_home: &Path, root: &Path) -> String {
    let flag = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    [flag(cargo_home, "/cargo"), flag(root, "/cargo-sidecar")].join("\x1f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_builds_itself_and_what_no_machine_here_can_is_named() {
        let host = "x86_64-unknown-linux-gnu";
        assert_eq!(road(host, host), Ok(Road::Native));
        assert_eq!(road("aarch64-apple-darwin", host), Err("needs a Mac".to_owned()));
        assert_eq!(road("aarch64-apple-darwin", "aarch64-apple-darwin"), Ok(Road::Native));
        assert!(road("x86_64-pc-windows-msvc", host).unwrap_err().contains(MINGW));
        assert!(road("aarch64-pc-windows-msvc", host).unwrap_err().contains("aarch64-pc-windows-msvc"));
    }

    #[test]
    fn flags_are_separated_as_cargo_wants_it() {
        assert_eq!(
            remapped(Path::new("/h/.cargo"), Path::new("/w")),
            "--remap-path-prefix=/h/.cargo=/cargo\x1f--remap-path-prefix=/w=/cargo-sidecar"
        );
    }
}
