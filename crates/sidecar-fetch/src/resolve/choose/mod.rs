//! Chooses the asset of a release that is built for a target: a pure function from names to a choice.
//!
//! A name is read into a [`name::Build`] with the words of [`words`]. What is no program (packages, side files, sources,
//! debug builds) and what is built for another platform is never chosen. Among what is left, a build whose name says
//! nothing further goes before one with additions (`tool` before `tool-lsp`); then the architecture, then the C library
//! that fits better; the form of the file decides only between forms of one build. Neither order, nor alphabet, nor
//! length of names ever decides: what is still equal is [`Choice::Ambiguous`].

mod explain;
mod fit;
mod format;
mod name;
mod vocabulary;
mod words;

pub(crate) use explain::explain;
pub use explain::{AssetNote, Explanation};

use std::collections::{BTreeSet, HashSet};

use self::fit::{ArchFit, Fit, Platform, Subsets};
use self::name::{Build, Hint, Subject, Unfit};
use crate::error::some_of;
use crate::target::Target;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    /// Where it must run.
    pub(crate) target: &'a Target,
    /// The program, as its executable is called.
    pub(crate) tool: &'a str,
    /// `owner/name`.
    pub(crate) repo: &'a str,
    /// The tag of the release.
    pub(crate) tag: &'a str,
    /// Whether a build for x86-64 will do where the system translates it: macOS and Windows on arm64.
    pub(crate) emulation: bool,
}

/// The chosen asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pick {
    /// Where its name stands in the list.
    pub(crate) index: usize,
    /// Why this one, for `explain`.
    pub(crate) reason: String,
    /// Whether it says that it is for x86-64, which the target's system translates.
    pub(crate) emulated: bool,
}

/// The answer of [`choose`]. Indices count in the list that was given, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// One fits best.
    Chosen(Pick),
    /// These fit equally well.
    Ambiguous { indices: Vec<usize>, reason: String },
    /// Nothing fits; the nearest are builds for another platform or of another program, best first.
    None { nearest: Vec<usize> },
}

/// Chooses among the `names` of a release's assets.
pub(crate) fn choose(names: &[&str], query: &Query<'_>) -> Choice {
    Listing::read(names, query).choose(query.target, query.emulation)
}

/// The names of a release, read once for all targets.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    names: &'a [&'a str],
    builds: Vec<Build>,
    /// What is no build, and why; by the place of its name.
    unfit: Vec<(usize, Unfit)>,
}

impl<'a> Listing<'a> {
    /// Reads the names as those of `query`'s tool; its target does not matter.
    pub(crate) fn read(names: &'a [&'a str], query: &Query<'_>) -> Self {
        let subject = Subject::new(query);
        let (mut builds, mut unfit) = (Vec::new(), Vec::new());
        // What stands twice has one address, so that it is one file.
        let mut seen = HashSet::new();
        for (index, name) in names.iter().enumerate().filter(|(_, name)| seen.insert(**name)) {
            match name::read(index, name, &subject) {
                Ok(build) => builds.push(build),
                Err(why) => unfit.push((index, why)),
            }
        }
        fit::settle_bare_arm(&mut builds);
        fit::settle_silicon(&mut builds);
        fit::settle_untold_system(&mut builds);
        Self { names, builds, unfit }
    }

    /// Chooses for a target. With `emulation`, a build for x86-64 will do where the system translates it: after nothing
    /// native was found, so a native build wins whatever else its name says, and a tie of native ones stays a tie.
    pub(crate) fn choose(&self, target: &Target, emulation: bool) -> Choice {
        match self.choose_once(target, false) {
            Choice::None { .. } if emulation => self.choose_once(target, true),
            native => native,
        }
    }

    fn choose_once(&self, target: &Target, emulation: bool) -> Choice {
        let platform = Platform::of(target);
        let fits =
            platform.map_or_else(Vec::new, |platform| fit::candidates(&self.builds, platform, emulation));
        match fits.as_slice() {
            [] => Choice::None { nearest: fit::nearest(&self.builds, platform) },
            fits => decide(fits, self.names, target),
        }
    }
}

/// Narrows the fitting builds down, from what the name says most clearly to the form of the file.
fn decide(fits: &[Fit<'_>], names: &[&str], target: &Target) -> Choice {
    let count = fits.len();
    let said = Subsets::new(fits.iter().map(|fit| &fit.build.extras));
    let mut plain: Vec<&Fit<'_>> = fits.iter().filter(|fit| !said.below(&fit.build.extras)).collect();
    // Beside a window, what runs without one is the sidecar.
    let has_window = |fit: &&Fit<'_>| WINDOWED.iter().any(|word| fit.build.extras.contains(*word));
    if !plain.iter().all(has_window) {
        plain.retain(|fit| !has_window(fit));
    }
    if plain.iter().any(|fit| fit.build.extras != plain[0].build.extras) {
        return ambiguous(&plain, format!("these differ in more than the platform: {}", differences(&plain)));
    }
    let is_triple = |fit: &Fit<'_>| names[fit.build.index].to_ascii_lowercase().contains(target.as_str());
    let rank = |fit: &Fit<'_>| (fit.arch, fit.libc, !is_triple(fit));
    let Some(best) = plain.iter().map(|fit| rank(fit)).min() else {
        return Choice::None { nearest: Vec::new() };
    };
    let mut builds: Vec<&Fit<'_>> = plain.into_iter().filter(|fit| rank(fit) == best).collect();
    let forms = builds.len();
    let form = |fit: &Fit<'_>| fit.build.format.rank(target.is_windows());
    let first = builds.iter().map(|fit| form(fit)).min();
    builds.retain(|fit| Some(form(fit)) == first);
    // One build, published under two spellings of the architecture: the triple's own.
    let spelled = |fit: &&Fit<'_>| names[fit.build.index].to_ascii_lowercase().contains(&target.arch());
    if builds.len() > 1 && builds.iter().copied().filter(spelled).count() == 1 {
        builds.retain(spelled);
    }
    // Else the one that runs on every machine of it; else the one that names it, and not only its width.
    let better: [fn(&&Fit<'_>) -> bool; 2] =
        [|fit| fit.build.hints.contains(&Hint::Portable), |fit| !fit.build.hints.contains(&Hint::ByWidth)];
    for is_better in better {
        if builds.iter().any(is_better) {
            builds.retain(is_better);
        }
    }
    match builds.as_slice() {
        [fit] => {
            let reason = reason(fit, count, forms, is_triple(fit));
            Choice::Chosen(Pick { index: fit.build.index, reason, emulated: fit.arch == ArchFit::Emulated })
        }
        _ => ambiguous(&builds, "these are named as the same build".to_owned()),
    }
}

/// Words for a program that opens a window.
const WINDOWED: [&str; 10] =
    ["desktop", "electron", "gtk", "gtk3", "gtk4", "gui", "qt", "qt5", "qt6", "tray"];

fn ambiguous(fits: &[&Fit<'_>], reason: String) -> Choice {
    Choice::Ambiguous { indices: fits.iter().map(|fit| fit.build.index).collect(), reason }
}

/// The words that tell the tied builds apart, sorted.
fn differences(fits: &[&Fit<'_>]) -> String {
    let all: BTreeSet<&String> = fits.iter().flat_map(|fit| &fit.build.extras).collect();
    some_of(all.into_iter().filter(|word| !fits.iter().all(|fit| fit.build.extras.contains(*word))))
}

fn reason(fit: &Fit<'_>, fits: usize, forms: usize, triple: bool) -> String {
    let mut said = vec![if triple { "names the target" } else { "names the platform in its own words" }];
    said.extend(fit.arch.note());
    said.extend(fit.libc.note());
    if fits == 1 {
        said.push("the only one that fits");
    } else if forms > 1 {
        said.push("the preferred form of several");
    }
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One release a line: real ones, and the ones that other tools are known to have chosen wrongly from. `picks` has
    /// the asset for a target, `null` for a refusal, or the names of a tie.
    const RELEASES: &str = include_str!("../../../testdata/choose.jsonl");

    fn names_of(names: &[&str], choice: &Choice) -> serde_json::Value {
        match choice {
            Choice::Chosen(pick) => names[pick.index].into(),
            Choice::Ambiguous { indices, .. } => {
                let mut tied: Vec<&str> = indices.iter().map(|index| names[*index]).collect();
                tied.sort_unstable();
                tied.into()
            }
            Choice::None { .. } => serde_json::Value::Null,
        }
    }

    fn one(names: &[&str], tool: &str, target: &str) -> Choice {
        let target = target.parse().unwrap();
        choose(
            names,
            &Query { target: &target, tool, repo: &format!("owner/{tool}"), tag: "v1.0.0", emulation: false },
        )
    }

    #[test]
    fn known_releases_give_the_known_picks() {
        let mut count = 0;
        for line in RELEASES.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let names: Vec<&str> =
                case["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            let text = |key: &str| case[key].as_str().unwrap();
            for (triple, expected) in case["picks"].as_object().unwrap() {
                let target = triple.parse().unwrap();
                let (tool, repo, tag) = (text("tool"), text("repo"), text("tag"));
                let choice = choose(&names, &Query { target: &target, tool, repo, tag, emulation: false });
                assert_eq!(
                    names_of(&names, &choice),
                    *expected,
                    "{tool} of {repo} {tag} for {triple}: {choice:?}"
                );
                count += 1;
            }
        }
        assert!(count > 300, "only {count} picks in the fixture");
    }

    #[test]
    fn the_reason_says_why() {
        let names = ["tool-x86_64-unknown-linux-gnu.tar.gz", "tool-x86_64-unknown-linux-gnu.tar.xz"];
        let Choice::Chosen(pick) = one(&names, "tool", "x86_64-unknown-linux-gnu") else { panic!() };
        assert_eq!(
            (pick.index, pick.reason.as_str()),
            (1, "names the target, the preferred form of several")
        );
        let Choice::Chosen(pick) = one(&["tool-linux-musl.zip"], "tool", "x86_64-unknown-linux-gnu") else {
            panic!()
        };
        assert_eq!(
            pick.reason,
            "names the platform in its own words, says no architecture, of another C library, but runs on the \
             target, the only one that fits"
        );
    }

    #[test]
    fn a_tie_names_what_differs() {
        let names = ["tool-cuda-linux-x64.zip", "tool-vulkan-linux-x64.zip", "tool-macos-arm64.dmg"];
        assert_eq!(
            one(&names, "tool", "x86_64-unknown-linux-gnu"),
            Choice::Ambiguous {
                indices: vec![0, 1],
                reason: "these differ in more than the platform: cuda, vulkan".to_owned()
            }
        );
    }

    #[test]
    fn musl_never_takes_glibc_and_glibc_takes_musl_only_alone() {
        let both = ["tool-x86_64-unknown-linux-gnu.zip", "tool-x86_64-unknown-linux-musl.zip"];
        assert_eq!(names_of(&both, &one(&both, "tool", "x86_64-unknown-linux-gnu")), both[0]);
        assert_eq!(names_of(&both, &one(&both, "tool", "x86_64-unknown-linux-musl")), both[1]);
        assert_eq!(names_of(&both, &one(&both[1..], "tool", "x86_64-unknown-linux-gnu")), both[0]);
        assert!(matches!(one(&both[..1], "tool", "x86_64-unknown-linux-musl"), Choice::None { .. }));
    }

    #[test]
    fn a_name_that_stands_twice_is_one_asset() {
        let names = ["tool-linux-x64.zip", "tool-linux-x64.zip", "tool-mac.zip"];
        assert!(
            matches!(one(&names, "tool", "x86_64-unknown-linux-gnu"), Choice::Chosen(pick) if pick.index == 0)
        );
    }

    /// As many as a hostile server can send. Were each compared with each, this would take minutes.
    #[test]
    fn twenty_thousand_names_are_read_in_one_go() {
        let linux = "x86_64-unknown-linux-gnu";
        let numbered = |form: fn(usize) -> String| (0..20_000).map(form).collect::<Vec<String>>();
        let all: [(Vec<String>, bool); 4] = [
            (numbered(|n| format!("tool-linux-x64-w{n:x}q.zip")), false),
            (numbered(|n| format!("tool-linux-x64-{}.zip", "cuda-".repeat(n % 40))), true),
            (numbered(|n| format!("tool-w{n:x}q-{}-x64.zip", ["linux", "windows", "macos"][n % 3])), false),
            (numbered(|n| format!("{}-linux-{}", "x".repeat(n % 300), "win64".repeat(n % 60))), true),
        ];
        for (mut names, chosen) in all {
            names.push("tool-linux-x64".repeat(1000));
            names.push("tool\u{7}\n-linux-x64-w\u{202e}.zip".to_owned());
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let choice = one(&names, "tool", linux);
            assert_eq!(matches!(choice, Choice::Chosen(_)), chosen, "{}: {choice:.80?}", names[0]);
        }
    }

    #[test]
    fn nothing_for_the_target_lists_the_nearest_first() {
        let names = [
            "tool-windows-x64.zip",
            "tool-linux-x64.zip",
            "tool-linux-x64.zip.sha256",
            "tool-macos-arm64.zip",
        ];
        let choice = one(&names, "tool", "aarch64-unknown-linux-gnu");
        assert_eq!(choice, Choice::None { nearest: vec![1, 3, 0] });
        assert!(
            matches!(one(&names, "tool", "mips-unknown-linux-gnu"), Choice::None { nearest } if nearest.len() == 3)
        );
    }

    /// Names as publishers build them: tool, platform words, additions and endings in all combinations.
    fn names() -> impl Strategy<Value = Vec<String>> {
        let tool = prop::sample::select(vec!["tool", "tool-lsp", "other", "win-tool", "Tool"]);
        let os = prop::sample::select(vec![
            "linux",
            "darwin",
            "macos",
            "windows",
            "win64",
            "freebsd",
            "ubuntu-22.04",
            "",
        ]);
        let arch = prop::sample::select(vec![
            "x86_64", "amd64", "arm64", "aarch64", "arm", "i686", "armv7", "all", "",
        ]);
        let more = prop::sample::select(vec![
            "", "", "-musl", "-gnu", "-debug", "-src", "-cuda", "-1.0.0", "-setup",
        ]);
        let end = prop::sample::select(vec![
            "",
            ".tar.gz",
            ".zip",
            ".exe",
            ".deb",
            ".sha256",
            ".tar.xz",
            ".app.zip",
            ".msi",
            ".txt",
            ".pkg.tar.zst",
        ]);
        let name = (tool, os, arch, more, end).prop_map(|(t, o, a, m, e)| format!("{t}-{o}-{a}{m}{e}"));
        prop::collection::btree_set(name, 0..30).prop_map(|set| set.into_iter().collect()).prop_shuffle()
    }

    const REFUSED: [&str; 9] =
        ["-debug", "-src", "-setup", ".deb", ".sha256", ".app.zip", ".msi", ".txt", ".pkg.tar.zst"];

    proptest! {
        #[test]
        fn order_never_changes_the_choice(names in names(), turn in 0_usize..30, target in prop::sample::select(&crate::target::DESKTOP[..])) {
            let mut turned = names.clone();
            turned.rotate_left(turn % names.len().max(1));
            turned.reverse();
            let (a, b): (Vec<&str>, Vec<&str>) =
                (names.iter().map(String::as_str).collect(), turned.iter().map(String::as_str).collect());
            prop_assert_eq!(names_of(&a, &one(&a, "tool", target)), names_of(&b, &one(&b, "tool", target)));
        }

        #[test]
        fn what_is_refused_is_never_chosen(names in names(), target in prop::sample::select(&crate::target::DESKTOP[..])) {
            let list: Vec<&str> = names.iter().map(String::as_str).collect();
            let chosen = match one(&list, "tool", target) {
                Choice::Chosen(pick) => vec![pick.index],
                Choice::Ambiguous { indices, .. } => indices,
                Choice::None { .. } => Vec::new(),
            };
            for index in chosen {
                let name = list[index];
                prop_assert!(!REFUSED.iter().any(|word| name.contains(word)), "{}", name);
                let os = if target.contains("windows") { "win" } else if target.contains("apple") { "mac" } else { "linux" };
                let foreign = match os {
                    "win" => ["-linux", "-darwin", "-macos", "-freebsd", "-ubuntu"],
                    "mac" => ["-linux", "-windows", "-win64", "-freebsd", "-ubuntu"],
                    _ => ["-windows", "-darwin", "-macos", "-freebsd", "-win64"],
                };
                prop_assert!(!foreign.iter().any(|word| name.contains(word)), "{} for {}", name, target);
                prop_assert!(!name.contains("i686") && !name.contains("armv7"), "{} for {}", name, target);
                let cpus = if target.starts_with("x86") { ["arm64", "aarch64"] } else { ["x86_64", "amd64"] };
                prop_assert!(!cpus.iter().any(|cpu| name.contains(cpu)), "{} for {}", name, target);
            }
        }

        #[test]
        fn any_text_is_read(names in prop::collection::vec("\\PC{0,40}", 0..8)) {
            let list: Vec<&str> = names.iter().map(String::as_str).collect();
            let _ = one(&list, "tool", "x86_64-unknown-linux-gnu");
        }
    }
}
