//! What an imported tool becomes in the manifest.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Build, Tool};
use super::origin::{Note, Origin};
use crate::manifest::edit::NewSidecar;
use crate::resolve::choose::{Choice, Query, choose};
use crate::resolve::release::Release;
use crate::resolve::url::UNVERSIONED;
use crate::resolve::version::of_tag;
use crate::target::Target;
use crate::template::{Template, Values};

/// A tool that can be imported: one release, and what is pinned of it for each target.
#[derive(Debug)]
pub(super) struct Importable<'t> {
    pub(super) tool: &'t Tool,
    /// `owner/name` on github.com; `None` where it is files at addresses of their own.
    pub(super) repository: Option<String>,
    pub(super) tag: String,
    pub(super) pinned: BTreeMap<Target, Pinned<'t>>,
    pub(super) left_out: Vec<Note>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Pinned<'t> {
    pub(super) build: &'t Build,
    pub(super) asset: &'t str,
    pub(super) url: &'t str,
}

impl<'t> Importable<'t> {
    /// Finds the targets, of those that the manifest is `wanted` for, and the one release; or why there is none.
    pub(super) fn new(tool: &'t Tool, wanted: &[Target]) -> Result<Self, Note> {
        let mut left_out = tool.left_out.clone();
        let mut pinned: BTreeMap<Target, Pinned<'t>> = BTreeMap::new();
        let mut releases: BTreeSet<Option<(&str, &str)>> = BTreeSet::new();
        // What is made for a target goes before what runs there as well.
        for (exactly, build) in
            [true, false].iter().flat_map(|exactly| tool.builds.iter().map(move |b| (*exactly, b)))
        {
            let triples = if exactly { &build.triples[..1] } else { build.triples };
            let is_placed = pinned.values().any(|placed| std::ptr::eq(placed.build, build));
            let target = wanted
                .iter()
                .find(|target| triples.contains(&target.as_str()) && !pinned.contains_key(target));
            let Some(target) = target.filter(|_| !is_placed) else {
                if !exactly && !is_placed {
                    left_out
                        .push(Note(format!("`{}` is for no further target of the manifest", build.platform)));
                }
                continue;
            };
            match &build.origin {
                Origin::GitHub { repository, tag, asset, url } => {
                    releases.insert(Some((repository, tag)));
                    pinned.insert(target.clone(), Pinned { build, asset, url });
                }
                Origin::File { asset, url } => {
                    releases.insert(None);
                    pinned.insert(target.clone(), Pinned { build, asset, url });
                }
                Origin::Elsewhere(note) => return Err(note.clone()),
            }
        }
        // Where one of them is no release, each is named by its address.
        if releases.contains(&None) {
            return Ok(Self { tool, repository: None, tag: UNVERSIONED.to_owned(), pinned, left_out });
        }
        let mut releases = releases.into_iter().flatten();
        match (releases.next(), releases.next()) {
            (Some((repository, tag)), None) => {
                let (repository, tag) = (Some(repository.to_owned()), tag.to_owned());
                Ok(Self { tool, repository, tag, pinned, left_out })
            }
            (Some((one, tag)), Some((other, other_tag))) => {
                Err(Note(format!("its builds are of several releases: {one} {tag}, {other} {other_tag}")))
            }
            (None, _) if left_out.is_empty() => Err(Note("nothing of it is pinned".to_owned())),
            (None, _) => {
                let all: Vec<&str> = left_out.iter().map(|note| note.0.as_str()).collect();
                Err(Note(all.join("; ")))
            }
        }
    }

    /// The entry with nothing but source and release: a version where the tag is one and nothing more, so that no other
    /// tag can mean the same; otherwise the tag.
    pub(super) fn entry(&self) -> NewSidecar {
        let name = self.tool.name.clone();
        let Some(repository) = &self.repository else {
            let address =
                |(target, pinned): (&Target, &Pinned<'_>)| (target.to_string(), pinned.url.to_owned());
            let addresses = self.pinned.iter().map(address).collect();
            return NewSidecar { name, source: ("url", String::new()), addresses, ..NewSidecar::default() };
        };
        let version = self.tag.strip_prefix(['v', 'V']).unwrap_or(&self.tag);
        let parsed = semver::Version::parse(version).ok().filter(|parsed| parsed.build.is_empty());
        let (version, tag) = match parsed {
            Some(parsed) => (Some(format!("={parsed}")), None),
            None => (None, Some(self.tag.clone())),
        };
        NewSidecar { name, source: ("github", repository.clone()), version, tag, ..NewSidecar::default() }
    }

    /// The targets for which the rule would not choose what is pinned, by the names of the release.
    pub(super) fn chosen_otherwise(&self, release: &Release) -> BTreeSet<Target> {
        if self.repository.is_none() {
            return BTreeSet::new();
        }
        let names = release.names();
        let differs = |(target, pinned): &(&Target, &Pinned<'_>)| match choose(&names, &self.query(target)) {
            Choice::Chosen(pick) => names[pick.index] != pinned.asset,
            Choice::Ambiguous { .. } | Choice::None { .. } => true,
        };
        self.pinned.iter().filter(differs).map(|(target, _)| target.clone()).collect()
    }

    /// Whether the rule chooses something for a target that is not pinned.
    pub(super) fn has_more_for(&self, target: &Target, release: &Release) -> bool {
        matches!(choose(&release.names(), &self.query(target)), Choice::Chosen(_))
    }

    fn query<'q>(&'q self, target: &'q Target) -> Query<'q> {
        Query {
            target,
            tool: &self.tool.name,
            repo: self.repository.as_deref().unwrap_or_default(),
            tag: &self.tag,
            emulation: true,
        }
    }

    /// `asset` of the manifest for these targets, with placeholders for what another release calls otherwise.
    pub(super) fn overrides(&self, targets: &BTreeSet<Target>) -> Vec<(String, String)> {
        if self.repository.is_none() {
            return Vec::new();
        }
        let named = self.pinned.iter().filter(|(target, _)| targets.contains(*target));
        named.map(|(target, pinned)| (target.to_string(), self.templated(pinned.asset, target))).collect()
    }

    /// The patterns for the program in the archive to try, the simplest first, where the rule does not find it.
    pub(super) fn bins(&self) -> Vec<Option<String>> {
        let mut out = vec![None];
        let members = || {
            self.pinned.iter().filter_map(|(target, pinned)| {
                let member = pinned.build.member.as_deref()?;
                let plain = member.strip_suffix(target.exe_suffix()).unwrap_or(member);
                Some(self.templated(&format!("{plain}{{exe}}"), target))
            })
        };
        let file = |path: &str| format!("**/{}", path.rsplit('/').next().unwrap_or(path));
        let (files, paths): (BTreeSet<String>, BTreeSet<String>) =
            (members().map(|path| file(&path)).collect(), members().collect());
        for candidates in [files, paths] {
            if candidates.len() == 1 {
                out.extend(candidates.into_iter().map(Some));
            }
        }
        out
    }

    /// A name with `{tag}` or `{version}` where these stand in it. Short ones would be found by chance.
    fn templated(&self, text: &str, target: &Target) -> String {
        let version = of_tag(&self.tag).map_or_else(|| self.tag.clone(), |version| version.to_string());
        let replaced =
            |what: &str, by: &str| (what.len() >= 3 && text.contains(what)).then(|| text.replace(what, by));
        let found = replaced(&self.tag, "{tag}").or_else(|| replaced(&version, "{version}"));
        let values = Values { name: &self.tool.name, tag: &self.tag, version: &version, target };
        let is_same =
            |template: &Template| template.expand(&values) == text.replace("{exe}", target.exe_suffix());
        let checked = found.filter(|found| Template::parse(found).is_ok_and(|template| is_same(&template)));
        checked.unwrap_or_else(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::digest::Digest;
    use super::super::platform;
    use super::*;
    use crate::doc::Place;
    use crate::resolve::release::tests::release;
    use crate::target::DESKTOP;

    fn tool(builds: &[(&str, &str, Option<&str>)]) -> Tool {
        let at = Place::of(Path::new("mise.lock"), "", 0);
        let build = |(platform, url, member): &(&str, &str, Option<&str>)| Build {
            platform: (*platform).to_owned(),
            triples: platform::triples(platform).unwrap().unwrap(),
            origin: Origin::of_url(url),
            digest: Digest::parse("sha256", &"0".repeat(64)).unwrap(),
            at: at.clone(),
            size: None,
            member: member.map(str::to_owned),
        };
        let builds = builds.iter().map(build).collect();
        Tool { name: "tool".into(), at: at.clone(), file: "mise.lock".into(), builds, left_out: Vec::new() }
    }

    fn url(tag: &str, asset: &str) -> String {
        format!("https://github.com/acme/tool/releases/download/{tag}/{asset}")
    }

    fn desktop() -> Vec<Target> {
        DESKTOP.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_made_for_a_target_goes_before_what_runs_there() {
        let (gnu, musl) = (url("v1.0.0", "tool-gnu"), url("v1.0.0", "tool-musl"));
        for (platforms, asset, left_out) in [
            (vec![("linux-x64-musl", musl.as_str(), None), ("linux-x64", gnu.as_str(), None)], "tool-gnu", 1),
            (vec![("linux-x64-musl", musl.as_str(), None)], "tool-musl", 0),
        ] {
            let tool = tool(&platforms);
            let found = Importable::new(&tool, &desktop()).unwrap();
            let pinned: Vec<(&str, &str)> =
                found.pinned.iter().map(|(target, pinned)| (target.as_str(), pinned.asset)).collect();
            assert_eq!(pinned, [("x86_64-unknown-linux-gnu", asset)]);
            assert_eq!(found.left_out.len(), left_out, "{:?}", found.left_out);
        }
    }

    #[test]
    fn one_release_is_needed() {
        let fails = |builds: &[(&str, &str, Option<&str>)]| {
            let tool = tool(builds);
            Importable::new(&tool, &desktop()).unwrap_err().0
        };
        let (one, two) = (url("v1", "a"), url("v2", "b"));
        assert_eq!(
            fails(&[("linux-x64", &one, None), ("macos-x64", &two, None)]),
            "its builds are of several releases: acme/tool v1, acme/tool v2"
        );
        assert!(
            fails(&[("linux-x64", &one, None), ("macos-x64", "http://example.com/x", None)])
                .starts_with("http://example.com/x is")
        );
        assert_eq!(
            fails(&[("freebsd-x64", &one, None)]),
            "`freebsd-x64` is for no further target of the manifest"
        );
        assert_eq!(fails(&[]), "nothing of it is pinned");
    }

    #[test]
    fn a_tag_that_is_a_version_and_nothing_more_becomes_one() {
        for (tag, version, exact) in [
            ("v1.2.3", Some("=1.2.3"), None),
            ("1.2.3-rc.1", Some("=1.2.3-rc.1"), None),
            ("v1.2", None, Some("v1.2")),
            ("v1.2.3+4", None, Some("v1.2.3+4")),
            ("tool-v1.2.3", None, Some("tool-v1.2.3")),
            ("b6900", None, Some("b6900")),
        ] {
            let url = url(tag, "tool");
            let tool = tool(&[("linux-x64", &url, None)]);
            let entry = Importable::new(&tool, &desktop()).unwrap().entry();
            assert_eq!((entry.version.as_deref(), entry.tag.as_deref()), (version, exact), "{tag}");
        }
    }

    #[test]
    fn names_get_placeholders_that_give_them_back() {
        for (tag, asset, template) in [
            ("v1.2.3", "tool-v1.2.3-linux", "tool-{tag}-linux"),
            ("v1.2.3", "tool_1.2.3_linux", "tool_{version}_linux"),
            ("v1", "tool-v1-linux", "tool-v1-linux"),
            ("nightly", "tool-nightly-linux", "tool-{tag}-linux"),
            ("v1.2", "tool-1.2-linux", "tool-1.2-linux"),
            ("v1.2.3", "tool-{odd}-v1.2.3", "tool-{odd}-v1.2.3"),
        ] {
            let url = url(tag, asset);
            let tool = tool(&[("linux-x64", &url, None)]);
            let found = Importable::new(&tool, &desktop()).unwrap();
            let targets = found.pinned.keys().cloned().collect();
            assert_eq!(
                found.overrides(&targets),
                [("x86_64-unknown-linux-gnu".to_owned(), template.to_owned())]
            );
        }
    }

    #[test]
    fn the_program_is_looked_for_by_its_name_and_then_by_its_path() {
        let (linux, windows) = (url("v1.2.3", "a"), url("v1.2.3", "b"));
        let bins = |one: &str, other: &str| {
            let tool = tool(&[("linux-x64", &linux, Some(one)), ("windows-x64", &windows, Some(other))]);
            Importable::new(&tool, &desktop()).unwrap().bins()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            bins("x-1.2.3/bin/x", "x-1.2.3/bin/x.exe"),
            [None, some("**/x{exe}"), some("x-{version}/bin/x{exe}")]
        );
        assert_eq!(bins("linux/x", "x.exe"), [None, some("**/x{exe}")]);
        assert_eq!(bins("linux/x", "y.exe"), [None]);
    }

    #[test]
    fn an_override_is_needed_where_the_rule_chooses_otherwise() {
        let names = ["tool-linux-x64", "tool-linux-x64-cuda", "tool-macos-arm64"];
        let (cuda, mac) = (url("v1", names[1]), url("v1", names[2]));
        let tool = tool(&[("linux-x64", &cuda, None), ("macos-arm64", &mac, None)]);
        let found = Importable::new(&tool, &desktop()).unwrap();
        let release = release("v1", &names);
        let others: Vec<String> = found.chosen_otherwise(&release).iter().map(Target::to_string).collect();
        assert_eq!(others, ["x86_64-unknown-linux-gnu"]);
        assert!(!found.has_more_for(&"x86_64-pc-windows-msvc".parse().unwrap(), &release));
    }
}
