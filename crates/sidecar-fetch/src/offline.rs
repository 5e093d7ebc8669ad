//! Whether the network is off, and who says so.
//!
//! Cargo does not tell build scripts that it runs with `--offline` or with `net.offline = true`, so the configuration
//! files are read here as cargo reads them; `CARGO_NET_OFFLINE` beats them all.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::{cargo_config, env, fsx};

/// Who says that the network must not be used: a variable's name, or `<path>:<line>` of a cargo configuration file.
/// `None` where it may be used. `start_dir` is the directory that cargo was called in, or the package's.
pub(crate) fn is_offline(start_dir: &Path) -> Option<String> {
    decide(env::text, start_dir, cargo_config::home().as_deref())
}

/// [`is_offline`] with the environment as a function.
fn decide(
    env: impl Fn(&str) -> Option<String>,
    start_dir: &Path,
    cargo_home: Option<&Path>,
) -> Option<String> {
    if env(env::OFFLINE).is_some_and(|value| env::is_on(&value)) {
        return Some(env::OFFLINE.to_owned());
    }
    if env(env::DOCS_RS).is_some() {
        return Some(env::DOCS_RS.to_owned());
    }
    match env(env::CARGO_NET_OFFLINE) {
        Some(value) if env::is_on(&value) => Some(env::CARGO_NET_OFFLINE.to_owned()),
        Some(_) => None,
        None => configured(start_dir, cargo_home),
    }
}

/// Who says so among the configuration files.
fn configured(start_dir: &Path, cargo_home: Option<&Path>) -> Option<String> {
    for path in cargo_config::files(start_dir, cargo_home) {
        // a file that cannot be read is for cargo to complain about
        let text = fsx::read_to_string(&path).unwrap_or_default();
        if let Some((offline, line)) = net_offline(&text) {
            return offline.then(|| format!("{}:{line}", path.display()));
        }
    }
    None
}

/// The value of `net.offline`, and its line, counted from 1.
fn net_offline(text: &str) -> Option<(bool, usize)> {
    let root = DeTable::parse(text).ok()?;
    let DeValue::Table(net) = root.get_ref().get("net")?.get_ref() else { return None };
    let value = net.get("offline")?;
    let DeValue::Boolean(offline) = value.get_ref() else { return None };
    let line = text.get(..value.span().start)?.matches('\n').count() + 1;
    Some((*offline, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Directories `a/b/c` with the given files under `.cargo`; asks from `a/b/c`, with `home` as `CARGO_HOME`.
    fn ask(vars: &[(&str, &str)], files: &[(&str, &str)]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fsx::write_atomic(&dir.path().join(path), text).unwrap();
        }
        let env = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let answer = decide(env, &dir.path().join("a/b/c"), Some(&dir.path().join("home")));
        let slashes = |text: String| text.replace('\\', "/");
        let root = slashes(format!("{}/", dir.path().display()));
        answer.map(|text| slashes(text).replace(&root, ""))
    }

    const ON: &str = "[build]\njobs = 1\n[net]\noffline = true\n";
    const OFF: &str = "net.offline = false\n";

    #[test]
    fn nobody_says_so() {
        assert_eq!(ask(&[], &[]), None);
        assert_eq!(ask(&[("SIDECAR_OFFLINE", "0"), ("CARGO_NET_OFFLINE", "false")], &[]), None);
    }

    #[test]
    fn variables_are_named() {
        for name in ["SIDECAR_OFFLINE", "CARGO_NET_OFFLINE", "DOCS_RS"] {
            assert_eq!(ask(&[(name, "1")], &[]).as_deref(), Some(name));
        }
        assert_eq!(ask(&[("CARGO_NET_OFFLINE", "true")], &[]).as_deref(), Some("CARGO_NET_OFFLINE"));
    }

    #[test]
    fn a_file_is_named_with_its_line() {
        assert_eq!(ask(&[], &[("a/.cargo/config.toml", ON)]).as_deref(), Some("a/.cargo/config.toml:4"));
        assert_eq!(ask(&[], &[("a/b/c/.cargo/config", ON)]).as_deref(), Some("a/b/c/.cargo/config:4"));
        assert_eq!(ask(&[], &[("home/config.toml", ON)]).as_deref(), Some("home/config.toml:4"));
    }

    #[test]
    fn the_closest_file_decides() {
        assert_eq!(ask(&[], &[("a/.cargo/config.toml", ON), ("a/b/.cargo/config.toml", OFF)]), None);
        assert_eq!(ask(&[], &[("home/config.toml", ON), ("a/.cargo/config.toml", OFF)]), None);
        let silent = ("a/b/.cargo/config.toml", "[net]\nretry = 3\n");
        assert!(ask(&[], &[("a/.cargo/config.toml", ON), silent]).is_some());
    }

    #[test]
    fn the_file_without_extension_goes_first() {
        assert_eq!(ask(&[], &[("a/.cargo/config.toml", ON), ("a/.cargo/config", OFF)]), None);
    }

    #[test]
    fn cargos_variable_beats_its_files() {
        assert_eq!(ask(&[("CARGO_NET_OFFLINE", "false")], &[("a/.cargo/config.toml", ON)]), None);
    }

    #[test]
    fn broken_files_and_wrong_types_say_nothing() {
        for text in ["[net", "net = 1", "[net]\noffline = 1", "offline = true", ""] {
            assert_eq!(ask(&[], &[("a/.cargo/config.toml", text)]), None, "{text}");
        }
    }
}
