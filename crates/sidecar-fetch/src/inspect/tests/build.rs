//! Builders of the smallest executables that have what the tests are about.

/// Writes numbers in one byte order.
struct Out {
    bytes: Vec<u8>,
    big_endian: bool,
    wide: bool,
}

impl Out {
    fn put(&mut self, value: u64, size: usize) -> &mut Self {
        let mut bytes = value.to_le_bytes().to_vec();
        bytes.resize(size, 0);
        if self.big_endian {
            bytes.reverse();
        }
        self.bytes.extend(bytes);
        self
    }

    fn word(&mut self, value: u64) -> &mut Self {
        self.put(value, if self.wide { 8 } else { 4 })
    }
}

#[derive(Clone, Copy)]
pub(super) struct Elf {
    pub(super) machine: u16,
    pub(super) wide: bool,
    pub(super) big_endian: bool,
    pub(super) abi: u8,
    pub(super) kind: u16,
    pub(super) entry: u64,
    pub(super) interpreter: Option<&'static str>,
    /// The versions needed of each library.
    pub(super) versions: &'static [&'static [&'static str]],
    pub(super) library_name: bool,
    /// Owner and first word of a note of type 1.
    pub(super) note: Option<(&'static [u8], u32)>,
}

impl Default for Elf {
    fn default() -> Self {
        Self {
            machine: 62,
            wide: true,
            big_endian: false,
            abi: 0,
            kind: 3,
            entry: 0x10040,
            interpreter: None,
            versions: &[],
            library_name: false,
            note: None,
        }
    }
}

/// The address of the file's first byte.
const BASE: u64 = 0x10000;

impl Elf {
    fn out(self) -> Out {
        Out { bytes: Vec::new(), big_endian: self.big_endian, wide: self.wide }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let (header, segment) = if self.wide { (64, 56) } else { (52_u64, 32_u64) };
        let begin = header + 4 * segment;
        let interpreter = self.interpreter.map(|path| [path.as_bytes(), b"\0"].concat()).unwrap_or_default();
        let note = self.note_bytes();
        let (strings, versions) = self.version_bytes();
        let [interpreter_at, note_at, strings_at, versions_at, dynamic_at, end] = {
            let mut at = begin;
            [interpreter.len(), note.len(), strings.len(), versions.len(), 0, 0].map(|length| {
                let here = at;
                at += length as u64;
                here
            })
        };
        let dynamic = self.dynamic_bytes(strings_at + BASE, versions_at + BASE);
        let mut out = self.out();
        out.bytes.extend([
            0x7f,
            b'E',
            b'L',
            b'F',
            1 + u8::from(self.wide),
            1 + u8::from(self.big_endian),
            1,
            self.abi,
        ]);
        out.bytes.resize(16, 0);
        out.put(self.kind.into(), 2).put(self.machine.into(), 2).put(1, 4);
        out.word(self.entry).word(header).word(0).put(0, 4);
        out.put(header, 2).put(segment, 2).put(4, 2).put(0, 6);
        let end = end + dynamic.len() as u64;
        for (kind, at, size) in [
            (1, 0, end),
            (if interpreter.is_empty() { 0 } else { 3 }, interpreter_at, interpreter.len() as u64),
            (if note.is_empty() { 0 } else { 4 }, note_at, note.len() as u64),
            (2, dynamic_at, dynamic.len() as u64),
        ] {
            out.put(kind, 4);
            if self.wide {
                out.put(0, 4);
            }
            out.word(at).word(at + BASE).word(at + BASE).word(size).word(size);
            if !self.wide {
                out.put(0, 4);
            }
            out.word(0);
        }
        [out.bytes, interpreter, note, strings, versions, dynamic].concat()
    }

    fn note_bytes(self) -> Vec<u8> {
        let Some((owner, content)) = self.note else { return Vec::new() };
        let mut out = self.out();
        // One of another kind first, with lengths that need padding.
        out.put(3, 4).put(5, 4).put(9, 4).bytes.extend(*b"Go\0\0abcde\0\0\0");
        out.put(owner.len() as u64, 4).put(4, 4).put(1, 4).bytes.extend(owner);
        out.bytes.resize(out.bytes.len().next_multiple_of(4), 0);
        out.put(content.into(), 4);
        out.bytes
    }

    fn version_bytes(self) -> (Vec<u8>, Vec<u8>) {
        let (mut strings, mut out) = (vec![0], self.out());
        for (index, names) in self.versions.iter().enumerate() {
            let last = index + 1 == self.versions.len();
            let size = 16 * (1 + names.len() as u64);
            out.put(1, 2).put(names.len() as u64, 2).put(0, 4).put(16, 4).put(if last { 0 } else { size }, 4);
            for (index, name) in names.iter().enumerate() {
                let last = index + 1 == names.len();
                out.put(0, 8).put(strings.len() as u64, 4).put(if last { 0 } else { 16 }, 4);
                strings.extend([name.as_bytes(), b"\0"].concat());
            }
        }
        (strings, out.bytes)
    }

    fn dynamic_bytes(self, strings: u64, versions: u64) -> Vec<u8> {
        let mut out = self.out();
        if self.library_name {
            out.word(14).word(0);
        }
        if !self.versions.is_empty() {
            let count = self.versions.len() as u64;
            out.word(5).word(strings).word(0x6fff_fffe).word(versions).word(0x6fff_ffff).word(count);
        }
        out.word(0).word(0);
        out.bytes
    }
}

#[derive(Clone, Copy)]
pub(super) struct Pe {
    pub(super) machine: u16,
    pub(super) wide: bool,
    pub(super) flags: u16,
    pub(super) subsystem: u16,
    /// Whether its load configuration has a `CHPEMetadataPointer`.
    pub(super) hybrid: bool,
}

impl Default for Pe {
    fn default() -> Self {
        Self { machine: 0x8664, wide: true, flags: 0x22, subsystem: 3, hybrid: false }
    }
}

impl Pe {
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut out = Out { bytes: b"MZ".to_vec(), big_endian: false, wide: self.wide };
        out.bytes.resize(60, 0);
        out.put(128, 4).bytes.resize(128, 0);
        out.bytes.extend(b"PE\0\0");
        let optional = if self.wide { 240 } else { 224 };
        out.put(self.machine.into(), 2).put(1, 2).put(0, 12).put(optional, 2).put(self.flags.into(), 2);
        let begin = out.bytes.len();
        out.put(if self.wide { 0x20b } else { 0x10b }, 2).bytes.resize(begin + 68, 0);
        out.put(self.subsystem.into(), 2).bytes.resize(begin + if self.wide { 108 } else { 92 }, 0);
        out.put(16, 4);
        // Ten data directories before the load configuration.
        out.bytes.resize(out.bytes.len() + 80, 0);
        out.put(0x1010, 4).put(0x140, 4).bytes.resize(begin + usize::try_from(optional).unwrap(), 0);
        // The only section: address 0x1000, at 0x200 in the file.
        out.bytes.extend(b".rdata\0\0");
        out.put(0x1000, 4).put(0x1000, 4).put(0x200, 4).put(0x200, 4).bytes.resize(0x210, 0);
        out.put(0x140, 4).bytes.resize(0x210 + 0xc8, 0);
        out.put(u64::from(self.hybrid) * 0x1_4000_2000, 8).bytes.resize(0x400, 0);
        out.bytes
    }
}

#[derive(Clone, Copy)]
pub(super) struct Macho {
    pub(super) processor: u32,
    pub(super) subtype: u32,
    pub(super) kind: u32,
    pub(super) platform: Option<u32>,
}

impl Default for Macho {
    fn default() -> Self {
        Self { processor: 0x0100_000c, subtype: 0, kind: 2, platform: Some(1) }
    }
}

impl Macho {
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut out = Out { bytes: Vec::new(), big_endian: false, wide: true };
        let commands = 16 + if self.platform.is_some() { 24 } else { 0 };
        out.put(0xfeed_facf, 4)
            .put(self.processor.into(), 4)
            .put(self.subtype.into(), 4)
            .put(self.kind.into(), 4);
        out.put(1 + u64::from(self.platform.is_some()), 4).put(commands, 4).put(0, 8);
        out.put(0x2a, 4).put(16, 4).put(0, 8);
        if let Some(platform) = self.platform {
            out.put(0x32, 4).put(24, 4).put(platform.into(), 4).put(0x000b_0000, 4).put(0, 8);
        }
        out.bytes
    }
}

/// A fat file of these parts; `wide` with 64-bit offsets.
pub(super) fn fat(parts: &[Macho], wide: bool) -> Vec<u8> {
    let mut out = Out { bytes: Vec::new(), big_endian: true, wide };
    out.put(if wide { 0xcafe_babf } else { 0xcafe_babe }, 4).put(parts.len() as u64, 4);
    let mut offset = 256;
    for part in parts {
        out.put(part.processor.into(), 4).put(part.subtype.into(), 4);
        out.word(offset).word(part.bytes().len() as u64).put(0, if wide { 8 } else { 4 });
        offset += 256;
    }
    for (index, part) in parts.iter().enumerate() {
        out.bytes.resize(256 * (index + 1), 0);
        out.bytes.extend(part.bytes());
    }
    out.bytes
}
