//! `add` and `remove`: entries of the manifest, with the lock in step.

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
use crate::manifest::{Manifest, Wanted};
use crate::provision::Task;

/// What `add` is told.
#[derive(Debug, Clone, Default)]
pub struct AddRequest {
    /// `OWNER/REPO` or a repository's URL, then optionally `@` and a version requirement or an exact tag.
    pub repository: String,
    /// Name in the manifest; default: the repository's.
    pub name: Option<String>,
    /// Exact tag, for tags that are no version.
    pub tag: Option<String>,
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
    /// add` does; a release whose tag is no version is pinned by its tag. On an error neither file has changed.
    ///
    /// # Errors
    /// [`Kind::SidecarExists`](crate::Kind::SidecarExists), and whatever keeps it from being locked.
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
        if new.version.is_none() && new.tag.is_none() {
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
    fn parse(&self, path: &std::path::Path, text: &str) -> Result<Manifest, Error> {
        let parsed = Manifest::parse(path, text.to_owned());
        let checked = parsed.and_then(|manifest| self.check(&manifest).map(|()| manifest));
        checked.map_err(|e| e.without_fact("at"))
    }
}

/// The manifest entry that a request means.
fn entry(request: &AddRequest) -> Result<NewSidecar, Error> {
    // An `@` in front of the last `/` would belong to a URL's user name, which a repository has not.
    let (github, version) = match request.repository.rsplit_once('@') {
        Some((github, version)) if !version.contains('/') || request.tag_prefix.is_some() => {
            (github, Some(version))
        }
        _ => (request.repository.as_str(), None),
    };
    let github = github.trim_end_matches('/').trim_end_matches(".git");
    let github = github.strip_prefix("https://github.com/").unwrap_or(github);
    let name = github.rsplit('/').next().unwrap_or_default();
    if version.is_some_and(|version| version.trim().is_empty()) {
        return Err(Error::new(
            Kind::Usage,
            format!("`{}` has no version after its `@`", request.repository),
        )
        .help(format!("write `{github}@1.2`, or `{github}` for the newest release")));
    }
    if version.is_some() && request.tag.is_some() {
        return Err(
            Error::new(Kind::Usage, "the version is given twice").help("keep `@VERSION`, or `--tag TAG`")
        );
    }
    let mut new = NewSidecar {
        name: request.name.clone().unwrap_or_else(|| name.to_owned()),
        github: github.to_owned(),
        tag: request.tag.clone(),
        tag_prefix: request.tag_prefix.clone(),
        bin: request.bin.clone(),
        resources: request.resources.clone(),
        install_as: request.install_as.clone(),
        features: request.features.clone(),
        assets: request.assets.clone(),
        ..NewSidecar::default()
    };
    match version.map(wanted) {
        Some(Wanted::Requirement(_)) => new.version = version.map(str::to_owned),
        Some(Wanted::Tag(tag)) => new.tag = Some(tag),
        _ => {}
    }
    Ok(new)
}

/// A version requirement where the text is one, otherwise a tag (`v1.2.3` is a tag, too: it is exact).
fn wanted(text: &str) -> Wanted {
    text.parse().map_or_else(|_| Wanted::Tag(text.to_owned()), Wanted::Requirement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(repository: &str) -> NewSidecar {
        entry(&AddRequest { repository: repository.into(), ..AddRequest::default() }).unwrap()
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
        assert_eq!(of("https://github.com/a/b.git").github, "a/b");
        let enterprise = of("https://ghe.example/a/b@2");
        assert_eq!((enterprise.github.as_str(), enterprise.name.as_str()), ("https://ghe.example/a/b", "b"));
    }

    #[test]
    fn an_at_sign_without_a_version_is_refused() {
        let request = AddRequest { repository: "a/b@".into(), ..AddRequest::default() };
        assert_eq!(entry(&request).unwrap_err().kind(), Kind::Usage);
    }

    #[test]
    fn a_version_given_twice_is_refused() {
        let request =
            AddRequest { repository: "a/b@1".into(), tag: Some("x".into()), ..AddRequest::default() };
        assert_eq!(entry(&request).unwrap_err().kind(), Kind::Usage);
    }
}
