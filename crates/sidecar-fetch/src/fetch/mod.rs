//! Getting bytes over HTTP: what the lock pins, and the small answers of APIs ([`get::Transport`]).
//!
//! What may be tried again is in [`failure`] and [`retry`], and the words for every answer that is not a success in
//! [`status`].

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod failure;
pub(crate) mod get;
pub(crate) mod parallel;
pub(crate) mod retry;
pub(crate) mod status;
#[cfg(test)]
mod testserver;
