//! Where a command finds its app and its target when the command line says nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::apps::has_tauri_config;
use crate::env;
use crate::error::{Error, Kind, some_of};
use crate::fsx;

/// The target triples to work on by default: the one that Tauri's hooks are running for, otherwise the host's as
/// `rustc -vV` says it.
///
/// # Errors
/// [`Kind::Usage`] where rustc cannot be run.
pub(super) fn default_targets() -> Result<Vec<String>, Error> {
    if let Some(triple) = env::text(env::TAURI_ENV_TARGET_TRIPLE) {
        return Ok(thin(triple));
    }
    Ok(vec![rustc()?.host])
}

/// The compiler that cargo uses, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rustc {
    /// Such as `1.90.0`.
    pub(super) version: String,
    /// The triple that it builds for by default.
    pub(super) host: String,
}

/// Asks the compiler what it is.
pub(super) fn rustc() -> Result<Rustc, Error> {
    let rustc = env::text(env::RUSTC).unwrap_or_else(|| "rustc".to_owned());
    let failed = |cause: String| {
        Error::new(Kind::Usage, format!("cannot ask `{rustc} -vV` for the host's target triple"))
            .fact("cause", cause)
            .help("name the target: `--target x86_64-unknown-linux-gnu`")
    };
    let output = Command::new(&rustc).arg("-vV").output().map_err(|e| failed(fsx::plain(&e)))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(|v| v.trim().to_owned());
    let host = value("host: ").ok_or_else(|| failed("it names no host".to_owned()))?;
    Ok(Rustc { host, version: value("release: ").unwrap_or_default() })
}

/// A universal macOS app is built from both of its thin targets.
fn thin(triple: String) -> Vec<String> {
    match triple.as_str() {
        "universal-apple-darwin" => vec!["aarch64-apple-darwin".to_owned(), "x86_64-apple-darwin".to_owned()],
        _ => vec![triple],
    }
}

/// The `Cargo.toml` that a command started in `from` means: that of `TAURI_APP_PATH` where it is set, then cargo's own
/// rule (the closest one upwards), then Tauri's usual place, `src-tauri`, then the one app that Tauri's command finds in
/// the directories below.
///
/// # Errors
/// [`Kind::Usage`] where there is none, or several below; it lists them.
pub(super) fn locate_cargo_toml(from: &Path) -> Result<PathBuf, Error> {
    let told = env::path(env::TAURI_APP_PATH).map(|app| from.join(app));
    locate(from, told.as_deref(), depth()?)
}

fn locate(from: &Path, told: Option<&Path>, depth: usize) -> Result<PathBuf, Error> {
    let directory = told.unwrap_or(from);
    let upwards = from.ancestors().take_while(|_| told.is_none());
    for place in upwards.chain([directory, &directory.join("src-tauri")]) {
        let candidate = place.join("Cargo.toml");
        if fsx::metadata(&candidate)?.is_some() {
            return Ok(candidate);
        }
    }
    let mut below = apps_below(directory, depth)?;
    match (below.len(), told) {
        (1, _) => Ok(below.remove(0)),
        (0, Some(told)) => Err(Error::new(Kind::Usage, format!("{} leads to no app", env::TAURI_APP_PATH))
            .fact("looked in", format!("{}, src-tauri, {depth} directories deep", told.display()))
            .help("let it name the directory with the app's Cargo.toml, or use `--manifest-path PATH`")),
        (0, None) => Err(Error::new(Kind::Usage, "there is no Cargo.toml here")
            .fact(
                "looked in",
                format!("{} and its parents, src-tauri, {depth} directories deep", from.display()),
            )
            .help("run the command in the app's directory, or name it with `--manifest-path PATH`")),
        _ => {
            let shown = |path: &PathBuf| path.strip_prefix(from).unwrap_or(path).display().to_string();
            let shown: Vec<String> = below.iter().map(shown).collect();
            Err(Error::new(Kind::Usage, "several Tauri apps are below this directory")
                .fact("apps", some_of(&shown))
                .help(format!("name one: `--manifest-path {}`", shown[0])))
        }
    }
}

/// How deep Tauri's command looks.
fn depth() -> Result<usize, Error> {
    let Some(text) = env::text(env::TAURI_CLI_CONFIG_DEPTH) else { return Ok(3) };
    text.parse().map_err(|_| {
        Error::new(Kind::Usage, format!("{} is not a number", env::TAURI_CLI_CONFIG_DEPTH))
            .fact("found", text)
            .help("unset it: `unset TAURI_CLI_CONFIG_DEPTH`; Tauri's own command needs a number there, too")
    })
}

/// The `Cargo.toml` of each Tauri app below a directory, found with the engine and the settings of Tauri's command:
/// hidden and ignored directories, `node_modules` and `target` are not entered.
fn apps_below(directory: &Path, depth: usize) -> Result<Vec<PathBuf>, Error> {
    let mut walk = ignore::WalkBuilder::new(directory);
    walk.add_custom_ignore_filename(".taurignore").ignore(false).git_global(false).parents(false);
    walk.require_git(false).max_depth(Some(depth)).sort_by_file_path(Path::cmp).filter_entry(|entry| {
        entry.depth() == 0 || !matches!(entry.file_name().to_str(), Some("node_modules" | "target"))
    });
    let mut out = Vec::new();
    // Directories that cannot be read hold no app that could be worked on.
    for entry in walk.build().filter_map(Result::ok) {
        let cargo_toml = entry.path().join("Cargo.toml");
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        if is_directory && has_tauri_config(entry.path())? && fsx::metadata(&cargo_toml)?.is_some() {
            out.push(cargo_toml);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_universal_app_has_two_targets() {
        assert_eq!(thin("universal-apple-darwin".into()), ["aarch64-apple-darwin", "x86_64-apple-darwin"]);
        assert_eq!(thin("x86_64-pc-windows-msvc".into()), ["x86_64-pc-windows-msvc"]);
    }

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            fsx::write_atomic(&dir.path().join(file), "").unwrap();
        }
        dir
    }

    #[test]
    fn cargo_toml_upwards_then_src_tauri() {
        let dir = tree(&["app/src-tauri/Cargo.toml"]);
        let app = dir.path().join("app/src-tauri/Cargo.toml");
        assert_eq!(locate_cargo_toml(&dir.path().join("app")).unwrap(), app);
        assert_eq!(locate_cargo_toml(&dir.path().join("app/src-tauri")).unwrap(), app);
        assert_eq!(locate_cargo_toml(dir.path()).unwrap_err().kind(), Kind::Usage);
    }

    #[test]
    fn what_is_told_goes_before_what_is_around() {
        let dir =
            tree(&["Cargo.toml", "a/src-tauri/Cargo.toml", "b/crates/x/Cargo.toml", "b/crates/x/Tauri.toml"]);
        let told = |name: &str| locate(dir.path(), Some(&dir.path().join(name)), 3);
        assert_eq!(told("a").unwrap(), dir.path().join("a/src-tauri/Cargo.toml"));
        assert_eq!(told("a/src-tauri").unwrap(), dir.path().join("a/src-tauri/Cargo.toml"));
        assert_eq!(told("b").unwrap(), dir.path().join("b/crates/x/Cargo.toml"));
        assert_eq!(told("c").unwrap_err().headline(), "TAURI_APP_PATH leads to no app");
    }

    #[test]
    fn the_one_app_below_is_found_as_tauri_finds_it() {
        let dir = tree(&[
            "crates/gitbutler-tauri/tauri.conf.json",
            "crates/gitbutler-tauri/Cargo.toml",
            "crates/core/Cargo.toml",
            "docs/tauri.conf.json",
            "node_modules/x/Tauri.toml",
            "node_modules/x/Cargo.toml",
            "target/x/Tauri.toml",
            "target/x/Cargo.toml",
            ".hidden/Tauri.toml",
            ".hidden/Cargo.toml",
            "old/Tauri.toml",
            "old/Cargo.toml",
            "new/Tauri.toml",
            "new/Cargo.toml",
            "1/2/3/4/tauri.conf.json5",
            "1/2/3/4/Cargo.toml",
        ]);
        fsx::write_atomic(&dir.path().join(".gitignore"), "/old\n").unwrap();
        fsx::write_atomic(&dir.path().join(".taurignore"), "new/\n").unwrap();
        let found = |depth| apps_below(dir.path(), depth).unwrap();
        assert_eq!(found(3), [dir.path().join("crates/gitbutler-tauri/Cargo.toml")]);
        assert_eq!(found(1), [""; 0].map(PathBuf::from));
        assert_eq!(found(4).len(), 2);
        assert_eq!(locate(dir.path(), None, 3).unwrap(), found(3)[0]);
    }

    #[test]
    fn several_apps_are_listed() {
        let dir =
            tree(&["a/src-tauri/Cargo.toml", "a/src-tauri/Tauri.toml", "b/Cargo.toml", "b/tauri.conf.json"]);
        let error = locate(dir.path(), None, 3).unwrap_err().to_string();
        assert_eq!(
            error.replace('\\', "/"),
            "several Tauri apps are below this directory\n  apps  a/src-tauri/Cargo.toml, b/Cargo.toml\n\
            help: name one: `--manifest-path a/src-tauri/Cargo.toml`"
        );
    }
}
