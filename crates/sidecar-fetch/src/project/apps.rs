//! Which package of a workspace is meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::Format;
use crate::error::{Error, Kind, nearest, some_of};
use crate::fsx;
use crate::manifest::Manifest;

/// A package of the workspace, as `cargo metadata` tells of it.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// The Cargo package's name.
    pub name: String,
    /// The directory of its `Cargo.toml`.
    pub directory: PathBuf,
    /// Its `[features]`: name to what it switches on.
    pub features: BTreeMap<String, Vec<String>>,
    /// What its `Cargo.toml` depends on, one entry per declaration.
    pub dependencies: Vec<Dependency>,
    /// The root directory of its workspace, where `Cargo.lock` lies.
    pub workspace: PathBuf,
    /// Where cargo keeps what it builds on the way, where that is not its target directory (`build.build-dir`).
    pub build_directory: Option<PathBuf>,
}

/// A dependency as a package declares it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependency {
    /// The name of the package that is depended on.
    pub name: String,
    /// The version requirement, such as `^2`.
    pub requirement: String,
    /// The features that are asked for.
    pub features: Vec<String>,
    /// Whether it stands in `[build-dependencies]`.
    pub build: bool,
}

impl Package {
    /// The `Cargo.toml` that a command started in `from` means: that of `TAURI_APP_PATH` where it is set, then cargo's own
    /// rule (the closest one upwards), then Tauri's usual place, `src-tauri`, then the one app that Tauri's command finds
    /// in the directories below.
    ///
    /// # Errors
    /// [`Kind::Usage`] where there is none, or several below; it lists them.
    pub fn locate(from: &Path) -> Result<PathBuf, Error> {
        super::host::locate_cargo_toml(from)
    }

    /// The packages that a command works on: the one named with `-p`; otherwise all that declare sidecars, or where none
    /// does, the one Tauri app. From inside the directory of such a package, that package; above some of them, those.
    /// `single`: exactly one is wanted.
    ///
    /// # Errors
    /// [`Kind::Usage`] where no package fits, or several do and one is wanted; it lists the candidates.
    pub fn select(
        packages: Vec<Self>,
        named: Option<&str>,
        from: &Path,
        single: bool,
    ) -> Result<Vec<Self>, Error> {
        if let Some(name) = named {
            let known: Vec<String> = packages.iter().map(|p| p.name.clone()).collect();
            return packages.into_iter().find(|p| p.name == name).map(|p| vec![p]).ok_or_else(|| {
                let error = Error::new(Kind::Usage, format!("package `{name}` is not in this workspace"))
                    .fact("packages", some_of(&known));
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                }
            });
        }
        let only = packages.first().filter(|_| packages.len() == 1).map(|package| package.name.clone());
        // Whether it declares sidecars stands beside each.
        let mut all = Vec::new();
        for package in packages {
            let declares = package.has_manifest()?;
            if declares || has_tauri_config(&package.directory)? {
                all.push((declares, package));
            }
        }
        // The innermost package around the working directory, when that is one of them. Also where it is not prepared yet
        // and another one is: what was meant for this app must not end up in its neighbour.
        let around = all.iter().map(|(_, package)| package).filter(|p| from.starts_with(&p.directory));
        if let Some(around) = around.max_by_key(|p| p.directory.components().count()) {
            return Ok(vec![around.clone()]);
        }
        // Above `src-tauri`, its app is meant and not its neighbours'.
        if all.iter().any(|(_, p)| p.directory.starts_with(from)) {
            all.retain(|(_, p)| p.directory.starts_with(from));
        }
        let declared = all.iter().any(|(declares, _)| *declares);
        let mut found: Vec<Self> = all
            .into_iter()
            .filter(|(declares, _)| *declares == declared)
            .map(|(_, package)| package)
            .collect();
        match found.len() {
            0 => Err(Error::new(
                Kind::ManifestMissing,
                "no package here declares sidecars, and none is a Tauri app",
            )
            .fact(
                "looked for",
                format!("sidecar.toml, [package.metadata.sidecar], {}", Format::base_names().join(", ")),
            )
            .help(format!("run `cargo sidecar init -p {}`", only.as_deref().unwrap_or("<PACKAGE>")))),
            1 => Ok(vec![found.remove(0)]),
            _ if single => Err(Error::new(Kind::Usage, "several packages of this workspace fit")
                .fact("packages", some_of(found.iter().map(|p| &p.name)))
                .help(format!("name one: `-p {}`", found[0].name))),
            _ => Ok(found),
        }
    }

    /// Whether the program itself (not its build script or tests) depends on a package.
    pub(crate) fn depends_on(&self, name: &str) -> bool {
        self.dependencies.iter().any(|d| !d.build && d.name == name)
    }

    /// Whether the package declares sidecars.
    fn has_manifest(&self) -> Result<bool, Error> {
        // A manifest that is wrong is there all the same: the command that reads it will say what is wrong.
        match Manifest::read_if_exists(&self.directory) {
            Ok(found) => Ok(found.is_some()),
            Err(e) if e.kind() == Kind::Io => Err(e),
            Err(_) => Ok(true),
        }
    }
}

/// Whether a directory is that of a Tauri app.
pub(super) fn has_tauri_config(directory: &Path) -> Result<bool, Error> {
    for name in Format::base_names() {
        if fsx::metadata(&directory.join(name))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(files: &[&str]) -> (tempfile::TempDir, Vec<Package>) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            fsx::write_atomic(&dir.path().join(file), "").unwrap();
        }
        let packages = fsx::read_dir(dir.path()).unwrap().into_iter().map(|directory| Package {
            name: directory.file_name().unwrap().to_string_lossy().into_owned(),
            directory,
            ..Package::default()
        });
        let packages = packages.collect();
        (dir, packages)
    }

    fn names(packages: &[Package]) -> Vec<&str> {
        packages.iter().map(|p| p.name.as_str()).collect()
    }

    #[test]
    fn above_an_app_its_neighbours_are_not_meant() {
        let (dir, _) = workspace(&["x/src-tauri/sidecar.toml", "y/src-tauri/sidecar.toml"]);
        let packages: Vec<Package> = ["x", "y"]
            .map(|name| Package {
                name: name.into(),
                directory: dir.path().join(name).join("src-tauri"),
                ..Package::default()
            })
            .into();
        assert_eq!(
            names(&Package::select(packages.clone(), None, &dir.path().join("x"), true).unwrap()),
            ["x"]
        );
        assert_eq!(names(&Package::select(packages.clone(), None, dir.path(), false).unwrap()), ["x", "y"]);
        assert_eq!(
            names(&Package::select(packages, None, &dir.path().join("z"), false).unwrap()),
            ["x", "y"]
        );
    }

    #[test]
    fn an_app_that_is_not_prepared_is_not_taken_for_its_neighbour() {
        let (dir, _) = workspace(&["x/src-tauri/tauri.conf.json", "y/src-tauri/sidecar.toml"]);
        let packages: Vec<Package> = ["x", "y"]
            .map(|name| Package {
                name: name.into(),
                directory: dir.path().join(name).join("src-tauri"),
                ..Package::default()
            })
            .into();
        for from in ["x", "x/src-tauri", "x/src-tauri/src"] {
            let found = Package::select(packages.clone(), None, &dir.path().join(from), true).unwrap();
            assert_eq!(names(&found), ["x"], "{from}");
        }
        assert_eq!(names(&Package::select(packages, None, dir.path(), true).unwrap()), ["y"]);
    }

    #[test]
    fn all_that_declare_sidecars_or_the_one_app() {
        let (dir, packages) = workspace(&["a/sidecar.toml", "b/sidecar.toml", "c/tauri.conf.json", "d/x"]);
        assert_eq!(names(&Package::select(packages.clone(), None, dir.path(), false).unwrap()), ["a", "b"]);
        assert_eq!(
            Package::select(packages.clone(), None, dir.path(), true).unwrap_err().kind(),
            Kind::Usage
        );
        assert_eq!(
            names(&Package::select(packages.clone(), None, &dir.path().join("b/src"), true).unwrap()),
            ["b"]
        );
        assert_eq!(names(&Package::select(packages.clone(), Some("d"), dir.path(), true).unwrap()), ["d"]);
        assert!(
            Package::select(packages, Some("e"), dir.path(), true)
                .unwrap_err()
                .to_string()
                .contains("a, b, c, d")
        );
        let (dir, packages) = workspace(&["c/Tauri.toml", "d/x"]);
        assert_eq!(names(&Package::select(packages, None, dir.path(), true).unwrap()), ["c"]);
        let (dir, packages) = workspace(&["d/x"]);
        assert_eq!(
            Package::select(packages, None, dir.path(), false).unwrap_err().kind(),
            Kind::ManifestMissing
        );
    }
}
