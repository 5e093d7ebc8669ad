//! The recipes against the newest releases as their repositories show them now, for a maintainer.
#![expect(clippy::print_stderr, reason = "a task talks to the person at the terminal")]

use std::collections::{BTreeMap, BTreeSet};

use sidecar_fetch::{Package, Project, Recipe, Silent};

use super::fixture::Fixture;
use super::report::{Cell, Report, Row};
use crate::fsx;
use crate::run::root;

/// Asks for each recipe's newest release and judges the picks by what the fixture has for the target.
pub(super) fn check(recipes: &[Recipe], fixtures: &BTreeMap<String, Fixture>, report: &mut Report) {
    let package = Package {
        name: "manifests".to_owned(),
        directory: root(),
        features: BTreeMap::new(),
        dependencies: Vec::new(),
        workspace: root(),
        build_directory: None,
    };
    let project = Project::open(package, &fsx::target_dir(), false, false, &Silent);
    for recipe in recipes {
        eprintln!("asking {}", recipe.repository);
        match project.newest_of(recipe) {
            Err(error) => report.problems.push(format!("{}: {error}", recipe.name)),
            Ok((tag, names)) => judge(recipe, &tag, &names, fixtures.get(&recipe.name), report),
        }
    }
}

/// The targets for which the newest of the recorded releases has an asset.
fn recorded(fixture: Option<&Fixture>) -> BTreeSet<&str> {
    let newest = fixture.and_then(|fixture| fixture.releases.first());
    let expected = newest.into_iter().flat_map(|release| &release.expected);
    expected.filter(|(_, name)| name.is_some()).map(|(target, _)| target.as_str()).collect()
}

fn judge(recipe: &Recipe, tag: &str, names: &[String], fixture: Option<&Fixture>, report: &mut Report) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let recorded = recorded(fixture);
    let cells = Recipe::TARGETS.map(|target| {
        let mut wrong = |what: String| {
            report.problems.push(format!("{} {tag} for {target}: {what}", recipe.name));
            Cell::Wrong
        };
        if recipe.is_for(target).is_ok_and(|is_for| !is_for) {
            return Cell::LeftOut;
        }
        match recipe.explain(&names, tag, target) {
            Err(error) => wrong(error.to_string()),
            Ok(told) => match told.picks.as_slice() {
                [] if recorded.contains(target) => wrong("nothing fits any more".to_owned()),
                [] => Cell::None,
                [_] if recorded.contains(target) => Cell::Ok,
                [pick] => {
                    report
                        .warnings
                        .push(format!("{} {tag} for {target}: now there is `{pick}`", recipe.name));
                    Cell::Ok
                }
                several => wrong(format!("{} tie: {}", several.len(), several.join(", "))),
            },
        }
    });
    report.rows.push(Row {
        name: recipe.name.clone(),
        repository: recipe.repository.clone(),
        tag: Some(tag.to_owned()),
        cells: cells.to_vec(),
    });
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::fixture::tests::release;
    use super::*;

    fn judged(names: &[&str]) -> Report {
        let recipe = Recipe::parse(Path::new("tool.toml"), "[sidecar.tool]\ngithub = 'o/tool'\n").unwrap();
        let known = release(&["tool-linux-x64"], Some("tool-linux-x64"));
        let fixture = Fixture { repository: "o/tool".into(), releases: vec![known] };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut report = Report::default();
        judge(&recipe, "v2", &names, Some(&fixture), &mut report);
        report
    }

    #[test]
    fn what_is_gone_is_wrong_and_what_is_new_is_worth_a_look() {
        let report = judged(&["tool-v2-linux-x64"]);
        assert!(report.problems.is_empty() && report.warnings.is_empty(), "{report:?}");
        let report = judged(&["tool-v2-linux-x64", "tool-v2-windows-x64.zip"]);
        assert_eq!(
            report.warnings,
            ["tool v2 for x86_64-pc-windows-msvc: now there is `tool-v2-windows-x64.zip`"]
        );
        let gone = ["tool v2 for x86_64-unknown-linux-gnu: nothing fits any more"];
        assert_eq!(judged(&["tool-v2.tar"]).problems, gone);
        let tied = judged(&["tool-a-linux-x64", "tool-b-linux-x64"]).problems;
        assert_eq!(tied, ["tool v2 for x86_64-unknown-linux-gnu: 2 tie: tool-a-linux-x64, tool-b-linux-x64"]);
    }
}
