//! What is to be installed of one asset, and where.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::install::{Content, Mode, TreeFile, TreeOf, record_of};
use crate::lock::Pin;
use crate::manifest::{Manifest, Sidecar};
use crate::target::Target;

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
        version: &'a str,
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
        Self { sidecar: &sidecar.name, version, target, pin, dest, spot, local: None }
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

    /// What the cache must hold for it, the binary last.
    pub(super) fn contents(&self) -> Vec<Content> {
        let files = self.pin.files();
        let kept = if self.local.is_some() { files.len() - 1 } else { files.len() };
        files[..kept].iter().map(|file| Content { sha256: file.sha256, size: file.size }).collect()
    }

    /// The file that is installed as `dest`.
    pub(super) fn content(&self) -> Content {
        let pinned = Content { sha256: self.pin.binary_sha256, size: self.pin.binary_size };
        self.local.as_ref().map_or(pinned, |(_, content)| *content)
    }

    /// Where the bytes of [`content`](Self::content) are, once the cache has what it must hold.
    pub(super) fn source(&self, blob: impl Fn(&Content) -> PathBuf) -> PathBuf {
        self.local.as_ref().map_or_else(|| blob(&self.content()), |(path, _)| path.clone())
    }

    /// The tree that the task installs, if it installs one.
    pub(crate) fn tree(&self) -> Option<TreeOf<'_>> {
        let Spot::Tree(root) = &self.spot else { return None };
        let mut files: Vec<TreeFile<'_>> = self.pin.files().into_iter().map(TreeFile::from).collect();
        if let Some(binary) = files.last_mut() {
            (binary.content, binary.mode) = (self.content(), Mode::Program);
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
