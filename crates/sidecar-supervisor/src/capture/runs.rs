//! The programs that are being run once: a stop ends them, and waits for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sidecar_keeper::Keeper;

use crate::actor::Gather;
use crate::app::App;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::reply::Answer;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<Vec<Arc<Once>>>);

/// One of them.
#[derive(Debug)]
struct Once {
    sidecar: Arc<str>,
    /// Set when it is ended from outside.
    cancel: Cancel,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Why it was ended from outside.
    why: Option<Kind>,
    keeper: Option<Arc<Keeper>>,
    /// Who waits until nothing of it is left.
    waiting: Vec<Arc<Gather>>,
    /// Nothing of it is left, or this could not be had.
    over: bool,
    /// What could not be had.
    remains: Option<Error>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("why", &self.why).field("over", &self.over).finish_non_exhaustive()
    }
}

/// Its place among the others, until this is dropped.
pub(super) struct Registered {
    app: Arc<App>,
    once: Arc<Once>,
}

impl Runs {
    pub(super) fn register(app: &Arc<App>, sidecar: &Arc<str>) -> Registered {
        let once = Arc::new(Once {
            sidecar: Arc::clone(sidecar),
            cancel: Cancel::default(),
            state: Mutex::default(),
        });
        app.runs.lock().push(Arc::clone(&once));
        Registered { app: Arc::clone(app), once }
    }

    /// Ends those of a sidecar, or of all; the answer comes when nothing of them is left. What begins later is not meant.
    pub(crate) fn end(&self, sidecar: Option<&str>, why: Kind, answer: Answer<()>) {
        let is_meant = |once: &&Arc<Once>| sidecar.is_none_or(|name| *once.sidecar == *name);
        let meant: Vec<Arc<Once>> = self.lock().iter().filter(is_meant).map(Arc::clone).collect();
        let gather = Gather::new(meant.len(), answer);
        for once in meant {
            once.end(why, Some(&gather));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Once>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Once {
    fn end(&self, why: Kind, waiting: Option<&Arc<Gather>>) {
        let mut state = self.lock();
        state.why.get_or_insert(why);
        let over = state.over;
        state.waiting.extend(waiting.filter(|_| !over).map(Arc::clone));
        let keeper = state.keeper.clone();
        drop(state);
        self.cancel.cancel();
        if let Some(keeper) = keeper {
            kill(&keeper);
        }
        if let Some(waiting) = waiting.filter(|_| over) {
            waiting.arrived(Ok(()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(keeper: &Keeper) {
    // A keeper that is lost is told by itself. The question wakes up whoever listens to it.
    let _ = keeper.kill().and_then(|()| keeper.query());
}

impl Registered {
    /// Ends it from inside.
    pub(super) fn end(&self, why: Kind) {
        self.once.end(why, None);
    }

    /// Whether it was not ended from outside.
    pub(super) fn check(&self) -> Result<()> {
        let state = self.once.lock();
        let name = &self.once.sidecar;
        let what = if state.keeper.is_some() { "was ended" } else { "is not run" };
        match state.why {
            None => Ok(()),
            Some(Kind::Updating) => {
                let headline = format!("the program of `{name}` {what}: the app is about to be updated");
                Err(Error::new(Kind::Updating, headline).help("call `resume` when the update was given up"))
            }
            Some(why) => {
                Err(Error::new(why, format!("the program of `{name}` {what}: its sidecar was stopped")))
            }
        }
    }

    /// Set when it is ended from outside.
    pub(super) fn cancel(&self) -> &Cancel {
        &self.once.cancel
    }

    /// It runs under this keeper now.
    pub(super) fn runs(&self, keeper: Keeper) -> Arc<Keeper> {
        let keeper = Arc::new(keeper);
        let mut state = self.once.lock();
        state.keeper = Some(Arc::clone(&keeper));
        let ended = state.why.is_some();
        drop(state);
        if ended {
            kill(&keeper);
        }
        keeper
    }

    /// Something of it may be left, for this reason.
    pub(super) fn remains(&self, error: &Error) {
        self.once.lock().remains = Some(error.clone());
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.app.runs.lock().retain(|once| !Arc::ptr_eq(once, &self.once));
        let mut state = self.once.lock();
        state.over = true;
        let outcome = state.remains.take().map_or(Ok(()), Err);
        let (waiting, keeper) = (std::mem::take(&mut state.waiting), state.keeper.take());
        drop(state);
        drop(keeper);
        for waiting in waiting {
            waiting.arrived(outcome.clone());
        }
    }
}
