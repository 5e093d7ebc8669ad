//! Compiling for another system.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::setup;
use crate::desktop;
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::run::root;

/// A test program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Test {
    /// The directory of its package, its own name, and its kind: several packages may have one that is called alike.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Where cargo would run it: the directory of its package.
    pub(super) directory: PathBuf,
}

/// What a build for a target made.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) warnings: usize,
    pub(super) tests: Vec<Test>,
    /// The programs that users get: name, then bytes.
    pub(super) programs: Vec<(String, u64)>,
}

/// Compiler output for other systems, kept apart from the host's.
pub(super) fn target_dir() -> PathBuf {
    fsx::target_dir().join("cross")
}

/// A set of crates that are built together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crates {
    /// The workspace, but for this task's own and what needs a webview.
    Plain,
    /// What needs a webview.
    Desktop,
}

impl Crates {
    /// As cargo is told of them.
    fn words(self) -> Result<Vec<String>> {
        let desktop = desktop::crates()?;
        Ok(match self {
            Self::Plain => {
                let excluded = desktop.into_iter().chain(["xtask".to_owned()]);
                let excluded = excluded.flat_map(|name| ["--exclude".to_owned(), name]);
                std::iter::once("--workspace".to_owned()).chain(excluded).collect()
            }
            Self::Desktop => desktop.into_iter().flat_map(|name| ["--package".to_owned(), name]).collect(),
        })
    }
}

/// Builds every test and program of these crates.
pub(super) fn tests(triple: &str, crates: Crates) -> Result<Built> {
    let mut command = told("test", triple, crates)?;
    command.arg("--no-run");
    messages(&mut command, triple)
}

/// Type-checks everything of these crates, with clippy's lints.
pub(super) fn check(triple: &str, crates: Crates) -> Result<usize> {
    let mut command = told("clippy", triple, crates)?;
    command.arg("--all-targets");
    messages(&mut command, triple).map(|built| built.warnings)
}

/// A build that tells of itself as JSON.
fn told(subcommand: &str, triple: &str, crates: Crates) -> Result<Command> {
    let mut command = cargo(subcommand, triple);
    command
        .args(crates.words()?)
        .args(["--message-format", "json"])
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_TEST_DEBUG", "0");
    Ok(command)
}

/// Debian's cargo and compiler for a target, with the standard library built along.
pub(super) fn cargo(subcommand: &str, triple: &str) -> Command {
    // cargo would look for its clippy beside rustup's programs first.
    let program = if subcommand == "clippy" { setup::CLIPPY } else { setup::CARGO };
    let mut command = Command::new(program);
    let library = match subcommand {
        "build" => "-Zbuild-std=std,panic_unwind,panic_abort",
        _ => "-Zbuild-std=std,panic_unwind,panic_abort,test",
    };
    let key = triple.to_uppercase().replace('-', "_");
    command
        .args([subcommand, "--target", triple, library])
        .current_dir(root())
        .env("RUSTC", setup::RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", target_dir())
        .env("PATH", "/usr/bin:/bin")
        .env("CARGO", setup::CARGO);
    for (name, value) in toolchain(triple) {
        command.env(name.replace("{}", &key), value.clone());
        command.env(name.replace("{}", &triple.replace('-', "_")), value);
    }
    command
}

/// The C compiler, archiver and linker for a target, as cargo and the `cc` crate are told of them.
fn toolchain(triple: &str) -> Vec<(&'static str, String)> {
    let gcc = |gcc: &str, ar: &str| {
        vec![("CARGO_TARGET_{}_LINKER", gcc.to_owned()), ("CC_{}", gcc.to_owned()), ("AR_{}", ar.to_owned())]
    };
    if triple.contains("windows") {
        gcc(setup::MINGW, "x86_64-w64-mingw32-ar")
    } else if triple.contains("apple") {
        // Nothing is linked: an empty object does for what would be C.
        let stand_in = target_dir().join("stand-in-cc").display().to_string();
        vec![("CC_{}", stand_in), ("AR_{}", "true".to_owned())]
    } else {
        gcc(setup::ARM64_GCC, "aarch64-linux-gnu-ar")
    }
}

/// A C compiler that writes an empty file for every `-o`.
const STAND_IN: &str = "#!/bin/sh
while [ $# -gt 0 ]; do
    if [ \"$1\" = -o ]; then : > \"$2\"; fi
    shift
done
";

/// Runs cargo and reads what it says of artifacts and warnings; other people's crates do not count.
fn messages(command: &mut Command, triple: &str) -> Result<Built> {
    fsx::publish(&target_dir().join("stand-in-cc"), STAND_IN.as_bytes(), Mode::Executable)?;
    let child = command.stdout(Stdio::piped()).spawn().map_err(Error::because("cargo cannot be run"))?;
    let output = child.wait_with_output().map_err(Error::because("cargo cannot be read"))?;
    let mut built = Built::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        read(&message, &mut built);
    }
    if output.status.success() {
        println!("{triple}: {} test programs, {} warnings", built.tests.len(), built.warnings);
        Ok(built)
    } else {
        Err(Error::new(format!("the build for {triple} failed ({})", output.status)))
    }
}

fn read(message: &Value, built: &mut Built) {
    let own = message["manifest_path"].as_str().is_some_and(|path| Path::new(path).starts_with(root()));
    if message["reason"] == "compiler-message" {
        let (level, text) = (&message["message"]["level"], &message["message"]["rendered"]);
        let counts = own && level == "warning";
        built.warnings += usize::from(counts);
        if counts || level == "error" {
            println!("{}", text.as_str().unwrap_or_default());
        }
    }
    let Some(path) = message["executable"].as_str().map(PathBuf::from) else { return };
    let target = &message["target"];
    let name = target["name"].as_str().unwrap_or_default().to_owned();
    let kind = target["kind"][0].as_str().unwrap_or_default().to_owned();
    if message["profile"]["test"] == true {
        let directory = message["manifest_path"].as_str().map(Path::new).and_then(Path::parent);
        let directory = directory.map_or_else(root, Path::to_owned);
        let package = directory.file_name().unwrap_or_default().display().to_string();
        built.tests.push(Test { name: format!("{package}: {name} ({kind})"), path, directory });
    } else if name == "cargo-sidecar" || (name == "keep" && kind == "example") {
        let size = std::path::Path::new(&path).metadata().map_or(0, |m| m.len());
        // Its example is the smallest program that has a keeper.
        let name = if name == "keep" { "sidecar-keeper's `keep`" } else { name.as_str() };
        built.programs.push((format!("{name} (debug build, no debug information)"), size));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_but_this_is_in_one_of_the_sets() {
        let (plain, desktop) = (Crates::Plain.words().unwrap(), Crates::Desktop.words().unwrap());
        let plugin = "tauri-plugin-sidecar".to_owned();
        assert_eq!(plain[0], "--workspace");
        assert!(plain.ends_with(&["--exclude".to_owned(), "xtask".to_owned()]) && plain.contains(&plugin));
        assert!(desktop.contains(&plugin) && !desktop.contains(&"--workspace".to_owned()));
    }

    #[test]
    fn tests_programs_and_own_warnings_are_told_apart() {
        let own = root().join("crates/x/Cargo.toml").display().to_string();
        let mut built = Built::default();
        for message in [
            serde_json::json!({ "reason": "compiler-message", "manifest_path": own, "message": { "level": "warning" } }),
            serde_json::json!({ "reason": "compiler-message", "manifest_path": "/elsewhere", "message": { "level": "warning" } }),
            serde_json::json!({ "reason": "compiler-artifact", "manifest_path": own, "executable": "/t/a.exe", "profile": { "test": true }, "target": { "name": "a", "kind": ["lib"] } }),
            serde_json::json!({ "reason": "compiler-artifact", "executable": null, "profile": { "test": true }, "target": { "name": "b", "kind": ["lib"] } }),
            serde_json::json!({ "reason": "compiler-artifact", "executable": "/t/cargo-sidecar.exe", "profile": { "test": false }, "target": { "name": "cargo-sidecar", "kind": ["bin"] } }),
        ] {
            read(&message, &mut built);
        }
        assert_eq!(built.warnings, 1);
        let expected = Test {
            name: "x: a (lib)".to_owned(),
            path: "/t/a.exe".into(),
            directory: root().join("crates/x"),
        };
        assert_eq!(built.tests, [expected]);
        assert_eq!(built.programs.len(), 1);
    }
}
