//! One sidecar, as the app holds it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::actor::{Command, Gather, Message};
use crate::app::Shared;
use crate::capture::{self, Captured};
#[cfg(feature = "typescript")]
use crate::error::ErrorData;
use crate::error::{Error, Kind};
use crate::machine::State;
use crate::output::{Follower, Line};
use crate::reply::Reply;
use crate::supervisor::Owner;

/// A sidecar. It can be cloned and sent to other threads; commands are carried out in the order in which they are given.
#[derive(Debug, Clone)]
pub struct Sidecar {
    owner: Arc<Owner>,
    shared: Arc<Shared>,
}

/// What can be seen of a sidecar now.
#[non_exhaustive]
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: State,
    /// Since when it has been ready, in milliseconds since 1970; `None` while it is not.
    pub since: Option<u64>,
    /// The number of the present or last run, from 1; 0: it never ran.
    pub run: u64,
    /// How often it was started again after a failure, since the supervisor began.
    pub restarts: u32,
    /// Its first process, while it runs.
    pub pid: Option<u32>,
    /// Where it listens, or would: proved to be its own while the state says that it is ready.
    pub address: Option<SocketAddr>,
    /// `http://host:port` of it, while it is ready and has a port.
    pub url: Option<String>,
    /// Why it failed, where it is in the state `error` or about to be started again.
    #[cfg_attr(feature = "typescript", ts(as = "Option<ErrorData<'static>>"))]
    pub error: Option<Error>,
}

/// What the whole tree of a sidecar uses.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub struct Usage {
    /// Processor time since the start, in milliseconds, with that of processes that have ended.
    pub cpu: u64,
    /// Resident memory in bytes; pages that several processes share count in each.
    pub memory: u64,
    /// How many processes there are.
    pub processes: usize,
}

impl Sidecar {
    pub(crate) fn new(owner: Arc<Owner>, shared: Arc<Shared>) -> Self {
        Self { owner, shared }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        self.shared.view().state
    }

    /// What can be seen of it now.
    pub fn status(&self) -> Status {
        let view = self.shared.view();
        Status {
            name: self.shared.name.to_string(),
            state: view.state,
            since: view.since,
            run: view.run,
            restarts: view.restarts,
            pid: view.pid,
            address: view.address,
            url: view.url(),
            error: view.error.clone(),
        }
    }

    /// `http://host:port` of it, while it is ready and has a port.
    pub fn url(&self) -> Option<String> {
        self.shared.view().url()
    }

    /// The secret of the present launch, where its `run` table has a `token`: what it asks its clients for. Keep it out of
    /// logs and addresses.
    pub fn token(&self) -> Option<String> {
        let view = self.shared.view();
        let token = view.token.as_ref().filter(|_| view.running.is_some());
        token.map(|token| token.reveal().to_owned())
    }

    /// Starts it, after those that it depends on. The reply comes when it has proved itself, when it is given up
    /// (restarts included), or when somebody stops it. One that is ready already is left as it is.
    pub fn start(&self) -> Reply<()> {
        self.command(Command::Start)
    }

    /// Waits until it is ready, and starts nothing. The reply comes with the outcome of a start, or of the restarts, that are
    /// under way; at once where it is ready, where it failed, and where nobody starts it (`not-running`).
    pub fn ready(&self) -> Reply<()> {
        self.command(Command::Await)
    }

    /// Stops it, after those that depend on it: asks it in its protocol, then by a signal, then kills its tree. What is run
    /// [once](Self::output) is killed. The reply comes when nothing of it is left.
    pub fn stop(&self) -> Reply<()> {
        let (answer, reply) = Reply::new();
        let gather = Gather::new(2, answer);
        let runs = Arc::clone(&gather);
        let name = Some(self.name());
        self.owner.app.runs.end(name, Kind::Cancelled, Box::new(move |outcome| runs.arrived(outcome)));
        self.shared.send(Message::Command(Command::Stop, Box::new(move |outcome| gather.arrived(outcome))));
        reply
    }

    /// Stops it, and starts it again. The reply is that of the start.
    pub fn restart(&self) -> Reply<()> {
        self.command(Command::Restart)
    }

    /// Writes bytes to its input. The reply comes when they are written; a sidecar that does not read lets it wait.
    pub fn write_stdin(&self, bytes: impl Into<Vec<u8>>) -> Reply<()> {
        let (answer, reply) = Reply::new();
        self.shared.send(Message::Write(bytes.into(), answer));
        reply
    }

    /// Ends its input, after all that was written before.
    pub fn close_stdin(&self) -> Reply<()> {
        let (answer, reply) = Reply::new();
        self.shared.send(Message::CloseStdin(answer));
        reply
    }

    /// Runs its program once, beside the sidecar itself, with these arguments instead of its own and without a port, and
    /// returns what it wrote. After `timeout` its tree is killed; so it is by a stop (`cancelled`), before an update
    /// (`updating`), and when the supervisor ends.
    ///
    /// Of each stream the first 16 MiB are kept.
    pub fn output<A: Into<String>>(
        &self,
        args: impl IntoIterator<Item = A>,
        stdin: impl Into<Vec<u8>>,
        timeout: Duration,
    ) -> Reply<Captured> {
        let args = args.into_iter().map(Into::into).collect();
        capture::begin(&self.owner.app, &self.shared, args, stdin.into(), timeout)
    }

    /// The last lines that it wrote, the oldest first.
    pub fn tail(&self, lines: usize) -> Vec<Line> {
        self.shared.output.tail(lines)
    }

    /// Follows what it writes, over all of its runs, beginning with the last `lines` that are kept.
    pub fn follow(&self, lines: usize) -> Follower {
        self.shared.output.follow_from(lines)
    }

    /// What its whole tree uses now; `None` while it does not run, or where the system does not tell.
    pub fn usage(&self) -> Option<Usage> {
        let running = self.shared.view().running.clone();
        running?.keeper.usage().map(|usage| Usage {
            cpu: u64::try_from(usage.cpu.as_millis()).unwrap_or(u64::MAX),
            memory: usage.memory,
            processes: usage.processes,
        })
    }

    fn command(&self, command: Command) -> Reply<()> {
        let (answer, reply) = Reply::new();
        self.shared.send(Message::Command(command, answer));
        reply
    }
}
