//! What hysteresis remembers of each series, so that no status changes because of a restart.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::encode::{exact, exact_text, insert, series_key, status, status_of};
use super::{Store, StoreError};
use crate::assess::Status;
use crate::assess::hysteresis::{DataPoint, StatusMemory, Waiting};
use crate::kpi::SeriesKey;

impl Store {
    /// All memories, as the engine keeps them.
    pub async fn load_statuses(&self) -> Result<BTreeMap<SeriesKey, StatusMemory>, StoreError> {
        let mut memories = self.answer(self.statuses().await)?;
        memories.extend(self.unwritten().statuses.clone());
        Ok(memories)
    }

    async fn statuses(&self) -> sqlx::Result<BTreeMap<SeriesKey, StatusMemory>> {
        let rows = sqlx::query(
            "SELECT kpi, labels, statuses.* FROM statuses JOIN series ON series.id = series",
        );
        let rows = rows.fetch_all(&self.pool()).await?;
        rows.iter().map(|row| Ok((series_key(row)?, memory(row)?))).collect()
    }
}

fn memory(row: &SqliteRow) -> sqlx::Result<StatusMemory> {
    let optional = |column: &str| -> sqlx::Result<Option<Status>> {
        row.try_get::<Option<&str>, _>(column)?.map(status_of).transpose()
    };
    let points: Option<u32> = row.try_get("waiting_points")?;
    let since: Option<&str> = row.try_get("waiting_since")?;
    let since = since.map(exact).transpose()?;
    let through: Option<&str> = row.try_get("data_through")?;
    Ok(StatusMemory {
        period: row.try_get("period")?,
        shown: status(row, "shown")?,
        band: optional("band")?,
        waiting: optional("waiting")?
            .zip(points.zip(since))
            .map(|(status, (points, since))| Waiting { status, points, since, by: None }),
        point: DataPoint {
            value: row.try_get("value")?,
            data_through: through.map(exact).transpose()?,
            day: row.try_get("day")?,
        },
    })
}

/// Puts memories in the place of the ones before.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    memories: &[(i64, &StatusMemory)],
) -> sqlx::Result<()> {
    let head = "INSERT INTO statuses (series, period, shown, band, waiting, waiting_points,
                waiting_since, value, data_through, day) ";
    let tail = " ON CONFLICT DO UPDATE SET period = excluded.period, shown = excluded.shown,
                band = excluded.band, waiting = excluded.waiting,
                waiting_points = excluded.waiting_points, waiting_since = excluded.waiting_since,
                value = excluded.value, data_through = excluded.data_through, day = excluded.day";
    insert(connection, head, tail, memories, |values, (series, memory)| {
        values
            .push_bind(*series)
            .push_bind(memory.period.clone())
            .push_bind(memory.shown.as_str())
            .push_bind(memory.band.map(Status::as_str))
            .push_bind(memory.waiting.as_ref().map(|waiting| waiting.status.as_str()))
            .push_bind(memory.waiting.as_ref().map(|waiting| waiting.points))
            .push_bind(memory.waiting.as_ref().map(|waiting| exact_text(waiting.since)))
            .push_bind(memory.point.value)
            .push_bind(memory.point.data_through.map(exact_text))
            .push_bind(memory.point.day);
    })
    .await
}
