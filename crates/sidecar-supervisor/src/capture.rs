//! A sidecar's program, run once for its output.

mod runs;

use std::io::{PipeReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde::Serialize;
use sidecar_keeper::{Event, Keeper};

use crate::app::{App, Shared};
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::launch::{self, Purpose};
use crate::reply::Reply;
use crate::run;
use runs::Registered;
pub(crate) use runs::Runs;

/// Of each stream so much is kept.
const KEPT: u64 = 16 << 20;

/// How long a tree that was killed may take to end.
const KILLED: Duration = Duration::from_secs(10);

/// What a program wrote, and how it ended.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Captured {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
    /// Whether it wrote more than is kept.
    pub cut: bool,
}

/// Runs it in a thread of its own.
pub(crate) fn begin(
    app: &Arc<App>,
    shared: &Arc<Shared>,
    args: Vec<String>,
    stdin: Vec<u8>,
    timeout: Duration,
) -> Reply<Captured> {
    let (answer, reply) = Reply::new();
    // Here and not in the thread: a stop that is asked for after this ends it.
    let registered = Runs::register(app, &shared.name);
    let (app, theirs) = (Arc::clone(app), Arc::clone(shared));
    let started = run::thread(&shared.name, "once", move || {
        answer(once(&app, &theirs, &args, stdin, timeout, &registered));
    });
    match started {
        Ok(()) => reply,
        Err(error) => Reply::known(Err(error)),
    }
}

fn once(
    app: &App,
    shared: &Shared,
    args: &[String],
    stdin: Vec<u8>,
    timeout: Duration,
    registered: &Registered,
) -> Result<Captured> {
    let name = &shared.name;
    // After it was registered: whoever latches ends what is registered by then, and this sees the rest.
    if app.latched.load(Ordering::Acquire) {
        registered.end(Kind::Updating);
    }
    registered.check()?;
    let purpose = Purpose::Once(args);
    let prepared =
        launch::prepare(app, shared, purpose, registered.cancel()).map_err(|failure| failure.error);
    registered.check()?;
    let prepared = prepared?;
    let (program, _token_file) = (prepared.program, prepared.token_file);
    // An update waits for its file, too.
    shared.view().program.get_or_insert_with(|| program.clone());
    let mut keeper =
        Keeper::spawn(prepared.launch).map_err(|error| run::refused(name, &program, &error).error)?;
    let (input, out, err) = (keeper.stdin.take(), keeper.stdout.take(), keeper.stderr.take());
    let keeper = registered.runs(keeper);
    if let Some(mut pipe) = input {
        // It may end without reading all of it, which is no failure.
        run::thread(name, "in", move || drop(pipe.write_all(&stdin)))?;
    }
    let stdout = collect(name, out)?;
    let stderr = collect(name, err)?;
    let ended = wait(&keeper, timeout, registered);
    let [(stdout, more), (stderr, most)] = [stdout, stderr].map(|stream| stream.recv().unwrap_or_default());
    let ended = ended.inspect_err(|error| registered.remains(error))?;
    registered.check()?;
    let Some(status) = ended else {
        let error = Error::new(Kind::Timeout, format!("the program of `{name}` did not end"))
            .fact("waited", format!("{} ms", timeout.as_millis()));
        let text = String::from_utf8_lossy(&stderr).into_owned();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        return Err(error.log(lines.into_iter().rev().take(20).collect::<Vec<_>>().into_iter().rev()));
    };
    Ok(Captured { exit: Exit::new(status, &shared.spec.run), stdout, stderr, cut: more || most })
}

/// Waits for its end, and for that of its tree; `None` when it had to be killed.
fn wait(
    keeper: &Keeper,
    timeout: Duration,
    registered: &Registered,
) -> Result<Option<std::process::ExitStatus>> {
    let failed = |error: &sidecar_keeper::Error| Error::new(Kind::Io, error.headline());
    let mut deadline = Instant::now().checked_add(timeout);
    let (mut status, mut killed) = (None, false);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match keeper.next_event(left).map_err(|error| failed(&error))? {
            Some(Event::Exited(ended)) => {
                // Too late is too late, also when it ends before the kill reaches it.
                status = Some(ended).filter(|_| !killed);
                let _ = keeper.kill();
                deadline = Instant::now().checked_add(KILLED);
            }
            Some(Event::TreeEmpty) => return Ok(status),
            Some(Event::KeeperLost(_)) => {
                let _ = keeper.kill_remains(KILLED);
                return Err(Error::new(Kind::KeeperLost, "the keeper of a program was killed"));
            }
            // The answer to a question that is asked to wake this up.
            Some(_) if registered.cancel().is_cancelled() && !killed => {
                killed = true;
                deadline = Instant::now().checked_add(KILLED);
            }
            Some(_) => {}
            None if killed || status.is_some() => {
                return Err(Error::new(Kind::Timeout, "processes of a program cannot be killed"));
            }
            None => {
                killed = true;
                let _ = keeper.kill();
                deadline = Instant::now().checked_add(KILLED);
            }
        }
    }
}

/// Reads a stream to its end, and keeps the beginning of it.
fn collect(name: &str, pipe: Option<PipeReader>) -> Result<Receiver<(Vec<u8>, bool)>> {
    let (sender, receiver) = channel();
    if let Some(mut pipe) = pipe {
        run::thread(name, "out", move || {
            let mut kept = Vec::new();
            // What cannot be read is missing at the end, as what was never written.
            let _ = pipe.by_ref().take(KEPT).read_to_end(&mut kept);
            let more = std::io::copy(&mut pipe, &mut std::io::sink()).unwrap_or(0) > 0;
            let _ = sender.send((kept, more));
        })?;
    }
    Ok(receiver)
}
