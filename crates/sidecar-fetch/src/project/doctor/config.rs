//! Tauri's configuration: which files count, whether this app's Tauri can read them, whether they say what the manifest
//! asks for.

use std::path::{Path, PathBuf};

use super::{Check, CheckState, Scene};
use crate::config::{ConfigFile, Configs, Drift, Format, Owned, Platform, Wanted, json_fault};
use crate::doc::Place;
use crate::error::Error;
use crate::fsx::{self, name_of};
use crate::project::Package;

const NAME: &str = "config";

/// Reads the configuration of an app, which is `None` where it cannot be used, and tells what is wrong with its files.
pub(super) fn read(app: &Path, package: &Package) -> (Option<Configs>, Vec<Check>) {
    let (mut out, mut broken) = (Vec::new(), false);
    for platform in std::iter::once(None).chain(Platform::ALL.map(Some)) {
        match slot(app, platform) {
            Ok(Some(slot)) => {
                out.extend(slot.ignored.iter().map(|path| ignored(app, path, &slot.file.path)));
                out.extend(features(package, &slot.file, platform.is_some()));
            }
            Ok(None) => {}
            Err(error) => {
                broken = true;
                out.push(Check::of(NAME, CheckState::Problem, &error));
            }
        }
    }
    let configs = if broken { None } else { Configs::read(app, &Platform::ALL).ok().flatten() };
    match &configs {
        Some(configs) if out.is_empty() => out.push(counting(configs)),
        Some(_) => {}
        None if broken => {}
        None if package.depends_on("tauri") => out.push(
            Check::problem(NAME, "there is no Tauri configuration beside Cargo.toml")
                .fact("looked for", Format::base_names().join(", ")),
        ),
        None => out.push(Check::note(NAME, "there is no Tauri configuration, so nothing is bundled")),
    }
    (configs, out)
}

/// The files that count.
fn counting(configs: &Configs) -> Check {
    let names: Vec<String> = configs.overlays.iter().map(|(_, file)| name_of(&file.path)).collect();
    let with = if names.is_empty() { String::new() } else { format!(", with {}", names.join(", ")) };
    Check::ok(NAME, format!("Tauri reads {}{with}", name_of(&configs.base.path)))
}

/// The base or an overlay: the file that counts, and those that Tauri passes over for it.
struct Slot {
    file: ConfigFile,
    ignored: Vec<PathBuf>,
}

fn slot(app: &Path, platform: Option<Platform>) -> Result<Option<Slot>, Error> {
    let mut there = Vec::new();
    for format in Format::ALL {
        let path = app.join(format.file_name(platform));
        if fsx::metadata(&path)?.is_some() {
            there.push(path);
        }
    }
    if there.is_empty() {
        return Ok(None);
    }
    let first = there.remove(0);
    Ok(ConfigFile::read(&first)?.map(|file| Slot { file, ignored: there }))
}

fn ignored(app: &Path, path: &Path, first: &Path) -> Check {
    let (name, first) = (name_of(path), name_of(first));
    Check::warning(NAME, format!("Tauri ignores {name}, as there is {first}"))
        .fact("in", app.display())
        .help(format!("move what {name} says into {first}, then remove {name}"))
}

/// Whether this app's Tauri was told to read a file's format.
fn features(package: &Package, file: &ConfigFile, overlay: bool) -> Option<Check> {
    let (feature, what, at) = match file.format {
        Format::Json => ("config-json5", "is not plain JSON", not_json(file)?),
        Format::Json5 => ("config-json5", "is JSON5", Place::of(&file.path, &file.text, 0)),
        Format::Toml => ("config-toml", "is TOML", Place::of(&file.path, &file.text, 0)),
    };
    let lacking: Vec<&str> = [("tauri", false), ("tauri-build", true)]
        .iter()
        .filter(|(name, build)| lacks(package, name, *build, feature))
        .map(|(name, _)| *name)
        .collect();
    if lacking.is_empty() {
        return None;
    }
    let crates = lacking.join(" and ");
    let name = name_of(&file.path);
    // An overlay in a format that is off is as good as not there, and nobody says so.
    let found = match file.format {
        Format::Json => format!("{name} {what}, and `{feature}` is off in {crates}"),
        _ if overlay => format!("{name} {what}, which {crates} silently pass over without `{feature}`"),
        _ => format!("{name} {what}, which {crates} cannot read without `{feature}`"),
    };
    let add = |name: &&str| {
        let build = if *name == "tauri-build" { " --build" } else { "" };
        format!("cargo add -p {}{build} {name} --features {feature}", package.name)
    };
    let add: Vec<String> = lacking.iter().map(add).collect();
    Some(Check::problem(NAME, found).fact("at", at).help(format!("run `{}`", add.join(" && "))))
}

/// Whether a dependency is declared, and never with a feature.
fn lacks(package: &Package, name: &str, build: bool, feature: &str) -> bool {
    let mut declared = package.dependencies.iter().filter(|d| d.name == name && d.build == build).peekable();
    declared.peek().is_some() && declared.all(|d| !d.features.iter().any(|f| f == feature))
}

/// Where a file stops being plain JSON: at its first comment, single quote, trailing comma…
fn not_json(file: &ConfigFile) -> Option<Place> {
    let text = file.text.as_str();
    json_fault(text).map(|fault| Place::of(&file.path, text, fault.at))
}

/// What reading found, and whether the configuration says what the manifest asks for, on each system that it has
/// targets for.
pub(super) fn check(scene: &Scene<'_>) -> Vec<Check> {
    let mut out = scene.files.clone();
    let (Some(manifest), Some(configs)) = (&scene.manifest, &scene.configs) else { return out };
    let owned = Owned::of(manifest, &scene.lock);
    let mut differing: Vec<(Drift, Vec<Platform>)> = Vec::new();
    for platform in Platform::desktops_of(&manifest.targets()) {
        let wanted = Wanted::for_platform(manifest, platform, &scene.features);
        let drift = Drift::of(&configs.effective(platform, None), &wanted, &owned);
        match differing.iter_mut().find(|(known, _)| *known == drift) {
            _ if drift.is_empty() => {}
            Some((_, platforms)) => platforms.push(platform),
            None => differing.push((drift, vec![platform])),
        }
    }
    out.extend(differing.iter().map(|(drift, platforms)| differs(drift, platforms)));
    if differing.is_empty() {
        out.push(Check::ok("sidecars", "the configuration lists what the manifest declares"));
    }
    out
}

fn differs(drift: &Drift, platforms: &[Platform]) -> Check {
    let platforms: Vec<&str> = platforms.iter().map(|platform| platform.in_capabilities()).collect();
    let mut check = Check::problem("sidecars", "the configuration does not list what the manifest declares")
        .fact("for", platforms.join(", "));
    let lists = [("bundle.externalBin", &drift.external_bin), ("bundle.resources", &drift.resources)];
    for (list, difference) in lists {
        if !difference.missing.is_empty() {
            check = check.fact("missing", format!("{} in `{list}`", difference.missing.join(", ")));
        }
        if !difference.extra.is_empty() {
            check = check.fact("too many", format!("{} in `{list}`", difference.extra.join(", ")));
        }
    }
    check.help("run `cargo sidecar sync`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Dependency;

    fn package(features: &[(&str, bool, &[&str])]) -> Package {
        let dependency = |(name, build, features): &(&str, bool, &[&str])| Dependency {
            name: (*name).to_owned(),
            build: *build,
            features: features.iter().map(|f| (*f).to_owned()).collect(),
            ..Dependency::default()
        };
        let dependencies = features.iter().map(dependency).collect();
        Package { name: "app".into(), dependencies, ..Package::default() }
    }

    fn found(files: &[(&str, &str)], package: &Package) -> Vec<Check> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fsx::write_atomic(&dir.path().join(name), text).unwrap();
        }
        let (_, mut out) = read(dir.path(), package);
        out.retain(|row| row.state != CheckState::Ok);
        for row in &mut out {
            let root = dir.path().join("").display().to_string();
            row.facts.iter_mut().for_each(|(_, value)| *value = value.replace(&root, ""));
        }
        out
    }

    const PLAIN: &[(&str, bool, &[&str])] = &[("tauri", false, &[]), ("tauri-build", true, &[])];

    #[test]
    fn the_place_where_json_ends_is_named() {
        let at = |text: &str| {
            let rows = found(&[("tauri.conf.json", text)], &package(PLAIN));
            rows.first().map(|row| row.facts[0].1.clone())
        };
        assert_eq!(at("{\n  \"a\": 1\n}\n"), None);
        assert_eq!(at("{\n  // comment\n  \"a\": 1\n}\n").as_deref(), Some("tauri.conf.json:2:3"));
        assert_eq!(at("{\n  \"a\": 1, /* x */\n  \"b\": 2\n}\n").as_deref(), Some("tauri.conf.json:2:11"));
        assert_eq!(at("{ 'a': 1 }").as_deref(), Some("tauri.conf.json:1:3"));
        assert_eq!(at("{ \"ä\": [1,] }").as_deref(), Some("tauri.conf.json:1:11"));
    }

    #[test]
    fn only_the_crate_that_lacks_the_feature_is_named() {
        let half = package(&[("tauri", false, &["config-toml"]), ("tauri-build", true, &[])]);
        let rows = found(&[("Tauri.toml", "identifier = 'x'\n")], &half);
        assert_eq!(
            rows[0].help.as_deref(),
            Some("run `cargo add -p app --build tauri-build --features config-toml`")
        );
        let both = package(&[("tauri", false, &["config-toml"]), ("tauri-build", true, &["config-toml"])]);
        assert_eq!(found(&[("Tauri.toml", "identifier = 'x'\n")], &both), []);
    }

    #[test]
    fn every_broken_file_is_a_finding() {
        let files =
            [("tauri.conf.json", "{"), ("tauri.linux.conf.json", "["), ("tauri.windows.conf.json", "{}")];
        let rows = found(&files, &package(PLAIN));
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(rows.iter().all(|row| row.state == CheckState::Problem));
    }

    #[test]
    fn of_two_bases_the_second_is_ignored() {
        let rows = found(&[("tauri.conf.json", "{}"), ("Tauri.toml", "not toml")], &package(PLAIN));
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0].found, "Tauri ignores Tauri.toml, as there is tauri.conf.json");
    }
}
