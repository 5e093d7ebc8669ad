//! A change to files that are the user's: data first, shown as a diff, then written, all or nothing.

use std::path::PathBuf;

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
