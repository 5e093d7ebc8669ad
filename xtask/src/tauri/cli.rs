//! The real Tauri command on apps that `cargo sidecar` looks after: it builds, refuses drift, takes other features
//! through `--config`, and bundles the locked bytes.

use std::path::Path;

use sidecar_tests::ReleaseServer;

use super::app::{App, FORMATS, release, target_dir};
use super::{dev, held};
use crate::error::{Error, Result};
use crate::fsx;
use crate::run::{cargo, output};

/// The parts that are the same for every build here.
const BUILD: [&str; 4] = ["build", "--debug", "--ci", "--no-bundle"];

pub(super) fn run(tauri: &Path) -> Result<()> {
    output("building cargo-sidecar", &mut cargo(&["build", "--quiet", "--package", "cargo-sidecar"]))?;
    let server = ReleaseServer::start();
    server.release("acme/tool", release("tool", "1.0.0"));
    server.release("acme/llm-server", release("llm-server", "1.0.0"));
    for format in FORMATS {
        let app = App::new(&server, format)?;
        builds(&app, tauri)?;
        refuses_drift(&app, tauri)?;
        takes_features(&app, tauri)?;
        // What bundlers and `tauri dev` do has nothing to do with the format.
        if format.file == FORMATS[0].file {
            bundles(&app, tauri)?;
            dev::settles(&app, tauri, &server)?;
        }
    }
    Ok(())
}

fn builds(app: &App, tauri: &Path) -> Result<()> {
    app.sidecar(&["init", "--yes"])?;
    app.sidecar(&["add", "acme/tool"])?;
    app.sidecar(&["add", "acme/llm-server", "--features", "llm"])?;
    app.sidecar(&["sync"])?;
    output("tauri build", &mut app.tauri(tauri, &BUILD))?;
    verify_bundle(app, &profile_dir(), &[])?;
    app.sidecar(&["verify"])?;
    held(&format!("{}: tauri build after add and sync; verify agrees", app.format.file));
    Ok(())
}

/// An entry that somebody took out by hand.
fn refuses_drift(app: &App, tauri: &Path) -> Result<()> {
    let file = app.format.file;
    let synced = app.read(file)?;
    app.write(file, &synced.replace("binaries/tool", "binaries/llm-server"))?;
    let refused = output("tauri build", &mut app.tauri(tauri, &BUILD));
    app.write(file, &synced)?;
    match refused {
        Err(error) if error.to_string().contains("cargo sidecar sync") => {
            held(&format!("{file}: tauri build refuses drift, and says what mends it"));
            Ok(())
        }
        Err(error) => Err(Error::new(format!("{file}: drift was refused with other words\n{error}"))),
        Ok(_) => Err(Error::new(format!("{file}: drift was not refused"))),
    }
}

/// A set of features that the committed files are not for.
fn takes_features(app: &App, tauri: &Path) -> Result<()> {
    let config = app.sidecar(&["config", "--features", "llm"])?;
    app.sidecar(&["sync", "--features", "llm"])?;
    let features = ["--features", "llm", "--config", config.trim()];
    output("tauri build --features llm", app.tauri(tauri, &BUILD).args(features))?;
    verify_bundle(app, &profile_dir(), &["--features", "llm"])?;
    held(&format!("{}: tauri build --features llm --config \"$(cargo sidecar config …)\"", app.format.file));
    Ok(())
}

/// Debian's packages need no tools of the system, so one is made wherever Linux runs.
fn bundles(app: &App, tauri: &Path) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let bundles = profile_dir().join("bundle/deb");
    fsx::remove_dir_all(&bundles)?;
    output(
        "tauri build --bundles deb",
        &mut app.tauri(tauri, &["build", "--debug", "--ci", "--bundles", "deb"]),
    )?;
    let package =
        fsx::entries(&bundles).into_iter().find(|path| path.extension().is_some_and(|e| e == "deb"));
    let package = package.ok_or_else(|| Error::new("tauri build made no .deb"))?;
    verify_bundle(app, &package, &[])?;
    verify_bundle(app, &bundles, &[])?;
    held("the .deb that tauri build made holds the locked bytes");
    Ok(())
}

fn verify_bundle(app: &App, bundle: &Path, features: &[&str]) -> Result<()> {
    let bundle = bundle.to_string_lossy();
    app.sidecar(&[&["verify", "--bundle", &bundle], features].concat()).map(drop)
}

/// Where cargo puts the app, and tauri-build the sidecars.
fn profile_dir() -> std::path::PathBuf {
    target_dir().join("debug")
}
