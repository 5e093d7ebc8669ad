//! What a command fails with, in the shape that all errors of the project have.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::supervisor;

/// What this plugin's commands return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command of the plugin failed. Serialised it is `{ code, message, help, facts, log }`.
#[non_exhaustive]
#[derive(Debug)]
pub enum Error {
    /// The supervisor refused, or the sidecar failed.
    Supervisor(supervisor::Error),
    /// `not-allowed`: the capability's scope leaves this sidecar out.
    NotAllowed {
        /// Which sidecar.
        sidecar: String,
        /// The sidecars that the window may name.
        allowed: Vec<String>,
    },
    /// `timeout`: it is not ready yet, and the page does not want to wait longer.
    Timeout {
        /// Which sidecar.
        sidecar: String,
        /// What it is doing.
        state: supervisor::State,
        /// How long it was waited for, in milliseconds.
        waited: u64,
    },
    /// `bad-input`: the call is not as the API makes it.
    BadInput(&'static str),
}

impl From<supervisor::Error> for Error {
    fn from(error: supervisor::Error) -> Self {
        Self::Supervisor(error)
    }
}

/// An error of this crate, as data.
#[derive(Serialize)]
struct Data<'a> {
    code: &'static str,
    message: String,
    help: Option<&'a str>,
    facts: Vec<(&'static str, String)>,
    log: [&'static str; 0],
}

impl Error {
    /// The stable kebab-case code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Supervisor(error) => error.kind().code(),
            Self::NotAllowed { .. } => "not-allowed",
            Self::Timeout { .. } => supervisor::Kind::Timeout.code(),
            Self::BadInput(_) => "bad-input",
        }
    }

    fn headline(&self) -> String {
        match self {
            Self::Supervisor(error) => error.headline().to_owned(),
            Self::NotAllowed { sidecar, .. } => {
                format!("this window has no permission for the sidecar `{sidecar}`")
            }
            Self::Timeout { sidecar, waited, .. } => format!("`{sidecar}` is not ready after {waited} ms"),
            Self::BadInput(what) => (*what).to_owned(),
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotAllowed { allowed, .. } if !allowed.is_empty() => vec![("allowed", allowed.join(", "))],
            Self::Timeout { state, .. } => vec![("state", state.to_string())],
            _ => Vec::new(),
        }
    }

    fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotAllowed { .. } => Some(
                "add `{ \"name\": … }` to the `allow` list of its permission, in the window's capability",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Supervisor(error) = self {
            return error.fmt(f);
        }
        f.write_str(&self.headline())?;
        for (key, value) in self.facts() {
            write!(f, "\n  {key}  {value}")?;
        }
        self.help().map_or(Ok(()), |help| write!(f, "\nhelp: {help}"))
    }
}

impl std::error::Error for Error {}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if let Self::Supervisor(error) = self {
            return error.serialize(serializer);
        }
        let data = Data {
            code: self.code(),
            message: self.headline(),
            help: self.help(),
            facts: self.facts(),
            log: [],
        };
        data.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_shape_of_all_errors() {
        let error = Error::NotAllowed { sidecar: "db".into(), allowed: vec!["web".into()] };
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(json["code"], "not-allowed");
        assert_eq!(json["message"], "this window has no permission for the sidecar `db`");
        assert_eq!(json["facts"], serde_json::json!([["allowed", "web"]]));
        assert_eq!(json["log"], serde_json::json!([]));
        assert!(error.to_string().ends_with("in the window's capability"), "{error}");
    }
}
