//! Where there is no keeper process: a thread of the app keeps one sidecar, which has a process group of its own.
//!
//! It finds what belongs to the sidecar by group, by cookie and by parents. What left all three is not found, and when the
//! app dies nobody is left to look.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::leader::{self, Failure};
use super::phase::{self, Phase};
use super::raw::{self, Pid};
use super::{kill, proc};
use crate::inside::{self, AppEnd, KeeperEnd, Next};
use crate::launch::Described;
use crate::process::ProcessId;
use crate::protocol::{Command, LISTED, Report};
use crate::usage::Usage;

/// How many answers wait for an app that does not read.
const ANSWERS: usize = 64;

/// The status word of a leader that the app itself reaped: what it was is not known any more.
const UNKNOWN: i32 = 255 << 8;

/// Why a keeper is woken.
enum Wake {
    /// There is something on the line.
    Line,
    /// The leader ended, with this status word.
    Ended(i32),
}

/// Starts a keeper in this process, and gives the line to it.
pub(super) fn open() -> io::Result<(AppEnd, Arc<Sidecar>)> {
    let (wake, woken) = channel();
    let (app, line) = inside::pair({
        let wake = wake.clone();
        move || drop(wake.send(Wake::Line))
    });
    let sidecar = Arc::new(Sidecar::default());
    let kept = Arc::clone(&sidecar);
    thread("sidecar-keeper", move || keep(line, &wake, woken, &kept))?;
    Ok((app, sidecar))
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}

/// What a sidecar's processes are found by; shared by its keeper and the app. Nothing before its launch and after its end.
#[derive(Debug, Default)]
pub(crate) struct Sidecar(Mutex<Option<Traits>>);

#[derive(Debug)]
struct Traits {
    leader: ProcessId,
    cookie: String,
    /// What was found before.
    known: Vec<ProcessId>,
}

impl Sidecar {
    fn lock(&self) -> MutexGuard<'_, Option<Traits>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its processes as far as they can be found: its group, what has its cookie, what was known and lives, and all below
    /// those.
    pub(super) fn tree(&self) -> Vec<ProcessId> {
        self.lock().as_mut().map(Traits::find).unwrap_or_default()
    }

    /// What they use; `None` when it ended.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.lock().as_mut().map(|traits| proc::usage_of(&traits.find()))
    }
}

impl Traits {
    fn find(&mut self) -> Vec<ProcessId> {
        let Self { leader, cookie, known } = self;
        let mut found: BTreeSet<ProcessId> = proc::with_cookie(cookie).into_iter().collect();
        // The group's number is the leader's own as long as that is not reaped, or anybody is in the group.
        if proc::identity(leader.pid).is_none_or(|now| now == *leader) {
            found.extend(proc::of_group(leader.pid));
        }
        found.extend(known.iter().chain([&*leader]).filter(|process| proc::is_alive(**process)));
        let below: Vec<ProcessId> = found.iter().flat_map(|process| proc::descendants(process.pid)).collect();
        found.extend(below);
        found.retain(|process| process.pid != std::process::id());
        *known = found.into_iter().collect();
        known.clone()
    }
}

struct Watch<'a> {
    line: KeeperEnd,
    woken: Receiver<Wake>,
    open: bool,
    leader: Pid,
    id: ProcessId,
    leader_runs: bool,
    sidecar: &'a Sidecar,
    death_grace: Duration,
    phase: Phase,
    /// Since when nothing but remains is there to be looked at.
    alone: Instant,
}

/// Keeps one sidecar, from its launch until its tree is empty. This thread forks the leader, as on Linux a leader dies with
/// the thread that forked it, and ends after it: the thread that asked for the sidecar may end before.
fn keep(line: KeeperEnd, wake: &Sender<Wake>, woken: Receiver<Wake>, sidecar: &Sidecar) {
    let Some(this) = proc::identity(std::process::id()) else { return };
    line.report(Report::Hello(this).encode());
    let Some((described, descriptors)) = receive_launch(&line, &woken) else { return };
    let Some(launch) = described.filter(|launch| descriptors.len() == launch.descriptors()) else {
        return line.report(Report::Refused(libc::EINVAL).encode());
    };
    let (cookie, death_grace) = (launch.cookie(), Duration::from_millis(launch.death_grace));
    let (leader, launching) = match fork(&launch, descriptors) {
        Ok(forked) => forked,
        Err(error) => {
            return line.report(Report::Refused(error.raw_os_error().unwrap_or(libc::EAGAIN)).encode());
        }
    };
    let id = proc::identity(leader.unsigned_abs());
    let id = id.unwrap_or(ProcessId { pid: leader.unsigned_abs(), start: 0 });
    if let Some(Failure { stage, errno }) = failure(launching) {
        raw::wait_for(leader);
        return line.report(Report::LaunchFailed(stage, errno).encode());
    }
    *sidecar.lock() = Some(Traits { leader: id, cookie, known: Vec::new() });
    line.report(Report::Started(id).encode());
    let tell = wake.clone();
    let watched = thread("sidecar-leader", move || {
        let status = raw::wait_unreaped(leader).unwrap_or(UNKNOWN);
        let _ = tell.send(Wake::Ended(status));
    });
    let mut watch = Watch {
        line,
        woken,
        open: true,
        leader,
        id,
        leader_runs: true,
        sidecar,
        death_grace,
        phase: Phase::Running,
        alone: Instant::now(),
    };
    if watched.is_err() {
        // Nobody would tell its end: it is waited for here.
        watch.signal_leader(libc::SIGKILL);
        watch.leader_ended(raw::wait_unreaped(leader).unwrap_or(UNKNOWN));
        watch.stop(Duration::ZERO);
    }
    watch.run();
}

/// Collects the parts of the description; `None` when the app dropped its end.
fn receive_launch(line: &KeeperEnd, woken: &Receiver<Wake>) -> Option<(Option<Described>, Vec<OwnedFd>)> {
    let mut bytes = Vec::new();
    loop {
        let packet = match line.next() {
            Next::Packet(packet) => packet,
            Next::Closed => return None,
            Next::Nothing => {
                woken.recv().ok()?;
                continue;
            }
        };
        match Command::decode(&packet.bytes) {
            Ok(Command::Part(part)) => bytes.extend(part),
            Ok(Command::Launch) => return Some((Described::decode(&bytes), packet.descriptors)),
            _ => return Some((None, packet.descriptors)),
        }
    }
}

/// Forks the leader with its streams and listeners. What a keeper process would drain or write is the app's own here.
fn fork(launch: &Described, mut descriptors: Vec<OwnedFd>) -> io::Result<(Pid, io::PipeReader)> {
    let kept = launch.drains + usize::from(launch.last_words.is_some());
    descriptors.drain(3..3 + kept);
    leader::fork(launch, &descriptors)
}

/// Waits until the leader runs its program, or tells why it does not.
fn failure(mut launching: io::PipeReader) -> Option<Failure> {
    let mut bytes = Vec::new();
    let _ = launching.read_to_end(&mut bytes);
    Failure::decode(&bytes)
}

impl Watch<'_> {
    fn run(&mut self) {
        let mut empty = 0;
        // One look through all processes is no snapshot: only two empty ones in a row count.
        while empty < 2 {
            self.phase = self.phase.at(Instant::now());
            let left = match self.phase {
                Phase::Killing(_) => !kill::kill_round(&|| self.sidecar.tree()).is_empty(),
                _ => self.leader_runs || !self.sidecar.tree().is_empty(),
            };
            empty = if left || self.leader_runs { 0 } else { empty + 1 };
            self.wait();
        }
        raw::wait_for(self.leader);
        *self.sidecar.lock() = None;
        self.line.report(Report::Empty.encode());
    }

    /// Sleeps until something happens, and sees to it.
    fn wait(&mut self) {
        let now = Instant::now();
        // Nothing tells that the last of what a leader left has ended.
        let look = (!self.leader_runs).then(|| phase::rarer(now.saturating_duration_since(self.alone)));
        let pause = self.phase.pause(now).into_iter().chain(look).min();
        let woken = match pause {
            Some(pause) => self.woken.recv_timeout(pause),
            None => self.woken.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match woken {
            Ok(Wake::Line) => self.listen(),
            Ok(Wake::Ended(status)) => self.leader_ended(status),
            Err(_) => {}
        }
    }

    fn leader_ended(&mut self, status: i32) {
        let now = Instant::now();
        (self.leader_runs, self.alone) = (false, now);
        self.line.report(Report::Exited(status).encode());
        self.phase = self.phase.leader_ended(now);
    }

    fn listen(&mut self) {
        loop {
            match self.line.next() {
                Next::Packet(packet) => {
                    if let Ok(command) = Command::decode(&packet.bytes) {
                        self.obey(&command);
                    }
                }
                Next::Nothing => return,
                Next::Closed => {
                    if self.open {
                        self.open = false;
                        self.stop(self.death_grace);
                    }
                    return;
                }
            }
        }
    }

    fn obey(&mut self, command: &Command) {
        match command {
            Command::Signal(signal) => self.signal_leader(*signal),
            Command::Stop(grace) => self.stop(Duration::from_millis(*grace)),
            Command::Kill => self.stop(Duration::ZERO),
            Command::Query => {
                let mut tree = self.sidecar.tree();
                let more = tree.len() > LISTED;
                tree.truncate(LISTED);
                if self.line.unread() < ANSWERS {
                    self.line.report(Report::Tree(tree, more).encode());
                }
            }
            Command::Fork | Command::Part(_) | Command::Launch => {}
        }
    }

    /// It is this process's child and was not reaped, so that the number is its own, unless the app reaps what it did not
    /// start: then the start time tells.
    fn signal_leader(&self, signal: i32) {
        if self.leader_runs && (1..=64).contains(&signal) && proc::identity(self.id.pid) == Some(self.id) {
            let _ = raw::signal_number(self.leader, signal);
        }
    }

    fn stop(&mut self, grace: Duration) {
        if self.phase == Phase::Running {
            // While the leader lives, what it started can be found below it.
            drop(self.sidecar.tree());
        }
        let (phase, asked) = self.phase.stop(Instant::now(), grace, self.leader_runs);
        self.phase = phase;
        if asked {
            self.signal_leader(libc::SIGTERM);
            // A stopped process takes the signal when it goes on.
            self.signal_leader(libc::SIGCONT);
        }
    }
}
