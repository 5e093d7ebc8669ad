//! What it says: lines, things that are no text, and more than anybody reads.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::flags::Flags;

/// A write of the flood. As much as a pipe holds at once on Linux.
const CHUNK: usize = 64 << 10;

pub(crate) fn speak(flags: &Flags) {
    for text in flags.all("--say") {
        println!("{text}");
    }
    for text in flags.all("--say-on-stderr") {
        eprintln!("{text}");
    }
    let mut out = std::io::stdout().lock();
    if flags.has("--binary") {
        binary(&mut out);
    }
    if let Some(bytes) = flags.number("--one-line") {
        let mut meter = Meter::default();
        meter.write(&mut out, &vec![b'x'; CHUNK], bytes, None);
        out.write_all(b"\n").unwrap();
        out.flush().unwrap();
        meter.report(flags);
    }
    if let Some(bytes) = flags.number("--flood") {
        let mut meter = Meter::default();
        let lines = lines(flags.number("--flood-line").unwrap_or(80));
        let rate = flags.number("--flood-rate");
        if flags.text("--flood-on") == Some("stderr") {
            meter.write(&mut std::io::stderr().lock(), &lines, bytes, rate);
        } else {
            // Whole lines, which std does not buffer.
            meter.write(&mut out, &lines, bytes, rate);
        }
        meter.report(flags);
    }
}

fn binary(out: &mut impl Write) {
    out.write_all(b"before\0after\n\xff\xfe no UTF-8 \xc3\n\xed\xa0\x80\n").unwrap();
    for percent in 0..=100 {
        write!(out, "\r{percent:3} %").unwrap();
        out.flush().unwrap();
    }
    out.write_all(b"\r\nafter the bar\n").unwrap();
    out.flush().unwrap();
}

/// So many whole lines of this length as fit a write.
fn lines(length: u64) -> Vec<u8> {
    let length = usize::try_from(length).unwrap().max(1);
    let mut line = vec![b'x'; length - 1];
    line.push(b'\n');
    line.repeat((CHUNK / length).max(1))
}

/// What a flood meets.
#[derive(Default)]
struct Meter {
    bytes: u64,
    took: Duration,
    longest: Duration,
    /// How many writes took more than 50 ms.
    slow: u64,
}

impl Meter {
    /// Writes `wanted` bytes out of `chunk` again and again, not faster than `rate` bytes a second.
    fn write(&mut self, out: &mut impl Write, chunk: &[u8], wanted: u64, rate: Option<u64>) {
        let begin = Instant::now();
        while self.bytes < wanted {
            let left = usize::try_from(wanted - self.bytes).unwrap_or(usize::MAX).min(chunk.len());
            let before = Instant::now();
            // Who reads may be gone; then there is nobody to flood.
            if out.write_all(&chunk[..left]).and_then(|()| out.flush()).is_err() {
                break;
            }
            let took = before.elapsed();
            self.longest = self.longest.max(took);
            self.slow += u64::from(took > Duration::from_millis(50));
            self.bytes += left as u64;
            if let Some(rate) = rate {
                let due = Duration::from_micros(self.bytes.saturating_mul(1_000_000) / rate.max(1));
                std::thread::sleep(due.saturating_sub(begin.elapsed()));
            }
        }
        self.took = begin.elapsed();
    }

    fn report(&self, flags: &Flags) {
        let Some(path) = flags.text("--report") else { return };
        let Self { bytes, took, longest, slow } = self;
        let (micros, longest) = (took.as_micros(), longest.as_micros());
        let text = format!("bytes {bytes}\nmicros {micros}\nlongest {longest}\nslow {slow}\n");
        // Whole or not there: somebody waits for it.
        let half = format!("{path}.half");
        std::fs::write(&half, text).unwrap();
        std::fs::rename(&half, path).unwrap();
    }
}
