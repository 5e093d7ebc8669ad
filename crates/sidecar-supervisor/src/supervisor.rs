//! All sidecars of an app.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use sidecar_keeper::{Ledger, Swept};
use sidecar_spec::{Run, Spec, SpecErrorKind};

use crate::actor::{self, Command, Gather, Message};
use crate::app::{App, Shared};
use crate::capture::Runs;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Events, Teller};
use crate::fsx;
use crate::instance::Instance;
use crate::output::{self, Output};
use crate::reply::Reply;
use crate::secret::Secret;
use crate::sidecar::Sidecar;
use crate::{client, run};

/// How long an update waits for the files of programs that have ended: on Windows, virus scanners hold them on.
const UNLOCKED: Duration = Duration::from_secs(10);

/// How long a drop waits for the threads of the sidecars: where nothing runs they end at once, and the last one removes the
/// directory of this run.
const ENDED: Duration = Duration::from_millis(200);

/// Runs an app's sidecars.
///
/// Each sidecar has a thread, which waits until it is told something. When the supervisor and all its [`Sidecar`]s are
/// dropped, what still runs is ended as if the app had died; [`stop_all`](Self::stop_all) is the friendlier way. The last
/// drop waits for that, at most 200 ms.
#[derive(Debug, Clone)]
pub struct Supervisor {
    owner: Arc<Owner>,
}

/// Ends everything when nobody holds it any more.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) app: Arc<App>,
    swept: Swept,
}

impl Drop for Owner {
    fn drop(&mut self) {
        for shared in self.app.sidecars.values() {
            shared.send(Message::End);
        }
        self.app.runs.end(None, Kind::Cancelled, Box::new(|_| {}));
        // An app drops this when it ends itself: what its threads still have in hand would be cut off then.
        let deadline = Instant::now() + ENDED;
        while Arc::strong_count(&self.app) > 1 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// What a [`Supervisor`] is made of.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    spec: Spec,
    data_dir: PathBuf,
    resource_dir: Option<PathBuf>,
    source_dir: Option<PathBuf>,
    log_dir: Option<PathBuf>,
    mode: String,
    tokens: BTreeMap<String, Secret>,
}

impl Builder {
    /// Where the app's bundled resources lie: for `{resource_dir}`, and for programs that are installed as a tree.
    pub fn resource_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.resource_dir = Some(dir.into());
        self
    }

    /// The app's sources, such as `env!("CARGO_MANIFEST_DIR")`. In builds with debug assertions, programs that were not
    /// copied beside the app yet are found there, as `binaries/<name>-<triple>`. Other builds ignore it.
    pub fn source_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.source_dir = Some(dir.into());
        self
    }

    /// Where log files are written. By default `logs` in the data directory.
    pub fn log_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.log_dir = Some(dir.into());
        self
    }

    /// The value of `{mode}`. By default `development` in builds with debug assertions, else `production`.
    pub fn mode(mut self, mode: impl Into<String>) -> Self {
        self.mode = mode.into();
        self
    }

    /// The secret of a sidecar, instead of a new one for each launch. It has an effect where the sidecar's `run` table has
    /// a `token`. Where it is shorter than 8 characters it is refused: so short a text cannot be hidden in logs.
    pub fn token(mut self, sidecar: impl Into<String>, secret: impl Into<String>) -> Self {
        self.tokens.insert(sidecar.into(), Secret::new(secret));
        self
    }

    /// Checks the spec, ends what crashed apps left behind, and makes the directory of this run. Nothing is started.
    ///
    /// # Errors
    /// `spec-invalid` with every problem, `unsupported` for what this build cannot do, `unknown-sidecar` for a token of
    /// none, `token-invalid` for one that cannot be sent, `io` when the directory cannot be made.
    pub fn build(self) -> Result<Supervisor> {
        self.check()?;
        let data_dir = absolute("data", &self.data_dir)?;
        let resource_dir = self.resource_dir.map(|dir| absolute("resource", &dir)).transpose()?;
        let source_dir = self.source_dir.map(|dir| absolute("source", &dir)).transpose()?;
        let logs = self.log_dir.map(|dir| absolute("log", &dir)).transpose()?;
        let logs = logs.unwrap_or_else(|| data_dir.join("logs"));
        if fsx::is_link_to_nothing(&data_dir) {
            let error = Error::new(Kind::Io, "the data directory is a link to nothing");
            return Err(error
                .fact("path", data_dir.display())
                .help("make what it names, or remove the link"));
        }
        let runtime = data_dir.join("runtime");
        let instance = Instance::open(&runtime)?;
        let (ledger, swept) = sweep(runtime.join("keepers"))?;
        let (mut sidecars, mut inboxes) = (BTreeMap::new(), Vec::new());
        for (name, sidecar) in &self.spec.sidecars {
            let (sender, inbox) = channel();
            let output = Output::new(name, &sidecar.run.logs, Some(&logs));
            let (token, spec) = (self.tokens.get(name).cloned(), sidecar.clone());
            let shared = Shared::new(name, spec, output, sender, token, dependents(&self.spec, name));
            let shared = Arc::new(shared);
            inboxes.push((Arc::clone(&shared), inbox));
            sidecars.insert(name.clone(), shared);
        }
        let app = Arc::new(App {
            data_dir,
            resource_dir,
            source_dir,
            log_dir: logs,
            mode: self.mode,
            instance,
            ledger,
            sidecars,
            events: Teller::new(),
            latched: AtomicBool::new(false),
            runs: Runs::default(),
        });
        let supervisor = Supervisor { owner: Arc::new(Owner { app, swept }) };
        supervisor.begin(inboxes)?;
        Ok(supervisor)
    }

    fn check(&self) -> Result<()> {
        let problems = self.spec.check();
        if let Some(first) = problems.first() {
            if let [only] = &problems[..] {
                let error = Error::new(Kind::SpecInvalid, first.to_string());
                return Err(only.help.iter().fold(error, Error::help));
            }
            let error = Error::new(Kind::SpecInvalid, format!("the spec has {} problems", problems.len()));
            return Err(problems
                .iter()
                .fold(error, |error, problem| error.fact(problem.kind.code(), problem)));
        }
        if let Some(name) = self.tokens.keys().find(|name| !self.spec.sidecars.contains_key(*name)) {
            return Err(unknown(name, &self.spec.sidecars));
        }
        for (name, secret) in &self.tokens {
            // As RFC 9110 has it in a header, where probes send it; and nothing that a shell or a file would change.
            if secret.reveal().is_empty() || !secret.reveal().bytes().all(|byte| byte.is_ascii_graphic()) {
                let headline = format!("the token of `{name}` cannot be sent");
                return Err(Error::new(Kind::TokenInvalid, headline)
                    .help("a token has visible ASCII characters only, and no spaces"));
            }
            if secret.reveal().len() < output::SHORTEST {
                let headline = format!("the token of `{name}` is too short to be hidden in logs");
                return Err(Error::new(Kind::TokenInvalid, headline).help(format!(
                    "a token has {} characters at least; without `Builder::token`, each launch has one of 64",
                    output::SHORTEST
                )));
            }
        }
        for (name, sidecar) in &self.spec.sidecars {
            client::supported(name, &sidecar.run)?;
        }
        Ok(())
    }
}

/// The path that it stays when the app changes its working directory.
fn absolute(what: &str, dir: &Path) -> Result<PathBuf> {
    std::path::absolute(dir).map_err(|e| {
        Error::io(format!("the {what} directory has no absolute path"), &e).fact("path", dir.display())
    })
}

/// Who depends on a sidecar.
fn dependents(spec: &Spec, name: &str) -> Vec<(String, bool)> {
    let all = spec.sidecars.iter();
    all.flat_map(|(other, sidecar)| {
        let edges = sidecar.run.depends_on.iter().filter(move |dependency| dependency.name == name);
        edges.map(move |dependency| (other.clone(), dependency.restart_with))
    })
    .collect()
}

/// Ends what is left of apps that were killed together with their keepers.
fn sweep(dir: PathBuf) -> Result<(Option<Ledger>, Swept)> {
    let failed = |error: &sidecar_keeper::Error| {
        let mut ours = Error::new(Kind::Io, "what an earlier run left behind cannot be ended");
        ours = ours.fact("reason", error.headline());
        for (key, value) in error.facts() {
            ours = ours.fact(key.to_owned(), value);
        }
        ours
    };
    let ledger = Ledger::open(dir).map_err(|error| failed(&error))?;
    match ledger.sweep() {
        Ok(swept) => Ok((Some(ledger), swept)),
        // Then keepers cannot be recorded either.
        Err(error) if error.kind() == sidecar_keeper::Kind::Unsupported => Ok((None, Swept::default())),
        Err(error) => Err(failed(&error)),
    }
}

fn unknown<T>(name: &str, known: &BTreeMap<String, T>) -> Error {
    let error = Error::new(Kind::UnknownSidecar, format!("there is no sidecar `{name}`"));
    match sidecar_spec::nearest(name, known.keys().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.fact("known", known.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

impl Supervisor {
    /// A supervisor of these sidecars. The data directory is where they work and where what stays is kept: the app's own
    /// directory for data, which several instances of the app may share.
    pub fn builder(spec: Spec, data_dir: impl Into<PathBuf>) -> Builder {
        Builder {
            spec,
            data_dir: data_dir.into(),
            resource_dir: None,
            source_dir: None,
            log_dir: None,
            mode: if cfg!(debug_assertions) { "development" } else { "production" }.to_owned(),
            tokens: BTreeMap::new(),
        }
    }

    /// The same for the text of `sidecar-spec.json`.
    ///
    /// # Errors
    /// `spec-too-new` where a newer version of the toolkit wrote it, `spec-invalid` where it cannot be read.
    pub fn from_json(spec: &str, data_dir: impl Into<PathBuf>) -> Result<Builder> {
        let spec = Spec::from_json(spec).map_err(|error| match error.kind() {
            SpecErrorKind::TooNew => Error::new(Kind::SpecTooNew, error.to_string())
                .help("build the app with the version of the toolkit that wrote the spec"),
            _ => Error::new(Kind::SpecInvalid, format!("the spec cannot be read: {error}")),
        })?;
        Ok(Self::builder(spec, data_dir))
    }

    fn begin(&self, inboxes: Vec<(Arc<Shared>, Receiver<Message>)>) -> Result<()> {
        for (shared, inbox) in inboxes {
            let mut seed = [0; 8];
            getrandom::fill(&mut seed)
                .map_err(|e| Error::io("the system gives no random bytes", &e.into()))?;
            actor::begin(Arc::clone(&self.owner.app), shared, inbox, u64::from_le_bytes(seed))?;
        }
        Ok(())
    }

    /// A sidecar by its name.
    ///
    /// # Errors
    /// `unknown-sidecar`, with the nearest name.
    pub fn sidecar(&self, name: &str) -> Result<Sidecar> {
        match self.owner.app.sidecars.get(name) {
            Some(shared) => Ok(Sidecar::new(Arc::clone(&self.owner), Arc::clone(shared))),
            None => Err(unknown(name, &self.owner.app.sidecars)),
        }
    }

    /// Every sidecar, in the order of their names.
    pub fn sidecars(&self) -> impl Iterator<Item = Sidecar> {
        let all = self.owner.app.sidecars.values();
        all.map(|shared| Sidecar::new(Arc::clone(&self.owner), Arc::clone(shared)))
    }

    /// Starts every sidecar, each after those that it depends on. The reply comes when all are ready, or with the first
    /// that is not.
    ///
    /// One whose `run` table is missing or empty is left alone: nobody said how it serves. It is a program that is run
    /// [once](Sidecar::output), when it is needed.
    pub fn start_all(&self) -> Reply<()> {
        let nothing = Run::default();
        let (answer, reply) = Reply::new();
        self.all(Command::Start, |shared| shared.spec.run != nothing, answer);
        reply
    }

    /// Stops every sidecar, each after those that depend on it, and kills what is run [once](Sidecar::output). The reply
    /// comes when nothing of any of them runs.
    pub fn stop_all(&self) -> Reply<()> {
        let (answer, reply) = Reply::new();
        let gather = Gather::new(2, answer);
        let runs = Arc::clone(&gather);
        self.owner.app.runs.end(None, Kind::Cancelled, Box::new(move |outcome| runs.arrived(outcome)));
        self.all(Command::Stop, |_| true, move |outcome| gather.arrived(outcome));
        reply
    }

    /// What happens from now on.
    pub fn events(&self) -> Events {
        self.history().1
    }

    /// The last 256 events, the oldest first, and what happens from now on: nothing between them is lost, or told twice.
    pub fn history(&self) -> (Vec<Event>, Events) {
        self.owner.app.events.listen()
    }

    /// What earlier runs of the app had left behind, which was ended when this supervisor was built.
    pub fn swept(&self) -> Swept {
        self.owner.swept
    }

    /// Stops every sidecar, kills what is run [once](Sidecar::output), and starts none of them until
    /// [`resume`](Self::resume): the app's files are about to be replaced. The reply comes when nothing runs, and, on Windows, when the files of the programs are free.
    pub fn prepare_for_update(&self) -> Reply<()> {
        let app = Arc::clone(&self.owner.app);
        app.latched.store(true, Ordering::Release);
        for shared in app.sidecars.values() {
            shared.send(Message::Latch(true));
        }
        app.runs.end(None, Kind::Updating, Box::new(|_| {}));
        let stopped = self.stop_all();
        let (answer, reply) = Reply::new();
        let started = run::thread("update", "sidecars", move || {
            answer(stopped.wait().and_then(|()| unlocked(&app)));
        });
        match started {
            Ok(()) => reply,
            Err(error) => Reply::known(Err(error)),
        }
    }

    /// Lets sidecars be started again: the update was given up. None is started by this.
    pub fn resume(&self) {
        self.owner.app.latched.store(false, Ordering::Release);
        for shared in self.owner.app.sidecars.values() {
            shared.send(Message::Latch(false));
        }
    }

    fn all(
        &self,
        command: Command,
        is_meant: impl Fn(&Shared) -> bool,
        answer: impl FnOnce(Result<()>) + Send + 'static,
    ) {
        let meant: Vec<_> = self.owner.app.sidecars.values().filter(|shared| is_meant(shared)).collect();
        let gather = Gather::new(meant.len(), answer);
        for shared in meant {
            let gather = Arc::clone(&gather);
            shared.send(Message::Command(command, Box::new(move |outcome| gather.arrived(outcome))));
        }
    }
}

/// Waits until the files of all programs that ran can be replaced.
fn unlocked(app: &App) -> Result<()> {
    let deadline = Instant::now() + UNLOCKED;
    let programs = app.sidecars.values().filter_map(|shared| shared.view().program.clone());
    for program in programs {
        while fsx::is_in_use(&program) {
            if Instant::now() >= deadline {
                let error = Error::new(Kind::Timeout, "a program is still in use");
                return Err(error
                    .fact("path", program.display())
                    .help("close what uses it, then update again"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}
