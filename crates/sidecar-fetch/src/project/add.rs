//! `add` and `remove`: entries of the manifest, with the lock in step.

mod origin;

use std::collections::BTreeSet;

use super::locking::Unseen;
use super::patch::lock_change;
use super::{LockReport, Project, Relock};
use crate::change::FileChange;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::install::{Installer, Mtime, remove_tree};
use crate::lock::Lock;
use crate::manifest::edit::{self, NewSidecar};
use crate::manifest::recipe::Recipe;
use crate::manifest::{Manifest, Wanted};
use crate::provision::Task;
use crate::target::TargetPattern;

/// What `add` is told.
#[derive(Debug, Clone, Default)]
pub struct AddRequest {
    /// The name of a recipe, `OWNER/REPO` or a repository's URL, or another source behind its key, such as
    /// `npm:@esbuild/{os}-{arch}`; then optionally `@` and a version requirement or an exact tag. What else is given goes
    /// before what the recipe says.
    pub source: String,
    /// Name in the manifest; default: the recipe's or the repository's.
    pub name: Option<String>,
    /// Exact tag, for tags that are no version.
    pub tag: Option<String>,
    /// Where the version is read, for tags that move and sources without a list of versions.
    pub version_from: Option<String>,
    /// Address of the list of hashes, for `url:` sources.
    pub checksums: Option<String>,
    /// What stands before the version in the tags.
    pub tag_prefix: Option<String>,
    /// Glob of the member that is the program.
    pub bin: Option<String>,
    /// Globs of the members that are installed beside the program; none: it is installed alone.
    pub resources: Vec<String>,
    /// Name under which it is installed; default: its name.
    pub install_as: Option<String>,
    /// Cargo features that switch it on; none: always on.
    pub features: Vec<String>,
    /// Assets named by hand: target triple or `cfg(…)`, then the asset.
    pub assets: Vec<(String, String)>,
}

impl Project<'_> {
    /// Adds a sidecar to the manifest and locks it. The manifest names the version that is the newest now, as `cargo
    /// add` does; a release whose tag is no version is pinned by its tag. What a recipe says is written out. On an error
    /// neither file has changed.
    ///
    /// # Errors
    /// [`Kind::SidecarExists`](crate::Kind::SidecarExists), [`Kind::UnknownRecipe`](crate::Kind::UnknownRecipe), and whatever keeps it from being locked.
    pub fn add(&self, request: &AddRequest) -> Result<LockReport, Error> {
        self.may_change_lock("adding a sidecar")?;
        let path = match Manifest::read_if_exists(self.app())? {
            Some(manifest) => {
                self.check(&manifest)?;
                manifest.path
            }
            None => self.app().join(crate::manifest::FILE),
        };
        let text = edit::text_of(&path)?;
        let mut new = entry(request)?;
        // Parsed before it is resolved: what is wrong with it should not cost a request.
        self.parse(&path, &edit::add(&path, &text, &new)?)?;
        if new.version.is_none() && new.tag.is_none() && !matches!(new.source.0, "url" | "path") {
            let manifest = self.parse(&path, &edit::add(&path, &text, &new)?)?;
            let (tag, version) = self.newest(&manifest, manifest.sidecar(&new.name)?)?;
            (new.version, new.tag) = if version.is_some() { (version, None) } else { (None, Some(tag)) };
        }
        let after = edit::add(&path, &text, &new)?;
        let manifest = self.parse(&path, &after)?;
        // What is wrong with the configuration should not cost a download, either.
        let plan = self.plan(&manifest, &super::lock_as_is(&manifest)?, &BTreeSet::new())?;
        let before = fsx::read_if_exists(&path)?;
        let changed: Vec<FileChange> =
            FileChange::to(path, before, Some(after)).into_iter().chain(plan.changes).collect();
        if self.dry_run {
            return Ok(LockReport { written: true, changed, ..LockReport::default() });
        }
        let (lock, report) =
            self.relocked(&manifest, &Relock::Stale, Unseen::Kept).map_err(|e| match e.kind() {
                // The entry that could name an asset is not written yet.
                Kind::AssetNotFound | Kind::AssetAmbiguous
                    if new.assets.is_empty() && e.is_of_sidecar(&new.name) =>
                {
                    e.help(
                        "name the assets: `--target <TRIPLE> --asset <NAME>`, or for all at once, such as \
                 `--target 'cfg(all())' --asset 'tool-{version}-{target}{exe}'`",
                    )
                }
                _ => e,
            })?;
        let of_lock = lock_change(&manifest, &Lock { configured: plan.configured, ..lock })?;
        let all: Vec<FileChange> = of_lock.iter().chain(&changed).cloned().collect();
        self.apply(&all)?;
        Ok(LockReport { written: of_lock.is_some(), changed, ..report })
    }

    /// Removes sidecars from the manifest, the lock and Tauri's configuration, and their installed files where those are
    /// what the lock pinned. Needs no network; other entries of the lock stay as they are. A name that is given twice
    /// counts once. In a [dry run](Self::dry_run) nothing is changed. The result is what changed besides the lock.
    ///
    /// # Errors
    /// [`Kind::UnknownSidecar`](crate::Kind::UnknownSidecar), and [`Kind::LockStale`](crate::Kind::LockStale) in a
    /// locked run, before anything is changed.
    pub fn remove(&self, names: &[String]) -> Result<Vec<FileChange>, Error> {
        self.may_change_lock("removing a sidecar")?;
        let names = &names.iter().cloned().collect::<BTreeSet<_>>();
        let manifest = self.manifest()?;
        let before = edit::text_of(&manifest.path)?;
        let mut text = before.clone();
        let lock = super::lock_as_is(&manifest)?;
        let mut gone = BTreeSet::new();
        for name in names {
            gone.insert(manifest.entry_of(manifest.sidecar(name)?));
            text = edit::remove(&manifest.path, &text, name)?;
        }
        let after = self.parse(&manifest.path, &text)?;
        let plan = self.plan(&after, &lock, &gone)?;
        let of_manifest = FileChange::to(manifest.path.clone(), Some(before), Some(text));
        let changed: Vec<FileChange> = of_manifest.into_iter().chain(plan.changes).collect();
        if self.dry_run {
            return Ok(changed);
        }
        let mut left = Lock { configured: plan.configured, ..lock.clone() };
        left.sidecars.retain(|name, _| !names.contains(name));
        let has_lock = fsx::metadata(&manifest.lock_path())?.is_some();
        let of_lock = if has_lock { lock_change(&manifest, &left)? } else { None };
        let all: Vec<FileChange> = of_lock.iter().chain(&changed).cloned().collect();
        self.apply(&all)?;
        self.remove_installed(&manifest, &lock, names)?;
        Ok(changed)
    }

    fn remove_installed(
        &self,
        manifest: &Manifest,
        lock: &Lock,
        names: &BTreeSet<String>,
    ) -> Result<(), Error> {
        let installer = Installer::new(&self.state, Mtime::Now, &self.cache);
        for name in names {
            let sidecar = manifest.sidecar(name)?;
            if sidecar.is_tree() {
                remove_tree(&self.app().join(&manifest.settings.binaries).join(&sidecar.install_as))?;
            }
            let Some(locked) = lock.sidecars.get(name) else { continue };
            for (target, pin) in &locked.assets {
                let Some(pin) = pin else { continue };
                let task = Task::new(self.app(), manifest, sidecar, locked, target, pin);
                if pin.inside.is_none()
                    && let Ok(cache) = self.cache.get()
                {
                    task.recall(cache);
                }
                if let Some(content) = task.content().filter(|_| !task.is_tree())
                    && installer.is_installed(&task.dest, content)?
                {
                    fsx::remove_file(&task.dest)?;
                }
            }
        }
        Ok(())
    }

    /// The manifest that is about to be written. It is not on the disk yet, so a place in it would lead nowhere.
    pub(super) fn parse(&self, path: &std::path::Path, text: &str) -> Result<Manifest, Error> {
        let parsed = Manifest::parse(path, text.to_owned());
        let checked = parsed.and_then(|manifest| self.check(&manifest).map(|()| manifest));
        checked.map_err(|e| e.without_fact("at"))
    }
}

/// The manifest entry that a request means.
fn entry(request: &AddRequest) -> Result<NewSidecar, Error> {
    if request.source.starts_with('@') {
        let headline = format!("`{}` is the name of an npm package", request.source);
        return Err(Error::new(Kind::Usage, headline).help(format!("write `npm:{}`", request.source)));
    }
    let (source, version) = cut(request);
    if version.is_some_and(|version| version.trim().is_empty()) {
        return Err(Error::new(Kind::Usage, format!("`{}` has no version after its `@`", request.source))
            .help(format!("write `{source}@1.2`, or `{source}` for the newest release")));
    }
    if version.is_some() && request.tag.is_some() {
        return Err(
            Error::new(Kind::Usage, "the version is given twice").help("keep `@VERSION`, or `--tag TAG`")
        );
    }
    let mut new = match origin::of(source) {
        Some(origin) => origin.entry(request.name.as_deref())?,
        None => of_recipe(&Recipe::named(source)?, request)?,
    };
    new.name = request.name.clone().unwrap_or(new.name);
    new.tag.clone_from(&request.tag);
    new.version_from.clone_from(&request.version_from);
    new.checksums.clone_from(&request.checksums);
    new.tag_prefix = request.tag_prefix.clone().or(new.tag_prefix);
    new.bin = request.bin.clone().or(new.bin);
    new.install_as = request.install_as.clone().or(new.install_as);
    new.features.clone_from(&request.features);
    if !request.resources.is_empty() {
        new.resources.clone_from(&request.resources);
    }
    new.assets.extend(request.assets.iter().cloned());
    match version.map(wanted) {
        // They have no tags.
        Some(_) if matches!(new.source.0, "url" | "path" | "npm") => new.version = version.map(str::to_owned),
        Some(Wanted::Requirement(_)) => new.version = version.map(str::to_owned),
        Some(Wanted::Tag(tag)) => new.tag = Some(tag),
        _ => {}
    }
    Ok(new)
}

/// The source and the version behind its `@`.
fn cut(request: &AddRequest) -> (&str, Option<&str>) {
    let text = request.source.as_str();
    // The name of a recipe holds neither `@` nor `/` nor `:`; a tag may hold them all.
    if let Some((name, version)) = text.split_once('@').filter(|(name, _)| !name.contains(['/', ':'])) {
        return (name, Some(version));
    }
    // An `@` in front of the last `/` would belong to a URL's user name, which a repository has not.
    match text.rsplit_once('@') {
        Some((source, version)) if !version.contains('/') || request.tag_prefix.is_some() => {
            (source, Some(version))
        }
        _ => (text, None),
    }
}

/// What the recipe says, without the assets of targets for which the request names one.
fn of_recipe(recipe: &Recipe, request: &AddRequest) -> Result<NewSidecar, Error> {
    let given = request.assets.iter().map(|(pattern, _)| TargetPattern::parse(pattern));
    let given = given.collect::<Result<Vec<_>, _>>()?;
    Ok(NewSidecar {
        name: recipe.name.clone(),
        source: ("github", recipe.repository.clone()),
        tag_prefix: recipe.tag_prefix().map(str::to_owned),
        bin: recipe.bin().map(str::to_owned),
        resources: recipe.resources(),
        install_as: recipe.install_as().map(str::to_owned),
        targets: recipe.targets_with(&given),
        assets: recipe.assets_beside(&given),
        ..NewSidecar::default()
    })
}

/// A version requirement where the text is one, otherwise a tag (`v1.2.3` is a tag, too: it is exact).
fn wanted(text: &str) -> Wanted {
    text.parse().map_or_else(|_| Wanted::Tag(text.to_owned()), Wanted::Requirement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(repository: &str) -> NewSidecar {
        entry(&AddRequest { source: repository.into(), ..AddRequest::default() }).unwrap()
    }

    #[test]
    fn versions_and_tags_are_told_apart() {
        let plain = of("pocketbase/pocketbase");
        assert_eq!((plain.name.as_str(), plain.version, plain.tag), ("pocketbase", None, None));
        assert_eq!(of("a/b@1.2").version.as_deref(), Some("1.2"));
        assert_eq!(of("a/b@v1.2.3").tag.as_deref(), Some("v1.2.3"));
        assert_eq!(of("ggml-org/llama.cpp@b6900").tag.as_deref(), Some("b6900"));
    }

    #[test]
    fn urls_are_shortened_for_github_only() {
        assert_eq!(of("https://github.com/a/b.git").source.1, "a/b");
        let enterprise = of("https://ghe.example/a/b@2");
        assert_eq!(
            (enterprise.source.1.as_str(), enterprise.name.as_str()),
            ("https://ghe.example/a/b", "b")
        );
    }

    #[test]
    fn a_name_without_a_slash_is_a_recipe() {
        let plain = of("pocketbase");
        assert_eq!((&*plain.source.1, &*plain.name), ("pocketbase/pocketbase", "pocketbase"));
        assert_eq!(of("pocketbase@0.30").version.as_deref(), Some("0.30"));
        assert_eq!(of("biome@@biomejs/biome@2.3.8").tag.as_deref(), Some("@biomejs/biome@2.3.8"));
        assert_eq!(of("https://github.com/pocketbase/pocketbase").tag_prefix, None);
        let unknown = AddRequest { source: "pocketbse".into(), ..AddRequest::default() };
        assert_eq!(entry(&unknown).unwrap_err().kind(), Kind::UnknownRecipe);
    }

    #[test]
    fn what_is_given_goes_before_the_recipe() {
        let recipe = of("llama-server");
        assert!(recipe.bin.is_some() && !recipe.resources.is_empty() && recipe.install_as.is_none());
        let given = entry(&AddRequest {
            source: "llama-server".into(),
            name: Some("llama".into()),
            bin: Some("x".into()),
            resources: vec!["y".into()],
            install_as: Some("z".into()),
            ..AddRequest::default()
        })
        .unwrap();
        assert_eq!(
            (&*given.name, given.bin.as_deref(), given.install_as.as_deref()),
            ("llama", Some("x"), Some("z"))
        );
        assert_eq!(given.resources, ["y"]);
    }

    fn with_asset(recipe: &str, pattern: &str) -> NewSidecar {
        let assets = vec![(pattern.to_owned(), "mine".to_owned())];
        entry(&AddRequest { source: recipe.into(), assets, ..AddRequest::default() }).unwrap()
    }

    #[test]
    fn an_asset_that_is_given_takes_the_place_of_the_recipes() {
        let of = |recipe, pattern| -> Vec<String> {
            let assets = with_asset(recipe, pattern).assets.into_iter();
            assets.filter(|(_, asset)| asset != "mine").map(|(key, _)| key).collect()
        };
        let (linux, mac, windows) =
            ("x86_64-unknown-linux-gnu", "x86_64-apple-darwin", "x86_64-pc-windows-msvc");
        assert_eq!(of("mihomo", linux), [mac, windows]);
        assert_eq!(of("mihomo", "cfg(windows)"), [mac, linux]);
        assert_eq!(of("mihomo", "cfg(all())"), [""; 0]);
        // A `cfg(…)` of the recipe is narrowed to what was not given.
        assert!(of("yt-dlp", mac).contains(&"aarch64-apple-darwin".to_owned()));
        assert!(!of("yt-dlp", mac).iter().any(|key| key.starts_with("cfg")));
    }

    #[test]
    fn a_target_that_the_recipe_leaves_out_is_taken_in_by_an_asset_for_it() {
        let of = |pattern| with_asset("clangd", pattern).targets;
        let named = ["cfg(unix)", "x86_64-pc-windows-msvc"];
        assert_eq!(of("x86_64-pc-windows-msvc"), named);
        let arm = "aarch64-pc-windows-msvc";
        assert_eq!(of(arm), [named[0], named[1], arm]);
        assert_eq!(with_asset("mihomo", "cfg(unix)").targets, [""; 0]);
    }

    #[test]
    fn an_at_sign_without_a_version_is_refused() {
        let request = AddRequest { source: "a/b@".into(), ..AddRequest::default() };
        assert_eq!(entry(&request).unwrap_err().kind(), Kind::Usage);
    }

    #[test]
    fn a_version_given_twice_is_refused() {
        let request = AddRequest { source: "a/b@1".into(), tag: Some("x".into()), ..AddRequest::default() };
        assert_eq!(entry(&request).unwrap_err().kind(), Kind::Usage);
    }
}
