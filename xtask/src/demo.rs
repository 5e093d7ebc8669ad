//! `cargo xtask demo`: what an app author does, with real programs, on this machine alone.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person at the terminal")]

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sidecar_tests::{Content, ReleaseServer};

use crate::demo_app;
use crate::error::{Error, Result};
use crate::fsx::{self, Mode};
use crate::pack::{self, Release};
use crate::registry::{self, DESKTOP};
use crate::run::{cargo, output, root};

/// What becomes of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// Printed, for people.
    Show,
    /// Printed, and compared with the committed one; `SNAPSHOTS=overwrite` renews that.
    Check,
}

/// The committed account, with `…` for sizes and timings.
const SNAPSHOT: &str = "xtask/demo.txt";

/// The app's sidecars: what is added, and the name under which it is installed.
const SIDECARS: [(&str, &str); 3] =
    [("evanw/esbuild", "esbuild"), ("astral-sh/ruff", "ruff"), ("evilmartians/lefthook", "lefthook")];

/// How the demo's server is run.
const RUN: &str = r#"[sidecar.esbuild.run]
args = ["--servedir=.", "--serve=127.0.0.1:{port}"]
stdin = "pipe"                               # esbuild serves as long as its input is open
health = { ready = "http:/" }
stop = { request = "close-stdin" }
"#;

/// Nothing of the demo takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the demo.
pub(crate) fn run(account: Account) -> Result<()> {
    let mut told = Told::default();
    told.line("From a release page to a running sidecar. Real programs, a release server on loopback, no other network.");
    let (server, stand_ins) = publish(&mut told)?;
    let stage = Stage::new(&server)?;
    stage.add(&mut told)?;
    stage.sync(&mut told)?;
    stage.build(&mut told)?;
    stage.again(&mut told)?;
    if stand_ins {
        told.line("           the stand-ins serve nothing, so that none is kept running");
    } else {
        stage.keep(&mut told)?;
    }
    told.line("");
    told.line(&format!(
        "The app is in {}; sidecar.toml and sidecar.lock are what you would commit.",
        stage.shown()
    ));
    match account {
        Account::Show => Ok(()),
        Account::Check if stand_ins => {
            eprintln!("note: the account was not compared: no package registry answered");
            Ok(())
        }
        Account::Check => told.compare(),
    }
}

/// Fetches the programs, packs them as releases and puts these on a server.
fn publish(told: &mut Told) -> Result<(ReleaseServer, bool)> {
    let target_dir = fsx::target_dir();
    let start = Instant::now();
    let programs = registry::programs(&target_dir, &DESKTOP, &|line| eprintln!("{line}"))?;
    let mut size = 0;
    for binary in &programs.binaries {
        size += Content::file(&binary.path).length();
    }
    if let Some(note) = &programs.note {
        told.line(note);
    }
    let names: Vec<String> = registry::PROGRAMS.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
    told.step(
        "programs",
        start,
        &format!("{}: {} files, {}", names.join(", "), programs.binaries.len(), mib(size)),
    );

    let start = Instant::now();
    let releases = pack::releases(&programs, &target_dir)?;
    let server = ReleaseServer::start();
    let (mut assets, mut size) = (0, 0);
    for Release { repository, spec } in releases {
        assets += spec.assets().count();
        size += spec.assets().map(|(_, content)| content.length()).sum::<u64>();
        server.release(repository, spec);
    }
    told.step(
        "releases",
        start,
        &format!("{assets} assets, {}, on a server that speaks GitHub's API", mib(size)),
    );
    Ok((server, programs.binaries.iter().any(|b| b.stand_in)))
}

/// The app, and the environment in which it is worked on.
struct Stage {
    src_tauri: PathBuf,
    cache: PathBuf,
    api: String,
    subcommand: PathBuf,
}

impl Stage {
    /// Writes the app anew: no manifest, no lock, no binaries, an empty cache. What cargo compiled before is kept.
    fn new(server: &ReleaseServer) -> Result<Self> {
        let demo = fsx::target_dir().join("demo");
        output("building cargo-sidecar", &mut cargo(&["build", "--quiet", "--package", "cargo-sidecar"]))?;
        fsx::remove_dir_all(&demo.join("app"))?;
        fsx::remove_dir_all(&demo.join("cache"))?;
        let names = SIDECARS.map(|(_, name)| name);
        let library = root().join("crates/sidecar-fetch");
        let supervisor = root().join("crates/sidecar-supervisor");
        let app = demo_app::App {
            sidecars: &names,
            synced: true,
            sidecar_fetch: Some(&library),
            sidecar_supervisor: Some(&supervisor),
        };
        let src_tauri = demo_app::write(&demo.join("app"), &app)?;
        let exe = std::env::consts::EXE_SUFFIX;
        let subcommand = fsx::target_dir().join(format!("debug/cargo-sidecar{exe}"));
        Ok(Self { src_tauri, cache: demo.join("cache"), api: server.api_url(), subcommand })
    }

    fn add(&self, told: &mut Told) -> Result<()> {
        for (repository, _) in SIDECARS {
            let start = Instant::now();
            self.sidecar(&["add", repository])?;
            let lock = self.lock()?;
            let (pinned, gaps) =
                (lock.matches("binary-sha256").count(), lock.matches("missing = true").count());
            told.step(
                "add",
                start,
                &format!(
                    "cargo sidecar add {repository}: sidecar.lock now pins {pinned} files, {gaps} missing"
                ),
            );
        }
        // What a person would write below the entry.
        let manifest = self.src_tauri.join("sidecar.toml");
        let text = String::from_utf8_lossy(&fsx::read(&manifest)?).into_owned();
        fsx::publish(
            &manifest,
            format!("{}\n{RUN}", text.trim_end().to_owned() + "\n").as_bytes(),
            Mode::Plain,
        )
    }

    fn sync(&self, told: &mut Told) -> Result<()> {
        let start = Instant::now();
        self.sidecar(&["sync", "--all-targets", "--locked"])?;
        let binaries = fsx::entries(&self.src_tauri.join("binaries"));
        let size: u64 = binaries.iter().map(|path| Content::file(path).length()).sum();
        told.step(
            "sync",
            start,
            &format!("cargo sidecar sync --all-targets: {} files, {}", binaries.len(), mib(size)),
        );
        let name = registry::host();
        for path in binaries.iter().filter(|path| path.to_string_lossy().contains(name)) {
            told.detail(&format!("binaries/{}", path.file_name().unwrap_or_default().to_string_lossy()));
        }
        let start = Instant::now();
        let (rows, _) = self.sidecar(&["verify", "--all-targets", "--message-format", "json"])?;
        let of_file = |line: &&str| line.contains(r#""subject":"file""#) && line.contains(r#""state":"ok""#);
        let ok = rows.lines().filter(of_file).count();
        told.step("verify", start, &format!("cargo sidecar verify --all-targets: {ok} ok"));
        Ok(())
    }

    /// Removes what `sync` installed, so that the build script has to do its work, then builds and runs the app.
    fn build(&self, told: &mut Told) -> Result<()> {
        fsx::remove_dir_all(&self.src_tauri.join("binaries"))?;
        let start = Instant::now();
        self.cargo(&["build"])?;
        told.step(
            "build",
            start,
            "cargo build: build.rs has one line more, the real tauri-build checks the result",
        );
        let exe = std::env::consts::EXE_SUFFIX;
        let app = self.target_dir().join(format!("debug/sidecar-demo{exe}"));
        let start = Instant::now();
        let (greeting, _) = output("the app", &mut Command::new(app))?;
        told.step("run", start, "the app starts its sidecars");
        told.line("");
        greeting.lines().for_each(|line| told.detail(line));
        told.line("");
        Ok(())
    }

    /// A second round changes nothing, and says so.
    fn again(&self, told: &mut Told) -> Result<()> {
        self.sidecar(&["sync", "--all-targets", "--locked"])?;
        let start = Instant::now();
        let (_, said) = self.sidecar(&["sync", "--all-targets", "--locked"])?;
        let said = said
            .lines()
            .find_map(|line| line.trim().strip_prefix("Finished "))
            .unwrap_or_default()
            .to_owned();
        told.step("sync", start, &format!("once more: {said}"));
        if !said.contains("nothing was changed") {
            return Err(Error::new(format!("a second sync changed something: {said}")));
        }
        // The files that sync put back for the other targets are none of this build's business; its own are as they were.
        let start = Instant::now();
        let (_, said) = self.cargo(&["build", "--verbose"])?;
        let fresh = said.lines().any(|line| line.trim_start().starts_with("Fresh sidecar-demo "));
        told.step(
            "build",
            start,
            if fresh { "once more: fresh, build.rs did not run" } else { "once more: build.rs ran again" },
        );
        if fresh { Ok(()) } else { Err(Error::new(format!("a second build was not fresh\n{said}"))) }
    }

    /// A second program of the app keeps esbuild running. It is killed without a warning, and nothing stays behind.
    fn keep(&self, told: &mut Told) -> Result<()> {
        let start = Instant::now();
        let program = self.target_dir().join(format!("debug/kept{}", std::env::consts::EXE_SUFFIX));
        let mut app = Command::new(program)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::because("the app that keeps esbuild does not start"))?;
        let mut said = String::new();
        let output = app.stdout.take().map(BufReader::new);
        if let Some(mut output) = output {
            let _ = output.read_line(&mut said);
        }
        let address: Option<SocketAddr> =
            said.trim().strip_prefix("http://").and_then(|address| address.parse().ok());
        let killed = Instant::now();
        app.kill().and_then(|()| app.wait()).map_err(Error::because("the app cannot be killed"))?;
        let address = address.ok_or_else(|| Error::new("the app did not tell where esbuild listens"))?;
        told.step(
            "keep",
            start,
            "the app runs esbuild as a server: ready when the port is proved to be its own",
        );
        while TcpStream::connect(address).is_ok() {
            if killed.elapsed() > PATIENCE {
                return Err(Error::new(format!("esbuild outlived its app: it still answers on {address}")));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        told.step("kill", killed, "kill -9 on the app: esbuild is gone as well");
        Ok(())
    }

    fn sidecar(&self, args: &[&str]) -> Result<(String, String)> {
        let mut command = Command::new(&self.subcommand);
        command.arg("sidecar").args(args);
        output(&format!("cargo sidecar {}", args.join(" ")), self.within(&mut command))
    }

    fn cargo(&self, args: &[&str]) -> Result<(String, String)> {
        output(&format!("cargo {}", args.join(" ")), self.within(&mut cargo(args)))
    }

    /// The app's directory and environment: its own cache, the server in GitHub's place, nothing of the caller's.
    fn within<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for name in ["GH_TOKEN", "GITHUB_TOKEN", "SIDECAR_OFFLINE", "SIDECAR_LOCKED", "CARGO_NET_OFFLINE"] {
            command.env_remove(name);
        }
        command
            .current_dir(&self.src_tauri)
            .env("CARGO_TARGET_DIR", self.target_dir())
            .env("SIDECAR_CACHE_DIR", &self.cache)
            .env("SIDECAR_GITHUB_API", &self.api)
            .env("NO_COLOR", "1")
    }

    /// Kept from one demo to the next, so that only the first one compiles everything.
    fn target_dir(&self) -> PathBuf {
        self.cache.with_file_name("target")
    }

    fn lock(&self) -> Result<String> {
        let text = fsx::read(&self.src_tauri.join("sidecar.lock"))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The app's directory, below the target directory.
    fn shown(&self) -> String {
        let below = self.src_tauri.strip_prefix(fsx::target_dir()).unwrap_or(&self.src_tauri);
        format!("target/{}", below.display()).replace('\\', "/")
    }
}

/// The account: printed line by line, and kept.
#[derive(Default)]
struct Told(String);

impl Told {
    fn line(&mut self, line: &str) {
        println!("{line}");
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn detail(&mut self, line: &str) {
        self.line(format!("{:21}{line}", "").trim_end());
    }

    fn step(&mut self, name: &str, start: Instant, what: &str) {
        let seconds = format!("{:.2} s", start.elapsed().as_secs_f32());
        self.line(&format!("{name:>10} {seconds:>8}  {what}"));
    }

    fn compare(&self) -> Result<()> {
        let path = root().join(SNAPSHOT);
        let now = without_figures(&self.0);
        if crate::env::text("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
            return fsx::publish(&path, now.as_bytes(), Mode::Plain);
        }
        let committed = fsx::text_of(&path).unwrap_or_default().replace("\r\n", "\n");
        if committed == now {
            return Ok(());
        }
        let differing = committed.lines().zip(now.lines()).find(|(a, b)| a != b);
        let (was, is) = differing.unwrap_or(("another number of lines", ""));
        Err(Error::new(format!(
            "the demo's account differs from {SNAPSHOT}\n  was  {was}\n  is   {is}\nSNAPSHOTS=overwrite cargo xtask demo --check renews it"
        )))
    }
}

/// The text with `…` for every size and duration, and the host's triple by name.
fn without_figures(text: &str) -> String {
    let mut out = String::new();
    for line in text.replace(registry::host(), "<host>").lines() {
        let mut words: Vec<&str> = line.split(' ').collect();
        for i in 1..words.len() {
            let unit = words[i].trim_end_matches([',', ':', ';']);
            if matches!(unit, "s" | "MiB") && words[i - 1].parse::<f64>().is_ok() {
                words[i - 1] = "…";
            }
        }
        // The padding in front of a duration goes with it.
        let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    #[test]
    fn figures_are_left_out_of_the_snapshot() {
        let text = "      sync   1.25 s  18 files, 278 MiB\n";
        assert_eq!(super::without_figures(text), "sync … s 18 files, … MiB\n");
    }
}
