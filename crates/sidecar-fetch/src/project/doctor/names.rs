//! Names under which sidecars are installed: a bundle puts them where other programs are.

use std::path::Path;

use super::{Check, CheckState, Scene};
use crate::config::{Node, Platform};
use crate::fsx;
use crate::manifest::{Manifest, Sidecar};

const NAME: &str = "names";

/// Where deb and rpm packages install an app and its sidecars.
const BIN: &str = "/usr/bin";

/// Programs that distributions install into [`BIN`], and that people ship as sidecars.
const WELL_KNOWN: &str = "\
    7z 7za aria2c bash bun caddy cargo chromedriver chromium clang cmake convert curl deno docker duckdb esbuild \
    exiftool ffmpeg ffplay ffprobe fzf gcc gh git go gpg gs hugo java jq kubectl llama-server magick make mediainfo \
    minio mkvmerge mongod mpv mysqld nginx node npm npx ollama openssl pandoc pdftotext perl php pip podman postgres \
    protoc psql python python3 qemu-img rclone redis-server restic rg rsync ruby rustc sass socat sqlite3 ssh \
    syncthing tar terraform tesseract tor typst unzip uv uvx valkey-server vim vlc wget yt-dlp zip zstd";

pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let Some(manifest) = &scene.manifest else { return Vec::new() };
    let package = scene.project.package.name.as_str();
    let linux = scene.configs.as_ref().map(|configs| configs.effective(Platform::Linux, None));
    let mut out = Vec::new();
    // A tree lies among the app's resources, where nobody else puts anything.
    for sidecar in manifest.sidecars.values().filter(|sidecar| !sidecar.is_tree()) {
        out.extend(like_the_app(manifest, sidecar, package, linux.as_ref()));
        if linux.as_ref().is_some_and(bundles_packages) && is_for_linux(manifest, sidecar) {
            out.extend(in_bin(sidecar, package, &|name| {
                matches!(fsx::metadata(&Path::new(BIN).join(name)), Ok(Some(_)))
            }));
        }
    }
    if out.is_empty() && !manifest.sidecars.is_empty() {
        out.push(Check::ok(NAME, "no sidecar has the name of the app or of a well-known program"));
    }
    out
}

/// A sidecar that would lie beside the app under the app's own name.
fn like_the_app(
    manifest: &Manifest,
    sidecar: &Sidecar,
    package: &str,
    config: Option<&Node>,
) -> Option<Check> {
    let name = sidecar.install_as.as_str();
    if name == package {
        // Its own error knows the line and the words.
        return manifest.check_package_name(package).err().map(|e| Check::of(NAME, CheckState::Problem, &e));
    }
    let named = |keys: [&str; 2]| keys.iter().find_map(|key| config?.get(key)?.as_str());
    let same = |other: &str| name.to_lowercase() == other.to_lowercase();
    let help = format!("`install-as = \"{package}-{}\"` in `[sidecar.{}]`", sidecar.name, sidecar.name);
    let clash = |check: Check| Some(check.fact("at", &sidecar.at).help(help));
    if same(package) {
        return clash(Check::problem(
            NAME,
            format!(
                "sidecar `{name}` and package `{package}` are one file on Windows and macOS, where case does not count"
            ),
        ));
    }
    if named(["mainBinaryName", "main-binary-name"]).is_some_and(same) {
        return clash(Check::problem(
            NAME,
            format!("sidecar `{name}` has the name that `mainBinaryName` gives the app"),
        ));
    }
    if named(["productName", "product-name"]).is_some_and(same) {
        return clash(
            Check::warning(NAME, format!("sidecar `{name}` has the name that `productName` gives the app"))
                .fact("reason", "lists of processes, firewalls and installers show both under one name"),
        );
    }
    None
}

/// A sidecar that a deb or rpm would install over, or beside, another package's program.
fn in_bin(sidecar: &Sidecar, package: &str, exists: &dyn Fn(&str) -> bool) -> Option<Check> {
    let name = sidecar.install_as.as_str();
    let well_known = WELL_KNOWN.split_whitespace().any(|known| known == name);
    // What begins with the app's name may be there because the app itself is installed.
    let found = if well_known {
        format!("a deb or rpm would put sidecar `{name}` at {BIN}/{name}, where distributions have their own")
    } else if exists(name) && !name.starts_with(&format!("{package}-")) {
        format!(
            "a deb or rpm would put sidecar `{name}` at {BIN}/{name}, where this machine has another program"
        )
    } else {
        return None;
    };
    let help = format!("`install-as = \"{package}-{name}\"` in `[sidecar.{}]`", sidecar.name);
    Some(Check::warning(NAME, found).fact("at", &sidecar.at).help(help))
}

fn is_for_linux(manifest: &Manifest, sidecar: &Sidecar) -> bool {
    manifest.targets_of(sidecar).iter().any(|target| Platform::of(target) == Platform::Linux)
}

/// Whether the configuration lets a deb or rpm be made. `bundle.targets` is `all` by default; `bundle.active = false`
/// says that nothing is bundled.
fn bundles_packages(config: &Node) -> bool {
    let is_package = |name: &Node| matches!(name.as_str(), Some("all" | "deb" | "rpm"));
    let inactive = config.at(&["bundle", "active"]).is_some_and(|active| active.to_json() == "false");
    !inactive
        && match config.at(&["bundle", "targets"]) {
            None => true,
            Some(targets) => match targets.as_array() {
                Some(all) => all.iter().any(is_package),
                None => is_package(targets) || targets.is_null(),
            },
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigFile;

    fn config(text: &str) -> Node {
        ConfigFile::parse(Path::new("tauri.conf.json"), text.to_owned()).unwrap().root
    }

    fn manifest(text: &str) -> Manifest {
        Manifest::parse(Path::new("sidecar.toml"), text.to_owned()).unwrap()
    }

    fn named(install_as: &str, config_text: &str) -> Option<(CheckState, String)> {
        let manifest =
            manifest(&format!("[sidecar.tool]\ngithub = \"a/b\"\ninstall-as = \"{install_as}\"\n"));
        let found = like_the_app(&manifest, &manifest.sidecars["tool"], "my-app", Some(&config(config_text)));
        found.map(|check| (check.state, check.help.unwrap_or_default()))
    }

    #[test]
    fn which_bundles_hold_packages() {
        for text in ["{}", r#"{"bundle":{"targets":"all"}}"#, r#"{"bundle":{"targets":["appimage","rpm"]}}"#]
        {
            assert!(bundles_packages(&config(text)), "{text}");
        }
        for text in [
            r#"{"bundle":{"targets":"appimage"}}"#,
            r#"{"bundle":{"targets":[]}}"#,
            r#"{"bundle":{"active":false}}"#,
        ] {
            assert!(!bundles_packages(&config(text)), "{text}");
        }
    }

    #[test]
    fn names_of_the_app_clash_whatever_their_case() {
        let problem = |name, config| named(name, config).map(|(state, _)| state);
        assert_eq!(problem("tool", "{}"), None);
        assert_eq!(problem("my-app", "{}"), Some(CheckState::Problem));
        assert_eq!(problem("My-App", "{}"), Some(CheckState::Problem));
        assert_eq!(problem("Main", r#"{"mainBinaryName":"main"}"#), Some(CheckState::Problem));
        assert_eq!(problem("main", r#"{"main-binary-name":"main"}"#), Some(CheckState::Problem));
        assert_eq!(problem("Product", r#"{"productName":"product"}"#), Some(CheckState::Warning));
        let (_, help) = named("My-App", "{}").unwrap();
        assert_eq!(help, "`install-as = \"my-app-tool\"` in `[sidecar.tool]`");
    }

    #[test]
    fn names_in_bin() {
        let manifest = manifest(
            "[sidecar.ffmpeg]\ngithub = \"a/b\"\n[sidecar.own]\ngithub = \"a/b\"\ninstall-as = \"app-own\"\n[sidecar.odd]\ngithub = \"a/b\"\n",
        );
        let found = |name: &str, exists: bool| in_bin(&manifest.sidecars[name], "app", &|_| exists);
        assert!(found("ffmpeg", false).is_some_and(|row| row.found.contains("distributions have their own")));
        assert!(found("odd", true).is_some_and(|row| row.found.contains("this machine has another")));
        assert!(found("odd", false).is_none() && found("own", true).is_none());
    }
}
