//! Programs of a few hundred bytes: headers that say what they are for, then a payload. They do not run; what runs in
//! tests comes from the host.

/// A file whose headers are those of an executable for a target triple, followed by `payload` (which makes it unique).
///
/// # Panics
///
/// For a triple that is not one of the desktop's.
pub fn program(triple: &str, payload: &str) -> Vec<u8> {
    let arm = triple.starts_with("aarch64");
    let mut out = match triple {
        t if t.contains("linux") => elf(if arm { 183 } else { 62 }),
        t if t.contains("darwin") => {
            mach_o(if arm { 0x0100_000c } else { 0x0100_0007 }, if arm { 0 } else { 3 })
        }
        t if t.contains("windows") => pe(if arm { 0xaa64 } else { 0x8664 }),
        other => panic!("no program for {other}"),
    };
    out.extend_from_slice(payload.as_bytes());
    out
}

/// A [`program`] for Linux that needs symbols of a glibc version, such as `2.31`.
///
/// # Panics
///
/// For a triple that is not one of the desktop's Linux triples.
pub fn program_for_glibc(triple: &str, version: &str, payload: &str) -> Vec<u8> {
    assert!(triple.contains("linux"), "no glibc for {triple}");
    // The static program's headers with room for a second segment, which ends in the dynamic section.
    let mut out = program(triple, "")[..0x78].to_vec();
    out[56] = 2;
    let strings = [b"\0GLIBC_", version.as_bytes(), b"\0"].concat();
    let strings_at = 64 + 2 * 56;
    let needs_at = strings_at + strings.len() as u64;
    let dynamic_at = needs_at + 32;
    let base = 0x40_0000;
    // PT_DYNAMIC, R, offset, vaddr, paddr, filesz, memsz, align
    put(
        &mut out,
        &[
            (2, 4),
            (4, 4),
            (dynamic_at, 8),
            (base + dynamic_at, 8),
            (base + dynamic_at, 8),
            (64, 8),
            (64, 8),
            (8, 8),
        ],
    );
    out.extend_from_slice(&strings);
    // One Verneed (version, count, file, first, next) with one Vernaux (hash, flags, other, name, next).
    put(&mut out, &[(1, 2), (1, 2), (0, 4), (16, 4), (0, 4), (0, 4), (0, 2), (2, 2), (1, 4), (0, 4)]);
    // DT_STRTAB, DT_VERNEED, DT_VERNEEDNUM, DT_NULL
    let entries = [(5, base + strings_at), (0x6fff_fffe, base + needs_at), (0x6fff_ffff, 1), (0, 0)];
    for (tag, value) in entries {
        put(&mut out, &[(tag, 8), (value, 8)]);
    }
    // The loaded segment holds all of it.
    let end = (out.len() as u64).to_le_bytes();
    out[64 + 32..64 + 40].copy_from_slice(&end);
    out[64 + 40..64 + 48].copy_from_slice(&end);
    out.extend_from_slice(payload.as_bytes());
    out
}

/// A file whose headers are those of a shared library for a target triple, followed by `payload`.
///
/// # Panics
///
/// For a triple that is not one of the desktop's.
pub fn library(triple: &str, payload: &str) -> Vec<u8> {
    let mut out = program(triple, payload);
    if triple.contains("linux") {
        // ET_DYN without an entry point
        out[16] = 3;
        out[24..32].fill(0);
    } else if triple.contains("darwin") {
        // MH_DYLIB
        out[12] = 6;
    } else {
        // IMAGE_FILE_DLL
        out[0x40 + 23] |= 0x20;
    }
    out
}

fn put(out: &mut Vec<u8>, words: &[(u64, usize)]) {
    for (value, width) in words {
        out.extend_from_slice(&value.to_le_bytes()[..*width]);
    }
}

/// A static ELF64 executable with one segment; `machine` as in `e_machine` of the System V ABI.
fn elf(machine: u64) -> Vec<u8> {
    let mut out = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    // e_type EXEC, machine, version, entry, phoff, shoff, flags, ehsize, phentsize, phnum, shentsize, shnum, shstrndx
    put(
        &mut out,
        &[
            (2, 2),
            (machine, 2),
            (1, 4),
            (0x40_0078, 8),
            (64, 8),
            (0, 8),
            (0, 4),
            (64, 2),
            (56, 2),
            (1, 2),
            (64, 2),
            (0, 2),
            (0, 2),
        ],
    );
    // PT_LOAD, R+X, offset, vaddr, paddr, filesz, memsz, align
    put(
        &mut out,
        &[(1, 4), (5, 4), (0, 8), (0x40_0000, 8), (0x40_0000, 8), (0x78, 8), (0x78, 8), (0x1000, 8)],
    );
    out
}

/// A 64-bit Mach-O executable with the load command that names macOS; `cpu` as in `cputype`.
fn mach_o(cpu: u64, sub: u64) -> Vec<u8> {
    let mut out = Vec::new();
    // magic, cputype, cpusubtype, MH_EXECUTE, ncmds, sizeofcmds, flags, reserved
    put(&mut out, &[(0xfeed_facf, 4), (cpu, 4), (sub, 4), (2, 4), (1, 4), (24, 4), (0, 4), (0, 4)]);
    // LC_BUILD_VERSION: cmd, cmdsize, platform macOS, minos 11.0, sdk 11.0, ntools
    put(&mut out, &[(0x32, 4), (24, 4), (1, 4), (0x000b_0000, 4), (0x000b_0000, 4), (0, 4)]);
    out
}

/// A PE32+ console program without sections; `machine` as in `IMAGE_FILE_HEADER`.
fn pe(machine: u64) -> Vec<u8> {
    let mut out = b"MZ".to_vec();
    out.resize(0x3c, 0);
    put(&mut out, &[(0x40, 4)]);
    out.extend_from_slice(b"PE\0\0");
    // machine, sections, time, symbols, symbol count, size of the optional header, EXECUTABLE_IMAGE | LARGE_ADDRESS_AWARE
    put(&mut out, &[(machine, 2), (0, 2), (0, 4), (0, 4), (0, 4), (240, 2), (0x22, 2)]);
    // PE32+, linker, sizes, entry, base of code, image base, alignments, versions, size of image and headers
    put(
        &mut out,
        &[
            (0x20b, 2),
            (0, 2),
            (0, 8),
            (0, 4),
            (0x1000, 4),
            (0x1000, 4),
            (0x1_4000_0000, 8),
            (0x1000, 4),
            (0x200, 4),
            (6, 2),
            (0, 2),
        ],
    );
    put(&mut out, &[(0, 4), (6, 2), (0, 2), (0, 4), (0x2000, 4), (0x200, 4), (0, 4), (3, 2), (0, 2)]);
    // stack and heap, loader flags, sixteen empty data directories
    put(&mut out, &[(0x10_0000, 8), (0x1000, 8), (0x10_0000, 8), (0x1000, 8), (0, 4), (16, 4)]);
    out.resize(0x40 + 24 + 240, 0);
    out
}
