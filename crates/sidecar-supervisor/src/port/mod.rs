//! The sidecar's port: chosen and held before it starts, or found in what it writes; then proved to be its own.

pub(crate) mod announce;
pub(crate) mod file;
mod prove;

use std::net::{SocketAddr, TcpListener};
use std::sync::PoisonError;

use sidecar_keeper::{Launch, PortLease, ProcessId};
use sidecar_spec::Port;

use crate::app::Shared;
use crate::error::{Error, Kind};
use crate::machine::Failure;
pub(crate) use prove::{Proof, elsewhere, prove};

/// Chooses the port, where that is done before the start.
pub(crate) fn reserve(shared: &Shared) -> Result<(Option<SocketAddr>, Option<PortLease>), Failure> {
    let host = shared.spec.run.host.address();
    match &shared.spec.run.port {
        Port::Lease => match PortLease::any(host) {
            Ok(lease) => Ok((Some(lease.address()), Some(lease))),
            // Elsewhere a port that is held cannot be bound by the sidecar: it is free now, and if somebody is given it
            // meanwhile, another one is tried.
            Err(error) if error.kind() == sidecar_keeper::Kind::Unsupported => {
                let free = TcpListener::bind((host, 0)).and_then(|socket| socket.local_addr());
                free.map(|address| (Some(address), None)).map_err(|e| no_port(shared, &e))
            }
            Err(error) => {
                let ours = Error::new(Kind::PortTaken, format!("no port for `{}`", shared.name));
                Err(Failure::passing(ours.fact("system", error.headline())))
            }
        },
        Port::Fixed(port) => {
            let address = SocketAddr::new(host, port.get());
            let free = || TcpListener::bind(address).is_ok();
            match occupant(port.get()) {
                // Where the system does not tell who listens, it tells at least that somebody does.
                Err(_) if !free() => Err(Failure::passing(taken(shared, address, "not known"))),
                Ok(Some(owner)) => Err(Failure::passing(taken(shared, address, &owner))),
                _ => Ok((Some(address), None)),
            }
        }
        Port::ListenFd => {
            let mut listener = shared.listener.lock().unwrap_or_else(PoisonError::into_inner);
            if listener.is_none() {
                *listener = Some(TcpListener::bind((host, 0)).map_err(|e| no_port(shared, &e))?);
            }
            let address = listener.as_ref().and_then(|socket| socket.local_addr().ok());
            Ok((address, None))
        }
        _ => Ok((None, None)),
    }
}

/// Hands the listening socket over.
#[cfg(unix)]
pub(crate) fn inherit(shared: &Shared, launch: Launch) -> Result<Launch, Failure> {
    let listener = shared.listener.lock().unwrap_or_else(PoisonError::into_inner);
    let copy = listener.as_ref().map(TcpListener::try_clone).transpose().map_err(|e| no_port(shared, &e))?;
    Ok(match copy {
        Some(socket) => launch.listener(socket),
        None => launch,
    })
}

/// Hands the listening socket over, which only Unix can.
#[cfg(not(unix))]
pub(crate) fn inherit(shared: &Shared, _launch: Launch) -> Result<Launch, Failure> {
    let error =
        Error::new(Kind::Unsupported, format!("`{}` cannot inherit a socket on this system", shared.name));
    Err(Failure::permanent(error.help("write `port = \"lease\"` or let it announce its port")))
}

fn no_port(shared: &Shared, error: &std::io::Error) -> Failure {
    Failure::passing(
        Error::new(Kind::PortTaken, format!("no port for `{}`", shared.name)).fact("system", error),
    )
}

/// Who listens on a port, in words; none where nobody does.
pub(crate) fn occupant(port: u16) -> std::result::Result<Option<String>, sidecar_keeper::Error> {
    let listeners = sidecar_keeper::listeners(port, &sidecar_keeper::all_processes())?;
    let Some(listener) = listeners.first() else { return Ok(None) };
    let owners = listener.owners.iter().map(|pid| {
        let name = ProcessId::of(*pid).and_then(ProcessId::name);
        name.map_or_else(|| format!("process {pid}"), |name| format!("{name} (process {pid})"))
    });
    let owners: Vec<String> = owners.collect();
    Ok(Some(if owners.is_empty() { "a process of another user".to_owned() } else { owners.join(", ") }))
}

fn taken(shared: &Shared, address: SocketAddr, owner: &str) -> Error {
    Error::new(Kind::PortTaken, format!("port {} of `{}` is taken", address.port(), shared.name))
        .fact("owner", owner)
        .help("stop it, or let the sidecar have any free port with `port = \"lease\"`")
}
