//! Where a command finds its app and its target when the command line says nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::env;
use crate::error::{Error, Kind};
use crate::fsx;

/// The target triples to work on by default: the one that Tauri's hooks are running for, otherwise the host's as
/// `rustc -vV` says it.
///
/// # Errors
/// [`Kind::Usage`] where rustc cannot be run.
pub fn default_targets() -> Result<Vec<String>, Error> {
    if let Some(triple) = env::text(env::TAURI_ENV_TARGET_TRIPLE) {
        return Ok(thin(triple));
    }
    let rustc = env::text(env::RUSTC).unwrap_or_else(|| "rustc".to_owned());
    let failed = |cause: String| {
        Error::new(Kind::Usage, format!("cannot ask `{rustc} -vV` for the host's target triple"))
            .fact("cause", cause)
            .help("name the target: `--target x86_64-unknown-linux-gnu`")
    };
    let output = Command::new(&rustc).arg("-vV").output().map_err(|e| failed(fsx::plain(&e)))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(|h| vec![h.trim().to_owned()]).ok_or_else(|| failed("it names no host".to_owned()))
}

/// A universal macOS app is built from both of its thin targets.
fn thin(triple: String) -> Vec<String> {
    match triple.as_str() {
        "universal-apple-darwin" => vec!["aarch64-apple-darwin".to_owned(), "x86_64-apple-darwin".to_owned()],
        _ => vec![triple],
    }
}

/// The `Cargo.toml` that a command started in `from` means: `TAURI_APP_PATH`, then cargo's own rule (the closest one
/// upwards), then Tauri's usual place, `src-tauri`.
///
/// # Errors
/// [`Kind::Usage`] where there is none.
pub fn locate_cargo_toml(from: &Path) -> Result<PathBuf, Error> {
    let told = env::text(env::TAURI_APP_PATH).map(|app| from.join(app).join("Cargo.toml"));
    let upwards = from.ancestors().map(|directory| directory.join("Cargo.toml"));
    for candidate in told.into_iter().chain(upwards).chain([from.join("src-tauri/Cargo.toml")]) {
        if fsx::metadata(&candidate)?.is_some() {
            return Ok(candidate);
        }
    }
    Err(Error::new(Kind::Usage, "there is no Cargo.toml here")
        .fact("looked in", format!("{} and its parents, src-tauri", from.display()))
        .help("run the command in the app's directory, or name it with `--manifest-path PATH`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_universal_app_has_two_targets() {
        assert_eq!(thin("universal-apple-darwin".into()), ["aarch64-apple-darwin", "x86_64-apple-darwin"]);
        assert_eq!(thin("x86_64-pc-windows-msvc".into()), ["x86_64-pc-windows-msvc"]);
    }

    #[test]
    fn cargo_toml_upwards_then_src_tauri() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("app/src-tauri/Cargo.toml");
        fsx::write_atomic(&app, "").unwrap();
        assert_eq!(locate_cargo_toml(&dir.path().join("app")).unwrap(), app);
        assert_eq!(locate_cargo_toml(&dir.path().join("app/src-tauri")).unwrap(), app);
        assert_eq!(locate_cargo_toml(dir.path()).unwrap_err().kind(), Kind::Usage);
    }
}
