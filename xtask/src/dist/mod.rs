//! `cargo xtask dist`: the subcommand as a release has it, for every system that can be built for here.
//!
//! Archives depend on the programs alone (sorted members, fixed times, owners and modes). Beside them lie their
//! checksums and the map that cargo-dist made usual, which `cargo sidecar` reads first.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod archive;
mod build;
mod check;
mod manifest;

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

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish<'a> {
    triples: Vec<&'a str>,
    check: bool,
    collect: bool,
    require: bool,
}

/// What came of a triple.
#[derive(Debug)]
struct Row {
    triple: String,
    time: Duration,
    outcome: std::result::Result<Asset, String>,
}

/// A packed program.
#[derive(Debug, Clone)]
struct Asset {
    name: String,
    triple: String,
    sha256: String,
    /// Bytes of the archive.
    size: u64,
    /// The program inside, where it was built in this run.
    program: Option<PathBuf>,
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
            triple if DESKTOP.contains(&triple) || triple == MINGW => wish.triples.push(triple),
            other => {
                let known = DESKTOP.join(", ");
                let what = format!(
                    "`{other}` is neither a triple ({known}, {MINGW}) nor --check, --collect, --require"
                );
                return Err(Error::new(what));
            }
        }
    }
    if wish.collect && (wish.check || !wish.triples.is_empty()) {
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
    let all: Vec<&str> = DESKTOP.into_iter().chain([MINGW]).collect();
    let triples = if wish.triples.is_empty() { all } else { wish.triples.clone() };
    let mut rows = Vec::new();
    for triple in triples {
        let start = Instant::now();
        let outcome = match build::road(triple, host()) {
            Ok(road) => Ok(pack(triple, build::program(triple, road)?)?),
            Err(reason) => Err(reason),
        };
        rows.push(Row { triple: triple.to_owned(), time: start.elapsed(), outcome });
    }
    Ok(rows)
}

fn pack(triple: &str, program: PathBuf) -> Result<Asset> {
    let mut members = vec![(format!("{PROGRAM}{}", exe(triple)), fsx::read(&program)?, Mode::Executable)];
    for document in DOCUMENTS {
        members.push((document.to_owned(), fsx::read(&root().join(document))?, Mode::Plain));
    }
    let name = asset_name(triple);
    let bytes = if is_zipped(triple) {
        archive::zip(members)?
    } else {
        archive::tar_gz(&format!("{PROGRAM}-{triple}"), members)?
    };
    fsx::publish(&directory().join(&name), &bytes, Mode::Plain)?;
    let (sha256, size) = (sha256(&bytes), bytes.len() as u64);
    Ok(Asset { name, triple: triple.to_owned(), sha256, size, program: Some(program) })
}

/// The archives that lie in the directory, made by other machines.
fn collected() -> Result<Vec<Row>> {
    let row = |triple: &str| {
        let (name, triple) = (asset_name(triple), triple.to_owned());
        let path = directory().join(&name);
        let outcome = if path.is_file() {
            let bytes = fsx::read(&path)?;
            let (sha256, size) = (sha256(&bytes), bytes.len() as u64);
            Ok(Asset { name, triple: triple.clone(), sha256, size, program: None })
        } else {
            Err(format!("{name} is not there"))
        };
        Ok(Row { triple, time: Duration::ZERO, outcome })
    };
    DESKTOP.iter().map(|triple| row(triple)).collect()
}

/// Writes the checksums and the map.
fn describe(assets: &[Asset], version: &str) -> Result<()> {
    let mut list = String::new();
    for asset in assets {
        let line = format!("{}  {}\n", asset.sha256, asset.name);
        fsx::publish(&directory().join(format!("{}.sha256", asset.name)), line.as_bytes(), Mode::Plain)?;
        list.push_str(&line);
    }
    fsx::publish(&directory().join("sha256.sum"), list.as_bytes(), Mode::Plain)?;
    let map = manifest::text(assets, version);
    fsx::publish(&directory().join("dist-manifest.json"), map.as_bytes(), Mode::Plain)
}

/// One line for each triple: its archive and sizes, or why there is none.
fn table(rows: &[Row]) -> Result<String> {
    let mut out = format!("\n{:27} {:>9} {:>9} {:>6}  asset\n", "system", "archive", "program", "time");
    for row in rows {
        let line = match &row.outcome {
            Ok(asset) => {
                let program = match &asset.program {
                    Some(path) => kib(fsx::read(path)?.len() as u64),
                    None => "-".to_owned(),
                };
                let seconds = format!("{} s", row.time.as_secs());
                format!("{:27} {:>9} {program:>9} {seconds:>6}  {}", row.triple, kib(asset.size), asset.name)
            }
            Err(reason) => format!("{:27} {:>9} {:>9} {:>6}  not built: {reason}", row.triple, "-", "-", "-"),
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
        .filter_map(|row| Some(format!("{}: {}", row.triple, row.outcome.as_ref().err()?)))
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

    fn asset() -> Asset {
        let triple = "x86_64-unknown-linux-gnu".to_owned();
        Asset { name: asset_name(&triple), triple, sha256: "00".repeat(32), size: 1025, program: None }
    }

    #[test]
    fn words_are_triples_and_flags() {
        let wish = parse(&["--check", "aarch64-apple-darwin", "--require"]).unwrap();
        assert_eq!((wish.triples, wish.check, wish.require), (vec!["aarch64-apple-darwin"], true, true));
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
        let row = |outcome| Row { triple: "aarch64-apple-darwin".into(), time: Duration::ZERO, outcome };
        let rows = [row(Ok(asset())), row(Err("needs a Mac".to_owned()))];
        let text = table(&rows).unwrap();
        assert!(text.contains("2 KiB") && text.contains("not built: needs a Mac"), "{text}");
        assert!(required(&rows[..1]).is_ok());
        assert!(required(&rows).unwrap_err().to_string().contains("aarch64-apple-darwin: needs a Mac"));
    }
}
