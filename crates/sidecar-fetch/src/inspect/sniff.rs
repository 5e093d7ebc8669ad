//! What a file is, in words, from its first bytes: for the "found" line of an error, and to tell archives that cannot
//! be unpacked.

/// How many bytes of a file [`what`] wants to see: enough for the tar magic and for the start of an HTML page.
pub(crate) const HEAD: usize = 512;

/// What can be done with a kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A program for some system.
    Program,
    /// An archive or a compressed stream that [`unpack`](crate::unpack) reads.
    Packed,
    /// An archive, installer or package that it does not read.
    Foreign,
    /// Something else.
    Other,
}

/// Magic bytes: their offset, the bytes, what they announce, in words. The first that fits wins. Sources: the formats'
/// own specifications, as collected in file(1)'s magic database.
const MAGIC: &[(usize, &[u8], &str, Role)] = &[
    (0, b"\x7fELF", "an ELF file", Role::Program),
    (0, b"MZ", "a Windows or DOS program", Role::Program),
    (0, b"\xcf\xfa\xed\xfe", "a Mach-O file", Role::Program),
    (0, b"\xce\xfa\xed\xfe", "a Mach-O file", Role::Program),
    (0, b"\xfe\xed\xfa\xcf", "a big-endian Mach-O file", Role::Program),
    (0, b"\xfe\xed\xfa\xce", "a big-endian Mach-O file", Role::Program),
    (0, b"\xca\xfe\xba\xbe\0\0\0", "a fat Mach-O file or Java class", Role::Program),
    (0, b"\xca\xfe\xba\xbf\0\0\0", "a fat Mach-O file", Role::Program),
    (0, b"#!", "a script", Role::Program),
    (0, b"\x1f\x8b", "gzip data", Role::Packed),
    (0, b"\xfd7zXZ\0", "xz data", Role::Packed),
    (0, b"\x28\xb5\x2f\xfd", "zstd data", Role::Packed),
    (0, b"BZh", "bzip2 data", Role::Packed),
    (0, b"PK\x03\x04", "a zip archive", Role::Packed),
    (0, b"PK\x05\x06", "an empty zip archive", Role::Packed),
    (257, b"ustar", "a tar archive", Role::Packed),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", Role::Foreign),
    (0, b"Rar!\x1a\x07", "a RAR archive", Role::Foreign),
    (0, b"xar!", "a macOS installer package", Role::Foreign),
    (0, b"!<arch>\ndebian", "a Debian package", Role::Foreign),
    (0, b"!<arch>\n", "a static library", Role::Foreign),
    (0, b"\xed\xab\xee\xdb", "an RPM package", Role::Foreign),
    (0, b"MSCF", "a cabinet archive", Role::Foreign),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Windows installer (MSI)", Role::Foreign),
    (0, b"LZIP", "lzip data", Role::Foreign),
    (0, b"\x1f\x9d", "compress (.Z) data", Role::Foreign),
    (0, b"\x04\x22\x4d\x18", "LZ4 data", Role::Foreign),
    (0, b"hsqs", "a squashfs image", Role::Foreign),
    (0, b"\0asm", "a WebAssembly module", Role::Other),
    (0, b"BC\xc0\xde", "LLVM bitcode", Role::Other),
    (0, b"version https://git-lfs", "a Git LFS pointer", Role::Other),
    (0, b"-----BEGIN ", "a PEM text", Role::Other),
    (0, b"<?xml", "an XML document", Role::Other),
];

/// What the first bytes of a file say it is. `head` may be shorter than [`HEAD`] where the file is.
pub(crate) fn what(head: &[u8]) -> (&'static str, Role) {
    let known = MAGIC.iter().find(|(at, magic, ..)| head.get(*at..).is_some_and(|h| h.starts_with(magic)));
    match known {
        Some((.., words, role)) => (words, *role),
        None => (text(head), Role::Other),
    }
}

/// The words for a file without magic bytes.
fn text(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return "an empty file";
    }
    if head.iter().all(|b| *b == 0) {
        return "zeros";
    }
    let text = String::from_utf8_lossy(head);
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        "an HTML page"
    } else if start.starts_with(['{', '[']) && start.contains('"') {
        "a JSON document"
    } else if head.iter().all(|b| !b.is_ascii_control() || b.is_ascii_whitespace()) {
        "a text"
    } else {
        "data of an unknown kind"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_have_words() {
        let cases: [(&[u8], &str); 9] = [
            (b"", "an empty file"),
            (b"\n<!DOCTYPE html><html>", "an HTML page"),
            (b"{\"message\": \"Not Found\"}", "a JSON document"),
            (b"Not Found", "a text"),
            (b"\x01\x02\x03", "data of an unknown kind"),
            (b"\0\0\0\0", "zeros"),
            (b"\x1f\x8b\x08", "gzip data"),
            (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
            (b"!<arch>\ndebian-binary", "a Debian package"),
        ];
        for (head, words) in cases {
            assert_eq!(what(head).0, words);
        }
    }

    #[test]
    fn tar_magic_lies_deep_in_the_head() {
        let mut head = vec![b'x'; HEAD];
        head[257..262].copy_from_slice(b"ustar");
        assert_eq!(what(&head), ("a tar archive", Role::Packed));
        assert_eq!(what(&head[..260]).0, "a text");
    }
}
