//! How a sidecar shows that it is well.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error as _, MapAccess};
use serde::{Serialize, Serializer};

use crate::nearest::nearest;
use crate::read::{At, Refused, Take, deserialize, table, text};
use crate::{Invalid, Pattern, Span};

/// When a sidecar counts as started, ready and alive. Without `ready`, one with a port is ready when it listens, one
/// without when it runs. Whatever is asked here, the socket must belong to the sidecar and lie on loopback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Health {
    /// Asked first; the other two begin when it has succeeded once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup: Option<Probe>,
    /// Whether it can serve. Where it later fails, the sidecar is degraded, and not restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<Probe>,
    /// Whether it lives. Where it fails, the sidecar is restarted; so it must not ask what the sidecar depends on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Probe>,
    /// How long the start may take until it is ready.
    pub ready_within: Span,
}

impl Default for Health {
    fn default() -> Self {
        Self { startup: None, ready: None, live: None, ready_within: Span::from_secs(30) }
    }
}

table!(Health {
    "startup" => startup,
    "ready" => ready,
    "live" => live,
    "ready-within" => ready_within,
});

deserialize!(Health);

impl Health {
    /// The probes that are set, with their places.
    pub fn probes(&self) -> impl Iterator<Item = (Stage, &Probe)> {
        [(Stage::Startup, &self.startup), (Stage::Ready, &self.ready), (Stage::Live, &self.live)]
            .into_iter()
            .filter_map(|(stage, probe)| Some((stage, probe.as_ref()?)))
    }
}

/// The place of a probe, which decides what its failure means and how often it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// `health.startup`
    Startup,
    /// `health.ready`
    Ready,
    /// `health.live`
    Live,
}

impl Stage {
    /// The key in the table `health`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Ready => "ready",
            Self::Live => "live",
        }
    }
}

/// A question that is asked again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What is asked.
    pub check: Check,
    /// From one question to the next, where it is not the default.
    pub every: Option<Span>,
    /// An answer later than this is none, where it is not the default.
    pub timeout: Option<Span>,
    /// So many failures in a row count, where it is not the default.
    pub failures: Option<u32>,
}

deserialize!(Probe);

impl Probe {
    /// From one question to the next. Default: 250 ms for `startup`, 5 s for `ready`, 10 s for `live`.
    pub fn every(&self, stage: Stage) -> Span {
        self.every.unwrap_or(match stage {
            Stage::Startup => Span::from_millis(250),
            Stage::Ready => Span::from_secs(5),
            Stage::Live => Span::from_secs(10),
        })
    }

    /// An answer later than this is none. Default: 2 s.
    pub fn timeout(&self) -> Span {
        self.timeout.unwrap_or(Span::from_secs(2))
    }

    /// So many failures in a row count. Default: 3 for `live`, 2 for `ready`. At the start, only
    /// [`ready_within`](Health::ready_within) ends the questions.
    pub fn failures(&self, stage: Stage) -> u32 {
        self.failures.unwrap_or(if stage == Stage::Live { 3 } else { 2 })
    }
}

impl From<Check> for Probe {
    fn from(check: Check) -> Self {
        Self { check, every: None, timeout: None, failures: None }
    }
}

impl FromStr for Probe {
    type Err = Invalid;

    /// A check, with the defaults of its place.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse::<Check>().map(Self::from)
    }
}

#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ProbeTable {
    /// What is asked.
    #[cfg_attr(feature = "schema", schemars(required))]
    check: Option<Check>,
    /// From one question to the next. Default: 250ms for startup, 5s for ready, 10s for live.
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<Span>,
    /// An answer later than this is none. Default: 2s.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<Span>,
    /// So many failures in a row count. Default: 3 for live, 2 for ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<u32>,
}

table!(ProbeTable {
    "check" => check,
    "every" => every,
    "timeout" => timeout,
    "failures" => failures,
} requires "check");

impl Take for Probe {
    fn takes() -> String {
        format!("{FORMS}, or a table of `check`, `every`, `timeout` and `failures`")
    }

    fn text(text: &str) -> Result<Self, Refused> {
        text.parse().map_err(Invalid::into_refused)
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, map: A) -> Result<Self, A::Error> {
        let ProbeTable { check, every, timeout, failures } = ProbeTable::table(at, map)?;
        // Only JSON's `null` leaves it out.
        let check = check
            .ok_or_else(|| A::Error::custom(format_args!("the key `{}` is missing", at.key("check"))))?;
        Ok(Self { check, every, timeout, failures })
    }
}

impl Serialize for Probe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { check, every, timeout, failures } = self.clone();
        if (every, timeout, failures) == (None, None, None) {
            return check.serialize(serializer);
        }
        ProbeTable { check: Some(check), every, timeout, failures }.serialize(serializer)
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// `http:/path`: GET answers 2xx. No proxy, no redirects.
    Http(String),
    /// `grpc` or `grpc:service`: the standard health service answers SERVING.
    Grpc(Option<String>),
    /// `jsonrpc:method`: the method answers without an error; on the port, or on stdin and stdout where there is none.
    JsonRpc(String),
    /// `tcp`: a connection is accepted. Weak: the system accepts for a process that hangs.
    Tcp,
    /// `line:regex`: a line of the output matches. Only for the start.
    Line(Pattern),
    /// `process`: it runs.
    Process,
}

const FORMS: &str =
    "`http:/path`, `grpc`, `grpc:service`, `jsonrpc:method`, `tcp`, `line:regex` or `process`";

text!(Check, FORMS, Some("^(http:/.*|grpc(:.+)?|jsonrpc:.+|tcp|line:.+|process)$"));

impl Check {
    /// Whether it is asked on the sidecar's port, and nowhere else.
    pub fn needs_port(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Grpc(_) | Self::Tcp)
    }
}

impl FromStr for Check {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) => (scheme, Some(rest)),
            None => (text, None),
        };
        match (scheme, rest) {
            ("http", Some(path)) => http_path(path).map(Self::Http),
            ("grpc", None) => Ok(Self::Grpc(None)),
            ("grpc", Some(service)) => word(service, "the service").map(|service| Self::Grpc(Some(service))),
            ("jsonrpc", Some(method)) => word(method, "the method").map(Self::JsonRpc),
            ("tcp", None) => Ok(Self::Tcp),
            ("process", None) => Ok(Self::Process),
            ("line", Some("")) => Err(Invalid::new("the expression behind `line:` is missing")),
            ("line", Some(regex)) => regex.parse().map(Self::Line),
            ("http" | "jsonrpc" | "line", None) => {
                Err(Invalid::new(format!("what follows `{scheme}:` is missing")))
            }
            ("tcp" | "process", Some(_)) => Err(Invalid::new(format!("nothing follows `{scheme}`"))),
            _ => Err(Invalid::new(
                match nearest(scheme, ["http", "grpc", "jsonrpc", "tcp", "line", "process"]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("`{scheme}` is none of them"),
                },
            )),
        }
    }
}

/// The path of a request: the host is always the sidecar itself.
pub(crate) fn http_path(path: &str) -> Result<String, Invalid> {
    if path.starts_with("//") {
        return Err(Invalid::new("only the path is written: host and port are the sidecar's own"));
    }
    if !path.starts_with('/') {
        return Err(Invalid::new("the path begins with `/`"));
    }
    if path.contains(|c: char| c.is_control() || c == ' ' || c == '#' || !c.is_ascii()) {
        return Err(Invalid::new("a path has no spaces, no `#` and only ASCII; write `%20` and the like"));
    }
    Ok(path.to_owned())
}

/// A name without spaces and control characters.
pub(crate) fn word(text: &str, what: &str) -> Result<String, Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(format!("{what} is missing")));
    }
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(Invalid::new(format!("{what} has no spaces and control characters")));
    }
    Ok(text.to_owned())
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(path) => write!(f, "http:{path}"),
            Self::Grpc(None) => f.write_str("grpc"),
            Self::Grpc(Some(service)) => write!(f, "grpc:{service}"),
            Self::JsonRpc(method) => write!(f, "jsonrpc:{method}"),
            Self::Tcp => f.write_str("tcp"),
            Self::Line(pattern) => write!(f, "line:{pattern}"),
            Self::Process => f.write_str("process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_shown_as_it_was_written() {
        for text in [
            "http:/health?full=1",
            "grpc",
            "grpc:acme.Backend",
            "jsonrpc:system.ping",
            "tcp",
            "line:^ready: (yes|now)$",
            "process",
        ] {
            assert_eq!(text.parse::<Check>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_probe_is_parsed_as_its_check() {
        let probe: Probe = "http:/health".parse().unwrap();
        assert_eq!(probe, Check::Http("/health".into()).into());
        let [probe, check] = [
            "htpp:/health".parse::<Probe>().map(drop).unwrap_err(),
            "htpp:/health".parse::<Check>().map(drop).unwrap_err(),
        ];
        assert_eq!(probe.to_string(), check.to_string());
    }

    #[test]
    fn what_cannot_be_asked_says_why() {
        for (text, reason) in [
            ("http", "what follows `http:` is missing"),
            ("http:health", "the path begins with `/`"),
            ("http://localhost:80/health", "only the path is written: host and port are the sidecar's own"),
            ("http:/a b", "a path has no spaces, no `#` and only ASCII; write `%20` and the like"),
            ("htpp:/health", "did you mean `http`?"),
            ("exec:/bin/true", "`exec` is none of them"),
            ("tcp:80", "nothing follows `tcp`"),
            ("grpc:", "the service is missing"),
            ("line:", "the expression behind `line:` is missing"),
            ("line:(", "unclosed group"),
        ] {
            assert_eq!(text.parse::<Check>().unwrap_err().to_string(), reason);
        }
    }
}
