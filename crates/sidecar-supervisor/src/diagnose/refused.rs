//! The system refused to start the program: what is it about its file?

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Diagnosis;
use super::image::{self, Image, System};
use crate::fsx;

/// Files of the kernel are shorter.
const LIMIT: u64 = 1 << 20;

/// What the system's error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NotFound,
    Denied,
    NoProgram,
    Busy,
    NoRoom,
    TooLong,
    Blocked(&'static str),
    Other,
}

/// What lies at the program's path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Nothing,
    Directory,
    /// A file, with its permissions on Unix.
    File(Option<u32>),
}

pub(super) fn diagnose(program: &Path, os_error: i32) -> Option<Diagnosis> {
    let found = match fsx::metadata(program) {
        Err(error) if error.kind() == ErrorKind::NotFound => Found::Nothing,
        Err(_) => return None,
        Ok(found) if found.is_dir() => Found::Directory,
        Ok(found) => Found::File(mode(&found)),
    };
    let image = match found {
        Found::File(_) => fsx::open(program).ok().and_then(image::read),
        _ => None,
    };
    let told = match refusal(os_error) {
        Refusal::NotFound => not_found(&found, image.as_ref(), Path::exists),
        Refusal::Denied => denied(program, &found),
        Refusal::NoProgram => no_program(&found, image.as_ref(), System::here(), std::env::consts::ARCH),
        Refusal::Busy => {
            Some(Diagnosis::passing("its program is still being written or checked by somebody"))
        }
        Refusal::NoRoom => Some(
            Diagnosis::passing("the system has no room for another process")
                .fact("system", io::Error::from_raw_os_error(os_error).to_string()),
        ),
        Refusal::TooLong => {
            Some(Diagnosis::permanent("its arguments and environment are too long for the system"))
        }
        Refusal::Blocked(by) => Some(Diagnosis::permanent(by)),
        Refusal::Other if found == Found::Directory => {
            Some(Diagnosis::permanent("its program is a directory"))
        }
        Refusal::Other => None,
    };
    told.map(|told| with_path(told, program))
}

fn with_path(mut told: Diagnosis, program: &Path) -> Diagnosis {
    told.facts.insert(0, ("program", program.display().to_string()));
    told
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn mode(found: &std::fs::Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::mode(found) & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// What an error is about. The numbers that the standard library has no word for are those of the headers of each system.
fn refusal(code: i32) -> Refusal {
    match io::Error::from_raw_os_error(code).kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Refusal::NotFound,
        ErrorKind::PermissionDenied | ErrorKind::IsADirectory => Refusal::Denied,
        ErrorKind::ExecutableFileBusy => Refusal::Busy,
        ErrorKind::OutOfMemory | ErrorKind::WouldBlock => Refusal::NoRoom,
        ErrorKind::ArgumentListTooLong => Refusal::TooLong,
        _ if cfg!(windows) => match code {
            // ERROR_BAD_EXE_FORMAT, ERROR_INVALID_EXE_SIGNATURE, ERROR_EXE_MACHINE_TYPE_MISMATCH
            193 | 191 | 216 => Refusal::NoProgram,
            // ERROR_SHARING_VIOLATION: such as a virus scanner that has not finished.
            32 => Refusal::Busy,
            // ERROR_COMMITMENT_LIMIT, ERROR_NO_SYSTEM_RESOURCES
            1455 | 1450 => Refusal::NoRoom,
            // ERROR_FILENAME_EXCED_RANGE
            206 => Refusal::TooLong,
            // ERROR_VIRUS_INFECTED, ERROR_VIRUS_DELETED
            225 | 226 => Refusal::Blocked("the virus scanner takes its program for a virus"),
            // ERROR_ACCESS_DISABLED_BY_POLICY, ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION
            1260 | 4551 => Refusal::Blocked("a policy of this computer forbids its program"),
            // ERROR_ELEVATION_REQUIRED
            740 => Refusal::Blocked("its program asks for an administrator"),
            _ => Refusal::Other,
        },
        _ => match code {
            // ENOEXEC everywhere; ELIBBAD on Linux; EBADEXEC, EBADARCH and EBADMACHO on macOS.
            8 => Refusal::NoProgram,
            80 if cfg!(target_os = "linux") => Refusal::NoProgram,
            85 | 86 | 88 if cfg!(target_vendor = "apple") => Refusal::NoProgram,
            // ENFILE, EMFILE
            23 | 24 => Refusal::NoRoom,
            _ => Refusal::Other,
        },
    }
}

/// The program is not found, or what it needs to run.
fn not_found(found: &Found, image: Option<&Image>, exists: impl Fn(&Path) -> bool) -> Option<Diagnosis> {
    if *found == Found::Nothing {
        return Some(Diagnosis::permanent("its program is not there"));
    }
    match image? {
        Image::Script(line) => {
            let named = line.split([' ', '\t']).next().unwrap_or_default();
            if named.ends_with('\r') {
                return Some(
                    Diagnosis::permanent(
                        "its lines end as on Windows, so its first line names a program that is not there",
                    )
                    .fact("first line", format!("#!{}\\r", line.trim_end_matches('\r')))
                    .help("save it with line ends of Unix (`\\n`)"),
                );
            }
            (!exists(Path::new(named))).then(|| {
                Diagnosis::permanent(format!("it is a script for `{named}`, which is not there"))
                    .fact("first line", format!("#!{line}"))
            })
        }
        Image::Program { loader: Some(loader), processors, .. } if !exists(Path::new(loader)) => {
            Some(no_loader(loader, &processors.join(", ")))
        }
        _ => None,
    }
}

/// The loader of a program is not there: it is built for another C library, or another processor's is not installed.
fn no_loader(loader: &str, processor: &str) -> Diagnosis {
    let told = Diagnosis::permanent(format!("the loader that it needs, `{loader}`, is not there"))
        .fact("built for", processor);
    if loader.contains("ld-musl") {
        told.help("this system has not musl: take the build for glibc (`…-gnu`), or a static one")
    } else if loader.contains("ld-linux") {
        told.help("this system has not glibc for that processor: take the build for musl, or a static one")
    } else {
        told
    }
}

fn denied(program: &Path, found: &Found) -> Option<Diagnosis> {
    let mode = match found {
        Found::Nothing => return None,
        Found::Directory => return Some(Diagnosis::permanent("its program is a directory")),
        Found::File(mode) => *mode,
    };
    let Some(mode) = mode else {
        // Windows says so too while a scanner holds the file.
        return Some(Diagnosis::passing("the system does not let this user run its program"));
    };
    let permissions = format!("{mode:04o}");
    if mode & 0o111 == 0 {
        return Some(
            Diagnosis::permanent("its program may not be executed")
                .fact("permissions", permissions)
                .help(format!("`chmod +x {}`", program.display())),
        );
    }
    let mounts = fsx::head(Path::new("/proc/self/mountinfo"), LIMIT).unwrap_or_default();
    let real = fsx::real_path(program).unwrap_or_else(|_| program.to_owned());
    if let Some(mount) = no_exec(&String::from_utf8_lossy(&mounts), &real) {
        return Some(
            Diagnosis::permanent("its program lies where nothing may be executed")
                .fact("mounted", format!("{} (noexec)", mount.display()))
                .help("move it to another file system"),
        );
    }
    Some(Diagnosis::permanent("this user may not execute its program").fact("permissions", permissions))
}

/// Where the file system of a path is mounted, if with `noexec`. Of mounts over one another, the last one counts.
fn no_exec(mounts: &str, path: &Path) -> Option<PathBuf> {
    let mut nearest: Option<(PathBuf, bool)> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(4);
        let (Some(point), Some(options)) = (fields.next(), fields.next()) else { continue };
        let point = PathBuf::from(unescaped(point));
        let above = nearest.as_ref().is_none_or(|(best, _)| point.starts_with(best));
        if path.starts_with(&point) && above {
            nearest = Some((point, options.split(',').any(|option| option == "noexec")));
        }
    }
    nearest.filter(|(_, no_exec)| *no_exec).map(|(point, _)| point)
}

/// The kernel writes space, tab, line feed and backslash as octal numbers.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, char)| text.replace(code, char))
}

/// The system finds no program in the file.
fn no_program(
    found: &Found,
    image: Option<&Image>,
    here: Option<System>,
    processor: &str,
) -> Option<Diagnosis> {
    if *found == Found::Directory {
        return Some(Diagnosis::permanent("its program is a directory"));
    }
    let told = match image? {
        Image::Empty => Diagnosis::permanent("its program is an empty file"),
        Image::Archive(kind) => Diagnosis::permanent(format!("its program is an archive ({kind})"))
            .help("unpack it, and name the program in it"),
        Image::Text(begins) => {
            Diagnosis::permanent("its program is a text whose first line names no program")
                .fact("begins", begins)
                .help("let a script begin with a line such as `#!/bin/sh`")
        }
        Image::Unknown(begins) => Diagnosis::permanent("its program is none").fact("begins", begins),
        Image::Script(line) => Diagnosis::permanent("the program that its first line names is none")
            .fact("first line", format!("#!{line}")),
        Image::Program { system, processors, .. } => {
            let foreign = here.is_some_and(|here| here != *system);
            if !foreign && processors.contains(&processor) {
                return Some(Diagnosis::permanent("its program is damaged, or for a newer system"));
            }
            let told = Diagnosis::permanent("its program is for another computer")
                .fact("built for", format!("{system} on {}", processors.join(", ")));
            let told = match here {
                Some(here) => told.fact("this is", format!("{here} on {processor}")),
                None => told,
            };
            match here {
                Some(System::MacOs) if !foreign && processors.contains(&"x86_64") => {
                    told.help("install Rosetta: `softwareupdate --install-rosetta`")
                }
                _ => told,
            }
        }
    };
    Some(told)
}

#[cfg(test)]
pub(in crate::diagnose) mod tests;
