//! A change to files that are the user's: data first, shown as a diff, then written, all or nothing.

use std::path::{Path, PathBuf};

use crate::config::plan::LISTS;
use crate::config::{ConfigFile, Node, Value};
use crate::doc::Place;
use crate::error::{Error, Kind};
use crate::fsx;

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file.
    pub path: PathBuf,
    /// Its text when the change was made up; `None`: it did not exist.
    pub before: Option<String>,
    /// Its text from now on; `None`: it is removed.
    pub after: Option<String>,
}

/// What changes in one list of Tauri's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListChange {
    /// The last of the keys that lead to it, such as `externalBin`.
    pub(crate) key: &'static str,
    /// Where it stands, or the file's beginning where it does not.
    pub(crate) at: Place,
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
}

impl FileChange {
    /// The keys of Tauri's configuration whose lists change, such as `externalBin`; none in other files.
    pub fn keys(&self) -> Vec<&'static str> {
        self.lists().into_iter().map(|list| list.key).collect()
    }

    /// The lists of Tauri's configuration that change; none in other files.
    pub(crate) fn lists(&self) -> Vec<ListChange> {
        if !fsx::name_of(&self.path).to_ascii_lowercase().starts_with("tauri.") {
            return Vec::new();
        }
        let parsed = |text: &Option<String>| {
            let text = text.as_ref().filter(|text| !text.trim().is_empty());
            text.and_then(|text| ConfigFile::parse(&self.path, text.clone()).ok())
        };
        let (before, after) = (parsed(&self.before), parsed(&self.after));
        LISTS.into_iter().filter_map(|path| list_change(path, before.as_ref(), after.as_ref())).collect()
    }

    /// A change of the file to `after`; `None` where it has that text already.
    pub(crate) fn to(path: PathBuf, before: Option<String>, after: Option<String>) -> Option<Self> {
        (before != after).then_some(Self { path, before, after })
    }

    /// Refuses a file that cannot be written, or that is not what it was when the change was made up.
    ///
    /// # Errors
    /// [`Kind::FileChanged`], [`Kind::ReadOnly`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        if fsx::read_if_exists(&self.path)? != self.before {
            return Err(Error::new(
                Kind::FileChanged,
                format!("`{}` was changed by somebody else meanwhile", fsx::name_of(&self.path)),
            )
            .fact("file", self.path.display())
            .fact("left alone", "this file, and those that change with it")
            .help("run the command again; it starts from the file as it is now"));
        }
        let metadata = fsx::metadata(&self.path)?;
        if metadata.is_some_and(|found| found.permissions().readonly()) {
            return Err(Error::new(Kind::ReadOnly, format!("`{}` is read-only", fsx::name_of(&self.path)))
                .fact("file", self.path.display())
                .fact("left alone", "this file, and those that change with it")
                .help(
                    "make it writable, then run the command again; `--dry-run` shows what it would change",
                ));
        }
        Ok(())
    }

    fn write(&self, staged: Option<&Path>) -> Result<(), Error> {
        match (&self.after, staged) {
            (Some(text), Some(staged)) => fsx::publish(staged, &self.path, text),
            _ => fsx::remove_file(&self.path),
        }
    }

    /// Gives the file back the text that it had.
    fn restore(&self, staging: &Path) -> Result<(), Error> {
        match &self.before {
            Some(text) => fsx::write_atomic_by(staging, &self.path, text),
            None => fsx::remove_file(&self.path),
        }
    }
}

/// Writes the changes, or none of them: every file is checked and every text lies in `staging` before the first file is
/// replaced, and where one cannot be, those before it get their text back. Links stay links, modes stay, and a file that
/// already has its text is not touched.
///
/// # Errors
/// [`Kind::FileChanged`] and [`Kind::ReadOnly`], and what keeps a file from being written.
pub(crate) fn apply(changes: &[FileChange], staging: &Path) -> Result<(), Error> {
    let changes: Vec<&FileChange> = changes.iter().filter(|change| change.before != change.after).collect();
    changes.iter().try_for_each(|change| change.check())?;
    let staged = Staged::new(&changes, staging)?;
    for (done, (change, staged)) in changes.iter().zip(&staged.0).enumerate() {
        // Once more: an editor may have saved the file since.
        let Err(error) = change.check().and_then(|()| change.write(staged.as_deref())) else { continue };
        let lost = changes[..done].iter().rev().filter(|change| change.restore(staging).is_err());
        let lost: Vec<String> = lost.map(|change| change.path.display().to_string()).collect();
        return Err(if lost.is_empty() {
            error
        } else {
            error.without_fact("left alone").fact("not restored", lost.join("\n"))
        });
    }
    Ok(())
}

/// How the list at a path of keys changes; `None`: it does not.
fn list_change(
    path: &[&'static str],
    before: Option<&ConfigFile>,
    after: Option<&ConfigFile>,
) -> Option<ListChange> {
    let node = |file: Option<&ConfigFile>| file.and_then(|file| file.root.at(path)).cloned();
    let (then, now) = (node(before), node(after));
    let (old, new) = (then.as_ref().map(entries), now.as_ref().map(entries));
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let without = |some: &[String], others: &[String]| -> Vec<String> {
        some.iter().filter(|entry| !others.contains(entry)).cloned().collect()
    };
    let removed = without(&old, &new);
    let added = without(&new, &old);
    let key = path.last().filter(|_| !(added.is_empty() && removed.is_empty()))?;
    let file = before.or(after)?;
    let at = then.map_or_else(|| Place::of(&file.path, "", 0), |node| file.place(&node));
    Some(ListChange { key, at, added, removed })
}

/// The strings of an array, or the keys of an object.
fn entries(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Array(items) => items.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
        Value::Object(entries) => entries.iter().map(|entry| entry.key.clone()).collect(),
        _ => Vec::new(),
    }
}

/// The new texts, each in a temporary file; those that are not published by the end are removed.
struct Staged(Vec<Option<PathBuf>>);

impl Staged {
    fn new(changes: &[&FileChange], staging: &Path) -> Result<Self, Error> {
        let mut out = Self(Vec::new());
        for change in changes {
            let text = change.after.as_deref();
            out.0.push(text.map(|text| fsx::stage(staging, &change.path, text)).transpose()?);
        }
        Ok(out)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for left in self.0.iter().flatten() {
            let _ = fsx::remove_file(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(name: &str, before: Option<&str>, after: &str) -> Vec<String> {
        let before = before.map(str::to_owned);
        let change = FileChange { path: name.into(), before, after: Some(after.to_owned()) };
        let said =
            |list: ListChange| format!("{} {} +{:?} -{:?}", list.at, list.key, list.added, list.removed);
        change.lists().into_iter().map(said).collect()
    }

    #[test]
    fn a_change_knows_which_lists_it_changes() {
        let before = r#"{"bundle":{"external-bin":["a","b"],"resources":{"r":"r"}}}"#;
        let after = r#"{"bundle":{"external-bin":["b","c"],"resources":{"r":"s","t":"t"}}}"#;
        assert_eq!(
            lists("app/tauri.conf.json", Some(before), after),
            [
                "app/tauri.conf.json:1:27 external-bin +[\"c\"] -[\"a\"]",
                "app/tauri.conf.json:1:49 resources +[\"t\"] -[]"
            ]
        );
        let new = "[bundle]\nexternalBin = ['a']\n";
        assert_eq!(lists("Tauri.linux.toml", None, new), ["Tauri.linux.toml:1:1 externalBin +[\"a\"] -[]"]);
        assert_eq!(lists("capabilities/sidecars.json", None, after), [""; 0]);
    }

    /// A directory with two files, and changes to both, to one that does not exist and to one that goes.
    fn scene() -> (tempfile::TempDir, Vec<FileChange>) {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join("app").join(name);
        for name in ["a.json", "b.json", "old.json"] {
            fsx::write_atomic(&path(name), name).unwrap();
        }
        let change = |name: &str, before: Option<&str>, after: Option<&str>| FileChange {
            path: path(name),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let changes = vec![
            change("a.json", Some("a.json"), Some("A")),
            change("capabilities/new.json", None, Some("N")),
            change("old.json", Some("old.json"), None),
            change("b.json", Some("b.json"), Some("B")),
        ];
        (dir, changes)
    }

    fn texts(dir: &tempfile::TempDir) -> Vec<Option<String>> {
        let names = ["a.json", "capabilities/new.json", "old.json", "b.json"];
        names.map(|name| fsx::read_if_exists(&dir.path().join("app").join(name)).unwrap()).into()
    }

    fn is_as_it_was(dir: &tempfile::TempDir) {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(texts(dir), [text("a.json"), None, text("old.json"), text("b.json")]);
        assert_eq!(fsx::read_dir(&dir.path().join("staging")).unwrap(), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn all_files_are_written_and_nothing_is_left_behind() {
        let (dir, changes) = scene();
        apply(&changes, &dir.path().join("staging")).unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(texts(&dir), [text("A"), text("N"), None, text("B")]);
        assert_eq!(fsx::read_dir(&dir.path().join("staging")).unwrap(), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn a_file_that_somebody_changed_meanwhile_stays_and_so_do_the_others() {
        let (dir, mut changes) = scene();
        changes[3].before = Some("what it was".into());
        let error = apply(&changes, &dir.path().join("staging")).unwrap_err();
        assert_eq!(error.kind(), Kind::FileChanged);
        let path = changes[3].path.display();
        assert_eq!(
            error.to_string(),
            format!(
                "`b.json` was changed by somebody else meanwhile\n  file        {path}\n  left alone  this file, \
                 and those that change with it\nhelp: run the command again; it starts from the file as it is now"
            )
        );
        is_as_it_was(&dir);
    }

    #[test]
    fn a_file_that_appeared_meanwhile_stays() {
        let (dir, changes) = scene();
        fsx::write_atomic(&changes[1].path, "mine").unwrap();
        assert_eq!(apply(&changes, &dir.path().join("staging")).unwrap_err().kind(), Kind::FileChanged);
        assert_eq!(fsx::read_to_string(&changes[1].path).unwrap(), "mine");
    }

    #[test]
    fn a_read_only_file_stops_all() {
        let (dir, changes) = scene();
        let mut permissions = fsx::metadata(&changes[3].path).unwrap().unwrap().permissions();
        permissions.set_readonly(true);
        fsx::set_permissions(&changes[3].path, permissions).unwrap();
        assert_eq!(apply(&changes, &dir.path().join("staging")).unwrap_err().kind(), Kind::ReadOnly);
        is_as_it_was(&dir);
    }

    #[cfg(unix)]
    #[test]
    fn where_one_file_cannot_be_written_those_before_it_get_their_text_back() {
        let (dir, mut changes) = scene();
        // Nothing is there to read, and yet no directory can be made.
        std::os::unix::fs::symlink("nowhere", dir.path().join("app/link")).unwrap();
        changes.insert(
            3,
            FileChange { path: dir.path().join("app/link/c"), before: None, after: Some("C".into()) },
        );
        let error = apply(&changes, &dir.path().join("staging")).unwrap_err();
        assert!(error.headline().starts_with("cannot create the directory"), "{error}");
        is_as_it_was(&dir);
    }

    #[test]
    fn a_change_to_the_same_text_touches_nothing() {
        let (dir, mut changes) = scene();
        changes.truncate(1);
        changes[0].after = changes[0].before.clone();
        let time = || fsx::metadata(&changes[0].path).unwrap().unwrap().modified().unwrap();
        let before = time();
        apply(&changes, &dir.path().join("staging")).unwrap();
        assert_eq!(time(), before);
        assert!(fsx::metadata(&dir.path().join("staging")).unwrap().is_none());
        assert_eq!(FileChange::to("x".into(), Some("t".into()), Some("t".into())), None);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_modes_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (dir, changes) = scene();
        let real = dir.path().join("real.json");
        fsx::rename(&changes[0].path, &real).unwrap();
        symlink(&real, &changes[0].path).unwrap();
        fsx::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        apply(&changes, &dir.path().join("staging")).unwrap();
        assert!(changes[0].path.is_symlink());
        assert_eq!(fsx::read_to_string(&real).unwrap(), "A");
        assert_eq!(fsx::metadata(&real).unwrap().unwrap().permissions().mode() & 0o777, 0o640);
    }
}
