//! One download: its tries, and what is checked in each.

use std::time::{Duration, SystemTime};

use reqwest::{Response, Url};

use super::Download;
use super::address::display_url;
use super::client::{Ask, Pace, Worker, headers};
use super::failure::Failure;
use super::partial::{Partial, discard};
use super::range::{Start, start};
use super::retry::with_retries;
use super::status::{self, Headers, error_for};
use crate::cache::lock::Guard;
use crate::cache::{Cache, etag_path};
use crate::error::{Error, Kind};
use crate::fsx;
use crate::hash::Sha256;
use crate::progress::{Event, Reporter};

/// The largest download whose size is not known beforehand: 4 GiB, what ZIP without extensions can hold.
const LIMIT: u64 = 4 << 30;

/// A download under way, across its tries.
pub(super) struct Transfer<'a> {
    cache: &'a Cache,
    wanted: &'a Download<'a>,
    url: Url,
    guard: &'a Guard,
    reporter: &'a dyn Reporter,
    id: u64,
    /// Bytes that came over the network, in all tries.
    transferred: u64,
    /// Whether a `Begin` must be answered by an `End`.
    began: bool,
    /// Whether a resumed download had the wrong hash already.
    started_over: bool,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        cache: &'a Cache,
        wanted: &'a Download<'a>,
        url: Url,
        guard: &'a Guard,
        reporter: &'a dyn Reporter,
        id: u64,
    ) -> Self {
        Self { cache, wanted, url, guard, reporter, id, transferred: 0, began: false, started_over: false }
    }

    /// Bytes that came over the network so far.
    pub(super) fn transferred(&self) -> u64 {
        self.transferred
    }

    /// Downloads into the guard's file, with retries; gives the hash and size of what is there then.
    pub(super) fn run(&mut self, worker: &Worker, pace: &Pace) -> Result<(Sha256, u64), Error> {
        let (reporter, id) = (self.reporter, self.id);
        let tell = |error: &Error, wait: Duration| {
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            reporter.event(&Event::Retry { id, reason: error.headline(), wait_ms });
        };
        let result = with_retries(&pace.sleep, tell, || self.attempt(worker));
        if self.began {
            reporter.event(&Event::End { id });
        }
        if result.is_err() && fsx::metadata(&etag_path(self.guard.partial())).is_ok_and(|etag| etag.is_none())
        {
            // what cannot be resumed is of no use
            let _ = discard(self.guard.partial());
        }
        result
    }

    fn attempt(&mut self, worker: &Worker) -> Result<(Sha256, u64), Failure> {
        let mut partial = self.open()?;
        if self.wanted.size == Some(partial.length()) && self.wanted.sha256.is_some() {
            // an earlier run may have ended between the last byte and the rename
            let size = partial.length();
            let found = partial.finish();
            if self.wanted.sha256 == Some(&found) {
                return Ok((found, size));
            }
            self.discard()?;
            partial = self.open()?;
        }
        let ask = Ask { accept: self.wanted.accept, bearer: self.wanted.bearer, range: partial.resume() };
        let answer = worker.send(&self.url, ask)?;
        let head = headers(answer.headers());
        let etag = head.get("etag").map(String::as_str);
        let (total, resumed) = match start(answer.status().as_u16(), &head, partial.resume()) {
            Some(Start::Append(total)) => (total, true),
            Some(Start::Over) => {
                partial.restart(etag).map_err(|e| self.local(&e))?;
                (answer.content_length(), false)
            }
            Some(Start::Again) => return Err(self.ask_again(&head)),
            None => return Err(self.refused(&answer, &head)),
        };
        self.check_head(&answer, &head, total)?;
        let size = self.wanted.size.or(total);
        self.began = true;
        let (id, label, received) = (self.id, self.wanted.label, partial.length());
        self.reporter.event(&Event::Begin { id, label, size, received });
        self.receive(worker, answer, &mut partial)?;
        self.verify(partial, &head, resumed)
    }

    /// Opens what is there; more than there should be is not the beginning of the right file.
    fn open(&self) -> Result<Partial, Error> {
        let partial = Partial::open(self.guard.partial()).map_err(|e| self.local(&e))?;
        if partial.length() <= self.wanted.size.unwrap_or(LIMIT) {
            return Ok(partial);
        }
        drop(partial);
        self.discard()?;
        Partial::open(self.guard.partial()).map_err(|e| self.local(&e))
    }

    fn discard(&self) -> Result<(), Error> {
        discard(self.guard.partial()).map_err(|e| self.local(&e))
    }

    /// The error for a file operation of ours.
    fn local(&self, error: &Error) -> Error {
        self.cache.unusable(error)
    }

    /// The server does not continue where we asked it to: once more, for the whole.
    fn ask_again(&self, head: &Headers) -> Failure {
        if let Err(error) = self.discard() {
            return Failure::Final(error);
        }
        let range = head.get("content-range").map_or("none", String::as_str);
        let error =
            Error::new(Kind::ApiAnswer, "the server sent another part of the file than was asked for")
                .fact("url", display_url(self.wanted.url))
                .fact("range", range);
        Failure::Passing { error, after: Some(Duration::ZERO) }
    }

    /// A status that brings no file.
    fn refused(&self, answer: &Response, head: &Headers) -> Failure {
        let status = answer.status().as_u16();
        let error = self.answered_by(answer, error_for(status, head, self.wanted.url));
        if status::may_pass(status) {
            Failure::Passing { error, after: status::wait_asked(head, SystemTime::now()) }
        } else {
            Failure::Final(error)
        }
    }

    /// Adds where the answer came from in the end, if not from the URL that was asked.
    fn answered_by(&self, answer: &Response, error: Error) -> Error {
        let (asked, answered) = (display_url(self.wanted.url), display_url(answer.url().as_str()));
        if asked == answered { error } else { error.fact("redirect", answered) }
    }

    /// What can be refused before the body is read.
    fn check_head(&self, answer: &Response, head: &Headers, total: Option<u64>) -> Result<(), Failure> {
        let wants_page = [".html", ".htm"].iter().any(|end| self.url.path().ends_with(end));
        let error = if self.wanted.sha256.is_none() && is_page(head) && !wants_page {
            Error::new(Kind::ApiAnswer, "the server sent a web page instead of the file")
                .fact("url", display_url(self.wanted.url))
        } else {
            match (total, self.wanted.size) {
                (Some(total), Some(size)) if total < size => {
                    self.wrong_size(Kind::Truncated, "shorter", size, total, head)
                }
                (Some(total), Some(size)) if total > size => {
                    self.wrong_size(Kind::TooLong, "longer", size, total, head)
                }
                (Some(total), None) if total > LIMIT => self.beyond_limit().fact("size", bytes(total)),
                _ => return Ok(()),
            }
        };
        self.discard()?;
        Err(Failure::Final(self.answered_by(answer, error)))
    }

    /// The file on the server is not the one that was locked.
    fn wrong_size(&self, kind: Kind, how: &str, size: u64, total: u64, head: &Headers) -> Error {
        let error = Error::new(kind, format!("the file on the server is {how} than the lock says"))
            .fact("url", display_url(self.wanted.url))
            .fact("expected", self.expected(&bytes(size)))
            .fact("received", format!("{}  (nothing was downloaded)", bytes(total)));
        with_page(error, head)
    }

    fn beyond_limit(&self) -> Error {
        Error::new(Kind::TooLong, "the file on the server is longer than any download may be")
            .fact("url", display_url(self.wanted.url))
            .fact("limit", bytes(LIMIT))
    }

    /// Streams the body to the disk; no byte too many is kept.
    fn receive(&mut self, worker: &Worker, answer: Response, partial: &mut Partial) -> Result<(), Failure> {
        let limit = self.wanted.size.unwrap_or(LIMIT);
        let mut transferred = 0;
        let result = worker.read(answer, |chunk| {
            let arrived = chunk.len() as u64;
            transferred += arrived;
            if partial.length() + arrived > limit {
                return Err(Failure::Final(self.too_long()?));
            }
            partial.write(chunk).map_err(|e| self.local(&e))?;
            self.reporter.event(&Event::Advance { id: self.id, bytes: arrived });
            Ok(())
        });
        self.transferred += transferred;
        result
    }

    fn too_long(&self) -> Result<Error, Error> {
        self.discard()?;
        let Some(size) = self.wanted.size else { return Ok(self.beyond_limit()) };
        Ok(Error::new(Kind::TooLong, "the download is longer than the lock says")
            .fact("url", display_url(self.wanted.url))
            .fact("expected", self.expected(&bytes(size)))
            .fact("received", "more  (deleted, nothing was installed)"))
    }

    /// Compares size and hash with the expected ones.
    fn verify(&mut self, partial: Partial, head: &Headers, resumed: bool) -> Result<(Sha256, u64), Failure> {
        let size = partial.length();
        if let Some(expected) = self.wanted.size
            && size < expected
        {
            let error = Error::new(Kind::Truncated, "the download ended early")
                .fact("url", display_url(self.wanted.url))
                .fact("expected", self.expected(&bytes(expected)))
                .fact("received", bytes(size));
            return Err(Failure::Passing { error, after: None });
        }
        let found = partial.finish();
        let Some(expected) = self.wanted.sha256.filter(|expected| **expected != found) else {
            return Ok((found, size));
        };
        self.discard()?;
        let error = Error::new(Kind::ChecksumMismatch, "the downloaded file does not match the lock")
            .fact("url", display_url(self.wanted.url))
            .fact("expected", self.expected(&digest(expected)))
            .fact(
                "received",
                format!("{}  ({}; deleted, nothing was installed)", digest(&found), bytes(size)),
            );
        let error = with_page(error, head);
        if resumed && !std::mem::replace(&mut self.started_over, true) {
            // the earlier bytes may be the wrong ones
            return Err(Failure::Passing { error, after: Some(Duration::ZERO) });
        }
        Err(Failure::Final(error))
    }

    /// An expected value, with where it is written down.
    fn expected(&self, value: &str) -> String {
        self.wanted.expected_at.map_or_else(|| value.to_owned(), |at| format!("{value}  ({at})"))
    }
}

/// Whether the server says that it sent a web page: an error page, or a login.
fn is_page(head: &Headers) -> bool {
    head.get("content-type")
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn with_page(error: Error, head: &Headers) -> Error {
    if is_page(head) { error.fact("type", "text/html: the server sent a web page") } else { error }
}

fn bytes(count: u64) -> String {
    format!("{count} bytes")
}

/// `sha256 9f2c41…e107`: enough to tell two apart by eye.
fn digest(sha256: &Sha256) -> String {
    let text = sha256.to_string();
    format!("sha256 {}…{}", &text[..6], &text[60..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_shortened_in_the_middle() {
        assert_eq!(digest(&Sha256::of(b"abc")), "sha256 ba7816…15ad");
    }
}
