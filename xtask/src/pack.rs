//! Packs programs as projects publish them: each layout here is one that real release pages have.
//!
//! The bytes depend on the programs only (fixed times, owners and modes), so that locks that were written against
//! them stay true. Archives are kept in `target/sidecar-releases`.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use serde_json::json;
use sidecar_tests::{Content, ReleaseSpec};

use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::registry::{Binary, Programs, exe, in_parallel};

/// A change of a layout changes this, and with it where the archives are kept.
const LAYOUT: &str = "1";

/// Seconds since 1970 that all members carry: 2026-01-02T03:04:05Z.
const MTIME: u32 = 1_767_323_045;

/// A release to publish, and whose it is.
#[derive(Debug)]
pub(crate) struct Release {
    /// `owner/name`
    pub(crate) repository: &'static str,
    pub(crate) spec: ReleaseSpec,
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    TarGz,
    TarXz,
    Zip,
    /// One compressed file, no archive.
    Gz,
    /// The program as it is.
    Raw,
}

impl Form {
    /// The end of an asset's name.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::TarGz => ".tar.gz",
            Self::TarXz => ".tar.xz",
            Self::Zip => ".zip",
            Self::Gz => ".gz",
            Self::Raw => "",
        }
    }
}

/// Who publishes how.
struct Publisher {
    program: &'static str,
    repository: &'static str,
    tag: fn(&str) -> String,
    /// The asset's name and form for a target.
    asset: fn(&Binary) -> (String, Form),
    /// Where the program is in its archive, before its name: the stem of the asset, or nothing.
    nested: fn(Form) -> bool,
    extras: fn(&[Asset]) -> Vec<(String, String)>,
}

const PUBLISHERS: [Publisher; 3] = [
    // As most Rust projects: version and triple in the name, one directory, a zip for Windows, one list of hashes.
    Publisher {
        program: "esbuild",
        repository: "evanw/esbuild",
        tag: |version| format!("v{version}"),
        asset: |b| archive(format!("esbuild-v{}-{}", b.version, b.target), b.target, Form::TarGz),
        nested: |_| true,
        extras: |assets| vec![("SHA256SUMS".to_owned(), sums(assets))],
    },
    // As cargo-dist: no version in the name, no `v` in the tag, flat zips, a hash beside each file, a map.
    Publisher {
        program: "ruff",
        repository: "astral-sh/ruff",
        tag: str::to_owned,
        asset: |b| {
            let form = if b.target.contains("linux") { Form::TarXz } else { Form::TarGz };
            archive(format!("ruff-{}", b.target), b.target, form)
        },
        nested: |form| form != Form::Zip,
        extras: |assets| {
            let sum = |asset: &Asset| (format!("{}.sha256", asset.name), line(asset));
            let mut extras: Vec<_> = assets.iter().map(sum).collect();
            extras.push(("dist-manifest.json".to_owned(), dist_manifest(assets)));
            extras
        },
    },
    // As Go projects: words instead of triples, programs as they are or gzipped, hashes under an own name.
    Publisher {
        program: "lefthook",
        repository: "evilmartians/lefthook",
        tag: |version| format!("v{version}"),
        asset: go_asset,
        nested: |_| false,
        extras: |assets| vec![("lefthook_checksums.txt".to_owned(), sums(assets))],
    },
];

fn archive(stem: String, target: &str, unix: Form) -> (String, Form) {
    let form = if target.contains("windows") { Form::Zip } else { unix };
    (stem + form.suffix(), form)
}

/// `lefthook-linux-amd64`, `lefthook-darwin-arm64.gz`, `lefthook-windows-amd64.exe`
fn go_asset(binary: &Binary) -> (String, Form) {
    let arch = if binary.target.starts_with("aarch64") { "arm64" } else { "amd64" };
    let (os, suffix, form) = match binary.target {
        target if target.contains("windows") => ("windows", ".exe", Form::Raw),
        target if target.contains("darwin") => ("darwin", ".gz", Form::Gz),
        _ => ("linux", "", Form::Raw),
    };
    (format!("{}-{os}-{arch}{suffix}", binary.name), form)
}

/// A packed file.
#[derive(Debug)]
struct Asset {
    name: String,
    target: &'static str,
    /// The program's path in the archive.
    member: String,
    path: PathBuf,
    sha256: String,
}

/// Packs the programs into releases; what was packed before is taken from `target_dir`.
pub(crate) fn releases(programs: &Programs, target_dir: &Path) -> Result<Vec<Release>> {
    let mut out = Vec::new();
    for publisher in &PUBLISHERS {
        let binaries: Vec<&Binary> = programs.of(publisher.program).collect();
        let Some(first) = binaries.first() else { continue };
        let tag = (publisher.tag)(first.version);
        let origin = if first.stand_in { "stand-in" } else { publisher.program };
        let dir = target_dir.join("sidecar-releases").join(LAYOUT).join(origin).join(&tag);
        let packed = in_parallel(&binaries, |binary| pack(publisher, binary, &dir));
        let assets = packed.into_iter().collect::<Result<Vec<Asset>>>()?;
        let mut spec = ReleaseSpec::new(tag).published_at("2026-01-02T03:04:05Z");
        for asset in &assets {
            spec = spec.asset(asset.name.clone(), Content::file(&asset.path));
        }
        for (name, text) in (publisher.extras)(&assets) {
            spec = spec.asset(name, text);
        }
        out.push(Release { repository: publisher.repository, spec });
    }
    Ok(out)
}

fn pack(publisher: &Publisher, binary: &Binary, dir: &Path) -> Result<Asset> {
    let (name, form) = (publisher.asset)(binary);
    let program = format!("{}{}", binary.name, exe(binary.target));
    let stem = name.strip_suffix(".tar.gz").or_else(|| name.strip_suffix(".tar.xz"));
    let stem = stem.or_else(|| name.strip_suffix(".zip")).unwrap_or(&name);
    let nested = (publisher.nested)(form);
    let member = if nested { format!("{stem}/{program}") } else { program };
    let path = dir.join(&name);
    // A stand-in is built anew each time, and small.
    if binary.stand_in || !path.is_file() {
        let bytes = fsx::read(&binary.path)?;
        let readme = format!("# {} {}\n", binary.name, binary.version);
        let readme_path = if nested { format!("{stem}/README.md") } else { "README.md".to_owned() };
        let members = [(member.as_str(), bytes.as_slice()), (readme_path.as_str(), readme.as_bytes())];
        let packed = packed(form, &members)?;
        fsx::publish(&path, &packed, Mode::Plain)?;
    }
    let sha256 = sha256(&fsx::read(&path)?);
    Ok(Asset { name, target: binary.target, member, path, sha256 })
}

/// The bytes of an asset. Where the form is no archive, it is of the first member alone.
pub(crate) fn packed(form: Form, members: &Members<'_>) -> Result<Vec<u8>> {
    let alone = members.first().map_or(&[][..], |(_, bytes)| bytes);
    match form {
        Form::TarGz => tar_gz(members),
        Form::TarXz => tar_xz(members, lzma_rust2::XzOptions::with_preset(0)),
        Form::Zip => zip(members),
        Form::Gz => gz(alone),
        Form::Raw => Ok(alone.to_vec()),
    }
}

/// `<hash>  <file>`, as `sha256sum` prints it.
fn line(asset: &Asset) -> String {
    format!("{}  {}\n", asset.sha256, asset.name)
}

fn sums(assets: &[Asset]) -> String {
    assets.iter().map(line).collect()
}

/// cargo-dist's map from target to archive to program, as far as it tells where things are. Its paths leave out the
/// archive's one directory.
fn dist_manifest(assets: &[Asset]) -> String {
    let artifact = |asset: &Asset| {
        let value = json!({
            "name": asset.name,
            "kind": "executable-zip",
            "target_triples": [asset.target],
            "assets": [{
                "id": "ruff-exe-ruff",
                "name": "ruff",
                "path": asset.member.rsplit('/').next(),
                "kind": "executable",
            }],
            "checksum": format!("{}.sha256", asset.name),
            "checksums": { "sha256": asset.sha256 },
        });
        (asset.name.clone(), value)
    };
    let artifacts: serde_json::Map<_, _> = assets.iter().map(artifact).collect();
    let manifest = json!({ "dist_version": "0.30.0", "artifacts": artifacts });
    format!("{manifest:#}\n")
}

/// SHA-256 in lower-case hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(64);
    for byte in ring::digest::digest(&ring::digest::SHA256, bytes).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Members of an archive: path and content. All are packed with mode 0755: these are programs.
pub(crate) type Members<'a> = [(&'a str, &'a [u8])];

fn tar(members: &Members<'_>) -> Result<Vec<u8>> {
    let broken = || Error::because("cannot write a tar");
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        header.set_mtime(MTIME.into());
        archive.append_data(&mut header, path, *bytes).map_err(broken())?;
    }
    archive.into_inner().map_err(broken())
}

fn gz(bytes: &[u8]) -> Result<Vec<u8>> {
    let broken = || Error::because("cannot write gzip");
    let mut out = GzBuilder::new().mtime(MTIME).write(Vec::new(), Compression::fast());
    out.write_all(bytes).map_err(broken())?;
    out.finish().map_err(broken())
}

/// A gzipped tar.
pub(crate) fn tar_gz(members: &Members<'_>) -> Result<Vec<u8>> {
    gz(&tar(members)?)
}

/// A tar compressed with xz.
pub(crate) fn tar_xz(members: &Members<'_>, options: lzma_rust2::XzOptions) -> Result<Vec<u8>> {
    let broken = || Error::because("cannot write xz");
    let mut out = lzma_rust2::XzWriter::new(Vec::new(), options).map_err(broken())?;
    out.write_all(&tar(members)?).map_err(broken())?;
    out.finish().map_err(broken())
}

/// A zip with deflated members.
pub(crate) fn zip(members: &Members<'_>) -> Result<Vec<u8>> {
    let broken = || Error::because("cannot write a zip");
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(1))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    for (path, bytes) in members {
        archive.start_file(*path, options).map_err(broken())?;
        archive.write_all(bytes).map_err(Error::because("cannot write a zip"))?;
    }
    Ok(archive.finish().map_err(broken())?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::registry::{DESKTOP, PROGRAMS};

    /// Small stand-ins for all programs and targets.
    fn programs(dir: &Path) -> Programs {
        let mut out = Programs::default();
        for program in PROGRAMS {
            for target in DESKTOP {
                let path = dir.join(format!("{}-{target}", program.name));
                let text = format!("{} for {target}", program.name);
                fsx::publish(&path, text.as_bytes(), Mode::Executable).unwrap();
                let (name, version) = (program.name, program.version);
                out.binaries.push(Binary { name, version, target, path, stand_in: false });
            }
        }
        out
    }

    fn named<'a>(releases: &'a [Release], asset: &str) -> &'a Content {
        let mut all = releases.iter().flat_map(|release| release.spec.assets());
        all.find(|(name, _)| *name == asset).unwrap_or_else(|| panic!("no {asset}")).1
    }

    fn text(content: &Content) -> String {
        String::from_utf8(content.bytes().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn releases_look_as_their_publishers_make_them() {
        let dir = tempfile::tempdir().unwrap();
        let releases = releases(&programs(dir.path()), dir.path()).unwrap();
        let heads: Vec<_> =
            releases.iter().map(|r| (r.repository, r.spec.tag(), r.spec.assets().count())).collect();
        let [esbuild, ruff, lefthook] = PROGRAMS.map(|program| program.version);
        let tags = [format!("v{esbuild}"), ruff.to_owned(), format!("v{lefthook}")];
        let repositories = ["evanw/esbuild", "astral-sh/ruff", "evilmartians/lefthook"];
        let counts = [7, 13, 7]; // six programs, and lists, hashes or a map
        assert_eq!(heads, [0, 1, 2].map(|at| (repositories[at], tags[at].as_str(), counts[at])));
        for name in [
            &format!("esbuild-v{esbuild}-x86_64-unknown-linux-gnu.tar.gz"),
            &format!("esbuild-v{esbuild}-aarch64-pc-windows-msvc.zip"),
            "ruff-aarch64-apple-darwin.tar.gz",
            "ruff-x86_64-unknown-linux-gnu.tar.xz",
            "lefthook-linux-amd64",
            "lefthook-darwin-arm64.gz",
            "lefthook-windows-amd64.exe",
        ] {
            named(&releases, name);
        }
        assert_eq!(text(named(&releases, "lefthook-linux-arm64")), "lefthook for aarch64-unknown-linux-gnu");
    }

    #[test]
    fn published_hashes_and_the_map_are_true() {
        let dir = tempfile::tempdir().unwrap();
        let releases = releases(&programs(dir.path()), dir.path()).unwrap();
        let mac = "ruff-aarch64-apple-darwin.tar.gz";
        let sum = sha256(&named(&releases, mac).bytes().unwrap());
        assert_eq!(text(named(&releases, &format!("{mac}.sha256"))), format!("{sum}  {mac}\n"));
        let manifest: serde_json::Value =
            serde_json::from_str(&text(named(&releases, "dist-manifest.json"))).unwrap();
        assert_eq!(manifest["artifacts"][mac]["checksums"]["sha256"], sum);
        assert_eq!(manifest["artifacts"][mac]["target_triples"][0], "aarch64-apple-darwin");
        let sums = text(named(&releases, "SHA256SUMS"));
        let first = &format!("esbuild-v{}-aarch64-apple-darwin.tar.gz", PROGRAMS[0].version);
        assert!(
            sums.starts_with(&format!("{}  {first}\n", sha256(&named(&releases, first).bytes().unwrap())))
        );
    }

    #[test]
    fn archives_have_one_directory_and_zips_only_where_their_publisher_does() {
        let dir = tempfile::tempdir().unwrap();
        let releases = releases(&programs(dir.path()), dir.path()).unwrap();
        let tar_paths = |plain: &mut dyn std::io::Read| -> Vec<String> {
            let mut archive = tar::Archive::new(plain);
            let paths = archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string());
            paths.collect()
        };
        let stem = format!("esbuild-v{}-x86_64-unknown-linux-gnu", PROGRAMS[0].version);
        let bytes = named(&releases, &format!("{stem}.tar.gz")).bytes().unwrap();
        let paths = tar_paths(&mut flate2::read::GzDecoder::new(&bytes[..]));
        assert_eq!(paths, [format!("{stem}/esbuild"), format!("{stem}/README.md")]);
        let bytes = named(&releases, "ruff-x86_64-unknown-linux-gnu.tar.xz").bytes().unwrap();
        let paths = tar_paths(&mut lzma_rust2::XzReader::new(&bytes[..], false));
        assert_eq!(paths[0], "ruff-x86_64-unknown-linux-gnu/ruff");
        let bytes = named(&releases, "ruff-x86_64-pc-windows-msvc.zip").bytes().unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(&bytes[..])).unwrap();
        let mut program = String::new();
        archive.by_name("ruff.exe").unwrap().read_to_string(&mut program).unwrap();
        assert_eq!(program, "ruff for x86_64-pc-windows-msvc");
    }

    #[test]
    fn the_same_programs_give_the_same_bytes() {
        let members = [("d/a", b"aaaa".as_slice()), ("d/b", b"bb".as_slice())];
        for form in [Form::TarGz, Form::TarXz, Form::Zip] {
            assert_eq!(packed(form, &members).unwrap(), packed(form, &members).unwrap());
        }
        let dir = tempfile::tempdir().unwrap();
        let programs = programs(dir.path());
        let sums = |at: &Path| text(named(&releases(&programs, at).unwrap(), "SHA256SUMS"));
        assert_eq!(sums(&dir.path().join("one")), sums(&dir.path().join("two")));
    }

    #[test]
    fn what_was_packed_is_not_packed_again_but_stand_ins_are() {
        let dir = tempfile::tempdir().unwrap();
        let mut programs = programs(dir.path());
        releases(&programs, dir.path()).unwrap();
        for binary in &mut programs.binaries {
            fsx::publish(&binary.path, b"new", Mode::Executable).unwrap();
        }
        let again = releases(&programs, dir.path()).unwrap();
        assert_eq!(text(named(&again, "lefthook-linux-amd64")), "lefthook for x86_64-unknown-linux-gnu");
        for binary in &mut programs.binaries {
            binary.stand_in = true;
        }
        let rebuilt = releases(&programs, dir.path()).unwrap();
        assert_eq!(text(named(&rebuilt, "lefthook-linux-amd64")), "new");
    }
}
