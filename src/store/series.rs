//! Series: the label sets of KPIs by number, and what was last written of each. An evaluation that
//! brings nothing new then costs no write at all, and there are many of those.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::{Row, SqliteConnection, SqlitePool};

use super::encode::{labels_text, series_key, status};
use super::points::Point;
use crate::assess::Status;
use crate::assess::hysteresis::StatusMemory;
use crate::id::MetricId;
use crate::kpi::SeriesKey;
use crate::metric::{Measurement, Span};

/// What the file holds, as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Of each series.
    pub(super) series: BTreeMap<SeriesKey, Last>,
    /// Of each metric: what its last run measured, as it was handed in.
    pub(super) runs: BTreeMap<MetricId, BTreeMap<Span, Arc<Measurement>>>,
}

/// What was last written of a series.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) id: i64,
    pub(super) memory: Option<StatusMemory>,
    pub(super) point: Option<Point>,
    pub(super) raw: Option<(Option<f64>, Status)>,
}

impl Last {
    fn new(id: i64) -> Self {
        Self { id, memory: None, point: None, raw: None }
    }
}

/// Numbers given out by a transaction that is not committed yet.
#[derive(Debug, Default)]
pub(super) struct Numbers(BTreeMap<SeriesKey, i64>);

impl Numbers {
    /// The number of a series, a new one if it has none.
    pub(super) async fn of(
        &mut self,
        connection: &mut SqliteConnection,
        written: &Written,
        key: &SeriesKey,
    ) -> sqlx::Result<i64> {
        if let Some(last) = written.series.get(key) {
            return Ok(last.id);
        }
        if let Some(id) = self.0.get(key) {
            return Ok(*id);
        }
        // It may be there already: a commit that was given up on may still have happened.
        let insert = sqlx::query_scalar(
            "INSERT INTO series (kpi, labels) VALUES (?, ?)
             ON CONFLICT (kpi, labels) DO UPDATE SET kpi = excluded.kpi RETURNING id",
        );
        let id = insert
            .bind(key.kpi.as_str())
            .bind(labels_text(&key.labels))
            .fetch_one(connection)
            .await?;
        self.0.insert(key.clone(), id);
        Ok(id)
    }

    /// After the commit.
    pub(super) fn keep(self, written: &mut Written) {
        written.series.extend(self.0.into_iter().map(|(key, id)| (key, Last::new(id))));
    }
}

/// All series with their last raw value: after a restart the same value is still no news.
pub(super) async fn load(pool: &SqlitePool) -> sqlx::Result<Written> {
    let rows = sqlx::query(
        "SELECT series.id, kpi, labels, raw.value, raw.status FROM series LEFT JOIN raw
         ON raw.series = series.id
         AND raw.at = (SELECT max(at) FROM raw WHERE raw.series = series.id)",
    );
    let mut written = Written::default();
    for row in rows.fetch_all(pool).await? {
        let mut last = Last::new(row.try_get("id")?);
        if row.try_get::<Option<&str>, _>("status")?.is_some() {
            last.raw = Some((row.try_get("value")?, status(&row, "status")?));
        }
        written.series.insert(series_key(&row)?, last);
    }
    Ok(written)
}
