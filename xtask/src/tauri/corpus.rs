//! The corpus of configurations through the real tauri-build: each is accepted, for each system, and the programs that
//! it copies are those that we take the configuration to list.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use super::held;
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::run::{cargo, output, root};

/// The systems, each with a triple and what cargo calls it.
const SYSTEMS: [(&str, &str, &str); 3] = [
    ("linux", "x86_64-unknown-linux-gnu", "gnu"),
    ("macos", "aarch64-apple-darwin", ""),
    ("windows", "x86_64-pc-windows-msvc", "msvc"),
];

/// Where tauri-build stops on machines that cannot make resources for Windows: all else is done by then.
const LAST_STEP: &str = "Windows Resource file";

/// What every stand-in for a program begins with, so that copies are known among copied resources.
const MARK: &str = "stands in for ";

/// The commands of the plugins, as their own build scripts declare them.
const PLUGINS: [(&str, &str, &[&str]); 2] = [
    ("SHELL", "allow-open", &["execute", "kill", "open", "spawn", "stdin_write"]),
    ("HTTP", "allow-fetch", &["fetch", "fetch_cancel", "fetch_cancel_body", "fetch_read_body", "fetch_send"]),
];

/// What cargo says of the package, as far as tauri-build asks.
const PACKAGE: [(&str, &str); 8] = [
    ("CARGO_PKG_NAME", "app"),
    ("CARGO_PKG_DESCRIPTION", ""),
    ("CARGO_PKG_VERSION", "0.1.0"),
    ("CARGO_PKG_VERSION_MAJOR", "0"),
    ("CARGO_PKG_VERSION_MINOR", "1"),
    ("CARGO_PKG_VERSION_PATCH", "0"),
    ("HOST", "x86_64-unknown-linux-gnu"),
    ("PROFILE", "debug"),
];

/// What Tauri itself refuses before `sync` has been there, with its words.
const REFUSED: [(&str, &str, &str); 1] = [("json-bundle-is-null", "before", "invalid type: null")];

/// One line of `tests/fixtures/effective.txt`.
struct Case<'t> {
    name: &'t str,
    side: &'t str,
    system: &'t str,
    entries: Vec<&'t str>,
    resources: Vec<&'t str>,
}

pub(super) fn run() -> Result<()> {
    let scene = Scene::new()?;
    let written = fsx::text_of(&root().join("tests/fixtures/effective.txt")).unwrap_or_default();
    let cases: Vec<Case<'_>> = written.lines().filter_map(Case::parse).collect();
    let todo = Mutex::new(cases.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = todo.lock().ok().and_then(|mut todo| todo.next()) {
                    if let (Err(error), Ok(mut wrong)) = (scene.check(case), wrong.lock()) {
                        wrong.push(format!("{} {} {}: {error}", case.name, case.side, case.system));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_default();
    if cases.is_empty() || !wrong.is_empty() {
        let count = format!("{} of {} cases are not as written down", wrong.len(), cases.len());
        return Err(Error::new(format!("{count}\n{}", wrong.join("\n"))));
    }
    held(&format!("{} configurations are accepted, and list what we say they list", cases.len()));
    Ok(())
}

impl<'t> Case<'t> {
    /// `name side system: entry, entry | resource, resource`.
    fn parse(line: &'t str) -> Option<Self> {
        let (head, lists) = line.split_once(':').filter(|(head, _)| !head.starts_with('#'))?;
        let (entries, resources) = lists.split_once('|')?;
        let mut words = head.split(' ');
        let (name, side, system) = (words.next()?, words.next()?, words.next()?);
        let list = |text: &'t str| text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        Some(Self { name, side, system, entries: list(entries), resources: list(resources) })
    }

    /// Puts a stand-in where each program belongs, and into each directory of resources that is not there, as those of
    /// sidecars are not; tells what tauri-build must copy.
    fn fill(&self, app: &Path, triple: &str) -> Result<BTreeSet<String>> {
        let exe = if self.system == "windows" { ".exe" } else { "" };
        let mut copies = BTreeSet::new();
        for entry in &self.entries {
            let name = entry.rsplit('/').next().unwrap_or(entry);
            stand_in(&app.join(format!("{entry}-{triple}{exe}")), name)?;
            copies.insert(name.to_owned());
        }
        for directory in self.resources.iter().filter(|r| r.ends_with('/') && !app.join(r).exists()) {
            let name = format!("{directory}companion");
            stand_in(&app.join(&name), &name)?;
            copies.insert(name);
        }
        Ok(copies)
    }
}

fn stand_in(path: &Path, name: &str) -> Result<()> {
    fsx::publish(path, format!("{MARK}{name}").as_bytes(), Mode::Executable)
}

/// The program that runs tauri-build, and what it is told of plugins.
struct Scene {
    directory: PathBuf,
    runner: PathBuf,
    /// Variables that cargo would set because of the `links` of Tauri and its plugins.
    plugins: Vec<(String, PathBuf)>,
}

impl Scene {
    fn new() -> Result<Self> {
        let directory = fsx::target_dir().join("tauri-corpus");
        fsx::remove_dir_all(&directory.join("cases"))?;
        let mut plugins = vec![(
            "DEP_TAURI_CORE__CORE_PLUGIN___PERMISSION_FILES_PATH".to_owned(),
            permissions(&directory, "core", "[default]\ndescription = \"None.\"\npermissions = []\n")?,
        )];
        for (name, default, commands) in PLUGINS {
            let variable = format!("DEP_TAURI_PLUGIN_{name}_PERMISSION_FILES_PATH");
            plugins.push((variable, permissions(&directory, name, &declared(default, commands))?));
        }
        Ok(Self { runner: runner(&directory.join("runner"))?, directory, plugins })
    }

    fn check(&self, case: &Case<'_>) -> Result<()> {
        let (_, triple, abi) = SYSTEMS
            .into_iter()
            .find(|(system, ..)| *system == case.system)
            .ok_or_else(|| Error::new("unknown"))?;
        let scene = self.directory.join("cases").join(format!("{}-{}-{}", case.name, case.side, case.system));
        let app = scene.join("app");
        copy_tree(&root().join("tests/fixtures/configs").join(case.name).join(case.side), &app)?;
        fsx::publish(&app.join("Cargo.toml"), cargo_toml(&app).as_bytes(), Mode::Plain)?;
        fsx::create_dir_all(&app.join("capabilities"))?;
        let expected = case.fill(&app, triple)?;
        let out = scene.join("debug/build/app/out");
        fsx::create_dir_all(&out)?;
        let mut command = Command::new(&self.runner);
        for name in
            ["TAURI_CONFIG", "REMOVE_UNUSED_COMMANDS", "STATIC_VCRUNTIME", "TAURI_ANDROID_PROJECT_PATH"]
        {
            command.env_remove(name);
        }
        command
            .current_dir(&app)
            .envs(self.plugins.iter().map(|(name, path)| (name, path)))
            .env("CARGO_MANIFEST_DIR", &app)
            .envs(PACKAGE)
            .env("CARGO_CFG_TARGET_OS", case.system)
            .env("CARGO_CFG_TARGET_ARCH", triple.split('-').next().unwrap_or_default())
            .env("CARGO_CFG_TARGET_ENV", abi)
            .env("DEP_TAURI_DEV", "true")
            .env("OUT_DIR", &out)
            .env("TARGET", triple);
        let done = output("tauri-build", &mut command).map(drop);
        let says = |words: &str| done.as_ref().is_err_and(|error| error.to_string().contains(words));
        if let Some((.., words)) =
            REFUSED.iter().find(|(name, side, _)| (*name, *side) == (case.name, case.side))
        {
            return if says(words) { Ok(()) } else { Err(Error::new("tauri-build takes it now")) };
        }
        if case.system != "windows" || !says(LAST_STEP) {
            done?;
        }
        same(&expected, &copied(&scene.join("debug")))
    }
}

/// The manifest of a case's package. tauri-build refuses features of `tauri` that the configuration does not ask for,
/// and the lack of those that it does.
fn cargo_toml(app: &Path) -> String {
    let texts = fsx::entries(app).into_iter().filter_map(|path| fsx::text_of(&path));
    let asks = texts.into_iter().any(|text| text.contains("assetProtocol"));
    let features = if asks { "\"protocol-asset\"" } else { "" };
    format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\n\n[dependencies]\ntauri = {{ version = \"2\", features = [{features}] }}\n"
    )
}

/// Whether what was copied is what had to be.
fn same(expected: &BTreeSet<String>, copied: &BTreeSet<String>) -> Result<()> {
    if expected == copied {
        return Ok(());
    }
    Err(Error::new(format!("tauri-build copies {copied:?}, and we say {expected:?}")))
}

/// The stand-ins in a directory of cargo and below it, by the names that they were given.
fn copied(directory: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for path in fsx::entries(directory) {
        if path.is_dir() {
            out.extend(copied(&path));
        } else if let Some(name) =
            fsx::text_of(&path).and_then(|text| text.strip_prefix(MARK).map(str::to_owned))
        {
            out.insert(name);
        }
    }
    out
}

/// Builds the program that calls tauri-build; what was compiled before is kept.
fn runner(directory: &Path) -> Result<PathBuf> {
    let files = [
        ("Cargo.toml", include_str!("../../tauri-build-runner/Cargo.toml.in")),
        ("src/main.rs", include_str!("../../tauri-build-runner/main.rs")),
    ];
    for (path, text) in files {
        let path = directory.join(path);
        if fsx::text_of(&path).as_deref() != Some(text) {
            fsx::publish(&path, text.as_bytes(), Mode::Plain)?;
        }
    }
    let mut command = cargo(&["build", "--quiet"]);
    command.current_dir(directory).env("CARGO_TARGET_DIR", directory.join("target"));
    output("building a program with tauri-build", &mut command)?;
    Ok(directory.join(format!("target/debug/tauri-build-runner{}", std::env::consts::EXE_SUFFIX)))
}

/// Writes the permissions of a plugin as its build script would; tells the list's path.
fn permissions(directory: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let directory = directory.join("permissions").join(name);
    fsx::publish(&directory.join("all.toml"), text.as_bytes(), Mode::Plain)?;
    let list = directory.join("permission-files");
    // Relative entries are relative to the list.
    fsx::publish(&list, br#"["all.toml"]"#, Mode::Plain)?;
    Ok(list)
}

/// A permission to allow and one to deny each command.
fn declared(default: &str, commands: &[&str]) -> String {
    let mut out = format!("[default]\ndescription = \"The default.\"\npermissions = [\"{default}\"]\n");
    for command in commands {
        for verb in ["allow", "deny"] {
            let identifier = command.replace('_', "-");
            let _ = write!(
                out,
                "\n[[permission]]\nidentifier = \"{verb}-{identifier}\"\ndescription = \"\"\ncommands.{verb} = [\"{command}\"]\n"
            );
        }
    }
    out
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fsx::create_dir_all(to)?;
    for path in fsx::entries(from) {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            fsx::copy(&path, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_case() {
        let case = Case::parse("clash before linux: ./sidecar/x, binaries/y | data/model.bin").unwrap();
        assert_eq!((case.name, case.side, case.system), ("clash", "before", "linux"));
        assert_eq!(
            (case.entries, case.resources),
            (vec!["./sidecar/x", "binaries/y"], vec!["data/model.bin"])
        );
        assert!(Case::parse("none after macos:  | ").unwrap().entries.is_empty());
        assert!(Case::parse("# case, side, system: entries | resources").is_none());
    }

    #[test]
    fn stand_ins_are_where_tauri_build_looks_and_known_again() {
        let dir = tempfile::tempdir().unwrap();
        let case = Case::parse("tree after windows: ./binaries/x | binaries/y/, data/model.bin").unwrap();
        let expected = case.fill(dir.path(), "x86_64-pc-windows-msvc").unwrap();
        assert_eq!(expected, BTreeSet::from(["x".to_owned(), "binaries/y/companion".to_owned()]));
        assert!(dir.path().join("binaries/x-x86_64-pc-windows-msvc.exe").is_file());
        fsx::publish(&dir.path().join("data/model.bin"), b"data", Mode::Plain).unwrap();
        same(&expected, &copied(dir.path())).unwrap();
        let error = same(&BTreeSet::new(), &copied(dir.path())).unwrap_err().to_string();
        assert!(error.contains("tauri-build copies") && error.contains("companion"), "{error}");
    }

    #[test]
    fn each_command_can_be_allowed_and_denied() {
        let text = declared("allow-open", &["open", "stdin_write"]);
        assert_eq!(text.matches("[[permission]]").count(), 4);
        assert!(text.contains("identifier = \"deny-stdin-write\"") && text.contains("[\"stdin_write\"]"));
    }
}
