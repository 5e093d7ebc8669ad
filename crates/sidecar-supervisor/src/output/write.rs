//! The thread that writes log files.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use memchr::memchr_iter;

use super::backlog::gap;
use super::files::Files;
use super::shared::{self, Shared, Writer};

const STACK: usize = 128 << 10;

/// After a file could not be written, lines are dropped for so long before the next try.
const RETRY: Duration = Duration::from_secs(5);

/// Starts writing files, where there are any to write and nobody does.
pub(super) fn start(shared: &Arc<Shared>) {
    let Some((dir, limit, count)) = &shared.files else { return };
    let mut state = shared.lock();
    if state.writer != Writer::Absent {
        return;
    }
    let log = Log { files: Files::new(dir.clone(), &shared.name, *limit, *count), lost: 0, failed: None };
    let thread = thread::Builder::new().name(format!("log {}", shared.name)).stack_size(STACK);
    let for_thread = Arc::clone(shared);
    match thread.spawn(move || run(&for_thread, log)) {
        Ok(_) => state.writer = Writer::Idle,
        // The next launch of the sidecar tries again.
        Err(error) => state.sink.note(&format!("no log file is written: {error}")),
    }
}

fn run(shared: &Shared, mut log: Log) {
    let mut text = String::new();
    loop {
        let taken = shared.wait(Duration::MAX, |state| {
            let backlog = state.sink.backlog.as_mut()?;
            if !backlog.is_empty() {
                backlog.take(&mut text, shared::now());
                state.writer = Writer::Busy;
                return Some(true);
            }
            state.closed.then_some(false)
        });
        if taken != Some(true) {
            let mut state = shared.lock();
            (state.writer, state.sink.backlog) = (Writer::Absent, None);
            return shared.changed(state);
        }
        let note = log.write(&text, Instant::now());
        let mut state = shared.lock();
        if let Some(note) = note {
            // Into memory: to the file it would go in vain.
            state.sink.remark(&note);
        }
        state.writer = Writer::Idle;
        shared.changed(state);
        // A burst leaves no megabytes behind.
        text.shrink_to(64 << 10);
    }
}

/// Files, and what became of them.
struct Log {
    files: Files,
    /// Lines that are in no file, since the last one that is.
    lost: u64,
    /// When writing failed, and why.
    failed: Option<(Instant, String)>,
}

impl Log {
    /// Writes lines, or drops them. Says what the user must know.
    fn write(&mut self, text: &str, now: Instant) -> Option<String> {
        let mut rest = text.as_bytes();
        if self.failed.as_ref().is_some_and(|(at, _)| now.saturating_duration_since(*at) < RETRY) {
            self.lost += memchr_iter(b'\n', rest).count() as u64;
            return None;
        }
        let result = self.gap().and_then(|()| self.files.write(&mut rest));
        let Err(error) = result else {
            self.failed = None;
            return None;
        };
        self.lost += memchr_iter(b'\n', rest).count() as u64;
        let why = error.to_string();
        let known = self.failed.as_ref().is_some_and(|(_, known)| *known == why);
        let note = format!("the log file cannot be written, lines are lost: {why}");
        self.failed = Some((now, why));
        (!known).then_some(note)
    }

    /// Says in the file what is missing in it.
    fn gap(&mut self) -> io::Result<()> {
        if let (1.., Some((_, why))) = (self.lost, &self.failed) {
            self.files.write(&mut gap(shared::now(), self.lost, why).as_bytes())?;
            self.lost = 0;
        }
        Ok(())
    }
}
