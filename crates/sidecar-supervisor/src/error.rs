//! The one error shape of the project: code, headline, facts, help.

use std::borrow::Cow;
use std::fmt;
use std::io;

use serde::{Serialize, Serializer};

/// Why something failed, with the facts and the next step.
///
/// `Display` (and `Debug`, which prints the same) gives the headline, then aligned `key  value` facts, the last lines that
/// the sidecar wrote behind `|`, and one `help:` line where a next step is known. Serialised it is
/// `{ code, message, help, facts: [[key, value], …], log: [line, …] }`.
/// It can be cloned: everyone who waits for a sidecar is given the same.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    headline: String,
    facts: Vec<(Cow<'static, str>, String)>,
    log: Vec<String>,
    help: Option<String>,
}

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// What went wrong, as a value to match on. New kinds may be added in any release.
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "SupervisorCode"))]
        pub enum Kind { $($(#[$doc])* #[serde(rename = $code)] $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable kebab-case code, such as `foreign-listener`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

kinds! {
    /// A newer version of the toolkit wrote the spec.
    SpecTooNew = "spec-too-new";
    /// The spec cannot be read, or its values do not fit together.
    SpecInvalid = "spec-invalid";
    /// There is no sidecar of that name.
    UnknownSidecar = "unknown-sidecar";
    /// A token that the app chose cannot be sent.
    TokenInvalid = "token-invalid";
    /// The program is nowhere that it was looked for.
    ProgramMissing = "program-missing";
    /// The program has not the hash that the spec asks for.
    IntegrityFailure = "integrity-failure";
    /// The launch cannot be described to the system: NUL in a string, too many or too long arguments.
    BadLaunch = "bad-launch";
    /// The working directory is not there.
    DirectoryMissing = "directory-missing";
    /// A placeholder has no value when the sidecar starts.
    PlaceholderUnknown = "placeholder-unknown";
    /// This build or this system cannot do what the spec asks for.
    Unsupported = "unsupported";
    /// Somebody else has the port.
    PortTaken = "port-taken";
    /// The sidecar wrote something as its port that is none.
    AnnouncementInvalid = "announcement-invalid";
    /// Somebody else listens where the sidecar should.
    ForeignListener = "foreign-listener";
    /// The sidecar listens where other machines reach it.
    NotLoopback = "not-loopback";
    /// The answer came from somebody who does not know this launch's nonce.
    ForeignAnswer = "foreign-answer";
    /// The system refused to start the program.
    LaunchFailed = "launch-failed";
    /// The sidecar ended before it was ready.
    ExitedEarly = "exited-early";
    /// The sidecar was not ready in time.
    NotReady = "not-ready";
    /// The sidecar ended by itself after it was ready.
    Exited = "exited";
    /// A sidecar that this one depends on does not run.
    DependencyFailed = "dependency-failed";
    /// The sidecar did not answer the questions about its life.
    NotAlive = "not-alive";
    /// The sidecar's tree used more memory than its spec allows.
    MemoryLimit = "memory-limit";
    /// The sidecar was started too often; it is given up.
    RestartLimit = "restart-limit";
    /// The keeper of the sidecar was killed.
    KeeperLost = "keeper-lost";
    /// The command was overtaken by another one.
    Cancelled = "cancelled";
    /// The sidecar does not run.
    NotRunning = "not-running";
    /// The sidecar has no input, or its input has ended.
    StdinClosed = "stdin-closed";
    /// It took too long.
    Timeout = "timeout";
    /// The app is about to be updated: nothing is started.
    Updating = "updating";
    /// The supervisor has ended.
    SupervisorGone = "supervisor-gone";
    /// A call to the system failed.
    Io = "io";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Error {
    pub(crate) fn new(kind: Kind, headline: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            headline: headline.into(),
            facts: Vec::new(),
            log: Vec::new(),
            help: None,
        }))
    }

    /// An error of the system: what was tried is the headline.
    pub(crate) fn io(headline: impl Into<String>, error: &io::Error) -> Self {
        Self::new(Kind::Io, headline).fact("system", error)
    }

    #[must_use]
    pub(crate) fn fact(mut self, key: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        self.0.facts.push((key.into(), printable(&value.to_string())));
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The same facts under another headline.
    #[must_use]
    pub(crate) fn with(mut self, kind: Kind, headline: impl Into<String>) -> Self {
        (self.0.kind, self.0.headline) = (kind, headline.into());
        self
    }

    /// The last lines that the sidecar wrote.
    #[must_use]
    pub(crate) fn log(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.0.log = lines.into_iter().map(|line| printable(&line)).collect();
        self
    }

    /// The same without what another sidecar told: of one that it depends on, only that it does not run.
    #[must_use]
    pub fn without_others(&self) -> Self {
        match self.0.kind {
            Kind::DependencyFailed => {
                Self::new(Kind::DependencyFailed, "a sidecar that this one needs does not run")
            }
            _ => self.clone(),
        }
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
        self.0.facts.iter().map(|(key, value)| (&**key, value.as_str()))
    }

    /// The last lines that the sidecar wrote, where they may tell why.
    pub fn log_tail(&self) -> &[String] {
        &self.0.log
    }

    /// The one step that can be done now, where one is known.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.headline)?;
        let width = self.0.facts.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        for (key, value) in &self.0.facts {
            write!(f, "\n  {key:width$}  {value}")?;
        }
        for line in &self.0.log {
            write!(f, "\n  | {line}")?;
        }
        match &self.0.help {
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

/// An error, as data.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(crate) struct ErrorData<'a> {
    /// What went wrong, to match on.
    code: Kind,
    /// The headline: lower case, no full stop, understandable alone.
    message: &'a str,
    /// The one step that can be done now, where one is known.
    help: Option<&'a str>,
    /// Pairs of a key and a value, in the order in which they are shown.
    facts: &'a [(Cow<'static, str>, String)],
    /// The last lines that the sidecar wrote, where they may tell why.
    log: &'a [String],
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Inner { kind, headline, facts, log, help } = &*self.0;
        let data = ErrorData { code: *kind, message: headline, help: help.as_deref(), facts, log };
        data.serialize(serializer)
    }
}

/// Text that a terminal shows as it is: output of a sidecar may hold control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_headline_facts_and_help() {
        let error =
            Error::new(Kind::PortTaken, "port 80 is taken").fact("owner", "nginx\x1b").fact("process", 7);
        let text = error.log(["bye\r".into()]).help("stop it").to_string();
        assert_eq!(
            text,
            "port 80 is taken\n  owner    nginx\u{fffd}\n  process  7\n  | bye\u{fffd}\nhelp: stop it"
        );
    }

    #[test]
    fn is_data_for_other_languages() {
        let error = Error::new(Kind::NotReady, "`a` is not ready").fact("after", "30s");
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(
            json,
            r#"{"code":"not-ready","message":"`a` is not ready","help":null,"facts":[["after","30s"]],"log":[]}"#
        );
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
