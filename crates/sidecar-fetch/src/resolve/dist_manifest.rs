//! `dist-manifest.json`: the map of its assets that cargo-dist puts into a release. What the publisher's build says
//! beats what names suggest.
//!
//! The fields are those of the crate cargo-dist-schema 0.34; all that is not needed is ignored, and nothing is required,
//! so that older and newer manifests are read as far as they go.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::hash::Sha256;
use crate::target::Target;

/// The name of the file in a release.
pub(crate) const FILE: &str = "dist-manifest.json";
/// The largest manifest that is read, in bytes. Those of large workspaces have about 500 KB, most of it changelog.
pub(crate) const LIMIT: u64 = 4 * 1024 * 1024;

/// What a release says about its own assets.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DistManifest {
    #[serde(default)]
    artifacts: BTreeMap<String, Artifact>,
}

#[derive(Debug, Clone, Deserialize)]
struct Artifact {
    name: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    target_triples: Vec<String>,
    #[serde(default)]
    assets: Vec<Member>,
    #[serde(default)]
    checksums: BTreeMap<String, String>,
}

/// Cargo-dist's "asset": a file in an artifact.
#[derive(Debug, Clone, Deserialize)]
struct Member {
    name: Option<String>,
    path: Option<String>,
    kind: Option<String>,
}

/// Where a tool is for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// The name of the release's asset.
    pub(crate) asset: &'a str,
    /// A pattern for the path in the archive. The manifest gives paths relative to the archive's top directory, which
    /// tar archives have and zip archives do not, so the pattern begins with `**/`.
    pub(crate) member: String,
    /// The triple that it was built for: the target, or one whose programs run there.
    pub(crate) triple: &'a str,
}

impl DistManifest {
    /// Reads a manifest; `None` where it is something else of that name, which is no reason to fail.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The archive that holds the executable `tool` for `target`, if the manifest names exactly one.
    pub(crate) fn find(&self, tool: &str, target: &Target) -> Option<Found<'_>> {
        runs_on(target).iter().find_map(|triple| {
            let mut found =
                self.artifacts.iter().filter_map(|(id, artifact)| artifact.find(id, tool, triple));
            let first = found.next()?;
            found.next().is_none().then_some(first)
        })
    }

    /// The SHA-256 of an asset.
    pub(crate) fn sha256(&self, asset: &str) -> Option<Sha256> {
        let artifact = self.artifacts.iter().find(|(id, artifact)| artifact.name(id) == Some(asset))?.1;
        artifact.checksums.get("sha256")?.parse().ok()
    }
}

impl Artifact {
    /// The file name; artifacts without one are no files, except in manifests that name them by their key only.
    fn name<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        self.name.as_deref().or_else(|| id.contains('.').then_some(id))
    }

    fn find<'a>(&'a self, id: &'a str, tool: &str, triple: &str) -> Option<Found<'a>> {
        if self.kind.as_deref() != Some("executable-zip") {
            return None;
        }
        let triple = self.target_triples.iter().find(|built| *built == triple)?;
        let member = self.assets.iter().find(|member| member.is_executable(tool))?;
        let path = member.path.as_deref().or(member.name.as_deref())?;
        let member = format!("**/{}", glob::Pattern::escape(path.trim_start_matches("./")));
        Some(Found { asset: self.name(id)?, member, triple })
    }
}

impl Member {
    /// Whether this is the executable `tool`, by its name or by its path, with or without `.exe`.
    fn is_executable(&self, tool: &str) -> bool {
        let file = self.path.as_deref().and_then(|path| path.rsplit('/').next());
        let is_tool = |name: &str| name.strip_suffix(".exe").unwrap_or(name) == tool;
        self.kind.as_deref() == Some("executable")
            && [self.name.as_deref(), file].into_iter().flatten().any(is_tool)
    }
}

/// The triples whose programs run on `target` without emulation, the best first.
fn runs_on(target: &Target) -> Vec<String> {
    let name = target.as_str();
    let mut triples = vec![name.to_owned()];
    if let Some(arch) = name.strip_suffix("-unknown-linux-gnu") {
        // cargo-dist links its musl builds statically
        triples.push(format!("{arch}-unknown-linux-musl"));
    } else if let Some(arch) = name.strip_suffix("-pc-windows-msvc") {
        triples.push(format!("{arch}-pc-windows-gnu"));
    } else if target.is_apple() {
        triples.push("universal2-apple-darwin".to_owned());
    }
    triples
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cut from the form that cargo-dist 0.30 writes.
    const MANIFEST: &str = r#"{
        "dist_version": "0.30.0", "announcement_tag": "0.9.0", "upload_files": [], "linkage": [],
        "releases": [{"app_name": "uv", "app_version": "0.9.0", "artifacts": ["source.tar.gz"]}],
        "artifacts": {
            "source.tar.gz": {"name": "source.tar.gz", "kind": "source-tarball", "checksum": "source.tar.gz.sha256"},
            "uv-installer.sh": {"name": "uv-installer.sh", "kind": "installer",
                "target_triples": ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"]},
            "uv-x86_64-unknown-linux-gnu.tar.gz": {"name": "uv-x86_64-unknown-linux-gnu.tar.gz", "kind": "executable-zip",
                "target_triples": ["x86_64-unknown-linux-gnu"],
                "assets": [{"id": "uv-1", "name": "uv", "path": "uv", "kind": "executable", "symbols_artifact": null},
                           {"name": "uvx", "path": "uvx", "kind": "executable"},
                           {"name": "LICENSE", "path": "LICENSE", "kind": "license"}],
                "checksums": {"sha256": "89f744a88dad0e73866d06e79afccd5476152770c70101361566b234b0722101"}},
            "uv-aarch64-unknown-linux-musl.tar.gz": {"name": "uv-aarch64-unknown-linux-musl.tar.gz", "kind": "executable-zip",
                "target_triples": ["aarch64-unknown-linux-musl"],
                "assets": [{"name": "uv", "path": "uv", "kind": "executable"}]},
            "uv-x86_64-pc-windows-msvc.zip": {"name": "uv-x86_64-pc-windows-msvc.zip", "kind": "executable-zip",
                "target_triples": ["x86_64-pc-windows-msvc"],
                "assets": [{"name": "uv", "path": "uv.exe", "kind": "executable"}]}
        }}"#;

    fn find(tool: &str, target: &str) -> Option<(String, String, String)> {
        let manifest = DistManifest::parse(MANIFEST.as_bytes()).unwrap();
        let found = manifest.find(tool, &target.parse().unwrap())?;
        Some((found.asset.to_owned(), found.member, found.triple.to_owned()))
    }

    #[test]
    fn tool_and_target_give_asset_and_member() {
        let (asset, member, triple) = find("uvx", "x86_64-unknown-linux-gnu").unwrap();
        assert_eq!((asset.as_str(), member.as_str()), ("uv-x86_64-unknown-linux-gnu.tar.gz", "**/uvx"));
        assert_eq!(triple, "x86_64-unknown-linux-gnu");
        let (asset, member, _) = find("uv", "x86_64-pc-windows-msvc").unwrap();
        assert_eq!((asset.as_str(), member.as_str()), ("uv-x86_64-pc-windows-msvc.zip", "**/uv.exe"));
    }

    #[test]
    fn a_static_build_serves_glibc_but_nothing_is_emulated() {
        assert_eq!(find("uv", "aarch64-unknown-linux-gnu").unwrap().2, "aarch64-unknown-linux-musl");
        for (tool, target) in [
            ("uv", "x86_64-unknown-linux-musl"),
            ("uv", "aarch64-pc-windows-msvc"),
            ("uv", "aarch64-apple-darwin"),
            ("LICENSE", "x86_64-unknown-linux-gnu"),
            ("other", "x86_64-unknown-linux-gnu"),
        ] {
            assert_eq!(find(tool, target), None, "{tool} {target}");
        }
    }

    #[test]
    fn checksums_are_found_by_asset() {
        let manifest = DistManifest::parse(MANIFEST.as_bytes()).unwrap();
        let hash = manifest.sha256("uv-x86_64-unknown-linux-gnu.tar.gz").unwrap().to_string();
        assert!(hash.starts_with("89f744a8"));
        assert_eq!(manifest.sha256("uv-x86_64-pc-windows-msvc.zip"), None);
    }

    #[test]
    fn two_archives_of_one_tool_are_left_to_the_names() {
        let artifact = r#"{"kind": "executable-zip", "target_triples": ["x86_64-apple-darwin"],
            "assets": [{"name": "t", "kind": "executable"}]}"#;
        let of = |body: String| DistManifest::parse(body.as_bytes()).unwrap();
        let target = "x86_64-apple-darwin".parse().unwrap();
        let one = of(format!(r#"{{"artifacts": {{"a.zip": {artifact}}}}}"#));
        assert_eq!(one.find("t", &target).map(|found| found.asset), Some("a.zip"));
        let two = of(format!(r#"{{"artifacts": {{"a.zip": {artifact}, "b.zip": {artifact}}}}}"#));
        assert_eq!(two.find("t", &target), None);
    }

    #[test]
    fn another_file_of_that_name_is_no_manifest() {
        assert!(DistManifest::parse(b"<html>").is_none());
        assert!(
            DistManifest::parse(b"{}")
                .is_some_and(|m| m.find("t", &"x86_64-apple-darwin".parse().unwrap()).is_none())
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = DistManifest::parse(&body);
        }
    }
}
