//! What the subcommands print about what the library did.

use std::path::Path;

use serde_json::{Value, json};
use sidecar_fetch::{
    AssetChange, AssetNote, Explanation, FileChange, ListRow, LockReport, LockedAsset, LockedRow, SyncReport,
};

use super::diff;
use crate::out::{Out, bytes, data, message, table};

/// How a build is marked that the target's system translates.
const EMULATED: &str = "(x86-64, emulated)";

/// How much is told of each sidecar whose lock changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// Its versions; the assets with `--verbose`.
    Versions,
    /// The asset of every target, so that a person can check the choice.
    Assets,
    /// What changed for every target.
    Changes,
}

/// What became of the lock.
pub(crate) fn locked(out: Out, report: &LockReport, show: Show) {
    for row in &report.rows {
        if out.json {
            message("locked", &row_as_json(row));
            continue;
        }
        match (&row.from, &row.to) {
            (None, Some(to)) => out.status("Locking", format_args!("{} {to}", row.sidecar)),
            (Some(from), Some(to)) if from == to => {
                out.status("Locking", format_args!("{} {to} anew", row.sidecar));
            }
            (Some(from), Some(to)) => {
                let verb = if row.is_downgrade() { "Downgrading" } else { "Updating" };
                out.status(verb, format_args!("{} {from} -> {to}", row.sidecar));
            }
            (Some(from), None) => out.status("Removing", format_args!("{} {from}", row.sidecar)),
            (None, None) => {}
        }
        if show == Show::Assets || out.verbose {
            assets(out, &row.assets);
        }
        if show == Show::Changes {
            changes(out, &row.changes);
        }
    }
}

fn row_as_json(row: &LockedRow) -> Value {
    let asset = |a: &LockedAsset| {
        json!({
            "target": a.target, "name": a.name, "size": a.size, "sha256": a.sha256, "glibc": a.glibc,
            "provenance": a.provenance, "emulated": a.emulated, "reason": a.reason,
        })
    };
    let change = |change: &AssetChange| {
        json!({
            "target": change.target, "from": change.from.as_ref().map(asset), "to": change.to.as_ref().map(asset),
            "glibc_raised": change.glibc_raised().is_some(), "proof_lost": change.is_proof_lost(),
        })
    };
    let assets: Vec<_> = row.assets.iter().map(asset).collect();
    let changes: Vec<_> = row.changes.iter().map(change).collect();
    json!({
        "sidecar": row.sidecar, "external_bin": row.external_bin, "from": row.from, "to": row.to, "assets": assets,
        "missing": row.missing, "changes": changes,
    })
}

fn assets(out: Out, assets: &[LockedAsset]) {
    let target_width = assets.iter().map(|a| a.target.len()).max().unwrap_or(0);
    let name_width = assets.iter().map(|a| a.name.len()).max().unwrap_or(0);
    for a in assets {
        let emulated = if a.emulated { format!("  {EMULATED}") } else { String::new() };
        let reason = if out.verbose { format!("  {}", a.reason) } else { String::new() };
        out.status(
            "",
            format_args!(
                "{:target_width$}  {:name_width$}  {:>10}  {}{emulated}{reason}",
                a.target,
                a.name,
                bytes(a.size),
                a.provenance
            ),
        );
    }
}

/// A line for each target: size, hash, then what else changed.
fn changes(out: Out, changes: &[AssetChange]) {
    let line = |change: &AssetChange| {
        let (size, hash) = match (&change.from, &change.to) {
            (Some(from), Some(to)) => {
                (arrow(&bytes(from.size), &bytes(to.size)), arrow(short(&from.sha256), short(&to.sha256)))
            }
            (from, to) => {
                let one = from.as_ref().or(to.as_ref());
                one.map_or_else(Default::default, |one| (bytes(one.size), short(&one.sha256).to_owned()))
            }
        };
        [change.target.clone(), size, format!("sha256 {hash}"), what_else(change)]
    };
    let lines: Vec<[String; 4]> = changes.iter().map(line).collect();
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
    let (target_width, size_width, hash_width) = (width(0), width(1), width(2));
    for [target, size, hash, rest] in &lines {
        let text = format!("{target:target_width$}  {size:size_width$}  {hash:hash_width$}  {rest}");
        out.status("", text.trim_end());
    }
}

fn what_else(change: &AssetChange) -> String {
    let (from, to) = match (&change.from, &change.to) {
        (Some(from), Some(to)) => (from, to),
        (None, Some(to)) => return format!("gained: {} ({})", to.name, to.provenance),
        (Some(from), None) => return format!("lost: {}", from.name),
        (None, None) => return String::new(),
    };
    let mut said = vec![arrow(&from.name, &to.name)];
    if let (Some(old), Some(new)) = (&from.glibc, &to.glibc)
        && old != new
    {
        said.push(format!("glibc {}", arrow(old, new)));
    } else if let Some((None, new)) = change.glibc_raised() {
        said.push(format!("glibc none -> {new}"));
    }
    said.push(arrow(&from.provenance, &to.provenance));
    if change.is_proof_lost() {
        said.push("proof lost".to_owned());
    }
    said.join("; ")
}

/// `old -> new`, or what both are.
fn arrow(old: &str, new: &str) -> String {
    if old == new { new.to_owned() } else { format!("{old} -> {new}") }
}

/// As much of a hash as tells two apart.
fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

/// The files of Tauri's configuration that changed. What became of the manifest is said by whoever changed it.
pub(crate) fn patched(out: Out, changes: &[FileChange], root: &Path) {
    for change in changes {
        let path = diff::shown(&change.path, root);
        if out.json {
            let (created, removed) = (change.before.is_none(), change.after.is_none());
            let fields =
                json!({ "path": change.path, "created": created, "removed": removed, "keys": change.keys() });
            message("patched", &fields);
            continue;
        }
        let verb = match (&change.before, &change.after) {
            (None, _) => "Creating",
            (_, None) => "Removing",
            _ if is_manifest(&change.path) => continue,
            _ => "Patching",
        };
        match change.keys().as_slice() {
            [] => out.status(verb, path),
            keys => out.status(verb, format_args!("{path} ({})", keys.join(", "))),
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "sidecar.toml" || name == "Cargo.toml")
}

/// What a dry run would have changed: the diff as data, the rest in words.
pub(crate) fn would_change(out: Out, changes: &[FileChange], lock: bool, root: &Path) {
    diff::print(out, changes, root);
    if out.json {
        message("dry-run", &json!({ "files": changes.len(), "lock": lock }));
        return;
    }
    let lock = if lock { "sidecar.lock" } else { "" };
    let files = match changes.len() {
        0 => String::new(),
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    let all: Vec<&str> = [files.as_str(), lock].into_iter().filter(|part| !part.is_empty()).collect();
    match all.as_slice() {
        [] => out.status("Finished", "nothing would change; dry run"),
        all => out.status("Finished", format_args!("{} would change; dry run", all.join(" and "))),
    }
}

/// What `sync` installed.
pub(crate) fn synced(out: Out, report: &SyncReport) {
    let installed = report.rows.iter().filter(|row| row.installed).count();
    for row in &report.rows {
        if out.json {
            let fields = json!({
                "sidecar": row.sidecar, "version": row.version, "target": row.target, "path": row.path,
                "size": row.size, "installed": row.installed, "transferred": row.transferred,
            });
            message("synced", &fields);
            continue;
        }
        let line = format!("{} {} for {} ({})", row.sidecar, row.version, row.target, bytes(row.size));
        if row.installed {
            out.status("Installed", line);
        } else if row.transferred > 0 {
            out.status("Cached", line);
        } else {
            out.detail("Fresh", line);
        }
    }
    if out.json {
        return;
    }
    let total = report.rows.len();
    let (files, verb) = if total == 1 { ("file", "is") } else { ("files", "are") };
    match (total, installed) {
        (0, _) => out.status("Finished", "no sidecar is enabled for this target and these features"),
        (_, 0) if report.changed.is_empty() => {
            out.status("Finished", format_args!("{total} {files} {verb} up to date; nothing was changed"));
        }
        (_, 0) => out.status("Finished", format_args!("{total} {files} {verb} up to date")),
        _ => out.status(
            "Finished",
            format_args!("{total} {files}, {installed} installed, {} up to date", total - installed),
        ),
    }
}

/// The table of `list`.
pub(crate) fn listed(out: Out, rows: &[ListRow]) {
    if out.json {
        for row in rows {
            let fields = json!({
                "sidecar": row.sidecar, "source": row.source, "version": row.version, "published": row.published,
                "targets": row.targets, "emulated": row.emulated, "missing": row.missing, "features": row.features, "up_to_date": row.up_to_date,
            });
            message("sidecar", &fields);
        }
        return;
    }
    if rows.is_empty() {
        return out.status("Finished", "no sidecars yet: cargo sidecar add OWNER/REPO");
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let all = row.targets.len() + row.missing.len();
            let lock = match (&row.version, row.up_to_date) {
                (None, _) => "not locked".to_owned(),
                (Some(version), true) => version.clone(),
                (Some(version), false) => format!("{version} (stale)"),
            };
            vec![row.sidecar.clone(), lock, counted(row, all), row.features.join(","), row.source.clone()]
        })
        .collect();
    data(table(&["NAME", "LOCKED", "TARGETS", "FEATURES", "SOURCE"], &cells));
    for row in rows.iter().filter(|row| !row.emulated.is_empty()) {
        out.detail("Emulated", format_args!("{} for {} {EMULATED}", row.sidecar, row.emulated.join(", ")));
    }
    for row in rows.iter().filter(|row| !row.missing.is_empty()) {
        out.detail("Missing", format_args!("{} has nothing for {}", row.sidecar, row.missing.join(", ")));
    }
}

/// How many of the targets have an asset, and how many of these only one that is emulated.
fn counted(row: &ListRow, all: usize) -> String {
    match row.emulated.len() {
        0 => format!("{}/{all}", row.targets.len()),
        n => format!("{}/{all} ({n} emulated)", row.targets.len()),
    }
}

/// What `explain` tells of each target: the choice, its rule, then every name.
pub(crate) fn explained(out: Out, told: &[(String, Explanation)]) {
    for (target, explanation) in told {
        if out.json {
            let asset = |a: &AssetNote| json!({ "name": a.name, "words": a.words, "verdict": a.verdict });
            let assets: Vec<_> = explanation.assets.iter().map(asset).collect();
            let fields = json!({ "target": target, "picks": explanation.picks, "rule": explanation.rule, "emulated": explanation.emulated, "assets": assets });
            message("explained", &fields);
            continue;
        }
        let choice = match explanation.picks.as_slice() {
            [] => "none".to_owned(),
            [one] if explanation.emulated => format!("{one} {EMULATED}"),
            [one] => one.clone(),
            several => format!("a tie of {}", several.len()),
        };
        data([format!("{target}: {choice} ({})", explanation.rule)]);
        let rows: Vec<Vec<String>> = explanation
            .assets
            .iter()
            .map(|a| vec![format!("  {}", a.name), a.words.clone(), a.verdict.clone()])
            .collect();
        // A source that names its file itself leaves nothing to compare.
        if !rows.is_empty() {
            data(table(&["  ASSET", "WORDS", "VERDICT"], &rows));
        }
    }
}
