//! The release, taken as its users take it: `cargo sidecar add`, `sync` and `verify` install it out of our own test
//! server, for every system that was built, and the installed bytes are those that were built. npm installs its package.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::{Path, PathBuf};
use std::process::Command;

use sidecar_tests::{Content, ReleaseServer, ReleaseSpec};

use super::{Asset, Holds, MINGW, PROGRAM, directory, import};
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::registry::{exe, host};
use crate::run::{cargo, output};

/// Where the release is, on our server.
const REPOSITORY: &str = "sidecar/cargo-sidecar";

/// Publishes everything in the directory, and installs it for each triple.
pub(super) fn run(assets: &[Asset], version: &str) -> Result<()> {
    println!("\n== the release, installed by itself");
    let server = ReleaseServer::start();
    let mut release = ReleaseSpec::new(format!("v{version}"));
    for path in fsx::entries(&directory()).into_iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        release = release.asset(name, Content::file(&path));
    }
    server.release(REPOSITORY, release);
    let mut subcommand = None;
    for asset in assets {
        let (triple, program) = match &asset.holds {
            Holds::Program { triple, built: Some(program) } => (triple, program),
            Holds::Program { built: None, .. } => continue,
            Holds::Package => {
                import::run(&directory().join(&asset.name))?;
                continue;
            }
        };
        if subcommand.is_none() {
            subcommand = Some(own(assets)?);
        }
        let Some(subcommand) = &subcommand else { continue };
        installs(&server, subcommand, asset, triple, program)?;
        // Apps for Windows are built for MSVC, and the program runs beside them all the same.
        if triple == MINGW {
            installs(&server, subcommand, asset, "x86_64-pc-windows-msvc", program)?;
        }
    }
    if assets.is_empty() { Err(Error::new("nothing was built, so nothing was checked")) } else { Ok(()) }
}

/// The released program itself, where it runs here.
fn own(assets: &[Asset]) -> Result<PathBuf> {
    let own = assets.iter().find_map(|asset| match &asset.holds {
        Holds::Program { triple, built } if triple == host() => built.clone(),
        _ => None,
    });
    if let Some(own) = own {
        return Ok(own);
    }
    output("building cargo-sidecar", &mut cargo(&["build", "--quiet", "--package", PROGRAM]))?;
    Ok(fsx::target_dir().join("debug").join(format!("{PROGRAM}{}", exe(host()))))
}

/// Installs the release into an app that ships for `target` alone.
fn installs(
    server: &ReleaseServer,
    subcommand: &Path,
    asset: &Asset,
    target: &str,
    program: &Path,
) -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::because("cannot make a temporary directory"))?;
    let app = dir.path().join("app");
    let write = |name: &str, text: String| fsx::publish(&app.join(name), text.as_bytes(), Mode::Plain);
    write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n".to_owned(),
    )?;
    write("src/main.rs", "fn main() {}\n".to_owned())?;
    write("sidecar.toml", format!("[settings]\ntargets = [\"{target}\"]\n"))?;
    for words in [&["add", REPOSITORY][..], &["sync", "--all-targets"], &["verify", "--all-targets"]] {
        let mut command = Command::new(subcommand);
        command.arg("sidecar").args(words).current_dir(&app);
        within(&mut command, server, &dir.path().join("cache"));
        output(&format!("cargo sidecar {} for {target}", words.join(" ")), &mut command)?;
    }
    let lock = fsx::text_of(&app.join("sidecar.lock")).unwrap_or_default();
    if !lock.contains(&asset.sha256) {
        return Err(Error::new(format!("the lock for {target} does not pin {}\n{lock}", asset.name)));
    }
    let installed = app.join("binaries").join(format!("{PROGRAM}-{target}{}", exe(target)));
    if fsx::read(&installed)? != fsx::read(program)? {
        return Err(Error::new(format!("what was installed for {target} is not what was built")));
    }
    println!("{target}: add, sync, verify; the installed bytes are those of {}", asset.name);
    Ok(())
}

/// A cache of its own, the server in GitHub's place, nothing of the caller's.
fn within(command: &mut Command, server: &ReleaseServer, cache: &Path) {
    for name in ["GH_TOKEN", "GITHUB_TOKEN", "SIDECAR_OFFLINE", "SIDECAR_LOCKED", "CARGO_NET_OFFLINE", "CI"] {
        command.env_remove(name);
    }
    command.env("SIDECAR_CACHE_DIR", cache).env("SIDECAR_GITHUB_API", server.api_url()).env("NO_COLOR", "1");
}
