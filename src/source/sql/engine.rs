//! What `fetch` shows of the SQL engines that are asked over HTTP: ClickHouse and Trino. Not here: login,
//! limits and retries (`client`).

use crate::source::Request;
use crate::source::trace::{Step, Trace};

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
