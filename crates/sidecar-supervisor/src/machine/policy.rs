//! What the spec says about a sidecar's life, as far as the machine decides by it.

use std::time::Duration;

use sidecar_spec::{Restart, RestartWhen, Run, Stage, Stop};

use crate::exit::{Exit, ExitReason};

/// What the machine decides by.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) restart: Restart,
    pub(crate) stop: Stop,
    pub(crate) ready_within: Duration,
    /// So many failed checks in a row make it degraded.
    pub(crate) not_serving: u32,
    /// So many failed checks in a row end the run.
    pub(crate) not_living: u32,
    permanent_codes: Vec<i32>,
}

impl Policy {
    pub(crate) fn of(run: &Run) -> Self {
        let failures = |probe: &Option<sidecar_spec::Probe>, stage: Stage| {
            probe.as_ref().map_or(u32::MAX, |probe| probe.failures(stage))
        };
        Self {
            restart: run.restart.clone(),
            stop: run.stop.clone(),
            ready_within: run.health.ready_within.get(),
            not_serving: failures(&run.health.ready, Stage::Ready),
            not_living: failures(&run.health.live, Stage::Live),
            permanent_codes: run.permanent_codes.iter().map(|code| code.get()).collect(),
        }
    }

    /// Whether a run that ended by itself is followed by another one, if the budget allows it.
    pub(crate) fn restarts_after(&self, exit: &Exit) -> bool {
        match self.restart.when {
            RestartWhen::Always => true,
            RestartWhen::OnFailure => exit.reason != ExitReason::Clean,
            RestartWhen::Never => false,
        }
    }

    /// Whether another run would end the same way.
    pub(crate) fn is_permanent(&self, exit: &Exit) -> bool {
        exit.code.is_some_and(|code| self.permanent_codes.contains(&code))
    }
}
