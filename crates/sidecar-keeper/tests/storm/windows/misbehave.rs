//! A sidecar that does what sidecars do at their worst.

use std::io::{BufRead, BufReader, Write};
use std::os::windows::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, DETACHED_PROCESS,
};

use crate::os;

/// Does what the flags say, in their order; then says `up`, and stays.
pub(crate) fn run(args: &[String]) {
    let mut end = None;
    for arg in args {
        let (flag, value) = arg.split_once('=').unwrap_or((arg, ""));
        match flag {
            // Children, each with flags of its own, which are separated by commas.
            "--child" => drop(child(value, Stdio::piped(), 0)),
            "--children" => (0..value.parse().unwrap()).for_each(|_| drop(child("", Stdio::piped(), 0))),
            // A child that starts another one, detached, and ends.
            "--orphan" => drop(child("--detached,--exit-after=0", Stdio::piped(), 0)),
            "--detached" => {
                drop(child("", Stdio::inherit(), DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP));
            }
            // A child that holds this process's output.
            "--holder" => drop(child("", Stdio::inherit(), 0)),
            "--breakaway" => println!("breakaway {}", breaks_away()),
            // So many orphans, as fast as can be, while it is up already.
            "--storm" => storm(value.parse().unwrap()),
            "--handle" => println!("handle {}", os::has_handle(value.parse().unwrap())),
            "--environment" => println!("environment {}", environment()),
            "--directory" => println!("directory {}", std::env::current_dir().unwrap().display()),
            "--arguments" => println!("arguments {args:?}"),
            "--exit-after" => end = Some(value.parse::<u32>().unwrap().cast_signed()),
            "--last-words" => os::on_break(|| {
                println!("last words");
                std::process::exit(7);
            }),
            "--no-console" => os::leave_the_console(),
            "--flood" => flood(),
            _ => {}
        }
    }
    println!("up");
    if let Some(code) = end {
        std::process::exit(code);
    }
    stay();
}

fn stay() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Starts one more of this program and waits until it is up. With an output of its own it says so to this process; one
/// that inherits says it to whoever reads this process's.
fn child(flags: &str, stdout: Stdio, creation: u32) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("sidecar").args(flags.split(',').filter(|flag| !flag.is_empty()));
    command.creation_flags(creation).stdin(Stdio::null()).stdout(stdout);
    let mut child = command.spawn().unwrap_or_else(|error| give_up(&format!("no child: {error}")));
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        if !lines.any(|line| line.is_ok_and(|line| line == "up")) {
            give_up(&format!("a child did not come up: {:?}", child.wait()));
        }
        // Whoever prints into a pipe that nobody reads gets an error, and may end of it.
        std::thread::spawn(move || lines.for_each(drop));
    }
    child
}

/// Says why to whoever reads the output: the case shows it among the lines that it saw.
fn give_up(why: &str) -> ! {
    println!("{why}");
    std::process::exit(99);
}

/// Whether a child can leave the job.
fn breaks_away() -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let child =
        command.arg("sidecar").creation_flags(CREATE_BREAKAWAY_FROM_JOB).stdout(Stdio::null()).spawn();
    child
        .map_or_else(|error| format!("{:?}", error.raw_os_error()), |child| format!("started {}", child.id()))
}

fn storm(count: usize) {
    std::thread::spawn(move || {
        for _ in 0..count {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["sidecar", "--orphan", "--exit-after=0"]).stdin(Stdio::null());
            let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        }
    });
}

fn flood() {
    std::thread::spawn(|| {
        let line = [b"x".repeat(79), b"\n".to_vec()].concat();
        while std::io::stdout().write_all(&line.repeat(100)).is_ok() {}
    });
}

fn environment() -> String {
    let mut names: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    names.sort();
    names.join(",")
}
