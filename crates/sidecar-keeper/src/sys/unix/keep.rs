//! The keeper: one process that owns one sidecar's tree.
//!
//! It adopts every orphan of the tree, so that "no children" proves that nothing is left. It has one thread, sleeps while
//! nothing happens, never waits for the app, never panics and prints nothing.

use std::collections::VecDeque;
use std::io::PipeReader;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use super::leader::{self, Failure};
use super::line::Line;
use super::phase::Phase;
use super::raw::{self, Pid, Reaped};
use super::socket::{self, Waited};
use super::tree::{self, Tree};
use super::words::Words;
use super::{kill, os, proc, title};
use crate::launch::Described;
use crate::process::ProcessId;
use crate::protocol::{Command, LISTED, PACKET, Report};

/// How many answers wait for an app that does not read; what happens to the sidecar always has room.
const ANSWERS: usize = 64;

/// How long an app that closed its line may take to end, in milliseconds, before it counts as living.
const DYING: i32 = 200;

/// How often the pipes are read when nobody of the tree writes any more: 1 MiB, which is what a pipe holds at most unless
/// the administrator allowed more.
const LAST_READS: usize = 64;

/// The app: who it is, and its ends, each of which says when it is gone. A process that the app forked and that executed
/// nothing holds the other side of both ends, too, so that its own end is watched as well.
#[derive(Debug)]
pub(super) struct App {
    /// Commands come and reports go here. It is closed when the app drops its handle.
    pub(super) control: Line,
    /// Nothing ever comes: it is closed when the app ends.
    pub(super) life: OwnedFd,
    /// The process that called `init`.
    pub(super) process: ProcessId,
    /// Can be read when that has ended; nothing where the system does not tell.
    end: Option<OwnedFd>,
}

impl App {
    /// Its end is not watched yet.
    pub(super) fn new(control: Line, life: OwnedFd, process: ProcessId) -> Self {
        Self { control, life, process, end: None }
    }

    /// Watches its end from now on; whether it lives. Each process watches for itself, after it closed what it inherited.
    pub(super) fn watch(&mut self) -> bool {
        match tree::end_of(self.process) {
            Ok(Some(end)) => self.end = Some(end),
            Ok(None) => return false,
            // As on an old system: its ends tell, unless it forked.
            Err(_) => {}
        }
        true
    }

    /// What can be read, or is closed, when the app is dead.
    pub(super) fn death(&self) -> [Waited; 2] {
        [Waited::to_read(Some(self.life.as_fd())), Waited::to_read(self.end.as_ref().map(AsFd::as_fd))]
    }
}

/// Whether one of these is there.
pub(super) fn any(waited: &[Waited]) -> bool {
    waited.iter().any(|waited| waited.is_there())
}

/// Where waiting for the app's commands stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Open,
    /// The app dropped its handle.
    Closed,
    /// The app ended.
    Dead,
}

struct Watch {
    app: App,
    link: Link,
    tree: Tree,
    /// Open until the leader runs its program.
    launching: Option<PipeReader>,
    leader: Pid,
    leader_start: u64,
    leader_runs: bool,
    death_grace: Duration,
    phase: Phase,
    drains: Vec<OwnedFd>,
    draining: Vec<OwnedFd>,
    words: Option<Words>,
    reports: VecDeque<Vec<u8>>,
}

/// Runs the keeper in a process that was just forked for it.
pub(super) fn run(mut app: App) -> ! {
    if !app.watch() {
        raw::exit(0)
    }
    let code = match begin(app) {
        Some(mut watch) => watch.run(),
        None => 0,
    };
    raw::exit(code)
}

/// Receives the launch and forks the leader; `None` when the app is gone before, or nothing could be started.
fn begin(app: App) -> Option<Watch> {
    raw::new_session();
    title::set(c"sidecar-keeper");
    let Ok(tree) = Tree::new() else {
        report(&app, &Report::Refused(libc::EIO));
        return None;
    };
    let this = proc::identity(std::process::id())?;
    report(&app, &Report::Hello(this));
    let (described, mut descriptors) = receive_launch(&app)?;
    let Some(launch) = described.filter(|launch| descriptors.len() == launch.descriptors()) else {
        report(&app, &Report::Refused(libc::EINVAL));
        return None;
    };
    // What the keeper keeps; streams and listeners are left.
    let drains = descriptors.drain(3..3 + launch.drains).collect();
    let words = launch.last_words.clone().map(|name| Words::new(descriptors.remove(3), name));
    let (leader, launching) = match leader::fork(&launch, &descriptors) {
        Ok(forked) => forked,
        Err(error) => {
            report(&app, &Report::Refused(error.raw_os_error().unwrap_or(libc::EAGAIN)));
            return None;
        }
    };
    tree.recognise(launch.cookie());
    // Where a tree is followed, that begins now.
    tree.note();
    Some(Watch {
        app,
        link: Link::Open,
        tree,
        launching: Some(launching),
        // It is not reaped yet, so that the number is its own.
        leader_start: proc::identity(leader.unsigned_abs()).map_or(0, |leader| leader.start),
        leader,
        leader_runs: true,
        death_grace: Duration::from_millis(launch.death_grace),
        phase: Phase::Running,
        drains,
        draining: Vec::new(),
        words,
        reports: VecDeque::new(),
    })
}

/// Says something to an app that has just begun to listen, so that there is room.
fn report(app: &App, report: &Report) {
    let _ = app.control.send(&report.encode(), &[]);
}

/// Collects the parts of the description; `None` when the app is gone, no description when it is none.
fn receive_launch(app: &App) -> Option<(Option<Described>, Vec<OwnedFd>)> {
    let mut bytes = Vec::new();
    let mut packet = vec![0; PACKET];
    loop {
        let (length, descriptors) = match app.control.receive(&mut packet) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                let [life, end] = app.death();
                let mut waited = [Waited::to_read(Some(app.control.as_fd())), life, end];
                socket::wait(&mut waited, -1);
                if any(&waited[1..]) {
                    return None;
                }
                continue;
            }
            Err(_) | Ok((0, _)) => return None,
            Ok(received) => received,
        };
        match packet.get(..length).map(Command::decode) {
            Some(Ok(Command::Part(part))) => bytes.extend(part),
            Some(Ok(Command::Launch)) => return Some((Described::decode(&bytes), descriptors)),
            _ => return Some((None, descriptors)),
        }
    }
}

impl Watch {
    /// Until the tree is empty. Returns the code to exit with.
    fn run(&mut self) -> i32 {
        loop {
            if self.reap() {
                self.report(&Report::Empty);
                self.flush_to_the_end();
                self.write_last_words();
                return 0;
            }
            self.kill_if_due();
            self.flush();
            self.wait();
        }
    }

    /// Reaps what has ended; whether nothing is left.
    fn reap(&mut self) -> bool {
        loop {
            match raw::reap() {
                Reaped::Running => return false,
                Reaped::NoChildren => return !self.tree.has_strays(),
                Reaped::Ended(pid, status) => {
                    if pid == self.leader && self.leader_runs {
                        self.leader_ended(status);
                    }
                }
            }
        }
    }

    fn leader_ended(&mut self, status: i32) {
        self.leader_runs = false;
        // If it could not run its program, that was written before it ended.
        if self.launching.is_none() || self.launched() {
            self.report(&Report::Exited(status));
        }
        self.phase = self.phase.leader_ended(Instant::now());
    }

    /// Reads how the launch ended; whether the program was executed.
    fn launched(&mut self) -> bool {
        let Some(pipe) = self.launching.take() else { return true };
        let mut bytes = [0; 8];
        let length = raw::read(pipe.as_fd(), &mut bytes).unwrap_or(0);
        if let Some(Failure { stage, errno }) = bytes.get(..length).and_then(Failure::decode) {
            self.report(&Report::LaunchFailed(stage, errno));
            return false;
        }
        let leader = ProcessId { pid: self.leader.unsigned_abs(), start: self.leader_start };
        self.report(&Report::Started(leader));
        true
    }

    fn kill_if_due(&mut self) {
        self.phase = self.phase.at(Instant::now());
        if let Phase::Killing(_) = self.phase {
            kill::kill_round(&|| self.tree.processes());
        }
    }

    /// Sleeps until something happens, and sees to it.
    fn wait(&mut self) {
        let control = (self.link == Link::Open).then(|| self.app.control.as_fd());
        let dead = self.link == Link::Dead;
        let [life, end] = if dead { [Waited::to_read(None); 2] } else { self.app.death() };
        let control = if self.reports.is_empty() && !self.app.control.is_behind() {
            Waited::to_read(control)
        } else {
            Waited::to_read_and_write(control)
        };
        let mut waited = vec![
            control,
            life,
            end,
            Waited::to_read(Some(self.tree.as_fd())),
            Waited::to_read(self.launching.as_ref().map(AsFd::as_fd)),
        ];
        waited.extend(self.draining.iter().map(|pipe| Waited::to_read(Some(pipe.as_fd()))));
        let pause = self
            .phase
            .pause(Instant::now())
            .map(|pause| i32::try_from(pause.as_micros().div_ceil(1000)).unwrap_or(i32::MAX));
        socket::wait(&mut waited, pause.unwrap_or(-1));
        if waited[3].is_there() {
            self.tree.note();
        }
        if waited[4].is_there() {
            self.launched();
        }
        if waited[0].is_readable() {
            self.listen();
        }
        if any(&waited[1..3]) {
            self.app_died();
        }
        self.drain();
    }

    /// Takes commands as long as there are some.
    fn listen(&mut self) {
        let mut packet = [0; 64];
        loop {
            match self.app.control.receive(&mut packet) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {}
                Err(_) | Ok((0, _)) => return self.handle_dropped(),
                Ok((length, _)) => {
                    if let Some(Ok(command)) = packet.get(..length).map(Command::decode) {
                        self.obey(&command);
                    }
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
                let mut tree = self.tree.processes();
                let more = tree.len() > LISTED;
                tree.truncate(LISTED);
                if self.reports.len() < ANSWERS {
                    self.report(&Report::Tree(tree, more));
                }
            }
            Command::Fork | Command::Part(_) | Command::Launch => {}
        }
    }

    /// It is this process's child and was not reaped, so that the number is its own.
    fn signal_leader(&self, signal: i32) {
        if self.leader_runs && (1..=64).contains(&signal) {
            let _ = raw::signal_number(self.leader, signal);
        }
    }

    /// Asks the leader to end, and grants it the grace at most.
    fn stop(&mut self, grace: Duration) {
        let (phase, asked) = self.phase.stop(Instant::now(), grace, self.leader_runs);
        self.phase = phase;
        if asked {
            self.signal_leader(libc::SIGTERM);
            // A stopped process takes the signal when it goes on.
            self.signal_leader(libc::SIGCONT);
        }
    }

    fn handle_dropped(&mut self) {
        if self.link == Link::Open {
            self.link = Link::Closed;
            self.stop(self.death_grace);
        }
    }

    /// Nobody reads the sidecar's output any more: from now on the keeper does, so that a last word cannot block it.
    fn app_died(&mut self) {
        self.handle_dropped();
        self.link = Link::Dead;
        self.draining = self.drains.iter().filter_map(|pipe| os::reopen_to_drain(pipe).ok()).collect();
        self.drains.clear();
    }

    fn drain(&mut self) {
        let mut buffer = [0; 16 * 1024];
        let words = &mut self.words;
        self.draining.retain(|pipe| match raw::read(pipe.as_fd(), &mut buffer) {
            Ok(length) => {
                if let (Some(words), Some(said)) = (words.as_mut(), buffer.get(..length)) {
                    words.hear(said);
                }
                length > 0
            }
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        });
    }

    /// The tree is empty: takes what is left in the pipes and writes it down, if the app is dead.
    fn write_last_words(&mut self) {
        if self.words.is_none() || self.link == Link::Open {
            return;
        }
        // The sidecar may have ended faster than the system closed all that the app had open.
        if self.link == Link::Closed {
            let mut death = self.app.death();
            socket::wait(&mut death, DYING);
            if !any(&death) {
                return;
            }
            self.app_died();
        }
        // Somebody outside the tree may hold the other end and go on writing.
        for _ in 0..LAST_READS {
            self.drain();
        }
        if let Some(words) = self.words.take() {
            words.write();
        }
    }

    fn report(&mut self, report: &Report) {
        self.reports.push_back(report.encode());
    }

    /// Sends what the app has room for.
    fn flush(&mut self) {
        while let (Link::Open, Some(report)) = (self.link, self.reports.front()) {
            match self.app.control.send(report, &[]) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // Sent, or nobody listens, which reading notices.
                _ => drop(self.reports.pop_front()),
            }
        }
        if self.link != Link::Open {
            self.reports.clear();
        }
    }

    /// The tree is empty and there is nothing else to do: waits for an app that is slow to read.
    fn flush_to_the_end(&mut self) {
        self.phase = Phase::Running;
        self.flush();
        while self.link == Link::Open
            && !(self.reports.is_empty() && self.app.control.flush().unwrap_or(true))
        {
            self.wait();
            self.flush();
        }
        if self.link == Link::Open {
            self.listen();
        }
    }
}
