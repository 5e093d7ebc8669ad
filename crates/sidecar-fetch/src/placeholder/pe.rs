//! The smallest honest program for Windows: writes a text to stderr and exits with a code.
//!
//! By Microsoft's "PE Format", "x64 calling convention", and Intel's manual. A DOS header, the PE headers, `.text` with
//! the code and `.rdata` with the imports and the text. x86-64 code serves arm64 too, where Windows emulates it.

use target_lexicon::Architecture;

/// Bytes of the headers in the file, and what sections are aligned to there.
const FILE_ALIGNMENT: u32 = 0x200;
/// What sections are aligned to in memory.
const SECTION_ALIGNMENT: u32 = 0x1000;
/// Where `.text` begins in memory, counted from the image's base.
const TEXT: u32 = SECTION_ALIGNMENT;
/// Where `.rdata` begins in memory, counted from the image's base.
const RDATA: u32 = 2 * SECTION_ALIGNMENT;

/// What is imported from `KERNEL32.dll`, in the order of the import tables.
const IMPORTS: [&str; 3] = ["GetStdHandle", "WriteFile", "ExitProcess"];

/// `STD_ERROR_HANDLE`, which is -12.
const STD_ERROR: i8 = -12;

/// A program for the console that writes `text` to stderr and exits with `code`.
pub(super) fn program(architecture: Architecture, text: &str, code: u8) -> Vec<u8> {
    let bits = if matches!(architecture, Architecture::X86_32(_)) { Bits::X86 } else { Bits::X64 };
    let rdata = Rdata::new(bits, text);
    let code = match bits {
        Bits::X86 => code_x86(&rdata, text, code),
        Bits::X64 => code_x64(&rdata, text, code),
    };
    let mut out = headers(bits, &rdata, size(&code));
    for part in [&code, &rdata.bytes] {
        pad(&mut out);
        out.extend_from_slice(part);
    }
    pad(&mut out);
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bits {
    X86,
    X64,
}

impl Bits {
    /// Bytes of a pointer, and of an entry of the import tables.
    fn pointer(self) -> u32 {
        if self == Self::X86 { 4 } else { 8 }
    }

    /// Where the image is loaded.
    fn base(self) -> u64 {
        if self == Self::X86 { 0x0040_0000 } else { 0x1_4000_0000 }
    }
}

/// The section with what the code refers to.
struct Rdata {
    bytes: Vec<u8>,
    pointer: u32,
    /// Where the loader puts the addresses of the functions, in memory.
    addresses: u32,
    /// Where the text is, in memory.
    text: u32,
}

impl Rdata {
    /// The import directory (one library and the empty entry that ends it), the lookup table, the address table, the
    /// names, the text.
    fn new(bits: Bits, text: &str) -> Self {
        let pointer = bits.pointer();
        let table = (size(&IMPORTS) + 1) * pointer;
        let (lookup, addresses) = (RDATA + 2 * 20, RDATA + 2 * 20 + table);
        let mut at = addresses + table;
        let (mut entries, mut names) = (Vec::new(), Vec::new());
        for name in IMPORTS {
            put(&mut entries, pointer, at.into());
            // a hint, the name, its end, and one more where the next would begin at an odd address
            let entry = format!("\0\0{name}{}", if name.len() % 2 == 0 { "\0\0" } else { "\0" });
            at += size(entry.as_bytes());
            names.extend_from_slice(entry.as_bytes());
        }
        put(&mut entries, pointer, 0);
        let library = at;
        names.extend_from_slice(b"KERNEL32.dll\0");
        let mut bytes = Vec::new();
        for value in [lookup, 0, 0, library, addresses] {
            put(&mut bytes, 4, value.into());
        }
        bytes.resize(2 * 20, 0);
        for part in [&entries, &entries, &names] {
            bytes.extend_from_slice(part);
        }
        let text_at = RDATA + size(&bytes);
        bytes.extend_from_slice(text.as_bytes());
        Self { bytes, pointer, addresses, text: text_at }
    }

    /// Where the address of an import is, in memory.
    fn import(&self, name: &str) -> u32 {
        let index = IMPORTS.iter().take_while(|known| **known != name).count();
        self.addresses + u32::try_from(index).unwrap_or_default() * self.pointer
    }
}

/// Code for 64 bits: arguments in `rcx`, `rdx`, `r8`, `r9`, then above 32 bytes that belong to the called function.
/// Places in memory are told by their distance from the next instruction.
fn code_x64(rdata: &Rdata, text: &str, code: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let near = |out: &mut Vec<u8>, instruction: &[u8], place: u32| {
        out.extend_from_slice(instruction);
        let next = TEXT + size(out) + 4;
        put(out, 4, (place - next).into());
    };
    out.extend([0x48, 0x83, 0xec, 0x38]); // sub rsp, 56: room for arguments, and a multiple of 16 with the return address
    out.push(0xb9); // mov ecx, STD_ERROR
    out.extend(i32::from(STD_ERROR).to_le_bytes());
    near(&mut out, &[0xff, 0x15], rdata.import("GetStdHandle")); // call [GetStdHandle]
    out.extend([0x48, 0x89, 0xc1]); // mov rcx, rax
    near(&mut out, &[0x48, 0x8d, 0x15], rdata.text); // lea rdx, [text]
    out.extend([0x41, 0xb8]); // mov r8d, length
    put(&mut out, 4, size(text.as_bytes()).into());
    out.extend([0x4c, 0x8d, 0x4c, 0x24, 0x30]); // lea r9, [rsp + 48]: how much was written
    out.extend([0x48, 0xc7, 0x44, 0x24, 0x20, 0, 0, 0, 0]); // mov qword [rsp + 32], 0: no overlapped write
    near(&mut out, &[0xff, 0x15], rdata.import("WriteFile")); // call [WriteFile]
    out.push(0xb9); // mov ecx, code
    put(&mut out, 4, code.into());
    near(&mut out, &[0xff, 0x15], rdata.import("ExitProcess")); // call [ExitProcess]
    out.push(0xcc); // int3: it does not return
    out
}

/// Code for 32 bits: arguments are pushed, the last one first, and the called function takes them away. Places in
/// memory are absolute: the image has no relocations, and is loaded at its base.
fn code_x86(rdata: &Rdata, text: &str, code: u8) -> Vec<u8> {
    let absolute = |place: u32| Bits::X86.base() + u64::from(place);
    let mut out = Vec::new();
    let call = |out: &mut Vec<u8>, name: &str| {
        out.extend([0xff, 0x15]); // call [name]
        put(out, 4, absolute(rdata.import(name)));
    };
    out.extend([0x6a, 0x00]); // push 0: how much was written will stand here
    out.extend([0x89, 0xe0]); // mov eax, esp
    out.extend([0x6a, 0x00, 0x50]); // push 0: no overlapped write; push eax
    out.push(0x68); // push length
    put(&mut out, 4, size(text.as_bytes()).into());
    out.push(0x68); // push text
    put(&mut out, 4, absolute(rdata.text));
    out.push(0x6a); // push STD_ERROR
    out.extend(STD_ERROR.to_le_bytes());
    call(&mut out, "GetStdHandle");
    out.push(0x50); // push eax
    call(&mut out, "WriteFile");
    out.extend([0x6a, code]); // push code
    call(&mut out, "ExitProcess");
    out.push(0xcc); // int3: it does not return
    out
}

/// Everything in front of the sections.
fn headers(bits: Bits, rdata: &Rdata, code: u32) -> Vec<u8> {
    let mut out = b"MZ".to_vec();
    out.resize(60, 0);
    put(&mut out, 4, 64); // where the PE header begins
    out.extend_from_slice(b"PE\0\0");
    // machine, sections, time, symbols, count of symbols, bytes of the optional header, EXECUTABLE_IMAGE with
    // LARGE_ADDRESS_AWARE or RELOCS_STRIPPED | 32BIT_MACHINE
    let (machine, optional, flags) =
        if bits == Bits::X86 { (0x14c, 96 + 128, 0x103) } else { (0x8664, 112 + 128, 0x22) };
    for (width, value) in [(2, machine), (2, 2), (4, 0), (4, 0), (4, 0), (2, optional), (2, flags)] {
        put(&mut out, width, value);
    }
    optional_header(&mut out, bits, rdata);
    let rdata_size = size(&rdata.bytes);
    // CNT_CODE | MEM_EXECUTE | MEM_READ, CNT_INITIALIZED_DATA | MEM_READ
    section(&mut out, *b".text\0\0\0", (TEXT, code), FILE_ALIGNMENT, 0x6000_0020);
    section(&mut out, *b".rdata\0\0", (RDATA, rdata_size), FILE_ALIGNMENT + in_file(code), 0x4000_0040);
    out
}

fn optional_header(out: &mut Vec<u8>, bits: Bits, rdata: &Rdata) {
    let pointer = bits.pointer();
    let data = in_file(size(&rdata.bytes));
    // magic, linker, bytes of code, of data, of zeros, entry point, begin of code
    let magic = if bits == Bits::X86 { 0x10b } else { 0x20b };
    for (width, value) in [(2, magic), (2, 0), (4, FILE_ALIGNMENT), (4, data), (4, 0), (4, TEXT), (4, TEXT)] {
        put(out, width, value.into());
    }
    if bits == Bits::X86 {
        put(out, 4, RDATA.into()); // begin of data
    }
    put(out, pointer, bits.base());
    // alignments, versions of Windows (6.0, which is Vista), of the image, of the subsystem, reserved
    let versions =
        [(4, SECTION_ALIGNMENT), (4, FILE_ALIGNMENT), (2, 6), (2, 0), (4, 0), (2, 6), (2, 0), (4, 0)];
    // bytes in memory, of the headers, check sum, subsystem CONSOLE, NX_COMPAT | TERMINAL_SERVER_AWARE
    let rest = [(4, RDATA + SECTION_ALIGNMENT), (4, FILE_ALIGNMENT), (4, 0), (2, 3), (2, 0x8100)];
    for (width, value) in versions.into_iter().chain(rest) {
        put(out, width, value.into());
    }
    // stack and heap: reserved and committed
    for value in [0x10_0000, 0x1000, 0x10_0000, 0x1000] {
        put(out, pointer, value);
    }
    put(out, 4, 0);
    put(out, 4, 16); // data directories
    let table = (size(&IMPORTS) + 1) * pointer;
    for directory in 0..16 {
        let (place, length) = match directory {
            1 => (RDATA, 2 * 20),           // imports
            12 => (rdata.addresses, table), // their addresses
            _ => (0, 0),
        };
        put(out, 4, place.into());
        put(out, 4, length.into());
    }
}

/// One line of the section table; `memory`: where it begins and its bytes.
fn section(out: &mut Vec<u8>, name: [u8; 8], memory: (u32, u32), file: u32, flags: u32) {
    out.extend(name);
    // bytes and place in memory, bytes and place in the file, no relocations and line numbers
    for value in [memory.1, memory.0, in_file(memory.1), file, 0, 0, 0, flags] {
        put(out, 4, value.into());
    }
}

/// The lowest `width` bytes of a number, least significant first.
fn put(out: &mut Vec<u8>, width: u32, value: u64) {
    out.extend_from_slice(&value.to_le_bytes()[..width as usize]);
}

fn pad(out: &mut Vec<u8>) {
    out.resize(in_file(size(out)) as usize, 0);
}

/// The bytes of a section in the file.
fn in_file(size: u32) -> u32 {
    size.next_multiple_of(FILE_ALIGNMENT)
}

fn size<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use object::{Object as _, ObjectSection as _};
    use target_lexicon::X86_32Architecture::I686;

    use super::*;

    const BOTH: [Architecture; 2] = [Architecture::X86_64, Architecture::X86_32(I686)];

    #[test]
    fn the_object_crate_reads_what_was_written() {
        for architecture in BOTH {
            let bytes = program(architecture, "hello\r\n", 97);
            let file = object::File::parse(&*bytes).unwrap();
            let imports: Vec<_> = file.imports().unwrap().map(Result::unwrap).collect();
            let names: Vec<_> = imports.iter().map(|import| import.name().into_name().unwrap()).collect();
            assert_eq!(names, IMPORTS.map(str::as_bytes));
            assert!(imports.iter().all(|import| import.library() == b"KERNEL32.dll"));
            let rdata = file.section_by_name(".rdata").unwrap();
            assert!(rdata.data().unwrap().windows(7).any(|window| window == b"hello\r\n"));
            let text = file.section_by_name(".text").unwrap();
            assert_eq!(file.entry(), text.address());
            assert_eq!(file.is_64(), architecture == Architecture::X86_64);
        }
    }

    #[test]
    fn our_own_reader_takes_it_for_a_program() {
        for (architecture, triple) in BOTH.into_iter().zip(["x86_64-pc-windows-msvc", "i686-pc-windows-msvc"])
        {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("x.exe");
            let mut file = crate::fsx::create(&path).unwrap();
            std::io::Write::write_all(&mut file, &program(architecture, "hello", 97)).unwrap();
            crate::inspect::check(&path, &triple.parse().unwrap(), crate::inspect::Cpu::Native).unwrap();
        }
    }

    #[test]
    fn code_refers_to_the_text_and_the_imports() {
        let rdata = Rdata::new(Bits::X64, "hello");
        let code = code_x64(&rdata, "hello", 97);
        // lea rdx, [rip + distance]
        let lea = code.windows(3).position(|window| window == [0x48, 0x8d, 0x15]).unwrap() + 3;
        let distance = u32::from_le_bytes(code[lea..lea + 4].try_into().unwrap());
        assert_eq!(TEXT + size(&code[..lea]) + 4 + distance, rdata.text);
        assert_eq!(&rdata.bytes[(rdata.text - RDATA) as usize..], b"hello");
    }

    #[test]
    fn a_long_text_takes_more_room_and_stays_in_one_page() {
        let bytes = program(Architecture::X86_64, &"x".repeat(3_000), 1);
        assert_eq!(bytes.len() % FILE_ALIGNMENT as usize, 0);
        assert!(object::File::parse(&*bytes).is_ok());
    }
}
