//! A cold `build()` in an unoptimised build script, beside a cold `sync` of the same sidecars.

use super::Bench;
use super::corpus;
use super::figure::{Figure, SECONDS, Samples, TIMES};
use super::scene::Scene;
use super::script::Script;
use crate::error::Result;

/// Of both.
const ROUNDS: usize = 3;

/// The most that `build()` may take of what `sync` takes.
const AIM: f64 = 3.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let sidecars = corpus::publish(bench, corpus::twenty())?;
    let scene = Scene::of(bench, "build", &sidecars)?;
    let mut script = Script::new(bench, &scene)?;
    script.run()?; // builds the library, too
    let [mut sync, mut build] = [(); 2].map(|()| Samples::default());
    for _ in 0..ROUNDS {
        sync.push(scene.cold_sync()?.as_secs_f64());
        build.push(script.run_cold()?.as_secs_f64());
    }
    Ok(vec![
        Figure::told("cargo sidecar sync, optimised", sync.show(SECONDS)),
        Figure::told("build(), opt-level 0", build.show(SECONDS)),
        Figure::at_most("build() : sync", build.best() / sync.best(), AIM, TIMES),
    ])
}
