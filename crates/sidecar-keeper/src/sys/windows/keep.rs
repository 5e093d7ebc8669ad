//! The keeper of one sidecar: a thread of the app that starts it in a job, tells what happens, and ends it.
//!
//! It never waits for the app, and sleeps while nothing happens. That the tree ends with the app is the job's doing, not
//! its: it may be at anything when the app dies.

use std::os::windows::io::AsHandle;
use std::sync::Arc;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::ERROR_INVALID_PARAMETER;

use super::console::Asking;
use super::job::Job;
use super::port::{Port, Waker, Watched};
use super::start::{self, Failure, Leader};
use super::text::Texts;
use super::{number, process, raw};
use crate::inside::{KeeperEnd, Next, Packet};
use crate::launch::Described;
use crate::protocol::{Command, LISTED, Report};
use crate::scope::Unasked;

/// How many reports wait for an app that does not read, before answers are left out.
const ANSWERS: usize = 64;

/// How far apart the rounds of killing lie, at least and at most.
const ROUNDS: [Duration; 2] = [Duration::from_millis(1), Duration::from_secs(1)];

/// How often to look whether the job is empty, when only its message would tell: the system does not promise to send it.
const LOOKS: Duration = Duration::from_secs(1);

/// What the keeper is about.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The sidecar runs.
    Running,
    /// The leader is asked to end, and has until then.
    Stopping(Instant),
    /// What is left is killed, since then.
    Killing(Instant),
}

/// Ends the tree when the thread ends in whatever way, and then its end of the line.
struct Ending<'a> {
    job: &'a Job,
    line: KeeperEnd,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        // It is empty, or the thread panicked.
        let _ = self.job.terminate();
    }
}

struct Watch<'a> {
    // Before the leader, whose handle it watches.
    ended: Option<Watched>,
    leader: Leader,
    leader_runs: bool,
    line: &'a KeeperEnd,
    closed: bool,
    port: &'a Arc<Port>,
    job: &'a Job,
    death_grace: Duration,
    phase: Phase,
    asking: Option<Asking>,
}

/// Runs a keeper, from the launch until its tree is empty.
pub(super) fn run(line: KeeperEnd, port: &Arc<Port>, job: &Job) {
    let ending = Ending { job, line };
    if let Some(mut watch) = begin(&ending.line, port, job) {
        watch.run();
        report(&ending.line, &Report::Empty);
    }
}

fn report(line: &KeeperEnd, report: &Report) {
    line.report(report.encode());
}

/// Receives the launch and starts the leader; `None` when the app dropped its end before, or nothing could be started.
fn begin<'a>(line: &'a KeeperEnd, port: &'a Arc<Port>, job: &'a Job) -> Option<Watch<'a>> {
    let refused = |number: i32| {
        report(line, &Report::Refused(number));
        None
    };
    let Some(this) = process::identity(std::process::id()) else {
        return refused(number(&std::io::Error::last_os_error()));
    };
    report(line, &Report::Hello(this));
    let (launch, packet) = receive_launch(line, port)?;
    let streams = packet.descriptors.first_chunk::<3>();
    let (Some(launch), Some(streams)) = (launch, streams) else {
        return refused(ERROR_INVALID_PARAMETER.cast_signed());
    };
    let leader = match start::start(&Texts::of(&launch), streams.each_ref(), job) {
        Ok(leader) => leader,
        Err(Failure { stage, number }) => {
            report(line, &Report::LaunchFailed(stage, number));
            return None;
        }
    };
    let ended = match Watched::new(leader.handle.as_handle(), port) {
        Ok(ended) => ended,
        Err(error) => return refused(number(&error)),
    };
    report(line, &Report::Started(leader.id));
    Some(Watch {
        ended: Some(ended),
        leader,
        leader_runs: true,
        line,
        closed: false,
        port,
        job,
        death_grace: Duration::from_millis(launch.death_grace),
        phase: Phase::Running,
        asking: None,
    })
}

/// Collects the parts of the description; `None` when the app dropped its end, no description when it is none. What comes
/// along to be drained is closed with the packet: when the app is dead, nothing of the sidecar is left that could write.
fn receive_launch(line: &KeeperEnd, port: &Port) -> Option<(Option<Described>, Packet)> {
    let mut bytes = Vec::new();
    loop {
        let packet = match line.next() {
            Next::Packet(packet) => packet,
            Next::Closed => return None,
            Next::Nothing => {
                port.wait(None);
                continue;
            }
        };
        match Command::decode(&packet.bytes) {
            Ok(Command::Part(more)) => bytes.extend(more),
            Ok(Command::Launch) => return Some((Described::decode(&bytes), packet)),
            _ => return Some((None, packet)),
        }
    }
}

impl Watch<'_> {
    /// Until the tree is empty.
    fn run(&mut self) {
        let mut woken = Waker::App;
        loop {
            self.listen();
            self.look_at_leader();
            self.look_at_helper();
            // Messages about single processes come by the hundred, and leave others alive.
            if woken != Waker::Job && !self.leader_runs && self.job.is_empty() {
                return;
            }
            self.kill_if_due();
            woken = self.port.wait(self.pause());
        }
    }

    /// Takes commands as long as there are some.
    fn listen(&mut self) {
        while !self.closed {
            match self.line.next() {
                Next::Nothing => return,
                Next::Packet(packet) => {
                    if let Ok(command) = Command::decode(&packet.bytes) {
                        self.obey(&command);
                    }
                }
                Next::Closed => {
                    self.closed = true;
                    self.stop(self.death_grace);
                }
            }
        }
    }

    fn obey(&mut self, command: &Command) {
        match command {
            Command::Stop(grace) => self.stop(Duration::from_millis(*grace)),
            Command::Kill => self.stop(Duration::ZERO),
            Command::Query => {
                let mut tree = self.job.members();
                let more = tree.len() > LISTED;
                tree.truncate(LISTED);
                if self.line.unread() < ANSWERS {
                    report(self.line, &Report::Tree(tree, more));
                }
            }
            // There are no signals, which the app's end says.
            Command::Signal(_) | Command::Fork | Command::Part(_) | Command::Launch => {}
        }
    }

    fn look_at_leader(&mut self) {
        if !self.leader_runs || !raw::has_ended(self.leader.handle.as_handle()) {
            return;
        }
        self.leader_runs = false;
        self.ended = None;
        let code = raw::exit_code(self.leader.handle.as_handle()).unwrap_or(u32::MAX);
        report(self.line, &Report::Exited(code.cast_signed()));
        if let Phase::Stopping(_) = self.phase {
            self.phase = Phase::Killing(Instant::now());
        }
    }

    /// A leader that nobody could ask has no reason to end: it is not waited for.
    fn look_at_helper(&mut self) {
        let Some(outcome) = self.asking.as_mut().and_then(Asking::outcome) else { return };
        self.asking = None;
        if let (Err(why), Phase::Stopping(_)) = (outcome, self.phase) {
            self.unasked(why);
        }
    }

    fn unasked(&mut self, why: Unasked) {
        report(self.line, &Report::Unasked(why));
        self.phase = Phase::Killing(Instant::now());
    }

    /// Asks the leader to end, and grants it the grace at most.
    fn stop(&mut self, grace: Duration) {
        let now = Instant::now();
        let until = now.checked_add(grace).unwrap_or_else(|| now + Duration::from_secs(86400));
        match self.phase {
            Phase::Killing(_) => {}
            _ if grace.is_zero() || !self.leader_runs => self.phase = Phase::Killing(now),
            Phase::Stopping(before) => self.phase = Phase::Stopping(before.min(until)),
            Phase::Running => match Asking::begin(&self.leader, self.port) {
                Ok(asking) => {
                    self.asking = Some(asking);
                    self.phase = Phase::Stopping(until);
                }
                Err(why) => self.unasked(why),
            },
        }
    }

    fn kill_if_due(&mut self) {
        if let Phase::Stopping(until) = self.phase
            && until <= Instant::now()
        {
            self.phase = Phase::Killing(Instant::now());
        }
        if let Phase::Killing(_) = self.phase {
            // What cannot be ended now is tried again.
            let _ = self.job.terminate();
        }
    }

    /// How long nothing is to be done unless something happens; `None`: for ever.
    fn pause(&self) -> Option<Duration> {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        let own = match self.phase {
            Phase::Running => (!self.leader_runs).then_some(LOOKS),
            Phase::Stopping(until) => Some(left(until)),
            Phase::Killing(since) => Some((since.elapsed() / 20).clamp(ROUNDS[0], ROUNDS[1])),
        };
        own.into_iter().chain(self.asking.as_ref().map(|asking| left(asking.until()))).min()
    }
}
