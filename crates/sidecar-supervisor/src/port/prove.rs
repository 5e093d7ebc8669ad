//! Whether a port is the sidecar's own: the socket that listens there belongs to its tree, and lies on loopback only, as
//! does every other one on which its tree listens at that moment. `expose` allows others.

use std::net::{IpAddr, SocketAddr};

use sidecar_keeper::{Keeper, Kind as Keepers, Listener};
use sidecar_spec::Expose;

/// What is known of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It is the sidecar's own.
    Own,
    /// Nobody listens there yet.
    Nobody,
    /// The sidecar listens there, where other machines reach it.
    Exposed(SocketAddr),
    /// Somebody else listens there.
    Foreign(SocketAddr),
    /// This system does not tell who listens.
    Unknown,
}

/// Looks who listens now.
pub(crate) fn prove(keeper: &Keeper, address: SocketAddr, expose: Expose) -> Proof {
    let tree: Vec<u32> = keeper.tree().iter().map(|process| process.pid).collect();
    match sidecar_keeper::listeners(address.port(), &tree) {
        Ok(listeners) => match judge(&listeners, address.ip(), expose) {
            Proof::Own if expose == Expose::Nothing => exposed(&tree).map_or(Proof::Own, Proof::Exposed),
            other => other,
        },
        Err(error) if error.kind() == Keepers::Unsupported => Proof::Unknown,
        // The tables can be read in a moment, or not at all: then it is never proved.
        Err(_) => Proof::Nobody,
    }
}

/// Where else its tree listens, whatever the port, so that other machines reach it.
fn exposed(tree: &[u32]) -> Option<SocketAddr> {
    let all = sidecar_keeper::all_listeners(tree).unwrap_or_default();
    all.into_iter().map(|listener| listener.address).find(|address| !address.ip().is_loopback())
}

/// Where the tree listens, other than it should.
pub(crate) fn elsewhere(keeper: &Keeper, expected: Option<SocketAddr>) -> Vec<SocketAddr> {
    let tree: Vec<u32> = keeper.tree().iter().map(|process| process.pid).collect();
    let all = sidecar_keeper::all_listeners(&tree).unwrap_or_default();
    let mut found: Vec<SocketAddr> = all.into_iter().map(|listener| listener.address).collect();
    found.retain(|address| Some(*address) != expected);
    found.sort_unstable();
    found.dedup();
    found
}

fn judge(listeners: &[Listener], host: IpAddr, expose: Expose) -> Proof {
    // Whoever listens on all addresses is reached on this one as well, where nobody listens on this one itself.
    let exactly = |listener: &&Listener| listener.address.ip() == host;
    let reached =
        |listener: &&Listener| listener.address.ip() == host || listener.address.ip().is_unspecified();
    let (own, others): (Vec<_>, Vec<_>) = listeners.iter().partition(|listener| !listener.owners.is_empty());
    let exposed = own.iter().find(|listener| !listener.address.ip().is_loopback());
    if let Some(exposed) = exposed.filter(|_| expose != Expose::All) {
        return Proof::Exposed(exposed.address);
    }
    if own.iter().any(exactly) {
        return Proof::Own;
    }
    if let Some(foreign) = others.iter().find(|listener| exactly(listener)) {
        return Proof::Foreign(foreign.address);
    }
    if own.iter().any(reached) {
        return Proof::Own;
    }
    match others.iter().find(|listener| reached(listener)) {
        Some(foreign) => Proof::Foreign(foreign.address),
        None => Proof::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(address: &str, owners: &[u32]) -> Listener {
        Listener { address: address.parse().unwrap(), owners: owners.to_vec() }
    }

    #[test]
    fn only_an_own_socket_on_loopback_proves_it() {
        let host: IpAddr = [127, 0, 0, 1].into();
        for (listeners, expected) in [
            (vec![], Proof::Nobody),
            (vec![listener("127.0.0.1:80", &[7])], Proof::Own),
            (vec![listener("127.0.0.1:80", &[7]), listener("[::1]:80", &[7])], Proof::Own),
            // On IPv6 alone, nobody is reached under the address that the app uses.
            (vec![listener("[::1]:80", &[7])], Proof::Nobody),
            (vec![listener("0.0.0.0:80", &[7])], Proof::Exposed("0.0.0.0:80".parse().unwrap())),
            (
                vec![listener("127.0.0.1:80", &[7]), listener("[::]:80", &[8])],
                Proof::Exposed("[::]:80".parse().unwrap()),
            ),
            (vec![listener("127.0.0.1:80", &[])], Proof::Foreign("127.0.0.1:80".parse().unwrap())),
            (vec![listener("0.0.0.0:80", &[])], Proof::Foreign("0.0.0.0:80".parse().unwrap())),
            (vec![listener("10.0.0.1:80", &[])], Proof::Nobody),
        ] {
            assert_eq!(judge(&listeners, host, Expose::Nothing), expected, "{listeners:?}");
            // Its own port is on loopback all the same.
            assert_eq!(judge(&listeners, host, Expose::OtherPorts), expected, "{listeners:?}");
        }
    }

    #[test]
    fn one_that_may_be_reached_from_elsewhere_is_reached_here_too() {
        let host: IpAddr = [127, 0, 0, 1].into();
        for (listeners, expected) in [
            (vec![listener("0.0.0.0:80", &[7])], Proof::Own),
            (vec![listener("[::]:80", &[7])], Proof::Own),
            (vec![listener("127.0.0.1:80", &[7]), listener("10.0.0.1:80", &[7])], Proof::Own),
            (vec![listener("10.0.0.1:80", &[7])], Proof::Nobody),
            // What comes from here reaches the other one.
            (
                vec![listener("[::]:80", &[7]), listener("127.0.0.1:80", &[])],
                Proof::Foreign("127.0.0.1:80".parse().unwrap()),
            ),
            (vec![listener("0.0.0.0:80", &[])], Proof::Foreign("0.0.0.0:80".parse().unwrap())),
        ] {
            assert_eq!(judge(&listeners, host, Expose::All), expected, "{listeners:?}");
        }
    }
}
