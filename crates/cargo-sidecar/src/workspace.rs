//! The workspace, as `cargo metadata` describes it.

use std::path::{Component, Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};
use sidecar_fetch::{Dependency, Error, Kind, Package};

use crate::args::Global;

/// The packages of the workspace and where cargo builds them.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
    /// The directory that the command works from: the working directory, or that of `--manifest-path`.
    pub(crate) from: PathBuf,
}

impl Workspace {
    pub(crate) fn load(global: &Global) -> Result<Self, Error> {
        let here = std::env::current_dir()
            .map_err(|e| Error::new(Kind::Io, "the working directory cannot be read").fact("cause", e))?;
        let manifest = match &global.manifest_path {
            Some(path) => here.join(path),
            None => Package::locate(&here)?,
        };
        let metadata = MetadataCommand::new().manifest_path(&manifest).no_deps().exec().map_err(|e| {
            Error::new(Kind::CargoMetadata, "`cargo metadata` failed").fact("cause", cause(&e))
        })?;
        let build_directory = metadata.build_directory.filter(|d| *d != metadata.target_directory);
        let packages = metadata.packages.into_iter().map(|package| Package {
            name: package.name.to_string(),
            directory: package.manifest_path.parent().map(|p| p.as_std_path().to_owned()).unwrap_or_default(),
            features: package.features.into_iter().collect(),
            dependencies: package.dependencies.iter().filter_map(dependency).collect(),
            workspace: metadata.workspace_root.as_std_path().to_owned(),
            build_directory: build_directory.clone().map(PathBuf::from),
        });
        // A manifest that was named, or found elsewhere than upwards, tells which app is meant.
        let directory = manifest.parent().map(without_dots).unwrap_or_default();
        let elsewhere = global.manifest_path.is_some() || !here.starts_with(&directory);
        let from = if elsewhere { directory } else { here };
        Ok(Self { packages: packages.collect(), target_directory: metadata.target_directory.into(), from })
    }
}

/// A path without `.` and `..`, by its letters as cargo does it, so that it can be compared with those of packages.
fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// A dependency of the program or its build script; those of tests do not count.
fn dependency(declared: &cargo_metadata::Dependency) -> Option<Dependency> {
    (declared.kind != DependencyKind::Development).then(|| Dependency {
        name: declared.name.clone(),
        requirement: declared.req.to_string(),
        features: declared.features.clone(),
        build: declared.kind == DependencyKind::Build,
    })
}

/// cargo's own words, without the `error: ` in front.
fn cause(error: &cargo_metadata::Error) -> String {
    match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            stderr.trim().trim_start_matches("error: ").to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_resolved_by_their_letters() {
        assert_eq!(without_dots(Path::new("/a/./b/../../c/d")), Path::new("/c/d"));
        assert_eq!(without_dots(Path::new("/../a")), Path::new("/a"));
    }
}
