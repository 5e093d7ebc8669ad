//! Cargo's configuration files, found as cargo finds them: from the closest directory upwards, then in `CARGO_HOME`. The
//! closest file that has a key decides.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::{env, fsx};

/// Where cargo keeps its own configuration.
pub(crate) fn home() -> Option<PathBuf> {
    env::path(env::CARGO_HOME).or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

/// The files that count for a directory, the closest first.
pub(crate) fn files(start_dir: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let dirs = start_dir.ancestors().map(|dir| dir.join(".cargo")).chain(home.map(Path::to_owned));
    dirs.filter_map(|dir| file_in(&dir)).collect()
}

/// The configuration file of a directory. Cargo takes the one without extension where both exist.
fn file_in(dir: &Path) -> Option<PathBuf> {
    let is_file = |path: &PathBuf| fsx::metadata(path).ok().flatten().is_some_and(|found| found.is_file());
    ["config", "config.toml"].map(|name| dir.join(name)).into_iter().find(is_file)
}

/// The closest text at `build.<key>`, and the file that says so. A file that cannot be read is for cargo to complain
/// about.
pub(crate) fn build_text(files: &[PathBuf], key: &str) -> Option<(String, PathBuf)> {
    files.iter().find_map(|file| {
        let text = fsx::read_to_string(file).ok()?;
        Some((build_text_in(&text, key)?, file.clone()))
    })
}

fn build_text_in(text: &str, key: &str) -> Option<String> {
    let root = DeTable::parse(text).ok()?;
    let DeValue::Table(build) = root.get_ref().get("build")?.get_ref() else { return None };
    let DeValue::String(value) = build.get(key)?.get_ref() else { return None };
    Some(value.clone().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_file_that_has_the_key_decides() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fsx::write_atomic(&dir.path().join(name), text).unwrap();
        write("a/.cargo/config.toml", "[build]\ntarget-dir = \"far\"\nbuild-dir = \"b\"\n");
        write("a/b/.cargo/config.toml", "build.target-dir = \"near\"\n");
        write("home/config.toml", "[build]\njobs = 1\n");
        let home = dir.path().join("home");
        let files = files(&dir.path().join("a/b"), Some(&home));
        assert!(files.len() >= 3, "{files:?}");
        let (value, file) = build_text(&files, "target-dir").unwrap();
        assert_eq!((value.as_str(), file), ("near", dir.path().join("a/b/.cargo/config.toml")));
        assert_eq!(build_text(&files, "build-dir").unwrap().0, "b");
        assert_eq!(build_text(&files[..1], "build-dir"), None);
    }

    #[test]
    fn broken_files_and_wrong_types_say_nothing() {
        for text in ["[build", "build = 1", "[build]\ntarget-dir = 1", ""] {
            assert_eq!(build_text_in(text, "target-dir"), None, "{text}");
        }
    }
}
