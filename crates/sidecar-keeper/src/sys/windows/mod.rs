//! Windows: a job that ends with the app, and a thread that looks after it.
//!
//! The app holds the only handle of each sidecar's job, so that the system ends the tree when the app ends, in whatever
//! way. That needs no other process, and nobody can end it before the app. The price: when the app is gone, nobody is left
//! who could grant a grace.

mod console;
mod job;
mod keep;
mod net;
mod port;
mod process;
mod raw;
mod start;
mod text;

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use job::Job;
use port::{Port, Waker};

use crate::error::{Error, Kind, Result};
use crate::inside::{self, AppEnd};
use crate::process::ProcessId;
use crate::protocol::Command;
use crate::scope::{Missing, Scope};
use crate::usage::Usage;

pub(crate) use net::{all_listeners, lease, listeners};
pub(crate) use process::{
    all_processes, descendants, identity, is_alive, kill, kill_round, name, user, with_cookie, world,
};
pub(crate) use raw::random;

/// What the system calls an open file.
pub(crate) type Descriptor = OwnedHandle;

/// The app's end of the line to a keeper, and the sidecar's job.
#[derive(Debug)]
pub(crate) struct Channel {
    line: AppEnd,
    job: Arc<Job>,
}

impl Channel {
    /// Sends a packet; `TimedOut` when the keeper does not take it in time, `Unsupported` for what Windows does not have.
    pub(crate) fn send(&self, packet: &[u8], with: &[&Descriptor], deadline: Instant) -> io::Result<()> {
        if let Ok(Command::Signal(_)) = Command::decode(packet) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.line.send(packet, with, deadline)
    }

    /// Receives a packet; no bytes when the keeper is gone, `TimedOut` when there was none in time.
    pub(crate) fn receive(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        self.line.receive(buffer, deadline)
    }

    /// Every process of the sidecar's tree.
    pub(crate) fn tree(&self, _keeper: ProcessId) -> Vec<ProcessId> {
        self.job.members()
    }

    /// Ends the tree without its keeper.
    pub(crate) fn kill_past_keeper(&self, _keeper: ProcessId) -> io::Result<()> {
        self.job.terminate()
    }

    /// What they use; `None` when none is left.
    pub(crate) fn usage(&self, _keeper: ProcessId) -> Option<Usage> {
        self.job.usage()
    }
}

/// Nobody writes last words here: the sidecar ends with the app.
#[expect(clippy::unnecessary_wraps, reason = "other systems may fail")]
pub(crate) fn directory(_path: &Path) -> io::Result<Option<Descriptor>> {
    Ok(None)
}

/// Whether jobs can be had here; the error number where not.
static JOBS: OnceLock<std::result::Result<(), i32>> = OnceLock::new();

pub(crate) fn init() -> Scope {
    console::init();
    scope()
}

pub(crate) fn scope() -> Scope {
    let jobs = JOBS.get_or_init(|| {
        let job = Port::new().and_then(|port| Job::new(&port));
        job.map(drop).map_err(|error| number(&error))
    });
    match jobs {
        Ok(()) => Scope::WholeTree,
        Err(number) => Scope::Nothing(Missing::Failed(*number)),
    }
}

/// A job, and a thread that looks after it.
pub(crate) fn open_keeper() -> Result<Channel> {
    let failed = |e: io::Error| Error::io(Kind::KeeperUnavailable, "no keeper could be started", &e);
    let port = Arc::new(Port::new().map_err(failed)?);
    let job = Arc::new(Job::new(&port).map_err(failed)?);
    let (line, theirs) = inside::pair({
        let port = Arc::clone(&port);
        move || port.wake(Waker::App)
    });
    let held = Arc::clone(&job);
    std::thread::Builder::new()
        .name("sidecar-keeper".to_owned())
        .spawn(move || keep::run(theirs, &port, &held))
        .map_err(failed)?;
    Ok(Channel { line, job })
}

/// The system's error number, or that of a general failure.
fn number(error: &io::Error) -> i32 {
    const ERROR_GEN_FAILURE: i32 = 31;
    error.raw_os_error().unwrap_or(ERROR_GEN_FAILURE)
}

/// The null device.
pub(crate) fn null_device() -> io::Result<Descriptor> {
    Ok(std::fs::OpenOptions::new().read(true).write(true).open("NUL")?.into())
}

/// A copy of the app's own stream; the null device where a windowed app has none.
pub(crate) fn own_stream(number: u8) -> io::Result<Descriptor> {
    let copy = |stream: BorrowedHandle<'_>| {
        if stream.as_raw_handle().is_null() { null_device() } else { stream.try_clone_to_owned() }
    };
    match number {
        0 => copy(io::stdin().as_handle()),
        1 => copy(io::stdout().as_handle()),
        _ => copy(io::stderr().as_handle()),
    }
}

/// The status that a keeper reports: all 32 bits of the exit code.
pub(crate) fn exit_status(status: i32) -> ExitStatus {
    std::os::windows::process::ExitStatusExt::from_raw(status.cast_unsigned())
}
