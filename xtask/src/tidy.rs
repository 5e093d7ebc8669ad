//! Promises that no compiler checks: what is documented, what has a snapshot, what is complete.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::Path;

use crate::error::{Error, Result};
use crate::run::root;
use crate::{fsx, manifests, run_schema, run_types};

/// Error codes that no run of the subcommand provokes in time, with the test that checks their text instead: 30 seconds
/// of silence, five times over; an editor that saves a file at the wrong moment; and what only a build script says.
const ELSEWHERE: [(&str, &str, &str); 5] = [
    ("timeout", "crates/sidecar-fetch/src/fetch", "silence_that_stays_is_a_timeout"),
    (
        "file-changed",
        "crates/sidecar-fetch/src",
        "a_file_that_somebody_changed_meanwhile_stays_and_so_do_the_others",
    ),
    ("override-refused", "tests/it", "a_local_build_is_for_development"),
    ("config-drift", "tests/it", "a_build_that_ships_does_not"),
    ("placeholder-refused", "tests/it", "none_stands_in_where_a_build_ships"),
];

/// Runs every check and lists all that is wrong.
pub(crate) fn check() -> Result<()> {
    let mut wrong = Vec::new();
    changelog(&mut wrong);
    error_codes(&mut wrong);
    runtime_cases(&mut wrong);
    environment(&mut wrong);
    manifest_keys(&mut wrong);
    public_items(&mut wrong);
    wrong.extend(manifests::codegen::stale());
    wrong.extend(run_schema::stale());
    wrong.extend(run_types::stale());
    if wrong.is_empty() {
        println!("\n== tidy: fine");
        return Ok(());
    }
    Err(Error::new(format!("not tidy:\n  {}", wrong.join("\n  "))))
}

fn read(path: &str) -> String {
    fsx::text_of(&root().join(path)).unwrap_or_default()
}

/// The texts of all files below a directory, one after the other.
fn texts_below(dir: &Path) -> String {
    let mut out = String::new();
    for path in fsx::entries(dir) {
        if path.is_dir() {
            out.push_str(&texts_below(&path));
        } else {
            out.push_str(&fsx::text_of(&path).unwrap_or_default());
        }
    }
    out
}

fn changelog(wrong: &mut Vec<String>) {
    let manifest = read("Cargo.toml");
    let version =
        manifest.lines().find_map(|l| l.strip_prefix("version = \"")?.strip_suffix('"')).unwrap_or("?");
    if !read("CHANGELOG.md").contains(&format!("## {version}")) {
        wrong.push(format!("CHANGELOG.md says nothing about version {version}"));
    }
}

/// Every error code has a case that provokes it.
fn error_codes(wrong: &mut Vec<String>) {
    let cases = texts_below(&root().join("tests/it"));
    for kind in sidecar_fetch::Kind::ALL {
        let code = kind.code();
        let here = cases.contains(&format!("fails(\"{code}\""))
            || cases.contains(&format!("fails(\n        \"{code}\""));
        let elsewhere = ELSEWHERE.iter().any(|(known, place, test)| {
            *known == code && texts_below(&root().join(place)).contains(&format!("fn {test}("))
        });
        if !here && !elsewhere {
            wrong.push(format!("no case in tests/it provokes the error `{code}`"));
        }
    }
}

/// Every error that the supervisor can give is provoked by a story, which names its kind.
fn runtime_cases(wrong: &mut Vec<String>) {
    let stories = texts_below(&root().join("tests/runtime"));
    for line in read("crates/sidecar-supervisor/src/error.rs").lines() {
        // `    PortTaken = "port-taken";`
        let Some((kind, code)) = line.trim().strip_suffix("\";").and_then(|line| line.split_once(" = \""))
        else {
            continue;
        };
        if !stories.contains(&format!("Kind::{kind}")) {
            wrong.push(format!("no story in tests/runtime provokes the error `{code}`"));
        }
    }
}

/// Every variable that is read is in the README's table, and the other way round.
fn environment(wrong: &mut Vec<String>) {
    let source = read("crates/sidecar-fetch/src/env.rs");
    let readme = read("README.md");
    let quoted =
        source.lines().filter(|l| l.contains("const ")).flat_map(|l| l.split('"').skip(1).step_by(2));
    // What cargo and the system set for every program is no setting of ours.
    let given = [
        "CARGO_MANIFEST_DIR",
        "CARGO_PKG_NAME",
        "OUT_DIR",
        "PROFILE",
        "TARGET",
        "RUSTC",
        "CARGO",
        "SUDO_UID",
        "LOCALAPPDATA",
        "XDG_CACHE_HOME",
        "CARGO_HOME",
        "DEP_TAURI_DEV",
        "DEP_TAURI_PLUGIN_SHELL_PERMISSION_FILES_PATH",
        "DEP_TAURI_PLUGIN_HTTP_PERMISSION_FILES_PATH",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_BUILD_BUILD_DIR",
        "PREFIX",
        "PATH",
        "HOME",
        "USERPROFILE",
        "APPDATA",
    ];
    for name in quoted.filter(|n| n.len() > 1 && n.chars().all(|c| c.is_ascii_uppercase() || c == '_')) {
        if !given.contains(&name) && !readme.contains(&format!("`{name}`")) {
            wrong.push(format!("README.md does not name the variable {name}"));
        }
    }
}

/// The schema knows the keys that the parser takes.
fn manifest_keys(wrong: &mut Vec<String>) {
    let schema = read("crates/sidecar-fetch/schema/sidecar.schema.json");
    let parsers = ["parse", "shell", "source"]
        .map(|name| read(&format!("crates/sidecar-fetch/src/manifest/{name}.rs")));
    let parsers = parsers.iter().filter_map(|parser| parser.split("#[cfg(test)]").next());
    for taken in parsers.flat_map(|parser| parser.split("table.").skip(1)) {
        let Some((method, rest)) = taken.split_once("(\"") else { continue };
        let key = rest.split('"').next().unwrap_or_default();
        if ["string", "strings", "table", "boolean"].contains(&method)
            && !schema.contains(&format!("\"{key}\""))
        {
            wrong.push(format!("the schema does not know the key `{key}`"));
        }
    }
}

/// The library's doors are few, and stay few.
const PUBLIC_ITEMS: usize = 36;

fn public_items(wrong: &mut Vec<String>) {
    let source = read("crates/sidecar-fetch/src/lib.rs");
    let uses = source.split("\npub use ").skip(1).filter_map(|item| item.split(';').next());
    let names: usize = uses
        .map(|item| item.split(',').filter(|name| !name.trim_matches(['}', ' ', '\n']).is_empty()).count())
        .sum();
    if names > PUBLIC_ITEMS {
        wrong.push(format!("sidecar-fetch has {names} public items; {PUBLIC_ITEMS} are enough"));
    }
}
