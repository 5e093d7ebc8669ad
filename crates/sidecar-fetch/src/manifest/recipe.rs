//! Recipes: for well-known programs, the entry of the manifest that the chooser alone would not arrive at.

mod table;

use std::collections::BTreeSet;
use std::path::Path;

use super::{Layout, Manifest, Sidecar, parse};
use crate::doc::{Document, Table};
use crate::error::{Error, Kind, nearest, some_of};
use crate::resolve::choose::{self, Explanation, Query};
use crate::resolve::version;
use crate::target::{DESKTOP, Target, TargetPattern};
use crate::template::{Template, Values};

/// The keys of a recipe. All others are about the app that takes the program, not about the program.
const KEYS: [&str; 8] =
    ["github", "tag-prefix", "bin", "layout", "resources", "install-as", "targets", "asset"];

/// What is known of a well-known program: where its releases are, and what their names do not say. `cargo sidecar add
/// <name>` writes it out, so that nothing depends on the recipe afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The program as its executable is called, which is also its name in a manifest.
    pub name: String,
    /// `OWNER/REPO` on GitHub.
    pub repository: String,
    /// What it is, in one line; empty where the recipe does not say.
    pub description: String,
    /// The program's own page.
    pub page: Option<String>,
    sidecar: Sidecar,
}

impl Recipe {
    /// The triples that a recipe is held to: the six desktop targets.
    pub const TARGETS: [&'static str; 6] = DESKTOP;

    /// The recipes that this version comes with, by name.
    ///
    /// # Errors
    /// None in a release: the recipes are checked before.
    pub fn all() -> Result<Vec<Self>, Error> {
        table::RECIPES.iter().map(|(name, text)| Self::parse(&file(name), text)).collect()
    }

    /// Parses a recipe, a `sidecar.toml` with one table that has the file's name. `path` is what errors point to.
    ///
    /// # Errors
    /// Those of a manifest, with the line, and [`Kind::UnknownKey`] for keys that only an app can decide.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let manifest = parse::manifest(path, text.to_owned())?;
        check_keys(path, text)?;
        let Manifest { sidecars, .. } = manifest;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut sidecars = sidecars.into_values();
        let (Some(sidecar), None) = (sidecars.next(), sidecars.next()) else {
            return Err(Error::new(Kind::ManifestInvalid, "a recipe has one table")
                .fact("at", path.display())
                .help(format!("write `[sidecar.{stem}]`")));
        };
        if sidecar.name != stem {
            return Err(Error::new(
                Kind::BadValue,
                format!("the recipe of `{}` has another name", sidecar.name),
            )
            .fact("at", &sidecar.at)
            .help(format!("name the file `{}.toml`", sidecar.name)));
        }
        let comments = || text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
        let is_page = |line: &&str| line.starts_with("https://");
        Ok(Self {
            name: sidecar.name.clone(),
            repository: sidecar.source.to_string(),
            description: comments().find(|line| !is_page(line)).unwrap_or_default().to_owned(),
            page: comments().find(is_page).map(str::to_owned),
            sidecar,
        })
    }

    /// Whether the name, the repository or the description holds `word`; case does not count.
    pub fn matches(&self, word: &str) -> bool {
        let word = word.to_ascii_lowercase();
        [&self.name, &self.repository, &self.description]
            .iter()
            .any(|text| text.to_ascii_lowercase().contains(&word))
    }

    /// Explains which of the assets of a release is taken for a target, as [`explain`](crate::explain) does, after the
    /// names that the recipe gives.
    ///
    /// # Errors
    /// [`Kind::AssetNotFound`] where the recipe names an asset that the release does not have: adding it would fail.
    pub fn explain(&self, names: &[&str], tag: &str, target: &str) -> Result<Explanation, Error> {
        let target = Target::parse(target)?;
        let version = version::of_tag(tag).map_or_else(|| tag.to_owned(), |v| v.to_string());
        let values = Values { name: &self.name, tag, version: &version, target: &target };
        let Some(template) = self.sidecar.asset_for(&target) else {
            let (tool, repo) = (&*self.name, &*self.repository);
            let query = Query { target: &target, tool, repo, tag, emulation: false };
            return Ok(choose::explain(names, &query));
        };
        let asset = template.expand(&values);
        match names.iter().find(|name| name.eq_ignore_ascii_case(&asset)) {
            Some(name) => Ok(Explanation {
                picks: vec![(*name).to_owned()],
                rule: "named by the recipe".to_owned(),
                emulated: false,
                assets: Vec::new(),
            }),
            None => Err(Error::new(
                Kind::AssetNotFound,
                format!("release `{tag}` has no asset named `{asset}`, which the recipe asks for"),
            )),
        }
    }

    /// Whether the recipe is for a target. One without `targets` is for all, and the release says which it has.
    ///
    /// # Errors
    /// [`Kind::BadValue`] for a text that is no target triple.
    pub fn is_for(&self, target: &str) -> Result<bool, Error> {
        Ok(self.sidecar.is_for(&Target::parse(target)?))
    }

    /// What assets are named for: triples and `cfg(…)`.
    pub fn overrides(&self) -> Vec<String> {
        self.sidecar.assets.iter().map(|(pattern, _)| pattern.to_string()).collect()
    }

    /// The recipe without the asset that it names for `pattern`.
    #[must_use]
    pub fn without_override(&self, pattern: &str) -> Self {
        let mut out = self.clone();
        out.sidecar.assets.retain(|(known, _)| known.to_string() != pattern);
        out
    }

    /// The recipe of that name, or an error with those that could be meant.
    pub(crate) fn named(name: &str) -> Result<Self, Error> {
        let mut all = Self::all()?;
        if let Some(at) = all.iter().position(|recipe| recipe.name == name) {
            return Ok(all.swap_remove(at));
        }
        let mut meant: Vec<&str> = Vec::new();
        if !name.is_empty() {
            meant.extend(nearest(name, all.iter().map(|recipe| recipe.name.as_str())));
            let holding =
                all.iter().filter(|recipe| recipe.matches(name) && meant.first() != Some(&&*recipe.name));
            meant.extend(holding.map(|recipe| recipe.name.as_str()).collect::<Vec<_>>());
        }
        let error = Error::new(Kind::UnknownRecipe, format!("there is no recipe `{name}`"));
        let error = if meant.is_empty() { error } else { error.fact("nearest", some_of(meant)) };
        Err(error.help(
            "write the program's repository as `OWNER/REPO`; `cargo sidecar add --list` shows the recipes",
        ))
    }

    /// The entry, with a request for the newest release.
    pub(crate) fn sidecar(&self) -> &Sidecar {
        &self.sidecar
    }

    pub(crate) fn tag_prefix(&self) -> Option<&str> {
        self.sidecar.tag_prefix.as_deref()
    }

    pub(crate) fn bin(&self) -> Option<&str> {
        self.sidecar.bin.as_ref().map(Template::source)
    }

    pub(crate) fn resources(&self) -> Vec<String> {
        match &self.sidecar.layout {
            Layout::File => Vec::new(),
            Layout::Tree { resources } => resources.iter().map(|p| p.source().to_owned()).collect(),
        }
    }

    /// The name under which it is installed, where it is another one.
    pub(crate) fn install_as(&self) -> Option<&str> {
        Some(self.sidecar.install_as.as_str()).filter(|install_as| *install_as != self.name)
    }

    /// The targets that it is for, with those of `given`; none: all.
    pub(crate) fn targets_with(&self, given: &[TargetPattern]) -> Vec<String> {
        let own = &self.sidecar.targets;
        if own.is_empty() {
            return Vec::new();
        }
        let is_new = |given: &&TargetPattern| {
            let target = given.to_string().parse::<Target>();
            !own.contains(given) && !target.is_ok_and(|target| self.sidecar.is_for(&target))
        };
        own.iter().chain(given.iter().filter(is_new)).map(ToString::to_string).collect()
    }

    /// Target or `cfg(…)` to asset, for the targets that `given` names none for. Beside a `cfg(…)` that was given by hand,
    /// an exact triple of the recipe would win, and between two of them the order of their names would decide.
    pub(crate) fn assets_beside(&self, given: &[TargetPattern]) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for (pattern, template) in &self.sidecar.assets {
            let asset = template.source().to_owned();
            let exact = pattern.to_string();
            let targets =
                DESKTOP.into_iter().chain([exact.as_str()]).filter_map(|name| name.parse::<Target>().ok());
            let targets: BTreeSet<Target> = targets.filter(|target| pattern.matches(target)).collect();
            let is_given = |target: &&Target| given.iter().any(|given| given.matches(target));
            if targets.iter().any(|target| is_given(&target)) {
                let rest = targets.iter().filter(|target| !is_given(target));
                out.extend(rest.map(|target| (target.to_string(), asset.clone())));
            } else {
                out.push((exact, asset));
            }
        }
        out
    }
}

/// Where a recipe lies in the repository, for errors.
fn file(name: &str) -> std::path::PathBuf {
    Path::new("manifests").join(format!("{name}.toml"))
}

/// Refuses the keys of a manifest that a recipe has not.
fn check_keys(path: &Path, text: &str) -> Result<(), Error> {
    let document = Document::new(path, text.to_owned());
    let mut root = document.parse(Kind::ManifestInvalid)?;
    if let Some(settings) = root.take("settings") {
        return Err(settings.error(Kind::UnknownKey, "a recipe has no `[settings]`"));
    }
    for (_, table) in root.table("sidecar")?.into_iter().flat_map(Table::into_entries) {
        for (key, _) in table.table()?.into_entries() {
            if !KEYS.contains(&key.value.as_str()) {
                return Err(key
                    .error(Kind::UnknownKey, format!("a recipe does not say `{}`", key.value))
                    .fact("known", KEYS.join(", "))
                    .fact("reason", "it is for every app and every version"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &str = "x86_64-unknown-linux-gnu";

    fn recipe(text: &str) -> Result<Recipe, Error> {
        Recipe::parse(Path::new("manifests/tool.toml"), text)
    }

    #[test]
    fn every_recipe_parses_is_sorted_and_says_what_it_is() {
        let all = Recipe::all().unwrap();
        assert!(all.len() >= 70, "{}", all.len());
        assert!(all.is_sorted_by(|a, b| a.name < b.name));
        for recipe in &all {
            let (name, about) = (&recipe.name, &recipe.description);
            assert!((4..=60).contains(&about.len()) && !about.ends_with('.'), "{name}: {about}");
            assert!(recipe.page.is_some(), "{name}");
        }
    }

    #[test]
    fn comments_describe_and_keys_are_kept() {
        let recipe = recipe(
            "# A tool\n# https://tool.example\n[sidecar.tool]\ngithub = 'acme/tools'\ntag-prefix = 'tool-'\n\
             bin = 'x/t{exe}'\nlayout = 'tree'\nresources = ['*.so']\nasset = { 'cfg(unix)' = 't-{version}' }\n",
        )
        .unwrap();
        assert_eq!((&*recipe.description, recipe.page.as_deref()), ("A tool", Some("https://tool.example")));
        assert_eq!((recipe.tag_prefix(), recipe.bin()), (Some("tool-"), Some("x/t{exe}")));
        assert_eq!((recipe.resources(), recipe.install_as()), (vec!["*.so".to_owned()], None));
        assert_eq!(recipe.overrides(), ["cfg(unix)"]);
        assert!(recipe.matches("ACME") && !recipe.matches("https"));
    }

    #[test]
    fn what_the_recipe_names_goes_before_the_choice() {
        let text = "[sidecar.tool]\ngithub = 'acme/tool'\nasset = { 'cfg(unix)' = 'tool-static-linux' }\n";
        let recipe = recipe(text).unwrap();
        let names = ["tool-linux-x64.tar.gz", "Tool-static-linux", "tool-windows-x64.zip"];
        assert_eq!(recipe.explain(&names, "v1", LINUX).unwrap().picks, ["Tool-static-linux"]);
        let plain = recipe.without_override("cfg(unix)");
        assert_eq!(plain.explain(&names, "v1", LINUX).unwrap().picks, ["tool-linux-x64.tar.gz"]);
        let missing = recipe.explain(&names[..1], "v1", LINUX).unwrap_err();
        assert_eq!(missing.kind(), Kind::AssetNotFound);
    }

    #[test]
    fn each_mistake_says_where_it_is() {
        let table = "[sidecar.tool]\ngithub = 'a/b'\n";
        for (text, kind, at) in [
            (format!("{table}version = '1'\n"), Kind::UnknownKey, ":3:1"),
            (format!("{table}bni = 'x'\n"), Kind::UnknownKey, ":3:1"),
            (format!("{table}bin = '{{verison}}'\n"), Kind::UnknownPlaceholder, ":3:7"),
            (format!("{table}bin = \n"), Kind::ManifestInvalid, ":3:"),
            (format!("[settings]\nbinaries = 'b'\n{table}"), Kind::UnknownKey, ":1:"),
            ("[sidecar.other]\ngithub = 'a/b'\n".to_owned(), Kind::BadValue, ":1:"),
            (String::new(), Kind::ManifestInvalid, ""),
        ] {
            let error = recipe(&text).unwrap_err();
            assert_eq!(error.kind(), kind, "{text}: {error}");
            assert!(error.to_string().contains(&format!("tool.toml{at}")), "{text}: {error}");
        }
    }

    #[test]
    fn an_unknown_name_lists_what_could_be_meant() {
        let error = Recipe::named("pocketbse").unwrap_err();
        assert_eq!(error.kind(), Kind::UnknownRecipe);
        assert!(error.to_string().contains("nearest  pocketbase\n"), "{error}");
        assert!(error.help_text().unwrap().contains("`OWNER/REPO`"));
        assert!(Recipe::named("llama").unwrap_err().to_string().contains("llama-server"));
        assert!(!Recipe::named("").unwrap_err().to_string().contains("nearest"));
    }
}
