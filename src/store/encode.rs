//! How domain values are written into columns and read back. What cannot be read back is a decode
//! error: only a file that was tampered with holds such a thing.

use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::query_builder::Separated;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::revision::Revision;
use crate::assess::Status;
use crate::kpi::SeriesKey;
use crate::metric::Labels;

/// Rows of one statement: few enough for SQLite's limit of 32766 values, and enough for the cost of
/// a statement not to matter.
pub(super) const ROWS: usize = 64;

/// A JSON object with sorted names, so that equal sets are equal texts.
pub(super) fn labels_text(labels: &Labels) -> String {
    // Strings by strings: nothing that JSON could not hold.
    serde_json::to_string(labels).unwrap_or_default()
}

/// The labels in a column.
pub(super) fn labels(row: &SqliteRow, column: &str) -> sqlx::Result<Labels> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|error| bad(format!("labels `{text}`: {error}")))
}

/// The series in the columns `kpi` and `labels`.
pub(super) fn series_key(row: &SqliteRow) -> sqlx::Result<SeriesKey> {
    let kpi: &str = row.try_get("kpi")?;
    Ok(SeriesKey { kpi: kpi.into(), labels: labels(row, "labels")? })
}

/// The numbers of a definition in the columns `meaning` and `goal`.
pub(super) fn revision(row: &SqliteRow) -> sqlx::Result<Revision> {
    Ok(Revision { meaning: row.try_get("meaning")?, goal: row.try_get("goal")? })
}

/// The status in a column.
pub(super) fn status(row: &SqliteRow, column: &str) -> sqlx::Result<Status> {
    status_of(row.try_get(column)?)
}

/// The status with this name.
pub(super) fn status_of(name: &str) -> sqlx::Result<Status> {
    let named = Status::ALL.into_iter().find(|status| status.as_str() == name);
    named.ok_or_else(|| bad(format!("`{name}` is no status")))
}

/// The instant in a column of milliseconds.
pub(super) fn instant(row: &SqliteRow, column: &str) -> sqlx::Result<DateTime<Utc>> {
    from_millis(row.try_get(column)?)
}

/// The same where there may be none.
pub(super) fn optional_instant(
    row: &SqliteRow,
    column: &str,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    row.try_get::<Option<i64>, _>(column)?.map(from_millis).transpose()
}

fn from_millis(millis: i64) -> sqlx::Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis)
        .ok_or_else(|| bad(format!("{millis} ms is not an instant")))
}

/// An instant with every digit: what it is compared with after a restart has them too.
pub(super) fn exact_text(instant: DateTime<Utc>) -> String {
    format!("{instant:?}")
}

/// The instant of [`exact_text`].
pub(super) fn exact(text: &str) -> sqlx::Result<DateTime<Utc>> {
    text.parse().map_err(|error| bad(format!("instant `{text}`: {error}")))
}

/// A content that this program did not write.
pub(super) fn bad(what: impl fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(what.to_string().into())
}

/// The list that `IN` looks into.
pub(super) fn push_list(
    query: &mut QueryBuilder<Sqlite>,
    names: impl IntoIterator<Item = impl ToString>,
) {
    query.push("(");
    let mut list = query.separated(", ");
    for name in names {
        list.push_bind(name.to_string());
    }
    query.push(")");
}

/// Inserts rows, many to a statement: `head` up to `VALUES`, `tail` from `ON CONFLICT`.
pub(super) async fn insert<T>(
    connection: &mut SqliteConnection,
    head: &'static str,
    tail: &'static str,
    rows: &[T],
    bind: impl Fn(&mut Separated<'_, Sqlite, &'static str>, &T),
) -> sqlx::Result<()> {
    for rows in rows.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(head);
        query.push_values(rows, |mut values, row| bind(&mut values, row));
        query.push(tail);
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
