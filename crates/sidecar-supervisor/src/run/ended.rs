//! How a run ended: told by its keeper, put into words, with the last lines that it wrote.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use sidecar_keeper::{Event, Unasked};
use sidecar_spec::Port;

use super::Running;
use super::begin::{Context, unstarted};
use crate::diagnose::diagnose;
use crate::error::{Error, Kind, Result};
use crate::event::Happened;
use crate::exit::{Exit, ExitReason};
use crate::machine::{Hope, RunInput};
use crate::output::Line;

/// So long is waited for the end of the output before an exit is told: what it wrote last may be on its way. Children of
/// the sidecar may hold its output for ever.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// So long is waited until the log file has all of it.
const LOGGED: Duration = Duration::from_millis(500);

/// How long the rest of a tree may take to die after its keeper was killed, until it is tried again.
const REMAINS: Duration = Duration::from_secs(5);

/// Listens to the keeper, in a thread of its own, until nothing of the tree is left. It begins when the gate is dropped.
pub(super) fn listen(context: &Context, running: &Arc<Running>) -> Result<Sender<Infallible>> {
    let (context, running) = (context.clone(), Arc::clone(running));
    let name = context.name().to_owned();
    let (gate, opened) = channel();
    super::thread(&name, "keeper", move || {
        let _ = opened.recv();
        while let Ok(Some(event)) = running.keeper.next_event(None) {
            match event {
                Event::Exited(status) => exited(&context, &running, status),
                Event::Unasked(Unasked::Init) => {
                    let reason = "sidecar_supervisor::init() was not called".to_owned();
                    context.event(Happened::Unasked { reason });
                }
                Event::Unasked(why) => context.event(Happened::Unasked { reason: why.to_string() }),
                Event::TreeEmpty => break,
                Event::KeeperLost(left) => {
                    lost(&context, &running, left.len());
                    break;
                }
                _ => {}
            }
        }
        context.cancel.cancel();
        running.tidy();
        // What it wrote is in its log file when it is said to be stopped; a full disk does not keep it from that.
        context.shared.output.flush(LOGGED);
        context.tell(RunInput::Empty);
    })?;
    Ok(gate)
}

fn lost(context: &Context, running: &Running, processes: usize) {
    context.event(Happened::KeeperLost { processes });
    let error = Error::new(Kind::KeeperLost, format!("the keeper of `{}` was killed", context.name()))
        .fact("left", format!("{processes} processes, which are killed"));
    context.tell(RunInput::KeeperLost(error));
    // What cannot be killed now is tried again: nothing may be started beside it.
    while running.keeper.kill_remains(REMAINS).is_err() {
        std::thread::sleep(REMAINS);
    }
}

fn exited(context: &Context, running: &Running, status: std::process::ExitStatus) {
    let deadline = Instant::now() + LAST_WORDS;
    for reading in &running.readings {
        reading.wait(deadline.saturating_duration_since(Instant::now()));
    }
    let exit = Exit::new(status, &context.shared.spec.run);
    let is = |flag: &AtomicBool| flag.load(Ordering::Acquire);
    let exit = match (is(&running.asked), is(&running.overdue)) {
        (_, true) => exit,
        (true, false) => exit.when_asked(),
        (false, false) => exit.for_memory(running.oom.has_killed()),
    };
    let tail = running.tail(&context.shared.output);
    context.tell(explain(context, running, exit, &tail));
}

/// Why it ended, as far as can be told, and what another run would bring.
fn explain(context: &Context, running: &Running, exit: Exit, tail: &[Line]) -> RunInput {
    let (name, early) = (context.name(), !running.is_proved());
    let program = context.shared.view().program.clone().filter(|_| early);
    let log = || tail.iter().map(|line| line.text.clone());
    if let Some((program, why)) = program.and_then(|program| {
        let why = diagnose(&program, None, Some(&exit), tail)?;
        Some((program, why))
    }) {
        let failure = unstarted(name, &program, why);
        return RunInput::Exited(exit.not_loaded(), failure.hope, failure.error.log(log()));
    }
    let (kind, when) = if early { (Kind::ExitedEarly, " before it was ready") } else { (Kind::Exited, "") };
    let error = Error::new(kind, format!("`{name}` {exit}{when}")).log(log());
    let lease = context.shared.spec.run.port == Port::Lease;
    if lease && early && exit.reason != ExitReason::Clean && tail.iter().any(|line| is_taken(&line.text)) {
        return RunInput::Exited(exit, Hope::OtherPort, error.fact("reason", "its port was taken meanwhile"));
    }
    RunInput::Exited(exit, Hope::Some, error)
}

/// Whether a line says that a port is taken: the system's words in C, Node, Go, Python, Java and on Windows.
fn is_taken(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    [
        "address already in use",
        "address in use",
        "eaddrinuse",
        "only one usage of each socket address",
        "wsaeacces",
    ]
    .iter()
    .any(|words| line.contains(words))
}

#[cfg(test)]
mod tests {
    use super::is_taken;

    #[test]
    fn a_taken_port_is_heard_in_many_languages() {
        for line in [
            "Error: listen EADDRINUSE: address already in use 127.0.0.1:4000",
            "OSError: [Errno 98] Address already in use",
            "listen tcp 127.0.0.1:4000: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.",
        ] {
            assert!(is_taken(line), "{line}");
        }
        assert!(!is_taken("listening on 4000"));
    }
}
