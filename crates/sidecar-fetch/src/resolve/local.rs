//! Files on this machine: what another part of the same project builds, as a release without a server.

use std::path::{Path, PathBuf};

use super::release::{Asset, Release};
use super::source::{Offer, Source};
use super::url::{UNVERSIONED, named, version_in};
use super::version::{MinimumAge, Request};
use crate::error::{Error, Kind};
use crate::fetch::LOCAL;
use crate::fsx;
use crate::manifest::source::PerTarget;
use crate::template::{Template, Values};

/// The files of a sidecar below the app's directory, or beside it.
pub(crate) struct Local<'a> {
    pub(crate) app: &'a Path,
    pub(crate) paths: &'a PerTarget,
    pub(crate) version_from: Option<&'a Template>,
    pub(crate) name: &'a str,
}

impl Local<'_> {
    /// A file as an asset; the lock names it relative to the app, as the manifest does.
    fn asset(&self, relative: &str) -> Result<Asset, Error> {
        let path = self.app.join(relative);
        let size = fsx::metadata(&path)?.map(|metadata| metadata.len());
        Ok(Asset { name: fsx::name_of(&path), url: format!("{LOCAL}{relative}"), size, ..Asset::default() })
    }

    /// The files of a directory, by name.
    fn files(&self, relative: &str) -> Result<Vec<Asset>, Error> {
        let mut paths: Vec<PathBuf> = fsx::read_dir(&self.app.join(relative))?;
        paths.sort();
        let files = paths.iter().filter(|path| path.is_file());
        let base = relative.trim_end_matches('/');
        files.map(|path| self.asset(&format!("{base}/{}", fsx::name_of(path)))).collect()
    }
}

impl Source for Local<'_> {
    fn project(&self) -> String {
        self.name.to_owned()
    }

    fn find(&self, request: &Request, _: Option<MinimumAge>) -> Result<Release, Error> {
        let version = match (request, self.version_from) {
            (Request::Exact(version), _) => version.clone(),
            (_, Some(from)) => {
                let (path, pointer) =
                    from.source().split_once('#').map_or((from.source(), None), |(p, at)| (p, Some(at)));
                let path = self.app.join(path);
                version_in(&fsx::read(&path)?, pointer).map_err(|e| e.fact("version-from", path.display()))?
            }
            _ => UNVERSIONED.to_owned(),
        };
        Ok(named(version, ""))
    }

    fn offer(&self, _: &Release, values: &Values<'_>) -> Result<Offer, Error> {
        let Some(template) = self.paths.of(values.target) else {
            return Ok(Offer::Nothing("the manifest names no path for it".to_owned()));
        };
        let relative = template.expand(values);
        let path = self.app.join(&relative);
        let Some(found) = fsx::metadata(&path)? else {
            return Ok(Offer::Nothing(format!("there is no `{relative}`")));
        };
        if found.is_dir() {
            return Ok(Offer::Among(self.files(&relative)?));
        }
        let asset = Box::new(self.asset(&relative)?);
        Ok(Offer::File { asset, proof: None, reason: "the path that the manifest names".to_owned() })
    }

    fn small_asset(&self, asset: &Asset, limit: u64) -> Result<Vec<u8>, Error> {
        let path = self.app.join(asset.url.strip_prefix(LOCAL).unwrap_or(&asset.url));
        if asset.size.is_some_and(|size| size > limit) {
            return Err(Error::new(Kind::TooLong, format!("`{}` is larger than {limit} bytes", asset.name)));
        }
        fsx::read(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Manifest, Source as Declared};

    fn offer(dir: &Path, keys: &str, target: &str) -> Result<(String, Offer), Error> {
        let manifest =
            Manifest::parse(Path::new("sidecar.toml"), format!("[sidecar.tool]\n{keys}\n")).unwrap();
        let sidecar = &manifest.sidecars["tool"];
        let Declared::Path(paths) = &sidecar.source else { panic!() };
        let local = Local { app: dir, paths, version_from: sidecar.version_from.as_ref(), name: "tool" };
        let release = local.find(&Request::Latest(None), None)?;
        let target = target.parse().unwrap();
        let values = Values { name: "tool", tag: &release.tag, version: &release.tag, target: &target };
        let offer = local.offer(&release, &values)?;
        Ok((release.tag, offer))
    }

    #[test]
    fn a_file_is_taken_and_a_directory_is_chosen_from() {
        let dir = tempfile::tempdir().unwrap();
        fsx::create_dir_all(&dir.path().join("dist")).unwrap();
        fsx::write(&dir.path().join("dist/tool-linux-x64"), "abc").unwrap();
        fsx::write(&dir.path().join("dist/SHA256SUMS"), "").unwrap();
        fsx::write(&dir.path().join("VERSION"), "1.4\n").unwrap();
        let linux = "x86_64-unknown-linux-gnu";
        let (version, found) =
            offer(dir.path(), "path = 'dist/tool-{os}-x64'\nversion-from = 'VERSION'", linux).unwrap();
        let Offer::File { asset, .. } = found else { panic!() };
        assert_eq!(
            (version.as_str(), asset.url.as_str(), asset.size),
            ("1.4", "file:dist/tool-linux-x64", Some(3))
        );
        let (version, found) = offer(dir.path(), "path = 'dist/'", linux).unwrap();
        let Offer::Among(assets) = found else { panic!() };
        let names: Vec<&str> = assets.iter().map(|asset| asset.name.as_str()).collect();
        assert_eq!((version.as_str(), names), (UNVERSIONED, vec!["SHA256SUMS", "tool-linux-x64"]));
        assert_eq!(assets[1].url, "file:dist/tool-linux-x64");
        let (_, found) = offer(dir.path(), "path = 'dist/tool-{os}-x64'", "x86_64-apple-darwin").unwrap();
        assert_eq!(found, Offer::Nothing("there is no `dist/tool-macos-x64`".into()));
    }

    #[test]
    fn a_version_file_that_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error =
            offer(dir.path(), "path = 'x'\nversion-from = 'VERSION'", "x86_64-apple-darwin").unwrap_err();
        assert_eq!(error.kind(), Kind::Io);
    }
}
