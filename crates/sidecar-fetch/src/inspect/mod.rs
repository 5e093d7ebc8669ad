//! What a downloaded file really is.

pub(crate) mod sniff;
