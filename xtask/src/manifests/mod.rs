//! `cargo xtask manifests`: every recipe against the asset names that were recorded for its program, or, with
//! `--online`, against the newest release as its repository shows it now.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

pub(crate) mod codegen;
mod fixture;
mod judge;
mod online;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sidecar_fetch::Recipe;

use self::fixture::Fixture;
use self::report::Report;
use crate::error::{Error, Result};
use crate::fsx;
use crate::run::root;

/// Where the recipes lie, and the names that they are checked against.
const RECIPES: &str = "manifests";
const FIXTURES: &str = "tests/fixtures/recipes";

#[derive(Debug)]
struct Options {
    recipes: PathBuf,
    fixtures: PathBuf,
    online: bool,
    names: Vec<String>,
}

/// Checks the recipes and prints the table; fails where one is wrong.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let options = parse(words)?;
    let mut report = Report::default();
    let recipes = recipes(&options.recipes, &mut report);
    let fixtures = fixtures(&options.fixtures, &mut report);
    if options.online {
        online::check(&named(recipes, &options.names)?, &fixtures, &mut report);
    } else {
        offline(&recipes, &fixtures, &mut report);
    }
    println!("{}", report.text().trim_end());
    match report.problems.len() {
        0 => Ok(()),
        1 => Err(Error::new("1 thing is wrong with the recipes")),
        n => Err(Error::new(format!("{n} things are wrong with the recipes"))),
    }
}

fn parse(words: &[&str]) -> Result<Options> {
    let mut out = Options {
        recipes: root().join(RECIPES),
        fixtures: root().join(FIXTURES),
        online: false,
        names: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut directory = || {
            let next = words.next().ok_or_else(|| Error::new(format!("`{word}` takes a directory")))?;
            Ok::<_, Error>(PathBuf::from(next))
        };
        match *word {
            "--recipes" => out.recipes = directory()?,
            "--fixtures" => out.fixtures = directory()?,
            "--online" => out.online = true,
            option if option.starts_with('-') => {
                return Err(Error::new(format!("`{option}` is not an option of manifests")));
            }
            name => out.names.push(name.to_owned()),
        }
    }
    if !out.online && !out.names.is_empty() {
        return Err(Error::new("names are for `--online`; without it every recipe is checked"));
    }
    Ok(out)
}

/// The recipes of a directory; what does not parse is a problem of the report, with its line.
fn recipes(directory: &Path, report: &mut Report) -> Vec<Recipe> {
    let mut out = Vec::new();
    let files = fsx::entries(directory);
    if files.is_empty() {
        report.problems.push(format!("there is no recipe in `{}`", directory.display()));
    }
    for path in files {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("toml") => {}
            Some("md") => continue,
            _ => {
                report.problems.push(format!("{} is no recipe", shown(&path)));
                continue;
            }
        }
        let Some(text) = fsx::text_of(&path) else {
            report.problems.push(format!("{} is not UTF-8 text", shown(&path)));
            continue;
        };
        match Recipe::parse(Path::new(&shown(&path)), &text) {
            Ok(recipe) => out.push(recipe),
            Err(error) => report.problems.push(error.to_string()),
        }
    }
    out
}

/// The fixtures of a directory by the name of the recipe that they are for.
fn fixtures(directory: &Path, report: &mut Report) -> BTreeMap<String, Fixture> {
    let mut out = BTreeMap::new();
    for path in fsx::entries(directory) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fsx::text_of(&path).ok_or_else(|| Error::new(format!("{} is not text", shown(&path))));
        match text.and_then(|text| Fixture::parse(&shown(&path), &text)) {
            Ok(fixture) => drop(out.insert(stem, fixture)),
            Err(error) => report.problems.push(error.to_string()),
        }
    }
    out
}

/// The path below the top of the workspace, with `/`.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string().replace('\\', "/")
}

fn offline(recipes: &[Recipe], fixtures: &BTreeMap<String, Fixture>, report: &mut Report) {
    for recipe in recipes {
        let Some(fixture) = fixtures.get(&recipe.name) else {
            report.problems.push(format!("the recipe `{}` has no fixture", recipe.name));
            continue;
        };
        judge::judge(recipe, fixture, report);
    }
    for name in fixtures.keys().filter(|name| !recipes.iter().any(|recipe| recipe.name == **name)) {
        report.problems.push(format!("the fixture `{name}` has no recipe"));
    }
}

/// The recipes of those names; all of them where none is named.
fn named(recipes: Vec<Recipe>, names: &[String]) -> Result<Vec<Recipe>> {
    if let Some(unknown) = names.iter().find(|name| !recipes.iter().any(|recipe| recipe.name == **name)) {
        return Err(Error::new(format!("there is no recipe `{unknown}`")));
    }
    let all = names.is_empty();
    Ok(recipes.into_iter().filter(|recipe| all || names.contains(&recipe.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_on_either_side_is_told() {
        let recipe = Recipe::parse(Path::new("a.toml"), "[sidecar.a]\ngithub = 'o/a'\n").unwrap();
        let text = r#"{"repository": "o/b", "releases": []}"#;
        let fixtures = BTreeMap::from([("b".to_owned(), Fixture::parse("b.json", text).unwrap())]);
        let mut report = Report::default();
        offline(&[recipe], &fixtures, &mut report);
        assert_eq!(report.problems, ["the recipe `a` has no fixture", "the fixture `b` has no recipe"]);
    }

    #[test]
    fn options_are_checked() {
        assert!(parse(&["--online", "jq"]).is_ok_and(|options| options.names == ["jq"]));
        for wrong in [&["jq"][..], &["--recipes"], &["--onlin"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
