//! Putting a verified binary where Tauri looks for it: `<binaries>/<name>-<triple>`.
//!
//! Identical bytes are never written again, and nothing half-written ever stands in the app directory: the file is
//! made complete in a staging directory outside it (`tauri dev` watches the app directory) and then renamed.

mod stamp;
mod tree;

use std::fs::{File, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

pub(crate) use stamp::{Identity, Stamps};
#[cfg(feature = "resolve")]
pub(crate) use tree::remove_tree;
pub(crate) use tree::{TreeFile, TreeOf, record_of};

use crate::cache::LazyCache;
use crate::error::Error;
use crate::fsx;
use crate::hash::{self, Sha256};

/// Which modification time an installed file gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mtime {
    /// A fixed instant long ago, for build scripts: cargo compares the file's time with the start of the script that
    /// installed it, and a current one would cost a second build.
    Past,
    /// Now, for subcommands: the next build must notice new bytes.
    Now,
}

/// 2020-01-01T00:00:00Z in seconds since the Unix epoch: before any build, after any date that zip tools choke on.
const PAST: u64 = 1_577_836_800;

/// Where files are made before they are renamed into place, and what is known of files that are already there. Serves
/// several threads at once.
#[derive(Debug)]
pub(crate) struct Installer<'c> {
    state: PathBuf,
    stamps: Mutex<Stamps>,
    mtime: Mtime,
    /// Knows the locks that all runs of a user share, whatever their `state`.
    cache: &'c LazyCache,
    /// Held from the first file that is installed until the end of the run, so that runs on one app take turns.
    turn: OnceLock<Option<File>>,
}

/// What is known of the file that is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) sha256: Sha256,
    /// Bytes.
    pub(crate) size: u64,
}

/// What an installed file is for, which decides its mode on Unix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// To be executed or loaded: 0755.
    Program,
    /// To be read: 0644.
    Data,
}

/// The modification time of [`Mtime::Past`].
pub(crate) fn past() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(PAST)
}

impl<'c> Installer<'c> {
    /// `state` is a directory of ours outside the app directory: `OUT_DIR`, or `sidecar` in the target directory.
    pub(crate) fn new(state: &Path, mtime: Mtime, cache: &'c LazyCache) -> Self {
        let stamps = Mutex::new(Stamps::load(&state.join("sidecar.stamp")));
        Self { state: state.to_owned(), stamps, mtime, cache, turn: OnceLock::new() }
    }

    /// Whether `dest` already is the wanted file. Its bytes are read only where the stamp does not vouch for them.
    pub(crate) fn is_installed(&self, dest: &Path, wanted: Content) -> Result<bool, Error> {
        self.is_installed_as(dest, wanted, Mode::Program)
    }

    fn is_installed_as(&self, dest: &Path, wanted: Content, mode: Mode) -> Result<bool, Error> {
        let Some(metadata) = fsx::metadata(dest)? else { return Ok(false) };
        if metadata.len() != wanted.size || !metadata.is_file() || !has_mode(&metadata, mode) {
            return Ok(false);
        }
        let known = self.stamps().sha256_of(dest, &metadata);
        if let Some(known) = known {
            return Ok(known == wanted.sha256);
        }
        let (found, _) = hash::of_file(dest)?;
        self.stamps().record(dest, &metadata, found);
        Ok(found == wanted.sha256)
    }

    /// Installs `source`, whose content was verified, as `dest`; tells whether it had to write.
    pub(crate) fn install(&self, source: &Path, dest: &Path, content: Content) -> Result<bool, Error> {
        self.take_turn()?;
        if self.is_installed(dest, content)? {
            return Ok(false);
        }
        if let Some(parent) = dest.parent() {
            fsx::create_dir_all(parent)?;
        }
        let name = fsx::name_of(dest);
        let staged = self.staging().join(format!("{name}.{}", std::process::id()));
        self.make(source, &staged, Mode::Program)?;
        let beside = dest.with_file_name(format!(".{name}.part"));
        let moved = self.place(&staged, dest, &beside, content, Mode::Program);
        let _ = fsx::remove_file(&staged);
        moved.map(|()| true)
    }

    /// Moves a complete file into its place, by way of `beside` where that is on another file system.
    fn place(
        &self,
        staged: &Path,
        dest: &Path,
        beside: &Path,
        content: Content,
        mode: Mode,
    ) -> Result<(), Error> {
        // Of a program that runs on Windows. The next run removes it, if it has ended by then.
        let aside = self.staging().join(format!("{}.{}.old", fsx::name_of(dest), std::process::id()));
        match fsx::try_replace(staged, dest, &aside) {
            Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
                self.across_devices(staged, dest, beside, content, mode)?;
            }
            done => done.map_err(|e| fsx::failed("move into place", dest, &e))?,
        }
        if let Some(metadata) = fsx::metadata(dest)? {
            self.stamps().record(dest, &metadata, content.sha256);
        }
        Ok(())
    }

    /// Installs bytes that are made here, as [`install`](Self::install) does a file's.
    pub(crate) fn put(&self, bytes: &[u8], dest: &Path) -> Result<Content, Error> {
        let content = Content { sha256: Sha256::of(bytes), size: bytes.len() as u64 };
        self.take_turn()?;
        let made = self.staging().join(format!("made.{}", std::process::id()));
        fsx::write_atomic(&made, bytes)?;
        let installed = self.install(&made, dest, content);
        fsx::remove_file(&made)?;
        installed.map(|_| content)
    }

    /// Writes down what is known of the installed files. Losing it costs time, never correctness.
    pub(crate) fn save(&self) {
        self.stamps().save();
    }

    fn stamps(&self) -> MutexGuard<'_, Stamps> {
        self.stamps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn staging(&self) -> PathBuf {
        self.state.join("staging")
    }

    /// Waits until no other run installs into this app, then removes what an interrupted one left in staging. Where
    /// the file system knows no locks the run goes on without: names in staging are per process, and renames are
    /// atomic.
    fn take_turn(&self) -> Result<(), Error> {
        fsx::create_dir_all(&self.staging())?;
        self.turn.get_or_init(|| {
            let lock = fsx::create(&self.state.join("install.lock")).ok()?;
            lock.lock().ok()?;
            for leftover in fsx::read_dir(&self.staging()).unwrap_or_default() {
                let _ = fsx::remove_file(&leftover);
            }
            Some(lock)
        });
        Ok(())
    }

    /// A complete copy with mode and time set: a reflink where the file system can (`std::fs::copy` asks for it), never
    /// a hard link, because bundlers sign the installed file in place.
    fn make(&self, source: &Path, staged: &Path, mode: Mode) -> Result<(), Error> {
        fsx::remove_file(staged)?;
        fsx::copy(source, staged)?;
        fsx::set_permissions(staged, permissions(staged, mode)?)?;
        let time = match self.mtime {
            Mtime::Past => past(),
            Mtime::Now => SystemTime::now(),
        };
        let file = File::options().write(true).open(staged).map_err(|e| fsx::failed("open", staged, &e))?;
        file.set_modified(time).map_err(|e| fsx::failed("set the time of", staged, &e))
    }

    /// The staging directory is on another file system: the only atomic way left is a hidden file beside `dest`. Its
    /// name is fixed, so that the next run overwrites what an interrupted one left. Runs with another `state` (a build
    /// beside a `sync`) use the same name: they take turns by a lock in the cache, where that can be written.
    fn across_devices(
        &self,
        staged: &Path,
        dest: &Path,
        beside: &Path,
        content: Content,
        mode: Mode,
    ) -> Result<(), Error> {
        let key = Sha256::of(dest.as_os_str().as_encoded_bytes());
        let _turn = self.cache.get().and_then(|cache| cache.lock(&format!("{key}-install"), || {}));
        if self.is_installed_as(dest, content, mode)? {
            return Ok(());
        }
        let moved = self.make(staged, beside, mode).and_then(|()| fsx::rename(beside, dest));
        if moved.is_err() {
            let _ = fsx::remove_file(beside);
        }
        moved
    }
}

#[cfg(unix)]
pub(crate) fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 == 0o111
}

#[cfg(not(unix))]
pub(crate) fn is_executable(_: &std::fs::Metadata) -> bool {
    true
}

/// Whether the mode does what the file is for. Data need only be readable: a file that came with more is as good.
fn has_mode(metadata: &std::fs::Metadata, mode: Mode) -> bool {
    mode == Mode::Data || is_executable(metadata)
}

/// 0755 or 0644: bundlers copy the mode, and packages run the file as another user.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "the other systems have to ask")]
fn permissions(_: &Path, mode: Mode) -> Result<Permissions, Error> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(Permissions::from_mode(if mode == Mode::Program { 0o755 } else { 0o644 }))
}

/// Writable, so that a bundler can sign the file in place.
#[cfg(not(unix))]
fn permissions(path: &Path, _: Mode) -> Result<Permissions, Error> {
    let mut permissions = fsx::metadata(path)?
        .map(|m| m.permissions())
        .ok_or_else(|| fsx::failed("look at", path, &io::Error::from(io::ErrorKind::NotFound)))?;
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "this is not a Unix, where it would mean world-writable"
    )]
    permissions.set_readonly(false);
    Ok(permissions)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        dir: tempfile::TempDir,
        cache: LazyCache,
        content: Content,
    }

    impl Scene {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fsx::write_atomic(&dir.path().join("blob"), "binary").unwrap();
            let cache = LazyCache::at(&dir.path().join("cache"));
            Self { dir, cache, content: Content { sha256: Sha256::of(b"binary"), size: 6 } }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn installer(&self, mtime: Mtime) -> Installer<'_> {
            Installer::new(&self.path("state"), mtime, &self.cache)
        }
    }

    #[test]
    fn installs_once_and_leaves_nothing_behind() {
        let scene = Scene::new();
        let dest = scene.path("app/binaries/x-triple");
        let installer = scene.installer(Mtime::Now);
        assert!(!installer.is_installed(&dest, scene.content).unwrap());
        installer.install(&scene.path("blob"), &dest, scene.content).unwrap();
        assert!(installer.is_installed(&dest, scene.content).unwrap());
        installer.save();
        assert!(scene.installer(Mtime::Now).is_installed(&dest, scene.content).unwrap());
        assert_eq!(fsx::read_dir(&scene.path("app/binaries")).unwrap(), [dest]);
        assert!(fsx::read_dir(&scene.path("state/staging")).unwrap().is_empty());
    }

    #[test]
    fn a_build_script_leaves_a_past_mtime() {
        let scene = Scene::new();
        let dest = scene.path("x");
        scene.installer(Mtime::Past).install(&scene.path("blob"), &dest, scene.content).unwrap();
        let modified = fsx::metadata(&dest).unwrap().unwrap().modified().unwrap();
        assert_eq!(modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs(), PAST);
    }

    #[test]
    fn changed_bytes_of_the_same_length_are_noticed() {
        let scene = Scene::new();
        let dest = scene.path("x");
        let installer = scene.installer(Mtime::Past);
        installer.install(&scene.path("blob"), &dest, scene.content).unwrap();
        fsx::write_atomic(&dest, "BINARY").unwrap();
        installer.make(&dest, &scene.path("y"), Mode::Program).unwrap();
        fsx::rename(&scene.path("y"), &dest).unwrap();
        assert!(!installer.is_installed(&dest, scene.content).unwrap(), "same length and mtime, other bytes");
    }

    #[test]
    fn runs_with_other_states_take_turns_beside_the_destination() {
        let scene = Scene::new();
        let dest = scene.path("app/x");
        fsx::create_dir_all(&scene.path("app")).unwrap();
        for _ in 0..20 {
            fsx::remove_file(&dest).unwrap();
            let start = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                for run in 0..4 {
                    let (scene, dest, start) = (&scene, &dest, &start);
                    scope.spawn(move || {
                        let state = scene.path(&format!("state{run}"));
                        let installer = Installer::new(&state, Mtime::Past, &scene.cache);
                        start.wait();
                        let beside = scene.path("app/.x.part");
                        let (blob, mode) = (scene.path("blob"), Mode::Program);
                        installer.across_devices(&blob, dest, &beside, scene.content, mode).unwrap();
                    });
                }
            });
            assert_eq!(fsx::read_dir(&scene.path("app")).unwrap(), std::slice::from_ref(&dest));
            assert_eq!(fsx::read_to_string(&dest).unwrap(), "binary");
        }
    }

    /// Not a test: what the next one starts, by the name `program`. It runs until its standard input ends.
    #[test]
    fn a_program_that_waits() {
        let own = std::env::current_exe().unwrap();
        if own.file_stem().is_some_and(|stem| stem == "program") {
            io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
        }
    }

    /// The test program itself, under another name, waiting.
    fn started(program: &Path) -> std::process::Child {
        let mut command = std::process::Command::new(program);
        command.args(["--exact", "install::tests::a_program_that_waits"]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            match command.spawn() {
                // Another test's child may still hold the file, open for writing, for the moment before it executes.
                Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy => {
                    assert!(std::time::Instant::now() < deadline, "{e}");
                    std::thread::yield_now();
                }
                started => return started.unwrap(),
            }
        }
    }

    #[test]
    fn a_running_program_is_replaced_and_runs_on() {
        let scene = Scene::new();
        let dest = scene.path("app").join(format!("program{}", std::env::consts::EXE_SUFFIX));
        fsx::create_dir_all(&scene.path("app")).unwrap();
        fsx::copy(&std::env::current_exe().unwrap(), &dest).unwrap();
        let mut running = started(&dest);
        scene.installer(Mtime::Now).install(&scene.path("blob"), &dest, scene.content).unwrap();
        assert_eq!(fsx::read_to_string(&dest).unwrap(), "binary");
        assert!(running.try_wait().unwrap().is_none(), "it was still running");
        drop(running.stdin.take());
        assert!(running.wait().unwrap().success());
        // The copy that was moved away on Windows goes with the next run.
        fsx::write_atomic(&scene.path("blob"), "BINARY").unwrap();
        let next = Content { sha256: Sha256::of(b"BINARY"), size: 6 };
        scene.installer(Mtime::Now).install(&scene.path("blob"), &dest, next).unwrap();
        assert_eq!(fsx::read_dir(&scene.path("app")).unwrap(), [dest]);
        assert!(fsx::read_dir(&scene.path("state/staging")).unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_0755_and_a_lost_exec_bit_is_mended() {
        use std::os::unix::fs::PermissionsExt as _;
        let scene = Scene::new();
        let dest = scene.path("x");
        let installer = scene.installer(Mtime::Now);
        installer.install(&scene.path("blob"), &dest, scene.content).unwrap();
        assert_eq!(fsx::metadata(&dest).unwrap().unwrap().permissions().mode() & 0o777, 0o755);
        fsx::set_permissions(&dest, Permissions::from_mode(0o644)).unwrap();
        assert!(!installer.is_installed(&dest, scene.content).unwrap());
    }
}
