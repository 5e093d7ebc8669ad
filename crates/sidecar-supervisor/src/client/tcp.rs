//! A connection whose every step ends at one deadline.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use sidecar_spec::Span;

use super::failure::{Failure, within};
use crate::cancel::Cancel;

/// So often an answer that is waited for is given up where the run is over meanwhile. Usually the connection ends with the
/// run; where the app holds the listening socket, it does not.
const LOOK: Duration = Duration::from_millis(250);

/// A connection with a deadline.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    deadline: Instant,
    within: Span,
    over: Option<Cancel>,
}

impl Connection {
    /// Connects. That this succeeds says little: the system accepts for a process that hangs.
    pub(crate) fn open(address: SocketAddr, deadline: Instant) -> Result<Self, Failure> {
        let within = within(deadline);
        let failure = |e: &io::Error| Failure::of_io(e, within);
        let left = time_left(deadline).ok_or_else(|| Failure::timed_out(within))?;
        let stream =
            TcpStream::connect_timeout(&address, left).map_err(|e| failure(&e).before_connected())?;
        // Where nobody listens on a port that the system may also give to clients, a client can be given that very port,
        // and is then connected to itself.
        if stream.local_addr().map_err(|e| failure(&e))? == address {
            return Err(Failure::refused());
        }
        stream.set_nodelay(true).map_err(|e| failure(&e))?;
        Ok(Self { stream, deadline, within, over: None })
    }

    /// Ends where the run is over, too.
    pub(crate) fn of_run(self, over: &Cancel) -> Self {
        Self { over: Some(over.clone()), ..self }
    }

    /// Sends all of it.
    pub(crate) fn send(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(Some(self.left()?)).map_err(|e| self.failure(&e))?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(Failure::closed()),
                Ok(count) => bytes = &bytes[count..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.failure(&e)),
            }
        }
        Ok(())
    }

    /// Some bytes, at least one; none at the end.
    pub(crate) fn receive<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Option<&'a [u8]>, Failure> {
        loop {
            let left = self.left()?;
            let wait = if self.over.is_some() { left.min(LOOK) } else { left };
            self.stream.set_read_timeout(Some(wait)).map_err(|e| self.failure(&e))?;
            match self.stream.read(buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => return Ok(Some(&buffer[..count])),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if wait < left && is_late(&e) => {
                    if self.over.as_ref().is_some_and(Cancel::is_cancelled) {
                        return Err(Failure::closed());
                    }
                }
                Err(e) => return Err(self.failure(&e)),
            }
        }
    }

    /// Ends earlier than it would have.
    pub(crate) fn end_within(&mut self, time: Duration) {
        self.deadline = self.deadline.min(Instant::now() + time);
    }

    /// The connection itself, without the deadline.
    #[cfg(feature = "grpc")]
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn left(&self) -> Result<Duration, Failure> {
        time_left(self.deadline).ok_or_else(|| Failure::timed_out(self.within))
    }

    fn failure(&self, error: &io::Error) -> Failure {
        Failure::of_io(error, self.within)
    }
}

/// What systems call a read that took too long.
fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Never zero, which sockets take for no limit.
fn time_left(deadline: Instant) -> Option<Duration> {
    Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::Reason;
    use super::super::tests::soon;
    use super::*;

    #[test]
    fn one_that_listens_is_connected_to_even_where_nobody_accepts() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(host).unwrap();
            Connection::open(listener.local_addr().unwrap(), soon()).unwrap();
        }
    }

    #[test]
    fn nobody_there_is_told() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let failure = Connection::open(address, soon()).unwrap_err();
        assert_eq!((failure.reason(), failure.to_string().as_str()), (Reason::Refused, "connection refused"));
    }

    #[test]
    fn a_deadline_that_has_passed_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let failure = Connection::open(listener.local_addr().unwrap(), Instant::now()).unwrap_err();
        assert_eq!(failure.reason(), Reason::TimedOut);
    }

    /// Linux gives even ports to clients, one after the other; so it comes to this one before it has given 30,000.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_connection_to_oneself_is_none() {
        let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let port = (40_000..50_000).step_by(2).find(free).unwrap();
        for _ in 0..30_000 {
            let failure = Connection::open(([127, 0, 0, 1], port).into(), soon()).unwrap_err();
            assert_eq!(failure, Failure::refused());
        }
    }
}
