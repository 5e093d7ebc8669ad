//! `build()` with nothing to do: what every build of an app that runs its build script pays.

use super::Bench;
use super::corpus::{self, Plan};
use super::figure::{Figure, MILLISECONDS, Samples};
use super::scene::Scene;
use super::script::Script;
use crate::error::Result;
use crate::pack::Form;

const ROUNDS: usize = 10;

/// Milliseconds.
const AIM: f64 = 5.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    // The size does not matter: files that are stamped are not read.
    let plans = (0..20).map(|at| Plan::new(format!("small-{at:02}"), Form::TarGz, 100_000 + at)).collect();
    let scene = Scene::of(bench, "unchanged", &corpus::publish(bench, plans)?)?;
    let mut script = Script::new(bench, &scene)?;
    script.run()?;
    let mut took = Samples::default();
    for _ in 0..ROUNDS {
        took.push(script.run()?.as_secs_f64() * 1e3);
    }
    Ok(vec![
        Figure::told("build(), opt-level 0", took.show(MILLISECONDS)),
        Figure::at_most("build() with nothing to do, median", took.median(), AIM, MILLISECONDS),
    ])
}
