//! The demo project: a small Tauri app that builds with the real `tauri-build`, without any desktop library.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::fsx::{self, Mode};

/// The files that are copied; `.in` is removed and placeholders are filled.
const FILES: [(&str, &str); 11] = [
    ("README.md", include_str!("../demo-app/README.md")),
    ("src-tauri/Cargo.toml", include_str!("../demo-app/src-tauri/Cargo.toml.in")),
    ("src-tauri/capabilities/default.json", include_str!("../demo-app/src-tauri/capabilities/default.json")),
    ("src-tauri/src/main.rs", include_str!("../demo-app/src-tauri/src/main.rs.in")),
    ("stub-tauri/Cargo.toml", include_str!("../demo-app/stub-tauri/Cargo.toml.in")),
    ("stub-tauri/build.rs", include_str!("../demo-app/stub-tauri/build.rs")),
    ("stub-tauri/src/lib.rs", include_str!("../demo-app/stub-tauri/src/lib.rs")),
    ("stub-plugin-shell/Cargo.toml", include_str!("../demo-app/stub-plugin-shell/Cargo.toml.in")),
    ("stub-plugin-shell/build.rs", include_str!("../demo-app/stub-plugin-shell/build.rs")),
    ("stub-plugin-shell/src/lib.rs", include_str!("../demo-app/stub-plugin-shell/src/lib.rs")),
    (".gitignore", "/src-tauri/target\n/src-tauri/gen\n/src-tauri/binaries\n"),
];

/// The program that keeps a sidecar running.
const KEPT: (&str, &str) =
    ("src-tauri/src/bin/kept.rs", include_str!("../demo-app/src-tauri/src/bin/kept.rs"));

/// What the app is to be.
#[derive(Debug, Default)]
pub(crate) struct App<'a> {
    /// The names under which its sidecars are installed: `main.rs` runs these.
    pub(crate) sidecars: &'a [&'a str],
    /// Whether `tauri.conf.json` lists the sidecars already, as after `cargo sidecar sync`.
    pub(crate) synced: bool,
    /// Where the crate `sidecar-supervisor` is; with it, a second program keeps esbuild running.
    pub(crate) sidecar_supervisor: Option<&'a Path>,
    /// Where the crate `sidecar-fetch` is; without it the build script only calls `tauri_build::build()`.
    pub(crate) sidecar_fetch: Option<&'a Path>,
}

/// Writes the project into `root`, and tells where its `src-tauri` is. A file with the same text stays untouched, so
/// that cargo does not build again; other files there (a manifest, a lock, `binaries/`) stay as well.
pub(crate) fn write(root: &Path, app: &App<'_>) -> Result<PathBuf> {
    let names: Vec<String> = app.sidecars.iter().map(|name| format!("{name:?}")).collect();
    let names = names.join(", ");
    let fetch = dependency("sidecar-fetch", app.sidecar_fetch)?;
    let supervisor = dependency("sidecar-supervisor", app.sidecar_supervisor)?;
    let fill = |text: &str| {
        let text = text.replace("{{sidecars}}", &names).replace("{{sidecar-fetch}}\n", &fetch);
        text.replace("{{sidecar-supervisor}}\n", &supervisor)
    };
    let kept = app.sidecar_supervisor.map(|_| KEPT);
    for (path, text) in FILES.into_iter().chain(kept) {
        update(&root.join(path), fill(text).as_bytes())?;
    }
    let src_tauri = root.join("src-tauri");
    update(&src_tauri.join("build.rs"), build_script(app).as_bytes())?;
    update(&src_tauri.join("tauri.conf.json"), config(app).as_bytes())?;
    update(&src_tauri.join("icons/icon.ico"), &icon())?;
    Ok(src_tauri)
}

/// The line of `Cargo.toml` for a crate of this repository.
fn dependency(name: &str, path: Option<&Path>) -> Result<String> {
    let Some(path) = path else { return Ok(String::new()) };
    let path = std::path::absolute(path).map_err(Error::because(format!("{name} has no path")))?;
    Ok(format!("{name} = {{ path = {:?} }}\n", path.display().to_string()))
}

fn update(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.is_file() && fsx::read(path)? == bytes {
        return Ok(());
    }
    fsx::publish(path, bytes, Mode::Plain)
}

fn build_script(app: &App<'_>) -> String {
    let fetch = if app.sidecar_fetch.is_some() { "    sidecar_fetch::build();\n" } else { "" };
    format!("fn main() {{\n{fetch}    tauri_build::build();\n}}\n")
}

/// The Tauri configuration, in the order in which people write it.
fn config(app: &App<'_>) -> String {
    let external: Vec<Value> = app.sidecars.iter().map(|name| format!("binaries/{name}").into()).collect();
    let external =
        if app.synced { format!(",\n    \"externalBin\": {}", json!(external)) } else { String::new() };
    format!(
        r#"{{
  "$schema": "https://schema.tauri.app/config/2",
  "productName": "Sidecar Demo",
  "version": "0.1.0",
  "identifier": "dev.sidecar.demo",
  "app": {{
    "windows": [{{ "label": "main", "title": "Sidecar Demo", "width": 640, "height": 360 }}]
  }},
  "bundle": {{
    "active": true,
    "icon": ["icons/icon.ico"]{external}
  }}
}}
"#
    )
}

/// A Windows icon of 16 × 16 pixels, without which tauri-build refuses to build on Windows: a disc on nothing.
fn icon() -> Vec<u8> {
    const SIDE: u8 = 16;
    const COLOUR: [u8; 4] = [0xa8, 0x8c, 0x1f, 0xff]; // blue, green, red, alpha
    const MASK: usize = 4 * SIDE as usize; // one bit a pixel, rows padded to 32 bits
    let mut pixels = Vec::new();
    for y in 0..i16::from(SIDE) {
        for x in 0..i16::from(SIDE) {
            let (dx, dy) = (2 * x - 15, 2 * y - 15);
            pixels.extend(if dx * dx + dy * dy <= 15 * 15 { COLOUR } else { [0; 4] });
        }
    }
    let bitmap = 40 + pixels.len() + MASK;
    let mut out = vec![0, 0, 1, 0, 1, 0, SIDE, SIDE, 0, 0, 1, 0, 32, 0];
    out.extend(u32::try_from(bitmap).unwrap_or_default().to_le_bytes());
    out.extend(22_u32.to_le_bytes());
    // BITMAPINFOHEADER: the height counts the mask too.
    for field in [40, u32::from(SIDE), 2 * u32::from(SIDE), 1 | 32 << 16, 0, 0, 0, 0, 0, 0] {
        out.extend(field.to_le_bytes());
    }
    out.extend(pixels);
    out.resize(22 + bitmap, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        String::from_utf8(fsx::read(path).unwrap()).unwrap()
    }

    #[test]
    fn every_placeholder_is_filled_and_every_file_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let app = App {
            sidecars: &["esbuild", "ruff"],
            synced: true,
            sidecar_fetch: Some(Path::new("/somewhere/sidecar-fetch")),
            sidecar_supervisor: None,
        };
        let src_tauri = write(dir.path(), &app).unwrap();
        for (path, _) in FILES {
            let text = text(&dir.path().join(path));
            assert!(path == "README.md" || !text.contains("{{"), "{path}");
        }
        assert!(text(&src_tauri.join("src/main.rs")).contains(r#"&["esbuild", "ruff"]"#));
        let manifest = text(&src_tauri.join("Cargo.toml"));
        assert!(
            manifest.contains("sidecar-fetch = { path = \"") && manifest.contains("\n\n[profile.dev]"),
            "{manifest}"
        );
        let script = "fn main() {\n    sidecar_fetch::build();\n    tauri_build::build();\n}\n";
        assert_eq!(text(&src_tauri.join("build.rs")), script);
        let config: Value = serde_json::from_str(&text(&src_tauri.join("tauri.conf.json"))).unwrap();
        assert_eq!(config["bundle"]["externalBin"], json!(["binaries/esbuild", "binaries/ruff"]));
    }

    #[test]
    fn before_a_sync_the_config_has_no_sidecars() {
        let dir = tempfile::tempdir().unwrap();
        let src_tauri = write(dir.path(), &App { sidecars: &["ruff"], ..App::default() }).unwrap();
        let config: Value = serde_json::from_str(&text(&src_tauri.join("tauri.conf.json"))).unwrap();
        assert_eq!(config["bundle"].get("externalBin"), None);
        assert!(!text(&src_tauri.join("build.rs")).contains("sidecar_fetch"));
    }

    #[test]
    fn writing_again_changes_no_file_and_removes_none() {
        let dir = tempfile::tempdir().unwrap();
        let src_tauri = write(dir.path(), &App::default()).unwrap();
        let own = src_tauri.join("sidecar.toml");
        fsx::publish(&own, b"# mine", Mode::Plain).unwrap();
        let modified = |path: &Path| path.metadata().unwrap().modified().unwrap();
        let (config, before) =
            (src_tauri.join("tauri.conf.json"), modified(&src_tauri.join("tauri.conf.json")));
        write(dir.path(), &App::default()).unwrap();
        assert_eq!((modified(&config), text(&own).as_str()), (before, "# mine"));
        write(dir.path(), &App { sidecars: &["ruff"], synced: true, ..App::default() }).unwrap();
        assert!(text(&config).contains("binaries/ruff"));
    }

    #[test]
    fn the_icon_is_one_image_of_the_length_it_says() {
        let icon = icon();
        assert_eq!(icon[..6], [0, 0, 1, 0, 1, 0]);
        let length = u32::from_le_bytes(icon[14..18].try_into().unwrap());
        assert_eq!(icon.len(), 22 + length as usize);
    }
}
