//! Reads zip archives: by the central directory, each entry checked against its local header.
//!
//! Only stored and deflated entries, which is what release archives hold; others are named in the error. The `zip` crate
//! would cost a build script 7 CPU seconds more, keeps the last of several entries with one name silently, and brings
//! functions that write to disk. The format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, section
//! numbers below.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::fault::{corrupt, hostile, read, unsupported};
use super::{Entry, EntryKind, Tally, path};
use crate::error::Error;

/// What a zip is read from.
pub(super) trait Input: BufRead + Seek {}

impl<T: BufRead + Seek> Input for T {}

/// A zip archive, its central directory in memory.
pub(super) struct Zip<R> {
    input: R,
    records: Vec<Record>,
    /// Where the central directory begins; data ends before it.
    directory: u64,
}

/// An entry of the central directory (4.3.12).
pub(super) struct Record {
    pub(super) entry: Entry,
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    /// Where the local header is in the file.
    offset: u64,
}

/// Where the central directory is, and what it claims.
struct Directory {
    entries: u64,
    start: u64,
    end: u64,
    /// What offsets in the archive count from: other than 0 where something was put in front of it.
    base: u64,
}

impl<R: Input> Zip<R> {
    /// Reads the central directory of an archive of `length` bytes.
    pub(super) fn open(mut input: R, length: u64) -> Result<Self, Error> {
        let directory = find_directory(&mut input, length)?;
        seek(&mut input, directory.start)?;
        let mut reader = (&mut input).take(directory.end - directory.start);
        let mut records = Vec::new();
        let mut tally = Tally::default();
        for _ in 0..directory.entries {
            let record = Record::read(&mut reader, directory.base)?;
            tally.add(record.name.len())?;
            records.push(record);
        }
        if reader.limit() != 0 {
            return Err(hostile("central directory", "it holds more than it says"));
        }
        Ok(Self { input, records, directory: directory.start })
    }

    /// Reads where symbolic links lead: their data says it. One that cannot be read leads nowhere.
    pub(super) fn read_links(&mut self) {
        for index in 0..self.records.len() {
            let record = &self.records[index];
            if record.entry.kind != EntryKind::Link || record.size > path::LONGEST as u64 {
                continue;
            }
            let mut to = Vec::new();
            let done = self.data(index, |data| {
                let limit = path::LONGEST as u64 + 1;
                data.take(limit).read_to_end(&mut to).map(|n| n as u64).map_err(|e| read(&e))
            });
            let entry = &mut self.records[index].entry;
            if done.is_ok() {
                entry.leads_to = path::behind(&entry.path, &String::from_utf8_lossy(&to));
            }
        }
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Checks that every entry agrees with its local header, and that no two share bytes: overlapping entries are how
    /// small archives expand to petabytes.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let mut spans = Vec::with_capacity(self.records.len());
        for index in 0..self.records.len() {
            let start = self.local(index)?;
            let record = &self.records[index];
            spans.push((record.offset, start + record.packed, index));
        }
        spans.sort_unstable();
        match spans.windows(2).find(|pair| pair[0].1 > pair[1].0) {
            Some(pair) => {
                Err(hostile(&self.records[pair[1].2].entry.path, "its data overlaps that of another entry"))
            }
            None => Ok(()),
        }
    }

    /// Reads the local header (4.3.7) of an entry; it must say what the central directory says. Returns where the data
    /// begins, and leaves the input there.
    fn local(&mut self, index: usize) -> Result<u64, Error> {
        let record = &self.records[index];
        let path = &record.entry.path;
        seek(&mut self.input, record.offset)?;
        let header = Fields::<30>::read(&mut self.input)?;
        if header.u32(0) != 0x0403_4b50 {
            return Err(corrupt(format_args!("`{}` has no local header", super::fault::shown(path))));
        }
        let name = bytes(&mut self.input, header.u16(26))?;
        let extra = bytes(&mut self.input, header.u16(28))?;
        let mut sizes = [u64::from(header.u32(22)), u64::from(header.u32(18))];
        wide(&extra, &mut sizes);
        let later = (record.flags | header.u16(6)) & 8 != 0;
        let agrees = |local: u64, central: u64| local == central || (later && local == 0);
        if name != record.name
            || header.u16(8) != record.method
            || (header.u16(6) ^ record.flags) & 1 != 0
            || !agrees(u64::from(header.u32(14)), u64::from(record.crc))
            || !agrees(sizes[0], record.size)
            || !agrees(sizes[1], record.packed)
        {
            return Err(hostile(path, "its local header says other things than the central directory"));
        }
        let start = record.offset + 30 + name.len() as u64 + extra.len() as u64;
        if record.packed > self.directory.saturating_sub(start) {
            return Err(corrupt(format_args!("the data of `{}` is cut", super::fault::shown(path))));
        }
        Ok(start)
    }

    /// Hands the data of an entry to `copy`, which returns how many bytes it took; then checks length and checksum.
    pub(super) fn data(
        &mut self,
        index: usize,
        copy: impl FnOnce(&mut dyn Read) -> Result<u64, Error>,
    ) -> Result<(), Error> {
        self.local(index)?;
        let record = &self.records[index];
        let path = super::fault::shown(&record.entry.path);
        if record.flags & 1 != 0 {
            return Err(unsupported(format_args!("`{path}` is encrypted")));
        }
        let mut packed = (&mut self.input).take(record.packed);
        let mut crc = Crc::new();
        let (size, left) = match record.method {
            0 => (copy(&mut Summed { inner: &mut packed, crc: &mut crc })?, packed.limit()),
            8 => {
                let mut inflate = DeflateDecoder::new(&mut packed);
                let size = copy(&mut Summed { inner: &mut inflate, crc: &mut crc })?;
                (size, packed.limit())
            }
            other => return Err(unsupported(format_args!("`{path}` is compressed with {}", method(other)))),
        };
        if size != record.size || crc.sum() != record.crc || left != 0 {
            return Err(corrupt(format_args!(
                "`{path}` does not have the size and checksum that the archive says"
            )));
        }
        Ok(())
    }
}

impl Record {
    fn read(input: &mut impl Read, base: u64) -> Result<Self, Error> {
        let header = Fields::<46>::read(input)?;
        if header.u32(0) != 0x0201_4b50 {
            return Err(corrupt("an entry of the central directory is not one"));
        }
        let name = bytes(input, header.u16(28))?;
        let extra = bytes(input, header.u16(30))?;
        bytes(input, header.u16(32))?;
        let mut wides = [header.u32(24), header.u32(20), header.u32(42)].map(u64::from);
        wide(&extra, &mut wides);
        let [size, packed, offset] = wides;
        let raw = String::from_utf8_lossy(&name).replace('\\', "/");
        let path = path::clean(&raw).map_err(|why| hostile(&raw, why))?;
        let offset = offset.checked_add(base).filter(|o| o.checked_add(packed).is_some());
        let offset = offset.ok_or_else(|| corrupt("an entry lies outside of the archive"))?;
        let (kind, executable) = kind(&raw, header.u16(4), header.u32(38));
        if path.is_empty() && kind != EntryKind::Directory {
            return Err(corrupt("a file without a name"));
        }
        let entry = Entry { path, size: Some(size), kind, executable, leads_to: None };
        let (flags, method, crc) = (header.u16(8), header.u16(10), header.u32(16));
        Ok(Self { entry, name, flags, method, crc, packed, size, offset })
    }
}

/// What an entry is, and whether it may be executed, from "version made by" (4.4.2) and the external attributes.
fn kind(name: &str, made_by: u16, attributes: u32) -> (EntryKind, bool) {
    let (mode, dos) = (attributes >> 16, attributes & 0xffff);
    // Unix and macOS keep the mode of stat(2) there; others the attributes of DOS.
    let unix = matches!(made_by >> 8, 3 | 19) && mode != 0;
    let kind = match mode & 0o170_000 {
        _ if name.ends_with('/') => EntryKind::Directory,
        0o120_000 if unix => EntryKind::Link,
        0o040_000 if unix => EntryKind::Directory,
        0o100_000 | 0 if unix => EntryKind::File,
        _ if unix => EntryKind::Other,
        // FILE_ATTRIBUTE_REPARSE_POINT and FILE_ATTRIBUTE_DIRECTORY
        _ if dos & 0x400 != 0 => EntryKind::Link,
        _ if dos & 0x10 != 0 => EntryKind::Directory,
        _ => EntryKind::File,
    };
    let executable = if unix { mode & 0o111 != 0 } else { name.to_ascii_lowercase().ends_with(".exe") };
    (kind, executable && kind == EntryKind::File)
}

/// The name of a compression method (4.4.5) for the error.
fn method(id: u16) -> String {
    let name = match id {
        1 => "shrink",
        6 => "implode",
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        93 => "zstd",
        95 => "xz",
        98 => "PPMd",
        99 => "AES encryption",
        _ => return format!("method {id}, which is not known"),
    };
    format!("{name}, which is not supported")
}

/// Finds the end of central directory record (4.3.16): its comment must end where the file ends.
fn find_directory(input: &mut impl Input, length: u64) -> Result<Directory, Error> {
    let tail = length.min(22 + 0xffff);
    seek(input, length - tail)?;
    let mut window = Vec::new();
    input.take(tail).read_to_end(&mut window).map_err(|e| read(&e))?;
    let found = (0..window.len().saturating_sub(21)).rev().find(|at| {
        window[*at..].starts_with(b"PK\x05\x06")
            && usize::from(u16::from_le_bytes([window[at + 20], window[at + 21]])) == window.len() - at - 22
    });
    let at = found.ok_or_else(|| corrupt("it has no central directory; it may have been cut"))?;
    let record = Fields::<22>::read(&mut &window[at..])?;
    if record.u16(4) != 0 || record.u16(6) != 0 || record.u16(8) != record.u16(10) {
        return Err(unsupported("it is one volume of several"));
    }
    let short = [u64::from(record.u16(10)), u64::from(record.u32(12)), u64::from(record.u32(16))];
    let end = length - tail + at as u64;
    let ([entries, size, offset], end) = match zip64(input, end)? {
        Some((long, end)) => {
            let limits = [0xffff, 0xffff_ffff, 0xffff_ffff];
            let agree = short.iter().zip(long).zip(limits).all(|((s, l), limit)| *s == l || *s == limit);
            if !agree {
                return Err(hostile("central directory", "its two end records disagree"));
            }
            (long, end)
        }
        None => (short, end),
    };
    let start = end.checked_sub(size);
    let base = start.and_then(|start| start.checked_sub(offset));
    match (start, base) {
        (Some(start), Some(base)) => Ok(Directory { entries, start, end, base }),
        _ => Err(corrupt("its central directory lies outside of the archive")),
    }
}

/// The ZIP64 end of central directory record (4.3.14), where a locator (4.3.15) in front of `end` leads to one: number of
/// entries, size and offset of the directory; and where this record begins.
fn zip64(input: &mut impl Input, end: u64) -> Result<Option<([u64; 3], u64)>, Error> {
    let Some(at) = end.checked_sub(20) else { return Ok(None) };
    seek(input, at)?;
    let locator = Fields::<20>::read(input)?;
    if locator.u32(0) != 0x0706_4b50 {
        return Ok(None);
    }
    // Written without the extensible data sector by all writers, so it lies directly in front of its locator.
    let Some(at) = at.checked_sub(56) else { return Err(corrupt("its ZIP64 record is missing")) };
    seek(input, at)?;
    let record = Fields::<56>::read(input)?;
    if record.u32(0) != 0x0606_4b50 || record.u64(4) != 44 {
        return Err(corrupt("its ZIP64 record is missing"));
    }
    if locator.u64(8) > at || record.u64(24) != record.u64(32) || record.u32(16) != 0 || record.u32(20) != 0 {
        return Err(hostile("central directory", "its ZIP64 records disagree"));
    }
    Ok(Some(([record.u64(32), record.u64(40), record.u64(48)], at)))
}

/// Replaces the fields that are all ones by those of the ZIP64 extra field (4.5.3), which has them in the same order.
fn wide(mut extra: &[u8], fields: &mut [u64]) {
    let mut missing = fields.iter_mut().filter(|f| **f == 0xffff_ffff);
    while let [a, b, c, d, rest @ ..] = extra {
        let length = usize::from(u16::from_le_bytes([*c, *d]));
        // Some writers align data with padding that is too short for a header; what does not fit is padding.
        let Some((field, rest)) = rest.split_at_checked(length) else { break };
        extra = rest;
        if [*a, *b] == [1, 0] {
            let (values, _) = field.as_chunks::<8>();
            for (field, value) in missing.by_ref().zip(values) {
                *field = u64::from_le_bytes(*value);
            }
        }
    }
}

fn seek(input: &mut impl Seek, to: u64) -> Result<(), Error> {
    input.seek(SeekFrom::Start(to)).map(|_| ()).map_err(|e| read(&e))
}

/// At most 64 KiB.
fn bytes(input: &mut impl Read, n: u16) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; usize::from(n)];
    input.read_exact(&mut out).map_err(|e| read(&e))?;
    Ok(out)
}

/// A record of fixed size with little-endian fields.
struct Fields<const N: usize>([u8; N]);

impl<const N: usize> Fields<N> {
    fn read(input: &mut impl Read) -> Result<Self, Error> {
        let mut out = [0; N];
        input.read_exact(&mut out).map_err(|e| read(&e))?;
        Ok(Self(out))
    }

    fn at<const M: usize>(&self, at: usize) -> [u8; M] {
        let mut out = [0; M];
        out.copy_from_slice(&self.0[at..at + M]);
        out
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.at(at))
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.at(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.at(at))
    }
}

/// Reads on, and sums up what it read.
struct Summed<'a, R> {
    inner: R,
    crc: &'a mut Crc,
}

impl<R: Read> Read for Summed<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.crc.update(&buf[..n]);
        Ok(n)
    }
}
