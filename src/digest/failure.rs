//! Why a message did not go out.

use std::time::Duration;

/// A channel that takes longer does not answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(20);

/// Why a message did not go out, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SendError {
    what: String,
}

impl SendError {
    pub(super) fn new(what: String) -> Self {
        Self { what }
    }
}
