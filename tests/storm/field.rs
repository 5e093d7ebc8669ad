//! The field of a case: an app with its sidecars, watched from outside.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::look::{ID, LIMIT, gone, parent, unique};

/// The sidecar that does what flags say.
pub(crate) const MISBEHAVE: &str = env!("CARGO_BIN_EXE_misbehave");

/// The name of the one sidecar, where there is one.
pub(crate) const CAR: &str = "car";

/// An app that runs.
pub(crate) struct Field {
    pub(crate) id: String,
    pub(crate) app: Child,
    dir: TempDir,
    stdin: Option<ChildStdin>,
    lines: Receiver<(Instant, String)>,
    pub(crate) seen: Vec<String>,
}

/// What an app is to be, before it starts.
pub(crate) struct Scene {
    pub(crate) id: String,
    dir: TempDir,
    data: PathBuf,
    sidecars: serde_json::Map<String, Value>,
    settings: Vec<String>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let id = unique();
        let dir = tempfile::Builder::new().prefix(&format!("{id}-")).tempdir().unwrap();
        let data = dir.path().join("data");
        Self { id, dir, data, sidecars: serde_json::Map::new(), settings: Vec::new() }
    }

    /// An app with one sidecar, that misbehaves.
    pub(crate) fn with(run: Value, flags: &[&str]) -> Self {
        let scene = Self::new();
        let run = scene.misbehaving(run, flags);
        scene.sidecar(CAR, &run)
    }

    /// The `run` table of a sidecar that misbehaves. All that it forks carries the scene's id in its arguments.
    pub(crate) fn misbehaving(&self, mut run: Value, flags: &[&str]) -> Value {
        let marker = format!("--marker={}", self.id);
        let args: Vec<&str> = std::iter::once(marker.as_str()).chain(flags.iter().copied()).collect();
        run["program"] = serde_json::json!({ "path": MISBEHAVE });
        run["args"] = args.into();
        run
    }

    pub(crate) fn sidecar(mut self, name: &str, run: &Value) -> Self {
        self.sidecars.insert(name.to_owned(), serde_json::json!({ "run": run }));
        self
    }

    /// The app's data is where another's is: two instances of one app.
    pub(crate) fn data(mut self, data: PathBuf) -> Self {
        self.data = data;
        self
    }

    pub(crate) fn setting(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// A directory of this app alone.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts the app, and does not wait.
    pub(crate) fn begin(self) -> Field {
        self.begin_by(Command::new(std::env::current_exe().unwrap()))
    }

    /// Starts the app by a command that executes what its arguments say.
    pub(crate) fn begin_by(self, mut command: Command) -> Field {
        let Self { id, dir, data, sidecars, settings } = self;
        let spec = dir.path().join("spec.json");
        let text = serde_json::json!({ "spec": 1, "sidecars": sidecars }).to_string();
        std::fs::write(&spec, text).unwrap();
        let mut app = command
            .arg("app")
            .args([&spec, &data])
            .args(settings)
            .env(ID, &id)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let output = BufReader::new(app.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A terminal ends its lines with both.
                let _ = send.send((Instant::now(), line.trim_end_matches('\r').to_owned()));
            }
        });
        let stdin = app.stdin.take();
        Field { id, app, dir, stdin, lines, seen: Vec::new() }
    }

    /// Starts the app and its one sidecar, and waits until that is ready.
    pub(crate) fn ready(self) -> Field {
        let mut field = self.begin();
        field.start(CAR);
        field
    }
}

impl Field {
    /// The rest of the next line that begins so, and when it came.
    pub(crate) fn line(&mut self, start: &str) -> (Instant, String) {
        self.find(start, |line| line.strip_prefix(start).map(str::to_owned))
    }

    /// The next event for which this gives something.
    pub(crate) fn event<T>(&mut self, what: &str, is: impl Fn(&Value) -> Option<T>) -> (Instant, T) {
        self.find(what, |line| {
            let event = line.strip_prefix("event ")?;
            is(&serde_json::from_str(event).unwrap())
        })
    }

    fn find<T>(&mut self, what: &str, is: impl Fn(&str) -> Option<T>) -> (Instant, T) {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((when, line)) => {
                    let found = is(&line);
                    self.seen.push(line);
                    if let Some(found) = found {
                        return (when, found);
                    }
                }
                Err(why) => panic!("no `{what}` from the app ({why}); there was\n{}", self.seen.join("\n")),
            }
        }
    }

    /// Tells the app to do something.
    pub(crate) fn tell(&mut self, command: &str) -> Instant {
        let now = Instant::now();
        writeln!(self.stdin.as_mut().unwrap(), "{command}").unwrap();
        now
    }

    /// Starts a sidecar, and waits until it is ready: its port, or 0.
    pub(crate) fn start(&mut self, name: &str) -> u16 {
        self.tell(&format!("start {name}"));
        self.line(&format!("ready {name} ")).1.parse().unwrap()
    }

    /// Starts a sidecar, which fails: the code of the error.
    pub(crate) fn fails(&mut self, name: &str) -> String {
        self.tell(&format!("start {name}"));
        self.line(&format!("failed {name} ")).1
    }

    /// Stops a sidecar, and waits until it is stopped: when it was.
    pub(crate) fn stop(&mut self, name: &str) -> (Instant, Instant) {
        let told = self.tell(&format!("stop {name}"));
        (told, self.line(&format!("stopped {name}")).0)
    }

    /// The first process of a sidecar, of its newest run.
    pub(crate) fn leader(&mut self, name: &str) -> u32 {
        self.tell(&format!("pid {name}"));
        self.line(&format!("pid {name} ")).1.parse().unwrap()
    }

    /// The keeper of a sidecar.
    pub(crate) fn keeper(&mut self, name: &str) -> u32 {
        let leader = self.leader(name);
        parent(leader)
    }

    /// A path of this app alone.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Kills the app and reaps it: how long it took until nothing of it and its sidecars was left.
    pub(crate) fn kill_app(&mut self) -> Duration {
        let start = Instant::now();
        self.app.kill().unwrap();
        self.app.wait().unwrap();
        gone(&self.id, start)
    }

    /// Ends the app by the end of its input, at which it stops its sidecars: how long it took until nothing was left.
    pub(crate) fn close_app(&mut self) -> Duration {
        let start = Instant::now();
        drop(self.stdin.take());
        self.app.wait().unwrap();
        gone(&self.id, start)
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        let _ = self.app.kill();
        let _ = self.app.wait();
    }
}
