//! Log files, the newest of them `<name>.log`, the ones before it `<name>.1.log` and so on.
//!
//! `<name>` is held by a lock on a file of its own, `.<name>.lock`: no rotation carries that away, and on Windows, where a
//! locked file cannot be read, the log can. A second instance of the app writes `<name>-2.log`.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use memchr::{memchr, memrchr};

use crate::fsx;

/// More instances of an app than this get no files.
const INSTANCES: u32 = 99;

/// Files above the number that is kept are removed as far as this one.
const OLDEST: u32 = 999;

#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    name: String,
    /// The most bytes of a file, and the number of files.
    limit: u64,
    count: u32,
    held: Option<Held>,
    current: Option<Current>,
}

/// The name that this instance of the app writes under.
#[derive(Debug)]
struct Held {
    base: String,
    _lock: File,
}

#[derive(Debug)]
struct Current {
    file: File,
    size: u64,
    /// The last write ended inside a line.
    torn: bool,
}

impl Files {
    /// Opens nothing yet.
    pub(super) fn new(dir: PathBuf, name: &str, limit: u64, count: u32) -> Self {
        // A sidecar `db.1` must not write where `db` puts its second file.
        Self { dir, name: super::stem(name), limit, count, held: None, current: None }
    }

    /// Appends whole lines. What is left in `text` after an error was not written.
    pub(super) fn write(&mut self, text: &mut &[u8]) -> io::Result<()> {
        if let Some(Held { base, .. }) = &self.held
            && !self.path(base, 0).exists()
        {
            // Somebody tidied up.
            self.current = None;
        }
        while !text.is_empty() {
            let mut current = match self.current.take() {
                Some(current) => current,
                None => self.open()?,
            };
            if current.torn {
                current.file.write_all(b"\n")?;
                current.size += 1;
                current.torn = false;
            }
            let part = fitting(text, self.limit.saturating_sub(current.size), current.size == 0);
            if part == 0 {
                // Before the names change: Windows renames no file that is open.
                drop(current);
                self.rotate()?;
                continue;
            }
            // After an error the file is opened anew.
            current.append(text, part)?;
            self.current = Some(current);
        }
        Ok(())
    }

    /// Writes to another file from now on.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn fill(&mut self, file: File) {
        self.current = Some(Current { file, size: 0, torn: false });
    }

    fn path(&self, base: &str, number: u32) -> PathBuf {
        self.dir.join(if number == 0 { format!("{base}.log") } else { format!("{base}.{number}.log") })
    }

    /// Opens the newest file, under a name that nobody else has.
    fn open(&mut self) -> io::Result<Current> {
        let base = self.hold()?;
        let (file, size, torn) = fsx::append_private(&self.path(&base, 0))?;
        Ok(Current { file, size, torn })
    }

    /// The name that is held from now on.
    fn hold(&mut self) -> io::Result<String> {
        if let Some(held) = &self.held {
            return Ok(held.base.clone());
        }
        fsx::make_private_dir(&self.dir)?;
        for instance in 1..=INSTANCES {
            let base = if instance == 1 { self.name.clone() } else { format!("{}-{instance}", self.name) };
            let Some(lock) = fsx::try_lock(&self.dir.join(format!(".{base}.lock")))? else { continue };
            for number in self.count..=OLDEST {
                let surplus = self.path(&base, number);
                if !surplus.exists() {
                    break;
                }
                fsx::remove(&surplus)?;
            }
            self.held = Some(Held { base: base.clone(), _lock: lock });
            return Ok(base);
        }
        Err(io::Error::new(ErrorKind::ResourceBusy, format!("{INSTANCES} others write here")))
    }

    /// Gives every file the next number; the last one goes. Where one cannot be renamed, nothing is lost.
    fn rotate(&mut self) -> io::Result<()> {
        let base = self.hold()?;
        fsx::remove(&self.path(&base, self.count - 1))?;
        for number in (1..self.count).rev() {
            match fsx::rename(&self.path(&base, number - 1), &self.path(&base, number)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Current {
    fn append(&mut self, text: &mut &[u8], mut part: usize) -> io::Result<()> {
        while part > 0 {
            let written = match self.file.write(&text[..part]) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other,
            };
            let written = match written {
                Ok(written) => written,
                Err(error) => {
                    // The rest of a line without its beginning says nothing.
                    if self.torn {
                        *text = &text[memchr(b'\n', text).map_or(text.len(), |end| end + 1)..];
                    }
                    return Err(error);
                }
            };
            self.size += written as u64;
            self.torn = text[written - 1] != b'\n';
            *text = &text[written..];
            part -= written;
        }
        Ok(())
    }
}

/// How many bytes of whole lines fit into so many; a line that fits into no file goes into an empty one.
fn fitting(text: &[u8], room: u64, empty: bool) -> usize {
    let room = usize::try_from(room).unwrap_or(usize::MAX).min(text.len());
    match memrchr(b'\n', &text[..room]) {
        Some(end) => end + 1,
        None if empty => memchr(b'\n', text).map_or(text.len(), |end| end + 1),
        None => 0,
    }
}
