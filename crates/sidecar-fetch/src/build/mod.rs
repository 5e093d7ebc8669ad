//! The one line of a build script.

mod constants;
mod local;
mod script;

use std::path::PathBuf;

use self::constants::Spelling;
use self::script::Script;
use crate::cache::LazyCache;
use crate::env;
use crate::error::Error;
use crate::fsx;
use crate::install::{Content, Installer, Mtime};
use crate::lock::{Lock, Locked, Pin};
use crate::manifest::{Manifest, Sidecar};
use crate::progress::Silent;
use crate::provision::{self, Network, Task, Tools};
use crate::target::Target;
use crate::{hash, offline};

/// Puts the sidecars that `sidecar.lock` pins for this target and these Cargo features where Tauri looks for them.
///
/// Call it in `build.rs` before `tauri_build::build()`. It downloads what the cache does not hold, by URL and hash of
/// the committed lock; it asks no API, reads no token, runs nothing that it fetched, and writes neither lock nor
/// config. Where something does not agree it prints `cargo::error=` lines that say which command mends it, and ends the
/// script with exit code 1.
///
/// ```no_run
/// sidecar_fetch::build();
/// // tauri_build::build();
/// ```
pub fn build() {
    if let Err(error) = try_build() {
        script::error(&error);
        std::process::exit(1);
    }
}

/// [`build`] for scripts that handle the error themselves. The `cargo::rerun-if-…` lines are printed also when it
/// fails, so that the script runs again once the cause is gone.
///
/// # Errors
/// Whatever keeps the locked files from being installed; see [`Kind`](crate::Kind).
pub fn try_build() -> Result<(), Error> {
    let script = Script::from_cargo()?;
    for name in [env::CACHE_DIR, env::OFFLINE, env::ALLOW_LOCAL, env::CARGO_NET_OFFLINE, env::DOCS_RS] {
        script::rerun_if_env_changed(name);
    }
    for file in ["Cargo.toml", crate::manifest::FILE, crate::lock::FILE] {
        script::rerun_if_changed(&script.app.join(file));
    }
    let manifest = Manifest::read(&script.app)?;
    for sidecar in manifest.sidecars.values() {
        script::rerun_if_env_changed(&env::local_override(&sidecar.name));
    }
    manifest.check_package_name(&script.package)?;
    let lock = Lock::read_answering(&manifest)?;
    write_constants(&script, &manifest, &lock)?;
    // docs.rs has no network and bundles nothing; mobile targets take no sidecars.
    if env::flag(env::DOCS_RS) || !is_desktop(&script.target) {
        return Ok(());
    }
    install(&script, &manifest, &lock)
}

fn install(script: &Script, manifest: &Manifest, lock: &Lock) -> Result<(), Error> {
    let cache = LazyCache::default();
    let installer = Installer::new(&script.out, Mtime::Past, &cache);
    let names = manifest.sidecars.values().flat_map(|s| s.features.iter().map(String::as_str));
    let features = script.enabled(names);
    let wanted: Vec<&Sidecar> = manifest.enabled(&features).filter(|s| s.is_for(&script.target)).collect();
    let mut tasks = Vec::new();
    for sidecar in wanted {
        let dest = dest(script, manifest, sidecar);
        if let Some(local) = local::build_of(sidecar, &script.target, script.release)? {
            script::rerun_if_changed(&local);
            script::warning(&format!("sidecar `{}` is a local build: {}", sidecar.name, local.display()));
            let (sha256, size) = hash::of_file(&local)?;
            let content = Content { sha256, size };
            if sidecar.is_tree() {
                // What lies beside it is still what the lock pins.
                tasks.push(task(script, manifest, lock, sidecar)?.with_local(local, content));
                continue;
            }
            installer.install(&local, &dest, content)?;
            script::rerun_if_changed(&dest);
            continue;
        }
        tasks.push(task(script, manifest, lock, sidecar)?);
    }
    let network = Network::new(offline::is_offline(&script.app), None);
    let tools = Tools { cache: &cache, installer: &installer, network: &network, reporter: &Silent };
    let done = provision::provision(&tasks, &tools);
    // A file that is removed or replaced by hand is put back by the next build.
    for path in tasks.iter().flat_map(Task::watched) {
        script::rerun_if_changed(&path);
    }
    done.map(drop)
}

fn task<'a>(
    script: &'a Script,
    manifest: &Manifest,
    lock: &'a Lock,
    sidecar: &'a Sidecar,
) -> Result<Task<'a>, Error> {
    let pin = lock.pin(manifest, sidecar, &script.target)?;
    let version = lock.sidecars[&sidecar.name].version_text();
    Ok(Task::new(&script.app, manifest, sidecar, version, &script.target, pin))
}

fn dest(script: &Script, manifest: &Manifest, sidecar: &Sidecar) -> PathBuf {
    script.app.join(&manifest.settings.binaries).join(script.target.file_name(&sidecar.install_as))
}

fn write_constants(script: &Script, manifest: &Manifest, lock: &Lock) -> Result<(), Error> {
    let spellings = manifest.sidecars.values().map(|sidecar| Spelling {
        name: &sidecar.name,
        install_as: &sidecar.install_as,
        binaries: &manifest.settings.binaries,
        version: lock.sidecars[&sidecar.name].version_text(),
        tree: sidecar
            .is_tree()
            .then(|| binary_in_tree(&lock.sidecars[&sidecar.name], sidecar, &script.target)),
    });
    fsx::write_if_changed(&script.out.join("sidecars.rs"), &constants::text(spellings)).map(drop)
}

/// Where the binary lies in its tree; a guess where the lock has nothing for the target, as nothing is installed then.
fn binary_in_tree(locked: &Locked, sidecar: &Sidecar, target: &Target) -> String {
    let pin = locked.assets.get(target).and_then(Option::as_ref);
    pin.and_then(Pin::binary_path)
        .map_or_else(|| format!("{}{}", sidecar.install_as, target.exe_suffix()), str::to_owned)
}

fn is_desktop(target: &Target) -> bool {
    target.is_linux() || target.is_windows() || target.is_apple()
}
