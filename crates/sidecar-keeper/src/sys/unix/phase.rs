//! When a sidecar is asked to end, and when it is killed: decisions about instants.

use std::time::{Duration, Instant};

/// How far apart the rounds of killing lie, at least and at most: what cannot be killed is tried ever more rarely.
const ROUNDS: [Duration; 2] = [Duration::from_millis(1), Duration::from_secs(1)];

/// A grace that is longer than a clock can add ends here.
const A_DAY: Duration = Duration::from_secs(86400);

/// What a keeper is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The sidecar runs.
    Running,
    /// The leader was asked to end, and has until then.
    Stopping(Instant),
    /// What is left is killed, since then.
    Killing(Instant),
}

impl Phase {
    /// After the order to stop within `grace`; and whether the leader is to be asked to end.
    pub(super) fn stop(self, now: Instant, grace: Duration, leader_runs: bool) -> (Self, bool) {
        let until = now.checked_add(grace).unwrap_or(now + A_DAY);
        match self {
            Self::Killing(_) => (self, false),
            _ if grace.is_zero() || !leader_runs => (Self::Killing(now), false),
            Self::Stopping(before) => (Self::Stopping(before.min(until)), false),
            Self::Running => (Self::Stopping(until), true),
        }
    }

    /// After the leader ended: the rest of a grace is not waited for.
    pub(super) fn leader_ended(self, now: Instant) -> Self {
        match self {
            Self::Stopping(_) => Self::Killing(now),
            other => other,
        }
    }

    /// After some time.
    pub(super) fn at(self, now: Instant) -> Self {
        match self {
            Self::Stopping(until) if until <= now => Self::Killing(now),
            other => other,
        }
    }

    /// How long nothing is to be done unless something happens; `None`: for ever.
    pub(super) fn pause(self, now: Instant) -> Option<Duration> {
        match self {
            Self::Running => None,
            Self::Stopping(until) => Some(until.saturating_duration_since(now)),
            Self::Killing(since) => Some(rarer(now.saturating_duration_since(since))),
        }
    }
}

/// How long to wait before the next look at what takes so long already.
pub(super) fn rarer(waited: Duration) -> Duration {
    (waited / 20).clamp(ROUNDS[0], ROUNDS[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_second_stop_can_only_shorten_the_grace() {
        let now = Instant::now();
        let (stopping, asked) = Phase::Running.stop(now, SECOND, true);
        assert_eq!((stopping, asked), (Phase::Stopping(now + SECOND), true));
        assert_eq!(stopping.stop(now, 2 * SECOND, true), (stopping, false));
        assert_eq!(stopping.stop(now, SECOND / 2, true), (Phase::Stopping(now + SECOND / 2), false));
        assert_eq!(stopping.stop(now, Duration::ZERO, true), (Phase::Killing(now), false));
        assert_eq!(Phase::Running.stop(now, Duration::MAX, true).0, Phase::Stopping(now + A_DAY));
    }

    #[test]
    fn without_a_leader_there_is_nobody_to_ask() {
        let now = Instant::now();
        assert_eq!(Phase::Running.stop(now, SECOND, false), (Phase::Killing(now), false));
        assert_eq!(Phase::Stopping(now + SECOND).leader_ended(now), Phase::Killing(now));
        assert_eq!(Phase::Running.leader_ended(now), Phase::Running);
        let killing = Phase::Killing(now);
        assert_eq!(killing.stop(now + SECOND, SECOND, true), (killing, false));
    }

    #[test]
    fn the_end_of_the_grace_is_waited_for_and_then_rounds_become_rare() {
        let now = Instant::now();
        let stopping = Phase::Stopping(now + SECOND);
        assert_eq!((stopping.pause(now), Phase::Running.pause(now)), (Some(SECOND), None));
        assert_eq!(stopping.at(now), stopping);
        let killing = stopping.at(now + SECOND);
        assert_eq!(killing, Phase::Killing(now + SECOND));
        assert_eq!(killing.pause(now + SECOND), Some(ROUNDS[0]));
        assert_eq!(killing.pause(now + 2 * SECOND), Some(SECOND / 20));
        assert_eq!(killing.pause(now + 100 * SECOND), Some(ROUNDS[1]));
    }
}
