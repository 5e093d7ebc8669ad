//! `SIDECAR_<NAME>_PATH`: a local build of a sidecar, for development.

use std::path::{Path, PathBuf};

use crate::env;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::inspect::{self, Cpu};
use crate::manifest::Sidecar;
use crate::target::Target;

/// The local build that replaces a sidecar in this build, where the variable is set.
///
/// # Errors
/// In release builds (a local file must not ship by accident), for a file that is not there, and for one that is not
/// an executable for the target.
pub(super) fn build_of(sidecar: &Sidecar, target: &Target, release: bool) -> Result<Option<PathBuf>, Error> {
    let variable = env::local_override(&sidecar.name);
    let Some(value) = env::text(&variable) else { return Ok(None) };
    check(&variable, Path::new(&value), target, release && !env::flag(env::ALLOW_LOCAL))
        .map(|()| Some(PathBuf::from(value)))
        .map_err(|e| e.of_sidecar(&sidecar.name, None))
}

fn check(variable: &str, path: &Path, target: &Target, refused: bool) -> Result<(), Error> {
    if refused {
        return Err(Error::new(Kind::OverrideRefused, "a local build is not used in a release build")
            .fact("variable", format!("{variable}={}", path.display()))
            .help(format!(
                "unset `{variable}`, or set `{}=1` if this release is meant to contain it",
                env::ALLOW_LOCAL
            )));
    }
    if !path.is_absolute() {
        return Err(Error::new(Kind::OverrideRefused, format!("`{variable}` is not an absolute path"))
            .fact("path", path.display())
            .help("cargo runs build scripts in the package's directory; give the whole path"));
    }
    if !fsx::metadata(path)?.is_some_and(|m| m.is_file()) {
        return Err(Error::new(Kind::OverrideRefused, format!("`{variable}` does not lead to a file"))
            .fact("path", path.display())
            .help(format!("build the program there, or unset `{variable}`")));
    }
    inspect::check(path, target, Cpu::Native).map(drop).map_err(|e| e.fact("variable", variable.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linux() -> Target {
        "x86_64-unknown-linux-gnu".parse().unwrap()
    }

    #[test]
    fn a_release_build_refuses_a_local_file() {
        let error = check("SIDECAR_A_PATH", Path::new("/x"), &linux(), true).unwrap_err();
        assert_eq!(error.kind(), Kind::OverrideRefused);
        assert!(error.to_string().contains("SIDECAR_ALLOW_LOCAL=1"), "{error}");
    }

    #[test]
    fn a_path_that_leads_nowhere_or_to_text_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x");
        assert_eq!(check("V", &file, &linux(), false).unwrap_err().kind(), Kind::OverrideRefused);
        assert_eq!(check("V", Path::new("x"), &linux(), false).unwrap_err().kind(), Kind::OverrideRefused);
        fsx::write_atomic(&file, "hello").unwrap();
        assert_eq!(check("V", &file, &linux(), false).unwrap_err().kind(), Kind::WrongTarget);
    }
}
