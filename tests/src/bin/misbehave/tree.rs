//! The tree of processes below it. All of them are up when this is done.

use std::io::{BufRead, BufReader, PipeWriter, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::flags::{Flags, size};
use crate::sys;

pub(crate) fn grow(flags: &Flags) {
    spawn(flags);
    let (mut ups, up) = std::io::pipe().unwrap();
    let hold = flags.has("--hold-stdout-by-grandchild");
    let mut expected = 0;
    let mut forked = |name: &str, prepare: fn()| {
        let count = flags.number(name).unwrap_or(0);
        (0..count).for_each(|_| child(&up, hold, prepare));
        expected += count;
    };
    forked("--fork", || {});
    forked("--setsid", sys::setsid);
    forked("--daemonize", daemon);
    if let Some((depth, width)) = flags.tree("--tree") {
        branch(&up, depth, width);
        expected += u64::from(size(depth, width).unwrap_or(0));
    }
    if let Some(count) = flags.number("--storm") {
        child(&up, false, || storm(count));
        expected += 1;
    }
    if let Some(count) = flags.number("--worm") {
        child(&up, false, || worm(count));
        expected += 1;
    }
    drop(up);
    ups.read_exact(&mut vec![0; usize::try_from(expected).unwrap()]).unwrap();
}

/// Children that are executed, as programs usually start others. Their environment is empty: no variable marks them.
fn spawn(flags: &Flags) {
    let count = flags.number("--spawn").unwrap_or(0);
    let hold = flags.has("--hold-stdout-by-grandchild");
    let marker = flags.all("--marker").map(|marker| format!("--marker={marker}"));
    let args: Vec<String> = marker.chain(["--say-on-stderr=up".to_owned()]).collect();
    let start = || -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(&args)
            .args(flags.has("--ignore-term").then_some("--ignore-term"))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(if hold { Stdio::inherit() } else { Stdio::null() })
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children: Vec<Child> = (0..count).map(|_| start()).collect();
    for mut child in children {
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), "up");
    }
}

/// Forks a child that prepares, says so, and stays.
fn child(mut up: &PipeWriter, hold: bool, prepare: impl FnOnce()) {
    if !sys::fork() {
        return;
    }
    if !hold {
        sys::let_go_of_output();
    }
    prepare();
    let _ = up.write_all(b"u");
    sys::pause();
}

fn branch(up: &PipeWriter, depth: u32, width: u32) {
    if depth > 0 {
        (0..width).for_each(|_| child(up, false, || branch(up, depth - 1, width)));
    }
}

/// Leaves session and parent.
fn daemon() {
    if !sys::fork() {
        std::process::exit(0);
    }
    sys::setsid();
}

/// The child itself is up at once; its own child makes the daemons.
fn storm(count: u64) {
    if sys::fork() {
        let quiet = std::io::pipe().unwrap().1;
        (0..count).for_each(|_| child(&quiet, false, daemon));
        sys::pause();
    }
}

fn worm(count: u64) {
    if sys::fork() {
        (0..count).for_each(|_| daemon());
        sys::pause();
    }
}
