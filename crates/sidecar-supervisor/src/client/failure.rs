//! Why a question had no good answer.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use sidecar_spec::Span;

/// So much of a foreign text is shown, in characters.
const SHOWN: usize = 200;

/// Why a question had no good answer: a reason to match on, and a text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    reason: Reason,
    text: String,
}

/// The reason as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// Nobody listens there.
    Refused,
    /// The deadline passed.
    TimedOut,
    /// The connection ended without an answer.
    Closed,
    /// The answer is none in the protocol that was asked for.
    Protocol,
    /// An HTTP status that is not 2xx.
    Status,
    /// A call was answered with an error.
    CallError,
    /// The health service answered something else than SERVING.
    #[cfg(feature = "grpc")]
    NotServing,
    /// The answer came from somebody who does not know the nonce.
    Foreign,
    /// The request cannot be written as such.
    BadRequest,
    /// This build cannot ask that.
    Unsupported,
    /// The system refused.
    Io,
}

impl Failure {
    pub(crate) fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }

    /// The deadline passed, after this time.
    pub(crate) fn timed_out(within: Span) -> Self {
        Self::new(Reason::TimedOut, format!("no answer within {within}"))
    }

    pub(crate) fn refused() -> Self {
        Self::new(Reason::Refused, "connection refused")
    }

    pub(crate) fn closed() -> Self {
        Self::new(Reason::Closed, "the connection was closed without an answer")
    }

    /// An error of a socket.
    pub(crate) fn of_io(error: &io::Error, within: Span) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionRefused => Self::refused(),
            // A read whose time is over is the one on Unix, and the other on Windows.
            Kind::WouldBlock | Kind::TimedOut => Self::timed_out(within),
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => {
                Self::closed()
            }
            _ => Self::new(Reason::Io, error.to_string()),
        }
    }

    /// While connecting, a connection that is closed was never one.
    pub(crate) fn before_connected(self) -> Self {
        if self.reason == Reason::Closed { Self::refused() } else { self }
    }

    /// The reason, to match on.
    pub(crate) fn reason(&self) -> Reason {
        self.reason
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The time until then. Rounded up to 10 ms, as some of it has gone by since the deadline was set: what was meant as two
/// seconds is shown as such.
pub(crate) fn within(deadline: Instant) -> Span {
    let left = deadline.saturating_duration_since(Instant::now());
    let hundredths = left.as_nanos().div_ceil(Duration::from_millis(10).as_nanos());
    Span::from_millis(u64::try_from(hundredths).unwrap_or(u64::MAX / 10).saturating_mul(10))
}

/// A text of somebody else on one line, cut where it is long.
pub(crate) fn shown(text: &str) -> String {
    let mut chars = text.trim().chars();
    let mut shown: String = chars
        .by_ref()
        .take(SHOWN)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_was_given_is_the_time_that_is_shown() {
        let deadline = Instant::now() + Duration::from_secs(2);
        assert_eq!(Failure::timed_out(within(deadline)).to_string(), "no answer within 2s");
        assert_eq!(within(Instant::now()), Span::ZERO);
    }

    #[test]
    fn foreign_text_is_cut_and_printable() {
        assert_eq!(shown(" a\x1b[1m\n"), "a\u{fffd}[1m");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), SHOWN + 1);
    }
}
