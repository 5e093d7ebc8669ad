//! An app for the Tauri command: that of the demo, with a configuration in each of Tauri's formats, and sidecars of a
//! few bytes.

use std::path::{Path, PathBuf};
use std::process::Command;

use sidecar_tests::{ReleaseServer, ReleaseSpec, program, tar_gz};

use crate::demo_app;
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::registry::DESKTOP;
use crate::run::{cargo, output, root};

/// A format of Tauri's configuration, with a text in it. None lists a sidecar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    pub(super) file: &'static str,
    text: &'static str,
}

/// The formats, in the order in which Tauri looks for them.
pub(super) const FORMATS: [Format; 3] = [
    Format { file: "tauri.conf.json", text: JSON },
    Format { file: "tauri.conf.json5", text: JSON5 },
    Format { file: "Tauri.toml", text: TOML },
];

const JSON: &str = r#"{
  "productName": "Sidecar Demo",
  "version": "0.1.0",
  "identifier": "dev.sidecar.demo",
  "app": {
    "windows": [{ "label": "main", "title": "Sidecar Demo" }]
  },
  "bundle": {
    "active": true,
    "icon": ["icons/icon.ico"]
  }
}
"#;

const JSON5: &str = "// The app, as people write it.
{
  productName: 'Sidecar Demo',
  version: '0.1.0', // the same as in Cargo.toml
  identifier: 'dev.sidecar.demo',
  app: { windows: [{ label: 'main', title: 'Sidecar Demo' }] },
  bundle: {
    active: true,
    icon: ['icons/icon.ico'],
  },
}
";

const TOML: &str = r#"# The app, as people write it.
productName = "Sidecar Demo"
version = "0.1.0"
identifier = "dev.sidecar.demo"

[[app.windows]]
label = "main"
title = "Sidecar Demo"

[bundle]
active = true
icon = ["icons/icon.ico"]
"#;

/// What the app says when it runs; then it waits to be closed.
pub(super) const GREETING: &str = "the app runs";

/// A release of a tool for every desktop target.
pub(super) fn release(tool: &str, version: &str) -> ReleaseSpec {
    DESKTOP.iter().fold(ReleaseSpec::new(format!("v{version}")), |spec, triple| {
        let exe = if triple.contains("windows") { ".exe" } else { "" };
        let member = format!("{tool}{exe}");
        spec.asset(
            format!("{tool}-{version}-{triple}.tar.gz"),
            tar_gz(&[(&member, &program(triple, &format!("{tool} {version}")))]),
        )
    })
}

/// An app, and the environment in which it is worked on.
pub(super) struct App {
    pub(super) src_tauri: PathBuf,
    pub(super) format: Format,
    directory: PathBuf,
    api: String,
}

impl App {
    /// Writes an app anew: no sidecar yet. What cargo compiled before is kept, for all apps together with the demo's.
    pub(super) fn new(server: &ReleaseServer, format: Format) -> Result<Self> {
        let directory = fsx::target_dir().join("tauri-apps").join(format.file);
        fsx::remove_dir_all(&directory)?;
        let library = root().join("crates/sidecar-fetch");
        let plain = demo_app::App { sidecar_fetch: Some(&library), ..demo_app::App::default() };
        let src_tauri = demo_app::write(&directory.join("app"), &plain)?;
        fsx::remove_file(&src_tauri.join("tauri.conf.json"))?;
        let app = Self { src_tauri, format, directory, api: server.api_url() };
        app.write(format.file, format.text)?;
        app.write("src/main.rs", &main_rs())?;
        app.write("build.rs", &app.build_rs())?;
        let cargo_toml = app.read("Cargo.toml")?;
        let with = |from: &str, to: &str| {
            if cargo_toml.contains(from) {
                Ok((from.to_owned(), to.to_owned()))
            } else {
                Err(Error::new(format!("the demo's Cargo.toml has no `{from}`")))
            }
        };
        let changes = [
            with(
                "tauri-build = \"2.7\"",
                "tauri-build = { version = \"2.7\", features = [\"config-json5\", \"config-toml\"] }",
            )?,
            with("[features]\n", "[features]\nllm = []\n")?,
        ];
        let cargo_toml = changes.iter().fold(cargo_toml.clone(), |text, (from, to)| text.replace(from, to));
        app.write("Cargo.toml", &cargo_toml)?;
        Ok(app)
    }

    /// Counts its runs in a file outside of the app, then does what every app does.
    fn build_rs(&self) -> String {
        format!(
            "use std::io::Write as _;\n\nfn main() {{\n    let log = std::fs::File::options().create(true).append(true).open({:?});\n    \
             writeln!(log.expect(\"the log opens\"), \"run\").expect(\"the log is written\");\n    sidecar_fetch::build();\n    \
             tauri_build::build();\n}}\n",
            self.log().display().to_string()
        )
    }

    fn log(&self) -> PathBuf {
        self.directory.join("build-script-runs")
    }

    /// How often its build script has run.
    pub(super) fn build_script_runs(&self) -> usize {
        fsx::text_of(&self.log()).unwrap_or_default().lines().count()
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        fsx::publish(&self.src_tauri.join(name), text.as_bytes(), Mode::Plain)
    }

    pub(super) fn read(&self, name: &str) -> Result<String> {
        let bytes = fsx::read(&self.src_tauri.join(name))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Runs `cargo sidecar`, which must succeed; what it prints on stdout.
    pub(super) fn sidecar(&self, args: &[&str]) -> Result<String> {
        let exe = std::env::consts::EXE_SUFFIX;
        let mut command = Command::new(fsx::target_dir().join(format!("debug/cargo-sidecar{exe}")));
        self.within(&mut command).arg("sidecar").args(args);
        output(&format!("cargo sidecar {}", args.join(" ")), &mut command).map(|(out, _)| out)
    }

    pub(super) fn cargo(&self, args: &[&str]) -> Result<()> {
        output(&format!("cargo {}", args.join(" ")), self.within(&mut cargo(args))).map(drop)
    }

    /// The Tauri command, ready to run.
    pub(super) fn tauri(&self, tauri: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(tauri);
        self.within(&mut command).args(args);
        command
    }

    /// The app's directory and environment: its own cache, the server in GitHub's place, nothing of the caller's.
    fn within<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for name in [
            "CI",
            "GH_TOKEN",
            "GITHUB_TOKEN",
            "SIDECAR_OFFLINE",
            "SIDECAR_LOCKED",
            "SIDECAR_PLACEHOLDER",
            "CARGO_NET_OFFLINE",
            "TAURI_CONFIG",
        ] {
            command.env_remove(name);
        }
        command
            .current_dir(&self.src_tauri)
            .env("CARGO_TARGET_DIR", target_dir())
            .env("SIDECAR_CACHE_DIR", self.directory.join("cache"))
            .env("SIDECAR_GITHUB_API", &self.api)
            .env("NO_COLOR", "1")
    }
}

/// Where cargo builds all apps.
pub(super) fn target_dir() -> PathBuf {
    fsx::target_dir().join("demo/target")
}

fn main_rs() -> String {
    format!(
        "fn main() {{\n    println!(\"{GREETING}\");\n    loop {{\n        std::thread::park();\n    }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_format_lists_a_sidecar_and_each_says_the_same() {
        for format in FORMATS {
            assert!(!format.text.contains("externalBin"), "{}", format.file);
            assert!(format.text.contains("dev.sidecar.demo") && format.text.contains("icons/icon.ico"));
        }
    }

    #[test]
    fn a_release_has_an_asset_for_every_desktop_target() {
        let spec = release("tool", "1.0.0");
        assert_eq!((spec.tag(), spec.assets().count()), ("v1.0.0", DESKTOP.len()));
    }
}
