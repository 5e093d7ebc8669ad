//! Whether the system killed for memory: Linux counts that.

use std::path::{Path, PathBuf};

use crate::fsx;

/// Files of the kernel are shorter.
const LIMIT: u64 = 64 << 10;

/// The count of kills for memory when a sidecar was started, where it can be read.
///
/// The narrowest count is taken: of the sidecar's control group (version 2 or 1), or else of the whole machine. A kill in
/// the same group is no proof that it was this sidecar; together with a SIGKILL that nobody of us sent, it is as good as one.
#[derive(Debug)]
pub(crate) struct OomWatch(Option<(PathBuf, u64)>);

impl OomWatch {
    /// Counts for the process of that number. Elsewhere than on Linux there is no count.
    pub(crate) fn start(pid: u32) -> Self {
        let groups =
            if cfg!(target_os = "linux") { read(Path::new(&format!("/proc/{pid}/cgroup"))) } else { None };
        Self(groups.and_then(|groups| counter(&groups, read)))
    }

    /// Whether the system has killed since.
    pub(crate) fn has_killed(&self) -> bool {
        let Some((file, before)) = &self.0 else { return false };
        read(file).and_then(|text| count(&text)).is_some_and(|now| now > *before)
    }
}

fn read(file: &Path) -> Option<String> {
    String::from_utf8(fsx::head(file, LIMIT).ok()?).ok()
}

/// The file that counts for these control groups, and its count.
fn counter(groups: &str, read: impl Fn(&Path) -> Option<String>) -> Option<(PathBuf, u64)> {
    let mut files = Vec::new();
    for line in groups.lines() {
        // `4:memory:/path` in version 1, `0::/path` in version 2.
        let Some((controllers, path)) = line.split_once(':').and_then(|(_, rest)| rest.split_once(':'))
        else {
            continue;
        };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            files.push(Path::new("/sys/fs/cgroup").join(path).join("memory.events"));
        } else if controllers.split(',').any(|controller| controller == "memory") {
            files.push(Path::new("/sys/fs/cgroup/memory").join(path).join("memory.oom_control"));
        }
    }
    files.push(PathBuf::from("/proc/vmstat"));
    files.into_iter().find_map(|file| {
        let count = count(&read(&file)?)?;
        Some((file, count))
    })
}

/// The number behind `oom_kill`, which all of these files have in a line of its own.
fn count(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_count_is_taken() {
        let groups = "4:cpu,memory:/app\n1:name=systemd:/\n0::/user.slice/app.scope\n";
        let all = [
            ("/sys/fs/cgroup/memory/app/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
            (
                "/sys/fs/cgroup/user.slice/app.scope/memory.events",
                "low 0\noom 4\noom_kill 2\noom_group_kill 0\n",
            ),
            ("/proc/vmstat", "nr_free_pages 9\noom_kill 5\n"),
        ];
        let mut found = Vec::new();
        for skipped in 0..=all.len() {
            let there = |file: &Path| {
                all[skipped..]
                    .iter()
                    .find(|(path, _)| Path::new(path) == file)
                    .map(|(_, text)| (*text).to_owned())
            };
            found.push(counter(groups, there).map(|(_, count)| count));
        }
        assert_eq!(found, [Some(3), Some(2), Some(5), None]);
        assert_eq!(counter("", |_| Some("oom 1".to_owned())), None);
    }

    #[test]
    fn only_what_came_since_counts() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("memory.events");
        std::io::Write::write_all(&mut fsx::create_private(&file).unwrap(), b"oom_kill 3\n").unwrap();
        let [before, now] = [2, 3].map(|count| OomWatch(Some((file.clone(), count))).has_killed());
        assert!(before && !now && !OomWatch(None).has_killed());
        fsx::remove(&file).unwrap();
        assert!(!OomWatch(Some((file, 2))).has_killed());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_system_counts() {
        assert!(OomWatch::start(std::process::id()).0.is_some());
        assert!(OomWatch::start(u32::MAX).0.is_none());
    }
}
