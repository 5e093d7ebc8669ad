//! How a process ended.

/// In one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    Clean,
    Abnormal,
    Killed,
}

/// With its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub reason: ExitReason,
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl Exit {
    #[cfg(test)]
    pub(crate) fn of(reason: ExitReason, code: i32) -> Self {
        Self { reason, code: Some(code), signal: None }
    }
}
