//! What a command fails with, in the shape that all errors of the project have.

use serde::Serialize;
use sidecar_supervisor::{Kind, Sidecar, spec};

use crate::scope::Allowed;
use crate::supervisor;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a command failed. JavaScript is given all of it.
#[derive(Debug, Serialize)]
pub(crate) struct Error {
    code: &'static str,
    message: String,
    help: Option<String>,
    facts: Vec<(String, String)>,
    log: Vec<String>,
}

impl From<supervisor::Error> for Error {
    fn from(error: supervisor::Error) -> Self {
        Self {
            code: error.kind().code(),
            message: error.headline().to_owned(),
            help: error.help_text().map(str::to_owned),
            facts: error.facts().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            log: error.log_tail().to_vec(),
        }
    }
}

impl Error {
    fn new(code: &'static str, message: String) -> Self {
        Self { code, message, help: None, facts: Vec::new(), log: Vec::new() }
    }

    /// `not-allowed`: the capability's scope leaves this sidecar out. It tells whom the window may name; not whether there
    /// is one of that name.
    pub(crate) fn not_allowed(sidecar: &str, allowed: &Allowed) -> Self {
        let message = format!("this window has no permission for the sidecar `{sidecar}`");
        let mut error = Self::new("not-allowed", message);
        let names = allowed.names();
        if !names.is_empty() {
            error.facts.push(("allowed".to_owned(), names.join(", ")));
        }
        error.help = Some(if allowed.denies(sidecar) {
            format!(
                "a capability of this window has it under `deny`: remove `{{ \"name\": \"{sidecar}\" }}` there"
            )
        } else {
            format!(
                "add `{{ \"name\": \"{sidecar}\" }}` to the `allow` list of its permission, in the window's capability"
            )
        });
        error
    }

    /// `not-allowed`: what acts on all sidecars needs all of them.
    pub(crate) fn not_all_allowed() -> Self {
        let mut error =
            Self::new("not-allowed", "this window has no permission for all sidecars at once".to_owned());
        error.help =
            Some("name those that you mean, or give its capability a permission without a scope".to_owned());
        error
    }

    /// `unknown-sidecar`: there is none of that name, of which the window may know.
    pub(crate) fn unknown(sidecar: &str, known: &[String]) -> Self {
        let mut error = Self::new(Kind::UnknownSidecar.code(), format!("there is no sidecar `{sidecar}`"));
        match spec::nearest(sidecar, known.iter().map(String::as_str)) {
            Some(near) => error.help = Some(format!("did you mean `{near}`?")),
            None => error.facts.push(("known".to_owned(), known.join(", "))),
        }
        error
    }

    /// `timeout`: it is not ready yet, and the page does not want to wait longer.
    pub(crate) fn not_ready_after(millis: u64, sidecar: &Sidecar, allowed: &Allowed) -> Self {
        let status = allowed.shown(sidecar.status());
        let mut error =
            Self::new(Kind::Timeout.code(), format!("`{}` is not ready after {millis} ms", status.name));
        error.facts.push(("state".to_owned(), status.state.to_string()));
        if let Some(last) = status.error.map(Self::from) {
            error.facts.push(("last failure".to_owned(), last.message));
            error.facts.extend(last.facts);
            (error.log, error.help) = (last.log, last.help);
        }
        error
    }

    /// `bad-input`: the call is not as the API makes it.
    pub(crate) fn bad_input(what: &str) -> Self {
        Self::new("bad-input", what.to_owned())
    }
}
