//! Installed files: programs for their target and no placeholders, in `binaries/` and where cargo copied them.

use std::path::{Path, PathBuf};

use super::{Check, CheckState, Scene, counted};
use crate::env;
use crate::error::{Error, some_of};
use crate::fsx;
use crate::inspect::{self, Cpu};
use crate::install::TreeOf;
use crate::lock::{Locked, Pin};
use crate::manifest::{Manifest, Sidecar};
use crate::placeholder::is_placeholder;
use crate::provision::Task;
use crate::target::Target;

const NAME: &str = "binaries";

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let mut out = Vec::new();
    if env::flag(env::PLACEHOLDER) {
        out.push(
            Check::note(
                "placeholders",
                "SIDECAR_PLACEHOLDER is set: builds stand in for what is not installed",
            )
            .help(format!("unset `{}`", env::PLACEHOLDER)),
        );
    }
    let Some(manifest) = &scene.manifest else { return out };
    match installed(scene, manifest).and_then(|rows| Ok((rows, dead(scene, manifest)?))) {
        Ok((rows, dead)) => {
            out.extend(rows);
            out.extend(dead);
        }
        Err(error) => out.push(Check::of(NAME, CheckState::Problem, &error)),
    }
    out
}

/// The files of the manifest's sidecars in the binaries directory, by sidecar and target; without trees.
fn files<'m>(
    scene: &Scene<'_>,
    manifest: &'m Manifest,
) -> Result<Vec<(&'m Sidecar, Target, PathBuf)>, Error> {
    let directory = scene.app().join(&manifest.settings.binaries);
    let mut out = Vec::new();
    for sidecar in manifest.sidecars.values().filter(|sidecar| !sidecar.is_tree()) {
        for target in manifest.targets_of(sidecar) {
            let path = directory.join(target.file_name(&sidecar.install_as));
            if fsx::metadata(&path)?.is_some() {
                out.push((sidecar, target, path));
            }
        }
    }
    Ok(out)
}

fn installed(scene: &Scene<'_>, manifest: &Manifest) -> Result<Vec<Check>, Error> {
    let files = files(scene, manifest)?;
    let mut out = Vec::new();
    for (sidecar, target, path) in &files {
        let locked = scene.lock.sidecars.get(&sidecar.name);
        let pin = locked.and_then(|locked| locked.assets.get(target)?.as_ref());
        out.extend(unfit(&sidecar.name, target, path, pin.map_or(Cpu::Native, Pin::cpu))?);
    }
    let (mut lacking, mut trees) = (Vec::new(), 0);
    for (sidecar, locked, host, pin) in for_this_machine(scene, manifest) {
        let is_there = if sidecar.is_tree() {
            let task = Task::new(scene.app(), manifest, sidecar, locked, host, pin);
            let there = task.tree().filter(TreeOf::is_recorded);
            out.extend(there.as_ref().map(|tree| incomplete(&task, tree)).transpose()?.flatten());
            trees += usize::from(there.is_some());
            there.is_some()
        } else {
            files.iter().any(|(s, target, _)| s.name == sidecar.name && target == host)
        };
        if !is_there {
            lacking.push(sidecar.name.as_str());
        }
    }
    if !lacking.is_empty() {
        let found = format!("not installed for this machine: {}", some_of(lacking));
        out.push(Check::note(NAME, found).help("run `cargo sidecar sync`"));
    }
    if out.is_empty() && files.len() + trees > 0 {
        let programs = counted(files.len() + trees, "program");
        let found = format!("{programs} installed, each for its target");
        out.push(Check::ok(NAME, found));
    }
    Ok(out)
}

/// Why an installed file is not the program that it should be.
fn unfit(sidecar: &str, target: &Target, path: &Path, cpu: Cpu) -> Result<Option<Check>, Error> {
    let help = format!("run `cargo sidecar sync --target {target}`");
    if is_placeholder(path)? {
        let found = format!("sidecar `{sidecar}` is a placeholder where real files belong");
        return Ok(Some(Check::problem(NAME, found).fact("file", path.display()).help(help)));
    }
    let wrong = inspect::check(path, target, cpu).err();
    Ok(wrong.map(|error| Check::of(NAME, CheckState::Problem, &error.help(help))))
}

/// The sidecars that are on by default and pinned for the host.
fn for_this_machine<'s>(
    scene: &'s Scene<'_>,
    manifest: &'s Manifest,
) -> impl Iterator<Item = (&'s Sidecar, &'s Locked, &'s Target, &'s Pin)> {
    manifest.enabled(&scene.features).filter_map(|sidecar| {
        let host = scene.host.as_ref()?;
        let locked = scene.lock.sidecars.get(&sidecar.name)?;
        let pin = locked.assets.get(host)?.as_ref()?;
        Some((sidecar, locked, host, pin))
    })
}

/// Why an installed tree cannot be what it should be. Its bytes are for `verify` to read.
fn incomplete(task: &Task<'_>, tree: &TreeOf<'_>) -> Result<Option<Check>, Error> {
    let help = format!("run `cargo sidecar sync --target {}`", task.target);
    for file in &tree.files {
        let path = tree.root.join(file.path);
        let what = match fsx::metadata(&path)? {
            None => "is not there",
            Some(found) if found.len() != file.content.size => "has another size than the lock says",
            Some(_) => continue,
        };
        let found = format!("sidecar `{}`: `{}` {what}", task.sidecar, file.path);
        return Ok(Some(Check::problem(NAME, found).fact("file", path.display()).help(help)));
    }
    let wrong = inspect::check(&task.dest, task.target, task.pin.cpu()).err();
    Ok(wrong.map(|error| Check::of(NAME, CheckState::Problem, &error.help(help))))
}

/// Placeholders that cargo copied beside the app before the real file came, and does not replace: it compares times
/// only, and installed files have old ones.
fn dead(scene: &Scene<'_>, manifest: &Manifest) -> Result<Vec<Check>, Error> {
    let root = &scene.target_directory();
    let mut out = Vec::new();
    for (sidecar, target, real) in files(scene, manifest)? {
        if is_placeholder(&real)? {
            continue;
        }
        let name = format!("{}{}", sidecar.install_as, target.exe_suffix());
        let mut found = copies(&root.join(target.as_str()), &name)?;
        if scene.host.as_ref() == Some(&target) {
            found.extend(copies(root, &name)?);
        }
        for copy in found {
            if is_placeholder(&copy)? {
                let found = format!(
                    "sidecar `{}` is installed, and a placeholder still lies beside the app",
                    sidecar.name
                );
                let check = Check::warning("placeholders", found)
                    .fact("placeholder", copy.display())
                    .fact("installed", real.display());
                out.push(check.help(format!("run `cargo clean -p {}`", scene.project.package.name)));
            }
        }
    }
    Ok(out)
}

/// The files of a name in the profiles below a directory: `debug/x`, `release/x`.
fn copies(parent: &Path, name: &str) -> Result<Vec<PathBuf>, Error> {
    let mut out = Vec::new();
    if !matches!(fsx::metadata(parent)?, Some(found) if found.is_dir()) {
        return Ok(out);
    }
    for profile in fsx::read_dir(parent)? {
        // A file beside the profiles has no files in it; it answers with an error of its own.
        if let Ok(Some(found)) = fsx::metadata(&profile.join(name))
            && found.is_file()
        {
            out.push(profile.join(name));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_looked_through_and_files_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["debug/tool", "release/tool", "debug/other", ".rustc_info.json"] {
            fsx::write_atomic(&dir.path().join(name), "x").unwrap();
        }
        let found = copies(dir.path(), "tool").unwrap();
        assert_eq!(found, [dir.path().join("debug/tool"), dir.path().join("release/tool")]);
        assert_eq!(copies(&dir.path().join("none"), "tool").unwrap(), Vec::<PathBuf>::new());
        assert_eq!(copies(&dir.path().join("debug/tool"), "tool").unwrap(), Vec::<PathBuf>::new());
    }
}
