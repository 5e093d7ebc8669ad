//! The thread that reads a pipe.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::Stream;
use super::shared::Shared;
use super::split::Splitter;

/// What a pipe holds on Linux and macOS: more is never there at once.
const PIECE: usize = 64 << 10;

/// Taps run here: a regular expression, a JSON line.
const STACK: usize = 256 << 10;

/// A pipe that somebody set to not block is looked at so often.
const PAUSE: Duration = Duration::from_millis(10);

/// A pipe that is being read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    shared: Arc<Shared>,
    reader: u64,
}

impl Reading {
    /// Waits for the end of the pipe; says whether it came in time. It comes when all have closed the other end, which a
    /// sidecar that has ended does not speak for: its children may hold it.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        self.shared.wait(timeout, |state| state.is_read(self.reader).then_some(())).is_some()
    }
}

/// Says that the pipe has ended, also where reading it panics.
struct Leave(Reading);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.shared.leave(self.0.reader);
    }
}

/// Starts reading.
pub(super) fn start(
    shared: &Arc<Shared>,
    stream: Stream,
    pipe: impl Read + Send + 'static,
) -> io::Result<Reading> {
    let reading = Reading { shared: Arc::clone(shared), reader: shared.join(stream) };
    let leave = Leave(reading.clone());
    let word = if stream == Stream::Stdout { "out" } else { "err" };
    let thread = thread::Builder::new().name(format!("{word} {}", shared.name)).stack_size(STACK);
    thread.spawn(move || run(&leave.0, pipe))?;
    Ok(reading)
}

fn run(reading: &Reading, mut pipe: impl Read) {
    let mut splitter = Splitter::default();
    let mut piece = vec![0; PIECE];
    loop {
        match pipe.read(&mut piece) {
            Ok(0) => return,
            Ok(read) => reading.shared.take(reading.reader, &mut splitter, &piece[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) => return reading.shared.note(&format!("the output cannot be read on: {error}")),
        }
    }
}
