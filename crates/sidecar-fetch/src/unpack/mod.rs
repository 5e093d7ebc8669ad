//! Reading members out of release archives, without ever writing to a path that an archive names.
//!
//! [`Archive::list`] goes over the whole archive once, at lock time, and refuses the unsafe ones as a whole;
//! [`member::find`] chooses; [`Archive::extract`] copies members into writers. Links and devices are never made, sizes in
//! headers never decide how much memory is taken: buffers have 64 KiB, and only a decoder's window (up to 128 MiB where
//! a stream asks for it) is larger.

pub(crate) mod companions;
mod crc64;
mod decode;
mod fault;
mod format;
pub(crate) mod member;
mod path;
mod platform;
mod tar;
mod xz;
mod zip;

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::rc::Rc;

pub(crate) use decode::Compression;
pub(crate) use format::Format;

use crate::error::{Error, Kind, some_of};
use crate::fsx;
use crate::hash::BUFFER;
use decode::{Decoder, Metered, Source};
use tar::Tar;
use zip::Zip;

/// The most entries an archive may have. The largest honest ones (SDKs) have some ten thousand.
const ENTRIES: usize = 100_000;

/// The most bytes that the paths of an archive may have together: 160 for each of the most entries.
const NAMES: usize = 16 << 20;

/// The most bytes one member may have, whatever the caller allows: 4 GiB.
pub(crate) const MEMBER: u64 = 4 << 30;

/// What an archive may expand to, in bytes: cargo's limits for crates since CVE-2022-36114.
fn ceiling(compressed: u64) -> u64 {
    (512 << 20).max(compressed.saturating_mul(20))
}

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Relative, with `/`, without `.` and `..`; empty for the archive's own root.
    pub(crate) path: String,
    /// Size in bytes as the archive states it; `None` for a compressed single file, which does not.
    pub(crate) size: Option<u64>,
    /// What it is.
    pub(crate) kind: EntryKind,
    /// Whether it has a mode bit for execution, or, where the archive has no modes, ends in `.exe`.
    pub(crate) executable: bool,
    /// Where a link leads, in the spelling of `path`; `None` for what is no link, and for a link out of the archive.
    pub(crate) leads_to: Option<String>,
}

/// What an entry is. Only files are ever copied out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic or hard link.
    Link,
    /// A file stored with its holes left out, as some tars do.
    Sparse,
    /// A device, a pipe, and what else a tar may hold.
    Other,
}

impl EntryKind {
    /// The kind in words: "is a link".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Link => "a link to another file",
            Self::Sparse => "a sparse file",
            Self::Other => "a device or another special file",
        }
    }
}

/// A member to copy out.
pub(crate) struct Extract<'a> {
    /// The path as [`Entry::path`] spells it.
    pub(crate) path: &'a str,
    /// The most bytes it may have; never more than [`MEMBER`].
    pub(crate) limit: u64,
    /// Takes the bytes, and is flushed when it has them all. After an error it holds a part of them, which must be
    /// thrown away.
    pub(crate) sink: &'a mut dyn Write,
}

/// A downloaded asset, to be read by its format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Archive<'a> {
    path: &'a Path,
    name: &'a str,
    format: Format,
    length: u64,
}

impl<'a> Archive<'a> {
    /// Looks at the file at `path`, which the publisher named `name`.
    pub(crate) fn open(path: &'a Path, name: &'a str) -> Result<Self, Error> {
        let format = Format::of(path, name).map_err(|e| e.fact("file", path.display()))?;
        let length = fsx::metadata(path)?.map_or(0, |m| m.len());
        Ok(Self { path, name, format, length })
    }

    /// How the asset is packed.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Every entry. Reads a tar to its end, so that its checksums hold; a zip's are checked when members are copied out.
    /// A bare executable and a compressed single file are listed as one executable file.
    pub(crate) fn list(&self) -> Result<Vec<Entry>, Error> {
        match self.format {
            Format::Raw | Format::Single(_) => Ok(vec![self.only()]),
            Format::Tar(compression) => self.list_tar(compression),
            Format::Zip => self.list_zip().map_err(|e| self.named(e)),
        }
    }

    /// Copies members out, in one pass over the archive that stops after the last of them. The paths
    /// differ, and each must be that of a regular file. Where anything fails, all sinks are to be thrown away.
    pub(crate) fn extract(&self, members: &mut [Extract<'_>]) -> Result<(), Error> {
        match self.format {
            Format::Raw => self.extract_only(self.file()?, members),
            Format::Single(compression) => {
                let (data, position) = self.stream(Some(compression))?;
                self.extract_only(data, members).map_err(|e| reached(e, &position))
            }
            Format::Tar(compression) => self.extract_tar(compression, members),
            Format::Zip => self.extract_zip(members).map_err(|e| self.named(e)),
        }
    }

    /// The one entry of an asset that is not an archive, under the asset's name.
    fn only(&self) -> Entry {
        let (name, size) = match self.format {
            Format::Single(_) => (format::stem(self.name), None),
            _ => (self.name, Some(self.length)),
        };
        Entry { path: name.to_owned(), size, kind: EntryKind::File, executable: true, leads_to: None }
    }

    fn file(&self) -> Result<BufReader<File>, Error> {
        fsx::open(self.path).map(|file| BufReader::with_capacity(BUFFER, file))
    }

    /// The decompressed bytes, up to the ceiling, and how many compressed bytes they took so far.
    fn stream(&self, compression: Option<Compression>) -> Result<(Data, Rc<Cell<u64>>), Error> {
        let source = Source::new(self.file()?);
        let position = source.position();
        let data: Box<dyn Read> = match compression {
            Some(compression) => Box::new(Decoder::new(compression, source)),
            None => Box::new(source),
        };
        Ok((Metered::new(data, ceiling(self.length)), position))
    }

    fn list_tar(&self, compression: Option<Compression>) -> Result<Vec<Entry>, Error> {
        let (data, position) = self.stream(compression)?;
        let mut tar = Tar::new(data);
        let mut entries = Vec::new();
        let mut tally = Tally::default();
        let mut walk = || {
            while let Some(entry) = tar.next()? {
                tally.add(entry.path.len())?;
                entries.push(entry);
            }
            Ok(())
        };
        let walked = walk().and_then(|()| tar.drain());
        walked.map_err(|e| reached(self.named(after(e, entries.last())), &position))?;
        Ok(entries)
    }

    fn list_zip(&self) -> Result<Vec<Entry>, Error> {
        let mut zip = Zip::open(self.file()?, self.length)?;
        zip.check()?;
        zip.read_links();
        let entries: Vec<Entry> = zip.records().iter().map(|record| record.entry.clone()).collect();
        let total = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size.unwrap_or(0)));
        if total > ceiling(self.length) {
            return Err(fault::too_large(format_args!("{} MiB of data", total >> 20)));
        }
        Ok(entries)
    }

    fn extract_only(&self, data: impl Read, members: &mut [Extract<'_>]) -> Result<(), Error> {
        let only = self.only();
        match members {
            [] => Ok(()),
            [member] if member.path == only.path => pump(data, member).map(|_| ()).map_err(|e| self.named(e)),
            [member, ..] => Err(self.missing(member.path, &[only])),
        }
    }

    fn extract_tar(
        &self,
        compression: Option<Compression>,
        members: &mut [Extract<'_>],
    ) -> Result<(), Error> {
        let (data, position) = self.stream(compression)?;
        let mut tar = Tar::new(data);
        let mut wishes = Wishes::of(members);
        let mut seen = Vec::new();
        let mut tally = Tally::default();
        let mut walk = || {
            while wishes.open > 0 {
                let Some(entry) = tar.next()? else { break };
                tally.add(entry.path.len())?;
                if let Some((index, again)) = wishes.take(&entry.path) {
                    let member = &mut members[index];
                    wanted(&entry, member.limit, again)?;
                    pump(&mut tar, member)?;
                }
                seen.push(entry);
            }
            Ok(())
        };
        walk().map_err(|e| reached(self.named(after(e, seen.last())), &position))?;
        match wishes.first_open() {
            Some(index) => Err(self.missing(members[index].path, &seen)),
            None => Ok(()),
        }
    }

    fn extract_zip(&self, members: &mut [Extract<'_>]) -> Result<(), Error> {
        let mut zip = Zip::open(self.file()?, self.length)?;
        let mut wishes = Wishes::of(members);
        let mut found = vec![0; members.len()];
        for (at, record) in zip.records().iter().enumerate() {
            if let Some((index, again)) = wishes.take(&record.entry.path) {
                wanted(&record.entry, members[index].limit, again)?;
                found[index] = at;
            }
        }
        if let Some(index) = wishes.first_open() {
            let entries: Vec<Entry> = zip.records().iter().map(|record| record.entry.clone()).collect();
            return Err(self.missing(members[index].path, &entries));
        }
        for (member, at) in members.iter_mut().zip(found) {
            zip.data(at, |data| pump(data, member))?;
        }
        Ok(())
    }

    fn missing(&self, path: &str, entries: &[Entry]) -> Error {
        let headline = format!("the archive has no member `{}`", fault::shown(path));
        self.named(Error::new(Kind::MemberNotFound, headline)).fact("members", files(entries))
    }

    fn named(&self, error: Error) -> Error {
        error.fact("archive", self.name)
    }
}

/// Decompressed bytes, up to the ceiling.
type Data = Metered<Box<dyn Read>>;

/// Counts entries and the bytes of their paths, which are kept in memory.
#[derive(Default)]
struct Tally {
    entries: usize,
    names: usize,
}

impl Tally {
    fn add(&mut self, name: usize) -> Result<(), Error> {
        self.entries += 1;
        self.names += name;
        if self.entries > ENTRIES || self.names > NAMES {
            return Err(fault::too_large(format_args!("more than {ENTRIES} entries")));
        }
        Ok(())
    }
}

/// Which members of an archive are wanted, and which of them were met.
struct Wishes<'a> {
    by_path: HashMap<&'a str, usize>,
    met: Vec<bool>,
    open: usize,
}

impl<'a> Wishes<'a> {
    fn of(members: &[Extract<'a>]) -> Self {
        let by_path = members.iter().enumerate().map(|(index, member)| (member.path, index)).collect();
        Self { by_path, met: vec![false; members.len()], open: members.len() }
    }

    /// The wanted member of that path, and whether it was met before.
    fn take(&mut self, path: &str) -> Option<(usize, bool)> {
        let index = *self.by_path.get(path)?;
        let again = std::mem::replace(&mut self.met[index], true);
        self.open -= usize::from(!again);
        Some((index, again))
    }

    fn first_open(&self) -> Option<usize> {
        self.met.iter().position(|met| !met)
    }
}

/// The files among entries, for the list in an error.
fn files(entries: &[Entry]) -> String {
    some_of(entries.iter().filter(|e| e.kind == EntryKind::File).map(|e| fault::shown(&e.path)))
}

/// Refuses a wanted member that cannot be copied out. `again`: whether one of that path was there before.
fn wanted(entry: &Entry, limit: u64, again: bool) -> Result<(), Error> {
    let shown = fault::shown(&entry.path);
    if again {
        return Err(fault::hostile(&entry.path, "it is in the archive more than once"));
    }
    match entry.kind {
        EntryKind::File => {}
        EntryKind::Sparse => {
            return Err(fault::unsupported(format_args!("`{shown}` is a sparse file"))
                .help("ask the publisher to pack it with plain `tar` (no `-S`), or choose another asset"));
        }
        other => {
            let headline = format!("the member `{shown}` is {}", other.words());
            return Err(Error::new(Kind::MemberNotFound, headline));
        }
    }
    if entry.size.is_some_and(|size| size > limit.min(MEMBER)) {
        return Err(longer(limit));
    }
    Ok(())
}

fn longer(limit: u64) -> Error {
    fault::too_large(format_args!("the member has more than {} bytes", limit.min(MEMBER)))
}

/// Copies to the end of the data; fails on one byte more than the limit.
fn pump(mut data: impl Read, member: &mut Extract<'_>) -> Result<u64, Error> {
    let mut buffer = vec![0; BUFFER];
    let mut copied = 0;
    let failed = |e: &io::Error| {
        let headline = format!("cannot write the member `{}`", fault::shown(member.path));
        Error::new(Kind::Io, headline).fact("cause", fsx::plain(e))
    };
    loop {
        let n = match data.read(&mut buffer) {
            Ok(0) => {
                member.sink.flush().map_err(|e| failed(&e))?;
                return Ok(copied);
            }
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(fault::read(&e)),
        };
        copied += n as u64;
        if copied > member.limit.min(MEMBER) {
            return Err(longer(member.limit));
        }
        member.sink.write_all(&buffer[..n]).map_err(|e| failed(&e))?;
    }
}

/// Says how far a damaged archive could be read.
fn after(error: Error, last: Option<&Entry>) -> Error {
    match last {
        Some(entry) if error.kind() == Kind::ArchiveCorrupt => error.fact("after", fault::shown(&entry.path)),
        _ => error,
    }
}

fn reached(error: Error, position: &Cell<u64>) -> Error {
    if error.kind() == Kind::ArchiveCorrupt { error.fact("at byte", position.get()) } else { error }
}

#[cfg(test)]
mod tests;
