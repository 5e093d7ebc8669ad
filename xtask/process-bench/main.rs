//! Starts a program in every way that is compared, in turns, and tells what it took: lines of a word and a number.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sidecar_keeper::{Keeper, Launch};
use sidecar_supervisor::{Happened, Supervisor, Told};

/// What is started: this program, which waits to be killed.
const WAIT: &str = "wait";

/// What is read from: this program, which writes so many bytes as lines of 80.
const FLOOD: &str = "flood";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == WAIT {
        // SAFETY: pause has no precondition.
        unsafe { libc::pause() };
        return;
    }
    if args[0] == FLOOD {
        return flood(args[1].parse().expect("a number"));
    }
    sidecar_supervisor::init();
    let number: u64 = args[1].parse().expect("a number");
    match args[0].as_str() {
        "spawn" => spawn(number),
        "keeper" => keeper(Duration::from_secs(number)),
        "output" => output(number),
        other => panic!("no measurement `{other}`"),
    }
}

fn own() -> PathBuf {
    std::env::current_exe().expect("its own path")
}

/// A supervisor of this program as a sidecar, that needs no port and proves nothing.
fn supervisor(args: &[&str]) -> (Supervisor, PathBuf) {
    let run = serde_json::json!({
        "program": { "path": own() },
        "args": args,
        "port": "none",
        "restart": { "when": "never" },
    });
    let spec = serde_json::json!({ "spec": 1, "sidecars": { "own": { "run": run } } }).to_string();
    let data = std::env::temp_dir().join(format!("process-bench-{}", std::process::id()));
    let supervisor = Supervisor::from_json(&spec, &data).and_then(|builder| builder.build());
    (supervisor.expect("a supervisor"), data)
}

/// Each way in turn.
fn spawn(rounds: u64) {
    let (supervisor, data) = supervisor(&[WAIT]);
    let sidecar = supervisor.sidecar("own").expect("the sidecar");
    for _ in 0..rounds {
        others();
        tell("supervisor", || sidecar.start().wait().expect("supervisor"));
        sidecar.stop().wait().expect("supervisor");
    }
    drop((sidecar, supervisor));
    let _ = std::fs::remove_dir_all(data);
}

fn others() {
    let program = own();
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
    let keeper = Keeper::spawn(Launch::new(own()).arg(WAIT)).expect("keeper");
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

/// How fast output is taken that nobody asks for, and what the app grows by meanwhile.
fn output(bytes: u64) {
    let begin = Instant::now();
    let mut plain = Command::new(own());
    plain.args([FLOOD, &bytes.to_string()]).stdout(Stdio::piped());
    let mut child = plain.spawn().expect("plain");
    let (mut pipe, mut buffer) = (child.stdout.take().expect("a pipe"), vec![0; 64 << 10]);
    while pipe.read(&mut buffer).expect("a read") > 0 {}
    child.wait().expect("it ends");
    println!("plain {}", begin.elapsed().as_nanos());

    let (supervisor, data) = supervisor(&[FLOOD, &bytes.to_string()]);
    let (mut events, own) = (supervisor.events(), std::process::id());
    let before = field(own, "status", "VmRSS:");
    let over = AtomicBool::new(false);
    let most = std::thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut most = 0;
            while !over.load(Ordering::Acquire) {
                most = most.max(field(own, "status", "VmRSS:"));
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        });
        let begin = Instant::now();
        supervisor.start_all().wait().expect("supervisor");
        loop {
            match events.wait() {
                Some(Told::Event(event)) if matches!(event.what, Happened::Exited { .. }) => break,
                Some(_) => {}
                None => panic!("no end was told"),
            }
        }
        println!("supervisor {}", begin.elapsed().as_nanos());
        over.store(true, Ordering::Release);
        looks.join().expect("the looks")
    });
    println!("grown {}", most.saturating_sub(before));
    drop(supervisor);
    let _ = std::fs::remove_dir_all(data);
}

/// Whole lines, as many as a pipe holds at once.
fn flood(bytes: usize) {
    let chunk = [&[b'x'; 79][..], b"\n"].concat().repeat(819);
    let mut out = std::io::stdout().lock();
    for at in (0..bytes).step_by(chunk.len()) {
        out.write_all(&chunk[..chunk.len().min(bytes - at)]).expect("somebody reads");
    }
    out.flush().expect("somebody reads");
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
