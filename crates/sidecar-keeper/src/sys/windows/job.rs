//! A job: the tree of one sidecar.
#![expect(unsafe_code, reason = "jobs have no safe counterpart in std")]

use std::collections::BTreeSet;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, HANDLE};
use windows_sys::Win32::System::JobObjects::{
    CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_ASSOCIATE_COMPLETION_PORT,
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JOBOBJECTINFOCLASS,
    JobObjectAssociateCompletionPortInformation, JobObjectBasicAccountingInformation,
    JobObjectBasicProcessIdList, JobObjectExtendedLimitInformation, QueryInformationJobObject,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE};

use super::port::Port;
use super::raw;
use crate::process::ProcessId;
use crate::usage::Usage;

/// How many processes of a job are listed at most.
const LISTED: usize = 1 << 16;

/// A job that ends its processes when its last handle is closed, and lets none out.
///
/// The handle is not inherited by anybody, so that this process has the only one.
#[derive(Debug)]
pub(super) struct Job(OwnedHandle);

impl Job {
    /// A new job, which sends its messages to this port.
    pub(super) fn new(port: &Port) -> io::Result<Self> {
        // SAFETY: no attributes (so that it is not inherited) and no name; on success the handle is new.
        let job = Self(unsafe { raw::owned(CreateJobObjectW(std::ptr::null(), std::ptr::null()))? });
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        job.set(JobObjectExtendedLimitInformation, &limits)?;
        let associated = JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
            CompletionKey: std::ptr::without_provenance_mut(Port::job_key()),
            CompletionPort: port.handle(),
        };
        job.set(JobObjectAssociateCompletionPortInformation, &associated)?;
        Ok(job)
    }

    pub(super) fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    fn set<T>(&self, class: JOBOBJECTINFOCLASS, value: &T) -> io::Result<()> {
        let size = u32::try_from(size_of::<T>()).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: the job is open, and `value` is valid for the bytes that are named. A type that does not belong to the
        // class has another size, which the system refuses.
        raw::check(unsafe {
            SetInformationJobObject(self.handle(), class, std::ptr::from_ref(value).cast(), size)
        })
    }

    fn accounting(&self) -> io::Result<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION> {
        let mut value = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        let size = u32::try_from(size_of_val(&value)).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: the job is open, and `value`, which is plain numbers, is valid for the bytes that are named.
        raw::check(unsafe {
            QueryInformationJobObject(
                self.handle(),
                JobObjectBasicAccountingInformation,
                (&raw mut value).cast(),
                size,
                std::ptr::null_mut(),
            )
        })?;
        Ok(value)
    }

    /// Whether no process is left. What cannot be told is no.
    pub(super) fn is_empty(&self) -> bool {
        self.accounting().is_ok_and(|accounting| accounting.ActiveProcesses == 0)
    }

    /// Ends every process of it, also those of jobs within.
    pub(super) fn terminate(&self) -> io::Result<()> {
        // SAFETY: the job is open; ending other processes harms no memory of this one.
        raw::check(unsafe { TerminateJobObject(self.handle(), raw::KILLED) })
    }

    /// The numbers of its processes.
    fn numbers(&self) -> Vec<u32> {
        // In front of the list are two counts of 32 bits.
        const COUNTS: usize = 8 / size_of::<usize>();
        let mut room = 64;
        loop {
            let mut buffer = vec![0_usize; COUNTS + room];
            let size = u32::try_from(size_of_val(buffer.as_slice())).unwrap_or(u32::MAX);
            // SAFETY: the job is open, and `buffer`, which is aligned for the list, is valid for the bytes that are named.
            let got = raw::check(unsafe {
                QueryInformationJobObject(
                    self.handle(),
                    JobObjectBasicProcessIdList,
                    buffer.as_mut_ptr().cast(),
                    size,
                    std::ptr::null_mut(),
                )
            });
            match got {
                Err(error) if is_more_data(&error) && room < LISTED => room *= 8,
                // Nobody has number zero: that is room that was not needed.
                _ => {
                    let listed = buffer.get(COUNTS..).unwrap_or_default().iter();
                    return listed
                        .filter_map(|pid| u32::try_from(*pid).ok())
                        .filter(|pid| *pid > 0)
                        .collect();
                }
            }
        }
    }

    /// Its processes with an open handle each, without those that have ended.
    ///
    /// Between the list and the opening a number may have been given to a process elsewhere. As long as a handle is open
    /// its number is given to nobody, so that one which is still listed then is the process that is open.
    fn open(&self) -> Vec<(ProcessId, OwnedHandle)> {
        let open = |pid: u32| {
            let process = raw::open(pid, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE).ok()?;
            let start = raw::times(process.as_handle()).ok()?.start;
            Some((ProcessId { pid, start }, process))
        };
        let mut opened: Vec<_> = self.numbers().into_iter().filter_map(open).collect();
        let listed: BTreeSet<u32> = self.numbers().into_iter().collect();
        opened
            .retain(|(process, handle)| listed.contains(&process.pid) && !raw::has_ended(handle.as_handle()));
        opened
    }

    /// Its processes.
    pub(super) fn members(&self) -> Vec<ProcessId> {
        self.open().into_iter().map(|(process, _)| process).collect()
    }

    /// What its processes use, with the time of those that have ended; `None` when none is left.
    pub(super) fn usage(&self) -> Option<Usage> {
        let members = self.open();
        if members.is_empty() {
            return None;
        }
        let accounting = self.accounting().ok()?;
        let units = accounting.TotalUserTime.saturating_add(accounting.TotalKernelTime);
        let total = raw::duration(u64::try_from(units).unwrap_or(0));
        // The job's sum may be late for processes that run.
        let running = members.iter().filter_map(|(_, process)| raw::times(process.as_handle()).ok());
        let memory = members.iter().filter_map(|(_, process)| raw::memory(process.as_handle()).ok());
        Some(Usage {
            cpu: total.max(running.map(|times| times.cpu).sum()),
            memory: memory.sum(),
            processes: members.len(),
        })
    }
}

fn is_more_data(error: &io::Error) -> bool {
    error.raw_os_error().map(i32::cast_unsigned) == Some(ERROR_MORE_DATA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_job_is_empty_and_nobody_is_in_it() {
        let job = Job::new(&Port::new().unwrap()).unwrap();
        assert!(job.is_empty());
        assert_eq!((job.members(), job.usage()), (Vec::new(), None));
        job.terminate().unwrap();
    }
}
