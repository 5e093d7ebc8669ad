//! The files of a Debian package: an `ar` archive whose member `data.tar.*` holds them. deb(5), ar(5).

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::error::{Error, Kind};
use crate::fsx;

/// What an `ar` archive begins with.
const MAGIC: &[u8] = b"!<arch>\n";
/// Bytes of a member's header.
const HEADER: usize = 60;

/// Whether the file is an `ar` archive.
pub(super) fn is(path: &Path) -> Result<bool, Error> {
    let mut head = Vec::new();
    let file = fsx::open(path)?;
    file.take(MAGIC.len() as u64).read_to_end(&mut head).map_err(|e| fsx::failed("read", path, &e))?;
    Ok(head == MAGIC)
}

/// Copies the member that holds the files into `directory`; tells its name, which says how it is packed.
pub(super) fn data(package: &Path, directory: &Path) -> Result<String, Error> {
    let cut = |e: std::io::Error| fsx::failed("read", package, &e);
    let mut file = fsx::open(package)?;
    file.seek(SeekFrom::Start(MAGIC.len() as u64)).map_err(cut)?;
    while let Some((name, size)) = header(&mut file).map_err(cut)? {
        if name.starts_with("data.tar") {
            let mut out = fsx::create(&directory.join(&name))?;
            let copied = std::io::copy(&mut (&mut file).take(size), &mut out).map_err(cut)?;
            return if copied == size { Ok(name) } else { Err(damaged(package, "it ends too early")) };
        }
        // Members begin at even offsets.
        let next =
            i64::try_from(size.next_multiple_of(2)).map_err(|_| damaged(package, "a size is not valid"))?;
        file.seek(SeekFrom::Current(next)).map_err(cut)?;
    }
    Err(damaged(package, "it has no member `data.tar`"))
}

fn damaged(package: &Path, cause: &str) -> Error {
    let name = fsx::name_of(package);
    Error::new(Kind::ArchiveCorrupt, format!("`{name}` is no Debian package"))
        .fact("file", package.display())
        .fact("cause", cause)
}

/// Name and size of the next member; `None` at the end, or at what is no header.
fn header(file: &mut File) -> std::io::Result<Option<(String, u64)>> {
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        done => done?,
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (name, size) = (text(&header[..16]), text(&header[48..58]));
    let name = name.trim_end_matches('/');
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    Ok(size.parse().ok().filter(|_| is_plain && header[58..] == *b"`\n").map(|size| (name.to_owned(), size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of these members.
    fn ar(members: &[(&str, &str)]) -> String {
        let mut out = "!<arch>\n".to_owned();
        for (name, text) in members {
            out += &*format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, text.len());
            out.push_str(text);
            out.push_str(if text.len() % 2 == 1 { "\n" } else { "" });
        }
        out
    }

    fn package(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.deb");
        fsx::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn the_data_is_found_behind_members_of_odd_length() {
        let (dir, path) =
            package(&ar(&[("debian-binary", "2.0"), ("control.tar.gz/", "12345"), ("data.tar.xz", "files")]));
        assert!(is(&path).unwrap());
        assert_eq!(data(&path, dir.path()).unwrap(), "data.tar.xz");
        assert_eq!(fsx::read_to_string(&dir.path().join("data.tar.xz")).unwrap(), "files");
    }

    #[test]
    fn a_package_that_is_cut_or_something_else_says_so() {
        let whole = ar(&[("debian-binary", "2.0"), ("data.tar.xz", "files")]);
        for (text, cause) in [
            (&whole[..whole.len() - 3], "it ends too early"),
            (&whole[..80], "it has no member `data.tar`"),
            (&ar(&[("../data.tar", "evil")]), "it has no member `data.tar`"),
        ] {
            let (dir, path) = package(text);
            let error = data(&path, dir.path()).unwrap_err();
            assert_eq!(error.kind(), Kind::ArchiveCorrupt);
            assert!(error.to_string().contains(cause), "{error}");
        }
        assert!(!is(&package("tar").1).unwrap());
    }
}
