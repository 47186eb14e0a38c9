//! The time limit of a fetch: what the server is told of it, and how people read it.

use std::time::Duration;

/// For one fetch, when the source says nothing.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// What a server is told as its own time limit: a little less than that of the fetch, so that its
/// own words for it arrive in time.
pub(super) fn server_limit(timeout: Duration) -> Duration {
    timeout.saturating_sub((timeout / 10).min(Duration::from_secs(1)))
}

/// `30 s`, `0.5 s`.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
