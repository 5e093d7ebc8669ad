//! From the app to its zygote.

use std::io::{self, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command as Program, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::keep::App;
use super::raw::{self, NeverUnwind};
use super::{Channel, proc, socket, zygote};
use crate::env;
use crate::error::{Error, Kind, Result};
use crate::protocol::{Command, PACKET, Report};
use crate::scope::{Missing, Scope};

/// How long the zygote may take to say hello: a re-executed program with many libraries on a slow disk loads for seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The app's ends. The zygote ends when they are closed, which the system does when the app ends.
struct Zygote {
    control: Channel,
    _life: PipeWriter,
}

static ZYGOTE: OnceLock<std::result::Result<Zygote, Missing>> = OnceLock::new();

pub(crate) fn init() -> Scope {
    if let Some(app) = meant_as_zygote() {
        become_zygote(app);
    }
    scope_of(ZYGOTE.get_or_init(start))
}

pub(crate) fn scope() -> Scope {
    ZYGOTE.get().map_or(Scope::Nothing(Missing::Init), scope_of)
}

fn scope_of(zygote: &std::result::Result<Zygote, Missing>) -> Scope {
    match zygote {
        Err(missing) => Scope::Nothing(*missing),
        Ok(zygote) if is_closed(&zygote.control) => Scope::Nothing(Missing::Zygote),
        Ok(_) => Scope::WholeTree,
    }
}

/// Whether the other side is gone: the zygote says nothing after hello.
fn is_closed(channel: &Channel) -> bool {
    let mut waited = [socket::Waited::to_read(Some(channel.0.as_fd()))];
    socket::wait(&mut waited, 0);
    waited[0].is_there()
}

/// Asks the zygote for a keeper, and gives the line to it.
pub(crate) fn open_keeper() -> Result<Channel> {
    let gone = || {
        Error::new(Kind::KeeperUnavailable, "the zygote, which forks keepers, is gone")
            .help("restart the app")
    };
    let Some(Ok(zygote)) = ZYGOTE.get() else { return Err(gone()) };
    let failed = |e: &io::Error| Error::io(Kind::KeeperUnavailable, "no line to a keeper", e);
    let (ours, theirs) = socket::pair().map_err(|e| failed(&e))?;
    match zygote.control.send(&Command::Fork.encode(), &[&theirs], Instant::now() + PATIENCE) {
        Ok(()) => Ok(Channel(ours)),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Err(Error::new(Kind::KeeperSilent, "the zygote, which forks keepers, does not listen"))
        }
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(gone()),
        Err(error) => Err(failed(&error)),
    }
}

fn start() -> std::result::Result<Zygote, Missing> {
    let threads = proc::threads().ok_or(Missing::Proc)?;
    proc::world().ok_or(Missing::Proc)?;
    let (control, theirs) = socket::pair().map_err(|e| failed(&e))?;
    let (life, ours) = io::pipe().map_err(|e| failed(&e))?;
    let app = App { control: theirs, life: life.into() };
    let zygote = Zygote { control: Channel(control), _life: ours };
    if threads == 1 {
        fork(app)?;
        zygote.greet().map(|()| zygote)
    } else {
        let mut child = execute(app).map_err(|e| failed(&e))?;
        let greeted = zygote.greet();
        if greeted.is_err() {
            // The program did not come as far as `init`: perhaps it runs as the app once more.
            let _ = child.kill();
        }
        // It forked once more and ended.
        let _ = child.wait();
        greeted.map(|()| zygote)
    }
}

fn failed(error: &io::Error) -> Missing {
    Missing::Failed(error.raw_os_error().unwrap_or(libc::EIO))
}

impl Zygote {
    /// Waits for its hello.
    fn greet(&self) -> std::result::Result<(), Missing> {
        let mut packet = [0; PACKET];
        let length = self
            .control
            .receive(&mut packet, Some(Instant::now() + PATIENCE))
            .map_err(|_| Missing::Zygote)?;
        match packet.get(..length).map(Report::decode) {
            Some(Ok(Report::Hello(_))) => Ok(()),
            Some(Ok(Report::Refused(_))) => Err(Missing::Threads),
            _ => Err(Missing::Zygote),
        }
    }
}

/// Forks twice, so that the zygote is no child of the app: an app that waits for all its children would wait for ever.
fn fork(app: App) -> std::result::Result<(), Missing> {
    match raw::fork() {
        Ok(Some(between)) => {
            raw::wait_for(between);
            Ok(())
        }
        Ok(None) => {
            let _never = NeverUnwind;
            twice(app)
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Forks again and lets the process between end; the new one is the zygote.
fn twice(app: App) -> ! {
    match raw::fork() {
        Ok(None) => zygote::run(app),
        Ok(Some(_)) => raw::exit(0),
        Err(_) => raw::exit(1),
    }
}

/// Executes this program again, as the zygote. Threads may run: std forks and executes without touching their locks.
fn execute(app: App) -> io::Result<Child> {
    Program::new("/proc/self/exe")
        .arg0(std::env::args_os().next().unwrap_or_else(|| "sidecar-zygote".into()))
        .arg(env::ZYGOTE)
        .env(env::ZYGOTE, "1")
        .stdin(Stdio::from(app.control))
        .stdout(Stdio::from(app.life))
        .stderr(Stdio::null())
        .spawn()
}

/// Whether this process was executed as the zygote: variable and argument say so, and the streams are what it is given.
fn meant_as_zygote() -> Option<App> {
    env::var(env::ZYGOTE)?;
    let marked = std::env::args_os().nth(1).is_some_and(|arg| arg == env::ZYGOTE);
    let (control, life) = (io::stdin(), io::stdout());
    if !marked || !socket::is_packet_socket(control.as_fd()) {
        return None;
    }
    let copy = |stream: BorrowedFd<'_>| raw::copy_above(stream, 3).ok();
    Some(App { control: copy(control.as_fd())?, life: copy(life.as_fd())? })
}

/// Becomes the zygote, or ends: this process is never the app.
fn become_zygote(app: App) -> ! {
    let _never = NeverUnwind;
    // Something started threads before main here, too.
    if proc::threads() != Some(1) {
        let _ = socket::send(app.control.as_fd(), &Report::Refused(libc::EAGAIN).encode(), &[]);
        raw::exit(1);
    }
    twice(app)
}
