#![doc = include_str!("../README.md")]

mod check;
mod health;
mod invalid;
mod limits;
mod nearest;
mod port;
mod program;
mod read;
mod restart;
mod run;
mod scalar;
#[cfg(feature = "schema")]
mod schema;
mod spec;
mod stop;
mod template;
mod units;

pub use check::{Problem, ProblemKind};
pub use health::{Check, Health, Probe, Stage};
pub use invalid::Invalid;
pub use limits::{Limits, Logs};
pub use nearest::nearest;
pub use port::{Announcement, AnnouncementPiece, Expose, Host, Port, PortFile, PortPlace};
pub use program::{Install, Program, Token};
pub use restart::{Backoff, Restart, RestartWhen};
pub use run::{Dependency, Identity, Run, Stdin};
pub use scalar::{CpuShare, ExitCode, JsonPointer, Pattern, Sha256};
pub use spec::{SPEC_VERSION, Sidecar, Spec, SpecError, SpecErrorKind};
pub use stop::{Signal, Stop, StopRequest};
pub use template::{Piece, Placeholder, Template};
pub use units::{Size, Span};

#[cfg(feature = "schema")]
pub use schema::{run_schema, spec_schema};
