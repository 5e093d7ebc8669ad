//! Why this asset and none of the others: the same rules, told name by name.

use std::collections::BTreeSet;

use super::fit::Platform;
use super::name::{Build, Unfit};
use super::words::{Arch, Libc, Os};
use super::{Choice, Listing, Query};

/// The choice for one target, with what each name was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The names of the chosen asset, or of those that tie; none where nothing fits.
    pub picks: Vec<String>,
    /// The rule that decided, in a few words.
    pub rule: String,
    /// Whether the chosen asset is a build for x86-64, which the target's system translates.
    pub emulated: bool,
    /// Every name in the order of the release: what it says, and what came of it.
    pub assets: Vec<AssetNote>,
}

/// One name of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetNote {
    /// The name.
    pub name: String,
    /// The words found in it: system, architecture, C library, then what is left over.
    pub words: String,
    /// What came of it: `chosen`, or why it was not.
    pub verdict: String,
}

/// Explains what [`choose`] answers.
pub(crate) fn explain(names: &[&str], query: &Query<'_>) -> Explanation {
    let listing = Listing::read(names, query);
    let (picked, rule, emulated) = match listing.choose(query.target, query.emulation) {
        Choice::Chosen(pick) => (vec![pick.index], pick.reason, pick.emulated),
        Choice::Ambiguous { indices, reason } => (indices, reason, false),
        Choice::None { .. } => (Vec::new(), "nothing fits".to_owned(), false),
    };
    let platform = Platform::of(query.target);
    let mut assets: Vec<AssetNote> = names
        .iter()
        .map(|name| AssetNote {
            name: (*name).to_owned(),
            words: String::new(),
            verdict: "stands in the list already".to_owned(),
        })
        .collect();
    for (index, unfit) in &listing.unfit {
        assets[*index].verdict = refused(unfit);
    }
    let tied: BTreeSet<usize> = picked.iter().copied().collect();
    for build in &listing.builds {
        let note = &mut assets[build.index];
        note.words = words(build);
        note.verdict = match tied.contains(&build.index) {
            true if tied.len() == 1 => "chosen".to_owned(),
            true => "ties".to_owned(),
            false => passed_over(build, platform),
        };
    }
    let picks = picked.into_iter().map(|index| names[index].to_owned()).collect();
    Explanation { picks, rule, emulated, assets }
}

fn refused(unfit: &Unfit) -> String {
    match unfit {
        Unfit::Ending => "no program: a package or a side file, by its ending".to_owned(),
        Unfit::Word(word) => format!("not the program that ships: says `{word}`"),
        Unfit::Name => "no name that a file can have".to_owned(),
        Unfit::Contradiction => "speaks of two systems or two architectures".to_owned(),
    }
}

/// Why a program that could be installed was not taken.
fn passed_over(build: &Build, platform: Option<Platform>) -> String {
    let Some(platform) = platform else { return "the target's name is not understood".to_owned() };
    match (build.os, build.arch) {
        (Some(os), _) if os != platform.os => format!("for {}", system(os)),
        (None, _) => "says no system".to_owned(),
        (_, Some(arch)) if arch != platform.arch && arch != Arch::Universal => {
            format!("for {}", architecture(arch))
        }
        _ if !build.family.is_empty() => format!(
            "another program or variant: says {}",
            build.family.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        ),
        _ => "another one fits better".to_owned(),
    }
}

/// What was read, in a fixed order.
fn words(build: &Build) -> String {
    let known = [build.os.map(system), build.arch.map(architecture), build.libc.map(library)];
    let mut out: Vec<String> = known.into_iter().flatten().map(str::to_owned).collect();
    out.extend(build.extras.iter().map(|word| format!("+{word}")));
    out.join(" ")
}

fn system(os: Os) -> &'static str {
    match os {
        Os::Linux => "Linux",
        Os::Macos => "macOS",
        Os::Windows => "Windows",
        Os::FreeBsd => "FreeBSD",
        Os::Android => "Android",
        Os::Other => "another system",
    }
}

fn architecture(arch: Arch) -> &'static str {
    match arch {
        Arch::X64 => "x86-64",
        Arch::X86 | Arch::Intel => "32-bit x86",
        Arch::Arm64 => "arm64",
        Arch::Arm | Arch::Arm32 => "32-bit arm",
        Arch::ArmV6 => "ARMv6",
        Arch::ArmV7 => "ARMv7",
        Arch::Riscv64 => "riscv64",
        Arch::Ppc64le => "ppc64le",
        Arch::S390x => "s390x",
        Arch::Loong64 => "loong64",
        Arch::Universal => "universal",
        Arch::Other => "another architecture",
    }
}

fn library(libc: Libc) -> &'static str {
    match libc {
        Libc::Gnu => "gnu",
        Libc::Musl => "musl",
        Libc::Alpine => "Alpine",
        Libc::Static => "static",
        Libc::Msvc => "msvc",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_told_what_came_of_it() {
        let names = [
            "tool-linux-x64-musl.tar.gz",
            "tool-linux-arm64.tar.gz",
            "tool-lsp-linux-x64.tar.gz",
            "tool-windows-x64.zip",
            "tool-linux-x64-debug.tar.gz",
            "tool.txt",
        ];
        let target = "x86_64-unknown-linux-gnu".parse().unwrap();
        let query = Query { target: &target, tool: "tool", repo: "o/tool", tag: "v1", emulation: false };
        let told = explain(&names, &query);
        assert_eq!(told.picks, [names[0]]);
        let rows: Vec<(&str, &str)> =
            told.assets.iter().map(|a| (a.words.as_str(), a.verdict.as_str())).collect();
        assert_eq!(
            rows,
            [
                ("Linux x86-64 musl", "chosen"),
                ("Linux arm64", "for arm64"),
                ("Linux x86-64 +lsp", "another program or variant: says `lsp`"),
                ("Windows x86-64", "for Windows"),
                ("", "not the program that ships: says `debug`"),
                ("", "no program: a package or a side file, by its ending"),
            ]
        );
    }
}
