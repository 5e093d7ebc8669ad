//! How a process ended.

use std::fmt;
use std::process::ExitStatus;

use serde::Serialize;
use sidecar_spec::Run;

/// In one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitReason {
    /// x
    Clean,
    /// x
    Abnormal,
    /// x
    Killed,
}

/// With its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exit {
    /// x
    pub reason: ExitReason,
    /// x
    pub code: Option<i32>,
    /// x
    pub signal: Option<i32>,
}

impl Exit {
    pub(crate) fn new(status: ExitStatus, run: &Run) -> Self {
        let code = status.code();
        let clean = code.is_some_and(|code| run.success_codes.iter().any(|it| it.get() == code));
        let reason = if clean { ExitReason::Clean } else { ExitReason::Abnormal };
        Self { reason, code, signal: None }
    }

    #[cfg(test)]
    pub(crate) fn of(reason: ExitReason, code: i32) -> Self {
        Self { reason, code: Some(code), signal: None }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exited with {:?}", self.code)
    }
}
