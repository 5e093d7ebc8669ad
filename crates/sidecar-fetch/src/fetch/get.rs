//! Small answers: API documents and checksum files, held in memory.

use std::collections::BTreeMap;

use crate::error::Error;

/// A GET whose answer fits in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Get<'a> {
    pub(crate) url: &'a str,
    /// The `Accept` header.
    pub(crate) accept: &'a str,
    /// A token for `Authorization: Bearer`; sent to the host of `url` only, never after a redirect to another host.
    pub(crate) bearer: Option<&'a str>,
    /// The answer may have at most this many bytes ([`Kind::TooLong`](crate::Kind::TooLong) otherwise).
    pub(crate) limit: u64,
}

/// A complete answer, whatever its status.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Header names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Something that answers a [`Get`]: the HTTP client, or a table in tests. Transport failures are errors (after the
/// retries that make sense); every status, also 404 and 403, is an answer.
pub(crate) trait Transport {
    fn get(&self, get: Get<'_>) -> Result<Answer, Error>;
}
