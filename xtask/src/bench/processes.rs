//! The program that starts others in every way that is compared: a package of its own, so that no ordinary build has what
//! it compares with.

use std::path::PathBuf;
use std::process::Command;

use super::Bench;
use super::scene;
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::run::{cargo, output, root};

/// What it measured: words with a number each, in its order.
#[derive(Debug)]
pub(super) struct Told(Vec<(String, f64)>);

/// Builds the program, optimised as an app that is shipped.
pub(super) fn program(bench: &Bench) -> Result<PathBuf> {
    let dir = bench.dir.join("processes");
    let crates = root().join("crates").display().to_string();
    let manifest = include_str!("../../process-bench/Cargo.toml.in").replace("{crates}", &crates);
    let main = include_str!("../../process-bench/main.rs");
    for (name, text) in [("Cargo.toml", manifest.as_str()), ("src/main.rs", main)] {
        let path = dir.join(name);
        if fsx::text_of(&path).as_deref() != Some(text) {
            fsx::publish(&path, text.as_bytes(), Mode::Plain)?;
        }
    }
    scene::run(
        cargo(&["build", "--quiet", "--release"])
            .current_dir(&dir)
            .env("CARGO_TARGET_DIR", dir.join("target")),
    )?;
    Ok(dir.join("target/release").join(format!("process-bench{}", std::env::consts::EXE_SUFFIX)))
}

/// Runs one of its measurements.
pub(super) fn run(bench: &Bench, args: &[&str]) -> Result<Told> {
    let (out, _) = output("process-bench", Command::new(program(bench)?).args(args))?;
    Told::read(&out)
}

impl Told {
    pub(super) fn read(text: &str) -> Result<Self> {
        let line = |line: &str| {
            let (word, number) = line.rsplit_once(' ')?;
            Some((word.to_owned(), number.parse().ok()?))
        };
        let lines: Option<Vec<_>> = text.lines().map(line).collect();
        lines.map(Self).ok_or_else(|| Error::new(format!("process-bench told no numbers:\n{text}")))
    }

    /// Every number behind this word.
    pub(super) fn all(&self, word: &str) -> impl Iterator<Item = f64> {
        self.0.iter().filter(move |(told, _)| told == word).map(|(_, number)| *number)
    }

    /// The one number behind this word; none is no number.
    pub(super) fn one(&self, word: &str) -> f64 {
        self.all(word).next().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_numbers() {
        let told = Told::read("plain 100\nkeeper 3\nplain 200\n").unwrap();
        assert_eq!(told.all("plain").collect::<Vec<_>>(), [100.0, 200.0]);
        assert!(told.one("keeper") > 2.0 && told.one("gone").is_nan());
        assert!(Told::read("plain\n").is_err() && Told::read("plain x\n").is_err());
    }
}
