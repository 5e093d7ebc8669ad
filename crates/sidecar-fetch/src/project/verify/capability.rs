//! Whether the capability file, and the lists of capabilities that apply, grant what the manifest asks for.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::Project;
use super::VerifyRow;
use crate::change::{FileChange, ListChange};
use crate::config::capability;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::lock::Lock;
use crate::manifest::Manifest;

/// What brings file and lists in line.
const SYNC: &str = "cargo sidecar sync";

impl Project<'_> {
    /// The rows; none where nothing is to be granted. What `sync` would change is what is wrong.
    pub(super) fn capability_rows(&self, manifest: &Manifest, lock: &Lock) -> Result<Vec<VerifyRow>, Error> {
        let path = self.app().join(capability::FILE);
        let found = fsx::read_if_exists(&path)?;
        let row = || VerifyRow::about("capability", capability::FILE, &path);
        let plan = match self.plan(manifest, lock, &BTreeSet::new()) {
            Ok(plan) => plan,
            // It has a row of its own.
            Err(error) if error.kind() == Kind::ConfigInvalid => return Ok(Vec::new()),
            Err(error) if error.kind() == Kind::Io => return Err(error),
            Err(error) if error.kind() == Kind::CapabilityForeign => {
                return Ok(vec![row().failed("foreign", &error)]);
            }
            Err(error) => return Ok(vec![row().failed("refused", &error)]),
        };
        let mut rows: Vec<VerifyRow> = plan.changes.iter().flat_map(|change| wrong(change, &path)).collect();
        if rows.is_empty() && found.as_deref().is_some_and(capability::is_ours) {
            rows.push(VerifyRow { detail: "grants what the manifest asks for".to_owned(), ..row() });
        }
        Ok(rows)
    }
}

/// What one change is about, as far as it is about capabilities.
fn wrong(change: &FileChange, capability: &Path) -> Vec<VerifyRow> {
    if change.path != capability {
        let lists = change.lists().into_iter().filter(|list| list.key == "capabilities");
        return lists.map(|list| unlisted(change, &list)).collect();
    }
    let row = VerifyRow::about("capability", capability::FILE, capability);
    let row = match (&change.before, &change.after) {
        (None, _) => row.found("missing", "JavaScript may not call the sidecars without it"),
        (_, None) => row.found("differs", "the manifest asks for nothing that it grants"),
        _ => row.found("differs", "it grants something else than the manifest asks for"),
    };
    vec![row.mended_by(SYNC)]
}

fn unlisted(change: &FileChange, list: &ListChange) -> VerifyRow {
    let name = fsx::name_of(&change.path);
    let said = [("does not list", &list.added), ("still lists", &list.removed)];
    let said = said.iter().filter(|(_, ids)| !ids.is_empty());
    let detail = said.map(|(words, ids)| format!("app.security.capabilities {words} {}", ids.join(", ")));
    let row = VerifyRow::about("capability", name, &change.path);
    let row = VerifyRow { place: list.at.to_string(), ..row };
    row.found("differs", detail.collect::<Vec<_>>().join("\n")).mended_by(SYNC)
}
