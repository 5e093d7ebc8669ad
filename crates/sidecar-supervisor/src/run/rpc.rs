//! JSON-RPC on a sidecar's stdin and stdout: the app's own calls may run over the same streams.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sidecar_spec::{Check, Port, StopRequest};

use super::Running;
use super::begin::Context;

use crate::client::jsonrpc::{Calls, Id, Taken};
use crate::client::{Failure, Reason};
use crate::output::{Keep, Stream};

/// The calls of one run, and their answers.
#[derive(Debug, Default)]
pub(crate) struct StdioRpc {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    calls: Calls,
    answers: BTreeMap<Id, Result<(), Failure>>,
    /// The run is over: no answer comes any more.
    over: bool,
}

impl StdioRpc {
    /// Listens for answers, where the spec asks over these streams.
    pub(super) fn begin(context: &Context) -> Option<Arc<Self>> {
        let run = &context.shared.spec.run;
        let asked = run.health.probes().any(|(_, probe)| matches!(probe.check, Check::JsonRpc(_)));
        let stopped = matches!(run.stop.request, Some(StopRequest::JsonRpc(_)));
        if run.port != Port::None || !(asked || stopped) {
            return None;
        }
        let this = Arc::new(Self::default());
        let theirs = Arc::downgrade(&this);
        context.shared.output.set_apart(crate::client::jsonrpc::ID);
        context.shared.output.tap(Box::new(move |stream, line| {
            // The run keeps it: a stop is asked for when everything else of it is cancelled.
            let Some(this) = theirs.upgrade() else { return Keep::Done };
            if stream != Stream::Stdout {
                return Keep::On;
            }
            let mut state = this.lock();
            match state.calls.line(line) {
                Taken::Answer(id, answer) => {
                    state.answers.insert(id, answer);
                    drop(state);
                    this.bell.notify_all();
                }
                Taken::Late | Taken::Output => {}
            }
            Keep::On
        }));
        Some(this)
    }

    /// Calls a method and waits for its answer.
    pub(crate) fn call(&self, running: &Running, method: &str, deadline: Instant) -> Result<(), Failure> {
        let (id, line) = self.lock().calls.call(method);
        // Whether it reads shows in the answer.
        running.write(line.into_bytes(), Box::new(|_| {}));
        let mut state = self.lock();
        loop {
            if let Some(answer) = state.answers.remove(&id) {
                return answer;
            }
            if state.over {
                return Err(Failure::closed());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.calls.give_up(id);
                return Err(Failure::new(Reason::TimedOut, format!("`{method}` was not answered")));
            }
            state = self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The run is over, and whoever waits for an answer waits no longer.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.bell.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
