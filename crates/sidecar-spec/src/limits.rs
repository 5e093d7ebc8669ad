//! How much output is kept, and how much of the machine a sidecar may use.

use serde::Serialize;

use crate::read::{deserialize, table};
use crate::{CpuShare, Size};

/// How much of a sidecar's output is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Logs {
    /// In memory.
    pub memory: Size,
    /// A longer line is cut.
    pub line: Size,
    /// In one file, before the next one begins.
    pub file: Size,
    /// So many files are kept; 0: none is written.
    pub files: u32,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            memory: Size::from_bytes(256 << 10),
            line: Size::from_bytes(16 << 10),
            file: Size::from_bytes(5 << 20),
            files: 3,
        }
    }
}

table!(Logs {
    "memory" => memory,
    "line" => line,
    "file" => file,
    "files" => files,
});

/// How much of the machine the whole tree of a sidecar may use. What it cannot be held to is reported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Resident memory, looked at every two seconds once it is ready. A sidecar that uses more is stopped, which is a
    /// failure: it may be restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// CPU. No system holds it to that yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuShare>,
}

table!(Limits { "memory" => memory, "cpu" => cpu, });

deserialize!(Logs, Limits);
