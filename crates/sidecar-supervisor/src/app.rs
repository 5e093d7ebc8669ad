//! What is true for all sidecars of a running app.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sidecar_keeper::Ledger;
use sidecar_spec::Sidecar;

use crate::actor::Message;
use crate::capture::Runs;
use crate::error::Error;
use crate::event::{self, Event, Happened, Teller};
use crate::instance::Instance;
use crate::machine::State;
use crate::output::Output;
use crate::run::Running;
use crate::secret::Secret;

/// The app, as far as its sidecars are concerned.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) data_dir: PathBuf,
    pub(crate) resource_dir: Option<PathBuf>,
    pub(crate) source_dir: Option<PathBuf>,
    pub(crate) log_dir: PathBuf,
    pub(crate) mode: String,
    pub(crate) instance: Instance,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) sidecars: BTreeMap<String, Arc<Shared>>,
    pub(crate) events: Teller,
    /// Nothing is started: an update is near.
    pub(crate) latched: AtomicBool,
    /// The programs that are being run once.
    pub(crate) runs: Runs,
}

/// One sidecar, as its threads and its handles see it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) spec: Sidecar,
    pub(crate) output: Arc<Output>,
    pub(crate) inbox: Sender<Message>,
    /// A secret that the app chose; otherwise every launch has its own.
    pub(crate) token: Option<Secret>,
    /// Who depends on it, with whether they are restarted with it.
    pub(crate) dependents: Vec<(String, bool)>,
    /// The socket that it inherits, the same in all its runs: clients that connect while it restarts wait.
    pub(crate) listener: Mutex<Option<TcpListener>>,
    view: Mutex<View>,
}

/// What can be seen of a sidecar now.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) state: State,
    /// When it became ready, in milliseconds since 1970.
    pub(crate) since: Option<u64>,
    pub(crate) run: u64,
    pub(crate) restarts: u32,
    pub(crate) running: Option<Arc<Running>>,
    /// Its first process, while that lives.
    pub(crate) pid: Option<u32>,
    /// Where it listens, of the present or the last run.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) token: Option<Secret>,
    /// The file that was run.
    pub(crate) program: Option<PathBuf>,
    pub(crate) error: Option<Error>,
}

impl View {
    /// `http://host:port` of it, while it is ready and has a port.
    pub(crate) fn url(&self) -> Option<String> {
        self.address.filter(|_| self.state.is_up()).map(|address| format!("http://{address}"))
    }
}

impl Shared {
    pub(crate) fn new(
        name: &str,
        spec: Sidecar,
        output: Arc<Output>,
        inbox: Sender<Message>,
        token: Option<Secret>,
        dependents: Vec<(String, bool)>,
    ) -> Self {
        let view = View {
            state: State::Idle,
            since: None,
            run: 0,
            restarts: 0,
            running: None,
            pid: None,
            address: None,
            token: None,
            program: None,
            error: None,
        };
        let (listener, view) = (Mutex::new(None), Mutex::new(view));
        Self { name: name.into(), spec, output, inbox, token, dependents, listener, view }
    }

    pub(crate) fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message to the sidecar's thread; after the end of the supervisor there is none, and it is dropped.
    pub(crate) fn send(&self, message: Message) {
        let _ = self.inbox.send(message);
    }
}

impl App {
    /// Tells everyone who listens.
    pub(crate) fn tell(&self, shared: &Shared, run: u64, what: Happened) {
        self.events.tell(Event { sidecar: shared.name.to_string(), run, at: event::millis(), what });
    }
}
