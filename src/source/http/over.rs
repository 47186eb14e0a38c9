//! A query over the rows of an answer: they become the table `rows` of an SQLite database in memory
//! that lives as long as the fetch. Not here: the rewriting of SQL (`source::sql`).

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::came::shape;
use crate::source::files::table::Rows;
use crate::source::sql::rewrite::Statement;
use crate::source::sql::{self, sqlite::Connection};
use crate::source::{FetchError, FetchErrorKind, Request, Table};

/// Runs the statement, read-only, within `limit`.
pub(super) async fn run(
    rows: &Rows,
    statement: &Statement,
    request: &Request,
    limit: Duration,
) -> Result<Table, FetchError> {
    let deadline = Instant::now() + limit;
    let loading = async {
        let mut connection = Connection::in_memory().await?;
        rows.store(&mut connection.inner, "rows").await?;
        connection.read_only(true).await?;
        Ok::<_, sqlx::Error>(connection)
    };
    let loaded = timeout_at(deadline, loading).await.map_err(|_| {
        let message = format!("loading the rows took longer than {}", sql::seconds(limit));
        FetchError::new(FetchErrorKind::Timeout, message)
            .with_hint("raise the `timeout` of the source, or ask the API for less")
    })?;
    let mut connection = loaded.map_err(|error| {
        let what = match error.as_database_error() {
            Some(error) => error.message().to_owned(),
            None => error.to_string(),
        };
        shape(format!("cannot load the rows into SQLite: {what}"))
    })?;
    connection.ask(request, statement, deadline, limit).await.map_err(|error| {
        if error.message.starts_with("no such table") {
            return error.with_hint("the rows of the answer are the table `rows`");
        }
        error
    })
}
