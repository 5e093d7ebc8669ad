//! One run of a sidecar: the threads that start it, read it, prove it, watch it, and tell how it ended.

mod begin;
mod ended;
mod input;
mod ready;
mod rpc;
mod watch;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use sidecar_keeper::{Keeper, ProcessId};

use crate::cancel::Cancel;
use crate::client::Peer;
use crate::error::{Error, Kind, Result};
use crate::exit::oom::OomWatch;
use crate::launch::TokenFile;
use crate::machine::RunInput;
use crate::output::{Line, Output, Reading};
use crate::reply::Answer;
use crate::secret::Secret;
pub(crate) use begin::{begin, refused};
use input::Input;
use rpc::StdioRpc;

/// So many of the last lines go into an error.
const TAIL: usize = 20;

/// What runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) keeper: Keeper,
    /// Where it listens, once that is known.
    address: Mutex<Option<SocketAddr>>,
    token: Option<Secret>,
    nonce: Option<Secret>,
    /// Whether it has proved itself.
    proved: AtomicBool,
    /// Whether it was asked to end.
    asked: AtomicBool,
    /// Whether it was killed because it did not end when it was asked.
    overdue: AtomicBool,
    oom: OomWatch,
    input: Input,
    readings: Vec<Reading>,
    /// The number of the first line that this run wrote.
    first_line: u64,
    /// Where it is asked over its input.
    pub(crate) rpc: Option<Arc<StdioRpc>>,
    token_file: Mutex<Option<TokenFile>>,
    /// Nothing of it is left.
    over: Cancel,
}

impl Running {
    /// Everything of its tree.
    pub(crate) fn processes(&self) -> Vec<ProcessId> {
        self.keeper.tree()
    }

    /// Where and how it is asked; `None` while its port is not known.
    pub(crate) fn peer(&self) -> Option<Peer> {
        let address = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = |address| Peer {
            address,
            token: self.token.clone(),
            nonce: self.nonce.clone(),
            over: self.over.clone(),
        };
        address.map(peer)
    }

    /// Writes to its input, in the order of the calls. The answer comes when it is written.
    pub(crate) fn write(&self, bytes: Vec<u8>, answer: Answer<()>) {
        self.input.write(bytes, answer);
    }

    /// Ends its input, after all that was written before.
    pub(crate) fn close_stdin(&self) -> Result<()> {
        self.input.close()
    }

    /// From now on its end is one that was asked for.
    pub(crate) fn set_asked(&self) {
        self.asked.store(true, Ordering::Release);
    }

    /// The last lines of this run.
    fn tail(&self, output: &Output) -> Vec<Line> {
        let mut tail = output.tail(TAIL);
        tail.retain(|line| line.seq >= self.first_line);
        tail
    }

    /// What may tell why it is not ready: its last lines, and where it listens instead.
    pub(crate) fn seen(&self, output: &Output) -> RunInput {
        let expected = *self.address.lock().unwrap_or_else(PoisonError::into_inner);
        let listens = crate::port::elsewhere(&self.keeper, expected);
        RunInput::Seen(self.tail(output).into_iter().map(|line| line.text).collect(), listens)
    }

    /// Ends and removes what only this run needed.
    fn tidy(&self) {
        self.over.cancel();
        if let Some(rpc) = &self.rpc {
            rpc.end();
        }
        *self.token_file.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// From now on its end is one that it would not come to by itself.
    pub(crate) fn set_overdue(&self) {
        self.overdue.store(true, Ordering::Release);
    }

    fn is_proved(&self) -> bool {
        self.proved.load(Ordering::Acquire)
    }
}

/// Starts a thread of a sidecar.
pub(crate) fn thread(name: &str, what: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    let started = thread::Builder::new().name(format!("{what} {name}")).spawn(body);
    started.map(drop).map_err(|e| Error::new(Kind::Io, format!("no thread for `{name}`")).fact("system", e))
}
