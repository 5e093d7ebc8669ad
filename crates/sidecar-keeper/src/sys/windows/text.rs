//! What a process is started with, as Windows takes it: one command line, one block of variables, and what the file of a
//! program says about itself. All of it is data to data.

use std::ffi::{CString, OsStr, OsString};
use std::os::windows::ffi::OsStrExt;
use std::path::PathBuf;

use crate::launch::Described;

const QUOTE: u16 = b'"' as u16;
const BACKSLASH: u16 = b'\\' as u16;

/// A launch in the system's strings.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) program: PathBuf,
    pub(super) directory: OsString,
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<OsString>,
}

impl Texts {
    pub(super) fn of(launch: &Described) -> Self {
        Self {
            program: text(&launch.program).into(),
            directory: text(&launch.directory),
            args: launch.args.iter().map(text).collect(),
            env: launch.env.iter().map(text).collect(),
        }
    }
}

/// Back from the bytes in which strings travel to a keeper.
#[expect(unsafe_code, reason = "std's inner form of strings has no checked way back")]
fn text(bytes: &CString) -> OsString {
    // SAFETY: the bytes are whole strings that `as_encoded_bytes` gave in this very process, which the line never cuts or
    // joins: `Launch::encode` writes each with its length, and no other process has a part in it.
    unsafe { OsString::from_encoded_bytes_unchecked(bytes.as_bytes().to_vec()) }
}

/// Ends with NUL, as the system reads it.
pub(super) fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// The command line that programs split into these arguments again, by the rules of Microsoft's C library; `None` for a
/// program whose name has a quotation mark, which no file has.
pub(super) fn command_line(program: &OsStr, args: &[OsString]) -> Option<Vec<u16>> {
    if program.encode_wide().any(|unit| unit == QUOTE) {
        return None;
    }
    // The name is read by simpler rules: up to the next quotation mark, whatever stands in front of it.
    let mut out: Vec<u16> = [QUOTE].into_iter().chain(program.encode_wide()).chain([QUOTE]).collect();
    for arg in args {
        out.push(u16::from(b' '));
        put_quoted(&mut out, &arg.encode_wide().collect::<Vec<u16>>());
    }
    out.push(0);
    Some(out)
}

/// Backslashes mean themselves, except in front of a quotation mark, where two mean one.
fn put_quoted(out: &mut Vec<u16>, arg: &[u16]) {
    let quoted = arg.is_empty() || arg.iter().any(|unit| [b' ', b'\t'].map(u16::from).contains(unit));
    if quoted {
        out.push(QUOTE);
    }
    let mut backslashes = 0;
    for unit in arg {
        if *unit == QUOTE {
            // Double those in front of it, and one for itself.
            out.extend(std::iter::repeat_n(BACKSLASH, backslashes + 1));
        }
        backslashes = if *unit == BACKSLASH { backslashes + 1 } else { 0 };
        out.push(*unit);
    }
    if quoted {
        out.extend(std::iter::repeat_n(BACKSLASH, backslashes));
        out.push(QUOTE);
    }
}

/// The variable without which sockets cannot be had, and programs find no library of the system.
const SYSTEM_ROOT: &str = "SystemRoot";

/// The block of variables: sorted by name as the system compares them, each ended by NUL, and one more at the end. Where
/// [`SYSTEM_ROOT`] is left out it is added.
pub(super) fn environment(entries: &[OsString], system_root: Option<OsString>) -> Vec<u16> {
    let mut sorted: Vec<(String, &OsString)> = entries.iter().map(|entry| (name(entry), entry)).collect();
    let root = system_root.map(|root| [OsString::from(SYSTEM_ROOT), root].join(OsStr::new("=")));
    if let Some(root) = &root
        && !sorted.iter().any(|(name, _)| *name == SYSTEM_ROOT.to_uppercase())
    {
        sorted.push((name(root), root));
    }
    sorted.sort();
    let mut out: Vec<u16> = sorted.iter().flat_map(|(_, entry)| wide(entry)).collect();
    if out.is_empty() {
        out.push(0);
    }
    out.push(0);
    out
}

/// The name of an entry in capitals. Names of hidden ones, such as `=C:`, begin with the sign that ends others.
fn name(entry: &OsString) -> String {
    let entry = entry.to_string_lossy();
    let end = entry.char_indices().skip(1).find(|(_, c)| *c == '=').map_or(entry.len(), |(at, _)| at);
    entry[..end].to_uppercase()
}

/// Whether the head of a program's file says that it is for a console: only those understand what a console sends.
pub(super) fn is_console_program(head: &[u8]) -> bool {
    /// `IMAGE_SUBSYSTEM_WINDOWS_CUI`.
    const CONSOLE: u16 = 3;
    subsystem(head) == Some(CONSOLE)
}

/// Where a PE file, by its headers, says what kind of program it is.
fn subsystem(head: &[u8]) -> Option<u16> {
    let at = subsystem_at(head)?;
    Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?))
}

/// The first header says at 60 where the second begins: a signature of four bytes, a header of 20, and an optional one in
/// which the subsystem lies at 68, with 32 and with 64 bits.
fn subsystem_at(head: &[u8]) -> Option<usize> {
    if !head.starts_with(b"MZ") {
        return None;
    }
    let start = usize::try_from(u32::from_le_bytes(head.get(60..64)?.try_into().ok()?)).ok()?;
    head.get(start..)?.starts_with(b"PE\0\0").then_some(start + 4 + 20 + 68)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(program: &str, args: &[&str]) -> Option<String> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let mut line = command_line(OsStr::new(program), &args)?;
        assert_eq!(line.pop(), Some(0));
        Some(String::from_utf16(&line).unwrap())
    }

    #[test]
    fn arguments_are_quoted_so_that_they_are_split_again() {
        for (arg, quoted) in [
            ("a", "a"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a\tb", "\"a\tb\""),
            ("a\"b", "a\\\"b"),
            ("a\\b", "a\\b"),
            ("a b\\", "\"a b\\\\\""),
            ("a\\\\\"b", "a\\\\\\\\\\\"b"),
            ("\\\\server\\share dir\\", "\"\\\\server\\share dir\\\\\""),
            ("a&b|%PATH%^", "a&b|%PATH%^"),
            ("ü", "ü"),
        ] {
            assert_eq!(line("C:\\x y.exe", &[arg, "z"]).unwrap(), format!("\"C:\\x y.exe\" {quoted} z"));
        }
        assert_eq!(line("C:\\a\"b.exe", &[]), None);
    }

    #[test]
    fn variables_are_sorted_as_the_system_compares_them() {
        let block = |entries: &[&str], root: Option<&str>| {
            let entries: Vec<OsString> = entries.iter().map(OsString::from).collect();
            String::from_utf16(&environment(&entries, root.map(OsString::from))).unwrap()
        };
        assert_eq!(block(&["b=1", "A=x=y", "=C:=C:\\d", "C="], None), "=C:=C:\\d\0A=x=y\0b=1\0C=\0\0");
        assert_eq!(block(&["X=1"], Some("C:\\w")), "SystemRoot=C:\\w\0X=1\0\0");
        assert_eq!(block(&["systemroot=D:\\"], Some("C:\\w")), "systemroot=D:\\\0\0");
        assert_eq!(block(&[], None), "\0\0");
    }

    #[test]
    fn strings_that_are_no_unicode_travel_whole() {
        use std::os::windows::ffi::OsStringExt;
        let odd = OsString::from_wide(&[0x61, 0xd800, 0x62]);
        let travelled = text(&CString::new(odd.as_encoded_bytes()).unwrap());
        assert_eq!((&travelled, wide(&travelled)), (&odd, vec![0x61, 0xd800, 0x62, 0]));
    }

    #[test]
    fn a_program_says_whether_it_is_for_a_console() {
        let own = crate::fsx::head(std::env::current_exe().unwrap(), 4096).unwrap();
        assert!(is_console_program(&own));
        let at = subsystem_at(&own).unwrap();
        let windowed = [&own[..at], &[2, 0], &own[at + 2..]].concat();
        assert!(!is_console_program(&windowed));
        (0..at + 2).for_each(|end| assert!(!is_console_program(&own[..end]), "{end}"));
        let far = [&own[..60], &[0xff; 4], &own[64..]].concat();
        assert!(!is_console_program(&far) && !is_console_program(b"#!/bin/sh"));
    }
}
