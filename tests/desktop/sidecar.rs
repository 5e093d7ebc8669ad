//! The sidecar of the stories: this program, with a word in front.

use std::io::{BufRead, Read, Write};
use std::net::TcpListener;

/// What makes this program a sidecar.
pub(crate) const WORD: &str = "as-sidecar";

/// `echo`: writes what it reads, until its input ends. `serve PORT`: answers over HTTP; `/crash` ends it with code 3.
/// `count N`: writes so many lines, and stays. `secret`: writes its token.
pub(crate) fn run(mut args: impl Iterator<Item = String>) {
    let kind = args.next().unwrap();
    let mut out = std::io::stdout().lock();
    match kind.as_str() {
        "echo" => {
            for line in std::io::stdin().lock().lines() {
                writeln!(out, "heard {}", line.unwrap()).unwrap();
                out.flush().unwrap();
            }
        }
        "serve" => serve(args.next().unwrap().parse().unwrap()),
        "count" => {
            let count: u32 = args.next().unwrap().parse().unwrap();
            for number in 1..=count {
                writeln!(out, "line {number}").unwrap();
            }
            out.flush().unwrap();
            wait();
        }
        other => panic!("{other} is no kind of sidecar"),
    }
}

/// Waits until the input ends, which it does when the app stops it.
fn wait() {
    std::io::stdin().lock().lines().for_each(drop);
}

fn serve(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).unwrap_or(0);
        if request[..read].starts_with(b"GET /crash") {
            std::process::exit(3);
        }
        // Who asks may have gone.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    }
}
