//! Apps that fork without executing anything, and keepers that somebody stops.

use std::time::{Duration, Instant};

use sidecar_keeper::ProcessId;

use crate::cases::{Setup, gone_as_process, stat_field, zygote_of};
use crate::field::{Field, LIMIT, carrying, figures, gone};
use crate::os;

/// What the app forked holds all that the app had open, and lives on: the sidecar ends all the same, with its grace and its
/// last words.
pub(crate) fn app_that_forked_is_killed(setup: &Setup) {
    let mut series = Vec::new();
    for round in 0..setup.rounds(6) {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let (words, done) = (format!("words={}", at("log")), format!("--last-words={}", at("done")));
        let role = ["app", "app-with-threads", "app"][round as usize % 3];
        let mut field = Field::up_as(role, &["grace=10000", &words], &["--daemonize=1", &done]);
        let zygote = zygote_of(&field);
        if round % 3 == 2 {
            // The one that replaces it is executed, and watches the same app.
            os::kill(zygote, libc::SIGKILL);
            gone_as_process(zygote);
            field.tell("again");
            field.pids();
        }
        let zygote = if round % 3 == 2 { zygote_of(&field) } else { zygote };
        field.tell("fork");
        let forked: u32 = field.line("forked ").1.parse().unwrap();
        let start = Instant::now();
        field.app.kill().unwrap();
        field.app.wait().unwrap();
        let took = gone_beside(&field, forked, start);
        assert!(carrying(&field.id).contains(&forked), "what the app forked is left alone");
        os::kill(forked, libc::SIGKILL);
        gone(&field.id, Instant::now(), LIMIT);
        gone_as_process(zygote);
        assert!(dir.path().join("done").exists(), "the sidecar could finish");
        assert!(std::fs::read(dir.path().join("log")).unwrap().ends_with(b".goodbye"));
        series.push(took);
    }
    println!("  gone {}", figures(&mut series));
}

/// Waits until nothing is left but this one process; it is killed should the wait be in vain.
fn gone_beside(field: &Field, forked: u32, start: Instant) -> Duration {
    loop {
        let left = carrying(&field.id);
        if left == [forked] {
            return start.elapsed();
        }
        if start.elapsed() > LIMIT {
            for pid in &left {
                os::finish(*pid);
            }
            panic!("survivors beside {forked}: {left:?}");
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// A process of this test that is stopped; it goes on when this is dropped, so that a case that fails leaves nothing.
struct Stopped(ProcessId);

impl Drop for Stopped {
    fn drop(&mut self) {
        if self.0.is_alive() {
            os::kill(self.0.pid, libc::SIGCONT);
        }
    }
}

/// Stops a process, and waits until it stands.
fn stop(pid: u32) -> Stopped {
    let stopped = Stopped(ProcessId::of(pid).unwrap());
    os::kill(pid, libc::SIGSTOP);
    let deadline = Instant::now() + LIMIT;
    while stat_field(pid, 0) != "T" {
        assert!(Instant::now() < deadline, "{pid} runs on");
        std::thread::yield_now();
    }
    stopped
}

/// The zygote lets its keeper go on, which grants the grace.
pub(crate) fn app_of_a_stopped_keeper_is_killed(setup: &Setup) {
    let mut series = Vec::new();
    for round in 0..setup.rounds(5) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        let words = format!("--last-words={}", path.display());
        let role = if round % 2 == 0 { "app" } else { "app-with-threads" };
        let mut field = Field::up_as(role, &["grace=10000"], &["--daemonize=2", &words]);
        let _stopped = stop(field.keeper);
        series.push(field.kill_app());
        assert!(path.exists(), "the sidecar could finish");
    }
    println!("  gone {}", figures(&mut series));
}

/// A keeper that is stopped kills nothing; what kills past it does, also when the zygote is stopped as well.
pub(crate) fn stopped_keeper_is_killed(setup: &Setup) {
    let mut series = Vec::new();
    for round in 0..setup.rounds(6) {
        let with_zygote = round % 3 == 2;
        let flags: &[&str] = if round % 2 == 0 { &["--daemonize=2"] } else { &["--ignore-term", "--tree"] };
        let mut field = Field::up(&[], flags);
        let zygote = zygote_of(&field);
        let alive = carrying(&field.sidecar()).len();
        let _keeper = stop(field.keeper);
        let zygote = with_zygote.then(|| stop(zygote));
        field.tell("kill");
        // It has told the keeper by the time that it answers.
        field.tell("scope");
        field.line("now ");
        assert_eq!(carrying(&field.sidecar()).len(), alive, "a stopped keeper kills nothing");
        let start = field.tell("past");
        field.line("lost");
        if with_zygote {
            field.tell("remains");
            field.line("killed ");
        }
        series.push(gone(&field.sidecar(), start, LIMIT));
        assert!(field.app.try_wait().unwrap().is_none(), "the app lives on");
        field.tell("past");
        drop(zygote);
        field.tell("remains");
        assert_eq!(field.line("killed ").1, "0", "nothing is left");
        field.kill_app();
    }
    println!("  gone {}", figures(&mut series));
}
