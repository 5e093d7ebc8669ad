use super::*;
use ::tar::{Builder, EntryType, Header};
use std::fmt::Write as _;

/// A tar of files, each 0755.
pub(in super::super) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, bytes) in files {
        builder.append_data(&mut header(EntryType::Regular, bytes.len()), path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn header(kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_size(size as u64);
    header.set_cksum();
    header
}

/// An entry with a header written by hand: the `tar` crate refuses to write hostile names.
fn raw(name: &[u8], kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut header = header(EntryType::new(kind), bytes.len());
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn pax(kind: u8, records: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let length = (1..4).map(|digits| rest + digits).find(|n| n.to_string().len() + rest == *n).unwrap();
        writeln!(text, "{length} {key}={value}").unwrap();
    }
    raw(b"PaxHeaders/x", kind, text.as_bytes())
}

fn end(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = parts.concat();
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn files_come_out_as_they_went_in() {
    let big = sample(200_000);
    let asset = asset("x.tar", &tar(&[("./dir/tool", b"one"), ("dir/big", &big), ("dir/empty", b"")]));
    assert_eq!(asset.paths(), ["dir/tool", "dir/big", "dir/empty"]);
    assert_eq!(asset.get("dir/tool").unwrap(), b"one");
    assert_eq!(asset.get("dir/big").unwrap(), big);
    assert_eq!(asset.get("dir/empty").unwrap(), b"");
    assert!(asset.list().unwrap()[0].executable);
}

#[test]
fn several_members_come_out_in_one_pass() {
    let asset = asset("x.tar", &tar(&[("a", b"1"), ("b", b"2"), ("c", b"3")]));
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let mut wishes = [
        Extract { path: "c", limit: 1, sink: &mut first },
        Extract { path: "a", limit: 1, sink: &mut second },
    ];
    Archive::open(&asset.path(), "x.tar").unwrap().extract(&mut wishes).unwrap();
    assert_eq!((first, second), (b"3".to_vec(), b"1".to_vec()));
    fails(asset.get("d"), Kind::MemberNotFound, "members  a, b, c");
}

#[test]
fn long_names_of_gnu_and_pax_are_read() {
    let long = format!("{}/tool", "directory".repeat(30));
    assert_eq!(asset("x.tar", &tar(&[(&long, b"gnu")])).get(&long).unwrap(), b"gnu");
    let pax = end(&[&pax(b'x', &[("path", "pax/tool"), ("mtime", "1.5")]), &raw(b"short", b'0', b"pax")]);
    assert_eq!(asset("x.tar", &pax).get("pax/tool").unwrap(), b"pax");
    let mut ustar = Header::new_ustar();
    ustar.set_path(format!("{}/tool", "d".repeat(120))).unwrap();
    ustar.set_size(0);
    ustar.set_cksum();
    let ustar = end(&[ustar.as_bytes()]);
    assert_eq!(asset("x.tar", &ustar).paths(), [format!("{}/tool", "d".repeat(120))]);
}

#[test]
fn a_pax_size_goes_before_the_headers() {
    let mut file = raw(b"tool", b'0', b"four");
    let mut header = Header::from_byte_slice(&file[..512]).clone();
    header.set_size(0);
    header.set_cksum();
    file[..512].copy_from_slice(header.as_bytes());
    let asset = asset("x.tar", &end(&[&pax(b'x', &[("size", "4")]), &file, &raw(b"next", b'0', b"n")]));
    assert_eq!(asset.get("tool").unwrap(), b"four");
    assert_eq!(asset.get("next").unwrap(), b"n");
}

#[test]
fn an_archive_with_a_path_that_leaves_it_is_refused_whole() {
    for name in [&b"../evil"[..], b"/etc/passwd", b"a/../../evil", b"C:evil", b"..\\evil", b"\\\\host\\evil"]
    {
        let bytes = end(&[&raw(b"tool", b'0', b"x"), &raw(name, b'0', b"x")]);
        fails(asset("x.tar", &bytes).list(), Kind::ArchiveUnsafe, "not safe to unpack");
    }
    let bytes = end(&[&pax(b'x', &[("path", "a\0b")]), &raw(b"tool", b'0', b"x")]);
    fails(asset("x.tar", &bytes).list(), Kind::ArchiveUnsafe, "NUL");
    let bytes = end(&[&raw(b"././@LongLink", b'L', b"../evil\0"), &raw(b"tool", b'0', b"x")]);
    fails(asset("x.tar", &bytes).get("tool"), Kind::ArchiveUnsafe, "`..`");
}

#[test]
fn links_and_devices_are_never_members() {
    for (kind, words) in
        [(b'1', "link"), (b'2', "link"), (b'3', "device"), (b'6', "device"), (b'5', "directory")]
    {
        // A link first, and then a file of the same name that would be written through it.
        let bytes = end(&[&raw(b"tool", kind, b""), &raw(b"tool", b'0', b"x")]);
        fails(asset("x.tar", &bytes).get("tool"), Kind::MemberNotFound, words);
        assert_ne!(asset("x.tar", &bytes).list().unwrap()[0].kind, EntryKind::File);
    }
    let bytes = end(&[&raw(b"link", b'2', b"data that some readers take for headers")]);
    fails(asset("x.tar", &bytes).list(), Kind::ArchiveUnsafe, "yet has data");
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    let twice = asset("x.tar", &tar(&[("tool", b"1"), ("tool", b"2"), ("other", b"3")]));
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let mut wishes =
        [Extract { path: "tool", limit: 9, sink: &mut a }, Extract { path: "other", limit: 9, sink: &mut b }];
    let result = Archive::open(&twice.path(), "x.tar").unwrap().extract(&mut wishes);
    fails(result, Kind::ArchiveUnsafe, "more than once");
    let described = end(&[
        &raw(b"././@LongLink", b'L', b"one\0"),
        &pax(b'x', &[("path", "two")]),
        &raw(b"tool", b'0', b"x"),
    ]);
    fails(asset("x.tar", &described).list(), Kind::ArchiveCorrupt, "described twice");
    let described = end(&[&pax(b'x', &[("a", "b")]), &pax(b'x', &[("a", "b")]), &raw(b"tool", b'0', b"x")]);
    fails(asset("x.tar", &described).list(), Kind::ArchiveCorrupt, "described twice");
}

#[test]
fn global_headers_may_comment_but_not_rename() {
    let honest = end(&[&pax(b'g', &[("comment", "9fceb02")]), &raw(b"tool", b'0', b"x")]);
    assert_eq!(asset("x.tar", &honest).get("tool").unwrap(), b"x");
    let hostile = end(&[&pax(b'g', &[("path", "tool")]), &raw(b"other", b'0', b"x")]);
    fails(asset("x.tar", &hostile).list(), Kind::ArchiveUnsafe, "every entry");
}

#[test]
fn sparse_files_are_listed_and_refused() {
    let records = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "bin/tool"),
        ("GNU.sparse.realsize", "8192"),
    ];
    let bytes = end(&[
        &pax(b'x', &records),
        &raw(b"GNUSparseFile.0/tool", b'0', b"1\n0\n1\n"),
        &raw(b"next", b'0', b"n"),
    ]);
    let pax = asset("x.tar", &bytes);
    fails(pax.get("bin/tool"), Kind::Unsupported, "is a sparse file");
    assert_eq!(pax.get("next").unwrap(), b"n");

    // The old form: the map goes on in blocks of its own, which the size does not count.
    let mut sparse = raw(b"tool", b'S', b"");
    let mut header = Header::from_byte_slice(&sparse).clone();
    header.as_mut_bytes()[482] = 1;
    header.set_cksum();
    sparse.copy_from_slice(header.as_bytes());
    let mut map = vec![0; 1024];
    map[504] = 1;
    let old = asset("x.tar", &end(&[&sparse, &map, &raw(b"next", b'0', b"n")]));
    assert_eq!(old.list().unwrap()[0].kind, EntryKind::Sparse);
    assert_eq!(old.get("next").unwrap(), b"n");
    fails(old.get("tool"), Kind::Unsupported, "plain `tar`");
}

#[test]
fn oversized_members_and_extensions_are_refused() {
    let asset_ = asset("x.tar", &tar(&[("tool", b"12345")]));
    fails(asset_.get_limited("tool", 4), Kind::ArchiveTooLarge, "more than 4 bytes");
    assert_eq!(asset_.get_limited("tool", 5).unwrap(), b"12345");
    let mut long = header(EntryType::GNULongName, 2 << 20);
    long.set_cksum();
    let bytes = end(&[long.as_bytes(), &vec![b'a'; 2 << 20]]);
    fails(asset("x.tar", &bytes).list(), Kind::ArchiveCorrupt, "longer than 1 MiB");
}

#[test]
fn too_many_entries_are_refused() {
    let one = raw(b"a", b'0', b"");
    let mut bytes = one.repeat(ENTRIES + 1);
    bytes.extend([0; 1024]);
    fails(asset("x.tar", &bytes).list(), Kind::ArchiveTooLarge, "100000 entries");
}

#[test]
fn a_cut_archive_is_damaged_wherever_it_is_cut() {
    let bytes = tar(&[("first", &sample(700)), ("tool", &sample(1500))]);
    for at in (1..2700).step_by(13) {
        let cut = asset("x.tar", &bytes[..at]);
        if at % 512 != 0 || at < 512 {
            assert!(cut.get("tool").is_err(), "{at}");
        }
        match cut.get("tool") {
            Ok(whole) => assert_eq!(whole, sample(1500)),
            Err(error) => {
                assert!(matches!(error.kind(), Kind::ArchiveCorrupt | Kind::MemberNotFound), "{at}: {error}");
            }
        }
    }
    fails(asset("x.tar", &bytes[..1600]).list(), Kind::ArchiveCorrupt, "after    first");
}

#[test]
fn headers_with_wrong_checksums_are_damage() {
    let mut bytes = tar(&[("first", b"1"), ("tool", b"2")]);
    bytes[1024] ^= 1;
    fails(asset("x.tar", &bytes).list(), Kind::ArchiveCorrupt, "checksum");
    fails(asset("x.tar", &[0; 1024]).list(), Kind::ArchiveCorrupt, "x.tar");
}

#[test]
fn the_tar_crate_reads_the_same() {
    let files: Vec<(String, Vec<u8>)> =
        (0..40).map(|i| (format!("{}dir/file{i}", "long/".repeat(i)), sample(i * 100))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(p, b)| (&p[..], &b[..])).collect();
    let bytes = tar(&files);
    let mut theirs = ::tar::Archive::new(&bytes[..]);
    let theirs: Vec<(String, u64)> = theirs
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.path().unwrap().to_str().unwrap().to_owned(), entry.size()))
        .collect();
    let ours = asset("x.tar", &bytes).list().unwrap();
    let ours: Vec<(String, u64)> = ours.into_iter().map(|e| (e.path, e.size.unwrap())).collect();
    assert_eq!(ours, theirs);
}

/// A link entry: kind as tar has it, where it stands, and what its header says.
fn link(kind: u8, name: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = raw(name, kind, b"");
    out[157..157 + to.len()].copy_from_slice(to);
    let mut header = Header::from_byte_slice(&out).clone();
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn leads(bytes: &[u8]) -> Vec<Option<String>> {
    asset("x.tar", bytes).list().unwrap().into_iter().map(|entry| entry.leads_to).collect()
}

#[test]
fn links_say_where_they_lead() {
    let file = raw(b"d/lib/x.so.1", b'0', b"x");
    let to = |path: &str| Some(path.to_owned());
    let short = [
        link(b'2', b"d/lib/x.so", b"x.so.1"),
        link(b'1', b"d/y", b"./d/lib/x.so.1"),
        link(b'2', b"d/z", b"../../x"),
    ];
    assert_eq!(
        leads(&end(&[&file, &short[0], &short[1], &short[2]])),
        [None, to("d/lib/x.so.1"), to("d/lib/x.so.1"), None]
    );
    let long = "l/".repeat(60) + "x";
    let mut named = long.clone().into_bytes();
    named.push(0);
    let gnu = [raw(b"././@LongLink", b'K', &named), link(b'2', b"d/a", b"l")].concat();
    let records = [pax(b'x', &[("linkpath", &long)]), link(b'2', b"d/b", b"l")].concat();
    assert_eq!(leads(&end(&[&gnu, &records])), [to(&format!("d/{long}")), to(&format!("d/{long}"))]);
}

#[test]
fn a_link_that_is_described_twice_is_refused() {
    let twice = [raw(b"x", b'K', b"a\0"), pax(b'x', &[("linkpath", "b")]), link(b'2', b"d", b"c")].concat();
    fails(asset("x.tar", &end(&[&twice])).list(), Kind::ArchiveCorrupt, "described twice");
}

#[test]
fn many_members_come_out_in_one_pass_whatever_their_order() {
    let names: Vec<String> = (0..500).map(|n| format!("d/{n}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    for (name, bytes) in [("x.tar", tar(&files)), ("x.zip", super::zip::zip(&files))] {
        let asset = asset(name, &bytes);
        let mut sinks = vec![Vec::new(); names.len()];
        let mut wanted: Vec<Extract<'_>> = sinks
            .iter_mut()
            .zip(names.iter().rev())
            .map(|(sink, path)| Extract { path, limit: 9, sink })
            .collect();
        Archive::open(&asset.path(), name).unwrap().extract(&mut wanted).unwrap();
        assert!(sinks.iter().zip(names.iter().rev()).all(|(bytes, path)| *bytes == path.as_bytes()));
    }
}
