//! Asks a sidecar on its port: whether it is well, and to stop.

mod failure;
#[cfg(feature = "grpc")]
mod grpc;
mod http;
pub(crate) mod jsonrpc;
pub(crate) mod tcp;

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Instant;

use sidecar_spec::{Check, Run, StopRequest};

pub(crate) use failure::{Failure, Reason};

use crate::cancel::Cancel;
use crate::error::{Error, Kind};
use crate::secret::Secret;

/// Whether this build speaks gRPC: Cargo's feature `grpc`.
pub(crate) const GRPC: bool = cfg!(feature = "grpc");

/// Whom to ask. The token goes to this address and nowhere else.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// Where the sidecar listens.
    pub(crate) address: SocketAddr,
    /// What it asks its clients for: sent as `Bearer` over HTTP and gRPC. JSON-RPC has no place for it.
    pub(crate) token: Option<Secret>,
    /// What it must answer.
    pub(crate) nonce: Option<Secret>,
    /// Set when its run is over: no answer comes any more.
    pub(crate) over: Cancel,
}

/// Whether an answer holds the launch's nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nonce {
    /// None was asked for.
    Unasked,
    /// It does.
    Right,
    /// It holds none.
    Missing,
    /// It holds another one.
    Wrong,
}

impl Peer {
    /// From the values of the nonce header.
    fn judge<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> Nonce {
        let Some(nonce) = &self.nonce else { return Nonce::Unasked };
        values.fold(Nonce::Missing, |so_far, value| match so_far {
            Nonce::Wrong => Nonce::Wrong,
            _ if value == nonce.reveal().as_bytes() => Nonce::Right,
            _ => Nonce::Wrong,
        })
    }
}

impl Nonce {
    /// An answer without the nonce, or with another one, is not the sidecar's.
    fn proven(self) -> Result<(), Failure> {
        let text = match self {
            Self::Unasked | Self::Right => return Ok(()),
            Self::Missing => format!("the answer has no `{}`", crate::env::NONCE_HEADER),
            Self::Wrong => format!("the answer has another `{}` than this launch", crate::env::NONCE_HEADER),
        };
        Err(Failure::new(Reason::Foreign, text))
    }
}

/// Asks once, on the sidecar's port. All of it ends at the deadline.
///
/// # Errors
/// Whatever is not the good answer: see [`Reason`]. `foreign-answer` comes only with what would else be a good one, or
/// with another nonce: a server that is still starting may answer 503 without knowing the nonce.
pub(crate) fn ask(check: &Check, peer: &Peer, deadline: Instant) -> Result<(), Failure> {
    match check {
        Check::Http(path) => {
            let answer = http::get(peer, path, deadline)?;
            if answer.nonce == Nonce::Wrong {
                return answer.nonce.proven();
            }
            good(answer, "GET", path)?;
            answer.nonce.proven()
        }
        #[cfg(feature = "grpc")]
        Check::Grpc(service) => grpc::check(peer, service.as_deref(), deadline),
        Check::JsonRpc(method) => jsonrpc::call(peer, method, deadline),
        Check::Tcp => tcp::Connection::open(peer.address, deadline).map(drop),
        other => Err(unsupported(other)),
    }
}

/// Asks the sidecar to stop, on its port. The nonce is not looked at: that the port is the sidecar's was proven when it
/// became ready.
///
/// # Errors
/// Whatever says that it has not been asked or refuses. A connection that ends without an answer is none: one that stops
/// at once does just that.
pub(crate) fn request(stop: &StopRequest, peer: &Peer, deadline: Instant) -> Result<(), Failure> {
    let asked = match stop {
        StopRequest::Http(path) => {
            http::post(peer, path, deadline).and_then(|answer| good(answer, "POST", path))
        }
        #[cfg(feature = "grpc")]
        StopRequest::Grpc(method) => grpc::call(peer, method, deadline),
        StopRequest::JsonRpc(method) => jsonrpc::call(peer, method, deadline),
        other => Err(unsupported(other)),
    };
    match asked {
        Err(failure) if failure.reason() == Reason::Closed => Ok(()),
        asked => asked,
    }
}

/// Whether this build can ask all that a sidecar's spec wants to be asked.
///
/// # Errors
/// `unsupported`, with the feature that is missing.
pub(crate) fn supported(name: &str, run: &Run) -> Result<(), Error> {
    let checks = run.health.probes().find(|(_, probe)| matches!(probe.check, Check::Grpc(_)));
    let check = checks.map(|(stage, probe)| (format!("health.{}", stage.key()), probe.check.to_string()));
    let stop = run.stop.request.as_ref().filter(|request| matches!(request, StopRequest::Grpc(_)));
    let stop = stop.map(|request| ("stop.request".to_owned(), request.to_string()));
    match check.or(stop) {
        Some((key, what)) if !GRPC => {
            let error = Error::new(
                Kind::Unsupported,
                format!("`{key}` of `{name}` asks `{what}`, which this build cannot"),
            );
            Err(error.help("build sidecar-supervisor with the feature `grpc`"))
        }
        _ => Ok(()),
    }
}

fn unsupported(what: &dyn Display) -> Failure {
    let text = format!("`{what}` is nothing that this build asks on a port");
    Failure::new(Reason::Unsupported, text)
}

fn good(answer: http::Answer, method: &str, path: &str) -> Result<(), Failure> {
    match answer.status {
        200..=299 => Ok(()),
        status => Err(Failure::new(Reason::Status, format!("{method} {path} answered {status}"))),
    }
}

#[cfg(test)]
mod tests;
