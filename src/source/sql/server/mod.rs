//! What databases have in common that are asked through a server of their own: several addresses, time
//! limits of sessions, rows as the drivers give them. Not here: the fetch (`database`).

pub(super) mod address;
pub(super) mod cells;

use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{Stream, TryStreamExt};
use sqlx::error::DatabaseError;
use sqlx::{Column, Database, Row, TypeInfo};
use tokio::time::{Instant, timeout};

use super::database::driver::Failure;
use crate::metric::{Cell, Metric, Table, too_many_rows};
use crate::source::limit::seconds;

/// Connects to the first server that answers, each within its limit if there is one. A wrong password
/// ends the search: the other servers would not take it either.
pub(super) async fn first_of<O, C>(
    servers: &[O],
    limit: Option<Duration>,
    connect: impl for<'o> Fn(&'o O) -> BoxFuture<'o, Result<Option<C>, sqlx::Error>>,
) -> Result<Option<C>, sqlx::Error> {
    const INVALID_PASSWORD: &str = "28P01";
    let mut outcome = Ok(None);
    for server in servers {
        let connecting = connect(server);
        let answer = match limit {
            Some(limit) => timeout(limit, connecting).await.unwrap_or_else(|_| {
                let why = format!("no answer within {}", seconds(limit));
                Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, why)))
            }),
            None => connecting.await,
        };
        outcome = match answer {
            Ok(None) => outcome,
            Ok(found) => return Ok(found),
            Err(error) => {
                let code = error.as_database_error().and_then(DatabaseError::code);
                if code.as_deref() == Some(INVALID_PASSWORD) {
                    return Err(error);
                }
                Err(error)
            }
        };
    }
    outcome
}

/// Host and port, an address in brackets.
pub(super) fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The time left, at least a millisecond: zero would mean "no limit" to a server.
pub(super) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Reads rows until the end or until there are more than the metric may have.
pub(super) async fn read<R: Row>(
    mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    metric: &Metric,
    cell: impl Fn(&R, usize) -> Result<Cell, sqlx::Error>,
) -> Result<Table, Failure> {
    let mut table = Table::default();
    while let Some(row) = rows.try_next().await? {
        if table.rows.is_empty() {
            table.columns = names::<R::Database>(row.columns());
            table.types = types::<R::Database>(row.columns());
        }
        if table.rows.len() >= metric.max_label_sets {
            return Err(Failure::Refused(too_many_rows(metric)));
        }
        let cells = (0..row.len()).map(|index| cell(&row, index));
        table.rows.push(cells.collect::<Result<_, _>>()?);
    }
    Ok(table)
}

/// The names of columns.
pub(super) fn names<D: Database>(columns: &[D::Column]) -> Vec<String> {
    columns.iter().map(|column| column.name().to_owned()).collect()
}

/// Their types, as the database calls them.
pub(super) fn types<D: Database>(columns: &[D::Column]) -> Vec<String> {
    columns.iter().map(|column| column.type_info().name().to_lowercase()).collect()
}
