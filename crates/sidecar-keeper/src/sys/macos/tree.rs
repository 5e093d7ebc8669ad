//! Everything below this process. Orphans go to launchd, so that the tree is followed: each member's forks are told by the
//! kernel, and a look at all processes shows who they made.
#![expect(unsafe_code, reason = "kqueue has no safe counterpart in std")]

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use super::lineage::{Lineage, Row};
use super::raw::{self, check};
use super::{os, proc};
use crate::process::ProcessId;

/// How often one look is repeated while it finds somebody new, who may have forked before being watched.
const LOOKS: usize = 16;

/// How many events are taken at once.
const EVENTS: usize = 64;

/// The tree of a keeper or of the zygote.
#[derive(Debug)]
pub(super) struct Tree {
    /// Can be read when a child ended, or a member forked or ended.
    queue: OwnedFd,
    lineage: RefCell<Lineage>,
    cookie: RefCell<Option<String>>,
}

impl Tree {
    /// Begins to follow. Call it before anything is forked.
    pub(super) fn new() -> io::Result<Self> {
        let this = proc::identity(std::process::id()).ok_or(io::ErrorKind::NotFound)?;
        raw::by_default(libc::SIGCHLD);
        raw::set_mask(&[libc::SIGCHLD]);
        let queue = queue()?;
        let this =
            Self { queue, lineage: RefCell::new(Lineage::new(this.start)), cookie: RefCell::default() };
        this.watch(libc::SIGCHLD.unsigned_abs(), libc::EVFILT_SIGNAL, 0)?;
        Ok(this)
    }

    /// Can be read when something happened that [`Tree::note`] must see.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }

    /// Sees what happened. Which event it was does not matter: a look at all processes tells.
    pub(super) fn note(&self) {
        let nothing = event(0, 0, 0, 0);
        let mut events = [nothing; EVENTS];
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let Ok(room) = libc::c_int::try_from(events.len()) else { return };
        // SAFETY: no changes; `events` has room for as many as it is said to, and outlives the call, as `now` does.
        while unsafe {
            libc::kevent(self.queue.as_raw_fd(), ptr::null(), 0, events.as_mut_ptr(), room, &raw const now)
        } == room
        {}
        self.look();
    }

    /// Finds members by this cookie, too, which helps when one was forked and left alone faster than the kernel tells.
    pub(super) fn recognise(&self, cookie: String) {
        self.cookie.replace(Some(cookie));
    }

    /// All of it that was seen, or is recognised.
    pub(super) fn processes(&self) -> Vec<ProcessId> {
        self.look();
        if let Some(cookie) = &*self.cookie.borrow() {
            for found in proc::with_cookie(cookie) {
                if self.lineage.borrow_mut().adopt(found.pid, found.start) {
                    let _ = self.watch(found.pid, libc::EVFILT_PROC, libc::NOTE_FORK | libc::NOTE_EXIT);
                    // It may have forked before, or ended.
                    self.look();
                }
            }
        }
        self.lineage.borrow().living().map(process).collect()
    }

    /// All of it but these children and what is below them.
    pub(super) fn beside(&self, children: &[u32]) -> Vec<ProcessId> {
        self.look();
        self.lineage.borrow().beside(children).map(process).collect()
    }

    /// Whether there is more of it, when there are no children.
    pub(super) fn has_strays(&self) -> bool {
        !self.processes().is_empty()
    }

    /// Looks at all processes until nobody new is there. Who is new is watched from then on; if it forked before, or ended
    /// before (which the kernel does not tell of one that is watched too late), the next look shows it.
    fn look(&self) {
        let mut lineage = self.lineage.borrow_mut();
        for _ in 0..LOOKS {
            let rows: Vec<Row> = proc::table().iter().map(|found| found.row).collect();
            let new = lineage.see(&rows);
            for row in new.iter().filter(|row| !row.ended) {
                let _ = self.watch(row.pid, libc::EVFILT_PROC, libc::NOTE_FORK | libc::NOTE_EXIT);
            }
            if new.is_empty() {
                return;
            }
        }
    }

    fn watch(&self, what: u32, filter: i16, notes: u32) -> io::Result<()> {
        change(&self.queue, &event(what, filter, libc::EV_ADD | libc::EV_CLEAR, notes))
    }
}

/// A new queue. A forked process does not inherit it.
fn queue() -> io::Result<OwnedFd> {
    // SAFETY: kqueue has no precondition.
    let queue = check(unsafe { libc::kqueue() })?;
    // SAFETY: on success it is a new descriptor that nobody else owns.
    let queue = unsafe { OwnedFd::from_raw_fd(queue) };
    os::settle(&queue);
    Ok(queue)
}

fn change(queue: &OwnedFd, wanted: &libc::kevent) -> io::Result<()> {
    // SAFETY: one change, which outlives the call; no room for events.
    check(unsafe {
        libc::kevent(queue.as_raw_fd(), ptr::from_ref(wanted), 1, ptr::null_mut(), 0, ptr::null())
    })
    .map(drop)
}

/// A descriptor that can be read when this very process has ended; `None` when it has.
///
/// Of a process that ended before it was watched nothing is ever told, and the number may be another's by then: so it is
/// looked at once more when it is watched. Nobody takes the event, so that it stays there to be read.
pub(super) fn end_of(process: ProcessId) -> io::Result<Option<OwnedFd>> {
    let queue = queue()?;
    match change(&queue, &event(process.pid, libc::EVFILT_PROC, libc::EV_ADD, libc::NOTE_EXIT)) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(error) => Err(error),
        Ok(()) => Ok(proc::is_alive(process).then_some(queue)),
    }
}

fn process((pid, start): (u32, u64)) -> ProcessId {
    ProcessId { pid, start }
}

fn event(what: u32, filter: i16, flags: u16, notes: u32) -> libc::kevent {
    libc::kevent {
        // A number that means a process or a signal.
        ident: what as libc::uintptr_t,
        filter,
        flags,
        fflags: notes,
        data: 0,
        udata: ptr::null_mut(),
    }
}
