//! The time that one fetch has: for all its requests together, with all that they need. Not here:
//! how long to wait for what (`pace`, `retry`).

use std::future::Future;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

/// The time that one fetch has left.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Deadline {
    ends: Instant,
    allowed: Duration,
}

impl Deadline {
    /// So much from now on.
    pub(super) fn of(allowed: Duration) -> Self {
        Self { ends: Instant::now() + allowed, allowed }
    }

    /// All that the fetch was given, for messages.
    pub(super) fn allowed(&self) -> Duration {
        self.allowed
    }

    /// Whether there is anything left after a wait.
    pub(super) fn leaves_time_after(&self, wait: Duration) -> bool {
        self.left() > wait
    }

    /// What is left.
    pub(super) fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// Time that is not the fetch's own is given back to it.
    pub(super) fn give_back(&mut self, waited: Duration) {
        self.ends += waited;
    }

    /// What comes of `work` in the time that is left.
    pub(super) async fn limit<T>(&self, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        timeout_at(self.ends, work).await
    }
}
