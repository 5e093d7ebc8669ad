mod waiting;
mod world;

use sidecar_spec::{Run, StopRequest};

use super::*;
use crate::exit::ExitReason;

fn run_spec() -> Run {
    let mut run = Run::default();
    run.restart.backoff.jitter = 0;
    run
}

fn machine(run: &Run) -> Machine {
    Machine::new("db", Policy::of(run), 7)
}

fn error(kind: Kind) -> Error {
    Error::new(kind, "it failed")
}

fn ended(code: i32) -> RunInput {
    let reason = if code == 0 { ExitReason::Clean } else { ExitReason::Abnormal };
    RunInput::Exited(Exit::of(reason, code), Hope::Some, error(Kind::ExitedEarly))
}

/// A story: the machine, a clock that only the story moves, and what was done so far.
struct Story {
    machine: Machine,
    now: Instant,
    done: Vec<Effect>,
}

impl Story {
    fn new(run: &Run) -> Self {
        Self { machine: machine(run), now: Instant::now(), done: Vec::new() }
    }

    fn tell(&mut self, input: Input) -> &mut Self {
        self.done.extend(self.machine.step(input, self.now));
        self
    }

    fn run(&mut self, input: RunInput) -> &mut Self {
        self.tell(Input::Run(input))
    }

    /// Answers the last question.
    fn needs(&mut self) -> &mut Self {
        let question = self.machine.question;
        self.tell(Input::Needs(question, Ok(())))
    }

    fn dependents(&mut self) -> &mut Self {
        let Below::Asked(question) = self.machine.below else { panic!("nobody was asked") };
        self.tell(Input::Dependents(question))
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self.tell(Input::Wake)
    }

    fn up(&mut self, ticket: Ticket) -> &mut Self {
        self.tell(Input::Start(ticket)).needs().run(RunInput::Launched).run(RunInput::Ready)
    }

    /// What was done since the last look.
    fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.done)
    }

    fn state(&self) -> State {
        self.machine.state()
    }
}

fn ok(ticket: Ticket) -> Effect {
    Effect::Answer(ticket, Outcome(Ok(())))
}

fn failed(ticket: Ticket, kind: Kind) -> Effect {
    Effect::Answer(ticket, Outcome(Err(error(kind))))
}

#[test]
fn starts_proves_itself_and_stops() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).needs().run(RunInput::Launched);
    assert_eq!(story.take(), [Effect::State(State::Starting), Effect::AskNeeds(1), Effect::Launch]);
    story.run(RunInput::Ready);
    assert_eq!(story.take(), [Effect::State(State::Running), ok(1)]);
    story.tell(Input::Stop(2)).dependents();
    assert_eq!(
        story.take(),
        [Effect::State(State::Stopping), Effect::StopDependents(2), Effect::Signal(Signal::Term)]
    );
    // Its first process ended: what is left has no more time. It is stopped when nothing is left, and not before.
    story.run(ended(0));
    assert_eq!(story.take(), [Effect::Kill(false)]);
    story.run(RunInput::Empty);
    assert_eq!(story.take(), [Effect::State(State::Stopped), ok(2)]);
}

#[test]
fn a_stop_climbs_the_ladder() {
    let mut run = run_spec();
    run.stop.request = Some(StopRequest::CloseStdin);
    let mut story = Story::new(&run);
    story.up(1).tell(Input::Stop(2)).dependents().take();
    story.wait(4_999);
    assert_eq!(story.take(), []);
    story.wait(1);
    assert_eq!(story.take(), [Effect::Signal(Signal::Term)]);
    story.wait(5_000);
    assert_eq!(story.take(), [Effect::Kill(true)]);
    // Nothing can be done about a process that the system does not let go, but to say so.
    story.wait(10_000);
    assert_eq!(story.take(), [Effect::Force]);
    story.wait(10_000);
    assert_eq!(story.take(), [failed(2, Kind::Timeout)]);
    assert_eq!(story.state(), State::Stopping);
    story.run(RunInput::Empty);
    assert_eq!(story.state(), State::Stopped);
}

#[test]
fn a_request_that_cannot_be_made_costs_no_time() {
    let mut run = run_spec();
    run.stop.request = Some(StopRequest::CloseStdin);
    let mut story = Story::new(&run);
    story.up(1).tell(Input::Stop(2)).dependents().take();
    story.run(RunInput::Asked(Err("refused".into()))).run(RunInput::SignalRefused);
    assert_eq!(story.take(), [Effect::Signal(Signal::Term), Effect::Kill(false)]);
}

#[test]
fn a_crash_is_followed_by_a_restart_after_the_tree_is_gone() {
    let mut story = Story::new(&run_spec());
    story.up(1).take();
    story.run(ended(3));
    let waits = Duration::from_millis(500);
    assert_eq!(
        story.take(),
        [
            Effect::State(State::Restarting),
            Effect::Restart(waits, 1),
            Effect::RestartDependents,
            Effect::Kill(false)
        ]
    );
    story.wait(10_000_000).take();
    story.run(RunInput::Empty).wait(499);
    assert_eq!(story.take(), []);
    story.wait(1).needs().run(RunInput::Launched).run(RunInput::Ready);
    assert_eq!(story.state(), State::Running);
}

#[test]
fn a_success_is_no_failure() {
    let mut story = Story::new(&run_spec());
    story.up(1).run(ended(0)).run(RunInput::Empty);
    assert_eq!(story.state(), State::Stopped);
    let mut run = run_spec();
    run.restart.when = sidecar_spec::RestartWhen::Always;
    let mut story = Story::new(&run);
    story.up(1).run(ended(0)).run(RunInput::Empty);
    assert_eq!(story.state(), State::Restarting);
}

#[test]
fn permanent_failures_are_not_tried_again() {
    let mut run = run_spec();
    run.permanent_codes = vec![78.into()];
    let mut story = Story::new(&run);
    story.up(1).take();
    story.run(ended(78)).run(RunInput::Empty);
    assert_eq!(story.state(), State::Error);
    let mut story = Story::new(&run);
    story.tell(Input::Start(1)).needs();
    story.run(RunInput::LaunchFailed(Failure::permanent(error(Kind::ProgramMissing))));
    assert!(story.take().contains(&failed(1, Kind::ProgramMissing)));
    assert_eq!(story.state(), State::Error);
}

#[test]
fn what_never_becomes_ready_is_given_up() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).needs();
    for _ in 0..6 {
        assert_eq!(story.state(), State::Starting);
        story.run(RunInput::Launched).wait(30_000).run(ended(0)).run(RunInput::Empty);
        story.wait(10_000).needs();
    }
    assert_eq!(story.state(), State::Error);
    assert!(story.take().contains(&failed(1, Kind::RestartLimit)));
    // Somebody tries again: all begins anew.
    story.up(2);
    assert_eq!(story.state(), State::Running);
}

#[test]
fn a_taken_port_costs_neither_time_nor_budget() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).needs().run(RunInput::Launched).take();
    let exit = Exit::of(ExitReason::Abnormal, 1);
    story.run(RunInput::Exited(exit, Hope::OtherPort, error(Kind::PortTaken))).run(RunInput::Empty);
    assert_eq!(story.take(), [Effect::Kill(false), Effect::AskNeeds(2)]);
    assert_eq!(story.state(), State::Starting);
}

#[test]
fn degraded_is_told_and_not_restarted() {
    let mut run = run_spec();
    run.health.ready = Some("http:/health".parse::<sidecar_spec::Check>().unwrap().into());
    let mut story = Story::new(&run);
    story.up(1).run(RunInput::Serves(Err("503".into())));
    assert_eq!(story.state(), State::Running);
    story.run(RunInput::Serves(Err("503".into())));
    assert_eq!(story.state(), State::Degraded);
    story.run(RunInput::Serves(Ok(())));
    assert_eq!(story.state(), State::Running);
}

#[test]
fn what_does_not_answer_is_restarted() {
    let mut run = run_spec();
    run.health.live = Some("http:/live".parse::<sidecar_spec::Check>().unwrap().into());
    let mut story = Story::new(&run);
    story.up(1);
    for _ in 0..2 {
        story.run(RunInput::Lives(Err("timeout".into())));
    }
    story.run(RunInput::Lives(Ok(())));
    for _ in 0..3 {
        assert_eq!(story.state(), State::Running);
        story.run(RunInput::Lives(Err("timeout".into())));
    }
    assert_eq!(story.state(), State::Restarting);
    assert!(story.take().contains(&Effect::Signal(Signal::Term)));
}

#[test]
fn a_start_during_a_stop_comes_after_it() {
    let mut story = Story::new(&run_spec());
    story.up(1).tell(Input::Stop(2)).dependents().tell(Input::Start(3)).take();
    story.run(ended(0)).run(RunInput::Empty);
    assert!(story.take().contains(&ok(2)));
    story.needs().run(RunInput::Launched).run(RunInput::Ready);
    assert_eq!(story.take().last(), Some(&ok(3)));
    // And a second stop takes the start back.
    story.tell(Input::Stop(4)).dependents().tell(Input::Start(5)).tell(Input::Stop(6)).take();
    story.run(ended(0)).run(RunInput::Empty);
    assert_eq!(story.take(), [Effect::Kill(false), Effect::State(State::Stopped), ok(4), ok(6)]);
}

#[test]
fn a_stop_while_its_keeper_starts_is_done_when_it_can_be() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).needs().tell(Input::Stop(2)).take();
    assert_eq!(story.state(), State::Stopping);
    story.dependents().run(RunInput::Launched);
    assert_eq!(story.take(), [Effect::Signal(Signal::Term)]);
    // The other way round: it runs, and must wait for what depends on it.
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).needs().tell(Input::Stop(2)).take();
    story.run(RunInput::Launched);
    assert_eq!(story.take(), []);
    story.dependents();
    assert_eq!(story.take(), [Effect::Signal(Signal::Term)]);
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).needs().tell(Input::Stop(2)).dependents();
    story.run(RunInput::LaunchFailed(Failure::permanent(error(Kind::ProgramMissing))));
    assert_eq!(story.take().last(), Some(&ok(2)));
    assert_eq!(story.state(), State::Stopped);
}

#[test]
fn a_stop_reaches_dependents_wherever_it_finds_the_sidecar() {
    // While it ends after a crash.
    let mut story = Story::new(&run_spec());
    story.up(1).run(ended(1)).tell(Input::Stop(2));
    assert!(story.take().contains(&Effect::StopDependents(2)));
    story.run(RunInput::Empty);
    assert_eq!(story.take(), [], "what depends on it is not stopped yet");
    story.dependents();
    assert_eq!(story.take(), [Effect::State(State::Stopped), ok(2)]);
    // While it is launched again.
    let mut story = Story::new(&run_spec());
    story.up(1).run(ended(1)).run(RunInput::Empty).wait(600).needs().take();
    story.tell(Input::Stop(2));
    assert_eq!(story.take(), [Effect::State(State::Stopping), Effect::StopDependents(3)]);
    // While what depends on it is being stopped, it ends by itself.
    let mut story = Story::new(&run_spec());
    story.up(1).tell(Input::Stop(2)).run(ended(0)).run(RunInput::Empty);
    assert_eq!(story.state(), State::Stopping);
    story.dependents();
    assert_eq!((story.take().last(), story.state()), (Some(&ok(2)), State::Stopped));
    // Where nothing runs: one of them may be about to start.
    let mut story = Story::new(&run_spec());
    story.tell(Input::Stop(1));
    assert_eq!((story.take(), story.state()), (vec![Effect::StopDependents(1)], State::Idle));
    story.tell(Input::Want(2));
    assert_eq!(story.take(), [failed(2, Kind::Cancelled)]);
    story.dependents();
    assert_eq!((story.take(), story.state()), (vec![ok(1)], State::Idle));
}

#[test]
fn a_stop_is_not_taken_back_by_what_depends_on_it() {
    let mut story = Story::new(&run_spec());
    story.up(1).tell(Input::Stop(2)).dependents().tell(Input::Want(3)).take();
    story.run(ended(0)).run(RunInput::Empty);
    assert_eq!(story.state(), State::Stopped);
    // Somebody may take it back by hand, and then it can be wanted.
    story.up(4).tell(Input::Stop(5)).dependents().tell(Input::Start(6)).tell(Input::Want(7)).take();
    story.run(ended(0)).run(RunInput::Empty).needs().run(RunInput::Launched).run(RunInput::Ready);
    assert_eq!(story.take().last(), Some(&ok(7)));
}

#[test]
fn a_start_behind_a_stop_of_what_is_down_answers_both() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Stop(1)).tell(Input::Start(2));
    assert!(story.take().contains(&ok(1)));
    // The answer about the dependents comes late, and concerns nobody any more.
    story.tell(Input::Dependents(1)).needs().run(RunInput::Launched).run(RunInput::Ready);
    assert_eq!((story.take().last(), story.state()), (Some(&ok(2)), State::Running));
}

#[test]
fn what_failed_stays_so_until_somebody_stops_it_by_hand() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).needs();
    story.run(RunInput::LaunchFailed(Failure::permanent(error(Kind::ProgramMissing)))).take();
    story.tell(Input::StopFor(2)).dependents();
    assert_eq!((story.take().last(), story.state()), (Some(&ok(2)), State::Error));
    story.tell(Input::Stop(3)).dependents();
    assert_eq!((story.take().last(), story.state()), (Some(&ok(3)), State::Stopped));
}

#[test]
fn what_counts_is_counted_anew_in_each_run() {
    let mut run = run_spec();
    run.health.live = Some("tcp".parse::<sidecar_spec::Check>().unwrap().into());
    let mut story = Story::new(&run);
    story.up(1).run(RunInput::Lives(Err("no".into()))).run(RunInput::Lives(Err("no".into())));
    story
        .run(ended(1))
        .run(RunInput::Empty)
        .wait(10_000)
        .needs()
        .run(RunInput::Launched)
        .run(RunInput::Ready);
    story.run(RunInput::Lives(Err("no".into())));
    assert_eq!(story.state(), State::Running);
    // And a run that was never ready is not stable because the one before was.
    let mut story = Story::new(&run_spec());
    story.up(1).wait(70_000);
    story.run(ended(1)).run(RunInput::Empty);
    for _ in 0..6 {
        story.wait(60_000).needs();
        story.run(RunInput::LaunchFailed(Failure::passing(error(Kind::LaunchFailed))));
    }
    assert_eq!(story.state(), State::Error);
}

#[test]
fn ports_that_are_taken_again_and_again_are_a_failure() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1));
    for _ in 0..3 {
        story.needs().run(RunInput::Launched);
        let taken =
            RunInput::Exited(Exit::of(ExitReason::Abnormal, 1), Hope::OtherPort, error(Kind::PortTaken));
        story.run(taken).run(RunInput::Empty);
        assert_eq!(story.state(), State::Starting);
    }
    story.needs().run(RunInput::Launched);
    let taken = RunInput::Exited(Exit::of(ExitReason::Abnormal, 1), Hope::OtherPort, error(Kind::PortTaken));
    story.run(taken).run(RunInput::Empty);
    assert_eq!(story.state(), State::Restarting);
}

#[test]
fn a_restart_by_hand_takes_those_along_that_want_it() {
    let mut story = Story::new(&run_spec());
    story.up(1).take();
    story.tell(Input::Restart(2));
    assert!(story.take().contains(&Effect::RestartDependents));
}

#[test]
fn whoever_stops_what_cannot_be_killed_waits_anew() {
    let mut story = Story::new(&run_spec());
    story.up(1).run(ended(1)).wait(10_000).wait(10_000).take();
    story.tell(Input::Stop(2)).dependents().take();
    story.wait(9_999);
    assert_eq!(story.take(), []);
    story.wait(1);
    assert_eq!(story.take(), [failed(2, Kind::Timeout)]);
}

#[test]
fn before_an_update_nothing_is_started() {
    let mut story = Story::new(&run_spec());
    story.up(1).tell(Input::Latch(true)).tell(Input::Start(2)).take();
    story.run(ended(1)).run(RunInput::Empty);
    assert!(story.state().is_down());
    story.tell(Input::Start(3));
    assert!(story.take().contains(&failed(3, Kind::Updating)));
    story.tell(Input::Latch(false)).up(4);
    assert_eq!(story.state(), State::Running);
    // Not even what was under way.
    story.tell(Input::Restart(5)).tell(Input::Latch(true)).run(ended(0)).run(RunInput::Empty);
    assert!(story.take().contains(&failed(5, Kind::Updating)));
    assert_eq!(story.state(), State::Stopped);
}

#[test]
fn who_depends_on_it_does_not_cut_the_wait_short() {
    let mut story = Story::new(&run_spec());
    story.up(1).run(ended(1)).run(RunInput::Empty).take();
    story.tell(Input::Want(2));
    assert_eq!((story.take(), story.state()), (vec![], State::Restarting));
    story.tell(Input::Start(3));
    assert_eq!(story.state(), State::Starting);
}

#[test]
fn who_depends_on_it_does_not_clear_what_was_counted() {
    let mut run = run_spec();
    run.health.live = Some("tcp".parse::<sidecar_spec::Check>().unwrap().into());
    let mut story = Story::new(&run);
    story.up(1);
    for crash in 1.. {
        for _ in 0..3 {
            story.run(RunInput::Lives(Err("timeout".into())));
        }
        // What is restarted with it has ended already, and wants it again.
        story.tell(Input::Want(1 + crash)).run(ended(0)).run(RunInput::Empty);
        if story.state() == State::Error {
            assert_eq!(crash, 6);
            assert!(story.take().contains(&failed(1 + crash, Kind::RestartLimit)));
            return;
        }
        assert_eq!(story.state(), State::Restarting);
        story.wait(10_000).needs().run(RunInput::Launched).run(RunInput::Ready);
        assert!(story.take().contains(&ok(1 + crash)));
    }
}

#[test]
fn a_lost_keeper_is_a_crash() {
    let mut story = Story::new(&run_spec());
    story.up(1).take();
    story.run(RunInput::KeeperLost(error(Kind::KeeperLost)));
    assert_eq!(story.state(), State::Restarting);
    assert!(!story.take().iter().any(|effect| matches!(effect, Effect::Kill(_))), "the reporter kills");
    story.run(RunInput::Empty).wait(500);
    assert_eq!(story.state(), State::Starting);
}

#[test]
fn stale_answers_about_others_are_ignored() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).tell(Input::Stop(2)).dependents().tell(Input::Start(3)).take();
    story.tell(Input::Needs(1, Err(error(Kind::Cancelled))));
    assert_eq!((story.take(), story.state()), (vec![], State::Starting));
}
