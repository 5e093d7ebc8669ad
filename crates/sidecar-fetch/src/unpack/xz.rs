//! The .xz container around lzma-rust2's LZMA2 decoder.
//!
//! lzma-rust2 reads the container too, but then compiles the `sha2` family for a check that hardly any file uses
//! (4.2 instead of 0.9 CPU seconds in every build of every app), and its memory limit is per block. The format:
//! <https://tukaani.org/xz/xz-file-format.txt>, section numbers below.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use flate2::Crc;
use lzma_rust2::Lzma2Reader;
use lzma_rust2::filter::{bcj::BcjReader, delta::DeltaReader};
use ring::digest;

use super::crc64;
use super::decode::{WINDOW, invalid};

/// 2.1.1.1, with the first, reserved byte of the stream flags.
const HEADER_MAGIC: [u8; 7] = *b"\xfd7zXZ\0\0";
/// 2.1.2.4
const FOOTER_MAGIC: [u8; 2] = *b"YZ";

/// Reads what an .xz file expands to: all its streams, each block checked against the header, the check and the index.
pub(super) struct Reader<R> {
    source: Shared<R>,
    stage: Stage,
    check: u8,
    /// What the index has to repeat.
    blocks: Totals,
}

enum Stage {
    Stream,
    Block,
    Data(Box<Block>),
    Ended,
}

/// A block that is being read.
struct Block {
    data: Box<dyn Read>,
    check: Check,
    /// Where the block began, in compressed bytes.
    began: u64,
    header: u64,
    packed: Option<u64>,
    size: Option<u64>,
    read: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    count: u64,
    unpadded: u64,
    size: u64,
}

impl Totals {
    fn add(&mut self, unpadded: u64, size: u64) -> io::Result<()> {
        let sum = |a: u64, b: u64| a.checked_add(b).ok_or_else(|| invalid("xz: sizes overflow"));
        self.count += 1;
        self.unpadded = sum(self.unpadded, unpadded)?;
        self.size = sum(self.size, size)?;
        Ok(())
    }
}

impl<R: BufRead + 'static> Reader<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source: Shared(Rc::new(RefCell::new(Counted { inner: source, count: 0 }))),
            stage: Stage::Stream,
            check: 0,
            blocks: Totals::default(),
        }
    }

    /// 2.1.1: the stream header.
    fn begin_stream(&mut self) -> io::Result<()> {
        let mut header = [0; 12];
        self.source.read_exact(&mut header)?;
        let [.., flags, a, b, c, d] = header;
        if header[..7] != HEADER_MAGIC {
            return Err(invalid("xz: no stream header"));
        }
        if crc32(&header[6..8]) != u32::from_le_bytes([a, b, c, d]) {
            return Err(invalid("xz: the stream header does not match its checksum"));
        }
        if flags > 15 {
            return Err(invalid("xz: unknown stream flags"));
        }
        self.check = flags;
        self.blocks = Totals::default();
        self.stage = Stage::Block;
        Ok(())
    }

    /// 3.1: a block header, or the index in its place.
    fn begin_block(&mut self) -> io::Result<()> {
        let began = self.source.count();
        let first = self.source.byte()?;
        if first == 0 {
            self.end_stream(began)?;
            self.stage = if self.next_stream()? { Stage::Stream } else { Stage::Ended };
            return Ok(());
        }
        let mut header = vec![0; (usize::from(first) + 1) * 4];
        header[0] = first;
        self.source.read_exact(&mut header[1..])?;
        let Some((fields, stored)) = header.split_last_chunk::<4>() else {
            return Err(invalid("xz: no block header"));
        };
        if crc32(fields) != u32::from_le_bytes(*stored) {
            return Err(invalid("xz: a block header does not match its checksum"));
        }
        let mut fields = &fields[1..];
        let flags = take(&mut fields)?;
        if flags & 0x3c != 0 {
            return Err(invalid("xz: unknown block flags"));
        }
        let packed = if flags & 0x40 != 0 { Some(number(&mut fields)?) } else { None };
        let size = if flags & 0x80 != 0 { Some(number(&mut fields)?) } else { None };
        let data = filters(&mut fields, flags & 3, self.source.clone())?;
        if fields.iter().any(|b| *b != 0) {
            return Err(invalid("xz: a block header is padded with data"));
        }
        let check = Check::new(self.check);
        let header = header.len() as u64;
        self.stage = Stage::Data(Box::new(Block { data, check, began, header, packed, size, read: 0 }));
        Ok(())
    }

    /// 3.3 and 3.4: padding and check of a block that was read to its end.
    fn end_block(&mut self, block: Block) -> io::Result<()> {
        let packed = self.source.count() - block.began - block.header;
        if block.packed.is_some_and(|p| p != packed) || block.size.is_some_and(|s| s != block.read) {
            return Err(invalid("xz: a block has another size than its header says"));
        }
        self.source.padding(packed)?;
        let stored = self.source.take_bytes(check_size(self.check))?;
        if block.check.finish().is_some_and(|computed| computed != stored) {
            return Err(invalid("xz: a block does not match its checksum"));
        }
        self.blocks.add(block.header + packed + check_size(self.check) as u64, block.read)?;
        self.stage = Stage::Block;
        Ok(())
    }

    /// 4 and 2.1.2: index and footer. `began` is where the index' first byte, already read, was.
    fn end_stream(&mut self, began: u64) -> io::Result<()> {
        let mut index = Indexed { source: self.source.clone(), crc: Crc::new() };
        index.crc.update(&[0]);
        let records = index.number()?;
        let mut totals = Totals::default();
        for _ in 0..records {
            totals.add(index.number()?, index.number()?)?;
        }
        index.padding(self.source.count() - began)?;
        let computed = index.crc.sum();
        if totals != self.blocks || self.source.take_bytes(4)? != computed.to_le_bytes() {
            return Err(invalid("xz: the index does not match the blocks"));
        }
        let length = self.source.count() - began;
        let footer = self.source.take_bytes(12)?;
        let (crc, rest) = footer.split_at(4);
        let backward = (length / 4).wrapping_sub(1);
        let expected = [&backward.to_le_bytes()[..4], &[0, self.check], &FOOTER_MAGIC].concat();
        if rest != expected || crc != crc32(&rest[..6]).to_le_bytes() {
            return Err(invalid("xz: the stream footer does not match the stream"));
        }
        Ok(())
    }

    /// 2.2: stream padding; whether another stream follows.
    fn next_stream(&mut self) -> io::Result<bool> {
        let began = self.source.count();
        loop {
            match self.source.peek()? {
                Some(0) => _ = self.source.byte()?,
                next if (self.source.count() - began).is_multiple_of(4) => return Ok(next.is_some()),
                _ => return Err(invalid("xz: the padding after a stream has a wrong size")),
            }
        }
    }
}

impl<R: BufRead + 'static> Read for Reader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !buf.is_empty() {
            match &mut self.stage {
                Stage::Stream => self.begin_stream()?,
                Stage::Block => self.begin_block()?,
                Stage::Ended => break,
                Stage::Data(block) => {
                    let n = block.data.read(buf)?;
                    block.read += n as u64;
                    block.check.update(&buf[..n]);
                    if n > 0 {
                        return Ok(n);
                    }
                    if let Stage::Data(block) = std::mem::replace(&mut self.stage, Stage::Ended) {
                        self.end_block(*block)?;
                    }
                }
            }
        }
        Ok(0)
    }
}

/// 3.1.5 and 5.3: the chain of filters, the last of which is LZMA2. `more` is the number of filters minus one.
fn filters<R: BufRead + 'static>(
    fields: &mut &[u8],
    more: u8,
    source: Shared<R>,
) -> io::Result<Box<dyn Read>> {
    let mut list = Vec::new();
    for _ in 0..=more {
        let id = number(fields)?;
        let length = number(fields)?;
        let properties = usize::try_from(length).ok().and_then(|n| fields.split_at_checked(n));
        let (properties, rest) = properties.ok_or_else(|| invalid("xz: a filter's properties are cut"))?;
        *fields = rest;
        list.push((id, properties));
    }
    let Some((0x21, [size])) = list.pop() else {
        return Err(invalid("xz: the last filter is not LZMA2"));
    };
    let mut data: Box<dyn Read> = Box::new(Lzma2Reader::new(source, dictionary(*size)?, None));
    for (id, properties) in list.into_iter().rev() {
        let start = match properties {
            [] => 0,
            [a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]),
            [distance] if id == 3 => u32::from(*distance),
            _ => return Err(invalid("xz: a filter's properties have a wrong size")),
        };
        let start = usize::try_from(start).map_err(|_| invalid("xz: a filter's offset is too large"))?;
        data = match id {
            0x03 if properties.len() == 1 => Box::new(DeltaReader::new(data, start + 1)),
            0x04 => Box::new(BcjReader::new_x86(data, start)),
            0x05 => Box::new(BcjReader::new_ppc(data, start)),
            0x06 => Box::new(BcjReader::new_ia64(data, start)),
            0x07 => Box::new(BcjReader::new_arm(data, start)),
            0x08 => Box::new(BcjReader::new_arm_thumb(data, start)),
            0x09 => Box::new(BcjReader::new_sparc(data, start)),
            0x0a => Box::new(BcjReader::new_arm64(data, start)),
            0x0b => Box::new(BcjReader::new_riscv(data, start)),
            _ => return Err(invalid("xz: a filter is not known")),
        };
    }
    Ok(data)
}

/// 5.3.1: the size of the dictionary in bytes, from its one-byte code.
fn dictionary(code: u8) -> io::Result<u32> {
    if code > 40 {
        return Err(invalid("xz: the dictionary size is not valid"));
    }
    // Code 40 is 4 GiB; it and everything else above the limit saturates here.
    let size = (2 | u64::from(code & 1)) << (u32::from(code) / 2 + 11);
    u32::try_from(size).ok().filter(|size| *size <= WINDOW).ok_or_else(|| {
        io::Error::other(format!(
            "the stream wants a dictionary of {} MiB, the limit is {}",
            size >> 20,
            WINDOW >> 20
        ))
    })
}

/// 2.1.1.2: how many bytes the check of a block has; unknown checks are skipped, as the format asks.
fn check_size(id: u8) -> usize {
    [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64][usize::from(id & 15)]
}

enum Check {
    Unknown,
    Crc32(Crc),
    Crc64(u64),
    Sha256(Box<digest::Context>),
}

impl Check {
    fn new(id: u8) -> Self {
        match id {
            1 => Self::Crc32(Crc::new()),
            4 => Self::Crc64(!0),
            10 => Self::Sha256(Box::new(digest::Context::new(&digest::SHA256))),
            _ => Self::Unknown,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Unknown => {}
            Self::Crc32(crc) => crc.update(bytes),
            Self::Crc64(crc) => *crc = crc64::update(*crc, bytes),
            Self::Sha256(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Option<Vec<u8>> {
        match self {
            Self::Unknown => None,
            Self::Crc32(crc) => Some(crc.sum().to_le_bytes().to_vec()),
            Self::Crc64(crc) => Some((!crc).to_le_bytes().to_vec()),
            Self::Sha256(hasher) => Some(hasher.finish().as_ref().to_vec()),
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn take(fields: &mut &[u8]) -> io::Result<u8> {
    let (first, rest) = fields.split_first().ok_or_else(|| invalid("xz: a header is cut"))?;
    *fields = rest;
    Ok(*first)
}

fn number(fields: &mut &[u8]) -> io::Result<u64> {
    multibyte(|| take(fields))
}

/// 1.2: an integer of up to nine bytes, seven bits each, the low ones first.
fn multibyte(mut next: impl FnMut() -> io::Result<u8>) -> io::Result<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = next()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return if byte == 0 && shift > 0 { Err(invalid("xz: a number is too long")) } else { Ok(value) };
        }
    }
    Err(invalid("xz: a number is too long"))
}

/// The compressed bytes, shared by the container and the filter chain of the block, which only reads while the container
/// waits.
struct Shared<R>(Rc<RefCell<Counted<R>>>);

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R> Clone for Shared<R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<R: BufRead> Read for Shared<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut source = self.0.borrow_mut();
        let n = source.inner.read(buf)?;
        source.count += n as u64;
        Ok(n)
    }
}

impl<R: BufRead> Shared<R> {
    fn count(&self) -> u64 {
        self.0.borrow().count
    }

    fn peek(&self) -> io::Result<Option<u8>> {
        self.0.borrow_mut().inner.fill_buf().map(|b| b.first().copied())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// At most 64 bytes.
    fn take_bytes(&mut self, n: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; n];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The zeros that fill `length` up to a multiple of four.
    fn padding(&mut self, length: u64) -> io::Result<()> {
        for _ in 0..length.wrapping_neg() % 4 {
            if self.byte()? != 0 {
                return Err(invalid("xz: padding that is not zero"));
            }
        }
        Ok(())
    }
}

/// The index, with the checksum of what was read of it.
struct Indexed<R> {
    source: Shared<R>,
    crc: Crc,
}

impl<R: BufRead> Indexed<R> {
    fn number(&mut self) -> io::Result<u64> {
        multibyte(|| {
            let byte = self.source.byte()?;
            self.crc.update(&[byte]);
            Ok(byte)
        })
    }

    fn padding(&mut self, length: u64) -> io::Result<()> {
        let zeros = length.wrapping_neg() % 4;
        self.source.padding(length)?;
        for _ in 0..zeros {
            self.crc.update(&[0]);
        }
        Ok(())
    }
}
