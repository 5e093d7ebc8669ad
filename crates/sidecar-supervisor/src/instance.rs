//! This run of the app: a directory of its own, and what is left of those that crashed.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fsx;
use crate::secret::Secret;

/// The directory of one run of the app, which only its user may enter. It is removed with this value; what a crash leaves
/// is removed at the next start.
#[derive(Debug)]
pub(crate) struct Instance {
    dir: PathBuf,
    /// Locked while the app lives: this is how another run knows.
    lock: Option<File>,
}

impl Instance {
    /// A new one below `runtime`, after those of dead apps are removed.
    pub(crate) fn open(runtime: &Path) -> Result<Self> {
        let all = runtime.join("instances");
        let failed = |path: &Path, e: &std::io::Error| {
            Error::io("the directory of this run cannot be made", e).fact("path", path.display())
        };
        fsx::make_private_dir(&all).map_err(|e| failed(&all, &e))?;
        for name in fsx::names(&all) {
            if name.extension().is_some_and(|extension| extension == "lock") {
                sweep(&all.join(name));
            }
        }
        let random = Secret::random()?;
        let id = &random.reveal()[..16];
        let (dir, path) = (all.join(id), all.join(format!("{id}.lock")));
        // It is locked before it has its name, so that no other run finds it unlocked.
        let new = all.join(format!("{id}.new"));
        let lock = fsx::create_private(&new).map_err(|e| failed(&new, &e))?;
        // On a file system without locks, what is left is never removed.
        let lock = lock.try_lock().is_ok().then_some(lock);
        fsx::rename(&new, &path).map_err(|e| failed(&path, &e))?;
        fsx::make_private_dir(&dir).map_err(|e| failed(&dir, &e))?;
        Ok(Self { dir, lock })
    }

    /// The directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // What stays is removed at the next start.
        let _ = fsx::remove_dir(&self.dir);
        self.lock = None;
        let _ = fsx::remove(&self.dir.with_extension("lock"));
    }
}

/// Removes the directory of a run whose lock nobody holds.
fn sweep(lock: &Path) {
    let Ok(file) = fsx::open(lock) else { return };
    if file.try_lock().is_ok() && fsx::remove_dir(&lock.with_extension("")).is_ok() {
        let _ = fsx::remove(lock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dead_runs_are_removed() {
        let runtime = tempfile::tempdir().unwrap();
        let living = Instance::open(runtime.path()).unwrap();
        let dead = Instance::open(runtime.path()).unwrap();
        let left = dead.dir().to_owned();
        // A crash: the lock is gone with the process, the files stay.
        let mut dead = std::mem::ManuallyDrop::new(dead);
        dead.lock = None;
        let mut next = Instance::open(runtime.path()).unwrap();
        // Another test may fork a process, which holds the lock until it executes its program.
        for _ in 0..1000 {
            if !left.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
            next = Instance::open(runtime.path()).unwrap();
        }
        assert!(living.dir().is_dir() && next.dir().is_dir());
        assert!(!left.exists() && !left.with_extension("lock").exists());
        drop((living, next));
        assert_eq!(fsx::names(&runtime.path().join("instances")), Vec::<PathBuf>::new());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_enter() {
        use std::os::unix::fs::PermissionsExt;
        let runtime = tempfile::tempdir().unwrap();
        let instance = Instance::open(runtime.path()).unwrap();
        let mode = std::fs::metadata(instance.dir()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
