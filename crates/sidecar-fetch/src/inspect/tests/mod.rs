//! Executables made by hand, the test program itself, and noise.

mod build;

use std::io::{Cursor, Write as _};

use build::{Elf, Macho, Pe, fat};
use proptest::prelude::*;

use super::*;

const LINUX: &str = "x86_64-unknown-linux-gnu";
const MUSL: &str = "x86_64-unknown-linux-musl";
const MAC: &str = "aarch64-apple-darwin";
const WINDOWS: &str = "x86_64-pc-windows-msvc";
const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";

fn facts(bytes: &[u8]) -> Facts {
    read(&mut Cursor::new(bytes)).unwrap().unwrap().remove(0)
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn checked(bytes: &[u8], target: &str) -> Result<Facts, Error> {
    check(file(bytes).path(), &target.parse().unwrap(), Cpu::Native)
}

/// Asserts that the bytes are refused for the target, with all of `texts` in the message.
#[track_caller]
fn refused(bytes: &[u8], target: &str, texts: &[&str]) {
    let error = checked(bytes, target).unwrap_err();
    assert_eq!(error.kind(), Kind::WrongTarget);
    for text in texts {
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn the_test_program_itself_runs_here() {
    let path = std::env::current_exe().unwrap();
    let facts = inspect(&path).unwrap().unwrap();
    assert_eq!(
        (facts.purpose, &facts.architectures[..]),
        (Purpose::Program, &[std::env::consts::ARCH.to_owned()][..])
    );
    if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) {
        assert!(facts.glibc > "2.2.5".parse().ok() && facts.os == Some("linux"), "{facts:?}");
        assert_eq!(check(&path, &LINUX.parse().unwrap(), Cpu::Native).unwrap(), facts);
        assert!(check(&path, &"aarch64-unknown-linux-gnu".parse().unwrap(), Cpu::OrTranslated).is_err());
    }
}

#[test]
fn the_object_crate_says_the_same_of_the_test_program() {
    use object::{Object as _, read::elf::FileHeader as _};
    let path = std::env::current_exe().unwrap();
    let bytes = crate::fsx::read(&path).unwrap();
    let ours = facts(&bytes);
    let theirs = object::File::parse(&bytes[..]).unwrap();
    assert_eq!(format!("{:?}", theirs.architecture()).to_lowercase(), ours.architectures[0]);
    if let object::File::Elf64(_) = theirs {
        let header = object::elf::FileHeader64::<object::Endianness>::parse(&bytes[..]).unwrap();
        let endian = header.endian().unwrap();
        let sections = header.sections(endian, &bytes[..]).unwrap();
        let mut newest: Option<GlibcVersion> = None;
        let (mut needs, link) = sections.gnu_verneed(endian, &bytes[..]).unwrap().unwrap();
        let strings = sections.strings(endian, &bytes[..], link).unwrap();
        while let Some((_, mut versions)) = needs.next().unwrap() {
            while let Some(version) = versions.next().unwrap() {
                let name = std::str::from_utf8(version.name(endian, strings).unwrap()).unwrap();
                newest = newest.max(name.strip_prefix("GLIBC_").and_then(|v| v.parse().ok()));
            }
        }
        assert_eq!(ours.glibc, newest);
    }
}

#[test]
fn elf_of_every_size_and_byte_order_is_read() {
    for (machine, wide, big_endian, name) in [
        (62, true, false, "x86_64"),
        (62, false, false, "x32"),
        (3, false, false, "x86"),
        (40, false, false, "arm"),
        (183, true, false, "aarch64"),
        (243, true, false, "riscv64"),
        (22, true, true, "s390x"),
        (21, true, false, "powerpc64le"),
        (20, false, true, "powerpc"),
        (9999, true, false, "machine 9999"),
    ] {
        let elf = Elf {
            machine,
            wide,
            big_endian,
            interpreter: Some(GLIBC),
            versions: &[
                &["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_PRIVATE"],
                &["GCC_3.0", "GLIBC_2.4", "GLIBC_ABI_DT_RELR"],
            ],
            ..Elf::default()
        };
        let facts = facts(&elf.bytes());
        assert_eq!(facts.architectures, [name]);
        assert_eq!(facts.glibc.unwrap().to_string(), "2.34", "{name}");
        assert_eq!((facts.interpreter.as_deref(), facts.os), (Some(GLIBC), Some("linux")));
    }
}

#[test]
fn linux_programs_fit_their_c_library_only() {
    let dynamic = Elf { interpreter: Some(GLIBC), versions: &[&["GLIBC_2.17"]], ..Elf::default() }.bytes();
    assert_eq!(checked(&dynamic, LINUX).unwrap().glibc, "2.17".parse().ok());
    refused(
        &dynamic,
        MUSL,
        &["it needs glibc", "loaded by /lib64/ld-linux", "expected  an ELF program for linux (x86_64)"],
    );
    refused(&dynamic, "aarch64-unknown-linux-gnu", &["another architecture", "(aarch64)", "(x86_64)"]);
    let fixed = Elf::default().bytes();
    assert_eq!(checked(&fixed, LINUX).unwrap(), checked(&fixed, MUSL).unwrap());
    let musl = Elf { interpreter: Some("/lib/ld-musl-x86_64.so.1"), ..Elf::default() }.bytes();
    assert!(checked(&musl, MUSL).is_ok());
    refused(&musl, LINUX, &["the loader of musl"]);
    let nix =
        Elf { interpreter: Some("/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2"), ..Elf::default() };
    refused(&nix.bytes(), LINUX, &["in /nix/store"]);
}

#[test]
fn other_systems_with_elf_are_not_linux() {
    let loaders = [
        "/system/bin/linker64",
        "/libexec/ld-elf.so.1",
        "/usr/libexec/ld.elf_so",
        "/usr/libexec/ld.so",
        "/lib/amd64/ld.so.1",
    ];
    for (loader, os) in loaders.into_iter().zip(["android", "freebsd", "netbsd", "openbsd", "illumos"]) {
        let elf = Elf { interpreter: Some(loader), ..Elf::default() }.bytes();
        assert_eq!(facts(&elf).os, Some(os));
        refused(&elf, LINUX, &["another operating system", os]);
    }
    for (owner, content, os) in [
        (&b"Android\0"[..], 21_u32, "android"),
        (b"FreeBSD\0", 1_400_000, "freebsd"),
        (b"NetBSD\0", 1, "netbsd"),
        (b"OpenBSD\0", 0, "openbsd"),
        (b"GNU\0", 3, "freebsd"),
        (b"GNU\0", 0, "linux"),
    ] {
        let elf = Elf { note: Some((owner, content)), ..Elf::default() }.bytes();
        assert_eq!(facts(&elf).os, Some(os));
        assert_eq!(checked(&elf, LINUX).is_ok(), os == "linux");
    }
    for (abi, os) in [(9, "freebsd"), (2, "netbsd"), (3, "linux"), (6, "solaris")] {
        assert_eq!(facts(&Elf { abi, ..Elf::default() }.bytes()).os, Some(os));
    }
    let freebsd = Elf { abi: 9, ..Elf::default() }.bytes();
    assert!(checked(&freebsd, "x86_64-unknown-freebsd").is_ok());
    refused(&Elf::default().bytes(), "x86_64-unknown-freebsd", &["another operating system"]);
    let android = Elf { interpreter: Some("/system/bin/linker64"), ..Elf::default() }.bytes();
    assert!(checked(&android, "x86_64-linux-android").is_ok());
}

#[test]
fn elf_files_that_are_no_programs_are_refused() {
    for (elf, words) in [
        (Elf { entry: 0, ..Elf::default() }, "an ELF library"),
        (Elf { library_name: true, ..Elf::default() }, "an ELF library"),
        (Elf { kind: 1, ..Elf::default() }, "an object file"),
        (Elf { kind: 4, ..Elf::default() }, "a core dump"),
        (Elf { kind: 2, entry: 0, ..Elf::default() }, "without an entry point"),
    ] {
        refused(&elf.bytes(), LINUX, &["it is not a program", words]);
    }
}

#[test]
fn windows_programs_are_told_from_libraries_and_drivers() {
    let program = Pe::default().bytes();
    assert_eq!(facts(&program).to_string(), "a Windows program (x86_64)");
    assert!(checked(&program, WINDOWS).is_ok());
    refused(&program, LINUX, &["found     a Windows program (x86_64)", "expected  an ELF program for linux"]);
    refused(&program, "aarch64-pc-windows-msvc", &["another architecture"]);
    let x86 = Pe { machine: 0x14c, wide: false, ..Pe::default() }.bytes();
    assert!(checked(&x86, "i686-pc-windows-msvc").is_ok());
    refused(&x86, WINDOWS, &["(x86)"]);
    refused(&Pe { flags: 0x2002, ..Pe::default() }.bytes(), WINDOWS, &["a Windows library"]);
    refused(&Pe { subsystem: 1, ..Pe::default() }.bytes(), WINDOWS, &["a driver"]);
    refused(&Pe { subsystem: 10, ..Pe::default() }.bytes(), WINDOWS, &["an EFI application"]);
    refused(&Pe { flags: 0, ..Pe::default() }.bytes(), WINDOWS, &["not linked to its end"]);
    let mut dos = program.clone();
    dos[128] = b'N';
    refused(&dos, WINDOWS, &["a DOS program"]);
}

#[test]
fn arm64ec_hides_behind_x86_64() {
    let hybrid = Pe { hybrid: true, ..Pe::default() }.bytes();
    assert_eq!(facts(&hybrid).architectures, ["arm64ec"]);
    refused(&hybrid, WINDOWS, &["(arm64ec)"]);
    let both = Pe { machine: 0xaa64, hybrid: true, ..Pe::default() }.bytes();
    assert_eq!(checked(&both, "aarch64-pc-windows-msvc").unwrap().architectures, ["aarch64", "arm64ec"]);
}

#[test]
fn mach_o_platforms_are_told_apart() {
    let mac = Macho::default();
    assert_eq!(facts(&mac.bytes()).to_string(), "a Mach-O program for macos (aarch64)");
    assert!(checked(&mac.bytes(), MAC).is_ok());
    assert!(checked(&Macho { platform: None, ..mac }.bytes(), MAC).is_ok());
    assert!(checked(&Macho { platform: Some(2), ..mac }.bytes(), "aarch64-apple-ios").is_ok());
    for (platform, words) in [(2, "ios"), (7, "ios simulator"), (6, "mac catalyst")] {
        refused(
            &Macho { platform: Some(platform), ..mac }.bytes(),
            MAC,
            &["another operating system", words],
        );
    }
    refused(&Macho { kind: 6, ..mac }.bytes(), MAC, &["a Mach-O library"]);
    refused(&Macho { kind: 8, ..mac }.bytes(), MAC, &["a bundle"]);
    refused(&Macho { subtype: 2, ..mac }.bytes(), MAC, &["(arm64e)"]);
    refused(&Macho { processor: 0x0100_0007, subtype: 3, ..mac }.bytes(), MAC, &["(x86_64)"]);
    refused(&mac.bytes(), "x86_64-apple-darwin", &["(aarch64)"]);
}

#[test]
fn a_fat_file_passes_when_it_holds_the_processor() {
    let arm = Macho::default();
    let intel = Macho { processor: 0x0100_0007, subtype: 3, ..arm };
    for wide in [false, true] {
        let both = fat(&[arm, intel], wide);
        for target in [MAC, "x86_64-apple-darwin"] {
            assert_eq!(checked(&both, target).unwrap().architectures, ["aarch64", "x86_64"]);
        }
        assert_eq!(inspect(file(&both).path()).unwrap().unwrap().architectures, ["aarch64", "x86_64"]);
    }
    refused(&fat(&[intel], false), MAC, &["(x86_64)"]);
    let phone = fat(&[intel, Macho { platform: Some(2), ..arm }], false);
    refused(&phone, MAC, &["for ios (x86_64, aarch64)", "another operating system"]);
    assert!(checked(&phone, "x86_64-apple-darwin").is_ok());
    let mut lies = fat(&[arm], false);
    lies[8..12].copy_from_slice(&0x0100_0007_u32.to_be_bytes());
    refused(&lies, MAC, &["damaged", "another architecture than the fat header says"]);
    assert_eq!(inspect(file(b"\xca\xfe\xba\xbe\0\0\0\x34 a Java class").path()).unwrap(), None);
}

#[test]
fn programs_for_x86_64_pass_for_arm64_only_where_they_may_be_translated() {
    let mac = file(&Macho { processor: 0x0100_0007, subtype: 3, ..Macho::default() }.bytes());
    let (arm_mac, arm_windows) = (MAC.parse().unwrap(), "aarch64-pc-windows-msvc".parse().unwrap());
    let facts = check(mac.path(), &arm_mac, Cpu::OrTranslated).unwrap();
    assert!(
        is_translated(&facts, &arm_mac) && !is_translated(&facts, &"x86_64-apple-darwin".parse().unwrap())
    );
    let error = check(mac.path(), &arm_mac, Cpu::Native).unwrap_err();
    assert_eq!(error.kind(), Kind::WrongTarget);
    // Another system's, another processor's, and another target's are refused all the same.
    let error = check(mac.path(), &arm_windows, Cpu::OrTranslated).unwrap_err().to_string();
    assert!(error.contains("for another operating system") && error.contains("(aarch64, x86_64)"), "{error}");
    let windows = file(&Pe::default().bytes());
    assert!(check(windows.path(), &arm_windows, Cpu::OrTranslated).is_ok());
    assert!(check(windows.path(), &arm_windows, Cpu::Native).is_err());
    assert!(check(windows.path(), &"i686-pc-windows-msvc".parse().unwrap(), Cpu::OrTranslated).is_err());
    let both = file(&fat(
        &[Macho { processor: 0x0100_0007, subtype: 3, ..Macho::default() }, Macho::default()],
        false,
    ));
    let facts = check(both.path(), &arm_mac, Cpu::OrTranslated).unwrap();
    assert!(!is_translated(&facts, &arm_mac), "a universal program is native");
}

#[test]
fn scripts_are_programs_on_unix_only() {
    let script = b"#! /usr/bin/env python3\nprint()";
    let facts = checked(script, LINUX).unwrap();
    assert_eq!(
        (facts.container, facts.interpreter.as_deref()),
        (Container::Script, Some("/usr/bin/env python3"))
    );
    assert!(checked(script, MAC).is_ok());
    refused(script, WINDOWS, &["Windows does not start scripts", "a script run by /usr/bin/env python3"]);
    refused(b"#!/nix/store/x-bash/bin/sh\n", LINUX, &["/nix/store"]);
    refused(b"#![no_std]", LINUX, &["found"]);
}

#[test]
fn what_is_no_executable_is_said_in_words() {
    for (bytes, words) in [
        (&b"<!DOCTYPE html>"[..], "an HTML page"),
        (b"\x1f\x8b\x08", "gzip data"),
        (b"", "an empty file"),
        (b"PK\x03\x04", "a zip archive"),
    ] {
        refused(bytes, LINUX, &["the file is not a program for `x86_64-unknown-linux-gnu`", words]);
        assert_eq!(inspect(file(bytes).path()).unwrap(), None);
    }
}

#[test]
fn cut_files_are_damaged_or_not_known() {
    let wholes = [
        Elf { interpreter: Some(GLIBC), versions: &[&["GLIBC_2.34"]], ..Elf::default() }.bytes(),
        Pe::default().bytes(),
        fat(&[Macho::default()], false),
    ];
    for whole in wholes {
        for at in 4..whole.len() {
            if let Err(error) = inspect(file(&whole[..at]).path()) {
                assert_eq!(error.kind(), Kind::WrongTarget);
            }
        }
        refused(&whole[..whole.len() / 4], LINUX, &["file"]);
    }
}

#[test]
fn endless_version_lists_end() {
    const MANY: &[&str] = &["GLIBC_2.2"; 10_001];
    let elf = Elf { versions: &[MANY], ..Elf::default() };
    let error = inspect(file(&elf.bytes()).path()).unwrap_err().to_string();
    assert!(error.contains("10000 symbol versions"), "{error}");
}

#[test]
fn glibc_versions_are_ordered_by_number() {
    let parse = |text: &str| text.parse::<GlibcVersion>();
    assert!(parse("2.9") < parse("2.31") && parse("2.2.5") < parse("2.3"));
    assert_eq!(parse("2.31").unwrap().to_string(), "2.31");
    assert_eq!(parse("2.2.5").unwrap().to_string(), "2.2.5");
    for text in ["2", "", "2.x", "2.3.4.5", "PRIVATE", "ABI_DT_RELR"] {
        assert_eq!(parse(text), Err(()), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_and_mutated_headers_never_panic(
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        kind in 0..6_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let elf = Elf { interpreter: Some(GLIBC), versions: &[&["GLIBC_2.34", "GLIBC_2.2.5"]], note: Some((b"GNU\0", 0)), ..Elf::default() };
        let mut bytes = match kind {
            0 => elf.bytes(),
            1 => Elf { wide: false, big_endian: true, ..elf }.bytes(),
            2 => Pe { hybrid: true, ..Pe::default() }.bytes(),
            3 => Macho::default().bytes(),
            4 => fat(&[Macho::default(), Macho::default()], true),
            _ => fat(&[Macho::default(), Macho::default()], false),
        };
        let begin = bytes[..8].to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len().min(400));
            bytes[at] = value;
        }
        for target in [LINUX, MAC, WINDOWS] {
            let target = target.parse().unwrap();
            for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())], &noise, &[&begin[..], &noise].concat()] {
                if let Ok(Some(parts)) = read(&mut Cursor::new(bytes)) {
                    for part in parts {
                        prop_assert!(!part.to_string().is_empty());
                        let _ = mismatch(&part, &target, Cpu::Native);
                    }
                }
            }
        }
    }
}

fn companion(bytes: &[u8], target: &str) -> Result<Option<Facts>, Error> {
    check_companion(file(bytes).path(), &target.parse().unwrap(), Cpu::Native)
}

#[test]
fn libraries_beside_a_program_are_for_its_processor() {
    let elf = |machine: u16| Elf { kind: 3, entry: 0, machine, ..Elf::default() }.bytes();
    assert!(companion(&elf(62), LINUX).unwrap().is_some());
    let error = companion(&elf(183), LINUX).unwrap_err();
    assert_eq!(error.kind(), Kind::WrongTarget);
    assert!(error.to_string().contains("found     an ELF library (aarch64)"), "{error}");
    for kind in [2, 6, 8] {
        let mach_o = Macho { kind, ..Macho::default() };
        assert!(companion(&mach_o.bytes(), MAC).unwrap().is_some());
        let intel = Macho { processor: 0x0100_0007, subtype: 3, ..mach_o };
        assert!(companion(&intel.bytes(), MAC).is_err(), "kind {kind}");
        let both = companion(&fat(&[intel, mach_o], false), MAC).unwrap().unwrap();
        assert_eq!(both.architectures, ["x86_64", "aarch64"]);
    }
}

#[test]
fn data_beside_a_program_is_not_judged() {
    for bytes in [&b"words"[..], b"", b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe\0\0\0\x34", b"#!/bin/sh\n"] {
        assert_eq!(companion(bytes, LINUX).unwrap(), None);
        assert_eq!(companion(bytes, WINDOWS).unwrap(), None);
    }
    let elf = Elf { kind: 3, entry: 0, machine: 183, ..Elf::default() }.bytes();
    assert_eq!(companion(&elf, WINDOWS).unwrap(), None, "a file for another system is data here");
}

#[test]
fn managed_libraries_run_on_every_processor() {
    let dll = Pe { machine: 0x014c, flags: 0x2022, ..Pe::default() }.bytes();
    assert!(companion(&dll, WINDOWS).is_err());
    let mut managed = dll;
    let at = usize::try_from(u32::from_le_bytes(managed[60..64].try_into().unwrap())).unwrap();
    let wide = managed[at + 24..at + 26] == [0x0b, 0x02];
    let directories = at + 24 + if wide { 112 } else { 96 };
    managed[directories - 4] = 16;
    managed[directories + 14 * 8] = 1;
    assert_eq!(companion(&managed, WINDOWS).unwrap(), None);
}
