//! The lock: there, an answer to the manifest, and committed.

use std::path::Path;
use std::process::Command;

use super::{Check, CheckState, Scene, counted};
use crate::error::some_of;
use crate::lock::{FILE, Lock, Pin};
use crate::manifest::Manifest;
use crate::project::local;
use crate::target::Target;

const NAME: &str = "lock";

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let Some(manifest) = &scene.manifest else { return Vec::new() };
    let mut out = vec![match Lock::read_answering(manifest) {
        Ok(_) if manifest.sidecars.is_empty() => Check::ok(NAME, "there is nothing to lock yet"),
        Ok(lock) => {
            let assets = lock.sidecars.values().flat_map(|locked| locked.assets.values().flatten()).count();
            Check::ok(NAME, format!("{FILE} answers the manifest: {}", counted(assets, "file")))
        }
        Err(error) => Check::of(NAME, CheckState::Problem, &error),
    }];
    out.extend(emulated(&scene.lock));
    out.extend(unseen(&scene.lock));
    match local::changed(scene.app(), &scene.lock) {
        Ok(all) => out.extend(all.iter().map(|c| Check::warning("path", c.found()).help(c.help()))),
        Err(error) => out.push(Check::of("path", CheckState::Warning, &error)),
    }
    out.extend(committed(scene, manifest));
    out
}

/// How many assets were locked without a download.
fn unseen(lock: &Lock) -> Option<Check> {
    let pins = lock.sidecars.values().flat_map(|locked| locked.assets.values().flatten());
    let count = pins.filter(|pin| pin.inside.is_none()).count();
    let found = format!("what is in {} is not in the lock: builds find it out", counted(count, "asset"));
    (count > 0)
        .then(|| Check::note(NAME, found).help("run `cargo sidecar lock`, which downloads and completes it"))
}

/// The targets that have no native build of a sidecar.
fn emulated(lock: &Lock) -> Vec<Check> {
    let mut out = Vec::new();
    for (name, locked) in &lock.sidecars {
        let is_emulated = |(_, pin): &(&Target, &Option<Pin>)| pin.as_ref().is_some_and(|pin| pin.emulated);
        let targets: Vec<&str> =
            locked.assets.iter().filter(is_emulated).map(|(target, _)| target.as_str()).collect();
        if !targets.is_empty() {
            let found = format!("sidecar `{name}` has no native build for {}", some_of(targets));
            out.push(Check::note("emulation", found).fact("instead", "its build for x86-64, emulated"));
        }
    }
    out
}

/// Whether git keeps the lock, and leaves the binaries alone.
fn committed(scene: &Scene<'_>, manifest: &Manifest) -> Vec<Check> {
    let app = scene.app();
    if git(app, &["rev-parse", "--is-inside-work-tree"]).as_deref().map(str::trim) != Some("true") {
        return vec![Check::ok("git", "the app is in no git repository")];
    }
    let mut out = Vec::new();
    let path = manifest.lock_path();
    let lock = path.to_string_lossy();
    if path.is_file() && git(app, &["ls-files", "--error-unmatch", "--", &lock]).is_none() {
        out.push(match git(app, &["check-ignore", "--verbose", "--", &lock]) {
            // `<file>:<line>:<rule>` and a tab stand in front of the path.
            Some(rule) => {
                Check::warning("git", format!("git ignores {FILE}, so that other machines build without it"))
                    .fact("rule", rule.split('\t').next().unwrap_or_default())
                    .help(format!("remove that rule, then run `git add \"{lock}\"`"))
            }
            None => Check::warning(
                "git",
                format!("{FILE} is not committed, so that other machines build without it"),
            )
            .help(format!("run `git add \"{lock}\"`")),
        });
    }
    let binaries = &manifest.settings.binaries;
    let tracked = git(app, &["ls-files", "--", binaries]).unwrap_or_default();
    let tracked: Vec<&str> = tracked.lines().filter(|file| is_ours(manifest, file)).collect();
    if !tracked.is_empty() {
        out.push(
            Check::warning(
                "git",
                format!("git keeps {} that the lock pins already", counted(tracked.len(), "file")),
            )
            .fact("files", crate::error::some_of(&tracked))
            .help(format!("run `git rm -r --cached {binaries}` in the app directory")),
        );
    }
    if out.is_empty() {
        out.push(Check::ok("git", format!("{FILE} is committed, {binaries}/ is not")));
    }
    out
}

/// Whether a file has a name under which a sidecar of the manifest is installed.
fn is_ours(manifest: &Manifest, file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let mut all = manifest.sidecars.values();
    if all.clone().any(|s| s.is_tree() && file.starts_with(&format!("{}/", manifest.entry_of(s)))) {
        return true;
    }
    all.any(|s| manifest.targets_of(s).iter().any(|target| target.file_name(&s.install_as) == name))
}

/// Whether git ignores a directory of the app.
pub(super) fn git_ignores(app: &Path, directory: &str) -> bool {
    git(app, &["check-ignore", "--quiet", "--", &format!("{directory}/")]).is_some()
}

/// What git answers in a directory; `None` where it says no, or is not there.
fn git(directory: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(directory).args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_trees_and_programs_are_known_by_their_names() {
        let text = "[sidecar.tool]\ngithub = 'a/b'\n[sidecar.llama]\ngithub = 'a/b'\nlayout = 'tree'\nresources = ['x']\n";
        let manifest = Manifest::parse(Path::new("sidecar.toml"), text.to_owned()).unwrap();
        for file in ["binaries/tool-x86_64-unknown-linux-gnu", "binaries/llama/lib/x.so"] {
            assert!(is_ours(&manifest, file), "{file}");
        }
        for file in ["binaries/README", "binaries/llama-notes/x", "binaries/tool"] {
            assert!(!is_ours(&manifest, file), "{file}");
        }
    }
}
