//! The integrity hash of npm registries: Subresource Integrity with SHA-512.

use std::fmt;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Kind};
use crate::fsx;

/// What vouches for a file that this hash proved.
pub(crate) const PROVENANCE: &str = "npm-integrity";

/// A SHA-512 digest.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Integrity([u8; 64]);

impl Integrity {
    /// The SHA-512 hash of `sha512-<base64>`, which may stand among hashes of other algorithms. A registry that has only
    /// SHA-1 for an old version proves nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let hashes = text.split_whitespace().filter_map(|word| word.strip_prefix("sha512-"));
        // Behind `?` stand options, of which none is defined.
        let encoded = hashes.map(|hash| hash.split('?').next().unwrap_or(hash));
        encoded.filter_map(|hash| STANDARD.decode(hash).ok()?.try_into().ok()).map(Self).next()
    }

    /// Compares it with a downloaded file. On a difference the file is removed.
    pub(crate) fn check(&self, path: &Path, asset: &str) -> Result<(), Error> {
        let mut file = fsx::open(path)?;
        let mut context = ring::digest::Context::new(&ring::digest::SHA512);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = file.read(&mut buffer).map_err(|e| fsx::failed("read", path, &e))?;
            if read == 0 {
                break;
            }
            context.update(&buffer[..read]);
        }
        let mut found = [0; 64];
        found.copy_from_slice(context.finish().as_ref());
        let found = Self(found);
        if found == *self {
            return Ok(());
        }
        drop(file);
        fsx::remove_file(path)?;
        Err(Error::new(
            Kind::ChecksumMismatch,
            format!("`{asset}` does not have the registry's integrity hash"),
        )
        .fact("expected", self)
        .fact("received", format!("{found} (deleted, nothing was locked)"))
        .help("try again; where a mirror stands between, ask its operator"))
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha512-{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `abc` (FIPS 180-2, C.1).
    const ABC: &str =
        "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";

    #[test]
    fn sha_512_is_found_among_others() {
        let one = Integrity::parse(ABC).unwrap();
        assert_eq!(one.to_string(), ABC);
        assert_eq!(Integrity::parse(&format!("sha1-AAAA {ABC}?x")), Some(one));
        for text in ["", "sha1-AAAA", "sha512-", "sha512-AAAA", "sha512-!!!", "sha256-x"] {
            assert_eq!(Integrity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_that_differs_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fsx::write(&path, "abc").unwrap();
        let integrity = Integrity::parse(ABC).unwrap();
        integrity.check(&path, "a.tgz").unwrap();
        fsx::write(&path, "abd").unwrap();
        let error = integrity.check(&path, "a.tgz").unwrap_err();
        assert_eq!(error.kind(), Kind::ChecksumMismatch);
        assert!(error.to_string().contains(ABC) && !path.exists(), "{error}");
    }
}
