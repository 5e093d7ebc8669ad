//! Which file is run: a pure search, which remembers where it looked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sidecar_spec::Install;

/// What is looked for.
#[derive(Debug)]
pub(crate) enum Wanted<'a> {
    /// What provisioning installed.
    Provisioned(&'a Install),
    /// A file, whose placeholders have their values.
    Path(&'a Path),
    /// A name on PATH.
    OnPath(&'a str),
}

/// Where programs lie.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The directory of the app's executable.
    pub(crate) app: Option<PathBuf>,
    /// The app's bundled resources.
    pub(crate) resources: Option<PathBuf>,
    /// In development, the app's sources.
    pub(crate) sources: Option<PathBuf>,
    /// In development, what the developer chose instead.
    pub(crate) chosen: Option<PathBuf>,
    /// The working directory of the sidecar.
    pub(crate) cwd: PathBuf,
    /// The value of PATH.
    pub(crate) path: Option<OsString>,
}

/// The target that this is built for.
const TARGET: &str = env!("SIDECAR_SUPERVISOR_TARGET");

/// The file, or all that were tried, in order.
pub(crate) fn find(
    wanted: &Wanted<'_>,
    places: &Places,
    is_file: impl Fn(&Path) -> bool,
) -> Result<PathBuf, Vec<PathBuf>> {
    let candidates = match &places.chosen {
        // Who names a file means this one.
        Some(chosen) => vec![chosen.clone()],
        None => candidates(wanted, places),
    };
    match candidates.iter().position(|path| is_file(path)) {
        Some(found) => Ok(candidates.into_iter().nth(found).unwrap_or_default()),
        None => Err(candidates),
    }
}

fn candidates(wanted: &Wanted<'_>, places: &Places) -> Vec<PathBuf> {
    let exe = |name: &str| format!("{name}{}", std::env::consts::EXE_SUFFIX);
    match wanted {
        Wanted::Path(path) => vec![places.cwd.join(path)],
        Wanted::OnPath(name) => {
            let dirs = places.path.iter().flat_map(std::env::split_paths);
            // An empty entry means the working directory of the app, which nobody wants here.
            let found = dirs.filter(|dir| dir.is_absolute()).map(|dir| dir.join(exe(name)));
            // Some directories are there twice.
            found.fold(Vec::new(), |mut all, path| {
                if !all.contains(&path) {
                    all.push(path);
                }
                all
            })
        }
        Wanted::Provisioned(install) => {
            let mut out = Vec::new();
            if let Some(resource) = &install.resource {
                // A tree: its program needs its companions, so it is nowhere else.
                out.extend(places.resources.iter().map(|dir| dir.join(resource)));
            } else if let Some(app) = &places.app {
                // Tests and examples of a crate lie below the directory that its sidecars are copied to.
                let below = app.ends_with("deps") || app.ends_with("examples");
                out.push(app.join(exe(&install.install_as)));
                out.extend(
                    app.parent().filter(|_| below).map(|parent| parent.join(exe(&install.install_as))),
                );
            }
            if let (Some(sources), Some(binaries), None) =
                (&places.sources, &install.binaries, &install.resource)
            {
                out.push(sources.join(binaries).join(exe(&format!("{}-{TARGET}", install.install_as))));
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install() -> Install {
        let mut install = Install::beside_app("acme-db");
        install.binaries = Some("binaries".into());
        install
    }

    fn tried(wanted: &Wanted<'_>, places: &Places) -> Vec<String> {
        let paths = find(wanted, places, |_| false).unwrap_err();
        paths.iter().map(|path| path.display().to_string().replace('\\', "/")).collect()
    }

    fn exe(path: &str) -> String {
        format!("{path}{}", std::env::consts::EXE_SUFFIX)
    }

    #[test]
    fn a_provisioned_program_lies_beside_the_app_and_in_development_in_its_sources() {
        let mut places = Places { app: Some("/opt/acme".into()), ..Places::default() };
        let install = install();
        let wanted = Wanted::Provisioned(&install);
        assert_eq!(tried(&wanted, &places), [exe("/opt/acme/acme-db")]);
        places.sources = Some("/src-tauri".into());
        places.app = Some("/target/debug/deps".into());
        assert_eq!(
            tried(&wanted, &places),
            [
                exe("/target/debug/deps/acme-db"),
                exe("/target/debug/acme-db"),
                exe(&format!("/src-tauri/binaries/acme-db-{TARGET}")),
            ]
        );
        let beside = PathBuf::from(exe("/target/debug/acme-db"));
        assert_eq!(find(&wanted, &places, |path| path == beside), Ok(beside.clone()));
    }

    #[test]
    fn a_tree_lies_in_the_resources_and_nowhere_else() {
        let mut install = install();
        install.resource = Some("sidecars/acme-db/bin/db".into());
        let places = Places {
            app: Some("/opt/acme".into()),
            resources: Some("/opt/acme/res".into()),
            sources: Some("/src-tauri".into()),
            ..Places::default()
        };
        assert_eq!(tried(&Wanted::Provisioned(&install), &places), ["/opt/acme/res/sidecars/acme-db/bin/db"]);
    }

    #[test]
    fn what_the_developer_chose_comes_instead() {
        let places =
            Places { app: Some("/opt/acme".into()), chosen: Some("/home/me/db".into()), ..Places::default() };
        assert_eq!(tried(&Wanted::Provisioned(&install()), &places), ["/home/me/db"]);
    }

    #[cfg(unix)]
    #[test]
    fn path_is_searched_without_relative_directories() {
        let places = Places {
            path: Some("/usr/bin::bin:/opt/bin:/usr/bin".into()),
            cwd: "/data".into(),
            ..Places::default()
        };
        assert_eq!(tried(&Wanted::OnPath("node"), &places), ["/usr/bin/node", "/opt/bin/node"]);
        assert_eq!(tried(&Wanted::Path(Path::new("tools/db")), &places), ["/data/tools/db"]);
    }
}
