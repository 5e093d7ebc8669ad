//! SHA-256: the type that cannot be wrong, and the streaming hasher.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;
use std::str::FromStr;

use crate::error::Error;
use crate::fsx;

/// A SHA-256 digest. Parsed from and printed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Sha256([u8; 32]);

impl Sha256 {
    /// The first `n` hexadecimal digits, for messages.
    pub(crate) fn short(&self, n: usize) -> String {
        let mut text = self.to_string();
        text.truncate(n);
        text
    }

    /// The digest of bytes that are already in memory.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }
}

impl FromStr for Sha256 {
    type Err = ();

    /// Accepts exactly 64 hexadecimal digits of either case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(());
        }
        let nibble = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(());
        let mut out = [0; 32];
        for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(out))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes a stream.
///
/// Build scripts run unoptimised, so the assembly of ring is worth its 6.8 CPU seconds to a build that downloads (and
/// has ring for TLS anyway): 1,342 MB/s there. A build without the `download` feature hashes only what it takes from
/// the cache, once, and makes do with hmac-sha256: 38 MB/s there, 0.35 CPU seconds to compile.
pub(crate) struct Hasher {
    #[cfg(feature = "download")]
    state: ring::digest::Context,
    #[cfg(not(feature = "download"))]
    state: hmac_sha256::Hash,
    length: u64,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        #[cfg(feature = "download")]
        let state = ring::digest::Context::new(&ring::digest::SHA256);
        #[cfg(not(feature = "download"))]
        let state = hmac_sha256::Hash::new();
        Self { state, length: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// How many bytes were hashed so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn finish(self) -> Sha256 {
        #[cfg(feature = "download")]
        {
            let mut out = [0; 32];
            out.copy_from_slice(self.state.finish().as_ref());
            Sha256(out)
        }
        #[cfg(not(feature = "download"))]
        Sha256(self.state.finalize())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Size of the buffer for reading files and bodies. 64 KiB: larger ones gain nothing measurable and cost memory per worker.
pub(crate) const BUFFER: usize = 64 * 1024;

/// The digest and length in bytes of a file.
pub(crate) fn of_file(path: &Path) -> Result<(Sha256, u64), Error> {
    let mut file = fsx::open(path)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => hasher.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(fsx::failed("read", path, &e)),
        }
    }
    let length = hasher.length();
    Ok((hasher.finish(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_known_bytes() {
        // FIPS 180-2, appendix B.1
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha256::of(b"abc").to_string(), expected);
        assert_eq!(expected.to_uppercase().parse(), Ok(Sha256::of(b"abc")));
    }

    #[test]
    fn refuses_what_is_not_64_hex_digits() {
        for text in ["", "abc", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
            assert!(text.parse::<Sha256>().is_err(), "{text}");
        }
    }
}
