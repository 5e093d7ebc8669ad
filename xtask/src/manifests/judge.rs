//! Whether a recipe picks what was recorded as right: a pure function.

use sidecar_fetch::Recipe;

use super::fixture::{Fixture, Release};
use super::report::{Cell, Report, Row};

/// Judges a recipe by every release of its fixture; what is wrong and what is not needed goes into the report.
pub(super) fn judge(recipe: &Recipe, fixture: &Fixture, report: &mut Report) {
    if fixture.repository != recipe.repository {
        report.problems.push(format!(
            "{}: the recipe is for `{}`, its fixture for `{}`",
            recipe.name, recipe.repository, fixture.repository
        ));
    }
    if fixture.releases.is_empty() {
        report.problems.push(format!("{}: its fixture has no release", recipe.name));
    }
    let cells = Recipe::TARGETS.map(|target| {
        let of = |release: &Release| cell(recipe, release, target, &mut report.problems);
        fixture.releases.iter().map(of).max().unwrap_or(Cell::Wrong)
    });
    if cells.iter().all(|cell| matches!(cell, Cell::None | Cell::LeftOut)) {
        report.problems.push(format!("{}: no target has an asset", recipe.name));
    }
    report.rows.push(Row {
        name: recipe.name.clone(),
        repository: recipe.repository.clone(),
        tag: None,
        cells: cells.to_vec(),
    });
    for key in needless(recipe, fixture) {
        report.warnings.push(format!("{}: {key} is not needed: the same is picked without it", recipe.name));
    }
}

fn cell(recipe: &Recipe, release: &Release, target: &str, problems: &mut Vec<String>) -> Cell {
    let expected = release.expected.get(target).and_then(Option::as_deref);
    let shown = |name: Option<&str>| name.map_or_else(|| "none".to_owned(), |name| format!("`{name}`"));
    let mut wrong = |found: String| {
        let (name, tag) = (&recipe.name, &release.tag);
        problems.push(format!("{name} {tag} for {target}: expected {}, {found}", shown(expected)));
        Cell::Wrong
    };
    match recipe.is_for(target) {
        Err(error) => return wrong(error.to_string()),
        Ok(false) if expected.is_some() => return wrong("the recipe leaves the target out".to_owned()),
        Ok(false) => return Cell::LeftOut,
        Ok(true) => {}
    }
    match recipe.explain(&release.names(), &release.tag, target) {
        Err(error) => wrong(error.to_string()),
        Ok(told) => match (told.picks.as_slice(), expected) {
            ([pick], Some(right)) if pick == right => Cell::Ok,
            ([], None) => Cell::None,
            ([], Some(_)) => wrong("picks none".to_owned()),
            ([pick], _) => wrong(format!("picks `{pick}`: {}", told.rule)),
            (several, _) => wrong(format!("{} tie ({}): {}", several.len(), several.join(", "), told.rule)),
        },
    }
}

/// The keys without which every pick stays the same.
fn needless(recipe: &Recipe, fixture: &Fixture) -> Vec<String> {
    let picks = |recipe: &Recipe| -> Vec<Option<Vec<String>>> {
        let of = |release: &Release, target| {
            recipe.explain(&release.names(), &release.tag, target).ok().map(|told| told.picks)
        };
        let each = |release| Recipe::TARGETS.map(|target| of(release, target));
        fixture.releases.iter().flat_map(each).collect()
    };
    let all = picks(recipe);
    let is_needless = |pattern: &String| picks(&recipe.without_override(pattern)) == all;
    let mut out: Vec<String> = recipe
        .overrides()
        .into_iter()
        .filter(is_needless)
        .map(|pattern| format!("`asset` for `{pattern}`"))
        .collect();
    // A target is left out because something would be picked that does not run there.
    let is_left_out = |target: &&&str| recipe.is_for(target).is_ok_and(|is_for| !is_for);
    let left_out: Vec<&&str> = Recipe::TARGETS.iter().filter(is_left_out).collect();
    let picked = |target: &&&str| {
        let told = |release: &Release| recipe.explain(&release.names(), &release.tag, target);
        fixture.releases.iter().any(|release| told(release).is_ok_and(|told| !told.picks.is_empty()))
    };
    if !left_out.is_empty() && !left_out.iter().any(picked) {
        out.push("`targets`".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::fixture::tests::release;
    use super::*;

    fn judged(keys: &str, release: Release) -> Report {
        let text = format!("[sidecar.tool]\ngithub = 'acme/tool'\n{keys}");
        let recipe = Recipe::parse(Path::new("tool.toml"), &text).unwrap();
        let fixture = Fixture { repository: "acme/tool".into(), releases: vec![release] };
        let mut report = Report::default();
        judge(&recipe, &fixture, &mut report);
        report
    }

    const PLAIN: &str = "tool-linux-x64.tar.gz";
    const CUDA: [&str; 2] = ["tool-cuda-linux-x64.tar.gz", "tool-rocm-linux-x64.tar.gz"];

    #[test]
    fn a_right_pick_and_a_recorded_gap_are_fine() {
        let report = judged("", release(&[PLAIN], Some(PLAIN)));
        assert!(report.problems.is_empty() && report.warnings.is_empty(), "{report:?}");
        assert_eq!(report.rows[0].cells.iter().filter(|cell| **cell == Cell::Ok).count(), 1);
        assert_eq!(report.rows[0].cells.iter().filter(|cell| **cell == Cell::None).count(), 5);
    }

    #[test]
    fn what_is_picked_wrongly_is_told_with_the_rule() {
        let of = |keys, release| judged(keys, release).problems.join("; ");
        assert!(
            of("", release(&CUDA, Some(CUDA[0]))).contains("2 tie (tool-cuda-linux-x64.tar.gz, tool-rocm")
        );
        assert!(
            of("", release(&[PLAIN], None)).contains("expected none, picks `tool-linux-x64.tar.gz`: names")
        );
        assert!(of("", release(&["tool.deb"], Some("tool.deb"))).contains("expected `tool.deb`, picks none"));
        let gone = "asset = { 'x86_64-unknown-linux-gnu' = 'tool-gone' }\n";
        assert!(of(gone, release(&[PLAIN], Some(PLAIN))).contains("no asset named `tool-gone`"));
        assert!(of("", release(&["tool.deb"], None)).contains("no target has an asset"));
    }

    #[test]
    fn an_override_that_changes_nothing_is_a_warning() {
        let named = |name: &str| format!("asset = {{ 'x86_64-unknown-linux-gnu' = '{name}' }}\n");
        let report = judged(&named(PLAIN), release(&[PLAIN], Some(PLAIN)));
        assert!(report.problems.is_empty(), "{report:?}");
        assert_eq!(
            report.warnings,
            ["tool: `asset` for `x86_64-unknown-linux-gnu` is not needed: the same is picked without it"]
        );
        let report = judged(&named(CUDA[0]), release(&CUDA, Some(CUDA[0])));
        assert!(report.problems.is_empty() && report.warnings.is_empty(), "{report:?}");
    }

    #[test]
    fn a_target_is_left_out_for_a_reason() {
        let unix = "targets = ['cfg(unix)']\n";
        let windows = "tool-windows.zip";
        let report = judged(unix, release(&[PLAIN, windows], Some(PLAIN)));
        assert!(report.problems.is_empty() && report.warnings.is_empty(), "{report:?}");
        assert_eq!(report.rows[0].cells.iter().filter(|cell| **cell == Cell::LeftOut).count(), 2);
        let report = judged(unix, release(&[PLAIN], Some(PLAIN)));
        assert_eq!(report.warnings, ["tool: `targets` is not needed: the same is picked without it"]);
        let report = judged("targets = ['cfg(windows)']\n", release(&[PLAIN], Some(PLAIN)));
        assert!(report.problems.join(" ").contains("leaves the target out"), "{report:?}");
    }
}
