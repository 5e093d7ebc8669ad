//! What follows from each input, phase by phase.

use std::time::{Duration, Instant};

use sidecar_spec::Signal;

use super::budget::Spent;
use super::{
    After, Alive, Below, COLLISIONS, Effect, Failure, Hope, Machine, Outcome, Phase, RunInput, State, Ticket,
    UNKILLABLE,
};
use crate::error::{Error, Kind};
use crate::exit::Exit;

impl Machine {
    pub(super) fn start(&mut self, ticket: Ticket, out: &mut Vec<Effect>) {
        if self.latched {
            return out.push(Effect::Answer(ticket, Outcome(Err(self.updating()))));
        }
        match self.phase {
            Phase::Down(_) | Phase::Waiting(_) => {
                // A stop that came before it is done: nothing runs.
                Self::answer_all(&mut self.want_down, &Ok(()), out);
                self.want_up.push(ticket);
                self.budget.clear();
                (self.restarts, self.collisions) = (0, 0);
                self.begin(out);
            }
            Phase::Needs | Phase::Launching(false) | Phase::Proving(_) => self.want_up.push(ticket),
            Phase::Up(_) => out.push(Effect::Answer(ticket, Outcome(Ok(())))),
            Phase::Launching(true)
            | Phase::Dependents
            | Phase::Asked(_)
            | Phase::Signalled(_)
            | Phase::Killed(..) => {
                self.want_up.push(ticket);
                self.after = After::Again;
            }
        }
    }

    pub(super) fn want(&mut self, ticket: Ticket, out: &mut Vec<Effect>) {
        let again = matches!(self.after, After::Again);
        if !(self.want_down.is_empty() || again) {
            // It came before the word that all is being stopped reached whoever wants it.
            return out.push(Effect::Answer(ticket, Outcome(Err(self.stopped()))));
        }
        let decided = match self.phase {
            Phase::Waiting(_) => true,
            // Another run comes when it comes, or the reason why there is none.
            Phase::Launching(true)
            | Phase::Dependents
            | Phase::Asked(_)
            | Phase::Signalled(_)
            | Phase::Killed(..) => !matches!(self.after, After::Stopped),
            _ => false,
        };
        if decided && !self.latched {
            return self.want_up.push(ticket);
        }
        self.start(ticket, out);
    }

    /// Answers when it is ready, or at once where it will not be without somebody's command.
    pub(super) fn wait_for(&mut self, ticket: Ticket, out: &mut Vec<Effect>) {
        let outcome = match (&self.phase, &self.after) {
            (Phase::Up(_), _) => Ok(()),
            (Phase::Down(State::Error), _) => Err(self.error.clone().unwrap_or_else(|| self.not_running())),
            (Phase::Down(_), _) => Err(self.not_running()),
            (Phase::Needs | Phase::Launching(false) | Phase::Proving(_) | Phase::Waiting(_), _)
            | (_, After::Restart(_) | After::Again | After::OtherPort) => return self.want_up.push(ticket),
            (_, After::Failed(error)) => Err(error.clone()),
            (_, After::Stopped) => Err(self.not_running()),
        };
        out.push(Effect::Answer(ticket, Outcome(outcome)));
    }

    fn not_running(&self) -> Error {
        Error::new(Kind::NotRunning, format!("`{}` does not run", self.name)).help("start it first")
    }

    pub(super) fn stop(&mut self, ticket: Ticket, by_hand: bool, now: Instant, out: &mut Vec<Effect>) {
        self.cancel_up(out);
        // That it failed stays true where only what it depends on is stopped.
        if by_hand || !matches!(self.after, After::Failed(_)) {
            self.after = After::Stopped;
        }
        self.want_down.push(ticket);
        self.by_hand |= by_hand;
        match self.phase {
            Phase::Launching(_) => self.phase = Phase::Launching(true),
            Phase::Needs | Phase::Waiting(_) | Phase::Proving(_) | Phase::Up(_) => {
                self.note_ready(now);
                self.phase = Phase::Dependents;
            }
            Phase::Killed(_, forced) => self.phase = Phase::Killed(Some(now + UNKILLABLE), forced),
            Phase::Down(_) | Phase::Dependents | Phase::Asked(_) | Phase::Signalled(_) => {}
        }
        // Also where nothing runs: one of them may be about to start, and want this one.
        if self.below == Below::Unasked {
            self.question += 1;
            self.below = Below::Asked(self.question);
            out.push(Effect::StopDependents(self.question));
        }
    }

    pub(super) fn restart(&mut self, ticket: Ticket, now: Instant, out: &mut Vec<Effect>) {
        if self.latched {
            return out.push(Effect::Answer(ticket, Outcome(Err(self.updating()))));
        }
        match self.phase {
            Phase::Down(_) | Phase::Waiting(_) | Phase::Needs => self.start(ticket, out),
            Phase::Launching(_) => {
                self.want_up.push(ticket);
                self.after = After::Again;
                self.phase = Phase::Launching(true);
            }
            Phase::Proving(_) | Phase::Up(_) => {
                self.want_up.push(ticket);
                self.note_ready(now);
                out.push(Effect::RestartDependents);
                self.end(After::Again, now, out);
            }
            _ => {
                self.want_up.push(ticket);
                self.after = After::Again;
            }
        }
    }

    pub(super) fn needs(&mut self, outcome: Result<(), Error>, now: Instant, out: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Needs) {
            return;
        }
        match outcome {
            // The update came while it waited for others.
            Ok(()) if self.latched => self.settle(After::Again, now, out),
            Ok(()) => {
                self.phase = Phase::Launching(false);
                self.ready_for = None;
                self.alive = Alive::Nothing;
                (self.not_serving, self.not_living, self.degraded) = (0, 0, false);
                self.why_not = None;
                out.push(Effect::Launch);
            }
            Err(error) => {
                let after = self.fail(error, out);
                self.settle(after, now, out);
            }
        }
    }

    pub(super) fn dependents_stopped(&mut self, question: u64, now: Instant, out: &mut Vec<Effect>) {
        if self.below != Below::Asked(question) {
            return;
        }
        self.below = Below::Stopped;
        match self.phase {
            Phase::Down(state) => {
                let after = if state == State::Error && self.by_hand { State::Stopped } else { state };
                self.down(after, out);
            }
            Phase::Dependents if self.alive == Alive::Nothing => {
                let after = std::mem::replace(&mut self.after, After::Stopped);
                self.settle(after, now, out);
            }
            Phase::Dependents => self.climb(now, out),
            // It is ending already.
            _ => {}
        }
    }

    pub(super) fn woken(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.wake().is_none_or(|at| now < at) {
            return;
        }
        match self.phase {
            Phase::Proving(_) => {
                let failure = Failure::passing(self.not_ready());
                self.unfit(failure, now, out);
            }
            Phase::Asked(_) => self.signal(true, now, out),
            Phase::Signalled(_) => self.kill(true, now, out),
            Phase::Killed(_, false) => {
                self.phase = Phase::Killed(Some(now + UNKILLABLE), true);
                out.push(Effect::Force);
            }
            Phase::Killed(_, true) => {
                self.phase = Phase::Killed(None, true);
                let error =
                    Error::new(Kind::Timeout, format!("processes of `{}` cannot be killed", self.name))
                        .fact("waited", format!("{}s", 2 * UNKILLABLE.as_secs()))
                        .help(
                            "they wait for the system, such as for a network disk; they end when it answers",
                        );
                // Nor is it known when another run could begin.
                for wanting in [&mut self.want_down, &mut self.want_up] {
                    Self::answer_all(wanting, &Err(error.clone()), out);
                }
            }
            Phase::Waiting(_) => self.begin(out),
            _ => {}
        }
    }

    pub(super) fn run(&mut self, input: RunInput, now: Instant, out: &mut Vec<Effect>) {
        match input {
            RunInput::Launched => self.launched(now, out),
            RunInput::LaunchFailed(failure) => self.launch_failed(failure, now, out),
            RunInput::Ready if matches!(self.phase, Phase::Proving(_)) => {
                self.phase = Phase::Up(now);
                self.collisions = 0;
                Self::answer_all(&mut self.want_up, &Ok(()), out);
            }
            RunInput::Unfit(failure) if matches!(self.phase, Phase::Proving(_) | Phase::Up(_)) => {
                self.note_ready(now);
                self.unfit(failure, now, out);
            }
            RunInput::NotYet(kind, why) => self.why_not = Some((kind, why)),
            RunInput::Seen(log, listens) => self.seen = (log, listens),
            RunInput::Serves(answer) if matches!(self.phase, Phase::Up(_)) => {
                self.not_serving = if answer.is_ok() { 0 } else { self.not_serving.saturating_add(1) };
                self.degraded = self.not_serving >= self.policy.not_serving;
            }
            RunInput::Lives(answer) if matches!(self.phase, Phase::Up(_)) => self.lives(answer, now, out),
            RunInput::Exited(exit, hope, error) => self.exited(&exit, hope, error, now, out),
            RunInput::KeeperLost(error) => self.keeper_lost(error, now, out),
            RunInput::Empty => self.empty(now, out),
            RunInput::Asked(Err(_)) if matches!(self.phase, Phase::Asked(_)) => self.signal(false, now, out),
            RunInput::SignalRefused if matches!(self.phase, Phase::Signalled(_)) => {
                self.kill(false, now, out);
            }
            _ => {}
        }
    }

    /// Nothing runs; another run is wanted.
    fn begin(&mut self, out: &mut Vec<Effect>) {
        self.phase = Phase::Needs;
        (self.below, self.by_hand) = (Below::Unasked, false);
        self.question += 1;
        out.push(Effect::AskNeeds(self.question));
    }

    fn launched(&mut self, now: Instant, out: &mut Vec<Effect>) {
        self.alive = Alive::All;
        match self.phase {
            Phase::Launching(false) => self.phase = Phase::Proving(now + self.policy.ready_within),
            // It was stopped while its keeper started; what depends on it goes first.
            Phase::Launching(true) if matches!(self.below, Below::Asked(_)) => self.phase = Phase::Dependents,
            _ => self.climb(now, out),
        }
    }

    fn launch_failed(&mut self, failure: Failure, now: Instant, out: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Launching(true)) {
            let after = std::mem::replace(&mut self.after, After::Stopped);
            return self.settle(after, now, out);
        }
        let after = self.judge(failure, now, out);
        self.settle(after, now, out);
    }

    /// The run must end before it was ready.
    fn unfit(&mut self, failure: Failure, now: Instant, out: &mut Vec<Effect>) {
        let after = self.judge(failure, now, out);
        self.end(after, now, out);
    }

    fn lives(&mut self, answer: Result<(), String>, now: Instant, out: &mut Vec<Effect>) {
        let Err(why) = answer else {
            self.not_living = 0;
            return;
        };
        self.not_living += 1;
        if self.not_living < self.policy.not_living {
            return;
        }
        self.note_ready(now);
        let error = Error::new(Kind::NotAlive, format!("`{}` does not answer", self.name))
            .fact("asked", format!("{} times", self.not_living))
            .fact("last answer", why);
        let after = self.judge(Failure::passing(error), now, out);
        self.end(after, now, out);
    }

    fn exited(&mut self, exit: &Exit, hope: Hope, error: Error, now: Instant, out: &mut Vec<Effect>) {
        self.alive = Alive::Rest;
        self.note_ready(now);
        match self.phase {
            // It was ready, and ended by itself.
            Phase::Up(_) if !self.policy.restarts_after(exit) => {
                let success = exit.reason == crate::exit::ExitReason::Clean;
                self.after = if success { After::Stopped } else { self.fail(error, out) };
                // What another one waits for is gone either way.
                self.kill(false, now, out);
            }
            Phase::Up(_) | Phase::Proving(_) => {
                let hope = if self.policy.is_permanent(exit) { Hope::None } else { hope };
                self.after = self.judge(Failure { error, hope }, now, out);
                self.kill(false, now, out);
            }
            Phase::Dependents | Phase::Asked(_) | Phase::Signalled(_) => self.kill(false, now, out),
            _ => {}
        }
    }

    fn keeper_lost(&mut self, error: Error, now: Instant, out: &mut Vec<Effect>) {
        self.alive = Alive::Rest;
        self.note_ready(now);
        if matches!(self.phase, Phase::Up(_) | Phase::Proving(_)) {
            self.after = self.judge(Failure::passing(error), now, out);
        }
        // Whoever reports this is killing what is left.
        if !matches!(self.phase, Phase::Dependents) {
            self.phase = Phase::Killed(Some(now + UNKILLABLE), false);
        }
    }

    fn empty(&mut self, now: Instant, out: &mut Vec<Effect>) {
        self.alive = Alive::Nothing;
        if matches!(self.phase, Phase::Killed(..)) {
            let after = std::mem::replace(&mut self.after, After::Stopped);
            self.settle(after, now, out);
        }
    }

    /// What comes after a run that failed: the budget decides.
    fn judge(&mut self, failure: Failure, now: Instant, out: &mut Vec<Effect>) -> After {
        let Failure { error, hope } = failure;
        if hope == Hope::OtherPort && self.collisions < COLLISIONS && !self.latched {
            self.collisions += 1;
            return After::OtherPort;
        }
        let never = self.policy.restart.when == sidecar_spec::RestartWhen::Never;
        if hope == Hope::None || never || self.latched {
            return self.fail(error, out);
        }
        let chance = self.chance();
        match self.budget.next(&self.policy.restart, self.ready_for, now, chance) {
            Ok(delay) => {
                self.restarts += 1;
                self.error = Some(error);
                out.push(Effect::Restart(delay, self.restarts));
                out.push(Effect::RestartDependents);
                After::Restart(delay)
            }
            Err(spent) => {
                let error = self.given_up(&error, spent);
                self.fail(error, out)
            }
        }
    }

    fn fail(&mut self, error: Error, out: &mut Vec<Effect>) -> After {
        self.error = Some(error.clone());
        out.push(Effect::Failed);
        After::Failed(error)
    }

    /// Begins to end the run, as a stop would, with what comes after it.
    fn end(&mut self, after: After, now: Instant, out: &mut Vec<Effect>) {
        self.after = after;
        self.climb(now, out);
    }

    /// The first rung of the ladder.
    fn climb(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.alive != Alive::All {
            return self.kill(false, now, out);
        }
        if self.policy.stop.request.is_some() {
            self.phase = Phase::Asked(now + self.policy.stop.request_grace.get());
            return out.push(Effect::Ask);
        }
        self.signal(false, now, out);
    }

    /// The rung of the signal; `overdue`: after it was asked otherwise, and had its time.
    fn signal(&mut self, overdue: bool, now: Instant, out: &mut Vec<Effect>) {
        if self.policy.stop.signal == Signal::None {
            return self.kill(overdue, now, out);
        }
        self.phase = Phase::Signalled(now + self.policy.stop.grace.get());
        out.push(Effect::Signal(self.policy.stop.signal));
    }

    fn kill(&mut self, overdue: bool, now: Instant, out: &mut Vec<Effect>) {
        self.phase = Phase::Killed(Some(now + UNKILLABLE), false);
        out.push(Effect::Kill(overdue));
    }

    /// Nothing of the run is left: on to what comes after it.
    fn settle(&mut self, after: After, now: Instant, out: &mut Vec<Effect>) {
        // Down means that nothing that depends on it runs either.
        if matches!(after, After::Stopped | After::Failed(_)) && matches!(self.below, Below::Asked(_)) {
            (self.after, self.phase) = (after, Phase::Dependents);
            return;
        }
        match after {
            After::Stopped => {
                self.down(State::Stopped, out);
                self.cancel_up(out);
            }
            After::Failed(error) => {
                self.error = Some(error.clone());
                self.down(State::Error, out);
                Self::answer_all(&mut self.want_up, &Err(error), out);
            }
            _ if self.latched => {
                let error = self.updating();
                self.settle(After::Failed(error), now, out);
                self.phase = Phase::Down(State::Stopped);
            }
            After::Restart(delay) => self.phase = Phase::Waiting(now + delay),
            After::Again => {
                Self::answer_all(&mut self.want_down, &Ok(()), out);
                self.budget.clear();
                (self.restarts, self.collisions) = (0, 0);
                self.begin(out);
            }
            After::OtherPort => self.begin(out),
        }
    }

    /// Nothing runs, and nothing is about to.
    fn down(&mut self, state: State, out: &mut Vec<Effect>) {
        self.phase = Phase::Down(state);
        self.restarts = 0;
        (self.below, self.by_hand) = (Below::Unasked, false);
        Self::answer_all(&mut self.want_down, &Ok(()), out);
    }

    /// Remembers how long it was ready, when the run begins to end.
    fn note_ready(&mut self, now: Instant) {
        if let Phase::Up(since) = self.phase {
            let span: Duration = now.duration_since(since);
            if span >= self.policy.restart.stable_after.get() {
                self.restarts = 0;
            }
            self.ready_for = Some(span);
        }
    }

    fn not_ready(&mut self) -> Error {
        let within = sidecar_spec::Span::from_millis(
            u64::try_from(self.policy.ready_within.as_millis()).unwrap_or(u64::MAX),
        );
        let headline = format!("`{}` was not ready within {within}", self.name);
        let error = match self.why_not.take() {
            Some((kind, why)) => Error::new(kind, headline).fact("reason", why),
            None => Error::new(Kind::NotReady, headline),
        };
        let (log, listens) = std::mem::take(&mut self.seen);
        let error = listens.iter().fold(error, |error, at| error.fact("listens on", at));
        error.log(log)
    }

    fn given_up(&self, error: &Error, spent: Spent) -> Error {
        let headline = format!("`{}` is given up: {}", self.name, error.headline());
        let policy = &self.policy.restart;
        let restarts = match spent {
            Spent::Window(count) => format!("{count} within {}", policy.within),
            Spent::Unstable(count) => {
                format!("{count} starts in a row, none was ready for {}", policy.stable_after)
            }
        };
        error.clone().with(Kind::RestartLimit, headline).fact("restarts", restarts)
    }

    fn updating(&self) -> Error {
        Error::new(Kind::Updating, format!("`{}` is not started: the app is about to be updated", self.name))
            .help("call `resume` when the update was given up")
    }
}
