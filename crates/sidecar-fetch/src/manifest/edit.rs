//! Adding and removing sidecars in a manifest that a person keeps: comments, order and formatting survive.

use std::path::Path;

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

use crate::error::{Error, Kind};
use crate::fsx;

/// What `add` writes into a sidecar's table, in this order; keys that are `None` or empty are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewSidecar {
    pub(crate) name: String,
    /// The key of its source, and the value.
    pub(crate) source: (&'static str, String),
    /// The values of the source for several targets, instead of one for all.
    pub(crate) addresses: Vec<(String, String)>,
    pub(crate) checksums: Option<String>,
    pub(crate) version_from: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) tag_prefix: Option<String>,
    pub(crate) bin: Option<String>,
    /// Globs of companions; some make it a tree.
    pub(crate) resources: Vec<String>,
    pub(crate) install_as: Option<String>,
    pub(crate) features: Vec<String>,
    /// The targets and `cfg`s that it is for; none: all.
    pub(crate) targets: Vec<String>,
    /// Target or `cfg` to asset name.
    pub(crate) assets: Vec<(String, String)>,
}

/// The text of the manifest with a sidecar added at its end.
pub(crate) fn add(path: &Path, text: &str, new: &NewSidecar) -> Result<String, Error> {
    let mut document = parse(path, text)?;
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    let sidecars = sidecar_table(&mut document, path, true).ok_or_else(|| misplaced(path))?;
    if sidecars.contains_key(&new.name) {
        return Err(Error::new(
            Kind::SidecarExists,
            format!("the manifest already has a sidecar `{}`", new.name),
        )
        .fact("manifest", path.display())
        .help(format!(
            "`cargo sidecar update {0}` moves it to a newer release; `--name` adds another beside it",
            new.name
        )));
    }
    let mut table = Table::new();
    table.insert(new.source.0, source_of(new));
    let optional = [
        ("checksums", &new.checksums),
        ("version", &new.version),
        ("tag", &new.tag),
        ("tag-prefix", &new.tag_prefix),
        ("version-from", &new.version_from),
        ("bin", &new.bin),
        ("install-as", &new.install_as),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            table.insert(key, toml_edit::value(value));
        }
    }
    if !new.resources.is_empty() {
        table.insert("layout", toml_edit::value("tree"));
        table.insert("resources", Item::Value(new.resources.iter().collect::<Value>()));
    }
    if !new.features.is_empty() {
        table.insert("features", Item::Value(new.features.iter().collect::<Value>()));
    }
    if !new.targets.is_empty() {
        table.insert("targets", Item::Value(new.targets.iter().collect::<Value>()));
    }
    if !new.assets.is_empty() {
        let mut assets = InlineTable::new();
        for (target, name) in &new.assets {
            assets.insert(target, name.into());
        }
        table.insert("asset", Item::Value(Value::InlineTable(assets)));
    }
    // At the end of the file whatever stands there: comments at the end belong to what is above them.
    table.set_position(Some(isize::MAX));
    let above = trailing.trim_end();
    if !text.trim().is_empty() {
        table.decor_mut().set_prefix(if above.is_empty() { "\n".to_owned() } else { format!("{above}\n\n") });
    }
    sidecars.insert(&new.name, Item::Table(table));
    // In an inline table it became a value, and the comments stay where they are.
    if sidecars.get(&new.name).is_some_and(Item::is_table) {
        document.set_trailing("");
    }
    Ok(in_style_of(text, document.to_string()))
}

/// The value of the source key: one for all targets, or a table.
fn source_of(new: &NewSidecar) -> Item {
    if new.addresses.is_empty() {
        return toml_edit::value(&new.source.1);
    }
    let mut addresses = Table::new();
    for (target, address) in &new.addresses {
        addresses.insert(target, toml_edit::value(address));
    }
    addresses.set_position(Some(isize::MAX));
    Item::Table(addresses)
}

/// The text of the manifest without a sidecar. Comments right above its table go with it; those that a blank line
/// parts from it stay.
pub(crate) fn remove(path: &Path, text: &str, name: &str) -> Result<String, Error> {
    let mut document = parse(path, text)?;
    let removed = sidecar_table(&mut document, path, false).and_then(|sidecars| sidecars.remove(name));
    let Some(removed) = removed else {
        return Err(Error::new(
            Kind::UnknownSidecar,
            format!("there is no sidecar `{name}` in the manifest"),
        )
        .fact("manifest", path.display()));
    };
    if is_cargo_toml(path) {
        keep_declaration(&mut document);
    }
    if let Some(table) = removed.as_table() {
        let above = table.decor().prefix().and_then(|p| p.as_str()).unwrap_or_default();
        if let Some((kept, _)) = above.rsplit_once("\n\n").filter(|(kept, _)| !kept.trim().is_empty()) {
            put_comments(&mut document, &format!("{kept}\n"), table.position().unwrap_or(isize::MAX));
        }
    }
    let mut after = document.to_string();
    if !text.starts_with('\n') {
        after.drain(..after.len() - after.trim_start_matches('\n').len());
    }
    Ok(in_style_of(text, after))
}

/// An app without sidecars still declares that it may have some, as an empty `sidecar.toml` does; its build script
/// would not find a manifest otherwise.
fn keep_declaration(document: &mut DocumentMut) {
    let metadata = document.get_mut("package").and_then(|package| package.get_mut("metadata"));
    let Some(own) = metadata.and_then(|m| m.get_mut("sidecar")).and_then(Item::as_table_mut) else { return };
    if own.get("sidecar").and_then(Item::as_table_like).is_some_and(toml_edit::TableLike::is_empty) {
        own.remove("sidecar");
    }
    if own.is_empty() {
        own.set_implicit(false);
    }
}

/// Puts comments in front of the first table behind `position`, or at the end of the file.
fn put_comments(document: &mut DocumentMut, comments: &str, position: isize) {
    fn next<'d>(table: &'d mut Table, position: isize, best: &mut Option<&'d mut Table>) {
        let mut tables: Vec<&mut Table> = Vec::new();
        for (_, item) in table.iter_mut() {
            match item {
                Item::Table(table) => tables.push(table),
                Item::ArrayOfTables(array) => tables.extend(array.iter_mut()),
                _ => {}
            }
        }
        for table in tables {
            let shown = !table.is_dotted() && !table.is_implicit();
            let at = table.position().filter(|at| shown && *at > position);
            let best_at = best.as_ref().and_then(|table| table.position()).unwrap_or(isize::MAX);
            if at.is_some_and(|at| at < best_at) {
                *best = Some(table);
            } else {
                next(table, position, best);
            }
        }
    }
    let mut best = None;
    next(document.as_table_mut(), position, &mut best);
    let Some(table) = best else {
        let trailing = document.trailing().as_str().unwrap_or_default();
        let trailing = format!("{comments}{trailing}");
        document.set_trailing(trailing);
        return;
    };
    let prefix = table.decor().prefix().and_then(|p| p.as_str()).unwrap_or_default();
    let prefix = format!("{comments}{prefix}");
    table.decor_mut().set_prefix(prefix);
}

/// Reads the file, or nothing where it does not exist yet.
pub(crate) fn text_of(path: &Path) -> Result<String, Error> {
    fsx::read_if_exists(path).map(Option::unwrap_or_default)
}

fn parse(path: &Path, text: &str) -> Result<DocumentMut, Error> {
    text.parse().map_err(|e: toml_edit::TomlError| {
        Error::new(Kind::ManifestInvalid, "the manifest is not valid TOML")
            .fact("manifest", path.display())
            .fact("cause", e.message().lines().collect::<Vec<_>>().join("; "))
    })
}

fn misplaced(path: &Path) -> Error {
    Error::new(Kind::ManifestInvalid, "`sidecar` is not a table in the manifest")
        .fact("manifest", path.display())
}

/// The table that holds the sidecars: `[sidecar]`, in a Cargo.toml below `[package.metadata.sidecar]`.
fn sidecar_table<'d>(
    document: &'d mut DocumentMut,
    path: &Path,
    create: bool,
) -> Option<&'d mut dyn toml_edit::TableLike> {
    let road: &[&str] =
        if is_cargo_toml(path) { &["package", "metadata", "sidecar", "sidecar"] } else { &["sidecar"] };
    let mut item = document.as_item_mut();
    for key in road {
        let table = item.as_table_like_mut()?;
        if !table.contains_key(key) {
            if !create {
                return None;
            }
            let mut implicit = Table::new();
            implicit.set_implicit(true);
            table.insert(key, Item::Table(implicit));
        }
        item = table.get_mut(key)?;
    }
    item.as_table_like_mut()
}

fn is_cargo_toml(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "Cargo.toml")
}

/// `toml_edit` writes LF; a file that came with CRLF keeps it.
fn in_style_of(before: &str, after: String) -> String {
    if before.contains("\r\n") { after.replace("\r\n", "\n").replace('\n', "\r\n") } else { after }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "sidecar.toml";

    fn new(name: &str) -> NewSidecar {
        NewSidecar {
            name: name.into(),
            source: ("github", "o/r".into()),
            version: Some("1.2".into()),
            ..NewSidecar::default()
        }
    }

    #[test]
    fn adding_keeps_comments_and_order() {
        let before = "# mine\n[settings] # here\nbinaries='b'\n\n[sidecar.z]\ngithub   =   'a/b' # odd\n";
        let after = add(Path::new(PATH), before, &new("a")).unwrap();
        assert_eq!(after, format!("{before}\n[sidecar.a]\ngithub = \"o/r\"\nversion = \"1.2\"\n"));
        assert_eq!(remove(Path::new(PATH), &after, "a").unwrap(), before);
    }

    #[test]
    fn comments_at_the_end_stay_above() {
        let before = "[settings]\n# targets = []\n";
        let after = add(Path::new(PATH), before, &new("a")).unwrap();
        assert_eq!(after, format!("{before}\n[sidecar.a]\ngithub = \"o/r\"\nversion = \"1.2\"\n"));
    }

    #[test]
    fn an_empty_file_and_a_cargo_toml_get_the_right_table() {
        assert_eq!(
            add(Path::new(PATH), "", &new("a")).unwrap(),
            "[sidecar.a]\ngithub = \"o/r\"\nversion = \"1.2\"\n"
        );
        let cargo = add(Path::new("x/Cargo.toml"), "[package]\nname = \"x\"\n", &new("a")).unwrap();
        assert!(cargo.contains("\n[package.metadata.sidecar.sidecar.a]\n"), "{cargo}");
    }

    #[test]
    fn comments_of_others_stay_where_they_are() {
        let before = "[sidecar.z]\ngithub = 'a/b'\n\n[settings]\nbinaries = 'b'\n# targets = []\n";
        let after = add(Path::new(PATH), before, &new("a")).unwrap();
        assert_eq!(after, format!("{before}\n[sidecar.a]\ngithub = \"o/r\"\nversion = \"1.2\"\n"));
        assert_eq!(remove(Path::new(PATH), &after, "a").unwrap(), before);
        let cargo = "[package]\nname = 'x'\n\n[package.metadata.sidecar.settings]\nbinaries = 'b'\n\n[features]\n# none yet\n";
        let after = add(Path::new("Cargo.toml"), cargo, &new("a")).unwrap();
        assert!(after.starts_with(cargo), "{after}");
        assert_eq!(remove(Path::new("Cargo.toml"), &after, "a").unwrap(), cargo);
        let inline = "sidecar = { z = { github = 'a/b' } }\n# the end\n";
        let after = add(Path::new(PATH), inline, &new("a")).unwrap();
        assert!(after.ends_with("\n# the end\n"), "{after}");
    }

    #[test]
    fn the_head_of_the_file_survives_its_first_sidecar() {
        let text =
            "# my app\n\n# about a\n[sidecar.a]\ngithub = 'o/r'\n\n# about b\n[sidecar.b]\ngithub = 'o/r'\n";
        let without = remove(Path::new(PATH), text, "a").unwrap();
        assert_eq!(without, "# my app\n\n# about b\n[sidecar.b]\ngithub = 'o/r'\n");
        assert_eq!(remove(Path::new(PATH), &without, "b").unwrap(), "# my app\n");
        let bare = "[sidecar.a]\ngithub = 'o/r'\n\n[sidecar.b]\ngithub = 'o/r'\n";
        assert_eq!(remove(Path::new(PATH), bare, "a").unwrap(), "[sidecar.b]\ngithub = 'o/r'\n");
    }

    #[test]
    fn the_last_sidecar_of_a_cargo_toml_leaves_the_declaration() {
        let text =
            "[package]\nname = 'x'\n\n[package.metadata.sidecar.sidecar.a]\ngithub = 'o/r'\n\n[features]\n";
        let after = remove(Path::new("Cargo.toml"), text, "a").unwrap();
        assert!(after.contains("\n[package.metadata.sidecar]\n"), "{after}");
        assert!(
            crate::manifest::Manifest::parse(Path::new("Cargo.toml"), after).unwrap().sidecars.is_empty()
        );
    }

    #[test]
    fn every_key_is_written_and_parses_again() {
        let full = NewSidecar {
            tag_prefix: Some("cli/".into()),
            bin: Some("bin/x{exe}".into()),
            install_as: Some("my-x".into()),
            resources: vec!["**/*.so*".into(), "**/*.dll".into()],
            features: vec!["f".into()],
            targets: vec!["cfg(unix)".into()],
            assets: vec![("cfg(unix)".into(), "x-{tag}".into())],
            ..new("x")
        };
        let text = add(Path::new(PATH), "", &full).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fsx::write_atomic(&dir.path().join(PATH), &text).unwrap();
        let manifest = crate::manifest::Manifest::read(dir.path()).unwrap();
        let sidecar = manifest.sidecar("x").unwrap();
        assert_eq!(
            (
                sidecar.install_as.as_str(),
                sidecar.assets.len(),
                sidecar.features.len(),
                sidecar.targets.len()
            ),
            ("my-x", 1, 1, 1)
        );
        assert_eq!(sidecar.request()["resources"], "**/*.so* | **/*.dll");
    }

    #[test]
    fn line_ends_survive_and_twice_is_refused() {
        let after = add(Path::new(PATH), "[settings]\r\n", &new("a")).unwrap();
        assert!(
            after.lines().count() > 3 && after.matches('\n').count() == after.matches("\r\n").count(),
            "{after:?}"
        );
        assert_eq!(add(Path::new(PATH), &after, &new("a")).unwrap_err().kind(), Kind::SidecarExists);
        assert_eq!(remove(Path::new(PATH), &after, "b").unwrap_err().kind(), Kind::UnknownSidecar);
    }
}
