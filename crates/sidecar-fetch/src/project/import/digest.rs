//! Digests as other tools pin them.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use crate::error::Error;
use crate::fsx;
use crate::hash::{BUFFER, Sha256};

/// A digest that another tool pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project) enum Digest {
    Sha256(Sha256),
    /// Checked once; the lock knows SHA-256 only.
    Sha512([u8; 64]),
    /// Checked once; the lock knows SHA-256 only.
    Blake3([u8; 32]),
}

impl Digest {
    /// The algorithms that are known, as the files name them.
    pub(super) const ALGORITHMS: [&'static str; 3] = ["sha256", "sha512", "blake3"];

    /// Reads hexadecimal digits; `None` for another algorithm, another length, or other characters.
    pub(super) fn parse(algorithm: &str, digits: &str) -> Option<Self> {
        match algorithm {
            "sha256" => digits.parse().ok().map(Self::Sha256),
            "sha512" => bytes(digits).map(Self::Sha512),
            "blake3" => bytes(digits).map(Self::Blake3),
            _ => None,
        }
    }

    /// The SHA-256, where it is one.
    pub(in crate::project) fn sha256(&self) -> Option<Sha256> {
        match self {
            Self::Sha256(sha256) => Some(*sha256),
            Self::Sha512(_) | Self::Blake3(_) => None,
        }
    }

    /// The digest that a file has by the same algorithm.
    pub(in crate::project) fn of_file(self, path: &Path) -> Result<Self, Error> {
        Ok(match self {
            Self::Sha256(_) => Self::Sha256(crate::hash::of_file(path)?.0),
            Self::Sha512(_) => {
                let mut state = ring::digest::Context::new(&ring::digest::SHA512);
                each_part(path, |part| state.update(part))?;
                let mut out = [0; 64];
                out.copy_from_slice(state.finish().as_ref());
                Self::Sha512(out)
            }
            Self::Blake3(_) => {
                let mut state = blake3::Hasher::new();
                each_part(path, |part| {
                    state.update(part);
                })?;
                Self::Blake3(*state.finalize().as_bytes())
            }
        })
    }

    /// The algorithm's name.
    pub(in crate::project) fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha512(_) => "sha512",
            Self::Blake3(_) => "blake3",
        }
    }
}

/// `sha256 9f2c41…`.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.algorithm())?;
        let bytes: &[u8] = match self {
            Self::Sha256(sha256) => return write!(f, "{sha256}"),
            Self::Sha512(bytes) => bytes,
            Self::Blake3(bytes) => bytes,
        };
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    if digits.len() != 2 * N || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut out = [0; N];
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(out)
}

fn each_part(path: &Path, mut act: impl FnMut(&[u8])) -> Result<(), Error> {
    let mut file = fsx::open(path)?;
    let mut part = vec![0; BUFFER];
    loop {
        match file.read(&mut part).map_err(|e| fsx::failed("read", path, &e))? {
            0 => return Ok(()),
            count => act(&part[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_of_a_file_are_those_of_the_algorithms() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("abc");
        fsx::write(&path, "abc").unwrap();
        for (algorithm, digits) in [
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "sha512",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            ("blake3", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"),
        ] {
            let digest = Digest::parse(algorithm, digits).unwrap();
            assert_eq!(digest.of_file(&path).unwrap(), digest);
            assert_eq!(digest.to_string(), format!("{algorithm} {digits}"));
            assert_eq!(Digest::parse(algorithm, &digits.to_ascii_uppercase()), Some(digest));
            assert_ne!(
                digest.of_file(&dir.path().join("abc")).unwrap(),
                Digest::parse(algorithm, &digits.replace('a', "b")).unwrap()
            );
        }
    }

    #[test]
    fn what_is_no_digest_is_none() {
        for (algorithm, digits) in [
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d".to_owned()),
            ("blake3", "00".to_owned()),
            ("blake3", "x".repeat(64)),
            ("blake3", "é".repeat(32)),
            ("sha512", "0".repeat(64)),
            ("sha256", String::new()),
        ] {
            assert_eq!(Digest::parse(algorithm, &digits), None, "{algorithm} {digits}");
        }
    }
}
