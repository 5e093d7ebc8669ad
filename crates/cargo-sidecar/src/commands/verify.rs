//! What `verify` prints: what is right in a line a subject, what is wrong in full.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sidecar_fetch::{Error, Kind, VerifyRow};

use crate::out::{Out, data, message, table};

/// The subjects in the order of the table, each with what a number of them is called.
const SUBJECTS: [(&str, &str); 7] = [
    ("lock", "lock"),
    ("cache", "cached file"),
    ("file", "installed file"),
    ("config", "configuration"),
    ("capability", "capability file"),
    ("placeholder", "list"),
    ("bundle", "bundled file"),
];

/// Prints the rows, and the error where something is wrong; tells whether nothing is.
pub(super) fn told(out: Out, rows: &[VerifyRow]) -> bool {
    let bad: Vec<&VerifyRow> = rows.iter().filter(|row| !row.is_ok()).collect();
    if out.json {
        for row in rows {
            message("verified", &as_json(row));
        }
    } else if !out.quiet || !bad.is_empty() {
        data(lines(rows, out.verbose));
    }
    match bad.first() {
        None => out.status("Verified", format_args!("{} {}", rows.len(), plural(rows.len(), "check"))),
        Some(first) => out.error(&failure(bad.len(), rows.len(), first)),
    }
    bad.is_empty()
}

fn as_json(row: &VerifyRow) -> Value {
    // What a row is not about is null.
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    let sidecar = if row.version.is_empty() { "" } else { &row.name };
    json!({
        "subject": row.subject, "name": row.name, "sidecar": text(sidecar), "version": text(&row.version),
        "target": text(&row.target), "path": row.path, "place": text(&row.place), "state": row.state, "detail": row.detail,
        "provenance": text(&row.provenance), "mend": text(&row.mend),
    })
}

/// The table. Rows that are ok stand together, a line a subject, unless all are asked for.
fn lines(rows: &[VerifyRow], all: bool) -> Vec<String> {
    let mut cells: Vec<Vec<String>> = Vec::new();
    for (subject, noun) in SUBJECTS {
        let of_subject = || rows.iter().filter(move |row| row.subject == subject);
        let good: Vec<&VerifyRow> = of_subject().filter(|row| row.is_ok()).collect();
        match good.as_slice() {
            [] => {}
            [only] => cells.push(line(only)),
            many if all => cells.extend(many.iter().map(|row| line(row))),
            many => cells.push(vec![subject.to_owned(), "ok".to_owned(), together(many, noun)]),
        }
        for row in of_subject().filter(|row| !row.is_ok()) {
            cells.push(line(row));
            let below = row.detail.lines().map(str::to_owned).chain([place(row)]);
            cells.extend(below.map(|text| vec![String::new(), String::new(), format!("  {text}")]));
        }
    }
    table(&["CHECK", "STATE", "WHAT"], &cells)
}

fn line(row: &VerifyRow) -> Vec<String> {
    let mut what = named(row);
    if row.is_ok() {
        let more = [&row.detail, &row.provenance].map(String::as_str);
        let more: Vec<&str> = more.into_iter().filter(|text| !text.is_empty()).collect();
        what.push_str(if more.is_empty() { "" } else { ": " });
        what.push_str(&more.join(", "));
    }
    vec![row.subject.to_owned(), row.state.to_owned(), what]
}

/// Where it is, as exactly as is known.
fn place(row: &VerifyRow) -> String {
    if row.place.is_empty() { row.path.display().to_string() } else { row.place.clone() }
}

/// The row's thing: `tool 1.2.0 for x86_64-unknown-linux-gnu`.
fn named(row: &VerifyRow) -> String {
    let version = if row.version.is_empty() { String::new() } else { format!(" {}", row.version) };
    let target = if row.target.is_empty() { String::new() } else { format!(" for {}", row.target) };
    format!("{}{version}{target}", row.name)
}

/// Several rows in one line: how many, for how many targets, and who vouched for them.
fn together(rows: &[&VerifyRow], noun: &str) -> String {
    let distinct = |of: fn(&VerifyRow) -> &str| -> BTreeSet<String> {
        rows.iter().map(|row| of(row).to_owned()).filter(|text| !text.is_empty()).collect()
    };
    let (targets, vouched) = (distinct(|row| &row.target), distinct(|row| &row.provenance));
    let for_targets = match targets.iter().next() {
        None => String::new(),
        Some(only) if targets.len() == 1 => format!(" for {only}"),
        Some(_) => format!(" for {} targets", targets.len()),
    };
    let vouched: Vec<String> = vouched.into_iter().collect();
    let by = if vouched.is_empty() { String::new() } else { format!(": {}", vouched.join(", ")) };
    format!("{} {}{for_targets}{by}", rows.len(), plural(rows.len(), noun))
}

fn plural(count: usize, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if count == 1 => noun.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    }
}

fn failure(bad: usize, all: usize, first: &VerifyRow) -> Error {
    let found = first.detail.lines().next().unwrap_or_default();
    let error = Error::new(Kind::VerifyFailed, format!("{bad} of {all} checks failed"))
        .fact("first", format!("{}: {}", first.subject, named(first)))
        .fact("found", format!("{}: {found}", first.state))
        .fact("at", place(first));
    if first.mend.is_empty() { error } else { error.help(mend(&first.mend)) }
}

/// A command as a sentence; a sentence as it is.
fn mend(step: &str) -> String {
    let is_command = ["cargo ", "tauri "].iter().any(|program| step.starts_with(program));
    match step.split_once(", then ") {
        _ if !is_command => step.to_owned(),
        Some((command, then)) => format!("run `{command}`, then {then}"),
        None => format!("run `{step}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(subject: &'static str, target: &str, state: &'static str) -> VerifyRow {
        VerifyRow {
            subject,
            name: "tool".to_owned(),
            version: "1.2.0".to_owned(),
            target: target.to_owned(),
            path: "binaries/tool".into(),
            place: String::new(),
            state,
            detail: if state == "ok" { String::new() } else { "sha256 a… instead of b…".to_owned() },
            provenance: "github-digest".to_owned(),
            mend: "cargo sidecar sync".to_owned(),
        }
    }

    #[test]
    fn what_is_right_is_told_together_and_what_is_wrong_in_full() {
        let rows = [row("file", "a", "ok"), row("file", "b", "ok"), row("file", "c", "differs")];
        assert_eq!(
            lines(&rows, false)[1..],
            [
                "file   ok       2 installed files for 2 targets: github-digest",
                "file   differs  tool 1.2.0 for c",
                "                  sha256 a… instead of b…",
                "                  binaries/tool",
            ]
        );
        assert_eq!(lines(&rows, true).len(), 6);
    }

    #[test]
    fn the_error_names_the_first_finding_and_its_mend() {
        let error = failure(2, 9, &row("bundle", "c", "differs")).to_string();
        let expected = "2 of 9 checks failed\n  first  bundle: tool 1.2.0 for c\n  found  differs: sha256 \
                        a… instead of b…\n  at     binaries/tool\nhelp: run `cargo sidecar sync`";
        assert_eq!(error, expected);
    }

    #[test]
    fn commands_are_quoted_and_sentences_are_not() {
        assert_eq!(
            mend("cargo sidecar sync, then build it again"),
            "run `cargo sidecar sync`, then build it again"
        );
        assert_eq!(mend("name an asset with `asset = …`"), "name an asset with `asset = …`");
    }
}
