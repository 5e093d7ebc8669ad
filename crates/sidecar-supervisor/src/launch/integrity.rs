//! Whether the program is the one that the spec means.

use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cancel::Cancel;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::machine::Failure;

/// Compares the hash of a program. A large one takes its time, and who stops the sidecar does not wait for that.
pub(crate) fn check(
    name: &str,
    program: &Path,
    expected: &sidecar_spec::Sha256,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let found = hash(program, cancel).map_err(|e| {
        let error = Error::io(format!("the program of `{name}` cannot be read"), &e);
        Failure::passing(error.fact("path", program.display()))
    })?;
    let Some(found) = found else { return Err(super::cancelled(name)) };
    if found == expected.as_str() {
        return Ok(());
    }
    let error = Error::new(Kind::IntegrityFailure, format!("the program of `{name}` was changed"));
    Err(Failure::permanent(
        error
            .fact("path", program.display())
            .fact("expected", expected.as_str())
            .fact("found", found)
            .help("install the app again; where a bundler signs the program, leave `sha256` out"),
    ))
}

/// The hash; `None` when it was cancelled.
fn hash(path: &Path, cancel: &Cancel) -> io::Result<Option<String>> {
    let mut file = fsx::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => hasher.update(&buffer[..length]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Some(hasher.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_changed_program_is_refused_for_good() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let write = |text: &str| fsx::create_private(&path).unwrap().write_all(text.as_bytes()).unwrap();
        write("abc");
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".parse().unwrap();
        check("db", &path, &right, &Cancel::default()).unwrap();
        write("abd");
        let failure = check("db", &path, &right, &Cancel::default()).unwrap_err();
        assert_eq!(
            (failure.error.kind(), failure.hope),
            (Kind::IntegrityFailure, crate::machine::Hope::None)
        );
    }

    // Elsewhere so large a file has all its bytes.
    #[cfg(unix)]
    #[test]
    fn a_stop_does_not_wait_for_the_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        // Reading all of it would take days.
        fsx::create_private(&path).unwrap().set_len(1 << 42).unwrap();
        let cancel = Cancel::default();
        let theirs = cancel.clone();
        let hashing =
            std::thread::spawn(move || check("db", &path, &"0".repeat(64).parse().unwrap(), &theirs));
        std::thread::sleep(std::time::Duration::from_millis(20));
        cancel.cancel();
        assert_eq!(hashing.join().unwrap().unwrap_err().error.kind(), Kind::Cancelled);
    }
}
