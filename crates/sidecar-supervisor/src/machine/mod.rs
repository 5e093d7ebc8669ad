//! What a sidecar's state is, and what follows from what happens: a pure machine.
//!
//! It is told what happened ([`Input`]) and when, and says what to do ([`Effect`]). It does nothing itself, knows no clock,
//! and can be run through any story in a test. Whoever gave a command is answered exactly once.

mod budget;
mod policy;
mod step;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;
use sidecar_spec::Signal;

use crate::error::{Error, Kind};
use crate::exit::Exit;
use budget::Budget;
pub(crate) use policy::Policy;

/// What a sidecar is doing.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was never started.
    Idle,
    /// It is being started, and has not proved itself yet.
    Starting,
    /// It proved itself.
    Running,
    /// It runs, and says that it cannot serve.
    Degraded,
    /// It is being stopped: something of its tree may still run.
    Stopping,
    /// It was stopped, or ended with success. Nothing of its tree is left.
    Stopped,
    /// It failed and is not started again. Nothing of its tree is left.
    Error,
    /// It ended, and is about to be started again.
    Restarting,
}

impl State {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Degraded => "degraded",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Error => "error",
            Self::Restarting => "restarting",
        }
    }

    /// Whether it has proved itself and runs.
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Degraded)
    }

    /// Whether nothing runs and nothing is about to.
    pub const fn is_down(self) -> bool {
        matches!(self, Self::Idle | Self::Stopped | Self::Error)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// Somebody who waits for the outcome of a command.
pub(crate) type Ticket = u64;

/// Why a run failed, and what another one would bring.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) hope: Hope,
}

/// What another run would bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hope {
    /// The same: the cause does not go away by itself.
    None,
    /// Perhaps success.
    Some,
    /// Success, most likely, and at once: only the port was taken meanwhile.
    OtherPort,
}

impl Failure {
    pub(crate) fn permanent(error: Error) -> Self {
        Self { error, hope: Hope::None }
    }

    pub(crate) fn passing(error: Error) -> Self {
        Self { error, hope: Hope::Some }
    }
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    Start(Ticket),
    /// Somebody depends on it. Unlike a start by hand, this neither cuts a wait short nor clears what was counted.
    Want(Ticket),
    /// Somebody waits until it is ready, and starts nothing.
    Await(Ticket),
    Stop(Ticket),
    /// What it depends on is being stopped. Unlike a stop by hand, this leaves the state `error` as it is.
    StopFor(Ticket),
    /// Stop, then start.
    Restart(Ticket),
    /// From now on nothing is started (`true`), or again everything (`false`).
    Latch(bool),
    /// All that it depends on is ready, or will not be; with the number of the question.
    Needs(u64, Result<(), Error>),
    /// All that depends on it is stopped; with the number of the question.
    Dependents(u64),
    /// The time that [`Machine::wake`] named has come.
    Wake,
    /// Something about the present run.
    Run(RunInput),
}

/// What happened to the present run. The runs are told apart before this.
#[derive(Debug)]
pub(crate) enum RunInput {
    /// The program runs.
    Launched,
    /// It does not, and nothing is left of it.
    LaunchFailed(Failure),
    /// It proved itself.
    Ready,
    /// It did something that ends the run.
    Unfit(Failure),
    /// Why it is not ready yet: what that is called when the time is over, and in words.
    NotYet(Kind, String),
    /// What was seen just before its time was over: the last lines that it wrote, and where it listens instead.
    Seen(Vec<String>, Vec<SocketAddr>),
    /// A periodic check of readiness.
    Serves(Result<(), String>),
    /// A periodic check of life.
    Lives(Result<(), String>),
    /// Its first process ended.
    Exited(Exit, Hope, Error),
    /// The keeper was killed; what was left is being killed.
    KeeperLost(Error),
    /// Nothing is left of its tree.
    Empty,
    /// The stop request was answered, or could not be made.
    Asked(Result<(), String>),
    /// The signal cannot be sent on this system.
    SignalRefused,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Start what it depends on; [`Input::Needs`] answers.
    AskNeeds(u64),
    /// Stop what depends on it; [`Input::Dependents`] answers.
    StopDependents(u64),
    /// Restart what wants to be restarted with it.
    RestartDependents,
    /// Begin a new run.
    Launch,
    /// Ask it to stop, in its own protocol; [`RunInput::Asked`] answers.
    Ask,
    /// Send the signal to its first process.
    Signal(Signal),
    /// Kill its tree by other means: its keeper does not.
    Force,
    /// Kill its tree; `true`: after it had its time, so tell who did not end.
    Kill(bool),
    /// The outcome of a command.
    Answer(Ticket, Outcome),
    /// The state changed.
    State(State),
    /// It is started again after that time, for the so-manieth time in a row.
    Restart(Duration, u32),
    /// Why it went into the state that was told.
    Failed,
}

/// The outcome of a command, comparable for tests.
#[derive(Debug, Clone)]
pub(crate) struct Outcome(pub(crate) Result<(), Error>);

impl PartialEq for Outcome {
    fn eq(&self, other: &Self) -> bool {
        let kind = |this: &Self| this.0.as_ref().map_err(Error::kind).copied();
        kind(self) == kind(other)
    }
}

/// Where the sidecar is.
#[derive(Debug)]
enum Phase {
    /// Nothing runs.
    Down(State),
    /// It waits for what it depends on.
    Needs,
    /// Its keeper is being started. `true`: stop it as soon as that is done.
    Launching(bool),
    /// It runs and must prove itself until then.
    Proving(Instant),
    /// It proved itself at that time.
    Up(Instant),
    /// What depends on it is being stopped.
    Dependents,
    /// It was asked and has time until then.
    Asked(Instant),
    /// It was sent the signal and has time until then.
    Signalled(Instant),
    /// It was killed. After that time it is killed by other means (`false`), or those who wait for the stop are told that it
    /// does not end.
    Killed(Option<Instant>, bool),
    /// It is started again then.
    Waiting(Instant),
}

/// Whether what depends on it was asked to stop, since it runs or was started last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    Unasked,
    /// With the number of the question.
    Asked(u64),
    Stopped,
}

/// What of the present run is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alive {
    Nothing,
    /// Its first process has ended, and others of its tree may not have.
    Rest,
    /// All of it.
    All,
}

/// What comes when nothing of the run is left.
#[derive(Debug)]
enum After {
    Stopped,
    Failed(Error),
    /// Another run after that time.
    Restart(Duration),
    /// Another run at once: somebody wants it.
    Again,
    /// Another run at once: with another port.
    OtherPort,
}

/// A sidecar.
#[derive(Debug)]
pub(crate) struct Machine {
    name: String,
    policy: Policy,
    phase: Phase,
    after: After,
    budget: Budget,
    /// Runs in a row without somebody's command.
    restarts: u32,
    /// Runs in a row whose port was taken meanwhile.
    collisions: u32,
    /// How long the present run has been ready before it began to end.
    ready_for: Option<Duration>,
    alive: Alive,
    /// Nothing is started: an update is near.
    latched: bool,
    not_serving: u32,
    not_living: u32,
    degraded: bool,
    why_not: Option<(Kind, String)>,
    seen: (Vec<String>, Vec<SocketAddr>),
    error: Option<Error>,
    want_up: Vec<Ticket>,
    want_down: Vec<Ticket>,
    /// The last question about other sidecars: answers to earlier ones are stale.
    question: u64,
    below: Below,
    /// Whether somebody asked for the stop that is under way.
    by_hand: bool,
    random: u64,
}

/// So often a lease is tried again with another port before it counts as a failure.
const COLLISIONS: u32 = 3;

/// So long after the kill those who wait for a stop are told that something cannot be killed: a process in the middle of
/// a call to a dead network disk ends when that does.
const UNKILLABLE: Duration = Duration::from_secs(10);

impl Machine {
    /// A sidecar that was never started. The seed spreads the waits before restarts.
    pub(crate) fn new(name: &str, policy: Policy, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            policy,
            phase: Phase::Down(State::Idle),
            after: After::Stopped,
            budget: Budget::default(),
            restarts: 0,
            collisions: 0,
            ready_for: None,
            alive: Alive::Nothing,
            latched: false,
            not_serving: 0,
            not_living: 0,
            degraded: false,
            why_not: None,
            seen: Default::default(),
            error: None,
            want_up: Vec::new(),
            want_down: Vec::new(),
            question: 0,
            below: Below::Unasked,
            by_hand: false,
            random: seed,
        }
    }

    /// What it is doing.
    pub(crate) fn state(&self) -> State {
        let ending = || match self.after {
            After::Stopped | After::Failed(_) => State::Stopping,
            After::Restart(_) | After::Again => State::Restarting,
            After::OtherPort => State::Starting,
        };
        match self.phase {
            Phase::Down(state) => state,
            Phase::Needs | Phase::Launching(false) | Phase::Proving(_) => State::Starting,
            Phase::Up(_) if self.degraded => State::Degraded,
            Phase::Up(_) => State::Running,
            Phase::Launching(true)
            | Phase::Dependents
            | Phase::Asked(_)
            | Phase::Signalled(_)
            | Phase::Killed(..) => ending(),
            Phase::Waiting(_) => State::Restarting,
        }
    }

    /// Why it is in the state `error`, or what made it restart.
    pub(crate) fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// When it wants to be woken, at the latest.
    pub(crate) fn wake(&self) -> Option<Instant> {
        match self.phase {
            Phase::Proving(at) | Phase::Asked(at) | Phase::Signalled(at) | Phase::Waiting(at) => Some(at),
            Phase::Killed(at, _) => at,
            _ => None,
        }
    }

    /// What follows from what happened.
    pub(crate) fn step(&mut self, input: Input, now: Instant) -> Vec<Effect> {
        let before = self.state();
        let mut out = Vec::new();
        match input {
            Input::Start(ticket) => self.start(ticket, &mut out),
            Input::Want(ticket) => self.want(ticket, &mut out),
            Input::Await(ticket) => self.wait_for(ticket, &mut out),
            Input::Stop(ticket) => self.stop(ticket, true, now, &mut out),
            Input::StopFor(ticket) => self.stop(ticket, false, now, &mut out),
            Input::Restart(ticket) => self.restart(ticket, now, &mut out),
            Input::Latch(latched) => self.latched = latched,
            Input::Needs(question, outcome) if question == self.question => {
                self.needs(outcome, now, &mut out);
            }
            Input::Dependents(question) => self.dependents_stopped(question, now, &mut out),
            Input::Needs(..) => {}
            Input::Wake => self.woken(now, &mut out),
            Input::Run(input) => self.run(input, now, &mut out),
        }
        let after = self.state();
        if before != after {
            // The state first: who is answered may look at it.
            out.insert(0, Effect::State(after));
        }
        out
    }

    /// Anywhere between 0 and 1 (splitmix64).
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }

    fn answer_all(tickets: &mut Vec<Ticket>, outcome: &Result<(), Error>, out: &mut Vec<Effect>) {
        out.extend(tickets.drain(..).map(|ticket| Effect::Answer(ticket, Outcome(outcome.clone()))));
    }

    fn cancel_up(&mut self, out: &mut Vec<Effect>) {
        let error = self.stopped();
        Self::answer_all(&mut self.want_up, &Err(error), out);
    }

    fn stopped(&self) -> Error {
        Error::new(Kind::Cancelled, format!("`{}` was stopped before it was ready", self.name))
    }
}
