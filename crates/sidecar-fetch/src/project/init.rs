//! `init`: everything an app needs to be provisioned, written once. Running it again changes nothing.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table};

use super::Package;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::manifest::{FILE, Manifest};

/// What `init` did and what is left to do by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Initialized {
    /// Files that were created or changed, relative to the app directory.
    pub written: Vec<PathBuf>,
    /// What could not be done automatically, one line each.
    pub by_hand: Vec<String>,
}

/// The manifest that a new app gets: the keys most people want, as comments.
const TEMPLATE: &str = "\
# Programs that ship with this app. `cargo sidecar add OWNER/REPO` writes entries; `cargo sidecar sync` installs them.

[settings]
# Without this, Linux, macOS and Windows on x86-64 and arm64 are attempted; named here, each is mandatory.
# targets = [\"x86_64-unknown-linux-gnu\", \"aarch64-apple-darwin\", \"x86_64-pc-windows-msvc\"]
";

/// The line that `build.rs` needs.
const LINE: &str = "sidecar_fetch::build();";

/// Prepares the app of a package: manifest, the line in `build.rs`, the build-dependency, and an ignore rule for the
/// binaries (which also keeps `tauri dev` from watching them).
///
/// # Errors
/// Where a file cannot be read, parsed or written; what was written before stays.
pub fn init(package: &Package) -> Result<Initialized, Error> {
    let app = package.directory.as_path();
    let mut out = Initialized::default();
    if Manifest::read_if_exists(app)?.is_none() {
        write(&mut out, app, FILE, TEMPLATE)?;
    }
    let manifest = Manifest::read(app)?;
    let cargo_toml = app.join("Cargo.toml");
    let text = fsx::read_to_string(&cargo_toml)?;
    if let Some(changed) = with_build_dependency(&cargo_toml, &text)? {
        write(&mut out, app, "Cargo.toml", &changed)?;
    }
    build_script(app, &mut out)?;
    for file in [".gitignore", ".taurignore"] {
        let rule = format!("/{}/", manifest.settings.binaries);
        let before = fsx::read_if_exists(&app.join(file))?.unwrap_or_default();
        if let Some(after) = with_rule(&before, &rule) {
            write(&mut out, app, file, &after)?;
        }
    }
    Ok(out)
}

fn write(out: &mut Initialized, app: &Path, name: &str, text: &str) -> Result<(), Error> {
    fsx::write_atomic(&app.join(name), text)?;
    out.written.push(PathBuf::from(name));
    Ok(())
}

fn build_script(app: &Path, out: &mut Initialized) -> Result<(), Error> {
    let Some(text) = fsx::read_if_exists(&app.join("build.rs"))? else {
        out.by_hand.push(format!("this package has no build.rs; write one with `fn main() {{ {LINE} }}`"));
        return Ok(());
    };
    match with_line(&text) {
        BuildScript::HasIt => {}
        BuildScript::Changed(text) => write(out, app, "build.rs", &text)?,
        BuildScript::Unclear => {
            out.by_hand.push(format!(
                "build.rs does not call `tauri_build::build()`; put `{LINE}` above the call that builds"
            ));
        }
    }
    Ok(())
}

enum BuildScript {
    HasIt,
    Changed(String),
    Unclear,
}

/// `build.rs` with our line above the first call into `tauri_build`.
fn with_line(text: &str) -> BuildScript {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    if text.lines().any(|line| code(line).contains("sidecar_fetch::")) {
        return BuildScript::HasIt;
    }
    let is_call = |line: &str| {
        code(line).contains("tauri_build::build(") || code(line).contains("tauri_build::try_build(")
    };
    let Some(at) = text.lines().position(is_call) else { return BuildScript::Unclear };
    let mut out = String::with_capacity(text.len() + LINE.len() + 8);
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        // In `fn main() { tauri_build::build() }` the line goes in front of the call, not of the function.
        let call = rest.find("tauri_build::").unwrap_or(0);
        if i == at && call == 0 {
            let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
            out.extend([indent, LINE, end, line]);
        } else if i == at && rest[..call].trim_end().ends_with('{') {
            out.extend([indent, &rest[..call], LINE, " ", &rest[call..]]);
        } else if i == at {
            return BuildScript::Unclear;
        } else {
            out.push_str(line);
        }
    }
    BuildScript::Changed(out)
}

/// The `Cargo.toml` with our build-dependency; `None` where it has it already.
fn with_build_dependency(path: &Path, text: &str) -> Result<Option<String>, Error> {
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| {
        Error::new(Kind::ManifestInvalid, "`Cargo.toml` is not valid TOML")
            .fact("file", path.display())
            .fact("cause", e.message().lines().collect::<Vec<_>>().join("; "))
    })?;
    let table = document.entry("build-dependencies").or_insert_with(|| Item::Table(Table::new()));
    let Some(dependencies) = table.as_table_like_mut() else { return Ok(None) };
    if dependencies.contains_key("sidecar-fetch") {
        return Ok(None);
    }
    let (major_minor, _) =
        env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap_or((env!("CARGO_PKG_VERSION"), ""));
    dependencies.insert("sidecar-fetch", toml_edit::value(major_minor));
    Ok(Some(document.to_string()))
}

/// An ignore file with a rule added; `None` where it has it already, in any of the usual spellings.
fn with_rule(before: &str, rule: &str) -> Option<String> {
    let bare = rule.trim_matches('/');
    if before.lines().any(|line| line.trim().trim_matches('/') == bare) {
        return None;
    }
    let newline = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    Some(format!("{before}{newline}{rule}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(files: &[(&str, &str)]) -> (tempfile::TempDir, Package) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fsx::write_atomic(&dir.path().join(name), text).unwrap();
        }
        let package = Package { name: "app".into(), directory: dir.path().into(), ..Package::default() };
        (dir, package)
    }

    #[test]
    fn prepares_an_app_once() {
        let (dir, package) = app(&[
            ("Cargo.toml", "[package]\nname = \"app\" # mine\n"),
            ("build.rs", "fn main() {\n    tauri_build::build()\n}\n"),
            (".gitignore", "/target"),
        ]);
        let first = init(&package).unwrap();
        assert_eq!(first.written.len(), 5, "{first:?}");
        assert_eq!(init(&package).unwrap(), Initialized::default());
        let read = |name: &str| fsx::read_to_string(&dir.path().join(name)).unwrap();
        assert_eq!(
            read("build.rs"),
            "fn main() {\n    sidecar_fetch::build();\n    tauri_build::build()\n}\n"
        );
        assert!(
            read("Cargo.toml").starts_with("[package]\nname = \"app\" # mine\n")
                && read("Cargo.toml").contains("sidecar-fetch = \"0.")
        );
        assert_eq!(read(".gitignore"), "/target\n/binaries/\n");
    }

    #[test]
    fn one_line_scripts_and_others() {
        let BuildScript::Changed(text) = with_line("fn main() { tauri_build::build() }") else {
            panic!("not changed")
        };
        assert_eq!(text, "fn main() { sidecar_fetch::build(); tauri_build::build() }");
        assert!(matches!(with_line("fn main() { sidecar_fetch::build(); }"), BuildScript::HasIt));
        assert!(matches!(
            with_line("fn main() { let r = tauri_build::try_build(a); }"),
            BuildScript::Unclear
        ));
        assert!(matches!(with_line("// tauri_build::build()\nfn main() {}"), BuildScript::Unclear));
    }

    #[test]
    fn a_package_without_build_script_is_told_what_to_do() {
        let (_dir, package) = app(&[(
            "Cargo.toml",
            "[package]\nname = \"app\"\n[build-dependencies]\nsidecar-fetch = '0.1'\n",
        )]);
        let done = init(&package).unwrap();
        assert_eq!(done.by_hand.len(), 1);
        assert!(!done.written.contains(&PathBuf::from("Cargo.toml")));
    }
}
