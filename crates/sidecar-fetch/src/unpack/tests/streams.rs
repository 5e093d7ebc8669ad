use super::*;
use flate2::write::GzEncoder;
use std::io::Write;

pub(in super::super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(in super::super) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(in super::super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(in super::super) fn xz(bytes: &[u8]) -> Vec<u8> {
    xz_with(bytes, |_| {})
}

fn xz_with(bytes: &[u8], set: impl Fn(&mut lzma_rust2::XzOptions)) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(0);
    set(&mut options);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

type Encoder = fn(&[u8]) -> Vec<u8>;

const ALL: [(&str, Encoder, Compression); 4] = [
    ("gz", gzip, Compression::Gzip),
    ("xz", xz, Compression::Xz),
    ("zst", zstd, Compression::Zstd),
    ("bz2", bzip2, Compression::Bzip2),
];

#[test]
fn single_files_come_out_as_they_went_in() {
    for (ending, encode, compression) in ALL {
        for length in [0, 1, 70_000, 300_000] {
            let asset = asset(&format!("tool-linux-amd64.{ending}"), &encode(&sample(length)));
            assert_eq!(asset.format(), Format::Single(compression));
            assert_eq!(asset.get("tool-linux-amd64").unwrap(), sample(length), "{ending} {length}");
            assert_eq!(asset.list().unwrap()[0].size, None);
        }
    }
}

#[test]
fn tars_are_found_in_every_compression_whatever_the_name() {
    let tar = super::tar::tar(&[("tool", b"x")]);
    for (ending, encode, compression) in ALL {
        for name in [format!("x.tar.{ending}"), format!("x.{ending}"), "x".to_owned()] {
            let asset = asset(&name, &encode(&tar));
            assert_eq!(asset.format(), Format::Tar(Some(compression)), "{name}");
            assert_eq!(asset.get("tool").unwrap(), b"x");
        }
    }
    assert_eq!(asset("x", &tar).format(), Format::Tar(None));
}

#[test]
fn bytes_go_before_names() {
    assert_eq!(asset("x.tar.gz", &super::zip::zip(&[("tool", b"x")])).format(), Format::Zip);
    assert_eq!(asset("tool.jar", &super::zip::zip(&[("A.class", b"x")])).format(), Format::Raw);
    assert_eq!(asset("ttyd.x86_64", b"\x7fELF\x02\x01\x01").format(), Format::Raw);
    let raw = asset("git-crypt-0.8.0-linux-x86_64", b"\x7fELF");
    assert_eq!(raw.get("git-crypt-0.8.0-linux-x86_64").unwrap(), b"\x7fELF");
    assert_eq!(raw.paths(), ["git-crypt-0.8.0-linux-x86_64"]);
    fails(raw.get("other"), Kind::MemberNotFound, "git-crypt");
}

#[test]
fn what_is_no_archive_is_said_in_words() {
    fails(asset("x.tar.gz", b"<!DOCTYPE html><html>").list(), Kind::ArchiveCorrupt, "an HTML page");
    fails(asset("x.zip", b"").list(), Kind::ArchiveCorrupt, "an empty file");
    fails(asset("x.7z", b"7z\xbc\xaf\x27\x1c").list(), Kind::Unsupported, "a 7z archive");
    fails(asset("x.deb", b"!<arch>\ndebian-binary").list(), Kind::Unsupported, "a Debian package");
    fails(asset("x.tar.gz", &gzip(b"no tar")).list(), Kind::ArchiveCorrupt, "x.tar.gz");
}

#[test]
fn concatenated_streams_are_read_as_one() {
    for (ending, encode, _) in ALL {
        let mut bytes = [encode(b"one"), encode(b""), encode(b"two")].concat();
        let name = format!("tool.{ending}");
        assert_eq!(asset(&name, &bytes).get("tool").unwrap(), b"onetwo", "{ending}");
        bytes.extend([0; 8]);
        assert_eq!(asset(&name, &bytes).get("tool").unwrap(), b"onetwo", "{ending} with padding");
        bytes.extend(b"garbage");
        fails(asset(&name, &bytes).get("tool"), Kind::ArchiveCorrupt, "at byte");
    }
}

#[test]
fn zstd_frames_without_data_are_skipped() {
    let skippable = [&0x184d_2a53_u32.to_le_bytes()[..], &4_u32.to_le_bytes(), b"size"].concat();
    let bytes = [&skippable[..], &zstd(b"one"), &skippable, &zstd(b"two")].concat();
    assert_eq!(asset("tool.zst", &bytes).get("tool").unwrap(), b"onetwo");
    fails(asset("tool.zst", &skippable[..10]).get("tool"), Kind::ArchiveCorrupt, "too early");
}

#[test]
fn every_check_and_filter_of_xz_is_read() {
    use lzma_rust2::{CheckType, FilterConfig};
    let code = sample(100_000);
    for check in [CheckType::None, CheckType::Crc32, CheckType::Crc64, CheckType::Sha256] {
        let bytes = xz_with(&code, |options| options.set_check_sum_type(check));
        assert_eq!(asset("tool.xz", &bytes).get("tool").unwrap(), code, "{check:?}");
    }
    let filters = [
        FilterConfig::new_delta(3),
        FilterConfig::new_bcj_x86(0),
        FilterConfig::new_bcj_arm(0),
        FilterConfig::new_bcj_arm64(0),
        FilterConfig::new_bcj_ppc(0),
        FilterConfig::new_bcj_sparc(0),
        FilterConfig::new_bcj_arm_thumb(0),
        FilterConfig::new_bcj_ia64(0),
        FilterConfig::new_bcj_risc_v(0),
    ];
    for filter in filters {
        let bytes = xz_with(&code, |options| options.prepend_pre_filter(filter.filter_type, filter.property));
        assert_eq!(asset("tool.xz", &bytes).get("tool").unwrap(), code, "{:?}", filter.filter_type);
    }
    let blocks = xz_with(&code, |options| options.set_block_size(std::num::NonZeroU64::new(30_000)));
    assert_eq!(asset("tool.xz", &blocks).get("tool").unwrap(), code);
}

#[test]
fn every_changed_bit_of_an_xz_file_is_noticed() {
    let whole = xz_with(b"some bytes, and some bytes again", |options| {
        options.set_check_sum_type(lzma_rust2::CheckType::Sha256);
    });
    for bit in 48..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(asset("tool.xz", &bytes).get("tool").is_err(), "bit {bit}");
    }
}

#[test]
fn a_cut_stream_is_damaged_wherever_it_is_cut() {
    for (ending, encode, _) in ALL {
        let bytes = encode(&sample(3000));
        for at in 6..bytes.len() {
            fails(
                asset(&format!("tool.{ending}"), &bytes[..at]).get("tool"),
                Kind::ArchiveCorrupt,
                "damaged",
            );
        }
    }
}

#[test]
fn bombs_stop_at_the_ceiling() {
    assert_eq!((ceiling(0), ceiling(1 << 30)), (512 << 20, 20 << 30));
    let mut data = Metered::new(io::repeat(0), 1 << 20);
    let error = io::copy(&mut data, &mut io::sink()).unwrap_err();
    assert_eq!(fault::read(&error).kind(), Kind::ArchiveTooLarge);
    let bomb = asset("tool.gz", &gzip(&vec![0; 4 << 20]));
    fails(bomb.get_limited("tool", 1 << 20), Kind::ArchiveTooLarge, "1048576 bytes");
}

#[test]
fn a_dictionary_beyond_the_limit_is_refused_before_it_is_allocated() {
    let bytes = xz_with(b"x", |options| options.lzma_options.dict_size = 1 << 30);
    fails(asset("tool.xz", &bytes).get("tool"), Kind::ArchiveCorrupt, "dictionary of 1024 mib");
}

#[test]
fn a_sink_that_fails_is_not_the_archives_fault() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let asset = asset("tool.gz", &gzip(b"x"));
    let mut wishes = [Extract { path: "tool", limit: 9, sink: &mut Full }];
    let result = Archive::open(&asset.path(), "tool.gz").unwrap().extract(&mut wishes);
    fails(result, Kind::Io, "cannot write the member `tool`");
}
