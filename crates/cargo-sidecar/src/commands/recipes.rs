//! `add --list`: the programs that can be added by name.

use serde_json::json;
use sidecar_fetch::{Error, Recipe};

use crate::out::{Out, data, message, table};

/// Prints the recipes that hold `filter`, all of them where it is empty.
pub(crate) fn list(out: Out, filter: &str) -> Result<(), Error> {
    let mut recipes = Recipe::all()?;
    recipes.retain(|recipe| recipe.matches(filter));
    if out.json {
        for recipe in &recipes {
            let Recipe { name, repository, description, page, .. } = recipe;
            let fields =
                json!({ "name": name, "repository": repository, "description": description, "page": page });
            message("recipe", &fields);
        }
        return Ok(());
    }
    if recipes.is_empty() {
        out.status(
            "Finished",
            format_args!("no recipe holds `{filter}`; any repository can be added as OWNER/REPO"),
        );
        return Ok(());
    }
    let row = |r: &Recipe| vec![r.name.clone(), r.repository.clone(), r.description.clone()];
    data(table(&["NAME", "REPOSITORY", "DESCRIPTION"], &recipes.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}
