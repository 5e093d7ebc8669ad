//! Several jobs at once.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

/// Runs the jobs on at most `workers` threads, and gives their results in the order of the jobs.
///
/// # Panics
///
/// Where a job panics, after the others have ended.
pub(crate) fn parallel<T: Send, R: Send>(
    workers: usize,
    jobs: Vec<T>,
    run: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let workers = workers.clamp(1, jobs.len().max(1));
    let queue = Mutex::new(jobs.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut done = Vec::new();
        while let Some((index, job)) = next() {
            done.push((index, run(job)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn results_are_in_the_order_of_the_jobs() {
        let jobs: Vec<u32> = (0..100).collect();
        let expected: Vec<u32> = jobs.iter().map(|job| job * 2).collect();
        assert_eq!(parallel(8, jobs, |job| job * 2), expected);
    }

    #[test]
    fn jobs_run_at_the_same_time() {
        // would never end with fewer threads
        let meeting = Barrier::new(4);
        assert_eq!(parallel(4, vec![(); 4], |()| meeting.wait().is_leader()).len(), 4);
    }

    #[test]
    fn no_jobs_and_no_workers_are_fine() {
        assert!(parallel(8, Vec::<u8>::new(), |job| job).is_empty());
        assert_eq!(parallel(0, vec![1, 2], |job| job), [1, 2]);
    }

    #[test]
    #[should_panic(expected = "job 2")]
    fn a_panic_comes_through() {
        parallel(2, vec![1, 2, 3], |job| assert_ne!(job, 2, "job 2"));
    }
}
