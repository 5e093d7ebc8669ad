//! A real build script, unoptimised as cargo builds them, that calls `sidecar_fetch::build()` and tells how long it took.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::Bench;
use super::scene::{PACKAGE, Scene, package, sidecar_fetch};
use crate::error::{Error, Result};
use crate::fsx;
use crate::run::{cargo, output, root};

/// What the script writes into `OUT_DIR`: microseconds.
const TOOK: &str = "took";

const BUILD_RS: &str = r#"fn main() {
    println!("cargo::rerun-if-env-changed=BENCH_ROUND");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    if std::env::var_os("BENCH_FIRST_LOOK").is_some() {
        let _ = std::fs::remove_file(std::path::Path::new(&out).join("sidecar.run"));
    }
    let begin = std::time::Instant::now();
    sidecar_fetch::build();
    let took = begin.elapsed().as_micros().to_string();
    std::fs::write(std::path::Path::new(&out).join("took"), took).expect("OUT_DIR is writable");
}
"#;

/// The build script of a scene's app.
pub(super) struct Script<'a> {
    scene: &'a Scene,
    target_dir: PathBuf,
    round: u32,
}

impl<'a> Script<'a> {
    /// Gives the app a build script. All apps share a target directory, so that the library is built once.
    pub(super) fn new(bench: &Bench, scene: &'a Scene) -> Result<Self> {
        scene.write("Cargo.toml", &package(&sidecar_fetch("")))?;
        scene.write("build.rs", BUILD_RS)?;
        // The versions that this workspace is tested with.
        fsx::copy(&root().join("Cargo.lock"), &scene.app().join("Cargo.lock"))?;
        Ok(Self { scene, target_dir: bench.dir.join("script-target"), round: 0 })
    }

    /// Builds the app, and gives the time that `build()` took in it.
    pub(super) fn run(&mut self) -> Result<Duration> {
        self.run_with(&[])
    }

    /// Builds the app without what the last run kept, as if something had changed that means nothing; JavaScript may use
    /// the sidecars, as far as the manifest says so.
    pub(super) fn run_first_look(&mut self) -> Result<Duration> {
        self.run_with(&[("BENCH_FIRST_LOOK", "1"), ("DEP_TAURI_PLUGIN_SHELL_PERMISSION_FILES_PATH", "1")])
    }

    fn run_with(&mut self, environment: &[(&str, &str)]) -> Result<Duration> {
        self.round += 1;
        let mut command = cargo(&["build", "--quiet", "--message-format", "json-render-diagnostics"]);
        self.scene.environment(&mut command);
        command
            .envs(environment.iter().copied())
            .env("CARGO_TARGET_DIR", &self.target_dir)
            .env("BENCH_ROUND", format!("{}-{}", std::process::id(), self.round))
            .stdout(Stdio::piped());
        let (messages, _) = output("the build of an app", &mut command)?;
        let out = out_dir(&messages).ok_or_else(|| Error::new("cargo does not tell where OUT_DIR is"))?;
        let took = fsx::text_of(&Path::new(&out).join(TOOK)).and_then(|text| text.parse().ok());
        took.map(Duration::from_micros).ok_or_else(|| Error::new("the build script left no time"))
    }

    /// Builds the app with neither cache nor installed files.
    pub(super) fn run_cold(&mut self) -> Result<Duration> {
        self.scene.forget()?;
        self.run()
    }
}

/// `OUT_DIR` of the app, out of cargo's messages.
fn out_dir(messages: &str) -> Option<String> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ran = messages.filter(|message| message["reason"] == "build-script-executed");
    let own = ran.find(|message| message["package_id"].as_str().is_some_and(|id| id.contains(PACKAGE)))?;
    own["out_dir"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_dir_is_that_of_the_app() {
        let messages = r#"{"reason":"build-script-executed","package_id":"registry+x#ring@0.17.14","out_dir":"/a"}
{"reason":"compiler-artifact","package_id":"path+file:///bench-app#0.1.0"}
{"reason":"build-script-executed","package_id":"path+file:///x#bench-app@0.1.0","out_dir":"/b"}"#;
        assert_eq!(out_dir(messages).as_deref(), Some("/b"));
        assert_eq!(out_dir("{}"), None);
    }
}
