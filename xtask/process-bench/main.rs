//! Starts a program in every way that is compared, in turns, and tells what it took: lines of a word and a number.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sidecar_keeper::{Keeper, Launch};

/// What is started: this program, which waits to be killed.
const WAIT: &str = "wait";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == WAIT {
        // SAFETY: pause has no precondition.
        unsafe { libc::pause() };
        return;
    }
    sidecar_keeper::init();
    let number: u64 = args[1].parse().expect("a number");
    match args[0].as_str() {
        "spawn" => (0..number).for_each(|_| spawn()),
        "keeper" => keeper(Duration::from_secs(number)),
        other => panic!("no measurement `{other}`"),
    }
}

/// Each way once.
fn spawn() {
    let program = std::env::current_exe().expect("its own path");
    tell("plain", || {
        let mut command = Command::new(&program);
        command.arg(WAIT).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("plain")
    })
    .end();
    tell("process-wrap", || {
        use process_wrap::std::{CommandWrap, ProcessGroup};
        CommandWrap::with_new(&program, |command| {
            command.arg(WAIT).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        })
        .wrap(ProcessGroup::leader())
        .spawn()
        .expect("process-wrap")
    })
    .end();
    // It needs a runtime, which an app that uses it has already.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let running = tell("processkit", || {
        use processkit::{Command, StdioMode};
        let command = Command::new(&program).arg(WAIT).stdout(StdioMode::Null).stderr(StdioMode::Null);
        runtime.block_on(command.start()).expect("processkit")
    });
    runtime.block_on(async { drop(running) });
    let keeper = tell("keeper", || Keeper::spawn(Launch::new(&program).arg(WAIT)).expect("keeper"));
    keeper.kill().expect("keeper");
    while keeper.next_event(None).expect("keeper").is_some() {}
}

fn tell<T>(what: &str, start: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let started = start();
    println!("{what} {}", begin.elapsed().as_nanos());
    started
}

trait End {
    fn end(self);
}

impl End for std::process::Child {
    fn end(mut self) {
        self.kill().and_then(|()| self.wait()).expect("it ends");
    }
}

impl End for Box<dyn process_wrap::std::ChildWrapper> {
    fn end(mut self) {
        self.start_kill().and_then(|()| self.wait()).expect("it ends");
    }
}

/// What a keeper has for itself, and how often it is woken while nothing happens.
fn keeper(time: Duration) {
    let program = std::env::current_exe().expect("its own path");
    let keeper = Keeper::spawn(Launch::new(program).arg(WAIT)).expect("keeper");
    let pid = keeper.process().pid;
    let zygote = field(pid, "status", "PPid:");
    // On its way to sleep it is not woken.
    std::thread::sleep(Duration::from_millis(500));
    let pids = [("keeper", pid), ("zygote", u32::try_from(zygote).expect("a number"))];
    let before = pids.map(|(_, pid)| switches(pid));
    std::thread::sleep(time);
    for ((name, pid), before) in pids.into_iter().zip(before) {
        println!("{name}-switches {}", switches(pid) - before);
        let private =
            field(pid, "smaps_rollup", "Private_Clean:") + field(pid, "smaps_rollup", "Private_Dirty:");
        println!("{name}-private {private}");
        println!("{name}-resident {}", field(pid, "status", "VmRSS:"));
    }
}

fn switches(pid: u32) -> u64 {
    field(pid, "status", "voluntary_ctxt_switches:") + field(pid, "status", "nonvoluntary_ctxt_switches:")
}

/// The number behind a key in a file of `/proc`: kB, where it has a unit.
fn field(pid: u32, file: &str, key: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).expect("/proc");
    let line = text.lines().find_map(|line| line.strip_prefix(key)).expect(key);
    line.split_ascii_whitespace().next().expect(key).parse().expect(key)
}
