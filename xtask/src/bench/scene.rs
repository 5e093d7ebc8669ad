//! An app with a committed lock, a release server, and directories that can be forgotten.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sidecar_tests::{ReleaseServer, ReleaseSpec};

use super::Bench;
use super::corpus::{self, Sidecar, TAG};
use crate::error::Result;
use crate::fsx::{self, Mode};
use crate::run::root;

/// The package's name, in whose directories the state of its sidecars is kept.
pub(super) const PACKAGE: &str = "bench-app";

/// A configuration as `create-tauri-app` makes it.
const BASE: &str = r#"{
  "$schema": "https://schema.tauri.app/config/2",
  "productName": "bench-app",
  "version": "0.1.0",
  "identifier": "com.example.bench",
  "build": {
    "beforeDevCommand": "npm run dev",
    "devUrl": "http://localhost:1420",
    "beforeBuildCommand": "npm run build",
    "frontendDist": "../dist"
  },
  "app": {
    "windows": [{ "title": "bench-app", "width": 800, "height": 600 }],
    "security": { "csp": null }
  },
  "bundle": {
    "active": true,
    "targets": "all",
    "icon": ["icons/32x32.png", "icons/128x128.png", "icons/icon.icns", "icons/icon.ico"],
    "externalBin": []
  }
}
"#;

/// An app, locked. What it installs and caches is all below its directory.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) server: ReleaseServer,
    dir: PathBuf,
    program: PathBuf,
}

impl Scene {
    /// An app that wants the releases, by sidecar name, for the targets.
    pub(super) fn new(
        bench: &Bench,
        name: &str,
        releases: Vec<(String, ReleaseSpec)>,
        targets: &[&str],
    ) -> Result<Self> {
        let server = ReleaseServer::start();
        let scene =
            Self { server, dir: bench.dir.join("scenes").join(name), program: bench.cargo_sidecar.clone() };
        scene.forget()?;
        fsx::remove_dir_all(&scene.dir)?;
        scene.write("Cargo.toml", &package(""))?;
        scene.write("src/main.rs", "fn main() {}\n")?;
        let mut manifest = format!("[settings]\ntargets = {targets:?}\n");
        for (sidecar, release) in releases {
            let repository = corpus::repository(&sidecar);
            scene.server.release(&repository, release);
            let _ = write!(manifest, "\n[sidecar.{sidecar}]\ngithub = \"{repository}\"\ntag = \"{TAG}\"\n");
        }
        scene.write("sidecar.toml", &manifest)?;
        run(&mut scene.sidecar(&["lock"]))?;
        scene.forget()?;
        scene.server.clear_requests();
        Ok(scene)
    }

    /// An app that wants the sidecars for this machine.
    pub(super) fn of(bench: &Bench, name: &str, sidecars: &[Sidecar]) -> Result<Self> {
        let releases = sidecars.iter().map(|sidecar| (sidecar.plan.name.clone(), sidecar.release()));
        Self::new(bench, name, releases.collect(), &[crate::registry::host()])
    }

    pub(super) fn app(&self) -> PathBuf {
        self.dir.join("app")
    }

    pub(super) fn cache(&self) -> PathBuf {
        self.dir.join("cache")
    }

    pub(super) fn binaries(&self) -> PathBuf {
        self.app().join("binaries")
    }

    /// Writes a file of the app.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        fsx::publish(&self.app().join(name), text.as_bytes(), Mode::Plain)
    }

    /// Writes six configuration files of Tauri, which list the small sidecars: a base with what apps have in theirs, and
    /// an overlay for each system.
    pub(super) fn configure(&self, sidecars: usize) -> Result<()> {
        let entries: Vec<String> =
            (0..sidecars).map(|at| format!("\"binaries/{}\"", corpus::small_name(at))).collect();
        let list = format!("[\n      {}\n    ]", entries.join(",\n      "));
        self.write("tauri.conf.json", &BASE.replace("[]", &list))?;
        let overlay = |list: &str| format!("{{\n  \"bundle\": {{\n    \"externalBin\": {list}\n  }}\n}}\n");
        for (platform, list) in
            [("linux", &*list), ("macos", &*list), ("windows", &*list), ("android", "null"), ("ios", "null")]
        {
            self.write(&format!("tauri.{platform}.conf.json"), &overlay(list))?;
        }
        Ok(())
    }

    /// Makes the next run a cold one: no cache, nothing installed.
    pub(super) fn forget(&self) -> Result<()> {
        fsx::remove_dir_all(&self.cache())?;
        fsx::remove_dir_all(&self.binaries())
    }

    /// `cargo sidecar` in the app's directory, quiet.
    pub(super) fn sidecar(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("sidecar").args(args).arg("--quiet");
        self.environment(&mut command);
        command
    }

    /// Sets where a command runs, and what it needs to know of this scene.
    pub(super) fn environment(&self, command: &mut Command) {
        command
            .current_dir(self.app())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .env("SIDECAR_CACHE_DIR", self.cache())
            .env("SIDECAR_GITHUB_API", self.server.api_url());
    }

    /// Installs everything, cold, and tells how long that took.
    pub(super) fn cold_sync(&self) -> Result<Duration> {
        self.forget()?;
        let begin = Instant::now();
        run(&mut self.sidecar(&["sync", "--locked"]))?;
        Ok(begin.elapsed())
    }
}

/// Several hundred megabytes are not left behind.
impl Drop for Scene {
    fn drop(&mut self) {
        // Where that fails, the next run removes them.
        let _ = self.forget();
    }
}

/// `Cargo.toml` of an app: a workspace of its own, so that no profile of another one counts.
pub(super) fn package(build_dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{PACKAGE}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
         [workspace]\n\n[build-dependencies]\n{build_dependencies}"
    )
}

/// A line of `[build-dependencies]` for the library of this workspace.
pub(super) fn sidecar_fetch(options: &str) -> String {
    let path = root().join("crates").join("sidecar-fetch");
    format!("sidecar-fetch = {{ path = {:?}{options} }}\n", path.display().to_string())
}

/// Runs a command that must succeed.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    crate::run::output(&name, command).map(drop)
}
