//! ELF headers, by the System V ABI and the Linux Standard Base (symbol versions).

use std::io::{Read, Seek};

use super::bytes::{Fault, Image, Result, View};
use super::{Container, Facts, GlibcVersion, Purpose};

/// The most symbol versions that are looked at; programs need some dozens.
const VERSIONS: usize = 10_000;

/// A program header.
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const INTERPRETER: u32 = 3;
const NOTE: u32 = 4;

/// The entries of the dynamic segment that matter here.
#[derive(Default)]
struct Dynamic {
    strings: u64,
    versions: u64,
    version_count: u64,
    has_library_name: bool,
}

/// What the header says of the layout of everything else.
#[derive(Clone, Copy)]
struct Layout {
    wide: bool,
    big_endian: bool,
}

/// The facts of an ELF file.
pub(super) fn read<R: Read + Seek>(image: &mut Image<'_, R>) -> Result<Facts> {
    let ident = image.view(0, 16, false)?.bytes;
    let layout = Layout {
        wide: match ident[4] {
            1 => false,
            2 => true,
            _ => return Err(Fault::Damaged("its class is neither 32 nor 64 bits")),
        },
        big_endian: match ident[5] {
            1 => false,
            2 => true,
            _ => return Err(Fault::Damaged("its byte order is not known")),
        },
    };
    let header = image.view(0, if layout.wide { 64 } else { 52 }, layout.big_endian)?;
    let segments = segments(image, &header, layout)?;
    let dynamic = dynamic(image, &segments, layout)?;
    let interpreter = match segments.iter().find(|s| s.kind == INTERPRETER) {
        Some(segment) => Some(image.view(segment.offset, segment.size.min(4096), false)?.text(0)),
        None => None,
    };
    let entry = header.word(24, layout.wide)?;
    let purpose = match header.u16(16)? {
        1 => Purpose::Other("an object file"),
        2 | 3 if entry != 0 && !dynamic.has_library_name => Purpose::Program,
        2 => Purpose::Other("a file without an entry point"),
        3 => Purpose::Library,
        4 => Purpose::Other("a core dump"),
        _ => Purpose::Other("a file of a kind that is not known"),
    };
    Ok(Facts {
        container: Container::Elf,
        architectures: vec![architecture(header.u16(18)?, layout)],
        purpose,
        os: system(image, &segments, ident[7], interpreter.as_deref(), layout)?,
        glibc: glibc(image, &segments, &dynamic, layout)?,
        interpreter,
    })
}

fn segments<R: Read + Seek>(image: &mut Image<'_, R>, header: &View, layout: Layout) -> Result<Vec<Segment>> {
    let wide = layout.wide;
    let offset = header.word(if wide { 32 } else { 28 }, wide)?;
    let size = header.u16(if wide { 54 } else { 42 })?;
    let count = header.u16(if wide { 56 } else { 44 })?;
    if count == 0 {
        return Ok(Vec::new());
    }
    if size != if wide { 56 } else { 32 } {
        return Err(Fault::Damaged("its program headers have a wrong size"));
    }
    let table = image.view(offset, u64::from(size) * u64::from(count), layout.big_endian)?;
    let fields = if wide { [8, 16, 32] } else { [4, 8, 16] };
    (0..usize::from(count))
        .map(|index| {
            let at = index * usize::from(size);
            let [offset, address, size] = fields.map(|field| table.word(at + field, wide));
            Ok(Segment { kind: table.u32(at)?, offset: offset?, address: address?, size: size? })
        })
        .collect()
}

fn dynamic<R: Read + Seek>(
    image: &mut Image<'_, R>,
    segments: &[Segment],
    layout: Layout,
) -> Result<Dynamic> {
    let mut out = Dynamic::default();
    let Some(segment) = segments.iter().find(|s| s.kind == DYNAMIC) else { return Ok(out) };
    let table = image.view(segment.offset, segment.size, layout.big_endian)?;
    let word = if layout.wide { 8 } else { 4 };
    for at in (0..table.bytes.len() / (2 * word)).map(|index| index * 2 * word) {
        let value = table.word(at + word, layout.wide)?;
        match table.word(at, layout.wide)? {
            0 => break,
            5 => out.strings = value,
            14 => out.has_library_name = true,
            0x6fff_fffe => out.versions = value,
            0x6fff_ffff => out.version_count = value,
            _ => {}
        }
    }
    Ok(out)
}

/// Where in the file the byte for a virtual address is.
fn file_offset(segments: &[Segment], address: u64) -> Result<u64> {
    segments
        .iter()
        .filter(|s| s.kind == LOAD)
        .find_map(|s| {
            let inside = address.checked_sub(s.address).filter(|inside| *inside < s.size)?;
            s.offset.checked_add(inside)
        })
        .ok_or(Fault::Damaged("an address lies outside of the file"))
}

/// The newest glibc whose symbols are needed, from the version needs (LSB 10.7). Read by the dynamic segment, as section
/// headers are often stripped.
fn glibc<R: Read + Seek>(
    image: &mut Image<'_, R>,
    segments: &[Segment],
    dynamic: &Dynamic,
    layout: Layout,
) -> Result<Option<GlibcVersion>> {
    if dynamic.versions == 0 || dynamic.version_count == 0 {
        return Ok(None);
    }
    let strings = file_offset(segments, dynamic.strings)?;
    let mut need = file_offset(segments, dynamic.versions)?;
    let mut newest = None;
    let mut seen = 0;
    let forward =
        |at: u64, by: u32| at.checked_add(u64::from(by)).ok_or(Fault::Damaged("its versions point nowhere"));
    for _ in 0..dynamic.version_count {
        let record = image.view(need, 16, layout.big_endian)?;
        let mut version = forward(need, record.u32(8)?)?;
        for _ in 0..record.u16(2)? {
            seen += 1;
            if seen > VERSIONS {
                return Err(Fault::Damaged("it needs more than 10000 symbol versions"));
            }
            let record_of_version = image.view(version, 16, layout.big_endian)?;
            let name = forward(strings, record_of_version.u32(8)?)?;
            let name = image.view_up_to(name, 64, false)?.text(0);
            newest = newest.max(name.strip_prefix("GLIBC_").and_then(|v| v.parse().ok()));
            match record_of_version.u32(12)? {
                0 => break,
                next => version = forward(version, next)?,
            }
        }
        match record.u32(12)? {
            0 => break,
            next => need = forward(need, next)?,
        }
    }
    Ok(newest)
}

/// The system that a file is made for, where it says so: by its loader, its notes, or the header's ABI byte.
fn system<R: Read + Seek>(
    image: &mut Image<'_, R>,
    segments: &[Segment],
    abi: u8,
    interpreter: Option<&str>,
    layout: Layout,
) -> Result<Option<&'static str>> {
    let mut by_note = None;
    for segment in segments.iter().filter(|s| s.kind == NOTE) {
        let notes = image.view_up_to(segment.offset, segment.size.min(64 << 10), layout.big_endian)?;
        by_note = by_note.or(note(&notes));
    }
    // https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html; 97 is ARM's own and says nothing.
    let by_abi = match abi {
        0 | 97 => None,
        3 => Some("linux"),
        2 => Some("netbsd"),
        6 => Some("solaris"),
        9 => Some("freebsd"),
        12 => Some("openbsd"),
        _ => Some("a system that is not known"),
    };
    let by_loader = interpreter.and_then(|path| loader(path).0);
    Ok(by_note.filter(|os| *os != "linux").or(by_loader).or(by_note).or(by_abi))
}

/// The system that a note names: those of the compilers' start files.
fn note(notes: &View) -> Option<&'static str> {
    let mut at = 0;
    loop {
        let [name, content, kind] = [0, 4, 8].map(|field| notes.u32(at + field).ok());
        let (name, content) = (usize::try_from(name?).ok()?, usize::try_from(content?).ok()?);
        let begin = at.checked_add(12)?;
        let data = begin.checked_add(name.checked_next_multiple_of(4)?)?;
        let owner = notes.bytes.get(begin..begin.checked_add(name)?)?;
        match (owner, kind?) {
            (b"Android\0", 1) => return Some("android"),
            (b"FreeBSD\0", 1) => return Some("freebsd"),
            (b"NetBSD\0", 1) => return Some("netbsd"),
            (b"OpenBSD\0", 1) => return Some("openbsd"),
            (b"DragonFly\0", 1) => return Some("dragonfly"),
            (b"GNU\0", 1) => {
                return Some(match notes.u32(data).ok()? {
                    0 => "linux",
                    1 => "hurd",
                    2 => "solaris",
                    3 => "freebsd",
                    _ => "a system that is not known",
                });
            }
            _ => at = data.checked_add(content.checked_next_multiple_of(4)?)?,
        }
    }
}

/// A C library on Linux that a program needs a loader of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Libc {
    Glibc,
    Musl,
}

/// The system and C library of a loader, by its path.
pub(super) fn loader(path: &str) -> (Option<&'static str>, Option<Libc>) {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.starts_with("ld-linux") || name.starts_with("ld64.so") {
        (Some("linux"), Some(Libc::Glibc))
    } else if name.starts_with("ld-musl") {
        (Some("linux"), Some(Libc::Musl))
    } else if path.starts_with("/system/bin/linker") {
        (Some("android"), None)
    } else if name.starts_with("ld-elf.so") {
        (Some("freebsd"), None)
    } else if name == "ld.elf_so" {
        (Some("netbsd"), None)
    } else if path == "/usr/libexec/ld.so" {
        (Some("openbsd"), None)
    } else if matches!(path, "/usr/lib/amd64/ld.so.1" | "/lib/amd64/ld.so.1" | "/usr/lib/ld.so.1") {
        (Some("illumos"), None)
    } else {
        (None, None)
    }
}

/// The architecture in Rust's words, with the byte order where it is not the usual one. The numbers are registered at
/// <https://groups.google.com/g/generic-abi>.
fn architecture(machine: u16, layout: Layout) -> String {
    let name = match (machine, layout.wide, layout.big_endian) {
        (3, false, false) => "x86",
        (62, true, false) => "x86_64",
        (62, false, false) => "x32",
        (40, false, false) => "arm",
        (40, false, true) => "armeb",
        (183, true, false) => "aarch64",
        (183, true, true) => "aarch64_be",
        (243, true, false) => "riscv64",
        (243, false, false) => "riscv32",
        (20, false, true) => "powerpc",
        (21, true, true) => "powerpc64",
        (21, true, false) => "powerpc64le",
        (22, true, true) => "s390x",
        (258, true, false) => "loongarch64",
        (8, false, true) => "mips",
        (8, false, false) => "mipsel",
        (8, true, true) => "mips64",
        (8, true, false) => "mips64el",
        (43, true, true) => "sparc64",
        _ => return format!("machine {machine}"),
    };
    name.to_owned()
}
