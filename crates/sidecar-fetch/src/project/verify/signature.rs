//! Programs without their signatures: bundlers sign what they pack, and the locked bytes must still be in there.
//!
//! Windows signs by appending a certificate table, which the optional header then names, and by a new checksum ("PE
//! Format", Attribute Certificate Table). macOS appends a signature to the last segment, `__LINKEDIT`, and adds or
//! changes the load command that leads to it (`<mach-o/loader.h>`, `LC_CODE_SIGNATURE`). Whatever else differs, in
//! either file, is a difference; so is anything behind a signature.

use std::path::Path;

use crate::error::Error;
use crate::fsx;

/// The code of one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Code {
    /// The processor as the file's headers number it.
    machine: u32,
    signed: bool,
    /// The file, with all that signing writes set to zero or cut off.
    bytes: Vec<u8>,
}

/// How a file compares with the locked one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// They differ in signatures only. A fat file may hold more architectures than the locked one.
    SameCode,
    /// The code differs.
    Other,
}

/// Compares two files of which `found` may have been signed by a bundler.
pub(super) fn compare(locked: &Path, found: &Path) -> Result<Likeness, Error> {
    let (Some(locked), Some(found)) = (codes(&fsx::read(locked)?), codes(&fsx::read(found)?)) else {
        return Ok(Likeness::Other);
    };
    let is_in = |code: &Code| found.iter().any(|f| f.machine == code.machine && f.bytes == code.bytes);
    Ok(if locked.iter().all(is_in) { Likeness::SameCode } else { Likeness::Other })
}

/// Whether a file has a signature of Windows or macOS.
pub(super) fn is_signed(path: &Path) -> Result<bool, Error> {
    Ok(codes(&fsx::read(path)?).is_some_and(|codes| codes.iter().any(|code| code.signed)))
}

/// `None` where the file is neither a Windows nor a 64-bit macOS program, or contradicts itself.
fn codes(file: &[u8]) -> Option<Vec<Code>> {
    match file.get(..4)? {
        [b'M', b'Z', ..] => pe(file).map(|code| vec![code]),
        [0xcf, 0xfa, 0xed, 0xfe] => macho(file).map(|code| vec![code]),
        [0xca, 0xfe, 0xba, 0xbe] => fat(file),
        _ => None,
    }
}

/// The slices of a fat file.
fn fat(file: &[u8]) -> Option<Vec<Code>> {
    let number = |at: usize| Some(u32::from_be_bytes(*file.get(at..)?.first_chunk()?) as usize);
    let count = number(4).filter(|count| (1..=16).contains(count))?;
    let slice = |index: usize| {
        let at = 8 + 20 * index;
        let (start, length) = (number(at + 8)?, number(at + 12)?);
        macho(file.get(start..start.checked_add(length)?)?)
    };
    (0..count).map(slice).collect()
}

/// A little-endian number of a file.
fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize)
}

fn zero(bytes: &mut [u8], at: usize, length: usize) -> Option<()> {
    bytes.get_mut(at..at.checked_add(length)?)?.fill(0);
    Some(())
}

/// Pads as signers do before they append.
fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn pe(file: &[u8]) -> Option<Code> {
    let header = u32_at(file, 0x3c)?;
    let machine = u32_at(file, header.checked_add(4)?)? & 0xffff;
    let optional = header + 24;
    let directories = optional + if file.get(optional..)?.starts_with(&[0x0b, 0x02]) { 112 } else { 96 };
    if file.get(header..header + 4)? != b"PE\0\0" || u32_at(file, directories - 4)? < 5 {
        return None;
    }
    let certificates = directories + 4 * 8;
    let (start, length) = (u32_at(file, certificates)?, u32_at(file, certificates + 4)?);
    let signed = start != 0;
    if signed && (start <= certificates || start.checked_add(length)? != file.len()) {
        return None;
    }
    let mut bytes = file[..if signed { start } else { file.len() }].to_vec();
    zero(&mut bytes, optional + 64, 4)?;
    zero(&mut bytes, certificates, 8)?;
    pad(&mut bytes, 8);
    Some(Code { machine: u32::try_from(machine).ok()?, signed, bytes })
}

/// A segment with 64-bit addresses.
const SEGMENT: usize = 0x19;
/// What leads to the signature.
const SIGNATURE: usize = 0x1d;

fn macho(file: &[u8]) -> Option<Code> {
    const COMMANDS: usize = 32;
    let (count, length) = (u32_at(file, 16)?, u32_at(file, 20)?);
    let mut bytes = file.to_vec();
    let (mut at, mut signature) = (COMMANDS, None);
    for _ in 0..count {
        let (command, size) = (u32_at(file, at)?, u32_at(file, at + 4)?);
        if size < 8 || at + size > COMMANDS + length {
            return None;
        }
        if command == SIGNATURE {
            let (start, length) = (u32_at(file, at + 8)?, u32_at(file, at + 12)?);
            if start < at || start.checked_add(length)? != file.len() || signature.is_some() {
                return None;
            }
            signature = Some((at, size, start));
        }
        if command == SEGMENT && file.get(at + 8..at + 24)?.starts_with(b"__LINKEDIT\0") {
            // Its size in memory and in the file: the signature is counted in.
            zero(&mut bytes, at + 32, 8)?;
            zero(&mut bytes, at + 48, 8)?;
        }
        at += size;
    }
    if let Some((at, size, start)) = signature {
        zero(&mut bytes, at, size)?;
        bytes.truncate(start);
        for (field, less) in [(16, 1), (20, size)] {
            let left = u32::try_from(u32_at(file, field)?.checked_sub(less)?).ok()?;
            bytes.get_mut(field..field + 4)?.copy_from_slice(&left.to_le_bytes());
        }
    }
    pad(&mut bytes, 16);
    let machine = u32::try_from(u32_at(file, 4)?).ok()?;
    Some(Code { machine, signed: signature.is_some(), bytes })
}

#[cfg(test)]
mod tests;
