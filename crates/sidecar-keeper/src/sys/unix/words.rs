//! What a sidecar says after the app died: kept in memory, and written once, when nothing is left to be killed.

use std::collections::VecDeque;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use super::raw;

/// No more of it is kept, in bytes: as much as a pipe holds, which is what a sidecar says before anybody must read.
const KEPT: usize = 64 << 10;

/// The end of what was heard.
#[derive(Debug, Default)]
struct Tail {
    bytes: VecDeque<u8>,
    left_out: u64,
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let excess = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..excess);
        self.left_out += excess as u64;
    }

    /// What is written; nothing when nothing was heard.
    fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.left_out > 0 {
            out.extend(format!("[{} bytes are left out here]\n", self.left_out).into_bytes());
        }
        out.extend(&self.bytes);
        out
    }
}

/// The last words, and where they go.
#[derive(Debug)]
pub(super) struct Words {
    directory: OwnedFd,
    name: CString,
    tail: Tail,
}

impl Words {
    /// Nothing yet, for the file of this name in this directory.
    pub(super) fn new(directory: OwnedFd, name: CString) -> Self {
        Self { directory, name, tail: Tail::default() }
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) {
        self.tail.push(bytes);
    }

    /// Writes what was heard, if anything. Nobody is left to be told that it failed.
    pub(super) fn write(self) {
        let text = self.tail.text();
        if !text.is_empty() {
            let _ = self.open().and_then(|mut file| file.write_all(&text));
        }
    }

    /// The file, to append to it: a regular one of this user, which has no other name.
    fn open(&self) -> io::Result<File> {
        let file = File::from(raw::open_to_append(self.directory.as_fd(), &self.name)?);
        let meta = file.metadata()?;
        if meta.is_file() && meta.uid() == raw::user() && meta.nlink() == 1 {
            Ok(file)
        } else {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn say(dir: &Path, name: &str, text: &[u8]) {
        let directory = crate::sys::directory(dir).unwrap().unwrap();
        let mut words = Words::new(directory, CString::new(name).unwrap());
        words.hear(text);
        words.write();
    }

    #[test]
    fn the_end_is_kept_and_what_is_left_out_is_told() {
        let mut tail = Tail::default();
        assert_eq!(tail.text(), b"");
        tail.push(&vec![b'a'; KEPT]);
        assert_eq!(tail.text().len(), KEPT);
        tail.push(b"end");
        let text = tail.text();
        assert!(text.starts_with(b"[3 bytes are left out here]\naaa") && text.ends_with(b"aend"));
        assert_eq!(tail.bytes.len(), KEPT);
        tail.push(&vec![b'b'; 3 * KEPT]);
        assert!(tail.bytes.iter().all(|byte| *byte == b'b'));
        assert_eq!((tail.bytes.len(), tail.left_out), (KEPT, 3 + 3 * KEPT as u64));
    }

    #[test]
    fn a_new_file_is_private_and_an_old_one_is_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        say(dir.path(), "none", b"");
        assert!(!dir.path().join("none").exists(), "nothing said, nothing made");
        say(dir.path(), "words", b"a");
        say(dir.path(), "words", b"b");
        let path = dir.path().join("words");
        assert_eq!(crate::fsx::head(&path, 9).unwrap(), b"ab");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn links_pipes_and_files_with_two_names_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::File::create(at("victim")).unwrap();
        symlink(at("victim"), at("link")).unwrap();
        symlink(at("new"), at("dangling")).unwrap();
        std::fs::hard_link(at("victim"), at("second")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        for name in ["link", "dangling", "second", "pipe", ".", "..", "no/such"] {
            say(dir.path(), name, b"x");
        }
        assert_eq!(at("victim").metadata().unwrap().len(), 0);
        assert!(!at("new").exists());
    }

    #[test]
    fn a_directory_that_is_replaced_by_a_link_redirects_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["logs", "elsewhere"] {
            crate::fsx::make_dir(&at(name)).unwrap();
        }
        let directory = crate::sys::directory(&at("logs")).unwrap().unwrap();
        let mut words = Words::new(directory, c"words".to_owned());
        #[expect(clippy::disallowed_methods, reason = "somebody else does it")]
        std::fs::rename(at("logs"), at("moved")).unwrap();
        symlink(at("elsewhere"), at("logs")).unwrap();
        words.hear(b"x");
        words.write();
        assert!(at("moved/words").exists() && !at("elsewhere/words").exists());
    }
}
