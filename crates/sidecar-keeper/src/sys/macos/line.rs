//! The line between app, zygote and keeper: a stream of frames, each with the descriptors that belong to it.
//!
//! macOS has no sockets that keep packets apart and tell when the other side is gone. A frame is the length of its packet
//! (32 bits, little-endian), the number of its descriptors (8 bits), and the packet.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::socket;
use crate::protocol::PACKET;

/// Bytes before a packet.
const HEADER: usize = 5;

/// What one side may send that the other has not read, in bytes: a few packets. The system's default, 8 KiB, is less than
/// one.
const ROOM: libc::c_int = 128 << 10;

/// One end.
#[derive(Debug)]
pub(crate) struct Line {
    socket: OwnedFd,
    /// What the system had no room for.
    out: Mutex<VecDeque<u8>>,
    come: Mutex<Come>,
    /// The other end, until it is heard of: the system may close a socket that is on its way and open nowhere.
    held: Mutex<Option<OwnedFd>>,
}

/// What came and was not taken.
#[derive(Debug, Default)]
struct Come {
    bytes: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
    ended: bool,
}

impl From<OwnedFd> for Line {
    fn from(socket: OwnedFd) -> Self {
        Self { socket, out: Mutex::default(), come: Mutex::default(), held: Mutex::default() }
    }
}

impl From<Line> for OwnedFd {
    fn from(line: Line) -> Self {
        line.socket
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    /// Two connected ends.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = socket::pair(libc::SOCK_STREAM)?;
        for end in [&ours, &theirs] {
            socket::set_room(end.as_fd(), ROOM);
        }
        Ok((ours.into(), theirs))
    }

    /// Whether this is an end of such a pair.
    pub(super) fn is_end(fd: BorrowedFd<'_>) -> bool {
        socket::kind(fd) == Some(libc::SOCK_STREAM)
    }

    /// Keeps the other end open until something comes from it.
    pub(super) fn hold(&self, theirs: OwnedFd) {
        *lock(&self.held) = Some(theirs);
    }

    /// Sends a packet without waiting: `WouldBlock` when the other side does not keep up. A part of it may be left for
    /// [`Line::flush`].
    pub(super) fn send(&self, packet: &[u8], with: &[RawFd]) -> io::Result<()> {
        let mut out = lock(&self.out);
        if !self.push(&mut out)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = u32::try_from(packet.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let count = u8::try_from(with.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let frame = [&length.to_le_bytes()[..], &[count], packet].concat();
        let sent = socket::send(self.as_fd(), &frame, with)?;
        out.extend(frame.get(sent..).unwrap_or_default());
        Ok(())
    }

    /// Sends what is left of a packet; whether nothing is.
    pub(super) fn flush(&self) -> io::Result<bool> {
        self.push(&mut lock(&self.out))
    }

    /// Whether a part of a packet waits for room.
    pub(super) fn is_behind(&self) -> bool {
        !lock(&self.out).is_empty()
    }

    fn push(&self, out: &mut VecDeque<u8>) -> io::Result<bool> {
        while !out.is_empty() {
            match socket::send(self.as_fd(), out.make_contiguous(), &[]) {
                Ok(sent) => drop(out.drain(..sent)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Receives a packet without waiting, and the descriptors that came along. No bytes: the other side is closed.
    ///
    /// More packets may have come than one: it is to be called again until it says `WouldBlock`, before anything is waited
    /// for.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        let mut come = lock(&self.come);
        let mut chunk = [0; PACKET];
        loop {
            if let Some((length, descriptors)) = come.take(buffer)? {
                drop(lock(&self.held).take());
                return Ok((length, descriptors));
            }
            if come.ended {
                return Ok((0, Vec::new()));
            }
            let (length, descriptors) = socket::receive(self.as_fd(), &mut chunk)?;
            come.ended = length == 0;
            come.bytes.extend(chunk.get(..length).unwrap_or_default());
            come.descriptors.extend(descriptors);
        }
    }
}

impl Come {
    /// The first packet, if all of it is there. A frame that no side sends ends the line.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<Option<(usize, Vec<OwnedFd>)>> {
        let Some((header, rest)) = self.bytes.split_first_chunk::<HEADER>() else { return Ok(None) };
        let [a, b, c, d, count] = *header;
        let (length, count) = (u32::from_le_bytes([a, b, c, d]), usize::from(count));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length == 0 || length > PACKET {
            *self = Self { ended: true, ..Self::default() };
            return Ok(None);
        }
        let Some(packet) = rest.get(..length).filter(|_| self.descriptors.len() >= count) else {
            return Ok(None);
        };
        let fits = buffer.get_mut(..length).map(|room| room.copy_from_slice(packet));
        let descriptors = self.descriptors.drain(..count).collect();
        self.bytes.drain(..HEADER + length);
        fits.map(|()| Some((length, descriptors))).ok_or(io::ErrorKind::InvalidData.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;

    fn lines() -> (Line, Line) {
        let (ours, theirs) = Line::pair().unwrap();
        assert!(Line::is_end(theirs.as_fd()));
        (ours, theirs.into())
    }

    fn next(line: &Line) -> Option<Vec<u8>> {
        let mut buffer = vec![0; PACKET];
        match line.receive(&mut buffer) {
            Ok((length, _)) => {
                buffer.truncate(length);
                Some(buffer)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn packets_stay_apart_and_the_end_is_told_behind_them() {
        let (ours, theirs) = lines();
        assert_eq!(next(&theirs), None);
        for packet in [&b"one"[..], b"2", &[7; PACKET]] {
            ours.send(packet, &[]).unwrap();
        }
        assert_eq!(next(&theirs).unwrap(), b"one");
        drop(ours);
        assert_eq!(next(&theirs).unwrap(), b"2");
        assert_eq!(next(&theirs).unwrap(), [7; PACKET]);
        assert_eq!(next(&theirs).unwrap(), b"");
    }

    #[test]
    fn descriptors_belong_to_their_packet() {
        let (ours, theirs) = lines();
        let (mut read, write) = io::pipe().unwrap();
        ours.send(b"none", &[]).unwrap();
        ours.send(b"two", &[write.as_raw_fd(), read.as_raw_fd()]).unwrap();
        ours.send(b"one", &[write.as_raw_fd()]).unwrap();
        drop(write);
        let mut buffer = [0; 8];
        let counts: Vec<usize> = (0..3).map(|_| theirs.receive(&mut buffer).unwrap().1.len()).collect();
        assert_eq!(counts, [0, 2, 1]);
        ours.send(b"x", &[read.as_raw_fd()]).unwrap();
        let got = theirs.receive(&mut buffer).unwrap().1;
        assert_eq!(got.len(), 1);
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(text, "");
    }

    #[test]
    fn a_side_that_does_not_read_stops_the_other_and_nothing_is_lost() {
        let (ours, theirs) = lines();
        socket::set_room(ours.as_fd(), 4096);
        let packet = |i: usize| vec![u8::try_from(i % 251).unwrap(); 10_000];
        let mut sent = 0;
        while ours.send(&packet(sent), &[]).is_ok() {
            sent += 1;
        }
        assert!(sent > 0 && ours.is_behind());
        let mut taken = 0;
        while taken < sent {
            match next(&theirs) {
                Some(got) => {
                    assert_eq!(got, packet(taken));
                    taken += 1;
                }
                None => drop(ours.flush().unwrap()),
            }
        }
        assert!(ours.flush().unwrap() && !ours.is_behind());
        assert_eq!(next(&theirs), None);
    }

    #[test]
    fn what_is_no_frame_ends_the_line() {
        for noise in [&[0, 0, 0, 0, 0][..], &[255; 9]] {
            let (ours, theirs) = lines();
            socket::send(ours.as_fd(), noise, &[]).unwrap();
            assert_eq!(next(&theirs).unwrap(), b"");
        }
    }

    #[test]
    fn a_packet_that_does_not_fit_is_an_error_and_the_next_is_whole() {
        let (ours, theirs) = lines();
        ours.send(b"long", &[]).unwrap();
        ours.send(b"ok", &[]).unwrap();
        let mut small = [0; 2];
        assert_eq!(theirs.receive(&mut small).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(theirs.receive(&mut small).unwrap().0, 2);
    }

    #[test]
    fn the_other_end_is_held_until_it_is_heard_of() {
        let (ours, theirs) = Line::pair().unwrap();
        let other: Line = theirs.try_clone().unwrap().into();
        ours.hold(theirs);
        other.send(b"hello", &[]).unwrap();
        drop(other);
        assert_eq!(next(&ours).unwrap(), b"hello");
        assert_eq!(next(&ours).unwrap(), b"", "nobody has the other end any more");
    }
}
