//! What a word of an asset name says: an operating system, an architecture, a C library, or that the asset is not the
//! program. The words themselves are in [`vocabulary`](super::vocabulary).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::vocabulary::{BEGINNINGS, WORDS};

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

/// Architectures as the words tell them. [`Arch::Other`] is known to the vocabulary and never wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Arch {
    X64,
    X86,
    /// The word `x86` alone: 32-bit, unless something else says 64.
    Intel,
    Arm64,
    /// The bare word, which is 64-bit on macOS and seldom elsewhere.
    Arm,
    /// 32-bit ARM of a version that is not told.
    Arm32,
    ArmV6,
    ArmV7,
    Riscv64,
    Ppc64le,
    S390x,
    Loong64,
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

use self::Arch::{Arm, Arm32, Arm64, ArmV6, ArmV7, Intel, Universal, X64};
use self::Fact::{Bits, Noise, Unwanted};
use self::Os::Macos;

/// The vocabulary by word. Building it once is cheaper than searching it for each of a release's thousand words.
static BY_WORD: LazyLock<HashMap<&'static str, &'static [Fact]>> = LazyLock::new(|| {
    WORDS.iter().flat_map(|(words, facts)| words.split_whitespace().map(|word| (word, *facts))).collect()
});

/// The longest text that can be a row of vocabulary words: what is longer is somebody's own word.
pub(super) const LONGEST: usize = 40;

/// What `word` says right behind `before`: widths and generations that are a token of their own, as in `x86_64`,
/// `linux-64`, `arm-v7`, `amd64-v3`, `darwin_all`.
pub(super) fn behind(before: Fact, word: &str) -> &'static [Fact] {
    match (before, word) {
        (Fact::Os(_) | Fact::Arch(_), "64") | (Fact::Arch(Intel), "64v1") => &[Bits(64)],
        (Fact::Os(_) | Fact::Arch(Intel), "32") => &[Bits(32)],
        (Fact::Os(Macos), "os") => &[Noise],
        (Fact::Os(_), "amd") => &[Fact::Arch(X64)],
        (Fact::Os(Macos), "all" | "both") => &[Fact::Arch(Universal)],
        (Fact::Arch(Arm | Arm32), "v7" | "7" | "v7l" | "v7a" | "hf") => &[Fact::Arch(ArmV7)],
        (Fact::Arch(Arm | Arm32), "v6" | "6" | "v6l") => &[Fact::Arch(ArmV6)],
        (Fact::Arch(Arm | Arm32), "v5" | "5" | "el") | (Fact::Arch(Arm64), "be" | "ilp32") => {
            &[Fact::Arch(Arch::Other)]
        }
        (Fact::Arch(Arm), "32") => &[Fact::Arch(Arm32)],
        (Fact::Arch(Arm | Arm64), "v8" | "8" | "v8a" | "v9" | "v9a") => &[Fact::Arch(Arm64)],
        // Microarchitecture levels: they run on some machines only.
        (Fact::Arch(X64) | Bits(64), "v2" | "v3" | "v4") => &[Unwanted],
        (Fact::Arch(Intel), "64v2" | "64v3" | "64v4") => &[Bits(64), Unwanted],
        _ => &[],
    }
}

/// What `word` says; nothing where it is not in the vocabulary.
pub(super) fn facts(word: &str) -> &'static [Fact] {
    if word.len() > LONGEST {
        return &[];
    }
    if let Some(facts) = BY_WORD.get(word) {
        return facts;
    }
    match word {
        "amd64v1" | "x64v1" => &[Fact::Arch(X64)],
        "amd64v2" | "amd64v3" | "amd64v4" => &[Fact::Arch(X64), Unwanted],
        // `ToolSetup`, `mytoolinstaller`.
        _ if word.ends_with("setup") || word.ends_with("installer") => &[Unwanted],
        _ => BEGINNINGS.iter().find(|(start, _)| word.starts_with(start)).map_or(&[], |(_, facts)| facts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_twice() {
        let mut words: Vec<&str> = WORDS.iter().flat_map(|(words, _)| words.split_whitespace()).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        assert!(words.iter().all(|word| *word == word.to_lowercase() && word.len() <= LONGEST));
    }

    #[test]
    fn words_are_whole_tokens() {
        assert_eq!(facts("darwin"), [Fact::Os(Macos)]);
        assert_eq!(facts("dar"), []);
        assert_eq!(facts("winner"), []);
        assert_eq!(facts(&"win".repeat(4000)), []);
    }

    #[test]
    fn a_rare_architecture_is_known_by_its_beginning() {
        for (word, arch) in [
            ("armv7l", ArmV7),
            ("armv7hl", ArmV7),
            ("armv6hf", ArmV6),
            ("mips64le", Arch::Other),
            ("riscv64gc", Arch::Riscv64),
            ("ppc64le", Arch::Ppc64le),
            ("ppc64", Arch::Other),
            ("s390x", Arch::S390x),
            ("loongarch64", Arch::Loong64),
        ] {
            assert_eq!(facts(word), [Fact::Arch(arch)], "{word}");
        }
        assert_eq!(behind(Fact::Arch(Arm), "v7"), [Fact::Arch(ArmV7)]);
        assert_eq!(behind(Fact::Arch(Intel), "64"), [Bits(64)]);
        assert_eq!(behind(Fact::Unwanted, "64"), []);
    }

    #[test]
    fn an_installer_is_known_by_the_end_of_the_word() {
        assert_eq!(facts("toolsetup"), [Unwanted]);
        assert_eq!(facts("toolinstaller"), [Unwanted]);
        assert_eq!(facts("binstall"), []);
    }
}
