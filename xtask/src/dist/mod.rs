//! `cargo xtask dist`: the subcommand as a release has it, for every system that can be built for here, and the package for
//! npm.
//!
//! Archives depend on their members alone (sorted members, fixed times, owners and modes). Beside them lie their
//! checksums and the map that cargo-dist made usual, which `cargo sidecar` reads first.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod archive;
mod build;
mod check;
mod import;
mod manifest;
mod package;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::pack::sha256;
use crate::publish;
use crate::registry::{DESKTOP, exe, host};
use crate::run::root;

/// The program that is released.
const PROGRAM: &str = "cargo-sidecar";

/// What a Windows program is built for where MSVC is not.
const MINGW: &str = "x86_64-pc-windows-gnu";

/// What goes along with the program.
const DOCUMENTS: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// The word for the package for npm, where triples are the words for programs.
const NPM: &str = "npm";

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish<'a> {
    /// Triples, and `npm`.
    what: Vec<&'a str>,
    check: bool,
    collect: bool,
    require: bool,
}

/// What came of a triple, or of the package.
#[derive(Debug)]
struct Row {
    what: String,
    time: Duration,
    outcome: std::result::Result<Asset, String>,
}

/// An archive of the release.
#[derive(Debug, Clone)]
struct Asset {
    name: String,
    holds: Holds,
    sha256: String,
    /// Bytes of the archive.
    size: u64,
}

/// What an archive holds.
#[derive(Debug, Clone)]
enum Holds {
    /// The program, and where it was built, if that was in this run.
    Program { triple: String, built: Option<PathBuf> },
    /// The package for npm.
    Package,
}

/// Builds, packs, and describes.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let wish = parse(words)?;
    let version = publish::version()?;
    let rows = if wish.collect { collected()? } else { built(&wish)? };
    let assets: Vec<Asset> = rows.iter().filter_map(|row| row.outcome.as_ref().ok().cloned()).collect();
    describe(&assets, &version)?;
    print!("{}", table(&rows)?);
    if wish.require {
        required(&rows)?;
    }
    if wish.check { check::run(&assets, &version) } else { Ok(()) }
}

fn parse<'a>(words: &[&'a str]) -> Result<Wish<'a>> {
    let mut wish = Wish::default();
    for word in words {
        match *word {
            "--check" => wish.check = true,
            "--collect" => wish.collect = true,
            "--require" => wish.require = true,
            what if DESKTOP.contains(&what) || [MINGW, NPM].contains(&what) => wish.what.push(what),
            other => {
                let known = DESKTOP.join(", ");
                let what = format!(
                    "`{other}` is neither a triple ({known}, {MINGW}), {NPM}, nor --check, --collect, --require"
                );
                return Err(Error::new(what));
            }
        }
    }
    if wish.collect && (wish.check || !wish.what.is_empty()) {
        return Err(Error::new("--collect takes the archives that are there: it builds and checks nothing"));
    }
    Ok(wish)
}

/// The directory of the release.
fn directory() -> PathBuf {
    fsx::target_dir().join("dist")
}

/// `cargo-sidecar-<triple>.tar.gz`, `.zip` for Windows.
fn asset_name(triple: &str) -> String {
    let ending = if is_zipped(triple) { "zip" } else { "tar.gz" };
    format!("{PROGRAM}-{triple}.{ending}")
}

fn is_zipped(triple: &str) -> bool {
    triple.contains("windows")
}

fn built(wish: &Wish<'_>) -> Result<Vec<Row>> {
    fsx::remove_dir_all(&directory())?;
    let all: Vec<&str> = DESKTOP.into_iter().chain([MINGW, NPM]).collect();
    let wanted = if wish.what.is_empty() { all } else { wish.what.clone() };
    let mut rows = Vec::new();
    for what in wanted {
        let start = Instant::now();
        let outcome = if what == NPM { package::pack()? } else { program(what)? };
        rows.push(Row { what: what.to_owned(), time: start.elapsed(), outcome });
    }
    Ok(rows)
}

/// Builds and packs the program, or says why that is not possible here.
fn program(triple: &str) -> Result<std::result::Result<Asset, String>> {
    let road = match build::road(triple, host()) {
        Ok(road) => road,
        Err(reason) => return Ok(Err(reason)),
    };
    let program = build::program(triple, road)?;
    let mut members = vec![(format!("{PROGRAM}{}", exe(triple)), fsx::read(&program)?, Mode::Executable)];
    for document in DOCUMENTS {
        members.push((document.to_owned(), fsx::read(&root().join(document))?, Mode::Plain));
    }
    let bytes = if is_zipped(triple) {
        archive::zip(members)?
    } else {
        archive::tar_gz(&format!("{PROGRAM}-{triple}"), members)?
    };
    publish_asset(&asset_name(triple), &bytes)?;
    let holds = Holds::Program { triple: triple.to_owned(), built: Some(program) };
    Ok(Ok(asset(asset_name(triple), &bytes, holds)))
}

fn publish_asset(name: &str, bytes: &[u8]) -> Result<()> {
    fsx::publish(&directory().join(name), bytes, Mode::Plain)
}

fn asset(name: String, bytes: &[u8], holds: Holds) -> Asset {
    Asset { name, holds, sha256: sha256(bytes), size: bytes.len() as u64 }
}

/// The archives that lie in the directory, made by other machines.
fn collected() -> Result<Vec<Row>> {
    let row = |what: &str, name: String, holds: Holds| {
        let path = directory().join(&name);
        let outcome = if path.is_file() {
            Ok(asset(name, &fsx::read(&path)?, holds))
        } else {
            Err(format!("{name} is not there"))
        };
        Ok(Row { what: what.to_owned(), time: Duration::ZERO, outcome })
    };
    let programs = DESKTOP.map(|triple| {
        row(triple, asset_name(triple), Holds::Program { triple: triple.to_owned(), built: None })
    });
    programs.into_iter().chain([row(NPM, package::asset_name()?, Holds::Package)]).collect()
}

/// Writes the checksums and the map.
fn describe(assets: &[Asset], version: &str) -> Result<()> {
    let mut list = String::new();
    for asset in assets {
        let line = format!("{}  {}\n", asset.sha256, asset.name);
        publish_asset(&format!("{}.sha256", asset.name), line.as_bytes())?;
        list.push_str(&line);
    }
    publish_asset("sha256.sum", list.as_bytes())?;
    publish_asset("dist-manifest.json", manifest::text(assets, version).as_bytes())
}

/// One line for each: its archive and sizes, or why there is none.
fn table(rows: &[Row]) -> Result<String> {
    let mut out = format!("\n{:27} {:>9} {:>9} {:>6}  asset\n", "what", "archive", "program", "time");
    for row in rows {
        let line = match &row.outcome {
            Ok(asset) => {
                let program = match &asset.holds {
                    Holds::Program { built: Some(path), .. } => kib(fsx::read(path)?.len() as u64),
                    _ => "-".to_owned(),
                };
                let seconds = format!("{} s", row.time.as_secs());
                format!("{:27} {:>9} {program:>9} {seconds:>6}  {}", row.what, kib(asset.size), asset.name)
            }
            Err(reason) => format!("{:27} {:>9} {:>9} {:>6}  not built: {reason}", row.what, "-", "-", "-"),
        };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    Ok(out)
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

fn required(rows: &[Row]) -> Result<()> {
    let missing: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.what, row.outcome.as_ref().err()?)))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Error::new(format!("not built:\n  {}", missing.join("\n  "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linux() -> Asset {
        let triple = "x86_64-unknown-linux-gnu".to_owned();
        let holds = Holds::Program { triple: triple.clone(), built: None };
        Asset { name: asset_name(&triple), holds, sha256: "00".repeat(32), size: 1025 }
    }

    #[test]
    fn words_are_triples_and_flags() {
        let wish = parse(&["--check", "aarch64-apple-darwin", "--require", "npm"]).unwrap();
        assert_eq!((wish.what, wish.check, wish.require), (vec!["aarch64-apple-darwin", "npm"], true, true));
        assert!(parse(&["sparc"]).unwrap_err().to_string().contains(MINGW));
        assert!(parse(&["--collect", "--check"]).is_err());
        assert!(parse(&["--collect", MINGW]).is_err());
    }

    #[test]
    fn windows_gets_a_zip() {
        assert_eq!(asset_name("aarch64-apple-darwin"), "cargo-sidecar-aarch64-apple-darwin.tar.gz");
        assert_eq!(asset_name(MINGW), "cargo-sidecar-x86_64-pc-windows-gnu.zip");
    }

    #[test]
    fn what_is_missing_is_in_the_table_and_an_error_where_it_is_required() {
        let row = |outcome| Row { what: "aarch64-apple-darwin".into(), time: Duration::ZERO, outcome };
        let rows = [row(Ok(linux())), row(Err("needs a Mac".to_owned()))];
        let text = table(&rows).unwrap();
        assert!(text.contains("2 KiB") && text.contains("not built: needs a Mac"), "{text}");
        assert!(required(&rows[..1]).is_ok());
        assert!(required(&rows).unwrap_err().to_string().contains("aarch64-apple-darwin: needs a Mac"));
    }
}
