//! What the system writes about sockets and environments, read by place: bytes to values.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The size of `struct socket_fdinfo`.
pub(super) const SOCKET: usize = 792;

/// Places in it, from `sys/proc_info.h`: `proc_fileinfo` has 24 bytes, then `socket_info` has `vinfo_stat` with 136, then
/// the address of the socket in the kernel; its kind and what depends on that lie 232 and 240 bytes behind its start.
const ADDRESS: usize = 24 + 136;
const KIND: usize = 24 + 232;
const IN: usize = 24 + 240;
/// Within `in_sockinfo`, which has 80 bytes: the port in network order, the versions, the address. Then `tcpsi_state`.
const PORT: usize = IN + 4;
const VERSIONS: usize = IN + 24;
const LOCAL: usize = IN + 48;
const STATE: usize = IN + 80;

/// `SOCKINFO_TCP`, `TSI_S_LISTEN` and `INI_IPV4`.
const TCP: u32 = 2;
const LISTENS: u32 = 1;
const IPV4: u8 = 1;

fn bytes<const N: usize>(from: &[u8], at: usize) -> Option<[u8; N]> {
    from.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn number(from: &[u8], at: usize) -> Option<u32> {
    bytes(from, at).map(u32::from_ne_bytes)
}

/// What identifies a TCP socket that listens, and its address; `None` for any other.
pub(super) fn listener(socket: &[u8]) -> Option<(u64, SocketAddr)> {
    if number(socket, KIND)? != TCP || number(socket, STATE)? != LISTENS {
        return None;
    }
    // The port stands in the first two bytes of a number of four.
    let port = u16::from_be_bytes(bytes(socket, PORT)?);
    let address: [u8; 16] = bytes(socket, LOCAL)?;
    let [.., a, b, c, d] = address;
    // A socket of both versions listens on the IPv6 address.
    let host = match socket.get(VERSIONS)? {
        &IPV4 => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        _ => Ipv6Addr::from(address).to_canonical(),
    };
    Some((u64::from_ne_bytes(bytes(socket, ADDRESS)?), SocketAddr::new(host, port)))
}

/// The environment out of what `KERN_PROCARGS2` gives: how many arguments there are, the path of the program, NULs to a
/// boundary, arguments, variables.
pub(super) fn environment(all: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = number(all, 0).and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
    let rest = all.get(4..).unwrap_or_default();
    let path = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let rest = rest.get(path..).unwrap_or_default();
    let filled = rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
    rest.get(filled..)
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .skip(count)
        .take_while(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(versions: u8, local: [u8; 16]) -> Vec<u8> {
        let mut out = vec![0xee; SOCKET];
        let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
        put(160, &0xffff_0000_1234_5678_u64.to_ne_bytes());
        put(256, &2_u32.to_ne_bytes());
        put(268, &[0x1f, 0x90, 0, 0]);
        put(288, &[versions]);
        put(312, &local);
        put(344, &1_u32.to_ne_bytes());
        out
    }

    #[test]
    fn listeners_of_both_versions_are_read() {
        let mut v4 = [0; 16];
        v4[12..].copy_from_slice(&[127, 0, 0, 1]);
        let expected = |text: &str| Some((0xffff_0000_1234_5678, text.parse().unwrap()));
        assert_eq!(listener(&socket(1, v4)), expected("127.0.0.1:8080"));
        assert_eq!(listener(&socket(2, Ipv6Addr::LOCALHOST.octets())), expected("[::1]:8080"));
        assert_eq!(listener(&socket(3, [0; 16])), expected("[::]:8080"));
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
        assert_eq!(listener(&socket(2, mapped)), expected("127.0.0.1:8080"));
    }

    #[test]
    fn what_does_not_listen_or_is_cut_is_none() {
        let whole = socket(2, [0; 16]);
        let mut connected = whole.clone();
        connected[344] = 4;
        let mut udp = whole.clone();
        udp[256] = 1;
        assert_eq!((listener(&connected), listener(&udp)), (None, None));
        (0..348).for_each(|end| assert_eq!(listener(&whole[..end]), None, "{end}"));
    }

    #[test]
    fn variables_are_told_from_arguments() {
        let all = |count: u32, rest: &[u8]| [&count.to_ne_bytes()[..], rest].concat();
        let read = |all: &[u8]| {
            environment(all).map(|entry| String::from_utf8_lossy(entry).into_owned()).collect::<Vec<_>>()
        };
        let rest = b"/bin/a\0\0\0\0a\0A=arg\0A=1\0B=2\0\0x=executable_path\0";
        assert_eq!(read(&all(2, rest)), ["A=1", "B=2"]);
        assert_eq!(read(&all(9, rest)), [""; 0]);
        (0..8).for_each(|end| assert_eq!(read(&all(2, rest)[..end]), [""; 0], "{end}"));
        assert_eq!(read(&all(u32::MAX, b"")), [""; 0]);
    }
}
