//! What processes used of the machine, as Linux tells it in `/proc`: no crate, no `unsafe`.

use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::fsx;

/// Between two looks at a process. The mark is a high-water mark, so only what it grew by in its last moments is missed.
const LOOK: Duration = Duration::from_millis(1);

/// `/proc` counts processor time in hundredths of a second on every architecture that Tauri has (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Whether this system tells what the functions here ask for.
pub(super) fn is_told() -> bool {
    Path::new("/proc/self/status").exists()
}

/// Runs a command to its end and gives the most memory it had at once, in bytes.
///
/// Not by `wait4`: what that tells of a process begins with the memory of the one that started it, which here held
/// files of 300 MB.
pub(super) fn peak_memory(command: &mut Command) -> Result<(ExitStatus, u64)> {
    let failed = || Error::because(format!("cannot run {}", command.get_program().display()));
    let on_error = failed();
    let mut child = command.spawn().map_err(on_error)?;
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().map_err(Error::because("cannot wait for a child process"))? {
            return Ok((status, peak));
        }
        peak = peak.max(high_water(&child).unwrap_or(0));
        std::thread::sleep(LOOK);
    }
}

fn high_water(child: &Child) -> Option<u64> {
    let status = fsx::text_of(Path::new(&format!("/proc/{}/status", child.id())))?;
    high_water_in(&status)
}

/// The line `VmHWM:  12345 kB`, in bytes.
fn high_water_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Processor seconds of all child processes that ended so far, with theirs.
pub(super) fn children_cpu() -> Result<f64> {
    let stat = fsx::text_of(Path::new("/proc/self/stat")).unwrap_or_default();
    children_cpu_in(&stat).ok_or_else(|| Error::new("cannot read `/proc/self/stat`"))
}

/// Fields 16 and 17 of proc(5), counted from after the name, which may hold anything.
fn children_cpu_in(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at - 3)?.parse::<u32>().ok();
    Some(f64::from(ticks(16)? + ticks(17)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_proc_says() {
        assert_eq!(high_water_in("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n"), Some(2048 * 1024));
        assert_eq!(high_water_in("Name:\tx\n"), None);
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 2000 0 0 11 22 150 50 20 0 1 0";
        assert_eq!(children_cpu_in(stat), Some(2.0));
        assert_eq!(children_cpu_in("7 (x) S 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_is_measured() {
        let before = children_cpu().unwrap();
        let mut command = Command::new("sh");
        let (status, peak) = peak_memory(command.args(["-c", ":"])).unwrap();
        assert!(status.success() && children_cpu().unwrap() >= before);
        assert!(peak < 64 << 20, "{peak}");
    }
}
