//! Provisioning without the `download` feature: what the cache does not hold cannot be had.

use super::{Task, Tools, offline};
use crate::error::Error;

/// Whether a memory is taken for what is in an asset: nothing here could look into it.
pub(super) const TRUSTS_MEMORY: bool = true;

/// The network that this build of the library does not have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Network;

impl Network {
    /// There is no network to turn off.
    pub(crate) fn when_needed(_offline_by: impl FnOnce() -> Option<String> + Send + 'static) -> Self {
        Self
    }

    /// What local files are named relative to does not matter where everything comes from the cache.
    #[must_use]
    pub(crate) fn of_app(self, _: &std::path::Path) -> Self {
        self
    }
}

/// Runs the jobs one after the other: copying is bound by the disk.
pub(crate) fn in_parallel<T, R>(_workers: usize, jobs: Vec<T>, run: impl Fn(T) -> R) -> Vec<R> {
    jobs.into_iter().map(run).collect()
}

pub(super) fn obtain(tasks: &[&Task<'_>], tools: &Tools<'_>) -> Result<u64, Error> {
    match tasks.first() {
        Some(task) => {
            Err(offline(task, tools.cache.get()?, "sidecar-fetch was built without its `download` feature"))
        }
        None => Ok(0),
    }
}
