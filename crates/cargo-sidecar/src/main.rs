//! The `cargo sidecar` subcommand: arguments, progress, printing, exit codes. Every decision is in `sidecar-fetch`.

mod args;
mod ask;
mod bars;
mod commands;
mod out;
mod workspace;

use std::process::ExitCode;

use out::Out;

fn main() -> ExitCode {
    let cli = args::parse();
    let out = Out::new(&cli.global);
    match commands::run(&cli, out) {
        Ok(code) => code,
        Err(error) => {
            out.error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}
