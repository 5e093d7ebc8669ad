//! The thread of a sidecar: it takes what happened, asks the machine, and does what that says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sidecar_spec::Signal;

use crate::app::{App, Shared};
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::event::{self, Blocker, Happened};
use crate::exit::{Exit, ExitReason};
use crate::machine::{Effect, Input, Machine, Outcome, Policy, RunInput, State, Ticket};
use crate::reply::Answer;
use crate::run::{self, Running};
use crate::stop;

/// What the thread of a sidecar is told.
pub(crate) enum Message {
    /// A command, and whom to answer.
    Command(Command, Answer<()>),
    /// From now on nothing is started, or again everything.
    Latch(bool),
    /// The answer to a question about what it depends on.
    Needs(u64, Result<()>),
    /// The answer to a question about what depends on it.
    Dependents(u64),
    /// The run with that number is under way.
    Launched(u64, Arc<Running>),
    /// Something happened to the run with that number.
    Run(u64, RunInput),
    /// Bytes for its input.
    Write(Vec<u8>, Answer<()>),
    /// Its input ends.
    CloseStdin(Answer<()>),
    /// The supervisor ends: whatever runs is killed, as if the app had died.
    End,
}

/// What can be asked of a sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Start,
    /// For another sidecar, which depends on it.
    Want,
    /// Not to start it, but to hear when it is ready.
    Await,
    Stop,
    /// For another sidecar, on which it depends.
    StopFor,
    Restart,
}

struct Actor {
    app: Arc<App>,
    shared: Arc<Shared>,
    machine: Machine,
    answers: BTreeMap<Ticket, Answer<()>>,
    tickets: Ticket,
    run: u64,
    cancel: Cancel,
    /// Set when the run that is being launched is not to be started any more.
    unwanted: Cancel,
    running: Option<Arc<Running>>,
}

/// Starts the thread.
pub(crate) fn begin(app: Arc<App>, shared: Arc<Shared>, inbox: Receiver<Message>, seed: u64) -> Result<()> {
    let policy = Policy::of(&shared.spec.run);
    let machine = Machine::new(&shared.name, policy, seed);
    let name = shared.name.to_string();
    let mut actor = Actor {
        app,
        shared,
        machine,
        answers: BTreeMap::new(),
        tickets: 0,
        run: 0,
        cancel: Cancel::default(),
        unwanted: Cancel::default(),
        running: None,
    };
    run::thread(&name, "sidecar", move || actor.serve(&inbox))
}

impl Actor {
    fn serve(&mut self, inbox: &Receiver<Message>) {
        loop {
            let message = match self.machine.wake() {
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => inbox.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return self.end(inbox),
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => self.woken(),
            }
        }
    }

    fn woken(&mut self) {
        // Most likely it was not ready in time.
        if let Some(running) = self.running.as_ref().filter(|_| self.machine.state() == State::Starting) {
            let seen = running.seen(&self.shared.output);
            self.step(Input::Run(seen));
        }
        self.step(Input::Wake);
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Command(command, answer) => {
                self.tickets += 1;
                let ticket = self.tickets;
                self.answers.insert(ticket, answer);
                let ends = matches!(command, Command::Stop | Command::StopFor | Command::Restart);
                if ends && self.running.is_none() {
                    self.unwanted.cancel();
                }
                self.step(match command {
                    Command::Start => Input::Start(ticket),
                    Command::Want => Input::Want(ticket),
                    Command::Await => Input::Await(ticket),
                    Command::Stop => Input::Stop(ticket),
                    Command::StopFor => Input::StopFor(ticket),
                    Command::Restart => Input::Restart(ticket),
                });
            }
            Message::Latch(latched) => self.step(Input::Latch(latched)),
            Message::Needs(question, outcome) => self.step(Input::Needs(question, outcome)),
            Message::Dependents(question) => self.step(Input::Dependents(question)),
            Message::Launched(run, running) if run == self.run => self.launched(running),
            Message::Run(run, input) if run == self.run => self.happened(input),
            Message::Write(bytes, answer) => match &self.running {
                Some(running) => running.write(bytes, answer),
                None => answer(Err(self.not_running())),
            },
            Message::CloseStdin(answer) => match &self.running {
                Some(running) => answer(running.close_stdin()),
                None => answer(Err(self.not_running())),
            },
            // Of a run that is over; and the end is seen to where messages are received.
            Message::Launched(..) | Message::Run(..) | Message::End => {}
        }
    }

    fn launched(&mut self, running: Arc<Running>) {
        let pid = running.keeper.leader().pid;
        {
            let mut view = self.shared.view();
            view.running = Some(Arc::clone(&running));
            view.pid = Some(pid);
        }
        self.running = Some(running);
        self.tell(Happened::Launched { pid });
        self.step(Input::Run(RunInput::Launched));
    }

    fn happened(&mut self, input: RunInput) {
        match &input {
            RunInput::Exited(exit, ..) => {
                self.cancel.cancel();
                // Its number may be another's from now on.
                self.shared.view().pid = None;
                self.tell(Happened::Exited { exit: exit.clone() });
            }
            RunInput::LaunchFailed(failure) if failure.error.kind() != Kind::Cancelled => {
                let reason = match failure.error.kind() {
                    Kind::IntegrityFailure => ExitReason::IntegrityFailure,
                    _ => ExitReason::LaunchFailed,
                };
                self.tell(Happened::Exited { exit: Exit::not_started(reason) });
            }
            RunInput::Empty => {
                self.running = None;
                let mut view = self.shared.view();
                (view.running, view.pid) = (None, None);
            }
            _ => {}
        }
        self.step(Input::Run(input));
    }

    fn step(&mut self, input: Input) {
        for effect in self.machine.step(input, Instant::now()) {
            self.act(effect);
        }
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::State(state) => self.enter(state),
            Effect::Answer(ticket, Outcome(outcome)) => {
                if let Some(answer) = self.answers.remove(&ticket) {
                    answer(outcome);
                }
            }
            Effect::AskNeeds(question) => self.ask_needs(question),
            Effect::StopDependents(question) => self.stop_dependents(question),
            Effect::RestartDependents => self.restart_dependents(),
            Effect::Launch => {
                self.run += 1;
                (self.cancel, self.unwanted) = (Cancel::default(), Cancel::default());
                self.shared.view().run = self.run;
                run::begin(&self.app, &self.shared, self.run, &self.cancel, &self.unwanted);
            }
            Effect::Ask => {
                self.cancel.cancel();
                if let Some(running) = self.running.clone() {
                    running.set_asked();
                    stop::ask(&self.shared, self.run, running);
                }
            }
            Effect::Signal(signal) => self.signal(signal),
            Effect::Kill(overdue) => self.kill(overdue),
            Effect::Force => self.force(),
            Effect::Restart(after, attempt) => {
                let error = self.machine.error().cloned();
                self.shared.view().restarts += 1;
                if let Some(error) = error {
                    let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                    self.tell(Happened::Restart { after, attempt, error });
                }
            }
            Effect::Failed => {
                if let Some(error) = self.machine.error().cloned() {
                    self.tell(Happened::Failed { error });
                }
            }
        }
    }

    fn enter(&mut self, state: State) {
        let mut view = self.shared.view();
        view.state = state;
        view.since = state.is_up().then(|| view.since.unwrap_or_else(event::millis));
        match state {
            // At one moment: who sees the state sees why.
            State::Error | State::Restarting => view.error = self.machine.error().cloned(),
            State::Running | State::Stopped => view.error = None,
            _ => {}
        }
        drop(view);
        self.tell(Happened::State { state });
    }

    fn signal(&mut self, signal: Signal) {
        self.cancel.cancel();
        let Some(running) = &self.running else { return };
        running.set_asked();
        let Err(error) = running.keeper.signal(stop::number(signal)) else { return };
        // Windows has no signals; there the keeper knows how a console program is asked, and tells where none can be. A
        // keeper that is lost is told by its own thread.
        if error.kind() == sidecar_keeper::Kind::Unsupported {
            let grace = self.shared.spec.run.stop.grace.get();
            if running.keeper.stop(grace).is_err() {
                self.shared.send(Message::Run(self.run, RunInput::SignalRefused));
            }
        }
    }

    fn kill(&mut self, overdue: bool) {
        self.cancel.cancel();
        let Some(running) = &self.running else { return };
        running.set_asked();
        if overdue {
            running.set_overdue();
            let processes = running.processes().into_iter();
            let processes = processes.map(|it| Blocker { pid: it.pid, name: it.name() }).collect();
            self.tell(Happened::StopBlocked { processes });
        }
        // A keeper that is lost is told by its own thread, which kills what is left.
        let _ = running.keeper.kill();
    }

    /// Its keeper does not do what it is told, such as one that was stopped: its tree is killed without it, which the thread
    /// that listens to it tells.
    fn force(&self) {
        let Some(running) = self.running.clone() else { return };
        // Where that fails, whoever waits for the stop is told so soon.
        let _ = run::thread(&self.shared.name, "kill", move || drop(running.keeper.kill_past_keeper()));
    }

    /// Starts what this one depends on, and reports when all of it is ready or one is not.
    fn ask_needs(&self, question: u64) {
        let names: Vec<String> =
            self.shared.spec.run.depends_on.iter().map(|dependency| dependency.name.clone()).collect();
        let needed: Vec<Arc<Shared>> =
            names.iter().filter_map(|name| self.app.sidecars.get(name)).map(Arc::clone).collect();
        let shared = Arc::clone(&self.shared);
        let gather = Gather::new(needed.len(), move |outcome| shared.send(Message::Needs(question, outcome)));
        for other in needed {
            let (gather, own, name) =
                (Arc::clone(&gather), Arc::clone(&self.shared.name), Arc::clone(&other.name));
            let answer = move |outcome: Result<()>| {
                gather.arrived(outcome.map_err(|error| {
                    let headline =
                        format!("`{own}` needs `{name}`, which does not run: {}", error.headline());
                    error.with(Kind::DependencyFailed, headline)
                }));
            };
            other.send(Message::Command(Command::Want, Box::new(answer)));
        }
    }

    /// Stops what depends on this one, and reports when nothing of it runs.
    fn stop_dependents(&self, question: u64) {
        // All of them, also those that seem to be down: one may be about to start.
        let dependents: Vec<&Arc<Shared>> = self.dependents(|_| true).collect();
        let shared = Arc::clone(&self.shared);
        // One that cannot be stopped has told so to whoever asked; this one is stopped all the same.
        let gather = Gather::new(dependents.len(), move |_| shared.send(Message::Dependents(question)));
        for other in dependents {
            let gather = Arc::clone(&gather);
            other.send(Message::Command(Command::StopFor, Box::new(move |_| gather.arrived(Ok(())))));
        }
    }

    fn restart_dependents(&self) {
        // One that is down stays down.
        for other in
            self.dependents(|restart_with| restart_with).filter(|other| !other.view().state.is_down())
        {
            other.send(Message::Command(Command::Restart, Box::new(|_| {})));
        }
    }

    /// Those that depend on this one.
    fn dependents(&self, wanted: impl Fn(bool) -> bool) -> impl Iterator<Item = &Arc<Shared>> {
        let names = self.shared.dependents.iter().filter(move |(_, restart_with)| wanted(*restart_with));
        names.filter_map(|(name, _)| self.app.sidecars.get(name))
    }

    fn not_running(&self) -> Error {
        Error::new(Kind::NotRunning, format!("`{}` does not run", self.shared.name))
    }

    fn tell(&self, what: Happened) {
        self.app.tell(&self.shared, self.run, what);
    }

    /// The supervisor ends: what runs has the time that it has when the app dies.
    fn end(&mut self, inbox: &Receiver<Message>) {
        self.cancel.cancel();
        self.unwanted.cancel();
        // What was launched meanwhile may have told so already; what comes later sees that the run is over.
        let launched = inbox.try_iter().filter_map(|message| match message {
            Message::Launched(_, running) => Some(running),
            _ => None,
        });
        let grace: Duration = self.shared.spec.run.stop.app_death_grace.get();
        for running in self.running.take().into_iter().chain(launched) {
            let _ = if grace.is_zero() { running.keeper.kill() } else { running.keeper.stop(grace) };
        }
        self.shared.view().running = None;
    }
}

/// Waits for the answers of several, and passes on the first failure, or success when all have answered.
pub(crate) struct Gather(Mutex<Option<Answer<()>>>, AtomicUsize);

impl Gather {
    pub(crate) fn new(count: usize, done: impl FnOnce(Result<()>) + Send + 'static) -> Arc<Self> {
        let this = Self(Mutex::new(Some(Box::new(done))), AtomicUsize::new(count));
        if count == 0 {
            this.finish(Ok(()));
        }
        Arc::new(this)
    }

    pub(crate) fn arrived(&self, outcome: Result<()>) {
        let last = self.1.fetch_sub(1, Ordering::AcqRel) == 1;
        if last || outcome.is_err() {
            self.finish(outcome);
        }
    }

    fn finish(&self, outcome: Result<()>) {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(done) = done {
            done(outcome);
        }
    }
}
