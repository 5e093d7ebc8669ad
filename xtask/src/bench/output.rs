//! How fast a supervisor takes what a sidecar writes while nobody reads it, and what that costs.

use super::figure::{Figure, MB_PER_SECOND, MEGABYTES};
use super::processes::{self, Told};
use super::{Bench, usage};
use crate::error::Result;

/// Bytes, as lines of 80.
const BYTES: u32 = 1_000_000_000;

/// MB/s that are taken at least.
const SPEED: f64 = 100.0;

/// Megabytes that the app may grow by.
const GROWTH: f64 = 16.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    if !usage::is_told() {
        return Ok(vec![Figure::not_run("output", "there is no keeper for this system yet")]);
    }
    Ok(figures(&processes::run(bench, &["output", &BYTES.to_string()])?))
}

fn figures(told: &Told) -> Vec<Figure> {
    let speed = |word: &str| f64::from(BYTES) / 1e6 / (told.one(word) / 1e9);
    vec![
        Figure::told("read from the pipe and dropped", MB_PER_SECOND.show(speed("plain"))),
        Figure::at_least(
            "80-byte lines kept and logged, no reader",
            speed("supervisor"),
            SPEED,
            MB_PER_SECOND,
        ),
        Figure::at_most("the app grew by", told.one("grown") * 1024.0 / 1e6, GROWTH, MEGABYTES),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::figure::Verdict;
    use super::*;

    #[test]
    fn speed_and_growth_have_aims() {
        let verdicts = |text: &str| -> Vec<Verdict> {
            figures(&Told::read(text).unwrap()).iter().map(|figure| figure.verdict).collect()
        };
        let good = "plain 1000000000\nsupervisor 9000000000\ngrown 1000\n";
        assert_eq!(verdicts(good), [Verdict::Told, Verdict::Met, Verdict::Met]);
        let bad = "plain 1000000000\nsupervisor 11000000000\ngrown 16000\n";
        assert_eq!(verdicts(bad), [Verdict::Told, Verdict::Missed, Verdict::Missed]);
    }
}
