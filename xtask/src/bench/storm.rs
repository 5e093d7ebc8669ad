//! Many processes at once, and processes that are killed at any moment: what is installed is right, or not there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sidecar_tests::ReleaseSpec;

use super::Bench;
use super::corpus::{self, PUBLISHED, Random, TAG};
use super::figure::Figure;
use super::scene::{Scene, run};
use crate::error::{Error, Result};
use crate::{fsx, pack, registry};

/// Processes at once.
const PROCESSES: usize = 16;

/// Processes that are killed.
const KILLS: usize = 200;

/// Killing ends after this time, also where it is not done.
const LIMIT: Duration = Duration::from_secs(150);

/// What an app has in its directory.
const OWN: [&str; 6] = ["Cargo.toml", "binaries", "sidecar.lock", "sidecar.toml", "src", "target"];

/// The variable that repeats a run's moments.
const SEED: &str = "SIDECAR_BENCH_SEED";

pub(super) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = crowd(bench)?;
    figures.extend(kills(bench)?);
    Ok(figures)
}

/// An app with so many sidecars of 0.2 to 1 MB, and what must be in its binaries directory.
struct Small {
    scene: Scene,
    right: BTreeMap<String, Vec<u8>>,
}

impl Small {
    fn new(bench: &Bench, name: &str, count: usize) -> Result<Self> {
        let (host, mut random) = (registry::host(), Random::new(7));
        let (mut releases, mut right) = (Vec::new(), BTreeMap::new());
        for at in 0..count {
            let sidecar = format!("tool-{at:02}");
            let size = 200_000 + at * 800_000 / count;
            let program = corpus::noise(&sidecar, host, size, &mut random);
            // Every third is published as it is: those are copied, not unpacked.
            let spec = ReleaseSpec::new(TAG).published_at(PUBLISHED);
            let spec = if at % 3 == 0 {
                spec.asset(format!("{sidecar}-{host}"), program.as_slice())
            } else {
                spec.asset(format!("{sidecar}-{host}.tar.gz"), pack::tar_gz(&[(&sidecar, &program)])?)
            };
            right.insert(format!("{sidecar}-{host}"), program);
            releases.push((sidecar, spec));
        }
        Ok(Self { scene: Scene::new(bench, name, releases, &[host])?, right })
    }

    fn start(&self) -> Result<Child> {
        let mut command = self.scene.sidecar(&["sync", "--locked"]);
        command.stderr(Stdio::null()).spawn().map_err(Error::because("cannot run cargo-sidecar"))
    }

    /// What is wrong in the app directory: files that are not whole, and files that do not belong there.
    fn wrong(&self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        for name in names_in(&self.scene.binaries()) {
            match self.right.get(&name) {
                None => wrong.push(format!("binaries/{name} does not belong there")),
                Some(right) if fsx::read(&self.scene.binaries().join(&name))? != *right => {
                    wrong.push(format!("binaries/{name} is not whole"));
                }
                Some(_) => {}
            }
        }
        let names = names_in(&self.scene.app());
        let foreign = names.into_iter().filter(|name| !OWN.contains(&name.as_str()));
        wrong.extend(foreign.map(|name| format!("{name} does not belong there")));
        Ok(wrong)
    }

    fn is_complete(&self) -> Result<bool> {
        let names = names_in(&self.scene.binaries());
        Ok(self.wrong()?.is_empty() && names.iter().eq(self.right.keys()))
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let name = |path: PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    fsx::entries(dir).into_iter().map(name).collect()
}

/// All at once on one cold cache.
fn crowd(bench: &Bench) -> Result<Vec<Figure>> {
    let small = Small::new(bench, "crowd", 20)?;
    small.scene.forget()?;
    let processes: Vec<Child> = (0..PROCESSES).map(|_| small.start()).collect::<Result<_>>()?;
    let mut succeeded = 0;
    for mut process in processes {
        let status = process.wait().map_err(Error::because("cannot wait for a process"))?;
        succeeded += usize::from(status.success());
    }
    let downloads = small.scene.server.requests().iter().filter(|r| r.path.starts_with("/objects/")).count();
    Ok(vec![
        Figure::exactly(format!("of {PROCESSES} processes at once succeed"), succeeded, PROCESSES),
        Figure::exactly("downloads of 20 assets by all of them", downloads, small.right.len()),
        Figure::exactly("complete apps after them", usize::from(small.is_complete()?), 1),
    ])
}

/// Kills a cold sync at random moments, looks, and lets another one finish.
fn kills(bench: &Bench) -> Result<Vec<Figure>> {
    let small = Small::new(bench, "kills", 10)?;
    let whole = small.scene.cold_sync()?.max(small.scene.cold_sync()?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs());
    let seed = crate::env::text(SEED).and_then(|seed| seed.parse().ok()).unwrap_or(now);
    let mut random = Random::new(seed);
    let micros = u64::try_from(whole.as_micros()).unwrap_or(u64::MAX);
    let begin = Instant::now();
    let (mut rounds, mut early, mut wrong) = (0, 0, Vec::new());
    while rounds < KILLS && begin.elapsed() < LIMIT {
        rounds += 1;
        small.scene.forget()?;
        let mut process = small.start()?;
        // Not a sleep that waits for something: the moment is what varies.
        std::thread::sleep(Duration::from_micros(random.below(micros)));
        process.kill().map_err(Error::because("cannot kill a process"))?;
        let status = process.wait().map_err(Error::because("cannot wait for a process"))?;
        early += usize::from(!status.success());
        wrong.extend(small.wrong()?);
        for args in [&["sync", "--locked"][..], &["verify"]] {
            wrong.extend(run(&mut small.scene.sidecar(args)).err().map(|error| error.to_string()));
        }
        if !small.is_complete()? {
            wrong.push("not complete after the next sync".to_owned());
        }
    }
    let reached = format!("{early} of {rounds}, within {} ms", micros / 1000);
    let mut figures = vec![
        Figure::told("seed", format!("{seed} (again: {SEED}={seed})")),
        Figure::told("killed before they ended", reached),
        Figure::exactly("kills, each then mended and verified", rounds, KILLS),
        Figure::exactly("wrong or half files, leftovers, failures", wrong.len(), 0),
    ];
    wrong.truncate(5);
    figures.extend(wrong.into_iter().map(|wrong| Figure::told("  wrong", wrong)));
    Ok(figures)
}
