//! Packets with descriptors between processes, and waiting for them.
#![expect(unsafe_code, reason = "sendmsg, recvmsg and poll have no safe counterpart in std")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use super::os;
use super::raw::check;

/// No message carries more descriptors: three streams, two to drain, sixteen listeners, and room.
const DESCRIPTORS: usize = 32;

/// Room for the control message that carries them, in units that are aligned for its header.
const CONTROL: usize = 32;
const CONTROL_BYTES: u32 = 256;
const _: () = assert!(size_of::<[u64; CONTROL]>() == CONTROL_BYTES as usize);

fn repeat(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        if let Ok(count) = usize::try_from(call()) {
            return Ok(count);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Two connected ends of this kind, closed on exec.
pub(super) fn pair(kind: libc::c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [RawFd; 2] = [-1; 2];
    // SAFETY: `ends` is valid for two descriptors.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind | os::SOCKET, 0, ends.as_mut_ptr()) })?;
    // SAFETY: on success both are new descriptors that nobody else owns.
    let ends = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    for end in [&ends.0, &ends.1] {
        os::settle(end);
        os::quieten(end);
    }
    Ok(ends)
}

/// Gives a socket room for so many bytes that the other side has not read, where the system lets it.
#[cfg(any(target_os = "macos", test))]
pub(super) fn set_room(fd: BorrowedFd<'_>, bytes: libc::c_int) {
    // SAFETY: the option takes the four bytes of `bytes`, which outlives the call.
    unsafe {
        let value = ptr::from_ref(&bytes).cast();
        libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_SNDBUF, value, 4);
    }
}

/// The kind of a socket; `None` for what is none.
pub(super) fn kind(fd: BorrowedFd<'_>) -> Option<libc::c_int> {
    let mut kind: libc::c_int = 0;
    let mut length: libc::socklen_t = 4;
    // SAFETY: `kind` is valid for the four bytes that `length` says, both outlive the call.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TYPE,
            ptr::from_mut(&mut kind).cast(),
            &raw mut length,
        )
    };
    (result == 0).then_some(kind)
}

/// Sends bytes and descriptors without waiting: `WouldBlock` when the other side does not keep up. Returns how many bytes
/// the system took; descriptors travel with the first of them.
pub(super) fn send(socket: BorrowedFd<'_>, packet: &[u8], with: &[RawFd]) -> io::Result<usize> {
    if with.len() > DESCRIPTORS {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut control = [0u64; CONTROL];
    let mut part = libc::iovec { iov_base: packet.as_ptr().cast_mut().cast(), iov_len: packet.len() };
    // SAFETY: a message header of zeros is valid: no name, no parts, no control data.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    if !with.is_empty() {
        let bytes = u32::try_from(size_of_val(with)).map_err(|_| io::ErrorKind::InvalidInput)?;
        message.msg_control = control.as_mut_ptr().cast();
        // SAFETY: CMSG_SPACE and CMSG_LEN only compute. The space is at most 16 + 32 * 4 bytes, `control` has 256.
        // The first header then lies at its start, which is aligned for it, and its data is long enough for `with`.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(bytes) as _;
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(bytes) as _;
            ptr::copy_nonoverlapping(with.as_ptr().cast::<u8>(), libc::CMSG_DATA(header), bytes as usize);
        }
    }
    // SAFETY: the header points to `part` and `control`, which outlive the call; sendmsg writes to neither.
    repeat(|| unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, os::SEND) })
}

/// Receives what is there, or one packet where the socket keeps them apart, without waiting, and the descriptors that came
/// along. No bytes: the other side is closed.
pub(super) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut control = [0u64; CONTROL];
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: a message header of zeros is valid: no name, no parts, no control data.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = CONTROL_BYTES as _;
    // SAFETY: the header points to `part` (and so to `buffer`) and `control`, all of which outlive the call and are not
    // used otherwise meanwhile.
    let mut receive =
        || repeat(|| unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, os::RECEIVE) });
    let count = match receive() {
        // The other side was closed before it read all: that is told once, and first. What it sent comes after it.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => receive()?,
        other => other?,
    };
    let descriptors = received(&message);
    if message.msg_flags & (libc::MSG_CTRUNC | libc::MSG_TRUNC) != 0 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((count, descriptors))
}

/// A length, which has another type in every libc.
fn length(length: impl TryInto<usize>) -> usize {
    length.try_into().unwrap_or(0)
}

/// Takes the descriptors out of a message that recvmsg filled.
fn received(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut out = Vec::new();
    // SAFETY: recvmsg left control data of `msg_controllen` bytes, which the CMSG functions stay within. Descriptors of
    // an SCM_RIGHTS message are new in this process, and nobody else owns them.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let bytes = length((*header).cmsg_len).saturating_sub(length(libc::CMSG_LEN(0)));
                let data = libc::CMSG_DATA(header);
                for i in 0..bytes / size_of::<RawFd>() {
                    let mut number = [0; size_of::<RawFd>()];
                    ptr::copy_nonoverlapping(data.add(i * number.len()), number.as_mut_ptr(), number.len());
                    let descriptor = OwnedFd::from_raw_fd(RawFd::from_ne_bytes(number));
                    os::settle(&descriptor);
                    out.push(descriptor);
                }
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    out
}

/// What is waited for, and whether it is there.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub(super) struct Waited(libc::pollfd);

impl Waited {
    /// Waits until there is something to read, or the other side is closed.
    pub(super) fn to_read(fd: Option<BorrowedFd<'_>>) -> Self {
        Self::of(fd, libc::POLLIN)
    }

    /// Waits until it can be read or written, or the other side is closed.
    pub(super) fn to_read_and_write(fd: Option<BorrowedFd<'_>>) -> Self {
        Self::of(fd, libc::POLLIN | libc::POLLOUT)
    }

    /// Waits until something can be written.
    pub(super) fn to_write(fd: Option<BorrowedFd<'_>>) -> Self {
        Self::of(fd, libc::POLLOUT)
    }

    /// A descriptor below zero is skipped by poll.
    fn of(fd: Option<BorrowedFd<'_>>, events: i16) -> Self {
        Self(libc::pollfd { fd: fd.map_or(-1, |fd| fd.as_raw_fd()), events, revents: 0 })
    }

    /// Whether something happened to it.
    pub(super) fn is_there(self) -> bool {
        self.0.revents != 0
    }

    /// Whether it can be read, or the other side is closed.
    pub(super) fn is_readable(self) -> bool {
        self.0.revents & !libc::POLLOUT != 0
    }
}

/// Waits for any of them, at most `milliseconds` (for ever when negative). An interruption ends it early.
pub(super) fn wait(waited: &mut [Waited], milliseconds: i32) {
    let Ok(count) = libc::nfds_t::try_from(waited.len()) else { return };
    // SAFETY: `Waited` is transparent, so that the slice is one of `pollfd` with `count` entries.
    unsafe { libc::poll(waited.as_mut_ptr().cast(), count, milliseconds) };
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn the_last_packets_of_one_that_read_nothing_arrive() {
        let (ours, theirs) = pair(libc::SOCK_SEQPACKET).unwrap();
        send(theirs.as_fd(), b"last", &[]).unwrap();
        send(ours.as_fd(), b"unread", &[]).unwrap();
        drop(theirs);
        let mut buffer = [0; 16];
        assert_eq!(receive(ours.as_fd(), &mut buffer).unwrap().0, 4);
        assert_eq!(&buffer[..4], b"last");
        assert_eq!(receive(ours.as_fd(), &mut buffer).unwrap().0, 0);
    }
}
