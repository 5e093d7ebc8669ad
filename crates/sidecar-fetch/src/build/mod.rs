//! The one line of a build script.

mod capability;
mod constants;
mod copies;
mod inputs;
mod local;
mod place;
mod script;
mod spec;
mod tauri;

use std::collections::BTreeSet;
use std::path::PathBuf;

use self::constants::Spelling;
use self::inputs::{Done, Inputs};
use self::place::Placing;
use self::script::{Lines, Script};
use self::tauri::{Needs, Tauri};
use crate::cache::LazyCache;
use crate::config::{Owned, Platform, Wanted};
use crate::env;
use crate::error::Error;
use crate::fsx;
use crate::lock::{Lock, Locked, Pin};
use crate::manifest::{Manifest, Sidecar};
use crate::target::Target;

/// Puts the sidecars that `sidecar.lock` pins for this target and these Cargo features where Tauri looks for them.
///
/// Call it in `build.rs` before `tauri_build::build()`. It downloads what the cache does not hold, by URL and hash of
/// the committed lock; it asks no API, reads no token, runs nothing that it fetched, and writes neither lock nor
/// config. Where something does not agree it prints `cargo::error=` lines that say which command mends it, and ends the
/// script with exit code 1.
///
/// For the app's code it writes two files into `OUT_DIR`, also where it installs nothing (placeholders, docs.rs, mobile
/// targets): `sidecars.rs` with the spellings of each sidecar's name as constants, and `sidecar-spec.json` with the place
/// and the `run` table of each sidecar that this target and these features select, which
/// `sidecar_supervisor::spec_json!()` embeds. Mobile targets select none. A `run` table is handed on as it stands:
/// `cargo sidecar` checks it, and so does the supervisor that reads it.
///
/// Where Tauri's configuration does not list what this build needs, a build that the Tauri command bundles fails, and so
/// does one in CI. In development, `TAURI_CONFIG` is set for the rest of the build script, so that
/// `tauri_build::build()` sees what it should: call it before the script starts threads.
///
/// ```no_run
/// sidecar_fetch::build();
/// // tauri_build::build();
/// ```
pub fn build() {
    if let Err(error) = try_build() {
        let mut lines = Lines::default();
        lines.error(&error);
        lines.print();
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
    let inputs = Inputs::gather(&script);
    if let Some((lines, done)) = inputs.unchanged() {
        lines.print();
        take_effect(&done);
        return Ok(());
    }
    let mut lines = Lines::default();
    let done = run(&script, &mut lines);
    lines.print();
    let done = done?;
    inputs.keep(&lines, &done);
    take_effect(&done);
    Ok(())
}

/// What a run leaves behind for `tauri_build::build()` in the same process.
fn take_effect(done: &Done) {
    if let Some(json) = &done.tauri_config {
        env::set(env::TAURI_CONFIG, json);
    }
    for path in &done.copies {
        copies::make_way(path);
    }
}

/// The normal road.
fn run(script: &Script, lines: &mut Lines) -> Result<Done, Error> {
    let platform = Platform::of(&script.target);
    name_inputs(script, lines);
    let manifest = Manifest::read(&script.app)?;
    for sidecar in manifest.sidecars.values() {
        lines.rerun_if_env_changed(&env::local_override(&sidecar.name));
    }
    manifest.check_package_name(&script.package)?;
    place::check_placeholders(script)?;
    let lock = read_lock(script, &manifest)?;
    let constants = write_constants(script, &manifest, lock.as_ref())?;
    let names = manifest.sidecars.values().flat_map(|s| s.features.iter().map(String::as_str));
    let features = script.enabled(names);
    let spec = write_spec(script, &manifest, lock.as_ref(), &features)?;
    lines.rustc_env(spec::VARIABLE, &spec.display().to_string());
    let mut needs = Needs {
        manifest: &manifest,
        wanted: Wanted::for_target(&manifest, &script.target, &features),
        owned: Owned::of(&manifest, lock.as_ref().unwrap_or(&Lock::default())),
        features,
    };
    let others = if capability::is_asked_for(&manifest) { &Platform::DESKTOP[..] } else { &[] };
    let tauri = Tauri::read(script, others)?;
    if let Some(tauri) = &tauri {
        tauri.judge(script, &needs, lines)?;
        capability::judge(script, &manifest, tauri, lines)?;
    }
    let mut done = Done { files: vec![constants, spec], ..Done::default() };
    let cache = LazyCache::default();
    let mut placing = Placing::new(script, &manifest, lock.as_ref(), &cache);
    // Mobile targets take no sidecars.
    if platform.is_desktop() {
        placing.run(&needs.features, lines, &mut done)?;
        needs.wanted.resources.retain(|entry| !placing.left_out().contains(entry));
    }
    if let Some(told) = tauri.and_then(|tauri| tauri.told(&needs, placing.placeholders())) {
        if let Some(json) = &told.macros {
            lines.rustc_env(env::TAURI_CONFIG, json);
        }
        done.tauri_config = Some(told.tauri_build);
    }
    Ok(done)
}

/// Tells cargo when the script must run again.
fn name_inputs(script: &Script, lines: &mut Lines) {
    for name in [
        env::CACHE_DIR,
        env::OFFLINE,
        env::LOCKED,
        env::PLACEHOLDER,
        env::ALLOW_LOCAL,
        env::CI,
        env::TAURI_CONFIG,
        env::CARGO_NET_OFFLINE,
        env::DOCS_RS,
    ] {
        lines.rerun_if_env_changed(name);
    }
    for name in inputs::files(script) {
        lines.rerun_if_changed(&script.app.join(name));
    }
}

/// The lock, which must answer the manifest unless placeholders may stand in for what it does not answer.
fn read_lock(script: &Script, manifest: &Manifest) -> Result<Option<Lock>, Error> {
    if script.docs_rs || script.placeholder {
        return Ok(Lock::read(&manifest.lock_path()).ok().flatten());
    }
    Lock::read_answering(manifest).map(Some)
}

fn write_constants(script: &Script, manifest: &Manifest, lock: Option<&Lock>) -> Result<PathBuf, Error> {
    let spellings = manifest.sidecars.values().map(|sidecar| spelling(script, manifest, lock, sidecar));
    write(script, "sidecars.rs", &constants::text(spellings))
}

/// The sidecars of this build. On a target that takes none there are none: an app that starts all of them starts nothing.
fn write_spec(
    script: &Script,
    manifest: &Manifest,
    lock: Option<&Lock>,
    features: &BTreeSet<String>,
) -> Result<PathBuf, Error> {
    let is_here =
        |sidecar: &&Sidecar| Platform::of(&script.target).is_desktop() && sidecar.is_for(&script.target);
    let sidecars = manifest.enabled(features).filter(is_here);
    let entries = sidecars.map(|sidecar| {
        (spelling(script, manifest, lock, sidecar), sidecar.run.as_ref().map(|run| &run.data))
    });
    write(script, spec::FILE, &spec::text(entries))
}

/// Writes a file for the app's code into `OUT_DIR`. Where it says the same already, the app is not compiled again.
fn write(script: &Script, name: &str, text: &str) -> Result<PathBuf, Error> {
    let path = script.out.join(name);
    fsx::write_if_changed(&path, text)?;
    Ok(path)
}

fn spelling<'a>(
    script: &Script,
    manifest: &'a Manifest,
    lock: Option<&'a Lock>,
    sidecar: &'a Sidecar,
) -> Spelling<'a> {
    let locked = lock.and_then(|lock| lock.sidecars.get(&sidecar.name));
    Spelling {
        name: &sidecar.name,
        install_as: &sidecar.install_as,
        binaries: &manifest.settings.binaries,
        version: locked.map(Locked::version_text),
        tree: sidecar.is_tree().then(|| binary_in_tree(locked, sidecar, &script.target)),
    }
}

/// Where the binary lies in its tree; a guess where the lock has nothing for the target, as nothing is installed then.
fn binary_in_tree(locked: Option<&Locked>, sidecar: &Sidecar, target: &Target) -> String {
    let pin = locked.and_then(|locked| locked.assets.get(target)).and_then(Option::as_ref);
    pin.and_then(Pin::binary_path)
        .map_or_else(|| format!("{}{}", sidecar.install_as, target.exe_suffix()), str::to_owned)
}
