//! Why a source cannot be opened.

use std::fmt;

/// What is wrong with the settings of a source, in words that hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError(String);

/// Lower case, no full stop, no secret.
impl From<String> for OpenError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

/// Lower case, no full stop, no secret.
impl From<&str> for OpenError {
    fn from(message: &str) -> Self {
        Self(message.to_owned())
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}
