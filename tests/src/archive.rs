//! Archives as releases hold them, made in memory.

use std::io::{Cursor, Write as _};

/// A file in an archive: path and content. A path that ends in `/` is a directory.
pub type Member<'a> = (&'a str, &'a [u8]);

/// A `.tar.gz`. Paths are written as they are given, honest or not.
///
/// # Panics
///
/// Never for paths under 100 bytes.
pub fn tar_gz(members: &[Member<'_>]) -> Vec<u8> {
    gzip(&tar(members))
}

/// A `.zip` as Windows tools write it: deflated, without modes.
///
/// # Panics
///
/// Where the zip crate refuses a path.
pub fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in members {
        let options = zip::write::SimpleFileOptions::default();
        let done = out
            .start_file(*path, options)
            .map_err(std::io::Error::other)
            .and_then(|()| out.write_all(content));
        done.unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    out.finish().unwrap_or_else(|e| panic!("{e}")).into_inner()
}

/// [`tar_gz`] with symbolic links behind the files: path, and what the link says.
///
/// # Panics
///
/// Never for paths under 100 bytes.
pub fn tar_gz_with_links(members: &[Member<'_>], links: &[(&str, &str)]) -> Vec<u8> {
    let mut out = unfinished_tar(members);
    for (path, to) in links {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.as_old_mut().linkname[..to.len()].copy_from_slice(to.as_bytes());
        header.set_size(0);
        header.set_mode(0o777);
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_cksum();
        out.append(&header, std::io::empty()).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    gzip(&out.into_inner().unwrap_or_else(|e| panic!("{e}")))
}

/// A `.zip` as Unix tools write it: with modes, here 0644, and symbolic links behind the files.
///
/// # Panics
///
/// Where the zip crate refuses a path.
pub fn zip_with_links(members: &[Member<'_>], links: &[(&str, &str)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o644);
    for (path, content) in members {
        let done = out
            .start_file(*path, options)
            .map_err(std::io::Error::other)
            .and_then(|()| out.write_all(content));
        done.unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    for (path, to) in links {
        out.add_symlink(*path, *to, options).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    out.finish().unwrap_or_else(|e| panic!("{e}")).into_inner()
}

/// A bare `.gz` of one file.
///
/// # Panics
///
/// Never: it writes to memory.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(content).and_then(|()| out.finish()).unwrap_or_else(|e| panic!("{e}"))
}

fn tar(members: &[Member<'_>]) -> Vec<u8> {
    unfinished_tar(members).into_inner().unwrap_or_else(|e| panic!("{e}"))
}

fn unfinished_tar(members: &[Member<'_>]) -> tar::Builder<Vec<u8>> {
    let mut out = tar::Builder::new(Vec::new());
    for (path, content) in members {
        let mut header = tar::Header::new_gnu();
        // Not `set_path`, which refuses the paths that a hostile archive has.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        header.set_entry_type(if path.ends_with('/') {
            tar::EntryType::Directory
        } else {
            tar::EntryType::Regular
        });
        header.set_cksum();
        out.append(&header, *content).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    out
}
