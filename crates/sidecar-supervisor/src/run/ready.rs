//! ready: the port is found, is proved to be the sidecar's own, and what the spec asks is answered.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use regex::Regex;
use sidecar_keeper::PortLease;
use sidecar_spec::{Check, Expose, Port, Probe, Span, Stage};

use super::Running;
use super::begin::Context;
use super::rpc::StdioRpc;
use super::watch;
use crate::client::{self, Reason};
use crate::error::{Error, Kind};
use crate::event::Happened;
use crate::launch::Prepared;
use crate::machine::{Failure, Hope, RunInput};
use crate::output::Keep;
use crate::port::announce::{Finder, Found, Refusal, Seen};
use crate::port::file::PortFile;
use crate::port::{Proof, prove};

/// How long is waited between two looks at who listens: the first is quick, as most sidecars are, and they slow down.
const LOOKS: [u64; 6] = [2, 5, 10, 20, 50, 100];

/// So often somebody else must be seen on the port: the sidecar's processes and the sockets are not read at one moment.
const FOREIGN: u32 = 3;

/// What is looked for in a sidecar's output and files. It begins before the program starts, so that nothing is missed.
pub(super) struct Search {
    way: Way,
    lines: Lines,
    pub(super) rpc: Option<Arc<StdioRpc>>,
}

enum Way {
    /// It has no port.
    None,
    /// The port was chosen before the start.
    Known(SocketAddr),
    /// It writes it.
    Output(Arc<Mutex<Heard>>),
    /// It writes it into a file.
    File(Box<PortFile>),
}

#[derive(Default)]
struct Heard {
    found: Option<Found>,
    refusal: Option<Refusal>,
}

/// The lines that checks wait for.
#[derive(Default)]
struct Lines(Vec<(Stage, Arc<AtomicBool>)>);

impl Search {
    pub(super) fn begin(context: &Context, prepared: &Prepared) -> Result<Self, Failure> {
        let run = &context.shared.spec.run;
        let way = match (&run.port, prepared.address, &prepared.port_file) {
            (Port::None, ..) => Way::None,
            (_, Some(address), _) => Way::Known(address),
            (Port::File(file), _, Some(path)) => Way::File(Box::new(
                PortFile::before_launch(path.clone(), &file.place).map_err(Failure::permanent)?,
            )),
            (port, ..) => match Finder::new(port, run.expose).map_err(Failure::permanent)? {
                Some(finder) => Way::Output(listen(context, finder)),
                None => Way::None,
            },
        };
        let mut lines = Lines::default();
        for (stage, probe) in run.health.probes() {
            if let Check::Line(pattern) = &probe.check {
                lines.0.push((stage, line(context, pattern.as_str())?));
            }
        }
        let rpc = StdioRpc::begin(context);
        Ok(Self { way, lines, rpc })
    }

    /// Waits until the port is known; `Err` when the run is over.
    fn address(&mut self, context: &Context) -> Result<Option<SocketAddr>, ()> {
        let (host, expose) = (context.shared.spec.run.host, context.shared.spec.run.expose);
        match &mut self.way {
            Way::None => Ok(None),
            Way::Known(address) => Ok(Some(*address)),
            Way::Output(heard) => {
                not_yet(context, "it has not announced its port");
                loop {
                    let now = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
                    if let Some(found) = now.found {
                        return Ok(Some(found.address(host)));
                    }
                    if let Some(refusal) = now.refusal {
                        refuse(context, &refusal)?;
                    }
                    if context.cancel.pause(None) {
                        return Err(());
                    }
                }
            }
            Way::File(file) => loop {
                match file.look().map(|answer| answer.or_else(|refusal| refusal.unless(expose))) {
                    Some(Ok(found)) => return Ok(Some(found.address(host))),
                    Some(Err(refusal)) => refuse(context, &refusal)?,
                    None => not_yet(context, &format!("its port is not in {} yet", file.path().display())),
                }
                if context.cancel.pause(Some(Duration::from_millis(50))) {
                    return Err(());
                }
            },
        }
    }
}

/// Something that looks like an announcement is none. Listening where other machines reach it ends the run at once; for
/// another, a better one may follow.
fn refuse(context: &Context, refusal: &Refusal) -> Result<(), ()> {
    if refusal.kind() == Kind::NotLoopback {
        let error = Error::new(Kind::NotLoopback, format!("`{}` {refusal}", context.name())).help(
            if refusal.is_everywhere() {
                "let it listen on 127.0.0.1, or allow it with `expose = \"all\"`"
            } else {
                "let it listen on 127.0.0.1"
            },
        );
        context.tell(RunInput::Unfit(Failure::permanent(error)));
        return Err(());
    }
    context.tell(RunInput::NotYet(refusal.kind(), refusal.to_string()));
    Ok(())
}

/// Looks for the announcement in all lines from now on.
fn listen(context: &Context, mut finder: Finder) -> Arc<Mutex<Heard>> {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let (theirs, cancel, run) = (Arc::clone(&heard), context.cancel.clone(), context.run);
    // It stays until the next line, which may never come: the app must not stay with it.
    let (app, shared) = (Arc::downgrade(&context.app), Arc::downgrade(&context.shared));
    context.shared.output.tap(Box::new(move |_, text| {
        if cancel.is_cancelled() {
            return Keep::Done;
        }
        let mut heard = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        match finder.line(text) {
            Some(Seen::First(found)) => heard.found = Some(found),
            Some(Seen::Refused(refusal)) => heard.refusal = Some(refusal),
            Some(Seen::Again(found)) => {
                if let (Some(app), Some(shared)) = (app.upgrade(), shared.upgrade()) {
                    app.tell(&shared, run, Happened::PortAgain { port: found.port });
                }
                return Keep::On;
            }
            None => return Keep::On,
        }
        drop(heard);
        cancel.ring();
        Keep::On
    }));
    heard
}

/// Looks for a line from now on.
fn line(context: &Context, pattern: &str) -> Result<Arc<AtomicBool>, Failure> {
    let regex = Regex::new(pattern).map_err(|e| {
        Failure::permanent(
            Error::new(Kind::SpecInvalid, format!("`{pattern}` is no regular expression")).fact("why", e),
        )
    })?;
    let seen = Arc::new(AtomicBool::new(false));
    let (theirs, cancel) = (Arc::clone(&seen), context.cancel.clone());
    context.shared.output.tap(Box::new(move |_, text| {
        if cancel.is_cancelled() {
            return Keep::Done;
        }
        if !regex.is_match(text) {
            return Keep::On;
        }
        theirs.store(true, Ordering::Release);
        cancel.ring();
        Keep::Done
    }));
    Ok(seen)
}

fn not_yet(context: &Context, why: &str) {
    context.tell(RunInput::NotYet(Kind::NotReady, why.to_owned()));
}

/// Takes a run from the start of its program to the proof that it is ready, and watches it from there on.
///
/// What the keeper tells comes when the gate is dropped: a program that is asked nothing is ready when it runs, also where
/// it ends at once.
pub(super) fn drive(
    context: &Context,
    running: &Arc<Running>,
    mut search: Search,
    lease: Option<PortLease>,
    gate: Sender<Infallible>,
) {
    let asked = context.shared.spec.run.health.probes();
    let mut asked = asked.filter(|(stage, probe)| *stage != Stage::Live && probe.check != Check::Process);
    let gate = Some(gate).filter(|_| matches!(search.way, Way::None) && asked.next().is_none());
    let Ok(address) = search.address(context) else { return };
    if let Some(address) = address {
        if !matches!(search.way, Way::Known(_)) {
            *running.address.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
            context.shared.view().address = Some(address);
            context.event(Happened::Port { port: address.port() });
        }
        if !own(context, running, address) {
            return;
        }
    }
    // The sidecar has it now.
    drop(lease);
    let checker = Checker { running: Arc::clone(running), lines: search.lines, rpc: search.rpc };
    let health = &context.shared.spec.run.health;
    for (stage, probe) in [(Stage::Startup, &health.startup), (Stage::Ready, &health.ready)] {
        if let Some(probe) = probe
            && !answers(context, &checker, stage, probe)
        {
            return;
        }
    }
    running.proved.store(true, Ordering::Release);
    context.tell(RunInput::Ready);
    drop(gate);
    watch::watch(context, &checker);
}

/// Waits until the sidecar listens on its port, and nobody else; whether it does.
fn own(context: &Context, running: &Running, address: SocketAddr) -> bool {
    let (mut looks, mut foreign) = (0, 0);
    // The app itself holds the socket that it hands over.
    let shares = context.shared.spec.run.port == Port::ListenFd;
    let expose = context.shared.spec.run.expose;
    loop {
        match prove(&running.keeper, address, expose) {
            Proof::Own => return true,
            // Nothing better can be had here: the checks that follow must do.
            Proof::Unknown
                if client::tcp::Connection::open(address, Instant::now() + Duration::from_secs(1))
                    .is_ok() =>
            {
                return true;
            }
            Proof::Exposed(at) => {
                let allow = if at.port() == address.port() { Expose::All } else { Expose::OtherPorts };
                let error = Error::new(Kind::NotLoopback, format!("`{}` listens on {at}", context.name()))
                    .help(format!(
                        "other machines reach it there; let it listen on {}, or allow it with `expose = \"{}\"`",
                        address.ip(),
                        allow
                    ));
                context.tell(RunInput::Unfit(Failure::permanent(error)));
                return false;
            }
            Proof::Foreign(at) if !shares => {
                foreign += 1;
                if foreign >= FOREIGN {
                    context.tell(RunInput::Unfit(stranger(context, at)));
                    return false;
                }
            }
            Proof::Nobody | Proof::Unknown | Proof::Foreign(_) => {
                foreign = 0;
                if looks == 0 {
                    not_yet(context, &format!("nobody listens on {address}"));
                }
            }
        }
        let wait = LOOKS.get(looks).or(LOOKS.last()).map(|millis| Duration::from_millis(*millis));
        looks += 1;
        if context.cancel.pause(wait) {
            return false;
        }
    }
}

/// Somebody else listens on the port.
fn stranger(context: &Context, at: SocketAddr) -> Failure {
    let error = Error::new(
        Kind::ForeignListener,
        format!("somebody else listens on the port of `{}`", context.name()),
    )
    .fact("address", at)
    .fact("owner", crate::port::occupant(at.port()).ok().flatten().unwrap_or_else(|| "not known".to_owned()));
    let hope = if context.shared.spec.run.port == Port::Lease { Hope::OtherPort } else { Hope::Some };
    Failure { error, hope }
}

/// Asks until it is answered; whether it was.
fn answers(context: &Context, checker: &Checker, stage: Stage, probe: &Probe) -> bool {
    // Whatever is asked while it starts is asked at the pace of a start.
    let every = probe.every(stage).min(Span::from_millis(250)).get();
    loop {
        match checker.ask(stage, &probe.check, probe.timeout().get()) {
            Ok(()) => return !context.cancel.is_cancelled(),
            Err(failure) => {
                let kind =
                    if failure.reason() == Reason::Foreign { Kind::ForeignAnswer } else { Kind::NotReady };
                context.tell(RunInput::NotYet(kind, failure.to_string()));
            }
        }
        if context.cancel.pause(Some(every)) {
            return false;
        }
    }
}

/// Asks what the spec asks of a sidecar.
pub(super) struct Checker {
    running: Arc<Running>,
    lines: Lines,
    rpc: Option<Arc<StdioRpc>>,
}

impl Checker {
    /// What the whole tree uses.
    pub(super) fn usage(&self) -> Option<sidecar_keeper::Usage> {
        self.running.keeper.usage()
    }

    /// Asks once.
    pub(super) fn ask(&self, stage: Stage, check: &Check, timeout: Duration) -> Result<(), client::Failure> {
        let deadline = Instant::now() + timeout;
        match (check, self.running.peer(), &self.rpc) {
            (Check::Process, ..) => Ok(()),
            (Check::Line(pattern), ..) => {
                let seen = self.lines.0.iter().find(|(at, _)| *at == stage);
                if seen.is_some_and(|(_, seen)| seen.load(Ordering::Acquire)) {
                    return Ok(());
                }
                let why = format!("no line of its output matches `{}`", pattern.as_str());
                Err(client::Failure::new(Reason::Refused, why))
            }
            (check, Some(peer), _) => client::ask(check, &peer, deadline),
            (Check::JsonRpc(method), None, Some(rpc)) => rpc.call(&self.running, method, deadline),
            _ => Err(client::Failure::new(Reason::Refused, "it has no port")),
        }
    }
}
