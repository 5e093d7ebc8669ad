//! `sync` that installs and patches nothing: its own work in this process, and the whole command beside `cargo metadata`.

use std::path::Path;
use std::time::Instant;

use sidecar_fetch::{Features, Package, Project, Silent, Targets};

use super::Bench;
use super::corpus;
use super::figure::{Figure, MILLISECONDS, Samples};
use super::scene::{PACKAGE, Scene, run};
use crate::error::{Error, Result};
use crate::registry::DESKTOP;
use crate::run::cargo;

const ROUNDS: usize = 20;

/// The most milliseconds for the own work of a run.
const OWN: f64 = 10.0;

/// The most milliseconds for the command beyond those of `cargo metadata`, which it has to ask.
const BEYOND: f64 = 20.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let targets = &DESKTOP[..5];
    let scene = Scene::new(bench, "warm", corpus::small(20, targets), targets)?;
    let sync = || scene.sidecar(&["sync", "--all-targets"]);
    scene.configure(20)?;
    run(&mut sync())?;
    let metadata = || {
        let mut command = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
        scene.environment(&mut command);
        command
    };
    let [mut own, mut whole, mut cargo] = [(); 3].map(|()| Samples::default());
    for _ in 0..ROUNDS {
        own.push(timed(|| in_process(&scene.app()))?);
        whole.push(timed(|| run(&mut sync()))?);
        cargo.push(timed(|| run(&mut metadata()))?);
    }
    let beyond = whole.median() - cargo.median();
    Ok(vec![
        Figure::told("own work", own.show(MILLISECONDS)),
        Figure::at_most("own work, median", own.median(), OWN, MILLISECONDS),
        Figure::told("cargo sidecar sync --all-targets", whole.show(MILLISECONDS)),
        Figure::told("cargo metadata --no-deps", cargo.show(MILLISECONDS)),
        Figure::at_most("sync beyond cargo metadata, medians", beyond, BEYOND, MILLISECONDS),
    ])
}

/// What the subcommand does once it knows the package.
fn in_process(app: &Path) -> Result<()> {
    let package = Package { name: PACKAGE.to_owned(), directory: app.to_owned(), ..Package::default() };
    let project = Project::open(package, &app.join("target"), false, false, &Silent);
    let report =
        project.sync(&Targets::All, &Features::default()).map_err(Error::because("sync in this process"))?;
    let untouched = report.rows.len() == 100 && report.rows.iter().all(|row| !row.installed);
    if untouched && !report.lock_written { Ok(()) } else { Err(Error::new("there was something to do")) }
}

/// Milliseconds that the work takes.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begin = Instant::now();
    work()?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}
