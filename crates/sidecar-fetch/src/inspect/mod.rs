//! What a downloaded file really is: its headers against the target, whatever its name promised.
//!
//! Only headers are read, some kilobytes of a file of any size. The `object` crate knows far more about these formats, and
//! costs a build script 4.7 CPU seconds for it.

mod bytes;
mod elf;
mod macho;
mod pe;
pub(crate) mod sniff;

use std::fmt;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::str::FromStr;

use target_lexicon::Architecture;

use crate::error::{Error, Kind};
use crate::fsx;
use crate::target::Target;
use bytes::{Fault, Image};
use elf::Libc;

/// The format of an executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// Linux, Android and the BSDs.
    Elf,
    /// Windows.
    Pe,
    /// macOS and iOS.
    MachO,
    /// A text that begins with `#!`.
    Script,
}

/// What a file is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be started.
    Program,
    /// To be loaded by programs.
    Library,
    /// Something else, in words.
    Other(&'static str),
}

/// What the headers of an executable say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The format.
    pub(crate) container: Container,
    /// The architectures in Rust's words (`x86_64`, `aarch64`); several for a fat Mach-O, none for a script.
    pub(crate) architectures: Vec<String>,
    /// What it is made for.
    pub(crate) purpose: Purpose,
    /// The operating system by Rust's `target_os`, where the headers name one.
    pub(crate) os: Option<&'static str>,
    /// The oldest glibc that has all symbols it needs; `None` where it needs no glibc.
    pub(crate) glibc: Option<GlibcVersion>,
    /// The program that starts it: the loader of an ELF file (`None`: static), or what follows a script's `#!`.
    pub(crate) interpreter: Option<String>,
}

/// Whose programs will do on a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cpu {
    /// Those for its own processor.
    Native,
    /// Also those that its system translates: see [`Target::translated`].
    OrTranslated,
}

impl Cpu {
    /// The architectures whose programs will do on the target, in the words of [`Facts::architectures`].
    fn architectures(self, target: &Target) -> Vec<String> {
        let translated = target.translated().filter(|_| self == Self::OrTranslated);
        [Some(architecture(target)), translated.as_ref().map(architecture)].into_iter().flatten().collect()
    }
}

/// A version of glibc, such as 2.34. Some old symbols have a third number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GlibcVersion {
    numbers: [u16; 3],
}

impl FromStr for GlibcVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = [0; 3];
        let mut parts = text.split('.');
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = match parts.next() {
                Some(part) => part.parse().map_err(|_| ())?,
                None if index == 2 => 0,
                None => return Err(()),
            };
        }
        if parts.next().is_some() { Err(()) } else { Ok(Self { numbers }) }
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.numbers {
            [major, minor, 0] => write!(f, "{major}.{minor}"),
            [major, minor, patch] => write!(f, "{major}.{minor}.{patch}"),
        }
    }
}

impl fmt::Display for Facts {
    /// In words: `an ELF program for linux (x86_64), loaded by /lib64/ld-linux-x86-64.so.2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let container = match self.container {
            Container::Elf => "ELF",
            Container::Pe => "Windows",
            Container::MachO => "Mach-O",
            Container::Script => {
                return write!(f, "a script run by {}", self.interpreter.as_deref().unwrap_or_default());
            }
        };
        match self.purpose {
            Purpose::Program if self.container == Container::Elf => write!(f, "an {container} program")?,
            Purpose::Program => write!(f, "a {container} program")?,
            Purpose::Library if self.container == Container::Elf => write!(f, "an {container} library")?,
            Purpose::Library => write!(f, "a {container} library")?,
            Purpose::Other(words) => write!(f, "{words} ({container})")?,
        }
        if let Some(os) = self.os.filter(|os| *os != "windows") {
            write!(f, " for {os}")?;
        }
        if !self.architectures.is_empty() {
            write!(f, " ({})", self.architectures.join(", "))?;
        }
        match &self.interpreter {
            Some(interpreter) => write!(f, ", loaded by {}", interpreter.escape_debug()),
            None => Ok(()),
        }
    }
}

/// What the file is; `None` where it is neither an executable of a known format nor a script. One with headers that
/// contradict themselves is a [`Kind::WrongTarget`] error.
#[cfg(test)]
pub(crate) fn inspect(path: &Path) -> Result<Option<Facts>, Error> {
    let parts = read_file(path)?;
    Ok(parts.and_then(|parts| {
        let architectures = parts.iter().flat_map(|part| part.architectures.clone()).collect();
        parts.into_iter().next().map(|first| Facts { architectures, ..first })
    }))
}

/// Checks that the file is a program that runs on the target: [`Kind::WrongTarget`] says what it is instead. A script is
/// accepted where a kernel starts scripts. Of a fat file the facts are those of the part for the target, with the
/// architectures of all.
pub(crate) fn check(path: &Path, target: &Target, cpu: Cpu) -> Result<Facts, Error> {
    let wrong = |found: &dyn fmt::Display| {
        Error::new(Kind::WrongTarget, format!("the file is not a program for `{target}`"))
            .fact("file", path.display())
            .fact("expected", expected(target, cpu))
            .fact("found", found)
    };
    let Some(parts) = read_file(path)? else {
        return Err(wrong(&sniff::what(&head(path)?).0));
    };
    let architectures: Vec<String> = parts.iter().flat_map(|part| part.architectures.clone()).collect();
    let mut objection = None;
    for part in parts {
        match mismatch(&part, target, cpu) {
            None => return Ok(Facts { architectures, ..part }),
            Some(why) => {
                // Of several parts, the one with the right architecture tells the reason.
                let near = part.architectures.contains(&architecture(target));
                if near || objection.is_none() {
                    objection = Some((why, Facts { architectures: architectures.clone(), ..part }));
                }
            }
        }
    }
    Err(match objection {
        Some((why, facts)) => wrong(&facts).fact("reason", why),
        None => wrong(&"nothing"),
    })
}

/// Checks a file that is installed beside a program: a program or library in the target's own format must be for its
/// architecture. `None`: it is something else, such as data, or managed code that runs on every processor.
#[cfg(any(feature = "resolve", test))]
pub(crate) fn check_companion(path: &Path, target: &Target, cpu: Cpu) -> Result<Option<Facts>, Error> {
    let parts = match read(&mut fsx::open(path)?) {
        Ok(Some(parts)) => parts,
        Err(Fault::Io(e)) if e.kind() != io::ErrorKind::UnexpectedEof => {
            return Err(fsx::failed("read", path, &e));
        }
        // What only looks like one is data.
        Ok(None) | Err(_) => return Ok(None),
    };
    let is_code = |part: &&Facts| {
        // A Mach-O bundle is what other systems build as a library: it is loaded at run time.
        part.container == container(target)
            && matches!(part.purpose, Purpose::Program | Purpose::Library | Purpose::Other("a bundle"))
    };
    let code: Vec<&Facts> = parts.iter().filter(is_code).collect();
    let Some(first) = code.first() else { return Ok(None) };
    if first.container == Container::Pe && pe::is_managed(&mut fsx::open(path)?) {
        return Ok(None);
    }
    let architectures: Vec<String> = code.iter().flat_map(|part| part.architectures.clone()).collect();
    let fits =
        |part: &&&Facts| cpu.architectures(target).iter().any(|arch| part.architectures.contains(arch));
    if let Some(fitting) = code.iter().find(fits) {
        return Ok(Some(Facts { architectures, ..(*fitting).clone() }));
    }
    Err(Error::new(Kind::WrongTarget, format!("a companion is not for `{target}`"))
        .fact("file", path.display())
        .fact("expected", cpu.architectures(target).join(", "))
        .fact("found", Facts { architectures, ..(*first).clone() })
        .fact("reason", "it is for another architecture"))
}

/// Whether a program runs on the target only because its system translates it.
#[cfg(any(feature = "resolve", test))]
pub(crate) fn is_translated(facts: &Facts, target: &Target) -> bool {
    facts.container != Container::Script && !facts.architectures.contains(&architecture(target))
}

/// Why a file with these facts does not run on the target, or `None` where it does.
fn mismatch(facts: &Facts, target: &Target, cpu: Cpu) -> Option<String> {
    if let Some(store) = facts.interpreter.as_deref().and_then(foreign_store) {
        return Some(format!("what starts it is in {store}, which only the machine that built it has"));
    }
    if facts.container == Container::Script {
        return target.is_windows().then(|| "Windows does not start scripts".to_owned());
    }
    if facts.container != container(target) {
        return Some("it is for another operating system".to_owned());
    }
    if facts.purpose != Purpose::Program {
        return Some("it is not a program".to_owned());
    }
    if !cpu.architectures(target).iter().any(|arch| facts.architectures.contains(arch)) {
        return Some("it is for another architecture".to_owned());
    }
    let os = target.os();
    // Static programs and old Mach-O files may name no system. On ELF they are Linux' then: the others mark theirs.
    let fits = match facts.os {
        Some(found) => found == os,
        None => matches!(&*os, "linux" | "macos" | "windows"),
    };
    if !fits {
        return Some("it is for another operating system".to_owned());
    }
    match facts.interpreter.as_deref().map(elf::loader) {
        Some((_, Some(Libc::Glibc))) if target.is_musl() => Some("it needs glibc".to_owned()),
        Some((_, Some(Libc::Musl))) if target.is_linux() && !target.is_musl() => {
            Some("it needs the loader of musl, which systems with glibc don't have".to_owned())
        }
        _ => None,
    }
}

/// The store of a functional package manager that a path lies in.
fn foreign_store(interpreter: &str) -> Option<&'static str> {
    ["/nix/store", "/gnu/store"].into_iter().find(|store| interpreter.starts_with(store))
}

fn container(target: &Target) -> Container {
    match &*target.os() {
        "windows" => Container::Pe,
        "macos" | "ios" | "tvos" | "watchos" | "visionos" => Container::MachO,
        _ => Container::Elf,
    }
}

/// The architecture of a target, in the words of [`Facts::architectures`].
fn architecture(target: &Target) -> String {
    match target.architecture() {
        Architecture::X86_32(_) => "x86".to_owned(),
        Architecture::Arm(_) => "arm".to_owned(),
        Architecture::Riscv64(_) => "riscv64".to_owned(),
        Architecture::Riscv32(_) => "riscv32".to_owned(),
        other => other.into_str().into_owned(),
    }
}

/// What a program for the target is, in words.
fn expected(target: &Target, cpu: Cpu) -> Facts {
    let os = match &*target.os() {
        "linux" => Some("linux"),
        "macos" => Some("macos"),
        "ios" => Some("ios"),
        "android" => Some("android"),
        "freebsd" => Some("freebsd"),
        _ => None,
    };
    Facts {
        container: container(target),
        architectures: cpu.architectures(target),
        purpose: Purpose::Program,
        os,
        glibc: None,
        interpreter: None,
    }
}

fn head(path: &Path) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    let file = fsx::open(path)?;
    file.take(sniff::HEAD as u64).read_to_end(&mut head).map_err(|e| fsx::failed("read", path, &e))?;
    Ok(head)
}

fn read_file(path: &Path) -> Result<Option<Vec<Facts>>, Error> {
    read(&mut fsx::open(path)?).map_err(|fault| match fault {
        Fault::Io(e) if e.kind() != io::ErrorKind::UnexpectedEof => fsx::failed("read", path, &e),
        fault => {
            let cause = if let Fault::Damaged(cause) = fault { cause } else { "a header is cut" };
            Error::new(Kind::WrongTarget, "the file is a damaged executable")
                .fact("file", path.display())
                .fact("cause", cause)
        }
    })
}

/// The facts of each part: several for a fat file.
fn read(input: &mut (impl Read + Seek)) -> bytes::Result<Option<Vec<Facts>>> {
    let mut image = Image::new(input).map_err(Fault::Io)?;
    let head = image.view_up_to(0, 256, false)?.bytes;
    Ok(match head[..] {
        [0x7f, b'E', b'L', b'F', ..] => Some(vec![elf::read(&mut image)?]),
        [b'M', b'Z', ..] => Some(vec![pe::read(&mut image)?]),
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..]
        | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
        | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => macho::read(&mut image)?,
        [b'#', b'!', ..] => script(&head).map(|facts| vec![facts]),
        _ => None,
    })
}

/// The facts of a script; `None` where no absolute path follows the `#!`.
fn script(head: &[u8]) -> Option<Facts> {
    let line = head.get(2..)?.split(|b| *b == b'\n').next()?;
    let interpreter = String::from_utf8_lossy(line).trim().to_owned();
    interpreter.starts_with('/').then(|| Facts {
        container: Container::Script,
        architectures: Vec::new(),
        purpose: Purpose::Program,
        os: None,
        glibc: None,
        interpreter: Some(interpreter),
    })
}

#[cfg(test)]
mod tests;
