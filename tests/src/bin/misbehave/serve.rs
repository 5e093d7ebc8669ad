//! Listening, and the little HTTP that probes need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::flags::Flags;
use crate::sys;

/// The listener that it is told to have. One that cannot be had ends it, as servers do.
pub(crate) fn bind(flags: &Flags) -> Option<TcpListener> {
    if flags.has("--listen-fds") {
        return Some(sys::inherited().unwrap_or_else(|| fail("LISTEN_FDS and LISTEN_PID give no listener")));
    }
    let address = flags.address("--bind")?;
    let listener = if flags.has("--no-reuse") { without_reuse(address) } else { TcpListener::bind(address) };
    Some(listener.unwrap_or_else(|error| fail(&format!("cannot listen on {address}: {error}"))))
}

/// The other listener that it is told to have, for as long as it lives.
pub(crate) fn bind_also(flags: &Flags) -> Option<TcpListener> {
    let address = flags.address("--bind-also")?;
    Some(
        TcpListener::bind(address)
            .unwrap_or_else(|error| fail(&format!("cannot listen on {address}: {error}"))),
    )
}

fn without_reuse(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

fn fail(problem: &str) -> ! {
    eprintln!("misbehave: {problem}");
    std::process::exit(98);
}

/// What the server does with requests.
struct Server {
    answers: bool,
    status: u64,
    nonce: Option<String>,
    secret: Option<String>,
    deaf: bool,
    hangs: AtomicBool,
}

/// Serves from a thread. Without `--http`, connections wait for ever.
pub(crate) fn begin(flags: &Flags, listener: TcpListener) {
    let nonce = std::env::var("SIDECAR_NONCE").ok();
    let secret = match (flags.text("--token-env"), flags.text("--token-file")) {
        (Some(name), _) => std::env::var(name).ok(),
        (None, Some(path)) => std::fs::read_to_string(path).ok(),
        (None, None) => None,
    };
    let wants = flags.has("--token-env") || flags.has("--token-file");
    let server = Arc::new(Server {
        answers: flags.has("--http"),
        status: flags.number("--status").unwrap_or(200),
        nonce: if flags.has("--wrong-nonce") { nonce.map(|_| "0".repeat(32)) } else { nonce },
        // One that it did not get is never the right one.
        secret: secret.or(wants.then(|| "\n".to_owned())),
        deaf: flags.has("--deaf-to-shutdown"),
        hangs: AtomicBool::new(false),
    });
    if let Some(after) = flags.number("--hang-after") {
        let server = Arc::clone(&server);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(after));
            sys::ignore_term();
            server.hangs.store(true, Ordering::Release);
        });
    }
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = Arc::clone(&server);
            std::thread::spawn(move || server.serve(&stream));
        }
    });
}

impl Server {
    fn serve(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = self.answers.then(|| Request::read(&mut reader)).flatten() {
            if self.hangs.load(Ordering::Acquire) {
                break;
            }
            let (status, ends) = self.decide(&request);
            let nonce =
                self.nonce.as_ref().map_or(String::new(), |nonce| format!("X-Sidecar-Nonce: {nonce}\r\n"));
            let answer = format!("HTTP/1.1 {status} As told\r\nContent-Length: 2\r\n{nonce}\r\nok");
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
            if ends {
                std::process::exit(0);
            }
        }
        if !self.answers || self.hangs.load(Ordering::Acquire) {
            // The connection stays open and silent.
            sys::sleep_for_ever();
        }
    }

    /// The status, and whether it ends after the answer.
    fn decide(&self, request: &Request) -> (u64, bool) {
        let knows = |secret: &String| request.authorization.as_deref() == Some(&format!("Bearer {secret}"));
        if !self.secret.as_ref().is_none_or(knows) {
            return (401, false);
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/shutdown") => (200, !self.deaf),
            ("GET", "/health") => (self.status, false),
            _ => (404, false),
        }
    }
}

struct Request {
    method: String,
    path: String,
    authorization: Option<String>,
}

impl Request {
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let first = line(reader)?;
        let mut words = first.split(' ');
        let mut request =
            Self { method: words.next()?.to_owned(), path: words.next()?.to_owned(), authorization: None };
        let mut length = 0;
        loop {
            let header = line(reader)?;
            let Some((name, value)) = header.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => request.authorization = Some(value.trim().to_owned()),
                "content-length" => length = value.trim().parse().ok()?,
                _ => {}
            }
        }
        reader.take(length).read_to_end(&mut Vec::new()).ok()?;
        Some(request)
    }
}

/// A line without its end; `None` at the end of the stream.
fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.take(16 << 10).read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}
