//! What `/proc` says about processes: texts to values.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use super::{before_main, os};
use crate::fsx;
use crate::ledger::World;
use crate::process::ProcessId;
use crate::usage::Usage;

/// What is read from `/proc/<pid>/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// Z: ended, not yet reaped by its parent.
    pub(super) state: u8,
    pub(super) parent: u32,
    pub(super) group: u32,
    /// Clock ticks of the process itself.
    pub(super) own_ticks: u64,
    /// Clock ticks of its children that it has reaped.
    pub(super) reaped_ticks: u64,
    pub(super) threads: u64,
    pub(super) start: u64,
    /// Pages in memory.
    pub(super) pages: u64,
}

impl Stat {
    /// The name, in parentheses, may itself hold parentheses and spaces: the last one counts.
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text[text.rfind(')')? + 1..].split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        let numbers: Vec<&str> = fields.collect();
        // Field n of proc(5) is here at n - 4.
        let number = |field: usize| numbers.get(field - 4)?.parse::<u64>().ok();
        Some(Self {
            state,
            parent: u32::try_from(number(4)?).ok()?,
            group: u32::try_from(number(5)?).ok()?,
            own_ticks: number(14)?.saturating_add(number(15)?),
            reaped_ticks: number(16)?.saturating_add(number(17)?),
            threads: number(20)?,
            start: number(22)?,
            pages: number(24)?,
        })
    }

    /// Ended, though perhaps not yet reaped. The first thread of a process may end before the others: then it lives.
    fn is_over(&self) -> bool {
        matches!(self.state, b'Z' | b'X') && self.threads <= 1
    }
}

pub(super) fn stat(pid: u32) -> Option<Stat> {
    Stat::parse(&fsx::text(format!("/proc/{pid}/stat")).ok()?)
}

/// Where the parts of this process lie in its memory, each from and to.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) code: (u64, u64),
    pub(super) stack: u64,
    pub(super) data: (u64, u64),
    pub(super) heap: u64,
    pub(super) environment: (u64, u64),
}

pub(super) fn places() -> Option<Places> {
    let text = fsx::text("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Places {
        code: (number(26)?, number(27)?),
        stack: number(28)?,
        data: (number(45)?, number(46)?),
        heap: number(47)?,
        environment: (number(50)?, number(51)?),
    })
}

/// Whether this thread is the only one that runs code of the program: others may be those that libraries started before
/// `main`.
pub(super) fn is_alone() -> Option<bool> {
    if Stat::parse(&fsx::text("/proc/self/stat").ok()?)?.threads == 1 {
        return Some(true);
    }
    let numbers = thread_numbers();
    Some(!numbers.is_empty() && numbers.into_iter().all(before_main::ran))
}

/// The numbers of this process's threads.
pub(super) fn thread_numbers() -> Vec<u32> {
    fsx::names("/proc/self/task").iter().filter_map(|name| name.to_str()?.parse().ok()).collect()
}

/// The descriptors of this process. The one that lists them is closed by then.
pub(super) fn open_descriptors() -> Vec<RawFd> {
    fsx::names("/proc/self/fd").iter().filter_map(|name| name.to_str()?.parse().ok()).collect()
}

pub(crate) fn identity(pid: u32) -> Option<ProcessId> {
    stat(pid).map(|stat| ProcessId { pid, start: stat.start })
}

pub(crate) fn is_alive(process: ProcessId) -> bool {
    match fsx::text(format!("/proc/{}/stat", process.pid)) {
        Ok(text) => match Stat::parse(&text) {
            Some(stat) => stat.start == process.start && !stat.is_over(),
            None => true,
        },
        // What cannot be read for another reason may well be alive.
        Err(error) => error.kind() != io::ErrorKind::NotFound && error.raw_os_error() != Some(libc::ESRCH),
    }
}

/// The file name of its program; of another user's process, the shorter name that the kernel keeps.
pub(crate) fn name(pid: u32) -> Option<String> {
    let program = fsx::link(format!("/proc/{pid}/exe")).ok();
    let name = program.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let kernel = || fsx::text(format!("/proc/{pid}/comm")).ok().map(|name| name.trim_end().to_owned());
    name.map(|name| name.trim_end_matches(" (deleted)").to_owned()).or_else(kernel)
}

pub(crate) fn all_processes() -> Vec<u32> {
    fsx::names("/proc").iter().filter_map(|name| name.to_str()?.parse().ok()).collect()
}

/// The children of all threads of a process; `None` where the kernel does not list them.
fn listed_children(pid: u32) -> Option<Vec<u32>> {
    let mut out = Vec::new();
    for thread in fsx::names(format!("/proc/{pid}/task")) {
        let path = format!("/proc/{pid}/task/{}/children", thread.display());
        match fsx::text(&path) {
            Ok(text) => {
                out.extend(text.split_ascii_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && pid == std::process::id() => {
                return None;
            }
            Err(_) => {}
        }
    }
    Some(out)
}

/// Every process below `root`.
pub(crate) fn descendants(root: u32) -> Vec<ProcessId> {
    below(&[root], &[])
}

/// Every process below these, without `except` and what is below those.
pub(super) fn below(roots: &[u32], except: &[u32]) -> Vec<ProcessId> {
    let tree = tree(roots, except).into_iter();
    tree.filter(|(_, stat)| !stat.is_over()).map(|(process, _)| process).collect()
}

/// The same, with those that have ended and are not reaped.
fn tree(roots: &[u32], except: &[u32]) -> Vec<(ProcessId, Stat)> {
    if listed_children(std::process::id()).is_none() {
        return walk(roots, except, &table());
    }
    let mut seen: BTreeSet<u32> = roots.iter().chain(except).copied().collect();
    let mut queue = roots.to_vec();
    let mut out = Vec::new();
    while let Some(parent) = queue.pop() {
        for child in listed_children(parent).unwrap_or_default() {
            // Between the list and here a number may have been given to somebody else: its parent tells. An orphan was
            // adopted meanwhile by one that was seen, or it is found in the next round.
            let Some(stat) = stat(child).filter(|stat| seen.contains(&stat.parent)) else { continue };
            if seen.insert(child) {
                out.push((ProcessId { pid: child, start: stat.start }, stat));
                // What has ended has no children any more.
                if !stat.is_over() {
                    queue.push(child);
                }
            }
        }
    }
    out
}

/// Everybody.
fn table() -> Vec<(ProcessId, Stat)> {
    let of = |pid| stat(pid).map(|stat| (ProcessId { pid, start: stat.start }, stat));
    all_processes().into_iter().filter_map(of).collect()
}

/// The processes of a group, without those that have ended.
pub(super) fn of_group(group: u32) -> Vec<ProcessId> {
    let members = table().into_iter().filter(|(_, stat)| stat.group == group && !stat.is_over());
    members.map(|(process, _)| process).collect()
}

/// What is below `roots` in a table: for kernels that list no children.
fn walk(roots: &[u32], except: &[u32], table: &[(ProcessId, Stat)]) -> Vec<(ProcessId, Stat)> {
    let mut seen: BTreeSet<u32> = roots.iter().copied().collect();
    let mut out = Vec::new();
    loop {
        let before = out.len();
        for (process, stat) in table {
            let new = seen.contains(&stat.parent) && !except.contains(&process.pid);
            if new && seen.insert(process.pid) {
                out.push((*process, *stat));
            }
        }
        if out.len() == before {
            return out;
        }
    }
}

/// Every process whose environment, as it was when it was executed, has this cookie.
pub(crate) fn with_cookie(cookie: &str) -> Vec<ProcessId> {
    let wanted = format!("{}={cookie}", crate::env::COOKIE);
    let has = |pid: &u32| {
        let environment = fsx::head(format!("/proc/{pid}/environ"), 8 << 20).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
    };
    // The identity is read before the environment: a number that is used again between does not match when it is killed.
    let candidates = all_processes().into_iter().filter_map(identity);
    candidates.filter(|process| has(&process.pid) && is_alive(*process)).collect()
}

/// Machine, boot and namespace of processes.
pub(crate) fn world() -> Option<World> {
    let boot = fsx::text("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
    let space = fsx::link("/proc/self/ns/pid").ok()?.to_str()?.to_owned();
    let machine = fsx::text("/etc/machine-id").unwrap_or_default().trim().to_owned();
    Some(World { machine, boot, space })
}

/// 128 random bits.
pub(crate) fn random() -> io::Result<[u8; 16]> {
    let bytes = fsx::head("/dev/urandom", 16)?;
    bytes.try_into().map_err(|_| io::ErrorKind::UnexpectedEof.into())
}

/// What all below `root` use, with what `root` reaped.
pub(crate) fn usage(root: u32) -> Option<Usage> {
    let reaped = stat(root)?.reaped_ticks;
    Some(sum(reaped, &tree(&[root], &[])))
}

/// What these processes use, with what they reaped.
pub(crate) fn usage_of(processes: &[ProcessId]) -> Usage {
    let of = |process: &ProcessId| {
        let stat = stat(process.pid).filter(|stat| stat.start == process.start)?;
        Some((*process, stat))
    };
    sum(0, &processes.iter().filter_map(of).collect::<Vec<_>>())
}

fn sum(reaped: u64, tree: &[(ProcessId, Stat)]) -> Usage {
    let ticks = tree.iter().fold(reaped, |sum, (_, stat)| sum + stat.own_ticks + stat.reaped_ticks);
    let pages: u64 = tree.iter().map(|(_, stat)| stat.pages).sum();
    let millis = ticks.saturating_mul(1000) / os::ticks_per_second();
    Usage {
        cpu: Duration::from_millis(millis),
        memory: pages.saturating_mul(os::page_size()),
        processes: tree.iter().filter(|(_, stat)| !stat.is_over()).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "4242 (a) b (c) S 17 4242 4242 0 -1 4194560 1 2 3 4 50 6 70 8 20 0 3 0 987654 1000 77 18446744073709551615 1 1";

    #[test]
    fn stat_is_read_behind_the_last_parenthesis() {
        let stat = Stat::parse(LINE).unwrap();
        assert_eq!(
            (stat.state, stat.parent, stat.group, stat.start, stat.threads),
            (b'S', 17, 4242, 987_654, 3)
        );
        assert_eq!((stat.own_ticks, stat.reaped_ticks, stat.pages), (56, 78, 77));
    }

    #[test]
    fn a_cut_stat_is_none() {
        let end = LINE.find("77").unwrap();
        (0..end).for_each(|end| assert_eq!(Stat::parse(&LINE[..end]), None, "{end}"));
    }

    #[test]
    fn the_walk_finds_all_below_and_leaves_out_the_excepted() {
        let stat = Stat::parse(LINE).unwrap();
        let row = |pid, parent| (ProcessId { pid, start: 1 }, Stat { parent, ..stat });
        let table = [row(9, 5), row(5, 2), row(2, 1), row(3, 1), row(7, 3), row(4, 3), row(1, 0)];
        let pids = |except: &[u32]| {
            let mut pids: Vec<u32> = walk(&[1], except, &table).iter().map(|(p, _)| p.pid).collect();
            pids.sort_unstable();
            pids
        };
        assert_eq!(pids(&[]), [2, 3, 4, 5, 7, 9]);
        assert_eq!(pids(&[3]), [2, 5, 9]);
    }

    #[test]
    fn a_process_has_the_name_of_its_program() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(name(std::process::id()), own.file_name().map(|name| name.to_string_lossy().into_owned()));
        assert_eq!(name(u32::MAX), None);
    }

    #[test]
    fn this_process_is_itself_and_alive() {
        let this = identity(std::process::id()).unwrap();
        assert!(is_alive(this));
        assert!(!is_alive(ProcessId { start: this.start + 1, ..this }));
        assert!(!is_alive(ProcessId { pid: u32::MAX, start: 1 }));
    }

    #[test]
    fn both_ways_find_a_child() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let wanted = identity(child.id()).unwrap();
        let this = std::process::id();
        assert!(descendants(this).contains(&wanted));
        assert!(walk(&[this], &[], &table()).iter().any(|(process, _)| *process == wanted));
        assert!(!below(&[this], &[child.id()]).contains(&wanted));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
