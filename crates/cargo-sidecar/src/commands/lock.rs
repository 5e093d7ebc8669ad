//! `lock`, `update` and `outdated`.

use std::process::ExitCode;

use serde_json::json;
use sidecar_fetch::{Error, Kind, OutdatedRow, Project, Relock};

use super::{for_each, report};
use crate::args::{Age, Global, Lock, Outdated, Update};
use crate::out::{Out, data, message, table};

/// The project with the limit of age that the command line gives it.
pub(super) fn of_age<'r>(project: Project<'r>, age: &Age) -> Result<Project<'r>, Error> {
    match &age.minimum_age {
        Some(age) => project.minimum_age(age),
        None => Ok(project),
    }
}

pub(super) fn lock(global: &Global, lock: &Lock, out: Out) -> Result<(), Error> {
    for_each(global, out, false, |project, bars| {
        let project = of_age(project, &lock.age)?.allow_proof_loss(lock.allow_proof_loss);
        let done = project.no_download(lock.no_download).lock(&Relock::Stale)?;
        bars.clear();
        report::locked(out, &done, report::Show::Versions);
        match (done.written, done.rows.is_empty()) {
            (true, false) => {}
            (true, true) => out.status("Finished", "the lock was written anew; it says the same as before"),
            (false, _) => out.status("Finished", "the lock answers the manifest; nothing was changed"),
        }
        Ok(())
    })
}

pub(super) fn update(global: &Global, update: &Update, out: Out) -> Result<(), Error> {
    let which = match (&update.precise, update.names.as_slice()) {
        (None, names) => Relock::Named(names.to_vec()),
        (Some(version), [name]) => Relock::Precise { name: name.clone(), version: version.clone() },
        (Some(_), _) => {
            return Err(Error::new(Kind::Usage, "`--precise` takes the name of one sidecar")
                .help("update the others in a run of their own"));
        }
    };
    for_each(global, out, false, |project, bars| {
        let project = of_age(project.dry_run(update.dry_run), &update.lock.age)?;
        let project =
            project.allow_proof_loss(update.lock.allow_proof_loss).no_download(update.lock.no_download);
        let done = project.lock(&which)?;
        bars.clear();
        report::locked(out, &done, report::Show::Changes);
        match (done.written, done.rows.is_empty()) {
            _ if update.dry_run => report::would_change(out, &[], done.written, project.directory()),
            (true, false) => {}
            (true, true) => out.status("Finished", "the lock was written anew; it says the same as before"),
            (false, _) if update.precise.is_some() => {
                out.status("Finished", "the lock has that release already; nothing was changed");
            }
            (false, _) => out.status("Finished", "the lock has the newest releases that the manifest allows"),
        }
        Ok(())
    })
}

pub(super) fn outdated(global: &Global, outdated: &Outdated, out: Out) -> Result<ExitCode, Error> {
    let mut found = false;
    for_each(global, out, false, |project, bars| {
        let rows = of_age(project, &outdated.age)?.outdated(&outdated.names)?;
        bars.clear();
        tell(out, &rows);
        found |= rows.iter().any(|row| row.is_outdated);
        Ok(())
    })?;
    Ok(if found && outdated.exit_code { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Every sidecar as a JSON message; for people those for which there is something newer.
fn tell(out: Out, rows: &[OutdatedRow]) {
    if out.json {
        for row in rows {
            let held_back = row.held_back.as_ref().map(|held| {
                json!({ "version": held.version, "published": held.published, "age": held.age, "minimum_age": held.minimum_age })
            });
            let fields = json!({
                "sidecar": row.sidecar, "locked": row.locked, "allowed": row.allowed, "latest": row.latest,
                "outdated": row.is_outdated, "held_back": held_back,
            });
            message("outdated", &fields);
        }
        return;
    }
    let shown = rows.iter().filter(|row| row.is_outdated || row.held_back.is_some());
    let cells: Vec<Vec<String>> = shown
        .map(|row| {
            let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let locked = row.locked.clone().unwrap_or_else(|| "not locked".to_owned());
            let note = row.held_back.as_ref().map(|held| {
                format!("{} is held back: {} old, minimum-age {}", held.version, held.age, held.minimum_age)
            });
            vec![
                row.sidecar.clone(),
                locked,
                or_none(&row.allowed),
                or_none(&row.latest),
                note.unwrap_or_default(),
            ]
        })
        .collect();
    if cells.is_empty() {
        return out.status("Finished", "every sidecar is locked to its newest release");
    }
    let has_notes = cells.iter().any(|row| !row[4].is_empty());
    let head = ["NAME", "LOCKED", "ALLOWED", "LATEST", "NOTE"];
    data(table(if has_notes { &head } else { &head[..4] }, &cells));
}
