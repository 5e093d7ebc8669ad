//! More output than anybody reads.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::cases::Setup;
use crate::field::{CAR, Field, Scene};
use crate::look::{memory, until};
use crate::shape::quiet;

const MB: u64 = 1_000_000;

/// How much an app may grow.
const GROWTH: u64 = 16 * MB;

/// What a flood met, as it reports it.
struct Met {
    bytes: u64,
    took: Duration,
    longest: Duration,
    slow: u64,
}

impl Met {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let of = |key: &str| -> u64 {
            text.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().parse().unwrap()
        };
        let micros = |key: &str| Duration::from_micros(of(key));
        Self { bytes: of("bytes"), took: micros("micros"), longest: micros("longest"), slow: of("slow") }
    }
}

/// Runs a sidecar whose output nobody asks for, until it has said all of it: what it met, and what the app grew by.
fn flood(flags: &[&str]) -> (Met, u64, Field) {
    let scene = Scene::new();
    let report = scene.path("report");
    let shown = format!("--report={}", report.display());
    let run = scene.misbehaving(quiet(), &[&["--say=up", &shown], flags].concat());
    let mut field = scene.sidecar(CAR, &run).begin();
    field.line("scope ");
    let app = field.app.id();
    // As it is before there is any output.
    let before = memory(app);
    field.start(CAR);
    let mut most = 0;
    until("the flood is over", || {
        most = most.max(memory(app));
        report.exists()
    });
    most = most.max(memory(app));
    (Met::read(&report), most.saturating_sub(before), field)
}

fn judge(label: &str, bytes: u64, (met, grown, mut field): (Met, u64, Field)) {
    let Met { bytes: said, took, longest, slow } = met;
    assert_eq!(said, bytes, "{label}: all of it was taken");
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let mb = |bytes: u64| bytes as f64 / MB as f64;
    println!("  fact {label}: {:.0} MB/s", mb(said) / took.as_secs_f64());
    println!(
        "  fact {label}, longest write: {:.1} ms, {slow} above 50 ms, aim 50 ms",
        longest.as_secs_f64() * 1e3
    );
    println!("  fact {label}, the app grew by: {:.1} MB, aim {} MB", mb(grown), GROWTH / MB);
    assert!(grown < GROWTH, "{label}: the app grew by {grown} bytes");
    field.kill_app();
}

/// A round is a second of the flood.
pub(crate) fn flood_without_a_reader(setup: &Setup) {
    let seconds = u64::from(setup.rounds(1));
    let bytes = seconds * 100 * MB;
    let amount = format!("--flood={bytes}");
    judge("100 MB/s of 80-byte lines", bytes, flood(&[&amount, "--flood-rate=100000000"]));
    judge("80-byte lines, as fast as can be", bytes, flood(&[&amount]));
    judge("the same on standard error", bytes, flood(&[&amount, "--flood-on=stderr"]));
}

/// A round is 100 MB of a line that does not end; then what is no text at all.
pub(crate) fn line_without_an_end(setup: &Setup) {
    let bytes = u64::from(setup.rounds(1)) * 100 * MB;
    let amount = format!("--one-line={bytes}");
    judge("a line without an end", bytes, flood(&["--binary", &amount]));
    let mut run = quiet();
    run["health"] = json!({ "ready": "line:^after the bar$" });
    let mut field = Scene::with(run, &["--binary"]).ready();
    field.tell(&format!("log {CAR}"));
    // Each line of the log is told as a JSON string, then their number.
    let (_, lines) = field.line("lines ");
    assert!(lines.parse::<u32>().unwrap() >= 4, "{lines}");
    let seen = field.seen.join("\n");
    for line in ["before\u{fffd}after", "\u{fffd} no UTF-8 \u{fffd}", "\"100 %\"", "after the bar"] {
        assert!(seen.contains(line), "{line}\n{seen}");
    }
    field.kill_app();
}
