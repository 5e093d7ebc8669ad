//! The one error shape of the project: headline, facts, help.

use std::fmt;
use std::io;

/// Why something failed, with the facts and the next step.
///
/// `Display` (and `Debug`, which prints the same) gives the headline, then aligned `key  value` facts, then one
/// `help:` line where a next step is known.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    headline: String,
    facts: Vec<(&'static str, String)>,
    help: Option<&'static str>,
    os: Option<i32>,
}

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// What went wrong, as a value to match on. New kinds may be added in any release.
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable kebab-case code, such as `launch-failed`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

kinds! {
    /// This system cannot do it, or this crate cannot do it there yet.
    Unsupported = "unsupported";
    /// [`init`](crate::init) could not prepare what keepers need.
    NotInitialised = "not-initialised";
    /// No keeper could be had.
    KeeperUnavailable = "keeper-unavailable";
    /// The keeper ended while it was needed.
    KeeperLost = "keeper-lost";
    /// The keeper did not answer in time.
    KeeperSilent = "keeper-silent";
    /// The keeper speaks another version of the protocol.
    VersionMismatch = "version-mismatch";
    /// The launch cannot be described to the system: NUL in a string, too many or too long arguments,
    /// on Windows a batch file.
    BadLaunch = "bad-launch";
    /// The system refused to start the program.
    LaunchFailed = "launch-failed";
    /// The port cannot be held.
    PortTaken = "port-taken";
    /// Another call to the system failed.
    Io = "io";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Error {
    pub(crate) fn new(kind: Kind, headline: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, headline: headline.into(), facts: Vec::new(), help: None, os: None }))
    }

    /// An error of the system: what was tried is the headline.
    pub(crate) fn io(kind: Kind, headline: impl Into<String>, error: &io::Error) -> Self {
        let mut this = Self::new(kind, headline).fact("system", error);
        this.0.os = error.raw_os_error();
        this
    }

    #[must_use]
    pub(crate) fn fact(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.facts.push((key, printable(&value.to_string())));
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: &'static str) -> Self {
        self.0.help = Some(help);
        self
    }

    /// What went wrong, to match on.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The headline: lower case, no full stop, understandable alone.
    pub fn headline(&self) -> &str {
        &self.0.headline
    }

    /// The facts as (key, value) pairs, in the order in which they are printed.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.facts.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// The one step that can be done now, where one is known.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help
    }

    /// The system's error number, where the system refused: for `launch-failed`, why the program did not start.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.os
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.headline)?;
        let width = self.0.facts.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        for (key, value) in &self.0.facts {
            write!(f, "\n  {key:width$}  {value}")?;
        }
        match self.0.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// Text that a terminal shows as it is: a path may hold control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_headline_facts_and_help() {
        let error = Error::io(Kind::LaunchFailed, "`a` does not start", &io::Error::from_raw_os_error(2))
            .fact("program", "/a\x1b[31m")
            .help("install it");
        let text = error.to_string();
        assert!(text.starts_with("`a` does not start\n  system   "), "{text}");
        assert!(text.ends_with("\n  program  /a\u{fffd}[31m\nhelp: install it"), "{text}");
        assert_eq!((error.raw_os_error(), error.kind().code()), (Some(2), "launch-failed"));
    }

    #[test]
    fn codes_are_kebab_case_and_unique() {
        let mut codes: Vec<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Kind::ALL.len());
    }
}
