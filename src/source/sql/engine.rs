//! SQL engines that are asked over HTTP: ClickHouse and Trino. Queries are those of the `sql` source,
//! with parameters bound by the engine. Not here: login, limits and retries (`client`).

use std::time::Duration;

use crate::metric::{FetchError, FetchErrorKind};
use crate::source::Request;
use crate::source::limit::seconds;
use crate::source::trace::{Step, Trace};

/// What to do when an engine refuses the login.
pub(super) const LOGIN: &str = "check the `user` and `password` of the source";

/// Notes what is sent, and what is bound to its placeholders.
pub(super) fn note_query(request: &Request, sql: &str, bound: impl Iterator<Item = String>) {
    request.trace.note(|| {
        let shown = if request.metric.query.is_secret() { "***" } else { sql };
        let lines = shown.lines().map(str::to_owned);
        Step::now(format!("query of metric `{}`", request.metric.id))
            .with_details(lines.chain(bound))
    });
}

/// Where the client may note what it sends: nowhere if that holds a secret.
pub(super) fn trace(request: &Request) -> Trace {
    if request.metric.query.is_secret() { Trace::default() } else { request.trace.clone() }
}

/// The engine ended the query at the limit it was given.
pub(super) fn timed_out(limit: Duration) -> FetchError {
    let message =
        format!("query ran longer than {} and was cancelled on the server", seconds(limit));
    FetchError::new(FetchErrorKind::Timeout, message)
        .with_hint("make the query cheaper, or raise the `timeout` of the source")
}
