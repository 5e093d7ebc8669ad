//! From text to [`Manifest`], with the line of whatever does not fit.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::source::{self, Source};
use super::{Layout, Manifest, Settings, Shell, Sidecar};
use crate::doc::{Document, Located, Table};
use crate::error::{Error, Kind};
use crate::lock::tree::is_device;
use crate::target::{Target, TargetPattern};
use crate::template::Template;

/// Parses `sidecar.toml`.
pub(super) fn manifest(path: &Path, text: String) -> Result<Manifest, Error> {
    let document = Document::new(path, text);
    root(path, document.parse(Kind::ManifestInvalid)?)
}

/// Parses `[package.metadata.sidecar]` of a `Cargo.toml`; `None` where there is no such table.
pub(super) fn metadata(path: &Path, text: String) -> Result<Option<Manifest>, Error> {
    let document = Document::new(path, text);
    let mut table = document.parse(Kind::ManifestInvalid)?;
    for key in ["package", "metadata", "sidecar"] {
        match table.take(key) {
            Some(value) if value.is_table() => table = value.table()?,
            Some(value) if key == "sidecar" => return Err(value.wrong_type("a table")),
            _ => return Ok(None),
        }
    }
    root(path, table).map(Some)
}

fn root(path: &Path, mut root: Table<'_>) -> Result<Manifest, Error> {
    let settings = match root.table("settings")? {
        Some(table) => settings(table)?,
        None => Settings::default(),
    };
    let mut sidecars = BTreeMap::new();
    if let Some(tables) = root.table("sidecar")? {
        for (name, value) in tables.into_entries() {
            check_name(&name, "a sidecar name")?;
            let parsed = sidecar(&name, value.table()?)?;
            let emulation = parsed.emulation.or(settings.emulation);
            sidecars.insert(name.value, Sidecar { emulation, ..parsed });
        }
    }
    if let Some(value) = root.take("library") {
        return Err(value.error(Kind::Unsupported, "`[library.*]` is not supported by this version"));
    }
    root.finish()?;
    check_installed_names(&sidecars)?;
    Ok(Manifest { path: path.to_owned(), settings, sidecars })
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            targets: None,
            binaries: "binaries".to_owned(),
            windows: vec!["main".to_owned()],
            minimum_age: None,
            emulation: None,
        }
    }
}

fn settings(mut table: Table<'_>) -> Result<Settings, Error> {
    let mut out = Settings::default();
    if let Some(names) = table.strings("targets")? {
        let parse = |name: &Located<String>| Target::parse(&name.value).map_err(|e| e.fact("at", &name.at));
        out.targets = Some(names.iter().map(parse).collect::<Result<_, _>>()?);
    }
    if let Some(binaries) = table.string("binaries")? {
        out.binaries = directory(&binaries)?;
    }
    if let Some(windows) = table.strings("windows")? {
        out.windows = windows.into_iter().map(window).collect::<Result<_, _>>()?;
    }
    if let Some(age) = table.string("minimum-age")? {
        out.minimum_age = Some(duration(&age.value).map_err(|e| e.fact("at", &age.at))?);
    }
    out.emulation = table.boolean("emulation")?;
    if let Some(value) = table.take("target-features") {
        return Err(
            value.error(Kind::Unsupported, "`settings.target-features` is not supported by this version")
        );
    }
    table.finish()?;
    Ok(out)
}

/// The label of a webview window. Tauri reads it as a glob: one that names nothing would open every window.
fn window(label: Located<String>) -> Result<String, Error> {
    if !label.value.contains(|c: char| c.is_ascii_alphanumeric()) {
        return Err(label
            .error(
                Kind::BadValue,
                format!("`settings.windows` takes labels of webview windows, not `{}`", label.value),
            )
            .help("name each window that may run sidecars, such as `windows = [\"main\"]`"));
    }
    if let Err(cause) = glob::Pattern::new(&label.value) {
        let headline = format!("`{}` of `settings.windows` is not a glob", label.value);
        return Err(label.error(Kind::BadValue, headline).fact("cause", cause.msg));
    }
    Ok(label.value)
}

/// A directory below the app's, spelled as it will stand in the config: on every system, without `.` and empty parts.
fn directory(text: &Located<String>) -> Result<String, Error> {
    let parts: Vec<&str> = text.value.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let odd = |part: &&str| *part == ".." || part.contains(['\\', ':']) || part.contains(char::is_control);
    if parts.is_empty() || text.value.starts_with('/') || parts.iter().any(odd) {
        return Err(text
            .error(Kind::BadValue, "`settings.binaries` takes a directory inside the app directory")
            .fact("found", format!("`{}`", text.value))
            .help("write it relative and with `/`, such as `binaries`"));
    }
    Ok(parts.join("/"))
}

fn sidecar(name: &Located<String>, mut table: Table<'_>) -> Result<Sidecar, Error> {
    let source = Source::take(&name.value, &mut table)?;
    let source::Release { wanted, tag_prefix, version_from } = source::wanted(&source, &mut table)?;
    let install_as = match table.string("install-as")? {
        Some(given) => {
            check_name(&given, "what `install-as` names")?;
            given.value
        }
        None => name.value.clone(),
    };
    let bin = table.string("bin")?.map(|text| template(&text)).transpose()?;
    if let Some(bin) = &bin {
        glob::Pattern::new(bin.source()).map_err(|e| {
            table
                .error(Kind::BadValue, format!("`bin` of sidecar `{}` is not a glob", name.value))
                .fact("cause", e.msg)
        })?;
    }
    let layout = Layout::take(&name.value, &mut table)?;
    let features = table.strings("features")?.unwrap_or_default().into_iter().map(|f| f.value).collect();
    let patterns = table.strings("targets")?.unwrap_or_default();
    let targets = patterns.iter().map(pattern).collect::<Result<_, _>>()?;
    let assets = assets(&source, &mut table)?;
    let shell = shell(&layout, &mut table)?;
    let http = table.boolean("http")?.unwrap_or_default();
    let emulation = table.boolean("emulation")?;
    let run = table.take("run").map(|value| super::RunTable::parse(&name.value, &value)).transpose()?;
    table.finish()?;
    let at = name.at.clone();
    Ok(Sidecar {
        name: name.value.clone(),
        at,
        source,
        wanted,
        tag_prefix,
        version_from,
        bin,
        layout,
        install_as,
        features,
        targets,
        assets,
        shell,
        http,
        emulation,
        run,
    })
}

fn assets(source: &Source, table: &mut Table<'_>) -> Result<Vec<(TargetPattern, Template)>, Error> {
    let Some(entries) = table.table("asset")? else { return Ok(Vec::new()) };
    if matches!(source, Source::Npm(_) | Source::Url { .. }) {
        return Err(entries
            .error(Kind::BadValue, "`asset` chooses among the assets of a release")
            .fact("reason", format!("`{}` names one file for each target itself", source.key()))
            .help(format!(
                "write a table instead: `{0} = {{ \"cfg(windows)\" = \"…\", \"cfg(unix)\" = \"…\" }}`",
                source.key()
            )));
    }
    let mut out = Vec::new();
    for (key, value) in entries.into_entries() {
        out.push((pattern(&key)?, template(&value.string()?)?));
    }
    out.sort_by_key(|(pattern, _): &(TargetPattern, Template)| !pattern.is_exact());
    Ok(out)
}

/// What JavaScript may do with the sidecar. The plugin starts what `externalBin` lists by name; of a tree it would need
/// the path of the program, which the lock knows for each target and the manifest does not.
fn shell(layout: &Layout, table: &mut Table<'_>) -> Result<Option<Shell>, Error> {
    let Some(value) = table.take("shell") else { return Ok(None) };
    if matches!(layout, Layout::Tree { .. }) {
        return Err(value
            .error(Kind::Unsupported, "`shell` of a tree is not supported by this version")
            .fact("reason", "the program lies among the app's resources, elsewhere for each target")
            .help("start it in Rust: `sidecars.rs` in OUT_DIR has its path below the resource directory as `RUST`"));
    }
    Shell::parse(value).map(Some)
}

pub(super) fn pattern(text: &Located<String>) -> Result<TargetPattern, Error> {
    TargetPattern::parse(&text.value).map_err(|e| e.fact("at", &text.at))
}

pub(super) fn template(text: &Located<String>) -> Result<Template, Error> {
    Template::parse(&text.value).map_err(|e| e.fact("at", &text.at))
}

/// A name becomes a file name on every system, and part of an environment variable.
fn check_name(name: &Located<String>, what: &str) -> Result<(), Error> {
    let text = name.value.as_str();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edges_ok = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && !text.ends_with('.');
    if !text.is_empty()
        && text.chars().all(allowed)
        && edges_ok
        && !is_device(text)
        && !text.to_ascii_lowercase().ends_with(".exe")
    {
        return Ok(());
    }
    Err(name
        .error(Kind::BadValue, format!("`{text}` cannot be {what}"))
        .help("use letters, digits, `-`, `_` and `.`, begin with a letter or digit, and leave `.exe` to the toolkit"))
}

/// Two sidecars under one name would overwrite each other; case does not count, as on macOS and Windows.
fn check_installed_names(sidecars: &BTreeMap<String, Sidecar>) -> Result<(), Error> {
    let mut variables: BTreeMap<String, &Sidecar> = BTreeMap::new();
    for sidecar in sidecars.values() {
        let variable = crate::env::local_override(&sidecar.name);
        if let Some(first) = variables.insert(variable.clone(), sidecar) {
            let headline = format!("sidecars `{}` and `{}` have too similar names", first.name, sidecar.name);
            return Err(Error::new(Kind::NameClash, headline)
                .fact("reason", format!("both would be `{variable}`, and one module in `sidecars.rs`"))
                .fact("first", &first.at)
                .fact("second", &sidecar.at)
                .help("rename one of them in more than `-`, `_`, `.` or case; `install-as` may stay"));
        }
    }
    let mut seen: BTreeMap<String, &Sidecar> = BTreeMap::new();
    for sidecar in sidecars.values() {
        if let Some(first) = seen.insert(sidecar.install_as.to_ascii_lowercase(), sidecar) {
            return Err(Error::new(
                Kind::NameClash,
                format!("sidecars `{}` and `{}` would be installed under one name", first.name, sidecar.name),
            )
            .fact("name", &sidecar.install_as)
            .fact("first", &first.at)
            .fact("second", &sidecar.at)
            .help(format!("give one of them another `install-as`, such as `{}-2`", sidecar.install_as)));
        }
    }
    Ok(())
}

/// `90s`, `30m`, `12h`, `3d`, `2w`.
pub(crate) fn duration(text: &str) -> Result<Duration, Error> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit.trim() {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        "w" => Some(604_800),
        _ => None,
    };
    match (number.parse::<u32>(), seconds) {
        (Ok(number), Some(seconds)) => Ok(Duration::from_secs(u64::from(number) * seconds)),
        _ => Err(Error::new(Kind::BadValue, format!("`{text}` is not a duration"))
            .help("write a whole number and a unit: `90s`, `30m`, `12h`, `3d`, `2w`")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Wanted;
    use super::*;

    fn parse(text: &str) -> Result<Manifest, Error> {
        manifest(Path::new("sidecar.toml"), text.to_owned())
    }

    fn fails(text: &str) -> (Kind, String) {
        let error = parse(text).unwrap_err();
        (error.kind(), error.to_string())
    }

    #[test]
    fn the_smallest_manifest_wants_the_latest_release_for_the_desktop() {
        let manifest = parse("[sidecar.pocketbase]\ngithub = 'pocketbase/pocketbase'\n").unwrap();
        let sidecar = manifest.sidecar("pocketbase").unwrap();
        assert_eq!((&sidecar.wanted, sidecar.install_as.as_str()), (&Wanted::Latest, "pocketbase"));
        assert_eq!(manifest.targets_of(sidecar).len(), 6);
        assert!(!manifest.is_mandatory());
        assert_eq!(manifest.settings.binaries, "binaries");
        assert_eq!(manifest.settings.windows, ["main"]);
        assert!(!sidecar.http && sidecar.shell.is_none());
    }

    #[test]
    fn emulation_is_on_unless_the_settings_or_the_table_say_otherwise() {
        let of = |text: &str| {
            let sidecar = parse(text).unwrap().sidecars.remove("a").unwrap();
            (sidecar.may_be_emulated(), sidecar.request().remove("emulation"))
        };
        let table = "[sidecar.a]\ngithub = 'a/a'\n";
        let off = "[settings]\nemulation = false\n";
        assert_eq!(of(table), (true, None), "what is not said is no part of the request");
        assert_eq!(of(&format!("{table}emulation = false\n")), (false, Some("false".to_owned())));
        assert_eq!(of(&format!("{off}{table}")), (false, Some("false".to_owned())));
        assert_eq!(of(&format!("{off}{table}emulation = true\n")), (true, Some("true".to_owned())));
        let (kind, text) = fails(&format!("{table}emulation = 'no'\n"));
        assert_eq!(kind, Kind::BadValue, "{text}");
    }

    #[test]
    fn everything_is_read() {
        let manifest = parse(
            r#"
            [settings]
            targets = ["x86_64-pc-windows-msvc", "x86_64-unknown-linux-gnu"]
            binaries = "./a//./bin/"
            windows = ["tools-*"]
            minimum-age = "3d"

            [sidecar.llama-server]
            github = "ggml-org/llama.cpp"
            tag = "b6900"
            bin = "**/llama-server{exe}"
            install-as = "myapp-llama"
            features = ["llm"]
            targets = ["cfg(unix)"]
            asset = { "cfg(unix)" = "a-{tag}", "x86_64-unknown-linux-gnu" = "b-{tag}" }
            shell = { spawn = true }
            http = true
            [sidecar.llama-server.run]
            args = ["--port", "{port}"]
            "#,
        )
        .unwrap();
        let sidecar = manifest.sidecar("llama-server").unwrap();
        let linux = "x86_64-unknown-linux-gnu".parse().unwrap();
        assert_eq!(manifest.targets_of(sidecar), [linux]);
        let linux = &manifest.targets_of(sidecar)[0];
        assert_eq!(
            sidecar.asset_for(linux).unwrap().source(),
            "b-{tag}",
            "an exact triple goes before a cfg"
        );
        assert_eq!(manifest.settings.minimum_age, Some(Duration::from_secs(3 * 86_400)));
        assert_eq!(manifest.settings.binaries, "a/bin");
        assert_eq!(manifest.settings.windows, ["tools-*"]);
        assert!(sidecar.http && sidecar.shell == Some(Shell { spawn: true, ..Shell::default() }));
        assert!(sidecar.is_enabled(&["llm".to_owned()].into()) && !sidecar.is_enabled(&[].into()));
        assert_eq!(
            sidecar.request().into_iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(),
            [
                "asset.cfg(unix)=a-{tag}",
                "asset.x86_64-unknown-linux-gnu=b-{tag}",
                "bin=**/llama-server{exe}",
                "github=ggml-org/llama.cpp",
                "tag=b6900"
            ]
        );
    }

    #[test]
    fn each_mistake_has_its_kind_and_line() {
        let table = "[sidecar.a]\ngithub = 'o/r'\n";
        for (text, kind, line) in [
            ("[settings]\ntargets = ['x86_65-unknown-linux-gnu']\n", Kind::BadValue, 2),
            ("[settings]\nbinaries = '../x'\n", Kind::BadValue, 2),
            ("[settings]\nbinaries = './'\n", Kind::BadValue, 2),
            ("[settings]\nbinaries = 'C:/x'\n", Kind::BadValue, 2),
            ("[settings]\nbinaries = \"a\\nb\"\n", Kind::BadValue, 2),
            (
                &format!("{table}[sidecar.a-b]\ngithub = 'o/r'\n[sidecar.a_b]\ngithub = 'o/r'\n"),
                Kind::NameClash,
                3,
            ),
            ("[settings]\nwindows = ['*']\n", Kind::BadValue, 2),
            ("[settings]\nwindows = ['main', '**']\n", Kind::BadValue, 2),
            ("[settings]\nwindows = ['']\n", Kind::BadValue, 2),
            ("[settings]\nwindows = ['a[']\n", Kind::BadValue, 2),
            ("[settings]\nminimum-age = '3 fortnights'\n", Kind::BadValue, 2),
            ("[sidecar.a]\nversion = '1'\n", Kind::BadValue, 1),
            ("[sidecar.a]\ngithub = 'just-a-name'\n", Kind::BadValue, 2),
            ("[sidecar.'a/b']\ngithub = 'o/r'\n", Kind::BadValue, 1),
            ("[sidecar.'a.exe']\ngithub = 'o/r'\n", Kind::BadValue, 1),
            ("[sidecar.com1]\ngithub = 'o/r'\n", Kind::BadValue, 1),
            ("[sidecar.'nul.x']\ngithub = 'o/r'\n", Kind::BadValue, 1),
            ("[library.a]\nandroid = 'x'\n", Kind::Unsupported, 1),
            (&format!("{table}version = 'v1.x.y'\n"), Kind::BadVersion, 3),
            (&format!("{table}bin = '{{verison}}'\n"), Kind::UnknownPlaceholder, 3),
            (&format!("{table}verison = '1'\n"), Kind::UnknownKey, 3),
            (&format!("{table}http = 'yes'\n"), Kind::BadValue, 3),
            (&format!("{table}shell = true\n"), Kind::BadValue, 3),
            (&format!("{table}layout = 'tree'\nresources = ['x']\nshell = {{}}\n"), Kind::Unsupported, 5),
            (&format!("{table}\nshell = {{ spwan = true }}\n"), Kind::UnknownKey, 4),
            (&format!("{table}[sidecar.b]\ngithub = 'o/r'\ninstall-as = 'A'\n"), Kind::NameClash, 3),
        ] {
            let (found, message) = fails(text);
            assert_eq!(found, kind, "{message}");
            assert!(message.contains(&format!("sidecar.toml:{line}")), "line {line}: {message}");
        }
    }

    #[test]
    fn metadata_of_cargo_toml_takes_the_same_keys() {
        let text = "[package]\nname = 'x'\n[package.metadata.sidecar.sidecar.a]\ngithub = 'o/r'\n";
        let found = metadata(Path::new("Cargo.toml"), text.to_owned()).unwrap().unwrap();
        assert!(found.sidecar("a").is_ok());
        assert!(
            metadata(Path::new("Cargo.toml"), "[package]\nname = 'sidecar'\n".to_owned()).unwrap().is_none()
        );
    }

    #[test]
    fn a_sidecar_named_like_the_package_is_refused() {
        let manifest = parse("[sidecar.app]\ngithub = 'o/r'\n").unwrap();
        assert_eq!(manifest.check_package_name("app").unwrap_err().kind(), Kind::NameIsPackage);
        assert!(manifest.check_package_name("other").is_ok());
    }
}
