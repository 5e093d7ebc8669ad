//! Ports: who listens, and one held for a sidecar that is about to start.

use std::net::{IpAddr, SocketAddr};

use crate::error::{Error, Kind, Result};
use crate::sys;

/// A socket that listens on a TCP port of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens. An IPv4 address that an IPv6 socket carries is given as IPv4.
    pub address: SocketAddr,
    /// Who of those that were asked about holds it; none: it is somebody else's.
    pub owners: Vec<u32>,
}

/// Every socket that listens on `port`, each with those of the processes `among` that hold it.
///
/// A sidecar has proved its port when there is a listener, each has an owner in its tree, and each address is loopback.
///
/// # Errors
/// `io` when the tables of the system cannot be read, `unsupported` elsewhere than on Linux, macOS and Windows. On macOS a
/// socket of another user is not seen.
pub fn listeners(port: u16, among: &[u32]) -> Result<Vec<Listener>> {
    sys::listeners(port, among).map_err(|error| match error.kind() {
        std::io::ErrorKind::Unsupported => Error::new(Kind::Unsupported, "no socket owners on this system"),
        _ => Error::io(Kind::Io, format!("the listeners of port {port} cannot be read"), &error),
    })
}

/// Every socket on which one of the processes `among` listens, whatever its port.
///
/// # Errors
/// As those of [`listeners`].
pub fn all_listeners(among: &[u32]) -> Result<Vec<Listener>> {
    sys::all_listeners(among).map_err(|error| match error.kind() {
        std::io::ErrorKind::Unsupported => Error::new(Kind::Unsupported, "no socket owners on this system"),
        _ => Error::io(Kind::Io, "the listeners cannot be read", &error),
    })
}

/// Every process that this user can see: what [`listeners`] needs to name the owner of a port that is taken.
pub fn all_processes() -> Vec<u32> {
    sys::all_processes()
}

/// A port that is bound, so that nobody is given it, and not listened on, so that a sidecar which sets `SO_REUSEADDR`
/// (as servers do) can bind it. Dropping it gives the port back.
#[derive(Debug)]
pub struct PortLease {
    address: SocketAddr,
    _socket: sys::Descriptor,
}

impl PortLease {
    /// Holds a free port of this address.
    ///
    /// # Errors
    /// `port-taken` when the system gives none, `unsupported` where a held port could not be bound by the sidecar.
    pub fn any(host: IpAddr) -> Result<Self> {
        Self::at(SocketAddr::new(host, 0))
    }

    /// Holds this very port.
    ///
    /// # Errors
    /// `port-taken` when somebody has it, `unsupported` where a held port could not be bound by the sidecar.
    pub fn at(address: SocketAddr) -> Result<Self> {
        match sys::lease(address) {
            Ok((socket, address)) => Ok(Self { address, _socket: socket }),
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
                Err(Error::new(Kind::Unsupported, "a port cannot be held for a sidecar on this system")
                    .help("let the sidecar announce its port"))
            }
            Err(error) => {
                Err(Error::io(Kind::PortTaken, format!("port {} cannot be held", address.port()), &error))
            }
        }
    }

    /// The address with the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}
