//! Listening sockets and their owners.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use super::channel::Descriptor;
use super::{proc, read};
use crate::port::Listener;

/// Sockets are found through the processes that hold them, so that those of other users are not seen.
#[expect(clippy::unnecessary_wraps, reason = "other systems may fail")]
pub(crate) fn listeners(port: u16, among: &[u32]) -> io::Result<Vec<Listener>> {
    let mut out: BTreeMap<u64, Listener> = BTreeMap::new();
    for pid in proc::all_processes() {
        for socket in proc::sockets(pid) {
            let Some((id, address)) = read::listener(&socket).filter(|(_, at)| at.port() == port) else {
                continue;
            };
            let listener = out.entry(id).or_insert_with(|| Listener { address, owners: Vec::new() });
            if among.contains(&pid) && !listener.owners.contains(&pid) {
                listener.owners.push(pid);
            }
        }
    }
    Ok(out.into_values().collect())
}

#[expect(clippy::unnecessary_wraps, reason = "other systems may fail")]
pub(crate) fn all_listeners(among: &[u32]) -> io::Result<Vec<Listener>> {
    let mut out: BTreeMap<u64, Listener> = BTreeMap::new();
    for pid in among {
        for (id, address) in proc::sockets(*pid).iter().filter_map(|socket| read::listener(socket)) {
            let listener = out.entry(id).or_insert_with(|| Listener { address, owners: Vec::new() });
            if !listener.owners.contains(pid) {
                listener.owners.push(*pid);
            }
        }
    }
    Ok(out.into_values().collect())
}

/// A port that is bound cannot be bound once more here without sharing what comes to it.
pub(crate) fn lease(_address: SocketAddr) -> io::Result<(Descriptor, SocketAddr)> {
    Err(io::ErrorKind::Unsupported.into())
}
