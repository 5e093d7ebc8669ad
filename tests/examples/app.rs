//! An app as users write it, but for its window: it starts a sidecar of the spec that it is given, says where that
//! listens, and stops it when its own input ends.
//!
//! `app SPEC DATA_DIR [--source-dir DIR] [--resource-dir DIR] [--once ARG] NAME`: with `--once` the program runs with this
//! argument alone, and what it writes is printed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tests read what it prints")]
#![expect(clippy::disallowed_methods, reason = "an app reads its files as it likes")]

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use sidecar_supervisor::{Sidecar, Supervisor};

fn main() -> ExitCode {
    sidecar_supervisor::init();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().ok_or("an argument is missing");
    let spec = std::fs::read_to_string(next()?)?;
    let mut builder = Supervisor::from_json(&spec, next()?)?;
    let mut once = None;
    let name = loop {
        match next()?.as_str() {
            "--source-dir" => builder = builder.source_dir(next()?),
            "--resource-dir" => builder = builder.resource_dir(next()?),
            "--once" => once = Some(next()?),
            name => break name.to_owned(),
        }
    };
    let supervisor = builder.build()?;
    let sidecar = supervisor.sidecar(&name)?;
    match once {
        Some(arg) => {
            let captured = sidecar.output([arg], "", Duration::from_secs(30)).wait()?;
            print!("{}", String::from_utf8_lossy(&captured.stdout));
        }
        None => serve(&sidecar)?,
    }
    Ok(supervisor.stop_all().wait()?)
}

fn serve(sidecar: &Sidecar) -> Result<(), Box<dyn Error>> {
    sidecar.start().wait()?;
    let url = sidecar.url().unwrap_or_default();
    println!("{} {url} {}", sidecar.status().state, sidecar.status().pid.unwrap_or_default());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    sidecar.stop().wait()?;
    println!("{}", sidecar.status().state);
    Ok(())
}
