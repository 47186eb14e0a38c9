//! Why a fetch failed, in words for the person who has to mend it. Never holds a secret: sources
//! put in what the server said and what to do, not what they sent.

use std::fmt;
use std::time::Duration;

use crate::shown;

/// A failed fetch: what happened and, where known, what to do about it. The source and metric are
/// named by whoever reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// What class of failure, for counters and back-off.
    pub kind: FetchErrorKind,
    /// Lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The source asked not to be asked again for this long.
    pub retry_after: Option<Duration>,
}

/// Classes of failure; also the values of the `outcome` label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FetchErrorKind {
    /// The source could not be reached or refused the login: worth trying again soon.
    Unreachable,
    /// It took longer than allowed.
    Timeout,
    /// The source understood and refused the query.
    Query,
    /// The answer has not the shape that was asked for.
    Shape,
}

impl FetchErrorKind {
    /// The name used as a label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Query => "query_error",
            Self::Shape => "bad_answer",
        }
    }
}

impl FetchError {
    /// A failure without advice.
    pub fn new(kind: FetchErrorKind, message: impl Into<String>) -> Self {
        let message = shown::message(&message.into());
        Self { kind, message, hint: None, retry_after: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(shown::message(&hint.into()));
        self
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FetchError {}
