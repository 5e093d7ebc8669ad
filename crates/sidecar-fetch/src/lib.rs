#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(feature = "resolve"),
    expect(
        dead_code,
        unreachable_pub,
        reason = "the authoring half uses more of the modules that it shares with builds"
    )
)]

mod build;
mod cache;
mod cargo_config;
#[cfg(feature = "resolve")]
mod change;
mod config;
mod doc;
mod env;
mod error;
mod features;
#[cfg(feature = "download")]
mod fetch;
mod fsx;
#[cfg(all(fuzzing, feature = "resolve"))]
#[doc(hidden)]
pub mod fuzzing;
mod hash;
mod inspect;
mod install;
mod lock;
mod manifest;
#[cfg(feature = "resolve")]
#[doc(hidden)]
pub mod measure;
mod offline;
mod placeholder;
mod progress;
#[cfg(feature = "resolve")]
mod project;
mod provision;
#[cfg(feature = "resolve")]
mod resolve;
mod target;
mod template;
#[cfg(feature = "download")]
mod unpack;

pub use build::{build, try_build};
pub use error::{Error, Kind};
pub use progress::{Event, Reporter, Silent};

#[cfg(feature = "resolve")]
pub use cache::{Cache, Usage};
#[cfg(feature = "resolve")]
pub use change::FileChange;
#[cfg(feature = "resolve")]
pub use manifest::recipe::Recipe;
#[cfg(feature = "resolve")]
pub use project::{
    AddRequest, AssetChange, Check, CheckState, Dependency, Features, HeldBack, ImportReport, ImportRow,
    InitStep, ListRow, LockReport, LockedAsset, LockedRow, OutdatedRow, Package, Project, Relock, SyncReport,
    SyncRow, Targets, VerifyRow, explain,
};

#[cfg(feature = "resolve")]
pub use resolve::choose::{AssetNote, Explanation};
