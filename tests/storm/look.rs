//! Looking at processes from outside: who is left, and what somebody uses.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sidecar_keeper::{ProcessId, all_processes, kill_processes};

/// Nothing here takes longer, on the slowest machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The variable by which what an app started is recognised, where it did not clear its environment.
pub(crate) const ID: &str = "SIDECAR_STORM_ID";

/// A word that no other process of this machine has in its arguments.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("storm-{}-{}-{now:x}z", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The processes that have this word in their arguments, their environment, or the path of their working directory (which
/// servers that rewrite both still have), without those that have ended.
pub(crate) fn carrying(word: &str) -> Vec<u32> {
    let carries = |pid: &u32| {
        let cwd = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        // What was removed under a process is told with `(deleted)` behind it.
        file(*pid, "cmdline").contains(word)
            || file(*pid, "environ").contains(word)
            || cwd.to_string_lossy().contains(word)
    };
    all_processes().into_iter().filter(carries).collect()
}

/// A file of a process; empty, where it has ended.
pub(crate) fn file(pid: u32, name: &str) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The number behind a key of a process's file: kB, where it has a unit.
pub(crate) fn number(pid: u32, name: &str, key: &str) -> u64 {
    let text = file(pid, name);
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("no {key}"));
    line.split_ascii_whitespace().next().unwrap().parse().unwrap()
}

/// Resident memory, in bytes.
pub(crate) fn memory(pid: u32) -> u64 {
    number(pid, "status", "VmRSS:") * 1024
}

/// How often it was put to sleep or taken off its core.
pub(crate) fn switches(pid: u32) -> u64 {
    // Of a process's file, this is its first thread alone.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of_thread = |entry: std::fs::DirEntry| {
        let thread = entry.file_name().to_string_lossy().parse().unwrap();
        number(thread, "status", "voluntary_ctxt_switches:")
            + number(thread, "status", "nonvoluntary_ctxt_switches:")
    };
    threads.flatten().map(of_thread).sum()
}

pub(crate) fn parent(pid: u32) -> u32 {
    u32::try_from(number(pid, "status", "PPid:")).unwrap()
}

/// Open descriptors, threads, and children that ended and were not waited for.
pub(crate) fn counts(pid: u32) -> [usize; 3] {
    let entries = |dir: &str| std::fs::read_dir(format!("/proc/{pid}/{dir}")).unwrap().count();
    let zombies = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        (fields.next(), fields.next()) == (Some("Z"), Some(&pid.to_string()))
    });
    [entries("fd"), entries("task"), zombies.count()]
}

/// Waits until no process carries the word: how long it took since `start`. Three looks in a row must be empty, as one is
/// no snapshot.
pub(crate) fn gone(word: &str, start: Instant) -> Duration {
    let mut first = None;
    let mut empty = 0;
    loop {
        let left = carrying(word);
        if left.is_empty() {
            first = first.or(Some(start.elapsed()));
            empty += 1;
            if let (Some(first), 3) = (first, empty) {
                return first;
            }
        } else {
            (first, empty) = (None, 0);
        }
        if start.elapsed() > LIMIT {
            let lines: Vec<String> =
                left.iter().map(|pid| format!("{pid} {}", file(*pid, "cmdline"))).collect();
            // They carry this case's word: they are ours.
            for pid in left.iter().copied() {
                kill(pid);
            }
            panic!("{} survivors after {LIMIT:?}:\n{}", left.len(), lines.join("\n").replace('\0', " "));
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Whether programs that this one starts ignore a signal, as after `nohup` or `&` in a script.
pub(crate) fn is_ignored(signal: &str) -> bool {
    let number = ["HUP", "INT", "QUIT"].iter().position(|name| *name == signal);
    let status = file(std::process::id(), "status");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    number.is_some_and(|number| u64::from_str_radix(mask, 16).unwrap() >> number & 1 == 1)
}

/// SIGKILL to a process that this test started.
pub(crate) fn kill(pid: u32) {
    kill_processes(&Vec::from_iter(ProcessId::of(pid))).unwrap();
}

/// Another signal to a process that this test started.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -{name} {pid}");
}

/// Prints a series of times as one line.
pub(crate) fn tell(label: &str, series: &mut [Duration]) {
    series.sort_unstable();
    let at = |percent: usize| series[(series.len() * percent).div_ceil(100).clamp(1, series.len()) - 1];
    let ms = |percent: usize| format!("{:.1} ms", at(percent).as_secs_f64() * 1000.0);
    println!("  {label} n {}, p50 {}, p99 {}, max {}", series.len(), ms(50), ms(99), ms(100));
}

/// Whether a path is in the text of any file below a directory.
pub(crate) fn found_below(dir: &Path, word: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let hit = if path.is_dir() {
            found_below(&path, word)
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            bytes.windows(word.len()).any(|part| part == word.as_bytes()).then(|| path.clone())
        };
        if hit.is_some() {
            return hit;
        }
    }
    None
}

/// Waits until none of these processes is left: how long it took since `start`.
pub(crate) fn ended(processes: &[ProcessId], start: Instant) -> Duration {
    until("every process of the tree has ended", || !processes.iter().any(|process| process.is_alive()));
    start.elapsed()
}

/// The arguments of every process.
pub(crate) fn all_command_lines() -> Vec<(u32, String)> {
    all_processes().into_iter().map(|pid| (pid, file(pid, "cmdline"))).collect()
}
