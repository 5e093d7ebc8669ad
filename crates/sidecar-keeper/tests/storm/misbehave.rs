//! A sidecar that does what sidecars do at their worst.

use std::io::{Read, Write};

use crate::os;

/// Does what the flags say, in their order; then says `up`, and stays.
pub(crate) fn run(args: &[String]) {
    let flags: Vec<(&str, &str)> = args.iter().map(|arg| arg.split_once('=').unwrap_or((arg, ""))).collect();
    let value = |wanted: &str| flags.iter().find(|(flag, _)| *flag == wanted).map(|(_, value)| *value);
    // First, before there are others.
    if value("--descriptors").is_some() {
        println!("descriptors {}", descriptors());
    }
    let (mut ups, up) = std::io::pipe().unwrap();
    let hold_stdout = value("--hold-stdout").is_some();
    let expected: usize = flags.iter().map(|(flag, value)| shape(flag, value, &up, hold_stdout)).sum();
    let wait_for_term = value("--last-words").map(|path| (path, os::block_term()));
    drop(up);
    ups.read_exact(&mut vec![0; expected]).unwrap();
    drop(ups);
    println!("up");
    if let Some(code) = value("--exit-after") {
        std::process::exit(code.parse().unwrap());
    }
    if let Some((path, wait_for_term)) = wait_for_term {
        wait_for_term();
        // More than a pipe holds: whoever does not drain it blocks these words.
        std::io::stdout().write_all(&vec![b'.'; 1 << 20]).unwrap();
        std::io::stdout().write_all(b"goodbye").unwrap();
        std::fs::File::create(path).unwrap();
        std::process::exit(0);
    }
    if value("--flood").is_some() {
        let line = [b"x".repeat(79), b"\n".to_vec()].concat();
        while std::io::stdout().write_all(&line.repeat(100)).is_ok() {}
    }
    os::pause();
}

/// Does what one flag says about processes. Returns how many of them will say that they are up.
fn shape(flag: &str, value: &str, up: &std::io::PipeWriter, hold_stdout: bool) -> usize {
    let number = || value.parse::<usize>().unwrap();
    match flag {
        "--ignore-term" => os::ignore_term(),
        "--fork" => {
            (0..number()).for_each(|_| child(up, hold_stdout, || {}));
            return number();
        }
        "--setsid" => {
            child(up, hold_stdout, os::setsid);
            return 1;
        }
        "--daemonize" => {
            (0..number()).for_each(|_| child(up, hold_stdout, daemon));
            return number();
        }
        // Five branches with eight leaves each.
        "--tree" => {
            (0..5).for_each(|_| child(up, false, || (0..8).for_each(|_| child(up, false, || {}))));
            return 5 * 9;
        }
        // So many daemons, as fast as can be, while it is up already.
        "--storm" => {
            let quiet = std::io::pipe().unwrap().1;
            child(up, false, || {
                if os::fork() {
                    (0..number()).for_each(|_| child(&quiet, false, daemon));
                    os::pause();
                }
            });
            return 1;
        }
        // A chain of daemons, each of which starts the next and ends.
        "--worm" => {
            child(up, false, || {
                if os::fork() {
                    (0..number()).for_each(|_| daemon());
                    os::pause();
                }
            });
            return 1;
        }
        "--environment" => println!("environment {}", environment()),
        "--directory" => println!("directory {}", std::env::current_dir().unwrap().display()),
        "--marker" | "--descriptors" | "--hold-stdout" | "--exit-after" | "--flood" | "--last-words" => {}
        other => panic!("unknown flag {other}"),
    }
    0
}

/// Forks a child that prepares, says so, and stays.
fn child(mut up: &std::io::PipeWriter, hold_stdout: bool, prepare: impl FnOnce()) {
    if !os::fork() {
        return;
    }
    if !hold_stdout {
        os::null_stdout();
    }
    prepare();
    let _ = up.write_all(b"u");
    os::pause();
}

/// Leaves session and parent.
fn daemon() {
    if !os::fork() {
        std::process::exit(0);
    }
    os::setsid();
}

fn descriptors() -> String {
    let mut numbers: Vec<i32> = std::fs::read_dir("/dev/fd")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    // The one that listed them is closed by now.
    numbers.retain(|number| std::fs::exists(format!("/dev/fd/{number}")).unwrap());
    numbers.sort_unstable();
    format!("{numbers:?}")
}

fn environment() -> String {
    let mut names: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    names.sort();
    names.join(",")
}
