//! Running test programs of another system: wine for Windows, qemu for arm64.
#![expect(clippy::print_stdout, reason = "a task talks to the person at the terminal")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sidecar_keeper::ProcessId;

use super::build::Test;
use super::summary::{Outcome, Why};
use super::{System, build, setup};
use crate::error::{Error, Result};
use crate::fsx;

/// No test program takes longer.
const PATIENCE: Duration = Duration::from_secs(900);

/// Test programs that cannot do their work there, and why. What they test runs on Linux.
const PROGRAMS: [(System, &str, &str); 6] = [
    (
        System::Windows,
        "cargo-sidecar: it (test)",
        "its stories run cargo and rustc, which are no Windows programs here",
    ),
    (System::Arm64, "cargo-sidecar: it (test)", "its stories start programs for arm64, which needs binfmt"),
    (System::Arm64, "tests: runtime (test)", "its stories start programs for arm64, which needs binfmt"),
    (System::Arm64, "tests: storm (test)", "its storms start programs for arm64, which needs binfmt"),
    (System::Windows, "tests: storm (test)", "its storms fork; those of the keeper run there"),
    (
        System::Arm64,
        "sidecar-keeper: storm (test)",
        "its trees are programs for arm64, which needs binfmt to start",
    ),
];

const EXECUTES: &str = "qemu runs one program: what that executes, and its loader, are this machine's";
const NO_OWNERS: &str = "wine's own server holds every socket, and wine says that nobody does";

/// Tests that cannot pass there, and why.
const TESTS: [(System, &str, &str); 18] = [
    (
        System::Windows,
        "install::tests::changed_bytes_of_the_same_length_are_noticed",
        "wine keeps no creation time, which tells a replaced file from the old one",
    ),
    (System::Windows, "sys::system::net::tests::the_owner_of_a_listener_is_told", NO_OWNERS),
    (System::Windows, "ports::a_fixed_port_that_is_taken_names_its_owner", NO_OWNERS),
    (System::Windows, "ports::on_all_addresses_it_never_becomes_ready", NO_OWNERS),
    (System::Windows, "ports::on_all_addresses_with_another_port_it_never_becomes_ready", NO_OWNERS),
    (System::Windows, "ports::one_that_listens_elsewhere_is_told_where", NO_OWNERS),
    (System::Windows, "ports::one_that_may_be_reached_from_elsewhere_says_so", NO_OWNERS),
    (System::Windows, "ports::an_announced_port_of_somebody_else_never_becomes_ready", NO_OWNERS),
    (
        System::Windows,
        "t28_ctrl_break_reaches_a_program_for_a_console",
        "wine lets the helper join the sidecar's console, and sends no events (GenerateConsoleCtrlEvent fails with 6)",
    ),
    (System::Arm64, "client::http::tests::a_proxy_of_the_environment_is_not_used", EXECUTES),
    (
        System::Arm64,
        "diagnose::image::tests::the_head_of_this_program_is_read_and_broken_heads_are_no_harm",
        EXECUTES,
    ),
    (System::Arm64, "diagnose::refused::tests::linux::a_file_that_is_being_written_is_tried_again", EXECUTES),
    (
        System::Arm64,
        "diagnose::refused::tests::linux::a_file_without_permission_is_told_how_to_get_it",
        EXECUTES,
    ),
    (System::Arm64, "diagnose::refused::tests::linux::a_loader_that_is_not_there_is_named", EXECUTES),
    (System::Arm64, "diagnose::refused::tests::linux::a_program_for_another_processor_is_told", EXECUTES),
    (
        System::Arm64,
        "diagnose::refused::tests::linux::a_script_whose_interpreter_is_not_there_is_told",
        EXECUTES,
    ),
    (System::Arm64, "diagnose::refused::tests::linux::directories_and_what_is_gone_are_told", EXECUTES),
    (
        System::Arm64,
        "install::tests::a_running_program_is_replaced_and_runs_on",
        "it starts a program for arm64, which needs binfmt",
    ),
];

/// Runs the test programs and counts.
pub(super) fn tests(system: System, programs: &[Test], outcome: &mut Outcome) -> Result<()> {
    let prefix = build::target_dir().join("wine");
    if system == System::Windows {
        setup::wine_prefix(&prefix)?;
    }
    for program in programs {
        let (name, mut command) = (&program.name, runner(system, program, &prefix));
        if let Some((_, _, reason)) = PROGRAMS.iter().find(|(s, n, _)| *s == system && n == name) {
            let listed = command.args(["--list", "--format", "terse"]).output();
            let listed = listed.map_err(Error::because(format!("{name} cannot be run")))?;
            let tests =
                String::from_utf8_lossy(&listed.stdout).lines().filter(|l| l.ends_with(": test")).count();
            outcome.leave_out(name, tests, *reason, Why::Impossible);
            continue;
        }
        for (_, test, reason) in TESTS.iter().filter(|(s, ..)| *s == system) {
            command.args(["--skip", test]);
            outcome.leave_out(test, 1, *reason, Why::Impossible);
        }
        let mut ended = to_its_end(&mut command, name)?;
        if !ended.success && system == System::Windows {
            // wine itself fails now and then under load; what fails twice is ours. Both are shown.
            println!("{}\n{name}: failed, and is tried once more", ended.text);
            ended = to_its_end(&mut command, name)?;
        }
        let counts = Counts::read(&ended.text);
        println!("{name}: {} passed, {} failed", counts.passed, counts.failed);
        if !ended.success {
            println!("{}", ended.text);
        }
        outcome.passed += counts.passed;
        // A program that died has no counts and failed all the same.
        outcome.failed += counts.failed.max(usize::from(!ended.success));
        if counts.ignored > 0 {
            let reason = "marked `#[ignore]` for this system, with the reason beside it";
            outcome.leave_out(&format!("{name}: ignored"), counts.ignored, reason, Why::Impossible);
        }
    }
    if system == System::Windows { end_rest(&prefix) } else { Ok(()) }
}

/// How a test program ended, and all that it wrote.
struct Ended {
    success: bool,
    text: String,
}

/// Runs a test program to its end, whoever else holds its output: wine leaves loaders behind of programs that were killed
/// while they started, and these would be waited for, too.
fn to_its_end(command: &mut Command, name: &str) -> Result<Ended> {
    let failed = || Error::because(format!("{name} cannot be run"));
    let path = build::target_dir().join("output");
    let file = std::fs::File::create(&path).map_err(failed())?;
    command.stdin(Stdio::null()).stdout(file.try_clone().map_err(failed())?).stderr(file);
    let mut child = command.spawn().map_err(failed())?;
    let begin = Instant::now();
    let success = loop {
        match child.try_wait().map_err(failed())? {
            Some(status) => break status.success(),
            None if begin.elapsed() > PATIENCE => {
                println!("{name}: did not end within {} s and was killed", PATIENCE.as_secs());
                child.kill().and_then(|()| child.wait()).map_err(failed())?;
                break false;
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    Ok(Ended { success, text: String::from_utf8_lossy(&fsx::read(&path)?).into_owned() })
}

/// Ends what the programs of this prefix left behind, which is known by its environment; all but wine's server, which ends
/// by itself.
fn end_rest(prefix: &Path) -> Result<()> {
    let mark = format!("WINEPREFIX={}\0", prefix.display());
    let is_rest = |pid: &u32| {
        let read = |file: &str| fsx::read(Path::new(&format!("/proc/{pid}/{file}"))).unwrap_or_default();
        String::from_utf8_lossy(&read("environ")).contains(&mark)
            && !String::from_utf8_lossy(&read("cmdline")).contains("wineserver")
    };
    let rest: Vec<ProcessId> =
        sidecar_keeper::all_processes().into_iter().filter(is_rest).filter_map(ProcessId::of).collect();
    sidecar_keeper::kill_processes(&rest).map(drop).map_err(|e| Error::new(e.to_string()))
}

fn runner(system: System, test: &Test, prefix: &Path) -> Command {
    let mut command = Command::new(if system == System::Windows { setup::WINE } else { setup::QEMU });
    if system == System::Arm64 {
        command.args(["-L", "/usr/aarch64-linux-gnu"]);
    }
    command.arg(&test.path).env("WINEPREFIX", prefix).env("WINEDEBUG", "-all").env("RUST_BACKTRACE", "0");
    // As cargo runs tests, which look for their fixtures there.
    command.current_dir(&test.directory);
    command
}

/// Tests, as the harness sums them up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Counts {
    fn read(text: &str) -> Self {
        let number = |line: &str, what: &str| {
            let before = line.split(what).next().unwrap_or_default().trim_end();
            before.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        let mut counts = Self::default();
        for line in text.lines().filter(|line| line.starts_with("test result: ")) {
            counts.passed += number(line, " passed");
            counts.failed += number(line, " failed");
            counts.ignored += number(line, " ignored");
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_the_harness_is_read() {
        let text = "running 3 tests\ntest result: FAILED. 347 passed; 3 failed; 2 ignored; 0 measured\n";
        assert_eq!(Counts::read(text), Counts { passed: 347, failed: 3, ignored: 2 });
        assert_eq!(Counts::read("crashed"), Counts::default());
    }
}
