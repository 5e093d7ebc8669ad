//! Whether the lock answers the manifest, and what it pins.

use super::VerifyRow;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::lock::{self, Lock};
use crate::manifest::Manifest;
use crate::provision::Task;

/// The lock as far as it can be read, with a row for each way in which it does not answer the manifest.
pub(super) fn lock(manifest: &Manifest) -> Result<(Lock, Vec<VerifyRow>), Error> {
    let path = manifest.lock_path();
    let row = VerifyRow::about("lock", lock::FILE, &path);
    let lock = match Lock::read(&path) {
        Ok(Some(lock)) => lock,
        Ok(None) if manifest.sidecars.is_empty() => {
            let detail = "not needed, as no sidecar is declared".to_owned();
            return Ok((Lock::default(), vec![VerifyRow { detail, ..row }]));
        }
        Ok(None) => {
            let row = row.found("missing", "there is no lock beside the manifest");
            return Ok((Lock::default(), vec![row.mended_by("cargo sidecar lock")]));
        }
        Err(error) if error.kind() == Kind::Io => return Err(error),
        Err(error) => return Ok((Lock::default(), vec![row.failed("unreadable", &error)])),
    };
    let drift = lock.drift(manifest).into_iter().map(|drift| drift.into_error(&path));
    let stale = |error: Error| {
        row.clone().failed("stale", &error.without_fact("lock")).mended_by("cargo sidecar lock")
    };
    let mut rows: Vec<VerifyRow> = drift.map(stale).collect();
    if rows.is_empty() {
        let manifest = fsx::name_of(&manifest.path);
        rows.push(VerifyRow { detail: format!("answers {manifest}"), ..row });
    }
    Ok((lock, rows))
}

/// The tasks that have a pin. The others become rows, unless the lock is known to be stale: then that is why.
pub(super) fn tasks<'a>(attempts: Vec<Result<Task<'a>, Error>>, rows: &mut Vec<VerifyRow>) -> Vec<Task<'a>> {
    let answers = rows.iter().all(VerifyRow::is_ok);
    let path = rows.first().map(|row| row.path.clone()).unwrap_or_default();
    let mut tasks = Vec::new();
    for attempt in attempts {
        match attempt {
            Ok(task) => tasks.push(task),
            Err(error) if answers => {
                rows.push(VerifyRow::about("lock", lock::FILE, &path).failed("incomplete", &error));
            }
            Err(_) => {}
        }
    }
    tasks
}
