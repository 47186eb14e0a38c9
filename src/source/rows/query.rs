//! A query over the rows of an answer: they become the table `rows` of an SQLite database in memory
//! that lives as long as the fetch. Not here: the rewriting of SQL (`source::sql`).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Rows, Texts, located, no_misread};
use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::source::Request;
use crate::source::limit::seconds;
use crate::source::sql::sqlite::Connection;
use crate::source::statement::Statement;

/// Rows, and what is known of their columns.
pub(in crate::source) struct Known {
    pub(in crate::source) rows: Rows,
    pub(in crate::source) texts: Vec<Texts>,
    /// What else a person should know of them.
    pub(in crate::source) remarks: Vec<String>,
}

/// Runs the statement, read-only, within `limit`.
pub(in crate::source) async fn run(
    known: &Arc<Known>,
    statement: &Statement,
    request: &Request,
    limit: Duration,
) -> Result<Table, FetchError> {
    no_misread(&known.texts, statement.sql())?;
    let deadline = Instant::now() + limit;
    let loading = async {
        let mut connection = Connection::in_memory()?;
        let (known, zone) = (Arc::clone(known), request.timezone);
        connection.write(move |connection| known.rows.store(connection, "rows", zone)).await?;
        Ok::<_, FetchError>(connection)
    };
    let loaded = timeout_at(deadline, loading).await.map_err(|_| {
        let message = format!("loading the rows took longer than {}", seconds(limit));
        FetchError::new(FetchErrorKind::Timeout, message)
            .with_hint("raise the `timeout` of the source, or ask the API for less")
    })?;
    let mut connection = loaded?;
    match connection.ask(request, statement, deadline, limit).await {
        Ok(table) => Ok(table),
        Err(error) if error.message.starts_with("no such table") => {
            Err(error.with_hint("the rows of the answer are the table `rows`"))
        }
        Err(error) => {
            Err(located(error, &mut connection, known.texts.clone(), Texts::in_sql).await)
        }
    }
}
