//! What a tree of processes uses.

use std::time::Duration;

/// What all processes below one use together.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time since the start, with that of processes that have ended.
    pub cpu: Duration,
    /// Resident memory in bytes; pages that several processes share count in each.
    pub memory: u64,
    /// How many processes there are, without those that have ended.
    pub processes: usize,
}
