//! Lines on their way to a file.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use super::Stream;

/// At most so many bytes wait. A disk that is slower than the sidecar for long loses lines, and the file says how many; a
/// burst, such as a dump of all stacks, fits.
const MOST: usize = 4 << 20;

/// Lines as they stand in a file: `2026-11-28T12:00:00.123Z out| text`, in UTC.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pub(super) text: String,
    /// So many lines did not fit.
    pub(super) missed: u64,
    /// The last time, and how it is written: lines that were read together share it.
    stamp: String,
    stamped: Option<u64>,
}

impl Backlog {
    pub(super) fn push(&mut self, at: u64, stream: Stream, text: &str, cut: bool) {
        if self.missed > 0 || self.text.len() + text.len() > MOST {
            self.missed += 1;
            return;
        }
        if self.stamped != Some(at) {
            self.stamped = Some(at);
            self.stamp = stamp(at);
        }
        let word = if stream == Stream::Stdout { " out| " } else { " err| " };
        for part in [self.stamp.as_str(), word, text, if cut { " […]\n" } else { "\n" }] {
            self.text.push_str(part);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.missed == 0
    }

    /// Takes everything, for an empty text whose memory is used on. Of missing lines it says so at the end.
    pub(super) fn take(&mut self, spare: &mut String, now: u64) {
        spare.clear();
        std::mem::swap(&mut self.text, spare);
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            // To a text nothing fails to be written.
            let _ = write!(spare, "{}", gap(now, missed, "the disk is too slow"));
        }
    }
}

/// The line in the place of lines that are missing.
pub(super) fn gap(at: u64, lines: u64, why: &str) -> String {
    format!("{} err| [supervisor] {lines} lines are missing here: {why}\n", stamp(at))
}

fn stamp(at: u64) -> String {
    // The year 9999 is the last one that has a form.
    let time = UNIX_EPOCH + Duration::from_millis(at.min(253_402_300_799_999));
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(backlog: &mut Backlog) -> String {
        let mut text = "old".to_owned();
        backlog.take(&mut text, 0);
        text
    }

    #[test]
    fn a_line_says_when_and_where() {
        let mut backlog = Backlog::default();
        backlog.push(1_795_867_200_123, Stream::Stdout, "listening", false);
        backlog.push(1_795_867_200_124, Stream::Stderr, "xxx", true);
        let expected = "2026-11-28T12:00:00.123Z out| listening\n2026-11-28T12:00:00.124Z err| xxx […]\n";
        assert_eq!(taken(&mut backlog), expected);
        assert!(backlog.is_empty());
        backlog.push(u64::MAX, Stream::Stdout, "", false);
        assert_eq!(taken(&mut backlog), "9999-12-31T23:59:59.999Z out| \n");
    }

    #[test]
    fn what_does_not_fit_is_counted_and_told() {
        let mut backlog = Backlog::default();
        let line = "x".repeat(16 << 10);
        for _ in 0..1000 {
            backlog.push(0, Stream::Stdout, &line, false);
        }
        // Nothing is out of order: once a line is missing, so are those behind it.
        backlog.push(0, Stream::Stdout, "short", false);
        let text = taken(&mut backlog);
        assert!(text.len() < MOST + (64 << 10), "{}", text.len());
        let lines = text.lines().count() as u64 - 1;
        assert!(text.ends_with(&gap(0, 1001 - lines, "the disk is too slow")));
        assert!(backlog.is_empty());
    }
}
