//! The field of a case: one app, watched from outside, and a look for survivors.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::os;

pub(crate) use crate::os::carrying;

/// Nothing here takes longer, on the slowest machine. A program for Windows takes its time to start where wine runs it.
pub(crate) const LIMIT: Duration = Duration::from_secs(if cfg!(windows) { 60 } else { 20 });

/// An id that no other process of this machine has in its arguments.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("storm-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
        + &format!(
            "-{:x}z",
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()
        )
}

/// The variable by which zygote and keeper are recognised: they hide their arguments.
pub(crate) const ID: &str = "SIDECAR_STORM_ID";

/// Waits until no process carries the marker: how long it took since `start`. Three looks in a row must be empty, as one is
/// no snapshot.
pub(crate) fn gone(marker: &str, start: Instant, limit: Duration) -> Duration {
    let mut first = None;
    let mut empty = 0;
    loop {
        let left = carrying(marker);
        if left.is_empty() {
            first = first.or(Some(start.elapsed()));
            empty += 1;
            if let (Some(first), 3) = (first, empty) {
                return first;
            }
        } else {
            (first, empty) = (None, 0);
        }
        if start.elapsed() > limit {
            let lines: Vec<String> =
                left.iter().map(|pid| format!("{pid} {}", os::described(*pid))).collect();
            // They carry this case's marker: they are ours.
            for pid in &left {
                os::finish(*pid);
            }
            panic!("{} survivors after {limit:?}:\n{}", left.len(), lines.join("\n").replace('\0', " "));
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// An app with one sidecar.
pub(crate) struct Field {
    pub(crate) id: String,
    pub(crate) app: Child,
    pub(crate) keeper: u32,
    pub(crate) leader: u32,
    stdin: Option<ChildStdin>,
    lines: Receiver<(Instant, String)>,
    pub(crate) seen: Vec<String>,
}

impl Field {
    /// Starts the app and does not wait.
    pub(crate) fn begin(role: &str, settings: &[&str], flags: &[&str]) -> Self {
        let id = unique();
        let mut app = Command::new(std::env::current_exe().unwrap())
            .args([role, &id])
            .env(ID, &id)
            .args(os::settings(&id))
            .args(settings)
            .arg("--")
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let output = BufReader::new(app.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = send.send((Instant::now(), line));
            }
        });
        let stdin = app.stdin.take();
        Self { id, app, keeper: 0, leader: 0, stdin, lines, seen: Vec::new() }
    }

    /// Starts the app and waits until the sidecar and all its processes are up.
    pub(crate) fn up(settings: &[&str], flags: &[&str]) -> Self {
        Self::up_as("app", settings, flags)
    }

    pub(crate) fn up_as(role: &str, settings: &[&str], flags: &[&str]) -> Self {
        let mut this = Self::begin(role, settings, flags);
        this.pids();
        this
    }

    /// Waits until a sidecar is up.
    pub(crate) fn pids(&mut self) {
        let (_, pids) = self.line("pids ");
        let mut pids = pids.split(' ').map(|pid| pid.parse().unwrap());
        (self.keeper, self.leader) = (pids.next().unwrap(), pids.next().unwrap());
        self.line("up");
    }

    /// The rest of the next line that begins so, and when it came.
    pub(crate) fn line(&mut self, start: &str) -> (Instant, String) {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((when, line)) => {
                    self.seen.push(line.clone());
                    if let Some(rest) = line.strip_prefix(start) {
                        return (when, rest.to_owned());
                    }
                }
                Err(why) => {
                    let what =
                        if why == RecvTimeoutError::Timeout { "in time" } else { "before the app ended" };
                    panic!("no line `{start}` {what}; there were {:?}", self.seen);
                }
            }
        }
    }

    pub(crate) fn tell(&mut self, command: &str) -> Instant {
        let now = Instant::now();
        writeln!(self.stdin.as_mut().unwrap(), "{command}").unwrap();
        now
    }

    /// What only the sidecar's processes carry.
    #[cfg(not(windows))]
    pub(crate) fn sidecar(&self) -> String {
        format!("car:{}", self.id)
    }

    /// Kills the app and reaps it: how long it took until nothing of it and its sidecar was left.
    pub(crate) fn kill_app(&mut self) -> Duration {
        let start = Instant::now();
        self.app.kill().unwrap();
        self.app.wait().unwrap();
        gone(&self.id, start, LIMIT)
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        let _ = self.app.kill();
        let _ = self.app.wait();
    }
}

/// A few figures of a series.
pub(crate) fn figures(series: &mut [Duration]) -> String {
    series.sort_unstable();
    let at = |percent: usize| series[(series.len() * percent).div_ceil(100).clamp(1, series.len()) - 1];
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    format!("n {}, p50 {} ms, p99 {} ms, max {} ms", series.len(), ms(at(50)), ms(at(99)), ms(at(100)))
}
