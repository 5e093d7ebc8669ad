//! What readers, followers and the writer share: one lock, taken once for each piece that is read.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sidecar_spec::Logs;
use tokio::sync::Notify;

use super::backlog::Backlog;
use super::polish::{End, Polish};
use super::ring::Ring;
use super::split::{Raw, Splitter};
use super::{Keep, Line, Stream};

/// Is called with lines.
pub(crate) type Tap = Box<dyn FnMut(Stream, &str) -> Keep + Send>;

pub(super) struct Shared {
    pub(super) name: String,
    /// Where files are written, the size of one in bytes, and how many there are.
    pub(super) files: Option<(PathBuf, u64, u32)>,
    state: Mutex<State>,
    /// Wakes threads that wait, and tasks that wait.
    changed: Condvar,
    pub(super) notify: Notify,
    /// Is locked before the state, never behind it.
    taps: Mutex<Vec<Tap>>,
}

pub(super) struct State {
    pub(super) sink: Sink,
    /// The beginnings of lines, one of each pipe that is being read.
    open: Vec<Open>,
    next_reader: u64,
    tapped: bool,
    pub(super) closed: bool,
    pub(super) writer: Writer,
    /// How many threads wait for [`Shared::changed`]: to wake nobody is a call to the system all the same.
    waiting: usize,
}

/// Where lines go.
pub(super) struct Sink {
    pub(super) ring: Ring,
    polish: Polish,
    /// Objects with this word on standard output are answers to the supervisor, and no output.
    pub(super) answers: Option<&'static str>,
    /// What the writer has not taken yet; without files there is none.
    pub(super) backlog: Option<Backlog>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// There is no thread.
    Absent,
    /// It has written everything.
    Idle,
    /// It is writing.
    Busy,
}

struct Open {
    reader: u64,
    stream: Stream,
    bytes: Vec<u8>,
    cut: bool,
    at: u64,
}

impl Shared {
    pub(super) fn new(name: &str, limits: &Logs, dir: Option<&Path>) -> Arc<Self> {
        let ring = Ring::new(limits.memory.bytes());
        let line = usize::try_from(limits.line.bytes()).unwrap_or(usize::MAX).clamp(1, ring.longest());
        let files = dir
            .filter(|_| limits.files > 0)
            .map(|dir| (dir.to_owned(), limits.file.bytes().max(1), limits.files));
        let backlog = files.as_ref().map(|_| Backlog::default());
        let state = State {
            sink: Sink { ring, polish: Polish::new(line), answers: None, backlog },
            open: Vec::new(),
            next_reader: 0,
            tapped: false,
            closed: false,
            writer: Writer::Absent,
            waiting: 0,
        };
        Arc::new(Self {
            name: name.to_owned(),
            files,
            state: Mutex::new(state),
            changed: Condvar::new(),
            notify: Notify::new(),
            taps: Mutex::new(Vec::new()),
        })
    }

    /// The state. That another thread panicked with it does not stop this one: no line is worth that.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unlocks and wakes everybody who waits for a change.
    pub(super) fn changed(&self, state: MutexGuard<'_, State>) {
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.changed.notify_all();
        }
        self.notify.notify_waiters();
    }

    /// Waits until there is something, at most so long.
    pub(super) fn wait<T>(
        &self,
        timeout: Duration,
        mut what: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        // Beyond the clock: for ever.
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        loop {
            if let Some(found) = what(&mut state) {
                return Some(found);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return None;
            }
            state.waiting += 1;
            state = match left {
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.waiting -= 1;
        }
    }

    /// A new reader, by the number with which it comes again.
    pub(super) fn join(&self, stream: Stream) -> u64 {
        let mut state = self.lock();
        let reader = state.next_reader;
        state.next_reader += 1;
        state.open.push(Open { reader, stream, bytes: Vec::new(), cut: false, at: now() });
        reader
    }

    /// Takes what a reader read.
    pub(super) fn take(&self, reader: u64, splitter: &mut Splitter, piece: &[u8]) {
        let at = now();
        let mut heard = Vec::new();
        let mut state = self.lock();
        let State { sink, open, tapped, .. } = &mut *state;
        let Some(open) = open.iter_mut().find(|open| open.reader == reader) else { return };
        let stream = open.stream;
        splitter.feed(piece, sink.polish.keep(), |raw| {
            if sink.is_answer(stream, raw) {
                return heard.push(String::from_utf8_lossy(raw.bytes).into_owned());
            }
            let text = sink.line(stream, raw, End::Whole, at);
            if *tapped {
                heard.push(text.into_owned());
            }
        });
        let begun = splitter.open();
        open.bytes.clear();
        open.bytes.extend_from_slice(begun.bytes);
        (open.cut, open.at) = (begun.cut, at);
        self.changed(state);
        self.tell(stream, &heard);
    }

    /// A pipe has ended: so has the line that it was in.
    pub(super) fn leave(&self, reader: u64) {
        let mut state = self.lock();
        let Some(index) = state.open.iter().position(|open| open.reader == reader) else { return };
        let Open { stream, bytes, cut, .. } = state.open.remove(index);
        let mut heard = Vec::new();
        if !bytes.is_empty() {
            heard.push(state.sink.line(stream, Raw { bytes: &bytes, cut }, End::Open, now()).into_owned());
        }
        self.changed(state);
        self.tell(stream, &heard);
    }

    fn tell(&self, stream: Stream, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        if taps.is_empty() {
            return;
        }
        let mut panicked = false;
        for line in lines {
            taps.retain_mut(|tap| {
                let keep = catch_unwind(AssertUnwindSafe(|| tap(stream, line)));
                panicked |= keep.is_err();
                matches!(keep, Ok(Keep::On))
            });
        }
        if taps.is_empty() {
            self.lock().tapped = false;
        }
        drop(taps);
        if panicked {
            self.note("what looked for a line in the output failed; it is not called again");
        }
    }

    pub(super) fn tap(&self, tap: Tap) {
        let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        taps.push(tap);
        self.lock().tapped = true;
    }

    pub(super) fn tail(&self, lines: usize) -> Vec<Line> {
        let state = self.lock();
        let mut tail = state.sink.ring.tail(lines);
        let open = state.open.iter().filter(|open| !open.bytes.is_empty());
        for (seq, open) in (state.sink.ring.next_seq()..).zip(open) {
            let raw = Raw { bytes: &open.bytes, cut: open.cut };
            let (text, cut) = state.sink.polish.line(raw, End::Open);
            tail.push(Line {
                seq,
                stream: open.stream,
                text: text.into_owned(),
                cut,
                open: true,
                at: open.at,
            });
        }
        drop(state);
        tail.drain(..tail.len().saturating_sub(lines));
        tail
    }

    /// Adds a line of the supervisor's own.
    pub(super) fn note(&self, text: &str) {
        let mut state = self.lock();
        state.sink.note(text);
        self.changed(state);
    }

    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.changed(state);
    }
}

impl State {
    pub(super) fn hide(&mut self, secret: &str) {
        self.sink.polish.hide(secret);
    }

    pub(super) fn is_read(&self, reader: u64) -> bool {
        !self.open.iter().any(|open| open.reader == reader)
    }

    /// Whether nothing waits to be written to a file by a thread that could.
    pub(super) fn is_written(&self) -> bool {
        match self.writer {
            Writer::Absent => true,
            Writer::Busy => false,
            Writer::Idle => self.sink.backlog.as_ref().is_none_or(Backlog::is_empty),
        }
    }
}

impl Sink {
    fn is_answer(&self, stream: Stream, raw: Raw<'_>) -> bool {
        self.answers.is_some_and(|word| {
            stream == Stream::Stdout
                && raw.bytes.starts_with(b"{")
                && memchr::memmem::find(raw.bytes, word.as_bytes()).is_some()
        })
    }

    /// Keeps a line.
    fn line<'a>(&mut self, stream: Stream, raw: Raw<'a>, end: End, at: u64) -> Cow<'a, str> {
        let (text, cut) = self.polish.line(raw, end);
        self.ring.push(stream, &text, cut, at);
        if let Some(backlog) = &mut self.backlog {
            backlog.push(at, stream, &text, cut);
        }
        text
    }

    /// Keeps a line of the supervisor's own.
    pub(super) fn note(&mut self, text: &str) {
        let text = format!("[supervisor] {text}");
        self.line(Stream::Stderr, Raw { bytes: text.as_bytes(), cut: false }, End::Whole, now());
    }

    /// The same in memory alone.
    pub(super) fn remark(&mut self, text: &str) {
        let backlog = self.backlog.take();
        self.note(text);
        self.backlog = backlog;
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
