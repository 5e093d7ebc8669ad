//! Decompression as a stream: gzip, xz, zstd and bzip2, with everything that is concatenated.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::fault::Bomb;
use super::xz;

/// The largest window (dictionary) that a stream may ask for, in bytes. `zstd -d` and `xz -9` allow and need at most
/// this (128 and 64 MiB); decoders grow into it, they don't allocate it.
pub(super) const WINDOW: u32 = 128 << 20;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// RFC 1952.
    Gzip,
    /// The .xz file format (not the older .lzma).
    Xz,
    /// RFC 8878.
    Zstd,
    /// bzip2.
    Bzip2,
}

impl Compression {
    /// What a stream begins with.
    pub(super) fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => b"\x1f\x8b",
            Self::Xz => b"\xfd7zXZ\0",
            Self::Zstd => b"\x28\xb5\x2f\xfd",
            Self::Bzip2 => b"BZh",
        }
    }
}

/// The compressed bytes, with a count of those consumed that outlives the decoder's ownership.
pub(super) struct Source {
    inner: Box<dyn BufRead>,
    position: Rc<Cell<u64>>,
}

impl Source {
    pub(super) fn new(inner: impl BufRead + 'static) -> Self {
        Self { inner: Box::new(inner), position: Rc::default() }
    }

    /// How many compressed bytes were consumed, to be read while a decoder owns the source.
    pub(super) fn position(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.position)
    }

    /// Whether nothing is left.
    fn at_end(&mut self) -> io::Result<bool> {
        self.fill_buf().map(<[u8]>::is_empty)
    }

    /// Consumes zero bytes.
    fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.fill_buf()?;
            let zeros = buffer.iter().take_while(|b| **b == 0).count();
            if zeros == 0 {
                return Ok(());
            }
            self.consume(zeros);
        }
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.position.set(self.position.get() + n as u64);
        Ok(n)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.position.set(self.position.get() + n as u64);
        self.inner.consume(n);
    }
}

/// Reads what a compressed stream expands to. Concatenated gzip members, bzip2 and xz streams and zstd frames are read as
/// one; zeros after the last are padding, anything else there is an error.
pub(super) struct Decoder {
    compression: Compression,
    stage: Stage,
    /// Whether a first member, stream or frame was begun.
    begun: bool,
}

enum Stage {
    /// Before a member.
    Between(Source),
    Gzip(Box<GzDecoder<Source>>),
    Bzip2(BzDecoder<Source>),
    Zstd(Box<FrameDecoder>, Source),
    Xz(xz::Reader<Source>),
    Ended,
}

impl Decoder {
    pub(super) fn new(compression: Compression, source: Source) -> Self {
        let stage = match compression {
            Compression::Xz => Stage::Xz(xz::Reader::new(source)),
            _ => Stage::Between(source),
        };
        Self { compression, stage, begun: false }
    }

    /// Steps over the end of a member, or into the next.
    fn advance(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Between(source) => self.stage = self.begin(source)?,
            Stage::Gzip(decoder) => self.stage = Stage::Between(decoder.into_inner()),
            Stage::Bzip2(decoder) => self.stage = Stage::Between(decoder.into_inner()),
            Stage::Zstd(decoder, source) => {
                let stored = decoder.get_checksum_from_data();
                if stored.is_some() && stored != decoder.get_calculated_checksum() {
                    return Err(invalid("the checksum of a zstd frame does not match"));
                }
                self.stage = Stage::Between(source);
            }
            Stage::Xz(_) | Stage::Ended => {}
        }
        Ok(())
    }

    fn begin(&mut self, mut source: Source) -> io::Result<Stage> {
        if self.begun {
            source.skip_zeros()?;
            if source.at_end()? {
                return Ok(Stage::Ended);
            }
        }
        self.begun = true;
        match self.compression {
            Compression::Gzip => Ok(Stage::Gzip(Box::new(GzDecoder::new(source)))),
            Compression::Bzip2 => Ok(Stage::Bzip2(BzDecoder::new(source))),
            Compression::Zstd => begin_frame(source),
            Compression::Xz => Ok(Stage::Ended),
        }
    }
}

impl Read for Decoder {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !buf.is_empty() {
            let n = match &mut self.stage {
                Stage::Between(_) => 0,
                Stage::Gzip(decoder) => decoder.read(buf)?,
                Stage::Bzip2(decoder) => decoder.read(buf)?,
                Stage::Zstd(decoder, source) => read_frame(decoder, source, buf)?,
                Stage::Xz(decoder) => decoder.read(buf)?,
                Stage::Ended => break,
            };
            if n > 0 {
                return Ok(n);
            }
            self.advance()?;
        }
        Ok(0)
    }
}

/// Begins a zstd frame, or skips one that holds no data.
fn begin_frame(mut source: Source) -> io::Result<Stage> {
    let mut decoder = Box::new(FrameDecoder::new());
    decoder.set_max_window_size(u64::from(WINDOW));
    match decoder.init(&mut source) {
        Ok(()) => Ok(Stage::Zstd(decoder, source)),
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
            let skipped = io::copy(&mut source.by_ref().take(u64::from(length)), &mut io::sink())?;
            if skipped < u64::from(length) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(Stage::Between(source))
        }
        Err(error) => Err(io::Error::other(error)),
    }
}

fn read_frame(decoder: &mut FrameDecoder, source: &mut Source, buf: &mut [u8]) -> io::Result<usize> {
    while decoder.can_collect() == 0 && !decoder.is_finished() {
        decoder
            .decode_blocks(&mut *source, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(io::Error::other)?;
    }
    decoder.read(buf)
}

/// The error for data that its own format forbids.
pub(super) fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads until `ceiling` bytes came out, then fails with a [`Bomb`].
pub(super) struct Metered<R> {
    inner: R,
    ceiling: u64,
    read: u64,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(inner: R, ceiling: u64) -> Self {
        Self { inner, ceiling, read: 0 }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read += n as u64;
        if self.read > self.ceiling {
            return Err(io::Error::other(Bomb { ceiling: self.ceiling }));
        }
        Ok(n)
    }
}
