use std::path::Path;

use super::*;
use crate::cache::LazyCache;
use crate::fsx;
use crate::hash::Sha256;
use crate::install::Mtime;
use crate::lock::{Inside, Lock};
use crate::manifest::Manifest;
use crate::placeholder;
use crate::progress::Silent;
use crate::target::Target;

/// An app whose lock was made without a download, and a cache that has a binary and a memory that it is the right one,
/// but not the asset.
struct Scene {
    dir: tempfile::TempDir,
    cache: LazyCache,
    manifest: Manifest,
    lock: Lock,
    target: Target,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let target: Target = "x86_64-pc-windows-msvc".parse().unwrap();
        let manifest = "[sidecar.tool]\ngithub = 'acme/tool'\n".to_owned();
        let manifest = Manifest::parse(&dir.path().join("sidecar.toml"), manifest).unwrap();
        let lock = format!(
            "version = 1\n[[sidecar]]\nname = 'tool'\nrequest.github = 'acme/tool'\nrequest.version = '*'\ntag = '1'\n\
             [[asset]]\nsidecar = 'tool'\ntarget = '{target}'\nname = 'tool.zip'\nurl = 'https://example.com/tool.zip'\n\
             size = 3\nsha256 = '{}'\nprovenance = 'github-digest'\n",
            Sha256::of(b"zip")
        );
        fsx::write(&dir.path().join("sidecar.lock"), &lock).unwrap();
        let lock = Lock::read(&dir.path().join("sidecar.lock")).unwrap().unwrap();
        let cache = LazyCache::at(&dir.path().join("cache"));
        Self { dir, cache, manifest, lock, target }
    }

    fn task(&self) -> Task<'_> {
        let locked = &self.lock.sidecars["tool"];
        let pin = locked.assets[&self.target].as_ref().unwrap();
        Task::new(self.dir.path(), &self.manifest, &self.manifest.sidecars["tool"], locked, &self.target, pin)
    }

    /// Puts bytes into the cache, and a memory that they are the binary.
    fn remembers(&self, bytes: &[u8]) {
        let binary = Content { sha256: Sha256::of(bytes), size: bytes.len() as u64 };
        let cache = self.cache.get().unwrap();
        fsx::write_atomic(&cache.blob(&binary.sha256), bytes).unwrap();
        let inside = Inside { member: Some("tool.exe".to_owned()), binary, glibc: None, tree: None };
        memory::remember(&self.task(), cache, &inside);
    }

    fn provision(&self) -> Result<Vec<Outcome>, Error> {
        let installer = Installer::new(&self.dir.path().join("state"), Mtime::Past, &self.cache);
        let network = Network::when_needed(|| Some("a test".to_owned()));
        let tools = Tools { cache: &self.cache, installer: &installer, network: &network, reporter: &Silent };
        provision(&[self.task()], &tools)
    }

    fn installed(&self) -> Option<Vec<u8>> {
        fsx::bytes_of(&self.task().dest)
    }

    fn program(&self, version: &str) -> Vec<u8> {
        placeholder::of(&self.target, "tool", Some(version))
    }
}

#[test]
fn without_a_memory_the_asset_is_needed() {
    let error = Scene::new().provision().unwrap_err();
    assert_eq!(error.kind(), Kind::Offline, "{error}");
}

#[test]
fn what_is_installed_as_remembered_is_done() {
    let scene = Scene::new();
    let program = scene.program("1");
    scene.remembers(&program);
    fsx::write_atomic(&scene.task().dest, &program).unwrap();
    make_executable(&scene.task().dest);
    assert_eq!(scene.provision().unwrap(), [Outcome::Unchanged]);
}

#[cfg(feature = "download")]
#[test]
fn a_memory_alone_installs_nothing_where_the_asset_can_be_read() {
    let scene = Scene::new();
    scene.remembers(&scene.program("1"));
    assert_eq!(scene.provision().unwrap_err().kind(), Kind::Offline);
    assert_eq!(scene.installed(), None);
}

#[cfg(not(feature = "download"))]
#[test]
fn a_build_that_reads_no_archives_takes_what_is_remembered() {
    let scene = Scene::new();
    let program = scene.program("1");
    scene.remembers(&program);
    assert_eq!(scene.provision().unwrap(), [Outcome::Installed { transferred: 0 }]);
    assert_eq!(scene.installed(), Some(program));
    assert_eq!(scene.provision().unwrap(), [Outcome::Unchanged]);
}

#[cfg(not(feature = "download"))]
#[test]
fn what_is_remembered_must_be_a_program_for_the_target() {
    let scene = Scene::new();
    scene.remembers(b"#!/bin/sh\n");
    let error = scene.provision().unwrap_err();
    assert_eq!(error.kind(), Kind::WrongTarget, "{error}");
    assert_eq!(scene.installed(), None);
}

#[cfg(unix)]
fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fsx::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn make_executable(_: &Path) {}
