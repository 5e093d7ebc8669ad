//! What a keeper costs while its sidecar runs: memory that it has for itself, and how often it is woken.

use super::figure::{COUNT, Figure, KILOBYTES};
use super::{Bench, processes, usage};
use crate::error::Result;

/// kB of its own that a keeper may have.
const AIM: f64 = 300.0;

/// Seconds in which nothing happens.
const SECONDS: &str = "20";

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    if !usage::is_told() {
        return Ok(vec![Figure::not_run("keeper", "there is no keeper for this system yet")]);
    }
    let told = processes::run(bench, &["keeper", SECONDS])?;
    let resident = |word: &str| KILOBYTES.show(told.one(word));
    let woken = format!("woken in {SECONDS} s of nothing");
    Ok(vec![
        Figure::at_most("keeper, memory of its own", told.one("keeper-private"), AIM, KILOBYTES),
        Figure::told("keeper, resident with what it shares with the app", resident("keeper-resident")),
        Figure::at_most(format!("keeper, {woken}"), told.one("keeper-switches"), 0.0, COUNT),
        Figure::told("zygote, one an app, memory of its own", resident("zygote-private")),
        Figure::at_most(format!("zygote, {woken}"), told.one("zygote-switches"), 0.0, COUNT),
    ])
}
