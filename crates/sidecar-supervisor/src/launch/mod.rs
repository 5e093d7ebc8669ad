//! Everything that a launch needs, put together: program, arguments, environment, directory, port, secrets.

mod integrity;
mod program;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sidecar_keeper::{Launch, PortLease, Stdio};
use sidecar_spec::{Identity, Install, Port, Program, Run, Stdin, Token};

use crate::app::{App, Shared};
use crate::cancel::Cancel;
use crate::env;
use crate::error::{Error, Kind};
use crate::fsx;
use crate::machine::Failure;
use crate::output;
use crate::port;
use crate::secret::Secret;
use program::{Places, Wanted};
use values::Values;

/// A launch, ready to go.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) launch: Launch,
    pub(crate) program: PathBuf,
    /// Where it will listen, where that is known.
    pub(crate) address: Option<SocketAddr>,
    /// The port, held for it until it has it.
    pub(crate) lease: Option<PortLease>,
    pub(crate) token: Option<Secret>,
    pub(crate) nonce: Option<Secret>,
    /// Removed when the run is over.
    pub(crate) token_file: Option<TokenFile>,
    /// The file that it writes its port into.
    pub(crate) port_file: Option<PathBuf>,
}

/// The file that holds a launch's secret.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
    secret: Secret,
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // Where several instances of the app share a path, it may be another one's by now.
        let secret = self.secret.reveal().as_bytes();
        if fsx::head(&self.path, secret.len() as u64 + 1).is_ok_and(|found| found == secret) {
            // The next launch writes it anew, and nobody else may read it.
            let _ = fsx::remove(&self.path);
        }
    }
}

/// What kind of launch it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// The sidecar itself.
    Serve,
    /// Its program once, with these arguments, for its output.
    Once(&'a [String]),
}

/// Puts a launch together. Nothing is started, and nothing is left behind when it fails.
///
/// # Errors
/// Why it cannot be launched; `cancelled` where that was asked for meanwhile.
pub(crate) fn prepare(
    app: &App,
    shared: &Shared,
    purpose: Purpose<'_>,
    cancel: &Cancel,
) -> Result<Prepared, Failure> {
    let run = &shared.spec.run;
    let serve = matches!(purpose, Purpose::Serve);
    let (address, lease) = if serve { port::reserve(shared)? } else { (None, None) };
    let token = match &run.token {
        Some(_) => Some(shared.token.clone().map_or_else(Secret::random, Ok).map_err(Failure::passing)?),
        None => None,
    };
    let nonce = match run.identity {
        Identity::Nonce => Some(Secret::random().map_err(Failure::passing)?),
        Identity::Socket => None,
    };
    // Somebody may have tidied up while the app ran.
    fsx::make_private_dir(app.instance.dir()).map_err(|e| {
        let error = Error::io("the directory of this run cannot be made", &e);
        Failure::passing(error.fact("path", app.instance.dir().display()))
    })?;
    let values = Values { app, shared, address, token: token.as_ref(), nonce: nonce.as_ref() };
    let cwd = directory(app, run, &values)?;
    let program = find(app, shared, &cwd, &values)?;
    if let Some(expected) = &run.sha256 {
        integrity::check(&shared.name, &program, expected, cancel)?;
    }
    let mut launch = Launch::new(&program)
        .directory(&cwd)
        .stdout(Stdio::Piped)
        .stderr(Stdio::Piped)
        .on_app_death(run.stop.app_death_grace.get());
    if let Some(ledger) = &app.ledger {
        launch = launch.ledger(ledger);
    }
    if serve && run.logs.files > 0 && fsx::make_private_dir(&app.log_dir).is_ok() {
        launch =
            launch.last_words(app.log_dir.join(format!("{}.last-words.log", output::stem(&shared.name))));
    }
    launch = match purpose {
        Purpose::Once(args) => launch.args(args).stdin(Stdio::Piped),
        Purpose::Serve => launch.args(arguments(run, &values)?).stdin(match run.stdin {
            Stdin::Pipe => Stdio::Piped,
            Stdin::Null => Stdio::Null,
        }),
    };
    for (name, template) in &run.env {
        match values.expand(&format!("env.{name}"), template) {
            Ok(value) => launch = launch.env(name, value),
            // Its port, for one, has no meaning for a program that is run once.
            Err(_) if !serve => launch = launch.env_remove(name),
            Err(failure) => return Err(failure),
        }
    }
    if let Some(nonce) = &nonce {
        launch = launch.env(env::NONCE, nonce.reveal());
    }
    // The file is the running sidecar's.
    let handed = token.as_ref().filter(|_| serve || !matches!(run.token, Some(Token::File(_))));
    let token_file = hand_over(run, handed, &values, &mut launch)?;
    if serve && run.port == Port::ListenFd {
        launch = port::inherit(shared, launch)?;
    }
    let port_file = match &run.port {
        Port::File(file) if serve => Some(cwd.join(values.expand("port.file", &file.path)?)),
        _ => None,
    };
    Ok(Prepared { launch, program, address, lease, token, nonce, token_file, port_file })
}

/// It was stopped before it was started.
pub(crate) fn cancelled(name: &str) -> Failure {
    Failure::passing(Error::new(Kind::Cancelled, format!("`{name}` was stopped before it was started")))
}

fn arguments(run: &Run, values: &Values<'_>) -> Result<Vec<String>, Failure> {
    run.args.iter().enumerate().map(|(n, arg)| values.expand(&format!("args[{n}]"), arg)).collect()
}

/// The working directory, which must be there.
fn directory(app: &App, run: &Run, values: &Values<'_>) -> Result<PathBuf, Failure> {
    let Some(template) = &run.cwd else {
        fsx::make_dir(&app.data_dir).map_err(|e| {
            let error = Error::io("the app's data directory cannot be made", &e);
            Failure::passing(error.fact("path", app.data_dir.display()))
        })?;
        return Ok(app.data_dir.clone());
    };
    let path = app.data_dir.join(values.expand("cwd", template)?);
    if path.is_dir() {
        return Ok(path);
    }
    let what = if path.exists() { "is not a directory" } else { "is not there" };
    let error = Error::new(
        Kind::DirectoryMissing,
        format!("the working directory of `{}` {what}", values.shared.name),
    );
    Err(Failure::passing(error.fact("path", path.display()).help("make it before the sidecar is started")))
}

fn find(app: &App, shared: &Shared, cwd: &Path, values: &Values<'_>) -> Result<PathBuf, Failure> {
    let name = &shared.name;
    let development = cfg!(debug_assertions);
    let places = Places {
        app: std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)),
        resources: app.resource_dir.clone(),
        sources: app.source_dir.clone().filter(|_| development),
        chosen: env::var(&env::program(name)).filter(|_| development).map(PathBuf::from),
        cwd: cwd.to_owned(),
        path: env::var(env::PATH),
    };
    let path;
    let default = Install::beside_app(&**name);
    let wanted = match &shared.spec.run.program {
        Some(Program::Path(template)) => {
            path = PathBuf::from(values.expand("program.path", template)?);
            Wanted::Path(&path)
        }
        Some(Program::OnPath(name)) => Wanted::OnPath(name),
        Some(Program::Provisioned(other)) => {
            let named = app.sidecars.get(other).and_then(|other| other.spec.install.as_ref());
            let beside = Install::beside_app(other);
            return choose(name, &Wanted::Provisioned(named.unwrap_or(&beside)), &places);
        }
        _ => Wanted::Provisioned(shared.spec.install.as_ref().unwrap_or(&default)),
    };
    choose(name, &wanted, &places)
}

fn choose(name: &str, wanted: &Wanted<'_>, places: &Places) -> Result<PathBuf, Failure> {
    program::find(wanted, places, Path::is_file).map_err(|tried| {
        let is_dir = matches!(wanted, Wanted::Path(_)) && tried.iter().any(|path| path.is_dir());
        let what = if is_dir { "is a directory" } else { "is not there" };
        let mut error = Error::new(Kind::ProgramMissing, format!("the program of `{name}` {what}"));
        for path in &tried {
            error = error.fact("tried", path.display());
        }
        Failure::permanent(match wanted {
            Wanted::OnPath(program) if tried.is_empty() => {
                error.fact("tried", format!("`{program}` on an empty PATH"))
            }
            Wanted::OnPath(program) => {
                error.help(format!("install `{program}`, or add its directory to PATH"))
            }
            Wanted::Path(_) => error,
            Wanted::Provisioned(_) => {
                error.help("run `cargo sidecar sync`; in an installed app, its installation is damaged")
            }
        })
    })
}

/// Gives the sidecar its secret in the way that it asks for.
fn hand_over(
    run: &Run,
    token: Option<&Secret>,
    values: &Values<'_>,
    launch: &mut Launch,
) -> Result<Option<TokenFile>, Failure> {
    let (Some(way), Some(token)) = (&run.token, token) else { return Ok(None) };
    match way {
        Token::File(template) => {
            // Several instances of the app share the data directory, and each has secrets of its own.
            let path = values.app.instance.dir().join(values.expand("token.file", template)?);
            let write = || {
                use std::io::Write;
                fsx::create_private(&path)?.write_all(token.reveal().as_bytes())
            };
            write().map_err(|e| {
                let error = Error::io(format!("the token of `{}` cannot be written", values.shared.name), &e);
                Failure::passing(error.fact("path", path.display()))
            })?;
            Ok(Some(TokenFile { path, secret: token.clone() }))
        }
        Token::Env(name) => {
            *launch = std::mem::replace(launch, Launch::new("")).env(name, token.reveal());
            Ok(None)
        }
        _ => Ok(None),
    }
}
