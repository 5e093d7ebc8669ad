//! Listening sockets and their owners, and a port that is held.
#![expect(unsafe_code, reason = "std cannot bind a socket without listening on it")]

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use super::raw::check;
use crate::fsx;
use crate::port::Listener;

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// `AF_INET` and `AF_INET6` in the type that addresses have.
const INET: libc::sa_family_t = 2;
const INET6: libc::sa_family_t = 10;
const _: () = assert!(INET as libc::c_int == libc::AF_INET && INET6 as libc::c_int == libc::AF_INET6);

pub(crate) fn listeners(port: u16, among: &[u32]) -> io::Result<Vec<Listener>> {
    owned(|found| found == port, among)
}

pub(crate) fn all_listeners(among: &[u32]) -> io::Result<Vec<Listener>> {
    let mut all = owned(|_| true, among)?;
    all.retain(|listener| !listener.owners.is_empty());
    Ok(all)
}

/// The sockets that listen on ports that are wanted, each with its owners.
fn owned(wanted: impl Fn(u16) -> bool, among: &[u32]) -> io::Result<Vec<Listener>> {
    let mut sockets = parse(&fsx::text("/proc/net/tcp")?, &wanted);
    // Without IPv6 there is no such file.
    sockets.extend(parse(&fsx::text("/proc/net/tcp6").unwrap_or_default(), &wanted));
    let mut out: BTreeMap<String, Listener> = sockets
        .into_iter()
        .map(|(address, inode)| (format!("socket:[{inode}]"), Listener { address, owners: Vec::new() }))
        .collect();
    if out.is_empty() {
        return Ok(Vec::new());
    }
    for pid in among {
        let dir = format!("/proc/{pid}/fd");
        for name in fsx::names(&dir) {
            let Ok(link) = fsx::link(format!("{dir}/{}", name.display())) else { continue };
            if let Some(listener) = link.to_str().and_then(|link| out.get_mut(link))
                && !listener.owners.contains(pid)
            {
                listener.owners.push(*pid);
            }
        }
    }
    Ok(out.into_values().collect())
}

/// Addresses and inodes of the sockets that listen on ports that are wanted.
fn parse(table: &str, wanted: impl Fn(u16) -> bool) -> Vec<(SocketAddr, u64)> {
    let entry = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        if *fields.get(3)? != LISTENING {
            return None;
        }
        let (host, found) = fields.get(1)?.split_once(':')?;
        let found = u16::from_str_radix(found, 16).ok().filter(|found| wanted(*found))?;
        Some((SocketAddr::new(address(host)?, found), fields.get(9)?.parse().ok()?))
    };
    table.lines().skip(1).filter_map(entry).collect()
}

/// An address as the kernel prints it: words of 32 bits in this machine's order, each of which holds bytes in network
/// order.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(hex)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (i, part) in bytes.chunks_mut(4).enumerate() {
                part.copy_from_slice(&word(hex.get(i * 8..i * 8 + 8)?)?);
            }
            Some(Ipv6Addr::from(bytes).to_canonical())
        }
        _ => None,
    }
}

/// Binds an address without listening, so that a second socket with `SO_REUSEADDR` may bind it, too.
pub(crate) fn lease(address: SocketAddr) -> io::Result<(OwnedFd, SocketAddr)> {
    let family = if address.is_ipv4() { INET } else { INET6 };
    // SAFETY: socket takes three numbers.
    let fd = check(unsafe { libc::socket(family.into(), libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: on success it is a new descriptor that nobody else owns.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let on: libc::c_int = 1;
    // SAFETY: `on` is valid for the four bytes that are named, and outlives the call.
    check(unsafe {
        libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, ptr::from_ref(&on).cast(), 4)
    })?;
    match address {
        SocketAddr::V4(address) => {
            // SAFETY: a socket address of zeros is valid.
            let mut raw: libc::sockaddr_in = unsafe { std::mem::zeroed() };
            raw.sin_family = INET;
            raw.sin_port = address.port().to_be();
            raw.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
            bind(&socket, &raw)?;
        }
        SocketAddr::V6(address) => {
            // SAFETY: a socket address of zeros is valid.
            let mut raw: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
            raw.sin6_family = INET6;
            raw.sin6_port = address.port().to_be();
            raw.sin6_addr.s6_addr = address.ip().octets();
            raw.sin6_scope_id = address.scope_id();
            bind(&socket, &raw)?;
        }
    }
    // Only std's listener tells the address of a socket; this one does not listen.
    let socket = TcpListener::from(socket);
    let bound = socket.local_addr()?;
    Ok((socket.into(), bound))
}

/// The socket addresses that the system knows.
trait RawAddress {}
impl RawAddress for libc::sockaddr_in {}
impl RawAddress for libc::sockaddr_in6 {}

fn bind<A: RawAddress>(socket: &OwnedFd, address: &A) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<A>()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: `address` is a socket address of `length` bytes, and outlives the call.
    check(unsafe { libc::bind(socket.as_raw_fd(), ptr::from_ref(address).cast(), length) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:8000 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 100 0 0 10 0
   3: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4714 1 0 100 0 0 10 0
";

    #[test]
    #[cfg(target_endian = "little")]
    fn listeners_of_the_port_are_read() {
        let expected = [("127.0.0.1:8080".parse().unwrap(), 4711), ("0.0.0.0:8080".parse().unwrap(), 4712)];
        assert_eq!(parse(TABLE, |port| port == 8080), expected);
        assert_eq!(parse(&TABLE[..130], |_| true), []);
        assert_eq!(parse(TABLE, |_| true).len(), 3);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_of_both_families_are_read() {
        assert_eq!(address("00000000000000000000000001000000"), Some("::1".parse().unwrap()));
        assert_eq!(address("0000000000000000FFFF00000100007F"), Some("127.0.0.1".parse().unwrap()));
        assert_eq!(address("0100007"), None);
        assert_eq!(address("0000000000000000FFFF0000010000é"), None);
    }

    #[test]
    fn a_listener_of_this_process_is_found_with_its_owner() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(host) else { continue };
            let address = listener.local_addr().unwrap();
            let this = std::process::id();
            let found = listeners(address.port(), &[1, this]).unwrap();
            assert!(found.contains(&Listener { address, owners: vec![this] }), "{found:?}");
            assert!(listeners(address.port(), &[]).unwrap().iter().any(|l| l.owners.is_empty()));
            let all = all_listeners(&[this]).unwrap();
            assert!(all.contains(&Listener { address, owners: vec![this] }), "{all:?}");
            assert_eq!(all_listeners(&[]).unwrap(), []);
        }
    }

    #[test]
    fn a_leased_port_can_be_bound_by_a_server_and_by_nobody_who_takes_what_is_free() {
        let (lease, address) = lease(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        assert!(listeners(address.port(), &[]).unwrap().is_empty());
        assert!(TcpStream::connect(address).is_err());
        // std's listener sets SO_REUSEADDR, as servers do.
        let server = TcpListener::bind(address).unwrap();
        TcpStream::connect(address).unwrap();
        let second = super::lease(address).unwrap_err();
        assert_eq!(second.raw_os_error(), Some(libc::EADDRINUSE));
        drop((lease, server));
    }
}
