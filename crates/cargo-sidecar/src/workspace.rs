//! The workspace, as `cargo metadata` describes it.

use std::path::PathBuf;

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
            None => sidecar_fetch::locate_cargo_toml(&here)?,
        };
        let metadata = MetadataCommand::new().manifest_path(&manifest).no_deps().exec().map_err(|e| {
            Error::new(Kind::CargoMetadata, "`cargo metadata` failed").fact("cause", cause(&e))
        })?;
        let packages = metadata.packages.into_iter().map(|package| Package {
            name: package.name.to_string(),
            directory: package.manifest_path.parent().map(|p| p.as_std_path().to_owned()).unwrap_or_default(),
            features: package.features.into_iter().collect(),
            dependencies: package.dependencies.iter().filter_map(dependency).collect(),
            workspace: metadata.workspace_root.as_std_path().to_owned(),
        });
        let named = global.manifest_path.is_some();
        let from = if named || !here.starts_with(metadata.workspace_root.as_std_path()) {
            manifest.parent().map(PathBuf::from).unwrap_or(here)
        } else {
            here
        };
        Ok(Self { packages: packages.collect(), target_directory: metadata.target_directory.into(), from })
    }
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
