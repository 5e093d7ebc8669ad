//! The app's end: a sidecar that runs under its keeper.

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};
use crate::launch::{Launch, Stdio};
use crate::ledger::{self, Entry};
use crate::process::ProcessId;
use crate::protocol::{Command, PACKET, PART, Report, Stage, Unreadable};
use crate::scope::{Missing, Scope, Unasked};
use crate::sys::{self, Channel, Descriptor};
use crate::usage::Usage;

/// How long a keeper may take to answer, and a program to be executed (its file may lie on a slow disk).
const PATIENCE: Duration = Duration::from_secs(10);

/// What happened to a sidecar.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The leader, which is the process that was started, ended. It is told at once, whoever still holds its output. Others
    /// of the tree may still run.
    Exited(ExitStatus),
    /// The answer to [`Keeper::query`]: every process of the tree, and whether there are more than are listed.
    Tree(Vec<ProcessId>, bool),
    /// The leader could not be asked to end, for this reason, so that no grace is granted and the tree is killed at once:
    /// nobody waits for what was not asked. Only on Windows, where a program without a console has nothing to be asked by.
    Unasked(Unasked),
    /// Nothing of the tree is left. The last event.
    TreeEmpty,
    /// The keeper ended before its tree: somebody killed it. What of the tree was known and is still alive is listed (the
    /// zygote is killing it, if it lives); [`Keeper::kill_remains`] makes sure. The last event.
    KeeperLost(Vec<ProcessId>),
}

/// A sidecar that runs under its keeper.
///
/// Dropping it ends the tree as the app's death would, except that the sidecar's output is not drained while the app lives:
/// who wants its last words calls [`Keeper::stop`] and goes on reading. (On Windows, the grace of
/// [`Launch::on_app_death`] is granted then, as the app lives.)
#[derive(Debug)]
pub struct Keeper {
    /// The app's end of standard input, where it is [`Stdio::Piped`].
    pub stdin: Option<PipeWriter>,
    /// The app's end of standard output, where it is [`Stdio::Piped`]. It must be read: a sidecar whose pipe is full waits.
    pub stdout: Option<PipeReader>,
    /// The app's end of standard error, where it is [`Stdio::Piped`].
    pub stderr: Option<PipeReader>,
    channel: Channel,
    process: ProcessId,
    leader: ProcessId,
    cookie: String,
    entry: Option<Entry>,
    known: Mutex<Vec<ProcessId>>,
    over: AtomicBool,
}

/// Where the last words go.
struct Words {
    directory: Descriptor,
    name: OsString,
}

impl Words {
    /// Opens the directory; `None` where no last words are wanted, or this system's keeper writes none.
    fn of(launch: &Launch) -> Result<Option<Self>> {
        let Some(path) = &launch.last_words else { return Ok(None) };
        let Some(name) = path.file_name() else {
            return Err(Error::new(Kind::BadLaunch, "the path for the last words names no file")
                .fact("path", path.display()));
        };
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        let directory = sys::directory(above.unwrap_or(Path::new("."))).map_err(|e| {
            Error::io(Kind::Io, "the directory for the last words cannot be opened", &e)
                .fact("path", path.display())
        })?;
        Ok(directory.map(|directory| Self { directory, name: name.to_owned() }))
    }
}

/// The sidecar's three streams, the app's ends, and what the keeper drains.
struct Streams {
    theirs: Vec<Descriptor>,
    drains: Vec<Descriptor>,
    stdin: Option<PipeWriter>,
    stdout: Option<PipeReader>,
    stderr: Option<PipeReader>,
}

impl Keeper {
    /// Starts a program under a keeper of its own, and returns when it runs.
    ///
    /// It may be called from any thread: the sidecar does not depend on the life of the thread that starts it.
    ///
    /// # Errors
    /// `unsupported` and `not-initialised` where nothing can be kept,
    /// `bad-launch` for what cannot be described to the system, `launch-failed` when the system refuses the program,
    /// `keeper-unavailable`, `keeper-silent` and `version-mismatch` when there is no keeper to talk to.
    pub fn spawn(mut launch: Launch) -> Result<Self> {
        ready()?;
        let streams = Streams::open(&mut launch)?;
        let cookie = ledger::cookie().map_err(|e| Error::io(Kind::Io, "no random bytes", &e))?;
        let words = Words::of(&launch)?;
        let drains = u8::try_from(streams.drains.len()).unwrap_or(0);
        let described = launch.encode(&cookie, drains, words.as_ref().map(|words| words.name.as_os_str()))?;
        let channel = sys::open_keeper()?;
        let deadline = Instant::now() + PATIENCE;
        let keeper = match receive(&channel, Some(deadline))? {
            Some(Report::Hello(keeper)) => keeper,
            Some(Report::Refused(errno)) => return Err(refused(errno)),
            other => return Err(unexpected(other.as_ref())),
        };
        let entry = match &launch.ledger {
            Some(ledger) => Some(ledger.enter(keeper, &cookie)?),
            None => None,
        };
        match start(&channel, &described, &launch, &streams.with(words.as_ref(), &launch), deadline) {
            Ok(leader) => Ok(Self {
                stdin: streams.stdin,
                stdout: streams.stdout,
                stderr: streams.stderr,
                known: Mutex::new(vec![leader]),
                over: AtomicBool::new(false),
                channel,
                process: keeper,
                leader,
                cookie,
                entry,
            }),
            Err(error) => {
                if let Some(entry) = entry.filter(|_| error.kind() == Kind::LaunchFailed) {
                    entry.remove();
                }
                Err(error)
            }
        }
    }

    /// The process that was started.
    pub fn leader(&self) -> ProcessId {
        self.leader
    }

    /// The keeper. On Linux and macOS it is a process of its own, and the sidecar's tree is what is below it. On Windows, and
    /// where there are no keeper processes ([`Scope::Leader`](crate::Scope::Leader) and less), it is a thread, and this is the
    /// app itself. [`Keeper::tree`] tells the tree everywhere.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Every process of the tree now; none when the keeper is gone. Where there are no keeper processes it is what can be
    /// found. On Windows the process of the sidecar's hidden console may be among them; on macOS it lacks orphans, which only
    /// the keeper knows: [`Keeper::query`] asks it.
    pub fn tree(&self) -> Vec<ProcessId> {
        self.channel.tree(self.process)
    }

    /// Sends a signal to the leader alone. One that has ended gets none.
    ///
    /// # Errors
    /// `keeper-lost` or `keeper-silent`; `unsupported` on Windows, which has no signals.
    pub fn signal(&self, signal: i32) -> Result<()> {
        self.command(&Command::Signal(signal))
    }

    /// Asks the leader to end (SIGTERM), and kills the whole tree when the leader has ended or the grace is over. Returns
    /// at once; [`Event::TreeEmpty`] tells that it is done. A second call can shorten the grace.
    ///
    /// On Windows a leader is asked by `Ctrl+Break`, which only a program for a console can hear; it reaches those of the
    /// tree, too, that share the leader's console and group. Where it cannot be asked, [`Event::Unasked`] says why, and the
    /// tree is killed at once: a sidecar that ends by its protocol is told so before.
    ///
    /// # Errors
    /// `keeper-lost` or `keeper-silent`.
    pub fn stop(&self, grace: Duration) -> Result<()> {
        self.command(&Command::Stop(u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Kills the whole tree. Returns at once; [`Event::TreeEmpty`] tells that it is done. Where it does not come for long,
    /// the system cannot end a process, or the keeper was stopped: [`Keeper::kill_past_keeper`] helps against the latter.
    ///
    /// # Errors
    /// `keeper-lost` or `keeper-silent`.
    pub fn kill(&self) -> Result<()> {
        self.command(&Command::Kill)
    }

    /// Kills the whole tree without the keeper's help: for one that does not do what it is told, as somebody stopped it.
    /// Returns at once. A keeper that is a process is killed itself, this very one, whoever has its number; the zygote then
    /// kills the tree. [`Event::KeeperLost`] tells so, and [`Keeper::kill_remains`] makes sure, also where the zygote was
    /// stopped, too. Where the keeper is a thread (on Windows, and without [`init`](crate::init)), the tree is killed from
    /// here, and [`Event::TreeEmpty`] tells that it is done.
    ///
    /// It is safe to call at any time, also after the last event: then it does nothing.
    ///
    /// # Errors
    /// `io` when the system refuses.
    pub fn kill_past_keeper(&self) -> Result<()> {
        if self.over.load(Ordering::Acquire) {
            return Ok(());
        }
        self.channel
            .kill_past_keeper(self.process)
            .map_err(|e| Error::io(Kind::Io, "the sidecar's tree cannot be killed past its keeper", &e))
    }

    /// Asks the keeper for the processes of the tree; [`Event::Tree`] answers.
    ///
    /// # Errors
    /// `keeper-lost` or `keeper-silent`.
    pub fn query(&self) -> Result<()> {
        self.command(&Command::Query)
    }

    /// The next event, or `None` when there was none in time. After the last event it is `None` at once.
    ///
    /// # Errors
    /// `version-mismatch` when the keeper is of another version, `io` when the system fails.
    pub fn next_event(&self, timeout: Option<Duration>) -> Result<Option<Event>> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if self.over.load(Ordering::Acquire) {
                return Ok(None);
            }
            let report = match receive(&self.channel, deadline) {
                Err(error) if error.kind() == Kind::KeeperSilent => return Ok(None),
                other => other?,
            };
            match report {
                None => return Ok(Some(self.lost())),
                Some(Report::Exited(status)) => return Ok(Some(Event::Exited(sys::exit_status(status)))),
                Some(Report::Unasked(why)) => return Ok(Some(Event::Unasked(why))),
                Some(Report::Empty) => {
                    self.over.store(true, Ordering::Release);
                    self.forget();
                    return Ok(Some(Event::TreeEmpty));
                }
                Some(Report::Tree(processes, more)) => {
                    self.known.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&processes);
                    return Ok(Some(Event::Tree(processes, more)));
                }
                Some(_) => {}
            }
        }
    }

    /// Kills what is left of the tree after [`Event::KeeperLost`]: what was known of it, by number and start time, and what
    /// carries the sidecar's cookie. Returns how many processes it was.
    ///
    /// # Errors
    /// `io` when processes are left after `timeout`.
    pub fn kill_remains(&self, timeout: Duration) -> Result<usize> {
        let deadline = Instant::now() + timeout;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let killed = ledger::kill_tree(&self.cookie, &known, deadline)?;
        self.forget();
        Ok(killed)
    }

    /// What the whole tree uses now; `None` when the keeper is gone.
    pub fn usage(&self) -> Option<Usage> {
        self.channel.usage(self.process)
    }

    fn command(&self, command: &Command) -> Result<()> {
        // A keeper that has told its last event may take a moment to end.
        if self.over.load(Ordering::Acquire) {
            return Err(Error::new(Kind::KeeperLost, "the keeper is gone"));
        }
        send(&self.channel, command, &[], Instant::now() + PATIENCE)
    }

    fn forget(&self) {
        if let Some(entry) = &self.entry {
            entry.remove();
        }
    }

    fn lost(&self) -> Event {
        self.over.store(true, Ordering::Release);
        let mut left = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        left.retain(|process| process.is_alive());
        left.extend(sys::with_cookie(&self.cookie));
        left.sort_unstable();
        left.dedup();
        Event::KeeperLost(left)
    }
}

impl Streams {
    fn open(launch: &mut Launch) -> Result<Self> {
        let failed = |e: io::Error| Error::io(Kind::Io, "no descriptors for the sidecar's streams", &e);
        let [stdin, stdout, stderr] = std::mem::take(&mut launch.streams);
        let mut this =
            Self { theirs: Vec::new(), drains: Vec::new(), stdin: None, stdout: None, stderr: None };
        if let Stdio::Piped = stdin {
            let (read, write) = io::pipe().map_err(failed)?;
            this.theirs.push(read.into());
            this.stdin = Some(write);
        } else {
            this.theirs.push(given(stdin, 0).map_err(failed)?);
        }
        for (number, stream) in [(1, stdout), (2, stderr)] {
            if let Stdio::Piped = stream {
                let (read, write) = io::pipe().map_err(failed)?;
                this.theirs.push(write.into());
                this.drains.push(read.try_clone().map_err(failed)?.into());
                let end = if number == 1 { &mut this.stdout } else { &mut this.stderr };
                *end = Some(read);
            } else {
                this.theirs.push(given(stream, number).map_err(failed)?);
            }
        }
        Ok(this)
    }

    /// Everything that travels with a launch, in the order in which the keeper takes it.
    fn with<'a>(&'a self, words: Option<&'a Words>, launch: &'a Launch) -> Vec<&'a Descriptor> {
        let words = words.map(|words| &words.directory);
        self.theirs.iter().chain(&self.drains).chain(words).chain(&launch.listeners).collect()
    }
}

fn given(stream: Stdio, number: u8) -> io::Result<Descriptor> {
    match stream {
        Stdio::Descriptor(descriptor) => Ok(descriptor),
        Stdio::Inherit => sys::own_stream(number),
        Stdio::Null | Stdio::Piped => sys::null_device(),
    }
}

fn ready() -> Result<()> {
    match sys::scope() {
        Scope::Nothing(Missing::System) => {
            Err(Error::new(Kind::Unsupported, "there is no keeper for this system yet"))
        }
        Scope::Nothing(why @ Missing::Proc) => {
            Err(Error::new(Kind::NotInitialised, "processes cannot be told apart here").fact("reason", why))
        }
        _ => Ok(()),
    }
}

/// Sends the description in parts, then the descriptors, and waits for what comes of it.
fn start(
    channel: &Channel,
    described: &[u8],
    launch: &Launch,
    descriptors: &[&Descriptor],
    deadline: Instant,
) -> Result<ProcessId> {
    for part in described.chunks(PART) {
        send(channel, &Command::Part(part.to_vec()), &[], deadline)?;
    }
    send(channel, &Command::Launch, descriptors, deadline)?;
    match receive(channel, Some(deadline))? {
        Some(Report::Started(leader)) => Ok(leader),
        Some(Report::LaunchFailed(stage, errno)) => Err(launch_failed(launch, stage, errno)),
        Some(Report::Refused(errno)) => Err(refused(errno)),
        other => Err(unexpected(other.as_ref())),
    }
}

fn launch_failed(launch: &Launch, stage: Stage, errno: i32) -> Error {
    let step = match stage {
        Stage::Prepare => "preparing the process",
        Stage::Directory => "changing to the working directory",
        Stage::Execute => "executing the program",
    };
    let headline = format!("`{}` does not start", launch.program().display());
    Error::io(Kind::LaunchFailed, headline, &io::Error::from_raw_os_error(errno)).fact("step", step)
}

fn refused(errno: i32) -> Error {
    let error = io::Error::from_raw_os_error(errno);
    Error::io(Kind::KeeperUnavailable, "no keeper could be started", &error)
}

fn unexpected(report: Option<&Report>) -> Error {
    match report {
        None => Error::new(Kind::KeeperLost, "the keeper ended while the sidecar was started"),
        Some(_) => Error::new(Kind::VersionMismatch, "the keeper answers something else than was asked"),
    }
}

/// The next report; `None` when the keeper is gone, `keeper-silent` when there was none in time.
fn receive(channel: &Channel, deadline: Option<Instant>) -> Result<Option<Report>> {
    let mut packet = [0; PACKET];
    let length = match channel.receive(&mut packet, deadline) {
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            return Err(Error::new(Kind::KeeperSilent, "the keeper does not answer"));
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
        Err(error) => return Err(Error::io(Kind::Io, "the keeper cannot be heard", &error)),
    };
    if length == 0 {
        return Ok(None);
    }
    match Report::decode(&packet[..length]) {
        Ok(report) => Ok(Some(report)),
        Err(why) => {
            let error = Error::new(Kind::VersionMismatch, "the keeper is not of this version");
            Err(match why {
                Unreadable::Version(version) => error.fact("version", version),
                Unreadable::Malformed => error,
            })
        }
    }
}

fn send(channel: &Channel, command: &Command, with: &[&Descriptor], deadline: Instant) -> Result<()> {
    channel.send(&command.encode(), with, deadline).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => Error::new(Kind::KeeperSilent, "the keeper does not listen"),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            Error::new(Kind::KeeperLost, "the keeper is gone")
        }
        io::ErrorKind::Unsupported => Error::new(Kind::Unsupported, "this system has no signals"),
        _ => Error::io(Kind::Io, "the keeper cannot be told", &error),
    })
}
