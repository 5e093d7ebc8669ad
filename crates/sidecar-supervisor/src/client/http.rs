//! HTTP/1.1 as far as probes and stop requests need it: one request, and the head of its answer.
//!
//! No proxy, no redirect, no name is looked up: the request goes to the sidecar's address and nowhere else.

use std::time::Duration;
use std::time::Instant;

use memchr::memmem;

use super::failure::{Failure, Reason, shown};
use super::tcp::Connection;
use super::{Nonce, Peer};
use crate::env;

/// So much is read until the head of the answer has ended, in bytes; interim answers count as well. As in the servers
/// that allow most.
const HEAD_LIMIT: usize = 64 << 10;

/// So many header lines are read; an answer to a probe has some ten.
const HEADERS: usize = 128;

/// So much of the body is read, in bytes: see [`drain`].
const BODY_LIMIT: usize = 64 << 10;

/// So long the end of the body is waited for.
const BODY_TIME: Duration = Duration::from_millis(100);

/// What is looked at in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 200 to 999, or 101.
    pub(crate) status: u16,
    /// Whether it holds the launch's nonce.
    pub(crate) nonce: Nonce,
}

/// Asks for a path.
pub(crate) fn get(peer: &Peer, path: &str, deadline: Instant) -> Result<Answer, Failure> {
    exchange(peer, "GET", path, deadline)
}

/// Sends an empty request to a path.
pub(crate) fn post(peer: &Peer, path: &str, deadline: Instant) -> Result<Answer, Failure> {
    exchange(peer, "POST", path, deadline)
}

fn exchange(peer: &Peer, method: &str, path: &str, deadline: Instant) -> Result<Answer, Failure> {
    let request = request(peer, method, path)?;
    let mut connection = Connection::open(peer.address, deadline)?.of_run(&peer.over);
    match connection.send(request.as_bytes()) {
        // It may have answered before it closed.
        Err(failure) if failure.reason() != Reason::Closed => return Err(failure),
        _ => {}
    }
    let (head, body) = head(&mut connection, peer)?;
    drain(&mut connection, head.length, body);
    Ok(head.answer)
}

/// The request as text. Whatever would begin another header line is refused.
fn request(peer: &Peer, method: &str, path: &str) -> Result<String, Failure> {
    let is_visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !path.starts_with('/') || !is_visible(path) {
        return Err(Failure::new(Reason::BadRequest, "the path cannot stand in a request"));
    }
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: sidecar-supervisor/{}\r\nAccept: */*\r\nConnection: close\r\n",
        peer.address,
        env!("CARGO_PKG_VERSION"),
    );
    if method == "POST" {
        text.push_str("Content-Length: 0\r\n");
    }
    if let Some(token) = &peer.token {
        if !is_visible(token.reveal()) {
            return Err(Failure::new(Reason::BadRequest, "the token cannot stand in a header"));
        }
        text.push_str("Authorization: Bearer ");
        text.push_str(token.reveal());
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    Ok(text)
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    answer: Answer,
    /// How long the body is, where this is said.
    length: Option<usize>,
}

/// The head of the final answer, and how many bytes of the body came with it.
fn head(connection: &mut Connection, peer: &Peer) -> Result<(Head, usize), Failure> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let mut received = 0;
    let mut searched = 0;
    loop {
        // Looked for first, and parsed once: a peer that sends single bytes must not cost a parse for each.
        while let Some(end) = end_of_head(&bytes, searched) {
            let head = parse(&bytes[..end], peer)?;
            if matches!(head.answer.status, 100 | 102..=199) {
                bytes.drain(..end);
                searched = 0;
                continue;
            }
            return Ok((head, bytes.len() - end));
        }
        searched = bytes.len().saturating_sub(3);
        if received > HEAD_LIMIT {
            let text = format!("the head of the answer has more than {HEAD_LIMIT} bytes");
            return Err(Failure::new(Reason::Protocol, text));
        }
        match connection.receive(&mut chunk)? {
            Some(more) => {
                received += more.len();
                bytes.extend_from_slice(more);
            }
            None if bytes.is_empty() => return Err(Failure::closed()),
            None => {
                return Err(Failure::new(Reason::Closed, "the connection was closed within the answer"));
            }
        }
        is_http(&bytes)?;
    }
}

/// Whether this begins as an answer does: whoever speaks something else is told at once, and not at the deadline.
fn is_http(bytes: &[u8]) -> Result<(), Failure> {
    const MAGIC: &[u8] = b"HTTP/";
    let count = bytes.len().min(MAGIC.len());
    if bytes[..count] == MAGIC[..count] {
        return Ok(());
    }
    // An alert (21) or a handshake (22) of TLS.
    let text = match bytes {
        [0x15 | 0x16, 3, ..] => "it answers with TLS: plain HTTP is asked for".to_owned(),
        _ => format!(
            "the answer is no HTTP: `{}`",
            shown(&String::from_utf8_lossy(&bytes[..bytes.len().min(200)]))
        ),
    };
    Err(Failure::new(Reason::Protocol, text))
}

/// Behind the empty line, where one begins at or after `from`.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let behind = |line: &[u8]| memmem::find(&bytes[from..], line).map(|at| from + at + line.len());
    [behind(b"\n\r\n"), behind(b"\n\n")].into_iter().flatten().min()
}

fn parse(bytes: &[u8], peer: &Peer) -> Result<Head, Failure> {
    let failure = |reason: &dyn std::fmt::Display| {
        Failure::new(Reason::Protocol, format!("the answer is no HTTP: {reason}"))
    };
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let status = match response.parse(bytes) {
        Ok(_) => response.code.ok_or_else(|| failure(&"it has no status"))?,
        Err(httparse::Error::TooManyHeaders) => {
            return Err(failure(&format_args!("it has more than {HEADERS} header lines")));
        }
        Err(error) => return Err(failure(&error)),
    };
    let values = |name: &'static str| {
        response
            .headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.trim_ascii())
    };
    let length = values("content-length").next().and_then(|text| str::from_utf8(text).ok()?.parse().ok());
    Ok(Head { answer: Answer { status, nonce: peer.judge(values(env::NONCE_HEADER)) }, length })
}

/// Takes what comes of the body, briefly. It does not matter; but where a connection is closed with bytes unread, the
/// sidecar sees it reset, and many a server writes that into its log at every probe.
fn drain(connection: &mut Connection, length: Option<usize>, mut received: usize) {
    let mut chunk = [0; 4096];
    connection.end_within(BODY_TIME);
    while received < length.unwrap_or(BODY_LIMIT).min(BODY_LIMIT) {
        match connection.receive(&mut chunk) {
            Ok(Some(more)) => received += more.len(),
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests;
