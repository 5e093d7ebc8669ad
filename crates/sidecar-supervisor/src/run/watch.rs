//! watch: a sidecar that is ready is asked from time to time whether it still serves and lives, and looked at for what it
//! uses.

use std::time::{Duration, Instant};

use sidecar_spec::{Check, Probe, Run, Size, Stage};

use super::begin::Context;
use super::ready::Checker;
use crate::error::{Error, Kind};
use crate::machine::{Failure, RunInput};

/// A pause that took so much longer than it should means that the machine slept: the question that is due then is
/// left out once, as the sidecar has only just woken up as well.
const SLEPT: Duration = Duration::from_secs(5);

/// How often it is looked at what a tree uses, where that is limited.
const LOOK: Duration = Duration::from_secs(2);

/// Something that is done again and again.
struct Task<'a> {
    what: What<'a>,
    every: Duration,
    due: Instant,
}

enum What<'a> {
    Ask(Stage, &'a Probe),
    /// The memory of the whole tree is at most that, in bytes.
    Memory(u64),
}

/// Asks and looks until the run is over. Without anything to do, there is nothing to wake up for.
pub(super) fn watch(context: &Context, checker: &Checker) {
    let mut tasks = tasks(&context.shared.spec.run);
    while let Some(next) = tasks.iter_mut().min_by_key(|task| task.due) {
        let wait = next.due.saturating_duration_since(Instant::now());
        if context.cancel.pause(Some(wait)) {
            return;
        }
        let now = Instant::now();
        if now < next.due {
            continue;
        }
        if now.duration_since(next.due) <= SLEPT
            && let Some(input) = carry_out(context, checker, &next.what)
        {
            if context.cancel.is_cancelled() {
                return;
            }
            context.tell(input);
        }
        // From the answer on, so that questions never overlap.
        next.due = Instant::now() + next.every;
    }
}

fn tasks(run: &Run) -> Vec<Task<'_>> {
    let probes = [(Stage::Ready, &run.health.ready), (Stage::Live, &run.health.live)];
    let asked = probes
        .into_iter()
        .filter_map(|(stage, probe)| Some((stage, probe.as_ref()?)))
        // A line comes once, and that a process runs is known without asking.
        .filter(|(_, probe)| !matches!(probe.check, Check::Line(_) | Check::Process))
        .map(|(stage, probe)| (What::Ask(stage, probe), probe.every(stage).get()));
    let looked = run.limits.memory.map(|memory| (What::Memory(memory.bytes()), LOOK));
    let now = Instant::now();
    asked.chain(looked).map(|(what, every)| Task { what, every, due: now + every }).collect()
}

/// What came of it, where that is worth telling.
fn carry_out(context: &Context, checker: &Checker, what: &What<'_>) -> Option<RunInput> {
    match what {
        What::Ask(stage, probe) => {
            let answer = checker.ask(*stage, &probe.check, probe.timeout().get());
            let answer = answer.map_err(|failure| failure.to_string());
            Some(match stage {
                Stage::Live => RunInput::Lives(answer),
                _ => RunInput::Serves(answer),
            })
        }
        What::Memory(limit) => {
            let usage = checker.usage().filter(|usage| usage.memory > *limit)?;
            let headline = format!("`{}` uses more memory than it may", context.name());
            let error = Error::new(Kind::MemoryLimit, headline)
                .fact("limit", Size::from_bytes(*limit))
                .fact("used", format!("{} KiB in {} processes", usage.memory / 1024, usage.processes))
                .help("set `limits.memory` to what it needs, or let it use less");
            Some(RunInput::Unfit(Failure::passing(error)))
        }
    }
}
