//! What pages follow: lines and events, in batches.
//!
//! Each batch but the first is sent when the page asks for it, which it does when it is done with the last. So a page that
//! is slow, hidden or busy holds nobody up and lets nothing grow: the supervisor keeps a bounded number, and tells how many
//! were missed. Batches go over a channel, and asking is answered at once: webviews end requests that stay open for long,
//! and Tauri's JavaScript takes another way for all calls when one is open while the page is left.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use sidecar_supervisor::{Entry, Event, Events, Follower, Happened, Supervisor, Told};
use tauri::async_runtime;
use tauri::ipc::Channel;
use tokio::sync::{Notify, watch};

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
    /// Of the one sidecar, or of all that the window may name; first those that were told already.
    Events(Events, Option<String>, Allowed, Vec<Told>),
}

/// Who opened it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) page: String,
    pub(crate) window: String,
}

/// One that is open.
struct Stream {
    owner: Owner,
    /// The page wants the next batch.
    wanted: Notify,
    closed: watch::Sender<bool>,
}

/// All that are open.
#[derive(Default, Clone)]
pub(crate) struct Streams {
    last: Arc<AtomicU32>,
    open: Arc<Mutex<BTreeMap<u32, Arc<Stream>>>>,
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Stream>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one, and returns its number. The first batch is sent as soon as there is one; `None` is the end.
    pub(crate) fn open(&self, owner: Owner, source: Source, channel: Channel<Option<Batch>>) -> u32 {
        let id = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let stream = Stream { owner, wanted: Notify::new(), closed: watch::Sender::new(false) };
        let stream = Arc::new(stream);
        self.lock().insert(id, Arc::clone(&stream));
        let streams = self.clone();
        async_runtime::spawn(async move {
            stream.serve(source, &channel).await;
            streams.lock().remove(&id);
        });
        id
    }

    /// Sends the next batch of the one with that number, if this page opened it; whether it is open.
    pub(crate) fn next(&self, page: &str, id: u32) -> bool {
        let streams = self.lock();
        let stream = streams.get(&id).filter(|stream| stream.owner.page == page);
        if let Some(stream) = stream {
            stream.wanted.notify_one();
        }
        stream.is_some()
    }

    /// Closes the one with that number, if this page opened it.
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
    /// Sends batches until the end, or until it is closed: then nobody is left to be told.
    async fn serve(&self, mut source: Source, channel: &Channel<Option<Batch>>) {
        let mut closed = self.closed.subscribe();
        let send = async {
            loop {
                let batch = source.next().await;
                let is_end = batch.is_none();
                // Where the page is gone, nothing can be sent.
                if channel.send(batch).is_err() || is_end {
                    return;
                }
                self.wanted.notified().await;
            }
        };
        tokio::select! {
            _ = closed.wait_for(|closed| *closed) => {}
            () = send => {}
        }
    }
}

impl Source {
    /// Events of one sidecar, or of all that the window may name, beginning with the last `tail` of them.
    pub(crate) fn events(
        supervisor: &Supervisor,
        name: Option<String>,
        allowed: Allowed,
        tail: usize,
    ) -> Self {
        let (past, events) = supervisor.history();
        let mut past: Vec<Event> =
            past.into_iter().filter(|e| concerns(e, name.as_deref(), &allowed)).collect();
        let past = past.split_off(past.len().saturating_sub(tail));
        let past = past.into_iter().map(|event| Told::Event(shown(event, &allowed))).collect();
        Self::Events(events, name, allowed, past)
    }

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
            Self::Events(_, _, _, past) if !past.is_empty() => Some(Batch::Events(std::mem::take(past))),
            Self::Events(events, name, allowed, _) => loop {
                let first = events.next().await?;
                let all = std::iter::once(first).chain(events.ready(MOST - 1));
                let told: Vec<Told> = all
                    .filter_map(|told| match told {
                        Told::Event(event) => concerns(&event, name.as_deref(), allowed)
                            .then(|| Told::Event(shown(event, allowed))),
                        // It may have been anything.
                        missed => Some(missed),
                    })
                    .collect();
                if !told.is_empty() {
                    return Some(Batch::Events(told));
                }
            },
        }
    }
}

/// An event as the window may see it.
fn shown(mut event: Event, allowed: &Allowed) -> Event {
    if let Happened::Restart { error, .. } | Happened::Failed { error } = &mut event.what {
        *error = allowed.error(error.clone());
    }
    event
}

/// Whether the page is to hear of it.
fn concerns(event: &Event, name: Option<&str>, allowed: &Allowed) -> bool {
    name.is_none_or(|name| name == event.sidecar) && allowed.has(&event.sidecar)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use sidecar_supervisor::Spec;
    use tauri::ipc::InvokeResponseBody;

    use super::*;

    /// What a page is sent.
    fn page() -> (Channel<Option<Batch>>, Receiver<String>) {
        let (sender, receiver) = channel();
        let channel = Channel::new(move |body| {
            let InvokeResponseBody::Json(text) = body else { panic!("bytes") };
            // A page that is gone hears nothing.
            let _ = sender.send(text);
            Ok(())
        });
        (channel, receiver)
    }

    fn supervisor() -> (Supervisor, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (Supervisor::builder(Spec::default(), dir.path()).build().unwrap(), dir)
    }

    fn owner(page: &str, window: &str) -> Owner {
        Owner { page: page.into(), window: window.into() }
    }

    fn all(supervisor: &Supervisor) -> Source {
        Source::events(supervisor, None, Allowed::default(), 0)
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn a_window_that_is_gone_has_none_open() {
        let ((supervisor, _dir), streams) = (supervisor(), Streams::default());
        let open = |owner| {
            let (channel, sent) = page();
            streams.open(owner, all(&supervisor), channel);
            sent
        };
        let sent = [open(owner("a", "w")), open(owner("b", "w")), open(owner("c", "x"))];
        assert_eq!(streams.count(), 3);
        streams.close_window("w");
        assert_eq!(streams.count(), 1);
        // Their channels are dropped, and nothing was sent.
        assert!(sent[0].recv_timeout(PATIENCE).is_err() && sent[1].recv_timeout(PATIENCE).is_err());
        streams.close_page("c");
        assert_eq!(streams.count(), 0);
    }

    #[test]
    fn only_the_page_that_opened_it_closes_it() {
        let ((supervisor, _dir), streams) = (supervisor(), Streams::default());
        let id = streams.open(owner("a", "a"), all(&supervisor), page().0);
        streams.close("b", id);
        assert_eq!(streams.count(), 1);
        streams.close("a", id);
        assert_eq!(streams.count(), 0);
    }

    #[test]
    fn the_end_of_the_supervisor_is_the_end() {
        let ((supervisor, _dir), streams) = (supervisor(), Streams::default());
        let (channel, sent) = page();
        streams.open(owner("a", "a"), all(&supervisor), channel);
        drop(supervisor);
        assert_eq!(sent.recv_timeout(PATIENCE).unwrap(), "null");
    }
}
