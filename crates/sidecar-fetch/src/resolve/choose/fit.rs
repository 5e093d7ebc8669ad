//! Which builds fit a platform, and how well.

use std::collections::{BTreeSet, HashMap};

use target_lexicon::{Architecture, ArmArchitecture};

use super::format::Format;
use super::name::{Build, Hint};
use super::words::{Arch, Libc, Os};
use crate::target::Target;

/// The platform of a target in the vocabulary's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform {
    pub(super) os: Os,
    pub(super) arch: Arch,
    pub(super) libc: Libc,
}

impl Platform {
    /// `None` for targets whose names are not understood; they need an override.
    pub(super) fn of(target: &Target) -> Option<Self> {
        let os = if target.is_windows() {
            Os::Windows
        } else if target.is_apple() {
            Os::Macos
        } else if target.is_android() {
            Os::Android
        } else if target.is_linux() {
            Os::Linux
        } else if target.os() == "freebsd" {
            Os::FreeBsd
        } else {
            return None;
        };
        let arch = match target.architecture() {
            Architecture::X86_64 => Arch::X64,
            Architecture::X86_32(_) => Arch::X86,
            Architecture::Aarch64(_) => Arch::Arm64,
            Architecture::Arm(ArmArchitecture::Armv7 | ArmArchitecture::Armv7a) => Arch::ArmV7,
            Architecture::Arm(ArmArchitecture::Arm | ArmArchitecture::Armv6) => Arch::ArmV6,
            Architecture::Riscv64(_) => Arch::Riscv64,
            Architecture::Powerpc64le => Arch::Ppc64le,
            Architecture::S390x => Arch::S390x,
            Architecture::LoongArch64 => Arch::Loong64,
            _ => return None,
        };
        let libc = if target.is_musl() {
            Libc::Musl
        } else if target.as_str().ends_with("-msvc") {
            Libc::Msvc
        } else {
            Libc::Gnu
        };
        Some(Self { os, arch, libc })
    }
}

/// How well the architecture fits; the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ArchFit {
    Exact,
    Universal,
    /// Built for an earlier ARM, or for one that is not told: runs on the target as well.
    Earlier,
    /// The name says nothing, which means the customary one; the binary's header has the last word.
    Untold,
    /// Built for x86-64, which macOS and Windows on arm64 translate.
    Emulated,
}

/// How well the C library fits; the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LibcFit {
    Exact,
    Untold,
    /// Another one that runs there: a static build under glibc, MinGW's under Windows.
    Other,
    /// The name says nothing, and the target has musl: what is linked statically runs; the binary has the last word.
    Unproven,
}

impl ArchFit {
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Self::Exact => None,
            Self::Universal => Some("universal"),
            Self::Earlier => Some("for an ARM of an earlier or untold version"),
            Self::Untold => Some("says no architecture"),
            Self::Emulated => Some("for x86-64, which the system translates"),
        }
    }
}

impl LibcFit {
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Self::Exact | Self::Untold => None,
            Self::Other => Some("of another C library, but runs on the target"),
            Self::Unproven => Some("says no C library: runs on the target if it is linked statically"),
        }
    }
}

/// A build that fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit<'a> {
    pub(super) build: &'a Build,
    pub(super) arch: ArchFit,
    pub(super) libc: LibcFit,
}

/// Decides what a bare `arm` means. macOS never ran 32-bit ARM, and hardly anybody shipped it for Windows; publishers
/// who write `arm` there, and `arm64` nowhere, mean the same by it on the other systems.
pub(super) fn settle_bare_arm(builds: &mut [Build]) {
    let is_64 =
        |build: &Build| matches!(build.os, Some(Os::Macos | Os::Windows)) && build.arch == Some(Arch::Arm);
    let everywhere = builds.iter().any(is_64) && !builds.iter().any(|build| build.arch == Some(Arch::Arm64));
    for build in builds {
        if build.arch == Some(Arch::Arm) && (everywhere || build.os == Some(Os::Macos)) {
            build.arch = Some(Arch::Arm64);
        }
    }
}

/// Decides what a macOS build without an architecture is for, where the one beside it says `intel` or `x86`: those words
/// came into names with the processors that are not.
pub(super) fn settle_silicon(builds: &mut [Build]) {
    let is_mac = |build: &&Build| build.os == Some(Os::Macos);
    let intel = builds.iter().filter(is_mac).any(|build| build.hints.contains(&Hint::Intel));
    let told = |build: &Build| matches!(build.arch, Some(Arch::Arm64 | Arch::Universal));
    if !intel || builds.iter().filter(is_mac).any(told) {
        return;
    }
    for build in builds.iter_mut().filter(|build| build.os == Some(Os::Macos) && build.arch.is_none()) {
        build.arch = Some(Arch::Arm64);
    }
}

/// Decides what names without a system mean. Where a release says `darwin` or `.exe` and never `linux`, or names
/// architectures and never a system, what says no system is for Linux: `tool`, `tool-arm64`, `tool-darwin`, `tool.exe`.
/// A lone file that says nothing at all stays what it is: unknown. So does an archive of which only the version is told,
/// `tool-1.2.tar.xz`, as sources are named since `make dist`; but who builds for macOS and for Windows builds for Linux.
pub(super) fn settle_untold_system(builds: &mut [Build]) {
    // What is built on Alpine says so because the others, which do not say it, are for Linux as well.
    let named = |os| builds.iter().any(|build| build.os == Some(os) && build.libc != Some(Libc::Alpine));
    let (linux, macos, windows) = (named(Os::Linux), named(Os::Macos), named(Os::Windows));
    let bare = |build: &Build| {
        let form = matches!(
            build.format,
            Format::Raw | Format::TarGz | Format::TarXz | Format::TarZst | Format::TarBz2
        );
        build.os.is_none() && form
    };
    let evidence =
        builds.iter().any(|build| bare(build) && (build.arch.is_some() || build.libc == Some(Libc::Static)));
    let untold = |build: &Build| {
        let sources = build.hints.contains(&Hint::Versioned)
            && build.format != Format::Raw
            && !evidence
            && !(macos && windows);
        bare(build) && !sources
    };
    if linux || !(macos || windows || evidence) {
        return;
    }
    for build in builds.iter_mut().filter(|build| untold(build)) {
        build.os = Some(Os::Linux);
    }
}

/// The builds that run on `platform`, among those that name the tool best; what does not, where some do, is another
/// program of the release.
pub(super) fn candidates(builds: &[Build], platform: Platform, emulation: bool) -> Vec<Fit<'_>> {
    let best = builds.iter().map(|build| build.named).max();
    let own = || builds.iter().filter(|build| Some(build.named) == best);
    let here = || own().filter(|build| build.os == Some(platform.os));
    let told = here().any(|build| build.arch.is_some());
    let fits = here().filter_map(|build| {
        let arch =
            arch_fit(build, told, platform).or_else(|| emulated(build, platform).filter(|_| emulation))?;
        let libc = libc_fit(build.libc, platform)?;
        Some(Fit { build, arch, libc })
    });
    let fits: Vec<Fit<'_>> = fits.collect();
    if fits.iter().all(|fit| fit.build.family.is_empty()) {
        return fits;
    }
    // Where other platforms have a plainer build, one with additional words is another program: the release has
    // `tool-linux` and, for this platform, only `tool-lsp-windows`.
    let elsewhere = own().filter(|build| build.os.is_some_and(|os| os != platform.os));
    let plainer = Subsets::new(elsewhere.map(|build| &build.family));
    fits.into_iter().filter(|fit| !plainer.below(&fit.build.family)).collect()
}

/// Sets of words, to be asked whether one of them lies wholly within another. Each is filed under its rarest word, so
/// that thousands of sets cost no more than their words.
pub(super) struct Subsets<'a> {
    empty: bool,
    by_word: HashMap<&'a str, Vec<&'a BTreeSet<String>>>,
}

impl<'a> Subsets<'a> {
    pub(super) fn new(sets: impl Iterator<Item = &'a BTreeSet<String>>) -> Self {
        let sets: BTreeSet<&BTreeSet<String>> = sets.collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for word in sets.iter().copied().flatten() {
            *counts.entry(word).or_default() += 1;
        }
        let mut out = Self { empty: false, by_word: HashMap::new() };
        for set in sets {
            match set.iter().min_by_key(|word| counts[word.as_str()]) {
                Some(rarest) => out.by_word.entry(rarest).or_default().push(set),
                None => out.empty = true,
            }
        }
        out
    }

    /// Whether one of the sets has some of the words of `set`, and no others.
    pub(super) fn below(&self, set: &BTreeSet<String>) -> bool {
        let is_below = |other: &BTreeSet<String>| other.len() < set.len() && other.is_subset(set);
        let filed = |word: &String| self.by_word.get(word.as_str()).into_iter().flatten();
        (self.empty && !set.is_empty()) || set.iter().flat_map(filed).any(|other| is_below(other))
    }
}

fn arch_fit(build: &Build, told: bool, platform: Platform) -> Option<ArchFit> {
    match build.arch {
        Some(arch) if arch == platform.arch => Some(ArchFit::Exact),
        Some(Arch::Universal) if platform.os == Os::Macos => Some(ArchFit::Universal),
        Some(Arch::Arm | Arch::Arm32 | Arch::ArmV6) if platform.arch == Arch::ArmV7 => Some(ArchFit::Earlier),
        Some(Arch::Arm | Arch::Arm32) if platform.arch == Arch::ArmV6 => Some(ArchFit::Earlier),
        Some(_) => None,
        // Before there was a choice, builds named none: x86-64. On macOS it is often a universal one, and Windows on
        // arm64 translates it, if no other build for the system names its architecture.
        None => {
            let translates = matches!(platform.os, Os::Macos | Os::Windows) && platform.arch == Arch::Arm64;
            let customary = platform.arch == Arch::X64 || (translates && !told);
            customary.then_some(ArchFit::Untold)
        }
    }
}

/// macOS and Windows on arm64 run programs for x86-64.
fn emulated(build: &Build, platform: Platform) -> Option<ArchFit> {
    let translates = platform.arch == Arch::Arm64 && matches!(platform.os, Os::Macos | Os::Windows);
    (translates && build.arch == Some(Arch::X64)).then_some(ArchFit::Emulated)
}

fn libc_fit(libc: Option<Libc>, platform: Platform) -> Option<LibcFit> {
    if !matches!(platform.os, Os::Linux | Os::Windows) {
        return Some(LibcFit::Exact);
    }
    match (libc, platform.libc) {
        (Some(told), wanted) if told == wanted => Some(LibcFit::Exact),
        // A build for glibc does not start where only musl is, and one that does not say is most often for glibc.
        (Some(Libc::Static | Libc::Alpine), Libc::Musl) => Some(LibcFit::Exact),
        (None, Libc::Musl) => Some(LibcFit::Unproven),
        (_, Libc::Musl) | (Some(Libc::Alpine), _) => None,
        (None, _) => Some(LibcFit::Untold),
        _ => Some(LibcFit::Other),
    }
}

/// The builds that come nearest to fitting: of the same system first, then the same architecture.
pub(super) fn nearest(builds: &[Build], platform: Option<Platform>) -> Vec<usize> {
    let mut near: Vec<&Build> = builds.iter().filter(|build| build.os.is_some()).collect();
    near.sort_by_key(|build| {
        let far = platform.map(|p| (build.os != Some(p.os), build.arch != Some(p.arch)));
        (far, build.index)
    });
    near.into_iter().map(|build| build.index).collect()
}

#[cfg(test)]
mod tests {
    use super::super::name::{Subject, read};
    use super::super::{Choice, Query, choose};
    use super::*;

    fn pick<'a>(names: &[&'a str], target: &str) -> Option<&'a str> {
        let target = target.parse().unwrap();
        match choose(
            names,
            &Query { target: &target, tool: "tool", repo: "o/tool", tag: "v1", emulation: false },
        ) {
            Choice::Chosen(pick) => Some(names[pick.index]),
            _ => None,
        }
    }

    #[test]
    fn platforms_are_understood_or_refused() {
        let of = |name: &str| Platform::of(&name.parse().unwrap()).map(|p| (p.os, p.arch, p.libc));
        assert_eq!(of("x86_64-unknown-linux-musl"), Some((Os::Linux, Arch::X64, Libc::Musl)));
        assert_eq!(of("aarch64-apple-darwin").map(|p| p.0), Some(Os::Macos));
        assert_eq!(of("i686-pc-windows-msvc"), Some((Os::Windows, Arch::X86, Libc::Msvc)));
        assert_eq!(of("aarch64-linux-android").map(|p| p.0), Some(Os::Android));
        assert_eq!(of("x86_64-unknown-freebsd").map(|p| p.0), Some(Os::FreeBsd));
        assert_eq!(of("riscv64gc-unknown-linux-gnu").map(|p| p.1), Some(Arch::Riscv64));
        assert_eq!(of("armv7-unknown-linux-gnueabihf").map(|p| p.1), Some(Arch::ArmV7));
        assert_eq!(of("arm-unknown-linux-musleabihf"), Some((Os::Linux, Arch::ArmV6, Libc::Musl)));
        assert_eq!(of("powerpc64le-unknown-linux-gnu").map(|p| p.1), Some(Arch::Ppc64le));
        assert_eq!(of("mips-unknown-linux-gnu"), None);
        assert_eq!(of("x86_64-unknown-openbsd"), None);
    }

    #[test]
    fn a_bare_arm_is_64_bit_where_macos_says_the_same() {
        let linux = "aarch64-unknown-linux-gnu";
        assert_eq!(pick(&["tool-macos-arm", "tool-linux-arm"], linux), Some("tool-linux-arm"));
        assert_eq!(pick(&["tool-macos-arm64", "tool-linux-arm"], linux), None);
        assert_eq!(pick(&["tool-linux-arm"], linux), None);
        assert_eq!(pick(&["tool-windows-arm.exe", "tool-linux-arm"], linux), Some("tool-linux-arm"));
        assert_eq!(pick(&["tool-macos-arm"], "aarch64-apple-darwin"), Some("tool-macos-arm"));
    }

    #[test]
    fn a_name_without_a_system_is_for_linux_only_by_elimination() {
        let linux = "aarch64-unknown-linux-gnu";
        assert_eq!(pick(&["tool-darwin", "tool-arm64"], linux), Some("tool-arm64"));
        assert_eq!(pick(&["tool-x86_64", "tool-aarch64", "tool-mips"], linux), Some("tool-aarch64"));
        assert_eq!(pick(&["tool-linux-amd64", "tool-darwin", "tool-arm64"], linux), None);
        assert_eq!(pick(&["tool-amd64", "tool-arm64"], linux), Some("tool-arm64"));
        assert_eq!(pick(&["tool-darwin", "tool-arm64.zip"], linux), None);
        let x64 = "x86_64-unknown-linux-gnu";
        assert_eq!(pick(&["tool", "tool-arm64", "tool-darwin", "tool.exe"], x64), Some("tool"));
        assert_eq!(pick(&["tool-static", "tool-static-aarch64"], x64), Some("tool-static"));
        assert_eq!(pick(&["tool_amd64", "tool_alpine", "tool_darwin"], x64), Some("tool_amd64"));
        assert_eq!(pick(&["tool"], x64), None);
        assert_eq!(pick(&["tool.tar.gz", "tool.tar.gz.sha256"], x64), None);
        let sources = ["tool-1.0.tar.gz", "tool-1.0.tar.xz", "tool-1.0-win-64bit.zip"];
        assert_eq!(pick(&sources, x64), None);
        assert_eq!(
            pick(&["tool-1.0.tgz", "tool-1.0-macos.tgz", "tool-1.0-win.zip"], x64),
            Some("tool-1.0.tgz")
        );
    }

    #[test]
    fn an_untold_architecture_is_the_customary_one() {
        let names = ["tool-linux", "tool-linux-arm64", "tool-macos", "tool-windows.zip"];
        assert_eq!(pick(&names, "x86_64-unknown-linux-gnu"), Some(names[0]));
        assert_eq!(pick(&names, "aarch64-apple-darwin"), Some(names[2]));
        assert_eq!(pick(&names, "aarch64-pc-windows-msvc"), Some(names[3]));
        assert_eq!(pick(&["tool-win.zip", "tool-win-x64.zip"], "aarch64-pc-windows-msvc"), None);
        assert_eq!(pick(&["tool-macos", "tool-macos-x64"], "aarch64-apple-darwin"), None);
        assert_eq!(pick(&["tool-linux"], "aarch64-unknown-linux-gnu"), None);
    }

    #[test]
    fn beside_a_build_for_intel_a_plain_one_is_for_silicon() {
        let names = ["tool-macos", "tool-macos-intel"];
        assert_eq!(pick(&names, "aarch64-apple-darwin"), Some(names[0]));
        assert_eq!(pick(&names, "x86_64-apple-darwin"), Some(names[1]));
        let names = ["tool-mac", "tool-mac-x86"];
        assert_eq!(pick(&names, "aarch64-apple-darwin"), Some(names[0]));
        assert_eq!(pick(&names, "x86_64-apple-darwin"), Some(names[1]));
        let more = ["tool-macos", "tool-macos-intel", "tool-macos-arm64"];
        assert_eq!(pick(&more, "aarch64-apple-darwin"), Some(more[2]));
    }

    #[test]
    fn an_older_arm_serves_a_newer_one() {
        let armv7 = "armv7-unknown-linux-gnueabihf";
        let names = ["tool-linux-armv6", "tool-linux-armhf", "tool-linux-arm64", "tool-linux-armv5"];
        assert_eq!(pick(&names, armv7), Some(names[1]));
        assert_eq!(pick(&names[..1], armv7), Some(names[0]));
        assert_eq!(pick(&names[2..], armv7), None);
        assert_eq!(pick(&names, "arm-unknown-linux-gnueabihf"), Some(names[0]));
        let zig = ["tool-arm-linux-musleabihf", "tool-x86_64-linux-musl"];
        assert_eq!(pick(&zig, "armv7-unknown-linux-musleabihf"), Some(zig[0]));
        assert_eq!(
            pick(&["tool-linux-riscv64", "tool-linux-x64"], "riscv64gc-unknown-linux-gnu"),
            Some("tool-linux-riscv64")
        );
    }

    #[test]
    fn additions_that_other_platforms_do_without_are_another_program() {
        let names = ["tool-linux-x64", "tool-lsp-windows-x64.exe"];
        assert_eq!(pick(&names, "x86_64-pc-windows-msvc"), None);
        assert_eq!(pick(&names[1..], "x86_64-pc-windows-msvc"), Some(names[1]));
    }

    #[test]
    fn a_build_that_must_be_translated_is_marked_and_comes_last() {
        let arm = "aarch64-pc-windows-msvc".parse().unwrap();
        let pick = |names: &[&str], emulation| {
            choose(names, &Query { target: &arm, tool: "tool", repo: "o/tool", tag: "v1", emulation })
        };
        let both = ["tool-windows-x64.zip", "tool-windows-arm64.zip"];
        assert!(matches!(pick(&both, true), Choice::Chosen(found) if found.index == 1));
        let Choice::Chosen(found) = pick(&both[..1], true) else { panic!() };
        assert!(found.reason.contains("which the system translates"), "{}", found.reason);
        assert!(found.emulated);
        assert!(matches!(pick(&both[..1], false), Choice::None { .. }));
        // A plainer name is no reason to prefer what must be translated.
        let wordy = ["tool-windows-x64.zip", "tool-cli-windows-arm64.zip"];
        assert!(matches!(pick(&wordy, true), Choice::Chosen(found) if found.index == 1 && !found.emulated));
        // Neither is a tie of native builds one.
        let tied = ["tool-windows-x64.zip", "tool-a-windows-arm64.zip", "tool-b-windows-arm64.zip"];
        assert!(matches!(pick(&tied, true), Choice::Ambiguous { .. }));
    }

    #[test]
    fn only_macos_and_windows_on_arm64_translate() {
        for (target, name) in [
            ("aarch64-unknown-linux-gnu", "tool-linux-x64.tar.gz"),
            ("aarch64-linux-android", "tool-android-x64.tar.gz"),
            ("i686-pc-windows-msvc", "tool-windows-x64.zip"),
            ("x86_64-apple-darwin", "tool-macos-arm64.tar.gz"),
        ] {
            let target = target.parse().unwrap();
            let query = Query { target: &target, tool: "tool", repo: "o/tool", tag: "v1", emulation: true };
            assert!(matches!(choose(&[name], &query), Choice::None { .. }), "{name}");
        }
    }

    #[test]
    fn what_opens_a_window_is_no_sidecar_beside_what_does_not() {
        let names = ["tool_gui_linux_x64", "tool_cli_linux_x64"];
        assert_eq!(pick(&names, "x86_64-unknown-linux-gnu"), Some(names[1]));
        assert_eq!(pick(&names[..1], "x86_64-unknown-linux-gnu"), Some(names[0]));
    }

    #[test]
    fn two_spellings_of_one_build_are_no_tie() {
        let names = ["tool-Linux-arm64.tar.gz", "tool-Linux-aarch64.tar.gz"];
        assert_eq!(pick(&names, "aarch64-unknown-linux-gnu"), Some(names[1]));
        let names = ["tool-Linux-64bit.tar.gz", "tool-linux-amd64.tar.gz"];
        assert_eq!(pick(&names, "x86_64-unknown-linux-gnu"), Some(names[1]));
        let names = ["tool-linux-amd64.gz", "tool-linux-amd64v1.gz", "tool-linux-amd64v3.gz"];
        assert_eq!(pick(&names, "x86_64-unknown-linux-gnu"), Some(names[1]));
    }

    #[test]
    fn the_best_named_builds_stay() {
        let target = "x86_64-unknown-linux-gnu".parse().unwrap();
        let subject = Subject::new(&Query {
            target: &target,
            tool: "kube-scan",
            repo: "o/kit",
            tag: "v1",
            emulation: false,
        });
        let names = ["kit-linux", "scan-linux", "kube-scan-linux"];
        let builds: Vec<Build> =
            names.iter().enumerate().filter_map(|(i, n)| read(i, n, &subject).ok()).collect();
        assert_eq!(builds.iter().map(|build| build.named).collect::<Vec<_>>(), [0, 1, 3]);
        let fits = candidates(&builds, Platform::of(&target).unwrap(), false);
        assert_eq!(fits.iter().map(|fit| fit.build.index).collect::<Vec<_>>(), [2]);
        assert_eq!(nearest(&builds, None), [0, 1, 2]);
    }

    #[test]
    fn a_set_is_found_below_another() {
        let set = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<BTreeSet<String>>();
        let sets = [set(&["lsp"]), set(&["cuda", "full"])];
        let subsets = Subsets::new(sets.iter());
        for (words, below) in [
            (&["lsp", "x"][..], true),
            (&["lsp"], false),
            (&["cuda", "x"], false),
            (&["cuda", "full", "x"], true),
            (&[], false),
        ] {
            assert_eq!(subsets.below(&set(words)), below, "{words:?}");
        }
        let all = [set(&[])];
        assert!(Subsets::new(all.iter()).below(&set(&["x"])) && !Subsets::new(all.iter()).below(&set(&[])));
    }

    #[test]
    fn alpine_builds_run_on_musl_only() {
        assert_eq!(pick(&["tool-alpine-x64"], "x86_64-unknown-linux-gnu"), None);
        assert_eq!(pick(&["tool-alpine-x64"], "x86_64-unknown-linux-musl"), Some("tool-alpine-x64"));
        assert_eq!(pick(&["tool-linux-x64"], "x86_64-unknown-linux-musl"), Some("tool-linux-x64"));
        assert_eq!(pick(&["tool-linux-x64-gnu"], "x86_64-unknown-linux-musl"), None);
        assert_eq!(
            pick(&["tool-linux-static-x64"], "x86_64-unknown-linux-musl"),
            Some("tool-linux-static-x64")
        );
    }
}
