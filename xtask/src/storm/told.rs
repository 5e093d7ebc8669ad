//! What a case told: lines for people, in a form that is kept.

/// A figure of a case.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    /// A series of times.
    Series(Series),
    /// Something else that was counted or looked at, with its aim where it has one: `label: value, aim …`.
    Fact { label: String, value: String },
    /// Something that did not run, and what to install for it.
    LeftOut { what: String, reason: String },
}

/// How long something took, round after round, in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) label: String,
    pub(super) rounds: u32,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

/// Reads a line: `  label n 20, p50 3.5 ms, p99 4.0 ms, max 4.0 ms`, `  fact label: value`, `  left out what: reason`.
/// `None`: it is for people alone.
pub(super) fn read(line: &str) -> Option<Told> {
    let line = line.strip_prefix("  ")?;
    if let Some(fact) = line.strip_prefix("fact ") {
        let (label, value) = fact.split_once(": ")?;
        return Some(Told::Fact { label: label.to_owned(), value: value.to_owned() });
    }
    if let Some(left_out) = line.strip_prefix("left out ") {
        let (what, reason) = left_out.split_once(": ")?;
        return Some(Told::LeftOut { what: what.to_owned(), reason: reason.to_owned() });
    }
    series(line).map(Told::Series)
}

fn series(line: &str) -> Option<Series> {
    // The label may hold anything: the figures stand at the end.
    let (label, figures) = line.rsplit_once("n ")?;
    let mut figures = figures.split(", ");
    let rounds = figures.next()?.parse().ok()?;
    let mut ms = |name: &str| figures.next()?.strip_prefix(name)?.trim().strip_suffix(" ms")?.parse().ok();
    let (p50, p99, max) = (ms("p50")?, ms("p99")?, ms("max")?);
    let label = label.trim().trim_end_matches([',', ':']).to_owned();
    Some(Series { label, rounds, p50, p99, max })
}

/// How many survivors the words of a case that failed tell of; `None`: it failed otherwise.
pub(super) fn survivors(error: &str) -> Option<u32> {
    let before = error.split(" survivors after").next().filter(|before| before.len() < error.len())?;
    before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_whatever_their_label() {
        let line = "  46 that ignore TERM: gone n 20, p50 12.0 ms, p99 16.2 ms, max 17.0 ms";
        let label = "46 that ignore TERM: gone".to_owned();
        let series = Series { label, rounds: 20, p50: 12.0, p99: 16.2, max: 17.0 };
        assert_eq!(read(line), Some(Told::Series(series.clone())));
        let line = "  n 20, p50 12.0 ms, p99 16.2 ms, max 17.0 ms";
        assert_eq!(read(line), Some(Told::Series(Series { label: String::new(), ..series })));
        for other in ["case x", "  --seed=7", "  alone: gone n x, p50 1 ms", "n 1, p50 1 ms"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn facts_and_gaps_are_read() {
        let fact = read("  fact memory grew: 7.0 MB, aim 16.0 MB");
        let value = "7.0 MB, aim 16.0 MB".to_owned();
        assert_eq!(fact, Some(Told::Fact { label: "memory grew".to_owned(), value }));
        let gap = read("  left out redis-server: apt-get install redis-server");
        let reason = "apt-get install redis-server".to_owned();
        assert_eq!(gap, Some(Told::LeftOut { what: "redis-server".to_owned(), reason }));
    }

    #[test]
    fn survivors_are_counted_in_what_a_panic_says() {
        assert_eq!(survivors("panicked at x.rs:5:\n12 survivors after 20s:\n7 a"), Some(12));
        assert_eq!(survivors("panicked: no line `up` in time"), None);
    }
}
