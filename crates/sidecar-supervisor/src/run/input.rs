//! The sidecar's input: written by a thread of its own, as a sidecar that does not read makes writers wait.

use std::io::{PipeWriter, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Kind, Result};
use crate::reply::Answer;

/// The sidecar's input.
#[derive(Debug)]
pub(super) struct Input {
    name: Arc<str>,
    /// Whether it had one when it started.
    piped: bool,
    /// `None` where it has none, or it was closed.
    queue: Mutex<Option<Sender<Job>>>,
}

struct Job(Vec<u8>, Answer<()>);

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is written may be a secret.
        write!(f, "Job({} bytes)", self.0.len())
    }
}

impl Input {
    /// The input behind this pipe; without one, there is none.
    pub(super) fn new(name: &Arc<str>, pipe: Option<PipeWriter>) -> Result<Self> {
        let piped = pipe.is_some();
        let this = |queue| Self { name: Arc::clone(name), piped, queue: Mutex::new(queue) };
        let Some(pipe) = pipe else { return Ok(this(None)) };
        let (queue, jobs) = channel();
        let owner = Arc::clone(name);
        super::thread(name, "in", move || serve(&owner, pipe, &jobs))?;
        Ok(this(Some(queue)))
    }

    pub(super) fn write(&self, bytes: Vec<u8>, answer: Answer<()>) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = match queue.as_ref() {
            Some(queue) => queue.send(Job(bytes, answer)).err().map(|refused| refused.0.1),
            None => Some(answer),
        };
        drop(queue);
        if let Some(answer) = refused {
            answer(Err(self.closed()));
        }
    }

    pub(super) fn close(&self) -> Result<()> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        queue.map(drop).ok_or_else(|| self.closed())
    }

    fn closed(&self) -> Error {
        let name = &self.name;
        if self.piped {
            let headline = format!("the input of `{name}` has ended");
            return Error::new(Kind::StdinClosed, headline).help("restart it to have another one");
        }
        Error::new(Kind::StdinClosed, format!("`{name}` has no input"))
            .help("write `stdin = \"pipe\"` into its `run` table")
    }
}

/// Writes until the queue is closed, which closes the pipe.
fn serve(name: &str, mut pipe: PipeWriter, jobs: &Receiver<Job>) {
    while let Ok(Job(bytes, answer)) = jobs.recv() {
        let outcome = pipe.write_all(&bytes).and_then(|()| pipe.flush());
        answer(outcome.map_err(|e| {
            Error::new(Kind::StdinClosed, format!("`{name}` does not read its input")).fact("system", e)
        }));
    }
}
