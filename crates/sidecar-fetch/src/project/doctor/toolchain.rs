//! The compiler: new enough, and for a target that is locked.

use std::process::Command;

use super::{Check, CheckState, Scene, host};
use crate::env;
use crate::error::some_of;
use crate::target::Target;

const NAME: &str = "toolchain";

/// The oldest Rust that this toolkit and Tauri compile with.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");

/// Looks at rustc and cargo; also gives the triple that they build for.
pub(super) fn check() -> (Check, Option<Target>) {
    match host::rustc() {
        Ok(rustc) => (versions(&rustc.version, cargo().as_deref()), Target::parse(&rustc.host).ok()),
        Err(error) => {
            let check = Check::of(NAME, CheckState::Problem, &error);
            (check.help(format!("run `rustup default stable`, or set {} to a compiler", env::RUSTC)), None)
        }
    }
}

/// The version of the cargo that runs this, such as `1.90.0`.
fn cargo() -> Option<String> {
    let cargo = env::path(env::CARGO).unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).arg("-V").output().ok()?;
    String::from_utf8(output.stdout).ok()?.split_whitespace().nth(1).map(str::to_owned)
}

fn versions(rustc: &str, cargo: Option<&str>) -> Check {
    let found = match cargo {
        Some(cargo) => format!("rustc {rustc}, cargo {cargo}"),
        None => format!("rustc {rustc}"),
    };
    if [Some(rustc), cargo].into_iter().flatten().any(|version| is_older(version, NEEDED)) {
        return Check::problem(NAME, format!("{found}: Rust {NEEDED} or newer is needed"))
            .help("run `rustup update stable`");
    }
    Check::ok(NAME, format!("{found} ({NEEDED} or newer is needed)"))
}

/// Whether a version comes before another one; only the first two numbers count, and what is no version is not older.
fn is_older(version: &str, than: &str) -> bool {
    let numbers = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
        Some((parts.next()??, parts.next()??))
    };
    numbers(version).zip(numbers(than)).is_some_and(|(version, than)| version < than)
}

/// Whether what is built on this machine is among the targets of the manifest.
pub(super) fn target(scene: &Scene<'_>) -> Vec<Check> {
    let (Some(manifest), Some(host)) = (&scene.manifest, &scene.host) else { return Vec::new() };
    let mut targets = manifest.targets();
    vec![if targets.contains(host) {
        Check::ok("target", format!("{host}, the target of this machine, is one that is locked"))
    } else {
        let locked = some_of(targets.iter().map(Target::as_str));
        targets.push(host.clone());
        let all: Vec<String> = targets.iter().map(|target| format!("\"{target}\"")).collect();
        let help = format!(
            "`[settings] targets = [{}]` in the manifest, then run `cargo sidecar lock`",
            all.join(", ")
        );
        Check::warning("target", format!("{host}, the target of this machine, is not one that is locked"))
            .fact("locked", locked)
            .help(help)
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_compilers_are_told_apart() {
        assert!(is_older("1.89.0", "1.90") && is_older("0.99", "1.90") && is_older("1.9.0", "1.90"));
        assert!(
            !is_older("1.90.0", "1.90") && !is_older("2.0", "1.90") && !is_older("1.96.0-nightly", "1.90")
        );
        assert!(!is_older("", "1.90"));
    }

    #[test]
    fn the_older_of_two_decides() {
        assert_eq!(versions("1.95.0", Some("1.95.0")).state, CheckState::Ok);
        assert_eq!(versions("1.95.0", None).state, CheckState::Ok);
        let old = versions("1.95.0", Some("1.80.1"));
        assert_eq!(
            (old.state, old.help.as_deref()),
            (CheckState::Problem, Some("run `rustup update stable`"))
        );
    }
}
