//! A system without keepers: the signatures of the others, and the honest answer to each.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use super::Descriptor;
use crate::error::{Error, Kind, Result};
use crate::ledger::World;
use crate::port::Listener;
use crate::process::ProcessId;
use crate::scope::{Missing, Scope};
use crate::usage::Usage;

/// The line to a keeper, of which there is none.
#[derive(Debug)]
pub(crate) struct Channel(Infallible);

impl Channel {
    pub(crate) fn send(&self, _packet: &[u8], _with: &[&Descriptor], _deadline: Instant) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn tree(&self, _keeper: ProcessId) -> Vec<ProcessId> {
        match self.0 {}
    }

    pub(crate) fn kill_past_keeper(&self, _keeper: ProcessId) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn usage(&self, _keeper: ProcessId) -> Option<Usage> {
        match self.0 {}
    }

    pub(crate) fn receive(&self, _buffer: &mut [u8], _deadline: Option<Instant>) -> io::Result<usize> {
        match self.0 {}
    }
}

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn init() -> Scope {
    scope()
}

pub(crate) fn scope() -> Scope {
    Scope::Nothing(Missing::System)
}

pub(crate) fn open_keeper() -> Result<Channel> {
    Err(Error::new(Kind::Unsupported, "there is no keeper for this system yet"))
}

/// Nobody writes last words here.
#[expect(clippy::unnecessary_wraps, reason = "other systems may fail")]
pub(crate) fn directory(_path: &Path) -> io::Result<Option<Descriptor>> {
    Ok(None)
}

pub(crate) fn null_device() -> io::Result<Descriptor> {
    unsupported()
}

pub(crate) fn own_stream(_number: u8) -> io::Result<Descriptor> {
    unsupported()
}

pub(crate) fn identity(_pid: u32) -> Option<ProcessId> {
    None
}

/// Nothing is known of any process, so none is said to be gone.
pub(crate) fn is_alive(_process: ProcessId) -> bool {
    true
}

pub(crate) fn name(_pid: u32) -> Option<String> {
    None
}

pub(crate) fn descendants(_root: u32) -> Vec<ProcessId> {
    Vec::new()
}

pub(crate) fn all_processes() -> Vec<u32> {
    Vec::new()
}

pub(crate) fn with_cookie(_cookie: &str) -> Vec<ProcessId> {
    Vec::new()
}

pub(crate) fn world() -> Option<World> {
    None
}

pub(crate) fn user() -> u32 {
    0
}

pub(crate) fn random() -> io::Result<[u8; 16]> {
    unsupported()
}

pub(crate) fn kill(_process: ProcessId) -> io::Result<bool> {
    unsupported()
}

pub(crate) fn kill_round<I: IntoIterator<Item = ProcessId>>(_find: &impl Fn() -> I) -> BTreeSet<ProcessId> {
    BTreeSet::new()
}

pub(crate) fn listeners(_port: u16, _among: &[u32]) -> io::Result<Vec<Listener>> {
    unsupported()
}

pub(crate) fn all_listeners(_among: &[u32]) -> io::Result<Vec<Listener>> {
    unsupported()
}

pub(crate) fn lease(_address: SocketAddr) -> io::Result<(Descriptor, SocketAddr)> {
    unsupported()
}
