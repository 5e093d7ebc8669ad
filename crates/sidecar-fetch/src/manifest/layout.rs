//! `layout` and `resources`: whether a binary is installed alone or with the files that must lie beside it.

use crate::doc::{Located, Table};
use crate::error::{Error, Kind};
use crate::template::Template;

/// What is installed of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The binary alone, as `<binaries>/<install-as>-<triple>`, which Tauri knows as `bundle.externalBin`.
    #[default]
    File,
    /// The binary and its companions, as they lie in the archive, below `<binaries>/<install-as>/`, which Tauri knows
    /// as `bundle.resources`.
    Tree {
        /// Globs over the archive's paths: which members are companions.
        resources: Vec<Template>,
    },
}

/// Between the patterns of `resources` where they stand in one text.
const BETWEEN: &str = " | ";

impl Layout {
    /// Takes the two keys of a sidecar's table.
    pub(super) fn take(sidecar: &str, table: &mut Table<'_>) -> Result<Self, Error> {
        let (layout, resources) = (table.string("layout")?, table.strings("resources")?);
        let help = "write `layout = \"tree\"` and `resources = [\"**/*.so*\", \"**/*.dll\", \"**/*.dylib\"]`";
        match layout.as_ref().map(|layout| layout.value.as_str()) {
            None | Some("file") => match resources.as_ref().and_then(|patterns| patterns.first()) {
                Some(first) => Err(first
                    .error(Kind::BadValue, format!("sidecar `{sidecar}` has `resources` and is no tree"))
                    .fact("reason", "companions are installed with `layout = \"tree\"` only")
                    .help(help)),
                None => Ok(Self::File),
            },
            Some("tree") => match resources.filter(|patterns| !patterns.is_empty()) {
                Some(patterns) => {
                    Ok(Self::Tree { resources: patterns.iter().map(pattern).collect::<Result<_, _>>()? })
                }
                None => Err(table
                    .error(Kind::BadValue, format!("sidecar `{sidecar}` is a tree and names no `resources`"))
                    .fact("reason", "a binary that needs no other file is installed without `layout`")
                    .help(help)),
            },
            Some(other) => {
                let error = layout.as_ref().map_or_else(
                    || table.error(Kind::BadValue, "`layout` is not known"),
                    |at| at.error(Kind::BadValue, format!("`{other}` is no layout")),
                );
                Err(error.fact("known", "file, tree").help(help))
            }
        }
    }

    /// The patterns in one text, for the lock; `None` where there are no companions.
    pub(super) fn request(&self) -> Option<String> {
        match self {
            Self::File => None,
            Self::Tree { resources } => {
                Some(resources.iter().map(Template::source).collect::<Vec<_>>().join(BETWEEN))
            }
        }
    }
}

/// One pattern of `resources`; a bad one is told where it stands.
fn pattern(text: &Located<String>) -> Result<Template, Error> {
    let template = super::parse::template(text)?;
    if let Err(e) = glob::Pattern::new(template.source()) {
        let headline = format!("`{}` in `resources` is not a glob", text.value);
        return Err(text.error(Kind::BadValue, headline).fact("cause", e.msg));
    }
    if template.source().contains(BETWEEN) {
        return Err(text.error(Kind::BadValue, "a pattern of `resources` cannot contain ` | `"));
    }
    Ok(template)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Manifest, parse};
    use super::*;
    use crate::config::{Owned, Platform, Wanted};

    fn manifest(keys: &str) -> Result<Manifest, Error> {
        parse::manifest(Path::new("sidecar.toml"), format!("[sidecar.a]\ngithub = 'o/r'\n{keys}\n"))
    }

    #[test]
    fn a_sidecar_is_one_file_where_nothing_else_is_said() {
        for keys in ["", "layout = 'file'", "resources = []"] {
            let manifest = manifest(keys).unwrap();
            assert_eq!(manifest.sidecars["a"].layout, Layout::File, "{keys}");
            assert!(!manifest.sidecars["a"].request().contains_key("layout"));
        }
    }

    #[test]
    fn a_change_of_a_trees_patterns_is_a_change_of_its_request() {
        let of = |patterns| manifest(&format!("layout = 'tree'\nresources = {patterns}")).unwrap();
        let request = of("['**/*.so*', 'lib/{name}/*']").sidecars["a"].request();
        assert_eq!((&*request["layout"], &*request["resources"]), ("tree", "**/*.so* | lib/{name}/*"));
        assert_ne!(of("['**/*.so*']").sidecars["a"].request(), request);
    }

    #[test]
    fn each_mistake_says_where_it_is() {
        for (keys, kind, line, part) in [
            ("layout = 'folder'", Kind::BadValue, 3, "`folder` is no layout"),
            ("layout = 'tree'", Kind::BadValue, 1, "names no `resources`"),
            ("layout = 'tree'\nresources = []", Kind::BadValue, 1, "names no `resources`"),
            ("resources = ['x']", Kind::BadValue, 3, "is no tree"),
            ("layout = 'file'\nresources = ['x']", Kind::BadValue, 4, "is no tree"),
            ("layout = 'tree'\nresources = [\n 'a',\n '***']", Kind::BadValue, 6, "is not a glob"),
            ("layout = 'tree'\nresources = ['{verison}']", Kind::UnknownPlaceholder, 4, "{version}"),
            ("layout = 'tree'\nresources = ['a | b']", Kind::BadValue, 4, "cannot contain"),
            ("layout = 'tree'\nresources = 'a'", Kind::BadValue, 4, "an array of strings"),
        ] {
            let error = manifest(keys).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            let text = error.to_string();
            assert!(text.contains(&format!("sidecar.toml:{line}:")) && text.contains(part), "{keys}: {text}");
        }
    }

    #[test]
    fn a_tree_is_a_resource_and_no_program_to_tauri() {
        let text = "[settings]\nbinaries = 'b'\n[sidecar.a]\ngithub = 'o/r'\n[sidecar.t]\ngithub = 'o/r'\ninstall-as = 'my-t'\n\
                    layout = 'tree'\nresources = ['x']\n";
        let manifest = parse::manifest(Path::new("sidecar.toml"), text.to_owned()).unwrap();
        let features = std::collections::BTreeSet::new();
        let target = "x86_64-unknown-linux-gnu".parse().unwrap();
        for wanted in [
            Wanted::for_target(&manifest, &target, &features),
            Wanted::for_platform(&manifest, Platform::of(&target), &features),
        ] {
            assert_eq!((wanted.external_bin, wanted.resources), (vec!["b/a".into()], vec!["b/my-t/".into()]));
        }
        assert!(Owned::new(&manifest, &[]).has("./b/my-t/"), "whatever the spelling");
    }

    #[test]
    fn a_tree_may_have_the_name_of_the_package() {
        let alone = manifest("").unwrap().check_package_name("a");
        assert_eq!(alone.unwrap_err().kind(), Kind::NameIsPackage);
        manifest("layout = 'tree'\nresources = ['x']").unwrap().check_package_name("a").unwrap();
    }
}
