//! Why a program did not start, in words: from the system's error and the program's file, or from what the loader said.

mod dll;
mod image;
mod loader;
mod refused;

use std::path::Path;

use crate::exit::Exit;
use crate::output::Line;

/// Why a program did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// Goes on behind `could not be started: `.
    pub(crate) headline: String,
    /// As (key, value).
    pub(crate) facts: Vec<(&'static str, String)>,
    /// What can be done.
    pub(crate) help: Option<String>,
    /// Another try would fail as well.
    pub(crate) permanent: bool,
}

/// Why a program did not start, where that can be told: either the system refused with an error, or it ended and `tail` is
/// the last that it wrote. Reads the head of its file, and no more than needed.
pub(crate) fn diagnose(
    program: &Path,
    os_error: Option<i32>,
    exit: Option<&Exit>,
    tail: &[Line],
) -> Option<Diagnosis> {
    match (os_error, exit) {
        (Some(code), _) => refused::diagnose(program, code),
        (None, Some(exit)) => loader::diagnose(program, exit, tail),
        (None, None) => None,
    }
}

impl Diagnosis {
    /// One that another try does not change.
    fn permanent(headline: impl Into<String>) -> Self {
        Self { headline: headline.into(), facts: Vec::new(), help: None, permanent: true }
    }

    /// One that another try may change.
    fn passing(headline: impl Into<String>) -> Self {
        Self { permanent: false, ..Self::permanent(headline) }
    }

    fn fact(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.facts.push((key, value.into()));
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
