//! Values of one launch that nobody else may know.

use std::fmt;

use crate::error::{Error, Result};

/// A secret: shown by no `Debug`, and in no log.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// 32 bytes from the system, in hex.
    pub(crate) fn random() -> Result<Self> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| Error::io("the system gives no random bytes", &e.into()))?;
        Ok(Self(bytes.iter().fold(String::with_capacity(64), |hex, byte| hex + &format!("{byte:02x}"))))
    }

    /// One that the app chose.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: for the sidecar and for requests to it, and for nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_random_and_never_shown() {
        let [a, b] = [Secret::random().unwrap(), Secret::random().unwrap()];
        assert_eq!((a.reveal().len(), a == b), (64, false));
        assert_eq!(format!("{a:?}"), "Secret");
    }
}
