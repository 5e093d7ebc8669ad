//! How a sidecar is stopped: a ladder of requests, each harder than the one before.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::health::{http_path, word};
use crate::nearest::nearest;
use crate::read::{deserialize, table, text, words};
use crate::{Invalid, Span};

/// How a sidecar is stopped: it is asked in its own protocol, then by a signal to its first process, and what is left of
/// its tree is killed. A stop ends when the tree is empty, so the last rung cannot be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Stop {
    /// What is asked first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<StopRequest>,
    /// How long the request may take until the signal is sent.
    pub request_grace: Span,
    /// The signal to the sidecar's first process; on Windows each of them is `CTRL_BREAK`.
    pub signal: Signal,
    /// How long it may take after the signal until the tree is killed.
    pub grace: Span,
    /// How long it may take where the app itself died; no time: killed at once.
    pub app_death_grace: Span,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            request: None,
            request_grace: Span::from_secs(5),
            signal: Signal::default(),
            grace: Span::from_secs(5),
            app_death_grace: Span::ZERO,
        }
    }
}

table!(Stop {
    "request" => request,
    "request-grace" => request_grace,
    "signal" => signal,
    "grace" => grace,
    "app-death-grace" => app_death_grace,
});

deserialize!(Stop);

words! {
    /// The signal that asks a process to end.
    #[derive(Default)]
    Signal {
        /// SIGTERM: what most programs expect.
        #[default]
        Term = "TERM",
        /// SIGINT, as by Ctrl-C.
        Int = "INT",
        /// SIGQUIT.
        Quit = "QUIT",
        /// SIGHUP.
        Hup = "HUP",
        /// None: after the request, the tree is killed.
        None = "none",
    }
}

/// A request to stop, in the sidecar's own protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopRequest {
    /// `close-stdin`: its input ends.
    CloseStdin,
    /// `stdin:text`: this line on its input.
    Stdin(String),
    /// `http:/path`: POST to its port.
    Http(String),
    /// `jsonrpc:method`: a call without parameters.
    JsonRpc(String),
    /// `grpc:package.Service/Method`: a call with an empty message.
    Grpc(String),
}

const FORMS: &str =
    "`close-stdin`, `stdin:text`, `http:/path`, `jsonrpc:method` or `grpc:package.Service/Method`";

text!(StopRequest, FORMS, Some("^(close-stdin|stdin:.+|http:/.*|jsonrpc:.+|grpc:.+/.+)$"));

impl StopRequest {
    /// Whether it goes to the sidecar's port.
    pub fn needs_port(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Grpc(_))
    }

    /// Whether it goes to the sidecar's input.
    pub fn needs_stdin(&self) -> bool {
        matches!(self, Self::CloseStdin | Self::Stdin(_))
    }
}

impl FromStr for StopRequest {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "close-stdin" {
            return Ok(Self::CloseStdin);
        }
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        match scheme {
            "stdin" if rest.is_empty() => {
                Err(Invalid::new("the text is missing; to end the input, write `close-stdin`"))
            }
            "stdin" if rest.contains(['\n', '\r']) => Err(Invalid::new("it is one line; its end is added")),
            "stdin" => Ok(Self::Stdin(rest.to_owned())),
            "http" => http_path(rest).map(Self::Http),
            "jsonrpc" => word(rest, "the method").map(Self::JsonRpc),
            "grpc" => match rest.split_once('/') {
                Some((service, method))
                    if !service.is_empty() && !method.is_empty() && !method.contains('/') =>
                {
                    word(rest, "the method").map(Self::Grpc)
                }
                _ => Err(Invalid::new("service and method are written `package.Service/Method`")),
            },
            _ => Err(Invalid::new(
                match nearest(scheme, ["close-stdin", "stdin", "http", "jsonrpc", "grpc"]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("`{scheme}` is none of them"),
                },
            )),
        }
    }
}

impl fmt::Display for StopRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloseStdin => f.write_str("close-stdin"),
            Self::Stdin(line) => write!(f, "stdin:{line}"),
            Self::Http(path) => write!(f, "http:{path}"),
            Self::JsonRpc(method) => write!(f, "jsonrpc:{method}"),
            Self::Grpc(method) => write!(f, "grpc:{method}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_shown_as_it_was_written() {
        for text in
            ["close-stdin", "stdin:quit", "http:/shutdown", "jsonrpc:shutdown", "grpc:acme.Backend/Stop"]
        {
            assert_eq!(text.parse::<StopRequest>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_asked_says_why() {
        for (text, reason) in [
            ("stdin", "the text is missing; to end the input, write `close-stdin`"),
            ("stdin:a\nb", "it is one line; its end is added"),
            ("grpc:Stop", "service and method are written `package.Service/Method`"),
            ("http:shutdown", "the path begins with `/`"),
            ("SIGTERM", "`SIGTERM` is none of them"),
        ] {
            assert_eq!(text.parse::<StopRequest>().unwrap_err().to_string(), reason);
        }
    }
}
