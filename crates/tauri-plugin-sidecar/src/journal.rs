//! What happens to sidecars, in the app's log.

use std::io;
use std::thread::{self, JoinHandle};

use log::Level;
use sidecar_supervisor::{Event, Happened, Supervisor, Told};

/// Logs every event, in a thread that ends with the supervisor.
pub(crate) fn keep(supervisor: &Supervisor) -> io::Result<JoinHandle<()>> {
    let mut events = supervisor.events();
    let listen = move || {
        while let Some(told) = events.wait() {
            match told {
                Told::Event(event) => {
                    let (level, text) = told_as(&event);
                    tell(level, &text);
                }
                Told::Missed(count) => {
                    tell(Level::Warn, &format!("{count} events of sidecars came too fast to be logged"));
                }
                _ => {}
            }
        }
    };
    thread::Builder::new().name("sidecar-journal".into()).spawn(listen)
}

/// Logs it. Many apps have no logger while they are developed: there, what went wrong is printed.
pub(crate) fn tell(level: Level, text: &str) {
    log::log!(level, "{text}");
    #[expect(clippy::print_stderr, reason = "for the developer")]
    if cfg!(debug_assertions) && level <= Level::Warn && !log::log_enabled!(level) {
        eprintln!("{}: {text}", level.as_str().to_lowercase());
    }
}

/// How important it is, and a sentence.
fn told_as(event: &Event) -> (Level, String) {
    let (level, text) = match &event.what {
        Happened::State { state } => (Level::Debug, format!("is {state}")),
        Happened::Launched { pid } => (Level::Info, format!("runs as process {pid} (run {})", event.run)),
        Happened::Port { port } => (Level::Debug, format!("has port {port}")),
        Happened::PortAgain { port } => {
            (Level::Warn, format!("announced another port, {port}; its first one counts"))
        }
        Happened::Exited { exit } => (Level::Info, exit.to_string()),
        Happened::Unasked { reason } => (Level::Warn, format!("could not be asked to stop: {reason}")),
        Happened::StopBlocked { processes } => {
            let who: Vec<String> = processes
                .iter()
                .map(|blocker| format!("{} ({})", blocker.pid, blocker.name.as_deref().unwrap_or("?")))
                .collect();
            (Level::Warn, format!("did not stop in time, and is killed: {}", who.join(", ")))
        }
        Happened::KeeperLost { .. } => (Level::Warn, "lost its keeper".into()),
        Happened::Restart { after, attempt, error } => {
            (Level::Warn, format!("is started again in {after} ms (attempt {attempt}): {error}"))
        }
        // Its sentence names the sidecar.
        Happened::Failed { error } => return (Level::Error, error.to_string()),
        Happened::Unlimited { limits } => (Level::Warn, format!("is not limited in {}", limits.join(", "))),
        other => (Level::Debug, format!("{other:?}")),
    };
    (level, format!("sidecar `{}` {text}", event.sidecar))
}

#[cfg(test)]
mod tests {
    use sidecar_supervisor::{Spec, Supervisor};

    use super::*;

    #[test]
    fn the_thread_ends_with_the_supervisor() {
        let dir = tempfile::tempdir().unwrap();
        let supervisor = Supervisor::builder(Spec::default(), dir.path()).build().unwrap();
        let journal = keep(&supervisor).unwrap();
        drop(supervisor);
        journal.join().unwrap();
    }
}
