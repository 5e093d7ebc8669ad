//! What app, zygote and keeper say to each other: small fixed frames, each with the protocol's version.
//!
//! A frame is one packet: version, type, fields in little-endian order. Decoding never panics and never allocates more
//! than the packet holds.

use crate::process::ProcessId;
use crate::scope::Unasked;

/// The version in every frame. The zygote is a fork of the app, or its re-execution, so that both sides are the same
/// program; the version catches the case that an update replaced the file between.
pub(crate) const VERSION: u8 = 1;

/// No packet is longer; descriptions of launches are sent in parts.
pub(crate) const PACKET: usize = 16 * 1024;

/// What one packet carries of a launch.
pub(crate) const PART: usize = PACKET - 16;

/// How many processes one packet lists.
pub(crate) const LISTED: usize = 1000;

/// From the app to the zygote (`Fork`) and to a keeper (the others).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Fork a keeper that talks over the descriptor sent along.
    Fork,
    /// A part of the description of the launch.
    Part(Vec<u8>),
    /// The description is complete; its descriptors come along.
    Launch,
    /// Send a signal to the leader.
    Signal(i32),
    /// TERM to the leader, after so many milliseconds kill the tree.
    Stop(u64),
    /// Kill the tree.
    Kill,
    /// List the tree.
    Query,
}

/// From the zygote and the keeper to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// The first frame: who speaks.
    Hello(ProcessId),
    /// No keeper could be forked, or its launch is not understood: an error number.
    Refused(i32),
    /// The leader runs the program.
    Started(ProcessId),
    /// The leader could not run the program.
    LaunchFailed(Stage, i32),
    /// The leader ended, with the system's status word.
    Exited(i32),
    /// The answer to `Query`; `true` when there are more than fit.
    Tree(Vec<ProcessId>, bool),
    /// Nothing of the tree is left.
    Empty,
    /// The leader could not be asked to end; the tree is killed.
    Unasked(Unasked),
}

/// How far a launch came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Forking, or preparing descriptors and signals.
    Prepare,
    /// Changing to the working directory.
    Directory,
    /// Executing the program.
    Execute,
}

impl Stage {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Prepare => 0,
            Self::Directory => 1,
            Self::Execute => 2,
        }
    }

    pub(crate) const fn of(number: u8) -> Self {
        match number {
            1 => Self::Directory,
            2 => Self::Execute,
            _ => Self::Prepare,
        }
    }
}

/// Why a frame is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The other side speaks this version.
    Version(u8),
    /// Not a frame of this protocol.
    Malformed,
}

/// Reads fields from bytes; `None` where they end too early.
#[derive(Debug)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn process(&mut self) -> Option<ProcessId> {
        Some(ProcessId { pid: self.u32()?, start: self.u64()? })
    }

    /// `value`, when nothing is left over.
    fn end<T>(&self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

fn put_process(out: &mut Vec<u8>, process: ProcessId) {
    out.extend(process.pid.to_le_bytes());
    out.extend(process.start.to_le_bytes());
}

/// The fields behind version and type, or why there are none.
fn open(packet: &[u8]) -> Result<(u8, Fields<'_>), Unreadable> {
    match packet {
        [VERSION, kind, rest @ ..] => Ok((*kind, Fields(rest))),
        [version, _, ..] => Err(Unreadable::Version(*version)),
        _ => Err(Unreadable::Malformed),
    }
}

impl Command {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match self {
            Self::Fork => out.push(1),
            Self::Part(bytes) => {
                out.push(2);
                out.extend(bytes);
            }
            Self::Launch => out.push(3),
            Self::Signal(signal) => {
                out.push(4);
                out.extend(signal.to_le_bytes());
            }
            Self::Stop(grace) => {
                out.push(5);
                out.extend(grace.to_le_bytes());
            }
            Self::Kill => out.push(6),
            Self::Query => out.push(7),
        }
        out
    }

    pub(crate) fn decode(packet: &[u8]) -> Result<Self, Unreadable> {
        let (kind, mut fields) = open(packet)?;
        let command = match kind {
            1 => fields.end(Self::Fork),
            2 => Some(Self::Part(fields.0.to_vec())),
            3 => fields.end(Self::Launch),
            4 => fields.i32().and_then(|signal| fields.end(Self::Signal(signal))),
            5 => fields.u64().and_then(|grace| fields.end(Self::Stop(grace))),
            6 => fields.end(Self::Kill),
            7 => fields.end(Self::Query),
            _ => None,
        };
        command.ok_or(Unreadable::Malformed)
    }
}

impl Report {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match self {
            Self::Hello(process) => {
                out.push(1);
                put_process(&mut out, *process);
            }
            Self::Refused(errno) => {
                out.push(2);
                out.extend(errno.to_le_bytes());
            }
            Self::Started(process) => {
                out.push(3);
                put_process(&mut out, *process);
            }
            Self::LaunchFailed(stage, errno) => {
                out.extend([4, stage.number()]);
                out.extend(errno.to_le_bytes());
            }
            Self::Exited(status) => {
                out.push(5);
                out.extend(status.to_le_bytes());
            }
            Self::Tree(processes, more) => {
                out.extend([6, u8::from(*more)]);
                for process in processes {
                    put_process(&mut out, *process);
                }
            }
            Self::Empty => out.push(7),
            Self::Unasked(why) => {
                let (tag, number) = match why {
                    Unasked::Init => (0, 0),
                    Unasked::Windowed => (1, 0),
                    Unasked::Failed(number) => (2, *number),
                };
                out.extend([8, tag]);
                out.extend(number.to_le_bytes());
            }
        }
        out
    }

    pub(crate) fn decode(packet: &[u8]) -> Result<Self, Unreadable> {
        let (kind, mut fields) = open(packet)?;
        let report = match kind {
            1 => fields.process().and_then(|process| fields.end(Self::Hello(process))),
            2 => fields.i32().and_then(|errno| fields.end(Self::Refused(errno))),
            3 => fields.process().and_then(|process| fields.end(Self::Started(process))),
            4 => (|| {
                let stage = Stage::of(fields.u8()?);
                let errno = fields.i32()?;
                fields.end(Self::LaunchFailed(stage, errno))
            })(),
            5 => fields.i32().and_then(|status| fields.end(Self::Exited(status))),
            6 => (|| {
                let more = fields.u8()? != 0;
                let mut processes = Vec::new();
                while !fields.0.is_empty() {
                    processes.push(fields.process()?);
                }
                Some(Self::Tree(processes, more))
            })(),
            7 => fields.end(Self::Empty),
            8 => (|| {
                let why = match (fields.u8()?, fields.i32()?) {
                    (0, 0) => Unasked::Init,
                    (1, 0) => Unasked::Windowed,
                    (2, number) => Unasked::Failed(number),
                    _ => return None,
                };
                fields.end(Self::Unasked(why))
            })(),
            _ => None,
        };
        report.ok_or(Unreadable::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands() -> Vec<Command> {
        vec![
            Command::Fork,
            Command::Part(vec![0, 1, 255]),
            Command::Launch,
            Command::Signal(-3),
            Command::Stop(u64::MAX),
            Command::Kill,
            Command::Query,
        ]
    }

    fn reports() -> Vec<Report> {
        let process = ProcessId { pid: u32::MAX, start: 7 };
        vec![
            Report::Hello(process),
            Report::Refused(11),
            Report::Started(process),
            Report::LaunchFailed(Stage::Directory, 2),
            Report::Exited(256),
            Report::Tree(vec![process; 3], true),
            Report::Tree(Vec::new(), false),
            Report::Empty,
            Report::Unasked(Unasked::Init),
            Report::Unasked(Unasked::Windowed),
            Report::Unasked(Unasked::Failed(-6)),
        ]
    }

    #[test]
    fn what_is_sent_is_what_is_read() {
        for command in commands() {
            assert_eq!(Command::decode(&command.encode()), Ok(command));
        }
        for report in reports() {
            assert_eq!(Report::decode(&report.encode()), Ok(report));
        }
    }

    #[test]
    fn a_cut_or_lengthened_frame_is_malformed_or_another_valid_one_but_never_a_panic() {
        for frame in reports().iter().map(Report::encode).chain(commands().iter().map(Command::encode)) {
            for end in 0..frame.len() {
                let _ = (Report::decode(&frame[..end]), Command::decode(&frame[..end]));
            }
            let longer = [frame.as_slice(), &[0]].concat();
            let _ = (Report::decode(&longer), Command::decode(&longer));
        }
        let started = Report::Started(ProcessId { pid: 1, start: 1 }).encode();
        assert_eq!(Report::decode(&started[..started.len() - 1]), Err(Unreadable::Malformed));
        assert_eq!(Command::decode(&[VERSION, 6, 0]), Err(Unreadable::Malformed));
        assert_eq!(Command::decode(&[]), Err(Unreadable::Malformed));
    }

    #[test]
    fn another_version_is_told_apart_from_noise() {
        assert_eq!(Command::decode(&[VERSION + 1, 6]), Err(Unreadable::Version(VERSION + 1)));
        assert_eq!(Report::decode(&[VERSION, 200]), Err(Unreadable::Malformed));
    }

    #[test]
    fn the_longest_list_fits_a_packet() {
        let process = ProcessId { pid: 1, start: 1 };
        assert!(Report::Tree(vec![process; LISTED], true).encode().len() <= PACKET);
        assert!(Command::Part(vec![0; PART]).encode().len() <= PACKET);
    }
}
