//! Which DLL a program misses: Windows says only that there is one.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use object::pe::{ImageNtHeaders32, ImageNtHeaders64};
use object::read::pe::{ImageNtHeaders, PeFile};
use object::{FileKind, ReadCache, ReadRef};

use crate::{env, fsx};

/// A program that names more has a broken table.
const MOST: usize = 500;

/// Names that Windows resolves itself: there need not be a file.
const SETS: [&str; 2] = ["api-ms-", "ext-ms-"];

/// The DLLs that a program names and that are nowhere Windows looks for them. Those that are missed by another DLL are not
/// found.
pub(super) fn missing(program: &Path) -> Vec<String> {
    let names = fsx::open(program).ok().and_then(named).unwrap_or_default();
    let windows = env::var(env::SYSTEM_ROOT).map(PathBuf::from);
    let mut dirs: Vec<PathBuf> = program.parent().map(Path::to_owned).into_iter().collect();
    dirs.extend(
        windows.into_iter().flat_map(|windows| [windows.join("System32"), windows.join("SysWOW64"), windows]),
    );
    dirs.extend(env::var(env::PATH).iter().flat_map(std::env::split_paths));
    absent(names, &dirs, Path::exists)
}

fn absent(names: Vec<String>, dirs: &[PathBuf], exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let is_there = |name: &String| {
        let set = SETS.iter().any(|set| name.to_ascii_lowercase().starts_with(set));
        set || dirs.iter().any(|dir| exists(&dir.join(name)))
    };
    names.into_iter().filter(|name| !is_there(name)).collect()
}

/// The DLLs that a program names.
fn named(file: impl Read + Seek) -> Option<Vec<String>> {
    let file = ReadCache::new(file);
    match FileKind::parse(&file).ok()? {
        FileKind::Pe32 => table::<ImageNtHeaders32, _>(&file),
        FileKind::Pe64 => table::<ImageNtHeaders64, _>(&file),
        _ => None,
    }
}

fn table<'a, Pe: ImageNtHeaders, R: ReadRef<'a>>(data: R) -> Option<Vec<String>> {
    let table = PeFile::<Pe, R>::parse(data).ok()?.import_table().ok()??;
    let mut entries = table.descriptors().ok()?;
    let mut names = Vec::new();
    while let Ok(Some(entry)) = entries.next() {
        let name = table.name(entry.name.get(object::LittleEndian)).ok()?;
        names.push(String::from_utf8_lossy(name).into_owned());
        if names.len() > MOST {
            return None;
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A program of one section, which holds the table of the DLLs that it needs.
    fn program(names: &[&str]) -> Vec<u8> {
        const AT: usize = 0x200;
        const ADDRESS: u32 = 0x1000;
        let mut bytes = vec![0; 0x600];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, b"MZ");
        put(0x3c, &[0x80]);
        put(0x80, b"PE\0\0\x64\x86\x01\0");
        // The length of the optional header with 16 directories, its kind, and how many directories there are.
        put(0x94, &[0xf0, 0]);
        put(0x98, &[0x0b, 0x02]);
        put(0x98 + 108, &[16]);
        put(0x98 + 112 + 8, &ADDRESS.to_le_bytes());
        // The section: size in memory, address, size in the file, place in the file.
        let section = 0x98 + 0xf0;
        put(section, b".idata\0\0");
        for (field, value) in [0x400, ADDRESS, 0x400, 0x200].into_iter().enumerate() {
            put(section + 8 + field * 4, &value.to_le_bytes());
        }
        for (index, name) in names.iter().enumerate() {
            let place = 0x200 + index * 0x20;
            let address = ADDRESS + u32::try_from(place).unwrap();
            put(AT + index * 20 + 12, &address.to_le_bytes());
            put(AT + index * 20 + 16, &[1]);
            put(AT + place, name.as_bytes());
        }
        bytes
    }

    #[test]
    fn a_program_names_its_dlls() {
        let bytes = program(&["KERNEL32.dll", "vcruntime140.dll", "api-ms-win-crt.dll"]);
        let names = named(Cursor::new(&bytes)).unwrap();
        assert_eq!(names, ["KERNEL32.dll", "vcruntime140.dll", "api-ms-win-crt.dll"]);
        let dirs = [PathBuf::from("app"), PathBuf::from("system")];
        let kernel = Path::new("system").join("KERNEL32.dll");
        assert_eq!(absent(names, &dirs, |path| path == kernel), ["vcruntime140.dll"]);
        for length in 0..bytes.len() {
            named(Cursor::new(&bytes[..length]));
        }
        assert_eq!(named(Cursor::new("#!/bin/sh")), None);
    }

    #[test]
    fn a_missing_dll_is_told_by_name() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program.exe");
        fsx::create_private(&path).unwrap().write_all(&program(&["no-such-library.dll"])).unwrap();
        let exit =
            crate::exit::Exit::of(crate::exit::ExitReason::LaunchFailed, 0xC000_0135_u32.cast_signed());
        let told = crate::diagnose::diagnose(&path, None, Some(&exit), &[]).unwrap();
        assert_eq!(told.headline, "the library `no-such-library.dll` is missing");
        assert!(told.permanent);
    }
}
