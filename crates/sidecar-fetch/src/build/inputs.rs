//! Nothing to do, in no time: a run that finds all as an earlier one left it says what that one said.
//!
//! What a run depends on are a few variables and small files. Their bytes are kept in `OUT_DIR` beside what the run
//! said, and compared as bytes: no hashing, no TOML, in a script that runs unoptimised. Anything else than equality
//! leads to the normal road.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::script::{Lines, Script};
use crate::config::{Format, Platform, capability};
use crate::install::Identity;
use crate::{cargo_config, env, fsx};

/// Variables that a run may depend on, besides `CARGO_FEATURE_…` and `SIDECAR_<NAME>_PATH`.
const VARIABLES: [&str; 21] = [
    env::ALLOW_LOCAL,
    env::CACHE_DIR,
    env::CARGO_BUILD_BUILD_DIR,
    env::CARGO_BUILD_TARGET_DIR,
    env::CARGO_HOME,
    env::CARGO_MANIFEST_DIR,
    env::CARGO_NET_OFFLINE,
    env::CARGO_PKG_NAME,
    env::CARGO_TARGET_DIR,
    env::CI,
    env::DEP_HTTP,
    env::DEP_SHELL,
    env::DEP_TAURI_DEV,
    env::DOCS_RS,
    env::LOCKED,
    env::OFFLINE,
    env::OUT_DIR,
    env::PLACEHOLDER,
    env::PROFILE,
    env::TARGET,
    env::TAURI_CONFIG,
];

/// What a file begins with that this version wrote. The number behind it is raised when a build says something else than
/// before within one version: from a checkout that is kept, or while it is developed.
const HEAD: &str = concat!("sidecar-fetch ", env!("CARGO_PKG_VERSION"), " 2\n");

/// Everything that a run depends on, as bytes.
#[derive(Debug)]
pub(super) struct Inputs {
    bytes: Vec<u8>,
    record: PathBuf,
}

/// How a run ended, as far as a later one must do the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Files that the run vouches for.
    pub(super) files: Vec<PathBuf>,
    /// Where tauri-build copies to: old copies that are running have to make way, again and again.
    pub(super) copies: Vec<PathBuf>,
    /// What `TAURI_CONFIG` was set to.
    pub(super) tauri_config: Option<String>,
    /// Whether something stood in for a sidecar: such a run is never said again.
    pub(super) stood_in: bool,
}

impl Inputs {
    /// Reads everything once. What cannot be read counts as not there: the normal road will say why.
    pub(super) fn gather(script: &Script) -> Self {
        let is_local = |name: &str| name.starts_with("SIDECAR_") && name.ends_with("_PATH");
        let matters =
            |name: &str| VARIABLES.contains(&name) || name.starts_with("CARGO_FEATURE_") || is_local(name);
        let mut bytes = Vec::new();
        for (name, value) in env::all(matters) {
            put(&mut bytes, &name, Some(value.as_encoded_bytes()));
        }
        for name in files(script) {
            put(&mut bytes, &name, fsx::bytes_of(&script.app.join(&name)).as_deref());
        }
        // They may hold tokens, which are not to be copied: their identity stands for them.
        for path in cargo_config::files(&script.app, cargo_config::home().as_deref()) {
            put(&mut bytes, &path.to_string_lossy(), identity(&path).as_ref().map(String::as_bytes));
        }
        Self { bytes, record: script.out.join("sidecar.run") }
    }

    /// What an earlier run said and how it ended, where nothing that it depended on has changed since, and none of the
    /// files that it vouched for.
    pub(super) fn unchanged(&self) -> Option<(Lines, Done)> {
        let record = fsx::bytes_of(&self.record)?;
        let rest = record.strip_prefix(HEAD.as_bytes())?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        if u64::from_le_bytes(*length) != self.bytes.len() as u64 {
            return None;
        }
        let rest = rest.strip_prefix(self.bytes.as_slice())?;
        let (mut text, mut done) = (std::str::from_utf8(rest).ok()?, Done::default());
        loop {
            let (line, rest) = text.split_once('\n')?;
            text = rest;
            let (word, value) = line.split_once(' ')?;
            match word {
                "file" => {
                    let (path, known) = value.rsplit_once('\t')?;
                    let path = PathBuf::from(path);
                    if identity(&path)? != known {
                        return None;
                    }
                    done.files.push(path);
                }
                "copy" => done.copies.push(PathBuf::from(value)),
                "tauri-config" => done.tauri_config = Some(value.to_owned()),
                "lines" => return Some((Lines::again(text.to_owned()), done)),
                _ => return None,
            }
        }
    }

    /// Keeps what a run said and how it ended. A run that cannot be said again leaves no record; to lose one costs time,
    /// never correctness.
    pub(super) fn keep(&self, lines: &Lines, done: &Done) {
        let kept = (!done.stood_in).then(|| self.record_of(lines, done)).flatten();
        let _ = match kept {
            Some(record) => fsx::write_atomic(&self.record, record),
            None => fsx::remove_file(&self.record),
        };
    }

    fn record_of(&self, lines: &Lines, done: &Done) -> Option<Vec<u8>> {
        let mut text = String::new();
        let one_line =
            |path: &Path| path.to_str().filter(|path| !path.contains(['\n', '\t'])).map(str::to_owned);
        for path in &done.files {
            let _ = writeln!(text, "file {}\t{}", one_line(path)?, identity(path)?);
        }
        for path in &done.copies {
            let _ = writeln!(text, "copy {}", one_line(path)?);
        }
        if let Some(json) = &done.tauri_config {
            let _ = writeln!(text, "tauri-config {json}");
        }
        text.push_str("lines \n");
        text.push_str(lines.text());
        let length = (self.bytes.len() as u64).to_le_bytes();
        Some([HEAD.as_bytes(), &length, &self.bytes, text.as_bytes()].concat())
    }
}

/// Names of the files in the app directory that a run depends on, whether they exist or not. Overlays of other desktops
/// count as well: names in the capability file are spelled as there.
pub(super) fn files(script: &Script) -> Vec<String> {
    let own = ["Cargo.toml", crate::manifest::FILE, crate::lock::FILE, capability::FILE].map(str::to_owned);
    let here = Platform::of(&script.target);
    let platforms = Platform::DESKTOP.into_iter().chain((!here.is_desktop()).then_some(here));
    let kinds: Vec<_> = std::iter::once(None).chain(platforms.map(Some)).collect();
    let configs =
        Format::ALL.into_iter().flat_map(|format| kinds.iter().map(move |kind| format.file_name(*kind)));
    own.into_iter().chain(configs).collect()
}

/// Who a file is: whatever changes its bytes or its mode changes this.
fn identity(path: &Path) -> Option<String> {
    let found = fsx::metadata(path).ok().flatten()?;
    Some(Identity::of(&found).to_string())
}

/// A name and its value, so that no two lists of them give the same bytes.
fn put(out: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    let length = |text: &[u8]| (text.len() as u64).to_le_bytes();
    out.extend(length(name.as_bytes()));
    out.extend_from_slice(name.as_bytes());
    out.extend(value.map_or(u64::MAX.to_le_bytes(), length));
    out.extend_from_slice(value.unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        dir: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Self {
            let scene = Self { dir: tempfile::tempdir().unwrap() };
            fsx::write_atomic(&scene.file(), "installed").unwrap();
            scene
        }

        fn file(&self) -> PathBuf {
            self.dir.path().join("a file")
        }

        fn inputs(&self, bytes: &[u8]) -> Inputs {
            Inputs { bytes: bytes.to_vec(), record: self.dir.path().join("record") }
        }

        fn done(&self) -> Done {
            Done {
                files: vec![self.file()],
                copies: vec!["/target/debug/a b.exe".into()],
                tauri_config: Some("{\"a\": 1}".to_owned()),
                stood_in: false,
            }
        }
    }

    fn lines() -> Lines {
        let mut lines = Lines::default();
        lines.warning("one");
        lines.rustc_env("A", "b c");
        lines
    }

    #[test]
    fn equal_inputs_and_files_give_the_same_again() {
        let scene = Scene::new();
        assert_eq!(scene.inputs(b"x").unchanged(), None, "there was no run");
        scene.inputs(b"x").keep(&lines(), &scene.done());
        assert_eq!(scene.inputs(b"x").unchanged(), Some((lines(), scene.done())));
    }

    #[test]
    fn other_inputs_other_files_and_damage_do_not() {
        let scene = Scene::new();
        let inputs = scene.inputs(b"input");
        inputs.keep(&lines(), &scene.done());
        for other in [&b"inpuT"[..], b"inpu", b"input2", b""] {
            assert_eq!(scene.inputs(other).unchanged(), None);
        }
        let whole = fsx::read(&inputs.record).unwrap();
        for cut in 0..whole.len() - lines().text().len() {
            std::io::Write::write_all(&mut fsx::create(&inputs.record).unwrap(), &whole[..cut]).unwrap();
            assert_eq!(inputs.unchanged(), None, "cut at {cut}");
        }
        inputs.keep(&lines(), &scene.done());
        assert!(inputs.unchanged().is_some());
        fsx::write_atomic(&scene.file(), "instALLED").unwrap();
        assert_eq!(inputs.unchanged(), None, "the file changed");
        fsx::remove_file(&scene.file()).unwrap();
        assert_eq!(inputs.unchanged(), None, "the file is gone");
    }

    #[test]
    fn a_run_with_a_stand_in_or_a_missing_file_leaves_no_record() {
        let scene = Scene::new();
        let inputs = scene.inputs(b"x");
        for done in [
            Done { stood_in: true, ..scene.done() },
            Done { files: vec!["/no/such".into()], ..Done::default() },
            Done { copies: vec!["a\nb".into()], ..Done::default() },
        ] {
            inputs.keep(&lines(), &scene.done());
            inputs.keep(&lines(), &done);
            assert_eq!(inputs.unchanged(), None, "{done:?}");
        }
    }

    #[test]
    fn no_two_lists_give_the_same_bytes() {
        let all = |list: &[(&str, Option<&str>)]| {
            let mut out = Vec::new();
            for (name, value) in list {
                put(&mut out, name, value.map(str::as_bytes));
            }
            out
        };
        assert_ne!(all(&[("a", Some("b"))]), all(&[("ab", Some(""))]));
        assert_ne!(all(&[("a", None)]), all(&[("a", Some(""))]));
        assert_ne!(all(&[("a", Some("b")), ("c", None)]), all(&[("a", Some("bc"))]));
    }
}
