//! Starting the leader: in its job from its first instruction, with its three streams and nothing else.
#![expect(
    unsafe_code,
    reason = "std starts no process in a job, and lets children inherit all that can be inherited"
)]

use std::ffi::OsStr;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::{
    ERROR_DIRECTORY, ERROR_FILENAME_EXCED_RANGE, ERROR_INVALID_NAME, HANDLE,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_UNICODE_ENVIRONMENT, CreateProcessW,
    DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT, InitializeProcThreadAttributeList,
    LPPROC_THREAD_ATTRIBUTE_LIST, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROC_THREAD_ATTRIBUTE_JOB_LIST,
    PROCESS_INFORMATION, STARTF_USESTDHANDLES, STARTUPINFOEXW, UpdateProcThreadAttribute,
};

use super::job::Job;
use super::text::{self, Texts};
use super::{Descriptor, number, raw};
use crate::process::ProcessId;
use crate::protocol::Stage;
use crate::{env, fsx};

/// A process that was started.
#[derive(Debug)]
pub(super) struct Leader {
    pub(super) handle: OwnedHandle,
    pub(super) id: ProcessId,
    /// Whether it is a program for a console, which can be asked to end.
    pub(super) console: bool,
}

/// Where a launch failed, and the error number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) stage: Stage,
    pub(super) number: i32,
}

impl Failure {
    fn of(stage: Stage) -> impl Fn(io::Error) -> Self {
        move |error| Self { stage, number: number(&error) }
    }
}

/// The handles and the job, in the form that the system wants. What the list points to must outlive it.
struct Attributes(Vec<usize>);

impl Attributes {
    /// Room for two.
    fn new() -> io::Result<Self> {
        let mut size = 0;
        // SAFETY: without a list the call only tells the size, and says so by failing.
        unsafe { InitializeProcThreadAttributeList(std::ptr::null_mut(), 2, 0, &raw mut size) };
        // Where it told none, the next call fails for want of room.
        let mut this = Self(vec![0; size.div_ceil(size_of::<usize>()).max(1)]);
        let mut room = size_of_val(this.0.as_slice());
        // SAFETY: the list is valid for `room` bytes and aligned for pointers.
        raw::check(unsafe { InitializeProcThreadAttributeList(this.list(), 2, 0, &raw mut room) })?;
        Ok(this)
    }

    fn list(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.0.as_mut_ptr().cast()
    }

    fn put(&mut self, what: u32, handles: &[HANDLE]) -> io::Result<()> {
        let (value, size) = (handles.as_ptr().cast(), size_of_val(handles));
        // SAFETY: the list was initialised, and `handles` is valid for the bytes that are named. The list keeps the
        // pointer: callers use it no longer than they keep the handles.
        raw::check(unsafe {
            UpdateProcThreadAttribute(
                self.list(),
                0,
                what as usize,
                value,
                size,
                std::ptr::null_mut(),
                std::ptr::null(),
            )
        })
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: only initialised lists are kept.
        unsafe { DeleteProcThreadAttributeList(self.list()) };
    }
}

/// Starts a program in a job, with these three streams.
pub(super) fn start(texts: &Texts, streams: [&Descriptor; 3], job: &Job) -> Result<Leader, Failure> {
    let prepare = Failure::of(Stage::Prepare);
    let program = program(&texts.program);
    let [stdin, stdout, stderr] = streams;
    // From here until they are closed, a program that other code of the app starts inherits them, too: std names no
    // handles. It can hold a stream open by that, and never the job, which nobody inherits.
    let copy = |stream: &Descriptor| raw::inheritable(stream.as_handle()).map_err(&prepare);
    let copies = [copy(stdin)?, copy(stdout)?, copy(stderr)?];
    let handles = copies.each_ref().map(AsRawHandle::as_raw_handle);
    let (handle, pid) = create(&program, texts, handles, job.handle())?;
    let start = raw::times(handle.as_handle()).map_err(&prepare)?.start;
    let head = fsx::head(&program, HEADERS).unwrap_or_default();
    Ok(Leader { handle, id: ProcessId { pid, start }, console: text::is_console_program(&head) })
}

/// The headers of a program's file lie within its first bytes.
const HEADERS: u64 = 64 << 10;

/// The file that is meant: as std does, `.exe` is added where it is left out.
fn program(given: &Path) -> PathBuf {
    if given.extension().is_some() || given.is_file() {
        given.to_owned()
    } else {
        given.with_extension("exe")
    }
}

/// No command line is longer, in units of 16 bits with the NUL at its end (`CreateProcessW`).
const LONGEST: usize = 32_767;

fn create(
    program: &Path,
    texts: &Texts,
    streams: [HANDLE; 3],
    job: HANDLE,
) -> Result<(OwnedHandle, u32), Failure> {
    let prepare = Failure::of(Stage::Prepare);
    let name = text::wide(program.as_os_str());
    let refused = |number: u32| Failure { stage: Stage::Execute, number: number.cast_signed() };
    let mut line = text::command_line(program.as_os_str(), &texts.args).ok_or(refused(ERROR_INVALID_NAME))?;
    if line.len() > LONGEST {
        return Err(refused(ERROR_FILENAME_EXCED_RANGE));
    }
    let block = text::environment(&texts.env, env::var(env::SYSTEM_ROOT));
    let directory = text::wide(&texts.directory);
    let jobs = [job];
    let mut attributes = Attributes::new().map_err(&prepare)?;
    attributes.put(PROC_THREAD_ATTRIBUTE_JOB_LIST, &jobs).map_err(&prepare)?;
    attributes.put(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &streams).map_err(&prepare)?;
    let mut startup = STARTUPINFOEXW { lpAttributeList: attributes.list(), ..STARTUPINFOEXW::default() };
    startup.StartupInfo.cb = u32::try_from(size_of::<STARTUPINFOEXW>()).unwrap_or(u32::MAX);
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    [startup.StartupInfo.hStdInput, startup.StartupInfo.hStdOutput, startup.StartupInfo.hStdError] = streams;
    // A group, as a console sends to groups; a console of its own without a window, so that a windowed app shows none.
    let flags = EXTENDED_STARTUPINFO_PRESENT
        | CREATE_UNICODE_ENVIRONMENT
        | CREATE_NEW_PROCESS_GROUP
        | CREATE_NO_WINDOW;
    let mut created = PROCESS_INFORMATION::default();
    // SAFETY: all strings end with NUL, the block with two, and the line may be written to. Everything that is pointed to
    // lives until the end of this function: `startup` names its own size, and its list points to `jobs` and `streams`,
    // whose handles the caller keeps open. On success both handles are new.
    let (process, _thread) = unsafe {
        raw::check(CreateProcessW(
            name.as_ptr(),
            line.as_mut_ptr(),
            std::ptr::null(),
            std::ptr::null(),
            1,
            flags,
            block.as_ptr().cast(),
            directory.as_ptr(),
            &raw const startup.StartupInfo,
            &raw mut created,
        ))
        .map_err(|error| failure(&error, &texts.directory))?;
        (raw::owned(created.hProcess).map_err(&prepare)?, raw::owned(created.hThread).map_err(&prepare)?)
    };
    Ok((process, created.dwProcessId))
}

/// A directory that is none has a number of its own, which not every system gives.
fn failure(error: &io::Error, directory: &OsStr) -> Failure {
    let number = number(error);
    if number == ERROR_DIRECTORY.cast_signed() || !Path::new(directory).is_dir() {
        return Failure { stage: Stage::Directory, number: ERROR_DIRECTORY.cast_signed() };
    }
    Failure { stage: Stage::Execute, number }
}
