//! Getting bytes over HTTP: what the lock pins, and the small answers of APIs.

pub(crate) mod get;
