//! From the app to its zygote.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command as Program, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::channel::{self, Channel};
use super::keep::App;
use super::line::Line;
use super::raw::{self, NeverUnwind};
use super::{group, os, proc, socket, zygote};
use crate::env;
use crate::error::{Error, Kind, Result};
use crate::process::ProcessId;
use crate::protocol::{Command, PACKET, Report};
use crate::scope::{Missing, Scope};

/// How long the zygote may take to say hello: a re-executed program with many libraries on a slow disk loads for seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The app's end. The zygote ends when it is closed, which the system does when the app ends.
struct Zygote {
    control: Line,
}

/// A pipe that nothing is ever written to, one for all zygotes and keepers: they end when the app's end of it is closed,
/// also those of a zygote that was replaced.
static LIFE: OnceLock<(PipeReader, PipeWriter)> = OnceLock::new();

/// What a try to have a zygote came to.
type Tried = std::result::Result<Arc<Zygote>, Missing>;

/// What `init` came to, or what the zygote was replaced by; empty until `init` is called.
static ZYGOTE: Mutex<Option<Tried>> = Mutex::new(None);

/// Held by who starts a zygote, so that there is one.
static STARTING: Mutex<()> = Mutex::new(());

pub(crate) fn init() -> Scope {
    if let Some(app) = meant_as_zygote() {
        become_zygote(app);
    }
    let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if now().is_none() {
        set(first());
    }
    drop(starting);
    scope()
}

pub(crate) fn scope() -> Scope {
    match now() {
        None => os::without_keeper(Missing::Init),
        Some(Err(missing)) => os::without_keeper(missing),
        Some(Ok(zygote)) if zygote.is_gone() => os::without_keeper(Missing::Zygote),
        Some(Ok(_)) => os::SCOPE,
    }
}

fn now() -> Option<Tried> {
    ZYGOTE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set(tried: Tried) {
    *ZYGOTE.lock().unwrap_or_else(PoisonError::into_inner) = Some(tried);
}

/// The zygote; in the place of one that ended a new one, for which this program is executed again: it has said by then that
/// it calls `init`.
fn living() -> Tried {
    match now() {
        Some(Ok(zygote)) if !zygote.is_gone() => return Ok(zygote),
        Some(Ok(_)) => {}
        Some(Err(missing)) => return Err(missing),
        None => return Err(Missing::Init),
    }
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    match now() {
        // Another thread was faster.
        Some(Ok(zygote)) if !zygote.is_gone() => Ok(zygote),
        Some(Err(missing)) => Err(missing),
        _ => {
            let tried = by_execution();
            // The system may have room at the next launch. A program that did not come as far as `init` is not executed
            // once more: perhaps it ran as a second app.
            if !matches!(tried, Err(Missing::Failed(_))) {
                set(tried.clone());
            }
            tried
        }
    }
}

/// Asks the zygote for a keeper, and gives the line to it; where there is no zygote, the keeper is a thread.
pub(crate) fn open_keeper() -> Result<Channel> {
    let gone = || Error::new(Kind::KeeperUnavailable, "the zygote, which forks keepers, was just killed");
    let failed = |e: &io::Error| Error::io(Kind::KeeperUnavailable, "no line to a keeper", e);
    let Ok(zygote) = living() else {
        let opened = group::open().map_err(|e| failed(&e))?;
        return Ok(Channel::Thread(opened.0, opened.1));
    };
    let (ours, theirs) = Line::pair().map_err(|e| failed(&e))?;
    match channel::send(&zygote.control, &Command::Fork.encode(), &[&theirs], Instant::now() + PATIENCE) {
        Ok(()) => {
            ours.hold(theirs);
            Ok(Channel::Process(ours))
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Err(Error::new(Kind::KeeperSilent, "the zygote, which forks keepers, does not listen"))
        }
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(gone()),
        Err(error) => Err(failed(&error)),
    }
}

/// The first zygote: a fork of this process where that is safe, which it is while no other thread runs its code.
fn first() -> Tried {
    proc::world().ok_or(Missing::Proc)?;
    if !proc::is_alone().ok_or(Missing::Proc)? {
        return by_execution();
    }
    let (zygote, app) = ends()?;
    fork(app)?;
    zygote.greet()?;
    Ok(Arc::new(zygote))
}

/// A zygote that is this program, executed once more.
fn by_execution() -> Tried {
    let (zygote, app) = ends()?;
    let mut child = execute(app).map_err(|e| failed(&e))?;
    let greeted = zygote.greet();
    if greeted.is_err() {
        // The program did not come as far as `init`: perhaps it runs as the app once more.
        let _ = child.kill();
    }
    // It forked once more and ended.
    let _ = child.wait();
    greeted.map(|()| Arc::new(zygote))
}

/// The two sides of a zygote.
fn ends() -> std::result::Result<(Zygote, App), Missing> {
    let (control, theirs) = Line::pair().map_err(|e| failed(&e))?;
    if LIFE.get().is_none() {
        // Who calls this holds `STARTING`.
        let _ = LIFE.set(io::pipe().map_err(|e| failed(&e))?);
    }
    let life = LIFE.get().ok_or(Missing::Failed(libc::EBADF))?.0.try_clone().map_err(|e| failed(&e))?;
    // Read by the app itself, so that it is nobody else's, whenever it is compared.
    let process = proc::identity(std::process::id()).ok_or(Missing::Proc)?;
    let app = App::new(theirs.into(), life.into(), process);
    Ok((Zygote { control }, app))
}

fn failed(error: &io::Error) -> Missing {
    Missing::Failed(error.raw_os_error().unwrap_or(libc::EIO))
}

impl Zygote {
    /// Whether the other side is gone: the zygote says nothing after hello.
    fn is_gone(&self) -> bool {
        let mut waited = [socket::Waited::to_read(Some(self.control.as_fd()))];
        socket::wait(&mut waited, 0);
        waited[0].is_there()
    }

    /// Waits for its hello.
    fn greet(&self) -> std::result::Result<(), Missing> {
        let mut packet = [0; PACKET];
        let length = channel::receive(&self.control, &mut packet, Some(Instant::now() + PATIENCE))
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
    Program::new(os::own_program()?)
        .arg0(std::env::args_os().next().unwrap_or_else(|| "sidecar-zygote".into()))
        .arg(env::ZYGOTE)
        .env(env::ZYGOTE, format!("{} {}", app.process.pid, app.process.start))
        .stdin(Stdio::from(OwnedFd::from(app.control)))
        .stdout(Stdio::from(app.life))
        .stderr(Stdio::null())
        .spawn()
}

/// Whether this process was executed as the zygote: variable and argument say so, and the streams are what it is given.
fn meant_as_zygote() -> Option<App> {
    let value = env::var(env::ZYGOTE)?;
    let (pid, start) = value.to_str()?.split_once(' ')?;
    let process = ProcessId { pid: pid.parse().ok()?, start: start.parse().ok()? };
    let marked = std::env::args_os().nth(1).is_some_and(|arg| arg == env::ZYGOTE);
    let (control, life) = (io::stdin(), io::stdout());
    if !marked || !Line::is_end(control.as_fd()) {
        return None;
    }
    let copy = |stream: BorrowedFd<'_>| raw::copy_above(stream, 3).ok();
    Some(App::new(copy(control.as_fd())?.into(), copy(life.as_fd())?, process))
}

/// Becomes the zygote, or ends: this process is never the app.
fn become_zygote(app: App) -> ! {
    let _never = NeverUnwind;
    // Something started threads before this line here, too.
    if proc::is_alone() != Some(true) {
        let _ = app.control.send(&Report::Refused(libc::EAGAIN).encode(), &[]);
        raw::exit(1);
    }
    twice(app)
}
