//! Why a source cannot be opened.

use std::fmt;
use std::ops::Range;

/// What is wrong with the settings of a source, in words that hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError {
    /// Lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the URL of the source, in bytes, if it is there.
    pub part: Option<Range<usize>>,
}

impl OpenError {
    /// A mistake at a place in the URL.
    pub fn at(part: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, part: Some(part) }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<String> for OpenError {
    fn from(message: String) -> Self {
        Self { message, hint: None, part: None }
    }
}

impl From<&str> for OpenError {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for OpenError {}
