//! The vocabulary of asset names: which words speak of an operating system, an architecture, a C library, or of
//! something that is not the program. All words are lower case and stand for whole tokens, never for a part of one.
//!
//! Source: the names that the publishers of 1,275 releases use, and the spellings of Go (`GOOS`/`GOARCH`), Node
//! (`process.platform`/`process.arch`), Rust (triples), Debian and the manylinux tags.

/// Operating systems that are told apart. [`Os::Other`] is known to the vocabulary and never wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Os {
    Linux,
    Macos,
    Windows,
    FreeBsd,
    Android,
    Other,
}

/// Architectures as the words tell them. [`Arch::Arm`] is the bare word, which is 64-bit on macOS and seldom
/// elsewhere; [`Arch::Other`] is known to the vocabulary and never wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Arch {
    X64,
    X86,
    /// The word `x86` alone: 32-bit, unless something else says 64.
    Intel,
    Arm64,
    Arm,
    Universal,
    Other,
}

/// C libraries and ABIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Libc {
    Gnu,
    Musl,
    /// Built on Alpine: musl, but most often linked dynamically, so that it runs nowhere else.
    Alpine,
    /// Linked without any, as musl builds are; told by the word `static`.
    Static,
    Msvc,
}

/// What one word says. A word may say several things: `win64` is an operating system and a width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    Os(Os),
    Arch(Arch),
    Libc(Libc),
    /// Register width: of no weight beside an architecture that is told (`win32-x64` is 64-bit).
    Bits(u8),
    /// Says nothing about the platform or the contents.
    Noise,
    /// A Linux distribution or a compiler: tells a build from its siblings, but not what it contains.
    Flavour,
    /// Not the program, or not the build that one ships: rejected, unless the tool's own name says the word.
    Unwanted,
}

use self::Arch::{Arm, Arm64, Intel, Universal, X64, X86};
use self::Fact::{Bits, Flavour, Noise, Unwanted};
use self::Libc::{Gnu, Msvc, Musl, Static};
use self::Os::{Android, FreeBsd, Linux, Macos, Windows};

const fn os(os: Os) -> Fact {
    Fact::Os(os)
}

const fn arch(arch: Arch) -> Fact {
    Fact::Arch(arch)
}

const fn libc(libc: Libc) -> Fact {
    Fact::Libc(libc)
}

/// Words and what each of them says.
const WORDS: &[(&[&str], &[Fact])] = &[
    // Operating systems.
    (&["linux", "lnx", "manylinux", "manylinux1", "manylinux2010", "manylinux2014"], &[os(Linux)]),
    (&["linux64"], &[os(Linux), Bits(64)]),
    (&["linux32"], &[os(Linux), Bits(32)]),
    (&["darwin", "macos", "mac", "osx", "macosx", "apple"], &[os(Macos)]),
    (&["osx64", "mac64", "macos64", "darwin64"], &[os(Macos), Bits(64)]),
    (&["windows", "win", "windows10", "win10", "cygwin"], &[os(Windows)]),
    (&["win64", "windows64", "w64"], &[os(Windows), Bits(64)]),
    (&["win32", "windows32", "w32"], &[os(Windows), Bits(32)]),
    (&["mingw", "mingw64", "ucrt"], &[os(Windows), libc(Gnu)]),
    (&["freebsd"], &[os(FreeBsd)]),
    (&["android", "termux", "androideabi"], &[os(Android)]),
    (
        &[
            "openbsd",
            "netbsd",
            "dragonfly",
            "dragonflybsd",
            "illumos",
            "omnios",
            "solaris",
            "sunos",
            "aix",
            "plan9",
            "haiku",
            "redox",
            "fuchsia",
            "ios",
            "tvos",
            "watchos",
            "visionos",
            "wasi",
            "wasip1",
            "wasip2",
            "wasm",
            "wasm32",
            "emscripten",
            "esp32",
            "qnx",
            "zos",
            "openwrt",
            "synology",
        ],
        &[os(Os::Other)],
    ),
    // Flavours; Alpine is the one whose C library is musl.
    (
        &[
            "ubuntu",
            "debian",
            "centos",
            "fedora",
            "rhel",
            "rocky",
            "rockylinux",
            "almalinux",
            "opensuse",
            "suse",
            "archlinux",
            "amazonlinux",
            "noble",
            "jammy",
            "focal",
            "bionic",
            "xenial",
            "bookworm",
            "bullseye",
            "trixie",
        ],
        &[os(Linux), Flavour],
    ),
    (&["alpine"], &[os(Linux), libc(Libc::Alpine)]),
    (&["gcc", "clang"], &[Flavour]),
    // How ripe a build is.
    (
        &["alpha", "beta", "canary", "experimental", "legacy", "nightly", "old", "preview", "unsupported"],
        &[Flavour],
    ),
    // Architectures.
    (&["x64", "amd64", "intel64", "em64t", "intel"], &[arch(X64)]),
    (&["x86"], &[arch(Intel)]),
    (&["i386", "i486", "i586", "i686", "386", "ia32"], &[arch(X86)]),
    (&["arm64", "aarch64", "arm64v8", "armv8", "armv8l", "arm64e", "silicon", "m1"], &[arch(Arm64)]),
    (&["arm", "aarch"], &[arch(Arm)]),
    (&["universal", "universal2", "fat"], &[arch(Universal)]),
    (
        &["x86_64h", "64h", "arm64ec", "arm64_32", "ia64", "itanium", "x32", "gnux32", "68k"],
        &[arch(Arch::Other)],
    ),
    // Widths.
    (&["64bit", "64bits"], &[Bits(64)]),
    (&["32bit", "32bits"], &[Bits(32)]),
    // C libraries.
    (&["gnu", "glibc", "gnullvm"], &[libc(Gnu)]),
    (&["musl", "musllinux"], &[os(Linux), libc(Musl)]),
    (&["static"], &[libc(Static)]),
    (&["msvc"], &[os(Windows), libc(Msvc)]),
    (&["gnueabi", "gnueabihf"], &[libc(Gnu), arch(Arch::Other)]),
    (&["musleabi", "musleabihf", "uclibc", "uclibceabi", "uclibceabihf"], &[libc(Musl), arch(Arch::Other)]),
    // Words without weight.
    (
        &[
            "unknown",
            "pc",
            "release",
            "binary",
            "binaries",
            "bin",
            "exe",
            "portable",
            "stable",
            "final",
            "standalone",
            "bit",
            "bits",
            "v1",
            "stripped",
            "optimized",
            "prebuilt",
            "archive",
            "cpu",
            "for",
        ],
        &[Noise],
    ),
    // Not the program, or not the build of it that is shipped.
    (
        &[
            "debug",
            "dbg",
            "dbgsym",
            "debuginfo",
            "debugsymbols",
            "dsym",
            "symbols",
            "pdb",
            "profile",
            "profiling",
            "baseline",
            "asan",
            "msan",
            "tsan",
            "ubsan",
            "coverage",
        ],
        &[Unwanted],
    ),
    (
        &[
            "src",
            "source",
            "sources",
            "sourcecode",
            "vendor",
            "vendored",
            "buildable",
            "headers",
            "include",
            "devel",
            "doc",
            "docs",
            "documentation",
            "manual",
            "manpage",
            "manpages",
            "completion",
            "completions",
            "license",
            "licenses",
            "changelog",
            "readme",
            "checksum",
            "checksums",
            "sha256",
            "sha256sum",
            "sha256sums",
            "sha512",
            "sha512sums",
            "md5",
            "md5sums",
            "sbom",
            "spdx",
            "cyclonedx",
            "provenance",
            "attestation",
            "signature",
            "test",
            "tests",
            "testdata",
            "fixtures",
            "examples",
        ],
        &[Unwanted],
    ),
    (
        &[
            "installer",
            "installers",
            "setup",
            "uninstaller",
            "appimage",
            "deb",
            "rpm",
            "apk",
            "msi",
            "dmg",
            "flatpak",
            "snap",
            "wheel",
            "bottle",
            "homebrew",
            "xcframework",
            "artifactbundle",
            "vsix",
            "docker",
            "oci",
            "initramfs",
            "rootfs",
            "vmlinux",
        ],
        &[Unwanted],
    ),
];

/// Beginnings of words for architectures that are never wanted; a beginning, because their tails are many
/// (`armv7l`, `mips64le`, `riscv64gc`) and one that was missed would read as "no architecture named".
const FOREIGN: &[&str] = &[
    "armv4", "armv5", "armv6", "armv7", "arm5", "arm6", "arm7", "arm32", "armel", "armhf", "armeabi", "mips",
    "riscv", "ppc", "powerpc", "s390", "sparc", "loong", "thumb",
];

/// What `word` says right behind `before`: widths and generations that are a token of their own, as in `x86_64`,
/// `linux-64`, `arm-v7`, `amd64-v3`, `darwin_all`.
pub(super) fn behind(before: Fact, word: &str) -> &'static [Fact] {
    match (before, word) {
        (Fact::Os(_) | Fact::Arch(_), "64") => &[Bits(64)],
        (Fact::Os(_) | Fact::Arch(Intel), "32") => &[Bits(32)],
        (Fact::Os(Macos), "os") => &[Noise],
        (Fact::Os(_), "amd") => &[Fact::Arch(X64)],
        (Fact::Os(Macos), "all") => &[Fact::Arch(Universal)],
        (Fact::Arch(Arm), "v5" | "v6" | "v7" | "5" | "6" | "7" | "32" | "v6l" | "v7l" | "hf" | "el") => {
            &[Fact::Arch(Arch::Other)]
        }
        (Fact::Arch(Arm | Arm64), "v8" | "8") => &[Fact::Arch(Arm64)],
        // Microarchitecture levels: they run on some machines only.
        (Fact::Arch(X64) | Bits(64), "v2" | "v3" | "v4") => &[Unwanted],
        _ => &[],
    }
}

/// What `word` says; nothing where it is not in the vocabulary.
pub(super) fn facts(word: &str) -> &'static [Fact] {
    if let Some((_, facts)) = WORDS.iter().find(|(words, _)| words.contains(&word)) {
        return facts;
    }
    match word {
        "amd64v1" => &[Fact::Arch(X64)],
        "amd64v2" | "amd64v3" | "amd64v4" => &[Fact::Arch(X64), Unwanted],
        _ if FOREIGN.iter().any(|start| word.starts_with(start)) => &[Fact::Arch(Arch::Other)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_twice() {
        let mut words: Vec<&str> = WORDS.iter().flat_map(|(words, _)| words.iter().copied()).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        assert!(words.iter().all(|word| *word == word.to_lowercase()));
    }

    #[test]
    fn words_are_whole_tokens() {
        assert_eq!(facts("darwin"), [Fact::Os(Macos)]);
        assert_eq!(facts("dar"), []);
        assert_eq!(facts("winner"), []);
    }

    #[test]
    fn a_foreign_architecture_is_known_by_its_beginning() {
        for word in ["armv7l", "mips64le", "riscv64gc", "ppc64le", "s390x", "loongarch64"] {
            assert_eq!(facts(word), [Fact::Arch(Arch::Other)], "{word}");
        }
        assert_eq!(behind(Fact::Arch(Arm), "v7"), [Fact::Arch(Arch::Other)]);
        assert_eq!(behind(Fact::Arch(Intel), "64"), [Bits(64)]);
        assert_eq!(behind(Fact::Unwanted, "64"), []);
    }
}
