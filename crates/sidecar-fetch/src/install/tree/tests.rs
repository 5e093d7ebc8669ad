use super::*;
use crate::cache::LazyCache;

/// A directory for a tree, an installer, and blobs to install.
struct Scene {
    dir: tempfile::TempDir,
    cache: LazyCache,
}

const LINUX: &str = "x86_64-unknown-linux-gnu";
const MAC: &str = "aarch64-apple-darwin";

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = LazyCache::at(&dir.path().join("cache"));
        Self { dir, cache }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn root(&self) -> PathBuf {
        self.path("app/binaries/tool")
    }

    fn blob(&self, text: &str) -> PathBuf {
        let path = self.path(&format!("blobs/{}", Sha256::of(text.as_bytes())));
        fsx::write_atomic(&path, text).unwrap();
        path
    }

    /// Installs files (path and content, `!` in front of the path of data) with an installer of its own.
    fn install_for(&self, target: &str, mtime: Mtime, files: &[(&str, &str)]) -> Result<bool, Error> {
        let target = target.parse().unwrap();
        let root = self.root();
        for (_, text) in files {
            self.blob(text);
        }
        let tree = TreeOf {
            root: &root,
            target: &target,
            files: files.iter().map(|(path, text)| file(path, text)).collect(),
        };
        let installer = Installer::new(&self.path("state"), mtime, &self.cache);
        let done =
            installer.install_tree(&tree, |file| self.path("blobs").join(file.content.sha256.to_string()));
        installer.save();
        if done.is_ok() {
            assert!(installer.is_tree_installed(&tree).unwrap());
        }
        assert!(fsx::read_dir(&self.path("state/staging")).unwrap().is_empty());
        done
    }

    fn install(&self, files: &[(&str, &str)]) -> Result<bool, Error> {
        self.install_for(LINUX, Mtime::Now, files)
    }

    /// What lies below the binaries directory.
    fn found(&self) -> Vec<String> {
        files_below(&self.path("app/binaries")).unwrap()
    }
}

fn modified(path: &Path) -> SystemTime {
    fsx::metadata(path).unwrap().unwrap().modified().unwrap()
}

/// `!` in front of a path: data.
fn file<'a>(path: &'a str, text: &str) -> TreeFile<'a> {
    let mode = if path.starts_with('!') { Mode::Data } else { Mode::Program };
    let content = Content { sha256: Sha256::of(text.as_bytes()), size: text.len() as u64 };
    TreeFile { path: path.trim_start_matches('!'), content, mode }
}

#[test]
fn a_tree_is_installed_once_with_its_record_beside_it() {
    let scene = Scene::new();
    let files = [("lib/a.so", "library"), ("!share/x.txt", "text"), ("bin/tool", "program")];
    assert!(scene.install(&files).unwrap());
    assert_eq!(scene.found(), [".tool.files", "tool/bin/tool", "tool/lib/a.so", "tool/share/x.txt"]);
    assert_eq!(fsx::read_to_string(&scene.root().join("lib/a.so")).unwrap(), "library");
    let record = fsx::read_to_string(&record_of(&scene.root())).unwrap();
    assert_eq!(record, format!("{HEAD}{LINUX}\nbin/tool\nlib/a.so\nshare/x.txt\n"));
    let times = || -> Vec<SystemTime> {
        scene.found().iter().map(|name| modified(&scene.path("app/binaries").join(name))).collect()
    };
    let before = times();
    assert!(!scene.install(&files).unwrap(), "the second run has nothing to do");
    assert_eq!(before, times());
}

#[cfg(unix)]
#[test]
fn programs_are_0755_and_data_is_0644() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    scene.install(&[("!x.txt", "text"), ("tool", "program")]).unwrap();
    let mode = |name| fsx::metadata(&scene.root().join(name)).unwrap().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("x.txt"), mode("tool")), (0o644, 0o755));
    fsx::set_permissions(&scene.root().join("tool"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(scene.install(&[("!x.txt", "text"), ("tool", "program")]).unwrap(), "a lost mode is mended");
    assert_eq!(mode("tool"), 0o755);
}

#[test]
fn what_is_no_longer_pinned_goes_and_what_stays_is_not_written_again() {
    let scene = Scene::new();
    scene.install(&[("lib/old/a.so.1", "one"), ("lib/b.so", "same"), ("tool", "v1")]).unwrap();
    let kept = modified(&scene.root().join("lib/b.so"));
    assert!(scene.install(&[("lib/a.so.2", "two"), ("lib/b.so", "same"), ("tool", "v2")]).unwrap());
    assert_eq!(scene.found(), [".tool.files", "tool/lib/a.so.2", "tool/lib/b.so", "tool/tool"]);
    assert!(!scene.root().join("lib/old").exists());
    assert_eq!(modified(&scene.root().join("lib/b.so")), kept);
}

#[test]
fn a_file_can_become_a_directory_and_a_directory_a_file() {
    let scene = Scene::new();
    scene.install(&[("a/x", "one"), ("b", "two"), ("tool", "v")]).unwrap();
    scene.install(&[("a", "one"), ("b/x", "two"), ("tool", "v")]).unwrap();
    assert_eq!(scene.found(), [".tool.files", "tool/a", "tool/b/x", "tool/tool"]);
}

#[test]
fn files_of_somebody_else_are_neither_removed_nor_shipped() {
    let scene = Scene::new();
    fsx::write_atomic(&scene.root().join("notes/mine.txt"), "mine").unwrap();
    let error = scene.install(&[("tool", "v1")]).unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    let text = error.to_string();
    assert!(text.contains("notes/mine.txt") && text.contains("install-as"), "{text}");
    assert_eq!(scene.found(), ["tool/notes/mine.txt"], "nothing was written");
    fsx::remove_file(&scene.root().join("notes/mine.txt")).unwrap();
    assert!(scene.install(&[("tool", "v1")]).unwrap());
    fsx::write_atomic(&scene.root().join("later.txt"), "mine").unwrap();
    assert!(scene.install(&[("tool", "v1")]).is_err(), "also once the directory is ours");
}

#[test]
fn what_file_managers_leave_is_left_alone() {
    let scene = Scene::new();
    scene.install(&[("tool", "v1")]).unwrap();
    fsx::write_atomic(&scene.root().join(".DS_Store"), "").unwrap();
    assert!(!scene.install(&[("tool", "v1")]).unwrap());
    assert!(scene.install(&[("tool", "v2")]).unwrap());
    assert_eq!(scene.found(), [".tool.files", "tool/.DS_Store", "tool/tool"]);
}

#[cfg(unix)]
#[test]
fn a_linked_directory_inside_is_not_written_through() {
    let scene = Scene::new();
    let elsewhere = scene.path("elsewhere");
    fsx::write_atomic(&elsewhere.join("a.so"), "mine").unwrap();
    scene.install(&[("lib/a.so", "ours"), ("tool", "v1")]).unwrap();
    fsx::remove_file(&scene.root().join("lib/a.so")).unwrap();
    fsx::remove_empty_dirs(&scene.root().join("lib")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, scene.root().join("lib")).unwrap();
    assert!(scene.install(&[("lib/a.so", "ours"), ("tool", "v1")]).is_err());
    remove_tree(&scene.root()).unwrap();
    assert_eq!(fsx::read_to_string(&elsewhere.join("a.so")).unwrap(), "mine");
}

#[test]
fn an_interrupted_run_is_completed_by_the_next() {
    let (one, two) =
        ([("a.so.1", "a"), ("b", "b1"), ("tool", "v1")], [("a.so.2", "a"), ("b", "b2"), ("tool", "v2")]);
    // Every moment at which the run may have been ended: after the record, each removal and each move.
    for moments in 0..=5 {
        let scene = Scene::new();
        scene.install(&one).unwrap();
        let steps: [&dyn Fn(); 5] = [
            &|| {
                let text = format!("{HEAD}{LINUX}\na.so.1\na.so.2\nb\ntool\n");
                fsx::write_atomic(&record_of(&scene.root()), &text).unwrap();
            },
            &|| fsx::remove_file(&scene.root().join("a.so.1")).unwrap(),
            &|| fsx::write_atomic(&scene.root().join("a.so.2"), "a").unwrap(),
            &|| fsx::write_atomic(&scene.root().join("b"), "b2").unwrap(),
            &|| fsx::write_atomic(&scene.root().join("tool"), "v2").unwrap(),
        ];
        steps[..moments].iter().for_each(|step| step());
        fsx::write_atomic(&scene.path("state/staging/tool.1.0"), "half").unwrap();
        assert!(scene.install(&two).unwrap(), "after {moments} steps");
        assert_eq!(scene.found(), [".tool.files", "tool/a.so.2", "tool/b", "tool/tool"]);
        assert_eq!(fsx::read_to_string(&scene.root().join("b")).unwrap(), "b2");
        assert!(!scene.install(&two).unwrap());
    }
}

#[test]
fn a_build_leaves_past_times_on_files_and_directories() {
    let scene = Scene::new();
    scene.install_for(LINUX, Mtime::Past, &[("lib/a.so", "a"), ("tool", "v1")]).unwrap();
    let binaries = scene.path("app/binaries");
    for name in ["tool/lib/a.so", "tool/tool", ".tool.files"] {
        assert_eq!(modified(&binaries.join(name)), past(), "{name}");
    }
    #[cfg(unix)]
    for name in ["tool", "tool/lib"] {
        assert_eq!(modified(&binaries.join(name)), past(), "{name}");
    }
}

#[test]
fn a_build_that_takes_the_directory_over_is_noticed_by_the_others() {
    let scene = Scene::new();
    let files = [("lib/a", "a"), ("tool", "v1")];
    scene.install_for(LINUX, Mtime::Past, &files).unwrap();
    assert!(scene.install_for(MAC, Mtime::Past, &[("lib/a", "m"), ("tool", "mac")]).unwrap());
    assert_ne!(modified(&record_of(&scene.root())), past());
    assert!(
        scene.install_for(LINUX, Mtime::Past, &files).unwrap(),
        "the same files again, as another target's"
    );
    assert!(!scene.install_for(LINUX, Mtime::Past, &files).unwrap());
}

#[test]
fn a_lock_that_was_edited_cannot_put_two_files_into_one_place() {
    let scene = Scene::new();
    let files = [("Lib.so", "a"), ("lib.so", "b"), ("tool", "v1")];
    let error = scene.install_for(MAC, Mtime::Now, &files).unwrap_err();
    assert!(error.kind() == Kind::LockInvalid && error.to_string().contains("Lib.so"), "{error}");
    let error =
        scene.install_for("x86_64-pc-windows-msvc", Mtime::Now, &[("nul", "a"), ("tool", "v")]).unwrap_err();
    assert_eq!(error.kind(), Kind::LockInvalid);
    assert!(scene.found().is_empty());
}

#[test]
fn removing_takes_what_was_written_and_nothing_else() {
    let scene = Scene::new();
    scene.install(&[("lib/a.so", "a"), ("tool", "v1")]).unwrap();
    fsx::write_atomic(&scene.root().join("lib/mine"), "mine").unwrap();
    remove_tree(&scene.root()).unwrap();
    assert_eq!(scene.found(), ["tool/lib/mine"]);
    remove_tree(&scene.root()).unwrap();
    scene.install(&[("tool", "v1")]).unwrap_err();
    fsx::remove_file(&scene.root().join("lib/mine")).unwrap();
    scene.install(&[("tool", "v1")]).unwrap();
    remove_tree(&scene.root()).unwrap();
    assert!(scene.found().is_empty() && !scene.root().exists());
}

#[test]
fn a_record_that_was_edited_leads_nowhere_else() {
    let scene = Scene::new();
    fsx::write_atomic(&scene.path("app/precious"), "mine").unwrap();
    scene.install(&[("tool", "v1")]).unwrap();
    let text = format!("{HEAD}{LINUX}\n../../precious\n/etc/hostname\ntool\n");
    fsx::write_atomic(&record_of(&scene.root()), &text).unwrap();
    remove_tree(&scene.root()).unwrap();
    assert_eq!(fsx::read_to_string(&scene.path("app/precious")).unwrap(), "mine");
}

#[test]
fn another_file_system_is_reached_beside_the_tree() {
    let scene = Scene::new();
    let (root, blob) = (scene.root(), scene.blob("library"));
    let installer = Installer::new(&scene.path("state"), Mtime::Now, &scene.cache);
    fsx::create_dir_all(&root).unwrap();
    let beside = root.with_file_name(".tool.part");
    let content = Content { sha256: Sha256::of(b"library"), size: 7 };
    installer.across_devices(&blob, &root.join("a.so"), &beside, content, Mode::Data).unwrap();
    assert_eq!(scene.found(), ["tool/a.so"]);
}
