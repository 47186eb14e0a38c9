//! A query over the rows of an answer: they become the table `rows` of an SQLite database in memory
//! that lives as long as the fetch. Not here: the rewriting of SQL (`source::sql`).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Rows;
use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::source::Request;
use crate::source::limit::seconds;
use crate::source::sql::sqlite::Connection;
use crate::source::statement::Statement;

/// Runs the statement, read-only, within `limit`.
pub(in crate::source) async fn run(
    rows: &Arc<Rows>,
    statement: &Statement,
    request: &Request,
    limit: Duration,
) -> Result<Table, FetchError> {
    let deadline = Instant::now() + limit;
    let loading = async {
        let mut connection = Connection::in_memory()?;
        let rows = Arc::clone(rows);
        connection.write(move |connection| rows.store(connection, "rows")).await?;
        Ok::<_, FetchError>(connection)
    };
    let loaded = timeout_at(deadline, loading).await.map_err(|_| {
        let message = format!("loading the rows took longer than {}", seconds(limit));
        FetchError::new(FetchErrorKind::Timeout, message)
            .with_hint("raise the `timeout` of the source, or ask the API for less")
    })?;
    let mut connection = loaded?;
    connection.ask(request, statement, deadline, limit).await.map_err(|error| {
        if error.message.starts_with("no such table") {
            return error.with_hint("the rows of the answer are the table `rows`");
        }
        error
    })
}
