//! What all databases and engines say in the same words.

use std::time::Duration;

use crate::metric::{FetchError, FetchErrorKind};
use crate::source::limit::seconds;

/// What to do when the login is refused.
pub(super) const LOGIN: &str = "check the `user` and `password` of the source";

/// The server ended the query at the limit it was given.
pub(super) fn timed_out(limit: Duration) -> FetchError {
    let message =
        format!("query ran longer than {} and was cancelled on the server", seconds(limit));
    FetchError::new(FetchErrorKind::Timeout, message)
        .with_hint("make the query cheaper, or raise the `timeout` of the source")
}
