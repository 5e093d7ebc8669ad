//! Connections: one thread each, requests in, answers out, with the faults that happen on the wire.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::api;
use super::fault::Fault;
use super::http::{Answer, Request, reason};
use super::seen::Seen;
use super::state::{State, lock};

/// Bytes between two looks at whether the server has ended. Large, so that serving costs system calls only.
const PIECE: u64 = 1 << 20;

/// The page that github.com serves when it is overloaded, shortened.
const UNICORN: &str = "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head>\n\
                       <body><p><strong>This page is taking too long to load.</strong></p></body></html>\n";

/// The open connections and their threads.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: Mutex<HashMap<u64, Arc<TcpStream>>>,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Gate {
    stopping: bool,
    /// How often stalled answers were released.
    releases: u64,
}

impl Connections {
    /// Accepts until [`Connections::stop`], then ends what is open and waits for it.
    pub(super) fn accept(self: &Arc<Self>, listener: &TcpListener, state: &Arc<State>) {
        let mut threads: Vec<JoinHandle<()>> = Vec::new();
        for (id, stream) in (0..).zip(listener.incoming()) {
            if lock(&self.gate).stopping {
                break;
            }
            let Ok(stream) = stream.map(Arc::new) else { continue };
            lock(&self.open).insert(id, Arc::clone(&stream));
            let (connections, state) = (Arc::clone(self), Arc::clone(state));
            threads.retain(|thread| !thread.is_finished());
            threads.push(std::thread::spawn(move || {
                // A connection that breaks is the client's business; tests see it there.
                let _ = connections.serve(&stream, &state);
                // The last handles go here, and with them the connection: a reset only happens at this point.
                lock(&connections.open).remove(&id);
                drop(stream);
            }));
        }
        for stream in lock(&self.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for thread in threads {
            let _ = thread.join();
        }
    }

    /// Ends every wait; the acceptor needs one more connection to notice.
    pub(super) fn stop(&self) {
        lock(&self.gate).stopping = true;
        self.changed.notify_all();
    }

    pub(super) fn release_stalls(&self) {
        lock(&self.gate).releases += 1;
        self.changed.notify_all();
    }

    /// Waits until `limit` has passed or, without a limit, until stalls are released; the server's end cuts both short.
    fn wait(&self, limit: Option<Duration>) -> Waited {
        let mut gate = lock(&self.gate);
        let releases = gate.releases;
        let deadline = limit.map(|limit| Instant::now() + limit);
        loop {
            if gate.stopping {
                return Waited::Stopping;
            }
            match deadline {
                None if gate.releases != releases => return Waited::GoOn,
                None => gate = self.changed.wait(gate).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Waited::GoOn;
                    }
                    let waited = self.changed.wait_timeout(gate, left);
                    gate = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Answers the requests of one connection until either side ends it.
    fn serve(&self, stream: &TcpStream, state: &State) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(request) = Request::read(&mut reader)? {
            let fault = state.take_fault(&request);
            if matches!(fault, Some(Fault::Reset)) {
                state.saw(Seen::new(&request, 0));
                return socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
            }
            let answer = replaced(&request, fault.as_ref(), &state.url);
            let answer = answer.unwrap_or_else(|| state.answer(&request, fault.as_ref()));
            let mut seen = Seen::new(&request, answer.status);
            let plan = Plan::new(&request, &answer, fault.as_ref());
            // Noted before it is true, so that a client that has the answer finds it; corrected where it fails.
            seen.bytes_sent = plan.until_fault();
            let ticket = state.saw(seen);
            let mut sent = 0;
            let outcome = self.send(stream, &answer, &plan, &mut sent);
            state.sent(ticket, sent);
            outcome?;
            if plan.closes {
                break;
            }
        }
        Ok(())
    }

    fn send(&self, mut out: &TcpStream, answer: &Answer, plan: &Plan, sent: &mut u64) -> io::Result<()> {
        out.write_all(head(answer, plan).as_bytes())?;
        if plan.body == 0 {
            return if plan.chunked { out.write_all(b"0\r\n\r\n") } else { Ok(()) };
        }
        let mut reader = answer.content.open(answer.part.clone())?;
        while *sent < plan.body {
            if Some(*sent) == plan.stall_at && self.wait(None) == Waited::Stopping {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let end = plan.stall_at.filter(|at| *sent < *at).unwrap_or(plan.body).min(plan.body);
            let piece = (end - *sent).min(plan.piece());
            if plan.chunked {
                write!(out, "{piece:x}\r\n")?;
            }
            let written = reader.write_to(&mut out, piece)?;
            *sent += written;
            if plan.chunked {
                out.write_all(b"\r\n")?;
            }
            if written < piece || self.pause(plan, written) == Waited::Stopping {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
        if plan.chunked { out.write_all(b"0\r\n\r\n") } else { Ok(()) }
    }

    /// Keeps a slow answer slow, and notices the end of the server.
    fn pause(&self, plan: &Plan, written: u64) -> Waited {
        match plan.bytes_per_second {
            Some(rate) => self.wait(Some(Duration::from_nanos(written.saturating_mul(1_000_000_000) / rate))),
            None if lock(&self.gate).stopping => Waited::Stopping,
            None => Waited::GoOn,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waited {
    GoOn,
    Stopping,
}

/// The answers that a fault gives in place of the good one.
fn replaced(request: &Request, fault: Option<&Fault>, url: &str) -> Option<Answer> {
    match fault? {
        Fault::Status { code, headers, body } => {
            let mut answer = Answer::new(*code, "text/plain; charset=utf-8", body.as_str());
            answer.extra.clone_from(headers);
            Some(answer)
        }
        Fault::RateLimit { reset } => Some(api::rate_limited(*reset)),
        Fault::Html => Some(Answer::new(200, "text/html; charset=utf-8", UNICORN)),
        Fault::Redirect(to) => Some(Answer::redirect(to.as_str())),
        Fault::RedirectLoop => Some(Answer::redirect(format!("{url}{}?{}", request.path, request.query))),
        _ => None,
    }
}

/// How an answer goes over the wire.
#[derive(Debug)]
struct Plan {
    /// What `Content-Length` says.
    announced: u64,
    /// Body bytes that are sent.
    body: u64,
    stall_at: Option<u64>,
    bytes_per_second: Option<u64>,
    chunked: bool,
    /// The connection ends after the answer; said in the head only where the client asked for it.
    closes: bool,
}

impl Plan {
    fn new(request: &Request, answer: &Answer, fault: Option<&Fault>) -> Self {
        let length = answer.length();
        let body = if request.method == "HEAD" { 0 } else { length };
        let mut plan = Self {
            announced: length,
            body,
            stall_at: None,
            bytes_per_second: None,
            chunked: false,
            closes: request.closes(),
        };
        match fault {
            Some(Fault::CutAfter(bytes)) => (plan.body, plan.closes) = (body.min(*bytes), true),
            Some(Fault::LengthOffBy(bytes)) => {
                (plan.announced, plan.closes) = (length.saturating_add_signed(*bytes), true);
            }
            Some(Fault::StallAfter(bytes)) => plan.stall_at = Some(*bytes),
            Some(Fault::Slow { bytes_per_second }) => {
                plan.bytes_per_second = Some((*bytes_per_second).max(1));
            }
            Some(Fault::Chunked) => plan.chunked = request.method != "HEAD",
            Some(Fault::CloseAfter) => plan.closes = true,
            _ => {}
        }
        plan
    }

    /// Bytes at a time. A slow answer trickles twenty times a second.
    fn piece(&self) -> u64 {
        self.bytes_per_second.map_or(PIECE, |rate| (rate / 20).clamp(1, PIECE))
    }

    /// Body bytes that a client gets before something happens.
    fn until_fault(&self) -> u64 {
        self.stall_at.unwrap_or(self.body).min(self.body)
    }
}

fn head(answer: &Answer, plan: &Plan) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    let fixed = answer.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let extra = answer.extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in fixed.chain(extra) {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if plan.chunked {
        head.push_str("transfer-encoding: chunked\r\n");
    } else {
        head.extend(["content-length: ", &plan.announced.to_string(), "\r\n"]);
    }
    head.push_str("\r\n");
    head
}
