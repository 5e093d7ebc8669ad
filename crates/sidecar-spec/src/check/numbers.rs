//! Numbers that make no sense, alone or together.

use super::{Found, ProblemKind};
use crate::{Restart, RestartWhen, Run, Size, Span};

pub(super) fn check(run: &Run, found: &mut Found<'_>) {
    zeros(run, found);
    if run.restart.when != RestartWhen::Never
        && let Some((key, message)) = restart(&run.restart)
    {
        found.add(ProblemKind::RestartWindow, format!("restart.{key}"), message);
    }
    for code in run.permanent_codes.iter().filter(|code| run.success_codes.contains(code)) {
        let message = format!("exit code {code} is a success and a permanent failure");
        found.add(ProblemKind::ExitCodeTwice, "permanent-codes", message);
    }
    if run.logs.line > run.logs.memory {
        let message =
            format!("`logs.line` is {}, more than all of `logs.memory`, {}", run.logs.line, run.logs.memory);
        found.add(ProblemKind::LogLimits, "logs.line", message);
    }
}

fn zeros(run: &Run, found: &mut Found<'_>) {
    let mut zero = |key: String| {
        let message = format!("`{key}` is 0, which means nothing there");
        found.add(ProblemKind::Zero, key, message);
    };
    if run.health.ready_within.is_zero() {
        zero("health.ready-within".to_owned());
    }
    for (stage, probe) in run.health.probes() {
        let spans = [("every", probe.every), ("timeout", probe.timeout)];
        for (key, _) in spans.iter().filter(|(_, span)| span.is_some_and(Span::is_zero)) {
            zero(format!("health.{}.{key}", stage.key()));
        }
        if probe.failures == Some(0) {
            zero(format!("health.{}.failures", stage.key()));
        }
    }
    let files = (run.logs.files > 0).then_some(("logs.file", run.logs.file));
    let sizes = [Some(("logs.memory", run.logs.memory)), Some(("logs.line", run.logs.line)), files];
    let limit = run.limits.memory.map(|memory| ("limits.memory", memory));
    for (key, size) in sizes.into_iter().chain([limit]).flatten() {
        if size == Size::from_bytes(0) {
            zero(key.to_owned());
        }
    }
}

/// What is wrong with the restarts that are allowed: the key, and why.
fn restart(restart: &Restart) -> Option<(&'static str, String)> {
    let Restart { max, within, backoff, stable_after, .. } = restart;
    if *max == 0 {
        return Some(("max", "with no restart allowed, write `restart = \"never\"`".to_owned()));
    }
    for (key, span) in [("within", within), ("stable-after", stable_after)] {
        if span.is_zero() {
            return Some((key, format!("`restart.{key}` is 0, so restarts would never end")));
        }
    }
    if backoff.factor == 0 {
        return Some(("backoff.factor", "with `restart.backoff.factor` 0 nothing is waited".to_owned()));
    }
    if backoff.jitter > 100 {
        return Some(("backoff.jitter", format!("{} % is more than all of the wait", backoff.jitter)));
    }
    if backoff.first > backoff.max {
        let (first, most) = (backoff.first, backoff.max);
        return Some((
            "backoff.first",
            format!("`restart.backoff.first`, {first}, is more than its `max`, {most}"),
        ));
    }
    let waited = shortest_wait(restart);
    (waited >= within.get().as_millis()).then(|| {
        let waited = Span::from_millis(u64::try_from(waited).unwrap_or(u64::MAX));
        let message = format!(
            "{max} restarts within {within} never happen: the waits between them take {waited} or more, even where each \
             start fails at once"
        );
        ("within", message)
    })
}

/// The milliseconds that are waited until one restart too many, where chance makes each wait as short as it can be.
fn shortest_wait(restart: &Restart) -> u128 {
    let backoff = &restart.backoff;
    let most = backoff.max.get().as_millis();
    let share = u128::from(100 - backoff.jitter.min(100));
    let mut delay = backoff.first.get().as_millis();
    let mut sum = 0;
    for left in (1..=restart.max).rev() {
        if delay >= most || backoff.factor == 1 {
            // From here on every wait is the same.
            return sum + u128::from(left) * delay.min(most) * share / 100;
        }
        sum += delay * share / 100;
        delay *= u128::from(backoff.factor);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backoff;

    #[test]
    fn the_defaults_can_be_used_up() {
        // 0.5 + 1 + 2 + 4 + 5 + 5 seconds, a fifth less.
        assert_eq!(shortest_wait(&Restart::default()), 14_000);
        assert_eq!(restart(&Restart::default()), None);
    }

    #[test]
    fn waits_that_outlast_the_window_are_found() {
        let slow = Backoff {
            first: Span::from_secs(10),
            max: Span::from_secs(300),
            jitter: 0,
            ..Backoff::default()
        };
        let found = Restart { backoff: slow, ..Restart::default() };
        assert_eq!(shortest_wait(&found), 610_000);
        assert!(restart(&found).is_some_and(|(key, _)| key == "within"));
    }

    #[test]
    fn any_number_of_restarts_is_summed_at_once() {
        let endless = Restart { max: u32::MAX, ..Restart::default() };
        assert!(shortest_wait(&endless) > 1 << 40);
        let still = Backoff { first: Span::ZERO, factor: u32::MAX, ..Backoff::default() };
        let never = Restart { max: 1000, backoff: still, ..Restart::default() };
        assert_eq!(shortest_wait(&never), 0);
    }
}
