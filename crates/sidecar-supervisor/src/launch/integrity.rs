//! Whether the program is the one that the spec means.

use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind};
use crate::fsx;
use crate::machine::Failure;

/// Compares the hash of a program.
pub(crate) fn check(name: &str, program: &Path, expected: &sidecar_spec::Sha256) -> Result<(), Failure> {
    let found = hash(program).map_err(|e| {
        let error = Error::io(format!("the program of `{name}` cannot be read"), &e);
        Failure::passing(error.fact("path", program.display()))
    })?;
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

fn hash(path: &Path) -> io::Result<String> {
    let mut file = fsx::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => hasher.update(&buffer[..length]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(hasher.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")))
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
        check("db", &path, &right).unwrap();
        write("abd");
        let failure = check("db", &path, &right).unwrap_err();
        assert_eq!(
            (failure.error.kind(), failure.hope),
            (Kind::IntegrityFailure, crate::machine::Hope::None)
        );
    }
}
