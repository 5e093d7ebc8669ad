//! Start, proof, crash, restart, stop.

use std::time::Duration;

use serde_json::json;
use sidecar_supervisor::{ExitReason, Happened, Kind, State, Supervisor};

use crate::scene::{Scene, eventually, lives, misbehave, spec, with};

crate::stories![
    starts_and_stops,
    a_reply_is_a_future,
    who_waits_for_readiness_starts_nothing,
    #[cfg(unix)]
    stopped_means_that_nothing_is_left,
    #[cfg(unix)]
    who_blocks_a_stop_is_told,
    an_early_end_tells_what_it_wrote,
    a_crash_is_followed_by_another_run,
    what_always_crashes_is_given_up,
    a_stop_ends_a_start,
    a_restart_is_a_stop_and_a_start,
    #[cfg(unix)]
    a_lost_keeper_is_a_crash,
    #[cfg(unix)]
    a_keeper_that_was_stopped_does_not_hold_a_stop_up_for_ever,
    #[cfg(unix)]
    an_exit_is_told_while_a_grandchild_holds_the_output,
    a_request_comes_before_the_signal,
    a_deaf_one_is_restarted,
    what_uses_too_much_memory_is_stopped,
    a_limit_that_nothing_holds_is_told,
    dropping_the_supervisor_ends_all,
    #[cfg(unix)]
    dropping_it_while_they_start_ends_all,
    one_that_announced_its_port_keeps_no_app,
    an_update_waits_until_nothing_runs,
    #[cfg(unix)]
    usage_is_that_of_the_tree,
];

fn starts_and_stops() {
    let scene = Scene::one(misbehave(&["--bind", "127.0.0.1:{port}", "--http"]));
    assert_eq!(scene.it().state(), State::Idle);
    scene.it().start().wait().unwrap();
    let status = scene.it().status();
    assert_eq!((status.state, status.run, status.restarts), (State::Running, 1, 0));
    assert!(status.since.is_some());
    let pid = status.pid.unwrap();
    assert!(lives(pid));
    assert_eq!(scene.it().url(), Some(format!("http://{}", status.address.unwrap())));
    scene.it().stop().wait().unwrap();
    assert!(!lives(pid));
    assert_eq!((scene.it().state(), scene.it().url()), (State::Stopped, None));
    assert_eq!(scene.it().status().since, None);
    let gone_through = scene.states("it");
    assert_eq!(gone_through, [State::Starting, State::Running, State::Stopping, State::Stopped]);
    // Either is carried out in any state.
    scene.it().stop().wait().unwrap();
    scene.it().start().wait().unwrap();
    scene.it().start().wait().unwrap();
    assert_eq!(scene.it().status().run, 2);
}

fn who_waits_for_readiness_starts_nothing() {
    let scene = Scene::one(misbehave(&["--bind", "127.0.0.1:{port}", "--http"]));
    assert_eq!(scene.it().ready().wait().unwrap_err().kind(), Kind::NotRunning);
    assert_eq!(scene.it().state(), State::Idle);
    let start = scene.it().start();
    // Commands are carried out in their order: the start is under way.
    scene.it().ready().wait().unwrap();
    assert!(scene.it().status().url.is_some_and(|url| url.starts_with("http://127.0.0.1:")));
    start.wait().unwrap();
    scene.it().stop().wait().unwrap();
    assert_eq!(scene.it().status().url, None);
}

fn a_reply_is_a_future() {
    let scene = Scene::one(misbehave(&["--bind", "127.0.0.1:{port}"]));
    let (started, stopped) = (scene.it().start(), scene.it().stop());
    let outcome = pollster::block_on(async move { (started.await, stopped.await) });
    assert_eq!(outcome.0.unwrap_err().kind(), Kind::Cancelled);
    outcome.1.unwrap();
}

#[cfg(unix)]
fn stopped_means_that_nothing_is_left() {
    let marker = format!("stopped-{}", std::process::id());
    let flags = [
        "--marker",
        &marker,
        "--bind",
        "127.0.0.1:{port}",
        "--ignore-term",
        "--tree",
        "2x3",
        "--daemonize",
        "3",
    ];
    let mut run = misbehave(&flags);
    run["stop"] = json!({ "grace": "100ms" });
    let scene = Scene::one(run);
    scene.it().start().wait().unwrap();
    let processes = scene.it().usage().unwrap().processes;
    assert!(processes > 12 && marked(&marker) == processes, "{processes}");
    scene.it().stop().wait().unwrap();
    assert_eq!(marked(&marker), 0);
    assert_eq!((scene.it().status().pid, scene.it().usage()), (None, None));
}

#[cfg(unix)]
/// How many processes carry a word in their arguments.
fn marked(word: &str) -> usize {
    let arguments = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    sidecar_keeper::all_processes().iter().filter(|pid| arguments(pid).contains(word)).count()
}

#[cfg(unix)]
fn who_blocks_a_stop_is_told() {
    let mut run = misbehave(&["--bind", "127.0.0.1:{port}", "--ignore-term", "--fork", "2"]);
    run["stop"] = json!({ "grace": "100ms" });
    let scene = Scene::one(run);
    scene.it().start().wait().unwrap();
    let pid = scene.it().status().pid.unwrap();
    scene.it().stop().wait().unwrap();
    let blockers = scene.until(|event| match &event.what {
        Happened::StopBlocked { processes } => Some(processes.clone()),
        _ => None,
    });
    let exit = scene.until(|event| match &event.what {
        Happened::Exited { exit } => Some(exit.clone()),
        _ => None,
    });
    assert_eq!((exit.reason, exit.to_string().as_str()), (ExitReason::Killed, "was killed by SIGKILL"));
    assert_eq!(blockers.len(), 3);
    assert!(blockers.iter().any(|it| it.pid == pid));
    assert!(blockers.iter().all(|it| it.name.as_deref() == Some("misbehave")), "{blockers:?}");
}

fn an_early_end_tells_what_it_wrote() {
    let scene = Scene::one(with(
        misbehave(&["--say", "loading", "--say-on-stderr", "no such database", "--exit", "3"]),
        json!({ "restart": "never" }),
    ));
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::ExitedEarly);
    let mut log = error.log_tail().to_vec();
    log.sort();
    assert_eq!(log, ["loading", "no such database"]);
    assert_eq!(error.headline(), "`it` exited with code 3 before it was ready");
    assert_eq!(scene.it().state(), State::Error);
    assert_eq!(scene.it().status().error.unwrap().kind(), Kind::ExitedEarly);
}

fn a_crash_is_followed_by_another_run() {
    let scene = Scene::one(with(
        misbehave(&["--bind", "127.0.0.1:{port}", "--spawn", "2"]),
        json!({ "restart": { "backoff": { "first": "10ms" } } }),
    ));
    scene.it().start().wait().unwrap();
    let first = scene.it().status().pid.unwrap();
    kill(first);
    let exit = scene.until(|event| match &event.what {
        Happened::Exited { exit } => Some(exit.clone()),
        _ => None,
    });
    // Windows has no signals: who is killed has ended with the killer's code.
    let expected = if cfg!(unix) { (ExitReason::Killed, None) } else { (ExitReason::Abnormal, Some(1)) };
    assert_eq!((exit.reason, exit.code), expected);
    scene.until_state("it", State::Restarting);
    scene.until_state("it", State::Running);
    let status = scene.it().status();
    assert_eq!((status.run, status.restarts, status.error.is_none()), (2, 1, true));
    assert!(!lives(first) && status.pid != Some(first));
}

fn what_always_crashes_is_given_up() {
    let scene = Scene::one(with(
        misbehave(&["--say", "no licence", "--exit", "1"]),
        json!({ "restart": { "max": 3, "backoff": { "first": "5ms", "max": "5ms" } } }),
    ));
    let error = scene.it().start().wait().unwrap_err();
    assert_eq!(error.kind(), Kind::RestartLimit);
    // Only what the last run wrote: that of the runs before is in the log.
    assert_eq!(error.log_tail(), ["no licence"]);
    assert_eq!(scene.it().status().run, 3);
    // A code that means that another run brings the same.
    let scene = Scene::one(with(misbehave(&["--exit", "78"]), json!({ "permanent-codes": [78] })));
    scene.it().start().wait().unwrap_err();
    assert_eq!((scene.it().status().run, scene.it().state()), (1, State::Error));
}

fn a_stop_ends_a_start() {
    let scene = Scene::one(misbehave(&["--delay", "60000", "--bind", "127.0.0.1:{port}"]));
    let started = scene.it().start();
    scene.until(|event| matches!(event.what, Happened::Launched { .. }).then_some(()));
    scene.it().stop().wait().unwrap();
    assert_eq!(started.wait().unwrap_err().kind(), Kind::Cancelled);
    assert_eq!(scene.it().state(), State::Stopped);
}

fn a_restart_is_a_stop_and_a_start() {
    let scene = Scene::one(misbehave(&["--bind", "127.0.0.1:{port}"]));
    scene.it().restart().wait().unwrap();
    let first = scene.it().status().pid.unwrap();
    scene.it().restart().wait().unwrap();
    let status = scene.it().status();
    assert!(!lives(first));
    assert_eq!((status.run, status.restarts, status.state), (2, 0, State::Running));
}

#[cfg(unix)]
fn a_lost_keeper_is_a_crash() {
    let scene = Scene::one(with(
        misbehave(&["--bind", "127.0.0.1:{port}", "--setsid", "2"]),
        json!({ "restart": { "backoff": { "first": "10ms" } } }),
    ));
    scene.it().start().wait().unwrap();
    let leader = scene.it().status().pid.unwrap();
    kill(parent(leader));
    scene.until(|event| matches!(event.what, Happened::KeeperLost { .. }).then_some(()));
    let error = scene.until(|event| match &event.what {
        Happened::Restart { error, .. } => Some(error.clone()),
        _ => None,
    });
    assert_eq!(error.kind(), Kind::KeeperLost);
    scene.until_state("it", State::Running);
    assert!(!lives(leader));
    assert_eq!(scene.it().status().run, 2);
}

#[cfg(unix)]
fn a_keeper_that_was_stopped_does_not_hold_a_stop_up_for_ever() {
    let scene = Scene::one(misbehave(&["--bind", "127.0.0.1:{port}", "--setsid", "2"]));
    scene.it().start().wait().unwrap();
    let leader = scene.it().status().pid.unwrap();
    let keeper = parent(leader).to_string();
    let stopped = std::process::Command::new("kill").args(["-STOP", &keeper]).status().unwrap();
    assert!(stopped.success());
    // 2 s of grace, and 10 s until the keeper is given up.
    scene.it().stop().wait().unwrap();
    assert!(!lives(leader));
    assert_eq!(scene.it().state(), State::Stopped);
}

#[cfg(unix)]
fn an_exit_is_told_while_a_grandchild_holds_the_output() {
    let scene = Scene::one(with(
        misbehave(&["--fork", "1", "--hold-stdout-by-grandchild", "--exit-after", "100", "--exit", "4"]),
        json!({ "port": "none", "restart": "never" }),
    ));
    scene.it().start().wait().unwrap();
    let code = scene.until(|event| match &event.what {
        Happened::Exited { exit } => Some(exit.code),
        _ => None,
    });
    assert_eq!(code, Some(4));
    scene.until_state("it", State::Error);
    assert_eq!(scene.it().status().error.unwrap().kind(), Kind::Exited);
}

fn a_request_comes_before_the_signal() {
    let run = with(
        misbehave(&["--bind", "127.0.0.1:{port}", "--http"]),
        json!({ "stop": { "request": "http:/shutdown", "request-grace": "20s", "grace": "20s" } }),
    );
    let scene = Scene::one(run);
    scene.it().start().wait().unwrap();
    scene.it().stop().wait().unwrap();
    let exit = scene.until(|event| match &event.what {
        Happened::Exited { exit } => Some(exit.clone()),
        _ => None,
    });
    assert_eq!((exit.reason, exit.code), (ExitReason::Clean, Some(0)));
    // One that ends with its input.
    let run = with(
        misbehave(&["--echo-stdin"]),
        json!({ "port": "none", "stdin": "pipe", "stop": { "request": "close-stdin", "request-grace": "20s" } }),
    );
    let scene = Scene::one(run);
    scene.it().start().wait().unwrap();
    scene.it().stop().wait().unwrap();
}

fn a_deaf_one_is_restarted() {
    let live = json!({ "check": "http:/health", "every": "50ms", "timeout": "200ms", "failures": 2 });
    let scene = Scene::one(with(
        misbehave(&["--bind", "127.0.0.1:{port}", "--http", "--hang-after", "300"]),
        json!({
            "health": { "ready": "http:/health", "live": live },
            "stop": { "grace": "50ms" },
            "restart": { "backoff": { "first": "10ms" } }
        }),
    ));
    scene.it().start().wait().unwrap();
    let error = scene.until(|event| match &event.what {
        Happened::Restart { error, .. } => Some(error.clone()),
        _ => None,
    });
    assert_eq!(error.kind(), Kind::NotAlive);
    scene.until_state("it", State::Running);
}

fn what_uses_too_much_memory_is_stopped() {
    let scene = Scene::one(with(
        misbehave(&["--bind", "127.0.0.1:{port}"]),
        json!({ "limits": { "memory": "1KiB" }, "restart": "never" }),
    ));
    scene.it().start().wait().unwrap();
    scene.until_state("it", State::Error);
    let error = scene.it().status().error.unwrap();
    assert_eq!(error.kind(), Kind::MemoryLimit);
    assert!(error.facts().any(|fact| fact == ("limit", "1KiB")), "{error}");
}

fn a_limit_that_nothing_holds_is_told() {
    let scene = Scene::one(with(
        misbehave(&["--bind", "127.0.0.1:{port}"]),
        json!({ "limits": { "cpu": "50%", "memory": "1GiB" } }),
    ));
    scene.it().start().wait().unwrap();
    let limits = scene.until(|event| match &event.what {
        Happened::Unlimited { limits } => Some(limits.clone()),
        _ => None,
    });
    assert_eq!(limits, ["cpu"]);
}

fn dropping_the_supervisor_ends_all() {
    let dir = tempfile::tempdir().unwrap();
    let run = misbehave(&["--bind", "127.0.0.1:{port}", "--spawn", "2"]);
    let builder = Supervisor::from_json(&spec(&[("it", run)]), dir.path()).unwrap();
    let supervisor = builder.build().unwrap();
    let it = supervisor.sidecar("it").unwrap();
    it.start().wait().unwrap();
    let leader = sidecar_keeper::ProcessId::of(it.status().pid.unwrap()).unwrap();
    let tree = leader.descendants();
    // Under wine, a console has a process of its own.
    assert!(tree.len() >= 2);
    drop(supervisor);
    // A sidecar holds its supervisor.
    assert!(leader.is_alive() && it.state() == State::Running);
    drop(it);
    eventually("nothing is left", || !leader.is_alive() && tree.iter().all(|it| !it.is_alive()));
    // And so is the directory of this run of the app.
    let instances = dir.path().join("runtime/instances");
    eventually("no directory", || std::fs::read_dir(&instances).unwrap().next().is_none());
    // Whoever still waits is told.
    let run = misbehave(&["--delay", "60000", "--bind", "127.0.0.1:{port}"]);
    let builder = Supervisor::from_json(&spec(&[("it", run)]), dir.path()).unwrap();
    let started = builder.build().unwrap().sidecar("it").unwrap().start();
    assert_eq!(started.wait().unwrap_err().kind(), Kind::SupervisorGone);
}

#[cfg(unix)]
fn dropping_it_while_they_start_ends_all() {
    let marker = format!("dropped-{}", std::process::id());
    let run = with(misbehave(&["--marker", &marker, "--exit-after", "600000"]), json!({ "port": "none" }));
    let sidecars = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| (name, run.clone()));
    for step in 0..100 {
        let dir = tempfile::tempdir().unwrap();
        let builder = Supervisor::from_json(&spec(&sidecars), dir.path()).unwrap();
        let supervisor = builder.build().unwrap();
        let started = supervisor.start_all();
        // Anywhere between before the first of them runs and after the last does.
        std::thread::sleep(Duration::from_micros(step * 250));
        drop(supervisor);
        drop(started.wait());
    }
    eventually("nothing is left", || marked(&marker) == 0);
}

fn one_that_announced_its_port_keeps_no_app() {
    let dir = tempfile::tempdir().unwrap();
    let run = misbehave(&["--bind", "127.0.0.1:0", "--announce", "BACKEND_PORT:{{port}}"]);
    let run = with(run, json!({ "port": { "announce": "BACKEND_PORT:{port}" } }));
    let supervisor = Supervisor::from_json(&spec(&[("it", run)]), dir.path()).unwrap().build().unwrap();
    supervisor.start_all().wait().unwrap();
    // It writes no more lines.
    supervisor.stop_all().wait().unwrap();
    drop(supervisor);
    let instances = dir.path().join("runtime/instances");
    eventually("no directory", || std::fs::read_dir(&instances).unwrap().next().is_none());
}

fn an_update_waits_until_nothing_runs() {
    let scene = Scene::one(misbehave(&["--bind", "127.0.0.1:{port}"]));
    scene.it().start().wait().unwrap();
    let pid = scene.it().status().pid.unwrap();
    scene.supervisor.prepare_for_update().wait().unwrap();
    assert!(!lives(pid));
    assert_eq!(scene.it().start().wait().unwrap_err().kind(), Kind::Updating);
    let once = scene.it().output(["--exit", "0"], "", Duration::from_secs(10)).wait();
    assert_eq!(once.unwrap_err().kind(), Kind::Updating);
    scene.supervisor.resume();
    scene.it().start().wait().unwrap();
}

#[cfg(unix)]
fn usage_is_that_of_the_tree() {
    let scene = Scene::one(misbehave(&["--bind", "127.0.0.1:{port}", "--fork", "3"]));
    assert_eq!(scene.it().usage(), None);
    scene.it().start().wait().unwrap();
    eventually("four processes", || scene.it().usage().is_some_and(|usage| usage.processes == 4));
    assert!(scene.it().usage().unwrap().memory > 100_000);
    assert!(scene.it().tail(1).is_empty());
}

fn kill(pid: u32) {
    let process = sidecar_keeper::ProcessId::of(pid).unwrap();
    assert_eq!(sidecar_keeper::kill_processes(&[process]).unwrap(), 1);
}

#[cfg(unix)]
/// The parent of a process: of a sidecar, its keeper.
fn parent(pid: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap()
}
