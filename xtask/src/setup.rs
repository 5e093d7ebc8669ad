//! Debian's packages: which are missing, and how they are installed.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::fsx;

/// A file that shows that a package is installed, and the package.
pub(crate) type Tool = (&'static str, &'static str);

/// The packages of the tools that this machine does not have.
pub(crate) fn missing(tools: &[Tool]) -> Vec<&'static str> {
    tools.iter().filter(|(file, _)| !Path::new(file).exists()).map(|(_, package)| *package).collect()
}

/// Installs packages by apt-get, and says how many and how long it took. The error is one line.
pub(crate) fn install(mut packages: Vec<&'static str>) -> Result<()> {
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        println!("setup: nothing is missing");
        return Ok(());
    }
    let start = Instant::now();
    // Lists may be stale, or absent; where they cannot be renewed, those that are there may do.
    if let Err(error) = apt_get(&["update", "-qq"]) {
        println!("setup: {error}");
    }
    apt_get(&[&["install", "-y", "-qq", "--no-install-recommends"], &packages[..]].concat())?;
    println!("setup: {} packages, {} s", packages.len(), start.elapsed().as_secs());
    Ok(())
}

/// The same where it is no failure of the code that there is no network: what cannot run for it is told where it would
/// have run.
pub(crate) fn try_install(packages: Vec<&'static str>) {
    if let Err(error) = install(packages) {
        println!("setup: {error}");
    }
}

fn apt_get(words: &[&str]) -> Result<()> {
    let what = format!("apt-get {}", words.join(" "));
    let mut command = as_root();
    // Without a network it would try every address for minutes.
    command.args(["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20"]).args(words);
    let program = command.get_program().display().to_string();
    let done = command.output();
    let done =
        done.map_err(|_| Error::new(format!("{what}: {program} is not here; install the packages by hand")))?;
    if done.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    let is_cause = |line: &&str| ["E: ", "sudo: ", "env: "].iter().any(|who| line.starts_with(who));
    let cause = text.lines().find(is_cause).unwrap_or("it says nothing");
    Err(Error::new(format!("{what} failed ({}): {cause}", done.status)))
}

/// `apt-get`; through sudo for everybody but root, where that asks for no password, as on hosted runners.
fn as_root() -> Command {
    const QUIETLY: &str = "DEBIAN_FRONTEND";
    if fsx::text_of(Path::new("/proc/self/status")).is_some_and(|status| is_root(&status)) {
        let mut command = Command::new("apt-get");
        command.env(QUIETLY, "noninteractive");
        return command;
    }
    let mut command = Command::new("sudo");
    command.args(["-n", "env", &format!("{QUIETLY}=noninteractive"), "apt-get"]);
    command
}

/// Whether the effective user of a process is root, by what the kernel tells of it.
fn is_root(status: &str) -> bool {
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    ids.split_whitespace().nth(1) == Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_whose_file_is_not_there_are_missing() {
        assert_eq!(missing(&[(env!("CARGO_MANIFEST_DIR"), "here"), ("/nowhere/at/all", "gone")]), ["gone"]);
    }

    #[test]
    fn root_is_known_by_the_effective_user() {
        assert!(is_root("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t1000\t1000\n"));
        assert!(!is_root("Name:\tx\nUid:\t0\t1000\t0\t0\nGid:\t0\t0\n"));
        assert!(!is_root(""));
    }
}
