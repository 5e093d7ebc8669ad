//! `cargo xtask tauri`: the real tauri-build and the real Tauri command, against what we say of them.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

mod app;
mod cli;
mod corpus;
mod dev;
mod npm;

use std::time::Instant;

use crate::error::{Error, Result};
use crate::run::LeftOut;

/// Runs the parts that are named, or all of them. `--require cli`: that the Tauri command cannot be installed is a
/// failure.
pub(crate) fn run(words: &[&str], left_out: &mut LeftOut) -> Result<()> {
    let (required, parts) = match words {
        [parts @ .., "--require", "cli"] => (true, parts),
        parts => (false, parts),
    };
    let all = parts.is_empty();
    if let Some(unknown) = parts.iter().find(|part| !["build-script", "cli"].contains(part)) {
        return Err(Error::new(format!("`{unknown}` is no part; there are `build-script` and `cli`")));
    }
    if all || parts.contains(&"build-script") {
        timed("tauri-build", corpus::run)?;
    }
    if all || parts.contains(&"cli") {
        match npm::tauri() {
            Ok(tauri) => timed("the Tauri command", || cli::run(&tauri))?,
            Err(why) => left_out.unless(required, "the Tauri command", why)?,
        }
    }
    Ok(())
}

fn timed(name: &str, part: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let start = Instant::now();
    part()?;
    println!("== {name}: {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

/// A promise that held.
fn held(what: &str) {
    println!("   ok  {what}");
}
