//! Runs a program as a sidecar, and shows all that happens to it: `watch -- PROGRAM [ARGUMENT]…`.
//!
//! `{port}` in the arguments is the port that it is given; without one it has none. Enter stops it; so does killing this.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::process::ExitCode;
use std::time::Instant;

use sidecar_supervisor::spec::{Port, Program, Run, Spec};
use sidecar_supervisor::{Entry, Error, Happened, Scope, Sidecar, Supervisor, Told};

fn main() -> ExitCode {
    // Before anything else: see `init`.
    let scope = sidecar_supervisor::init();
    let mut words = std::env::args().skip(1).skip_while(|word| word == "--");
    let Some(program) = words.next() else {
        eprintln!("watch -- PROGRAM [ARGUMENT]…");
        return ExitCode::from(2);
    };
    if scope != Scope::WholeTree {
        eprintln!("note: {scope:?}");
    }
    let args: Vec<String> = words.collect();
    match watch(program, &args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn watch(program: String, args: &[String]) -> Result<(), Error> {
    let mut run = Run::default();
    if !args.iter().any(|arg| arg.contains("{port}")) {
        run.port = Port::None;
    }
    run.args = args
        .iter()
        .map(|arg| arg.parse().unwrap_or_else(|_| sidecar_supervisor::spec::Template::literal(arg)))
        .collect();
    run.program = Some(if program.contains(std::path::MAIN_SEPARATOR) {
        let here = std::path::absolute(&program).unwrap_or_default();
        Program::Path(sidecar_supervisor::spec::Template::literal(&here.to_string_lossy()))
    } else {
        Program::OnPath(program)
    });
    // Of its own, so that several can watch at once.
    let data = std::env::temp_dir().join(format!("sidecar-watch-{}", std::process::id()));
    let supervisor = Supervisor::builder(Spec::new([("it", run)]), data).build()?;
    let it = supervisor.sidecar("it")?;
    show(&supervisor, &it);
    it.start().wait()?;
    if let Some(url) = it.url() {
        println!("          {url}   (Enter stops it)");
    }
    let _ = std::io::stdin().read_line(&mut String::new());
    supervisor.stop_all().wait()
}

/// Shows events and output as they come, each with the time since the start.
fn show(supervisor: &Supervisor, it: &Sidecar) {
    let begin = Instant::now();
    let (mut events, mut output) = (supervisor.events(), it.follow(0));
    std::thread::spawn(move || {
        while let Some(told) = events.wait() {
            let Told::Event(event) = told else { continue };
            let what = match event.what {
                Happened::State { state } => state.to_string(),
                Happened::Launched { pid } => format!("process {pid}"),
                Happened::Port { port } => format!("port {port}"),
                Happened::Exited { exit } => exit.to_string(),
                Happened::Restart { after, attempt, .. } => format!("restart {attempt} in {after} ms"),
                Happened::StopBlocked { processes } => format!("{} processes do not end", processes.len()),
                Happened::Failed { error } => format!("failed: {error}"),
                other => format!("{other:?}"),
            };
            println!("{:>7.3} s  {what}", begin.elapsed().as_secs_f64());
        }
    });
    std::thread::spawn(move || {
        while let Some(entry) = pollster::block_on(output.next()) {
            if let Entry::Line(line) = entry {
                println!("{:>7.3} s  | {}", begin.elapsed().as_secs_f64(), line.text);
            }
        }
    });
}
