//! watch: a sidecar that is ready is asked from time to time whether it still serves and lives.

use std::time::{Duration, Instant};

use sidecar_spec::{Check, Probe, Stage};

use super::begin::Context;
use super::ready::Checker;
use crate::machine::RunInput;

/// A pause that took so much longer than it should means that the machine slept: the question that is due then is
/// left out once, as the sidecar has only just woken up as well.
const SLEPT: Duration = Duration::from_secs(5);

/// A question that is asked again and again.
struct Question<'a> {
    stage: Stage,
    probe: &'a Probe,
    due: Instant,
}

/// Asks until the run is over. Without questions, there is nothing to wake up for.
pub(super) fn watch(context: &Context, checker: &Checker) {
    let health = &context.shared.spec.run.health;
    let now = Instant::now();
    let mut questions: Vec<Question<'_>> = [(Stage::Ready, &health.ready), (Stage::Live, &health.live)]
        .into_iter()
        .filter_map(|(stage, probe)| Some((stage, probe.as_ref()?)))
        // A line comes once, and that a process runs is known without asking.
        .filter(|(_, probe)| !matches!(probe.check, Check::Line(_) | Check::Process))
        .map(|(stage, probe)| Question { stage, probe, due: now + probe.every(stage).get() })
        .collect();
    while let Some(next) = questions.iter_mut().min_by_key(|question| question.due) {
        let wait = next.due.saturating_duration_since(Instant::now());
        if context.cancel.pause(Some(wait)) {
            return;
        }
        let now = Instant::now();
        if now < next.due {
            continue;
        }
        let slept = now.duration_since(next.due) > SLEPT;
        if !slept {
            let answer = checker.ask(next.stage, &next.probe.check, next.probe.timeout().get());
            let answer = answer.map_err(|failure| failure.to_string());
            if context.cancel.is_cancelled() {
                return;
            }
            context.tell(match next.stage {
                Stage::Live => RunInput::Lives(answer),
                _ => RunInput::Serves(answer),
            });
        }
        // From the answer on, so that questions never overlap.
        next.due = Instant::now() + next.probe.every(next.stage).get();
    }
}
