use super::*;

/// Writes a little-endian number into a file.
fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

const PE: usize = 0x80;
const OPTIONAL: usize = PE + 24;
const CERTIFICATES: usize = OPTIONAL + 112 + 32;

/// A 64-bit Windows program in outline, with a checksum and a body of odd length.
fn windows() -> Vec<u8> {
    let mut out = vec![0; 0x200];
    out[..2].copy_from_slice(b"MZ");
    put(&mut out, 0x3c, u32::try_from(PE).unwrap());
    out[PE..PE + 4].copy_from_slice(b"PE\0\0");
    put(&mut out, PE + 4, 0x8664);
    put(&mut out, OPTIONAL, 0x20b);
    put(&mut out, OPTIONAL + 64, 0x1234);
    put(&mut out, OPTIONAL + 108, 16);
    out.extend(b"the code of the program");
    out
}

/// What a signer makes of it: padding, a table of certificates, its place, a new checksum.
fn signed_windows(certificate: &[u8]) -> Vec<u8> {
    let mut out = windows();
    pad(&mut out, 8);
    let start = u32::try_from(out.len()).unwrap();
    out.extend(certificate);
    put(&mut out, CERTIFICATES, start);
    put(&mut out, CERTIFICATES + 4, u32::try_from(certificate.len()).unwrap());
    put(&mut out, OPTIONAL + 64, 0x9999);
    out
}

const ARM64: u32 = 0x0100_000c;
const X86_64: u32 = 0x0100_0007;

/// A 64-bit macOS program in outline: a `__LINKEDIT` segment, room for a load command, a body.
fn macos(machine: u32) -> Vec<u8> {
    let mut out = vec![0; 32 + 72 + 64];
    put(&mut out, 0, 0xfeed_facf);
    put(&mut out, 4, machine);
    put(&mut out, 16, 1);
    put(&mut out, 20, 72);
    put(&mut out, 32, 0x19);
    put(&mut out, 36, 72);
    out[40..50].copy_from_slice(b"__LINKEDIT");
    put(&mut out, 32 + 48, 21);
    out.extend(b"symbols and much more");
    out
}

/// What `codesign` makes of it: a load command more, a longer segment, a signature at the end.
fn signed_macos(machine: u32, signature: &[u8]) -> Vec<u8> {
    let mut out = macos(machine);
    pad(&mut out, 16);
    let start = u32::try_from(out.len()).unwrap();
    let length = u32::try_from(signature.len()).unwrap();
    put(&mut out, 16, 2);
    put(&mut out, 20, 72 + 16);
    for (field, number) in [0x1d, 16, start, length].into_iter().enumerate() {
        put(&mut out, 32 + 72 + 4 * field, number);
    }
    put(&mut out, 32 + 32, 0x4000);
    put(&mut out, 32 + 48, 21 + length);
    out.extend(signature);
    out
}

/// A fat file of these slices.
fn fat_of(slices: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut out = [0xcafe_babe_u32, u32::try_from(slices.len()).unwrap()].map(u32::to_be_bytes).concat();
    let mut body = Vec::new();
    for (machine, slice) in slices {
        let start = 4096 + body.len();
        let fields = [*machine, 0, u32::try_from(start).unwrap(), u32::try_from(slice.len()).unwrap(), 4];
        out.extend(fields.map(u32::to_be_bytes).concat());
        body.extend(slice);
        pad(&mut body, 16);
    }
    out.resize(4096, 0);
    out.extend(body);
    out
}

fn likeness(locked: &[u8], found: &[u8]) -> Likeness {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::io::Write::write_all(&mut fsx::create(&path).unwrap(), bytes).unwrap();
        path
    };
    compare(&path("locked", locked), &path("found", found)).unwrap()
}

#[test]
fn a_signature_of_windows_is_no_difference() {
    let signed = signed_windows(b"a certificate of some length....");
    assert_eq!(likeness(&windows(), &signed), Likeness::SameCode);
    assert_eq!(likeness(&signed, &signed_windows(b"another one.....")), Likeness::SameCode);
    assert_eq!(likeness(&signed, &windows()), Likeness::SameCode, "a signature that was taken off");
    assert!(codes(&signed).unwrap()[0].signed && !codes(&windows()).unwrap()[0].signed);
}

#[test]
fn a_signature_of_macos_is_no_difference() {
    let signed = signed_macos(ARM64, b"code directory, hashes, certificates");
    assert_eq!(likeness(&macos(ARM64), &signed), Likeness::SameCode);
    assert_eq!(likeness(&signed_macos(ARM64, b"ad hoc"), &signed), Likeness::SameCode);
    assert!(codes(&signed).unwrap()[0].signed && !codes(&macos(ARM64)).unwrap()[0].signed);
}

#[test]
fn every_other_byte_is_a_difference() {
    for (locked, signed) in [
        (windows(), signed_windows(b"certificate.....")),
        (macos(X86_64), signed_macos(X86_64, b"signature")),
    ] {
        let mut other = signed.clone();
        let body = locked.len() - 5;
        other[body] ^= 1;
        assert_eq!(likeness(&locked, &other), Likeness::Other);
        let mut appended = signed;
        appended.extend(b"behind the signature");
        assert_eq!(likeness(&locked, &appended), Likeness::Other);
        assert_eq!(likeness(&locked, b"#!/bin/sh\n"), Likeness::Other);
    }
    assert_eq!(likeness(b"\x7fELF", b"\x7fELF!"), Likeness::Other);
}

#[test]
fn a_universal_program_holds_the_thin_ones() {
    let thin = |machine| signed_macos(machine, b"ad hoc");
    let fat = fat_of(&[(X86_64, thin(X86_64)), (ARM64, thin(ARM64))]);
    assert_eq!(likeness(&macos(ARM64), &fat), Likeness::SameCode);
    assert_eq!(likeness(&macos(X86_64), &fat), Likeness::SameCode);
    let signed = fat_of(&[(X86_64, signed_macos(X86_64, b"x")), (ARM64, signed_macos(ARM64, b"y"))]);
    assert_eq!(likeness(&fat, &signed), Likeness::SameCode);
    let half = fat_of(&[(ARM64, thin(ARM64))]);
    assert_eq!(likeness(&fat, &half), Likeness::Other, "an architecture is missing");
    assert_eq!(likeness(&fat, &thin(ARM64)), Likeness::Other);
}

#[test]
fn headers_that_lie_are_never_believed_and_never_panic() {
    for whole in [signed_windows(b"cert...."), signed_macos(ARM64, b"s"), fat_of(&[(ARM64, macos(ARM64))])] {
        for length in 0..whole.len() {
            let _ = codes(&whole[..length]);
        }
        for at in 0..whole.len().min(400) {
            let mut hostile = whole.clone();
            hostile[at] = 0xff;
            let _ = codes(&hostile);
            if let Some(four) = hostile.get_mut(at..at + 4) {
                four.fill(0xff);
                let _ = codes(&hostile);
            }
        }
    }
}
