//! Durations and sizes as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Invalid;
use crate::read::text;

/// A time span: `500ms`, `90s`, `3m`, `2h` or `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

text!(
    Span,
    "a time span such as `500ms`, `90s` or `3m` (units: ms, s, m, h, d)",
    Some("^[0-9]+(ms|s|m|h|d)$")
);

/// A number of bytes: `512B`, `64KiB`, `64MiB` or `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

text!(Size, "a size such as `64MiB` (units: B, KiB, MiB, GiB)", Some("^[0-9]+(B|KiB|MiB|GiB)$"));

/// Units with what they are in the smallest, largest first.
const SPANS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// A span of so many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// A span of so many seconds; one beyond 584 million years is that.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_millis(seconds.saturating_mul(1000)))
    }

    /// The span for the standard library.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    fn millis(self) -> u64 {
        // Only whole milliseconds that fit are ever built.
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Size {
    /// So many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse(text, &SPANS).map(Self::from_millis)
    }
}

impl FromStr for Size {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        parse(text, &SIZES).map(Self)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.millis(), &SPANS, "0s", f)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0, &SIZES, "0B", f)
    }
}

fn parse(text: &str, units: &[(&str, u64)]) -> Result<u64, Invalid> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = &text[digits.len()..];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Invalid::new("write a whole number and its unit"));
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let reason = match unit {
            "" => "the unit is missing".to_owned(),
            unit if unit.starts_with(' ') => "write the unit behind the number without a space".to_owned(),
            unit => format!("`{unit}` is no unit"),
        };
        return Err(Invalid::new(reason));
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
    number.ok_or_else(|| Invalid::new("that is too much"))
}

/// In the largest unit that leaves a whole number.
fn show(value: u64, units: &[(&str, u64)], zero: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match units.iter().find(|(_, factor)| value != 0 && value.is_multiple_of(*factor)) {
        Some((unit, factor)) => write!(f, "{}{unit}", value / factor),
        None => f.write_str(zero),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_shown_in_the_largest_whole_unit() {
        for (written, shown) in
            [("500ms", "500ms"), ("90s", "90s"), ("120s", "2m"), ("180m", "3h"), ("24h", "1d"), ("0ms", "0s")]
        {
            assert_eq!(written.parse::<Span>().unwrap().to_string(), shown);
        }
        assert_eq!("3m".parse::<Span>().unwrap().get(), Duration::from_secs(180));
    }

    #[test]
    fn sizes_are_binary() {
        assert_eq!("64MiB".parse::<Size>().unwrap().bytes(), 64 * 1024 * 1024);
        assert_eq!("2048KiB".parse::<Size>().unwrap().to_string(), "2MiB");
        assert_eq!("1B".parse::<Size>().unwrap().to_string(), "1B");
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in
            ["", "90", "s", "-1s", "1.5s", "1 s", "1s ", "90 parsecs", "99999999999999999999d", "٣s", "1é"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert!("64MB".parse::<Size>().is_err());
    }
}
