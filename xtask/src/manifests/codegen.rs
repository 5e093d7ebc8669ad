//! `cargo xtask codegen`: the recipes as a source file of the library.
//!
//! A crate is published without the rest of the repository, and a build script or macro that reads `../../manifests`
//! would not find it there. A file that is committed is in every package, and `cargo xtask tidy` compares it.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::fmt::Write as _;
use std::path::Path;

use super::{RECIPES, recipes};
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::manifests::report::Report;
use crate::run::root;

/// The file that is written.
const TABLE: &str = "crates/sidecar-fetch/src/manifest/recipe/table.rs";

/// Writes the file anew, where it is not what it should be.
pub(crate) fn run() -> Result<()> {
    let text = text(&root().join(RECIPES))?;
    if fsx::text_of(&root().join(TABLE)).is_some_and(|now| unix(&now) == text) {
        println!("{TABLE} is fresh");
        return Ok(());
    }
    fsx::publish(&root().join(TABLE), text.as_bytes(), Mode::Plain)?;
    println!("wrote {TABLE}");
    Ok(())
}

/// What is wrong with the file, if anything.
pub(crate) fn stale() -> Option<String> {
    let now = fsx::text_of(&root().join(TABLE)).unwrap_or_default();
    match text(&root().join(RECIPES)) {
        Err(error) => Some(error.to_string()),
        Ok(text) if text == unix(&now) => None,
        Ok(_) => Some(format!("{TABLE} is not what `manifests/` says; run `cargo xtask codegen`")),
    }
}

fn text(directory: &Path) -> Result<String> {
    let mut report = Report::default();
    let names: Vec<String> = recipes(directory, &mut report).into_iter().map(|recipe| recipe.name).collect();
    if !report.problems.is_empty() {
        return Err(Error::new(report.problems.join("\n")));
    }
    let mut texts = Vec::new();
    for name in names {
        let bytes = fsx::read(&directory.join(format!("{name}.toml")))?;
        texts.push((name, unix(&String::from_utf8_lossy(&bytes))));
    }
    // By name, which is not the order of the files: `.` comes behind `-`.
    texts.sort();
    Ok(source(&texts))
}

fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn source(texts: &[(String, String)]) -> String {
    let mut out = "//! Written by `cargo xtask codegen` from `manifests/`.\n\n/// The recipes by name, each with its text.\n\
                   #[rustfmt::skip]\npub(super) const RECIPES: &[(&str, &str)] = &[\n"
        .to_owned();
    for (name, text) in texts {
        // As many `#` as keep the text from ending its literal.
        let fence =
            (1..=text.len()).map(|n| "#".repeat(n)).find(|fence| !text.contains(&format!("\"{fence}")));
        let fence = fence.unwrap_or_default();
        let _ = writeln!(out, "    (\"{name}\", r{fence}\"{text}\"{fence}),");
    }
    out.push_str("];\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_its_own_literal() {
        let source = source(&[("a".into(), "# x\n".into()), ("b".into(), "bin = \"#\"#\n".into())]);
        assert!(source.contains("    (\"a\", r#\"# x\n\"#),\n"), "{source}");
        assert!(source.contains("(\"b\", r##\"bin = \"#\"#\n\"##),\n];\n"), "{source}");
    }

    #[test]
    fn a_recipe_with_a_mistake_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.toml");
        fsx::publish(&file, b"[sidecar.a]\ngithub = 'o/a'\nbni = 'x'\n", Mode::Plain).unwrap();
        assert!(text(directory.path()).unwrap_err().to_string().contains("a.toml:3:1"));
    }
}
