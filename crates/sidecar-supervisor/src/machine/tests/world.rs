//! Any story at all: a world that answers in every order that is possible, and holds the machine to its promises.

use proptest::prelude::*;
use sidecar_spec::{Span, StopRequest};

use super::*;

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

    /// A command of somebody who waits for a run; `counts`: it may bring one about.
    fn wish(&mut self, counts: bool, input: impl FnOnce(Ticket) -> Input) -> Input {
        let wanted = self.wanted || counts;
        let input = self.command(false, input);
        self.wanted = wanted;
        input
    }

    fn input(&mut self, step: &Move) -> Option<Input> {
        let run = |input| Some(Input::Run(input));
        let hope = [Hope::None, Hope::Some, Hope::OtherPort][usize::try_from(step.wait % 3).unwrap()];
        match step.kind % 26 {
            0 => Some(self.command(false, Input::Start)),
            1 => Some(self.command(true, Input::Stop)),
            2 => Some(self.command(false, Input::Restart)),
            3 => {
                // Another sidecar's wish does not undo a stop.
                let stops = self.open.values().any(|stop| *stop);
                Some(self.wish(!stops, Input::Want))
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
            // Who only waits wants no run.
            25 => Some(self.wish(false, Input::Await)),
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
            // Nothing is started before an update.
            prop_assert!(!latched || !effects.contains(&Effect::Launch));
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
