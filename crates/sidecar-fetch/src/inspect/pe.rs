//! Headers of Windows programs, by Microsoft's "PE Format".

use std::io::{Read, Seek};

use super::bytes::{Image, Result, View};
use super::{Container, Facts, Purpose};

/// The facts of a file that begins with `MZ`.
pub(super) fn read<R: Read + Seek>(image: &mut Image<'_, R>) -> Result<Facts> {
    let facts = |architectures, purpose| Facts {
        container: Container::Pe,
        architectures,
        purpose,
        os: Some("windows"),
        glibc: None,
        interpreter: None,
    };
    let dos = image.view_up_to(0, 64, false)?;
    let at = u64::from(dos.u32(60)?);
    let header = image.view_up_to(at, 264, false)?;
    if !header.bytes.starts_with(b"PE\0\0") {
        return Ok(Facts { os: None, ..facts(Vec::new(), Purpose::Other("a DOS program")) });
    }
    let (machine, flags) = (header.u16(4)?, header.u16(22)?);
    if header.u16(20)? == 0 {
        return Ok(facts(vec![architecture(machine)], Purpose::Other("an object file")));
    }
    let wide = match header.u16(24)? {
        0x10b => false,
        0x20b => true,
        _ => return Ok(facts(vec![architecture(machine)], Purpose::Other("a ROM image"))),
    };
    let purpose = match header.u16(24 + 68)? {
        _ if flags & 0x2000 != 0 => Purpose::Library,
        _ if flags & 0x0002 == 0 => Purpose::Other("a file that was not linked to its end"),
        2 | 3 => Purpose::Program,
        1 => Purpose::Other("a driver"),
        10..=13 => Purpose::Other("an EFI application"),
        _ => Purpose::Other("a program for another subsystem"),
    };
    // Code that runs on ARM processors only, behind a header that says x86_64.
    let hybrid = wide && is_hybrid(image, &header, at).unwrap_or(false);
    let architectures = match (machine, hybrid) {
        (0x8664, true) => vec!["arm64ec".to_owned()],
        (0xaa64, true) => vec!["aarch64".to_owned(), "arm64ec".to_owned()],
        _ => vec![architecture(machine)],
    };
    Ok(facts(architectures, purpose))
}

/// Whether a PE file holds .NET code: it has the fifteenth data directory (`CLR Runtime Header`). What its header says of
/// the processor is a formality then.
#[cfg(any(feature = "resolve", test))]
pub(super) fn is_managed<R: Read + Seek>(input: &mut R) -> bool {
    let mut clr = || -> Result<u32> {
        let mut image = Image::new(input).map_err(super::Fault::Io)?;
        let at = u64::from(image.view_up_to(0, 64, false)?.u32(60)?);
        let header = image.view_up_to(at, 264, false)?;
        let directories = if header.u16(24)? == 0x20b { 24 + 112 } else { 24 + 96 };
        if header.u32(directories - 4)? < 15 {
            return Ok(0);
        }
        header.u32(directories + 14 * 8)
    };
    clr().is_ok_and(|address| address != 0)
}

/// Whether the load configuration of a 64-bit file leads to metadata for ARM64EC code (`CHPEMetadataPointer`).
fn is_hybrid<R: Read + Seek>(image: &mut Image<'_, R>, header: &View, at: u64) -> Result<bool> {
    // The eleventh data directory; there are as many as the field before them says.
    let (count, address) = (header.u32(24 + 108)?, header.u32(24 + 112 + 10 * 8)?);
    if count < 11 || address == 0 {
        return Ok(false);
    }
    let sections =
        image.view_up_to(at + 24 + u64::from(header.u16(20)?), u64::from(header.u16(6)?) * 40, false)?;
    for section in (0..sections.bytes.len() / 40).map(|index| index * 40) {
        let (start, size, offset) =
            (sections.u32(section + 12)?, sections.u32(section + 16)?, sections.u32(section + 20)?);
        if let Some(inside) = address.checked_sub(start).filter(|inside| *inside < size) {
            let config = image.view_up_to(u64::from(offset) + u64::from(inside), 0xd0, false)?;
            return Ok(config.u32(0)? >= 0xd0 && config.u64(0xc8)? != 0);
        }
    }
    Ok(false)
}

fn architecture(machine: u16) -> String {
    let name = match machine {
        0x014c => "x86",
        0x8664 => "x86_64",
        0xaa64 => "aarch64",
        0xa641 => "arm64ec",
        0x01c4 => "arm",
        0x5064 => "riscv64",
        0x6264 => "loongarch64",
        0x0200 => "ia64",
        _ => return format!("machine {machine:#06x}"),
    };
    name.to_owned()
}
