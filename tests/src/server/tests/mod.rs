//! The server, seen by a client that hides nothing: a bare socket.

mod faults;
mod releases;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::{ReleaseServer, ReleaseSpec};

const REPO: &str = "acme/tool";
const BYTES: &[u8] = b"0123456789abcdef";
const ASSET: &str = "tool-linux-amd64";

/// What came back, also where it came back broken.
#[derive(Debug, Default)]
struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    /// Why the body ended before its announced end.
    broken: Option<io::ErrorKind>,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// One keep-alive connection.
struct Client(BufReader<TcpStream>);

impl Client {
    fn of(server: &ReleaseServer) -> Self {
        let stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, method: &str, url: &str, headers: &[(&str, &str)]) {
        let path = url.split_once("://").map_or(url, |(_, rest)| &rest[rest.find('/').unwrap()..]);
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        self.0.get_mut().write_all(head.as_bytes()).unwrap();
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    fn head(&mut self) -> io::Result<Reply> {
        let status = self.line()?.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, ..Reply::default() };
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { return Ok(reply) };
            reply.headers.insert(name.to_owned(), value.to_owned());
        }
    }

    fn reply(&mut self, method: &str) -> io::Result<Reply> {
        let mut reply = self.head()?;
        let length: u64 =
            if method == "HEAD" { 0 } else { reply.header("content-length").parse().unwrap_or(0) };
        if reply.headers.contains_key("transfer-encoding") {
            loop {
                let size = u64::from_str_radix(&self.line()?, 16).unwrap();
                self.0.by_ref().take(size).read_to_end(&mut reply.body)?;
                self.line()?;
                if size == 0 {
                    return Ok(reply);
                }
            }
        }
        let read = self.0.by_ref().take(length).read_to_end(&mut reply.body);
        reply.broken = match read {
            Err(error) => Some(error.kind()),
            Ok(_) if (reply.body.len() as u64) < length => Some(io::ErrorKind::UnexpectedEof),
            Ok(_) => None,
        };
        Ok(reply)
    }

    fn get(&mut self, url: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", url, headers);
        self.reply("GET").unwrap()
    }
}

fn server() -> ReleaseServer {
    let server = ReleaseServer::start();
    server.release(REPO, ReleaseSpec::new("v1.2.3").asset(ASSET, BYTES));
    server
}

fn get(server: &ReleaseServer, url: &str, headers: &[(&str, &str)]) -> Reply {
    Client::of(server).get(url, headers)
}

/// Where the asset's bytes are, as a client learns it.
fn object(server: &ReleaseServer) -> String {
    get(server, &server.download_url(REPO, "v1.2.3", ASSET), &[]).header("location").to_owned()
}

fn api(server: &ReleaseServer, rest: &str) -> Reply {
    get(server, &format!("{}/repos/{rest}", server.api_url()), &[])
}
