//! Archives whose bytes depend on their members alone.

use std::io::{Cursor, Write as _};

use flate2::{Compression, GzBuilder};

use crate::error::{Error, Result};
use crate::fsx::Mode;

/// Seconds since 1970 that every member carries: 1980-01-01, which is as far back as a zip can say.
const MTIME: u64 = 315_532_800;

/// Path, content, and whether it is a program.
pub(super) type Member = (String, Vec<u8>, Mode);

fn bits(mode: Mode) -> u32 {
    if mode == Mode::Executable { 0o755 } else { 0o644 }
}

/// A gzipped tar with everything below one directory.
pub(super) fn tar_gz(directory: &str, mut members: Vec<Member>) -> Result<Vec<u8>> {
    let broken = || Error::because("cannot write a tar");
    members.sort_by(|a, b| a.0.cmp(&b.0));
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes, mode) in &members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(bits(*mode));
        header.set_mtime(MTIME);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, format!("{directory}/{path}"), &bytes[..]).map_err(broken())?;
    }
    let tar = archive.into_inner().map_err(broken())?;
    let mut out = GzBuilder::new().write(Vec::new(), Compression::best());
    out.write_all(&tar).map_err(broken())?;
    out.finish().map_err(broken())
}

/// A zip with everything at its root, as those for Windows are.
pub(super) fn zip(mut members: Vec<Member>) -> Result<Vec<u8>> {
    let broken = || Error::because("cannot write a zip");
    members.sort_by(|a, b| a.0.cmp(&b.0));
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes, mode) in &members {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(bits(*mode));
        archive.start_file(path.as_str(), options).map_err(broken())?;
        archive.write_all(bytes).map_err(Error::because("cannot write a zip"))?;
    }
    Ok(archive.finish().map_err(broken())?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members() -> Vec<Member> {
        let member = |name: &str, mode| (name.to_owned(), name.as_bytes().to_vec(), mode);
        vec![member("tool", Mode::Executable), member("README.md", Mode::Plain)]
    }

    #[test]
    fn order_of_members_and_time_of_day_do_not_count() {
        let turned = || members().into_iter().rev().collect::<Vec<_>>();
        assert_eq!(zip(members()).unwrap(), zip(turned()).unwrap());
        assert_eq!(tar_gz("d", members()).unwrap(), tar_gz("d", turned()).unwrap());
    }

    #[test]
    fn a_tar_has_one_directory_modes_and_a_fixed_time() {
        let bytes = tar_gz("d", members()).unwrap();
        assert_eq!(bytes[4..8], [0; 4], "gzip's own time");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().display().to_string();
            (path, header.mode().unwrap(), header.mtime().unwrap(), header.uid().unwrap())
        });
        let expected = [("d/README.md", 0o644), ("d/tool", 0o755)];
        assert_eq!(
            entries.collect::<Vec<_>>(),
            expected.map(|(path, mode)| (path.to_owned(), mode, MTIME, 0))
        );
    }

    #[test]
    fn a_zip_is_flat() {
        let bytes = zip(members()).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let names = archive.file_names().map(|name| name.unwrap().into_owned());
        assert_eq!(names.collect::<Vec<_>>(), ["README.md", "tool"]);
        assert_eq!(archive.by_name("tool").unwrap().unix_mode().map(|mode| mode & 0o777), Some(0o755));
    }
}
