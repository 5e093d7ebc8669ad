//! Why a text is not a value of its type.

use std::fmt;

use crate::read::Refused;

/// Why a text cannot be a [`Span`](crate::Span), a [`Template`](crate::Template) and so on: a sentence without a full
/// stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(String);

impl Invalid {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    pub(crate) fn into_refused(self) -> Refused {
        Refused::Value(self.0)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}
