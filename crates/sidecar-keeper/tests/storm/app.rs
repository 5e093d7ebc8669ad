//! An app that starts one sidecar, tells what happens to it, and does what it is told over standard input.

use std::io::{BufRead, BufReader, Lines, PipeReader};
use std::sync::Arc;
use std::time::Duration;

use sidecar_keeper::{Event, Keeper, Launch, Ledger, Stdio, containment_scope};

/// The arguments: an id, then settings of the app, then `--`, then the sidecar's flags.
pub(crate) fn run(args: &[String]) {
    let split = args.iter().position(|arg| arg == "--").unwrap();
    let marker = format!("--marker=car:{}", args[0]);
    let program = args.iter().find_map(|arg| arg.strip_prefix("program=")).map(Into::into);
    let mut launch = Launch::new(program.unwrap_or_else(|| std::env::current_exe().unwrap()))
        .args(["sidecar", &marker])
        .args(&args[split + 1..])
        .stdout(Stdio::Piped)
        .stderr(Stdio::Inherit);
    let mut reads = true;
    for setting in &args[1..split] {
        match setting.split_once('=').unwrap_or((setting, "")) {
            ("grace", ms) => launch = launch.on_app_death(Duration::from_millis(ms.parse().unwrap())),
            ("ledger", dir) => launch = launch.ledger(&Ledger::open(dir).unwrap()),
            ("program", _) => {}
            ("deaf", _) => reads = false,
            ("words", path) => launch = launch.last_words(path),
            other => panic!("unknown setting {other:?}"),
        }
    }
    println!("scope {:?}", containment_scope());
    let (keeper, mut output) = start(launch);
    let drain = std::thread::spawn(move || {
        while reads && output.next().is_some() {}
        (!reads).then_some(output)
    });
    let keeper = Arc::new(keeper);
    let events = std::thread::spawn({
        let keeper = Arc::clone(&keeper);
        move || tell(&keeper)
    });
    let mut more = Vec::new();
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "scope" => println!("now {:?}", containment_scope()),
            "again" => {
                let sidecar = Launch::new(std::env::current_exe().unwrap()).args(["sidecar", &marker]);
                more.push(start(sidecar.arg("--daemonize=2").stdout(Stdio::Piped)));
            }
            line => obey(&keeper, line),
        }
    }
    drop((drain, events));
}

/// Starts a sidecar, and waits until it says that it is up.
fn start(launch: Launch) -> (Keeper, Lines<BufReader<PipeReader>>) {
    let mut keeper = Keeper::spawn(launch).unwrap();
    println!("pids {} {}", keeper.process().pid, keeper.leader().pid);
    let mut output = BufReader::new(keeper.stdout.take().unwrap()).lines();
    while let Some(Ok(line)) = output.next() {
        println!("{line}");
        if line == "up" {
            break;
        }
    }
    (keeper, output)
}

fn tell(keeper: &Keeper) {
    loop {
        match keeper.next_event(None).unwrap() {
            Some(Event::Exited(status)) => println!("exited {status}"),
            Some(Event::Tree(processes, more)) => println!("tree {} {more}", processes.len()),
            Some(Event::Unasked(why)) => println!("unasked {why:?}"),
            Some(Event::TreeEmpty) => return println!("empty"),
            Some(Event::KeeperLost(_)) => return println!("lost"),
            _ => {}
        }
    }
}

fn obey(keeper: &Keeper, command: &str) {
    match command.split_once(' ').unwrap_or((command, "")) {
        ("stop", ms) => keeper.stop(Duration::from_millis(ms.parse().unwrap())).unwrap(),
        ("kill", _) => keeper.kill().unwrap(),
        ("past", _) => keeper.kill_past_keeper().unwrap(),
        #[cfg(not(windows))]
        ("fork", _) => println!("forked {}", crate::os::fork_and_linger()),
        ("query", _) => keeper.query().unwrap(),
        ("remains", _) => println!("killed {}", keeper.kill_remains(Duration::from_secs(5)).unwrap()),
        ("usage", _) => println!("usage {}", keeper.usage().map_or(0, |usage| usage.processes)),
        ("abort", _) => std::process::abort(),
        ("panic", _) => panic!("as told"),
        ("exit", code) => std::process::exit(code.parse().unwrap()),
        other => panic!("unknown command {other:?}"),
    }
}
