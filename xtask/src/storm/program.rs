//! Building the test programs, and running a case of one.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::plan::{Case, Program};
use super::told::{self, Told};
use crate::error::{Error, Result};
use crate::run::{cargo, output};

/// The test programs, optimised as what users get.
#[derive(Debug)]
pub(super) struct Programs {
    keeper: PathBuf,
    supervisor: PathBuf,
}

/// What came of a case.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) told: Vec<Told>,
    /// Why it failed, in its own words.
    pub(super) failure: Option<String>,
}

pub(super) fn build() -> Result<Programs> {
    Ok(Programs { keeper: storm_of("sidecar-keeper")?, supervisor: storm_of("sidecar-tests")? })
}

/// The test program `storm` of a package.
fn storm_of(package: &str) -> Result<PathBuf> {
    let args = ["test", "--quiet", "--release", "--no-run", "--message-format", "json", "--test", "storm"];
    let (messages, _) = output("cargo test --no-run", cargo(&args).args(["--package", package]))?;
    executable(&messages)
        .ok_or_else(|| Error::new(format!("cargo does not tell where the storm of {package} is")))
}

/// The test program out of cargo's messages.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut storms = messages.filter(|message| message["target"]["name"] == "storm");
    storms.find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
}

/// Runs a case; what it says is shown as it comes.
pub(super) fn run(programs: &Programs, case: &Case, rounds: Option<u32>, seed: u64) -> Result<Outcome> {
    let path = match case.program {
        Program::Keeper => &programs.keeper,
        Program::Supervisor => &programs.supervisor,
    };
    let mut command = Command::new(path);
    command.arg(case.name).arg(format!("--seed={seed}"));
    command.args(rounds.map(|rounds| format!("--rounds={rounds}")));
    let failed = |error: std::io::Error| Error::because(format!("cannot run {}", path.display()))(error);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let errors = child.stderr.take().map(|mut stderr| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    });
    let mut told = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        let line = line.map_err(Error::because("a case cannot be read"))?;
        if !line.starts_with("case ") && !line.starts_with("storm: ") {
            println!("{line}");
        }
        told.extend(told::read(&line));
    }
    let status = child.wait().map_err(Error::because("a case cannot be waited for"))?;
    let errors = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
    let failure = (!status.success()).then(|| format!("{status}\n{errors}"));
    if let Some(failure) = &failure {
        println!("FAILED: {failure}");
    }
    Ok(Outcome { told, failure })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_that_of_the_storm() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"misbehave"},"executable":"/t/misbehave"}
no json
{"reason":"compiler-artifact","target":{"name":"storm"},"executable":"/t/storm-1"}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/storm-1")));
        assert_eq!(executable("{}"), None);
    }
}
