//! JSON-RPC 2.0 calls without parameters, one message a line: on the sidecar's port, or on its stdin and stdout.
//!
//! Lines are what sidecars write (Tauri's, MCP's stdio transport) and what most servers on bare TCP take. The
//! `Content-Length` framing of language servers is not spoken: a server that wants it wants `initialize` with parameters
//! first, which no call without parameters can replace.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use super::Peer;
use super::failure::{Failure, Reason, shown};
use super::tcp::Connection;

/// No longer answer is read on a port, in bytes: an answer to a probe has some hundred.
const ANSWER_LIMIT: usize = 1 << 20;

/// Ids begin with this. Texts, and none that a program of its own would choose: the app may call the sidecar on the same
/// stdin, with numbers.
pub(crate) const ID: &str = "sidecar-supervisor-";

/// A call that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(u64);

/// The calls of one launch.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    made: u64,
    /// The methods of those without an answer.
    open: BTreeMap<Id, String>,
}

/// What a line of the sidecar's stdout is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing of ours: it belongs to the output.
    Output,
    /// The answer to this call.
    Answer(Id, Result<(), Failure>),
    /// The answer to a call that was given up, or was answered before.
    Late,
}

impl Calls {
    /// A new call, and the line to write, with its end.
    pub(crate) fn call(&mut self, method: &str) -> (Id, String) {
        self.made += 1;
        let id = Id(self.made);
        self.open.insert(id, method.to_owned());
        let message = json!({ "jsonrpc": "2.0", "id": format!("{ID}{}", id.0), "method": method });
        (id, format!("{message}\n"))
    }

    /// Its answer is waited for no longer: should it come, it is late, and still no output.
    pub(crate) fn give_up(&mut self, id: Id) {
        self.open.remove(&id);
    }

    /// Takes a line of output. A line that is no answer to a call of ours is none of ours, also where it is JSON-RPC.
    pub(crate) fn line(&mut self, line: &str) -> Taken {
        // Output is plenty, and answers are few.
        if !line.trim_start().starts_with('{') || !line.contains(ID) {
            return Taken::Output;
        }
        serde_json::from_str(line).map_or(Taken::Output, |message| self.message(&message))
    }

    fn message(&mut self, message: &Value) -> Taken {
        let id = message["id"].as_str().and_then(|id| id.strip_prefix(ID)).and_then(|id| id.parse().ok());
        let (Some(id), None) = (id.map(Id), message.get("method")) else { return Taken::Output };
        if id.0 > self.made {
            return Taken::Output;
        }
        match self.open.remove(&id) {
            Some(method) => Taken::Answer(id, answer(&method, message)),
            None => Taken::Late,
        }
    }
}

fn answer(method: &str, message: &Value) -> Result<(), Failure> {
    // Version 1 has `"error": null` beside the result.
    match (message.get("error").filter(|error| !error.is_null()), message.get("result")) {
        (Some(error), _) => Err(of_error(method, error)),
        (None, Some(_)) => Ok(()),
        (None, None) => Err(Failure::new(
            Reason::Protocol,
            format!("the answer to `{method}` has no result and no error"),
        )),
    }
}

fn of_error(method: &str, error: &Value) -> Failure {
    let text = match (error["code"].as_i64(), error["message"].as_str()) {
        (Some(code), Some(message)) => format!("`{method}` answered error {code}: {}", shown(message)),
        (Some(code), None) => format!("`{method}` answered error {code}"),
        _ => format!("`{method}` answered an error: {}", shown(&error.to_string())),
    };
    Failure::new(Reason::CallError, text)
}

/// Calls a method on the sidecar's port, over a connection of its own. Notifications and other messages that come before
/// the answer are passed over; where an answer ends does not need a line to end there.
pub(crate) fn call(peer: &Peer, method: &str, deadline: Instant) -> Result<(), Failure> {
    let mut calls = Calls::default();
    let (_, line) = calls.call(method);
    let mut connection = Connection::open(peer.address, deadline)?.of_run(&peer.over);
    connection.send(line.as_bytes())?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let mut received = 0;
    while let Some(more) = connection.receive(&mut chunk)? {
        received += more.len();
        if received > ANSWER_LIMIT {
            let text = format!("more than {ANSWER_LIMIT} bytes, and no answer to `{method}` among them");
            return Err(Failure::new(Reason::Protocol, text));
        }
        bytes.extend_from_slice(more);
        // Every message ends with a brace. Before one has come, only what does not begin as JSON can be told.
        if (more.contains(&b'}') || !begins_as_json(&bytes))
            && let Some(answer) = answer_in(&mut bytes, &mut calls, method)
        {
            return answer;
        }
    }
    Err(Failure::closed())
}

fn begins_as_json(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start(), [] | [b'{' | b'[', ..])
}

/// The answer, once it is whole. Messages before it are removed.
fn answer_in(bytes: &mut Vec<u8>, calls: &mut Calls, method: &str) -> Option<Result<(), Failure>> {
    let mut messages = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    for message in messages.by_ref() {
        match message {
            Ok(message) => {
                if let Taken::Answer(_, answer) = calls.message(&message) {
                    return Some(answer);
                }
                // An error for a call that could not be read has no id; on this connection there was only one call.
                if message.get("id").is_none_or(Value::is_null)
                    && let Some(error) = message.get("error").filter(|error| !error.is_null())
                {
                    return Some(Err(of_error(method, error)));
                }
            }
            Err(error) if error.is_eof() => break,
            Err(_) => return Some(Err(no_json(bytes))),
        }
    }
    let end = messages.byte_offset();
    bytes.drain(..end);
    None
}

fn no_json(bytes: &[u8]) -> Failure {
    let text = match shown(&String::from_utf8_lossy(&bytes[..bytes.len().min(800)])) {
        http if http.starts_with("HTTP/") => {
            "the answer is HTTP: JSON-RPC is asked for in lines, without HTTP around it".to_owned()
        }
        frame if frame.starts_with("Content-Length:") => {
            "the answer is framed with `Content-Length`: JSON-RPC is asked for in lines".to_owned()
        }
        other => format!("the answer is no JSON-RPC: `{other}`"),
    };
    Failure::new(Reason::Protocol, text)
}

#[cfg(test)]
mod tests;
