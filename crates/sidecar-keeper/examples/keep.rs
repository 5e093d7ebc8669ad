//! Runs a program so that nothing of it outlives this one: `keep PATH [ARGUMENT]…`. Kill it, and look what is left.
#![expect(clippy::print_stderr, reason = "a program for a terminal")]

use std::process::ExitCode;

use sidecar_keeper::{Error, Event, Keeper, Launch, Stdio};

fn main() -> ExitCode {
    sidecar_keeper::init();
    let mut words = std::env::args_os().skip(1).skip_while(|word| word == "--");
    let Some(program) = words.next() else {
        eprintln!("keep PATH [ARGUMENT]…");
        return ExitCode::from(2);
    };
    let launch = Launch::new(program).args(words);
    match keep(launch.stdin(Stdio::Inherit).stdout(Stdio::Inherit).stderr(Stdio::Inherit)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs it, and what it leaves behind no longer than itself.
fn keep(launch: Launch) -> Result<ExitCode, Error> {
    let keeper = Keeper::spawn(launch)?;
    let mut code = ExitCode::FAILURE;
    while let Some(event) = keeper.next_event(None)? {
        if let Event::Exited(status) = event {
            code = status.code().and_then(|code| u8::try_from(code).ok()).map_or(code, ExitCode::from);
            keeper.kill()?;
        }
    }
    Ok(code)
}
