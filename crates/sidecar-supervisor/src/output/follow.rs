//! Following the output.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use super::Entry;
use super::ring::Cursor;
use super::shared::{Shared, State};

/// Gives the lines of a sidecar one by one, over all of its restarts.
///
/// It has no queue, only a place among the lines that are kept in memory: one that is slow holds nobody up and costs
/// nothing. When the lines it has not taken are dropped, it is told how many, and goes on with the oldest that is left.
pub struct Follower {
    shared: Arc<Shared>,
    cursor: Cursor,
}

impl Follower {
    pub(super) fn new(shared: &Arc<Shared>, lines: usize) -> Self {
        let cursor = shared.lock().sink.ring.back(lines);
        Self { shared: Arc::clone(shared), cursor }
    }

    /// The next entry; `None` when the supervisor has ended. Needs no runtime, and loses nothing when the future is dropped.
    pub async fn next(&mut self) -> Option<Entry> {
        let shared = Arc::clone(&self.shared);
        loop {
            let mut changed = pin!(shared.notify.notified());
            // From here on a change is not missed.
            changed.as_mut().enable();
            if let Some(next) = step(&mut self.cursor, &mut shared.lock()) {
                return next;
            }
            changed.await;
        }
    }

    /// The next entry, for which this thread waits; `None` when it did not come in time or the supervisor has ended. May
    /// be called anywhere; inside an asynchronous task it blocks the thread that runs it.
    pub fn wait(&mut self, timeout: Duration) -> Option<Entry> {
        let cursor = &mut self.cursor;
        self.shared.wait(timeout, |state| step(cursor, state)).flatten()
    }

    /// The entries that are there, at most so many, without waiting.
    pub fn ready(&mut self, most: usize) -> Vec<Entry> {
        let state = self.shared.lock();
        std::iter::from_fn(|| state.sink.ring.next(&mut self.cursor)).take(most).collect()
    }
}

/// The next entry, or the end, or nothing yet.
#[expect(clippy::option_option, reason = "the end is not the same as nothing yet")]
fn step(cursor: &mut Cursor, state: &mut State) -> Option<Option<Entry>> {
    match state.sink.ring.next(cursor) {
        Some(entry) => Some(Some(entry)),
        None => state.closed.then_some(None),
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
