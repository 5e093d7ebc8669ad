//! From the bytes of a line to the text that is kept: no secret, valid UTF-8, not too long.

use std::borrow::Cow;

use memchr::memchr;
use memchr::memmem::Finder;

use super::split::Raw;

/// What stands in the place of a secret. No secret that is looked for is shorter, so hiding never makes a line longer.
const MARK: &[u8] = b"[hidden]";

/// Shorter secrets are not looked for: they would be found where none is.
pub(crate) const SHORTEST: usize = MARK.len();

/// So much of a secret's beginning may stand at the end of a line that is not finished: in fewer bytes there is no
/// secret left, and an end such as `a` would be taken for one.
const HARMLESS: usize = 3;

/// So many secrets are looked for: each launch brings a new one, and the last launches are those that still write.
const SECRETS: usize = 16;

/// How lines are made fit to be kept.
pub(super) struct Polish {
    /// The most bytes of a line.
    limit: usize,
    secrets: Vec<Finder<'static>>,
}

/// Whether there may be more of a line than was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The line has ended.
    Whole,
    /// It has not, or the sidecar died while writing it.
    Open,
}

impl Polish {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, secrets: Vec::new() }
    }

    /// How many bytes of a line must be read to judge it: a secret that begins before the limit may end behind it.
    pub(super) fn keep(&self) -> usize {
        self.limit + self.secrets.iter().map(|secret| secret.needle().len()).max().unwrap_or(1) - 1
    }

    /// Has a secret replaced from now on, where it has at least 8 bytes.
    pub(super) fn hide(&mut self, secret: &str) {
        let secret = secret.as_bytes();
        if secret.len() < SHORTEST || self.secrets.iter().any(|known| known.needle() == secret) {
            return;
        }
        if self.secrets.len() == SECRETS {
            self.secrets.remove(0);
        }
        self.secrets.push(Finder::new(secret).into_owned());
    }

    /// The text of a line, and whether it was cut.
    pub(super) fn line<'a>(&self, raw: Raw<'a>, end: End) -> (Cow<'a, str>, bool) {
        let cut = raw.cut || raw.bytes.len() > self.limit;
        let hidden = if self.secrets.is_empty() {
            Cow::Borrowed(&raw.bytes[..raw.bytes.len().min(self.limit)])
        } else {
            self.hidden(raw.bytes, end)
        };
        let partial = cut || end == End::Open;
        let text = match hidden {
            Cow::Borrowed(bytes) => decode(bytes, partial),
            Cow::Owned(bytes) => Cow::Owned(decode(&bytes, partial).into_owned()),
        };
        if text.len() <= self.limit {
            return (text, cut);
        }
        // U+FFFD is longer than the byte that it stands for.
        let mut text = text.into_owned();
        let end = (0..=self.limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        (Cow::Owned(text), true)
    }

    /// What lies before the limit, without secrets.
    fn hidden<'a>(&self, bytes: &'a [u8], end: End) -> Cow<'a, [u8]> {
        let mut out = Vec::new();
        let mut from = 0;
        while let Some((start, length)) = self.first(&bytes[from..]) {
            if from + start >= self.limit {
                break;
            }
            out.extend_from_slice(&bytes[from..from + start]);
            out.extend_from_slice(MARK);
            from += start + length;
        }
        let rest = &bytes[from..];
        let begun = if end == End::Open { self.begun(rest) } else { 0 };
        let shown = rest.len() - begun;
        let kept = &rest[..shown.min(self.limit.saturating_sub(from))];
        let marked = begun > 0 && from + shown < self.limit;
        if from == 0 && !marked {
            return Cow::Borrowed(kept);
        }
        out.extend_from_slice(kept);
        if marked {
            out.extend_from_slice(MARK);
        }
        Cow::Owned(out)
    }

    /// Where the first secret begins, and its length.
    fn first(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let found =
            self.secrets.iter().filter_map(|secret| Some((secret.find(bytes)?, secret.needle().len())));
        found.min_by_key(|(start, length)| (*start, usize::MAX - length))
    }

    /// How many bytes at the end are the beginning of a secret.
    fn begun(&self, bytes: &[u8]) -> usize {
        let begun = |secret: &Finder<'_>| {
            let longest = (secret.needle().len() - 1).min(bytes.len());
            (HARMLESS + 1..=longest).rev().find(|length| bytes.ends_with(&secret.needle()[..*length]))
        };
        self.secrets.iter().filter_map(begun).max().unwrap_or(0)
    }
}

/// As UTF-8, with U+FFFD for what is none and for NUL, which makes a log a binary file to many tools. A character that
/// is only begun at the end of a partial line is left out.
fn decode(bytes: &[u8], partial: bool) -> Cow<'_, str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) if partial && error.error_len().is_none() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()])
        }
        Err(_) => String::from_utf8_lossy(bytes),
    };
    if memchr(0, text.as_bytes()).is_none() { text } else { Cow::Owned(text.replace('\0', "\u{fffd}")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn polish(limit: usize, bytes: &[u8], end: End) -> (String, bool) {
        let mut polish = Polish::new(limit);
        polish.hide(SECRET);
        // As the splitter does.
        let raw = Raw { bytes: &bytes[..bytes.len().min(polish.keep())], cut: bytes.len() > polish.keep() };
        let (text, cut) = polish.line(raw, end);
        (text.into_owned(), cut)
    }

    fn whole(text: &str) -> String {
        polish(1000, text.as_bytes(), End::Whole).0
    }

    #[test]
    fn secrets_are_hidden() {
        assert_eq!(whole("a 0123456789abcdef0123456789abcdef b"), "a [hidden][hidden] b");
        assert_eq!(whole("0123456789abcde"), "0123456789abcde");
    }

    #[test]
    fn of_overlapping_secrets_the_longer_one_goes() {
        let mut polish = Polish::new(100);
        for secret in ["abcdefgh", "abcdefghijkl", "short", "abcdefgh"] {
            polish.hide(secret);
        }
        let raw = Raw { bytes: b"abcdefghijkl short abcdefgh", cut: false };
        assert_eq!(polish.line(raw, End::Whole), ("[hidden] short [hidden]".into(), false));
    }

    #[test]
    fn half_a_secret_is_not_shown_where_a_line_is_cut_or_open() {
        assert_eq!(polish(6, b"tok 0123456789abcdef", End::Whole), ("tok [h".to_owned(), true));
        assert_eq!(polish(4, b"tok 0123456789abcdef", End::Whole), ("tok ".to_owned(), true));
        assert_eq!(polish(100, b"tok 0123456", End::Open), ("tok [hidden]".to_owned(), false));
        assert_eq!(polish(100, b"tok 012", End::Open), ("tok 012".to_owned(), false));
        assert_eq!(polish(6, b"tok 0123456", End::Open), ("tok [h".to_owned(), true));
    }

    #[test]
    fn only_the_newest_secrets_are_looked_for() {
        let mut polish = Polish::new(100);
        for launch in 0..100 {
            polish.hide(&format!("secret-{launch:04}"));
        }
        assert_eq!(polish.secrets.len(), SECRETS);
        let text =
            |text: &str| polish.line(Raw { bytes: text.as_bytes(), cut: false }, End::Whole).0.into_owned();
        assert_eq!([text("secret-0099"), text("secret-0000")], ["[hidden]", "secret-0000"]);
    }

    #[test]
    fn what_is_no_text_becomes_text() {
        assert_eq!(polish(100, b"a\xff\xfeb\0c", End::Whole).0, "a\u{fffd}\u{fffd}b\u{fffd}c");
        assert_eq!(polish(100, b"a\xe2\x82", End::Whole).0, "a\u{fffd}");
        assert_eq!(polish(100, b"a\xe2\x82", End::Open).0, "a");
        assert_eq!(polish(3, "aß€".as_bytes(), End::Whole), ("aß".to_owned(), true));
        assert_eq!(polish(4, &[0xff; 4], End::Whole), ("\u{fffd}".to_owned(), true));
    }

    proptest! {
        #[test]
        fn no_secret_gets_through(before in "[0-9a-f]{0,40}", after in "[0-9a-f]{0,40}", limit in 1..90_usize) {
            let line = format!("{before}{SECRET}{after}");
            let (text, cut) = polish(limit, line.as_bytes(), End::Whole);
            prop_assert!(text.len() <= limit);
            prop_assert_eq!(cut, line.len() > limit);
            prop_assert!(!text.contains(SECRET));
            // Nor its half.
            prop_assert!(line.matches(&SECRET[..8]).count() > 1 || !text.contains(&SECRET[..8]));
        }
    }
}
