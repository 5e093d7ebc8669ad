//! `build()` with nothing to do: what every build of an app that runs its build script pays.

use super::Bench;
use super::corpus;
use super::figure::{Figure, MILLISECONDS, Samples};
use super::scene::Scene;
use super::script::Script;
use crate::error::Result;
use crate::registry::{self, DESKTOP};

const ROUNDS: usize = 10;

/// Milliseconds.
const AIM: f64 = 2.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    // The default is to lock for all desktop targets; one is what an app for one platform has.
    for (count, name, targets) in [
        (20, "20 sidecars x 1 target", &[registry::host()][..]),
        (20, "20 sidecars x 6 targets", &DESKTOP),
        (50, "50 sidecars x 6 targets", &DESKTOP),
    ] {
        let scene = Scene::new(bench, "unchanged", corpus::small(count, targets), targets)?;
        scene.configure(count)?;
        let mut script = Script::new(bench, &scene)?;
        script.run()?;
        let mut took = Samples::default();
        for _ in 0..ROUNDS {
            took.push(script.run()?.as_secs_f64() * 1e3);
        }
        figures.push(Figure::told(name, took.show(MILLISECONDS)));
        figures.push(Figure::at_most(format!("{name}, median"), took.median(), AIM, MILLISECONDS));
    }
    Ok(figures)
}
