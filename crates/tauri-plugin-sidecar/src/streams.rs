//! What pages follow: lines and events, pulled.
//!
//! A page asks for the next ones when it is done with the last. So a page that is slow, hidden or busy holds nobody up and
//! lets nothing grow: the supervisor keeps a bounded number, and tells how many were missed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use sidecar_supervisor::{Entry, Events, Follower, Told};
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::scope::Allowed;

/// So many entries are given at once, at most.
const MOST: usize = 256;

/// So many bytes of text are given at once, or one line more.
const BYTES: usize = 256 * 1024;

/// What is given at once.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Batch {
    Lines(Vec<Entry>),
    Events(Vec<Told>),
}

/// Where it comes from.
pub(crate) enum Source {
    Lines(Follower),
    /// Of the one sidecar, or of all that the window may name.
    Events(Events, Option<String>, Allowed),
}

/// Who opened it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) page: String,
    pub(crate) window: String,
}

/// One that is open.
pub(crate) struct Stream {
    owner: Owner,
    source: AsyncMutex<Source>,
    closed: watch::Sender<bool>,
}

/// All that are open.
#[derive(Default)]
pub(crate) struct Streams {
    last: AtomicU32,
    open: Mutex<BTreeMap<u32, Arc<Stream>>>,
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Stream>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one, and returns its number.
    pub(crate) fn open(&self, owner: Owner, source: Source) -> u32 {
        let id = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let stream = Stream { owner, source: AsyncMutex::new(source), closed: watch::Sender::new(false) };
        self.lock().insert(id, Arc::new(stream));
        id
    }

    /// The one with that number, if this page opened it.
    pub(crate) fn of(&self, page: &str, id: u32) -> Option<Arc<Stream>> {
        self.lock().get(&id).filter(|stream| stream.owner.page == page).cloned()
    }

    /// Closes the one with that number, if this page opened it: who waits for it is told the end.
    pub(crate) fn close(&self, page: &str, id: u32) {
        self.close_those(|key, owner| key == id && owner.page == page);
    }

    pub(crate) fn close_page(&self, page: &str) {
        self.close_those(|_, owner| owner.page == page);
    }

    pub(crate) fn close_window(&self, window: &str) {
        self.close_those(|_, owner| owner.window == window);
    }

    pub(crate) fn close_all(&self) {
        self.close_those(|_, _| true);
    }

    fn close_those(&self, is_meant: impl Fn(u32, &Owner) -> bool) {
        self.lock().retain(|id, stream| {
            let meant = is_meant(*id, &stream.owner);
            if meant {
                stream.closed.send_replace(true);
            }
            !meant
        });
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Streams").field(&self.lock().len()).finish()
    }
}

impl Stream {
    /// What came since the last call, as soon as there is something; `None` at the end.
    pub(crate) async fn next(&self) -> Option<Batch> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            _ = closed.wait_for(|closed| *closed) => None,
            batch = async { self.source.lock().await.next().await } => batch,
        }
    }
}

impl Source {
    async fn next(&mut self) -> Option<Batch> {
        match self {
            Self::Lines(follower) => {
                let mut lines = vec![follower.next().await?];
                let mut bytes = 0;
                while lines.len() < MOST && bytes < BYTES {
                    let Some(entry) = follower.ready(1).pop() else { break };
                    bytes += if let Entry::Line(line) = &entry { line.text.len() } else { 0 };
                    lines.push(entry);
                }
                Some(Batch::Lines(lines))
            }
            Self::Events(events, name, allowed) => loop {
                let first = events.next().await?;
                let mut told = vec![first];
                told.extend(events.ready(MOST - 1));
                told.retain(|told| concerns(told, name.as_deref(), allowed));
                if !told.is_empty() {
                    return Some(Batch::Events(told));
                }
            },
        }
    }
}

/// Whether the page is to hear of it. What was missed may have been anything.
fn concerns(told: &Told, name: Option<&str>, allowed: &Allowed) -> bool {
    match told {
        Told::Event(event) => name.is_none_or(|name| name == event.sidecar) && allowed.has(&event.sidecar),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use sidecar_supervisor::{Spec, Supervisor};
    use tauri::async_runtime::{block_on, spawn};

    use super::*;

    fn streams() -> (Streams, Supervisor, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let supervisor = Supervisor::builder(Spec::default(), dir.path()).build().unwrap();
        (Streams::default(), supervisor, dir)
    }

    fn owner(page: &str, window: &str) -> Owner {
        Owner { page: page.into(), window: window.into() }
    }

    #[test]
    fn a_window_that_is_gone_has_none_open() {
        let (streams, supervisor, _dir) = streams();
        let open = |page, window| {
            streams.open(owner(page, window), Source::Events(supervisor.events(), None, Allowed::default()))
        };
        let (first, second, other) = (open("a", "w"), open("b", "w"), open("c", "x"));
        assert_eq!(streams.count(), 3);
        let waits = streams.of("a", first).unwrap();
        let waits = spawn(async move { waits.next().await.is_none() });
        streams.close_window("w");
        assert!(block_on(waits).unwrap());
        assert!(streams.of("a", first).is_none() && streams.of("b", second).is_none());
        assert!(streams.of("c", other).is_some());
        streams.close_page("c");
        assert_eq!(streams.count(), 0);
    }

    #[test]
    fn only_the_page_that_opened_it_has_it() {
        let (streams, supervisor, _dir) = streams();
        let source = Source::Events(supervisor.events(), None, Allowed::default());
        let id = streams.open(owner("a", "a"), source);
        streams.close("b", id);
        assert!(streams.of("b", id).is_none() && streams.of("a", id).is_some());
        streams.close("a", id);
        assert!(streams.of("a", id).is_none());
    }
}
