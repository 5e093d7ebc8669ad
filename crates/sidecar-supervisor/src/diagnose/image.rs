//! What a file is, by its head.

use std::fmt;
use std::io::{Read, Seek};

use object::elf::{self, FileHeader32, FileHeader64};
use object::macho::{self, MachHeader32, MachHeader64};
use object::pe;
use object::read::elf::{FileHeader, ProgramHeader};
use object::read::macho::{FatArch, MachHeader, MachOFatFile32, MachOFatFile64};
use object::{BigEndian, Endianness, FileKind, LittleEndian, ReadCache, ReadRef};

/// As much of a first line as Linux reads.
const HEAD: u64 = 256;

/// A longer path of an interpreter is none.
const PATH: u64 = 4096;

/// A universal file for more processors is none: files of Java begin with the same bytes and a number of at least 45.
const PROCESSORS: u32 = 32;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Image {
    /// Nothing at all.
    Empty,
    /// A text whose first line names a program: without `#!`, as it stands there.
    Script(String),
    /// A program, for a system and processors, with the loader that it asks for.
    Program { system: System, processors: Vec<&'static str>, loader: Option<String> },
    /// An archive of that kind.
    Archive(&'static str),
    /// A text that names no program, and how it begins.
    Text(String),
    /// Something else, and its first bytes.
    Unknown(String),
}

/// Whose format a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Linux,
    FreeBsd,
    MacOs,
    Windows,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linux => "Linux",
            Self::FreeBsd => "FreeBSD",
            Self::MacOs => "macOS",
            Self::Windows => "Windows",
        })
    }
}

impl System {
    /// This one; on others nothing is compared.
    pub(super) const fn here() -> Option<Self> {
        if cfg!(target_os = "linux") {
            Some(Self::Linux)
        } else if cfg!(target_os = "macos") {
            Some(Self::MacOs)
        } else if cfg!(windows) {
            Some(Self::Windows)
        } else {
            None
        }
    }
}

/// What the file is; `None` where it cannot be read.
pub(super) fn read(file: impl Read + Seek) -> Option<Image> {
    let file = ReadCache::new(file);
    let data = &file;
    let length = data.len().ok()?;
    if length == 0 {
        return Some(Image::Empty);
    }
    let head = data.read_bytes_at(0, length.min(HEAD)).ok()?;
    program(data).or_else(|| Some(other(head)))
}

fn program<'a, R: ReadRef<'a>>(data: R) -> Option<Image> {
    match FileKind::parse(data).ok()? {
        FileKind::Elf32 => unix::<FileHeader32<Endianness>, R>(data),
        FileKind::Elf64 => unix::<FileHeader64<Endianness>, R>(data),
        FileKind::MachO32 => Some(mac(vec![thin::<MachHeader32<Endianness>, R>(data)?])),
        FileKind::MachO64 => Some(mac(vec![thin::<MachHeader64<Endianness>, R>(data)?])),
        FileKind::MachOFat32 if is_universal(data) => Some(mac(MachOFatFile32::parse(data)
            .ok()?
            .arches()
            .iter()
            .map(|arch| apple(arch.cputype()))
            .collect())),
        FileKind::MachOFat64 if is_universal(data) => Some(mac(MachOFatFile64::parse(data)
            .ok()?
            .arches()
            .iter()
            .map(|arch| apple(arch.cputype()))
            .collect())),
        FileKind::Pe32 | FileKind::Pe64 => {
            let headers = pe::ImageDosHeader::parse(data).ok()?.nt_headers_offset();
            // The machine stands at the same place in both kinds.
            let headers: &pe::ImageNtHeaders32 = data.read_at(u64::from(headers)).ok()?;
            let machine = headers.file_header.machine.get(LittleEndian);
            Some(Image::Program { system: System::Windows, processors: vec![windows(machine)], loader: None })
        }
        _ => None,
    }
}

fn unix<'a, E: FileHeader<Endian = Endianness>, R: ReadRef<'a>>(data: R) -> Option<Image> {
    let header = E::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let little = endian == Endianness::Little;
    let processor = match (header.e_machine(endian), header.is_class_64()) {
        (elf::EM_X86_64, _) => "x86_64",
        (elf::EM_386, _) => "x86",
        (elf::EM_AARCH64, _) => "aarch64",
        (elf::EM_ARM, _) => "arm",
        (elf::EM_RISCV, true) => "riscv64",
        (elf::EM_RISCV, false) => "riscv32",
        (elf::EM_PPC64, _) if little => "powerpc64le",
        (elf::EM_PPC64, _) => "powerpc64",
        (elf::EM_PPC, _) => "powerpc",
        (elf::EM_S390, _) => "s390x",
        (elf::EM_LOONGARCH, _) => "loongarch64",
        (elf::EM_MIPS, _) => "mips",
        _ => "another processor",
    };
    let loader = header.program_headers(endian, data).ok().and_then(|parts| {
        let part = parts.iter().find(|part| part.p_type(endian) == elf::PT_INTERP)?;
        let path = (part.p_filesz(endian).into() <= PATH)
            .then(|| part.interpreter(endian, data).ok().flatten())??;
        Some(String::from_utf8_lossy(path).into_owned())
    });
    let free_bsd = header.e_ident().os_abi == elf::ELFOSABI_FREEBSD;
    let system = if free_bsd { System::FreeBsd } else { System::Linux };
    Some(Image::Program { system, processors: vec![processor], loader })
}

fn mac(processors: Vec<&'static str>) -> Image {
    Image::Program { system: System::MacOs, processors, loader: None }
}

fn thin<'a, M: MachHeader<Endian = Endianness>, R: ReadRef<'a>>(data: R) -> Option<&'static str> {
    let header = M::parse(data, 0).ok()?;
    Some(apple(header.cputype(header.endian().ok()?)))
}

fn is_universal<'a, R: ReadRef<'a>>(data: R) -> bool {
    data.read_at::<macho::FatHeader>(0).is_ok_and(|header| header.nfat_arch.get(BigEndian) <= PROCESSORS)
}

fn apple(processor: macho::CpuType) -> &'static str {
    match processor {
        macho::CPU_TYPE_ARM64 => "aarch64",
        macho::CPU_TYPE_X86_64 => "x86_64",
        macho::CPU_TYPE_X86 => "x86",
        macho::CPU_TYPE_ARM => "arm",
        _ => "another processor",
    }
}

fn windows(processor: pe::Machine) -> &'static str {
    match processor {
        pe::IMAGE_FILE_MACHINE_AMD64 => "x86_64",
        pe::IMAGE_FILE_MACHINE_I386 => "x86",
        pe::IMAGE_FILE_MACHINE_ARM64 => "aarch64",
        pe::IMAGE_FILE_MACHINE_ARMNT => "arm",
        _ => "another processor",
    }
}

/// What is no program.
fn other(head: &[u8]) -> Image {
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        return Image::Script(String::from_utf8_lossy(line).trim_start_matches([' ', '\t']).to_owned());
    }
    let archives: [(&[u8], &str); 6] = [
        (b"PK\x03\x04", "zip"),
        (b"\x1f\x8b", "gzip"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
    ];
    if let Some((_, kind)) = archives.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Image::Archive(kind);
    }
    // The head may end inside a character.
    let is_text = match std::str::from_utf8(head) {
        Ok(text) => !text.contains('\0'),
        Err(error) => error.error_len().is_none() && !head.contains(&0),
    };
    if is_text {
        let text = String::from_utf8_lossy(head);
        return Image::Text(text.trim_start().lines().next().unwrap_or_default().chars().take(60).collect());
    }
    let bytes: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Image::Unknown(bytes.join(" "))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn of(bytes: impl AsRef<[u8]>) -> Image {
        read(Cursor::new(bytes)).unwrap()
    }

    fn program(system: System, processors: &[&'static str]) -> Image {
        Image::Program { system, processors: processors.to_vec(), loader: None }
    }

    #[test]
    fn what_is_no_program_is_told_apart() {
        assert_eq!(of(""), Image::Empty);
        assert_eq!(of("#! /usr/bin/env node\r\nx"), Image::Script("/usr/bin/env node\r".to_owned()));
        assert_eq!(of("#!"), Image::Script(String::new()));
        assert_eq!(of("\n<!DOCTYPE html>\n"), Image::Text("<!DOCTYPE html>".to_owned()));
        assert_eq!(of("é".repeat(200)), Image::Text("é".repeat(60)));
        assert_eq!(of("PK\x03\x04rest"), Image::Archive("zip"));
        assert_eq!(of([0xff, 0, 1]), Image::Unknown("ff 00 01".to_owned()));
    }

    #[test]
    fn programs_of_other_systems_are_known() {
        let mut mac = vec![0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1];
        mac.resize(64, 0);
        assert_eq!(of(mac), program(System::MacOs, &["aarch64"]));

        let mut universal = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2];
        universal.extend([1, 0, 0, 7].iter().chain(&[0; 16]));
        universal.extend([1, 0, 0, 12].iter().chain(&[0; 16]));
        assert_eq!(of(&universal), program(System::MacOs, &["x86_64", "aarch64"]));
        universal[7] = 52;
        assert!(matches!(of(universal), Image::Unknown(_)));

        let mut windows = vec![0; 512];
        windows[..2].copy_from_slice(b"MZ");
        windows[0x3c] = 0x80;
        windows[0x80..0x86].copy_from_slice(b"PE\0\0\x64\xaa");
        windows[0x98..0x9a].copy_from_slice(&[0x0b, 0x02]);
        assert_eq!(of(&windows), program(System::Windows, &["aarch64"]));
        windows[0x3c] = 0xff;
        assert!(matches!(of(windows), Image::Unknown(_)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_head_of_this_program_is_read_and_broken_heads_are_no_harm() {
        let this = crate::fsx::open(&std::env::current_exe().unwrap()).unwrap();
        let Some(Image::Program { system: System::Linux, processors, loader }) = read(this) else { panic!() };
        assert_eq!(processors, [std::env::consts::ARCH]);
        assert!(std::path::Path::new(&loader.unwrap()).exists());

        let whole = crate::fsx::head(&std::env::current_exe().unwrap(), 1024).unwrap();
        for length in 0..whole.len() {
            read(Cursor::new(&whole[..length]));
        }
        for at in 0..64 {
            let mut broken = whole.clone();
            broken[at] = 0xff;
            read(Cursor::new(broken));
        }
    }
}
