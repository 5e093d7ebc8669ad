//! Reading fields of a file that may be cut or hostile: every access is checked, and at most 64 KiB are read at once.

use std::io::{self, Read, Seek, SeekFrom};

use crate::hash::BUFFER;

/// Why a file cannot be understood.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file contradicts its own format.
    Damaged(&'static str),
    /// The file cannot be read.
    Io(io::Error),
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// A file, or the part of a fat file that holds one architecture.
pub(super) struct Image<'a, R> {
    input: &'a mut R,
    start: u64,
    length: u64,
}

impl<'a, R: Read + Seek> Image<'a, R> {
    pub(super) fn new(input: &'a mut R) -> io::Result<Self> {
        let length = input.seek(SeekFrom::End(0))?;
        Ok(Self { input, start: 0, length })
    }

    /// The part of `length` bytes at `at`.
    pub(super) fn part(&mut self, at: u64, length: u64) -> Result<Image<'_, R>> {
        if at.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(Fault::Damaged("a part lies outside of the file"));
        }
        Ok(Image { input: self.input, start: self.start + at, length })
    }

    /// The `length` bytes at `at`, all of them.
    pub(super) fn view(&mut self, at: u64, length: u64, big_endian: bool) -> Result<View> {
        if at.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(Fault::Damaged("a header points behind the end of the file"));
        }
        let Some(length) = usize::try_from(length).ok().filter(|length| *length <= BUFFER) else {
            return Err(Fault::Damaged("a header is larger than 64 KiB"));
        };
        let mut bytes = vec![0; length];
        self.input.seek(SeekFrom::Start(self.start + at)).map_err(Fault::Io)?;
        self.input.read_exact(&mut bytes).map_err(Fault::Io)?;
        Ok(View { bytes, big_endian })
    }

    /// What there is at `at`, up to `length` bytes.
    pub(super) fn view_up_to(&mut self, at: u64, length: u64, big_endian: bool) -> Result<View> {
        let length = length.min(self.length.saturating_sub(at));
        self.view(at, length, big_endian)
    }
}

/// Bytes of a file, with the byte order of the numbers in them.
#[derive(Debug)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    big_endian: bool,
}

impl View {
    fn at<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        let end = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        end.copied().ok_or(Fault::Damaged("a header is cut"))
    }

    pub(super) fn u16(&self, at: usize) -> Result<u16> {
        let bytes = self.at(at)?;
        Ok(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(super) fn u32(&self, at: usize) -> Result<u32> {
        let bytes = self.at(at)?;
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    pub(super) fn u64(&self, at: usize) -> Result<u64> {
        let bytes = self.at(at)?;
        Ok(if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// A field that has 64 bits where `wide`, else 32.
    pub(super) fn word(&self, at: usize, wide: bool) -> Result<u64> {
        if wide { self.u64(at) } else { self.u32(at).map(u64::from) }
    }

    /// The text from `at` to the next NUL, or to the end.
    pub(super) fn text(&self, at: usize) -> String {
        let rest = self.bytes.get(at..).unwrap_or_default();
        String::from_utf8_lossy(rest.split(|b| *b == 0).next().unwrap_or_default()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_file_is_read() {
        let mut file = io::Cursor::new(vec![1, 2, 3, 4]);
        let mut image = Image::new(&mut file).unwrap();
        assert_eq!(image.view(0, 4, true).unwrap().u32(0).unwrap(), 0x0102_0304);
        assert_eq!(image.view(0, 4, false).unwrap().word(0, false).unwrap(), 0x0403_0201);
        assert!(image.view(0, 4, true).unwrap().u32(1).is_err());
        for (at, length) in [(0, 5), (4, 1), (u64::MAX, 1), (1, u64::MAX)] {
            assert!(
                image.view(at, length, true).is_err() && image.part(at, length).is_err(),
                "{at} {length}"
            );
        }
        let mut part = image.part(2, 2).unwrap();
        assert_eq!(part.view_up_to(0, 9, true).unwrap().bytes, [3, 4]);
        assert!(part.view(1, 2, true).is_err());
    }
}
