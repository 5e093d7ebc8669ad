//! Processes, signals and descriptors: the calls that std does not have, each made safe to call.
#![expect(unsafe_code, reason = "fork, exec, waitpid, prctl and signals have no safe counterpart in std")]

use std::ffi::CStr;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};

use super::{os, proc};

/// The result of a call that says -1 for failure.
pub(super) fn check(result: i32) -> io::Result<i32> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A process number as the system has it.
pub(super) type Pid = libc::pid_t;

/// Forks; `None` in the child. The child must not return to its caller's callers: it ends with [`exit`].
///
/// Fails with `WouldBlock` where other threads run code of the program.
pub(super) fn fork() -> io::Result<Option<Pid>> {
    if proc::is_alone() != Some(true) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    // SAFETY: this is the only thread, as was just read, and only it could start another; so the child is a complete copy,
    // with no lock held by a thread that is not there. Or others are a library's, since before `main`: they hold no lock of
    // std, as they run no Rust code of this program, and those of glibc (allocator, streams, loader) it puts in order in
    // the child itself. Of the library's own the child uses nothing.
    let pid = check(unsafe { libc::fork() })?;
    Ok((pid != 0).then_some(pid))
}

/// Forks where threads may run. All signals are blocked in the child, so that no handler of the app runs there.
///
/// # Safety
/// Until it executes a program or exits, the child allocates nothing, takes no lock, and makes no call but those that a
/// handler of a signal may make.
pub(super) unsafe fn fork_to_execute() -> io::Result<Option<Pid>> {
    let before = block_all();
    // SAFETY: the caller's promise.
    let pid = check(unsafe { libc::fork() });
    if !matches!(pid, Ok(0)) {
        restore_mask(&before);
    }
    let pid = pid?;
    Ok((pid != 0).then_some(pid))
}

/// Ends this process at once: nothing is dropped, nothing flushed, no handler runs.
pub(super) fn exit(code: i32) -> ! {
    // SAFETY: _exit takes any code and has no precondition.
    unsafe { libc::_exit(code) }
}

/// Ends this process at once should it unwind: a copy of the app must never run on as the app.
#[derive(Debug)]
pub(super) struct NeverUnwind;

impl Drop for NeverUnwind {
    fn drop(&mut self) {
        exit(70);
    }
}

/// What became of one child.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reaped {
    /// It ended, with this status word.
    Ended(Pid, i32),
    /// There are children, none has ended.
    Running,
    /// There are no children.
    NoChildren,
}

/// Reaps one child that has ended, without waiting.
pub(super) fn reap() -> Reaped {
    loop {
        let mut status = 0;
        // SAFETY: `status` is valid for one number.
        match check(unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) }) {
            Ok(0) => return Reaped::Running,
            Ok(pid) => return Reaped::Ended(pid, status),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Reaped::NoChildren,
        }
    }
}

/// Waits until this child has ended, and leaves it to be reaped, so that its number stays its own. Its status word; `None`
/// when somebody else reaped it.
pub(super) fn wait_unreaped(child: Pid) -> Option<i32> {
    let id = libc::id_t::try_from(child).ok()?;
    loop {
        // SAFETY: information of zeros is valid memory to be filled, and outlives the call.
        let (result, info) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let flags = libc::WEXITED | libc::WNOWAIT;
            (libc::waitid(libc::P_PID, id, &raw mut info, flags), info)
        };
        match check(result) {
            Ok(_) => return Some(status_word(info.si_code, os::child_status(&info))),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// What waitpid would have said: a code in the second byte, or a signal, and whether memory was dumped, in the first.
fn status_word(code: i32, status: i32) -> i32 {
    match code {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_DUMPED => status & 0x7f | 0x80,
        _ => status & 0x7f,
    }
}

/// Waits until this child has ended. One that the system reaped already counts as ended.
pub(super) fn wait_for(child: Pid) {
    // SAFETY: waitpid takes no status where the pointer is null.
    while unsafe { libc::waitpid(child, ptr::null_mut(), 0) } == -1
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
}

/// Sends a signal to one process, never to a group: whoever has the number now.
pub(super) fn signal_number(pid: Pid, signal: i32) -> io::Result<()> {
    if pid <= 1 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: kill has no memory precondition.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// The effective user.
pub(crate) fn user() -> u32 {
    // SAFETY: geteuid cannot fail.
    unsafe { libc::geteuid() }
}

/// This process's number.
pub(super) fn own_pid() -> Pid {
    // SAFETY: getpid cannot fail.
    unsafe { libc::getpid() }
}

/// The parent's number.
pub(super) fn parent_pid() -> Pid {
    // SAFETY: getppid cannot fail.
    unsafe { libc::getppid() }
}

/// Starts a session, out of reach of the terminal's signals. A process that leads one already stays as it is.
pub(super) fn new_session() {
    // SAFETY: setsid has no precondition.
    unsafe { libc::setsid() };
}

/// Starts a process group of its own.
pub(super) fn new_group() -> io::Result<()> {
    // SAFETY: setpgid takes two numbers.
    check(unsafe { libc::setpgid(0, 0) }).map(drop)
}

fn set_disposition(signal: i32, handler: libc::sighandler_t) {
    // SAFETY: a sigaction of zeros has no flags and an empty mask; the handler is SIG_DFL or SIG_IGN, so that no code
    // runs. Signals that cannot be set fail without effect.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        libc::sigaction(signal, &raw const action, ptr::null_mut());
    }
}

/// Gives a signal its default effect.
pub(super) fn by_default(signal: i32) {
    set_disposition(signal, libc::SIG_DFL);
}

/// Ignores a signal.
pub(super) fn ignore(signal: i32) {
    set_disposition(signal, libc::SIG_IGN);
}

/// Gives every signal its default effect, and blocks none.
pub(super) fn reset_signals() {
    for signal in 1..=64 {
        by_default(signal);
    }
    set_mask(&[]);
}

/// Blocks these signals and no others.
pub(super) fn set_mask(blocked: &[i32]) -> libc::sigset_t {
    // SAFETY: a set of zeros is valid memory for sigemptyset to fill; the set outlives the calls.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in blocked {
            libc::sigaddset(&raw mut set, *signal);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut());
        set
    }
}

/// Blocks every signal in this thread; what was blocked before.
fn block_all() -> libc::sigset_t {
    // SAFETY: sets of zeros are valid memory to be filled, and outlive the calls.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

fn restore_mask(before: &libc::sigset_t) {
    // SAFETY: the set was filled by pthread_sigmask.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, ptr::null_mut()) };
}

/// Makes descriptor `number` of this process a copy of `source`, open across exec.
///
/// # Safety
/// Nothing in this process uses what `number` was any more.
pub(super) unsafe fn put_at(source: RawFd, number: RawFd) -> io::Result<()> {
    // SAFETY: dup2 takes two numbers, and the caller answers for what it closes.
    check(unsafe { libc::dup2(source, number) }).map(drop)
}

/// A copy of a descriptor with a number of at least `least`, closed on exec.
pub(super) fn copy_above(source: BorrowedFd<'_>, least: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the command takes one number.
    let fd = check(unsafe { libc::fcntl(source.as_raw_fd(), libc::F_DUPFD_CLOEXEC, least) })?;
    // SAFETY: on success it is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Opens a file in a directory to append to it, or makes it, for this user alone. A symbolic link is not followed, and a
/// pipe without a reader is not waited for.
pub(super) fn open_to_append(directory: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = libc::O_WRONLY
        | libc::O_APPEND
        | libc::O_CREAT
        | libc::O_NOFOLLOW
        | libc::O_NONBLOCK
        | libc::O_NOCTTY
        | libc::O_CLOEXEC;
    let mode: libc::c_uint = 0o600;
    // SAFETY: the name ends with NUL and outlives the call.
    let fd = check(unsafe { libc::openat(directory.as_raw_fd(), name.as_ptr(), flags, mode) })?;
    // SAFETY: on success it is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Closes every descriptor from `first` to `last`.
///
/// # Safety
/// Nothing in this process uses any of them any more.
pub(super) unsafe fn close_between(first: RawFd, last: RawFd) {
    // SAFETY: the caller's promise.
    if first > last || unsafe { os::close_range(first, last) } {
        return;
    }
    for fd in proc::open_descriptors().into_iter().filter(|fd| (first..=last).contains(fd)) {
        // SAFETY: close takes a number, and the caller answers for what it closes.
        unsafe { libc::close(fd) };
    }
}

/// Closes every descriptor from `first` on, when a program is executed. Allocates nothing.
pub(super) fn close_on_exec_from(first: RawFd) {
    /// Nobody has more open, whatever the limit says.
    const MOST: RawFd = 1 << 16;
    if os::close_on_exec_from(first) {
        return;
    }
    // SAFETY: getdtablesize cannot fail.
    let end = unsafe { libc::getdtablesize() }.min(MOST);
    for fd in first..end {
        // SAFETY: the command takes one number; for one that is not open it fails.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Strings as the system takes a list of them.
#[derive(Debug)]
pub(super) struct List<'a> {
    pointers: Vec<*const libc::c_char>,
    _strings: PhantomData<&'a CStr>,
}

impl<'a> List<'a> {
    pub(super) fn of(strings: impl Iterator<Item = &'a CStr>) -> Self {
        let pointers = strings.map(CStr::as_ptr).chain([ptr::null()]).collect();
        Self { pointers, _strings: PhantomData }
    }

    /// Adds an entry that is written later; one that has no NUL at its end is left out.
    pub(super) fn push(&mut self, entry: &'a [AtomicU8]) {
        if entry.last().is_some_and(|last| last.load(Ordering::Relaxed) == 0) {
            self.pointers.insert(0, entry.as_ptr().cast());
        }
    }
}

/// Executes a program. Returns only when it fails, with the error number. Allocates nothing.
pub(super) fn execute(program: &CStr, args: &List<'_>, env: &List<'_>) -> i32 {
    // SAFETY: both lists end with null, and their strings, which end with NUL, outlive them. Nobody else runs here who could
    // write to one.
    unsafe { libc::execve(program.as_ptr(), args.pointers.as_ptr(), env.pointers.as_ptr()) };
    errno()
}

/// Changes the working directory.
pub(super) fn change_directory(directory: &CStr) -> io::Result<()> {
    // SAFETY: the string ends with NUL and outlives the call.
    check(unsafe { libc::chdir(directory.as_ptr()) }).map(drop)
}

fn errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// Reads without waiting for more than is there: whoever calls has polled. `Ok(0)` is the end.
pub(super) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: `buffer` is valid for its length.
    let count = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Writes a few bytes to a pipe that is never full, and does not care whether anybody reads them.
pub(super) fn write(fd: BorrowedFd<'_>, bytes: &[u8]) {
    // SAFETY: `bytes` is valid for its length.
    unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
}
