//! What takes a program's place so that a build goes through, and must not ship: placeholders, empty files, notes.

use std::io::Read as _;
use std::path::Path;

use crate::error::Error;
use crate::fsx;
use crate::placeholder::is_placeholder;
use crate::target::Target;

/// Of a text, so much is read to tell it from a program.
const HEAD: u64 = 4096;

/// What stands at `path` instead of a program, in words; `None` where it may be one.
pub(super) fn found(path: &Path, target: &Target) -> Result<Option<String>, Error> {
    let length = fsx::metadata(path)?.map_or(0, |metadata| metadata.len());
    if length == 0 {
        return Ok(Some("an empty file stands in for the program".to_owned()));
    }
    if is_placeholder(path)? {
        return Ok(Some("a placeholder of a development build stands in for the program".to_owned()));
    }
    let mut head = Vec::new();
    let file = fsx::open(path)?;
    file.take(HEAD).read_to_end(&mut head).map_err(|e| fsx::failed("read", path, &e))?;
    let is_script = head.starts_with(b"#!") && !target.is_windows();
    let text = is_text(&head) && !is_script;
    Ok(text.then(|| format!("a text of {length} bytes stands in for the program")))
}

/// Whether these first bytes of a file are text: programs have a NUL among theirs.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A character may be cut at the end of what was read.
        Err(error) => error.error_len().is_none(),
    };
    valid && !head.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_files_and_texts_are_stand_ins_and_scripts_and_programs_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let what = |text: &str, triple: &str| {
            let path = dir.path().join("x");
            fsx::write(&path, text).unwrap();
            found(&path, &triple.parse().unwrap()).unwrap()
        };
        let linux = |text| what(text, "x86_64-unknown-linux-gnu");
        assert_eq!(linux("").unwrap(), "an empty file stands in for the program");
        assert_eq!(linux("TODO: real binary\n").unwrap(), "a text of 18 bytes stands in for the program");
        assert_eq!(linux("#!/bin/sh\nexec python3 -m tool\n"), None);
        assert!(what("#!/bin/sh\n", "x86_64-pc-windows-msvc").is_some(), "Windows starts no scripts");
        assert_eq!(linux("\u{7f}ELF\u{2}\u{0}\u{0}"), None);
    }

    #[test]
    fn a_text_may_be_cut_in_a_character() {
        assert!(is_text("ä".repeat(9).as_bytes().split_last().unwrap().1));
        assert!(!is_text(b"\xff\xfe"));
    }
}
