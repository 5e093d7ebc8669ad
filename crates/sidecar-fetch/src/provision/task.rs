//! What is to be installed of one asset, and where.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::memory;
use crate::cache::Cache;
use crate::error::Error;
use crate::install::{Content, Mode, TreeFile, TreeOf, record_of};
use crate::lock::{Inside, Locked, Pin, PinnedFile};
use crate::manifest::{Manifest, Sidecar};
use crate::target::Target;
use crate::template::Values;

/// A sidecar for a target: one file, or a tree of them.
#[derive(Debug, Clone)]
pub(crate) struct Task<'a> {
    pub(crate) sidecar: &'a str,
    pub(crate) version: &'a str,
    pub(crate) target: &'a Target,
    pub(crate) pin: &'a Pin,
    /// The installed binary.
    pub(crate) dest: PathBuf,
    pub(crate) spot: Spot,
    /// A local build that is installed in the place of the pinned binary.
    local: Option<(PathBuf, Content)>,
    /// The pattern of the member that is the binary, where the pin names none and the manifest does.
    pub(super) bin: Option<String>,
    /// What was seen in the asset in this run, where the pin does not say it.
    seen: OnceLock<Inside>,
    /// What an earlier run saw in it.
    recalled: OnceLock<Inside>,
}

/// What a task fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The one file `dest`.
    File,
    /// A directory that holds the binary and its companions.
    Tree(PathBuf),
    /// The cache alone: the directory of a tree holds the files of one target, and this is another one.
    Cache,
}

impl<'a> Task<'a> {
    /// The task of a sidecar in the app directory `app`.
    pub(crate) fn new(
        app: &Path,
        manifest: &Manifest,
        sidecar: &'a Sidecar,
        locked: &'a Locked,
        target: &'a Target,
        pin: &'a Pin,
    ) -> Self {
        let binaries = app.join(&manifest.settings.binaries);
        let (dest, spot) = match pin.binary_path() {
            Some(binary) => {
                let root = binaries.join(&sidecar.install_as);
                (root.join(binary), Spot::Tree(root))
            }
            None => (binaries.join(target.file_name(&sidecar.install_as)), Spot::File),
        };
        let version = locked.version_text();
        let name = sidecar.name.as_str();
        let (seen, recalled) = (OnceLock::new(), OnceLock::new());
        let task =
            Self { sidecar: name, version, target, pin, dest, spot, local: None, bin: None, seen, recalled };
        let bin =
            sidecar.bin.as_ref().filter(|_| pin.inside.is_none()).map(|bin| {
                bin.expand(&Values { name, tag: &locked.tag, version, target: &task.built_for() })
            });
        Self { bin, ..task }
    }

    /// The target that the asset is built for.
    pub(super) fn built_for(&self) -> Cow<'a, Target> {
        let translated = self.target.translated().filter(|_| self.pin.emulated);
        translated.map_or(Cow::Borrowed(self.target), Cow::Owned)
    }

    /// What is in the asset, as the lock says, or as it was seen where the lock does not.
    pub(crate) fn inside(&self) -> Option<&Inside> {
        self.pin.inside.as_ref().or_else(|| self.seen.get()).or_else(|| self.recalled.get())
    }

    /// Where the lock does not say what is in the asset: recalls what was seen when it was last looked into.
    pub(crate) fn recall(&self, cache: &Cache) {
        if self.inside().is_none()
            && let Some(recalled) = memory::recall(self, cache)
        {
            let _ = self.recalled.set(recalled);
        }
    }

    /// Keeps what was seen, which goes before what was recalled.
    pub(super) fn saw(&self, inside: Inside) {
        let _ = self.seen.set(inside);
    }

    /// With a local build in the place of the pinned binary; companions stay.
    pub(crate) fn with_local(self, path: PathBuf, content: Content) -> Self {
        Self { local: Some((path, content)), ..self }
    }

    /// Only brought into the cache.
    pub(crate) fn cached_only(self) -> Self {
        Self { spot: Spot::Cache, ..self }
    }

    /// Whether it is a tree.
    pub(crate) fn is_tree(&self) -> bool {
        self.spot != Spot::File
    }

    /// What the cache must hold for it, the binary last; `None` where it is not known what is in the asset.
    pub(super) fn contents(&self) -> Option<Vec<Content>> {
        let files = self.inside()?.files();
        let kept = if self.local.is_some() { files.len() - 1 } else { files.len() };
        Some(files[..kept].iter().map(|file| Content { sha256: file.sha256, size: file.size }).collect())
    }

    /// The file that is installed as `dest`; `None` where it is not known what is in the asset.
    pub(crate) fn content(&self) -> Option<Content> {
        let local = self.local.as_ref().map(|(_, content)| *content);
        local.or_else(|| self.inside().map(|inside| inside.binary))
    }

    /// Where the bytes of `content`, which is the binary, are, once the cache has what it must hold.
    pub(super) fn source(&self, content: &Content, blob: impl Fn(&Content) -> PathBuf) -> PathBuf {
        self.local.as_ref().map_or_else(|| blob(content), |(path, _)| path.clone())
    }

    /// Everything that is installed, as far as it is known.
    pub(crate) fn files(&self) -> Vec<PinnedFile<'_>> {
        self.inside().map(Inside::files).unwrap_or_default()
    }

    /// Bytes of everything that is installed, as far as it is known.
    pub(crate) fn installed_size(&self) -> u64 {
        self.inside().map_or(0, Inside::installed_size)
    }

    /// The tree that the task installs, if it installs one.
    pub(crate) fn tree(&self) -> Option<TreeOf<'_>> {
        let Spot::Tree(root) = &self.spot else { return None };
        let content = self.content()?;
        let mut files: Vec<TreeFile<'_>> = self.files().into_iter().map(TreeFile::from).collect();
        if let Some(binary) = files.last_mut() {
            (binary.content, binary.mode) = (content, Mode::Program);
        }
        Some(TreeOf { root, target: self.target, files })
    }

    /// Every file on whose change a build script runs again.
    pub(crate) fn watched(&self) -> Vec<PathBuf> {
        match self.tree() {
            Some(tree) => {
                let files = tree.files.iter().map(|file| tree.root.join(file.path));
                files.chain([record_of(tree.root)]).collect()
            }
            None => vec![self.dest.clone()],
        }
    }

    /// Puts the sidecar in front of an error's headline.
    pub(super) fn blame(&self, error: Error) -> Error {
        error.of_sidecar(self.sidecar, Some(self.version))
    }
}
