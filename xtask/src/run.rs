//! Running other programs.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use crate::env;
use crate::error::{Error, Result};

/// The top of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// `cargo` at the top of the workspace.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env::text("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    command.args(args).current_dir(root());
    command
}

/// The packages of the workspace, as cargo tells of them.
pub(crate) fn metadata() -> Result<Value> {
    let mut command = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    let (text, _) = output("cargo metadata", &mut command)?;
    serde_json::from_str(&text).map_err(Error::because("cargo metadata"))
}

/// What did not run, and why: told where it would have run, and once more at the end.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    lines: Vec<String>,
}

impl LeftOut {
    /// Says in one line what is left out.
    pub(crate) fn note(&mut self, what: &str, why: impl Display) {
        println!("\n== {what}: left out: {why}");
        self.lines.push(format!("did not run: {what}: {why}\n"));
    }

    /// The same, unless it must run: then it is an error.
    pub(crate) fn unless(&mut self, required: bool, what: &str, why: impl Display) -> Result<()> {
        if required {
            return Err(Error::new(format!("{what}: {why}")));
        }
        self.note(what, why);
        Ok(())
    }

    /// All of it, one a line.
    pub(crate) fn text(&self) -> String {
        self.lines.concat()
    }
}

/// Runs a step that shows its own output; the line above it says what runs, the one below how long it took.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    println!("\n== {name}");
    let start = Instant::now();
    let status = command.status().map_err(Error::because(format!("{name}: cannot run {command:?}")))?;
    println!("== {name}: {:.1} s", start.elapsed().as_secs_f32());
    if status.success() { Ok(()) } else { Err(Error::new(format!("{name} failed ({status})"))) }
}

/// Runs a program that must succeed, and returns what it printed: stdout, then stderr.
pub(crate) fn output(what: &str, command: &mut Command) -> Result<(String, String)> {
    let output = command.output().map_err(Error::because(format!("{what}: cannot run {command:?}")))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    if output.status.success() {
        return Ok((out, err));
    }
    Err(Error::new(format!("{what} failed ({})\n{out}{err}", output.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_listed_and_an_error_where_it_is_required() {
        let mut left_out = LeftOut::default();
        left_out.note("the window", "install xvfb");
        left_out.unless(false, "the package", "install Node.js").unwrap();
        let error = left_out.unless(true, "the plugin", "install GTK").unwrap_err();
        assert_eq!(error.to_string(), "the plugin: install GTK");
        let expected = "did not run: the window: install xvfb\ndid not run: the package: install Node.js\n";
        assert_eq!(left_out.text(), expected);
    }
}
