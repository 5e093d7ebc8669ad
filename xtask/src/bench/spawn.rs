//! What a keeper adds to the start of a program, beside others that own processes.

use super::figure::{Figure, MICROSECONDS, MILLISECONDS, Samples, TIMES};
use super::processes::{self, Told};
use super::{Bench, usage};
use crate::error::Result;

/// Starts of each kind, in turns.
const ROUNDS: &str = "200";

/// Milliseconds that the keeper may add.
const AIM: f64 = 5.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    if !usage::is_told() {
        return Ok(vec![Figure::not_run("spawn", "there is no keeper for this system yet")]);
    }
    Ok(figures(&processes::run(bench, &["spawn", ROUNDS])?))
}

fn figures(told: &Told) -> Vec<Figure> {
    let of = |word: &str| {
        let mut samples = Samples::default();
        told.all(word).for_each(|nanos| samples.push(nanos / 1e3));
        samples
    };
    let (plain, ours) = (of("plain"), of("keeper"));
    let mut figures = vec![Figure::told("std::process::Command", plain.show(MICROSECONDS))];
    for (word, name) in [
        ("process-wrap", "process-wrap 10, a process group"),
        ("processkit", "processkit 3, killed with its handle"),
        ("keeper", "sidecar-keeper, the whole tree"),
        ("supervisor", "sidecar-supervisor, until it runs"),
    ] {
        let samples = of(word);
        let times = TIMES.show(samples.median() / plain.median());
        figures.push(Figure::told(name, format!("{}, {times} plain", samples.show(MICROSECONDS))));
    }
    figures.push(Figure::at_most(
        "the keeper's part of a start (medians)",
        (ours.median() - plain.median()) / 1e3,
        AIM,
        MILLISECONDS,
    ));
    figures
}

#[cfg(test)]
mod tests {
    use super::super::figure::Verdict;
    use super::*;

    #[test]
    fn what_the_keeper_adds_is_judged() {
        let verdict = |keeper: u32| {
            let told = Told::read(&format!("plain 1000000\nkeeper {keeper}\n")).unwrap();
            figures(&told).pop().unwrap().verdict
        };
        assert_eq!((verdict(5_900_000), verdict(6_100_000)), (Verdict::Met, Verdict::Missed));
    }
}
