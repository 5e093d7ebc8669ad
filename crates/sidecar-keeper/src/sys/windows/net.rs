//! Listening sockets and their owners.
#![expect(unsafe_code, reason = "the table of sockets has no safe counterpart in std")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{GetExtendedTcpTable, TCP_TABLE_OWNER_PID_LISTENER};

use super::Descriptor;
use crate::port::Listener;

/// The families of addresses (winsock2.h).
const INET: u32 = 2;
const INET6: u32 = 23;

/// How many words a row has: state, address and port of both sides, owner; with IPv6, addresses have four words and a scope.
const ROW: usize = 6;
const ROW6: usize = 14;

pub(crate) fn listeners(port: u16, among: &[u32]) -> io::Result<Vec<Listener>> {
    let of_port = all()?.into_iter().filter(|(address, _)| address.port() == port);
    Ok(of_port.map(|(address, owner)| listener(address, owner, among)).collect())
}

pub(crate) fn all_listeners(among: &[u32]) -> io::Result<Vec<Listener>> {
    let of_them = all()?.into_iter().filter(|(_, owner)| among.contains(owner));
    Ok(of_them.map(|(address, owner)| listener(address, owner, among)).collect())
}

fn listener(address: SocketAddr, owner: u32, among: &[u32]) -> Listener {
    Listener { address, owners: among.iter().copied().filter(|pid| *pid == owner).take(1).collect() }
}

/// Every socket that listens, with its owner.
fn all() -> io::Result<Vec<(SocketAddr, u32)>> {
    let mut rows = parse(&table(INET)?);
    // Without IPv6 there is no such table.
    rows.extend(parse6(&table(INET6).unwrap_or_default()));
    // Number 0 is that of no process which listens: then the system (wine) does not tell owners.
    if rows.iter().any(|(_, owner)| *owner == 0) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(rows)
}

/// The table of one family, in words.
fn table(family: u32) -> io::Result<Vec<u32>> {
    let mut words = vec![0_u32; 1024];
    // It may grow between two calls.
    for _ in 0..8 {
        let mut size = u32::try_from(size_of_val(words.as_slice())).unwrap_or(u32::MAX);
        // SAFETY: `words` is valid for `size` bytes and aligned for the table, whose fields are words or bytes.
        let result = unsafe {
            GetExtendedTcpTable(
                words.as_mut_ptr().cast(),
                &raw mut size,
                0,
                family,
                TCP_TABLE_OWNER_PID_LISTENER,
                0,
            )
        };
        match result {
            NO_ERROR => return Ok(words),
            ERROR_INSUFFICIENT_BUFFER => words = vec![0; size as usize / 4 + 1024],
            error => return Err(io::Error::from_raw_os_error(error.cast_signed())),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// The rows of a table: how many there are stands in front.
fn rows(table: &[u32], length: usize) -> impl Iterator<Item = &[u32]> {
    let count = table.first().map_or(0, |count| *count as usize);
    table.get(1..).unwrap_or_default().chunks_exact(length).take(count)
}

/// Ports lie in network order in the lower half of a word.
fn port_of(word: u32) -> u16 {
    let [high, low, ..] = word.to_ne_bytes();
    u16::from_be_bytes([high, low])
}

fn parse(table: &[u32]) -> Vec<(SocketAddr, u32)> {
    let entry = |row: &[u32]| {
        let [_state, address, port, _, _, owner] = row.try_into().ok()?;
        Some((SocketAddr::new(Ipv4Addr::from(u32::to_ne_bytes(address)).into(), port_of(port)), owner))
    };
    rows(table, ROW).filter_map(entry).collect()
}

fn parse6(table: &[u32]) -> Vec<(SocketAddr, u32)> {
    let entry = |row: &[u32]| {
        let words: [u32; ROW6] = row.try_into().ok()?;
        let [a, b, c, d, _scope, port, .., owner] = words;
        let mut bytes = [0; 16];
        for (to, from) in bytes.chunks_exact_mut(4).zip([a, b, c, d]) {
            to.copy_from_slice(&from.to_ne_bytes());
        }
        let address: IpAddr = Ipv6Addr::from(bytes).to_canonical();
        Some((SocketAddr::new(address, port_of(port)), owner))
    };
    rows(table, ROW6).filter_map(entry).collect()
}

/// Not here: two sockets that share a port by `SO_REUSEADDR` share it for good on Windows, so that whoever comes third
/// could take the sidecar's connections.
pub(crate) fn lease(_address: SocketAddr) -> io::Result<(Descriptor, SocketAddr)> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const HTTP: u32 = u32::from_ne_bytes([0x1f, 0x90, 0, 0]);
    const LOOPBACK: u32 = u32::from_ne_bytes([127, 0, 0, 1]);

    #[test]
    fn rows_of_both_families_are_read_and_no_more_than_there_are() {
        let table = [1, 2, LOOPBACK, HTTP, 0, 0, 4711, 2, LOOPBACK, HTTP, 0, 0, 4712];
        assert_eq!(parse(&table), [("127.0.0.1:8080".parse().unwrap(), 4711)]);
        assert_eq!((parse(&table[..6]), parse(&[]), parse(&[9])), (vec![], vec![], vec![]));
        let one = u32::from_ne_bytes([0, 0, 0, 1]);
        let mapped = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
        let rest = [0; 7];
        let table =
            [&[2, 0, 0, 0, one, 0, HTTP], &rest[..], &[7], &[0, 0, mapped, LOOPBACK, 0, HTTP], &rest, &[8]];
        let expected = [("[::1]:8080".parse().unwrap(), 7), ("127.0.0.1:8080".parse().unwrap(), 8)];
        assert_eq!(parse6(&table.concat()), expected);
    }

    /// Sockets of both families that listen, as far as this machine has them.
    fn listening() -> Vec<(TcpListener, SocketAddr)> {
        let bound = ["127.0.0.1:0", "[::1]:0"].into_iter().filter_map(|host| TcpListener::bind(host).ok());
        bound.map(|socket| (socket.local_addr().unwrap(), socket)).map(|(a, socket)| (socket, a)).collect()
    }

    #[test]
    fn a_listener_is_found_as_long_as_it_listens() {
        for (socket, address) in listening() {
            match listeners(address.port(), &[]) {
                Ok(found) => assert!(found.contains(&Listener { address, owners: Vec::new() }), "{found:?}"),
                // It listens, and nobody tells who.
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::Unsupported),
            }
            drop(socket);
            let left = listeners(address.port(), &[]).unwrap_or_default();
            assert!(left.iter().all(|found| found.address != address));
        }
    }

    #[test]
    fn the_owner_of_a_listener_is_told() {
        for (_socket, address) in listening() {
            let this = std::process::id();
            let found = listeners(address.port(), &[1, this]).unwrap();
            assert!(found.contains(&Listener { address, owners: vec![this] }), "{found:?}");
            assert!(all_listeners(&[this]).unwrap().contains(&Listener { address, owners: vec![this] }));
            assert_eq!(all_listeners(&[]).unwrap(), []);
        }
    }

    #[test]
    fn no_port_is_held() {
        let held = crate::PortLease::any([127, 0, 0, 1].into()).unwrap_err();
        assert_eq!(held.kind(), crate::Kind::Unsupported);
        assert!(held.help_text().is_some_and(|help| help.contains("announce")), "{held}");
    }
}
