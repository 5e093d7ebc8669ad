//! Lines out of what a pipe gives, in pieces of any size.

use memchr::{memchr, memrchr};

/// The line that has begun and not ended.
///
/// `\n` and `\r\n` end a line. A `\r` alone begins it anew, as on a terminal: of a progress display only the last state
/// is left. No line grows above the bytes that are kept.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    open: Vec<u8>,
    cut: bool,
    /// `\r` was the last byte: whether the line ended with it or begins anew is not known yet.
    returned: bool,
}

/// A line as it was written, without its end, and whether it was longer than what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) cut: bool,
}

impl Splitter {
    /// Takes the next piece and gives out every line that ends in it. At most `keep` bytes of each are kept.
    pub(super) fn feed(&mut self, piece: &[u8], keep: usize, mut line: impl FnMut(Raw<'_>)) {
        let mut rest = piece;
        while let Some(end) = memchr(b'\n', rest) {
            let text = &rest[..end];
            rest = &rest[end + 1..];
            if self.open.is_empty() && !self.returned {
                // The usual line lies in one piece and is not copied.
                let text = last_state(without_returns(text));
                line(Raw { bytes: &text[..text.len().min(keep)], cut: text.len() > keep });
            } else {
                self.append(text, keep);
                line(Raw { bytes: &self.open, cut: self.cut });
                self.clear();
            }
        }
        self.append(rest, keep);
    }

    /// The line that has begun.
    pub(super) fn open(&self) -> Raw<'_> {
        Raw { bytes: &self.open, cut: self.cut }
    }

    fn append(&mut self, piece: &[u8], keep: usize) {
        let text = without_returns(piece);
        if text.is_empty() {
            self.returned |= !piece.is_empty();
            return;
        }
        let state = last_state(text);
        if self.returned || state.len() < text.len() {
            self.clear();
        }
        let room = keep.saturating_sub(self.open.len());
        self.open.extend_from_slice(&state[..state.len().min(room)]);
        self.cut |= state.len() > room;
        self.returned = text.len() < piece.len();
    }

    fn clear(&mut self) {
        self.open.clear();
        self.cut = false;
        self.returned = false;
    }
}

fn without_returns(mut text: &[u8]) -> &[u8] {
    while let Some(shorter) = text.strip_suffix(b"\r") {
        text = shorter;
    }
    text
}

/// What stands behind the last `\r`.
fn last_state(text: &[u8]) -> &[u8] {
    memrchr(b'\r', text).map_or(text, |at| &text[at + 1..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines of the pieces, and the open one.
    fn split(pieces: &[&[u8]], keep: usize) -> (Vec<(String, bool)>, String) {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for piece in pieces {
            splitter.feed(piece, keep, |raw| {
                lines.push((String::from_utf8_lossy(raw.bytes).into_owned(), raw.cut));
            });
        }
        (lines, String::from_utf8_lossy(splitter.open().bytes).into_owned())
    }

    fn texts(text: &str) -> Vec<String> {
        split(&[text.as_bytes()], 100).0.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn both_line_ends_end_a_line() {
        assert_eq!(texts("a\nb\r\n\n\r\nc\r\r\n"), ["a", "b", "", "", "c"]);
        assert_eq!(split(&[b"a", b"\r", b"\nb\r", b"\r\nc"], 100).0.len(), 2);
    }

    #[test]
    fn of_a_progress_display_the_last_state_is_left() {
        assert_eq!(texts("10 %\r20 %\r100 %\r\n\rdone\n"), ["100 %", "done"]);
        assert_eq!(split(&[b"10 %\r"], 100).1, "10 %");
        assert_eq!(split(&[b"10 %\r", b"20"], 100).1, "20");
        assert_eq!(split(&[b"10 %", b"\r20 %", b"\r"], 100).1, "20 %");
    }

    #[test]
    fn an_endless_progress_display_is_not_cut() {
        let pieces: Vec<&[u8]> = std::iter::repeat_n(&b"50 %\r"[..], 1000).chain([&b"\n"[..]]).collect();
        assert_eq!(split(&pieces, 10).0, [("50 %".to_owned(), false)]);
    }

    #[test]
    fn a_line_without_end_does_not_grow() {
        let mut splitter = Splitter::default();
        for _ in 0..1000 {
            splitter.feed(&[b'x'; 1000], 64, |_| unreachable!());
        }
        assert_eq!(splitter.open(), Raw { bytes: &[b'x'; 64], cut: true });
        assert!(splitter.open.capacity() < 1000);
        let mut lines = Vec::new();
        splitter.feed(b"tail\nshort\n", 64, |raw| lines.push((raw.bytes.len(), raw.cut)));
        assert_eq!(lines, [(64, true), (5, false)]);
    }

    proptest! {
        #[test]
        fn how_it_is_read_does_not_matter(bytes in "[ab\r\n]{0,60}", cuts in prop::collection::vec(0..60_usize, 0..8), keep in 1..9_usize) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let (mut pieces, mut from) = (Vec::new(), 0);
            for cut in cuts.into_iter().chain([bytes.len()]) {
                pieces.push(&bytes.as_bytes()[from..cut]);
                from = cut;
            }
            prop_assert_eq!(split(&pieces, keep), split(&[bytes.as_bytes()], keep));
        }
    }
}
