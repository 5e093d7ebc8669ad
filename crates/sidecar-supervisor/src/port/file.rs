//! Reads the file that a sidecar writes its port into.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sidecar_spec::PortPlace;

use super::announce::{Found, Place, Refusal};
use crate::error::Result;
use crate::fsx;

/// No more of a file is read, in bytes: the largest port files that are known, with a token and paths, have under 1 KiB.
const LIMIT: u64 = 64 << 10;

/// The file of one launch.
#[derive(Debug)]
pub(crate) struct PortFile {
    path: PathBuf,
    place: Place,
    /// What was there before the launch.
    before: Option<Content>,
    /// What was there at the last look.
    last: Option<Content>,
}

#[derive(Debug, PartialEq, Eq)]
struct Content {
    bytes: Vec<u8>,
    modified: Option<SystemTime>,
}

impl PortFile {
    /// To be called before the sidecar starts: what is there now was written by somebody else, such as an earlier launch.
    ///
    /// The file is not removed, as it may be more than a port (`postmaster.pid` is a lock); and its time is
    /// compared with its earlier time, not with a clock: a file system may lag behind by seconds.
    ///
    /// # Errors
    /// `spec-invalid` where the place cannot be looked at.
    pub(crate) fn before_launch(path: PathBuf, place: &PortPlace) -> Result<Self> {
        let before = content(&path).ok();
        Ok(Self { path, place: Place::new(place)?, before, last: None })
    }

    /// The file, to name it in errors.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks once. None: it is not there yet, or is the one from before the launch, or is perhaps half-written. A text
    /// that may go on is taken when the next look finds the same.
    pub(crate) fn look(&mut self) -> Option<std::result::Result<Found, Refusal>> {
        let now = content(&self.path).ok();
        let is_settled = now.is_some() && now == self.last;
        self.last = now;
        let now = self.last.as_ref().filter(|now| self.before.as_ref() != Some(*now))?;
        let text = String::from_utf8_lossy(&now.bytes);
        // Some editors and shells begin a file with a byte order mark.
        let reading = self.place.read(text.trim_start_matches('\u{feff}'));
        match reading {
            Some(reading) if reading.complete || is_settled => match reading.answer {
                Err(Refusal::NoJson(_)) if now.is_cut() => Some(Err(Refusal::TooLarge(LIMIT))),
                answer => Some(answer),
            },
            None if now.is_cut() && is_settled => Some(Err(Refusal::TooLarge(LIMIT))),
            _ => None,
        }
    }
}

impl Content {
    /// Whether the file goes on behind what was read.
    fn is_cut(&self) -> bool {
        self.bytes.len() as u64 > LIMIT
    }
}

fn content(path: &Path) -> io::Result<Content> {
    // Opening a named pipe would wait for a writer.
    if !path.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = fsx::open(path)?;
    let modified = file.metadata()?.modified().ok();
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(Content { bytes, modified })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the sidecar's side writes as it likes")]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    fn first_line(path: &Path) -> PortFile {
        PortFile::before_launch(path.to_owned(), &PortPlace::Line(1.try_into().unwrap())).unwrap()
    }

    fn port(look: Option<std::result::Result<Found, Refusal>>) -> Option<u16> {
        look.map(|found| found.unwrap().port)
    }

    fn set_time(path: &Path, time: SystemTime) {
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn a_file_that_appears_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        let mut file = first_line(&path);
        assert_eq!(file.look(), None);
        fs::write(&path, "").unwrap();
        assert_eq!(file.look(), None);
        fs::write(&path, "8080\n").unwrap();
        assert_eq!(port(file.look()), Some(8080));
    }

    #[test]
    fn what_may_go_on_waits_until_it_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        let mut file = first_line(&path);
        fs::write(&path, "80").unwrap();
        assert_eq!(file.look(), None);
        fs::write(&path, "8080").unwrap();
        assert_eq!(file.look(), None);
        assert_eq!(port(file.look()), Some(8080));
    }

    #[test]
    fn what_was_there_before_the_launch_is_stale() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        fs::write(&path, "7000\n").unwrap();
        let mut file = first_line(&path);
        assert_eq!((file.look(), file.look()), (None, None));
        fs::write(&path, "8080\n").unwrap();
        assert_eq!(port(file.look()), Some(8080));
    }

    #[test]
    fn the_same_port_written_again_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        fs::write(&path, "7000\n").unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        set_time(&path, old);
        let mut file = first_line(&path);
        assert_eq!(file.look(), None);
        set_time(&path, old + Duration::from_secs(5));
        assert_eq!(port(file.look()), Some(7000));
    }

    #[test]
    fn a_removed_stale_file_may_come_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        fs::write(&path, "7000\n").unwrap();
        set_time(&path, SystemTime::now() - Duration::from_secs(3600));
        let mut file = first_line(&path);
        fs::remove_file(&path).unwrap();
        assert_eq!(file.look(), None);
        fs::write(&path, "7000\n").unwrap();
        assert_eq!(port(file.look()), Some(7000));
    }

    #[test]
    fn what_is_no_port_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        let mut file = first_line(&path);
        fs::write(&path, "\u{feff}65536\n").unwrap();
        assert_eq!(file.look(), Some(Err(Refusal::NoPort("65536".into()))));
    }

    #[test]
    fn a_huge_file_is_not_read_and_this_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        let far = PortPlace::Line(40_000.try_into().unwrap());
        let json = PortPlace::Json("/port".parse().unwrap());
        let mut files = [far, json].map(|place| PortFile::before_launch(path.clone(), &place).unwrap());
        fs::write(&path, "[1,\n".repeat(64 << 10)).unwrap();
        for file in &mut files {
            assert_eq!(file.look(), None);
            assert_eq!(file.look(), Some(Err(Refusal::TooLarge(LIMIT))));
        }
    }

    #[test]
    fn a_directory_in_its_place_is_no_answer() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(first_line(dir.path()).look(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_in_its_place_makes_nobody_wait() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert_eq!(first_line(&path).look(), None);
    }
}
