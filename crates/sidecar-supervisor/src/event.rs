//! What happens to sidecars, told to whoever listens.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::error::Error;
#[cfg(feature = "typescript")]
use crate::error::ErrorData;
use crate::exit::Exit;
use crate::machine::State;

/// So many events are kept for listeners that are slow.
const KEPT: usize = 1024;

/// So many are kept for listeners that come late.
const HISTORY: usize = 256;

/// Something that happened to a sidecar.
#[non_exhaustive]
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "SidecarEvent"))]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// The sidecar's name.
    pub sidecar: String,
    /// Its run, counted from 1; 0 before the first.
    pub run: u64,
    /// When, in milliseconds since 1970 (UTC).
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub what: Happened,
}

/// What happened.
#[non_exhaustive]
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Happened {
    /// It is in another state.
    State {
        /// The new one.
        state: State,
    },
    /// Its program runs.
    Launched {
        /// The number of its first process.
        pid: u32,
    },
    /// Its port is known. Whether the sidecar has it is proved before it is ready.
    Port {
        /// The port.
        port: u16,
    },
    /// It wrote another port after its first one; the first counts.
    PortAgain {
        /// The other one.
        port: u16,
    },
    /// Its first process ended. It is told at once, whoever still holds its output.
    Exited {
        /// How.
        exit: Exit,
    },
    /// It could not be asked to stop, and is killed. Only on Windows, where a program without a console hears no signal: a
    /// stop request in its own protocol reaches it.
    Unasked {
        /// Why it could not.
        reason: String,
    },
    /// It had its time to stop, and these processes are killed now.
    StopBlocked {
        /// Who did not end.
        processes: Vec<Blocker>,
    },
    /// The keeper of its tree was killed. What is left of the tree is killed now.
    KeeperLost {
        /// How many processes were known to be left.
        processes: usize,
    },
    /// It is started again.
    Restart {
        /// After so many milliseconds.
        after: u64,
        /// For the so-manieth time in a row, from 1.
        attempt: u32,
        /// Why.
        #[cfg_attr(feature = "typescript", ts(as = "ErrorData<'static>"))]
        error: Error,
    },
    /// It failed, and is not started again.
    Failed {
        /// Why.
        #[cfg_attr(feature = "typescript", ts(as = "ErrorData<'static>"))]
        error: Error,
    },
    /// The spec limits what it may use, and this system cannot hold it to that.
    Unlimited {
        /// What is not limited: `memory`, `cpu`.
        limits: Vec<&'static str>,
    },
}

/// A process that did not end in time.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Blocker {
    /// Its number.
    pub pid: u32,
    /// The name of its program, where it can be seen.
    pub name: Option<String>,
}

/// An event, or that some were missed.
#[non_exhaustive]
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// The next event.
    Event(Event),
    /// So many events came while nobody looked, and are lost to this listener. The states are as
    /// [`Sidecar::status`](crate::Sidecar::status) tells.
    Missed(u64),
}

/// Tells events to all who listen.
#[derive(Debug)]
pub(crate) struct Teller {
    sender: broadcast::Sender<Event>,
    history: Mutex<VecDeque<Event>>,
}

impl Teller {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(KEPT).0, history: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell(&self, event: Event) {
        let mut history = self.lock();
        if history.len() == HISTORY {
            history.pop_front();
        }
        history.push_back(event.clone());
        // Nobody may be listening. It is told before the lock is open: who comes between is told neither twice nor never.
        let _ = self.sender.send(event);
    }

    /// What was told lately, and what is told from now on.
    pub(crate) fn listen(&self) -> (Vec<Event>, Events) {
        let history = self.lock();
        (history.iter().cloned().collect(), Events(self.sender.subscribe()))
    }
}

/// The events from now on.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// The next event; `None` when the supervisor has ended.
    pub async fn next(&mut self) -> Option<Told> {
        match self.0.recv().await {
            Ok(event) => Some(Told::Event(event)),
            Err(RecvError::Lagged(count)) => Some(Told::Missed(count)),
            Err(RecvError::Closed) => None,
        }
    }

    /// The events that are there, at most so many, without waiting.
    pub fn ready(&mut self, most: usize) -> Vec<Told> {
        let next = || match self.0.try_recv() {
            Ok(event) => Some(Told::Event(event)),
            Err(TryRecvError::Lagged(count)) => Some(Told::Missed(count)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        };
        std::iter::from_fn(next).take(most).collect()
    }

    /// Blocks this thread until the next event; `None` when the supervisor has ended.
    pub fn wait(&mut self) -> Option<Told> {
        pollster::block_on(self.next())
    }
}

/// Now, in milliseconds since 1970.
pub(crate) fn millis() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(run: u64) -> Event {
        Event { sidecar: "it".into(), run, at: 0, what: Happened::State { state: State::Running } }
    }

    #[test]
    fn who_comes_late_is_told_neither_twice_nor_never() {
        let teller = Teller::new();
        (0..300).for_each(|run| teller.tell(event(run)));
        let (history, mut events) = teller.listen();
        let runs: Vec<u64> = history.iter().map(|event| event.run).collect();
        assert_eq!(runs, (44..300).collect::<Vec<_>>());
        assert!(events.ready(9).is_empty());
        teller.tell(event(300));
        assert!(matches!(&events.ready(9)[..], [Told::Event(event)] if event.run == 300));
    }
}
