//! Where the app looks for its sidecars when it runs from the target directory: beside itself.
//!
//! tauri-build copies them to the directory above `build` in `OUT_DIR`. Where `build.build-dir` is set, that is not
//! where cargo puts the app, and a copy has to be made by us.

use std::path::{Path, PathBuf};

use super::script::Script;
use crate::error::Error;
use crate::{cargo_config, env, fsx};

/// The directory that tauri-build copies to: `…/[<triple>/]<profile>`.
pub(super) fn profile_dir(out: &Path) -> Option<&Path> {
    // The nearest: a project may well lie in a directory of that name itself.
    out.ancestors().skip(1).find(|dir| dir.file_name().is_some_and(|name| name == "build"))?.parent()
}

/// The directory that the app is put into, where that is another than tauri-build's.
pub(super) fn app_dir(script: &Script) -> Option<PathBuf> {
    let files = cargo_config::files(&script.app, cargo_config::home().as_deref());
    let apart = env::path(env::CARGO_BUILD_BUILD_DIR).is_some()
        || cargo_config::build_text(&files, "build-dir").is_some();
    if !apart {
        return None;
    }
    let root = workspace_root(&script.app);
    let given = [env::CARGO_TARGET_DIR, env::CARGO_BUILD_TARGET_DIR].into_iter().find_map(env::path);
    let configured = || {
        let (dir, file) = cargo_config::build_text(&files, "target-dir")?;
        // relative to the directory that holds `.cargo`
        Some(file.parent()?.parent()?.join(dir))
    };
    let target_dir = match given.or_else(configured) {
        Some(dir) => root.join(dir),
        None => root.join("target"),
    };
    beside(&script.out, &target_dir, script.target.as_str())
}

/// The same place in the target directory that `out` has in the build directory; `None` where that is one directory.
fn beside(out: &Path, target_dir: &Path, triple: &str) -> Option<PathBuf> {
    let profile = profile_dir(out)?;
    let above = profile.parent()?;
    let crossed = above.file_name().is_some_and(|name| name == triple);
    let target_dir = if crossed { target_dir.join(triple) } else { target_dir.to_owned() };
    let dir = target_dir.join(profile.file_name()?);
    (dir != profile).then_some(dir)
}

/// The directory of the workspace that a package belongs to: the closest above it whose `Cargo.toml` is one's.
fn workspace_root(app: &Path) -> PathBuf {
    let is_root = |dir: &&Path| {
        let text = fsx::read_to_string(&dir.join("Cargo.toml")).unwrap_or_default();
        text.lines().any(|line| line.trim_start().starts_with("[workspace"))
    };
    app.ancestors().find(is_root).unwrap_or(app).to_owned()
}

/// Takes an old copy away, so that tauri-build can put the new one there: it stops where it cannot remove the old one,
/// and Windows lets nobody remove a program that is running. Such a one is renamed, and removed by a later run.
pub(super) fn make_way(path: &Path) {
    make_way_by(path, fsx::remove_file);
}

/// [`make_way`] with what may refuse.
fn make_way_by(path: &Path, remove: impl Fn(&Path) -> Result<(), Error>) {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return };
    let old = format!("{}.old-", name.to_string_lossy());
    for found in fsx::read_dir(dir).unwrap_or_default() {
        if found.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&old)) {
            // It may still be running.
            let _ = remove(&found);
        }
    }
    if !path.exists() || remove(path).is_ok() {
        return;
    }
    let mut names = (1..=u32::MAX).map(|n| dir.join(format!("{old}{n}")));
    if let Some(free) = names.find(|path| !path.exists()) {
        // Where this fails, tauri-build says what it says without us.
        let _ = fsx::try_rename(path, &free);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tauri_build_copies_to_the_directory_above_build() {
        for (out, dir) in [
            ("/p/target/debug/build/app-0123/out", Some("/p/target/debug")),
            (
                "/p/target/x86_64-pc-windows-msvc/release/build/app-0123/out",
                Some("/p/target/x86_64-pc-windows-msvc/release"),
            ),
            ("/p/target/debug/build/app/0123/out", Some("/p/target/debug")),
            ("/home/build/p/target/debug/build/app-0123/out", Some("/home/build/p/target/debug")),
            ("/p/out", None),
        ] {
            assert_eq!(profile_dir(Path::new(out)), dir.map(Path::new), "{out}");
        }
    }

    #[test]
    fn the_app_has_the_same_place_in_the_target_directory() {
        let triple = "x86_64-unknown-linux-gnu";
        let beside = |out: &str| beside(Path::new(out), Path::new("/p/target"), triple);
        for (out, dir) in [
            ("/b/debug/build/app-0123/out", Some("/p/target/debug")),
            ("/b/debug/build/app/0123/out", Some("/p/target/debug")),
            (
                "/b/x86_64-unknown-linux-gnu/dist/build/app-0123/out",
                Some("/p/target/x86_64-unknown-linux-gnu/dist"),
            ),
            ("/p/target/debug/build/app-0123/out", None),
            ("/p/target/x86_64-unknown-linux-gnu/debug/build/app-0123/out", None),
        ] {
            assert_eq!(beside(out), dir.map(PathBuf::from), "{out}");
        }
    }

    #[test]
    fn the_workspace_is_the_closest_that_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("ws/apps/one");
        fsx::write_atomic(&app.join("Cargo.toml"), "[package]\nname = \"one\"\n").unwrap();
        assert_eq!(workspace_root(&app), app, "no workspace: the package itself");
        fsx::write_atomic(&dir.path().join("ws/Cargo.toml"), "[workspace]\nmembers = [\"apps/*\"]\n")
            .unwrap();
        assert_eq!(workspace_root(&app), dir.path().join("ws"));
    }

    /// Refuses what Windows refuses: to remove a program that is running.
    fn running<'p>(paths: &'p [&'p Path]) -> impl Fn(&Path) -> Result<(), Error> + 'p {
        |path| {
            if paths.contains(&path) {
                return Err(fsx::failed("remove", path, &std::io::ErrorKind::PermissionDenied.into()));
            }
            fsx::remove_file(path)
        }
    }

    #[test]
    fn an_old_copy_is_removed_or_renamed_away_and_leftovers_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let (exe, first, second) = (path("x.exe"), path("x.exe.old-1"), path("x.exe.old-2"));
        let names = || fsx::read_dir(dir.path()).unwrap();
        make_way_by(&exe, running(&[]));
        assert!(names().is_empty(), "nothing is there");
        fsx::write_atomic(&exe, "one").unwrap();
        make_way_by(&exe, running(&[&exe]));
        assert_eq!(names(), std::slice::from_ref(&first));
        fsx::write_atomic(&exe, "two").unwrap();
        make_way_by(&exe, running(&[&exe, &first]));
        assert_eq!(names(), [first.clone(), second]);
        fsx::write_atomic(&exe, "three").unwrap();
        fsx::write_atomic(&path("y.exe"), "another").unwrap();
        make_way_by(&exe, running(&[&exe]));
        assert_eq!(
            names(),
            [first.clone(), path("y.exe")],
            "those that ended are gone, and the number is free again"
        );
        assert_eq!(fsx::read_to_string(&first).unwrap(), "three");
        make_way_by(&exe, running(&[]));
        assert_eq!(names(), [path("y.exe")]);
    }
}
