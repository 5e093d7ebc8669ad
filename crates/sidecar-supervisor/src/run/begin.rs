//! spawn: from the spec to a program that runs.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use sidecar_keeper::{Keeper, Kind as Keepers};

use super::{Input, Running, ended, ready};
use crate::actor::Message;
use crate::app::{App, Shared};
use crate::cancel::Cancel;
use crate::diagnose::{Diagnosis, diagnose};
use crate::error::{Error, Kind};
use crate::event::Happened;
use crate::exit::oom::OomWatch;
use crate::launch::{self, Prepared, Purpose};
use crate::machine::{Failure, Hope, RunInput};
use crate::output::Stream;

/// What the threads of a run share.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) app: Arc<App>,
    pub(super) shared: Arc<Shared>,
    pub(super) run: u64,
    pub(super) cancel: Cancel,
    /// Set when it is not to be started any more.
    unwanted: Cancel,
    inbox: Sender<Message>,
}

impl Context {
    /// Tells the sidecar's thread; whether there is one.
    pub(super) fn tell(&self, input: RunInput) -> bool {
        self.inbox.send(Message::Run(self.run, input)).is_ok()
    }

    /// Tells everyone who listens.
    pub(super) fn event(&self, what: Happened) {
        self.app.tell(&self.shared, self.run, what);
    }

    pub(super) fn name(&self) -> &str {
        &self.shared.name
    }
}

/// Begins a run in a thread of its own: a slow disk must not keep the sidecar from answering commands.
pub(crate) fn begin(app: &Arc<App>, shared: &Arc<Shared>, run: u64, cancel: &Cancel, unwanted: &Cancel) {
    let context = Context {
        app: Arc::clone(app),
        shared: Arc::clone(shared),
        run,
        cancel: cancel.clone(),
        unwanted: unwanted.clone(),
        inbox: shared.inbox.clone(),
    };
    let failed = context.clone();
    if let Err(error) = super::thread(&shared.name, "run", move || start(&context)) {
        failed.tell(RunInput::LaunchFailed(Failure::passing(error)));
    }
}

fn start(context: &Context) {
    let prepared = launch::prepare(&context.app, &context.shared, Purpose::Serve, &context.unwanted);
    let launched = prepared.and_then(|prepared| {
        if context.unwanted.is_cancelled() {
            return Err(launch::cancelled(context.name()));
        }
        // Before the start, so that nothing it writes is missed.
        let search = ready::Search::begin(context, &prepared)?;
        let (running, kept) = spawn(context, prepared, &search)?;
        Ok((running, search, kept))
    });
    let (running, search, kept) = match launched {
        Ok(launched) => launched,
        Err(failure) => {
            context.cancel.cancel();
            context.tell(RunInput::LaunchFailed(failure));
            return;
        }
    };
    let running = Arc::new(running);
    let gate = match ended::listen(context, &running) {
        Ok(gate) => gate,
        Err(error) => {
            // Nobody would learn how it ends: it must not run, and dropping its keeper sees to that.
            context.cancel.cancel();
            context.tell(RunInput::LaunchFailed(Failure::passing(error)));
            return;
        }
    };
    let known = context.inbox.send(Message::Launched(context.run, Arc::clone(&running))).is_ok();
    if !known || context.cancel.is_cancelled() {
        // The supervisor has ended meanwhile.
        let _ = running.keeper.kill();
    }
    // What the keeper tells comes after that.
    ready::drive(context, &running, search, kept, gate);
}

/// Starts the program, and reads what it writes. Returns the held port as well.
fn spawn(
    context: &Context,
    prepared: Prepared,
    search: &ready::Search,
) -> Result<(Running, Option<sidecar_keeper::PortLease>), Failure> {
    let shared = &context.shared;
    let Prepared { launch, program, address, lease, token, nonce, token_file, .. } = prepared;
    for secret in [&token, &nonce].into_iter().flatten() {
        shared.output.hide(secret);
    }
    {
        let mut view = shared.view();
        view.token.clone_from(&token);
        view.address = address;
        view.program = Some(program.clone());
    }
    if let Some(address) = address {
        context.event(Happened::Port { port: address.port() });
    }
    limits(context);
    let first_line = shared.output.tail(1).last().map_or(0, |line| line.seq + 1);
    let mut keeper = Keeper::spawn(launch).map_err(|error| refused(context.name(), &program, &error))?;
    let (stdin, stdout, stderr) = (keeper.stdin.take(), keeper.stdout.take(), keeper.stderr.take());
    let read = || {
        let mut readings = Vec::new();
        if let Some(pipe) = stdout {
            readings.push(shared.output.read(Stream::Stdout, pipe)?);
        }
        if let Some(pipe) = stderr {
            readings.push(shared.output.read(Stream::Stderr, pipe)?);
        }
        Ok(readings)
    };
    // Dropping the keeper ends what was started.
    let readings = read().map_err(|e: std::io::Error| {
        Failure::passing(
            Error::new(Kind::Io, format!("no thread for `{}`", context.name())).fact("system", e),
        )
    })?;
    let input = Input::new(&shared.name, stdin).map_err(Failure::passing)?;
    let running = Running {
        oom: OomWatch::start(keeper.leader().pid),
        asked: AtomicBool::new(false),
        overdue: AtomicBool::new(false),
        keeper,
        address: Mutex::new(address),
        token,
        nonce,
        proved: AtomicBool::new(false),
        input,
        readings,
        first_line,
        rpc: search.rpc.clone(),
        token_file: Mutex::new(token_file),
        over: Cancel::default(),
    };
    Ok((running, lease))
}

/// What the spec limits, and nothing here can. Memory is watched; a share of a core would have to be held by the system.
fn limits(context: &Context) {
    if context.shared.spec.run.limits.cpu.is_some() {
        context.event(Happened::Unlimited { limits: vec!["cpu"] });
    }
}

/// The keeper's error, in the supervisor's words.
pub(crate) fn refused(name: &str, program: &Path, error: &sidecar_keeper::Error) -> Failure {
    let kind = match error.kind() {
        Keepers::LaunchFailed => Kind::LaunchFailed,
        Keepers::BadLaunch => Kind::BadLaunch,
        Keepers::Unsupported | Keepers::NotInitialised => Kind::Unsupported,
        _ => Kind::Io,
    };
    if let Some(why) =
        diagnose(program, error.raw_os_error().filter(|_| kind == Kind::LaunchFailed), None, &[])
    {
        return unstarted(name, program, why);
    }
    let mut ours =
        Error::new(kind, format!("`{name}` could not be started")).fact("program", program.display());
    if kind != Kind::LaunchFailed {
        ours = ours.fact("reason", error.headline());
    }
    for (key, value) in error.facts() {
        ours = ours.fact(key.to_owned(), value);
    }
    let hope = if kind == Kind::Io { Hope::Some } else { Hope::None };
    Failure { error: error.help_text().map_or_else(|| ours.clone(), |help| ours.clone().help(help)), hope }
}

/// A program that does not start, for a reason that was found.
pub(super) fn unstarted(name: &str, program: &Path, why: Diagnosis) -> Failure {
    let headline = format!("`{name}` could not be started: {}", why.headline);
    let mut error = Error::new(Kind::LaunchFailed, headline);
    if why.facts.iter().all(|(key, _)| *key != "program") {
        error = error.fact("program", program.display());
    }
    for (key, value) in why.facts {
        error = error.fact(key, value);
    }
    if let Some(help) = why.help {
        error = error.help(help);
    }
    Failure { error, hope: if why.permanent { Hope::None } else { Hope::Some } }
}
