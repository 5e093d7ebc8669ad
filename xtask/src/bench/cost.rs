//! What `sidecar-fetch` adds to a cold build of an app: processor seconds, and crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::figure::{CPU_SECONDS, Figure};
use super::scene::{PACKAGE, package, run, sidecar_fetch};
use super::{Bench, missing_tools, usage};
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::run::{cargo, root};

/// CPU seconds that the library may add, with and without `download`.
const AIMS: [f64; 2] = [36.0, 3.0];

/// How many of the dearest crates are told.
const DEAREST: usize = 8;

/// Stands in front of rustc, and leaves a file per run: the package, its features, then the processor time by `times`.
const WRAPPER: &str = r#"#!/bin/sh
features= previous=
for argument; do
    [ "$previous" = --cfg ] && features="$features $argument"
    previous=$argument
done
"$@"
code=$?
{ echo "${CARGO_PKG_NAME:-}"; echo "$features"; times; } >"$BENCH_CRATES/$$"
exit $code
"#;

/// An app's build-dependencies beside tauri-build, and what its script calls of them.
struct Variant {
    name: &'static str,
    dependency: String,
}

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let missing = missing_tools(&["sh"]);
    if !usage::is_told() || !missing.is_empty() {
        return Ok(vec![Figure::not_run("CPU seconds", "this system has no /proc or no sh")]);
    }
    let variants = [
        Variant { name: "with-download", dependency: sidecar_fetch("") },
        Variant { name: "without-download", dependency: sidecar_fetch(", default-features = false") },
        Variant { name: "tauri-build-only", dependency: String::new() },
    ];
    let dir = bench.dir.join("cost");
    fsx::publish(&dir.join("rustc.sh"), WRAPPER.as_bytes(), Mode::Executable)?;
    // The first has every dependency of the others: its lock serves all.
    fsx::copy(&root().join("Cargo.lock"), &app(&dir, &variants[0])?.join("Cargo.lock"))?;
    run(cargo(&["fetch", "--quiet"]).current_dir(app(&dir, &variants[0])?))?;
    let mut built = Vec::new();
    for variant in &variants {
        built.push(build(&dir, variant, &app(&dir, &variants[0])?.join("Cargo.lock"))?);
    }
    let [with, without, base] = &built[..] else { return Ok(Vec::new()) };
    let alone = format!("{}, {} packages", CPU_SECONDS.show(base.seconds), base.packages.len());
    let mut figures = vec![Figure::told("tauri-build alone", alone)];
    for ((name, found), aim) in
        [("with `download`", with), ("without `download`", without)].into_iter().zip(AIMS)
    {
        figures.extend(found.beyond(base).figures(name, aim));
    }
    Ok(figures)
}

/// Writes the app of a variant.
fn app(dir: &Path, variant: &Variant) -> Result<PathBuf> {
    let app = dir.join(variant.name);
    let manifest = package(&format!("tauri-build = \"2.7\"\n{}", variant.dependency));
    let call = if variant.dependency.is_empty() { "" } else { "    _ = sidecar_fetch::build as fn();\n" };
    // The calls are linked, as they are in an app, and not made.
    let script = format!("fn main() {{\n{call}    _ = tauri_build::build as fn();\n}}\n");
    for (name, text) in
        [("Cargo.toml", manifest.as_str()), ("build.rs", &script), ("src/main.rs", "fn main() {}\n")]
    {
        fsx::publish(&app.join(name), text.as_bytes(), Mode::Plain)?;
    }
    Ok(app)
}

/// What a cold build took.
#[derive(Debug)]
struct Built {
    /// Processor seconds of cargo and all that it started.
    seconds: f64,
    packages: BTreeMap<String, Package>,
}

/// What rustc took for a package, its build script included.
#[derive(Debug, Default, Clone, PartialEq)]
struct Package {
    seconds: f64,
    features: BTreeSet<String>,
}

impl Built {
    /// What cargo took itself, and the build scripts that it ran.
    fn beside_rustc(&self) -> f64 {
        self.seconds - self.packages.values().map(|package| package.seconds).sum::<f64>()
    }

    /// What a build took more than another. Packages that are the same in both, features and all, cost the same: what
    /// was measured for them differs by more than a small library takes.
    fn beyond(&self, base: &Self) -> Beyond {
        let mut out =
            Beyond { new: Vec::new(), changed: 0.0, beside: self.beside_rustc() - base.beside_rustc() };
        for (name, package) in &self.packages {
            match base.packages.get(name) {
                None => out.new.push((name.clone(), package.seconds)),
                Some(same) if same.features == package.features && name != PACKAGE => {}
                Some(other) => out.changed += package.seconds - other.seconds,
            }
        }
        out.new.sort_by(|a, b| b.1.total_cmp(&a.1));
        out
    }
}

/// What a build took more than another, in processor seconds.
#[derive(Debug, Clone, PartialEq)]
struct Beyond {
    /// rustc for the packages that only it has, the dearest first.
    new: Vec<(String, f64)>,
    /// rustc for packages that have other features in it, and for the app's script.
    changed: f64,
    /// Build scripts, and cargo itself.
    beside: f64,
}

impl Beyond {
    fn new_packages(&self) -> f64 {
        self.new.iter().map(|(_, seconds)| seconds).sum()
    }

    fn figures(&self, name: &str, aim: f64) -> Vec<Figure> {
        let sum = self.new_packages() + self.changed + self.beside;
        let told = |what: &str, seconds: f64| Figure::told(format!("  {what}"), CPU_SECONDS.show(seconds));
        let mut figures = vec![
            Figure::at_most(format!("sidecar-fetch {name}"), sum, aim, CPU_SECONDS),
            told(&format!("{} packages more", self.new.len()), self.new_packages()),
            told("packages with more features, the app's script", self.changed),
            told("running build scripts, cargo", self.beside),
        ];
        let dearest = self.new.iter().take(DEAREST);
        figures.extend(dearest.map(|(name, seconds)| told(&format!("  {name}"), *seconds)));
        figures
    }
}

fn build(dir: &Path, variant: &Variant, lock: &Path) -> Result<Built> {
    let app = app(dir, variant)?;
    let (target, crates) = (app.join("target"), app.join("crates"));
    for old in [&target, &crates] {
        fsx::remove_dir_all(old)?;
    }
    fsx::create_dir_all(&crates)?;
    let own = app.join("Cargo.lock");
    if own != lock {
        fsx::copy(lock, &own)?;
    }
    let before = usage::children_cpu()?;
    run(cargo(&["build", "--quiet", "--offline", "--jobs", "2"])
        .current_dir(&app)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTC_WRAPPER", dir.join("rustc.sh"))
        .env("BENCH_CRATES", &crates))?;
    let seconds = usage::children_cpu()? - before;
    let mut built = Built { seconds, packages: BTreeMap::new() };
    for file in fsx::entries(&crates) {
        let text = fsx::text_of(&file).unwrap_or_default();
        let (name, one) = taken(&text).ok_or_else(|| Error::new(format!("`times` told {text:?}")))?;
        let package = built.packages.entry(name).or_default();
        package.seconds += one.seconds;
        package.features.extend(one.features);
    }
    fsx::remove_dir_all(&target)?;
    Ok(built)
}

/// The package, its features, then POSIX `times`: a line for the shell, and one for its children, such as
/// `0m1.23s 0m0.45s`. cargo's questions to rustc have no package.
fn taken(text: &str) -> Option<(String, Package)> {
    let mut lines = text.lines();
    let (name, features, children) = (lines.next()?, lines.next()?, lines.nth(1)?);
    let seconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let seconds = children.split_whitespace().map(seconds).sum::<Option<f64>>()?;
    // Others are set by build scripts.
    let features = features.split_whitespace().filter(|word| word.starts_with("feature=")).map(str::to_owned);
    Some((name.to_owned(), Package { seconds, features: features.collect() }))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn package(seconds: f64, feature: &str) -> Package {
        Package { seconds, features: BTreeSet::from([feature.to_owned()]) }
    }

    #[test]
    fn times_are_those_of_rustc() {
        let text = "ring\n feature=\"a\" unix feature=\"a\"\n0m0.01s 0m0.02s\n1m2.50s 0m0.50s\n";
        assert_eq!(taken(text), Some(("ring".to_owned(), package(63.0, "feature=\"a\""))));
        assert_eq!(taken("ring\n\n0m0.01s 0m0.02s\n"), None);
        assert_eq!(taken("ring\n\n0m0.01s 0m0.02s\n1:2 3\n"), None);
    }

    #[test]
    fn only_what_differs_counts() {
        let built = |seconds, packages: &[(&str, Package)]| {
            let packages = packages.iter().map(|(name, package)| ((*name).to_owned(), package.clone()));
            Built { seconds, packages: packages.collect() }
        };
        let base = built(10.0, &[("same", package(5.0, "x")), ("more", package(2.0, "x"))]);
        let new = [("a", package(1.0, "")), ("b", package(3.0, ""))];
        let with =
            built(20.0, &[&[("same", package(7.0, "x")), ("more", package(4.0, "y"))], &new[..]].concat());
        let beyond = with.beyond(&base);
        let expected = vec![("b".to_owned(), 3.0), ("a".to_owned(), 1.0)];
        assert_eq!(beyond, Beyond { new: expected, changed: 2.0, beside: 2.0 });
        let figures = beyond.figures("x", 8.0);
        assert_eq!(figures[0].cells(), ["sidecar-fetch x", "8.0 CPU s", "<= 8.0 CPU s", "met"]);
        assert_eq!(figures.len(), 4 + 2);
    }

    #[cfg(unix)]
    #[test]
    fn the_wrapper_runs_what_it_stands_in_front_of() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rustc.sh");
        fsx::publish(&path, WRAPPER.as_bytes(), Mode::Executable).unwrap();
        let mut command = Command::new("sh");
        command.arg(&path).args(["sh", "-c", "exit 3", "--cfg", "feature=\"y\""]);
        command.env("BENCH_CRATES", dir.path()).env("CARGO_PKG_NAME", "x");
        assert_eq!(command.status().unwrap().code(), Some(3));
        let left = fsx::entries(dir.path()).into_iter().find(|found| *found != path);
        let text = fsx::text_of(&left.unwrap());
        let (name, taken) = taken(&text.unwrap()).unwrap();
        assert_eq!((name.as_str(), taken.features), ("x", package(0.0, "feature=\"y\"").features));
    }
}
