//! `cargo xtask bench [NAME…]`: how fast, how small and how robust, each figure beside its aim.
//!
//! What is compared is measured in one run and in turns: machines are noisy, and differ.

mod build;
mod choose;
mod corpus;
mod cost;
mod drift;
pub(crate) mod figure;
mod keeper;
mod memory;
mod output;
mod processes;
mod scene;
mod script;
mod spawn;
mod steps;
mod storm;
mod sync;
mod unchanged;
mod usage;
mod warm;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::run::cargo;
use figure::{Figure, Verdict, aligned, markdown};

/// What measurements work with.
#[derive(Debug)]
struct Bench {
    /// Where everything is kept: `bench` in the target directory.
    dir: PathBuf,
    /// The release build of the subcommand.
    cargo_sidecar: PathBuf,
}

/// A name, what it measures, and how.
type Measurement = (&'static str, &'static str, fn(&Bench) -> Result<Vec<Figure>>);

const MEASUREMENTS: [Measurement; 13] = [
    ("sync", "cold sync of 20 sidecars of 5-60 MB, beside curl + sha256sum + tar", sync::measure),
    ("build", "the same by build() in an unoptimised build script", build::measure),
    ("steps", "build() of one 60 MB sidecar at opt-level 0, by form", steps::measure),
    ("warm", "sync of 20 sidecars x 5 targets that installs and patches nothing", warm::measure),
    ("unchanged", "build() with nothing to do, at opt-level 0", unchanged::measure),
    ("drift", "build() that compares Tauri's configuration, at opt-level 0", drift::measure),
    ("memory", "most memory of a cold sync of one 300 MB program", memory::measure),
    ("cost", "what sidecar-fetch adds to a cold build with tauri-build", cost::measure),
    ("choose", "choosing the asset of a release, on one core", choose::measure),
    ("spawn", "starting a program through a keeper, plainly, and by what others offer", spawn::measure),
    ("keeper", "a keeper's memory, and how often it is woken", keeper::measure),
    ("output", "what a sidecar writes while nobody reads it", output::measure),
    ("storm", "16 processes at once, and 200 that are killed", storm::measure),
];

/// Set for the process that measures: it is optimised and its environment has no settings of the user.
const PREPARED: &str = "SIDECAR_BENCH_PREPARED";

/// Variables that would change what is measured.
const SETTINGS: [&str; 17] = [
    "ALL_PROXY",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_NET_OFFLINE",
    "CI",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "SIDECAR_LOCKED",
    "SIDECAR_OFFLINE",
    "TAURI_ENV_TARGET_TRIPLE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
];

/// Runs the measurements of these names; without names, all.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| MEASUREMENTS.iter().all(|(known, ..)| known != *name)) {
        let known: Vec<String> =
            MEASUREMENTS.iter().map(|(name, about, _)| format!("  {name:<10} {about}")).collect();
        return Err(Error::new(format!("`{unknown}` is not a measurement\n\n{}", known.join("\n"))));
    }
    let dir = fsx::target_dir().join("bench");
    if crate::env::text(PREPARED).is_none() {
        return prepared(names, &dir);
    }
    let name = format!("cargo-sidecar{}", std::env::consts::EXE_SUFFIX);
    let bench = Bench { dir, cargo_sidecar: fsx::target_dir().join("release").join(name) };
    let chosen = MEASUREMENTS.iter().filter(|(name, ..)| names.is_empty() || names.contains(name));
    let (mut all, mut failed) = (Vec::new(), Vec::new());
    for (name, about, measure) in chosen {
        println!("\n{name}: {about}");
        let begin = Instant::now();
        let figures = measure(&bench).unwrap_or_else(|error| {
            eprintln!("error: {error}");
            failed.push(*name);
            vec![Figure::not_run(*about, "it failed; the error is above")]
        });
        print!("{}", aligned(&rows(&[], figures.iter().map(Figure::cells))));
        println!("({:.0} s)", begin.elapsed().as_secs_f32());
        all.extend(figures.into_iter().map(|figure| (*name, figure)));
    }
    summary(&bench, &all)?;
    if failed.is_empty() { Ok(()) } else { Err(Error::new(format!("failed: {}", failed.join(", ")))) }
}

/// Builds what is measured, and runs this again in a process that can measure.
fn prepared(names: &[&str], dir: &Path) -> Result<()> {
    let release = ["--quiet", "--release", "--package"];
    scene::run(cargo(&["build"]).args(release).arg("cargo-sidecar"))?;
    let mut again = cargo(&["run"]);
    again.args(release).args(["xtask", "--", "bench"]).args(names);
    for name in SETTINGS {
        again.env_remove(name);
    }
    again.env(PREPARED, "1").env("NO_COLOR", "1").env("SIDECAR_CACHE_DIR", dir.join("own-cache"));
    let status = again.status().map_err(Error::because("cannot run cargo"))?;
    if status.success() { Ok(()) } else { Err(Error::new("the bench failed")) }
}

/// Every figure that has an aim, in one table that is also kept.
fn summary(bench: &Bench, all: &[(&str, Figure)]) -> Result<()> {
    let judged: Vec<_> = all.iter().filter(|(_, figure)| figure.verdict != Verdict::Told).collect();
    let lines = judged.iter().map(|(name, figure)| {
        let [what, value, aim, verdict] = figure.cells();
        [*name, what, value, aim, verdict]
    });
    let rows = rows(&["measurement", "what", "figure", "aim", "verdict"], lines);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let machine = format!("{cores} cores, {}", crate::registry::host());
    println!("\nsummary ({machine})\n{}", aligned(&rows));
    let path = bench.dir.join("summary.md");
    fsx::publish(&path, format!("{machine}\n\n{}", markdown(&rows)).as_bytes(), Mode::Plain)?;
    println!("{}", path.display());
    Ok(())
}

/// A head, where there is one, and lines below it.
fn rows<'a, const N: usize>(
    head: &[&'a str],
    lines: impl Iterator<Item = [&'a str; N]>,
) -> Vec<Vec<&'a str>> {
    let head = (!head.is_empty()).then(|| head.to_vec());
    head.into_iter().chain(lines.map(|line| line.to_vec())).collect()
}

/// The tools among these that this machine does not have.
fn missing_tools(names: &[&'static str]) -> Vec<&'static str> {
    let path = crate::env::text("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let has = |name: &str| dirs.iter().any(|dir| dir.join(name).is_file());
    names.iter().copied().filter(|name| !has(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_measurement_lists_those_that_are() {
        let error = run(&["sync", "speed"]).unwrap_err().to_string();
        assert!(error.starts_with("`speed` is not a measurement") && error.contains("  storm "), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn tools_are_looked_up_in_the_path() {
        assert_eq!(missing_tools(&["sh", "no-such-tool"]), ["no-such-tool"]);
    }

    #[test]
    fn a_table_has_its_head_first() {
        assert_eq!(rows(&["a", "b"], [["1", "2"]].into_iter()), [["a", "b"], ["1", "2"]]);
        assert_eq!(rows(&[], [["1"]].into_iter()), [["1"]]);
    }
}
