//! How many choices a core makes in a second: for each of the committed releases, the asset for each of eight targets.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Bench;
use super::figure::{Figure, PER_SECOND};
use crate::accuracy;
use crate::error::{Error, Result};

/// The triples that are chosen for: those of the labels.
const TARGETS: [&str; 8] = [
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

/// How long is chosen, at least.
const TIME: Duration = Duration::from_secs(2);

pub(super) fn measure(_: &Bench) -> Result<Vec<Figure>> {
    let releases = accuracy::committed()?;
    let names: usize = releases.iter().map(|release| release.names.len()).sum();
    let lists = releases.len();
    let all = |targets: &[&str]| -> Result<usize> {
        let mut chosen = 0;
        for release in &releases {
            let names: Vec<&str> = release.names.iter().map(String::as_str).collect();
            let tool = release.repo.rsplit('/').next().unwrap_or(&release.repo);
            let picks = sidecar_fetch::measure::choices(&names, tool, &release.repo, &release.tag, targets)
                .map_err(Error::because("choosing"))?;
            chosen += black_box(picks).iter().flatten().count();
        }
        Ok(chosen)
    };
    let chosen = all(&TARGETS)?;
    let together = rate(TARGETS.len() * lists, || all(&TARGETS))?;
    let alone = rate(lists, || all(&TARGETS[6..7]))?;
    Ok(vec![
        Figure::told("names in all lists", format!("{names} in {lists}")),
        Figure::told("choices with an asset", format!("{chosen} of {}", TARGETS.len() * lists)),
        Figure::at_least("(list, target) choices, a list for eight targets", together, 50_000.0, PER_SECOND),
        Figure::told("(list, target) choices, a list for one target", PER_SECOND.show(alone)),
    ])
}

/// How often a second `count` things are done by `run`.
#[expect(clippy::cast_precision_loss, reason = "millions")]
fn rate(count: usize, run: impl Fn() -> Result<usize>) -> Result<f64> {
    let (begin, mut done) = (Instant::now(), 0);
    while begin.elapsed() < TIME {
        run()?;
        done += count;
    }
    Ok(done as f64 / begin.elapsed().as_secs_f64())
}
