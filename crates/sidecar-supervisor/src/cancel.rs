//! Tells the threads of a run that it is over.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shared by all threads of a run: they pause here, and are woken when something happened or the run is over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancel(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    rung: bool,
}

impl Cancel {
    /// The run is over.
    pub(crate) fn cancel(&self) {
        self.lock().cancelled = true;
        self.0.bell.notify_all();
    }

    /// Something happened that a pause waits for.
    pub(crate) fn ring(&self) {
        self.lock().rung = true;
        self.0.bell.notify_all();
    }

    /// Whether the run is over.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Waits for so long (`None`: without end), until it is rung, or until the run is over. Returns whether it is over.
    pub(crate) fn pause(&self, span: Option<Duration>) -> bool {
        let until = span.and_then(|span| Instant::now().checked_add(span));
        let mut state = self.lock();
        while !state.cancelled && !state.rung {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => break,
                Some(left) => self.0.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.0.bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.rung = false;
        state.cancelled
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
