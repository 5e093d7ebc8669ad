//! What lasts: what an app has and shows after many runs of its sidecars, and what they cost while nothing happens.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cases::Setup;
use crate::field::{CAR, Scene};
use crate::look::{all_command_lines, counts, file, found_below, memory, number, parent, switches, until};
use crate::shape::{SERVES, quiet, server};

/// Restarts after which everything that grows only once has grown.
const WARM: u32 = 20;

pub(crate) fn many_restarts_leave_nothing(setup: &Setup) {
    let rounds = setup.rounds(40);
    let mut field = Scene::with(quiet(), &["--fork=1", "--say=up"]).ready();
    let app = field.app.id();
    let mut cycle = |mut rounds: u32| {
        while rounds > 0 {
            let some = rounds.min(50);
            field.tell(&format!("cycle {CAR} {some}"));
            field.line("cycled");
            rounds -= some;
        }
        (counts(app), memory(app))
    };
    let (before, small) = cycle(WARM);
    let (mut after, large) = cycle(rounds);
    // A thread that has done its work may still be on its way out.
    until("what the restarts needed is given back", || {
        after = counts(app);
        after.iter().zip(before).all(|(after, before)| *after <= before)
    });
    let grown = large.saturating_sub(small);
    let [fds, threads, zombies] = after;
    println!(
        "  fact after {rounds} restarts: {fds} descriptors (before {}), {threads} threads ({}), {zombies} zombies",
        before[0], before[1]
    );
    println!("  fact after {rounds} restarts, the app grew by: {} kB, aim 5000 kB", grown / 1024);
    assert_eq!(zombies, 0);
    assert!(grown < 5_000_000, "{grown}");
    field.kill_app();
}

/// The secret of a launch is in the environment of the sidecar, or in the file that it is told, and nowhere else.
pub(crate) fn secrets_stay_secret(setup: &Setup) {
    for _ in 0..setup.rounds(1) {
        let scene = Scene::new();
        let token = json!({ "env": "CAR_SECRET" });
        keeps_secret(scene, token, &["--token-env=CAR_SECRET", "--print-env=CAR_SECRET"], |leader| {
            let environment = file(leader, "environ");
            let secret = environment.split('\0').find_map(|pair| pair.strip_prefix("CAR_SECRET="));
            secret.unwrap().to_owned()
        });
        let scene = Scene::new();
        let path = scene.path("secret");
        let token = json!({ "file": path });
        keeps_secret(scene, token, &[&format!("--token-file={}", path.display())], |_| {
            std::fs::read_to_string(&path).unwrap().trim().to_owned()
        });
    }
    println!("  fact places that show a launch's secret: 0");
}

/// Also where the sidecar writes it into its own output.
fn keeps_secret(scene: Scene, token: Value, flags: &[&str], secret: impl FnOnce(u32) -> String) {
    let flag = flags[0];
    let mut run = server();
    run["token"] = token;
    run["identity"] = json!("nonce");
    // Ready means that the probe knew the secret.
    let run = scene.misbehaving(run, &[&SERVES[..], flags].concat());
    let mut field = scene.sidecar(CAR, &run).ready();
    let secret = secret(field.leader(CAR));
    assert_eq!(secret.len(), 64, "32 bytes in hexadecimal");
    let shown = all_command_lines().into_iter().find(|(_, line)| line.contains(&secret));
    assert_eq!(shown, None, "{flag}: in a command line");
    field.tell("debug");
    field.line("debugged");
    field.tell(&format!("log {CAR}"));
    field.line("lines ");
    field.stop(CAR);
    let said = field.seen.join("\n");
    assert!(said.contains("event ") && said.contains("Supervisor"), "there was something to look at");
    assert_eq!(said.contains("CAR_SECRET=[hidden]"), flags.len() > 1, "what it wrote of it is hidden");
    assert!(!said.contains(&secret), "{flag}: in what the app showed");
    assert!(!file(field.app.id(), "environ").contains(&secret), "{flag}: in the environment of the app");
    let left = found_below(&field.path("data"), &secret);
    assert_eq!(left, None, "{flag}: in a file of the app");
    field.kill_app();
}

/// The app has a descriptor that every program inherits: its sidecar has the three that every program has, and a socket
/// only where its spec says so.
pub(crate) fn only_three_descriptors(setup: &Setup) {
    for _ in 0..setup.rounds(2) {
        let mut run = quiet();
        run["health"] = json!({ "ready": "line:^fds " });
        has_descriptors(Scene::with(run, &["--print-fds"]), "fds [0, 1, 2]");
        let mut run = server();
        run["port"] = json!({ "listen-fd": true });
        has_descriptors(Scene::with(run, &["--print-fds", "--listen-fds", "--http"]), "fds [0, 1, 2, 3]");
    }
}

fn has_descriptors(scene: Scene, expected: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 9</dev/null; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let mut field = scene.begin_by(shell);
    field.line("scope ");
    let app = field.app.id();
    assert!(std::path::Path::new(&format!("/proc/{app}/fd/9")).exists(), "the app has it");
    field.start(CAR);
    field.tell(&format!("log {CAR}"));
    field.line("lines ");
    let lines: Vec<&String> = field.seen.iter().filter(|line| line.contains("fds [")).collect();
    assert!(lines.iter().any(|line| line.contains(expected)), "{lines:?}");
    field.kill_app();
}

/// A round is a second in which nothing happens.
pub(crate) fn idle(setup: &Setup) {
    let seconds = setup.rounds(2);
    let mut field = Scene::with(quiet(), &["--say=up"]).ready();
    let keeper = field.keeper(CAR);
    let (app, zygote) = (field.app.id(), parent(keeper));
    let all = [("keeper", keeper), ("zygote", zygote), ("app with its supervisor", app)];
    let still = || {
        let before = all.map(|(_, pid)| switches(pid));
        std::thread::sleep(Duration::from_secs(seconds.into()));
        let after = all.map(|(_, pid)| switches(pid));
        [0, 1, 2].map(|at| after[at] - before[at])
    };
    // At first, on a busy machine, they may still be on their way to sleep.
    std::thread::sleep(Duration::from_millis(500));
    let mut woken = still();
    for _ in 0..2 {
        if woken != [0; 3] {
            woken = still();
        }
    }
    for ((name, _), woken) in all.into_iter().zip(woken) {
        println!("  fact {name}, woken in {seconds} s of nothing: {woken}, aim 0");
        assert_eq!(woken, 0, "{name}");
    }
    let private = |kind: &str| number(keeper, "smaps_rollup", kind);
    let private = private("Private_Clean:") + private("Private_Dirty:");
    println!("  fact keeper, memory of its own: {private} kB, aim 300 kB");
    assert!(private < 300);
    let threads: Value = counts(app)[1].into();
    println!("  fact app with its supervisor: {threads} threads");
    field.kill_app();
}
