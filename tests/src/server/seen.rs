//! What the server saw, for tests that ask how a client behaved.

use std::collections::BTreeMap;

use super::http::Request;

/// A request and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `HEAD`, …
    pub method: String,
    /// Percent-decoded path.
    pub path: String,
    /// The query as it was sent, without the `?`; empty where there was none.
    pub query: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `If-Range` header.
    pub if_range: Option<String>,
    /// All headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The status of the answer; 0 where the connection was reset instead.
    pub status: u16,
    /// Body bytes that were sent.
    pub bytes_sent: u64,
}

impl Seen {
    pub(super) fn new(request: &Request, status: u16) -> Self {
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            range: request.header("range").map(str::to_owned),
            if_range: request.header("if-range").map(str::to_owned),
            headers: request.headers.clone(),
            status,
            bytes_sent: 0,
        }
    }

    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}
