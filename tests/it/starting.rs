//! From a release to a program that runs: `cargo sidecar`, a build script, and an app that has nothing but the spec.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use sidecar_tests::{ReleaseSpec, tar_gz};
use snapbox::str;

use crate::app::{App, HOST};

/// The misbehaving sidecar and an app without a window, built once.
static PROGRAMS: LazyLock<(PathBuf, PathBuf)> = LazyLock::new(|| {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "-p", "sidecar-tests", "--bin", "misbehave", "--example", "app"]);
    assert!(cargo.status().unwrap().success());
    let misbehave = snapbox::cmd::cargo_bin("misbehave");
    let app = misbehave.with_file_name("examples").join(exe("app"));
    (misbehave, app)
});

const SERVES: &str = "args = ['--bind', '127.0.0.1:{port}', '--http']\nhealth = { ready = 'http:/health' }\n";

fn exe(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// A package whose manifest is `[sidecar.backend]`, which `acme/backend` publishes for this machine, and these keys.
fn declared(keys: &str) -> App {
    let app = App::new();
    let program = std::fs::read(&PROGRAMS.0).unwrap();
    let members: [(&str, &[u8]); 2] = [(&exe("bin/backend"), &program), ("data/words.txt", b"words")];
    let asset = format!("backend-{}.tar.gz", *HOST);
    app.server.release("acme/backend", ReleaseSpec::new("v1.2.0").asset(asset, tar_gz(&members)));
    app.manifest(&format!("[settings]\ntargets = [\"{}\"]\n", *HOST));
    app.sidecar(["add", "acme/backend@1"]).success();
    app.manifest(&(app.read("sidecar.toml") + keys));
    app
}

/// The same, installed for this machine and built.
fn built(keys: &str) -> App {
    let app = declared(keys);
    app.sidecar(["sync"]).success();
    app.run(app.build_script(&HOST)).success();
    app
}

/// The app's program, which reads the spec that the build script wrote.
fn start(app: &App, program: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.arg(app.path("../out/sidecar-spec.json")).arg(app.path("../data")).args(args);
    app.environment(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// An app that runs. When its input is dropped, it ends what it started, also where a story fails.
struct Started {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Started {
    fn by(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next line; an app that ends without one says why on standard error.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut said = String::new();
            self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("the app has ended: {said}");
        }
        line.trim_end().to_owned()
    }

    /// The address of the sidecar, once the app says that it runs.
    fn address(&mut self) -> String {
        let line = self.line();
        let words: Vec<&str> = line.split(' ').collect();
        let ["running", url, _] = words[..] else { panic!("{line}") };
        url.strip_prefix("http://").unwrap().to_owned()
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        assert_eq!(self.line(), "stopped");
        assert!(self.child.wait().unwrap().success());
    }
}

fn answers(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut status = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && BufReader::new(stream).read_line(&mut status).is_ok()
        && status.starts_with("HTTP/1.1 200")
}

/// Runs the app until the sidecar answers, and until it does no more.
fn runs_and_stops(command: Command) {
    let mut started = Started::by(command);
    let address = started.address();
    assert!(answers(&address), "{address}");
    started.end();
    assert!(!answers(&address), "it is stopped");
}

fn path(path: &Path) -> String {
    path.canonicalize().unwrap().into_os_string().into_string().unwrap()
}

#[test]
fn from_a_release_to_a_program_that_runs() {
    let app = built(&format!("install-as = 'acme-backend'\n[sidecar.backend.run]\n{SERVES}"));
    runs_and_stops(start(&app, &PROGRAMS.1, &["--source-dir", &path(&app.path("")), "backend"]));
}

#[test]
fn an_installed_app_finds_it_beside_itself() {
    let app = built(&format!("install-as = 'acme-backend'\n[sidecar.backend.run]\n{SERVES}"));
    let installed = app.path("../installed");
    std::fs::create_dir(&installed).unwrap();
    let program = installed.join(exe("app"));
    std::fs::copy(&PROGRAMS.1, &program).unwrap();
    // As bundlers do.
    std::fs::copy(app.installed("acme-backend"), installed.join(exe("acme-backend"))).unwrap();
    runs_and_stops(start(&app, &program, &["backend"]));
}

#[test]
fn a_tree_runs_among_its_companions() {
    let app = built(&format!(
        "layout = 'tree'\nresources = ['data/*']\n[sidecar.backend.run]\n{SERVES}cwd = '{{resource_dir}}'\n"
    ));
    assert_eq!(app.read("binaries/backend/data/words.txt"), "words");
    runs_and_stops(start(&app, &PROGRAMS.1, &["--resource-dir", &path(&app.path("")), "backend"]));
}

#[test]
fn a_program_without_a_run_table_is_run_once() {
    let app = built("");
    let args = ["--source-dir", &path(&app.path("")), "--once", "--help", "backend"];
    let output = start(&app, &PROGRAMS.1, &args).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("misbehave [FLAG]"));
}

#[test]
fn a_run_table_that_nobody_checked_is_an_error_when_the_app_starts() {
    let app = built("[sidecar.backend.run]\nhealth = { ready = 'http:/health' }\n");
    let manifest = app.read("sidecar.toml");
    for (from, to, expected) in [
        (
            "ready = 'http",
            "raedy = 'http",
            str![[r#"
the spec cannot be read: unknown key `sidecars.backend.run.health.raedy`; did you mean `ready`? at line 1 column 132

"#]],
        ),
        (
            "'http:/health'",
            "8080",
            str![[r#"
the spec cannot be read: `sidecars.backend.run.health.ready` takes `http:/path`, `grpc`, `grpc:service`, `jsonrpc:method`, `tcp`, `line:regex` or `process`, or a table of `check`, `every`, `timeout` and `failures`; found `8080` at line 1 column 137

"#]],
        ),
        (
            "health =",
            "depends-on = ['db'] #",
            str![[r#"
sidecar `backend`: `depends-on` names `db`, and there is no such sidecar with a `run` table

"#]],
        ),
    ] {
        app.manifest(&manifest.replace(from, to));
        app.run(app.build_script(&HOST)).success();
        let output = start(&app, &PROGRAMS.1, &["backend"]).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        app.compare(&String::from_utf8(output.stderr).unwrap(), expected);
        app.fails("run-invalid", ["lock"]);
    }
}
