//! Trying again what may pass.

use std::hash::BuildHasher as _;
use std::time::Duration;

use super::failure::Failure;
use crate::error::Error;

/// How often something is tried in total.
pub(crate) const TRIES: u32 = 5;

/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// No wait that we choose is longer.
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);

/// Nobody waits longer in a build; a server that asks for more has refused.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Calls `attempt` until it succeeds, fails for good, or has failed [`TRIES`] times. Before each further call, `tell`
/// gets the failure and the wait, and `sleep` the wait.
pub(crate) fn with_retries<R>(
    sleep: &dyn Fn(Duration),
    tell: impl Fn(&Error, Duration),
    mut attempt: impl FnMut() -> Result<R, Failure>,
) -> Result<R, Error> {
    let mut tries = 1;
    loop {
        let (error, after) = match attempt() {
            Ok(done) => return Ok(done),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Passing { error, after }) => (error, after),
        };
        let wait = after.unwrap_or_else(|| backoff(tries, std::hash::RandomState::new().hash_one(tries)));
        if tries == TRIES || wait > LONGEST_WAIT {
            return Err(if tries == 1 { error } else { error.fact("tries", tries) });
        }
        tell(&error, wait);
        sleep(wait);
        tries += 1;
    }
}

/// The wait after so many tries: half of it fixed, half of it by chance, so that many clients do not come back at once.
fn backoff(tries: u32, chance: u64) -> Duration {
    let full = FIRST_WAIT.saturating_mul(1 << (tries - 1).min(16)).min(LONGEST_BACKOFF);
    let permille = u32::try_from(chance % 1000).unwrap_or_default();
    full / 2 + full / 2000 * permille
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use std::cell::RefCell;

    fn passing(after: Option<u64>) -> Failure {
        Failure::Passing {
            error: Error::new(Kind::Timeout, "too slow"),
            after: after.map(Duration::from_secs),
        }
    }

    /// The outcome of attempts that fail as `failures` says and then succeed, and the waits in milliseconds.
    fn run(failures: Vec<Failure>) -> (Result<&'static str, Error>, Vec<u128>) {
        let waits = RefCell::new(Vec::new());
        let mut failures = failures.into_iter();
        let sleep = |wait: Duration| waits.borrow_mut().push(wait.as_millis());
        let result = with_retries(&sleep, |_, _| (), || failures.next().map_or(Ok("done"), Err));
        (result, waits.into_inner())
    }

    #[test]
    fn success_needs_one_try() {
        let (result, waits) = run(vec![]);
        assert_eq!((result.unwrap(), waits.len()), ("done", 0));
    }

    #[test]
    fn what_may_pass_is_tried_again_with_growing_waits() {
        let (result, waits) = run((0..4).map(|_| passing(None)).collect());
        assert_eq!(result.unwrap(), "done");
        for (wait, full) in waits.iter().zip([500, 1000, 2000, 4000]) {
            assert!((full / 2..=full).contains(wait), "{waits:?}");
        }
        assert_eq!(waits.len(), 4);
    }

    #[test]
    fn the_fifth_failure_is_the_last() {
        let (result, waits) = run((0..9).map(|_| passing(Some(0))).collect());
        assert_eq!(result.unwrap_err().to_string(), "too slow\n  tries  5");
        assert_eq!(waits, [0; 4]);
    }

    #[test]
    fn a_final_failure_is_not_tried_again() {
        let (result, waits) = run(vec![Failure::Final(Error::new(Kind::HttpStatus, "gone"))]);
        assert_eq!((result.unwrap_err().kind(), waits.len()), (Kind::HttpStatus, 0));
    }

    #[test]
    fn the_server_says_how_long_up_to_a_minute() {
        let (result, waits) = run(vec![passing(Some(60)), passing(Some(61))]);
        assert!(result.is_err());
        assert_eq!(waits, [60_000]);
    }

    proptest::proptest! {
        #[test]
        fn a_wait_is_between_half_and_all_of_the_step(tries in 1..100_u32, chance: u64) {
            let wait = backoff(tries, chance);
            proptest::prop_assert!(wait >= FIRST_WAIT / 2 && wait <= LONGEST_BACKOFF);
        }
    }
}
