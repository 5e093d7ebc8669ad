//! What the words of a file name say about platform and version.

use target_lexicon::Architecture;

use crate::target::Target;

/// What a word of a file name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// An operating system, by Rust's `target_os`.
    Os(&'static str),
    /// An architecture, as [`arch`] names it.
    Arch(&'static str),
    /// Both in one word.
    Both(&'static str, &'static str),
    /// A version, a C library, a build flavour: says nothing of system or architecture.
    Noise,
}

/// The meaning of a word in lower case, or `None` for one that names something.
fn meaning(word: &str) -> Option<Meaning> {
    use Meaning::{Arch, Both, Noise, Os};
    Some(match word {
        "linux" | "ubuntu" | "debian" | "alpine" => Os("linux"),
        "darwin" | "macos" | "osx" | "mac" | "apple" | "mac64" => Os("macos"),
        "windows" | "win" | "mingw" | "mingw32" | "mingw64" | "win32" => Os("windows"),
        "freebsd" => Os("freebsd"),
        "netbsd" => Os("netbsd"),
        "openbsd" => Os("openbsd"),
        "android" => Os("android"),
        "ios" => Os("ios"),
        "illumos" | "solaris" | "sunos" => Os("illumos"),
        "linux64" => Both("linux", "x86_64"),
        "linux32" => Both("linux", "x86"),
        "win64" => Both("windows", "x86_64"),
        "osx64" | "macos64" | "darwin64" => Both("macos", "x86_64"),
        "amd64" | "x64" | "64bit" | "64" => Arch("x86_64"),
        "arm64" | "aarch64" | "armv8" | "arm64v8" => Arch("aarch64"),
        "i386" | "i486" | "i586" | "i686" | "386" | "x86" | "x32" | "32bit" | "ia32" => Arch("x86"),
        "arm" | "armv5" | "armv6" | "armv6l" | "armv6hf" | "armv7" | "armv7l" | "armv7a" | "armhf"
        | "armel" | "arm32" | "arm6" | "arm7" => Arch("arm"),
        "riscv64" | "riscv64gc" => Arch("riscv64"),
        "ppc64le" | "powerpc64le" => Arch("powerpc64le"),
        "ppc64" | "powerpc64" => Arch("powerpc64"),
        "s390x" => Arch("s390x"),
        "loong64" | "loongarch64" => Arch("loongarch64"),
        "mips" | "mipsle" | "mipsel" | "mips64" | "mips64le" | "mips64el" => Arch("mips"),
        "gnu" | "glibc" | "musl" | "gnueabihf" | "musleabihf" | "gnueabi" | "musleabi" | "msvc"
        | "gnullvm" | "pc" | "unknown" | "universal" | "universal2" | "all" | "static" | "dynamic"
        | "portable" | "release" | "prod" | "stable" | "latest" | "nightly" | "bin" | "cli" | "exe"
        | "v1" | "v2" | "v3" => Noise,
        _ if is_version(word) => Noise,
        _ => return None,
    })
}

/// `1`, `v0`, `rc1`, `beta`: a part of a version.
fn is_version(word: &str) -> bool {
    let digits =
        ["v", "rc", "alpha", "beta", "pre", "r"].iter().find_map(|p| word.strip_prefix(p)).unwrap_or(word);
    digits.bytes().all(|b| b.is_ascii_digit()) && !matches!(word, "v" | "r" | "")
}

/// The words of a file name, in lower case. `x86_64` is one word, though its parts are two.
fn words(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase().replace("x86_64", "amd64").replace("x86-64", "amd64");
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// How a name stands to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It names another system or architecture.
    Contradicts,
    /// It says nothing.
    Silent,
    /// It names the system or the architecture, and no other.
    Partly,
    /// It names both.
    Fully,
}

/// What a file or directory name says about the target.
pub(super) fn fit(name: &str, target: &Target) -> Fit {
    let (mut os, mut arch) = (Vec::new(), Vec::new());
    for word in words(name) {
        match meaning(&word) {
            Some(Meaning::Os(o)) => os.push(o),
            Some(Meaning::Arch(a)) => arch.push(a),
            Some(Meaning::Both(o, a)) => {
                os.push(o);
                arch.push(a);
            }
            Some(Meaning::Noise) | None => {}
        }
    }
    let os_fits = os.iter().any(|o| *o == target.os());
    let arch_fits = arch.contains(&self::arch(target));
    match (os.is_empty(), arch.is_empty()) {
        (true, true) => Fit::Silent,
        (false, _) if !os_fits => Fit::Contradicts,
        (_, false) if !arch_fits => Fit::Contradicts,
        (false, false) => Fit::Fully,
        _ => Fit::Partly,
    }
}

/// Whether all that `name` says of a platform is said by `asset`, too.
pub(super) fn repeats(name: &str, asset: &str) -> bool {
    let told = |text| words(text).iter().filter_map(|word| meaning(word)).collect::<Vec<_>>();
    let asset = told(asset);
    told(name).iter().all(|meaning| *meaning == Meaning::Noise || asset.contains(meaning))
}

/// The word for a target's architecture.
fn arch(target: &Target) -> &'static str {
    match target.architecture() {
        Architecture::X86_64 => "x86_64",
        Architecture::Aarch64(_) => "aarch64",
        Architecture::X86_32(_) => "x86",
        Architecture::Arm(_) => "arm",
        Architecture::Riscv64(_) => "riscv64",
        Architecture::Powerpc64le => "powerpc64le",
        Architecture::Powerpc64 => "powerpc64",
        Architecture::S390x => "s390x",
        Architecture::LoongArch64 => "loongarch64",
        Architecture::Mips32(_) | Architecture::Mips64(_) => "mips",
        _ => "another",
    }
}

/// The words of a name that are neither platform nor version, joined by `-`: `azd` for `azd-linux-amd64`. `version` is
/// taken out first, as it may hold words (`nightly-2025-09-09-d73ea109`).
pub(super) fn bare(name: &str, version: &str) -> String {
    let version = version.trim_start_matches('v');
    let name = match version.len() {
        0 | 1 => name.to_owned(),
        _ => name.replace(&format!("v{version}"), "-").replace(version, "-"),
    };
    let words = words(&name);
    let kept: Vec<&str> = words.iter().map(String::as_str).filter(|word| meaning(word).is_none()).collect();
    kept.join("-")
}

/// A name in the spelling that [`bare`] uses, with nothing taken out.
pub(super) fn plain(name: &str) -> String {
    words(name).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(name: &str, target: &str) -> Fit {
        fit(name, &target.parse().unwrap())
    }

    #[test]
    fn names_are_read_by_words() {
        for (name, target, expected) in [
            ("azd-linux-amd64", "x86_64-unknown-linux-gnu", Fit::Fully),
            ("azd-linux-amd64", "aarch64-unknown-linux-gnu", Fit::Contradicts),
            ("x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu", Fit::Fully),
            ("x86_64-pc-windows-gnu", "x86_64-unknown-linux-gnu", Fit::Contradicts),
            ("x86_64-pc-windows-gnu", "x86_64-pc-windows-msvc", Fit::Fully),
            ("inletsctl-darwin", "aarch64-apple-darwin", Fit::Partly),
            ("sttr_Darwin_all", "aarch64-apple-darwin", Fit::Partly),
            ("tool-win64", "x86_64-pc-windows-msvc", Fit::Fully),
            ("tool-macos-i386", "x86_64-apple-darwin", Fit::Contradicts),
            ("winner", "x86_64-unknown-linux-gnu", Fit::Silent),
            ("bin", "x86_64-unknown-linux-gnu", Fit::Silent),
        ] {
            assert_eq!(fits(name, target), expected, "{name} for {target}");
        }
    }

    #[test]
    fn platform_and_version_come_off() {
        for (name, version, expected) in [
            ("azd-linux-amd64", "1.9.0", "azd"),
            ("redli_linux_amd64", "0.15.0", "redli"),
            ("victoria-metrics-prod", "1.120.0", "victoria-metrics"),
            ("slack-notifier_v0.10.0", "0.10.0", "slack-notifier"),
            ("firecracker-v1.16.1-x86_64", "v1.16.1", "firecracker"),
            ("roc_nightly-linux_x86_64-2025-09-09-d73ea109", "2025-09-09-d73ea109", "roc"),
            ("kubectl-fd_Darwin_x86_64", "1.0.0", "kubectl-fd"),
            ("linux-amd64", "1", ""),
        ] {
            assert_eq!(bare(name, version), expected);
        }
        assert_eq!(plain("Foo_Bar.baz"), "foo-bar-baz");
    }
}
