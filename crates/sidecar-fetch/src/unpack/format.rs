//! What kind of archive a file is: by its bytes first, by its name second.

use std::io::{BufReader, Read};
use std::path::Path;

use super::decode::{Compression, Decoder, Source};
use super::tar;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::hash::BUFFER;
use crate::inspect::sniff::{self, Role};

/// How an asset packs what it delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Not at all: the asset is the executable.
    Raw,
    /// A tar, compressed or not.
    Tar(Option<Compression>),
    /// A zip.
    Zip,
    /// One compressed file without an archive around it: `argo-linux-amd64.gz`.
    Single(Compression),
}

/// File name endings and what they promise; longer ones first.
const ENDINGS: [(&str, Format); 18] = [
    (".tar.gz", Format::Tar(Some(Compression::Gzip))),
    (".tgz", Format::Tar(Some(Compression::Gzip))),
    (".tar.xz", Format::Tar(Some(Compression::Xz))),
    (".txz", Format::Tar(Some(Compression::Xz))),
    (".tar.zst", Format::Tar(Some(Compression::Zstd))),
    (".tar.zstd", Format::Tar(Some(Compression::Zstd))),
    (".tzst", Format::Tar(Some(Compression::Zstd))),
    (".tar.bz2", Format::Tar(Some(Compression::Bzip2))),
    (".tbz2", Format::Tar(Some(Compression::Bzip2))),
    (".tbz", Format::Tar(Some(Compression::Bzip2))),
    (".tar", Format::Tar(None)),
    (".zip", Format::Zip),
    (".gz", Format::Single(Compression::Gzip)),
    (".xz", Format::Single(Compression::Xz)),
    (".zst", Format::Single(Compression::Zstd)),
    (".zstd", Format::Single(Compression::Zstd)),
    (".bz2", Format::Single(Compression::Bzip2)),
    (".bz", Format::Single(Compression::Bzip2)),
];

/// Endings of programs and packages that are zip archives by their bytes and are used as they are.
const USED_AS_ZIP: [&str; 7] = [".jar", ".war", ".pyz", ".apk", ".msix", ".appx", ".whl"];

impl Format {
    /// The format of the file at `path`, which the publisher named `name`. Magic bytes decide; a name that promises an
    /// archive which the bytes are not is an error, and so is an archive of a kind that is not read.
    pub(crate) fn of(path: &Path, name: &str) -> Result<Self, Error> {
        let file = fsx::open(path)?;
        let mut head = Vec::new();
        file.take(sniff::HEAD as u64).read_to_end(&mut head).map_err(|e| fsx::failed("read", path, &e))?;
        let promised = Self::promised(name);
        let (words, role) = sniff::what(&head);
        if let Some(compression) = compression(&head) {
            return match promised {
                Some(Self::Tar(_)) => Ok(Self::Tar(Some(compression))),
                _ if holds_tar(path, compression)? => Ok(Self::Tar(Some(compression))),
                _ => Ok(Self::Single(compression)),
            };
        }
        if words.ends_with("zip archive") {
            let as_is = USED_AS_ZIP.iter().any(|ending| ends_with(name, ending));
            return Ok(if as_is { Self::Raw } else { Self::Zip });
        }
        if tar::is_header(&head) {
            return Ok(Self::Tar(None));
        }
        match (role, promised) {
            (Role::Foreign, _) => Err(Error::new(Kind::Unsupported, format!("`{name}` cannot be unpacked"))
                .fact("found", words)
                .fact(
                    "supported",
                    "tar and single files, plain or in gzip, xz, zstd, bzip2; zip; bare executables",
                )),
            (_, Some(_)) => Err(Error::new(
                Kind::ArchiveCorrupt,
                format!("`{name}` is not the archive that its name promises"),
            )
            .fact("found", words)),
            (_, None) => Ok(Self::Raw),
        }
    }

    /// What the name promises, where it promises something.
    fn promised(name: &str) -> Option<Self> {
        ENDINGS.iter().find(|(ending, _)| ends_with(name, ending)).map(|(_, format)| *format)
    }
}

/// The asset's name without the ending that says how it is packed.
pub(super) fn stem(name: &str) -> &str {
    let ending = ENDINGS.iter().find(|(ending, _)| ends_with(name, ending));
    ending.map_or(name, |(ending, _)| &name[..name.len() - ending.len()])
}

/// Whether `name` ends so, whatever its case, and has something in front.
fn ends_with(name: &str, ending: &str) -> bool {
    let at = name.len().checked_sub(ending.len()).filter(|at| *at > 0);
    at.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

fn compression(head: &[u8]) -> Option<Compression> {
    // zstd's skippable frames, which pzstd writes first, have magic numbers 0x184D2A50 to 0x184D2A5F.
    if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] = head {
        return Some(Compression::Zstd);
    }
    [Compression::Gzip, Compression::Xz, Compression::Zstd, Compression::Bzip2]
        .into_iter()
        .find(|compression| head.starts_with(compression.magic()))
}

/// Whether a compressed file expands to a tar, from its first block.
fn holds_tar(path: &Path, compression: Compression) -> Result<bool, Error> {
    let source = Source::new(BufReader::with_capacity(BUFFER, fsx::open(path)?));
    let mut block = Vec::new();
    // What cannot be read here is not a tar; reading it as a single file tells why.
    let _ = Decoder::new(compression, source).take(512).read_to_end(&mut block);
    Ok(tar::is_header(&block))
}
