use super::*;
use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use std::io::Cursor;

/// A zip of files, each 0755 and deflated.
pub(in super::super) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(files, SimpleFileOptions::default().unix_permissions(0o755))
}

fn zip_with(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        writer.start_file(*path, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A stored entry and its central record, written by hand, to be bent by `bend` (local header, central record).
fn by_hand(entries: &[(&[u8], &[u8])], bend: impl Fn(usize, &mut Vec<u8>, &mut Vec<u8>)) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (index, (name, bytes)) in entries.iter().enumerate() {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let offset = u32::try_from(out.len()).unwrap().to_le_bytes();
        let crc = crc.sum().to_le_bytes();
        let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &crc, &size, &size, &length, &[0, 0]].concat();
        let mut local = [b"PK\x03\x04", &common[..], name].concat();
        let mut central = [
            b"PK\x01\x02\x14\x03",
            &common[..],
            &[0; 6],
            &(0o100_755_u32 << 16).to_le_bytes(),
            &offset,
            name,
        ]
        .concat();
        bend(index, &mut local, &mut central);
        out.extend(local);
        out.extend_from_slice(bytes);
        directory.extend(central);
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let offset = u32::try_from(out.len()).unwrap().to_le_bytes();
    out.extend(directory);
    out.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &offset, &[0, 0]].concat());
    out
}

#[test]
fn files_come_out_as_they_went_in() {
    let big = sample(200_000);
    let files = [("dir/tool", &big[..]), ("dir/empty", b""), ("other.exe", b"MZ")];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let options = SimpleFileOptions::default().compression_method(method).unix_permissions(0o755);
        for options in [options, options.large_file(true)] {
            let asset = asset("x.zip", &zip_with(&files, options));
            assert_eq!(asset.paths(), ["dir/tool", "dir/empty", "other.exe"]);
            for (path, bytes) in files {
                assert_eq!(asset.get(path).unwrap(), bytes);
            }
        }
    }
    let asset = asset("x.zip", &zip(&files));
    // Where zip's maker runs on Windows it writes no mode.
    assert_eq!(asset.list().unwrap()[0].executable, cfg!(unix));
    fails(asset.get("tool"), Kind::MemberNotFound, "members  dir/tool, dir/empty, other.exe");
}

#[test]
fn streamed_zips_with_data_descriptors_are_read() {
    let mut writer = ZipWriter::new_stream(Vec::new());
    writer.start_file("tool", SimpleFileOptions::default()).unwrap();
    writer.write_all(&sample(5000)).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(asset("x.zip", &bytes).get("tool").unwrap(), sample(5000));
    assert_eq!(asset("x.zip", &bytes).paths(), ["tool"]);
}

#[test]
fn more_entries_than_sixteen_bits_count_need_zip64_and_are_read() {
    let names: Vec<String> = (0..66_000).map(|i| format!("f{i}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|n| (&n[..], &b""[..])).collect();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let asset = asset("x.zip", &zip_with(&files, options));
    assert_eq!(asset.paths().len(), 66_000);
    assert_eq!(asset.get("f65999").unwrap(), b"");
}

#[test]
fn bytes_in_front_of_the_archive_and_a_comment_behind_are_fine() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.set_comment("PK\u{5}\u{6} is not the end").unwrap();
    writer.start_file("tool", SimpleFileOptions::default()).unwrap();
    writer.write_all(b"x").unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let mut moved = bytes.clone();
    moved.splice(0..0, *b"PK\x03\x04 not an entry, just bytes");
    for bytes in [bytes, moved] {
        let asset = asset("x.zip", &bytes);
        assert_eq!(asset.paths(), ["tool"]);
        assert_eq!(asset.get("tool").unwrap(), b"x");
    }
}

#[test]
fn an_archive_with_a_path_that_leaves_it_is_refused_whole() {
    for name in [
        &b"../evil"[..],
        b"/etc/passwd",
        b"a/../../evil",
        b"C:\\evil",
        b"..\\evil",
        b"\\\\host\\evil",
        b"a\0b",
    ] {
        let bytes = by_hand(&[(b"tool", b"x"), (name, b"x")], |_, _, _| {});
        fails(asset("x.zip", &bytes).list(), Kind::ArchiveUnsafe, "not safe to unpack");
        fails(asset("x.zip", &bytes).get("tool"), Kind::ArchiveUnsafe, "x.zip");
    }
}

#[test]
fn backslashes_of_windows_zips_separate() {
    let bytes = by_hand(&[(b"net10.0\\GarnetServer.exe", b"MZ")], |_, _, _| {});
    assert_eq!(asset("x.zip", &bytes).get("net10.0/GarnetServer.exe").unwrap(), b"MZ");
}

#[test]
fn modes_say_what_an_entry_is_where_there_are_modes() {
    for (made_by, attributes, kind, executable) in [
        (3_u8, 0o100_755_u32 << 16, EntryKind::File, true),
        (3, 0o100_644 << 16, EntryKind::File, false),
        (3, 0o120_777 << 16, EntryKind::Link, false),
        (19, 0o040_755 << 16, EntryKind::Directory, false),
        (3, 0o010_644 << 16, EntryKind::Other, false),
        (3, 0, EntryKind::File, true),
        (0, 0x20, EntryKind::File, true),
        (0, 0x10, EntryKind::Directory, false),
        (0, 0x400, EntryKind::Link, false),
    ] {
        let bytes = by_hand(&[(b"tool.exe", b"MZ")], |_, _, central| {
            central[5] = made_by;
            central[38..42].copy_from_slice(&attributes.to_le_bytes());
        });
        let entry = asset("x.zip", &bytes).list().unwrap().remove(0);
        assert_eq!((entry.kind, entry.executable), (kind, executable), "{made_by} {attributes:o}");
        if kind == EntryKind::Link {
            fails(asset("x.zip", &bytes).get("tool.exe"), Kind::MemberNotFound, "is a link");
        }
    }
}

#[test]
fn a_local_header_that_disagrees_is_refused() {
    let bends: [(usize, &str); 6] =
        [(8, "method"), (6, "encrypted"), (14, "checksum"), (18, "packed"), (22, "size"), (30, "name")];
    for (at, what) in bends {
        let bytes = by_hand(&[(b"tool", b"data"), (b"next", b"x")], |index, local, _| {
            local[at] ^= u8::from(index == 0);
        });
        fails(asset("x.zip", &bytes).list(), Kind::ArchiveUnsafe, "local header");
        assert!(asset("x.zip", &bytes).get("tool").is_err(), "{what}");
    }
    let bytes = by_hand(&[(b"tool", b"data")], |_, local, _| local[0] = 0);
    // The file does not begin as a zip any more; its name still says so.
    fails(asset("x.zip", &bytes).list(), Kind::ArchiveCorrupt, "name promises");
}

#[test]
fn overlapping_entries_are_refused() {
    let bytes = by_hand(&[(b"a", b"data"), (b"a", b"data")], |index, _, central| {
        if index == 1 {
            central[42..46].fill(0);
        }
    });
    fails(asset("x.zip", &bytes).list(), Kind::ArchiveUnsafe, "overlaps");
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    let bytes = by_hand(&[(b"tool", b"1"), (b"./tool", b"2")], |_, _, _| {});
    fails(asset("x.zip", &bytes).get("tool"), Kind::ArchiveUnsafe, "more than once");
}

#[test]
fn wrong_sizes_and_checksums_are_damage() {
    for at in [16, 24] {
        let bytes = by_hand(&[(b"tool", b"data")], |_, local, central| {
            central[at] ^= 1;
            local[at - 2] ^= 1;
        });
        fails(asset("x.zip", &bytes).get("tool"), Kind::ArchiveCorrupt, "size and checksum");
    }
    let mut bytes = zip(&[("tool", &sample(5000))]);
    bytes[60] ^= 1;
    fails(asset("x.zip", &bytes).get("tool"), Kind::ArchiveCorrupt, "x.zip");
}

#[test]
fn what_is_not_read_is_named() {
    for (method, words) in [(12_u8, "bzip2"), (93, "zstd"), (9, "deflate64"), (95, "xz"), (77, "method 77")] {
        let bytes = by_hand(&[(b"tool", b"data"), (b"plain", b"x")], |index, local, central| {
            if index == 0 {
                local[8] = method;
                central[10] = method;
            }
        });
        fails(asset("x.zip", &bytes).get("tool"), Kind::Unsupported, words);
        assert_eq!(asset("x.zip", &bytes).get("plain").unwrap(), b"x");
    }
    let encrypted = by_hand(&[(b"tool", b"data")], |_, local, central| {
        local[6] = 1;
        central[8] = 1;
    });
    fails(asset("x.zip", &encrypted).get("tool"), Kind::Unsupported, "encrypted");
    let mut volumes = zip(&[("tool", b"x")]);
    let at = volumes.len() - 22 + 4;
    volumes[at] = 1;
    fails(asset("x.zip", &volumes).list(), Kind::Unsupported, "volume");
}

#[test]
fn bombs_are_refused_by_what_they_claim_and_by_what_they_are() {
    let claims = by_hand(&[(b"a", b"x"), (b"b", b"x")], |_, local, central| {
        local[22..26].copy_from_slice(&[0, 0, 0, 0x7f]);
        central[24..28].copy_from_slice(&[0, 0, 0, 0x7f]);
    });
    fails(asset("x.zip", &claims).list(), Kind::ArchiveTooLarge, "4064 MiB");
    fails(asset("x.zip", &claims).get_limited("a", 1 << 20), Kind::ArchiveTooLarge, "1048576 bytes");
    let mut lies = zip(&[("a", &vec![0; 1 << 20])]);
    // Both headers claim one byte.
    let directory = lies.len() - 22 - 46 - 1;
    lies[22..26].copy_from_slice(&[1, 0, 0, 0]);
    lies[directory + 24..directory + 28].copy_from_slice(&[1, 0, 0, 0]);
    fails(asset("x.zip", &lies).get_limited("a", 1000), Kind::ArchiveTooLarge, "1000 bytes");
}

#[test]
fn a_directory_that_lies_elsewhere_is_damage() {
    let bytes = zip(&[("tool", b"x")]);
    let end = bytes.len() - 22;
    for (at, value) in [(12, 0xff_u8), (16, 0xff), (10, 9), (8, 9)] {
        let mut bent = bytes.clone();
        bent[end + at] = value;
        assert!(asset("x.zip", &bent).list().is_err(), "{at}");
    }
    let mut fewer = by_hand(&[(b"a", b"x"), (b"b", b"x")], |_, _, _| {});
    let end = fewer.len() - 22;
    (fewer[end + 8], fewer[end + 10]) = (1, 1);
    fails(asset("x.zip", &fewer).list(), Kind::ArchiveUnsafe, "more than it says");
}

#[test]
fn a_cut_archive_is_damaged_wherever_it_is_cut() {
    let bytes = zip(&[("first", &sample(300)), ("tool", &sample(600))]);
    for at in 4..bytes.len() {
        fails(asset("x.zip", &bytes[..at]).list(), Kind::ArchiveCorrupt, "x.zip");
    }
}

#[test]
fn links_say_where_they_lead() {
    let options = SimpleFileOptions::default();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("d/lib/x.so.1", options).unwrap();
    writer.write_all(b"x").unwrap();
    for (path, to) in [("d/lib/x.so", "x.so.1"), ("d/out", "../../etc/passwd"), ("d/long", &"x".repeat(5000))]
    {
        writer.add_symlink(path, to, options).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let leads: Vec<_> =
        asset("x.zip", &bytes).list().unwrap().into_iter().map(|e| (e.kind, e.leads_to)).collect();
    assert_eq!(
        leads,
        [
            (EntryKind::File, None),
            (EntryKind::Link, Some("d/lib/x.so.1".to_owned())),
            (EntryKind::Link, None),
            (EntryKind::Link, None),
        ]
    );
}

#[test]
fn a_link_that_cannot_be_read_leads_nowhere() {
    let bytes = by_hand(&[(b"x", b"y")], |_, local, central| {
        // Compressed in a way that is not read, and marked as a link.
        local[8] = 12;
        central[10] = 12;
        central[38..42].copy_from_slice(&(0o120_777_u32 << 16).to_le_bytes());
    });
    let entries = asset("x.zip", &bytes).list().unwrap();
    assert_eq!((entries[0].kind, &entries[0].leads_to), (EntryKind::Link, &None));
}
