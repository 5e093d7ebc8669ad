//! Waiting for readiness, without starting anything.

use super::*;

#[test]
fn who_waits_hears_and_starts_nothing() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Await(1));
    assert_eq!(story.take(), [failed(1, Kind::NotRunning)]);
    story.tell(Input::Start(2)).tell(Input::Await(3)).needs().run(RunInput::Launched).take();
    story.run(RunInput::Ready).tell(Input::Await(4));
    assert_eq!(story.take(), [Effect::State(State::Running), ok(2), ok(3), ok(4)]);
    // While it is being stopped there is nothing to wait for, unless it comes again.
    story.tell(Input::Stop(5)).dependents().take();
    story.tell(Input::Await(6));
    assert_eq!(story.take(), [failed(6, Kind::NotRunning)]);
    story.tell(Input::Start(7)).tell(Input::Await(8)).run(ended(0)).run(RunInput::Empty).take();
    // A stop tells who waits, too.
    story.tell(Input::Stop(9));
    assert!(story.take().contains(&failed(8, Kind::Cancelled)));
}

#[test]
fn who_waits_for_another_run_hears_where_the_last_one_cannot_be_killed() {
    let mut story = Story::new(&run_spec());
    story.up(1).tell(Input::Restart(2)).tell(Input::Await(3)).take();
    // The grace, the kill, and twice the time that a kill may take.
    for _ in 0..4 {
        story.wait(20_000);
    }
    let done = story.take();
    for ticket in [2, 3] {
        assert!(done.contains(&failed(ticket, Kind::Timeout)), "{done:?}");
    }
}

#[test]
fn who_waits_for_one_that_failed_hears_why() {
    let mut story = Story::new(&run_spec());
    story.tell(Input::Start(1)).needs();
    let failure = Failure::permanent(error(Kind::ProgramMissing));
    story.tell(Input::Await(2)).run(RunInput::LaunchFailed(failure));
    story.tell(Input::Await(3));
    let done = story.take();
    for ticket in [1, 2, 3] {
        assert!(done.contains(&failed(ticket, Kind::ProgramMissing)), "{done:?}");
    }
}
