use proptest::prelude::*;
use sidecar_spec::{Run, Span, StopRequest};

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

/// What the world can do next, by numbers: the meaning depends on where it is.
#[derive(Debug, Clone)]
struct Move {
    kind: u8,
    wait: u64,
}

/// A world that answers effects, late and in any way that is possible.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the world")]
#[derive(Default)]
struct World {
    launching: bool,
    leader: bool,
    tree: bool,
    /// What was done to end the run.
    asked: bool,
    killed: bool,
    needs: Option<u64>,
    dependents: Option<u64>,
    tickets: u64,
    /// Who waits, and whether for a stop.
    open: std::collections::BTreeMap<Ticket, bool>,
    latched: bool,
    /// Somebody wants it to run, since the last stop.
    wanted: bool,
}

impl World {
    /// Takes note of what the machine wants, and checks that it may.
    fn obey(&mut self, effects: &[Effect], state: State) {
        for effect in effects {
            match effect {
                Effect::Launch => {
                    assert!(!self.tree && !self.launching, "a second run beside the first");
                    assert!(self.wanted, "a run after a stop that nobody wants");
                    self.launching = true;
                    (self.asked, self.killed) = (false, false);
                }
                Effect::AskNeeds(question) => self.needs = Some(*question),
                Effect::StopDependents(question) => self.dependents = Some(*question),
                Effect::Ask | Effect::Signal(_) => self.asked = true,
                Effect::Kill(_) | Effect::Force => self.killed = true,
                Effect::Answer(ticket, outcome) => {
                    let stop = self.open.remove(ticket).expect("answered once");
                    if stop && outcome.0.is_ok() {
                        assert!(!self.tree && !self.launching, "stopped, but something runs");
                    }
                }
                Effect::State(state) if state.is_down() => assert!(!self.tree && !self.launching),
                _ => {}
            }
        }
        assert!(!state.is_up() || self.tree);
    }

    fn command(&mut self, stop: bool, input: impl FnOnce(Ticket) -> Input) -> Input {
        self.tickets += 1;
        self.open.insert(self.tickets, stop);
        self.wanted = !stop;
        input(self.tickets)
    }

    fn input(&mut self, step: &Move) -> Option<Input> {
        let run = |input| Some(Input::Run(input));
        let hope = [Hope::None, Hope::Some, Hope::OtherPort][usize::try_from(step.wait % 3).unwrap()];
        match step.kind % 25 {
            0 => Some(self.command(false, Input::Start)),
            1 => Some(self.command(true, Input::Stop)),
            2 => Some(self.command(false, Input::Restart)),
            3 => {
                // Another sidecar's wish does not undo a stop.
                let wanted = self.wanted;
                let input = self.command(false, Input::Want);
                self.wanted = wanted || (!self.open.values().any(|stop| *stop));
                Some(input)
            }
            4 => {
                self.latched = step.wait.is_multiple_of(3);
                Some(Input::Latch(self.latched))
            }
            5 | 6 => self.needs.take().map(|question| {
                let refused = step.wait.is_multiple_of(5);
                Input::Needs(question, if refused { Err(error(Kind::NotReady)) } else { Ok(()) })
            }),
            7 => self.dependents.take().map(Input::Dependents),
            8 | 9 if self.launching => {
                self.launching = false;
                if step.wait.is_multiple_of(4) {
                    return run(RunInput::LaunchFailed(Failure { error: error(Kind::LaunchFailed), hope }));
                }
                (self.leader, self.tree) = (true, true);
                run(RunInput::Launched)
            }
            10 | 11 if self.tree => run(RunInput::Ready),
            12 if self.leader => {
                self.leader = false;
                let exit = Exit::of(ExitReason::Abnormal, 1);
                run(RunInput::Exited(exit, hope, error(Kind::Exited)))
            }
            13 if self.leader => {
                self.leader = false;
                run(ended(0))
            }
            14 | 15 if self.tree && !self.leader => {
                self.tree = false;
                run(RunInput::Empty)
            }
            16 if self.tree => run(RunInput::Unfit(Failure { error: error(Kind::ForeignListener), hope })),
            17 if self.tree => run(RunInput::Lives(Err("no".into()))),
            18 if self.tree => run(RunInput::Asked(Err("no".into()))),
            19 if self.tree => run(RunInput::Asked(Ok(()))),
            20 if self.tree => run(RunInput::SignalRefused),
            21 if self.tree => run(RunInput::Serves(Err("no".into()))),
            22 if self.tree => run(RunInput::NotYet(Kind::NotReady, "not yet".into())),
            23 if self.tree && step.wait.is_multiple_of(4) => {
                // Whoever reports it kills what is left.
                (self.leader, self.killed) = (false, true);
                run(RunInput::KeeperLost(error(Kind::KeeperLost)))
            }
            24 => Some(self.command(true, Input::StopFor)),
            _ => Some(Input::Wake),
        }
    }

    /// One step towards the end that follows from what was done, and from nothing else.
    fn end(&mut self) -> Option<Input> {
        if let Some(question) = self.needs.take() {
            return Some(Input::Needs(question, Ok(())));
        }
        if let Some(question) = self.dependents.take() {
            return Some(Input::Dependents(question));
        }
        if self.launching {
            self.launching = false;
            (self.leader, self.tree) = (true, true);
            return Some(Input::Run(RunInput::Launched));
        }
        if self.leader && (self.asked || self.killed) {
            self.leader = false;
            return Some(Input::Run(ended(0)));
        }
        if self.tree && !self.leader && self.killed {
            self.tree = false;
            return Some(Input::Run(RunInput::Empty));
        }
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn every_command_is_answered_once_and_nothing_runs_twice(
        request in any::<bool>(),
        moves in prop::collection::vec((any::<u8>(), 0_u64..40_000).prop_map(|(kind, wait)| Move { kind, wait }), 0..120),
    ) {
        let mut run = run_spec();
        run.stop.request = request.then_some(StopRequest::CloseStdin);
        run.health.live = Some("tcp".parse::<sidecar_spec::Check>().unwrap().into());
        run.health.ready = Some("tcp".parse::<sidecar_spec::Check>().unwrap().into());
        run.restart.stable_after = Span::from_secs(20);
        let (mut story, mut world) = (Story::new(&run), World::default());
        for step in &moves {
            story.now += Duration::from_millis(step.wait);
            let Some(input) = world.input(step) else { continue };
            let is_stop = matches!(input, Input::Stop(_) | Input::StopFor(_));
            let latched = world.latched;
            story.tell(input);
            let effects = story.take();
            // Nothing is started before an update, but what the keeper was told already.
            prop_assert!(!latched || !effects.contains(&Effect::Launch) || story.state() == State::Starting);
            world.obey(&effects, story.state());
            // Who waits for a start does not wait through a stop.
            prop_assert!(!is_stop || world.open.values().all(|stop| *stop));
        }
        // In the end everything is stopped, and nobody is left without an answer.
        let input = world.command(true, Input::Stop);
        story.tell(input);
        world.obey(&story.take(), story.state());
        for _ in 0..60 {
            if let Some(input) = world.end() {
                story.tell(input);
                world.obey(&story.take(), story.state());
            }
        }
        prop_assert!(matches!(story.state(), State::Stopped | State::Idle), "{:?}", story.machine);
        prop_assert!(world.open.is_empty(), "{:?} of {:?}", world.open, story.machine);
    }
}
