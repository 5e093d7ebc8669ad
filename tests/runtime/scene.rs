//! What a story plays in: a data directory, and a supervisor whose sidecars are the misbehaving one.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sidecar_supervisor::{Builder, Event, Happened, Sidecar, State, Supervisor, Told};
use tempfile::TempDir;

/// No story waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Scene {
    pub(crate) supervisor: Supervisor,
    events: Receiver<Event>,
    pub(crate) dir: TempDir,
}

/// The `run` table of the misbehaving sidecar with these flags.
pub(crate) fn misbehave(flags: &[&str]) -> Value {
    json!({ "program": { "path": program() }, "args": flags, "stop": { "grace": "2s" } })
}

/// Where the misbehaving sidecar lies.
pub(crate) fn program() -> String {
    let path = env!("CARGO_BIN_EXE_misbehave");
    // Built on another system, and run by wine: that system's root is a drive.
    let drive = if cfg!(windows) && path.starts_with('/') { "Z:" } else { "" };
    format!("{drive}{path}")
}

/// `base` with the keys of `more`.
pub(crate) fn with(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("a table") };
    base.as_object_mut().unwrap().extend(more);
    base
}

/// The text of a spec of these `run` tables.
pub(crate) fn spec(sidecars: &[(&str, Value)]) -> String {
    let sidecars: serde_json::Map<String, Value> =
        sidecars.iter().map(|(name, run)| ((*name).to_owned(), json!({ "run": run }))).collect();
    json!({ "spec": 1, "sidecars": sidecars }).to_string()
}

impl Scene {
    pub(crate) fn of(sidecars: &[(&str, Value)]) -> Self {
        Self::built(sidecars, |builder, _| builder)
    }

    /// One sidecar, called `it`.
    pub(crate) fn one(run: Value) -> Self {
        Self::of(&[("it", run)])
    }

    pub(crate) fn built(sidecars: &[(&str, Value)], change: impl FnOnce(Builder, &Path) -> Builder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let builder = Supervisor::from_json(&spec(sidecars), dir.path().join("data")).unwrap();
        let supervisor = change(builder, dir.path()).build().unwrap();
        let mut listener = supervisor.events();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            while let Some(told) = listener.wait() {
                let Told::Event(event) = told else { panic!("events were missed") };
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Self { supervisor, events, dir }
    }

    pub(crate) fn it(&self) -> Sidecar {
        self.supervisor.sidecar("it").unwrap()
    }

    pub(crate) fn sidecar(&self, name: &str) -> Sidecar {
        self.supervisor.sidecar(name).unwrap()
    }

    /// Waits for an event that `wanted` makes something of; what comes before it is dropped.
    pub(crate) fn until<T>(&self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) => match wanted(&event) {
                    Some(found) => return found,
                    None => seen.push(event),
                },
                Err(RecvTimeoutError::Timeout) => panic!("it did not happen; what did: {seen:#?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the events ended: {seen:#?}"),
            }
        }
    }

    /// Waits until `name` is in a state.
    pub(crate) fn until_state(&self, name: &str, state: State) {
        self.until(|event| {
            let is_it = event.sidecar == name;
            matches!(event.what, Happened::State { state: now } if is_it && now == state).then_some(())
        });
    }

    /// The states of a sidecar so far, in order.
    pub(crate) fn states(&self, name: &str) -> Vec<State> {
        // Answers and events come over different ways: the last may be a moment behind.
        std::thread::sleep(Duration::from_millis(50));
        let events = self.events.try_iter().filter(|event| event.sidecar == name);
        events
            .filter_map(|event| match event.what {
                Happened::State { state } => Some(state),
                _ => None,
            })
            .collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Also where a story fails, nothing is left.
        let _ = self.supervisor.stop_all().wait();
    }
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process lives.
pub(crate) fn lives(pid: u32) -> bool {
    sidecar_keeper::ProcessId::of(pid).is_some_and(sidecar_keeper::ProcessId::is_alive)
}

/// The lines that a sidecar wrote.
pub(crate) fn lines(sidecar: &Sidecar) -> Vec<String> {
    sidecar.tail(1000).into_iter().map(|line| line.text).collect()
}
