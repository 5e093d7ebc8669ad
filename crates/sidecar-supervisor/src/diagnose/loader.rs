//! It was started and ended at once: what did its loader say?

use std::path::Path;

use super::{Diagnosis, dll};
use crate::exit::{Exit, ExitReason};
use crate::output::Line;

pub(super) fn diagnose(program: &Path, exit: &Exit, tail: &[Line]) -> Option<Diagnosis> {
    if exit.reason == ExitReason::Clean {
        return None;
    }
    let told = tail.iter().rev().find_map(|line| heard(&line.text, exit)).or_else(|| unsaid(program, exit));
    told.map(|told| told.fact("ended", exit.to_string()))
}

/// What one line says. Loaders end a program with 127 (versions: 1), and with an abort on macOS; the same words from a
/// program that lived on are its own affair.
fn heard(line: &str, exit: &Exit) -> Option<Diagnosis> {
    match exit.code {
        Some(127) => library(line).or_else(|| old(line)).or_else(|| command(line)),
        Some(1) => old(line),
        None if exit.signal_name() == Some("SIGABRT") => apple(line),
        _ => None,
    }
}

/// `prog: error while loading shared libraries: libx.so.1: cannot open shared object file: No such file or directory` of
/// glibc, `Error loading shared library libx.so.1: No such file or directory (needed by prog)` of musl; and of both, when a
/// library lacks something.
fn library(line: &str) -> Option<Diagnosis> {
    if let Some((_, rest)) = line.split_once("error while loading shared libraries: ") {
        return Some(match rest.split_once(": cannot open shared object file") {
            Some((name, _)) => missing(name),
            None => unusable(rest),
        });
    }
    if let Some((_, rest)) = line.split_once("Error loading shared library ") {
        return Some(match rest.split_once(": No such file or directory") {
            Some((name, _)) => missing(name),
            None => unusable(rest),
        });
    }
    let lacks = line.split_once("undefined symbol: ").filter(|_| line.contains("symbol lookup error: "));
    if let Some((_, symbol)) = lacks {
        return Some(other_version(symbol));
    }
    let (_, rest) = line.split_once("Error relocating ")?;
    let (_, symbol) = rest.strip_suffix(": symbol not found")?.rsplit_once(": ")?;
    Some(other_version(symbol))
}

/// ``libc.so.6: version `GLIBC_2.38' not found (required by prog)``.
fn old(line: &str) -> Option<Diagnosis> {
    let (library, rest) = line.split_once(": version `")?;
    let (version, _) = rest.split_once("' not found")?;
    let library = library.rsplit([' ', '/']).next().unwrap_or(library);
    let told = match version.strip_prefix("GLIBC_") {
        Some(version) => {
            Diagnosis::permanent(format!("it needs glibc {version}, which is newer than this system's"))
                .help("take a build for an older system, or for musl")
        }
        None => Diagnosis::permanent(format!("it needs a newer `{library}`")),
    };
    Some(told.fact("needs", format!("{version} of {library}")))
}

/// `Library not loaded: @rpath/libx.dylib` and `Symbol not found: _x` of macOS, some behind `dyld[1]: `.
fn apple(line: &str) -> Option<Diagnosis> {
    if let Some((_, name)) = line.split_once("Library not loaded: ") {
        return Some(missing(name));
    }
    line.split_once("Symbol not found: ").map(|(_, symbol)| other_version(symbol.trim_matches(['(', ')'])))
}

/// A script calls a program that is not there: `env: 'node': No such file or directory` (or without quotes), or
/// a shell's `x: node: not found` and `x: line 3: node: command not found`.
fn command(line: &str) -> Option<Diagnosis> {
    let name = if let Some((_, rest)) = line.split_once("env: ") {
        let rest = rest.strip_prefix("can't execute ").unwrap_or(rest);
        rest.strip_suffix(": No such file or directory")?
    } else {
        let rest = line.strip_suffix(": command not found").or_else(|| line.strip_suffix(": not found"))?;
        rest.rsplit_once(": ")?.1
    };
    let name = name.trim_matches(['\'', '‘', '’', '`', '"']);
    let shown = Diagnosis::permanent(format!("it is a script that needs `{name}`, which is not there"));
    Some(shown.help(format!("install `{name}`, or add its directory to PATH")))
}

fn missing(name: &str) -> Diagnosis {
    Diagnosis::permanent(format!("the library `{name}` is missing"))
        .help(format!("install the library that provides `{name}`"))
}

fn unusable(what: &str) -> Diagnosis {
    Diagnosis::permanent("a library that it needs cannot be used").fact("loader", what)
}

fn other_version(symbol: &str) -> Diagnosis {
    Diagnosis::permanent("a library that it needs is another version").fact("lacks", symbol)
}

/// What the exit says without words.
fn unsaid(program: &Path, exit: &Exit) -> Option<Diagnosis> {
    let told = match exit.code.map(i32::cast_unsigned) {
        Some(0xC000_0135) => match &dll::missing(program)[..] {
            [] => Diagnosis::permanent("a DLL that one of its DLLs needs is missing")
                .help("open it in Explorer: Windows names the DLL in a window"),
            [name] => missing(name),
            [name, others @ ..] => missing(name).fact("as well as", others.join(", ")),
        },
        Some(0xC000_007B) => Diagnosis::permanent("a DLL that it needs is for another processor"),
        Some(0xC000_0138 | 0xC000_0139) => Diagnosis::permanent("a DLL that it needs is another version"),
        Some(0xC000_0142) => Diagnosis::permanent("a DLL that it needs could not be initialised"),
        _ if exit.signal_name() == Some("SIGKILL") && is_quarantined(program) => Diagnosis::permanent(
            "macOS keeps it in quarantine, because it was downloaded and is not notarised",
        )
        .help(format!("if you trust it: `xattr -d com.apple.quarantine {}`", program.display())),
        _ => return None,
    };
    Some(told.fact("program", program.display().to_string()))
}

/// Whether a file has the mark that macOS gives to what was downloaded. The system's own tool is asked: the standard library
/// reads no such marks.
#[cfg(target_os = "macos")]
fn is_quarantined(program: &Path) -> bool {
    let mut ask = std::process::Command::new("/usr/bin/xattr");
    ask.args(["-p", "com.apple.quarantine"]).arg(program);
    ask.stdin(std::process::Stdio::null());
    ask.output().is_ok_and(|answer| answer.status.success())
}

#[cfg(not(target_os = "macos"))]
fn is_quarantined(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests;
