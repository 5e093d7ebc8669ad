//! What the values of a spec mean together.

mod graph;
mod names;
mod numbers;
mod placeholders;
mod talk;

use std::fmt;

use crate::{Run, Spec};

/// Something that cannot work, found without running anything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What it is, to match on.
    pub kind: ProblemKind,
    /// The sidecar.
    pub sidecar: String,
    /// The key in its `run` table, such as `args[1]` or `health.live`; empty where it is about the sidecar's name.
    pub key: String,
    /// What is wrong: a sentence without a full stop.
    pub message: String,
    /// The one step that can be done, where one is known.
    pub help: Option<String>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What cannot work. New kinds may be added in any release.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProblemKind { $($(#[$doc])* $name,)* }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable kebab-case code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

kinds! {
    /// A sidecar's name is not one: letters, digits, `-`, `_` and `.`.
    SidecarName = "sidecar-name",
    /// The name of a program is empty or a path.
    ProgramName = "program-name",
    /// `depends-on` names a sidecar that is not there.
    UnknownDependency = "unknown-dependency",
    /// `depends-on` names a sidecar twice.
    DependencyTwice = "dependency-twice",
    /// Sidecars that need each other: none could start first.
    DependencyCycle = "dependency-cycle",
    /// A placeholder stands for something that is not known when the sidecar starts.
    PlaceholderNotKnown = "placeholder-not-known",
    /// The secret would be readable by others.
    TokenExposed = "token-exposed",
    /// A text that is handed to the system holds a NUL, which ends it there.
    NulCharacter = "nul-character",
    /// An environment variable's name is empty or holds `=`.
    EnvName = "env-name",
    /// An environment variable is set twice.
    EnvTwice = "env-twice",
    /// The restarts that are allowed cannot be used up, or make no sense otherwise.
    RestartWindow = "restart-window",
    /// A number or time span is 0 where that means nothing.
    Zero = "zero",
    /// Something is asked on the sidecar's port, and it has none.
    PortNeeded = "port-needed",
    /// Something is written to the sidecar's input, and it has none.
    StdinNeeded = "stdin-needed",
    /// `live` asks for a line of output, which comes once.
    LineOnce = "line-once",
    /// `identity = "nonce"`, and nothing is asked whose answer could hold it.
    NonceUnasked = "nonce-unasked",
    /// An exit code is a success and a permanent failure.
    ExitCodeTwice = "exit-code-twice",
    /// A line may be longer than all that is kept.
    LogLimits = "log-limits",
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sidecar `{}`: {}", self.sidecar, self.message)
    }
}

impl Spec {
    /// All that cannot work, by sidecar in the order of their names; empty where the spec is fine.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, sidecar) in &self.sidecars {
            let mut found = Found { sidecar: name, problems: &mut problems };
            names::check(name, &sidecar.run, &mut found);
            graph::check_edges(self, name, &sidecar.run, &mut found);
            placeholders::check(self, name, &sidecar.run, &mut found);
            talk::check(&sidecar.run, &mut found);
            numbers::check(&sidecar.run, &mut found);
        }
        graph::check_cycles(self, &mut problems);
        problems
    }
}

/// The problems of one sidecar while they are collected.
struct Found<'s> {
    sidecar: &'s str,
    problems: &'s mut Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, kind: ProblemKind, key: impl Into<String>, message: impl Into<String>) {
        self.push(kind, key, message, None);
    }

    fn add_help(
        &mut self,
        kind: ProblemKind,
        key: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(kind, key, message, Some(help.into()));
    }

    fn push(
        &mut self,
        kind: ProblemKind,
        key: impl Into<String>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let (sidecar, key, message) = (self.sidecar.to_owned(), key.into(), message.into());
        self.problems.push(Problem { kind, sidecar, key, message, help });
    }
}

/// Every text with placeholders in a `run` table, with its key.
fn templates(run: &Run) -> Vec<(String, &crate::Template)> {
    let mut all = Vec::new();
    if let Some(crate::Program::Path(path)) = &run.program {
        all.push(("program.path".to_owned(), path));
    }
    all.extend(run.args.iter().enumerate().map(|(index, arg)| (format!("args[{index}]"), arg)));
    all.extend(run.env.iter().map(|(name, value)| (format!("env.{name}"), value)));
    all.extend(run.cwd.iter().map(|cwd| ("cwd".to_owned(), cwd)));
    if let crate::Port::File(file) = &run.port {
        all.push(("port.file".to_owned(), &file.path));
    }
    if let Some(crate::Token::File(path)) = &run.token {
        all.push(("token.file".to_owned(), path));
    }
    all
}
