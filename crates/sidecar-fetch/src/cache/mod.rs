//! The download cache: verified files by their SHA-256, shared by projects and processes.
//!
//! ```text
//! <root>/blobs/9f/9f2c41…        a complete, verified download
//! <root>/seen/9f/9f2c41…         what was seen in an asset that the lock does not describe
//! <root>/locks/9f/<key>.lock     held while <key> is downloaded
//! <root>/tmp/<key>.part          what has arrived of <key>; beside it `.etag`, the version those bytes are of
//! ```
//!
//! A blob appears by rename only, after its bytes were hashed, so a process that is killed at any moment leaves
//! nothing that looks complete. Locks save work (one download instead of sixteen); where a file system has none, each
//! process writes a file of its own. Nothing is synced to the disk: after a power failure a blob of the wrong size is
//! found by [`Cache::find`], and the installer compares the hash of what it unpacks with the lock.

pub(crate) mod lock;
pub(crate) mod prune;

#[cfg(feature = "resolve")]
pub use prune::Usage;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use crate::error::{Error, Kind};
use crate::hash::Sha256;
use crate::{env, fsx};

type Result<T> = std::result::Result<T, Error>;

/// The layout that is described above; another one gets another number, so that old and new versions never meet.
const LAYOUT: &str = "v1";

/// A blob that is used gets a new mtime at most this often: often enough for [`Cache::prune`], rarely enough to cost
/// nothing.
const TOUCH: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells backup programs to leave the directory out (<https://bford.info/cachedir/>).
const TAG: &str =
    "Signature: 8a477f597d28d172789f06886806bc55\n# Downloads of sidecar-fetch; safe to delete.\n";

/// A cache directory.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// A cache that is opened when it is first needed: a run with nothing to do needs neither a home directory nor a place
/// to write.
#[derive(Debug, Default)]
pub(crate) struct LazyCache(OnceLock<Cache>);

impl LazyCache {
    /// A cache that is open already.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self(Cache::at(root).map_or_else(|_| OnceLock::new(), OnceLock::from))
    }

    /// [`Cache::open`], once.
    pub(crate) fn get(&self) -> Result<&Cache> {
        if let Some(cache) = self.0.get() {
            return Ok(cache);
        }
        let cache = Cache::open()?;
        Ok(self.0.get_or_init(|| cache))
    }
}

impl Cache {
    /// The cache in `SIDECAR_CACHE_DIR`, or else in the user's cache directory.
    ///
    /// # Errors
    ///
    /// [`Kind::Cache`] where there is no such directory, where it cannot be created, or where it belongs to the user who
    /// called `sudo`: files of root in there would break that user's next build.
    pub fn open() -> Result<Self> {
        if let Some(dir) = env::path(env::CACHE_DIR) {
            if !dir.is_absolute() {
                return Err(Error::new(Kind::Cache, format!("`{}` is not an absolute path", env::CACHE_DIR))
                    .fact("value", dir.display())
                    .help("in .cargo/config.toml, `[env] SIDECAR_CACHE_DIR = { value = \"…\", relative = true }` \
                           makes it absolute"));
            }
            return Self::at(dir.join(LAYOUT));
        }
        let places = [env::path(env::XDG_CACHE_HOME), std::env::home_dir(), env::path(env::LOCALAPPDATA)];
        let Some(dir) = user_cache_dir(std::env::consts::OS, places) else {
            return Err(Error::new(Kind::Cache, "there is no home directory to keep downloads in")
                .help(format!("set {} to a directory that you can write to", env::CACHE_DIR)));
        };
        let root = dir.join("sidecar").join(LAYOUT);
        refuse_sudo(&root)?;
        Self::at(root)
    }

    /// The cache in `root`, which is created where it does not exist.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Result<Self> {
        let cache = Self { root: root.into() };
        let tag = cache.root.join("CACHEDIR.TAG");
        if fsx::metadata(&tag).ok().flatten().is_none() {
            fsx::create_dir_all(&cache.root).map_err(|e| cache.unusable(&e))?;
            // a read-only cache that somebody else filled is as good
            let _ = fsx::write(&tag, TAG);
        }
        Ok(cache)
    }

    /// The directory, with the number of its layout.
    pub fn directory(&self) -> &Path {
        &self.root
    }

    /// Where the blob with this hash is, or would be.
    pub(crate) fn blob(&self, sha256: &Sha256) -> PathBuf {
        self.root.join("blobs").join(sha256.short(2)).join(sha256.to_string())
    }

    /// Where is remembered what was seen in an asset; see `provision::memory`.
    pub(crate) fn memory(&self, key: &Sha256) -> PathBuf {
        self.root.join("seen").join(key.short(2)).join(key.to_string())
    }

    /// Whether the blob is there. Looks at metadata only; a blob whose size is not `size` is removed.
    pub(crate) fn has(&self, sha256: &Sha256, size: Option<u64>) -> bool {
        self.find(sha256, size).is_some()
    }

    /// The path and size of the blob, where it is there, which is then marked as used. Looks at metadata only; a blob
    /// whose size is not `size` is removed and counts as absent.
    pub(crate) fn find(&self, sha256: &Sha256, size: Option<u64>) -> Option<(PathBuf, u64)> {
        let path = self.blob(sha256);
        let metadata = fsx::metadata(&path).ok().flatten().filter(std::fs::Metadata::is_file)?;
        if size.is_some_and(|size| size != metadata.len()) {
            let _ = fsx::remove_file(&path);
            return None;
        }
        let now = SystemTime::now();
        let age = metadata.modified().ok().and_then(|used| now.duration_since(used).ok());
        if age.is_some_and(|age| age > TOUCH) {
            let _ = fsx::set_modified(&path, now);
        }
        Some((path, metadata.len()))
    }

    /// Moves a complete, verified file into its place. That another process was faster is success: the bytes are the
    /// same.
    pub(crate) fn publish(&self, temp: &Path, sha256: &Sha256) -> Result<PathBuf> {
        let blob = self.blob(sha256);
        if let Some(parent) = blob.parent() {
            fsx::create_dir_all(parent).map_err(|e| self.unusable(&e))?;
        }
        match rename_patiently(temp, &blob) {
            Ok(()) => Ok(blob),
            // Windows does not replace a file that somebody has open
            Err(_) if same_length(temp, &blob) => {
                let _ = fsx::remove_file(temp);
                Ok(blob)
            }
            Err(e) => Err(self.unusable(&fsx::failed("move into place", &blob, &e))),
        }
    }

    /// The error for a file operation inside the cache.
    pub(crate) fn unusable(&self, error: &Error) -> Error {
        let cause = error.facts().find(|(key, _)| *key == "cause").map(|(_, cause)| format!(": {cause}"));
        Error::new(Kind::Cache, "the cache directory cannot be used")
            .fact("cache", self.root.display())
            .fact("cause", format!("{}{}", error.headline(), cause.unwrap_or_default()))
            .help(format!("set {} to a directory with free space that you can write to", env::CACHE_DIR))
    }
}

/// The file beside a partial download that holds the entity tag of its version.
pub(crate) fn etag_path(partial: &Path) -> PathBuf {
    let mut path = partial.to_owned().into_os_string();
    path.push(".etag");
    path.into()
}

/// The directory for caches of one user: `[XDG_CACHE_HOME, home, LOCALAPPDATA]` are what the system says.
fn user_cache_dir(os: &str, places: [Option<PathBuf>; 3]) -> Option<PathBuf> {
    let [xdg, home, local] = places.map(|place| place.filter(|path| path.is_absolute()));
    match os {
        "windows" => local.or_else(|| Some(home?.join("AppData").join("Local"))),
        "macos" => Some(home?.join("Library").join("Caches")),
        // the XDG base directory specification says to ignore a relative one
        _ => xdg.or_else(|| Some(home?.join(".cache"))),
    }
}

/// Fails where the directory belongs to the user who called `sudo` while this process is somebody else.
#[cfg(unix)]
fn refuse_sudo(root: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let Some(caller) = env::text(env::SUDO_UID).and_then(|uid| uid.parse::<u32>().ok()) else {
        return Ok(());
    };
    let owner = root.ancestors().find_map(|dir| Some((dir, fsx::metadata(dir).ok()??.uid())));
    let me = fsx::owner_of_new_files();
    match (owner, me) {
        (Some((dir, owner)), Some(me)) if owner == caller && me != caller => {
            Err(foreign(root, dir, owner, me))
        }
        _ => Ok(()),
    }
}

/// There is no sudo that keeps the home directory.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the signature is the one for Unix")]
fn refuse_sudo(_: &Path) -> Result<()> {
    Ok(())
}

/// The error for a cache directory of another user.
#[cfg(unix)]
fn foreign(root: &Path, dir: &Path, owner: u32, me: u32) -> Error {
    Error::new(Kind::Cache, "the cache directory belongs to another user")
        .fact("cache", root.display())
        .fact("owner", format!("user {owner} owns `{}`; this process runs as user {me}", dir.display()))
        .help(format!("run without sudo, or set {} to a directory of its own", env::CACHE_DIR))
}

/// Renames; on Windows tries again for two seconds where a virus scanner still holds the new file.
fn rename_patiently(from: &Path, to: &Path) -> io::Result<()> {
    for wait in [100, 400, 1500] {
        match fsx::try_rename(from, to) {
            Err(e)
                if cfg!(windows) && e.kind() == io::ErrorKind::PermissionDenied && !same_length(from, to) =>
            {
                std::thread::sleep(Duration::from_millis(wait));
            }
            done => return done,
        }
    }
    fsx::try_rename(from, to)
}

/// Whether `blob` is a file with the length of `temp`.
fn same_length(temp: &Path, blob: &Path) -> bool {
    let length =
        |path| fsx::metadata(path).ok().flatten().filter(std::fs::Metadata::is_file).map(|m| m.len());
    length(temp).is_some_and(|temp| length(blob) == Some(temp))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path().join("v1")).unwrap();
        (dir, cache)
    }

    fn publish(cache: &Cache, bytes: &str) -> Sha256 {
        let sha256 = Sha256::of(bytes.as_bytes());
        let temp = cache.directory().join("new");
        fsx::write(&temp, bytes).unwrap();
        assert_eq!(cache.publish(&temp, &sha256).unwrap(), cache.blob(&sha256));
        assert!(fsx::metadata(&temp).unwrap().is_none());
        sha256
    }

    #[test]
    fn a_published_file_is_found_by_its_hash() {
        let (_dir, cache) = cache();
        let absent = Sha256::of(b"absent");
        assert!(!cache.has(&absent, None));
        let sha256 = publish(&cache, "hello");
        assert_eq!(cache.find(&sha256, Some(5)), Some((cache.blob(&sha256), 5)));
        assert_eq!(cache.find(&sha256, None), Some((cache.blob(&sha256), 5)));
    }

    #[test]
    fn a_blob_of_the_wrong_size_is_removed() {
        let (_dir, cache) = cache();
        let sha256 = publish(&cache, "hello");
        assert!(!cache.has(&sha256, Some(6)));
        assert!(!cache.has(&sha256, Some(5)));
    }

    #[test]
    fn a_lost_race_is_success() {
        let (_dir, cache) = cache();
        let first = publish(&cache, "hello");
        let second = publish(&cache, "hello");
        assert_eq!(first, second);
        assert_eq!(fsx::read_to_string(&cache.blob(&first)).unwrap(), "hello");
    }

    #[test]
    fn a_directory_in_the_place_of_a_blob_is_an_error_that_names_the_variable() {
        let (_dir, cache) = cache();
        let sha256 = Sha256::of(b"hello");
        fsx::create_dir_all(&cache.blob(&sha256).join("x")).unwrap();
        let temp = cache.directory().join("new");
        fsx::write(&temp, "hello").unwrap();
        let error = cache.publish(&temp, &sha256).unwrap_err();
        assert_eq!(error.kind(), Kind::Cache);
        assert!(error.help_text().unwrap().contains("SIDECAR_CACHE_DIR"), "{error}");
    }

    #[test]
    fn use_renews_the_mtime_once_a_day() {
        let (_dir, cache) = cache();
        let sha256 = publish(&cache, "hello");
        let modified = |ago: u64| {
            let time = SystemTime::now() - Duration::from_secs(ago);
            fsx::set_modified(&cache.blob(&sha256), time).unwrap();
            cache.find(&sha256, None).unwrap();
            let now = fsx::metadata(&cache.blob(&sha256)).unwrap().unwrap().modified().unwrap();
            now.duration_since(time).unwrap().as_secs()
        };
        assert_eq!(modified(3600), 0);
        assert!(modified(100_000) >= 100_000);
    }

    #[test]
    fn a_file_in_the_place_of_the_directory_is_an_error_that_names_the_variable() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fsx::write(&file, "").unwrap();
        let error = Cache::at(file.join("v1")).unwrap_err();
        assert_eq!(error.kind(), Kind::Cache);
        let text = error.to_string();
        assert!(text.contains("cannot create the directory") && text.contains("SIDECAR_CACHE_DIR"), "{text}");
    }

    #[test]
    fn the_directory_is_tagged_as_a_cache() {
        let (_dir, cache) = cache();
        let tag = fsx::read_to_string(&cache.directory().join("CACHEDIR.TAG")).unwrap();
        assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
    }

    #[cfg(unix)]
    #[test]
    fn the_user_directory_is_where_each_system_keeps_caches() {
        let path = |text: &str| Some(PathBuf::from(text));
        let home = || path("/home/ann");
        assert_eq!(user_cache_dir("linux", [None, home(), None]), path("/home/ann/.cache"));
        assert_eq!(user_cache_dir("linux", [path("/xdg"), home(), None]), path("/xdg"));
        assert_eq!(user_cache_dir("linux", [path("relative"), home(), None]), path("/home/ann/.cache"));
        assert_eq!(user_cache_dir("macos", [path("/xdg"), home(), None]), path("/home/ann/Library/Caches"));
        assert_eq!(user_cache_dir("windows", [None, home(), path("/local")]), path("/local"));
        assert_eq!(user_cache_dir("windows", [None, home(), None]), path("/home/ann/AppData/Local"));
        assert_eq!(user_cache_dir("linux", [None, None, None]), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_of_another_user_is_named_with_its_owner() {
        let error = foreign(Path::new("/home/ann/.cache/sidecar/v1"), Path::new("/home/ann/.cache"), 1000, 0);
        let expected = "the cache directory belongs to another user\n  cache  /home/ann/.cache/sidecar/v1\n  owner  \
                        user 1000 owns `/home/ann/.cache`; this process runs as user 0\nhelp: run without sudo, or \
                        set SIDECAR_CACHE_DIR to a directory of its own";
        assert_eq!(error.to_string(), expected);
    }
}
