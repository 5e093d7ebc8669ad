//! `tauri dev` on an app: it settles, a `sync` that changes nothing does not restart it, one that does restarts it once.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use sidecar_tests::ReleaseServer;

use super::app::{App, GREETING, release};
use super::held;
use crate::error::{Error, Result};

/// How long a build may take; the first compiles the app's crate for development.
const BUILD: Duration = Duration::from_secs(240);
/// How long the app must stay as it is. The command gathers changes of files for a second, then builds within one more.
const QUIET: Duration = Duration::from_secs(5);

pub(super) fn settles(app: &App, tauri: &Path, server: &ReleaseServer) -> Result<()> {
    if !cfg!(unix) {
        held("tauri dev: left out, as only Unix ends a whole process group");
        return Ok(());
    }
    let before = app.build_script_runs();
    let session = Session::start(app.tauri(tauri, &["dev", "--no-dev-server-wait"]))?;
    session.greeted()?;
    session.stays("after its start")?;
    for _ in 0..3 {
        app.cargo(&["build", "--quiet", "--no-default-features"])?;
    }
    let runs = app.build_script_runs() - before;
    if runs != 1 {
        return Err(Error::new(format!("build.rs ran {runs} times in four builds that changed nothing")));
    }
    held("tauri dev settles: one run of build.rs in four builds, one start of the app");
    app.sidecar(&["sync"])?;
    session.stays("after a sync that changes nothing")?;
    held("tauri dev: a sync that changes nothing restarts nothing");
    server.release("acme/tool", release("tool", "1.1.0"));
    app.sidecar(&["update"])?;
    app.sidecar(&["sync"])?;
    session.greeted()?;
    session.stays("after one sync")?;
    held("tauri dev: a sync that changes a sidecar restarts the app once");
    Ok(())
}

/// A running `tauri dev`, with all that it started in a process group of its own.
struct Session {
    child: Child,
    lines: Receiver<String>,
}

impl Session {
    fn start(mut command: Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(Error::because("cannot run tauri dev"))?;
        let (sender, lines) = channel();
        if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
            pass_on(out, sender.clone());
            pass_on(err, sender);
        }
        Ok(Self { child, lines })
    }

    /// Waits until the app says that it runs.
    fn greeted(&self) -> Result<()> {
        let (end, mut said) = (Instant::now() + BUILD, String::new());
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(GREETING) => return Ok(()),
                Ok(line) => said.extend([&*line, "\n"]),
                Err(_) => return Err(Error::new(format!("tauri dev does not start the app\n{said}"))),
            }
        }
    }

    /// Checks that the app is not started again for a while.
    fn stays(&self, when: &str) -> Result<()> {
        let (end, mut said) = (Instant::now() + QUIET, String::new());
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(GREETING) => {
                    return Err(Error::new(format!("tauri dev starts the app once more {when}\n{said}")));
                }
                Ok(line) => said.extend([&*line, "\n"]),
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::new(format!("tauri dev ended {when}\n{said}")));
                }
            }
        }
    }
}

/// Sends each line of a stream on, until it ends.
fn pass_on(stream: impl Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(std::result::Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    });
}

impl Drop for Session {
    /// Ends the command, cargo and the app: nobody else is in their process group.
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Session> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Session::start(command)
    }

    #[test]
    fn an_app_that_never_says_it_runs_is_an_error_with_what_was_said() {
        let error = shell("echo error: no such thing").unwrap().greeted().unwrap_err().to_string();
        assert!(error.contains("error: no such thing"), "{error}");
    }

    #[test]
    fn a_second_start_is_an_error() {
        let session = shell(&format!("echo {GREETING}; echo rebuilding; echo {GREETING}; read x")).unwrap();
        session.greeted().unwrap();
        let error = session.stays("at once").unwrap_err().to_string();
        assert!(error.contains("once more at once") && error.contains("rebuilding"), "{error}");
    }
}
