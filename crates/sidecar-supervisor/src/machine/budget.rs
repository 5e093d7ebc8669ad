//! How often a sidecar may be started again, and how long is waited before.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sidecar_spec::Restart;

/// What has been used of the restarts that a [`Restart`] allows. Time is that of the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// When it was restarted, within the window.
    restarts: VecDeque<Instant>,
    /// Starts in a row that never became stable.
    unstable: u32,
    /// How often the waiting has grown.
    step: u32,
}

/// Why it is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    /// So many restarts within the time that the policy names.
    Window(u32),
    /// So many starts in a row that never became stable.
    Unstable(u32),
}

impl Budget {
    /// Nothing is used: somebody started it by hand.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// A run ended that had been ready for so long (`None`: it never was). How long to wait until the next, where one is
    /// allowed. `chance` is anywhere between 0 and 1.
    pub(crate) fn next(
        &mut self,
        policy: &Restart,
        ready_for: Option<Duration>,
        now: Instant,
        chance: f64,
    ) -> Result<Duration, Spent> {
        if ready_for.is_some_and(|span| span >= policy.stable_after.get()) {
            self.unstable = 0;
            self.step = 0;
        } else {
            self.unstable += 1;
        }
        while self.restarts.front().is_some_and(|at| now.duration_since(*at) > policy.within.get()) {
            self.restarts.pop_front();
        }
        let used = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        if used >= policy.max {
            return Err(Spent::Window(used));
        }
        if self.unstable >= policy.max {
            return Err(Spent::Unstable(self.unstable));
        }
        let delay = self.delay(policy, chance);
        self.step = self.step.saturating_add(1);
        self.restarts.push_back(now + delay);
        Ok(delay)
    }

    /// `first * factor^step`, at most `max`, varied by the jitter.
    fn delay(&self, policy: &Restart, chance: f64) -> Duration {
        let backoff = &policy.backoff;
        let (first, max) = (backoff.first.get(), backoff.max.get());
        let grown = (0..self.step.min(64))
            .try_fold(first, |span, _| span.checked_mul(backoff.factor).filter(|span| *span < max))
            .unwrap_or(max);
        let share = f64::from(backoff.jitter.min(100)) / 100.0;
        grown.min(max).mul_f64(1.0 + share * (2.0 * chance - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sidecar_spec::Span;

    use super::*;

    /// The seconds after which a sidecar is given up that is ready at once and crashes so many seconds later.
    fn given_up_after(policy: &Restart, crash: f64) -> Option<f64> {
        let begin = Instant::now();
        let (mut now, mut budget) = (begin, Budget::default());
        for _ in 0..1000 {
            let ready = Duration::from_secs_f64(crash);
            now += ready;
            match budget.next(policy, Some(ready), now, 0.5) {
                Ok(delay) => now += delay,
                Err(_) => return Some(now.duration_since(begin).as_secs_f64()),
            }
        }
        None
    }

    #[test]
    fn waits_grow_up_to_the_limit() {
        let (policy, mut budget, now) = (Restart::default(), Budget::default(), Instant::now());
        let waits: Vec<u128> =
            (0..5).map(|_| budget.next(&policy, None, now, 0.5).unwrap().as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 5000]);
        assert_eq!(budget.next(&policy, None, now, 0.5), Err(Spent::Unstable(6)));
    }

    #[test]
    fn slow_crashes_are_given_up_as_well() {
        let policy = Restart::default();
        for crash in [0.1, 1.0, 5.0, 12.0, 31.0, 59.0] {
            let after = given_up_after(&policy, crash).unwrap();
            assert!(after <= 6.0 * (crash + 5.0), "{crash}: {after}");
        }
        assert_eq!(given_up_after(&policy, 61.0), None, "a run of a minute is stable");
    }

    #[test]
    fn a_window_counts_stable_runs_too() {
        let mut policy = Restart::default();
        policy.stable_after = Span::from_millis(100);
        assert!(given_up_after(&policy, 1.0).is_some());
        assert_eq!(given_up_after(&policy, 20.0), None);
    }

    /// The rules once more, without the tricks: all restarts are remembered, and counted anew each time.
    fn by_the_book(policy: &Restart, runs: &[(Option<u64>, u64)]) -> Vec<Option<Spent>> {
        let begin = Instant::now();
        let (mut now, mut restarts, mut unstable) = (begin, Vec::<Instant>::new(), 0);
        let mut budget = Budget::default();
        let mut out = Vec::new();
        for (ready, pause) in runs {
            let ready = ready.map(Duration::from_millis);
            now += Duration::from_millis(*pause) + ready.unwrap_or_default();
            unstable = if ready >= Some(policy.stable_after.get()) { 0 } else { unstable + 1 };
            let used = restarts.iter().filter(|at| now.duration_since(**at) <= policy.within.get()).count();
            let expected = if used >= policy.max as usize {
                Some(Spent::Window(u32::try_from(used).unwrap()))
            } else if unstable >= policy.max {
                Some(Spent::Unstable(unstable))
            } else {
                None
            };
            let got = budget.next(policy, ready, now, 0.5);
            assert_eq!(got.err(), expected);
            out.push(expected);
            match got {
                Ok(delay) => {
                    now += delay;
                    restarts.push(now);
                }
                Err(_) => break,
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn is_given_up_exactly_by_the_rules(
            max in 1_u32..8,
            within in 1_u64..100,
            stable in 1_u64..100,
            runs in prop::collection::vec((prop::option::of(0_u64..120_000), 0_u64..40_000), 0..40),
        ) {
            let mut policy = Restart::default();
            policy.max = max;
            policy.within = Span::from_secs(within);
            policy.stable_after = Span::from_secs(stable);
            by_the_book(&policy, &runs);
        }

        #[test]
        fn jitter_stays_within_its_share(chance in 0.0..1.0_f64, steps in 0_u32..200) {
            let policy = Restart::default();
            let budget = Budget { step: steps, ..Budget::default() };
            let plain = budget.delay(&policy, 0.5).as_secs_f64();
            let varied = budget.delay(&policy, chance).as_secs_f64();
            prop_assert!(varied >= plain * 0.799 && varied <= plain * 1.201);
        }
    }
}
