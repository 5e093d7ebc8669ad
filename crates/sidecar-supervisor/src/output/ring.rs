//! The last lines in a fixed number of bytes.
//!
//! Lines lie one behind the other in one buffer, each behind a head of [`HEAD`] bytes, so what is kept is bounded
//! together with its own overhead, and no line costs an allocation.

use super::{Entry, Line, Stream};

/// Milliseconds, length, the frame before: so that both directions can be walked; and the flags.
const HEAD: usize = 8 + 4 + 4 + 1;

const STDERR: u8 = 1;
const CUT: u8 = 2;

/// A buffer smaller than this holds no line of use.
const SMALLEST: usize = 1024;

pub(super) struct Ring {
    bytes: Box<[u8]>,
    /// Where the oldest line begins, and where the next one will: counted since the beginning, never wrapping.
    first: u64,
    end: u64,
    /// The numbers of those lines.
    first_seq: u64,
    next_seq: u64,
    /// The bytes of the newest line with its head.
    last: u32,
}

/// A place between two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    at: u64,
    seq: u64,
}

impl Ring {
    /// One of so many bytes. They are zeroes from the system: memory is used as it is filled.
    pub(super) fn new(capacity: u64) -> Self {
        let capacity = usize::try_from(capacity.min(u64::from(u32::MAX))).unwrap_or(usize::MAX).max(SMALLEST);
        Self {
            bytes: vec![0; capacity].into_boxed_slice(),
            first: 0,
            end: 0,
            first_seq: 0,
            next_seq: 0,
            last: 0,
        }
    }

    /// The longest text that fits.
    pub(super) fn longest(&self) -> usize {
        self.bytes.len() - HEAD
    }

    /// The number that the next line gets.
    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Adds a line; the oldest ones make room. What is longer than [`Ring::longest`] is left out.
    pub(super) fn push(&mut self, stream: Stream, text: &str, cut: bool, at: u64) {
        let text = &text.as_bytes()[..text.len().min(self.longest())];
        let size = HEAD + text.len();
        while self.end - self.first + size as u64 > self.bytes.len() as u64 {
            self.first += HEAD as u64 + u64::from(self.head(self.first).len);
            self.first_seq += 1;
        }
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&at.to_le_bytes());
        head[8..12].copy_from_slice(&narrow(text.len()).to_le_bytes());
        head[12..16].copy_from_slice(&self.last.to_le_bytes());
        head[16] = u8::from(stream == Stream::Stderr) * STDERR + u8::from(cut) * CUT;
        self.write(self.end, &head);
        self.write(self.end + HEAD as u64, text);
        self.end += size as u64;
        self.next_seq += 1;
        self.last = narrow(size);
    }

    /// Behind the newest line.
    pub(super) fn now(&self) -> Cursor {
        Cursor { at: self.end, seq: self.next_seq }
    }

    /// Before the newest `lines` lines, or before the oldest one where there are fewer.
    pub(super) fn back(&self, lines: usize) -> Cursor {
        let mut cursor = self.now();
        let mut size = self.last;
        for _ in 0..lines {
            if cursor.at <= self.first {
                break;
            }
            cursor = Cursor { at: cursor.at - u64::from(size), seq: cursor.seq - 1 };
            size = self.head(cursor.at).before;
        }
        cursor
    }

    /// The line behind the cursor, which moves on; or how many went by since.
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<Entry> {
        if cursor.seq < self.first_seq {
            let missed = self.first_seq - cursor.seq;
            *cursor = Cursor { at: self.first, seq: self.first_seq };
            return Some(Entry::Missed(missed));
        }
        if cursor.seq >= self.next_seq {
            return None;
        }
        let head = self.head(cursor.at);
        let mut text = vec![0; head.len as usize];
        self.read(cursor.at + HEAD as u64, &mut text);
        let line = Line {
            seq: cursor.seq,
            stream: if head.flags & STDERR == 0 { Stream::Stdout } else { Stream::Stderr },
            text: String::from_utf8(text)
                .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
            cut: head.flags & CUT != 0,
            open: false,
            at: head.at,
        };
        *cursor = Cursor { at: cursor.at + HEAD as u64 + u64::from(head.len), seq: cursor.seq + 1 };
        Some(Entry::Line(line))
    }

    /// The newest lines, the oldest of them first.
    pub(super) fn tail(&self, lines: usize) -> Vec<Line> {
        let mut cursor = self.back(lines);
        let entries = std::iter::from_fn(|| self.next(&mut cursor));
        entries.filter_map(|entry| if let Entry::Line(line) = entry { Some(line) } else { None }).collect()
    }

    fn head(&self, at: u64) -> Head {
        let mut bytes = [0; HEAD];
        self.read(at, &mut bytes);
        let [t0, t1, t2, t3, t4, t5, t6, t7, l0, l1, l2, l3, b0, b1, b2, b3, flags] = bytes;
        Head {
            at: u64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]),
            len: u32::from_le_bytes([l0, l1, l2, l3]),
            before: u32::from_le_bytes([b0, b1, b2, b3]),
            flags,
        }
    }

    fn write(&mut self, at: u64, from: &[u8]) {
        let index = self.index(at);
        let (now, wrapped) = from.split_at(from.len().min(self.bytes.len() - index));
        self.bytes[index..index + now.len()].copy_from_slice(now);
        self.bytes[..wrapped.len()].copy_from_slice(wrapped);
    }

    fn read(&self, at: u64, to: &mut [u8]) {
        let index = self.index(at);
        let (now, wrapped) = to.split_at_mut(to.len().min(self.bytes.len() - index));
        now.copy_from_slice(&self.bytes[index..index + now.len()]);
        wrapped.copy_from_slice(&self.bytes[..wrapped.len()]);
    }

    fn index(&self, at: u64) -> usize {
        // Less than the length of a buffer, which is a usize.
        usize::try_from(at % self.bytes.len() as u64).unwrap_or(0)
    }
}

struct Head {
    at: u64,
    len: u32,
    before: u32,
    flags: u8,
}

/// A length inside the buffer, which has at most `u32::MAX` bytes.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    fn drain(ring: &Ring, cursor: &mut Cursor) -> Vec<Entry> {
        std::iter::from_fn(|| ring.next(cursor)).collect()
    }

    fn texts(entries: &[Entry]) -> Vec<&str> {
        entries
            .iter()
            .map(|entry| if let Entry::Line(line) = entry { &*line.text } else { "missed" })
            .collect()
    }

    #[test]
    fn lines_come_back_as_they_went_in() {
        let mut ring = Ring::new(1024);
        ring.push(Stream::Stdout, "ünë", false, 7);
        ring.push(Stream::Stderr, "", true, 8);
        let mut cursor = ring.back(9);
        let entries = drain(&ring, &mut cursor);
        let line = |seq, stream, text: &str, cut, at| {
            Entry::Line(Line { seq, stream, text: text.to_owned(), cut, open: false, at })
        };
        let expected = [line(0, Stream::Stdout, "ünë", false, 7), line(1, Stream::Stderr, "", true, 8)];
        assert_eq!(entries, expected);
        assert_eq!((cursor, ring.next(&mut cursor)), (ring.now(), None));
    }

    #[test]
    fn who_lags_is_told_how_much_went_by() {
        let mut ring = Ring::new(1024);
        let mut cursor = ring.now();
        for number in 0..100 {
            ring.push(Stream::Stdout, &format!("{number:083}"), false, 0);
        }
        let entries = drain(&ring, &mut cursor);
        assert_eq!(entries[0], Entry::Missed(90));
        assert_eq!(entries.len(), 11);
        assert!(texts(&entries)[1].ends_with("90"));
    }

    #[test]
    fn a_line_as_long_as_the_ring_fits_and_a_longer_one_does_not_break_it() {
        let mut ring = Ring::new(0);
        let long = "x".repeat(ring.longest() + 5);
        ring.push(Stream::Stdout, "before", false, 0);
        ring.push(Stream::Stdout, &long, false, 0);
        let entries = drain(&ring, &mut ring.back(usize::MAX));
        assert_eq!(texts(&entries), [&long[5..]]);
    }

    proptest! {
        /// A queue of lines that drops from the front is what the ring must be like.
        #[test]
        fn is_a_queue_bounded_in_bytes(lines in prop::collection::vec("[a-z\u{e4}]{0,200}", 0..200), tail in 0..40_usize) {
            let mut ring = Ring::new(2000);
            let mut model = VecDeque::new();
            for (at, line) in (0..).zip(&lines) {
                ring.push(Stream::Stdout, line, false, at);
                model.push_back(line.as_str());
                while model.iter().map(|line| HEAD + line.len()).sum::<usize>() > 2000 {
                    model.pop_front();
                }
            }
            let all = drain(&ring, &mut ring.back(usize::MAX));
            prop_assert_eq!(texts(&all), Vec::from(model.clone()));
            let some = drain(&ring, &mut ring.back(tail));
            prop_assert_eq!(texts(&some), Vec::from(model.split_off(model.len() - tail.min(model.len()))));
        }
    }
}
