//! A server for unit tests: each connection gets the next answer of a script, byte for byte.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What one connection gets.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// These bytes, then the end.
    Raw(Vec<u8>),
    /// These bytes, then silence until the client hangs up.
    Stall(Vec<u8>),
    /// One of these for each request on the connection.
    KeepAlive(Vec<Vec<u8>>),
}

/// A server on a free port of 127.0.0.1. Its script is served once, in order; then the port is closed.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn start(script: Vec<Reply>) -> Self {
        Self::scripted(|_| script)
    }

    /// Starts with a script that knows the server's address, such as `http://127.0.0.1:1234`.
    pub(super) fn scripted(script: impl FnOnce(&str) -> Vec<Reply>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script = script(&format!("http://127.0.0.1:{port}"));
        let server = Self { port, requests: Arc::clone(&requests) };
        if script.is_empty() {
            return server;
        }
        std::thread::spawn(move || {
            for reply in script {
                let Ok((stream, _)) = listener.accept() else { return };
                serve(stream, reply, &requests);
            }
        });
        server
    }

    /// The URL of a path on this server.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The heads of the requests so far, in lower case.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, reply: Reply, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (answers, stall) = match reply {
        Reply::Raw(bytes) => (vec![bytes], false),
        Reply::Stall(bytes) => (vec![bytes], true),
        Reply::KeepAlive(answers) => (answers, false),
    };
    for answer in answers {
        seen.lock().unwrap().push(read_head(&mut reader).to_lowercase());
        // the client may hang up before it has read everything
        let _ = stream.write_all(&answer);
    }
    if stall {
        let _ = reader.read_to_end(&mut Vec::new());
    }
}

fn read_head(reader: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    let first = reader.fill_buf().unwrap_or_default();
    if first.first() == Some(&0x16) {
        // a TLS handshake, which has no lines
        let length = first.len();
        reader.consume(length);
        return head;
    }
    loop {
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line) {
            Ok(n) if n > 0 && line != b"\r\n" => head.push_str(&String::from_utf8_lossy(&line)),
            _ => return head,
        }
    }
}

/// An answer with its true length; `head` holds the status and more fields: `200 OK\netag: "v1"`.
pub(super) fn reply(head: &str, body: &[u8]) -> Reply {
    cut(head, body, body.len())
}

/// An answer that says it has `length` bytes, and has others.
pub(super) fn cut(head: &str, body: &[u8], length: usize) -> Reply {
    raw(&format!("{head}\ncontent-length: {length}"), body)
}

/// An answer without a length.
pub(super) fn raw(head: &str, body: &[u8]) -> Reply {
    let head = head.replace('\n', "\r\n");
    Reply::Raw([format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat())
}

/// The same answer, with silence in place of the end.
pub(super) fn stalled(reply: Reply) -> Reply {
    let Reply::Raw(bytes) = reply else { return reply };
    Reply::Stall(bytes)
}

/// A redirect to `location`.
pub(super) fn redirect(location: &str) -> Reply {
    reply(&format!("302 Found\nlocation: {location}"), b"")
}
