//! `import`: what became of each tool of the files.

use serde_json::json;
use sidecar_fetch::{Error, ImportRow};

use super::{diff, for_one, report};
use crate::args::{Global, Import};
use crate::out::{Out, message};

pub(super) fn run(global: &Global, import: &Import, out: Out) -> Result<(), Error> {
    for_one(global, out, |project, bars| {
        let project = project.dry_run(import.dry_run);
        let done = project.import(&import.files)?;
        bars.clear();
        if import.files.is_empty() {
            let files: Vec<_> =
                done.files.iter().map(|file| diff::shown(file, project.directory())).collect();
            out.status("Found", files.join(", "));
        }
        for row in &done.rows {
            tell(out, row);
        }
        report::locked(out, &done.lock, report::Show::Assets);
        if import.dry_run {
            report::would_change(out, &done.lock.changed, done.lock.written, project.directory());
            return Ok(());
        }
        report::patched(out, &done.lock.changed, project.directory());
        if done.rows.iter().any(|row| row.is_imported) {
            out.status("Next", "cargo sidecar sync");
        } else {
            out.status("Finished", "nothing was imported, and nothing was changed");
        }
        Ok(())
    })
}

fn tell(out: Out, row: &ImportRow) {
    if out.json {
        let fields =
            json!({ "sidecar": row.sidecar, "at": row.at, "imported": row.is_imported, "notes": row.notes });
        return message("imported", &fields);
    }
    if !row.is_imported {
        return out.warning(format_args!(
            "`{}` is not imported: {} ({})",
            row.sidecar,
            row.notes.join("; "),
            row.at
        ));
    }
    out.status("Importing", format_args!("{} ({})", row.sidecar, row.at));
    for note in &row.notes {
        out.status("", note);
    }
}
