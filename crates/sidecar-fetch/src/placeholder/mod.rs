//! Programs that stand in for a sidecar where the real one cannot be had: on docs.rs, and in development without a
//! network. A placeholder says on stderr what it is and what to do, and exits with code 97.

mod pe;

use std::io::Read as _;
use std::path::Path;

use crate::error::Error;
use crate::fsx;
use crate::target::Target;

/// Every placeholder contains these bytes, so that checks can tell one from a program.
const MARKER: &str = "sidecar-placeholder:1";

/// What a placeholder exits with: no code of a shell or a signal, and seldom a program's own.
const EXIT_CODE: u8 = 97;

/// No placeholder is larger, so that a program of a hundred megabytes is not read to find that it is none.
const LARGEST: u64 = 16 * 1024;

/// The placeholder of a sidecar for a target: a shell script, or a program for Windows.
pub(crate) fn of(target: &Target, name: &str, version: Option<&str>) -> Vec<u8> {
    // Of one line each: a further one could end the here-document below.
    let line = |text: &str| text.replace(char::is_control, " ");
    let name = line(name);
    let version = version.map(|version| format!(" {}", line(version))).unwrap_or_default();
    let says = [
        format!(
            "`{name}`{version} is a placeholder, because the program was not at hand when the app was built."
        ),
        "Run `cargo sidecar sync` with a network, then build the app again.".to_owned(),
    ];
    if target.is_windows() {
        let text = format!("{}\r\n({MARKER})\r\n", says.join("\r\n"));
        return pe::program(target.architecture(), &text, EXIT_CODE);
    }
    // A quoted here-document: nothing in it means anything to the shell, whatever the name and version are.
    let text = says.join("\n");
    format!("#!/bin/sh\n# {MARKER}\ncat >&2 <<'SIDECAR'\n{text}\nSIDECAR\nexit {EXIT_CODE}\n").into_bytes()
}

/// Whether a file is a placeholder. A file that is not there is none.
pub(crate) fn is_placeholder(path: &Path) -> Result<bool, Error> {
    let found = fsx::metadata(path)?;
    if !found.is_some_and(|found| found.is_file() && found.len() <= LARGEST) {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    fsx::open(path)?.read_to_end(&mut bytes).map_err(|e| fsx::failed("read", path, &e))?;
    Ok(bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::DESKTOP;

    fn target(name: &str) -> Target {
        name.parse().unwrap()
    }

    fn written(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::io::Write::write_all(&mut fsx::create(&path).unwrap(), bytes).unwrap();
        (dir, path)
    }

    #[test]
    fn every_placeholder_is_known_as_one() {
        for name in DESKTOP.into_iter().chain(["i686-pc-windows-msvc"]) {
            let (_dir, path) = written(&of(&target(name), "ffmpeg", Some("7.1")));
            assert!(is_placeholder(&path).unwrap(), "{name}");
        }
    }

    #[test]
    fn a_program_a_directory_and_nothing_are_no_placeholders() {
        let (dir, path) = written(b"#!/bin/sh\necho sidecar-placeholder\n");
        assert!(!is_placeholder(&path).unwrap());
        assert!(!is_placeholder(dir.path()).unwrap());
        assert!(!is_placeholder(&dir.path().join("none")).unwrap());
        let mut large = MARKER.as_bytes().to_vec();
        large.resize(usize::try_from(LARGEST).unwrap() + 1, 0);
        assert!(!is_placeholder(&written(&large).1).unwrap(), "too large to be one");
    }

    #[cfg(unix)]
    #[test]
    fn a_script_says_what_it_is_and_exits_with_97() {
        let name = "a$(exit 3)'\"`b";
        let version = Some("1.2.0\nSIDECAR\nexit 4");
        let (_dir, path) = written(&of(&target("x86_64-unknown-linux-gnu"), name, version));
        let done = std::process::Command::new("/bin/sh").arg(path).output().unwrap();
        let text = String::from_utf8(done.stderr).unwrap();
        assert_eq!((done.status.code(), done.stdout.len()), (Some(97), 0));
        assert!(text.starts_with(&format!("`{name}` 1.2.0 SIDECAR exit 4 is a placeholder")), "{text}");
        assert!(text.contains("cargo sidecar sync"), "{text}");
    }
}
