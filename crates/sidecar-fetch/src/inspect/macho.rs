//! Mach-O headers, thin and fat, by Apple's `<mach-o/loader.h>` and `<mach-o/fat.h>`.

use std::io::{Read, Seek};

use super::bytes::{Fault, Image, Result};
use super::{Container, Facts, Purpose};

/// The most architectures of a fat file. A Java class has the same magic number, and its version, 45 or more, in this
/// place.
const ARCHITECTURES: u32 = 42;

/// The facts of each architecture in the file; `None` for a Java class.
pub(super) fn read<R: Read + Seek>(image: &mut Image<'_, R>) -> Result<Option<Vec<Facts>>> {
    let magic = image.view(0, 4, true)?.u32(0)?;
    let wide = match magic {
        0xcafe_babe => false,
        0xcafe_babf => true,
        _ => return thin(image).map(|facts| Some(vec![facts])),
    };
    let count = image.view(4, 4, true)?.u32(0)?;
    if count > ARCHITECTURES {
        return Ok(None);
    }
    if count == 0 {
        return Err(Fault::Damaged("it is a fat file without architectures"));
    }
    let size = if wide { 32 } else { 20 };
    let table = image.view(8, u64::from(count) * size, true)?;
    let mut out = Vec::new();
    for at in (0..table.bytes.len()).step_by(if wide { 32 } else { 20 }) {
        let (offset, length) =
            (table.word(at + 8, wide)?, table.word(at + if wide { 16 } else { 12 }, wide)?);
        let mut part = image.part(offset, length)?;
        let facts = if part.view_up_to(0, 8, true)?.bytes == b"!<arch>\n" {
            facts(architecture(table.u32(at)?, table.u32(at + 4)?), Purpose::Library, None)
        } else {
            thin(&mut part)?
        };
        if facts.architectures != [architecture(table.u32(at)?, table.u32(at + 4)?)] {
            return Err(Fault::Damaged("a part is for another architecture than the fat header says"));
        }
        out.push(facts);
    }
    Ok(Some(out))
}

fn thin<R: Read + Seek>(image: &mut Image<'_, R>) -> Result<Facts> {
    let (wide, big_endian) = match image.view(0, 4, true)?.u32(0)? {
        0xcffa_edfe => (true, false),
        0xcefa_edfe => (false, false),
        0xfeed_facf => (true, true),
        0xfeed_face => (false, true),
        _ => return Err(Fault::Damaged("a part of the fat file is not a Mach-O file")),
    };
    let header = image.view(0, if wide { 32 } else { 28 }, big_endian)?;
    let purpose = match header.u32(12)? {
        2 => Purpose::Program,
        6 | 9 => Purpose::Library,
        1 => Purpose::Other("an object file"),
        4 => Purpose::Other("a core dump"),
        8 => Purpose::Other("a bundle"),
        10 => Purpose::Other("a file of debug symbols"),
        11 => Purpose::Other("a kernel extension"),
        _ => Purpose::Other("a file of a kind that is not known"),
    };
    let commands = u64::from(header.u32(20)?);
    let commands = image.view(if wide { 32 } else { 28 }, commands, big_endian)?;
    let (mut os, mut at) = (None, 0);
    for _ in 0..header.u32(16)? {
        let size = usize::try_from(commands.u32(at + 4)?).unwrap_or(usize::MAX);
        if size < 8 || size > commands.bytes.len() - at {
            return Err(Fault::Damaged("a load command has a wrong size"));
        }
        os = os.or(match commands.u32(at)? {
            // LC_BUILD_VERSION
            0x32 => Some(platform(commands.u32(at + 8)?)),
            // LC_VERSION_MIN_MACOSX, _IPHONEOS, _TVOS, _WATCHOS
            0x24 => Some("macos"),
            0x25 => Some("ios"),
            0x2f => Some("tvos"),
            0x30 => Some("watchos"),
            _ => None,
        });
        at += size;
    }
    Ok(facts(architecture(header.u32(4)?, header.u32(8)?), purpose, os))
}

fn facts(architecture: String, purpose: Purpose, os: Option<&'static str>) -> Facts {
    Facts {
        container: Container::MachO,
        architectures: vec![architecture],
        purpose,
        os,
        glibc: None,
        interpreter: None,
    }
}

/// `PLATFORM_*`
fn platform(number: u32) -> &'static str {
    match number {
        1 => "macos",
        2 => "ios",
        3 => "tvos",
        4 => "watchos",
        5 => "bridgeos",
        6 => "mac catalyst",
        7 => "ios simulator",
        8 => "tvos simulator",
        9 => "watchos simulator",
        10 => "driverkit",
        11 => "visionos",
        12 => "visionos simulator",
        _ => "a system that is not known",
    }
}

/// The architecture in Rust's words. Subtypes that run on some processors only are told apart; the high byte of a subtype
/// holds flags.
fn architecture(kind: u32, subtype: u32) -> String {
    let name = match (kind, subtype & 0x00ff_ffff) {
        (0x0100_0007, 8) => "x86_64h",
        (0x0100_0007, _) => "x86_64",
        (0x0100_000c, 2) => "arm64e",
        (0x0100_000c, _) => "aarch64",
        (0x0200_000c, _) => "arm64_32",
        (7, _) => "x86",
        (12, _) => "arm",
        (18, _) => "powerpc",
        (0x0100_0012, _) => "powerpc64",
        _ => return format!("machine {kind:#x}"),
    };
    name.to_owned()
}
