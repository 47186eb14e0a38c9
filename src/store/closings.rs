//! Results of periods, written: which of them are new, and what the source says since of those that are final.
//! Not here: what is read of them (`periods`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::encode::{ROWS, insert};
use super::periods::{Closed, Closing, closing};

/// Values that differ by less than this share are the same one, summed up in another order.
const SAME: f64 = 1e-9;

/// Writes closings of series by their numbers. Says of each what became of it.
pub(super) async fn close(
    connection: &mut SqliteConnection,
    closings: &[(i64, &Closing)],
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<Closed>> {
    let mut closed = Vec::with_capacity(closings.len());
    for closings in closings.chunks(ROWS) {
        let mut before = kept(connection, closings).await?;
        let mut new = Vec::new();
        for (series, closing) in closings {
            let before = before.remove(&(*series, closing.period.clone()));
            closed.push(match become_of(before, closing, at) {
                Become::Written(closing, how) => {
                    new.push((*series, closing));
                    how
                }
                Become::Restated(before) => {
                    restate(connection, *series, &before, closing, at).await?
                }
                Become::Nothing => Closed::Unchanged,
            });
        }
        write(connection, &new).await?;
    }
    Ok(closed)
}

/// What becomes of a closing.
enum Become {
    Written(Closing, Closed),
    /// The source may say something else of a final one.
    Restated(Closing),
    Nothing,
}

fn become_of(before: Option<Closing>, new: &Closing, at: DateTime<Utc>) -> Become {
    let Some(mut before) = before else { return Become::Written(new.clone(), Closed::First) };
    // By a clock that was ahead: that time has not come yet.
    before.final_at = before.final_at.filter(|final_at| *final_at <= at);
    if let (Some(then), Some(now)) = (before.revision, new.revision)
        && then != now
    {
        // It ended under another definition, whose result it stays. Whether the source changed, only
        // the same meaning can tell.
        return match before.final_at {
            Some(_) if then.meaning == now.meaning => Become::Restated(before),
            _ => Become::Nothing,
        };
    }
    if before.final_at.is_some() {
        return Become::Restated(before);
    }
    let new = Closing { closed_at: before.closed_at.min(at), ..new.clone() };
    if new == before { Become::Nothing } else { Become::Written(new, Closed::Updated) }
}

/// Those of them that are there, by series and period.
async fn kept(
    connection: &mut SqliteConnection,
    closings: &[(i64, &Closing)],
) -> sqlx::Result<BTreeMap<(i64, String), Closing>> {
    let mut query = QueryBuilder::<Sqlite>::new("WITH asked (number, name) AS (");
    query.push_values(closings, |mut values, (series, closing)| {
        values.push_bind(*series).push_bind(closing.period.clone());
    });
    // `(series, period) IN (VALUES ...)` would look at all that there are.
    query.push(
        ") SELECT kpi, labels, closings.* FROM asked
         CROSS JOIN closings ON series = number AND period = name JOIN series ON id = series",
    );
    let rows = query.build().fetch_all(connection).await?;
    let of = |row| {
        let closing = closing(row)?;
        Ok(((row.try_get("series")?, closing.period.clone()), closing))
    };
    rows.iter().map(of).collect()
}

async fn write(connection: &mut SqliteConnection, closings: &[(i64, Closing)]) -> sqlx::Result<()> {
    let head =
        "INSERT INTO closings (series, period, start_at, end_at, value, target, target_ratio,
                status, closed_at, final_at, meaning, goal) ";
    let tail = " ON CONFLICT DO UPDATE SET start_at = excluded.start_at,
                end_at = excluded.end_at, value = excluded.value, target = excluded.target,
                target_ratio = excluded.target_ratio, status = excluded.status,
                closed_at = excluded.closed_at, final_at = excluded.final_at,
                meaning = excluded.meaning, goal = excluded.goal";
    insert(connection, head, tail, closings, |values, (series, closing)| {
        values
            .push_bind(*series)
            .push_bind(closing.period.clone())
            .push_bind(closing.start.timestamp_millis())
            .push_bind(closing.end.timestamp_millis())
            .push_bind(closing.value)
            .push_bind(closing.target)
            .push_bind(closing.target_ratio)
            .push_bind(closing.status.as_str())
            .push_bind(closing.closed_at.timestamp_millis())
            .push_bind(closing.final_at.map(|at| at.timestamp_millis()))
            .push_bind(closing.revision.map(|revision| revision.meaning))
            .push_bind(closing.revision.map(|revision| revision.goal));
    })
    .await
}

async fn restate(
    connection: &mut SqliteConnection,
    series: i64,
    closing: &Closing,
    new: &Closing,
    at: DateTime<Utc>,
) -> sqlx::Result<Closed> {
    let last = sqlx::query_scalar(
        "SELECT new_value FROM restatements WHERE series = ? AND period = ?
         ORDER BY id DESC LIMIT 1",
    );
    let last: Option<Option<f64>> =
        last.bind(series).bind(&closing.period).fetch_optional(&mut *connection).await?;
    let known = last.unwrap_or(closing.value);
    if same(known, new.value) {
        return Ok(Closed::Unchanged);
    }
    sqlx::query(
        "INSERT INTO restatements (series, period, at, old_value, new_value)
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(series)
    .bind(&closing.period)
    .bind(at.timestamp_millis())
    .bind(known)
    .bind(new.value)
    .execute(connection)
    .await?;
    Ok(Closed::Restated { from: known, to: new.value })
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME * a.abs().max(b.abs()),
        _ => a.is_none() && b.is_none(),
    }
}
