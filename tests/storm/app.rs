//! An app with sidecars: it tells what happens to them, and does what it is told over standard input.

use std::path::Path;
use std::time::Duration;

use sidecar_supervisor::{Builder, Sidecar, Supervisor, Told, containment_scope};
use tokio::runtime::Runtime;

use crate::look::signal;

/// The arguments: the spec, the data directory, then settings.
pub(crate) fn run(args: &[String]) {
    sidecar_supervisor::init();
    let [spec, data, settings @ ..] = args else { panic!("an app has a spec and a data directory") };
    let keep_alive = settings.iter().find_map(|setting| setting.strip_prefix("keep-alive="));
    let spec = std::fs::read_to_string(spec).unwrap();
    let supervisor = Supervisor::from_json(&spec, Path::new(data)).and_then(Builder::build).unwrap();
    let mut events = supervisor.events();
    std::thread::spawn(move || {
        while let Some(told) = events.wait() {
            match told {
                Told::Event(event) => println!("event {}", serde_json::to_string(&event).unwrap()),
                Told::Missed(count) => println!("missed {count}"),
                _ => {}
            }
        }
    });
    if settings.iter().any(|setting| setting == "go") {
        supervisor.sidecars().for_each(|sidecar| drop(sidecar.start()));
    }
    println!("scope {:?}", containment_scope());
    let app = App { supervisor, runtime: keep_alive.map(|seconds| runtime(seconds.parse().unwrap())) };
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
        if command == "return" {
            return;
        }
        app.obey(command, rest);
    }
    app.supervisor.stop_all().wait().unwrap();
}

struct App {
    supervisor: Supervisor,
    runtime: Option<Runtime>,
}

impl App {
    fn obey(&self, command: &str, rest: &str) {
        let (name, number) = rest.split_once(' ').unwrap_or((rest, ""));
        let sidecar = || self.supervisor.sidecar(name).unwrap();
        match command {
            "start" => in_a_thread(sidecar(), start),
            "stop" => in_a_thread(sidecar(), stop),
            "cycle" => in_a_thread(sidecar(), {
                let count: u32 = number.parse().unwrap();
                move |sidecar| {
                    (0..count).for_each(|_| sidecar.restart().wait().unwrap());
                    println!("cycled");
                }
            }),
            "pid" => println!("pid {name} {}", sidecar().status().pid.unwrap_or(0)),
            "usage" => println!("usage {name} {}", sidecar().usage().map_or(0, |usage| usage.processes)),
            "log" => log(&sidecar()),
            "debug" => {
                let all: Vec<Sidecar> = self.supervisor.sidecars().collect();
                let statuses: Vec<_> = all.iter().map(Sidecar::status).collect();
                let json = serde_json::to_string(&statuses).unwrap();
                println!("{:?}\n{all:?}\n{statuses:?}\n{json}\ndebugged", self.supervisor);
            }
            "abort" => std::process::abort(),
            // The handler that std has for stack overflows takes the first.
            "segv" => (0..2).for_each(|_| signal(std::process::id(), "SEGV")),
            "panic" => cannot_unwind(),
            "exit" => std::process::exit(rest.parse().unwrap()),
            way => self.start_from(way.strip_prefix("start-from-").unwrap(), sidecar()),
        }
    }

    /// Starts a sidecar from a thread that soon ends, or from none of its own.
    fn start_from(&self, way: &str, sidecar: Sidecar) {
        let runtime = self.runtime.as_ref();
        match way {
            "main" => start(&sidecar),
            "short" => std::thread::spawn(move || start(&sidecar)).join().unwrap(),
            "async" => {
                let runtime = runtime.unwrap();
                let started = async move {
                    sidecar.start().await.unwrap();
                    println!("ready {} 0", sidecar.name());
                };
                runtime.block_on(runtime.spawn(started)).unwrap();
                // The thread that polled it leaves the runtime's workers for this one, and ends when it is idle.
                let takes = runtime.spawn(async { tokio::task::block_in_place(std::thread::yield_now) });
                runtime.block_on(takes).unwrap();
            }
            "blocking" => {
                let runtime = runtime.unwrap();
                runtime.block_on(runtime.spawn_blocking(move || start(&sidecar))).unwrap();
            }
            "in-place" => {
                let runtime = runtime.unwrap();
                let starts = async move { tokio::task::block_in_place(|| start(&sidecar)) };
                runtime.block_on(runtime.spawn(starts)).unwrap();
            }
            "dropped" => {
                let short = self::runtime(10);
                short.block_on(short.spawn_blocking(move || start(&sidecar))).unwrap();
                drop(short);
            }
            other => panic!("unknown command start-from-{other}"),
        }
    }
}

fn runtime(keep_alive: u64) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_keep_alive(Duration::from_secs(keep_alive))
        .build()
        .unwrap()
}

/// Commands do not wait for each other.
fn in_a_thread(sidecar: Sidecar, command: impl FnOnce(&Sidecar) + Send + 'static) {
    std::thread::spawn(move || command(&sidecar));
}

fn start(sidecar: &Sidecar) {
    let name = sidecar.name();
    match sidecar.start().wait() {
        Ok(()) => println!("ready {name} {}", sidecar.status().address.map_or(0, |address| address.port())),
        Err(error) => println!("failed {name} {}\n{error}", error.kind().code()),
    }
}

fn stop(sidecar: &Sidecar) {
    match sidecar.stop().wait() {
        Ok(()) => println!("stopped {}", sidecar.name()),
        Err(error) => println!("failed {} {}\n{error}", sidecar.name(), error.kind().code()),
    }
}

fn log(sidecar: &Sidecar) {
    let lines = sidecar.tail(1000);
    for line in &lines {
        println!("line {}", serde_json::to_string(&line.text).unwrap());
    }
    println!("lines {}", lines.len());
}

/// A panic here aborts, as every panic does in an app that is built with `panic = "abort"`.
extern "C" fn cannot_unwind() {
    panic!("as told");
}
