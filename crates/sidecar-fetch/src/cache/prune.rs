//! How much the cache holds, and making it smaller.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Cache, Result, etag_path};
use crate::fsx;

/// An interrupted download that is older than this is not worth resuming.
const STALE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Where locks cannot tell whether a file is still written to, this much silence does: far beyond any stall timeout.
const SILENT: Duration = Duration::from_secs(60 * 60);

/// What the cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many complete downloads.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many interrupted (or running) downloads.
    pub partials: u64,
    /// Their bytes.
    pub partial_bytes: u64,
}

impl Usage {
    /// Complete and interrupted downloads together.
    pub fn files(self) -> u64 {
        self.blobs + self.partials
    }

    /// The bytes of both.
    pub fn all_bytes(self) -> u64 {
        self.bytes + self.partial_bytes
    }
}

impl Cache {
    /// Counts what the cache holds. Files that come or go meanwhile are counted or not.
    pub fn usage(&self) -> Result<Usage> {
        let mut usage = Usage::default();
        for (_, metadata) in self.blobs()? {
            usage.blobs += 1;
            usage.bytes += metadata.len();
        }
        for (_, metadata) in self.partials()? {
            usage.partials += 1;
            usage.partial_bytes += metadata.len();
        }
        Ok(usage)
    }

    /// Removes what was not used for `older_than` (zero: everything), and the locks that nobody holds; what is being
    /// downloaded stays. Tells what is gone.
    pub fn prune(&self, older_than: Duration) -> Result<Usage> {
        let mut removed = Usage::default();
        for (path, metadata) in self.blobs()? {
            if age(&metadata) >= older_than {
                let guard = self.try_lock(&name(&path));
                if guard.is_some() {
                    self.remove(&path)?;
                    removed.blobs += 1;
                    removed.bytes += metadata.len();
                }
            }
        }
        for (path, metadata) in self.partials()? {
            let file = name(&path);
            let key = file.split('.').next().unwrap_or(&file);
            let guard = self.try_lock(key);
            let idle = guard.is_some_and(|guard| guard.is_held() || age(&metadata) >= SILENT);
            if idle && age(&metadata) >= older_than.min(STALE) {
                self.remove(&path)?;
                self.remove(&etag_path(&path))?;
                removed.partials += 1;
                removed.partial_bytes += metadata.len();
            }
        }
        for (path, metadata) in files(self.in_shards("seen")?) {
            if age(&metadata) >= older_than {
                self.remove(&path)?;
            }
        }
        for path in self.in_shards("locks")? {
            let key = name(&path).trim_end_matches(".lock").to_owned();
            if let Some(guard) = self.try_lock(&key) {
                guard.retire(self, &key);
            }
        }
        Ok(removed)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        fsx::remove_file(path).map_err(|e| self.unusable(&e))
    }

    fn blobs(&self) -> Result<Vec<(PathBuf, Metadata)>> {
        Ok(files(self.in_shards("blobs")?))
    }

    /// Every file in `tmp` but the `.etag` files, which go with theirs.
    fn partials(&self) -> Result<Vec<(PathBuf, Metadata)>> {
        let mut paths = self.list(&self.root.join("tmp"))?;
        paths.retain(|path| path.extension().is_none_or(|extension| extension != "etag"));
        Ok(files(paths))
    }

    fn in_shards(&self, kind: &str) -> Result<Vec<PathBuf>> {
        let mut out = Vec::new();
        for shard in self.list(&self.root.join(kind))? {
            if fsx::metadata(&shard).ok().flatten().is_some_and(|metadata| metadata.is_dir()) {
                out.extend(self.list(&shard)?);
            }
        }
        Ok(out)
    }

    fn list(&self, dir: &Path) -> Result<Vec<PathBuf>> {
        fsx::read_dir(dir).map_err(|e| self.unusable(&e))
    }
}

/// The regular files of `paths`, without those that have gone meanwhile.
fn files(paths: Vec<PathBuf>) -> Vec<(PathBuf, Metadata)> {
    let with_metadata = |path: PathBuf| {
        let metadata = fsx::metadata(&path).ok().flatten().filter(Metadata::is_file)?;
        Some((path, metadata))
    };
    paths.into_iter().filter_map(with_metadata).collect()
}

/// Time since the last use; none for a file from the future.
fn age(metadata: &Metadata) -> Duration {
    let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    SystemTime::now().duration_since(used).unwrap_or_default()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Sha256;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn cache() -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path()).unwrap();
        (dir, cache)
    }

    fn blob(cache: &Cache, bytes: &str, days: u32) -> Sha256 {
        let sha256 = Sha256::of(bytes.as_bytes());
        file(&cache.blob(&sha256), bytes, days);
        sha256
    }

    fn file(path: &Path, bytes: &str, days: u32) {
        fsx::create(path).unwrap();
        fsx::write(path, bytes).unwrap();
        fsx::set_modified(path, SystemTime::now() - DAY * days).unwrap();
    }

    #[test]
    fn usage_counts_blobs_and_partial_downloads() {
        let (_dir, cache) = cache();
        assert_eq!(cache.usage().unwrap(), Usage::default());
        blob(&cache, "one", 0);
        blob(&cache, "three", 0);
        file(&cache.partial("abc"), "four", 0);
        file(&etag_path(&cache.partial("abc")), "\"x\"", 0);
        let expected = Usage { blobs: 2, bytes: 8, partials: 1, partial_bytes: 4 };
        assert_eq!(cache.usage().unwrap(), expected);
    }

    #[test]
    fn memories_are_forgotten_by_age_and_are_no_downloads() {
        let (_dir, cache) = cache();
        let [old, new] = ["old", "new"].map(|text| cache.memory(&Sha256::of(text.as_bytes())));
        file(&old, "x", 40);
        file(&new, "x", 20);
        assert_eq!(cache.usage().unwrap(), Usage::default());
        assert_eq!(cache.prune(DAY * 30).unwrap(), Usage::default());
        assert_eq!((old.exists(), new.exists()), (false, true));
        cache.prune(Duration::ZERO).unwrap();
        assert!(!new.exists());
    }

    #[test]
    fn prune_removes_what_was_not_used_for_long() {
        let (_dir, cache) = cache();
        let (old, new) = (blob(&cache, "old", 40), blob(&cache, "new", 20));
        assert_eq!(cache.prune(DAY * 30).unwrap(), Usage { blobs: 1, bytes: 3, ..Usage::default() });
        assert!(!cache.has(&old, None) && cache.has(&new, None));
        assert_eq!(cache.prune(Duration::ZERO).unwrap(), Usage { blobs: 1, bytes: 3, ..Usage::default() });
        assert_eq!(cache.usage().unwrap(), Usage::default());
    }

    #[test]
    fn prune_leaves_what_is_locked() {
        let (_dir, cache) = cache();
        let sha256 = blob(&cache, "old", 40);
        let key = sha256.to_string();
        let guard = cache.lock(&key, || ()).unwrap();
        file(guard.partial(), "part", 40);
        assert_eq!(cache.prune(Duration::ZERO).unwrap(), Usage::default());
        assert!(cache.has(&sha256, None) && cache.lock_path(&key).exists());
        drop(guard);
        assert_eq!(
            cache.prune(Duration::ZERO).unwrap(),
            Usage { blobs: 1, bytes: 3, partials: 1, partial_bytes: 4 }
        );
        assert!(!cache.lock_path(&key).exists());
    }

    #[test]
    fn stale_partial_downloads_go_with_their_etags_and_locks() {
        let (_dir, cache) = cache();
        for (key, days) in [("aa1", 8), ("aa2", 1)] {
            drop(cache.lock(key, || ()).unwrap());
            file(&cache.partial(key), "part", days);
            file(&etag_path(&cache.partial(key)), "\"x\"", days);
        }
        assert_eq!(
            cache.prune(DAY * 30).unwrap(),
            Usage { partials: 1, partial_bytes: 4, ..Usage::default() }
        );
        let left = fsx::read_dir(&cache.directory().join("tmp")).unwrap();
        assert_eq!(left, [cache.partial("aa2"), etag_path(&cache.partial("aa2"))]);
        assert_eq!(cache.in_shards("locks").unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_file_of_a_process_without_locks_counts_by_its_key() {
        let (_dir, cache) = cache();
        file(&cache.partial("abc.0123456789abcdef"), "part", 8);
        let guard = cache.lock("abc", || ()).unwrap();
        assert_eq!(cache.prune(Duration::ZERO).unwrap(), Usage::default());
        drop(guard);
        assert_eq!(cache.prune(Duration::ZERO).unwrap().files(), 1);
    }
}
